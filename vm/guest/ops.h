/* What the host can ask for beyond PID 1's own affairs. Each writes the members of its answer. */
#pragma once
#include <stddef.h>

#include "json.h"

struct request {
  const struct json_member *members;
  size_t count;
  const char *services; /* for `health`: PID 1's list as JSON members */
};

typedef void (*op_function)(const struct request *request, struct text *answer);

struct op {
  const char *name;
  op_function run;
  bool slow; /* runs in a process of its own, so that the agent goes on answering */
};

const struct op *op_find(const char *name);
void op_health(const struct request *request, struct text *answer);
/* Checks the text and writes daemon.json; false: the error is in the answer. */
bool op_write_config(const struct request *request, struct text *answer);
