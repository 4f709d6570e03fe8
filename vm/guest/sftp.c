/* What sshfs runs in place of ssh: its requests go to a unix socket that sshd forwards to the host, where the share is served
   (AGREEMENT.md, Shares by SFTP). A socket in a folder of root's, and not a port, because a container with the guest's network reaches every port.
   A host that is gone or says nothing ends this program, and sshfs answers errors until the next one gets through. */
#define _GNU_SOURCE
#include "sftp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"

enum { BUFFER = 256 * 1024, CONNECT_MS = 2000, PAUSE_MS = 25, SILENT_MS = 60000 };

struct way {
  int from, to;
  size_t at, len;
  uint8_t data[BUFFER];
};

/* Nothing tells when a socket that is there begins to be listened to: a redial of the host's takes some hundredths of a second. Whoever waited in
   vain leaves a mark, so that with a host that is gone only the first request waits and every other one fails at once. */
static int dial(const char *path) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  char away[sizeof address.sun_path + 8];
  if (strlen(path) >= sizeof address.sun_path) return -1;
  strcpy(address.sun_path, path);
  snprintf(away, sizeof away, "%s.away", path);
  int64_t until = boot_ms() + (access(away, F_OK) == 0 ? 0 : CONNECT_MS);
  for (;;) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
      unlink(away);
      return fd;
    }
    close(fd);
    if (boot_ms() >= until) break;
    nanosleep(&(struct timespec){ .tv_nsec = PAUSE_MS * 1000000L }, NULL);
  }
  close(open(away, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return -1;
}

static bool again(void) { return errno == EAGAIN || errno == EINTR; }

/* False when one end is gone. */
static bool fill(struct way *way) {
  ssize_t n = read(way->from, way->data, BUFFER);
  if (n <= 0) return n < 0 && again();
  way->at = 0;
  way->len = (size_t)n;
  return true;
}

static bool drain(struct way *way) {
  ssize_t n = write(way->to, way->data + way->at, way->len - way->at);
  if (n < 0) return again();
  way->at += (size_t)n;
  if (way->at == way->len) way->at = way->len = 0;
  return true;
}

static bool move(struct way *way) { return (way->len || fill(way)) && (!way->len || drain(way)); }

int sftp_main(const char *path) {
  static struct way asks, answers;
  int host = dial(path);
  if (host < 0) return 1;
  asks = (struct way){ .from = 0, .to = host };
  answers = (struct way){ .from = host, .to = 1 };
  for (const int *fd = (int[]){ 0, 1, host, -1 }; *fd >= 0; fd++) fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
  int64_t asked = 0; /* the first request since the host's last word */
  for (;;) {
    int64_t left = asked ? asked + SILENT_MS - boot_ms() : -1;
    if (asked && left <= 0) return 1;
    struct pollfd ends[] = {
      { 0, asks.len ? 0 : POLLIN, 0 },
      { host, (short)((answers.len ? 0 : POLLIN) | (asks.len ? POLLOUT : 0)), 0 },
      { 1, answers.len ? POLLOUT : 0, 0 },
    };
    if (poll(ends, 3, asked ? (int)left : -1) < 0 && errno != EINTR) return 1;
    if ((ends[0].revents & POLLIN) || (ends[1].revents & POLLOUT)) {
      if (!asked) asked = boot_ms();
      if (!move(&asks)) return 0;
    }
    if ((ends[1].revents & POLLIN) || (ends[2].revents & POLLOUT)) {
      if (ends[1].revents & POLLIN) asked = 0;
      if (!move(&answers)) return 0;
    }
    for (int i = 0; i < 3; i++)
      if (ends[i].revents & (POLLERR | POLLNVAL) || ((ends[i].revents & POLLHUP) && !(ends[i].revents & POLLIN))) return 0;
  }
}
