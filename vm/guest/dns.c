/* dnsmasq answers host.docker.internal and gateway.docker.internal, for the default bridge, user networks, builds and the
   guest alike: dockerd hands resolv.conf's server to all of them. It caches nothing, so that a change of the host's DNS
   (a VPN) is seen with the next question. Knows nothing of supervision: service.c starts it. */
#define _GNU_SOURCE
#include "dns.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net.h"
#include "sys.h"

/* Two tries of three seconds: a DNS that says nothing is an error within seconds, not a hang. */
#define OPTIONS "options timeout:3 attempts:2\n"
#define TO_SERVICE "-j DNAT --to-destination " NET_GUEST ":" DNS_PORT "\n"

static const char rules[] =
  "*nat\n"
  "-I PREROUTING -d " DNS_ADDRESS "/32 -p udp --dport 53 " TO_SERVICE
  "-I PREROUTING -d " DNS_ADDRESS "/32 -p tcp --dport 53 " TO_SERVICE
  "-I OUTPUT -d " DNS_ADDRESS "/32 -p udp --dport 53 " TO_SERVICE
  "-I OUTPUT -d " DNS_ADDRESS "/32 -p tcp --dport 53 " TO_SERVICE
  "-I PREROUTING -d %1$s/32 -j DNAT --to-destination %2$s\n"
  "-I OUTPUT -d %1$s/32 -j DNAT --to-destination %2$s\n"
  "COMMIT\n";

void dns_write(void) {
  mkdir("/run/berth-dns", 0755);
  /* By IPv4 and by IPv6: QEMU passes a question on to a server of the host's of the same kind only. */
  write_text(DNS_SERVERS, "nameserver " NET_DNS "\nnameserver " NET_DNS6 "\n");
  write_text("/etc/resolv.conf", "nameserver " DNS_ADDRESS "\n" OPTIONS);
}

void dns_rules(const char *host) {
  char path[] = "/run/berth-dns/rules", words[512], text[sizeof rules + 64];
  snprintf(text, sizeof text, rules, strcmp(host, NET_HOST) == 0 ? NET_WAYS : NET_HOST, host);
  write_text(path, text);
  if (run_program((char *const[]){ "/usr/sbin/iptables-restore", "--noflush", path, NULL }, words, sizeof words) == 0) return;
  say("no way to the guest's resolver, so the host has no name: %s", words);
  write_text("/etc/resolv.conf", "nameserver " NET_DNS "\n" OPTIONS);
}

char *const *dns_arguments(const char *host) {
  static char record[128];
  static char *const args[] = { "/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--pid-file",
                                "--user=nobody", "--no-hosts", "--resolv-file=" DNS_SERVERS, "--strict-order", "--cache-size=0",
                                "--dns-forward-max=1000", "--listen-address=" NET_GUEST, "--bind-interfaces", "--port=" DNS_PORT,
                                "--local=/host.docker.internal/gateway.docker.internal/", record, NULL };
  snprintf(record, sizeof record, "--host-record=host.docker.internal,gateway.docker.internal,%s", host);
  return args;
}
