/* A child of the agent's, so that its key comes by the agent's port alone and it ends with the agent. Bytes go from socket to socket by splice:
   an emulated processor pays for each copy. Who does not know the key learns nothing and is let go of. */
#define _GNU_SOURCE
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys.h"
#include "udp.h"

/* Others for its test. */
#ifndef RELAY_PORT
#define RELAY_PORT 1023
#define RELAY_CARD "eth0"
#define RELAY_UNKNOWN_MS 10000
#endif

enum { KEY = 32, KIND = KEY, NUMBER = KIND + 1, TO_PORT = NUMBER + 4, TO_HOST = TO_PORT + 2, HEAD = TO_HOST + 46, CONNECTIONS = 4096 };
/* What one direction holds between its two sockets, and what it moves before others have their turn. */
enum { HELD = 256 * 1024, TURN = 1024 * 1024 };

static pid_t relay;

/* The host proves itself with the first half, the guest with the second. */
static uint8_t keys[2 * KEY];
static int poller, listener;
/* The oldest comes first: who does not say its key in time is at the head. */
static struct connection *unknown_first, *unknown_last;
static int connections;
/* Where the host hears which connections their containers ended in order. */
static struct connection *ends;

struct way {
  int pipe[2]; /* 0: not made yet */
  size_t held;
  bool read_all, ended;
};

struct side {
  struct connection *connection;
  int fd;
  uint32_t watched;
};

static struct connection {
  struct side sides[2]; /* the host's, the container's */
  struct way ways[2];   /* from that side to the other */
  enum { UNKNOWN, DIALLING, OPEN, ENDS } state;
  uint8_t head[HEAD];
  size_t head_len;
  int64_t since;
  struct connection *next, *before;
  bool gone; /* in the list of those that are freed when the round of events is over */
} *gone_first;

static void watch(struct side *side, uint32_t events) {
  struct epoll_event event = { .events = events, .data.ptr = side };
  if (side->fd < 0 || side->watched == events) return;
  /* Errors are told whatever is asked for: what waits for nothing of a side is not watched at all, or they would be told again and again. */
  epoll_ctl(poller, events == 0 ? EPOLL_CTL_DEL : side->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, side->fd, &event);
  side->watched = events;
}

static void forget_unknown(struct connection *c) {
  if (c->before) c->before->next = c->next;
  else if (unknown_first == c) unknown_first = c->next;
  if (c->next) c->next->before = c->before;
  else if (unknown_last == c) unknown_last = c->before;
  c->next = c->before = NULL;
}

/* `cut`: the other end must not take it for an end in order. */
static void end_connection(struct connection *c, bool cut) {
  struct linger now = { 1, 0 };
  if (c->gone) return;
  if (c->state == UNKNOWN) forget_unknown(c);
  if (ends == c) ends = NULL;
  for (int i = 0; i < 2; i++) {
    if (c->sides[i].fd >= 0) {
      /* Not left to close: a child that was just forked has the socket too, and the poller follows the socket, not our number of it. */
      watch(&c->sides[i], 0);
      if (cut) setsockopt(c->sides[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      close(c->sides[i].fd);
    }
    if (c->ways[i].pipe[0]) {
      close(c->ways[i].pipe[0]);
      close(c->ways[i].pipe[1]);
    }
  }
  /* Events of this round may name it still. */
  c->gone = true;
  c->next = gone_first;
  gone_first = c;
  connections--;
}

static void bury(void) {
  while (gone_first) {
    struct connection *c = gone_first;
    gone_first = c->next;
    free(c);
  }
}

static bool would_wait(void) { return errno == EAGAIN || errno == EINTR; }

/* Splice never passes a mark of urgent data, and says "nothing now" or "the end" before it; a plain read steps over it. */
static ssize_t take(const struct way *way, int from) {
  uint8_t bytes[4096];
  ssize_t n = splice(from, NULL, way->pipe[1], NULL, HELD, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  int error = errno, mark = 0;
  if (n <= 0 && ioctl(from, SIOCATMARK, &mark) == 0 && mark) {
    errno = EAGAIN;
    /* An empty pipe has room for all of it. */
    n = way->held > 0 ? -1 : recv(from, bytes, sizeof bytes, MSG_DONTWAIT);
    return n > 0 ? write(way->pipe[1], bytes, (size_t)n) : n;
  }
  errno = error;
  return n;
}

/* What the network below the guest makes of a reset, and of its own death, is an end too. */
static void tell_end(const struct connection *c) {
  if (ends && send(ends->sides[0].fd, c->head + NUMBER, 4, MSG_NOSIGNAL | MSG_DONTWAIT) != 4) end_connection(ends, true);
}

/* Moves what can be moved from a side to the other; false: the connection broke. */
static bool move_way(struct connection *c, int side) {
  struct way *way = &c->ways[side];
  const int from = c->sides[side].fd, to = c->sides[!side].fd;
  size_t moved = 0;
  if (way->ended) return true;
  if (!way->pipe[0]) {
    if (pipe2(way->pipe, O_CLOEXEC | O_NONBLOCK) != 0) return false;
    fcntl(way->pipe[1], F_SETPIPE_SZ, HELD);
  }
  for (bool more = true; more && moved < TURN;) {
    more = false;
    if (!way->read_all) {
      ssize_t n = take(way, from);
      if (n < 0 && !would_wait()) return false;
      way->read_all = n == 0;
      if (n > 0) way->held += (size_t)n;
    }
    if (way->held > 0) {
      ssize_t n = splice(way->pipe[0], NULL, to, NULL, way->held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
      if (n < 0 && !would_wait()) return false;
      if (n > 0) {
        way->held -= (size_t)n;
        moved += (size_t)n;
        more = true;
      }
    }
  }
  if (way->read_all && way->held == 0) {
    if (side == 1) tell_end(c);
    shutdown(to, SHUT_WR);
    way->ended = true;
  }
  return true;
}

static void move(struct connection *c) {
  uint32_t wanted[2] = { 0, 0 };
  for (int i = 0; i < 2; i++)
    if (!move_way(c, i)) return end_connection(c, true);
  if (c->ways[0].ended && c->ways[1].ended) return end_connection(c, false);
  for (int i = 0; i < 2; i++) {
    /* What waits to be written is written first: a sender is as fast as its reader. */
    if (c->ways[i].held > 0) wanted[!i] |= EPOLLOUT;
    else if (!c->ways[i].read_all) wanted[i] |= EPOLLIN;
  }
  for (int i = 0; i < 2; i++) watch(&c->sides[i], wanted[i]);
}

/* 0, or the system's number of what failed. */
static void tell(struct connection *c, int error) {
  uint8_t byte = (uint8_t)error;
  if (send(c->sides[0].fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) return end_connection(c, true);
  if (error) end_connection(c, false);
}

static void dialled(struct connection *c) {
  int error = 0, yes = 1;
  socklen_t len = sizeof error;
  getsockopt(c->sides[1].fd, SOL_SOCKET, SO_ERROR, &error, &len);
  setsockopt(c->sides[1].fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  tell(c, error);
  if (c->gone) return;
  c->state = OPEN;
  move(c);
}

static void dial(struct connection *c, const struct sockaddr_storage *to, socklen_t len) {
  int fd = c->sides[1].fd = socket(to->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return tell(c, errno);
  if (connect(fd, (const struct sockaddr *)to, len) == 0) return dialled(c);
  if (errno != EINPROGRESS) return tell(c, errno);
  watch(&c->sides[0], 0);
  watch(&c->sides[1], EPOLLOUT);
}

/* A process of its own, as where SSH starts it. */
static void datagrams(struct connection *c, const char *host, const char *port) {
  watch(&c->sides[0], 0);
  pid_t pid = fork();
  if (pid == 0) {
    become_child("berth-udp", true);
    dup2(c->sides[0].fd, 0);
    dup2(c->sides[0].fd, 1);
    close_range(3, ~0u, 0);
    _exit(udp_main(host, port));
  }
  end_connection(c, pid < 0);
}

static bool same(const uint8_t *a, const uint8_t *b, size_t len) {
  uint8_t differs = 0;
  for (size_t i = 0; i < len; i++) differs |= a[i] ^ b[i];
  return differs == 0;
}

static void take_head(struct connection *c) {
  struct sockaddr_storage to = { 0 };
  char host[HEAD - TO_HOST + 1] = "", port[8];
  ssize_t n = read(c->sides[0].fd, c->head + c->head_len, HEAD - c->head_len);
  if (n < 0 && would_wait()) return;
  if (n <= 0) return end_connection(c, true);
  c->head_len += (size_t)n;
  if (c->head_len < HEAD) return;
  if (!same(c->head, keys, KEY)) return end_connection(c, true);
  forget_unknown(c);
  c->state = DIALLING;
  if (send(c->sides[0].fd, keys + KEY, KEY, MSG_NOSIGNAL | MSG_DONTWAIT) != KEY) return end_connection(c, true);
  memcpy(host, c->head + TO_HOST, HEAD - TO_HOST);
  snprintf(port, sizeof port, "%d", c->head[TO_PORT] << 8 | c->head[TO_PORT + 1]);
  socklen_t len = socket_address(host, port, &to);
  if (c->head[KIND] == 'e') {
    tell(c, 0);
    if (c->gone) return;
    if (ends) end_connection(ends, true);
    c->state = ENDS;
    ends = c;
  } else if (len == 0) tell(c, EINVAL);
  else if (c->head[KIND] == 't') dial(c, &to, len);
  else if (c->head[KIND] == 'u') {
    tell(c, 0);
    if (!c->gone) datagrams(c, host, port);
  } else tell(c, EINVAL);
}

static void take_connections(void) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), yes = 1;
    if (fd < 0) return;
    struct connection *c = connections < CONNECTIONS ? calloc(1, sizeof *c) : NULL;
    if (!c) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    /* A passt that died tells the guest nothing. */
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){ 60 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int){ 15 }, sizeof(int));
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &(int){ 4 }, sizeof(int));
    c->sides[0] = (struct side){ c, fd, 0 };
    c->sides[1] = (struct side){ c, -1, 0 };
    c->since = boot_ms();
    c->before = unknown_last;
    if (unknown_last) unknown_last->next = c;
    else unknown_first = c;
    unknown_last = c;
    connections++;
    watch(&c->sides[0], EPOLLIN);
  }
}

static void serve(void) {
  struct side door = { NULL, listener, 0 };
  struct rlimit most = { 8 * CONNECTIONS, 8 * CONNECTIONS };
  setrlimit(RLIMIT_NOFILE, &most);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN); /* nobody asks how a datagrams' process ended */
  if ((poller = epoll_create1(EPOLL_CLOEXEC)) < 0) return;
  watch(&door, EPOLLIN);
  for (;;) {
    struct epoll_event events[64];
    int n = epoll_wait(poller, events, 64, unknown_first ? RELAY_UNKNOWN_MS : -1);
    for (int i = 0; i < n; i++) {
      struct side *side = events[i].data.ptr;
      struct connection *c = side->connection;
      if (!c) take_connections();
      else if (c->gone) continue;
      else if (c->state == UNKNOWN) take_head(c);
      else if (c->state == DIALLING) dialled(c);
      else if (c->state == ENDS) end_connection(c, true); /* the host says nothing there: it is gone */
      else move(c);
    }
    while (unknown_first && boot_ms() - unknown_first->since >= RELAY_UNKNOWN_MS) end_connection(unknown_first, true);
    bury();
  }
}

static bool runs(void) {
  if (relay > 0 && waitpid(relay, NULL, WNOHANG) != 0) relay = 0;
  return relay > 0;
}

void relay_end(void) {
  if (!runs()) return;
  kill(relay, SIGKILL);
  waitpid(relay, NULL, 0);
  relay = 0;
}

/* On the card alone: containers come by other ways, and reach no listener of the guest's own. */
static int listen_on_card(void) {
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(RELAY_PORT) };
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, RELAY_CARD, sizeof RELAY_CARD) == 0 &&
      bind(fd, (struct sockaddr *)&at, sizeof at) == 0 && listen(fd, SOMAXCONN) == 0)
    return fd;
  int error = errno;
  if (fd >= 0) close(fd);
  errno = error;
  return -1;
}

void op_relay(const struct request *request, struct text *answer) {
  uint8_t given[sizeof keys];
  if (json_base64(json_find(request->members, request->count, "key"), given, sizeof given) != sizeof given)
    return op_error(answer, "key must be %zu bytes in base64", sizeof keys);
  if (same(given, keys, sizeof keys) && runs()) {
    text_addf(answer, "\"ok\":true");
    return;
  }
  relay_end();
  memcpy(keys, given, sizeof keys);
  if ((listener = listen_on_card()) < 0) return op_error(answer, "listening on port %d: %s", RELAY_PORT, strerror(errno));
  relay = fork();
  if (relay == 0) {
    become_child("berth-relay", true);
    dup2(listener, 3);
    listener = 3;
    close_range(4, ~0u, 0);
    serve();
    _exit(1);
  }
  int error = errno;
  close(listener);
  if (relay < 0) return op_error(answer, "no process for it: %s", strerror(error));
  text_addf(answer, "\"ok\":true");
}
