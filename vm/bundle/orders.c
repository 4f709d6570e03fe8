/* A session or a system that ends asks all of its processes at once to end. QEMU would obey before the backend, which was asked too, has saved or
   stopped the guest, and the guest needs the servers of its shares for that. So QEMU ends by QMP, a server when QEMU hangs up, and either at last
   by SIGKILL. A blocked signal stays blocked over exec. */
#include "orders.h"

#include <signal.h>
#include <stddef.h>

void ignore_orders(void) {
  sigset_t orders;
  sigemptyset(&orders);
  sigaddset(&orders, SIGTERM);
  sigaddset(&orders, SIGHUP);
  sigaddset(&orders, SIGINT);
  sigprocmask(SIG_BLOCK, &orders, NULL);
}
