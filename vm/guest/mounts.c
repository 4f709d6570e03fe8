/* What systemd does silently elsewhere, as tables: mounts, nodes, sysctls, limits, names.
   Each line has a test in test/vm/guest-settings.test.ts. */
#define _GNU_SOURCE
#include "mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "sys.h"

void mounts_first(void) {
  mkdir("/proc", 0755), mkdir("/sys", 0755), mkdir("/dev", 0755);
  mount_at("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_at("sys", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
  mount_at("dev", "/dev", "devtmpfs", MS_NOSUID, "mode=0755");
}

/* The layer makes room for mount points and for files such as /etc/hosts; it is gone with the VM. */
bool mounts_root(const char *device) {
  mkdir("/image", 0755), mkdir("/layer", 0755), mkdir("/new", 0755);
  if (!mount_at(device, "/image", "erofs", MS_RDONLY, NULL)) return false;
  if (!mount_at("layer", "/layer", "tmpfs", 0, "mode=0755,size=25%")) return false;
  mkdir("/layer/upper", 0755), mkdir("/layer/work", 0755);
  if (!mount_at("root", "/new", "overlay", 0, "lowerdir=/image,upperdir=/layer/upper,workdir=/layer/work")) return false;
  mount_at("/proc", "/new/proc", NULL, MS_MOVE, NULL);
  mount_at("/sys", "/new/sys", NULL, MS_MOVE, NULL);
  mount_at("/dev", "/new/dev", NULL, MS_MOVE, NULL);
  return chdir("/new") == 0 && mount_at(".", "/", NULL, MS_MOVE, NULL) && chroot(".") == 0 && chdir("/") == 0;
}

static const struct {
  const char *source, *target, *type, *options;
  unsigned long flags;
} mounts[] = {
  { "tmpfs", "/run", "tmpfs", "mode=0755", MS_NOSUID | MS_NODEV },
  { "tmpfs", "/tmp", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV },
  { "devpts", "/dev/pts", "devpts", "mode=0620,gid=5,ptmxmode=0666", MS_NOSUID | MS_NOEXEC },
  { "tmpfs", "/dev/shm", "tmpfs", "mode=1777", MS_NOSUID | MS_NODEV },
  { "mqueue", "/dev/mqueue", "mqueue", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
  { "hugetlbfs", "/dev/hugepages", "hugetlbfs", NULL, MS_NOSUID | MS_NODEV },
  { "cgroup2", "/sys/fs/cgroup", "cgroup2", "nsdelegate,memory_recursiveprot", MS_NOSUID | MS_NODEV | MS_NOEXEC },
  { "bpf", "/sys/fs/bpf", "bpf", "mode=0700", MS_NOSUID | MS_NODEV | MS_NOEXEC },
  { "securityfs", "/sys/kernel/security", "securityfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
  { "debugfs", "/sys/kernel/debug", "debugfs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
  { "tracefs", "/sys/kernel/tracing", "tracefs", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
  { "fusectl", "/sys/fs/fuse/connections", "fusectl", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC },
};

/* Nodes whose driver is a module are made here, so that opening one loads it. */
static const struct {
  const char *path;
  unsigned major, minor;
  mode_t mode;
} nodes[] = {
  { "/dev/fuse", 10, 229, 0666 },
  { "/dev/net/tun", 10, 200, 0666 },
  { "/dev/loop-control", 10, 237, 0660 },
};

static const struct {
  const char *target, *path;
} links[] = { { "/proc/self/fd", "/dev/fd" }, { "/proc/self/fd/0", "/dev/stdin" }, { "/proc/self/fd/1", "/dev/stdout" }, { "/proc/self/fd/2", "/dev/stderr" } };

void mounts_system(void) {
  /* Mounts that the kernel propagates: `docker run -v /x:/x:rshared`, mounts made before and after a container's start. */
  mount_at(NULL, "/", NULL, MS_REC | MS_SHARED, NULL);
  for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
    mkdir(mounts[i].target, 0755);
    mount_at(mounts[i].source, mounts[i].target, mounts[i].type, mounts[i].flags, mounts[i].options);
  }
  mkdir("/dev/net", 0755);
  for (size_t i = 0; i < sizeof nodes / sizeof *nodes; i++) {
    mknod(nodes[i].path, S_IFCHR | nodes[i].mode, makedev(nodes[i].major, nodes[i].minor));
    chmod(nodes[i].path, nodes[i].mode);
  }
  for (size_t i = 0; i < sizeof links / sizeof *links; i++)
    if (symlink(links[i].target, links[i].path) != 0 && errno != EEXIST) say("%s: %s", links[i].path, strerror(errno));
  /* /root may be a folder of the host's, whose start-up files are none of the guest's. */
  mkdir("/run/root", 0700), mkdir("/run/berth", 0700), mkdir("/run/containerd", 0711), mkdir("/run/docker", 0700), mkdir("/run/sshd", 0755), mkdir("/run/lock", 01777);
}

static const struct {
  const char *path, *value;
} settings[] = {
  { "vm/max_map_count", "262144" },         /* Elasticsearch and its kin refuse less */
  { "net/ipv4/ip_forward", "1" },
  { "net/ipv6/conf/all/forwarding", "1" },
  { "net/ipv4/ip_local_port_range", "20000 32767" }, /* outside the host's ephemeral ports, so that a random port is free on both sides */
  /* Of connections to one port of a container, each keeps its port here for a minute when its client ended it: else 200 a second are the most. */
  { "net/ipv4/tcp_tw_reuse", "1" },
  { "net/ipv4/ip_nonlocal_bind", "1" },     /* `-p 192.168.1.5:80:80` names an address of the host's, not the guest's */
  { "net/ipv6/ip_nonlocal_bind", "1" },
  { "net/ipv4/ping_group_range", "0 2147483647" },
  { "net/ipv4/neigh/default/gc_thresh1", "1024" },
  { "net/ipv4/neigh/default/gc_thresh2", "8192" },
  { "net/ipv4/neigh/default/gc_thresh3", "16384" },
  { "fs/inotify/max_user_watches", "1048576" },
  { "fs/inotify/max_user_instances", "8192" },
  { "fs/inotify/max_queued_events", "65536" },
  { "fs/file-max", "9223372036854775807" },
  { "fs/protected_hardlinks", "1" },
  { "fs/protected_symlinks", "1" },
  { "kernel/pid_max", "4194304" },
  { "kernel/keys/maxkeys", "20000" },       /* a keyring for each container, also those of another user */
  { "kernel/keys/maxbytes", "2000000" },
  { "kernel/panic", "1" },                  /* with -no-reboot QEMU ends, and the host sees it */
};

void system_settings(void) {
  char path[128];
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    snprintf(path, sizeof path, "/proc/sys/%s", settings[i].path);
    if (!write_text(path, settings[i].value)) say("%s: %s", path, strerror(errno));
  }
  char controllers[512], *rest = controllers, *name;
  if (read_file("/sys/fs/cgroup/cgroup.controllers", controllers, sizeof controllers) < 0) return;
  while ((name = strsep(&rest, " \n"))) {
    if (!*name) continue;
    snprintf(path, sizeof path, "+%s", name);
    if (!write_text("/sys/fs/cgroup/cgroup.subtree_control", path)) say("cgroup controller %s: %s", name, strerror(errno));
  }
}

void system_identity(const struct config *config) {
  char text[256];
  if (sethostname(config->hostname, strlen(config->hostname)) != 0) say("hostname: %s", strerror(errno));
  snprintf(text, sizeof text, "%s\n", config->hostname);
  write_text("/etc/hostname", text);
  snprintf(text, sizeof text, "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 %s\n", config->hostname);
  write_text("/etc/hosts", text);
  /* The data disk's UUID without its dashes: the same for as long as the engine's data are. */
  const char *uuid = *config->data_uuid ? config->data_uuid : config->data_format;
  size_t n = 0;
  for (; *uuid; uuid++)
    if (*uuid != '-') text[n++] = *uuid;
  snprintf(text + n, sizeof text - n, "%s\n", n ? "" : "00000000000000000000000000000001");
  write_text("/etc/machine-id", text);
}

void system_limits(void) {
  const struct rlimit files = { 1048576, 1048576 }, none = { RLIM_INFINITY, RLIM_INFINITY };
  if (setrlimit(RLIMIT_NOFILE, &files) || setrlimit(RLIMIT_NPROC, &none) || setrlimit(RLIMIT_CORE, &none) || setrlimit(RLIMIT_MEMLOCK, &none))
    say("limits: %s", strerror(errno));
  umask(022);
  clearenv();
  setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
  setenv("HOME", "/run/root", 1);
  setenv("LANG", "C.UTF-8", 1);
}
