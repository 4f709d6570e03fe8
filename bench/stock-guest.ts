// The other side of `boot`: a stock Debian 13 (systemd, its own initrd, docker.io of stable, sshd), built once into the cache.
// Nothing is tuned here: what a careful user gets from Debian's packages, started by the same QEMU with the same flags, CPUs and memory.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export interface StockGuest {
  readonly folder: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly disk: string;
  /** OpenSSH private key of root. */
  readonly key: string;
  readonly versions: Readonly<Record<string, string>>;
}

const PACKAGES = [
  'linux-image-cloud-amd64',
  'initramfs-tools',
  'systemd-sysv',
  'systemd-resolved',
  'udev',
  'dbus',
  'docker.io',
  'openssh-server',
  'iptables',
  'ca-certificates',
];

const NETWORK = `[Match]
Name=en* eth*
[Network]
DHCP=ipv4
`;

const HOOK = `#!/bin/sh
set -e
printf 'berth-stock\\n' > "$1/etc/hostname"
printf '/dev/vda / ext4 defaults,discard 0 1\\n' > "$1/etc/fstab"
mkdir -p "$1/etc/systemd/network" "$1/root/.ssh"
cp "$STOCK_NETWORK" "$1/etc/systemd/network/10-all.network"
cp "$STOCK_KEY.pub" "$1/root/.ssh/authorized_keys"
chmod 700 "$1/root/.ssh"
# The benchmark's own look-outs for the banner must not be punished: sshd would refuse it for seconds.
printf 'PerSourcePenalties no\\n' > "$1/etc/ssh/sshd_config.d/benchmark.conf"
chroot "$1" systemctl enable systemd-networkd docker containerd ssh
`;

export function stockGuest(): StockGuest {
  const id = createHash('sha256')
    .update(PACKAGES.join(' ') + NETWORK + HOOK)
    .digest('hex')
    .slice(0, 12);
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'berth');
  const folder = join(cache, `stock-debian-${id}`);
  if (!existsSync(folder)) {
    build(cache, folder);
  }
  const boot = readdirSync(folder);
  const find = (start: string): string => join(folder, boot.find((name) => name.startsWith(start)) ?? start);
  return {
    folder,
    kernel: find('vmlinuz-'),
    initrd: find('initrd.img-'),
    disk: join(folder, 'disk.raw'),
    key: join(folder, 'key'),
    versions: JSON.parse(readFileSync(join(folder, 'versions.json'), 'utf8')) as Record<string, string>,
  };
}

function build(cache: string, folder: string): void {
  const work = `${folder}.${process.pid}`;
  const root = join(work, 'root');
  mkdirSync(work, { recursive: true, mode: 0o700 });
  const run = (command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): string =>
    execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
      maxBuffer: 64 << 20,
    });
  try {
    process.stderr.write('stock Debian 13: building (once, about two minutes)\n');
    const key = join(work, 'key');
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const network = join(work, 'network');
    const hook = join(work, 'hook');
    writeFileSync(network, NETWORK);
    writeFileSync(hook, HOOK, { mode: 0o755 });
    const mirror = process.env['BERTH_DEBIAN_MIRROR'];
    run(
      'mmdebstrap',
      [
        '--quiet',
        '--variant=important',
        '--aptopt=Apt::Install-Recommends "false"',
        `--include=${PACKAGES.join(',')}`,
        `--customize-hook=${hook}`,
        'trixie',
        root,
        ...(mirror === undefined ? [] : [mirror]),
      ],
      { STOCK_NETWORK: network, STOCK_KEY: key },
    );
    for (const name of readdirSync(join(root, 'boot'))) {
      if (/^(vmlinuz|initrd\.img)-/.test(name)) {
        run('cp', [join(root, 'boot', name), join(work, name)]);
      }
    }
    const packages = run('dpkg-query', [
      `--admindir=${join(root, 'var/lib/dpkg')}`,
      '-W',
      '-f',
      '${Package} ${Version}\n',
      'docker.io',
      'containerd',
      'systemd',
      'linux-image-cloud-amd64',
    ]);
    const versions = Object.fromEntries(
      packages
        .trim()
        .split('\n')
        .map((line) => line.split(' ') as [string, string]),
    );
    writeFileSync(join(work, 'versions.json'), JSON.stringify(versions));
    run('truncate', ['-s', '8G', join(work, 'disk.raw')]);
    run('mkfs.ext4', ['-q', '-d', root, join(work, 'disk.raw')]);
    rmSync(root, { recursive: true });
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    throw error;
  }
}
