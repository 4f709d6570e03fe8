/* The static network of QEMU's user net: nothing to ask for, so no DHCP. passt is given the same addresses. */
#pragma once
#define NET_GUEST "10.0.2.15"
#define NET_HOST "10.0.2.2"
#define NET_DNS "10.0.2.3"
/* On lo, where the network below the guest is not to lead to the host: what listens there is the host's (vm/AGREEMENT.md). */
#define NET_WAYS "10.0.2.4"
#define NET_GUEST6 "fec0::15"
#define NET_HOST6 "fec0::2"
#define NET_DNS6 "fec0::3"

/* `host` is what the host's name leads to: NET_HOST, or an address that the guest has itself. */
void net_up(const char *host);
