/*
 * Server-sent events.
 *
 * A line that lies whole in the piece is read where it stands; only what is split is copied, since a model's stream
 * is thousands of small events and this is its inner loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/sse.h"

#include "base/err.h"

struct sse sse_make(int (*event)(void *arg, const char *type, struct bytes data, struct err *e), void *arg)
{
	return (struct sse){
		.event = event, .arg = arg, .line = buf_max(SSE_LINE_MAX), .data = buf_max(SSE_EVENT_MAX)
	};
}

static int dispatch(struct sse *s, struct err *e)
{
	char type[sizeof(s->type)];
	int r = 0;

	memcpy(type, s->type, sizeof(type));
	s->type[0] = 0;
	if (s->has_data)
		r = s->event(s->arg, *type ? type : "message", buf_bytes(&s->data), e);
	s->has_data = false;
	buf_clear(&s->data);
	return r;
}

static int field(struct sse *s, struct bytes name, struct bytes value, struct err *e)
{
	if (bytes_equal(name, bytes_of("data"))) {
		if (s->has_data)
			buf_add_char(&s->data, '\n');
		s->has_data = true;
		buf_add(&s->data, value.p, value.n);
		return buf_check(&s->data, "an event of the stream", e);
	}
	if (bytes_equal(name, bytes_of("event"))) {
		size_t n = value.n < SSE_TYPE_MAX ? value.n : SSE_TYPE_MAX;

		memcpy(s->type, value.p, n);
		s->type[n] = 0;
	}
	return 0;
}

static int line_whole(struct sse *s, struct bytes l, struct err *e)
{
	const char *colon;
	struct bytes value = { "", 0 };

	if (!s->begun && l.n >= 3 && !memcmp(l.p, "\xEF\xBB\xBF", 3)) {
		l.p += 3;
		l.n -= 3;
	}
	s->begun = true;
	if (l.n == 0)
		return dispatch(s, e);
	colon = memchr(l.p, ':', l.n);
	if (colon == l.p)
		return 0; /* a comment: keeps the connection alive */
	if (colon) {
		value = (struct bytes){ colon + 1, (size_t)(l.p + l.n - colon - 1) };
		if (value.n && *value.p == ' ') {
			value.p++;
			value.n--;
		}
		l.n = (size_t)(colon - l.p);
	}
	return field(s, l, value, e);
}

/* The first CR or LF of p. */
static const char *line_end(const char *p, size_t n)
{
	const char *lf = memchr(p, '\n', n), *cr = memchr(p, '\r', lf ? (size_t)(lf - p) : n);

	return cr ? cr : lf;
}

int sse_add(struct sse *s, struct bytes in, struct err *e)
{
	while (in.n) {
		const char *end;
		struct bytes l = { in.p, 0 };
		int r;

		if (s->after_cr && *in.p == '\n') { /* the second half of a CRLF */
			in.p++;
			in.n--;
			s->after_cr = false;
			continue;
		}
		s->after_cr = false;
		end = line_end(in.p, in.n);
		l.n = end ? (size_t)(end - in.p) : in.n;
		if (!end || s->line.n || l.n > s->line.max) {
			buf_add(&s->line, l.p, l.n);
			if (buf_check(&s->line, "a line of the stream", e) < 0)
				return -1;
			l = buf_bytes(&s->line);
		}
		if (!end)
			return 0;
		in.n -= (size_t)(end + 1 - in.p);
		in.p = end + 1;
		s->after_cr = *end == '\r';
		r = line_whole(s, l, e);
		buf_clear(&s->line);
		if (r < 0)
			return -1;
	}
	return 0;
}

bool sse_is_amid(const struct sse *s)
{
	return s->line.n || s->has_data;
}

void sse_drop(struct sse *s)
{
	buf_drop(&s->line);
	buf_drop(&s->data);
}
