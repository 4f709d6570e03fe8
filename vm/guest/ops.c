/* The agent's operations: clock, entropy, disk, memory. They read files and call ioctls, and run no program. */
#define _GNU_SOURCE
#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/random.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "disk.h"
#include "relay.h"
#include "sessions.h"
#include "sys.h"
#include "usage.h"

#define EXT4_IOC_RESIZE_FS _IOW('f', 16, uint64_t)

enum { SEED = 64, PING_SECONDS = 2, CONFIG_LIMIT = 256 * 1024 };

static void op_clock(const struct request *request, struct text *answer) {
  int64_t epoch;
  struct timespec now;
  if (!json_integer(json_find(request->members, request->count, "epochMs"), &epoch) || epoch <= 0) return op_error(answer, "epochMs is missing");
  clock_gettime(CLOCK_REALTIME, &now);
  int64_t drift = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - epoch;
  struct timespec set = { epoch / 1000, epoch % 1000 * 1000000 };
  if (clock_settime(CLOCK_REALTIME, &set) != 0) return op_error(answer, "setting the clock: %s", strerror(errno));
  text_addf(answer, "\"ok\":true,\"driftMs\":%lld", (long long)drift);
}

static void op_reseed(const struct request *request, struct text *answer) {
  struct {
    int bits, size; /* as struct rand_pool_info, with its bytes */
    unsigned char bytes[SEED];
  } pool = { SEED * 8, SEED, { 0 } };
  if (json_base64(json_find(request->members, request->count, "data"), pool.bytes, SEED) != SEED) return op_error(answer, "data must be %d bytes in base64", SEED);
  int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
  bool ok = fd >= 0 && ioctl(fd, RNDADDENTROPY, &pool) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
  int error = errno;
  explicit_bzero(&pool, sizeof pool);
  if (fd >= 0) close(fd);
  if (!ok) return op_error(answer, "reseeding: %s", strerror(error));
  text_addf(answer, "\"ok\":true");
}

static void op_sync(const struct request *request, struct text *answer) {
  (void)request;
  sync();
  text_addf(answer, "\"ok\":true");
}

/* The data folder, when the data disk is what is mounted there; with what is wrong in the answer otherwise. */
static int open_data(struct text *answer) {
  char device[64];
  char mounts[65536], wanted[80];
  if (disk_find(DATA_SERIAL, 0, device, sizeof device) && read_file("/proc/mounts", mounts, sizeof mounts) > 0) {
    snprintf(wanted, sizeof wanted, "%s " DATA_DIR " ", device);
    int fd = strstr(mounts, wanted) ? open(DATA_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) return fd;
  }
  op_error(answer, "the data disk is not mounted");
  return -1;
}

static void op_trim(const struct request *request, struct text *answer) {
  (void)request;
  struct fstrim_range range = { 0, UINT64_MAX, 0 };
  int fd = open_data(answer);
  if (fd < 0) return;
  int result = ioctl(fd, FITRIM, &range), error = errno;
  close(fd);
  if (result != 0) return op_error(answer, "trimming: %s", strerror(error));
  text_addf(answer, "\"ok\":true,\"bytes\":%llu", (unsigned long long)range.len);
}

static void op_resize(const struct request *request, struct text *answer) {
  (void)request;
  char device[64];
  uint64_t size = 0;
  struct statvfs fs;
  int fd = open_data(answer);
  if (fd < 0) return;
  int disk = disk_find(DATA_SERIAL, 0, device, sizeof device) ? open(device, O_RDONLY | O_CLOEXEC) : -1;
  int result = disk >= 0 ? ioctl(disk, BLKGETSIZE64, &size) : -1, error = errno;
  if (disk >= 0) close(disk);
  if (result == 0 && fstatvfs(fd, &fs) == 0) {
    uint64_t blocks = size / fs.f_bsize;
    result = ioctl(fd, EXT4_IOC_RESIZE_FS, &blocks);
    error = errno;
    size = blocks * fs.f_bsize;
  }
  close(fd);
  if (result != 0) return op_error(answer, "growing the file system: %s", strerror(error));
  text_addf(answer, "\"ok\":true,\"bytes\":%llu", (unsigned long long)size);
}

static unsigned long long meminfo(const char *table, const char *key) {
  const char *line = strstr(table, key);
  return line ? strtoull(line + strlen(key), NULL, 10) * 1024 : 0;
}

static void op_memory(const struct request *request, struct text *answer) {
  (void)request;
  char table[8192];
  if (read_file("/proc/meminfo", table, sizeof table) < 0) return op_error(answer, "meminfo: %s", strerror(errno));
  text_addf(answer, "\"ok\":true,\"totalBytes\":%llu,\"availableBytes\":%llu,\"freeBytes\":%llu,\"cachedBytes\":%llu", meminfo(table, "MemTotal:"),
            meminfo(table, "MemAvailable:"), meminfo(table, "MemFree:"), meminfo(table, "\nCached:"));
}

static void op_disk(const struct request *request, struct text *answer) {
  (void)request;
  struct statvfs fs;
  int fd = open_data(answer);
  if (fd < 0) return;
  int result = fstatvfs(fd, &fs);
  close(fd);
  if (result != 0) return op_error(answer, "statvfs: %s", strerror(errno));
  unsigned long long block = fs.f_frsize;
  text_addf(answer, "\"ok\":true,\"totalBytes\":%llu,\"usedBytes\":%llu,\"freeBytes\":%llu", fs.f_blocks * block, (fs.f_blocks - fs.f_bfree) * block,
            fs.f_bavail * block);
}

static bool ping(void) {
  struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "/run/docker.sock" };
  struct timeval limit = { PING_SECONDS, 0 };
  char reply[512];
  int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  static const char ask[] = "GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n";
  ssize_t n = -1;
  if (connect(sock, (struct sockaddr *)&at, sizeof at) == 0 && send(sock, ask, sizeof ask - 1, MSG_NOSIGNAL) > 0) n = recv(sock, reply, sizeof reply - 1, 0);
  close(sock);
  if (n <= 0) return false;
  reply[n] = 0;
  return strstr(reply, " 200 OK") != NULL;
}

void op_health(const struct request *request, struct text *answer) {
  char load[64];
  double load1 = read_file("/proc/loadavg", load, sizeof load) > 0 ? strtod(load, NULL) : 0;
  text_addf(answer, "\"ok\":true,\"load1\":%.2f,\"dockerdPing\":%s,%s", load1, ping() ? "true" : "false", request->services);
}

bool op_write_config(const struct request *request, struct text *answer) {
  struct json_member ignored[256];
  size_t len = 0, count;
  char *text = json_string(json_find(request->members, request->count, "daemonJson"), &len);
  bool ok = false;
  if (!text) op_error(answer, "daemonJson is missing");
  else if (len > CONFIG_LIMIT) op_error(answer, "daemonJson is longer than %d bytes", CONFIG_LIMIT);
  else if (!json_object(text, len, ignored, 256, &count)) op_error(answer, "daemonJson is not a JSON object");
  else if (!replace_file(DAEMON_JSON, text, len, 0600)) op_error(answer, "writing daemon.json: %s", strerror(errno));
  else ok = true;
  free(text);
  return ok;
}

static const struct op ops[] = {
  { "hangup", op_hangup, true },
  { "relay", op_relay, false },
  { "clock", op_clock, false }, { "reseed", op_reseed, false }, { "memory", op_memory, false }, { "disk", op_disk, false },
  { "sync", op_sync, true },    { "trim", op_trim, true },      { "resize", op_resize, true },
  { "usage", op_usage, false }, { "reclaim", op_reclaim, true },
};

const struct op *op_find(const char *name) {
  for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
    if (strcmp(ops[i].name, name) == 0) return &ops[i];
  return NULL;
}
