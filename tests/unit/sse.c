/*
 * Server-sent events: the standard's cases, every way to split them, and the ceilings.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"
#include "base/err.h"
#include "net/sse.h"

#include <stdlib.h>

static struct buf got = { .max = 1 << 20 };

static int event(void *arg, const char *type, struct bytes data, struct err *e)
{
	(void)arg;
	if (bytes_equal(data, bytes_of("stop")))
		return err_set(e, ERR_STOPPED, "as asked");
	return buf_printf(&got, "%s(%.*s)", type, (int)data.n, data.p);
}

/* The events of a stream, given whole and in every pair of halves. */
static void read_as(const char *in, const char *wanted, const char *name)
{
	size_t n = strlen(in);
	int wrong = 0;

	for (size_t cut = 0; cut <= n; cut++) {
		auto_sse s = sse_make(event, NULL);
		struct err e = { 0 };

		buf_clear(&got);
		if (sse_add(&s, (struct bytes){ in, cut }, &e) < 0 ||
		    sse_add(&s, (struct bytes){ in + cut, n - cut }, &e) < 0 || strcmp(buf_str(&got), wanted) != 0) {
			if (!wrong++)
				printf("# cut at %zu: got %s, wanted %s %s\n", cut, buf_str(&got), wanted, e.text);
		}
	}
	ok(wrong == 0, "%s", name);
}

static void ceilings(void)
{
	auto_sse s = sse_make(event, NULL), t = sse_make(event, NULL);
	auto_buf big = buf_max(8 << 20);
	struct err e = { 0 };
	int r = 0;

	memset(buf_room(&big, 1 << 20), 'x', 1 << 20);
	big.n = 1 << 20;
	for (int i = 0; i < 100 && r == 0; i++)
		r = sse_add(&s, buf_bytes(&big), &e);
	ok(r < 0 && e.code == ERR_INPUT && strstr(e.text, "a line of the stream is larger"),
	   "a line without end is refused: %s", e.text);
	ok(s.line.cap <= SSE_LINE_MAX + 1, "and costs no more than its ceiling");
	big.p[0] = 'd', big.p[1] = 'a', big.p[2] = 't', big.p[3] = 'a', big.p[4] = ':', big.p[big.n - 1] = '\n';
	r = 0;
	for (int i = 0; i < 100 && r == 0; i++)
		r = sse_add(&t, buf_bytes(&big), &e);
	ok(r < 0 && strstr(e.text, "an event of the stream is larger"), "an event without end is refused: %s", e.text);
}

int main(void)
{
	auto_sse s = sse_make(event, NULL);
	struct err e = { 0 };

	read_as("data: a\n\n", "message(a)", "an event");
	read_as("data: a\r\n\r\ndata:b\r\n\r\n", "message(a)message(b)", "lines that end in CRLF");
	read_as("data: a\r\rdata: b\r\r", "message(a)message(b)", "lines that end in CR");
	read_as("data: a\n\r\ndata: b\r\n\n", "message(a)message(b)", "lines that end in this and that");
	read_as("\xEF\xBB\xBF" "data: a\n\n", "message(a)", "a byte order mark in front");
	read_as("data: a\ndata: b\ndata:\n\n", "message(a\nb\n)", "several lines of data");
	read_as("data:  two\n\n", "message( two)", "only one blank behind the colon belongs to the field");
	read_as("data\n\n", "message()", "a field without a colon is empty");
	read_as(": comment\n\n:\n\ndata: a\n: more\n\n", "message(a)", "comments are passed over");
	read_as("event: error\ndata: x\n\ndata: y\n\n", "error(x)message(y)", "an event's type is for one event");
	read_as("event: ping\n\n", "", "an event without data is none");
	read_as("id: 1\nretry: 10\nfoo: bar\ndatax: no\ndata: a\n\n", "message(a)", "other fields are passed over");
	read_as("data: \xC3\xA4\xF0\x9F\x98\x80\n\n", "message(\xC3\xA4\xF0\x9F\x98\x80)",
		"characters split in the middle");
	read_as("data: a\n\ndata: b", "message(a)", "an event that the end cuts off is dropped");
	ok(sse_add(&s, bytes_of("data: b"), &e) == 0 && sse_is_amid(&s), "and can be told from a whole one");
	ok(sse_add(&s, bytes_of("\n\n"), &e) == 0 && !sse_is_amid(&s), "which it may become");
	ok(sse_add(&s, bytes_of("data: stop\n\ndata: c\n\n"), &e) < 0 && e.code == ERR_STOPPED, "who reads may end it");
	ceilings();
	buf_drop(&got);
	return done();
}
