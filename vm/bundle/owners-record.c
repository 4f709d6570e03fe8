/* Where owners are kept: in the extended attribute `user.berth.owner` ("uid:gid") of the user's file, and in memory for
   what can have none (symlinks, pipes, sockets, file systems without them) or whose mode hides it from the user. Only
   what differs from the host's own ids is kept. */
#include "owners.h"
#include <pthread.h>
#include <stdlib.h>

#define ATTRIBUTE "user.berth.owner"

/* Memory: sets of 8, the oldest of a set goes first, so it never grows beyond 65,536 owners (2.5 MiB). The birth time
   tells a file from a later one with the same inode number. */
enum { SETS = 8192, WAYS = 8 };
struct remembered { uint64_t device, inode; int64_t born; struct owner owner; int used; };
static struct { struct remembered at[WAYS]; unsigned next; } memory[SETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct fd_path fd_path(int fd) {
  struct fd_path path = { "/proc/self/fd/" };
  char digits[12];
  int count = 0, at = (int)strlen(path.text);
  do digits[count++] = (char)('0' + fd % 10);
  while (fd /= 10);
  while (count) path.text[at++] = digits[--count];
  return path;
}

int look(int fd, struct statx *host) {
  return (int)KERNEL(SYS_statx, fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, host);
}

static struct remembered key(const struct statx *host) {
  return (struct remembered){
    .device = (uint64_t)host->stx_dev_major << 32 | host->stx_dev_minor,
    .inode = host->stx_ino,
    .born = host->stx_mask & STATX_BTIME ? host->stx_btime.tv_sec * 1000000000 + host->stx_btime.tv_nsec : 0,
  };
}

static size_t set_of(const struct remembered *wanted) {
  return (wanted->inode * 0x9e3779b97f4a7c15u ^ wanted->device) >> 16 & (SETS - 1);
}

static int same(const struct remembered *a, const struct remembered *b) {
  return a->used && a->inode == b->inode && a->device == b->device && a->born == b->born;
}

static int recall(const struct statx *host, struct owner *owner) {
  struct remembered wanted = key(host), *set = memory[set_of(&wanted)].at;
  int found = 0;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < WAYS && !found; i++)
    if ((found = same(&set[i], &wanted))) *owner = set[i].owner;
  pthread_mutex_unlock(&lock);
  return found;
}

static void forget(const struct statx *host) {
  struct remembered wanted = key(host), *set = memory[set_of(&wanted)].at;
  pthread_mutex_lock(&lock);
  for (int i = 0; i < WAYS; i++)
    if (same(&set[i], &wanted)) set[i].used = 0;
  pthread_mutex_unlock(&lock);
}

void remember_owner(const struct statx *host, struct owner owner) {
  forget(host);
  if (owner.uid == host->stx_uid && owner.gid == host->stx_gid) return;
  struct remembered made = key(host);
  made.owner = owner, made.used = 1;
  size_t set = set_of(&made);
  pthread_mutex_lock(&lock);
  memory[set].at[memory[set].next++ % WAYS] = made;
  pthread_mutex_unlock(&lock);
}

static int has_attributes(const struct statx *host) { return S_ISREG(host->stx_mode) || S_ISDIR(host->stx_mode); }

/* Ours alone write it, but a user may have: anything but two numbers is no owner. */
static int parse(const char *text, struct owner *owner) {
  char *end;
  if (*text < '0' || *text > '9') return 0;
  unsigned long uid = strtoul(text, &end, 10);
  if (*end != ':' || end[1] < '0' || end[1] > '9') return 0;
  unsigned long gid = strtoul(end + 1, &end, 10);
  if (*end || uid >= UINT32_MAX || gid >= UINT32_MAX) return 0;
  *owner = (struct owner){ (uint32_t)uid, (uint32_t)gid };
  return 1;
}

struct owner seen_owner(int fd, const struct statx *host) {
  struct owner owner = { host->stx_uid, host->stx_gid };
  if (has_attributes(host)) {
    char text[32];
    long length = KERNEL(SYS_getxattr, fd_path(fd).text, ATTRIBUTE, text, sizeof text - 1);
    if (length > 0) {
      text[length] = 0;
      parse(text, &owner);
      return owner;
    }
    /* The usual case: a file of the host's, without a record. */
    if (length == 0 || errno == ENODATA) return owner;
  }
  recall(host, &owner);
  return owner;
}

/* One line, which the host makes a warning of. Not repeated for other file systems below the same folder. */
static void tell_no_attributes(int fd) {
  static int told;
  if (__atomic_exchange_n(&told, 1, __ATOMIC_RELAXED)) return;
  char line[512] = "berth-owners: no extended attributes: ";
  size_t length = strlen(line);
  long path = KERNEL(SYS_readlinkat, AT_FDCWD, fd_path(fd).text, line + length, sizeof line - length - 1);
  length += path > 0 ? (size_t)path : 0;
  line[length++] = '\n';
  KERNEL(SYS_write, 2, line, length);
}

int keep_owner(int fd, const struct statx *host, struct owner owner, int fresh) {
  if (!has_attributes(host)) {
    remember_owner(host, owner);
    return 0;
  }
  int host_owns = owner.uid == host->stx_uid && owner.gid == host->stx_gid;
  if (host_owns && fresh) return 0;
  struct fd_path path = fd_path(fd);
  char text[32];
  int length = snprintf(text, sizeof text, "%u:%u", owner.uid, owner.gid);
  long result = host_owns ? AS_ROOT(KERNEL(SYS_removexattr, path.text, ATTRIBUTE), fd)
                          : AS_ROOT(KERNEL(SYS_setxattr, path.text, ATTRIBUTE, text, (size_t)length, 0), fd);
  if (result < 0 && errno == ENOTSUP) {
    tell_no_attributes(fd);
  } else if (result < 0 && errno != ENODATA) {
    /* What the user may not write is not his, and so is no container's either. */
    if (errno == EACCES) errno = EPERM;
    return -1;
  } else if (host->stx_mode & S_IRUSR) {
    return 0;
  }
  remember_owner(host, owner);
  return 0;
}
