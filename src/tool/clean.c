/*
 * Output made fit for a model.
 *
 * A progress bar of pip or npm is thousands of redraws of one line; a model pays for each. The state machine is that of
 * ECMA-48: CSI up to its final byte, OSC and the other strings up to BEL or ST, everything else in two or three bytes.
 * A sequence that does not end within 4 KiB was none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/clean.h"

#include <string.h>

enum { STRING_MAX_BYTES = 4096, REPEATS = 4 };

/* Length of the escape sequence at p, which begins with ESC. */
static size_t escape_len(const char *p, size_t n)
{
	size_t i = 2;

	if (n < 2)
		return 1;
	switch (p[1]) {
	case '[':
		while (i < n && i < 64 && ((unsigned char)p[i] < 0x40 || (unsigned char)p[i] > 0x7e))
			if ((unsigned char)p[i++] < 0x20)
				return 1; /* broken off by a control character */
		return i < n && i < 64 ? i + 1 : i < n ? 1 : n;
	case ']': case 'P': case '^': case '_': case 'X':
		for (; i < n && i < STRING_MAX_BYTES; i++) {
			if (p[i] == 7)
				return i + 1;
			if (p[i] == 27 && i + 1 < n && p[i + 1] == '\\')
				return i + 2;
		}
		return i < n ? 1 : n;
	case '(': case ')': case '*': case '+': case '#': case '%':
		return n < 3 ? n : 3;
	default:
		return (unsigned char)p[1] >= 0x20 && (unsigned char)p[1] < 0x7f ? 2 : 1;
	}
}

struct lines {
	struct buf out;
	size_t line;          /* where the current one starts      */
	size_t last, last_n;  /* the one before it                 */
	size_t same;          /* how often that was repeated       */
	bool any;
};

static void end_repeats(struct lines *l)
{
	if (l->same >= REPEATS - 1)
		buf_printf(&l->out, "[the line above %zu more times]\n", l->same);
	else /* two or three lines are no flood */
		for (size_t i = 0; i < l->same; i++)
			if (buf_room(&l->out, l->last_n))
				buf_add(&l->out, l->out.p + l->last, l->last_n);
	l->same = 0;
}

/* The current line, newline included when it has one, is done. */
static void end_line(struct lines *l, bool whole)
{
	size_t len = l->out.n - l->line;

	if (whole && l->any && len == l->last_n && !memcmp(l->out.p + l->last, l->out.p + l->line, len)) {
		l->out.n = l->line;
		l->same++;
		return;
	}
	if (l->same) { /* what stands for the repeats goes before it */
		auto_buf own = buf_max(len + 1);

		buf_add(&own, l->out.p + l->line, len);
		l->out.n = l->line;
		end_repeats(l);
		l->line = l->out.n;
		buf_add(&l->out, own.p, len);
	}
	l->any = true;
	l->last = l->line;
	l->last_n = len;
	l->line = l->out.n;
}

static void line_shorten(struct lines *l)
{
	while (l->out.n > l->line && ((unsigned char)l->out.p[--l->out.n] & 0xC0) == 0x80)
		;
}

struct bytes clean_text(struct arena *a, struct bytes raw)
{
	struct lines l = { .out = buf_max(raw.n * 13 + 128) }; /* a count may stand for four empty lines */
	struct bytes text;

	for (size_t i = 0, k; i < raw.n; i++) {
		unsigned char c = (unsigned char)raw.p[i];

		if (c == 27) {
			i += escape_len(raw.p + i, raw.n - i) - 1;
		} else if (c == '\n') {
			buf_add_char(&l.out, '\n');
			end_line(&l, true);
		} else if (c == '\r') {
			for (k = i + 1; k < raw.n && raw.p[k] == '\r'; k++)
				;
			if (k < raw.n && raw.p[k] != '\n') /* redrawn; at the very end it stays as it is */
				l.out.n = l.line;
			i = k - 1;
		} else if (c == '\b') {
			line_shorten(&l);
		} else if (c >= 0x20 ? c != 0x7f : c == '\t') {
			buf_add_char(&l.out, (char)c);
		}
	}
	end_line(&l, false);
	text = (struct bytes){ arena_memdup(a, buf_str(&l.out), l.out.n), l.out.n };
	buf_drop(&l.out);
	return text;
}

/* A character's or, when one is near, a line's border at or before n. */
static size_t border_before(struct bytes t, size_t n)
{
	const char *newline = memrchr(t.p, '\n', n);

	if (newline && n - (size_t)(newline - t.p) < 1000)
		return (size_t)(newline - t.p) + 1;
	while (n && ((unsigned char)t.p[n] & 0xC0) == 0x80)
		n--;
	return n;
}

static size_t border_after(struct bytes t, size_t n)
{
	const char *newline = memchr(t.p + n, '\n', t.n - n);

	if (newline && (size_t)(newline - t.p) - n < 1000)
		return (size_t)(newline - t.p) + 1;
	while (n < t.n && ((unsigned char)t.p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

struct bytes clean_cut(struct arena *a, struct bytes text, size_t head, size_t tail, const char *where, size_t *left_out)
{
	size_t first, last;
	char *all;

	*left_out = 0;
	if (text.n <= head + tail)
		return text;
	first = border_before(text, head);
	last = border_after(text, text.n - tail);
	*left_out = last - first;
	all = arena_printf(a, "%.*s%s[... %zu bytes left out here%s%s ...]\n%.*s", (int)first, text.p,
			   first && text.p[first - 1] == '\n' ? "" : "\n", *left_out, where ? "; all of it: " : "",
			   where ? where : "", (int)(text.n - last), text.p + last);
	return bytes_of(all);
}
