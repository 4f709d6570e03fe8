/* Certificates that the host gives: authorities beside the system's own, and dockerd's certs.d. */
#pragma once

/* Before containerd and dockerd start: a Go program reads the authorities once. Nothing in the content stops the boot. */
void trust_write(void);
