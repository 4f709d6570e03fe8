/* Reading ext4's superblock, without mounting and without writing. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct superblock {
  bool found, checksum_ok, clean;
  bool replay; /* the journal holds what the disk does not yet */
  uint32_t reserved; /* blocks that only its owner may take, the low half of the number */
  uint8_t uuid[16];
};

/* False when the device cannot be read; errno says why. `empty`: its first MiB is all zero. */
bool ext4_read(const char *device, struct superblock *sb, bool *empty);
