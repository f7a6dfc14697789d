/*
 * Building the context. It is made anew for every task: that costs a millisecond, and nothing can be stale.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/context.h"

#include "base/err.h"
#include "blueprint/template.h"
#include "blueprint/words.h"

#include <string.h>

enum { LINE_MAX_BYTES = 4096, TASKS_MAX = 200 };

void context_drop(struct context *c)
{
	json_decref(c->root);
	c->root = NULL;
}

static bool type_is(const json_t *f, enum field_type t)
{
	return !strcmp(json_text_or(f, "type", ""), field_type_name(t));
}

static const char *python_type(const json_t *f)
{
	switch (field_type_find(json_text_or(f, "type", "text"))) {
	case FIELD_WHOLE:
	case FIELD_REF:
		return "int";
	case FIELD_DECIMAL:
	case FIELD_MONEY:
		return "float";
	case FIELD_YES_NO:
		return "bool";
	default:
		return "str";
	}
}

static json_t *entity_named(const json_t *root, const char *name)
{
	json_t *t;
	size_t i;

	json_array_foreach(json_list(root, "entities"), i, t)
		if (name && !strcmp(json_text_or(t, "name", ""), name))
			return t;
	return NULL;
}

static void field_derive(struct context *c, const json_t *entity, json_t *f)
{
	const char *ref = json_text(f, "ref");
	const json_t *to = entity_named(c->root, ref), *choice, *rule;
	json_t *titles = json_array();
	bool ruled = false;
	size_t i;

	for (int t = 0; t < FIELD_TYPES; t++)
		json_object_set_new(f, arena_printf(c->a, "is_%s", field_type_name((enum field_type)t)),
				    json_boolean(type_is(f, (enum field_type)t)));
	json_object_set_new(f, "is_number", json_boolean(type_is(f, FIELD_WHOLE) || type_is(f, FIELD_DECIMAL) ||
							 type_is(f, FIELD_MONEY)));
	json_object_set_new(f, "optional", json_boolean(!json_flag(f, "required", false)));
	json_object_set_new(f, "has_choices", json_boolean(json_array_size(json_list(f, "choices")) > 0));
	json_object_set_new(f, "python", json_string(python_type(f)));
	json_object_set(f, "label", json_object_get(f, "title"));
	json_object_set_new(f, "ref_plural", to ? json_string(json_text_or(to, "plural", ref)) : json_null());
	json_object_set_new(f, "ref_class", to ? json_string(json_text_or(to, "class", ref)) : json_null());
	json_array_foreach(json_list(f, "choices"), i, choice)
		json_array_append_new(titles, json_pack("{s:O, s:s}", "value", choice, "title",
							name_title(c->a, json_string_value(choice))));
	json_object_set_new(f, "choice_titles", titles);
	json_array_foreach(json_list(entity, "rules"), i, rule)
		ruled = ruled || json_holds_text(json_object_get(rule, "params"), json_text_or(f, "name", ""));
	json_object_set_new(f, "ruled", json_boolean(ruled));
	if (!json_object_get(f, "bad"))
		json_object_set_new(f, "bad", json_null());
}

static void sublist(json_t *entity, const char *key, unsigned types)
{
	json_t *list = json_array(), *f;
	char has[40];
	size_t i;

	json_array_foreach(json_list(entity, "fields"), i, f) {
		int t = field_type_find(json_text_or(f, "type", "text"));

		if (t >= 0 && types & 1u << t)
			json_array_append(list, f);
	}
	snprintf(has, sizeof(has), "has_%s", key);
	json_object_set_new(entity, has, json_boolean(json_array_size(list) > 0));
	json_object_set_new(entity, key, list);
}

static void entity_derive(struct context *c, json_t *entity)
{
	json_t *f;
	size_t i;

	json_array_foreach(json_list(entity, "fields"), i, f)
		field_derive(c, entity, f);
	sublist(entity, "searchable", 1u << FIELD_TEXT | 1u << FIELD_LONG_TEXT | 1u << FIELD_EMAIL | 1u << FIELD_PHONE |
		1u << FIELD_URL);
	sublist(entity, "numbers", 1u << FIELD_WHOLE | 1u << FIELD_DECIMAL | 1u << FIELD_MONEY);
	sublist(entity, "choices_fields", 1u << FIELD_CHOICE);
	sublist(entity, "refs", 1u << FIELD_REF);
	sublist(entity, "dates", 1u << FIELD_DATE | 1u << FIELD_TIME | 1u << FIELD_DATETIME);
}

/* A rule or function gets a name that is an identifier, and its entity as a short object: a whole one would be a circle. */
static void member_derive(struct context *c, json_t *m, const json_t *entity)
{
	const char *id = json_text_or(m, "id", "");
	json_t *short_one = entity ? json_object() : json_null(), *names = json_list(m, "field_names"), *fields, *v, *f;
	static const char *const keys[] = { "name", "slug", "plural", "class", "title", "title_plural", NULL };
	size_t i, k;

	for (const char *const *key = keys; entity && *key; key++)
		json_object_set(short_one, *key, json_object_get(entity, *key));
	json_object_set_new(m, "entity", short_one);
	json_object_set_new(m, "slug", json_string(name_snake(c->a, bytes_of(id))));
	if (strlen(id) > NAME_MAX_LEN) {
		char *slug = arena_strdup(c->a, id);

		for (char *p = slug; *p; p++)
			if (*p == '-')
				*p = '_';
		json_object_set_new(m, "slug", json_string(slug));
	}
	json_object_set_new(m, "class_name", json_string(name_camel(c->a, id)));
	if (!names)
		return;
	fields = json_array();
	json_array_foreach(names, i, v)
		json_array_foreach(json_list(entity, "fields"), k, f)
			if (json_equal(json_object_get(f, "name"), v))
				json_array_append(fields, f);
	json_object_set_new(m, "fields", fields);
}

static void rule_derive(struct context *c, json_t *rule, json_t *entity)
{
	member_derive(c, rule, entity);
	json_object_set(rule, "p", json_object_get(rule, "params"));
	json_object_set(rule, "entity_record", json_object_get(entity, "record"));
	json_object_set(rule, "record", json_object_get(entity, "record"));
	json_object_set(rule, "record2", json_object_get(entity, "record2"));
	json_object_set(rule, "needs", json_object_get(entity, "needs"));
}

/* Frames and rendering. */

int context_render(const struct context *c, const struct task_item *item, bool as_entity, const char *name,
		   struct bytes text, struct buf *out, struct err *e)
{
	const char *each = item && item->kind ? item->kind->each : NULL;
	auto_json *top = json_object();
	const json_t *frames[3] = { c->root };
	struct template t = { .name = name, .text = text, .frames = frames, .frames_n = 1 };

	if (item && item->of) {
		bool entity = as_entity || (each && !strcmp(each, "entities"));

		if (!entity)
			json_object_set(top, each && !strcmp(each, "rules") ? "rule" : "function", item->of);
		if (item->entity)
			json_object_set(top, "entity", item->entity);
		frames[1] = entity ? item->entity : item->of;
		frames[2] = top;
		t.frames_n = 3;
	}
	return template_render(&t, out, e);
}

int context_line(const struct context *c, const struct task_item *item, bool as_entity, const char *text, char **out,
		 struct err *e)
{
	auto_buf line = buf_max(LINE_MAX_BYTES);

	if (context_render(c, item, as_entity, text, bytes_of(text), &line, e) < 0)
		return -1;
	*out = line_fold(c->a, buf_bytes(&line), LINE_MAX_BYTES);
	return 0;
}

/* The tasks. */

static bool id_is_plain(const char *s)
{
	size_t n = strlen(s);

	return n && n <= 64 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == n;
}

static int item_add(const struct context *c, const struct task_kind *k, json_t *of, json_t *entity,
		    struct task_item *items, int *n, struct err *e)
{
	struct task_item item = { .kind = k, .of = of, .entity = entity };
	char *id;

	if (*n == TASKS_MAX)
		return err_set(e, ERR_LIMIT, "blueprint %s: more than %d tasks", c->b->name, TASKS_MAX);
	if (context_line(c, &item, false, k->id, &id, e) < 0)
		return err_wrap(e, "blueprint %s: the id of a task", c->b->name);
	if (!id_is_plain(id))
		return err_set(e, ERR_INPUT, "blueprint %s: \"%.80s\" is no id of a task", c->b->name, id);
	for (int i = 0; i < *n; i++)
		if (!strcmp(items[i].id, id))
			return err_set(e, ERR_INPUT, "blueprint %s: two tasks are called %s", c->b->name, id);
	item.id = id;
	items[(*n)++] = item;
	return 0;
}

static bool tag_is_there(const json_t *root, const char *tag)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_list(root, "tags"), i, v)
		if (json_is_string(v) && !strcmp(json_string_value(v), tag))
			return true;
	return !tag;
}

static int members_add(const struct context *c, const struct task_kind *k, const char *key, struct task_item *items,
		       int *n, struct err *e)
{
	json_t *t, *m;
	size_t i, j;

	if (!strcmp(key, "functions"))
		json_array_foreach(json_list(c->root, "all_functions"), i, m)
			if (!json_map(m, "entity") && item_add(c, k, m, NULL, items, n, e) < 0)
				return -1;
	json_array_foreach(json_list(c->root, "entities"), i, t)
		json_array_foreach(json_list(t, !strcmp(key, "rules") ? "all_rules" : "all_functions"), j, m)
			if (item_add(c, k, m, t, items, n, e) < 0)
				return -1;
	return 0;
}

int context_items(const struct context *c, struct task_item **out, int *n, struct err *e)
{
	struct task_item *items = arena_array(c->a, TASKS_MAX, sizeof(*items));
	int count = 0;

	for (int i = 0; i < c->b->tasks_n; i++) {
		const struct task_kind *k = &c->b->tasks[i];
		json_t *t;
		size_t j;

		if (k->when_tag && !tag_is_there(c->root, k->when_tag))
			continue;
		if (!k->each) {
			if (item_add(c, k, NULL, NULL, items, &count, e) < 0)
				return -1;
		} else if (!strcmp(k->each, "entities")) {
			json_array_foreach(json_list(c->root, "entities"), j, t)
				if (item_add(c, k, t, t, items, &count, e) < 0)
					return -1;
		} else if (members_add(c, k, k->each, items, &count, e) < 0) {
			return -1;
		}
	}
	*out = items;
	*n = count;
	return 0;
}

/* Who is active, and the lists that hold only those. */

static bool id_in(const char *id, const char *const *list, const char *also)
{
	if (also && !strcmp(id, also))
		return true;
	for (; list && *list; list++)
		if (!strcmp(*list, id))
			return true;
	return false;
}

static json_t *active_of(const json_t *list)
{
	json_t *out = json_array(), *m;
	size_t i;

	json_array_foreach(list, i, m)
		if (json_flag(m, "active", true))
			json_array_append(out, m);
	return out;
}

static int activity_set(struct context *c, const char *const *active, const char *also, struct err *e)
{
	json_t *rules = json_array(), *functions, *t;
	struct task_item *items;
	int n = 0;
	size_t i;

	if (context_items(c, &items, &n, e) < 0) {
		json_decref(rules);
		return -1;
	}
	for (int k = 0; k < n && active; k++)
		if (items[k].of)
			json_object_set_new(items[k].of, "active", json_boolean(id_in(items[k].id, active, also)));
	functions = active_of(json_list(c->root, "all_functions"));
	json_array_foreach(json_list(c->root, "entities"), i, t) {
		if (!json_object_get(t, "active"))
			json_object_set_new(t, "active", json_true());
		json_object_set_new(t, "rules", active_of(json_list(t, "all_rules")));
		json_object_set_new(t, "functions", active_of(json_list(t, "all_functions")));
		json_object_set_new(t, "has_rules", json_boolean(json_array_size(json_list(t, "rules")) > 0));
		json_object_set_new(t, "has_functions", json_boolean(json_array_size(json_list(t, "functions")) > 0));
		json_array_extend(rules, json_list(t, "rules"));
		json_array_extend(functions, json_list(t, "functions"));
	}
	json_object_set_new(c->root, "rules", rules);
	json_object_set_new(c->root, "functions", functions);
	json_object_set_new(c->root, "active_entities", active_of(json_list(c->root, "entities")));
	return 0;
}

static int spec_check(const struct blueprint *b, const json_t *spec, struct err *e)
{
	if (json_whole(spec, "spec", 0) != 1 || !json_array_size(json_list(spec, "entities")))
		return err_set(e, ERR_INPUT, "not a specification of version 1");
	if (strcmp(json_text_or(spec, "blueprint", ""), b->name))
		return err_set(e, ERR_INPUT, "the specification is for the blueprint %.60s, not for %s",
			       json_text_or(spec, "blueprint", "?"), b->name);
	return 0;
}

int context_make(struct arena *a, const struct blueprint *b, const json_t *spec, const char *const *active,
		 const char *also, struct context *out, struct err *e)
{
	auto_context c = { .a = a, .b = b };
	json_t *t, *m;
	size_t i, j;

	if (spec_check(b, spec, e) < 0)
		return -1;
	c.root = json_deep_copy(spec);
	if (!json_object_get(c.root, "tags"))
		json_object_set_new(c.root, "tags", json_array());
	json_array_foreach(json_list(c.root, "tags"), i, t)
		if (json_is_string(t))
			json_object_set_new(c.root, arena_printf(a, "tag_%s", name_snake(a, bytes_of(json_string_value(t)))),
					    json_true());
	sample_records(a, b, c.root);
	json_array_foreach(json_list(c.root, "entities"), i, t) {
		entity_derive(&c, t);
		json_array_foreach(json_list(t, "rules"), j, m)
			rule_derive(&c, m, t);
		json_array_foreach(json_list(t, "functions"), j, m)
			member_derive(&c, m, t);
		json_object_set(t, "all_rules", json_object_get(t, "rules"));
		json_object_set(t, "all_functions", json_object_get(t, "functions"));
	}
	json_array_foreach(json_list(c.root, "functions"), j, m)
		member_derive(&c, m, NULL);
	json_object_set(c.root, "all_functions", json_object_get(c.root, "functions"));
	if (activity_set(&c, active, also, e) < 0)
		return -1;
	*out = c;
	c.root = NULL;
	return 0;
}
