/* Messages of vhost-user: a header, a payload, descriptors beside them. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { HEADER = 12, PAYLOAD = 4096, FDS = 16 };
enum { GET_FEATURES = 1, SET_MEM_TABLE = 5, SET_VRING_NUM = 8, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE, SET_VRING_KICK, SET_VRING_CALL };
enum { GET_PROTOCOL_FEATURES = 15, GET_QUEUE_NUM = 17, GET_MAX_MEM_SLOTS = 36, ADD_MEM_REG, REM_MEM_REG, SET_DEVICE_STATE_FD = 42, CHECK_DEVICE_STATE };
enum { FLAG_VERSION = 1, FLAG_REPLY = 4, FLAG_NEED_REPLY = 8 };

struct message {
  uint32_t request, flags, size;
  unsigned char payload[PAYLOAD];
  int fds[FDS], count;
};

/* False: the other side is gone. */
bool message_take(int from, struct message *message);
bool message_give(int to, const struct message *message);
void message_drop_fds(struct message *message);
/* Field of 32 bits at this place of the payload. */
uint32_t message_number(const struct message *message, int at);
