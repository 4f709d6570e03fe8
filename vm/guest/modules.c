/* Loads modules by finit_module in the order that the build worked out: no modprobe, no decompression. */
#define _GNU_SOURCE
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys.h"

void modules_load(int dir, const char *stage) {
  char order[8192];
  int fd = openat(dir, "order", O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, order, sizeof order - 1);
  if (fd >= 0) close(fd);
  if (n < 0) {
    say("no list of modules: %s", strerror(errno));
    return;
  }
  order[n] = 0;
  char *rest = order, *line;
  while ((line = strsep(&rest, "\n"))) {
    char *name = strchr(line, ' ');
    if (!name) continue;
    *name++ = 0;
    if (strcmp(line, stage) != 0) continue;
    char file[128];
    snprintf(file, sizeof file, "%s.ko", name);
    int module = openat(dir, file, O_RDONLY | O_CLOEXEC);
    if (module < 0 || (syscall(SYS_finit_module, module, "", 0) != 0 && errno != EEXIST)) say("module %s: %s", name, strerror(errno));
    if (module >= 0) close(module);
  }
}
