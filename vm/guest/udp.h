/* Datagrams of one published port over a byte stream: a process of its own for each, started through SSH as `/proc/1/exe udp HOST PORT`. */
#pragma once
int udp_main(const char *host, const char *port);
