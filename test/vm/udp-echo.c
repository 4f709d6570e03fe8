/* For tests of UDP ports: answers each datagram with itself in capitals, or never (`udp-echo PORT silent`). busybox has no program for datagrams. */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv) {
  static char data[65536];
  struct sockaddr_in6 at = { .sin6_family = AF_INET6, .sin6_port = htons((in_port_t)atoi(argc > 1 ? argv[1] : "0")) }, from;
  int s = socket(AF_INET6, SOCK_DGRAM, 0), off = 0, size = 4 << 20;
  setsockopt(s, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  if (bind(s, (struct sockaddr *)&at, sizeof at) != 0) return 1;
  for (;;) {
    socklen_t len = sizeof from;
    ssize_t n = recvfrom(s, data, sizeof data, 0, (struct sockaddr *)&from, &len);
    /* No call for each byte: in an emulated guest that alone would take half a processor at 20,000 a second. */
    for (ssize_t i = 0; i < n; i++) data[i] = (char)(data[i] - (data[i] >= 'a' && data[i] <= 'z' ? 'a' - 'A' : 0));
    if (n >= 0 && argc < 3) sendto(s, data, (size_t)n, 0, (struct sockaddr *)&from, len);
  }
}
