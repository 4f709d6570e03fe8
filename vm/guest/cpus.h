/* The processors that the kernel left for later (maxcpus=1 on its command line). */
#pragma once

void cpus_start(void);
