/* What the three parts of the preloaded library (owners.c says what it is) share. Plain files of descriptors, no paths:
   virtiofsd names everything by a descriptor, and so does all that is here. */
#ifndef BERTH_OWNERS_H
#define BERTH_OWNERS_H
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Nothing of this may stand in for a function of virtiofsd's libraries. */
#pragma GCC visibility push(hidden)

/* Since `syscall` itself is interposed, and since every function interposed is a thin cover of a system call, what is
   passed on goes to the kernel by libc's own `syscall`. virtiofsd's seccomp list holds for all that is called here. */
typedef long kernel_call(long number, ...);
kernel_call *kernel_entry(void);
#define KERNEL(...) (kernel_entry()(__VA_ARGS__))

struct owner { uint32_t uid, gid; };

/* owners-record.c */

/* "/proc/self/fd/N", through which a descriptor of O_PATH has extended attributes and a mode. */
struct fd_path { char text[32]; };
struct fd_path fd_path(int fd);
/* What statx says, with the birth time, of what a descriptor is open on. */
int look(int fd, struct statx *host);
/* Who owns it as containers see it. */
struct owner seen_owner(int fd, const struct statx *host);
/* 0, or -1 with errno. `fresh`: it was made just now, so there can be no record to take away. */
int keep_owner(int fd, const struct statx *host, struct owner owner, int fresh);
/* Its attributes can soon no longer be read. */
void remember_owner(const struct statx *host, struct owner owner);

/* owners-mode.c */

/* Gives the user the rights that the modes of these (at most 3, ended by -1) deny him; 0 when there was none to give,
   errno EACCES. Nobody looks at modes between this and lower_modes, which keeps errno. */
int raise_modes(const int *fds);
void lower_modes(void);
void modes_hold(void);
void modes_release(void);
/* Takes back what a process that died between the two has left, and notes from now on what is raised; on a share that
   is read-only nothing is. */
void open_journal(const char *path, uid_t user, int may_raise);

/* A call that the modes of these files must not forbid: the guest's kernel has judged it already, by the owners seen. */
#define AS_ROOT(call, ...)                                                        \
  ({                                                                              \
    long result_ = (call);                                                        \
    if (result_ < 0 && errno == EACCES && raise_modes((const int[]){ __VA_ARGS__, -1 })) { \
      result_ = (call);                                                           \
      lower_modes();                                                              \
    }                                                                             \
    result_;                                                                      \
  })

#pragma GCC visibility pop
#endif
