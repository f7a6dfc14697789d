/*
 * A harness that is wrong on purpose: it aborts on inputs with the byte '!', which one mutation away from the seed is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	if (n && memchr(p, '!', n))
		abort();
	return 0;
}
