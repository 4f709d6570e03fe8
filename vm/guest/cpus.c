/* QEMU's software emulation can abort when one processor uses a device in the moment in which another moves it, and a kernel moves
   every device as it finds them. So it does that alone there (build/guest.mjs, cmdlineTcg), and the others start before the first service. */
#define _GNU_SOURCE
#include "cpus.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sys.h"

#define FOLDER "/sys/devices/system/cpu"

void cpus_start(void) {
  DIR *dir = opendir(FOLDER);
  struct dirent *entry;
  while (dir && (entry = readdir(dir))) {
    char path[512], state[8];
    snprintf(path, sizeof path, FOLDER "/%s/online", entry->d_name);
    if (strncmp(entry->d_name, "cpu", 3) != 0 || read_file(path, state, sizeof state) < 0 || state[0] != '0') continue;
    if (!write_text(path, "1")) say("%s: %s", path, strerror(errno));
  }
  if (dir) closedir(dir);
}
