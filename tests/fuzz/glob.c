/*
 * Fuzzes tool/glob: a .gitignore and a path, parted by a NUL.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/glob.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	const char *s = (const char *)p, *nul = memchr(s, 0, n);
	struct ignore ig;
	char *path;

	if (!nul)
		return 0;
	path = arena_memdup(&a, nul + 1, n - (size_t)(nul + 1 - s));
	ignore_parse(&a, (struct bytes){ s, (size_t)(nul - s) }, "", NULL, &ig);
	ignore_holds(&ig, path, n % 2);
	glob_match_name(arena_strdup(&a, s), path);
	return 0;
}
