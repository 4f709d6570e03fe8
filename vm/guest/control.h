/* PID 1's side of the agent: starts its process, sends it events, serves the requests that need PID 1. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

void control_start(void);
int control_fd(void);
void control_take(void);
void control_emit(const char *event, size_t len);
/* True when the process was the agent's; it is started again. */
bool control_exited(pid_t pid);
int control_tick(void);
