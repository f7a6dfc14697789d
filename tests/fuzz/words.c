/*
 * Fuzzes what is read out of an intent's words: rules, examples, named fields. It ends, and what it bound can be rendered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/blueprint.h"

#include <stdlib.h>

static const char DRAFT[] =
	"{\"title\":\"T\",\"entities\":[{\"name\":\"item\",\"fields\":[\"name: text required\",\"sku: text\",\"quantity: whole\",\"price: money\","
	"\"status: choice(active|retired)\",\"supplier: ref supplier\",\"starts_at: datetime\",\"ends_at: datetime\"]},"
	"{\"name\":\"supplier\",\"fields\":[\"name: text\"]}]}";

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
	if (n > 4096)
		n = 4096;
	if (blueprint_spec_cure(&a, b, arena_memdup(&a, p, n), bytes_of(DRAFT), &spec, &e) < 0)
		abort(); /* the draft is sound: no words may spoil it */
	if (blueprint_plan(&a, b, spec, &tasks, &count, &e) < 0 || blueprint_tests(&a, b, spec, &files, &count, &e) < 0)
		abort();
	return 0;
}
