/*
 * Fuzzes sandbox/gitconfig: whatever a .git/config holds, what is shown of it has no user in a URL and no header, is not
 * longer, and is not changed by a second pass.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

static void check(struct bytes b)
{
	for (size_t i = 0; i + 11 <= b.n; i++) {
		bool section = false;

		for (size_t k = i; k > 0 && b.p[k - 1] != '\n'; k--)
			section = section || b.p[k - 1] == '[';
		if (!strncasecmp(b.p + i, "extraheader", 11) && !section)
			abort();
	}
	for (size_t i = 0; i + 3 < b.n; i++)
		if (!memcmp(b.p + i, "://", 3))
			for (size_t k = i + 3; k < b.n && b.p[k] != '/' && b.p[k] != '"' && !isspace((unsigned char)b.p[k]); k++)
				if (b.p[k] == '@')
					abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_buf out = buf_max(8 << 20), again = buf_max(8 << 20);

	gitconfig_scrub((struct bytes){ (const char *)p, n }, &out);
	gitconfig_scrub(buf_bytes(&out), &again);
	check(buf_bytes(&out));
	if (out.n > n || !bytes_equal(buf_bytes(&out), buf_bytes(&again)))
		abort();
	return 0;
}
