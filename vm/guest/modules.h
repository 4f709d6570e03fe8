/* Kernel modules, which the build puts into the initramfs: uncompressed, and in the order in which they depend. */
#pragma once
/* Loads the modules of one stage of /modules/order, found below the folder that is open as `dir`. */
void modules_load(int dir, const char *stage);
