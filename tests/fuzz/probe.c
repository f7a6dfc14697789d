/*
 * Fuzzes model/probe: whatever a port of this machine answers, reading ends, and the body lies within the answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "model/probe.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct bytes in = { (const char *)p, n }, body = { 0 };
	struct probe_models models = { 0 };
	struct err e = { 0 };

	if (probe_response_parse(in, &body, &e) < 0)
		body = in;
	else if (body.n && (body.p < in.p || body.p + body.n > in.p + in.n))
		abort();
	if (probe_models_parse(&a, body, &models, &e) == 0)
		for (int i = 0; i < models.n; i++)
			if (!models.models[i].id || models.models[i].context < 0)
				abort();
	return 0;
}
