#define _GNU_SOURCE
#include "mountinfo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mountinfo_unescape(char *text) {
  char *out = text;
  for (char *in = text; *in; in++) {
    if (in[0] == '\\' && strspn(in + 1, "01234567") >= 3) {
      *out++ = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
      in += 3;
    } else *out++ = *in;
  }
  *out = 0;
}

/* A line of mountinfo: `id parent major:minor root place options … - type source options`. */
static bool parse(char *line, struct mounted *found) {
  char *fields[5], *rest = line, *tail = strstr(line, " - ");
  if (!tail || sscanf(tail, " - %63s %63s", found->type, found->source) != 2) return false;
  *tail = 0;
  for (int i = 0; i < 5; i++)
    if (!(fields[i] = strsep(&rest, " "))) return false;
  mountinfo_unescape(fields[4]);
  snprintf(found->root, sizeof found->root, "%s", fields[3]);
  snprintf(found->place, sizeof found->place, "%s", fields[4]);
  return true;
}

bool mountinfo_find(uint64_t id, struct mounted *found) {
  FILE *table = fopen("/proc/self/mountinfo", "re");
  char *line = NULL;
  size_t size = 0;
  bool any = false;
  while (table && !any && getline(&line, &size, table) > 0) any = strtoull(line, NULL, 10) == id && parse(line, found);
  free(line);
  if (table) fclose(table);
  return any;
}

bool mountinfo_is_share(const struct mounted *mount) {
  return strcmp(mount->type, "virtiofs") == 0 || strcmp(mount->type, "fuse.sshfs") == 0;
}
