/* ext4's superblock as the kernel documents it (Documentation/filesystems/ext4/super.rst). */
#define _GNU_SOURCE
#include "ext4.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIB = 1 << 20, AT = 1024, SIZE = 1024 };

static uint32_t crc32c(const uint8_t *p, size_t len) {
  uint32_t crc = ~0u;
  while (len--) {
    crc ^= *p++;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
  }
  return crc;
}

static uint32_t le(const uint8_t *p, int bytes) {
  uint32_t value = 0;
  for (int i = bytes; i-- > 0;) value = value << 8 | p[i];
  return value;
}

bool ext4_read(const char *device, struct superblock *sb, bool *empty) {
  uint8_t *first = calloc(1, MIB);
  int fd = open(device, O_RDONLY | O_CLOEXEC);
  size_t len = 0;
  ssize_t n = -1;
  while (first && fd >= 0 && len < MIB && (n = read(fd, first + len, MIB - len)) > 0) len += (size_t)n;
  int error = errno;
  if (fd >= 0) close(fd);
  *sb = (struct superblock){ 0 };
  *empty = true;
  if (n < 0 || len < AT + SIZE) {
    free(first);
    errno = n < 0 ? error : ENODATA;
    return false;
  }
  for (size_t i = 0; i < len && *empty; i++) *empty = first[i] == 0;
  const uint8_t *s = first + AT;
  sb->found = le(s + 0x38, 2) == 0xef53;
  uint32_t state = le(s + 0x3a, 2);
  sb->clean = (state & 1) && !(state & 2);
  sb->replay = le(s + 0x60, 4) & 4;
  bool metadata_csum = le(s + 0x64, 4) & 0x400;
  sb->checksum_ok = !metadata_csum || le(s + 0x3fc, 4) == crc32c(s, 0x3fc);
  sb->reserved = le(s + 0x08, 4);
  memcpy(sb->uuid, s + 0x68, 16);
  free(first);
  return true;
}
