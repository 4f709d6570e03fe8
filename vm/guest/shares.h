/* Shared folders of the host, mounted at their own paths. Formats: AGREEMENT.md, Shares. */
#pragma once
#include <stdbool.h>

/* What fw_cfg says, before dockerd starts; nothing in it stops the boot. */
void shares_boot(void);
/* Seconds for which dockerd waits until the host has mounted them; 0 = not at all. */
int shares_hold(void);
/* Looks whether the kernel knows too many of their files, and has it forget some. Milliseconds until the next look; -1 = none is needed. */
int shares_forget(void);
/* The host has mounted them. */
bool shares_released(void);
/* The program's role `shares`: a line in, an answer out. */
int shares_main(void);
