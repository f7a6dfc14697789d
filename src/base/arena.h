/*
 * Memory that is given back all at once: one arena serves one turn, request or command.
 *
 * Out of memory ends the process (exit 1 with a line on stderr): nothing above can do better.
 * A secret never stands in an arena (STYLE, "Memory").
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;
struct arena {
	struct arena_block *last;
	size_t total; /* bytes asked of malloc */
};

/* Zeroed, aligned for any type. Lives until arena_drop. n == 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t n) __attribute__((malloc, alloc_size(2)));
void *arena_array(struct arena *a, size_t count, size_t size); /* count * size, overflow ends the process */
char *arena_strdup(struct arena *a, const char *s);
char *arena_memdup(struct arena *a, const void *p, size_t n); /* n bytes and a NUL behind */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap);
void arena_drop(struct arena *a); /* a is usable again, empty */

#define auto_arena __attribute__((cleanup(arena_drop))) struct arena

/* malloc and realloc that end the process when memory is gone; for what lives in no arena. */
void *mem_alloc(size_t n);
void *mem_grow(void *p, size_t n);

#endif
