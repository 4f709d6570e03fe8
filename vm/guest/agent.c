/* The agent's loop: lines from the host, messages from PID 1, answers of its workers, one writer to the port.
   Everything is bounded; what the host does not read is dropped, never waited for. */
#define _GNU_SOURCE
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json.h"
#include "ops.h"
#include "port.h"
#include "relay.h"
#include "sys.h"

enum { LINE_LIMIT = 1 << 20, OUT_LIMIT = 4 << 20, EARLY_LIMIT = 256 * 1024, WORKERS = 16, PENDING = 64, ID = 24 };

static int port = -1, control = -1, poller = -1;
static char *in;
static size_t in_len;
static bool skipping; /* the rest of a line that was too long */
static char *out;
static size_t out_len;
static bool connected, ever_connected;

static struct {
  int fd; /* 0: free */
  pid_t pid;
  char id[ID];
  struct text answer;
} workers[WORKERS];

static struct {
  unsigned token; /* 0: free */
  char id[ID];
  bool health;
} pending[PENDING];

static void flush(void) {
  while (out_len > 0) {
    /* One write is one buffer for the host: lines of usual length arrive whole. */
    ssize_t n = write(port, out, out_len < 32768 ? out_len : 32768);
    if (n <= 0) return;
    memmove(out, out + n, out_len - (size_t)n);
    out_len -= (size_t)n;
  }
}

static void send_line(const char *head, const char *line, size_t len) {
  size_t head_len = strlen(head);
  if (out_len + head_len + len + 1 > (ever_connected ? OUT_LIMIT : EARLY_LIMIT)) return;
  memcpy(out + out_len, head, head_len);
  memcpy(out + out_len + head_len, line, len);
  out_len += head_len + len;
  out[out_len++] = '\n';
  if (connected) flush();
}

static void send_answer(const char *id, struct text *members) {
  char head[ID + 16];
  snprintf(head, sizeof head, "{\"id\":%s,", id);
  if (members->failed || members->len == 0) {
    text_free(members);
    op_error(members, "out of memory, or the operation's process died");
  }
  text_add(members, "}", 1);
  if (!members->failed) send_line(head, members->data, members->len);
  text_free(members);
}

static void send_error(const char *id, const char *words) {
  struct text answer = { 0 };
  op_error(&answer, "%s", words);
  send_answer(id, &answer);
}

static void watch(int fd, uint32_t events, uint64_t tag) {
  struct epoll_event event = { .events = events, .data.u64 = tag };
  epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
}

enum { TAG_PORT = 100, TAG_CONTROL };

static void start_worker(const char *id, op_function run, const struct request *request) {
  int slot = 0, ends[2];
  while (slot < WORKERS && workers[slot].fd) slot++;
  if (slot == WORKERS || pipe2(ends, O_CLOEXEC) != 0) return send_error(id, "too many operations at once");
  pid_t pid = fork();
  if (pid == 0) {
    /* The port can be open only once: a worker that outlives the agent must not hold it. */
    close(port);
    close(control);
    become_child("berth-op", true);
    struct text answer = { 0 };
    run(request, &answer);
    for (size_t at = 0; at < answer.len;) {
      ssize_t n = write(ends[1], answer.data + at, answer.len - at);
      if (n <= 0) _exit(1);
      at += (size_t)n;
    }
    _exit(0);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return send_error(id, "no process for it");
  }
  workers[slot].fd = ends[0];
  workers[slot].pid = pid;
  snprintf(workers[slot].id, ID, "%s", id);
  watch(ends[0], EPOLLIN, (uint64_t)slot);
}

static void take_worker(size_t slot) {
  char chunk[4096];
  ssize_t n = read(workers[slot].fd, chunk, sizeof chunk);
  if (n > 0) {
    text_add(&workers[slot].answer, chunk, (size_t)n);
    return;
  }
  close(workers[slot].fd); /* which also takes it out of the poller */
  waitpid(workers[slot].pid, NULL, 0);
  send_answer(workers[slot].id, &workers[slot].answer);
  workers[slot].fd = 0;
}

/* Hands a request to PID 1 in words of our own, never in the host's. */
static void ask_init(const char *id, bool health, const char *verb, const char *name, int number) {
  static unsigned last;
  int slot = 0;
  char message[128];
  while (slot < PENDING && pending[slot].token) slot++;
  if (slot == PENDING) return send_error(id, "too many requests at once");
  int n = snprintf(message, sizeof message, "%u %s %s %d", ++last, verb, name, number);
  if (send(control, message, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return send_error(id, "init does not answer");
  pending[slot].token = last;
  pending[slot].health = health;
  snprintf(pending[slot].id, ID, "%s", id);
}

static void take_control(void) {
  static char message[1 << 20];
  ssize_t n = recv(control, message, sizeof message - 1, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) _exit(1);
  if (n < 1) return;
  message[n] = 0;
  if (message[0] == 'E') {
    /* Until the first host is there events wait; a later one asks `status` instead of hearing old news. */
    if (connected || !ever_connected) send_line("", message + 1, (size_t)n - 1);
    return;
  }
  char *end;
  unsigned token = (unsigned)strtoul(message + 1, &end, 10);
  for (size_t slot = 0; *end == ' ' && slot < PENDING; slot++) {
    if (!token || pending[slot].token != token) continue;
    pending[slot].token = 0;
    if (pending[slot].health) {
      struct request request = { NULL, 0, end + 1 };
      start_worker(pending[slot].id, op_health, &request);
      return;
    }
    struct text answer = { 0 };
    text_add(&answer, end + 1, (size_t)(message + n - end - 1));
    send_answer(pending[slot].id, &answer);
    return;
  }
}

static const char *const service_names[] = { "dockerd", "containerd", "sshd", "dns", "init", "agent", "kernel", NULL };

/* The fixed name that the host's word equals; "-" for any other, which PID 1 refuses. */
static const char *service_name(const struct request *request) {
  char *given = json_string(json_find(request->members, request->count, "service"), NULL);
  size_t i = 0;
  while (service_names[i] && (!given || strcmp(given, service_names[i]) != 0)) i++;
  free(given);
  return service_names[i] ? service_names[i] : "-";
}

static void configure(const char *id, const struct request *request) {
  struct text answer = { 0 };
  char *action = json_string(json_find(request->members, request->count, "action"), NULL);
  bool reload = action && strcmp(action, "reload") == 0, restart = action && strcmp(action, "restart") == 0;
  bool known = reload || restart || (action && strcmp(action, "write") == 0);
  free(action);
  if (!known) return send_error(id, "unknown action");
  if (!op_write_config(request, &answer)) return send_answer(id, &answer);
  if (reload || restart) return ask_init(id, false, reload ? "reload" : "restart", "dockerd", 0);
  text_addf(&answer, "\"ok\":true");
  send_answer(id, &answer);
}

static void serve(const char *op, const char *id, const struct request *request) {
  const struct op *known = op_find(op);
  int64_t lines = 100;
  /* It is this process's own child, which a worker could not wait for. */
  if (strcmp(op, "hangup") == 0) relay_end();
  if (known && known->slow) return start_worker(id, known->run, request);
  if (known) {
    struct text answer = { 0 };
    known->run(request, &answer);
    return send_answer(id, &answer);
  }
  if (strcmp(op, "status") == 0 || strcmp(op, "shutdown") == 0) return ask_init(id, false, op, "-", 0);
  if (strcmp(op, "health") == 0) return ask_init(id, true, "services", "-", 0);
  if (strcmp(op, "restart") == 0) return ask_init(id, false, op, service_name(request), 0);
  if (strcmp(op, "config") == 0) return configure(id, request);
  if (strcmp(op, "tail") != 0) return send_error(id, "unknown op");
  json_integer(json_find(request->members, request->count, "lines"), &lines);
  ask_init(id, false, op, service_name(request), lines < 1 ? 1 : lines > 5000 ? 5000 : (int)lines);
}

static void take_line(const char *line, size_t len) {
  struct json_member members[32];
  size_t count;
  int64_t number;
  char id[ID] = "null";
  if (len == 0) return;
  if (!json_object(line, len, members, 32, &count)) return send_error(id, "not a JSON object");
  const struct json_member *member = json_find(members, count, "id");
  if (json_integer(member, &number)) snprintf(id, sizeof id, "%lld", (long long)number);
  char *op = json_string(json_find(members, count, "op"), NULL);
  struct request request = { members, count, NULL };
  if (op) serve(op, id, &request);
  else send_error(id, "op is missing");
  free(op);
}

static void take_bytes(const char *bytes, size_t len) {
  while (len > 0) {
    const char *end = memchr(bytes, '\n', len);
    size_t part = end ? (size_t)(end - bytes) : len;
    if (!skipping && in_len + part > LINE_LIMIT) {
      skipping = true;
      send_error("null", "the line is too long");
    }
    if (!skipping) {
      memcpy(in + in_len, bytes, part);
      in_len += part;
    }
    if (!end) return;
    if (!skipping) take_line(in, in_len);
    skipping = false;
    in_len = 0;
    bytes += part + 1;
    len -= part + 1;
  }
}

/* A read of nothing means that no host has the port open. Which bytes belong to which host cannot be told: the next one's can
   arrive before the kernel knows of its connection. So nothing is dropped: a host begins with an empty line, which ends its
   predecessor's half line, and knows its answers by their ids. */
static void take_port(void) {
  char chunk[65536];
  ssize_t n;
  while ((n = read(port, chunk, sizeof chunk)) > 0) take_bytes(chunk, (size_t)n);
  connected = n != 0;
  ever_connected = ever_connected || connected;
  if (connected) flush();
}

void agent_main(int channel) {
  control = channel;
  in = malloc(LINE_LIMIT);
  out = malloc(OUT_LIMIT);
  poller = epoll_create1(EPOLL_CLOEXEC);
  if (!in || !out || poller < 0) return;
  /* The kernel learns a port's name some moments after its driver is there, without an event on it. */
  for (int tries = 0; (port = port_open("berth.agent")) < 0; tries++) {
    if (tries == 1) say("waiting for the port berth.agent");
    usleep(tries < 100 ? 5000 : 500000);
  }
  /* By edges: a port that no host has open is "hung up" all the time. */
  watch(port, EPOLLIN | EPOLLOUT | EPOLLET, TAG_PORT);
  watch(control, EPOLLIN, TAG_CONTROL);
  take_port();
  for (;;) {
    struct epoll_event events[16];
    int n = epoll_wait(poller, events, 16, -1);
    for (int i = 0; i < n; i++) {
      if (events[i].data.u64 == TAG_PORT) take_port();
      else if (events[i].data.u64 == TAG_CONTROL) take_control();
      else take_worker((size_t)events[i].data.u64);
    }
  }
}
