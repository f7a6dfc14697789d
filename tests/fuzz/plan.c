/*
 * Fuzzes flow/plan: whatever bytes a repository's plan file holds, reading ends in a plan within its bounds or an error,
 * and a plan that was read is written and read again the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "flow/intent.h"
#include "flow/plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct plan plan = { 0 }, again = { 0 };
	struct intent t = { 0 };
	struct err e = { 0 };
	struct bytes in = { (const char *)p, n };

	if (intent_parse(&a, in, NULL, &t, &e) == 0)
		intent_folder(&a, &t);
	if (plan_parse(&a, in, &plan, &e) == 0) {
		auto_json *v = plan_json(&plan);
		auto_buf b = buf_max(8 << 20);

		json_write(&b, v);
		if (plan_parse(&a, buf_bytes(&b), &again, &e) < 0 || again.n != plan.n)
			abort();
		plan_text(&a, &plan);
	}
	return 0;
}
