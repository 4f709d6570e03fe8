/* The data disk holds the user's images and volumes: in doubt nothing is written and the host is told.
   Runs in a child of PID 1, so that a long fsck stops nobody else. */
#define _GNU_SOURCE
#include "disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ext4.h"
#include "sys.h"

enum { FORMAT = 1 };

static bool find_now(const char *serial, char *device, size_t size) {
  DIR *dir = opendir("/sys/block");
  struct dirent *entry;
  bool found = false;
  while (dir && !found && (entry = readdir(dir))) {
    char path[512], text[64];
    snprintf(path, sizeof path, "/sys/block/%s/serial", entry->d_name);
    if (read_file(path, text, sizeof text) < 0) continue;
    text[strcspn(text, "\n")] = 0;
    found = strcmp(text, serial) == 0;
    if (found) snprintf(device, size, "/dev/%s", entry->d_name);
  }
  if (dir) closedir(dir);
  return found;
}

bool disk_find(const char *serial, int wait_ms, char *device, size_t size) {
  /* virtio_blk has its disks when its module is loaded; the wait is for a device that comes late. */
  for (int64_t until = boot_ms() + wait_ms;;) {
    if (find_now(serial, device, size)) return true;
    if (boot_ms() >= until) return false;
    usleep(5000);
  }
}

void ext4_words(char *out, size_t size) {
  size_t len = 0;
  out[0] = 0;
  int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  char record[2048];
  ssize_t n;
  while (fd >= 0 && ((n = read(fd, record, sizeof record - 1)) > 0 || (n < 0 && errno == EPIPE))) {
    if (n < 0) continue;
    record[n] = 0;
    char *words = strchr(record, ';');
    if (!words || !strstr(words, "EXT4-fs") || strstr(words, "mounted filesystem")) continue;
    words[strcspn(words, "\n")] = 0;
    int more = snprintf(out + len, size - len, "%s%s", len ? "; " : "", words + 1);
    if (more < 0 || (size_t)more >= size - len) break;
    len += (size_t)more;
  }
  if (fd >= 0) close(fd);
}

__attribute__((format(printf, 3, 4))) static bool refuse(struct data_failure *failure, const char *code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  failure->code = code;
  vsnprintf(failure->detail, sizeof failure->detail, format, args);
  va_end(args);
  return false;
}

static bool format(const char *device, const char *uuid, struct data_failure *failure) {
  /* Lazy tables make it a matter of a second; the file is new, so there is nothing to discard. */
  char out[1024];
  char *argv[] = { "/usr/sbin/mkfs.ext4", "-q", "-F", "-m", "0", "-L", "berth-data", "-U", (char *)uuid, "-E", "lazy_itable_init=1,lazy_journal_init=1,nodiscard",
                   (char *)device, NULL };
  int status = run_program(argv, out, sizeof out);
  if (status != 0) return refuse(failure, "format", "mkfs.ext4 ended with %d: %s", status, out);
  say("data disk formatted, UUID %s", uuid);
  return true;
}

static bool check(const char *device, struct data_failure *failure) {
  char out[1024];
  char *argv[] = { "/usr/sbin/e2fsck", "-p", (char *)device, NULL };
  say("checking the data disk");
  int status = run_program(argv, out, sizeof out);
  say("e2fsck ended with %d: %s", status, out);
  if (status >= 4) return refuse(failure, "damaged", "e2fsck -p ended with %d: %s", status, out);
  return true;
}

/* A disk that containers have filled must still let dockerd start and prune, and both write as they do so. 64 MiB are kept for a user that nobody is;
   processes with CAP_SYS_RESOURCE may take them as well, and that is dockerd and containerd: containers have it only where it was given to them, and
   overlayfs writes without it for whomever.
   For disks of any age, while nothing has to be replayed. */
static void reserve(const char *device, const struct superblock *sb) {
  if (sb->reserved != 0 || !sb->clean || sb->replay) return;
  char out[1024];
  char *argv[] = { "/usr/sbin/tune2fs", "-r", "16384", "-u", "65533", "-g", "65533", (char *)device, NULL };
  int status = run_program(argv, out, sizeof out);
  say("blocks reserved for the engine, tune2fs ended with %d%s%s", status, status ? ": " : "", status ? out : "");
}

/* What the disk says of its own layout; 1 where it says nothing yet. */
static long format_number(void) {
  char text[32];
  return read_file(DATA_DIR "/berth-format", text, sizeof text) > 0 ? strtol(text, NULL, 10) : FORMAT;
}

static bool newer(struct data_failure *failure) {
  long number = format_number();
  if (number <= FORMAT) return false;
  umount(DATA_DIR);
  refuse(failure, "newer", "the disk has format %ld, this guest knows %d", number, FORMAT);
  return true;
}

/* Read-only first, to see the format number: a newer Berth's disk is left as it is. A clean disk is then only made
   writable; one with a journal to replay is looked at without it, since even a read-only mount would replay it. */
static bool mount_data(const char *device, const struct superblock *sb, bool checked, struct data_failure *failure) {
  const char *look = sb->replay ? "noload" : "errors=remount-ro";
  bool mounted = mount(device, DATA_DIR, "ext4", MS_RDONLY | MS_NOATIME, look) == 0;
  if (mounted && newer(failure)) return false;
  if (mounted && sb->replay) mounted = umount(DATA_DIR) != 0;
  if (mounted ? mount(NULL, DATA_DIR, NULL, MS_REMOUNT | MS_NOATIME, NULL) == 0 : mount(device, DATA_DIR, "ext4", MS_NOATIME, "errors=remount-ro") == 0)
    return !newer(failure);
  int error = errno;
  if (mounted) umount(DATA_DIR);
  if (!checked) return check(device, failure) && mount_data(device, sb, true, failure);
  char words[1024];
  ext4_words(words, sizeof words);
  return refuse(failure, "damaged", "mounting it failed: %s. %s", strerror(error), words);
}

static bool bind(const char *from, const char *to, mode_t mode, struct data_failure *failure) {
  if ((mkdir(from, mode) == 0 || errno == EEXIST) && mount(from, to, NULL, MS_BIND, NULL) == 0) return true;
  return refuse(failure, "damaged", "%s on %s: %s", from, to, strerror(errno));
}

bool data_open(const struct config *config, struct data_failure *failure) {
  char device[64], found[37];
  const char *wanted = *config->data_format ? config->data_format : config->data_uuid;
  struct superblock sb;
  bool empty;
  if (!*wanted) return refuse(failure, "missing", "the host named no data disk");
  if (!disk_find(DATA_SERIAL, 3000, device, sizeof device)) return refuse(failure, "missing", "no disk with serial " DATA_SERIAL);
  if (!ext4_read(device, &sb, &empty)) return refuse(failure, "damaged", "reading its first MiB failed: %s", strerror(errno));

  /* An order repeated by a host that died before it noted the end finds its own UUID, and nothing is left to do. */
  if (*config->data_format && !sb.found) {
    if (!empty) return refuse(failure, "notEmpty", "its first MiB is not zero");
    if (!format(device, config->data_format, failure)) return false;
    if (!ext4_read(device, &sb, &empty)) return refuse(failure, "format", "reading it back failed: %s", strerror(errno));
  }
  if (!sb.found) return refuse(failure, "damaged", empty ? "its first MiB is zero: no file system" : "no ext4 superblock");
  uuid_text(sb.uuid, found);
  if (strcmp(found, wanted) != 0) {
    if (*config->data_format) return refuse(failure, "notEmpty", "it holds an ext4 file system with UUID %s", found);
    return sb.checksum_ok ? refuse(failure, "wrongUuid", "%s", found) : refuse(failure, "damaged", "its superblock's checksum is wrong");
  }
  if (!sb.checksum_ok) return refuse(failure, "damaged", "its superblock's checksum is wrong");
  if (!sb.clean && !check(device, failure)) return false;
  reserve(device, &sb);
  if (!mount_data(device, &sb, !sb.clean, failure)) return false;
  if (access(DATA_DIR "/berth-format", F_OK) != 0 && !replace_file(DATA_DIR "/berth-format", "1\n", 2, 0644))
    return refuse(failure, "damaged", "writing berth-format: %s", strerror(errno));
  return bind(DATA_DIR "/docker", "/var/lib/docker", 0710, failure) && bind(DATA_DIR "/containerd", "/var/lib/containerd", 0711, failure);
}
