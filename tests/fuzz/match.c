/*
 * Fuzzes tool/match: a file, old and new, parted by 0xFF; what is not replaced stays byte for byte.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/match.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	const char *s = (const char *)p, *one = memchr(s, 0xFF, n), *two = one ? memchr(one + 1, 0xFF, n - (size_t)(one + 1 - s)) : NULL;
	struct bytes file, old, new;
	struct match m;

	if (!two)
		return 0;
	file = (struct bytes){ s, (size_t)(one - s) };
	old = (struct bytes){ one + 1, (size_t)(two - one - 1) };
	new = (struct bytes){ two + 1, n - (size_t)(two + 1 - s) };
	match_replace(&a, file, old, new, n % 2, &m);
	if (m.result.p && m.count == 1) {
		size_t before = (size_t)(m.replaced.p - file.p), after = file.n - before - m.replaced.n;

		if (before > file.n || m.result.n < before + after || memcmp(m.result.p, file.p, before) ||
		    memcmp(m.result.p + m.result.n - after, m.replaced.p + m.replaced.n, after))
			abort();
	}
	match_nearest(&a, file, old);
	return 0;
}
