/*
 * Fuzzes work/linediff: whatever two texts are (parted by the first NUL), the hunks applied to the old one give the new one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/linediff.h"

#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

static const char *line_end(const char *p, const char *end)
{
	const char *at = memchr(p, '\n', (size_t)(end - p));

	return at ? at + 1 : end;
}

/* The hunks' lines hold each old line that they pass by; what stands between hunks is equal. */
static void apply(struct bytes old, struct bytes hunks, struct buf *out)
{
	static const char none[] = "\\ No newline at end of file\n";
	const char *p = old.p, *end = old.p + old.n, *h = hunks.p, *stop = hunks.p + hunks.n;
	size_t line = 1;

	while (h < stop) {
		size_t from, count = 1;
		char *next;

		if (strncmp(h, "@@ -", 4))
			abort();
		from = strtoul(h + 4, &next, 10);
		if (*next == ',')
			count = strtoul(next + 1, NULL, 10);
		for (; line < from + !count; line++) {
			buf_add(out, p, (size_t)(line_end(p, end) - p));
			p = line_end(p, end);
		}
		for (h = line_end(h, stop); h < stop && *h != '@';) {
			const char *after = line_end(h, stop);
			size_t n = (size_t)(after - h) - 1;

			if ((size_t)(stop - after) >= sizeof(none) - 1 && !memcmp(after, none, sizeof(none) - 1)) {
				n--;
				after += sizeof(none) - 1;
			}
			if (*h != '+') {
				if ((size_t)(line_end(p, end) - p) != n || memcmp(p, h + 1, n))
					abort();
				p += n;
				line++;
			}
			if (*h != '-')
				buf_add(out, h + 1, n);
			h = after;
		}
	}
	buf_add(out, p, (size_t)(end - p));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *mid = n ? memchr(p, 0, n) : NULL;
	struct bytes old = { (const char *)p, mid ? (size_t)(mid - p) : n }, fresh = { mid ? (const char *)mid + 1 : "", mid ? n - old.n - 1 : 0 };
	auto_buf out = buf_max(64 << 20), again = buf_max(64 << 20);
	size_t removed, added;

	linediff(old, fresh, &out, &removed, &added);
	if (bytes_equal(old, fresh) != (removed + added == 0) || (out.n == 0) != bytes_equal(old, fresh))
		abort();
	apply(old, buf_bytes(&out), &again);
	if (!bytes_equal(buf_bytes(&again), fresh))
		abort();
	return 0;
}
