/* Rings and the log port. Lives in PID 1 only. */
#define _GNU_SOURCE
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "port.h"
#include "sys.h"

enum { RING = 128 * 1024, PART = 4096, WAITING = 128 * 1024 };

static const char *const names[LOG_SOURCES] = { "init", "kernel", "agent", "sshd", "containerd", "dockerd", "dns" };

static struct {
  char ring[RING];
  size_t at, used;
  char part[PART];
  size_t part_len;
  int pipe[2];
} sources[LOG_SOURCES];

static char waiting[WAITING];
static size_t waiting_len;
static unsigned long dropped;
static int port = -1, kmsg = -1;
static int64_t port_tried;

void log_start(void) {
  for (int i = 0; i < LOG_SOURCES; i++) {
    if (i == LOG_KERNEL || pipe2(sources[i].pipe, O_CLOEXEC | O_NONBLOCK) != 0) sources[i].pipe[0] = sources[i].pipe[1] = -1;
    /* The services' end blocks: a service waits for PID 1, it does not lose lines. */
    else fcntl(sources[i].pipe[1], F_SETFL, 0);
  }
  kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

int log_pipe_read(enum log_source source) { return sources[source].pipe[0]; }
int log_pipe_write(enum log_source source) { return sources[source].pipe[1]; }
int log_kernel_fd(void) { return kmsg; }

int log_source_by_name(const char *name) {
  for (int i = 0; i < LOG_SOURCES; i++)
    if (strcmp(name, names[i]) == 0) return i;
  return -1;
}

static void keep(enum log_source source, const char *bytes, size_t len) {
  for (size_t i = 0; i < len; i++) {
    sources[source].ring[sources[source].at] = bytes[i];
    sources[source].at = (sources[source].at + 1) % RING;
  }
  sources[source].used = sources[source].used + len < RING ? sources[source].used + len : RING;
}

static void queue(const char *bytes, size_t len) {
  memcpy(waiting + waiting_len, bytes, len);
  waiting_len += len;
}

void log_line(enum log_source source, const char *line, size_t len) {
  if (len > PART) len = PART;
  keep(source, line, len);
  keep(source, "\n", 1);
  size_t name = strlen(names[source]);
  log_flush();
  if (waiting_len + name + len + 2 > WAITING) {
    dropped++;
    return;
  }
  queue(names[source], name), queue(" ", 1), queue(line, len), queue("\n", 1);
  log_flush();
}

bool log_flush(void) {
  if (port < 0 && boot_ms() - port_tried >= 20) {
    port_tried = boot_ms();
    port = port_open("berth.log");
  }
  while (port >= 0 && waiting_len > 0) {
    ssize_t n = write(port, waiting, waiting_len < 16384 ? waiting_len : 16384);
    if (n <= 0) break;
    memmove(waiting, waiting + n, waiting_len - (size_t)n);
    waiting_len -= (size_t)n;
  }
  if (dropped && waiting_len < WAITING / 2) {
    char line[64];
    int n = snprintf(line, sizeof line, "init %lu log lines were dropped\n", dropped);
    queue(line, (size_t)n);
    dropped = 0;
  }
  return waiting_len > 0;
}

static void end_line(enum log_source source, void (*seen)(enum log_source, const char *)) {
  sources[source].part[sources[source].part_len] = 0;
  log_line(source, sources[source].part, sources[source].part_len);
  if (seen) seen(source, sources[source].part);
  sources[source].part_len = 0;
}

void log_take(enum log_source source, void (*seen)(enum log_source, const char *)) {
  char chunk[8192];
  ssize_t n = read(sources[source].pipe[0], chunk, sizeof chunk);
  for (ssize_t i = 0; i < n; i++) {
    if (chunk[i] != '\n') sources[source].part[sources[source].part_len++] = chunk[i];
    if (chunk[i] == '\n' || sources[source].part_len == PART - 1) end_line(source, seen);
  }
}

void log_kernel_take(void) {
  char record[4096];
  ssize_t n;
  while ((n = read(kmsg, record, sizeof record - 1)) > 0 || (n < 0 && errno == EPIPE)) {
    if (n < 0) continue;
    record[n] = 0;
    char *words = strchr(record, ';');
    if (!words || (atoi(record) & 7) > 4) continue; /* warnings and worse */
    words++;
    log_line(LOG_KERNEL, words, strcspn(words, "\n"));
  }
}

void log_tail(enum log_source source, int lines, struct text *out) {
  static char copy[RING];
  size_t used = sources[source].used, start = (sources[source].at + RING - used) % RING;
  for (size_t i = 0; i < used; i++) copy[i] = sources[source].ring[(start + i) % RING];
  size_t from = used;
  for (int n = 0; from > 0; from--)
    if (copy[from - 1] == '\n' && n++ == lines) break;
  text_add(out, "[", 1);
  for (bool first = true; from < used; first = false) {
    char *end = memchr(copy + from, '\n', used - from);
    size_t len = end ? (size_t)(end - copy) - from : used - from;
    if (!first) text_add(out, ",", 1);
    text_add_json(out, copy + from, len);
    from += len + 1;
  }
  text_add(out, "]", 1);
}
