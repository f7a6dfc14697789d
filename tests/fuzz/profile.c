/*
 * Fuzzes sandbox/profile: whatever a file holds, reading it ends within its bounds, and what comes out keeps its promises.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "sandbox/profile.h"

#include <stdlib.h>

static int find(void *arg, struct arena *a, const char *name, struct bytes *text, const char **path, struct err *e)
{
	(void)a;
	(void)e;
	*path = name;
	*text = *(const struct bytes *)arg;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	auto_buf out = buf_max(16 << 20);
	struct bytes text = { (const char *)p, n };
	struct profile pr;
	struct sandbox s = { .tree = "/x" };
	struct err e = { 0 };
	int k;

	if (profile_parse(&a, text, "P", find, &text, &pr, &e) < 0)
		return e.code == ERR_NONE ? abort(), 0 : 0;
	for (k = 0; pr.read[k]; k++)
		if (pr.read[k][0] != '/')
			abort();
	for (k = 0; pr.protect[k]; k++)
		if (pr.protect[k][0] == '/')
			abort();
	if (pr.memory < 0 || pr.disk < 0 || pr.time_ms < 0 || pr.processes < 0 || pr.level_min > 4)
		abort();
	pr.name = "P";
	profile_apply(&a, &pr, &s);
	if (profile_write(&pr, &out) < 0)
		abort();
	return 0;
}
