/* What earlier connections of SSH left: when the host lets go of the network without a word, as a resume does, sshd takes its sessions for
   standing ones for most of a minute, and keeps the sockets that they forwarded. */
#define _GNU_SOURCE
#include "sessions.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "sys.h"

enum { MOST = 4096, ROUNDS = 50, PAUSE_US = 10000 };

struct process {
  pid_t pid, parent;
  bool ends;
};

/* Of OpenSSH's programs for one connection; the one that listens is `sshd`. */
static bool serves_session(const char *name) {
  return strcmp(name, "sshd-session") == 0 || strcmp(name, "sshd-auth") == 0;
}

static size_t list(struct process *all) {
  size_t count = 0;
  DIR *proc = opendir("/proc");
  for (struct dirent *entry; proc && count < MOST && (entry = readdir(proc));) {
    char path[64], stat[512], name[32];
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    snprintf(path, sizeof path, "/proc/%.16s/stat", entry->d_name);
    if (read_file(path, stat, sizeof stat) <= 0) continue;
    /* "PID (NAME) STATE PARENT …": a name may have parentheses of its own. */
    char *open = strchr(stat, '('), *close = strrchr(stat, ')');
    if (!open || !close || close[1] == 0 || close[2] == 'Z') continue;
    *close = 0;
    snprintf(name, sizeof name, "%s", open + 1);
    all[count++] = (struct process){ (pid_t)atoi(entry->d_name), (pid_t)atoi(close + 4), serves_session(name) };
  }
  if (proc) closedir(proc);
  return count;
}

/* True when there was one. Children of theirs may come before them in the list: until nothing changes. */
static bool end_round(struct process *all) {
  size_t count = list(all);
  bool any = false;
  for (bool more = true; more;) {
    more = false;
    for (size_t i = 0; i < count; i++)
      for (size_t k = 0; !all[i].ends && k < count; k++)
        if (all[k].ends && all[k].pid == all[i].parent) all[i].ends = more = true;
  }
  for (size_t i = 0; i < count; i++)
    if (all[i].ends) {
      any = true;
      kill(all[i].pid, SIGKILL);
    }
  return any;
}

void op_hangup(const struct request *request, struct text *answer) {
  (void)request;
  struct process *all = calloc(MOST, sizeof *all);
  bool left = all != NULL;
  for (int round = 0; left && round < ROUNDS; round++) {
    left = end_round(all);
    if (left) usleep(PAUSE_US);
  }
  free(all);
  if (!all || left) return op_error(answer, "earlier sessions do not end");
  text_addf(answer, "\"ok\":true");
}
