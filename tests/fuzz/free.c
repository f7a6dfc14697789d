/*
 * Fuzzes flow/free: whatever a model answers to "plan this", reading ends in tasks of its own kind, open, each with tests of
 * its own beneath the tree, or in an error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "flow/free.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct plan plan = { 0 };
	struct err e = { 0 };

	if (free_plan_parse(&a, (struct bytes){ (const char *)p, n }, &plan, &e) == 0)
		for (int i = 0; i < plan.n; i++)
			if (plan.tasks[i].state != TASK_OPEN || strcmp(plan.tasks[i].kind, "free") || !plan.tasks[i].tests_n ||
			    plan.blueprint)
				abort();
	return 0;
}
