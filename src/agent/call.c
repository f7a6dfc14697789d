/*
 * The calls of one reply: each is begun in the log, run, and its result logged, in order.
 *
 * A call that changes things is begun on disk (session_sync) before it runs: when the log has its beginning and no
 * result, it may have run, and the model is told so; when it has neither, it never ran.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/loop_state.h"
#include "base/err.h"

#include <stdio.h>

static const char interrupted[] =
	"[interrupted: sealwright was killed while this ran. It may have had its effect, in part or in whole. Look before you do "
	"it again.]";

/* The argument that tells a call apart, for people: on one line. */
const char *call_about(struct arena *a, const struct model_call *c)
{
	static const char *const keys[] = { "command", "path", "pattern", "glob" };
	auto_json *v = NULL;
	char *text = NULL;

	if (json_parse(bytes_of(c->arguments), &v, NULL) < 0)
		return "";
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys) && !text; i++)
		if (json_text(v, keys[i]) && *json_text(v, keys[i]))
			text = arena_printf(a, "%.300s", json_text(v, keys[i]));
	return text ? text : "";
}

int loop_result_add(struct loop *l, const struct model_call *call, const json_t *data, struct err *e)
{
	const char *text = json_text_or(data, "text", ""), *file = json_text(data, "file"), *after = json_text(data, "after");
	const json_t *args = json_object_get(data, "steps");
	auto_buf message = buf_max(TOOL_RESULT_MAX * 6 + 65536);
	struct watch_call w = { .name = call->name, .arguments = call->arguments, .about = json_text_or(data, "about", ""),
				.result = bytes_of(text), .changed = json_flag(data, "changed", false), .file = file };
	const char *facts;
	bool green;

	model_result_message(l->o->model, &message, call, l->reply.way, bytes_of(text));
	if (buf_check(&message, "a tool's result", e) < 0 || context_add(&l->c, ITEM_RESULT, buf_bytes(&message), e) < 0)
		return -1;
	l->reply.good = l->reply.good || !json_flag(data, "malformed", false);
	if (args) { /* the plan, as it stands now */
		json_decref(l->box.steps);
		l->box.steps = json_deep_copy(args);
	}
	if (!strcmp(call->name, "test")) {
		green = json_flag(data, "green", false);
		w.ran = true;
		w.changed = green != l->green;
		l->green = green;
	}
	if (!strcmp(call->name, "shell")) { /* "[0, 3 ms]" differs from run to run: no news */
		facts = strrchr(text, '[');
		w.ran = true;
		if (facts)
			w.result.n = (size_t)(facts - text) + strcspn(facts, ",");
	}
	if (after)
		digest_parse(bytes_of(after), &w.after, NULL);
	watch_call(&l->watch, &w);
	return 0;
}

static json_t *result_data(struct loop *l, const struct model_call *c, const char *about, const struct tool_result *r)
{
	json_t *d = json_pack("{s:s, s:s, s:s, s:o, s:b, s:I}", "id", c->id, "name", c->name, "about", about, "text",
			      json_string_any((struct bytes){ r->text, r->n }), "failed", r->failed, "ms", (json_int_t)r->ms);
	char hex[65];

	if (!strcmp(c->name, "shell") && !r->malformed)
		json_object_set_new(d, "status", json_integer(r->status));
	if (r->malformed)
		json_object_set_new(d, "malformed", json_true());
	if (r->changed)
		json_object_set_new(d, "changed", json_true());
	if (r->green)
		json_object_set_new(d, "green", json_true());
	if (r->spill)
		json_object_set_new(d, "spill", json_string_any(bytes_of(r->spill)));
	if (r->file) {
		json_object_set_new(d, "file", json_string_any(bytes_of(r->file)));
		json_object_set_new(d, "after", json_string(digest_hex(&r->after, hex)));
	}
	if (!strcmp(c->name, "plan") && r->changed)
		json_object_set(d, "steps", l->box.steps);
	return d;
}

/* Logs the result and takes it in. data is stolen. */
static int settle(struct loop *l, const struct model_call *c, json_t *data, struct err *e)
{
	auto_json *own = json_incref(data);

	if (loop_log(l, "tool.result", data, e) < 0)
		return -1;
	l->reply.next++;
	l->reply.started = false;
	return loop_result_add(l, c, own, e);
}

static int run(struct loop *l, const struct model_call *c, struct err *e)
{
	const struct tool *t = tool_find(c->name);
	auto_arena a = { 0 };
	struct tool_result r = { 0 };
	const char *about = call_about(&a, c);

	if (c->bad) {
		tool_refuses(&a, &r, "%s", c->bad);
		r.malformed = true;
		return settle(l, c, result_data(l, c, about, &r), e);
	}
	if (l->reply.started && t && !t->again) {
		tool_refuses(&a, &r, "%s", interrupted);
		return settle(l, c, result_data(l, c, about, &r), e);
	}
	if (loop_log(l, "tool", json_pack("{s:s, s:s, s:o}", "id", c->id, "name", c->name, "about", json_string_any(bytes_of(about))), e) < 0)
		return -1;
	if ((!l->reply.durable || !t || !t->read_only) && session_sync(l->o->session, e) < 0)
		return err_wrap(e, "session log");
	l->reply.durable = true;
	if (tool_call(&l->box, &a, c->name, bytes_of(c->arguments), &r, e) < 0)
		return -1;
	if (r.finished)
		l->summary = arena_strdup(l->a, r.text);
	return settle(l, c, result_data(l, c, about, &r), e);
}

int loop_calls(struct loop *l, struct err *e)
{
	while (l->reply.next < l->reply.n) {
		const struct model_call *c = &l->reply.calls[l->reply.next];

		if (l->o->stop && *l->o->stop) { /* what was not begun stays for a resume */
			loop_over(l, LOOP_STOPPED, "stopped");
			return 0;
		}
		if (run(l, c, e) < 0)
			return -1;
	}
	if (session_sync(l->o->session, e) < 0)
		return err_wrap(e, "session log");
	return 0;
}
