/* Log lines of the guest: the last ones of each source are kept, all go to the port `berth.log`.
   Writing never waits for the host. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "json.h"

enum log_source { LOG_INIT, LOG_KERNEL, LOG_AGENT, LOG_SSHD, LOG_CONTAINERD, LOG_DOCKERD, LOG_DNS, LOG_SOURCES };

/* The read end of a pipe whose lines are that source's; the write end goes to the process as 1 and 2. */
int log_pipe_read(enum log_source source);
int log_pipe_write(enum log_source source);
void log_start(void);

void log_line(enum log_source source, const char *line, size_t len);
/* Reads what is in the pipe; `seen` gets each line. */
void log_take(enum log_source source, void (*seen)(enum log_source, const char *line));
/* -1, or LOG_SOURCES names. */
int log_source_by_name(const char *name);
/* Adds the last lines as a JSON array. */
void log_tail(enum log_source source, int lines, struct text *out);
/* Tries to send what is waiting; true while something still is. */
bool log_flush(void);
/* The open /dev/kmsg, whose warnings are lines of LOG_KERNEL. */
int log_kernel_fd(void);
void log_kernel_take(void);
