/* iptables and ip6tables while dockerd starts for the first time: what stands before the real programs, and when it ends. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

/* The roles of a process: `iptables` and `ip6tables` by the name that they were started with. */
bool front_role(const char *name);
int front_main(int argc, char **argv);

/* PID 1, before the first start of dockerd. */
void front_want(bool want);
/* Before each start: the folder that comes first in dockerd's PATH at the first one, NULL later. */
const char *front_open(void);
/* Loads the rules, in a child; nothing where that was done or is under way. `why` is for the log. */
void front_close(const char *why);
/* True where the kernel has dockerd's rules, so that it may be said that the engine is ready. */
bool front_settled(void);
/* True when the process was the child that loads them; `failed`: the engine needs a start of its own. */
bool front_exited(pid_t pid, int status, bool *failed);
