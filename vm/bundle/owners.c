/* Owners for virtiofsd as an ordinary user: a library that the starter preloads into it when BERTH_OWNERS is set, to the
   path of a small file of ours (owners-mode.c). Containers see the owners that they gave, the host sees the user's files.

   virtiofsd runs with `--sandbox none`, so every file belongs to the user. The guest's kernel checks permissions
   (default_permissions) by the owners that this library answers, so what arrives here is allowed, and done as root would.
   What virtiofsd 1.13 does, by which the functions here are chosen: it takes the creator's ids by setresuid and setresgid
   for one thread when they are not those that geteuid and getegid say, which are 0 here, so that silence means root; it
   looks by statx with an empty path; it creates by openat2, mkdirat, mknodat, symlinkat; it reopens a file by its number
   in a descriptor of /proc/self/fd; it changes modes, owners and times by descriptor or by that number.

   As root (virtiofsd started by root) ids are real and only the two last things are done here:
   - a time of modification of MAGIC is absorbed: it is how the guest makes an event for a change of the host's;
   - a name that is not one component is refused, because nothing but the guest's kernel keeps them from leading out. */
#include "owners.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>

enum { MAGIC_SECONDS = -7770777, MAGIC_NANOSECONDS = 77707770 };

static int active;
static pthread_t main_thread;
/* Of the request that this thread serves. */
static __thread struct owner creator;

kernel_call *kernel_entry(void) {
  static kernel_call *entry;
  if (!entry) entry = (kernel_call *)dlsym(RTLD_NEXT, "syscall");
  return entry;
}

__attribute__((constructor)) static void start(int argc, char **argv) {
  const char *journal = getenv("BERTH_OWNERS");
  main_thread = pthread_self();
  /* Not later: getuid is not in virtiofsd's seccomp list. */
  uid_t user = (uid_t)KERNEL(SYS_getuid);
  if (!journal || !user) return;
  int readonly = 0;
  for (int i = 1; i < argc; i++) readonly |= strcmp(argv[i], "--readonly") == 0;
  open_journal(journal, user, !readonly);
  active = 1;
}

/* Requests are served by threads of their own; the main thread asks before, to know what it may do on this host. */
static int serving(void) { return active && !pthread_equal(pthread_self(), main_thread); }

uid_t geteuid(void) { return serving() ? 0 : (uid_t)KERNEL(SYS_geteuid); }
gid_t getegid(void) { return serving() ? 0 : (gid_t)KERNEL(SYS_getegid); }
/* One group more of the creator: the guest's kernel has used it, and nothing on the host is decided by it. */
int setgroups(size_t count, const gid_t *groups) { return serving() ? 0 : (int)KERNEL(SYS_setgroups, count, groups); }

static int plain(const char *name) {
  if (*name && !strchr(name, '/') && strcmp(name, "..") != 0 && strcmp(name, ".") != 0) return 1;
  errno = EINVAL;
  return 0;
}

/* The descriptor that a path like "17", relative to one of /proc/self/fd, means. */
static int numbered(const char *path) {
  char *end;
  if (!path || *path < '0' || *path > '9') return -1;
  long fd = strtol(path, &end, 10);
  return *end || fd > INT32_MAX ? -1 : (int)fd;
}

static int open_entry(int folder, const char *name, int flags) {
  return (int)AS_ROOT(KERNEL(SYS_openat, folder, name, flags | O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), folder);
}

/* What was made just now gets its creator's ids, or the group of a folder that passes its group on. `added` are the
   rights beyond the mode asked for, with which it was made because without them the user may not put a record on it. */
static void born(int folder, int fd, mode_t added) {
  int error = errno;
  struct statx host, above;
  if (look(fd, &host) == 0) {
    struct owner owner = creator;
    if (look(folder, &above) == 0 && above.stx_mode & S_ISGID) owner.gid = seen_owner(folder, &above).gid;
    keep_owner(fd, &host, owner, 1);
    if (added) {
      host.stx_mode &= (uint16_t)~added;
      KERNEL(SYS_fchmodat, AT_FDCWD, fd_path(fd).text, host.stx_mode & 07777);
      if (!(host.stx_mode & S_IRUSR)) remember_owner(&host, owner);
    }
  }
  errno = error;
}

static void born_as(int folder, const char *name, mode_t added) {
  int fd = open_entry(folder, name, 0);
  if (fd < 0) return;
  born(folder, fd, added);
  close(fd);
}

static long see(int fd, const char *path, int flags, unsigned mask, struct statx *host) {
  if (!active || *path) return KERNEL(SYS_statx, fd, path, flags, mask, host);
  modes_hold();
  long result = KERNEL(SYS_statx, fd, path, flags, mask | STATX_BTIME, host);
  modes_release();
  if (result < 0) return result;
  struct owner owner = seen_owner(fd, host);
  host->stx_uid = owner.uid;
  host->stx_gid = owner.gid;
  return result;
}

static long open_in(int folder, const char *name, const struct open_how *asked, size_t size) {
  struct open_how how = *asked;
  if (!active || folder < 0) return KERNEL(SYS_openat2, folder, name, &how, size);
  if (!(how.flags & O_CREAT)) return AS_ROOT(KERNEL(SYS_openat2, folder, name, &how, size), folder);
  if (!plain(name)) return -1;
  mode_t added = 0600 & ~(mode_t)how.mode;
  how.mode |= 0600;
  long fd = AS_ROOT(KERNEL(SYS_openat2, folder, name, &how, size), folder);
  if (fd >= 0) born(folder, (int)fd, added);
  return fd;
}

static long rename_in(int from, const char *old, int to, const char *new, unsigned flags) {
  if (!plain(old) || !plain(new)) return -1;
  if (!active) return KERNEL(SYS_renameat2, from, old, to, new, flags);
  /* A folder that moves has its ".." written. */
  int moved = from == to ? -1 : open_entry(from, old, O_DIRECTORY);
  long result = moved < 0 ? AS_ROOT(KERNEL(SYS_renameat2, from, old, to, new, flags), from, to)
                          : AS_ROOT(KERNEL(SYS_renameat2, from, old, to, new, flags), from, to, moved);
  int error = errno;
  if (moved >= 0) close(moved);
  errno = error;
  return result;
}

static long take_id(uint32_t *id, long effective) {
  if (effective != -1) *id = (uint32_t)effective;
  return 0;
}

long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long a = va_arg(list, long), b = va_arg(list, long), c = va_arg(list, long);
  long d = va_arg(list, long), e = va_arg(list, long), f = va_arg(list, long);
  va_end(list);
  switch (number) {
    case SYS_statx: return see((int)a, (const char *)b, (int)c, (unsigned)d, (struct statx *)e);
    case SYS_openat2: return open_in((int)a, (const char *)b, (const struct open_how *)c, (size_t)d);
    case SYS_renameat2: return rename_in((int)a, (const char *)b, (int)c, (const char *)d, (unsigned)e);
    case SYS_setresuid: return serving() ? take_id(&creator.uid, (int)b) : KERNEL(number, a, b, c);
    case SYS_setresgid: return serving() ? take_id(&creator.gid, (int)b) : KERNEL(number, a, b, c);
    default: return KERNEL(number, a, b, c, d, e, f);
  }
}

int openat(int folder, const char *path, int flags, ...) {
  va_list list;
  va_start(list, flags);
  mode_t mode = flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, mode_t) : 0;
  va_end(list);
  int target = active ? numbered(path) : -1;
  if (target < 0) return (int)KERNEL(SYS_openat, folder, path, flags, mode);
  return (int)AS_ROOT(KERNEL(SYS_openat, folder, path, flags, mode), target);
}

int mkdirat(int folder, const char *name, mode_t mode) {
  if (!plain(name)) return -1;
  if (!active) return (int)KERNEL(SYS_mkdirat, folder, name, mode);
  long result = AS_ROOT(KERNEL(SYS_mkdirat, folder, name, mode | 0700), folder);
  if (result == 0) born_as(folder, name, 0700 & ~mode);
  return (int)result;
}

int mknodat(int folder, const char *name, mode_t mode, dev_t device) {
  if (!plain(name)) return -1;
  if (!active) return (int)KERNEL(SYS_mknodat, folder, name, mode, (unsigned)device);
  mode_t added = mode & S_IFMT && !S_ISREG(mode) ? 0 : 0600 & ~mode;
  long result = AS_ROOT(KERNEL(SYS_mknodat, folder, name, mode | added, (unsigned)device), folder);
  if (result == 0) born_as(folder, name, added);
  return (int)result;
}

int symlinkat(const char *target, int folder, const char *name) {
  if (!plain(name)) return -1;
  if (!active) return (int)KERNEL(SYS_symlinkat, target, folder, name);
  long result = AS_ROOT(KERNEL(SYS_symlinkat, target, folder, name), folder);
  if (result == 0) born_as(folder, name, 0);
  return (int)result;
}

int linkat(int from, const char *path, int folder, const char *name, int flags) {
  if (!plain(name)) return -1;
  if (!active) return (int)KERNEL(SYS_linkat, from, path, folder, name, flags);
  return (int)AS_ROOT(KERNEL(SYS_linkat, from, path, folder, name, flags), folder);
}

int unlinkat(int folder, const char *name, int flags) {
  if (!plain(name)) return -1;
  if (!active) return (int)KERNEL(SYS_unlinkat, folder, name, flags);
  return (int)AS_ROOT(KERNEL(SYS_unlinkat, folder, name, flags), folder);
}

/* After the record the owner's call that changes no id: the kernel clears the set-id bits and sets the time of change,
   exactly as for a real one. */
int fchownat(int fd, const char *path, uid_t uid, gid_t gid, int flags) {
  struct statx host;
  if (!active || *path) return (int)KERNEL(SYS_fchownat, fd, path, uid, gid, flags);
  if (look(fd, &host) < 0) return -1;
  struct owner owner = seen_owner(fd, &host);
  if (uid != (uid_t)-1) owner.uid = uid;
  if (gid != (gid_t)-1) owner.gid = gid;
  if (keep_owner(fd, &host, owner, 0) < 0) return -1;
  return (int)KERNEL(SYS_fchownat, fd, "", -1, -1, flags);
}

/* A mode that hides the record from the user: it is read before. */
static void before_mode(int fd, mode_t mode) {
  struct statx host;
  if (active && fd >= 0 && !(mode & S_IRUSR) && look(fd, &host) == 0) remember_owner(&host, seen_owner(fd, &host));
}

int fchmod(int fd, mode_t mode) {
  before_mode(fd, mode);
  return (int)KERNEL(SYS_fchmod, fd, mode);
}

int fchmodat(int folder, const char *path, mode_t mode, int flags) {
  (void)flags; /* virtiofsd gives none. */
  before_mode(numbered(path), mode);
  return (int)KERNEL(SYS_fchmodat, folder, path, mode);
}

static int is_magic(const struct timespec *times) {
  return times && times[0].tv_nsec == UTIME_OMIT && times[1].tv_sec == MAGIC_SECONDS && times[1].tv_nsec == MAGIC_NANOSECONDS;
}

int utimensat(int folder, const char *path, const struct timespec times[2], int flags) {
  return is_magic(times) ? 0 : (int)KERNEL(SYS_utimensat, folder, path, times, flags);
}

int futimens(int fd, const struct timespec times[2]) {
  return is_magic(times) ? 0 : (int)KERNEL(SYS_utimensat, fd, NULL, times, 0);
}

/* The guest's own attributes, of files that are read-only to the user. */
int fsetxattr(int fd, const char *name, const void *value, size_t size, int flags) {
  if (!active) return (int)KERNEL(SYS_fsetxattr, fd, name, value, size, flags);
  return (int)AS_ROOT(KERNEL(SYS_fsetxattr, fd, name, value, size, flags), fd);
}

int fremovexattr(int fd, const char *name) {
  if (!active) return (int)KERNEL(SYS_fremovexattr, fd, name);
  return (int)AS_ROOT(KERNEL(SYS_fremovexattr, fd, name), fd);
}

ssize_t fgetxattr(int fd, const char *name, void *value, size_t size) {
  if (!active) return KERNEL(SYS_fgetxattr, fd, name, value, size);
  return AS_ROOT(KERNEL(SYS_fgetxattr, fd, name, value, size), fd);
}
