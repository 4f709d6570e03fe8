/* Helpers over system calls; no knowledge of the boot or of Berth. */
#define _GNU_SOURCE
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int64_t boot_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_BOOTTIME, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

double boot_seconds(void) { return (double)boot_ms() / 1000; }

static void (*say_sink)(const char *, size_t);

void say_to(void (*sink)(const char *, size_t)) { say_sink = sink; }

void say(const char *format, ...) {
  char line[1024];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  if (n < 0) return;
  if ((size_t)n >= sizeof line) n = sizeof line - 1;
  if (getpid() != 1) {
    dprintf(2, "%s\n", line);
    return;
  }
  dprintf(1, "berth: %s\n", line);
  if (say_sink) say_sink(line, (size_t)n);
}

bool write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  size_t n = strlen(text);
  bool ok = write(fd, text, n) == (ssize_t)n;
  close(fd);
  return ok;
}

static bool write_all(int fd, const char *data, size_t len) {
  while (len > 0) {
    ssize_t n = write(fd, data, len);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    len -= (size_t)n;
  }
  return true;
}

bool replace_file(const char *path, const char *data, size_t len, mode_t mode) {
  char temporary[512];
  if (snprintf(temporary, sizeof temporary, "%s.new-%d", path, getpid()) >= (int)sizeof temporary) return errno = ENAMETOOLONG, false;
  unlink(temporary);
  int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return false;
  bool ok = write_all(fd, data, len) && fsync(fd) == 0;
  int error = errno;
  close(fd);
  if (ok && rename(temporary, path) == 0) return true;
  if (ok) error = errno;
  unlink(temporary);
  errno = error;
  return false;
}

ssize_t read_file(const char *path, char *buf, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t len = 0;
  ssize_t n = 0;
  while (len < size - 1 && (n = read(fd, buf + len, size - 1 - len)) > 0) len += (size_t)n;
  close(fd);
  if (n < 0 && len == 0) return -1;
  buf[len] = 0;
  return (ssize_t)len;
}

char *read_whole(const char *path, size_t limit, size_t *len) {
  char *buf = malloc(limit + 1);
  if (!buf) return NULL;
  ssize_t n = read_file(path, buf, limit + 1);
  if (n < 0) {
    free(buf);
    return NULL;
  }
  *len = (size_t)n;
  return buf;
}

bool mount_at(const char *source, const char *target, const char *type, unsigned long flags, const char *options) {
  if (mount(source, target, type, flags, options) == 0) return true;
  say("mounting %s on %s failed: %s", source ? source : "none", target, strerror(errno));
  return false;
}

void become_child(const char *name, bool die_with_parent) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  for (int sig = 1; sig < NSIG; sig++) signal(sig, SIG_DFL);
  prctl(PR_SET_NAME, name, 0, 0, 0);
  if (die_with_parent) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}

int run_program(char *const argv[], char *out, size_t size) {
  int ends[2];
  out[0] = 0;
  if (pipe2(ends, O_CLOEXEC) != 0) return 127;
  pid_t pid = fork();
  if (pid == 0) {
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(ends[1], 1);
    dup2(ends[1], 2);
    execv(argv[0], argv);
    dprintf(2, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
  }
  close(ends[1]);
  size_t len = 0;
  char chunk[512];
  ssize_t n;
  while (pid > 0 && (n = read(ends[0], chunk, sizeof chunk)) != 0) {
    if (n < 0) {
      if (errno == EINTR) continue;
      break;
    }
    size_t part = (size_t)n < size - 1 - len ? (size_t)n : size - 1 - len;
    memcpy(out + len, chunk, part);
    len += part;
  }
  out[len] = 0;
  close(ends[0]);
  int status = 0;
  if (pid < 0 || waitpid(pid, &status, 0) < 0) return 127;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
