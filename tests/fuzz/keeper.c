/*
 * Fuzzes model/keeper: whatever stands in a state file, a port that was read is a port.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "model/keeper.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct keeper_state s = { 0 };
	struct err e = { 0 };

	if (keeper_state_parse((struct bytes){ (const char *)p, n }, &s, &e) == 0 &&
	    (s.port <= 0 || s.port > 65535 || !memchr(s.engine, 0, sizeof(s.engine))))
		abort();
	return 0;
}
