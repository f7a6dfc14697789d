/*
 * Fuzzes model/markup: whatever a model writes, a call that is found names a declared tool, has an object for arguments,
 * and lies within the text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "model/markup.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char declared[] = "[{\"name\":\"shell\",\"parameters\":{\"properties\":{\"command\":{\"type\":\"string\"}}}},"
				       "{\"name\":\"finish\"},{\"name\":\"edit_file\"}]";
	static struct tools tools;
	auto_arena a = { 0 };
	struct markup_call f[MARKUP_MAX];
	struct bytes in = { (const char *)p, n };
	int found;

	if (!tools.list) {
		tools = tools_make();
		if (tools_set(&tools, bytes_of(declared), NULL) < 0)
			abort();
	}
	found = markup_find(&a, &tools, in, f);
	for (int i = 0; i < found; i++) {
		auto_json *v = NULL;

		if (!tools_name(&tools, f[i].name) || f[i].end > n || f[i].at > f[i].end)
			abort();
		if (json_parse(bytes_of(f[i].arguments), &v, NULL) < 0 || !json_is_object(v))
			abort();
	}
	markup_rest(&a, in, f, found);
	markup_json(in);
	return 0;
}
