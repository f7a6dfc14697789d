/*
 * Fuzzes agent/log: whatever a session's log file holds, reading ends, and what it accepts chains.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/log.h"
#include "base/err.h"

#include <stdlib.h>

static int seen(void *arg, const struct session_event *ev, struct err *e)
{
	uint64_t *n = arg;

	(void)e;
	if (ev->seq != ++*n || !ev->type || !json_is_object(ev->data))
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct log_end end = { 0 };
	struct err e = { 0 };
	uint64_t events = 0;

	if (log_read((struct bytes){ (const char *)p, n }, seen, &events, &end, &e) == 0 && end.whole > n)
		abort();
	return 0;
}
