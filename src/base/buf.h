/*
 * Bytes, and a growing buffer of them with a ceiling.
 *
 * Every buffer is made with a ceiling (buf_max); an addition that would pass it changes nothing, sets
 * `over` and returns -1, so a run of additions may be checked once at its end with buf_check.
 * There is always a NUL behind the last byte, so p can be read as a string when it holds text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct err;

struct bytes { /* borrowed; not NUL-ended */
	const char *p;
	size_t n;
};

struct buf {
	char *p; /* never NULL once something was added */
	size_t n, cap, max;
	bool over;
};

static inline struct bytes bytes_of(const char *s)
{
	return (struct bytes){ s, s ? strlen(s) : 0 };
}
static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || !memcmp(a.p, b.p, a.n));
}
static inline struct buf buf_max(size_t max)
{
	return (struct buf){ .max = max };
}
static inline struct bytes buf_bytes(const struct buf *b)
{
	return (struct bytes){ b->p ? b->p : "", b->n };
}
/* The text so far; "" when empty. Valid until the next addition. */
static inline const char *buf_str(const struct buf *b)
{
	return b->p ? b->p : "";
}

int buf_add(struct buf *b, const void *p, size_t n);
int buf_add_str(struct buf *b, const char *s);
int buf_add_char(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/* Room for n more bytes at p + n; the caller adds to b->n what it wrote. NULL over the ceiling. */
char *buf_room(struct buf *b, size_t n);

/* Drops the first n bytes. */
void buf_eat(struct buf *b, size_t n);
void buf_clear(struct buf *b); /* empty; memory and ceiling stay */
void buf_drop(struct buf *b);  /* memory back; ceiling stays     */

/* 0, or ERR_INPUT "<what> is larger than <max> bytes" when the ceiling was hit. */
int buf_check(const struct buf *b, const char *what, struct err *e);

#define auto_buf __attribute__((cleanup(buf_drop))) struct buf

#endif
