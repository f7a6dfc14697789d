/*
 * Fuzzes the loading of a blueprint.json: refused with its place, or a blueprint that can be asked for what it has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/blueprint.h"

#include "base/err.h"
#include "base/fs.h"

#include <stdlib.h>
#include <unistd.h>

static char dir[] = "/tmp/blueprint.XXXXXX";

static void clean(void)
{
	fs_remove_tree(dir, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool made;
	auto_arena a = { 0 };
	struct blueprint_rule_kind *kinds;
	struct blueprint *b;
	struct err e = { 0 };
	auto_json *spec = NULL;
	int count;
	FILE *f;

	if (!made) {
		if (!mkdtemp(dir))
			abort();
		atexit(clean);
		made = true;
		fs_write_atomic(arena_printf(&a, "%s/t.mustache", dir), bytes_of("{{title}}\n"), 0644, &e);
	}
	f = fopen(arena_printf(&a, "%s/blueprint.json", dir), "w");
	if (!f)
		abort();
	fwrite(p, 1, n, f);
	fclose(f);
	if (blueprint_load_dir(&a, dir, &b, &e) < 0)
		return 0;
	blueprint_rule_kinds(&a, b, &kinds, &count);
	blueprint_spec_cure(&a, b, "stock never goes below zero; f(1) == 2; an item with name and price",
			    bytes_of("{\"entities\":[{\"name\":\"item\",\"fields\":[\"name: text\",\"stock: whole\"]}]}"), &spec, &e);
	if (spec) {
		struct blueprint_task *tasks;

		blueprint_plan(&a, b, spec, &tasks, &count, &e);
	}
	return 0;
}
