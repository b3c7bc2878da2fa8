/* The memory functions that generated code may call, for tool chains without a C library. */
#ifndef LIMEN_STRING_H
#define LIMEN_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int value, size_t count);

#endif
