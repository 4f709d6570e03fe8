/* Connections and datagrams of published ports, beside SSH: what stays on one machine needs no second encryption (AGREEMENT.md, "Relay"). */
#pragma once
#include "ops.h"

/* One that has this key goes on. For another key there is another one: the earlier one ends, and with it everything that goes through it. */
void op_relay(const struct request *request, struct text *answer);
/* Ends it until the host orders another. */
void relay_end(void);
