/* Stands between QEMU and the server of one share (`share-keeper SOCKET PROGRAM ARGUMENT…`): passes vhost-user's messages on, looks at none of the
   data, and keeps what it needs to answer in the server's place when that dies. Without it the guest's kernel would wait for ever for each request
   that was under way, unkillably and under a lock that every other share takes. It answers all of them with ENOTCONN until QEMU lets go.
   Byte order is the machine's; virtio's and vhost-user's are little-endian, as every machine that Berth runs on. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEADER = 12, PAYLOAD = 4096, FDS = 16, REGIONS = 64, RINGS = 64 };
enum { GET_FEATURES = 1, SET_MEM_TABLE = 5, SET_VRING_NUM = 8, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_KICK, SET_VRING_CALL };
enum { ADD_MEM_REG = 37, REM_MEM_REG = 38 };
enum { FLAG_VERSION = 1, FLAG_REPLY = 4, FLAG_NEED_REPLY = 8 };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

struct message {
  uint32_t request, flags, size;
  unsigned char payload[PAYLOAD];
  int fds[FDS], count;
};

struct region {
  uint64_t guest, size, user, offset;
  unsigned char *base; /* of the mapping; NULL: a free place */
};

struct ring {
  uint32_t size;
  uint64_t desc, used, avail; /* addresses of QEMU's */
  int kick, call;
};

struct descriptor {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
};

static struct region regions[REGIONS];
static struct ring rings[RINGS];

__attribute__((noreturn)) static void fail(const char *what) {
  fprintf(stderr, "share-keeper: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void drop_fds(struct message *message) {
  for (int i = 0; i < message->count; i++)
    if (message->fds[i] >= 0) close(message->fds[i]);
  message->count = 0;
}

/* False: the other side is gone. */
static bool take(int from, struct message *message) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * FDS)];
  } control;
  struct iovec part = { message, HEADER };
  struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  ssize_t n;
  message->count = 0;
  while ((n = recvmsg(from, &head, MSG_CMSG_CLOEXEC | MSG_WAITALL)) < 0 && errno == EINTR) continue;
  for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&head) : NULL; c; c = CMSG_NXTHDR(&head, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
      message->count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      memcpy(message->fds, CMSG_DATA(c), sizeof(int) * (size_t)message->count);
    }
  if (n != HEADER || message->size > PAYLOAD) return false;
  for (size_t have = 0; have < message->size; have += (size_t)n) {
    while ((n = recv(from, message->payload + have, message->size - have, MSG_WAITALL)) < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
  }
  return true;
}

static bool give(int to, const struct message *message) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * FDS)];
  } control;
  struct iovec part = { (void *)message, HEADER + message->size };
  struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1 };
  if (message->count > 0) {
    size_t bytes = sizeof(int) * (size_t)message->count;
    memset(&control, 0, sizeof control);
    head.msg_control = &control, head.msg_controllen = CMSG_SPACE(bytes);
    control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(bytes), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.header), message->fds, bytes);
  }
  ssize_t n;
  while ((n = sendmsg(to, &head, MSG_NOSIGNAL)) < 0 && errno == EINTR) continue;
  return n == (ssize_t)part.iov_len;
}

static void forget_region(struct region *region) {
  munmap(region->base, region->size + region->offset);
  region->base = NULL;
}

static void keep_region(const unsigned char *fields, int fd) {
  uint64_t guest, size, user, offset;
  memcpy(&guest, fields, 8), memcpy(&size, fields + 8, 8), memcpy(&user, fields + 16, 8), memcpy(&offset, fields + 24, 8);
  for (struct region *region = regions; region < regions + REGIONS; region++) {
    if (region->base) continue;
    void *base = mmap(NULL, size + offset, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (base == MAP_FAILED) fail("mapping the guest's memory");
    *region = (struct region){ guest, size, user, offset, base };
    return;
  }
}

static uint32_t number(const struct message *message, int at) {
  uint32_t value;
  memcpy(&value, message->payload + at, sizeof value);
  return value;
}

/* The message stays whole: what is kept is a copy. */
static void look(const struct message *message) {
  uint32_t first = number(message, 0);
  struct ring *ring = &rings[(message->request == SET_VRING_KICK || message->request == SET_VRING_CALL ? first & 0xff : first) % RINGS];
  switch (message->request) {
  case SET_MEM_TABLE:
    for (struct region *region = regions; region < regions + REGIONS; region++)
      if (region->base) forget_region(region);
    for (int i = 0; i < message->count && i < (int)first; i++) keep_region(message->payload + 8 + 32 * i, message->fds[i]);
    break;
  case ADD_MEM_REG:
    if (message->count == 1) keep_region(message->payload + 8, message->fds[0]);
    break;
  case REM_MEM_REG:
    for (struct region *region = regions; region < regions + REGIONS; region++)
      if (region->base && memcmp(&region->guest, message->payload + 8, 24) == 0) forget_region(region);
    break;
  case SET_VRING_NUM: ring->size = number(message, 4); break;
  case SET_VRING_ADDR:
    memcpy(&ring->desc, message->payload + 8, 8), memcpy(&ring->used, message->payload + 16, 8), memcpy(&ring->avail, message->payload + 24, 8);
    break;
  case GET_VRING_BASE: ring->size = 0; break; /* it is stopped */
  case SET_VRING_KICK:
  case SET_VRING_CALL: {
    int *kept = message->request == SET_VRING_KICK ? &ring->kick : &ring->call;
    if (*kept >= 0) close(*kept);
    *kept = message->count == 1 ? dup(message->fds[0]) : -1;
    break;
  }
  default: break;
  }
}

/* Memory of the guest by an address of its own, or of QEMU's; NULL where it is not all in one region. */
static void *memory(uint64_t address, uint64_t length, bool of_guest) {
  for (const struct region *region = regions; region < regions + REGIONS; region++) {
    uint64_t start = of_guest ? region->guest : region->user;
    if (region->base && address >= start && length <= region->size && address - start <= region->size - length)
      return region->base + region->offset + (address - start);
  }
  return NULL;
}

/* An error as the answer to the request of one chain of buffers; how many bytes of answer there are. */
static uint32_t refuse(const struct descriptor *table, uint32_t size, uint16_t at) {
  struct {
    uint32_t length;
    int32_t error;
    uint64_t unique;
  } answer = { 16, -ENOTCONN, 0 };
  bool asked = false;
  for (uint32_t i = 0; i < size && at < size; i++) {
    struct descriptor each = table[at];
    if (each.flags & DESC_INDIRECT) {
      const struct descriptor *inner = memory(each.address, each.length, true);
      return inner ? refuse(inner, each.length / sizeof *inner, 0) : 0;
    }
    if (!(each.flags & DESC_WRITE) && !asked) {
      const unsigned char *request = memory(each.address, 16, true);
      if (request && each.length >= 16) memcpy(&answer.unique, request + 8, 8);
      asked = true;
    } else if (each.flags & DESC_WRITE) {
      void *place = each.length >= sizeof answer ? memory(each.address, sizeof answer, true) : NULL;
      if (!place) return 0;
      memcpy(place, &answer, sizeof answer);
      return sizeof answer;
    }
    if (!(each.flags & DESC_NEXT)) break;
    at = each.next;
  }
  return 0; /* a FORGET wants none */
}

/* The server takes requests in their order, one after the other: all that is not in `used` has no answer. */
static void refuse_all(struct ring *ring) {
  uint32_t size = ring->size;
  if (size == 0) return;
  const struct descriptor *table = memory(ring->desc, 16ull * size, false);
  volatile uint16_t *avail = memory(ring->avail, 4 + 2ull * size, false);
  volatile unsigned char *used = memory(ring->used, 6 + 8ull * size, false);
  if (!table || !avail || !used) return;
  volatile uint16_t *done = (volatile uint16_t *)(used + 2), *wake_at = (volatile uint16_t *)(used + 4 + 8 * size);
  bool any = false;
  for (;;) {
    for (; *done != avail[1]; any = true) {
      __atomic_thread_fence(__ATOMIC_SEQ_CST);
      uint16_t index = avail[2 + *done % size];
      volatile uint32_t *entry = (volatile uint32_t *)(used + 4 + 8 * (*done % size));
      entry[0] = index, entry[1] = refuse(table, size, index);
      __atomic_thread_fence(__ATOMIC_SEQ_CST);
      *done = (uint16_t)(*done + 1);
    }
    /* The guest announces the next one, in either of the two ways to ask for it. */
    *(volatile uint16_t *)used = 0, *wake_at = avail[1];
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (*done == avail[1]) break;
  }
  if (any && ring->call >= 0 && write(ring->call, &(uint64_t){ 1 }, 8) < 0) return;
}

/* What QEMU asks of a server that is gone: everything succeeds, so that it can stop and unplug the device. */
static bool answer(int qemu, struct message *message) {
  uint32_t first = number(message, 0);
  uint64_t value = 0;
  bool asks = message->flags & FLAG_NEED_REPLY;
  look(message);
  drop_fds(message);
  switch (message->request) {
  case GET_VRING_BASE: {
    const struct ring *ring = &rings[first % RINGS];
    const unsigned char *used = memory(ring->used, 4, false);
    value = first | (uint64_t)(used ? *(const uint16_t *)(used + 2) : 0) << 32;
    asks = true;
    break;
  }
  case GET_FEATURES: case 15: case 17: case 36: asks = true; break; /* the GETs of a number */
  default: break;
  }
  if (!asks) return true;
  *message = (struct message){ .request = message->request, .flags = FLAG_VERSION | FLAG_REPLY, .size = sizeof value };
  memcpy(message->payload, &value, sizeof value);
  return give(qemu, message);
}

static void stand_in(int qemu) {
  static struct message message;
  for (;;) {
    struct pollfd fds[RINGS + 1] = { { qemu, POLLIN, 0 } };
    for (int i = 0; i < RINGS; i++) {
      refuse_all(&rings[i]);
      fds[i + 1] = (struct pollfd){ rings[i].size ? rings[i].kick : -1, POLLIN, 0 };
    }
    if (poll(fds, RINGS + 1, -1) < 0 && errno != EINTR) fail("poll");
    uint64_t kicks;
    for (int i = 0; i < RINGS; i++)
      if (fds[i + 1].revents && read(rings[i].kick, &kicks, sizeof kicks) < 0 && errno != EAGAIN) rings[i].kick = -1;
    if (fds[0].revents && (!take(qemu, &message) || !answer(qemu, &message))) return;
  }
}

/* A listening socket whose first caller is already there, so that it can be nobody else. */
static int call_server(int *listener) {
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  socklen_t size = sizeof name;
  *listener = socket(AF_UNIX, SOCK_STREAM, 0);
  int caller = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(*listener, (struct sockaddr *)&name, sizeof name.sun_family) != 0 || listen(*listener, 1) != 0) fail("a socket for the server");
  if (getsockname(*listener, (struct sockaddr *)&name, &size) != 0 || connect(caller, (struct sockaddr *)&name, size) != 0) fail("calling the server");
  return caller;
}

static pid_t start(char **argv, int count, int listener) {
  char fd[32];
  snprintf(fd, sizeof fd, "--fd=%d", listener);
  char **args = calloc((size_t)count + 2, sizeof *args);
  if (!args) fail("starting the server");
  for (int i = 0; i < count; i++) args[i] = argv[i];
  args[count] = fd;
  pid_t pid = fork();
  if (pid == 0) {
    execv(args[0], args);
    fail(args[0]);
  }
  free(args);
  return pid;
}

static int listen_at(const char *path) {
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  if (snprintf(name.sun_path, sizeof name.sun_path, "%s", path) >= (int)sizeof name.sun_path) errno = ENAMETOOLONG, fail(path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(listener, (struct sockaddr *)&name, sizeof name) != 0 || listen(listener, 1) != 0) fail(path);
  return listener;
}

int main(int argc, char **argv) {
  static struct message message;
  int listener, status = 0;
  if (argc < 3) {
    fprintf(stderr, "usage: share-keeper SOCKET PROGRAM ARGUMENT…\n");
    return 2;
  }
  for (int i = 0; i < RINGS; i++) rings[i].kick = rings[i].call = -1;
  signal(SIGPIPE, SIG_IGN);
  /* Of a session that ends: the guest is saved first, which needs the server too (starter.c). The server inherits it. */
  sigset_t orders;
  sigemptyset(&orders);
  sigaddset(&orders, SIGTERM);
  sigaddset(&orders, SIGHUP);
  sigaddset(&orders, SIGINT);
  sigprocmask(SIG_BLOCK, &orders, NULL);
  /* A pipe whose other end is read by whoever wants to know of the server's end: it is closed when the last words are written. */
  struct stat kind;
  int life = fstat(3, &kind) == 0 && S_ISFIFO(kind.st_mode) ? 3 : -1;
  int server = call_server(&listener);
  pid_t pid = start(argv + 2, argc - 2, listener);
  close(listener);
  /* QEMU must not find a server that cannot serve: it would not start. */
  message = (struct message){ .request = GET_FEATURES, .flags = FLAG_VERSION };
  bool serves = give(server, &message) && take(server, &message);
  int door = serves ? listen_at(argv[1]) : -1;
  struct pollfd fds[] = { { server, POLLIN, 0 }, { door, POLLIN, 0 } };
  int qemu = -1;
  while (serves) {
    if (poll(fds, 2, -1) < 0 && errno != EINTR) fail("poll");
    if (fds[0].revents) {
      if (!take(server, &message)) break;
      bool passed = give(qemu, &message);
      drop_fds(&message);
      if (!passed) return 0;
    }
    if (fds[1].revents && qemu < 0) {
      qemu = accept4(door, NULL, NULL, SOCK_CLOEXEC);
      close(door);
      fds[1].fd = qemu;
    } else if (fds[1].revents) {
      if (!take(qemu, &message)) return 0;
      look(&message);
      bool passed = give(server, &message);
      if (!passed && !answer(qemu, &message)) return 0;
      drop_fds(&message);
      if (!passed) break;
    }
  }
  close(server);
  waitpid(pid, &status, 0);
  fprintf(stderr, "the server ended: %s %d\n", WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  if (life >= 0) close(life);
  if (qemu >= 0) stand_in(qemu);
  return 0;
}
