/* Stands between QEMU and the server of one share (`share-keeper SOCKET PROGRAM ARGUMENT…`): passes vhost-user's messages on, looks at none of the
   data, and keeps what it needs to answer in the server's place when that dies. Without it the guest's kernel would wait for ever for each request
   that was under way, unkillably and under a lock that every other share takes. It answers all of them with ENOTCONN until QEMU lets go.
   It is two processes: the second is told of every message and does the same when the first is killed; when it is killed itself there is a new one. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest-rings.h"
#include "orders.h"
#include "vhost-user.h"

/* Descriptors, -1 where there is none. `second`: to the other keeper; `life`: closed when no server answers any more. */
static int server = -1, qemu = -1, second = -1, life = -1;
static pid_t server_pid, second_pid;
static struct message message;
/* QEMU waits for its answer, and does nothing else meanwhile; 0: for none. */
static struct message unanswered;

__attribute__((noreturn)) static void fail(const char *what) {
  fprintf(stderr, "share-keeper: %s: %s\n", what, strerror(errno));
  exit(1);
}

static bool wants_answer(const struct message *of) {
  switch (of->request) {
  case GET_FEATURES: case GET_VRING_BASE: case GET_PROTOCOL_FEATURES: case GET_QUEUE_NUM: case GET_MAX_MEM_SLOTS: return true;
  case SET_DEVICE_STATE_FD: case CHECK_DEVICE_STATE: return true;
  default: return of->flags & FLAG_NEED_REPLY;
  }
}

/* Before it goes anywhere else, so that it is known whoever dies next. */
static void note(const struct message *from_qemu) {
  if (second >= 0) message_give(second, from_qemu);
  if (wants_answer(from_qemu)) unanswered = *from_qemu;
  rings_note(from_qemu);
}

static void note_answer(const struct message *from_server) {
  if (second >= 0) message_give(second, from_server);
  unanswered.request = 0;
}

/* In place of a server that is gone. Everything succeeds, so that QEMU can stop and unplug the device, but for saving the server's state. */
static bool answer(const struct message *asked) {
  uint32_t ring = message_number(asked, 0);
  uint64_t value = asked->request == GET_VRING_BASE        ? ring | (uint64_t)ring_done(ring) << 32
                   : asked->request == SET_DEVICE_STATE_FD ? 0x101 /* failed, and no descriptor */
                   : asked->request == CHECK_DEVICE_STATE  ? 1
                                                           : 0;
  struct message made = { .request = asked->request, .flags = FLAG_VERSION | FLAG_REPLY, .size = sizeof value };
  memcpy(made.payload, &value, sizeof value);
  note_answer(&made);
  return message_give(qemu, &made);
}

static void stand_in(void) {
  if (unanswered.request && !answer(&unanswered)) return;
  for (;;) {
    struct pollfd fds[RINGS + 1] = { [RINGS] = { qemu, POLLIN, 0 } };
    rings_refuse();
    rings_poll(fds);
    if (poll(fds, RINGS + 1, -1) < 0 && errno != EINTR) fail("poll");
    rings_kicked(fds);
    if (!fds[RINGS].revents) continue;
    if (!message_take(qemu, &message)) return;
    note(&message);
    message_drop_fds(&message);
    if (wants_answer(&message) && !answer(&message)) return;
  }
}

static bool hung_up(int peer) {
  struct pollfd end = { peer, POLLRDHUP, 0 };
  return poll(&end, 1, 0) > 0;
}

static void close_life(void) {
  if (life >= 0) close(life);
  life = -1;
}

/* The second keeper's life. The server must be gone before anybody else answers. */
__attribute__((noreturn)) static void follow(int first, int server_process) {
  for (;;) {
    struct pollfd fds[] = { { first, POLLIN, 0 }, { life < 0 ? -1 : server_process, POLLIN, 0 } };
    if (poll(fds, 2, -1) < 0 && errno != EINTR) fail("poll");
    if (fds[0].revents) {
      if (!message_take(first, &message)) break;
      if (message.flags & FLAG_REPLY) note_answer(&message);
      else note(&message);
      message_drop_fds(&message);
    } else if (fds[1].revents) close_life(); /* the first one says why */
  }
  if (hung_up(qemu)) exit(0);
  struct pollfd end = { server_process, POLLIN, 0 };
  syscall(SYS_pidfd_send_signal, server_process, SIGKILL, NULL, 0);
  while (poll(&end, 1, -1) < 0 && errno == EINTR) continue;
  if (life >= 0) fprintf(stderr, "share-keeper was killed, and the server with it\n");
  close_life();
  stand_in();
  exit(0);
}

/* A copy of this process has all that was kept so far. Without one it goes on alone. */
static void start_second(void) {
  int pair[2], server_process = (int)syscall(SYS_pidfd_open, server_pid, 0);
  if (server_process < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return;
  second_pid = fork();
  if (second_pid == 0) {
    close(server);
    close(pair[0]);
    second = -1;
    follow(pair[1], server_process);
  }
  close(server_process);
  close(pair[1]);
  second = pair[0];
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

/* Passes messages on until the server is gone; ends with QEMU. */
static void relay(int door) {
  for (;;) {
    struct pollfd fds[] = { { server, POLLIN, 0 }, { qemu < 0 ? door : qemu, POLLIN, 0 }, { second, POLLIN, 0 } };
    if (poll(fds, 3, -1) < 0 && errno != EINTR) fail("poll");
    if (fds[2].revents) {
      close(second);
      second = -1;
      waitpid(second_pid, NULL, 0);
      start_second();
    }
    if (fds[0].revents) {
      if (!message_take(server, &message)) return;
      note_answer(&message);
      bool passed = message_give(qemu, &message);
      message_drop_fds(&message);
      if (!passed) exit(0);
    }
    if (fds[1].revents && qemu < 0) {
      qemu = accept4(door, NULL, NULL, SOCK_CLOEXEC);
      close(door);
      start_second();
    } else if (fds[1].revents) {
      if (!message_take(qemu, &message)) exit(0);
      note(&message);
      bool passed = message_give(server, &message);
      message_drop_fds(&message);
      if (!passed) return;
    }
  }
}

int main(int argc, char **argv) {
  int listener, status = 0;
  if (argc < 3) {
    fprintf(stderr, "usage: share-keeper SOCKET PROGRAM ARGUMENT…\n");
    return 2;
  }
  rings_init();
  signal(SIGPIPE, SIG_IGN);
  /* Of a session that ends: the guest is saved first, which needs the server too, and that inherits it. */
  ignore_orders();
  /* A pipe whose other end is read by whoever wants to know of the server's end: it is closed when the last words are written. */
  struct stat kind;
  life = fstat(3, &kind) == 0 && S_ISFIFO(kind.st_mode) ? 3 : -1;
  server = call_server(&listener);
  server_pid = start(argv + 2, argc - 2, listener);
  close(listener);
  /* QEMU must not find a server that cannot serve: it would not start. */
  message = (struct message){ .request = GET_FEATURES, .flags = FLAG_VERSION };
  if (message_give(server, &message) && message_take(server, &message)) relay(listen_at(argv[1]));
  close(server);
  waitpid(server_pid, &status, 0);
  fprintf(stderr, "the server ended: %s %d\n", WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  close_life();
  if (qemu >= 0) stand_in();
  return 0;
}
