/* virtio-serial ports by name: without udev there are no links in /dev/virtio-ports. */
#pragma once
/* Opens the named port non-blocking; -1 while it is not there (yet). */
int port_open(const char *name);
