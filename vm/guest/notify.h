/* PID 1's program in another role: tells the guest's kernel of changes that the host made in shared folders. */
#pragma once

int notify_main(void);
