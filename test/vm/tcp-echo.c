/* For tests and benchmarks of TCP ports: gives every connection back what it says (`tcp-echo PORT`), and resets the one that says `!`. busybox's programs let one connection wait. */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  static char data[65536];
  struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((in_port_t)atoi(argc > 1 ? argv[1] : "0")) };
  int door = socket(AF_INET, SOCK_STREAM, 0), poller = epoll_create1(0), yes = 1;
  struct epoll_event event = { .events = EPOLLIN, .data.fd = door }, events[64];
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(door, (struct sockaddr *)&at, sizeof at) != 0 || listen(door, SOMAXCONN) != 0) return 1;
  epoll_ctl(poller, EPOLL_CTL_ADD, door, &event);
  for (;;) {
    int count = epoll_wait(poller, events, 64, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == door) {
        event.data.fd = accept(door, NULL, NULL);
        if (event.data.fd >= 0) epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event);
        continue;
      }
      ssize_t n = read(fd, data, sizeof data);
      struct linger now = { 1, 0 };
      if (n == 1 && data[0] == '!') setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now), n = 0;
      if (n <= 0 || write(fd, data, (size_t)n) != n) close(fd);
    }
  }
}
