/* A model of one family's netfilter rules as dockerd's start builds them, from none of its own: pure, text in, text out. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "json.h"

/* The command is none that the model can answer for certain. */
enum { RULES_UNKNOWN = -1 };

/* Answers a command of iptables (argv[0] is its name) from `model`, and changes it: the exit status, its words in `said`. */
int rules_answer(struct text *model, int argc, char *const *argv, const char **said);
/* What iptables-restore --noflush makes the kernel's rules with; empty where there is nothing to load. */
void rules_restore(const struct text *model, struct text *out);
