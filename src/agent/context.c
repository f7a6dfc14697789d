/*
 * The context's bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/context.h"

#include "base/err.h"

#include <stdlib.h>

enum { KEEP_TURNS = 3, OUTPUT_WORTH = 400 };

void context_open(struct context *c)
{
	*c = (struct context){ .messages = buf_max(CONTEXT_MAX) };
}

void context_close(struct context *c)
{
	buf_drop(&c->messages);
	free(c->items);
	c->items = NULL;
	c->n = c->room = 0;
}

static void chain_on(struct context *c, struct bytes message)
{
	struct digest before = c->chain;

	c->chain = hash_pair((struct bytes){ (const char *)before.b, sizeof(before.b) }, message);
}

int context_add(struct context *c, enum item_kind kind, struct bytes message, struct err *e)
{
	size_t n = c->messages.n;

	if ((n && buf_add_char(&c->messages, ',') < 0) || buf_add(&c->messages, message.p, message.n) < 0)
		return err_set(e, ERR_LIMIT, "the conversation is larger than %d bytes", (int)CONTEXT_MAX);
	if (c->n == c->room) {
		c->room = c->room ? c->room * 2 : 64;
		c->items = mem_grow(c->items, (size_t)c->room * sizeof(*c->items));
	}
	c->items[c->n++] = (struct item){ .kind = kind, .at = n ? n + 1 : 0, .n = message.n };
	chain_on(c, message);
	return 0;
}

static struct bytes item_bytes(const struct context *c, int i)
{
	return (struct bytes){ c->messages.p + c->items[i].at, c->items[i].n };
}

/* The same message with another content. Whatever its shape: {"role":"tool",...,"content":"..."}. */
static char *with_content(struct arena *a, struct bytes message, struct bytes *was, const char *content)
{
	auto_json *v = NULL;
	auto_buf b = buf_max(1 << 16);
	json_t *text;

	if (json_parse(message, &v, NULL) < 0)
		return NULL;
	text = json_object_get(v, "content");
	if (!json_is_string(text))
		return NULL;
	*was = (struct bytes){ arena_memdup(a, json_string_value(text), json_string_length(text)), json_string_length(text) };
	json_object_set_new(v, "content", json_string_any(bytes_of(content)));
	return json_write(&b, v) < 0 ? NULL : arena_strdup(a, buf_str(&b));
}

/* Items from the n-th reply from the end on are kept. */
static int first_kept(const struct context *c, int turns)
{
	int i = c->n;

	while (i > 0 && turns > 0)
		turns -= c->items[--i].kind == ITEM_REPLY;
	return i;
}

static size_t cut_outputs(struct arena *a, const struct context *c, int until, size_t left, size_t most, json_t *outputs,
			  char *(*keep)(void *arg, struct arena *a, struct bytes text), void *arg)
{
	for (int i = 0; i < until && left > most; i++) {
		struct bytes was;
		char *probe, *path, *message;

		if (c->items[i].kind != ITEM_RESULT || c->items[i].small || c->items[i].n < OUTPUT_WORTH)
			continue;
		probe = with_content(a, item_bytes(c, i), &was, "");
		if (!probe)
			continue;
		path = keep(arg, a, was);
		message = with_content(a, item_bytes(c, i), &was,
				       path ? arena_printf(a, "[output of %zu bytes left out; it stands in %s]", was.n, path)
					    : arena_printf(a, "[output of %zu bytes left out; run it again if it matters]", was.n));
		if (!message || strlen(message) >= c->items[i].n)
			continue;
		json_array_append_new(outputs, json_pack("{s:i, s:s}", "item", i, "message", message));
		left -= c->items[i].n - strlen(message);
	}
	return left;
}

/* The oldest turns, whole ones, up to a reply that stays; the note of an earlier cut goes with them. */
static size_t cut_turns(const struct context *c, size_t left, size_t most, size_t note, const json_t *outputs, int *from, int *to)
{
	int first = 0, last;
	size_t k = 0;

	while (first < c->n && (c->items[first].kind == ITEM_SYSTEM || c->items[first].kind == ITEM_PERSON))
		first++;
	*from = *to = first;
	last = first_kept(c, 1);
	if (last <= first)
		return left;
	left += note;
	for (int i = first; i < last; i++) {
		const json_t *o = json_array_get(outputs, k);
		size_t n = c->items[i].n;

		if (i > first && c->items[i].kind == ITEM_REPLY) {
			*to = i;
			if (left <= most)
				return left;
		}
		if (o && json_whole(o, "item", -1) == i) {
			n = strlen(json_text_or(o, "message", ""));
			k++;
		}
		if (c->items[i].kind != ITEM_PERSON)
			left -= n + 1 < left ? n + 1 : left;
	}
	*to = last;
	return left;
}

json_t *context_plan_cut(struct arena *a, const struct context *c, size_t most, const char *note,
			 char *(*keep)(void *arg, struct arena *a, struct bytes text), void *arg)
{
	json_t *cut = json_object(), *outputs = json_array();
	auto_buf message = buf_max(1 << 20);
	int from = 0, to = 0;
	size_t left;

	left = cut_outputs(a, c, first_kept(c, KEEP_TURNS), c->messages.n, most, outputs, keep, arg);
	if (left > most) {
		buf_add_str(&message, "{\"role\":\"user\",\"content\":");
		json_write_string(&message, bytes_of(note));
		buf_add_char(&message, '}');
		left = cut_turns(c, left, most, message.n, outputs, &from, &to);
	}
	if (left > most) /* the last turns' outputs too, but for the newest */
		left = cut_outputs(a, c, first_kept(c, 1), left, most, outputs, keep, arg);
	json_object_set_new(cut, "before", json_integer((json_int_t)c->messages.n));
	if (json_array_size(outputs))
		json_object_set(cut, "outputs", outputs);
	if (to > from) {
		json_object_set_new(cut, "from", json_integer(from));
		json_object_set_new(cut, "to", json_integer(to));
		json_object_set_new(cut, "note", json_string_any(buf_bytes(&message)));
	}
	if (!json_array_size(outputs) && to <= from) {
		json_decref(cut);
		cut = NULL;
	}
	json_decref(outputs);
	return cut;
}

int context_cut(struct context *c, const json_t *cut, struct err *e)
{
	auto_context new = { 0 };
	const json_t *outputs = json_list(cut, "outputs"), *o;
	const char **other = mem_alloc((size_t)(c->n + 1) * sizeof(*other));
	int64_t from = json_whole(cut, "from", 0), to = json_whole(cut, "to", 0);
	size_t i;
	int bad = from < 0 || to < from || to > c->n;

	context_open(&new);
	memset(other, 0, (size_t)(c->n + 1) * sizeof(*other));
	json_array_foreach(outputs, i, o) {
		int64_t at = json_whole(o, "item", -1);

		if (at < 0 || at >= c->n || c->items[at].kind != ITEM_RESULT || !json_text(o, "message"))
			bad = 1;
		else
			other[at] = json_text(o, "message");
	}
	for (int k = 0; k < c->n && !bad; k++) {
		if (k == from && to > from)
			bad = context_add(&new, ITEM_OURS, bytes_of(json_text_or(cut, "note", "{}")), e) < 0;
		if (k >= from && k < to && c->items[k].kind != ITEM_PERSON)
			continue;
		bad = bad || context_add(&new, c->items[k].kind, other[k] ? bytes_of(other[k]) : item_bytes(c, k), e) < 0;
		if (!bad)
			new.items[new.n - 1].small = other[k] || c->items[k].small;
	}
	free(other);
	if (bad)
		return err_set(e, ERR_INPUT, "the cut does not fit the context");
	new.cuts = c->cuts + 1;
	context_close(c);
	*c = new;
	new = (struct context){ 0 };
	return 0;
}
