/* What the kernel's table says of a mount. */
#pragma once
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

struct mounted {
  char root[PATH_MAX], place[PATH_MAX], type[64], source[64];
};

/* Undoes `\ooo`, the kernel's own way to write what would end a field. */
void mountinfo_unescape(char *text);
/* By the id that STATX_MNT_ID gives. */
bool mountinfo_find(uint64_t id, struct mounted *found);
/* A mount of a folder of the host's. */
bool mountinfo_is_share(const struct mounted *mount);
