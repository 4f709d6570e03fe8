/* One look at the kernel's counters for the host's account, and the page cache's way back to the host. When to give back is
   thought out on the host; what is free goes back by itself, by free-page reporting. */
#define _GNU_SOURCE
#include "usage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "disk.h"
#include "sys.h"

/* The number behind a word at the beginning of a line. */
static unsigned long long number(const char *table, const char *word) {
  size_t len = strlen(word);
  for (const char *line = table; line; line = (line = strchr(line, '\n')) ? line + 1 : NULL)
    if (strncmp(line, word, len) == 0) return strtoull(line + len, NULL, 10);
  return 0;
}

/* All CPUs together, all that is not idleness or waiting for a disk. */
static double cpu_seconds(const char *stat) {
  unsigned long long user = 0, nice = 0, system = 0, irq = 0, softirq = 0;
  sscanf(stat, "cpu %llu %llu %llu %*u %*u %llu %llu", &user, &nice, &system, &irq, &softirq);
  return (double)(user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK);
}

static unsigned long long written(void) {
  char device[64], path[128], stat[512];
  unsigned long long sectors = 0;
  if (!disk_find(DATA_SERIAL, 0, device, sizeof device)) return 0;
  snprintf(path, sizeof path, "/sys/block/%s/stat", strrchr(device, '/') + 1);
  if (read_file(path, stat, sizeof stat) > 0) sscanf(stat, "%*u %*u %*u %*u %*u %*u %llu", &sectors);
  return sectors * 512;
}

void op_usage(const struct request *request, struct text *answer) {
  (void)request;
  char memory[8192], vm[16384], stat[512];
  if (read_file("/proc/meminfo", memory, sizeof memory) < 0 || read_file("/proc/vmstat", vm, sizeof vm) < 0 || read_file("/proc/stat", stat, sizeof stat) < 0)
    return op_error(answer, "the kernel's counters: %s", strerror(errno));
  unsigned long long file = number(memory, "Active(file):") + number(memory, "Inactive(file):");
  text_addf(answer, "\"ok\":true,\"totalBytes\":%llu,\"availableBytes\":%llu,\"freeBytes\":%llu,\"fileBytes\":%llu", number(memory, "MemTotal:") * 1024,
            number(memory, "MemAvailable:") * 1024, number(memory, "MemFree:") * 1024, file * 1024);
  text_addf(answer, ",\"refaultBytes\":%llu,\"cpuSeconds\":%.2f,\"writtenBytes\":%llu", number(vm, "workingset_refault_file ") * (unsigned long long)getpagesize(),
            cpu_seconds(stat), written());
}

static unsigned long long free_bytes(void) {
  char memory[8192];
  return read_file("/proc/meminfo", memory, sizeof memory) > 0 ? number(memory, "MemFree:") * 1024 : 0;
}

void op_reclaim(const struct request *request, struct text *answer) {
  int64_t bytes = 0;
  json_integer(json_find(request->members, request->count, "bytes"), &bytes);
  const struct json_member *compact = json_find(request->members, request->count, "compact");
  if (bytes < 0) return op_error(answer, "bytes is negative");
  unsigned long long before = free_bytes();
  if (bytes > 0) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)bytes);
    /* The oldest pages first, as the kernel would under pressure. EAGAIN: there were fewer. */
    if (!write_text("/sys/fs/cgroup/memory.reclaim", text) && errno != EAGAIN) return op_error(answer, "reclaiming: %s", strerror(errno));
  }
  unsigned long long after = free_bytes();
  /* Only whole blocks are reported to the host: what is free between pages in use is moved together. */
  if (compact && compact->type == JSON_BOOL && compact->value[0] == 't' && !write_text("/proc/sys/vm/compact_memory", "1"))
    return op_error(answer, "compacting: %s", strerror(errno));
  text_addf(answer, "\"ok\":true,\"bytes\":%llu", after > before ? after - before : 0);
}
