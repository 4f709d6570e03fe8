/* Files of shares that somebody in the guest watches and that are no more on the host. */
#pragma once
#include <stdint.h>

/* Asks the server for those that programs watch by inotify on the mount at `place`; who watches one that went gets IN_DELETE_SELF. */
void ended_tell(const char *place);
