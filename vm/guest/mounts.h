/* The file systems, device nodes, kernel settings and limits that an init provides. */
#pragma once
#include "config.h"

/* In the initramfs: the system image with a layer of memory over it becomes `/`. False: no system disk. */
void mounts_first(void);
bool mounts_root(const char *device);
/* In the new root: everything that does not need the data disk. */
void mounts_system(void);
void system_settings(void);
void system_identity(const struct config *config);
void system_limits(void);
