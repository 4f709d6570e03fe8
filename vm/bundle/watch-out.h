/* What is told to the host: records on stdout (share-watch.c says which). */
#pragma once
#include <stddef.h>

enum { BUFFER = 64 * 1024 };

void emit(char kind, const char *path);
void flush(void);
/* Zeroed; never NULL. */
void *alloc(size_t size);
