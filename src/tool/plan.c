/*
 * The agent's working plan: a list of steps with their states. Notes of the model for itself; what decides is the flow's
 * plan and its tests. It stands beside the conversation, so that no compaction loses it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "tool/tool.h"

enum { STEPS_MAX = 50, STEP_BYTES_MAX = 500 };

char *tool_plan_text(struct arena *a, const json_t *steps)
{
	auto_buf b = buf_max(STEPS_MAX * (STEP_BYTES_MAX + 20));
	const json_t *s;
	size_t i;

	json_array_foreach(steps, i, s) {
		const char *state = json_text_or(s, "state", "open");

		buf_printf(&b, "[%s] %s\n", !strcmp(state, "done") ? "x" : !strcmp(state, "doing") ? ">" : " ",
			   json_text_or(s, "step", ""));
	}
	return arena_strdup(a, buf_str(&b));
}

int tool_plan(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	json_t *steps = json_list(args, "steps");
	const json_t *s;
	size_t i;

	(void)e;
	if (!steps)
		return json_array_size(t->steps) ? tool_says(a, out, "%s", tool_plan_text(a, t->steps))
						 : tool_says(a, out, "the plan is empty");
	if (json_array_size(steps) > STEPS_MAX)
		return tool_refuses(a, out, "%zu steps; a plan has at most %d", json_array_size(steps), (int)STEPS_MAX);
	json_array_foreach(steps, i, s) {
		const char *text = json_text(s, "step"), *state = json_text(s, "state");

		out->malformed = !text || !*text || strlen(text) > STEP_BYTES_MAX || strchr(text, '\n') || !state ||
				 (strcmp(state, "open") && strcmp(state, "doing") && strcmp(state, "done"));
		if (out->malformed)
			return tool_refuses(a, out, "step %zu: each has \"step\" (one line, at most %d bytes) and \"state\" (open, doing "
					    "or done)", i + 1, (int)STEP_BYTES_MAX);
	}
	out->changed = !json_equal(t->steps, steps);
	json_decref(t->steps);
	t->steps = json_deep_copy(steps);
	return tool_says(a, out, "%s", tool_plan_text(a, t->steps));
}
