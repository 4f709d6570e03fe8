/* Names in the guest: a resolver that knows what the host is called and passes everything else on to it. */
#pragma once
#include "config.h"

/* Where containers and the guest ask. No address of the guest's own: Docker sends port 53 of those to whoever publishes it. */
#define DNS_ADDRESS "10.0.2.53"
/* Where it is answered: a port that nobody publishes by chance. */
#define DNS_PORT "53053"
/* The servers behind it, in resolv.conf's form; it is followed as it changes. */
#define DNS_SERVERS "/run/berth-dns/servers"

/* What the service and the engine read: resolv.conf and the list of servers. */
void dns_write(void);
/* The way from DNS_ADDRESS to the service, and from the address that the host has on the other network below to `host`: containers keep the
   one that was written for `host-gateway` when they were made. In a child, when netfilter's modules are there. */
void dns_rules(const char *host);
/* Its arguments; the names lead to `host`. */
char *const *dns_arguments(const char *host);
