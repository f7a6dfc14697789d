/*
 * What is asked of a model: the blueprint's prompt files as messages.
 *
 * A prompt file is parted by lines "=== settings", "=== system", "=== user", "=== assistant". It is parted before it is
 * rendered, so words of a person that hold such a line stay words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/blueprint.h"
#include "blueprint/context.h"
#include "blueprint/template.h"
#include "blueprint/words.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES_MAX = 128 << 10 };

struct prompt {
	struct arena *a;
	const char *name;
	const json_t *values;
	struct buf *messages;
	int *max_tokens;
	bool any;
};

static void settings_parse(struct prompt *p, struct bytes text)
{
	char *s = arena_memdup(p->a, text.p, text.n), *at = strstr(s, "max_tokens");
	long n = at ? strtol(at + strlen("max_tokens"), NULL, 10) : 0;

	if (n > 0 && n <= 32768)
		*p->max_tokens = (int)n;
}

static int part_add(struct prompt *p, struct bytes role, struct bytes text, struct err *e)
{
	static const char *const roles[] = { "system", "user", "assistant", NULL };
	const json_t *frames[] = { p->values };
	struct template t = { .name = p->name, .text = text, .frames = frames, .frames_n = 1 };
	char *name = arena_memdup(p->a, role.p, role.n);
	auto_buf out = buf_max(MESSAGE_BYTES_MAX);

	if (!strcmp(name, "settings")) {
		settings_parse(p, text);
		return 0;
	}
	if (!word_in(name, roles))
		return err_set(e, ERR_INPUT, "%s: \"=== %.40s\" is not settings, system, user or assistant", p->name, name);
	if (template_render(&t, &out, e) < 0)
		return -1;
	while (out.n && (out.p[out.n - 1] == '\n' || out.p[out.n - 1] == ' '))
		out.n--;
	if (p->any)
		buf_add_char(p->messages, ',');
	buf_printf(p->messages, "{\"role\":\"%s\",\"content\":", name);
	json_write_string(p->messages, buf_bytes(&out));
	buf_add_char(p->messages, '}');
	p->any = true;
	return 0;
}

static int prompt_render(struct prompt *p, struct bytes text, struct err *e)
{
	const char *at = text.p, *end = text.p + text.n;
	struct bytes role = { "user", 4 }, body = { text.p, 0 };
	bool named = false;

	while (at <= end) {
		const char *line = at, *next = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
		bool mark = end - line > 4 && !memcmp(line, "=== ", 4);

		if (mark || !next) {
			body.n = (size_t)((mark ? line : end) - body.p);
			if ((named || line_fold(p->a, body, 10)[0]) && part_add(p, role, body, e) < 0)
				return -1;
		}
		if (!next)
			break;
		if (mark) {
			role = (struct bytes){ line + 4, (size_t)(next - line - 4) };
			body.p = next + 1;
			named = true;
		}
		at = next + 1;
	}
	if (!p->any)
		return err_set(e, ERR_INPUT, "%s holds no message", p->name);
	return buf_check(p->messages, p->name, e);
}

int blueprint_spec_ask(struct arena *a, const struct blueprint *b, const char *words, struct buf *messages,
		       json_t **schema, int *max_tokens, struct err *e)
{
	auto_json *said = json_string_any(bytes_of(words)), *values = json_pack("{s:O}", "words", said), *v = NULL;
	struct prompt p = { .a = a, .name = b->spec_prompt, .values = values, .messages = messages,
			    .max_tokens = max_tokens };
	struct bytes text, form;

	*max_tokens = b->spec_tokens;
	if (blueprint_read(a, b, b->spec_prompt, &text, e) < 0 || blueprint_read(a, b, b->spec_schema, &form, e) < 0 ||
	    prompt_render(&p, text, e) < 0)
		return err_wrap(e, "blueprint %s", b->name);
	if (json_parse(form, &v, e) < 0)
		return err_wrap(e, "blueprint %s: %s", b->name, b->spec_schema);
	*schema = json_incref(v);
	return 0;
}

static struct task_item *function_item(struct context *c, struct task_item *items, int n, const char *id,
				       struct err *e)
{
	for (int i = 0; i < n; i++) {
		if (strcmp(items[i].id, id))
			continue;
		if (items[i].kind->by_model && items[i].of)
			return &items[i];
		err_set(e, ERR_INPUT, "task %s is not one for a model", id);
		return NULL;
	}
	err_set(e, ERR_NOT_FOUND, "blueprint %s has no task %.80s for this specification", c->b->name, id);
	return NULL;
}

int blueprint_function_ask(struct arena *a, const struct blueprint *b, const json_t *spec, const char *task_id,
			   struct buf *messages, int *max_tokens, struct err *e)
{
	auto_context c = { 0 };
	auto_json *values = NULL;
	struct task_item *items, *item;
	struct prompt p = { .a = a, .name = b->function_prompt, .messages = messages, .max_tokens = max_tokens };
	struct bytes text;
	int n;

	*max_tokens = b->function_tokens;
	if (context_make(a, b, spec, NULL, NULL, &c, e) < 0 || context_items(&c, &items, &n, e) < 0)
		return -1;
	item = function_item(&c, items, n, task_id, e);
	if (!item)
		return -1;
	values = json_copy(item->of);
	json_object_set(values, "function", item->of);
	if (item->entity)
		json_object_set(values, "entity", item->entity);
	json_object_set(values, "params", json_object_get(item->of, "args"));
	json_object_set(values, "spec", c.root);
	p.values = values;
	if (blueprint_read(a, b, b->function_prompt, &text, e) < 0 || prompt_render(&p, text, e) < 0)
		return err_wrap(e, "blueprint %s", b->name);
	return 0;
}
