/* The order in which the guest goes down, as steps that the main loop drives. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

void shutdown_begin(void);
bool shutdown_begun(void);
/* dockerd logged that it took its new configuration. */
void shutdown_reloaded(void);
/* Does what is due; milliseconds until the next deadline, or -1. Does not return from the last step. */
int shutdown_tick(void);
