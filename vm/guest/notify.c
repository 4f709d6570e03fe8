/* Records on stdin (length, letter, path) are files of shared folders that the host changed; watchers in containers (inotify) hear of them (AGREEMENT.md, "Changes").
   The kernel raises IN_MODIFY when it has set a file's mtime, with the name for those who watch its folder. So an mtime is set that the share's
   server recognises and passes over: nothing is written to the user's file. It is done on the mounts of shares only, and only on those
   whose server was seen to pass over it. */
#define _GNU_SOURCE
#include "notify.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ended.h"
#include "mountinfo.h"
#include "sys.h"

#ifndef STATX_MNT_ID_UNIQUE /* Debian 12 has it not */
#define STATX_MNT_ID_UNIQUE 0x4000U
#endif

enum { IN = 256 * 1024, SHARES = 64, ENDED_MS = 1000 };
enum { DONE, FAILED, FOREIGN, REFUSED, COUNTS };

/* As servers know it (vm/bundle/owners.c, main/shares/sftp): a second and a nanosecond that no file has. */
static const struct timespec magic[2] = { { 0, UTIME_OMIT }, { -7770777, 77707770 } };

/* A mount is known by its unique id, which is never given to another one. */
static struct share {
  uint64_t id;
  bool share, absorbs;
  bool lost_names; /* names may have led to other files before, and these are not looked after yet */
  int reader; /* the mount again, read-only; open during one batch, or it would hold a mount that is to go */
  char place[PATH_MAX];
} shares[SHARES];
static int next_share;
static uint32_t counts[COUNTS];

/* sshfs carries whole seconds of 32 bits. */
static bool took_magic(const struct statx *st) { return (uint32_t)st->stx_mtime.tv_sec == (uint32_t)magic[1].tv_sec; }

static bool fresh(int fd, struct statx *st) {
  return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, st) == 0;
}

static uint64_t mount_id(int fd, unsigned which) {
  struct statx st;
  return statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, which, &st) == 0 && (st.stx_mask & which) ? st.stx_mnt_id : 0;
}

/* Place of a mount that is a share; false for everything else. */
static bool place_of(uint64_t id, char place[PATH_MAX]) {
  struct mounted found;
  if (!mountinfo_find(id, &found) || !mountinfo_is_share(&found) || strcmp(found.root, "/") != 0) return false;
  strcpy(place, found.place);
  return true;
}

/* The proof, on the share's own folder; a server that writes it gets the old mtime back, and is never tried again. */
static bool proved(const char *place) {
  struct statx before, after;
  int fd = open(place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  bool absorbed = false;
  if (fd >= 0 && fresh(fd, &before) && utimensat(fd, "", magic, AT_EMPTY_PATH) == 0 && fresh(fd, &after)) {
    absorbed = !took_magic(&after);
    if (!absorbed) {
      struct timespec back[2] = { { 0, UTIME_OMIT }, { before.stx_mtime.tv_sec, before.stx_mtime.tv_nsec } };
      utimensat(fd, "", back, AT_EMPTY_PATH);
    }
  }
  if (fd >= 0) close(fd);
  return absorbed;
}

/* What is known of the mount that `fd` lies on; NULL where the kernel does not say which. */
static struct share *share_of(int fd) {
  uint64_t id = mount_id(fd, STATX_MNT_ID_UNIQUE);
  if (!id) return NULL;
  for (struct share *each = shares; each < shares + SHARES; each++)
    if (each->id == id) return each;
  struct share *made = shares + next_share++ % SHARES;
  if (made->id && made->reader >= 0) close(made->reader);
  *made = (struct share){ .id = id, .reader = -1 };
  made->share = place_of(mount_id(fd, STATX_MNT_ID), made->place) && mount_id(fd, STATX_MNT_ID_UNIQUE) == id;
  made->absorbs = made->share && proved(made->place);
  return made;
}

enum answer { UNASKED, THERE, GONE };

/* Makes the kernel ask the server for this name again. It believes for a second what it knew, and a file that was replaced would be read as it
   was before. A name that is to be made is always asked for; on a mount that is read-only nothing is made. */
static enum answer ask_again(struct share *share, const char *path) {
  size_t len = strlen(share->place);
  if (len == 1) len = 0;
  if (strncmp(path, share->place, len) != 0 || path[len] != '/' || !path[len + 1]) return UNASKED;
  if (share->reader < 0) {
    struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
    int tree = open_tree(AT_FDCWD, share->place, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &read_only, sizeof read_only) != 0) {
      if (tree >= 0) close(tree);
      return UNASKED;
    }
    share->reader = tree;
  }
  mkdirat(share->reader, path + len + 1, 0);
  return errno == EEXIST ? THERE : errno == EROFS ? GONE : UNASKED;
}

/* IN_MODIFY on what is open, if it lies on a share. */
static int touch(int fd, enum answer asked) {
  struct statx st;
  struct share *share = share_of(fd);
  if (!share || !share->share) return FOREIGN;
  if (!share->absorbs) return REFUSED;
  /* First what the server knows now, so that whoever hears of the change reads the new content; an answer about its name told that as well. */
  if (asked != THERE && !fresh(fd, &st)) return FAILED;
  return utimensat(fd, "", magic, AT_EMPTY_PATH) == 0 ? DONE : FAILED;
}

static int open_path(const char *path) { return open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC); }

/* `c` changed, `n` new under its name (which another file may have had), `d` gone. */
static int tell(char kind, char *path) {
  enum answer asked = UNASKED;
  char *slash = strrchr(path, '/');
  if (path[0] != '/') return FOREIGN;
  if (kind != 'c' && slash != path) {
    /* Its folder says which share it is, whether it is there or not. */
    *slash = 0;
    int folder = open_path(path);
    struct share *share = folder < 0 ? NULL : share_of(folder);
    *slash = '/';
    if (folder >= 0) close(folder);
    if (share && share->share) {
      asked = ask_again(share, path);
      share->lost_names = true;
    }
  }
  if (asked == GONE && kind == 'd') return DONE; /* the folder follows */
  int fd = open_path(path);
  if (fd < 0 && errno == ENOENT && kind == 'd') return DONE;
  if (fd < 0 && slash != path) {
    /* It went meanwhile: its folder changed. */
    *slash = 0;
    fd = open_path(path);
    asked = UNASKED;
  }
  int result = fd < 0 ? FAILED : touch(fd, asked);
  if (fd >= 0) close(fd);
  return result;
}

static void answer(void) {
  uint32_t out[COUNTS];
  for (int i = 0; i < COUNTS; i++) out[i] = htonl(counts[i]);
  for (size_t at = 0; at < sizeof out;) {
    ssize_t n = write(1, (char *)out + at, sizeof out - at);
    if (n < 0 && errno != EINTR) _exit(0);
    if (n > 0) at += (size_t)n;
  }
}

/* After what is urgent, and at most once a second. */
static void look_after_ended(int64_t *at) {
  *at = boot_ms();
  for (struct share *each = shares; each < shares + SHARES; each++) {
    if (each->id && each->lost_names) ended_tell(each->place);
    each->lost_names = false;
  }
}

static bool has_ended(void) {
  for (struct share *each = shares; each < shares + SHARES; each++)
    if (each->lost_names) return true;
  return false;
}

int notify_main(void) {
  static char in[IN], path[PATH_MAX];
  size_t in_len = 0;
  int64_t looked = boot_ms() - ENDED_MS;
  for (;;) {
    struct pollfd input = { 0, POLLIN, 0 };
    int64_t due = looked + ENDED_MS - boot_ms();
    if (has_ended() && due <= 0) look_after_ended(&looked);
    if (poll(&input, 1, has_ended() ? (int)due : -1) == 0) continue;
    ssize_t n = read(0, in + in_len, IN - in_len);
    if (n == 0 || (n < 0 && errno != EINTR)) return 0;
    if (n < 0) continue;
    in_len += (size_t)n;
    size_t at = 0;
    while (in_len - at >= 4) {
      uint32_t len;
      memcpy(&len, in + at, 4);
      len = ntohl(len);
      if (len > PATH_MAX) return 2;
      if (in_len - at < 4 + len) break;
      at += 4 + len;
      if (len > 0) {
        memcpy(path, in + at - len + 1, len - 1);
        path[len - 1] = 0;
        counts[tell(in[at - len], path)]++;
        continue;
      }
      /* The end of a batch: everything before it was told. */
      for (struct share *each = shares; each < shares + SHARES; each++) {
        if (each->id && each->reader >= 0) close(each->reader);
        each->reader = -1;
      }
      answer();
    }
    memmove(in, in + at, in_len - at);
    in_len -= at;
  }
}
