/* Frames on stdin become datagrams to one container, answers become frames on stdout (AGREEMENT.md, "Datagrams").
   A flow is one sender on the host: it has a socket of its own here, so that answers find their way back. Everything is bounded; what does not
   fit is dropped and counted, as UDP does. */
#define _GNU_SOURCE
#include "udp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys.h"

enum { HEAD = 8, DATAGRAM = 65507, FLOWS = 1024, IN = 256 * 1024, OUT = 1024 * 1024, IDLE_MS = 120000, REPORT_MS = 1000, BATCH = 64 };
/* What goes through the kernel at once: as many datagrams of one size and flow as it takes, none larger than a link's packet. */
enum { RUN = 64, RUN_BYTES = 60000, RUN_DATAGRAM = 1400 };
/* Answers that come faster than a millisecond go together: sshd and the host pay for each write. */
enum { GATHER = 32 * 1024 };
enum { TAG_IN = FLOWS, TAG_OUT };

static struct flow {
  uint32_t id; /* 0: free */
  int fd;
  int64_t used;
} flows[FLOWS];

static struct sockaddr_storage target;
static socklen_t target_len;
static int poller;
static uint8_t in[IN], out[OUT];
static size_t in_len, out_at, out_len;
static bool out_watched;
static uint32_t dropped, reported;

static void put(uint8_t *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get(const uint8_t *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

static void watch(int fd, uint32_t events, uint64_t tag, int how) {
  struct epoll_event event = { .events = events, .data.u64 = tag };
  epoll_ctl(poller, how, fd, &event);
}

static void flush(void) {
  while (out_at < out_len) {
    ssize_t n = write(1, out + out_at, out_len - out_at);
    if (n < 0 && errno != EAGAIN && errno != EINTR) _exit(0);
    if (n <= 0) break;
    out_at += (size_t)n;
  }
  if (out_at == out_len) out_at = out_len = 0;
  bool waits = out_len > 0;
  if (waits != out_watched) watch(1, EPOLLOUT, TAG_OUT, waits ? EPOLL_CTL_ADD : EPOLL_CTL_DEL);
  out_watched = waits;
}

/* Room for one frame at the end of `out`, or NULL: the host does not read. */
static uint8_t *room(size_t len) {
  if (out_at > 0 && OUT - out_len < len) {
    memmove(out, out + out_at, out_len - out_at);
    out_len -= out_at;
    out_at = 0;
  }
  return OUT - out_len < len ? NULL : out + out_len;
}

static void report(void) {
  uint8_t *frame = dropped == reported ? NULL : room(HEAD + 4);
  if (!frame) return;
  put(frame, 0);
  put(frame + 4, 4);
  put(frame + HEAD, dropped);
  out_len += HEAD + 4;
  reported = dropped;
}

static void end_flow(struct flow *flow) {
  close(flow->fd);
  flow->id = 0;
}

/* The flow's socket, made when it is new; the one that was idle longest gives way. */
static struct flow *flow_of(uint32_t id) {
  struct flow *free_one = NULL, *oldest = flows;
  for (struct flow *flow = flows; flow < flows + FLOWS; flow++) {
    if (flow->id == id) return flow;
    if (!flow->id && !free_one) free_one = flow;
    if (flow->used < oldest->used) oldest = flow;
  }
  struct flow *flow = free_one ? free_one : oldest;
  if (flow->id) end_flow(flow);
  flow->fd = socket(target.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (flow->fd < 0) return NULL;
  int size = 1024 * 1024;
  setsockopt(flow->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(flow->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  if (connect(flow->fd, (struct sockaddr *)&target, target_len) != 0) {
    close(flow->fd);
    return NULL;
  }
  flow->id = id;
  watch(flow->fd, EPOLLIN, (uint64_t)(flow - flows), EPOLL_CTL_ADD);
  return flow;
}

static struct iovec run[RUN];
static struct flow *run_flow;
static int run_count;
static size_t run_bytes;

static void send_one(struct iovec *datagram) {
  /* An ICMP answer to an earlier datagram is told to the next call, which is then made again. */
  ssize_t sent = send(run_flow->fd, datagram->iov_base, datagram->iov_len, MSG_NOSIGNAL);
  if (sent < 0 && errno == ECONNREFUSED) sent = send(run_flow->fd, datagram->iov_base, datagram->iov_len, MSG_NOSIGNAL);
  if (sent < 0) dropped++;
}

/* The whole run as one, which the kernel cuts where it arrives; one by one where it does not do that. */
static void send_run(void) {
  if (run_count > 1) {
    union {
      struct cmsghdr head;
      char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = { .head = { .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT, .cmsg_len = CMSG_LEN(sizeof(uint16_t)) } };
    uint16_t each = (uint16_t)run[0].iov_len;
    memcpy(CMSG_DATA(&control.head), &each, sizeof each);
    struct msghdr message = { .msg_iov = run, .msg_iovlen = (size_t)run_count, .msg_control = &control, .msg_controllen = sizeof control };
    if (sendmsg(run_flow->fd, &message, MSG_NOSIGNAL) >= 0) run_count = 0;
  }
  for (int i = 0; i < run_count; i++) send_one(&run[i]);
  run_count = 0;
}

/* A shorter one ends its run. */
static void add_to_run(struct flow *flow, uint8_t *datagram, size_t len) {
  if (run_count > 0 && (flow != run_flow || run_count == RUN || run_bytes + len > RUN_BYTES || len > run[0].iov_len)) send_run();
  run_bytes = run_count == 0 ? len : run_bytes + len;
  run_flow = flow;
  run[run_count++] = (struct iovec){ .iov_base = datagram, .iov_len = len };
  if (len > RUN_DATAGRAM || len == 0 || len < run[0].iov_len) send_run();
}

static void take_in(void) {
  ssize_t n = read(0, in + in_len, IN - in_len);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) _exit(0);
  if (n < 0) return;
  in_len += (size_t)n;
  int64_t now = boot_ms();
  size_t at = 0;
  while (in_len - at >= HEAD) {
    uint32_t id = get(in + at), len = get(in + at + 4);
    if (id == 0 || len > DATAGRAM) _exit(2);
    if (in_len - at < HEAD + len) break;
    struct flow *flow = run_count > 0 && run_flow->id == id ? run_flow : NULL;
    if (!flow) {
      /* A new flow may take the place of the one whose run waits. */
      send_run();
      flow = flow_of(id);
    }
    if (flow) {
      flow->used = now;
      add_to_run(flow, in + at + HEAD, len);
    } else {
      dropped++;
    }
    at += HEAD + len;
  }
  send_run();
  memmove(in, in + at, in_len - at);
  in_len -= at;
}

static void take_answers(struct flow *flow) {
  static uint8_t nowhere[1];
  for (int i = 0; i < BATCH; i++) {
    uint8_t *frame = room(HEAD + DATAGRAM);
    ssize_t n = frame ? recv(flow->fd, frame + HEAD, DATAGRAM, 0) : recv(flow->fd, nowhere, sizeof nowhere, 0);
    if (n < 0 && (errno == ECONNREFUSED || errno == EINTR)) continue;
    if (n < 0) return;
    flow->used = boot_ms();
    if (!frame) {
      dropped++;
      continue;
    }
    put(frame, flow->id);
    put(frame + 4, (uint32_t)n);
    out_len += HEAD + (size_t)n;
  }
}

socklen_t socket_address(const char *host, const char *port, struct sockaddr_storage *address) {
  struct sockaddr_in *v4 = (struct sockaddr_in *)address;
  struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
  in_port_t number = htons((in_port_t)atoi(port));
  if (number != 0 && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = number;
    return sizeof *v4;
  }
  if (number != 0 && inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = number;
    return sizeof *v6;
  }
  return 0;
}

int udp_main(const char *host, const char *port) {
  if ((target_len = socket_address(host, port, &target)) == 0 || (poller = epoll_create1(EPOLL_CLOEXEC)) < 0) return 2;
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  fcntl(1, F_SETFL, fcntl(1, F_GETFL) | O_NONBLOCK);
  watch(0, EPOLLIN, TAG_IN, EPOLL_CTL_ADD);
  int64_t swept = boot_ms(), flushed = 0;
  bool gathering = false;
  for (;;) {
    struct epoll_event events[64];
    bool waits = dropped != reported;
    for (int i = 0; i < FLOWS && !waits; i++) waits = flows[i].id != 0;
    int n = epoll_wait(poller, events, 64, gathering ? 1 : waits ? REPORT_MS : -1);
    for (int i = 0; i < n; i++) {
      uint64_t tag = events[i].data.u64;
      if (tag == TAG_IN) take_in();
      else if (tag < FLOWS && flows[tag].id) take_answers(&flows[tag]);
    }
    int64_t now = boot_ms();
    if (now - swept >= REPORT_MS) {
      swept = now;
      report();
      for (int i = 0; i < FLOWS; i++)
        if (flows[i].id && now - flows[i].used > IDLE_MS) end_flow(&flows[i]);
    }
    gathering = out_at == 0 && out_len > 0 && out_len < GATHER && now == flushed;
    if (gathering) continue;
    if (out_len > 0) flushed = now;
    flush();
  }
}
