/* The static network of QEMU's user net: nothing to ask for, so no DHCP. */
#pragma once
void net_up(void);
