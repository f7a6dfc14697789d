/*
 * Fuzzes work/name: whatever a name is, folding it ends in a name that is not longer and folds to itself, and one that folds to .git is
 * told to be git's in any case.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	char *name = arena_memdup(&a, p, n), *once = arena_alloc(&a, n + 1), *twice = arena_alloc(&a, n + 1);
	const char *folded;

	name[strcspn(name, "/")] = 0;
	name_fold(name, strlen(name), once);
	name_fold(once, strlen(once), twice);
	if (strlen(once) > strlen(name))
		abort();
	/* What is left after one folding can only lose what then came to its end; bytes that are no text may join to a character. */
	if (name_is_utf8(name) && strncmp(once, twice, strlen(twice)))
		abort();
	for (char *c = name; *c; c++)
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 32);
	name_fold(name, strlen(name), twice);
	if (strcmp(once, twice) && name_is_utf8((const char *)arena_memdup(&a, p, strnlen((const char *)p, n))))
		abort();
	name_has_control(name);
	name_has_hidden(name);
	folded = path_fold(&a, arena_memdup(&a, p, n));
	name_matches(folded, ".github/workflows", true);
	name_matches(folded, "/x*y", false);
	if (!strcmp(once, ".git") && !name_is_git(once))
		abort();
	return 0;
}
