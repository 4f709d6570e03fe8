/* The memory of a guest that is halted, to a file and back: `memory-file save MEMORY FILE`, `memory-file load FILE MEMORY`. Only pages that were ever used
   are looked at: QEMU's migration reads all of them, and to read a page of shared memory that the guest never touched makes the host find one for it, so
   that a suspend would take as much of the host's memory as the guest may have. The file: a head, runs of pages that are not zero, each after its place,
   and a sum of all of it, without which nothing is believed. Byte order is the machine's; the file does not leave it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, CHUNK = 64 * PAGE, LANES = 4 };

struct head {
  char magic[8];
  uint64_t size;
};
/* One of length 0 ends the file; its place is the sum. */
struct run {
  uint64_t place, length;
};

static const char magic[8] = "berthmem";
static unsigned char chunk[CHUNK] __attribute__((aligned(PAGE)));
static uint64_t lanes[LANES];

static void fail(const char *path, const char *why) {
  fprintf(stderr, "%s: %s\n", path, why);
  exit(1);
}

static bool is_zero(const unsigned char *page) { return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0; }

static uint64_t mix(uint64_t sum, uint64_t word) {
  sum = (sum ^ word) * 0x9E3779B97F4A7C15u;
  return sum ^ sum >> 29;
}

/* Four sums side by side, which a processor works out at once. */
static void add(const struct run *run, const unsigned char *bytes) {
  uint64_t words[LANES];
  lanes[0] = mix(lanes[0], run->place);
  for (size_t i = 0; i < run->length; i += sizeof words) {
    memcpy(words, bytes + i, sizeof words);
    for (int lane = 0; lane < LANES; lane++) lanes[lane] = mix(lanes[lane], words[lane]);
  }
}

static uint64_t total(void) {
  for (int lane = 1; lane < LANES; lane++) lanes[0] = mix(lanes[0], lanes[lane]);
  return lanes[0];
}

static void put(FILE *file, const char *path, const void *bytes, size_t count) {
  if (fwrite(bytes, 1, count, file) != count) fail(path, strerror(errno));
}

static void save_runs(FILE *file, const char *path, size_t count, uint64_t place) {
  for (size_t i = 0; i < count;) {
    size_t begin = i;
    while (i < count && !is_zero(chunk + i)) i += PAGE;
    if (i == begin) {
      i += PAGE;
      continue;
    }
    struct run run = { place + begin, i - begin };
    add(&run, chunk + begin);
    put(file, path, &run, sizeof run);
    put(file, path, chunk + begin, run.length);
  }
}

static void save(int memory, const char *memory_path, FILE *file, const char *path) {
  struct head head = { .size = (uint64_t)lseek(memory, 0, SEEK_END) };
  memcpy(head.magic, magic, sizeof magic);
  put(file, path, &head, sizeof head);
  off_t place = 0;
  while ((place = lseek(memory, place, SEEK_DATA)) >= 0) {
    off_t hole = lseek(memory, place, SEEK_HOLE);
    if (hole < 0) fail(memory_path, strerror(errno));
    for (ssize_t got; place < hole; place += got) {
      got = pread(memory, chunk, hole - place < CHUNK ? (size_t)(hole - place) : CHUNK, place);
      if (got <= 0 || got % PAGE) fail(memory_path, got < 0 ? strerror(errno) : "not whole pages");
      save_runs(file, path, (size_t)got, (uint64_t)place);
    }
  }
  if (errno != ENXIO) fail(memory_path, strerror(errno)); /* no data behind that place */
  struct run end = { total(), 0 };
  put(file, path, &end, sizeof end);
  if (fflush(file)) fail(path, strerror(errno));
}

static void get(FILE *file, const char *path, void *bytes, size_t count) {
  if (fread(bytes, 1, count, file) != count) fail(path, ferror(file) ? strerror(errno) : "not whole");
}

static void load(FILE *file, const char *path, int memory, const char *memory_path) {
  struct head head;
  get(file, path, &head, sizeof head);
  if (memcmp(head.magic, magic, sizeof magic) != 0) fail(path, "not a guest’s memory");
  off_t size = lseek(memory, 0, SEEK_END);
  /* Or QEMU has not come to give it one. */
  if (size == 0 && ftruncate(memory, size = (off_t)head.size) < 0) fail(memory_path, strerror(errno));
  if (size != (off_t)head.size) fail(memory_path, "of another size");
  for (struct run run;;) {
    get(file, path, &run, sizeof run);
    if (run.length == 0) {
      if (run.place != total()) fail(path, "damaged");
      return;
    }
    if (run.length > CHUNK || run.length % PAGE || run.place > head.size - run.length) fail(path, "damaged");
    get(file, path, chunk, run.length);
    add(&run, chunk);
    for (size_t done = 0; done < run.length;) {
      ssize_t written = pwrite(memory, chunk + done, run.length - done, (off_t)(run.place + done));
      if (written < 0) fail(memory_path, strerror(errno));
      done += (size_t)written;
    }
  }
}

int main(int argc, char **argv) {
  bool saving = argc == 4 && strcmp(argv[1], "save") == 0;
  if (!saving && !(argc == 4 && strcmp(argv[1], "load") == 0)) {
    fprintf(stderr, "memory-file save MEMORY FILE | load FILE MEMORY\n");
    return 2;
  }
  const char *memory_path = argv[saving ? 2 : 3], *path = argv[saving ? 3 : 2];
  int memory = open(memory_path, (saving ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
  if (memory < 0) fail(memory_path, strerror(errno));
  int fd = open(path, saving ? O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0600);
  FILE *file = fd < 0 ? NULL : fdopen(fd, saving ? "w" : "r");
  if (!file) fail(path, strerror(errno));
  setvbuf(file, NULL, _IOFBF, 1 << 20);
  if (saving) save(memory, memory_path, file, path);
  else load(file, path, memory, memory_path);
  return 0;
}
