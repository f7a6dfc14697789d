/*
 * Fuzzes net/sse: whatever the bytes, the events are the same however they were split.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "net/sse.h"

#include <stdint.h>
#include <stdlib.h>

static int event(void *arg, const char *type, struct bytes data, struct err *e)
{
	(void)e;
	buf_printf(arg, "%s %zu ", type, data.n);
	buf_add(arg, data.p, data.n);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_buf whole = buf_max(16 << 20), parts = buf_max(16 << 20);
	auto_sse a = sse_make(event, &whole), b = sse_make(event, &parts);

	sse_add(&a, (struct bytes){ (const char *)p, n }, NULL);
	for (size_t at = 0, step = 1; at < n; at += step, step = step % 7 + 1)
		sse_add(&b, (struct bytes){ (const char *)p + at, step < n - at ? step : n - at }, NULL);
	if (!bytes_equal(buf_bytes(&whole), buf_bytes(&parts)) || sse_is_amid(&a) != sse_is_amid(&b))
		abort();
	return 0;
}
