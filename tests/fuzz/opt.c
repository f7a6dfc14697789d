/*
 * Fuzzes base/opt: whatever stands on a command line (one argument a line), options end in values of the table or an
 * error, and no argument is lost.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/opt.h"

#include <stdlib.h>
#include <string.h>

static const struct opt table[] = {
	{ "json", 'j', NULL, "as JSON", false },
	{ "model", 'm', "NAME", "which", false },
	{ "time", 0, "TIME", "at most", false },
	{ "tag", 't', "TAG", "each", true },
	{ "cost", 0, "DOLLARS", "at most", false },
	{ 0 },
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct opts o = { 0 };
	struct err e = { 0 };
	const char *argv[65] = { 0 };
	char *text = arena_memdup(&a, p, n), *save = NULL;
	int64_t ms = 0;
	double cost = 0;
	int argc = 0;

	for (char *s = strtok_r(text, "\n", &save); s && argc < 64; s = strtok_r(NULL, "\n", &save))
		argv[argc++] = s;
	if (argc)
		opt_time_parse(argv[0], &ms, &e);
	for (int first = 0; first < 2; first++) {
		if (opts_parse(&a, table, first, argv, &o, &e) < 0)
			continue;
		if (o.rest_n > argc || o.rest[o.rest_n] || (opts_has(&o, "model") && !opts_text(&o, "model")))
			abort();
		if (opts_time(&o, "time", &ms, &e) == 0 && ms < 0)
			abort();
		if (opts_real(&o, "cost", 0, 100, &cost, &e) == 0 && !(cost >= 0 && cost <= 100))
			abort();
	}
	return 0;
}
