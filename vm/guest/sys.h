/* Small helpers over system calls that every part of the guest's program uses. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

double boot_seconds(void); /* CLOCK_BOOTTIME: it runs on while the VM is suspended */
int64_t boot_ms(void);

/* One line for the log and, from PID 1, the console; from a child it goes to the child's stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Where say() of PID 1 sends its lines beside the console. */
void say_to(void (*sink)(const char *line, size_t len));

bool write_text(const char *path, const char *text);
/* A temporary file beside, fsync, rename: a reader sees the old file or the new one. */
bool replace_file(const char *path, const char *data, size_t len, mode_t mode);
/* Reads at most size-1 bytes and ends them with a NUL; -1 with errno. */
ssize_t read_file(const char *path, char *buf, size_t size);
/* The whole file, allocated, NUL behind; NULL with errno. */
char *read_whole(const char *path, size_t limit, size_t *len);

bool mount_at(const char *source, const char *target, const char *type, unsigned long flags, const char *options);
/* Runs a program with its output in `out`; its exit status, or 128 + signal, or 127. */
int run_program(char *const argv[], char *out, size_t size);
/* In a child after fork: default signals, nothing blocked, and death together with the parent. */
void become_child(const char *name, bool die_with_parent);
