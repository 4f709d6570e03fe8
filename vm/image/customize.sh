# Runs in mmdebstrap's last hook, as (perhaps mapped) root, $1 = the guest's root. Turns a Debian into the system image
# and leaves in $1/berth-out what the build takes out: kernel, modules, dpkg's status, system.erofs.
set -eu
root=$1
out=$root/berth-out

mkdir -p "$out" "$root/data" "$root/etc/berth" "$root/var/lib/docker" "$root/var/lib/containerd"
mv "$root/berth-in/sshd_config" "$root/berth-in/containerd.toml" "$root/etc/berth/"
rm -rf "$root/berth-in"
# containerd 1.x (Debian stable's) knows only version 2 of its configuration.
case $(sed -n '/^Package: containerd$/,/^$/s/^Version: //p' "$root/var/lib/dpkg/status") in
1.*) sed -i 's/^version = 3$/version = 2/' "$root/etc/berth/containerd.toml" ;;
esac

cp -L "$root"/boot/vmlinuz-* "$out/vmlinuz"
cp -a "$root/usr/lib/modules" "$out/modules"
cp "$root/var/lib/dpkg/status" "$out/status"

rm -rf "$root"/boot/* "$root"/vmlinuz* "$root"/initrd.img* "$root"/var/log/* "$root"/var/cache/* "$root"/var/lib/apt/lists/* "$root"/etc/ssh/ssh_host_* \
  "$root"/etc/apt/preferences.d/engine "$root"/usr/share/bash-completion "$root"/usr/share/zsh "$root"/usr/share/initramfs-tools
rm -f "$root/etc/resolv.conf" "$root/etc/machine-id" "$root/etc/hostname" "$root/var/lib/dbus/machine-id"
echo 'nameserver 10.0.2.3' >"$root/etc/resolv.conf"
: >"$root/etc/fstab"
# /root may be a shared folder of the host's: what lies there must not run in the guest.
sed -i 's,^\(root:.*\):/root:,\1:/run/root:,' "$root/etc/passwd"
# Left by hand only: init listens to its signal.
printf '#!/bin/sh\nexec kill -TERM 1\n' >"$root/usr/sbin/poweroff"
chmod 755 "$root/usr/sbin/poweroff"

# mmdebstrap has /proc, /sys and /dev mounted here: their folders are kept, empty. Looking for extended attributes would
# still go into them, and Debian sets none that the guest uses.
mkfs.erofs -T 0 -x -1 --exclude-path=berth-out --exclude-regex='^/?(proc|sys|dev|run|tmp)/.+' "$out/system.erofs" "$root" >/dev/null
