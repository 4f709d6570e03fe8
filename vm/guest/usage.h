/* What the guest uses, by its own account, and the giving back of what it does not need. */
#pragma once
#include "ops.h"

void op_usage(const struct request *request, struct text *answer);
/* Slow: seconds under software emulation. */
void op_reclaim(const struct request *request, struct text *answer);
