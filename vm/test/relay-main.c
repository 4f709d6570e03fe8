/* The guest's relay as a program of this machine: orders as lines on its input, as the agent has them, answers as lines; it ends with its input.
   As `relay urgent` a server of one connection, for what Node cannot send: its port on its output, then urgent data in the middle of other. */
#include "../guest/relay.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int urgent(void) {
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t len = sizeof at;
  int door = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(door, (struct sockaddr *)&at, len) != 0 || listen(door, 1) != 0 || getsockname(door, (struct sockaddr *)&at, &len) != 0) return 1;
  printf("%d\n", ntohs(at.sin_port));
  fflush(stdout);
  int fd = accept(door, NULL, NULL);
  send(fd, "before ", 7, 0);
  send(fd, "!", 1, MSG_OOB);
  usleep(50000);
  send(fd, "between ", 8, 0);
  usleep(50000);
  send(fd, "!", 1, MSG_OOB);
  send(fd, "after", 5, 0);
  return close(fd);
}

int main(int argc, char **argv) {
  static char line[4096];
  if (argc > 1 && strcmp(argv[1], "urgent") == 0) return urgent();
  while (fgets(line, sizeof line, stdin)) {
    struct json_member members[8];
    struct request request = { members, 0, NULL };
    struct text answer = { 0 };
    if (strcmp(line, "end\n") == 0) relay_end();
    else if (json_object(line, strlen(line) - 1, members, 8, &request.count)) op_relay(&request, &answer);
    printf("%s\n", answer.data ? answer.data : "");
    fflush(stdout);
    text_free(&answer);
  }
  relay_end();
  return 0;
}
