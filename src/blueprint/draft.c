/*
 * Reading a model's draft, and curing it.
 *
 * What small models get wrong is mechanical and always the same: a field called id, a reference to an entity that is
 * not there, "items" beside "item", a type in other words, two tables that each need the other first. Code mends all of
 * it; what cannot be mended is dropped. Nothing here trusts a length, a name or an order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/opt.h"
#include "blueprint/bind.h"
#include "blueprint/data.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <string.h>

/* The JSON object in an answer that may have words or a fence around it. */
static int draft_json(struct bytes in, json_t **out, struct err *e)
{
	const char *from = memchr(in.p ? in.p : "", '{', in.n), *to;

	if (in.n > DRAFT_BYTES_MAX)
		return err_set(e, ERR_MODEL, "a draft is at most %d bytes", DRAFT_BYTES_MAX);
	to = from ? memrchr(from, '}', in.n - (size_t)(from - in.p)) : NULL;
	if (!to)
		return err_set(e, ERR_MODEL, "no JSON object in the answer");
	if (json_parse_model((struct bytes){ from, (size_t)(to - from) + 1 }, out, e) == 0 && json_is_object(*out))
		return 0;
	if (e)
		e->code = ERR_MODEL;
	return err_wrap(e, "the answer's JSON");
}

static struct bytes trimmed(struct bytes s)
{
	while (s.n && isspace((unsigned char)*s.p)) {
		s.p++;
		s.n--;
	}
	while (s.n && isspace((unsigned char)s.p[s.n - 1]))
		s.n--;
	return s;
}

static void choice_add(struct arena *a, struct field *f, struct bytes word)
{
	char *name = name_snake(a, trimmed(word));

	if (!*name || f->choices_n == CHOICES_MAX)
		return;
	for (int i = 0; i < f->choices_n; i++)
		if (!strcmp(f->choices[i], name))
			return;
	f->choices[f->choices_n++] = name;
}

static void choices_parse(struct arena *a, struct field *f, struct bytes list)
{
	const char *p = list.p, *end = list.p + list.n;
	const char *parts = memchr(p, '|', list.n) ? "|" : "|,/";

	while (p < end) {
		const char *q = p;

		while (q < end && !strchr(parts, *q))
			q++;
		choice_add(a, f, (struct bytes){ p, (size_t)(q - p) });
		p = q + 1;
	}
}

static bool says(const char *text, const char *word)
{
	const char *at = text;
	size_t n = strlen(word);

	while ((at = strcasestr(at, word))) {
		if ((at == text || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n]))
			return true;
		at += n;
	}
	return false;
}

static void type_parse(struct arena *a, struct field *f, char *text)
{
	char *open = strchr(text, '('), *close = open ? strchr(open, ')') : NULL, *word = text;
	const char *rest;
	size_t n;
	int t;

	while (isspace((unsigned char)*word))
		word++;
	n = strcspn(word, " \t(,");
	rest = word + n;
	t = field_type_find(name_snake(a, (struct bytes){ word, n }));
	f->type = t < 0 ? FIELD_TEXT : (enum field_type)t;
	if (f->type == FIELD_CHOICE && close)
		choices_parse(a, f, (struct bytes){ open + 1, (size_t)(close - open - 1) });
	if (close && open > text) /* what stands in brackets is no flag: "text (required)" aside */
		rest = f->type == FIELD_CHOICE || f->type == FIELD_REF ? close + 1 : rest;
	if (f->type == FIELD_REF) {
		struct bytes target = close ? (struct bytes){ open + 1, (size_t)(close - open - 1) } :
			(struct bytes){ word + n, strlen(word + n) };

		target = trimmed(target);
		if (!close && memchr(target.p, ' ', target.n))
			target.n = (size_t)((const char *)memchr(target.p, ' ', target.n) - target.p);
		f->ref = name_singular(a, name_snake(a, target));
	}
	f->required = says(rest, "required") && !says(rest, "not required");
	f->unique_proposed = says(rest, "unique");
}

static void field_parse(struct spec *s, struct entity *t, const json_t *v)
{
	struct field f = { .from = "model" };
	const char *text = json_is_string(v) ? json_string_value(v) : NULL, *colon;
	char *name, *type;

	if (json_is_object(v) && json_text(v, "name"))
		text = arena_printf(s->a, "%s: %s%s%s", json_text(v, "name"), json_text_or(v, "type", "text"),
				    json_flag(v, "required", false) ? " required" : "",
				    json_flag(v, "unique", false) ? " unique" : "");
	if (!text || strlen(text) > 500)
		return;
	colon = strchr(text, ':');
	name = field_name_cure(s->a, s->b, (struct bytes){ text, colon ? (size_t)(colon - text) : strcspn(text, " (") },
			       t->name);
	if (!name)
		return;
	type = arena_strdup(s->a, colon ? colon + 1 : text + strcspn(text, " ("));
	type_parse(s->a, &f, type);
	if (entity_field(t, name) || t->n == FIELDS_MAX)
		return;
	f.name = name;
	t->fields[t->n++] = f;
}

static void entity_parse(struct spec *s, const json_t *v)
{
	const json_t *fields = json_list(v, "fields"), *f;
	const char *said = json_text(v, "name");
	char *name = said ? field_name_cure(s->a, s->b, bytes_of(said), NULL) : NULL;
	struct entity *t;
	size_t i;

	if (!name || s->n == ENTITIES_MAX || spec_entity(s, name))
		return;
	t = &s->entities[s->n++];
	*t = (struct entity){ .name = name, .from = "model" };
	t->plural = name_snake(s->a, bytes_of(json_text_or(v, "plural", "")));
	t->about = line_clean(s->a, bytes_of(json_text_or(v, "about", "")), 200);
	json_array_foreach(fields, i, f)
		field_parse(s, t, f);
}

static struct entity *entity_found(struct spec *s, const char *name)
{
	for (int i = 0; i < s->n; i++)
		if (word_equal(s->entities[i].name, name) || !strcmp(s->entities[i].plural, name))
			return &s->entities[i];
	return NULL;
}

static bool is_said(struct spec *s, const char *name)
{
	char *words = arena_strdup(s->a, name);

	for (char *p = words; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	return phrase_occurs(s->a, words, s->words);
}

/* What an entity that nobody described surely has. */
static void stub_fill(struct entity *t)
{
	static const char *const people[] = {
		"customer", "client", "member", "patient", "doctor", "teacher", "student", "employee", "user", "guest", "attendee",
		"participant", "adopter", "driver", "trainer", "agent", "owner", "author", NULL,
	};
	const char *last = strrchr(t->name, '_');

	last = last ? last + 1 : t->name;
	if (word_in(last, people)) {
		entity_add(t, "email", FIELD_EMAIL, "model");
		entity_add(t, "phone", FIELD_PHONE, "model");
	} else if (!strcmp(last, "item") || !strcmp(last, "line")) {
		entity_add(t, "quantity", FIELD_WHOLE, "model")->required = true;
		entity_add(t, "price", FIELD_MONEY, "model");
	}
}

/* An entity that only a field or the list of names speaks of. NULL when there is no room. */
static struct entity *entity_make(struct spec *s, const char *name)
{
	char *cured = field_name_cure(s->a, s->b, bytes_of(name), NULL);
	struct entity *t = cured ? entity_found(s, cured) : NULL;

	if (t || !cured || s->n == ENTITIES_ALL)
		return t;
	t = &s->entities[s->n++];
	*t = (struct entity){ .name = cured, .plural = "", .about = "", .from = "words" };
	entity_add(t, "name", FIELD_TEXT, "model")->required = true;
	stub_fill(t);
	return t;
}

/* A word that stands in the words as it is here, letter by letter. */
static bool is_said_as(struct spec *s, const char *word)
{
	const char *at = s->words;
	size_t n = strlen(word);

	while ((at = strcasestr(at, word))) {
		if ((at == s->words || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n]))
			return true;
		at += n;
	}
	return false;
}

/* Said somewhere as a thing of its own: "with categories", and not alone in "titles must be unique per agent". */
static bool is_said_freely(struct spec *s, const char *word)
{
	static const char *const demands[] = { "unique", "must", "never", "cannot", "can't", "distinct", "duplicate", "duplicated",
					       "duplicates", "required", "identical", "the same", "not", "optional", NULL };
	const char *at = s->words;
	size_t n = strlen(word);

	while ((at = strcasestr(at, word))) {
		const char *from = at, *to = at + n;

		if ((at == s->words || !isalnum((unsigned char)at[-1])) && !isalnum((unsigned char)at[n])) {
			while (from > s->words && !strchr(",.;:\n!?", from[-1]))
				from--;
			to += strcspn(to, ",.;:\n!?");
			if (!text_has(arena_memdup(s->a, from, (size_t)(to - from)), demands))
				return true;
		}
		at += n;
	}
	return false;
}

static bool refers_to(const struct entity *t, const char *name)
{
	for (int i = 0; i < t->n; i++)
		if (t->fields[i].type == FIELD_REF && t->fields[i].ref && !strcmp(t->fields[i].ref, name))
			return true;
	return false;
}

static void field_drop(struct entity *t, int at)
{
	memmove(&t->fields[at], &t->fields[at + 1], (size_t)(t->n - at - 1) * sizeof(*t->fields));
	t->n--;
}

/*
 * What small models mean and do not write (measured, bench/local): "lines: ref line_item" of an order is a line_item that
 * belongs to an order; "category: choice(food|rent)" where the words speak of categories is a record of its own.
 */
static void relations_cure(struct spec *s)
{
	static const char *const never_records[] = { "status", "state", "name", "title", "code", "number", "sku", "isbn", "label",
						     "description", "email", "phone", "address", "note", "price", "quantity", NULL };
	int had = s->n;

	for (int i = 0; i < had; i++) {
		for (int k = 0; k < s->entities[i].n; k++) {
			struct entity *t = &s->entities[i], *other;
			struct field *f = &t->fields[k];
			char *one = name_singular(s->a, f->name);
			bool plural = strcmp(one, f->name) != 0;

			if (plural && (f->type == FIELD_REF || (f->type == FIELD_CHOICE && is_said(s, one) && !entity_found(s, one)))) {
				other = entity_make(s, f->type == FIELD_REF && f->ref && *f->ref ? f->ref : one);
				if (!other || other == t)
					continue;
				if (!refers_to(other, t->name) && field_name_cure(s->a, s->b, bytes_of(t->name), other->name)) {
					struct field *back = entity_add(other, field_name_cure(s->a, s->b, bytes_of(t->name), other->name),
									FIELD_REF, "model");

					if (back) {
						back->ref = t->name;
						back->required = true;
					}
				}
				field_drop(t, k--);
			} else if ((f->type == FIELD_CHOICE || f->type == FIELD_TEXT) && !plural && !word_in(f->name, never_records) &&
				   strcmp(f->name, t->name) && is_said_freely(s, name_plural(s->a, f->name)) &&
				   !is_said_as(s, f->name)) {
				other = entity_make(s, f->name);
				if (!other || other == t)
					continue;
				f->type = FIELD_REF;
				f->ref = other->name;
				f->choices_n = 0;
			}
		}
	}
}

/* The entity that a reference means: by name, by plural, else the one whose name is nearest. */
static struct entity *ref_target(struct spec *s, const struct field *f)
{
	const char *words[] = { f->ref, f->name };
	size_t least;
	struct entity *near = NULL;

	for (int w = 0; w < 2; w++)
		for (int i = 0; words[w] && i < s->n; i++)
			if (word_equal(s->entities[i].name, words[w]) || !strcmp(s->entities[i].plural, words[w]) ||
			    word_equal(s->entities[i].name, name_snake(s->a, bytes_of(words[w]))))
				return &s->entities[i];
	for (int i = 0; f->ref && i < s->n; i++) { /* "library_member" is a member, "item_category" a category */
		const char *n = s->entities[i].name, *at = strstr(f->ref, n);

		if (at && !at[strlen(n)] && at > f->ref && at[-1] == '_')
			return &s->entities[i];
	}
	if (f->ref && *f->ref && is_said(s, f->ref)) { /* the commonest fault: the words name it, the draft only refers to it */
		struct entity *made = entity_make(s, f->ref);

		if (made)
			return made;
	}
	least = f->ref ? opt_far(f->ref) : 0;
	for (int i = 0; f->ref && i < s->n; i++) {
		size_t d = opt_distance(f->ref, s->entities[i].name);

		if (d < least) {
			least = d;
			near = &s->entities[i];
		}
	}
	return near;
}

static void fields_cure(struct spec *s, struct entity *t)
{
	for (int i = 0; i < t->n; i++) {
		struct field *f = &t->fields[i]; /* entities stay where they are: the array has its full size */
		size_t n = strlen(f->name);

		/* supplier_id is the reference that it says */
		if (n > 3 && !strcmp(f->name + n - 3, "_id") && f->type != FIELD_CHOICE) {
			char *base = arena_memdup(s->a, f->name, n - 3);

			if (f->type != FIELD_REF && spec_entity(s, base)) {
				f->type = FIELD_REF;
				f->ref = base;
			}
			if (f->type == FIELD_REF && !entity_field(t, base) &&
			    field_name_cure(s->a, s->b, bytes_of(base), t->name))
				f->name = field_name_cure(s->a, s->b, bytes_of(base), t->name);
		}
		if (f->type == FIELD_CHOICE && f->choices_n < 2)
			f->type = FIELD_TEXT;
		if (f->type == FIELD_CHOICE && f->choices_n == 2 && ((!strcmp(f->choices[0], "yes") && !strcmp(f->choices[1], "no")) ||
								     (!strcmp(f->choices[0], "no") && !strcmp(f->choices[1], "yes")))) {
			f->type = FIELD_YES_NO;
			f->choices_n = 0;
		}
		if (f->type == FIELD_REF) {
			struct entity *to = ref_target(s, f);

			f->ref = to ? to->name : NULL;
			if (!to)
				f->type = FIELD_TEXT;
			else if (to == t)
				f->required = false;
		} else {
			f->ref = NULL;
		}
	}
}

static void required_cure(struct spec *s, struct entity *t)
{
	int first = -1;

	if (!t->n) {
		struct field *f = entity_add(t, "name", FIELD_TEXT, "model");

		if (f)
			f->required = true;
	}
	for (int i = 0; i < t->n; i++) {
		const struct field *f = &t->fields[i];

		/* what a person, a day or another record tells apart needs no text that nobody asked for */
		if (f->required && (f->type == FIELD_TEXT || f->type == FIELD_EMAIL || f->type == FIELD_REF || f->type == FIELD_DATE ||
				    f->type == FIELD_DATETIME))
			return;
		if ((f->type == FIELD_TEXT || f->type == FIELD_EMAIL) && !f->optional_said)
			first = first < 0 ? i : first;
	}
	if (first < 0) {
		for (int i = 0; i < t->n; i++)
			if (t->fields[i].required)
				return;
		for (int i = t->n - 1; i >= 0; i--) /* yes_no says nothing when it is required; a self-reference never can be */
			if (t->fields[i].type != FIELD_YES_NO && !t->fields[i].optional_said && !(t->fields[i].ref && !strcmp(t->fields[i].ref, t->name)))
				first = i;
	}
	if (first >= 0) {
		t->fields[first].required = true;
		return;
	}
	if (!entity_field(t, "name")) {
		struct field *f = entity_add(t, "name", FIELD_TEXT, "model");

		if (f)
			f->required = true;
	}
	(void)s;
}

static void plurals_cure(struct spec *s)
{
	for (int i = 0; i < s->n; i++) {
		struct entity *t = &s->entities[i];
		bool clash = !t->plural || !*t->plural || !strcmp(t->plural, t->name) || name_is_taken(t->plural, true);

		for (int k = 0; k < s->n && !clash; k++)
			clash = (k < i && !strcmp(s->entities[k].plural, t->plural)) || !strcmp(s->entities[k].name, t->plural);
		if (!clash)
			continue;
		t->plural = name_plural(s->a, t->name);
		for (int k = 0; k < s->n; k++)
			if ((k < i && !strcmp(s->entities[k].plural, t->plural)) || !strcmp(s->entities[k].name, t->plural))
				t->plural = arena_printf(s->a, "%s_list", t->name);
	}
}

/* Walks what must be there before t; a way back to t that every record would need is cut at its last step. */
static bool needs(const struct spec *s, const struct entity *from, const struct entity *to, int depth)
{
	for (int i = 0; i < from->n && depth < ENTITIES_ALL; i++) {
		const struct field *f = &from->fields[i];
		const struct entity *next = f->type == FIELD_REF && f->required ? spec_entity(s, f->ref) : NULL;

		if (next && (next == to || needs(s, next, to, depth + 1)))
			return true;
	}
	return false;
}

static void cycles_cut(struct spec *s)
{
	for (int i = 0; i < s->n; i++) {
		struct entity *t = &s->entities[i];

		for (int k = 0; k < t->n; k++) {
			struct field *f = &t->fields[k];
			const struct entity *to = f->type == FIELD_REF && f->required ? spec_entity(s, f->ref) : NULL;

			if (to && (to == t || needs(s, to, t, 0)))
				f->required = false;
		}
	}
}

/* Referenced ones first; where optional references make a circle, the order of the draft decides. */
static void order_settle(struct spec *s)
{
	struct entity *out = arena_array(s->a, ENTITIES_ALL, sizeof(*out));
	bool done[ENTITIES_ALL] = { false };
	int n = 0;

	while (n < s->n) {
		int pick = -1;

		for (int strict = 1; strict >= 0 && pick < 0; strict--) {
			for (int i = 0; i < s->n && pick < 0; i++) {
				bool ready = !done[i];

				for (int k = 0; k < s->entities[i].n && ready; k++) {
					const struct field *f = &s->entities[i].fields[k];
					const struct entity *to = f->type == FIELD_REF ? spec_entity(s, f->ref) : NULL;

					if (to && to != &s->entities[i] && !done[to - s->entities] && (strict || f->required))
						ready = false;
				}
				if (ready)
					pick = i;
			}
		}
		for (int i = 0; i < s->n && pick < 0; i++) /* cannot be: cycles_cut left no circle of required ones */
			pick = done[i] ? -1 : i;
		done[pick] = true;
		out[n++] = s->entities[pick];
	}
	memcpy(s->entities, out, (size_t)n * sizeof(*out));
}

void draft_settle(struct spec *s)
{
	plurals_cure(s);
	for (int i = 0; i < s->n; i++) { /* which may add an entity */
		fields_cure(s, &s->entities[i]);
		required_cure(s, &s->entities[i]);
	}
	plurals_cure(s);
	cycles_cut(s);
	order_settle(s);
}

int draft_parse(struct spec *s, struct bytes draft, struct err *e)
{
	auto_json *v = NULL;
	const json_t *list, *o;
	size_t i;

	if (draft_json(draft, &v, e) < 0)
		return -1;
	s->title = line_clean(s->a, bytes_of(json_text_or(v, "title", "")), 60);
	list = json_list(v, "entities");
	json_array_foreach(list, i, o)
		entity_parse(s, o);
	if (!s->n)
		return err_set(e, ERR_MODEL, "the draft has no usable entity");
	plurals_cure(s);
	json_array_foreach(json_list(v, "names"), i, o)
		if (json_is_string(o) && json_string_length(o) <= 60 && is_said(s, json_string_value(o)))
			entity_make(s, json_string_value(o));
	plurals_cure(s);
	relations_cure(s);
	if (!*s->title)
		s->title = name_title(s->a, s->entities[0].plural && *s->entities[0].plural ? s->entities[0].plural :
				      s->entities[0].name);
	draft_settle(s);
	return 0;
}
