/* QEMU's software emulation can abort when one processor uses a device in the moment in which another moves it. A kernel moves devices
   5,000 times as it finds them, and not again once init runs (QEMU's trace event flatview_new): so it finds them with one processor there
   (build/guest.mjs, cmdlineTcg), and the others start here. */
#define _GNU_SOURCE
#include "cpus.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys.h"

#define FOLDER "/sys/devices/system/cpu"

static void start_all(void) {
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

pid_t cpus_start(void) {
  pid_t pid = fork();
  if (pid == 0) {
    start_all();
    _exit(0);
  }
  if (pid < 0) start_all();
  return pid;
}
