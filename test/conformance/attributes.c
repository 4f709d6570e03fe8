/* What a container sees of a file's extended attributes, and that it can neither set nor remove the one in which its owner is kept. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

int main(int argc, char **argv) {
  char names[1024], value[64];
  const char *record = "user.berth.owner", *own = "user.note", *file = argv[argc - 1];
  if (setxattr(file, own, "hello", 5, 0) < 0) perror(own);
  ssize_t length = listxattr(file, names, sizeof names);
  for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1) printf("%s\n", names + at);
  length = getxattr(file, own, value, sizeof value);
  printf("%.*s\n", (int)(length < 0 ? 0 : length), value);
  printf("get %s\n", getxattr(file, record, value, sizeof value) < 0 ? strerrorname_np(errno) : "ok");
  printf("set %s\n", setxattr(file, record, "0:0", 3, 0) < 0 ? strerrorname_np(errno) : "ok");
  printf("remove %s\n", removexattr(file, record) < 0 ? strerrorname_np(errno) : "ok");
  return 0;
}
