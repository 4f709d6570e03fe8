/* Knows bytes and descriptors, and nothing of what they mean. */
#define _GNU_SOURCE
#include "vhost-user.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void message_drop_fds(struct message *message) {
  for (int i = 0; i < message->count; i++)
    if (message->fds[i] >= 0) close(message->fds[i]);
  message->count = 0;
}

bool message_take(int from, struct message *message) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * FDS)];
  } control;
  struct iovec part = { message, HEADER };
  struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control };
  ssize_t n;
  message->count = 0;
  while ((n = recvmsg(from, &head, MSG_CMSG_CLOEXEC | MSG_WAITALL)) < 0 && errno == EINTR) continue;
  for (struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&head) : NULL; c; c = CMSG_NXTHDR(&head, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
      message->count = (int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      memcpy(message->fds, CMSG_DATA(c), sizeof(int) * (size_t)message->count);
    }
  if (n != HEADER || message->size > PAYLOAD) return false;
  for (size_t have = 0; have < message->size; have += (size_t)n) {
    while ((n = recv(from, message->payload + have, message->size - have, MSG_WAITALL)) < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
  }
  return true;
}

bool message_give(int to, const struct message *message) {
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * FDS)];
  } control;
  struct iovec part = { (void *)message, HEADER + message->size };
  struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1 };
  if (message->count > 0) {
    size_t bytes = sizeof(int) * (size_t)message->count;
    memset(&control, 0, sizeof control);
    head.msg_control = &control, head.msg_controllen = CMSG_SPACE(bytes);
    control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(bytes), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&control.header), message->fds, bytes);
  }
  ssize_t n;
  while ((n = sendmsg(to, &head, MSG_NOSIGNAL)) < 0 && errno == EINTR) continue;
  return n == (ssize_t)part.iov_len;
}

uint32_t message_number(const struct message *message, int at) {
  uint32_t value;
  memcpy(&value, message->payload + at, sizeof value);
  return value;
}
