/* Watches folders with all below them (what is there at the start), or after `-n N` the folders 0 to N-1 in them, and prints each event of inotify as
   a line: milliseconds of the clock, mask, path. */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static int watcher, count = -1;
static char **paths;

static int add(const char *path) {
  int wd = inotify_add_watch(watcher, path, IN_ALL_EVENTS & ~(IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE));
  if (wd < 0) return perror(path), 1;
  if (wd > count) {
    paths = realloc(paths, ((size_t)wd + 1) * sizeof *paths);
    memset(paths + count + 1, 0, (size_t)(wd - count) * sizeof *paths);
    count = wd;
  }
  paths[wd] = strdup(path);
  return 0;
}

static int watch(const char *path, const struct stat *st, int type, struct FTW *at) {
  (void)st;
  return type == FTW_D || at->level == 0 ? add(path) : 0;
}

int main(int argc, char **argv) {
  static const struct { unsigned bit; const char *name; } names[] = {
    { IN_MODIFY, "MODIFY" }, { IN_ATTRIB, "ATTRIB" }, { IN_CLOSE_WRITE, "CLOSE_WRITE" }, { IN_MOVED_FROM, "MOVED_FROM" }, { IN_MOVED_TO, "MOVED_TO" },
    { IN_CREATE, "CREATE" }, { IN_DELETE, "DELETE" }, { IN_DELETE_SELF, "DELETE_SELF" }, { IN_MOVE_SELF, "MOVE_SELF" }, { IN_IGNORED, "IGNORED" },
    { IN_UNMOUNT, "UNMOUNT" }, { IN_Q_OVERFLOW, "OVERFLOW" }, { IN_ISDIR, "DIR" },
  };
  static char buffer[65536] __attribute__((aligned(8)));
  int watches = 0;
  watcher = inotify_init();
  int first = argc > 3 && strcmp(argv[1], "-n") == 0 ? 3 : 1;
  for (int i = first; i < argc; i++) {
    if (first == 1) nftw(argv[i], watch, 32, FTW_PHYS);
    for (int n = 0; first == 3 && n < atoi(argv[2]); n++) {
      char path[4096];
      snprintf(path, sizeof path, "%s/%d", argv[i], n);
      add(path);
    }
  }
  for (int i = 0; i <= count; i++) watches += paths[i] != NULL;
  printf("watching %d\n", watches);
  fflush(stdout);
  for (;;) {
    ssize_t n = read(watcher, buffer, sizeof buffer);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (char *at = buffer; at < buffer + n; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len) {
      const struct inotify_event *event = (const struct inotify_event *)at;
      printf("%lld ", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
      const char *comma = "";
      for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (event->mask & names[i].bit) printf("%s%s", comma, names[i].name), comma = ",";
      printf(" %s%s%s\n", event->wd > 0 ? paths[event->wd] : "", event->len ? "/" : "", event->len ? event->name : "");
    }
    fflush(stdout);
  }
}
