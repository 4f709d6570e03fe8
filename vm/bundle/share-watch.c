/* Says which files below some folders of the host changed, by inotify, to main/shares/events. A process of its own, because a walk over a hundred
   thousand folders and their watches would stop the backend, and in C, because Node's and the npm watchers lose what must not be lost: the
   queue's overflow, what a new folder held before it was watched, names that are no UTF-8.

   Input and output are records: length (4 bytes, big-endian), one letter, a path. In: `+` a folder or file to be watched, `-` no more, `x` never
   to be looked into, `!` (any path) tell of every folder. Out: `c` changed, `n` new, `d` gone, `o` events were lost, every folder is told, `l` the
   system's limit of watches is reached (at this path), `r` all that was asked for is being watched (the number of watches). Ends with its input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "watch-out.h"
#include "watch-tree.h"

enum { SLICE = 64, MERGE_NS = 10000000 };

struct root {
  struct root *next;
  dev_t dev;
  ino_t ino; /* 0: not there */
  size_t len;
  char path[];
};

static int watcher;
static struct root *roots;
static bool sweeping, answer;

static struct root *covering(const char *path) {
  for (struct root *each = roots; each; each = each->next)
    if (under(path, each->path, each->len)) return each;
  return NULL;
}

/* Watches the way from `/` to the root, and the root with all that is in it. */
static void arm(struct root *root, bool tell) {
  char name[NAME_MAX + 1];
  struct stat st;
  root->ino = 0;
  if (lstat(root->path, &st) == 0) root->dev = st.st_dev, root->ino = st.st_ino;
  struct node *node = enter(NULL, "", root->len == 1, NAMES | (strchr(root->path + 1, '/') ? 0 : CONTENT));
  for (const char *at = root->path; node && *at == '/' && at[1];) {
    const char *end = strchrnul(at + 1, '/');
    size_t len = (size_t)(end - at - 1);
    if (len > NAME_MAX) return;
    memcpy(name, at + 1, len);
    name[len] = 0;
    bool last = *end == 0, before_last = !last && !strchr(end + 1, '/');
    node = enter(node, name, last, NAMES | (last || before_last ? CONTENT : 0));
    at = end;
  }
  if (node && node->deep) enqueue(node, tell);
}

static void take_entry(struct node *node, int fd, const struct dirent *entry, uint64_t mount) {
  char path[PATH_MAX];
  struct statx st;
  bool dir = entry->d_type == DT_DIR;
  if (entry->d_type == DT_UNKNOWN || dir) {
    /* Other file systems below are left alone: a network's may hang, the kernel's own have no end. */
    if (statx(fd, entry->d_name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_MNT_ID, &st) != 0) return;
    dir = S_ISDIR(st.stx_mode);
    if (dir && mount && (st.stx_mask & STATX_MNT_ID) && st.stx_mnt_id != mount) return;
  }
  if (node->tell && path_of(node, entry->d_name, path) && !is_excluded(path)) emit('n', path);
  struct node *found = dir && !tree_full() ? enter(node, entry->d_name, true, NAMES | CONTENT) : NULL;
  if (found) enqueue(found, node->tell);
}

/* Reads some of the folders that wait for it: they are watched already, so nothing can come between. */
static void walk(void) {
  char path[PATH_MAX];
  for (int i = 0; i < SLICE && tree_waits(); i++) {
    struct node *node = dequeue();
    if (node->dead) {
      free(node);
      continue;
    }
    int fd = path_of(node, "", path) ? open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
      if (fd >= 0) close(fd);
      continue;
    }
    if (sweeping) emit('c', path);
    struct statx st;
    uint64_t mount = statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) == 0 && (st.stx_mask & STATX_MNT_ID) ? st.stx_mnt_id : 0;
    for (struct dirent *entry; (entry = readdir(dir));)
      if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) take_entry(node, fd, entry, mount);
    closedir(dir);
  }
  if (tree_waits()) return;
  if (sweeping) tree_drop_old();
  sweeping = false;
  if (answer) {
    char count[24];
    snprintf(count, sizeof count, "%zu", tree_watches());
    emit('r', count);
    answer = false;
  }
}

/* On the way to a root: only the root itself and what leads to it are of interest. */
static void lead(struct node *node, const char *path, const char *name, uint32_t mask) {
  size_t len = strlen(path);
  for (struct root *root = roots; root; root = root->next) {
    if (!under(root->path, path, len)) continue;
    bool itself = root->len == len;
    if (mask & (IN_DELETE | IN_MOVED_FROM)) {
      struct node *old = child(node, name);
      if (old) drop(old);
      if (root->ino || itself) emit('d', root->path);
      root->ino = 0;
    } else if (mask & (IN_CREATE | IN_MOVED_TO)) {
      arm(root, true);
      if (root->ino) emit('n', root->path);
    } else if (itself) {
      emit('c', path);
    }
  }
}

/* Walks everything, tells of every folder, and forgets the ones that are no more. */
static void look_again(void) {
  tree_new_generation();
  tree_retry();
  sweeping = true;
  for (struct root *root = roots; root; root = root->next) arm(root, false);
}

static void take_event(const struct inotify_event *event) {
  char path[PATH_MAX];
  if (event->mask & IN_Q_OVERFLOW) {
    emit('o', "/");
    return look_again();
  }
  struct node *node = find(event->wd);
  if (!node) return;
  if (event->mask & IN_IGNORED) return drop(node);
  if (!event->len || !path_of(node, event->name, path) || is_excluded(path)) return;
  if (!node->deep) return lead(node, path, event->name, event->mask);
  emit(event->mask & (IN_DELETE | IN_MOVED_FROM) ? 'd' : event->mask & (IN_CREATE | IN_MOVED_TO) ? 'n' : 'c', path);
  if (!(event->mask & IN_ISDIR)) return;
  struct node *other = event->mask & IN_MOVED_FROM ? child(node, event->name) : NULL;
  if (other) drop(other);
  struct node *made = event->mask & (IN_CREATE | IN_MOVED_TO) ? enter(node, event->name, true, NAMES | CONTENT) : NULL;
  if (made) enqueue(made, true);
}

/* The first event is told at once; in a storm the kernel gets the time to merge equal ones. */
static void take_events(void) {
  static char events[BUFFER] __attribute__((aligned(8)));
  static int64_t last;
  struct timespec now, rest = { 0, MERGE_NS };
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (now.tv_sec * INT64_C(1000000000) + now.tv_nsec - last < MERGE_NS && !tree_waits()) nanosleep(&rest, NULL);
  clock_gettime(CLOCK_MONOTONIC, &now);
  last = now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
  ssize_t n = read(watcher, events, sizeof events);
  for (char *at = events; at < events + n; at += sizeof(struct inotify_event) + ((struct inotify_event *)at)->len)
    take_event((struct inotify_event *)at);
}

/* A disk that is mounted or taken away makes no event of inotify's: does each root's path still lead to the same folder? */
static void mounts_changed(void) {
  struct stat st;
  for (struct root *root = roots; root; root = root->next) {
    bool there = lstat(root->path, &st) == 0;
    if (there ? root->ino == st.st_ino && root->dev == st.st_dev : !root->ino) continue;
    arm(root, true);
    emit(root->ino ? 'n' : 'd', root->path);
  }
}

/* Nothing but roots and what leads to them stays. */
static void prune(struct node *node) {
  char path[PATH_MAX];
  if (!path_of(node, "", path) || covering(path)) return;
  for (struct node *each = node->first, *next; each; each = next) {
    next = each->next;
    prune(each);
  }
  for (struct root *root = roots; root; root = root->next)
    if (under(root->path, path, strlen(path))) {
      if (node->deep) {
        /* A root inside of one that went. */
        drop(node);
        for (struct root *each = roots; each; each = each->next) arm(each, false);
      }
      return;
    }
  drop(node);
}

static void order(char what, const char *path, size_t len) {
  if (what == '!') return look_again();
  if (what == 'x') return tree_exclude(path, len);
  struct root **at = &roots;
  while (*at && ((*at)->len != len || memcmp((*at)->path, path, len) != 0)) at = &(*at)->next;
  if (what == '-') {
    struct root *old = *at;
    if (!old) return;
    *at = old->next;
    free(old);
    tree_retry();
    if (tree_top()) prune(tree_top());
    return;
  }
  if (*at) return;
  struct root *made = alloc(sizeof *made + len + 1);
  memcpy(made->path, path, len);
  made->len = len;
  *at = made;
  tree_retry();
  answer = true;
  arm(made, false);
}

static void take_orders(void) {
  static char in[BUFFER];
  static size_t in_len;
  ssize_t n = read(0, in + in_len, BUFFER - in_len);
  if (n == 0 || (n < 0 && errno != EINTR)) _exit(0);
  if (n < 0) return;
  in_len += (size_t)n;
  size_t at = 0;
  while (in_len - at >= 4) {
    uint32_t len;
    memcpy(&len, in + at, 4);
    len = ntohl(len);
    if (len < 2 || len > PATH_MAX) _exit(2);
    if (in_len - at < 4 + len) break;
    if (in[at + 5] != '/') _exit(2);
    order(in[at + 4], in + at + 5, len - 1);
    at += 4 + len;
  }
  memmove(in, in + at, in_len - at);
  in_len -= at;
}

int main(void) {
  watcher = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (watcher < 0) {
    emit('l', "");
    flush();
    return 1;
  }
  tree_open(watcher);
  int mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
  for (;;) {
    flush();
    struct pollfd fds[] = { { watcher, POLLIN, 0 }, { 0, POLLIN, 0 }, { mounts, POLLPRI, 0 } };
    poll(fds, 3, tree_waits() || answer ? 0 : -1);
    if (fds[0].revents) take_events();
    if (fds[1].revents) take_orders();
    if (fds[2].revents) mounts_changed();
    if (tree_waits() || sweeping || answer) walk();
  }
}
