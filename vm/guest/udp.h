/* Datagrams of one published port over a byte stream: a process of its own for each, of the relay's, or started through SSH as
   `/proc/1/exe udp HOST PORT`. */
#pragma once
#include <sys/socket.h>

int udp_main(const char *host, const char *port);
/* Of IPv4 or IPv6, both as text; 0 where it is none. */
socklen_t socket_address(const char *host, const char *port, struct sockaddr_storage *address);
