/* Locks and shared memory between containers, in the ways of databases. `locks KIND FILE ROUNDS`: as often as ROUNDS says, take
   the lock, read a number from the file, write it back one larger, let go. Two of them that do not exclude each other lose some.
     sqlite   SQLite's own protocol of five states on byte ranges at 1 GiB, with upgrades that may be refused
     fcntl    a lock of the whole file that is waited for
     flock    likewise
     mmap     as fcntl, but the number lies in memory that the file is mapped to, as SQLite's WAL index does */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PENDING = 0x40000000, RESERVED = PENDING + 1, SHARED = PENDING + 2, SHARED_SIZE = 510 };

static int range(int fd, int command, short type, off_t start, off_t length) {
  struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length };
  return fcntl(fd, command, &lock);
}

/* Shared, then reserved, then pending, then exclusive; whoever is refused on the way lets all go and begins again. */
static int sqlite_lock(int fd) {
  if (range(fd, F_SETLK, F_RDLCK, PENDING, 1) < 0) return 0;
  int shared = range(fd, F_SETLK, F_RDLCK, SHARED, SHARED_SIZE);
  range(fd, F_SETLK, F_UNLCK, PENDING, 1);
  if (shared < 0) return 0;
  if (range(fd, F_SETLK, F_WRLCK, RESERVED, 1) == 0 && range(fd, F_SETLK, F_WRLCK, PENDING, 1) == 0)
    for (int tries = 0; tries < 1000; tries++) {
      if (range(fd, F_SETLK, F_WRLCK, SHARED, SHARED_SIZE) == 0) return 1;
      usleep(100);
    }
  range(fd, F_SETLK, F_UNLCK, PENDING, SHARED_SIZE + 2);
  return 0;
}

static long step(int fd, long *mapped) {
  char text[32] = "";
  if (mapped) return ++*(volatile long *)mapped;
  if (pread(fd, text, sizeof text - 1, 0) < 0) return -1;
  int length = snprintf(text, sizeof text, "%ld\n", atol(text) + 1);
  return pwrite(fd, text, (size_t)length, 0);
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const char *kind = argv[1];
  int fd = open(argv[2], O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  long rounds = atol(argv[3]), *mapped = NULL;
  if (fd < 0) return perror(argv[2]), 1;
  if (strcmp(kind, "mmap") == 0) {
    if (range(fd, F_SETLKW, F_WRLCK, 0, 0) < 0 || ftruncate(fd, 4096) < 0) return perror("ftruncate"), 1;
    range(fd, F_SETLK, F_UNLCK, 0, 0);
    mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED) return perror("mmap"), 1;
  }
  for (long i = 0; i < rounds; i++) {
    if (strcmp(kind, "sqlite") == 0) {
      while (!sqlite_lock(fd)) usleep(200);
    } else if (strcmp(kind, "flock") == 0 ? flock(fd, LOCK_EX) < 0 : range(fd, F_SETLKW, F_WRLCK, 0, 0) < 0) {
      return perror(kind), 1;
    }
    if (step(fd, mapped) < 0) return perror("step"), 1;
    if (strcmp(kind, "flock") == 0) flock(fd, LOCK_UN);
    else range(fd, F_SETLK, F_UNLCK, 0, 0);
  }
  if (mapped) printf("%ld\n", *mapped);
  return 0;
}
