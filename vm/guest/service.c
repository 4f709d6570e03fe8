/* Supervision. A restart of one service leaves the others and all containers alone:
   shims belong to nobody here, and dockerd's live-restore finds them again. */
#define _GNU_SOURCE
#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "boot.h"
#include "config.h"
#include "dns.h"
#include "front.h"
#include "log.h"
#include "sys.h"

enum { LIMIT = 3, WINDOW = 600000, STOP_LIMIT = 60000 };

/* Before each start after an end by itself. Who ends once more within the window is not helped by another start: the host says so, and what it
   orders begins the count anew. */
static const int waits[LIMIT] = { 100, 1000, 5000 };

static char *const containerd_args[] = { "/usr/bin/containerd", "--config", "/etc/berth/containerd.toml", NULL };
/* For builds and for clients in containers: what comes through the host's socket has the address in the word's place, because dockerd 28
   forgets this one with a reload, and would a key of daemon.json just as well. */
static char host_gateway[32] = "--host-gateway-ip=";
static char *const dockerd_args[] = { "/usr/sbin/dockerd", "--config-file", DAEMON_JSON, "--containerd", "/run/containerd/containerd.sock",
                                      "--host", "unix:///run/docker.sock", "--group", "root", "--pidfile", "/run/docker.pid", host_gateway, NULL };
static char *const sshd_args[] = { "/usr/sbin/sshd", "-D", "-e", "-f", "/etc/berth/sshd_config", NULL };

static struct service {
  const char *name;
  char *const *args;
  const char *oom_score; /* containers go first when memory runs out */
  const char *stale;     /* a file that a killed process leaves and that stops the next one */
  enum log_source log;
  pid_t pid;
  int restarts;
  bool forgotten;
  int64_t ends[LIMIT];       /* the last ones by itself, boot_ms, 0: no */
  int64_t start_at, kill_at; /* boot_ms, 0: no */
  char token[24];
  void (*done)(const char *, pid_t);
} services[SERVICES] = {
  [CONTAINERD] = { "containerd", containerd_args, "-999", NULL, LOG_CONTAINERD, 0, 0, false, { 0 }, 0, 0, "", NULL },
  [DOCKERD] = { "dockerd", dockerd_args, "-500", "/run/docker.pid", LOG_DOCKERD, 0, 0, false, { 0 }, 0, 0, "", NULL },
  [SSHD] = { "sshd", sshd_args, "-1000", NULL, LOG_SSHD, 0, 0, false, { 0 }, 0, 0, "", NULL },
  [DNS] = { "dns", NULL, "-900", NULL, LOG_DNS, 0, 0, false, { 0 }, 0, 0, "", NULL },
};

void service_host(const char *address) {
  strncat(host_gateway, address, sizeof host_gateway - strlen(host_gateway) - 1);
  services[DNS].args = dns_arguments(address);
}

int service_by_name(const char *name) {
  for (int i = 0; i < SERVICES; i++)
    if (strcmp(services[i].name, name) == 0) return i;
  return -1;
}

bool service_runs(enum service_id id) { return services[id].pid > 0; }

static void announce(struct service *s, const char *state, pid_t pid, const char *status, int restart_in) {
  struct text event = { 0 };
  text_addf(&event, "{\"event\":\"service\",\"name\":\"%s\",\"state\":\"%s\",\"pid\":%d", s->name, state, pid);
  if (status) text_addf(&event, ",\"status\":\"%s\"", status);
  if (restart_in >= 0) text_addf(&event, ",\"restartInMs\":%d", restart_in);
  else if (status && !s->forgotten) text_addf(&event, ",\"gaveUp\":true");
  text_add(&event, "}", 1);
  boot_emit(&event);
  text_free(&event);
}

static void run(struct service *s, const char *folder) {
  char path[256];
  become_child(s->name, false);
  snprintf(path, sizeof path, "%s:%s", folder ? folder : "", getenv("PATH"));
  if (folder) setenv("PATH", path, 1);
  setsid();
  int null = open("/dev/null", O_RDONLY);
  dup2(null, 0);
  dup2(log_pipe_write(s->log), 1);
  dup2(log_pipe_write(s->log), 2);
  write_text("/proc/self/oom_score_adj", s->oom_score);
  execv(s->args[0], s->args);
  dprintf(2, "%s: %s\n", s->args[0], strerror(errno));
  _exit(127);
}

void service_start(enum service_id id) {
  struct service *s = &services[id];
  if (s->pid > 0) return;
  if (s->stale) unlink(s->stale);
  const char *front = id == DOCKERD ? front_open() : NULL;
  pid_t pid = fork();
  if (pid == 0) run(s, front);
  s->start_at = 0;
  if (pid < 0) {
    say("starting %s: %s", s->name, strerror(errno));
    s->start_at = boot_ms() + waits[0];
    return;
  }
  s->pid = pid;
  announce(s, "running", pid, NULL, -1);
  if (s->done) s->done(s->token, pid);
  s->done = NULL;
}

void service_signal(enum service_id id, int sig) {
  if (services[id].pid > 0) kill(services[id].pid, sig);
}

void service_restart(enum service_id id, const char *token, void (*done)(const char *, pid_t)) {
  struct service *s = &services[id];
  bool stops = s->done && s->pid > 0;
  /* One start answers one order: the last, since the first may be a dead backend's. */
  if (s->done) s->done(s->token, -1);
  snprintf(s->token, sizeof s->token, "%s", token);
  s->done = done;
  if (stops) return;
  s->restarts++;
  memset(s->ends, 0, sizeof s->ends);
  if (s->pid <= 0) {
    service_start(id);
    return;
  }
  kill(s->pid, SIGTERM);
  s->kill_at = boot_ms() + STOP_LIMIT;
}

void service_forget(enum service_id id) {
  services[id].start_at = services[id].kill_at = 0;
  services[id].forgotten = true;
}

/* Until it is started again; -1: it is not, it ended too often. */
static int wait_after_end(struct service *s) {
  int64_t now = boot_ms();
  int lately = 0;
  while (lately < LIMIT && s->ends[lately] && now - s->ends[lately] < WINDOW) lately++;
  if (lately == LIMIT) return -1;
  memmove(s->ends + 1, s->ends, (LIMIT - 1) * sizeof *s->ends);
  s->ends[0] = now;
  return waits[lately];
}

bool service_exited(pid_t pid, int status) {
  struct service *s = services;
  while (s < services + SERVICES && s->pid != pid) s++;
  if (s == services + SERVICES) return false;
  char words[32];
  if (WIFSIGNALED(status)) snprintf(words, sizeof words, "signal %d", WTERMSIG(status));
  else snprintf(words, sizeof words, "exit %d", WEXITSTATUS(status));
  int wait = -1;
  if (!s->forgotten) wait = s->done ? 0 : wait_after_end(s);
  if (wait >= 0 && !s->done) s->restarts++;
  s->start_at = wait >= 0 ? boot_ms() + wait : 0;
  s->pid = 0;
  s->kill_at = 0;
  say("%s ended: %s%s", s->name, words, wait < 0 && !s->forgotten ? "; too often, it is not started again" : "");
  announce(s, "exited", pid, words, wait);
  return true;
}

int service_tick(void) {
  int64_t now = boot_ms(), next = -1;
  for (int i = 0; i < SERVICES; i++) {
    struct service *s = &services[i];
    if (s->start_at && s->start_at <= now) service_start(i);
    if (s->kill_at && s->kill_at <= now) {
      say("%s does not stop: killing it", s->name);
      kill(s->pid, SIGKILL);
      s->kill_at = 0;
    }
    int64_t due = s->start_at ? s->start_at : s->kill_at;
    if (due && (next < 0 || due - now < next)) next = due > now ? due - now : 0;
  }
  return (int)next;
}

void service_list(struct text *out) {
  text_add(out, "[", 1);
  for (int i = 0; i < SERVICES; i++)
    text_addf(out, "%s{\"name\":\"%s\",\"state\":\"%s\",\"pid\":%d,\"restarts\":%d}", i ? "," : "", services[i].name,
              services[i].pid > 0 ? "running" : "exited", services[i].pid, services[i].restarts);
  text_add(out, "]", 1);
}
