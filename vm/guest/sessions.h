/* Ending what earlier SSH connections left. */
#pragma once
#include "ops.h"

void op_hangup(const struct request *request, struct text *answer);
