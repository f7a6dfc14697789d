/*
 * Fuzzes work/rawdiff: whatever git prints as differences of hostile trees, an entry has a path and an id.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/rawdiff.h"

#include "base/err.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct rawdiff *d = NULL;
	struct err e = { 0 };
	size_t count = 0;

	if (rawdiff_parse(&a, (struct bytes){ (const char *)p, n }, 1000, &d, &count, &e) < 0)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (!*d[i].path || (strlen(d[i].id) != 40 && strlen(d[i].id) != 64) || d[i].new_mode > 0777777)
			abort();
	return 0;
}
