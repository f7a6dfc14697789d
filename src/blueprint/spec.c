/*
 * The cured specification as JSON: what is logged, and all that later steps read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/blueprint.h"
#include "blueprint/context.h"
#include "blueprint/words.h"

#include <string.h>

static json_t *field_json(struct arena *a, const struct field *f)
{
	json_t *v = json_pack("{s:s, s:s, s:s, s:b, s:b, s:n, s:n, s:[], s:s?, s:s}", "name", f->name, "type",
			      field_type_name(f->type), "title", name_title(a, f->name), "required", f->required, "unique",
			      f->unique, "min", "max", "choices", "ref", f->ref, "from", f->from);

	for (int i = 0; i < f->choices_n; i++)
		json_array_append_new(json_object_get(v, "choices"), json_string(f->choices[i]));
	return v;
}

/* What names a record to a person: a required text, else what is required first (a loan's book), else any text. */
const char *entity_label(const struct entity *t)
{
	static const char *const names[] = { "name", "title", "label", "subject", "full_name", NULL };
	const struct field *best = NULL;
	int most = 0;

	for (const char *const *n = names; *n; n++)
		for (int i = 0; i < t->n; i++)
			if (t->fields[i].type == FIELD_TEXT && !strcmp(t->fields[i].name, *n))
				return t->fields[i].name;
	for (int i = 0; i < t->n; i++) {
		const struct field *f = &t->fields[i];

		int rank = field_is_text_like(f->type) ? (f->required ? 4 : 2) : !f->required ? 0 :
			f->type == FIELD_REF || f->type == FIELD_DATE || f->type == FIELD_DATETIME ? 3 : f->type == FIELD_YES_NO ? 0 : 1;

		if (rank > most) {
			most = rank;
			best = f;
		}
	}
	return best ? best->name : t->fields[0].name;
}

static json_t *entity_json(struct spec *s, const struct entity *t)
{
	json_t *v = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[], s:[], s:[]}", "name", t->name, "slug", t->name,
			      "plural", t->plural, "class", name_camel(s->a, t->name), "title", name_title(s->a, t->name),
			      "title_plural", name_title(s->a, t->plural), "about", t->about ? t->about : "", "from", t->from,
			      "label_field", entity_label(t), "fields", "rules", "functions");
	const json_t *r;
	size_t i;

	for (int k = 0; k < t->n; k++)
		json_array_append_new(json_object_get(v, "fields"), field_json(s->a, &t->fields[k]));
	json_array_foreach(s->rules, i, r)
		if (!strcmp(json_text_or(r, "entity", ""), t->name))
			json_array_append(json_object_get(v, "rules"), (json_t *)(uintptr_t)r);
	json_array_foreach(s->functions, i, r)
		if (!strcmp(json_text_or(r, "entity", ""), t->name))
			json_array_append(json_object_get(v, "functions"), (json_t *)(uintptr_t)r);
	sample_fields(s->a, v);
	return v;
}

int spec_json(struct spec *s, json_t **out, struct err *e)
{
	char *name = name_snake(s->a, bytes_of(s->title));
	auto_json *v = json_pack("{s:i, s:s, s:s, s:s, s:s, s:[], s:[], s:O, s:O, s:O}", "spec", 1, "blueprint", s->b->name, "name",
				 *name ? name : "app", "title", s->title, "package", s->b->package, "entities", "functions",
				 "left_out", s->left_out, "proposed", s->proposed, "settings", s->settings);
	const json_t *f;
	size_t i;

	if (!v)
		return err_set(e, ERR_INPUT, "the specification is no text");
	for (int k = 0; k < s->n; k++)
		json_array_append_new(json_object_get(v, "entities"), entity_json(s, &s->entities[k]));
	json_array_foreach(s->functions, i, f)
		if (!json_text(f, "entity"))
			json_array_append(json_object_get(v, "functions"), (json_t *)(uintptr_t)f);
	*out = json_incref(v);
	return 0;
}

/* What a model called unique and the words did not is told, not enforced. */
static void proposals_collect(struct spec *s)
{
	for (int i = 0; i < s->n; i++)
		for (int k = 0; k < s->entities[i].n; k++)
			if (s->entities[i].fields[k].unique_proposed && !s->entities[i].fields[k].unique)
				json_array_append_new(s->proposed, json_sprintf("%s.%s unique", s->entities[i].name,
										s->entities[i].fields[k].name));
}

/* Typographic quotes as plain ones, in as many bytes. */
static char *quotes_plain(char *words)
{
	static const char *const marks[] = { "\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x9E", NULL };

	for (char *p = words; *p; p++)
		for (const char *const *m = marks; *m; m++)
			if (!strncmp(p, *m, 3))
				memcpy(p, (*m)[2] == '\x9D' ? "  \"" : "\"  ", 3);
	return words;
}

static size_t bullet_len(const char *at)
{
	size_t digits = strspn(at, "0123456789");

	if ((*at == '-' || *at == '*' || *at == '+') && at[1] == ' ')
		return 1;
	if (!strncmp(at, "\xE2\x80\xA2", 3))
		return 3;
	return digits && digits < 3 && (at[digits] == '.' || at[digits] == ')') && at[digits + 1] == ' ' ? digits + 1 : 0;
}

/* Bullets and numbers in front of lines are no words, an indented line that is no item of its own goes on with the one
 * above, and blanks count as one, but in quotes. */
static char *lines_cure(char *words)
{
	char *out = words;
	bool start = true, quoted = false;

	for (const char *p = words; *p;) {
		if (start) {
			const char *at = p + strspn(p, " \t");
			size_t bullet = bullet_len(at);

			if (!bullet && at > p && out > words && out[-1] == '\n' && *at >= 'a' && *at <= 'z')
				out[-1] = ' ';
			p = at + bullet + strspn(at + bullet, " \t");
			start = quoted = false;
			continue;
		}
		quoted = quoted != (*p == '"');
		start = *p == '\n';
		if (quoted || !((*p == ' ' || *p == '\t') && out > words && out[-1] == ' '))
			*out++ = *p == '\t' ? ' ' : *p;
		p++;
	}
	*out = 0;
	return words;
}

/* The words as valid UTF-8, whatever was typed. */
static char *words_cure(struct arena *a, const char *words)
{
	auto_json *v = json_string_any(bytes_of(words));

	return lines_cure(quotes_plain(arena_strdup(a, json_string_value(v))));
}

int blueprint_spec_cure(struct arena *a, const struct blueprint *b, const char *words, struct bytes draft,
			json_t **spec, struct err *e)
{
	auto_spec s = { .a = a, .b = b, .words = words_cure(a, words), .rules = json_array(), .functions = json_array(),
			.left_out = json_array(), .proposed = json_array(), .settings = json_array() };

	auto_json *made = NULL;

	s.entities = arena_array(a, ENTITIES_ALL, sizeof(*s.entities));
	if (draft_parse(&s, draft, e) < 0)
		return err_wrap(e, "the model's draft");
	said_add(&s);
	draft_settle(&s);
	if (bind_rules(&s, e) < 0)
		return -1;
	draft_settle(&s);
	examples_add(&s);
	proposals_collect(&s);
	if (spec_json(&s, &made, e) < 0 || functions_describe(a, b, made, e) < 0)
		return -1;
	*spec = json_incref(made);
	return 0;
}
