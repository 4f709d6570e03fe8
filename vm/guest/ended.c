/* A name that was replaced or deleted on the host leads elsewhere, so nobody who asks by name finds the old file again; who watches that file alone
   would never hear of its end. The kernel's own list of watches (fdinfo) has their handles: opened by that and asked for again, a file without a
   name is let go of by the kernel, which tells its watchers. No file is changed by that. */
#define _GNU_SOURCE
#include "ended.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A question to the server each: who watches more files than this watches their folders, too. */
enum { FILES = 256 };

static int left;

/* One line of fdinfo: `inotify wd:1 ino:… sdev:29 mask:… ignored_mask:0 fhandle-bytes:c fhandle-type:81 f_handle:0a00…`. */
static void take(const char *line, unsigned dev, int mount) {
  struct { struct file_handle head; unsigned char bytes[MAX_HANDLE_SZ]; } handle;
  struct statx st;
  unsigned sdev, bytes, type;
  char hex[2 * MAX_HANDLE_SZ + 1];
  const char *at = strstr(line, " sdev:"), *rest = strstr(line, " fhandle-bytes:");
  if (strncmp(line, "inotify ", 8) != 0 || !at || !rest || sscanf(at, " sdev:%x", &sdev) != 1 || sdev != dev) return;
  if (sscanf(rest, " fhandle-bytes:%x fhandle-type:%x f_handle:%256[0-9a-f]", &bytes, &type, hex) != 3) return;
  if (bytes > MAX_HANDLE_SZ || strlen(hex) != 2 * bytes) return;
  handle.head.handle_bytes = bytes;
  handle.head.handle_type = (int)type;
  for (unsigned i = 0; i < bytes; i++) sscanf(hex + 2 * i, "%2hhx", &handle.bytes[i]);
  int fd = open_by_handle_at(mount, &handle.head, O_PATH | O_CLOEXEC);
  if (fd < 0) return;
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) == 0 && !S_ISDIR(st.stx_mode) && left-- > 0)
    statx(fd, "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_NLINK, &st);
  close(fd);
}

static void take_process(const char *pid, unsigned dev, int mount) {
  char path[64], target[32];
  snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
  DIR *fds = opendir(path);
  char *line = NULL;
  size_t size = 0;
  for (struct dirent *each; fds && left > 0 && (each = readdir(fds));) {
    ssize_t len = readlinkat(dirfd(fds), each->d_name, target, sizeof target - 1);
    if (len <= 0) continue;
    target[len] = 0;
    if (strcmp(target, "anon_inode:inotify") != 0) continue;
    snprintf(path, sizeof path, "/proc/%.20s/fdinfo/%.20s", pid, each->d_name);
    FILE *info = fopen(path, "re");
    while (info && left > 0 && getline(&line, &size, info) > 0) take(line, dev, mount);
    if (info) fclose(info);
  }
  free(line);
  if (fds) closedir(fds);
}

void ended_tell(const char *place) {
  struct stat st;
  int mount = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *processes = opendir("/proc");
  left = FILES;
  if (mount >= 0 && processes && fstat(mount, &st) == 0) {
    /* As the kernel prints it. */
    unsigned dev = major(st.st_dev) << 20 | minor(st.st_dev);
    for (struct dirent *each; left > 0 && (each = readdir(processes));)
      if (isdigit((unsigned char)*each->d_name)) take_process(each->d_name, dev, mount);
  }
  if (processes) closedir(processes);
  if (mount >= 0) close(mount);
}
