/* What PID 1 tells of the boot: phases with their times, and why the data disk was refused. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "json.h"

void boot_phase(const char *name);
void boot_phase_at(const char *name, int64_t ms);
bool boot_reached(const char *name);
void boot_failed(const char *code, const char *detail);
/* Sends an event to the agent, or keeps it until there is one. */
void boot_emit(const struct text *event);
/* The members of `status`, without braces. */
void boot_status(struct text *out);
