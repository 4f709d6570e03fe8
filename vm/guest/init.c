/* PID 1 of the initramfs and of the guest: the boot in its order, then one loop that supervises.
   Ordered for time: what dockerd waits for comes first, the rest beside it. See AGREEMENT.md for what the host sees. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "boot.h"
#include "config.h"
#include "control.h"
#include "cpus.h"
#include "disk.h"
#include "dns.h"
#include "front.h"
#include "log.h"
#include "modules.h"
#include "mounts.h"
#include "net.h"
#include "notify.h"
#include "service.h"
#include "sftp.h"
#include "shares.h"
#include "shutdown.h"
#include "sys.h"
#include "trust.h"
#include "udp.h"

enum { SSH_ANYWAY = 1500, ENGINE_FIRST = 3000, FORGET_FIRST = 10000, PING_PAUSE = 20, ENGINE_PAUSE = 1000 };

static struct config config;
static int signals, watcher, data_pipe = -1, ping = -1;
static pid_t data_pid;
static int64_t network_at, ssh_at, ping_at, dockerd_at, forget_at;
static bool answers;

static void say_to_log(const char *line, size_t len) { log_line(LOG_INIT, line, len); }

static void power_off(void) {
  tcdrain(1);
  sync();
  reboot(RB_POWER_OFF);
  for (;;) pause();
}

static void set_clock(void) {
  int64_t now = config.epoch_ms + boot_ms();
  struct timespec time = { now / 1000, now % 1000 * 1000000 };
  if (config.epoch_ms > 0 && clock_settime(CLOCK_REALTIME, &time) != 0) say("setting the clock: %s", strerror(errno));
}

/* The rest of the modules, in a child: dockerd needs them only seconds after its start. */
static void modules_later(int dir) {
  if (fork() == 0) {
    become_child("modules", false);
    dup2(log_pipe_write(LOG_INIT), 2);
    modules_load(dir, "late");
    dns_rules(config.host_address);
    mount_at("binfmt_misc", "/proc/sys/fs/binfmt_misc", "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    _exit(0);
  }
}

static void data_start(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return boot_failed("damaged", "no pipe");
  data_pid = fork();
  if (data_pid == 0) {
    become_child("data", false);
    dup2(log_pipe_write(LOG_INIT), 2);
    struct data_failure failure = { "", "" };
    if (data_open(&config, &failure)) {
      shares_boot();
      dprintf(ends[1], "ok");
    } else dprintf(ends[1], "%s %s", failure.code, failure.detail);
    _exit(0);
  }
  close(ends[1]);
  data_pipe = ends[0];
}

static void ssh_start(void) {
  ssh_at = 0;
  if (config.can_ssh && !service_runs(SSHD)) service_start(SSHD);
}

/* Not before the host has mounted what only it can mount; it may be gone, so not for ever. */
static void dockerd_start(void) {
  if (!dockerd_at || (boot_ms() < dockerd_at && !shares_released())) return;
  dockerd_at = 0;
  service_start(DOCKERD);
}

static void reachable(void) {
  boot_phase_at("network", network_at);
  service_start(DNS);
  ssh_start();
}

static void data_done(void) {
  static const char *const codes[] = { "missing", "wrongUuid", "damaged", "notEmpty", "format", "newer" };
  char result[4096];
  ssize_t n = read(data_pipe, result, sizeof result - 1);
  close(data_pipe);
  data_pipe = -1;
  result[n > 0 ? n : 0] = 0;
  if (strcmp(result, "ok") == 0) {
    boot_phase("data");
    service_start(CONTAINERD);
    dockerd_at = boot_ms() + (int64_t)shares_hold() * 1000;
    dockerd_start();
    forget_at = boot_ms() + FORGET_FIRST;
    /* containerd and dockerd have the processors first, unless dockerd waits for who comes by SSH. */
    ssh_at = boot_ms() + ENGINE_FIRST;
    if (!shares_hold()) return;
  } else {
    const char *code = "damaged", *detail = strchr(result, ' ');
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
      if (strncmp(result, codes[i], strlen(codes[i])) == 0) code = codes[i];
    boot_failed(code, detail ? detail + 1 : "the process that checks it died");
  }
  reachable();
}

/* One connection to the socket says when the engine answers: it waits in the socket's queue until dockerd serves. */
static void ping_open(void) {
  struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/run/docker.sock" };
  static const char ask[] = "GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n";
  ping_at = 0;
  if (boot_reached("ready") || ping >= 0) return;
  ping = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connect(ping, (struct sockaddr *)&at, sizeof at) == 0 && send(ping, ask, sizeof ask - 1, MSG_NOSIGNAL) > 0) return;
  close(ping);
  ping = -1;
  ping_at = boot_ms() + PING_PAUSE;
}

static void ready(void) {
  if (answers && front_settled()) boot_phase("ready");
}

static void ping_take(void) {
  char reply[1024];
  ssize_t n = recv(ping, reply, sizeof reply - 1, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  close(ping);
  ping = -1;
  reply[n > 0 ? n : 0] = 0;
  answers = strstr(reply, " 200 OK") != NULL;
  if (answers) front_close("dockerd answers"), ready();
  else ping_at = boot_ms() + PING_PAUSE;
}

static void nobody_asked(const char *token, pid_t pid) { (void)token, (void)pid; }

static void front_done(bool failed) {
  if (!failed) return ready();
  say("dockerd is started again, without the front of iptables");
  answers = false;
  service_restart(DOCKERD, "", nobody_asked);
  ping_at = boot_ms() + ENGINE_PAUSE;
}

static void sockets_seen(void) {
  char events[4096];
  while (read(watcher, events, sizeof events) > 0) continue;
  dockerd_start();
  if (access("/run/docker/netns", F_OK) == 0) front_close("the first container");
  if (!boot_reached("containerd") && access("/run/containerd/containerd.sock", F_OK) == 0) {
    boot_phase("containerd");
    reachable();
  }
  if (!boot_reached("dockerd") && access("/run/docker.sock", F_OK) == 0) {
    boot_phase("dockerd");
    ping_open();
  }
}

static void line_seen(enum log_source source, const char *line) {
  if (source == LOG_SSHD && strncmp(line, "Server listening on ", 20) == 0) boot_phase("sshd");
  if (source == LOG_DOCKERD && strstr(line, "Reloaded configuration")) shutdown_reloaded();
  if (source == LOG_DOCKERD && strstr(line, "Loading containers: done")) front_close("dockerd has its networks");
}

static void signals_seen(void) {
  struct signalfd_siginfo info;
  while (read(signals, &info, sizeof info) == sizeof info)
    if (info.ssi_signo != SIGCHLD) shutdown_begin(); /* `poweroff` by hand, and Ctrl-Alt-Del */
  int status;
  pid_t pid;
  bool failed;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    if (front_exited(pid, status, &failed)) front_done(failed);
    else if (!service_exited(pid, status)) control_exited(pid);
}

static int sooner(int a, int b) { return a < 0 ? b : b < 0 || a < b ? a : b; }

static int due(int64_t at) {
  int64_t left = at - boot_ms();
  return !at ? -1 : left > 0 ? (int)left : 0;
}

static int timers(void) {
  if (ssh_at && due(ssh_at) == 0) reachable();
  if (ping_at && due(ping_at) == 0) ping_open();
  dockerd_start();
  if (forget_at && due(forget_at) == 0) {
    int pause = shares_forget();
    forget_at = pause < 0 ? 0 : boot_ms() + pause;
  }
  int next = sooner(service_tick(), control_tick());
  next = sooner(next, sooner(sooner(due(ssh_at), due(ping_at)), sooner(due(dockerd_at), due(forget_at))));
  if (log_flush()) next = sooner(next, 100);
  return sooner(next, shutdown_tick());
}

static void loop(void) {
  for (;;) {
    int wait = timers();
    struct pollfd fds[LOG_SOURCES + 5];
    for (int i = 0; i < LOG_SOURCES; i++) fds[i] = (struct pollfd){ log_pipe_read(i), POLLIN, 0 };
    struct pollfd *rest = fds + LOG_SOURCES;
    fds[LOG_KERNEL].fd = log_kernel_fd();
    rest[0] = (struct pollfd){ signals, POLLIN, 0 };
    rest[1] = (struct pollfd){ watcher, POLLIN, 0 };
    rest[2] = (struct pollfd){ data_pipe, POLLIN, 0 };
    rest[3] = (struct pollfd){ ping, POLLIN, 0 };
    rest[4] = (struct pollfd){ control_fd(), POLLIN, 0 };
    if (poll(fds, LOG_SOURCES + 5, wait) <= 0) continue;
    for (int i = 0; i < LOG_SOURCES; i++)
      if (fds[i].revents) i == LOG_KERNEL ? log_kernel_take() : log_take(i, line_seen);
    if (rest[1].revents) sockets_seen();
    if (rest[2].revents) data_done();
    if (rest[3].revents) ping_take();
    if (rest[4].revents) control_take();
    if (rest[0].revents) signals_seen(); /* last: it may change what the others refer to */
  }
}

static void catch_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  for (const int *sig = (int[]){ SIGCHLD, SIGTERM, SIGINT, SIGPWR, 0 }; *sig; sig++) sigaddset(&set, *sig);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(SIGPIPE, SIG_IGN);
  signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  reboot(RB_DISABLE_CAD);
}

int main(int argc, char **argv) {
  char system_disk[64];
  if (front_role(argv[0])) return front_main(argc, argv);
  if (argc == 4 && strcmp(argv[1], "udp") == 0) return udp_main(argv[2], argv[3]);
  if (argc > 2 && strcmp(argv[1], "sftp") == 0) return sftp_main(argv[2]); /* sshfs adds what ssh would need */
  if (argc == 2 && strcmp(argv[1], "notify") == 0) return notify_main();
  if (argc == 2 && strcmp(argv[1], "shares") == 0) return shares_main();
  mounts_first();
  boot_phase("init");
  int modules = open("/modules", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  modules_load(modules, "first");
  config_read(&config);
  if (config.probe) {
    dprintf(1, "BERTH-PROBE-OK\n");
    power_off();
  }
  pid_t cpus = cpus_start();
  modules_load(modules, "early");
  boot_phase("modules");
  if (!disk_find(SYSTEM_SERIAL, 10000, system_disk, sizeof system_disk) || !mounts_root(system_disk)) {
    say("no system disk");
    power_off();
  }
  boot_phase("disks");
  set_clock();
  system_limits();
  mounts_system();
  log_start();
  say_to(say_to_log);
  catch_signals();
  if (!config.repair) data_start();
  control_start();
  system_settings();
  system_identity(&config);
  config_write_files(&config);
  trust_write();
  watcher = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  inotify_add_watch(watcher, "/run", IN_CREATE | IN_MOVED_TO);
  inotify_add_watch(watcher, "/run/containerd", IN_CREATE | IN_MOVED_TO);
  inotify_add_watch(watcher, "/run/berth", IN_CREATE | IN_MOVED_TO);
  inotify_add_watch(watcher, "/run/docker", IN_CREATE | IN_MOVED_TO);
  net_up(config.host_address);
  dns_write();
  service_host(config.host_address);
  front_want(config.iptables_front);
  network_at = boot_ms();
  ssh_at = network_at + SSH_ANYWAY;
  if (cpus > 0) waitpid(cpus, NULL, 0);
  modules_later(modules);
  if (config.repair) {
    /* Nobody has touched the data disk, and nobody will but who comes in by SSH. */
    boot_phase("repair");
    reachable();
  }
  loop();
}
