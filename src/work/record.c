/*
 * Records of our own files: a letter, numbers, and a text that ends in NUL, so that any path fits.
 *
 *	F 3 33188 0 :src/main.c\0
 *
 * They lie in our own folder, but a disk may hand back anything, so they are read like a stranger's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"

#include "base/err.h"

#include <inttypes.h>

void record_add(struct buf *b, const struct record *r)
{
	buf_add_char(b, r->kind);
	for (int i = 0; i < r->count; i++)
		buf_printf(b, " %" PRId64, r->n[i]);
	buf_printf(b, " :%s", r->text);
	buf_add_char(b, 0);
}

/* Digits, at most 18, so that nothing overflows. */
static const char *number(const char *p, const char *end, int64_t *out)
{
	bool minus = p < end && *p == '-';
	const char *start = p += minus;
	int64_t n = 0;

	while (p < end && *p >= '0' && *p <= '9' && p - start < 19) {
		if (n > (INT64_MAX - 9) / 10)
			return NULL;
		n = n * 10 + (*p++ - '0');
	}
	*out = minus ? -n : n;
	return p == start ? NULL : p;
}

int record_next(struct bytes *in, struct record *out, struct err *e)
{
	const char *end, *p = in->p;
	struct record r = { 0 };

	if (!in->n)
		return 0;
	end = memchr(p, 0, in->n);
	if (!end || end - p < 3 || *p < 'A' || *p > 'Z')
		return err_set(e, ERR_DAMAGED, "no record");
	r.kind = *p++;
	while (p + 1 < end && p[0] == ' ' && p[1] != ':') {
		if (r.count == RECORD_NUMBERS || !(p = number(p + 1, end, &r.n[r.count])))
			return err_set(e, ERR_DAMAGED, "no record");
		r.count++;
	}
	if (p + 1 >= end || p[0] != ' ' || p[1] != ':')
		return err_set(e, ERR_DAMAGED, "no record");
	r.text = p + 2;
	in->n -= (size_t)(end + 1 - in->p);
	in->p = end + 1;
	*out = r;
	return 1;
}
