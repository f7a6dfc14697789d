/*
 * Fuzzes the cure of a draft: whatever a model answers, what comes out is refused or a specification whose files can be
 * rendered, with every reference leading to an entity that stands before it or is optional.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/blueprint.h"

#include <stdlib.h>
#include <string.h>

static void sound(const json_t *spec)
{
	const json_t *t, *f, *list = json_list(spec, "entities");
	size_t i, k, to;

	json_array_foreach(list, i, t) {
		json_array_foreach(json_list(t, "fields"), k, f) {
			const char *ref = json_text(f, "ref");

			for (to = 0; ref && to < json_array_size(list); to++)
				if (!strcmp(json_text_or(json_array_get(list, to), "name", ""), ref))
					break;
			if (ref && (to == json_array_size(list) || (to >= i && json_flag(f, "required", false))))
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct arena data;
	static struct blueprint *b;
	auto_arena a = { 0 };
	struct blueprint_file *files;
	struct blueprint_task *tasks;
	struct err e = { 0 };
	auto_json *spec = NULL;
	int count;

	if (!b && blueprint_load_dir(&data, "tests/blueprints/mini", &b, &e) < 0)
		abort();
	if (blueprint_spec_cure(&a, b, "crud app for books, members and line items; stock never goes below zero", (struct bytes){ (const char *)p, n },
				&spec, &e) < 0)
		return 0;
	sound(spec);
	if (blueprint_plan(&a, b, spec, &tasks, &count, &e) < 0 || blueprint_tests(&a, b, spec, &files, &count, &e) < 0)
		abort();
	return 0;
}
