/* containerd, dockerd, sshd and the resolver: started, watched, restarted with backoff. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "json.h"

enum service_id { CONTAINERD, DOCKERD, SSHD, DNS, SERVICES };

/* What the host's name leads to; before the first start. */
void service_host(const char *address);
int service_by_name(const char *name); /* -1: none */
bool service_runs(enum service_id id);
void service_start(enum service_id id);
/* Stops it and, when it has ended, starts it at once; `done` is called with `token` then, or with the pid -1 where another order took its place. */
void service_restart(enum service_id id, const char *token, void (*done)(const char *token, pid_t pid));
/* It is not started again: the VM goes down. */
void service_forget(enum service_id id);
void service_signal(enum service_id id, int sig);
/* True when the process was a service's. */
bool service_exited(pid_t pid, int status);
/* Starts and kills what is due; the milliseconds until there is more to do, or -1. */
int service_tick(void);
void service_list(struct text *out);
