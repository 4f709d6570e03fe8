/* Shared folders of the host, mounted at their own paths. Formats: AGREEMENT.md, Shares. */
#pragma once
#include <stdbool.h>

/* What fw_cfg says, before dockerd starts; nothing in it stops the boot. */
void shares_boot(void);
/* Seconds for which dockerd waits until the host has mounted them; 0 = not at all. */
int shares_hold(void);
/* The host has mounted them. */
bool shares_released(void);
/* The program's role `shares`: a line in, an answer out. */
int shares_main(void);
