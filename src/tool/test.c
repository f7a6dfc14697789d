/*
 * test: the project's tests, through the test engine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/err.h"
#include "suite/suite.h"
#include "tool/tool.h"

enum { NAMES_MAX = 64, FAILURES_SHOWN = 20 };

static const char *const *names_of(struct arena *a, const json_t *only, struct tool_result *out)
{
	const char **names;
	const json_t *v;
	size_t i, n = json_array_size(only);

	if (!n)
		return NULL;
	names = arena_array(a, NAMES_MAX + 1, sizeof(*names));
	json_array_foreach(only, i, v) {
		const char *s = json_string_value(v);

		out->malformed = !s || !*s || *s == '-' || *s == '/' || strstr(s, "..") || i >= NAMES_MAX;
		if (out->malformed) {
			tool_refuses(a, out, "only takes up to %d names of tests or of test files beneath the work tree", (int)NAMES_MAX);
			return NULL;
		}
		names[i] = s;
	}
	return names;
}

int tool_test(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	const char *const *only = names_of(a, json_list(args, "only"), out);
	struct suite_report r = { 0 };
	struct err why = { 0 };
	struct suite s = { 0 };
	struct sandbox box;
	char look[SANDBOX_LOOK];
	const char *seen_at;
	int64_t limit = 0;

	if (out->malformed)
		return 0;
	box = t->tests ? *t->tests : *t->sandbox;
	if (!box.protect) /* the code under test is the model's: it may change no more than its other tools */
		box.protect = t->protect;
	box.on_refused = t->box.on_refused;
	box.refused_arg = t;
	seen_at = sandbox_beside(t->box.session, &box, look); /* what commands left in /tmp or the home folder must not decide */
	if (suite_find(a, t->tree, seen_at, t->test_command, &s, &why) < 0)
		return tool_refuses(a, out, "%s", why.text);
	if (t->until_ms)
		limit = t->until_ms - clock_mono_ms() > 1 ? t->until_ms - clock_mono_ms() : 1;
	if (t->tests_ms && (!limit || limit > t->tests_ms))
		limit = t->tests_ms;
	t->refusals = 0;
	if (suite_run(a, &s, &box, only, limit, t->stop, &r, e) < 0)
		return -1;
	out->green = r.green;
	out->failed = !r.green;
	return tool_says(a, out, "%s%s", suite_report_text(a, &r, FAILURES_SHOWN), t->refusals ? "[refused by the sandbox]\n" : "");
}
