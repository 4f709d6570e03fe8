/* Makes the calls that virtiofsd 1.13 makes for each request, in the same way, from a thread that serves: one command a
   line, one answer a line. So vm/bundle/owners.c is tested without a VM. Paths are PARENT NAME, the parent below the
   working directory. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <grp.h>
#include <unistd.h>

static int proc_self_fd;

static int open_in(int folder, const char *name, int flags, mode_t mode) {
  struct open_how how = { .flags = (unsigned)(flags | O_NOFOLLOW | O_CLOEXEC), .mode = mode, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
  return (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
}

/* A lookup for each component. */
static int find(const char *path) {
  char *copy = strdup(path), *rest = copy, *name;
  int at = openat(AT_FDCWD, ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
  while (at >= 0 && (name = strsep(&rest, "/"))) {
    if (strcmp(name, ".") == 0) continue;
    int next = open_in(at, name, O_PATH, 0);
    close(at);
    at = next;
  }
  free(copy);
  return at;
}

static const char *number(int fd) {
  static __thread char text[12];
  snprintf(text, sizeof text, "%d", fd);
  return text;
}

static int reopen(int fd, int flags) { return openat(proc_self_fd, number(fd), (flags | O_CLOEXEC) & ~O_NOFOLLOW); }

static uid_t before_uid;
static gid_t before_gid;
static int changed_uid, changed_gid;

static void become(uid_t uid, gid_t gid) {
  before_uid = geteuid(), before_gid = getegid();
  changed_uid = uid != 0 && uid != before_uid;
  changed_gid = gid != 0 && gid != before_gid;
  if (changed_gid) syscall(SYS_setresgid, -1, gid, -1);
  if (changed_uid) syscall(SYS_setresuid, -1, uid, -1);
}

static void become_again(void) {
  int error = errno;
  if (changed_uid) syscall(SYS_setresuid, -1, before_uid, -1);
  if (changed_gid) syscall(SYS_setresgid, -1, before_gid, -1);
  errno = error;
}

static void answer(long result) { printf("%s\n", result < 0 ? strerrorname_np(errno) : "ok"); }

static int attribute_of(char **word, int flags, char *out, size_t size) {
  int fd = find(word[1]);
  if (fd < 0) return -1;
  int file = reopen(fd, O_RDONLY | O_NONBLOCK), error;
  long result = -1;
  if (file >= 0 && flags == 's') result = fsetxattr(file, word[2], word[3], strlen(word[3]), 0);
  if (file >= 0 && flags == 'g') result = fgetxattr(file, word[2], out, size);
  if (file >= 0 && flags == 'r') result = fremovexattr(file, word[2]);
  error = errno;
  if (file >= 0) close(file);
  close(fd);
  errno = error;
  return (int)result;
}

static void serve(int count, char **word) {
  const char *what = word[0];
  char text[256] = "";
  int fd = -1, folder = -1;
  long result = -1;
  if (strcmp(what, "as") == 0) {
    become_again();
    become((uid_t)atoi(word[1]), (gid_t)atoi(word[2]));
    result = 0;
  } else if (strcmp(what, "look") == 0) {
    struct statx st;
    if ((fd = find(word[1])) >= 0) result = syscall(SYS_statx, fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID, &st);
    if (result == 0) {
      printf("%u:%u %o %llu\n", st.stx_uid, st.stx_gid, st.stx_mode, (unsigned long long)st.stx_size);
      close(fd);
      return;
    }
  } else if (strcmp(what, "open") == 0 || strcmp(what, "write") == 0) {
    if ((fd = find(word[1])) >= 0) folder = reopen(fd, what[0] == 'w' ? O_WRONLY : strchr(word[2], 'w') ? O_RDWR : O_RDONLY);
    result = folder;
    if (folder >= 0 && what[0] == 'w') result = write(folder, word[2], strlen(word[2]));
  } else if (strcmp(what, "create") == 0) {
    if ((folder = find(word[1])) >= 0) result = fd = open_in(folder, word[2], O_CREAT | O_EXCL | O_RDWR, (mode_t)strtol(word[3], NULL, 8));
  } else if (strcmp(what, "mkdir") == 0) {
    if ((folder = find(word[1])) >= 0) result = mkdirat(folder, word[2], (mode_t)strtol(word[3], NULL, 8));
  } else if (strcmp(what, "mknod") == 0) {
    if ((folder = find(word[1])) >= 0) result = mknodat(folder, word[2], (mode_t)strtol(word[3], NULL, 8), 0);
  } else if (strcmp(what, "symlink") == 0) {
    if ((folder = find(word[1])) >= 0) result = symlinkat(word[3], folder, word[2]);
  } else if (strcmp(what, "link") == 0) {
    fd = find(word[1]);
    if (fd >= 0 && (folder = find(word[2])) >= 0) result = linkat(proc_self_fd, number(fd), folder, word[3], AT_SYMLINK_FOLLOW);
  } else if (strcmp(what, "unlink") == 0 || strcmp(what, "rmdir") == 0) {
    if ((folder = find(word[1])) >= 0) result = unlinkat(folder, word[2], what[0] == 'r' ? AT_REMOVEDIR : 0);
  } else if (strcmp(what, "rename") == 0) {
    fd = find(word[1]), folder = find(word[3]);
    if (fd >= 0 && folder >= 0) result = syscall(SYS_renameat2, fd, word[2], folder, word[4], 0);
  } else if (strcmp(what, "chown") == 0) {
    if ((fd = find(word[1])) >= 0) result = fchownat(fd, "", (uid_t)atoi(word[2]), (gid_t)atoi(word[3]), AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
  } else if (strcmp(what, "chmod") == 0) {
    if ((fd = find(word[1])) >= 0) result = fchmodat(proc_self_fd, number(fd), (mode_t)strtol(word[2], NULL, 8), 0);
  } else if (strcmp(what, "touch") == 0) {
    struct timespec times[2] = { { 0, UTIME_OMIT }, { atol(word[2]), atol(word[3]) } };
    if ((fd = find(word[1])) >= 0) result = utimensat(proc_self_fd, number(fd), times, 0);
    if (result == 0 && (folder = reopen(fd, O_RDONLY)) >= 0) result = futimens(folder, times);
  } else if (strcmp(what, "set") == 0 || strcmp(what, "remove") == 0) {
    result = attribute_of(word, what[0], NULL, 0);
  } else if (strcmp(what, "get") == 0) {
    if ((result = attribute_of(word, 'g', text, sizeof text - 1)) >= 0) {
      printf("%s\n", text);
      return;
    }
  } else if (strcmp(what, "groups") == 0) {
    gid_t group = 5;
    result = setgroups(1, &group) || setgroups(0, NULL);
  } else if (strcmp(what, "handles") == 0) {
    DIR *all = opendir("/proc/self/fd");
    int open_now = 0;
    while (readdir(all)) open_now++;
    closedir(all);
    printf("%d\n", open_now);
    return;
  } else {
    printf("unknown %s %d\n", what, count);
    return;
  }
  answer(result);
  if (fd >= 0) close(fd);
  if (folder >= 0) close(folder);
}

static void *run(void *nothing) {
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) {
    char *word[8] = { NULL }, *rest = line;
    int count = 0;
    line[strcspn(line, "\n")] = 0;
    while (count < 7 && (word[count] = strsep(&rest, " "))) count++;
    serve(count, word);
    fflush(stdout);
  }
  free(line);
  return nothing;
}

int main(void) {
  pthread_t thread;
  umask(0);
  proc_self_fd = openat(AT_FDCWD, "/proc/self/fd", O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (pthread_create(&thread, NULL, run, NULL) != 0) return 1;
  pthread_join(thread, NULL);
  return 0;
}
