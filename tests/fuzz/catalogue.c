/*
 * Fuzzes model/catalogue: whatever a person's models.json holds, reading ends in models with a plain file name or an error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "model/catalogue.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct catalogue c = { 0 };
	const struct catalogue_model *m = NULL;
	struct err e = { 0 };

	if (catalogue_parse(&a, (struct bytes){ (const char *)p, n }, &c, &e) < 0)
		return 0;
	for (int i = 0; i < c.n; i++)
		if (!c.models[i].name || !c.models[i].file || strchr(c.models[i].file, '/') || c.models[i].bytes < 0 ||
		    catalogue_find(&c, c.models[i].name, &m, &e) < 0)
			abort();
	return 0;
}
