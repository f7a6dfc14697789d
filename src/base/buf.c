/*
 * A growing buffer with a ceiling.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/buf.h"

#include "base/arena.h"
#include "base/err.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

char *buf_room(struct buf *b, size_t n)
{
	size_t want, cap;

	assert(b->max > 0); /* made without buf_max */
	if (n > b->max || b->n > b->max - n) {
		b->over = true;
		return NULL;
	}
	want = b->n + n + 1;
	if (want > b->cap) {
		cap = b->cap ? b->cap : 256;
		while (cap < want)
			cap += cap / 2 + 1;
		if (cap > b->max + 1)
			cap = b->max + 1;
		b->p = mem_grow(b->p, cap);
		b->cap = cap;
		b->p[b->n] = 0; /* a reader that then finds nothing must not leave what the memory held before */
	}
	return b->p + b->n;
}

int buf_add(struct buf *b, const void *p, size_t n)
{
	char *room = buf_room(b, n);

	if (!room)
		return -1;
	if (n)
		memcpy(room, p, n);
	b->n += n;
	b->p[b->n] = 0;
	return 0;
}

int buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_add_char(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	char *room;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	room = n < 0 ? NULL : buf_room(b, (size_t)n);
	if (room) {
		vsnprintf(room, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
	return room ? 0 : -1;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = buf_vprintf(b, fmt, ap);
	va_end(ap);
	return r;
}

void buf_eat(struct buf *b, size_t n)
{
	assert(n <= b->n);
	if (!n)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = 0;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->over = false;
	if (b->p)
		b->p[0] = 0;
}

void buf_drop(struct buf *b)
{
	free(b->p);
	*b = buf_max(b->max);
}

int buf_check(const struct buf *b, const char *what, struct err *e)
{
	if (!b->over)
		return 0;
	return err_set(e, ERR_INPUT, "%s is larger than %zu bytes", what, b->max);
}
