/*
 * Fuzzes work/journal and work/record: whatever a journal holds, its steps have kinds, permissions and paths that a keeping can have
 * written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/journal.h"

#include "base/err.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	auto_buf again = buf_max(16 << 20);
	struct bytes in = { (const char *)p, n };
	struct ops ops = { 0 };
	struct record r;
	struct err e = { 0 };

	while (record_next(&in, &r, &e) > 0)
		record_add(&again, &r);
	if (again.n && (in.n > n || again.n > n * 2))
		abort();
	if (journal_parse(&a, (struct bytes){ (const char *)p, n }, &ops, &e) < 0)
		return 0;
	for (size_t i = 0; i < ops.n; i++) {
		const char *path = ops.op[i].path;

		if (!*path || *path == '/' || !strncmp(path, "../", 3) || strstr(path, "/../") || !strcmp(path, "..") || (ops.op[i].mode & 02000))
			abort();
	}
	return 0;
}
