/* Modes in the way. Containers' root, and owners that only containers see, may do what a file's mode denies the user whose
   file it is on the host. Such a call is made with the mode raised for the length of that one call. What is raised is
   noted in a file before, and taken back by the next process when this one died in between (killed, not a power cut). */
#include "owners.h"
#include <pthread.h>
#include <stdlib.h>

enum { MOST = 3, LONGEST = 4096 };

/* Held for writing while something is raised; for reading by who looks at modes. */
static pthread_rwlock_t modes = PTHREAD_RWLOCK_INITIALIZER;
static struct { struct fd_path path; mode_t mode; } raised[MOST];
static int count;

static int journal = -1;
static off_t noted;
static uid_t me;
static int allowed;

static mode_t wanted(mode_t mode) { return mode | S_IRUSR | S_IWUSR | (S_ISDIR(mode) ? S_IXUSR : 0); }

/* Mode and path, ended by a NUL, because names may hold everything else. */
static void note(const char *fd, mode_t mode) {
  if (journal < 0) return;
  char entry[LONGEST + 16];
  int length = snprintf(entry, 16, "%o ", mode & 07777u);
  long path = KERNEL(SYS_readlinkat, AT_FDCWD, fd, entry + length, LONGEST);
  if (path <= 0) return;
  length += (int)path;
  entry[length++] = 0;
  if (KERNEL(SYS_pwrite64, journal, entry, (size_t)length, noted) == length) noted += length;
}

int raise_modes(const int *fds) {
  if (!allowed) return 0;
  pthread_rwlock_wrlock(&modes);
  for (; *fds >= 0 && count < MOST; fds++) {
    struct statx host;
    if (look(*fds, &host) < 0 || host.stx_uid != me || S_ISLNK(host.stx_mode)) continue;
    mode_t mode = host.stx_mode;
    if (wanted(mode) == mode) continue;
    raised[count].path = fd_path(*fds);
    raised[count].mode = mode & 07777;
    note(raised[count].path.text, mode);
    if (KERNEL(SYS_fchmodat, AT_FDCWD, raised[count].path.text, wanted(mode) & 07777) == 0) count++;
  }
  if (count) return 1;
  pthread_rwlock_unlock(&modes);
  errno = EACCES;
  return 0;
}

void lower_modes(void) {
  int error = errno;
  while (count) {
    count--;
    KERNEL(SYS_fchmodat, AT_FDCWD, raised[count].path.text, raised[count].mode);
  }
  if (noted && KERNEL(SYS_ftruncate, journal, (off_t)0) == 0) noted = 0;
  pthread_rwlock_unlock(&modes);
  errno = error;
}

void modes_hold(void) { pthread_rwlock_rdlock(&modes); }
void modes_release(void) { pthread_rwlock_unlock(&modes); }

/* Only what is still exactly as it was raised, and still the user's. */
static void take_back(const char *path, mode_t mode) {
  struct statx host;
  int fd = (int)KERNEL(SYS_openat, AT_FDCWD, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd < 0) return;
  if (look(fd, &host) == 0 && host.stx_uid == me && !S_ISLNK(host.stx_mode)) {
    mode_t before = (host.stx_mode & S_IFMT) | mode;
    if (host.stx_mode == wanted(before)) KERNEL(SYS_fchmodat, AT_FDCWD, fd_path(fd).text, mode);
  }
  close(fd);
}

void open_journal(const char *path, uid_t user, int may_raise) {
  me = user;
  allowed = may_raise;
  journal = (int)KERNEL(SYS_openat, AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (journal < 0) return;
  char text[MOST * (LONGEST + 16) + 1];
  long length = KERNEL(SYS_pread64, journal, text, sizeof text - 1, (off_t)0);
  text[length > 0 ? length : 0] = 0;
  for (char *at = text; at < text + length; at += strlen(at) + 1) {
    char *end;
    mode_t mode = (mode_t)strtoul(at, &end, 8);
    if (*end == ' ' && end[1] == '/') take_back(end + 1, mode & 07777);
  }
  KERNEL(SYS_ftruncate, journal, (off_t)0);
}
