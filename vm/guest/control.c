/* A socket pair with messages: the agent parses what the host sends, PID 1 only reads words of a fixed form,
   "TOKEN verb [service] [number]". So nothing the host writes can end PID 1. */
#define _GNU_SOURCE
#include "control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent.h"
#include "boot.h"
#include "log.h"
#include "service.h"
#include "shutdown.h"
#include "sys.h"

enum { BUFFER = 1 << 20, EARLY = 16384, PAUSE = 200 };

static int channel = -1;
static pid_t agent_pid;
static int64_t start_at;
/* Events from before the agent's first start. */
static char early[EARLY];
static size_t early_len;
static bool started;

static void send_message(const char *kind, const char *head, const char *body, size_t len) {
  struct text message = { 0 };
  text_addf(&message, "%s%s", kind, head);
  text_add(&message, body, len);
  /* An agent that does not read loses messages; the host asks `status` anyway. */
  if (channel >= 0 && !message.failed && send(channel, message.data, message.len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EPIPE)
    say("message to the agent lost: %s", strerror(errno));
  text_free(&message);
}

void control_emit(const char *event, size_t len) {
  if (started) send_message("E", "", event, len);
  else if (early_len + len + 1 < EARLY) {
    memcpy(early + early_len, event, len);
    early_len += len;
    early[early_len++] = '\n';
  }
}

void control_start(void) {
  int pair[2], size = BUFFER;
  start_at = boot_ms() + PAUSE;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) return;
  for (int i = 0; i < 2; i++) setsockopt(pair[i], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
  agent_pid = fork();
  if (agent_pid == 0) {
    become_child("berth-agent", true);
    setsid();
    dup2(log_pipe_write(LOG_AGENT), 2);
    /* Nothing else of PID 1's: neither its disks' folders nor its pipes. */
    dup2(pair[1], 3);
    close_range(4, ~0u, 0);
    agent_main(3);
    _exit(0);
  }
  close(pair[1]);
  channel = pair[0];
  start_at = 0;
  if (started) return;
  started = true;
  char *rest = early, *line;
  early[early_len] = 0;
  while ((line = strsep(&rest, "\n")))
    if (*line) control_emit(line, strlen(line));
}

int control_fd(void) { return channel; }

bool control_exited(pid_t pid) {
  if (pid != agent_pid) return false;
  say("the agent's process ended and is started again");
  close(channel);
  channel = -1;
  agent_pid = 0;
  start_at = boot_ms() + PAUSE;
  return true;
}

int control_tick(void) {
  if (!start_at) return -1;
  int64_t left = start_at - boot_ms();
  if (left > 0) return (int)left;
  control_start();
  return start_at ? PAUSE : -1;
}

static void answer(const char *token, const struct text *members) {
  char head[64];
  snprintf(head, sizeof head, "%s ", token);
  if (!members->failed) send_message("R", head, members->data, members->len);
}

static void answer_error(const char *token, const char *error) {
  struct text members = { 0 };
  op_error(&members, "%s", error);
  answer(token, &members);
  text_free(&members);
}

static void restarted(const char *token, pid_t pid) {
  if (pid < 0) return answer_error(token, "superseded by another order");
  struct text members = { 0 };
  text_addf(&members, "\"ok\":true,\"pid\":%d", pid);
  answer(token, &members);
  text_free(&members);
}

static void serve(const char *token, const char *verb, const char *name, int number) {
  struct text members = { 0 };
  int service = service_by_name(name), source = log_source_by_name(name);
  if (strcmp(verb, "status") == 0) {
    text_addf(&members, "\"ok\":true,");
    boot_status(&members);
  } else if (strcmp(verb, "services") == 0) {
    text_addf(&members, "\"services\":");
    service_list(&members);
  } else if (strcmp(verb, "tail") == 0 && source >= 0) {
    text_addf(&members, "\"ok\":true,\"lines\":");
    log_tail((enum log_source)source, number, &members);
  } else if (strcmp(verb, "reload") == 0 && service >= 0) {
    if (!service_runs((enum service_id)service)) return answer_error(token, "it does not run");
    service_signal((enum service_id)service, SIGHUP);
    text_addf(&members, "\"ok\":true");
  } else if (strcmp(verb, "restart") == 0 && service >= 0) {
    if (shutdown_begun()) return answer_error(token, "the guest is shutting down");
    if (service != SSHD && !boot_reached("data")) return answer_error(token, "the data disk is not there");
    return service_restart((enum service_id)service, token, restarted);
  } else if (strcmp(verb, "shutdown") == 0) {
    shutdown_begin();
    text_addf(&members, "\"ok\":true");
  } else return answer_error(token, "unknown service");
  answer(token, &members);
  text_free(&members);
}

void control_take(void) {
  char message[256], token[24], verb[24], name[24] = "";
  int number = 0;
  ssize_t n = recv(channel, message, sizeof message - 1, MSG_DONTWAIT);
  if (n <= 0) return;
  message[n] = 0;
  if (sscanf(message, "%23s %23s %23s %d", token, verb, name, &number) >= 2) serve(token, verb, name, number);
}
