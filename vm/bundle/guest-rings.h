/* The rings of one virtio device as vhost-user's messages describe them. */
#pragma once
#include <poll.h>
#include <stdint.h>

#include "vhost-user.h"

enum { RINGS = 64 };

void rings_init(void);
/* Of each message of QEMU's. It stays whole: what is kept is a copy. */
void rings_note(const struct message *message);
/* Answers with ENOTCONN whatever has no answer yet. */
void rings_refuse(void);
/* The guest's calls, to be waited for and taken. */
void rings_poll(struct pollfd fds[RINGS]);
void rings_kicked(const struct pollfd fds[RINGS]);
/* How many requests of it were answered. */
uint16_t ring_done(uint32_t index);
