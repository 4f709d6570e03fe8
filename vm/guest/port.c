/* The kernel lists ports in sysfs with the name that the host gave them. */
#define _GNU_SOURCE
#include "port.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sys.h"

int port_open(const char *name) {
  DIR *dir = opendir("/sys/class/virtio-ports");
  struct dirent *entry;
  int fd = -1;
  while (dir && fd < 0 && (entry = readdir(dir))) {
    char path[512], found[64];
    snprintf(path, sizeof path, "/sys/class/virtio-ports/%s/name", entry->d_name);
    if (read_file(path, found, sizeof found) < 0) continue;
    found[strcspn(found, "\n")] = 0;
    if (strcmp(found, name) != 0) continue;
    snprintf(path, sizeof path, "/dev/%s", entry->d_name);
    fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  }
  if (dir) closedir(dir);
  return fd;
}
