/* The processors that the kernel left for later (maxcpus=1 on its command line). */
#pragma once
#include <sys/types.h>

/* In a child, to be waited for before the first service: a program counts the processors once. */
pid_t cpus_start(void);
