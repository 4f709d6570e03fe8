/* lo and eth0 by ioctl, without running `ip`: two execs less on the way to dockerd. */
#define _GNU_SOURCE
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys.h"

static void set_address(struct sockaddr *to, const char *address) {
  struct sockaddr_in in = { .sin_family = AF_INET };
  inet_pton(AF_INET, address, &in.sin_addr);
  memcpy(to, &in, sizeof in);
}

static void up(int sock, const char *name, const char *address, const char *mask) {
  struct ifreq r = { 0 };
  snprintf(r.ifr_name, sizeof r.ifr_name, "%s", name);
  set_address(&r.ifr_addr, address);
  bool ok = ioctl(sock, SIOCSIFADDR, &r) == 0;
  set_address(&r.ifr_netmask, mask);
  ok = ok && ioctl(sock, SIOCSIFNETMASK, &r) == 0 && ioctl(sock, SIOCGIFFLAGS, &r) == 0;
  r.ifr_flags |= IFF_UP | IFF_RUNNING;
  ok = ok && ioctl(sock, SIOCSIFFLAGS, &r) == 0;
  if (!ok) say("network device %s: %s", name, strerror(errno));
}

void net_up(void) {
  int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  up(sock, "lo", "127.0.0.1", "255.0.0.0");
  up(sock, "eth0", "10.0.2.15", "255.255.255.0");
  struct rtentry route = { .rt_flags = RTF_UP | RTF_GATEWAY };
  set_address(&route.rt_dst, "0.0.0.0");
  set_address(&route.rt_genmask, "0.0.0.0");
  set_address(&route.rt_gateway, "10.0.2.2");
  if (ioctl(sock, SIOCADDRT, &route) != 0) say("default route: %s", strerror(errno));
  close(sock);
}
