/*
 * Fuzzes tool/clean: whatever a command prints, no control character but tab and newline is left.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/clean.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct bytes t = clean_text(&a, (struct bytes){ (const char *)p, n });
	size_t left;

	for (size_t i = 0; i < t.n; i++)
		if (((unsigned char)t.p[i] < 0x20 && t.p[i] != '\n' && t.p[i] != '\t') || t.p[i] == 0x7f)
			abort();
	clean_cut(&a, t, n % 50, n % 70, "x", &left);
	return 0;
}
