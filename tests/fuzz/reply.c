/*
 * Fuzzes model/reply, as a whole completion and as the chunks of a stream (one a line): texts stay within their ceiling,
 * calls within their number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "model/reply.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = 4096 };

static void check(const struct reply *r)
{
	size_t n = r->content.n + r->reasoning.n;

	if (r->n_calls < 0 || r->n_calls > REPLY_CALLS_MAX)
		abort();
	for (int i = 0; i < r->n_calls; i++)
		n += r->calls[i].arguments.n;
	if (n > TEXT_MOST || r->cached > r->prompt || r->prompt < 0 || r->completion < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_reply whole = { 0 }, stream = { 0 };
	struct bytes in = { (const char *)p, n };

	reply_make(&whole, TEXT_MOST);
	reply_make(&stream, TEXT_MOST);
	reply_parse(&whole, in, NULL);
	check(&whole);
	while (in.n) {
		const char *end = memchr(in.p, '\n', in.n);
		size_t line = end ? (size_t)(end - in.p) : in.n;

		if (reply_add(&stream, (struct bytes){ in.p, line }, NULL) < 0)
			break;
		in.p += end ? line + 1 : line;
		in.n -= end ? line + 1 : line;
	}
	check(&stream);
	return 0;
}
