/* The two disks, found by their serial, and the rules by which the data disk is used. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

#define DATA_DIR "/data"
#define DATA_SERIAL "berth-data"
#define SYSTEM_SERIAL "berth-system"

/* "/dev/vdX" of the virtio disk with that serial; waits for it at most `wait_ms`. */
bool disk_find(const char *serial, int wait_ms, char *device, size_t size);

struct data_failure {
  const char *code; /* as AGREEMENT.md names them */
  char detail[2048];
};

/* Checks, on the one-time order formats, repairs what e2fsck -p repairs, mounts, and binds docker's folders.
   Writes nothing to a disk that it refuses, but for what e2fsck did. */
bool data_open(const struct config *config, struct data_failure *failure);
/* Copies the kernel's last words on ext4 to `out`. */
void ext4_words(char *out, size_t size);
