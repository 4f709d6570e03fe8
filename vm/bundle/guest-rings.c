/* What is kept of a guest's rings, so that requests can be refused when their server is gone. Looks at no data of the guest's before that.
   Byte order is the machine's; virtio's and vhost-user's are little-endian, as every machine that Berth runs on. */
#define _GNU_SOURCE
#include "guest-rings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { REGIONS = 64 };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

struct region {
  uint64_t guest, size, user, offset;
  unsigned char *base; /* of the mapping; NULL: a free place */
};

struct ring {
  uint32_t size;
  uint64_t desc, used, avail; /* addresses of QEMU's */
  int kick, call;
};

struct descriptor {
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
};

static struct region regions[REGIONS];
static struct ring rings[RINGS];

void rings_init(void) {
  for (int i = 0; i < RINGS; i++) rings[i].kick = rings[i].call = -1;
}

static void forget_region(struct region *region) {
  munmap(region->base, region->size + region->offset);
  region->base = NULL;
}

static void keep_region(const unsigned char *fields, int fd) {
  uint64_t guest, size, user, offset;
  memcpy(&guest, fields, 8), memcpy(&size, fields + 8, 8), memcpy(&user, fields + 16, 8), memcpy(&offset, fields + 24, 8);
  for (struct region *region = regions; region < regions + REGIONS; region++) {
    if (region->base) continue;
    void *base = mmap(NULL, size + offset, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    if (base == MAP_FAILED) {
      fprintf(stderr, "share-keeper: mapping the guest's memory: %s\n", strerror(errno));
      exit(1);
    }
    *region = (struct region){ guest, size, user, offset, base };
    return;
  }
}

void rings_note(const struct message *message) {
  uint32_t first = message_number(message, 0);
  struct ring *ring = &rings[(message->request == SET_VRING_KICK || message->request == SET_VRING_CALL ? first & 0xff : first) % RINGS];
  switch (message->request) {
  case SET_MEM_TABLE:
    for (struct region *region = regions; region < regions + REGIONS; region++)
      if (region->base) forget_region(region);
    for (int i = 0; i < message->count && i < (int)first; i++) keep_region(message->payload + 8 + 32 * i, message->fds[i]);
    break;
  case ADD_MEM_REG:
    if (message->count == 1) keep_region(message->payload + 8, message->fds[0]);
    break;
  case REM_MEM_REG:
    for (struct region *region = regions; region < regions + REGIONS; region++)
      if (region->base && memcmp(&region->guest, message->payload + 8, 24) == 0) forget_region(region);
    break;
  case SET_VRING_NUM: ring->size = message_number(message, 4); break;
  case SET_VRING_ADDR:
    memcpy(&ring->desc, message->payload + 8, 8), memcpy(&ring->used, message->payload + 16, 8), memcpy(&ring->avail, message->payload + 24, 8);
    break;
  case GET_VRING_BASE: ring->size = 0; break; /* it is stopped */
  case SET_VRING_KICK:
  case SET_VRING_CALL: {
    int *kept = message->request == SET_VRING_KICK ? &ring->kick : &ring->call;
    if (*kept >= 0) close(*kept);
    *kept = message->count == 1 ? dup(message->fds[0]) : -1;
    break;
  }
  default: break;
  }
}

/* Memory of the guest by an address of its own, or of QEMU's; NULL where it is not all in one region. */
static void *memory(uint64_t address, uint64_t length, bool of_guest) {
  for (const struct region *region = regions; region < regions + REGIONS; region++) {
    uint64_t start = of_guest ? region->guest : region->user;
    if (region->base && address >= start && length <= region->size && address - start <= region->size - length)
      return region->base + region->offset + (address - start);
  }
  return NULL;
}

/* An error as the answer to the request of one chain of buffers; how many bytes of answer there are. */
static uint32_t refuse(const struct descriptor *table, uint32_t size, uint16_t at) {
  struct {
    uint32_t length;
    int32_t error;
    uint64_t unique;
  } answer = { 16, -ENOTCONN, 0 };
  bool asked = false;
  for (uint32_t i = 0; i < size && at < size; i++) {
    struct descriptor each = table[at];
    if (each.flags & DESC_INDIRECT) {
      const struct descriptor *inner = memory(each.address, each.length, true);
      return inner ? refuse(inner, each.length / sizeof *inner, 0) : 0;
    }
    if (!(each.flags & DESC_WRITE) && !asked) {
      const unsigned char *request = memory(each.address, 16, true);
      if (request && each.length >= 16) memcpy(&answer.unique, request + 8, 8);
      asked = true;
    } else if (each.flags & DESC_WRITE) {
      void *place = each.length >= sizeof answer ? memory(each.address, sizeof answer, true) : NULL;
      if (!place) return 0;
      memcpy(place, &answer, sizeof answer);
      return sizeof answer;
    }
    if (!(each.flags & DESC_NEXT)) break;
    at = each.next;
  }
  return 0; /* a FORGET wants none */
}

/* The server takes requests in their order, one after the other: all that is not in `used` has no answer. */
static void refuse_all(struct ring *ring) {
  uint32_t size = ring->size;
  if (size == 0) return;
  const struct descriptor *table = memory(ring->desc, 16ull * size, false);
  volatile uint16_t *avail = memory(ring->avail, 4 + 2ull * size, false);
  volatile unsigned char *used = memory(ring->used, 6 + 8ull * size, false);
  if (!table || !avail || !used) return;
  volatile uint16_t *done = (volatile uint16_t *)(used + 2), *wake_at = (volatile uint16_t *)(used + 4 + 8 * size);
  bool any = false;
  for (;;) {
    for (; *done != avail[1]; any = true) {
      __atomic_thread_fence(__ATOMIC_SEQ_CST);
      uint16_t index = avail[2 + *done % size];
      volatile uint32_t *entry = (volatile uint32_t *)(used + 4 + 8 * (*done % size));
      entry[0] = index, entry[1] = refuse(table, size, index);
      __atomic_thread_fence(__ATOMIC_SEQ_CST);
      *done = (uint16_t)(*done + 1);
    }
    /* The guest announces the next one, in either of the two ways to ask for it. */
    *(volatile uint16_t *)used = 0, *wake_at = avail[1];
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (*done == avail[1]) break;
  }
  if (any && ring->call >= 0 && write(ring->call, &(uint64_t){ 1 }, 8) < 0) return;
}

void rings_refuse(void) {
  for (int i = 0; i < RINGS; i++) refuse_all(&rings[i]);
}

void rings_poll(struct pollfd fds[RINGS]) {
  for (int i = 0; i < RINGS; i++) fds[i] = (struct pollfd){ rings[i].size ? rings[i].kick : -1, POLLIN, 0 };
}

void rings_kicked(const struct pollfd fds[RINGS]) {
  uint64_t kicks;
  for (int i = 0; i < RINGS; i++)
    if (fds[i].revents && read(rings[i].kick, &kicks, sizeof kicks) < 0 && errno != EAGAIN) rings[i].kick = -1;
}

uint16_t ring_done(uint32_t index) {
  const unsigned char *used = memory(rings[index % RINGS].used, 4, false);
  return used ? *(const uint16_t *)(used + 2) : 0;
}
