/*
 * write: a whole file, or nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "tool/place.h"

static long count_lines(const char *s, size_t n)
{
	long lines = 0;

	for (size_t i = 0; i < n; i++)
		lines += s[i] == '\n';
	return lines + (n && s[n - 1] != '\n');
}

int tool_write(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	const json_t *content = json_object_get(args, "content");
	struct bytes text = { json_string_value(content), json_string_length(content) };
	struct err why = { 0 };
	auto_place p = { .dir = -1 };

	if (place_for_writing(a, t, json_text_or(args, "path", ""), true, &p, &why) < 0) {
		if (why.code == ERR_SPACE)
			return err_set(e, why.code, "%s", why.text);
		return tool_refuses(a, out, "%s", why.text);
	}
	if (place_write(&p, text, &why) < 0) {
		if (why.code == ERR_SPACE)
			return err_set(e, why.code, "%s", why.text);
		return tool_refuses(a, out, "%s", why.text);
	}
	out->changed = true;
	out->file = p.name;
	out->after = hash_bytes(text);
	return tool_says(a, out, "%s %s, %ld lines", p.exists ? "replaced" : "made", p.name, count_lines(text.p, text.n));
}
