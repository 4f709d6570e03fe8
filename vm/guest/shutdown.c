/* live-restore off, so that dockerd stops the containers itself, with their grace and without marking them as stopped
   by the user; then dockerd, containerd, everything else; then the disk. */
#define _GNU_SOURCE
#include "shutdown.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"
#include "config.h"
#include "disk.h"
#include "json.h"
#include "service.h"
#include "sys.h"

enum { RELOAD_LIMIT = 3000, DOCKERD_LIMIT = 60000, CONTAINERD_LIMIT = 10000, REST_LIMIT = 2000 };

static enum { UP, RELOADING, DOCKERD_STOPS, CONTAINERD_STOPS } step;
static int64_t deadline;
static bool reloaded;

bool shutdown_begun(void) { return step != UP; }
void shutdown_reloaded(void) { reloaded = true; }

/* In a child: PID 1 parses no JSON. */
static bool live_restore_off(void) {
  pid_t pid = fork();
  if (pid == 0) {
    size_t len = 0;
    char *text = read_whole(DAEMON_JSON, 1 << 20, &len);
    char *changed = text ? json_with_bool(text, len, "live-restore", false) : NULL;
    _exit(changed && replace_file(DAEMON_JSON, changed, strlen(changed), 0600) ? 0 : 1);
  }
  int status = 1;
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void go(int next, int limit) {
  step = next;
  deadline = boot_ms() + limit;
}

void shutdown_begin(void) {
  if (step != UP) return;
  say("shutting down");
  for (int i = 0; i < SERVICES; i++) service_forget((enum service_id)i);
  bool asked = boot_reached("ready") && service_runs(DOCKERD) && live_restore_off();
  reloaded = false;
  if (asked) service_signal(DOCKERD, SIGHUP);
  go(RELOADING, asked ? RELOAD_LIMIT : 0);
}

static void kill_rest(void) {
  kill(-1, SIGTERM);
  int64_t until = boot_ms() + REST_LIMIT;
  while (boot_ms() < until) {
    pid_t pid = waitpid(-1, NULL, WNOHANG);
    if (pid < 0 && errno == ECHILD) return;
    if (pid == 0) usleep(10000);
  }
  kill(-1, SIGKILL);
  while (waitpid(-1, NULL, 0) > 0) continue;
}

/* Newest first, until nothing more gives way: what containers left mounted lies over the disk. */
static void unmount_data(void) {
  for (int round = 0; round < 8; round++) {
    char *found[512];
    int count = 0, gone = 0;
    FILE *table = setmntent("/proc/self/mounts", "r");
    struct mntent *entry;
    while (table && count < 512 && (entry = getmntent(table)))
      if (strncmp(entry->mnt_dir, DATA_DIR, 5) == 0 || strncmp(entry->mnt_dir, "/var/lib/", 9) == 0 || strncmp(entry->mnt_dir, "/run/", 5) == 0)
        found[count++] = strdup(entry->mnt_dir);
    if (table) endmntent(table);
    while (count-- > 0) {
      if (umount2(found[count], UMOUNT_NOFOLLOW) == 0) gone++;
      free(found[count]);
    }
    if (!gone) break;
  }
  struct stat data, root;
  if (stat(DATA_DIR, &data) == 0 && stat("/", &root) == 0 && data.st_dev != root.st_dev) {
    say("the data disk is still in use; it is made read-only");
    mount(NULL, DATA_DIR, NULL, MS_REMOUNT | MS_RDONLY, NULL);
  }
}

static void end(void) {
  kill_rest();
  sync();
  unmount_data();
  sync();
  say("off %.3f", boot_seconds());
  reboot(RB_POWER_OFF);
  for (;;) pause();
}

int shutdown_tick(void) {
  if (step == UP) return -1;
  int64_t left = deadline - boot_ms();
  bool late = left <= 0;
  if (step == RELOADING && (reloaded || late || !service_runs(DOCKERD))) {
    service_signal(DOCKERD, SIGTERM);
    go(DOCKERD_STOPS, DOCKERD_LIMIT);
  } else if (step == DOCKERD_STOPS && (!service_runs(DOCKERD) || late)) {
    if (late) say("dockerd does not stop: going on without it");
    service_signal(CONTAINERD, SIGTERM);
    go(CONTAINERD_STOPS, CONTAINERD_LIMIT);
  } else if (step == CONTAINERD_STOPS && (!service_runs(CONTAINERD) || late)) end();
  else return left > 0 ? (int)left : 0;
  return 0;
}
