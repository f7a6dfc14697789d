/*
 * Fuzzes work/refs: whatever a packed-refs file of the private git directory holds, what is read of it are ids and names that are
 * safe to hand to git.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/refs.h"

#include "base/err.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct refs refs = { 0 };
	struct err e = { 0 };

	if (refs_parse(&a, (struct bytes){ (const char *)p, n }, &refs, &e) < 0)
		return 0;
	for (size_t i = 0; i < refs.n; i++) {
		const char *name = refs.ref[i].name;
		size_t len = strlen(refs.ref[i].id);

		if ((len != 40 && len != 64) || strspn(refs.ref[i].id, "0123456789abcdef") != len || strncmp(name, "refs/", 5) ||
		    strstr(name, "..") || strpbrk(name, " \n\r\t~^:?*[\\\033") || strstr(name, "//") || name[strlen(name) - 1] == '/')
			abort();
		if (!refs_find(&refs, name) || strcmp(refs_find(&refs, name)->name, name))
			abort();
	}
	return 0;
}
