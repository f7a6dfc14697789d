/*
 * Arena: a list of growing blocks.
 *
 * Blocks start at 4 KiB and double up to 1 MiB; a larger request gets a block of its own,
 * put behind the current one so that the room left there is still used.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char room[];
};

static void out_of_memory(void)
{
	fputs("sealwright: out of memory\n", stderr);
	exit(1);
}

void *mem_alloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_grow(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		out_of_memory();
	return p;
}

static struct arena_block *block_new(struct arena *a, size_t size)
{
	struct arena_block *b = mem_alloc(sizeof(*b) + size);

	b->next = NULL;
	b->used = 0;
	b->size = size;
	a->total += sizeof(*b) + size;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	struct arena_block *b = a->last;
	size_t size;
	void *p;

	if (n > SIZE_MAX / 2)
		out_of_memory();
	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!b || b->size - b->used < n) {
		size = b ? (b->size < (1 << 20) ? b->size * 2 : b->size) : 4096;
		if (b && n > size) { /* a block of its own, behind the current one */
			struct arena_block *own = block_new(a, n);

			own->next = b->next;
			b->next = own;
			own->used = n;
			return memset(own->room, 0, n);
		}
		b = block_new(a, n > size ? n : size);
		b->next = a->last;
		a->last = b;
	}
	p = b->room + b->used;
	b->used += n;
	return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
	size_t n;

	if (__builtin_mul_overflow(count, size, &n))
		out_of_memory();
	return arena_alloc(a, n);
}

char *arena_memdup(struct arena *a, const void *p, size_t n)
{
	char *q = arena_alloc(a, n + 1);

	if (n)
		memcpy(q, p, n);
	return q;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	int n;
	char *p;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n < 0)
		out_of_memory();
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void arena_drop(struct arena *a)
{
	struct arena_block *b = a->last, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	a->last = NULL;
	a->total = 0;
}
