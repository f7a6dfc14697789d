/*
 * Resolving the parameters of a rule, entity by entity; the best entity wins, two equally good ones bind nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/attempt.h"

#include "blueprint/resolve.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { PARTS_MAX = 8 };

struct trial {
	struct spec *s;
	const struct match *m;
	struct attempt *t;
};

void bind_attempt_drop(struct attempt *t)
{
	json_decref(t->params);
	t->params = NULL;
}

static const struct slot *slot_find(const struct match *m, const char *name)
{
	for (int i = 0; name && i < m->slots_n; i++)
		if (!strcmp(m->slots[i].name, name))
			return &m->slots[i];
	return NULL;
}

static const char *quoted(struct trial *r, const struct slot *slot)
{
	return slot ? line_fold(r->s->a, slot->text, 60) : "";
}

static int fail(struct trial *r, const char *why)
{
	if (!r->t->why)
		r->t->why = why;
	return -1;
}

static int change_note(struct trial *r, const char *field, bool add, enum field_type type, int required)
{
	struct attempt *t = r->t;

	if (!add && required < 0)
		return 0;
	if (t->changes_n == CHANGES_MAX)
		return fail(r, "too many fields would be added");
	t->changes[t->changes_n++] = (struct change){ field, add, type, required };
	return 0;
}

/* The slot's words that count begin here: words in front of the first slot are no part of what the rule says. */
static void core_note(struct trial *r, const struct slot *slot, size_t from)
{
	if (slot && slot->at == r->m->from)
		r->t->core = slot->at + from;
}

static int field_take(struct trial *r, const struct param *p, struct field *f)
{
	if (p->required >= 0 && f->required != (p->required > 0) && change_note(r, f->name, false, f->type, p->required) < 0)
		return -1;
	json_object_set_new(r->t->params, p->name, json_string(f->name));
	return 0;
}

static bool may_add(const struct entity *t)
{
	return t->n < FIELDS_ALL - 2;
}

/* A field that no words of the clause name: by the names that the catalogue lists, else by being the only one. */
static int field_unsaid(struct trial *r, const struct param *p)
{
	struct entity *t = r->t->entity;
	struct field *f = NULL, *sole = NULL;
	int fitting = 0;

	for (const char **n = p->names; *n && !f; n++)
		f = resolve_name(r->s, t, *n, p->types);
	if (!f && p->add_name)
		f = resolve_name(r->s, t, p->add_name, p->types ? p->types : 1u << p->add_type);
	for (int i = 0; i < t->n; i++) {
		if (p->types && p->types & 1u << t->fields[i].type) {
			fitting++;
			sole = &t->fields[i];
		}
	}
	if (!f && fitting == 1 && !p->optional && !*p->names)
		f = sole;
	if (f) {
		r->t->score += 2;
		return field_take(r, p, f);
	}
	if (p->add_name && may_add(t)) {
		json_object_set_new(r->t->params, p->name, json_string(p->add_name));
		return change_note(r, p->add_name, true, p->add_type, p->add_required);
	}
	if (p->optional) {
		json_object_set_new(r->t->params, p->name, json_null());
		return 0;
	}
	return fail(r, arena_printf(r->s->a, "%s has no field that could be the rule's %s", t->name, p->name));
}

/* A field of the record that a reference points to: "its capacity". */
static int field_of_ref(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	const struct field *ref = entity_field(r->t->entity, json_text(r->t->params, p->in));
	struct entity *to = ref ? spec_entity(r->s, ref->ref) : NULL;
	const struct field *f = NULL;
	struct resolved said;

	if (!to)
		return fail(r, "it does not say of which record the field is");
	if (slot) {
		said = resolve_field(r->s, to, slot->text, p->types);
		f = said.level ? &to->fields[said.index] : NULL;
	}
	for (const char **n = p->names; *n && !f && !slot; n++)
		f = resolve_name(r->s, to, *n, p->types);
	if (!f)
		return fail(r, arena_printf(r->s->a, "%s has no field \"%s\" that would do", to->name, quoted(r, slot)));
	r->t->score += 10;
	json_object_set_new(r->t->params, p->name, json_string(f->name));
	return 0;
}

static int field_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	struct resolved f;

	if (p->in)
		return field_of_ref(r, p);

	if (!slot)
		return field_unsaid(r, p);
	f = resolve_field(r->s, r->t->entity, slot->text, p->types);
	if (f.level) {
		core_note(r, slot, f.from);
		r->t->score += 10 * f.level + (f.qualified ? 25 : 0);
		return field_take(r, p, &r->t->entity->fields[f.index]);
	}
	if (f.is_entity && (*p->names || p->add_name || p->types)) {
		core_note(r, slot, f.from);
		r->t->score += 20;
		return field_unsaid(r, p);
	}
	return fail(r, f.why ? f.why : arena_printf(r->s->a, "no field is called \"%s\"", quoted(r, slot)));
}

/* The first of the catalogue's names that a reference of the entity has, its own or that of what it refers to. */
static struct field *ref_named(struct trial *r, const struct param *p)
{
	struct entity *t = r->t->entity;

	for (const char **n = p->names; *n; n++)
		for (int i = 0; i < t->n; i++)
			if (t->fields[i].type == FIELD_REF && (!strcmp(t->fields[i].name, *n) || !strcmp(t->fields[i].ref, *n)))
				return &t->fields[i];
	return NULL;
}

static int ref_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	struct entity *t = r->t->entity;
	struct field *sole = NULL;
	int n = 0;

	if (slot) {
		struct resolved f = resolve_ref(r->s, t, slot->text);

		if (!f.level)
			return fail(r, f.why ? f.why :
				    arena_printf(r->s->a, "%s has no reference to \"%s\"", t->name, quoted(r, slot)));
		core_note(r, slot, f.from);
		r->t->score += 10 * f.level;
		return field_take(r, p, &t->fields[f.index]);
	}
	for (int i = 0; i < t->n; i++) {
		if (t->fields[i].type != FIELD_REF)
			continue;
		n++;
		sole = &t->fields[i];
	}
	if (ref_named(r, p))
		return field_take(r, p, ref_named(r, p));
	if (p->optional && n == 0) {
		json_object_set_new(r->t->params, p->name, json_null());
		return 0;
	}
	if (n != 1)
		return fail(r, arena_printf(r->s->a, n ? "%s refers to more than one kind of record; name the one that is meant" :
					    "%s refers to no other record", t->name));
	return field_take(r, p, sole);
}

static bool only_articles(struct arena *a, struct bytes part, size_t to)
{
	static const char *const articles[] = { "a", "an", "the", "each", "every", "its", "both", "their", "of", NULL };
	struct phrase p;

	phrase_parse(a, (struct bytes){ part.p, to }, &p);
	for (int i = 0; i < p.n; i++)
		if (!word_in(p.w[i], articles))
			return false;
	return true;
}

/* "sku or price" read from its end is a price alone, and that is not what was said. */
static bool ends_in_or(struct arena *a, struct bytes part, size_t to)
{
	static const char *const articles[] = { "a", "an", "the", "its", "their", "each", "every", NULL };
	struct phrase p;

	phrase_parse(a, (struct bytes){ part.p, to }, &p);
	while (p.n && word_in(p.w[p.n - 1], articles))
		p.n--;
	return p.n && !strcmp(p.w[p.n - 1], "or");
}

static int words_in(struct arena *a, struct bytes part)
{
	struct phrase p;

	phrase_parse(a, part, &p);
	return p.cut ? PHRASE_MAX : p.n;
}

/* References that no words name: those of the catalogue, else the only one there is. */
static int refs_unsaid(struct trial *r, const struct param *p, json_t *list)
{
	struct entity *t = r->t->entity;
	struct field *named = ref_named(r, p);
	int n = 0, at = 0;

	for (int i = 0; i < t->n; i++) {
		if (t->fields[i].type != FIELD_REF)
			continue;
		n++;
		at = i;
	}
	if (!named && n > 1)
		return fail(r, arena_printf(r->s->a, "%s refers to more than one kind of record; name the one that is meant", t->name));
	if (!named && !n && !p->optional)
		return fail(r, arena_printf(r->s->a, "%s refers to no other record", t->name));
	if (named || n)
		json_array_append_new(list, json_string(named ? named->name : t->fields[at].name));
	return 0;
}

/* Several fields, "sku, name and price", read from the end: what stands before the list may hold commas of its own. */
static int list_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	struct bytes parts[PARTS_MAX];
	const char *names[PARTS_MAX];
	json_t *list = json_array();
	int n = slot ? resolve_parts(r->s->a, slot->text, parts, PARTS_MAX) : 0, count = 0;

	json_object_set_new(r->t->params, p->name, list);
	if (!slot && p->want == WANT_REFS)
		return refs_unsaid(r, p, list);
	for (int k = n - 1; k >= 0; k--) {
		struct resolved f = p->want == WANT_REFS ? resolve_ref(r->s, r->t->entity, parts[k]) :
			resolve_field(r->s, r->t->entity, parts[k], p->types);

		if (!f.level && count && words_in(r->s->a, parts[k]) > 3)
			break;
		if (!f.level)
			return fail(r, f.why ? f.why : arena_printf(r->s->a, "%s has no %s called \"%s\"", r->t->entity->name,
								    p->want == WANT_REFS ? "reference" : "field",
								    line_fold(r->s->a, parts[k], 60)));
		if (ends_in_or(r->s->a, parts[k], f.from))
			return fail(r, "it is said of one field or of another");
		names[count++] = r->t->entity->fields[f.index].name;
		for (int i = 0; i < count - 1; i++)
			if (!strcmp(names[i], names[count - 1]))
				return fail(r, "a field is named twice");
		core_note(r, slot, (size_t)(parts[k].p - slot->text.p) + f.from);
		r->t->score += 10 * f.level / n + (f.qualified ? 25 : 0);
		if (!only_articles(r->s->a, parts[k], f.from))
			break;
	}
	for (int k = count - 1; k >= 0; k--)
		json_array_append_new(list, json_string(names[k]));
	if (!count && !p->optional)
		return fail(r, arena_printf(r->s->a, "no %s is named", p->name));
	return 0;
}

static int entity_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	size_t from = 0;

	if (slot) {
		struct entity *t = resolve_entity(r->s, slot->text, &from);

		if (!t)
			return fail(r, arena_printf(r->s->a, "\"%s\" is no kind of record here", quoted(r, slot)));
		if (t != r->t->entity)
			return fail(r, "it is said of another entity");
		core_note(r, slot, from);
		r->t->score += 20;
	}
	json_object_set_new(r->t->params, p->name, json_string(r->t->entity->name));
	return 0;
}

static struct field *param_field(struct trial *r, const char *param)
{
	return entity_field(r->t->entity, json_text(r->t->params, param ? param : "field"));
}

static int fallback_set(struct trial *r, const struct param *p)
{
	json_t *v = NULL;

	if (p->fallback && json_parse(bytes_of(p->fallback), &v, NULL) == 0) {
		json_object_set_new(r->t->params, p->name, v);
		return 0;
	}
	if (!p->optional)
		return fail(r, arena_printf(r->s->a, "it does not say the rule's %s", p->name));
	json_object_set_new(r->t->params, p->name, json_null());
	return 0;
}

static int number_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	const struct field *f = param_field(r, p->of);
	double d;

	if (!slot)
		return fallback_set(r, p);
	if (resolve_number(r->s->a, slot->text, &d) < 0)
		return fail(r, arena_printf(r->s->a, "\"%s\" is no number", quoted(r, slot)));
	if (f && f->type == FIELD_WHOLE && d != floor(d))
		return fail(r, arena_printf(r->s->a, "%s is a whole number and %s is not", f->name, quoted(r, slot)));
	if (f && f->type == FIELD_MONEY && fabs(d * 100 - round(d * 100)) > 1e-6)
		return fail(r, arena_printf(r->s->a, "%s has two decimals and %s more", f->name, quoted(r, slot)));
	json_object_set_new(r->t->params, p->name, d == floor(d) ? json_integer((json_int_t)d) : json_real(d));
	return 0;
}

static int states_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	json_t *states = slot ? resolve_states(r->s->a, slot->text) : NULL;

	if (!slot)
		return fallback_set(r, p);
	if (!states)
		return fail(r, arena_printf(r->s->a, "\"%s\" is no list of 2 to %d states", quoted(r, slot), CHOICES_MAX));
	json_object_set_new(r->t->params, p->name, states);
	r->t->states = states;
	r->t->states_field = json_text(r->t->params, p->of ? p->of : "field");
	return 0;
}

/* "paid" or "is_paid", said as "paid". */
static bool flag_is_called(struct arena *a, const char *name, struct bytes said)
{
	char *words = name_snake(a, said);

	return *words && (!strcmp(name, words) || (!strncmp(name, "is_", 3) && !strcmp(name + 3, words)) ||
			  (!strncmp(name, "has_", 4) && !strcmp(name + 4, words)));
}

/* "once it is paid, it ..." may catch one word too many. */
static struct bytes without_pronoun(struct bytes t)
{
	static const char *const words[] = { " it", " they", " then", NULL };

	for (const char *const *w = words; *w; w++) {
		size_t n = strlen(*w);

		if (t.n > n && !strncasecmp(t.p + t.n - n, *w, n))
			t.n -= n;
	}
	return t;
}

static int value_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	struct entity *t = r->t->entity;
	struct field *f = param_field(r, p->of);
	struct bytes text;
	json_t *v = NULL;

	if (!slot)
		return fallback_set(r, p);
	text = without_pronoun(slot->text);
	if (!f) { /* "when it is cancelled": the choice that has this value */
		for (int i = 0; i < t->n; i++) {
			json_t *one = t->fields[i].type == FIELD_CHOICE ? resolve_value(r->s->a, &t->fields[i], text) : NULL;

			if (one && v) {
				json_decref(one);
				json_decref(v);
				return fail(r, arena_printf(r->s->a, "\"%s\" is a value of more than one field", quoted(r, slot)));
			}
			if (one) {
				v = one;
				f = &t->fields[i];
			}
		}
		for (int i = 0; i < t->n && !v; i++) { /* "paid invoices": the yes_no that is called so */
			if (t->fields[i].type != FIELD_YES_NO || !flag_is_called(r->s->a, t->fields[i].name, text))
				continue;
			f = &t->fields[i];
			v = json_true();
		}
		if (v && p->of)
			json_object_set_new(r->t->params, p->of, json_string(f->name));
		r->t->score += v ? 10 : 0;
	} else {
		v = resolve_value(r->s->a, f, text);
	}
	if (!v)
		return fail(r, arena_printf(r->s->a, "\"%s\" is no value of %s", quoted(r, slot), f ? f->name : "any field"));
	json_object_set_new(r->t->params, p->name, v);
	return 0;
}

/* {"field":..., "values":[...]}: the choice field that has any of the words. */
static int choice_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);
	struct entity *t = r->t->entity;

	for (int i = 0; i < t->n; i++) {
		const struct field *f = &t->fields[i];
		auto_json *values = json_array();

		if (f->type != FIELD_CHOICE)
			continue;
		if (slot) {
			json_t *v = resolve_value(r->s->a, f, slot->text);

			if (v)
				json_array_append_new(values, v);
		} else {
			for (int k = 0; k < f->choices_n; k++)
				if (word_in(f->choices[k], p->words))
					json_array_append_new(values, json_string(f->choices[k]));
		}
		if (!json_array_size(values))
			continue;
		json_object_set_new(r->t->params, p->name, json_pack("{s:s, s:O}", "field", f->name, "values", values));
		return 0;
	}
	if (slot && !p->optional)
		return fail(r, arena_printf(r->s->a, "\"%s\" is no value of any field", quoted(r, slot)));
	return fallback_set(r, p);
}

static struct field *named_of(struct trial *r, const struct param *p, unsigned types)
{
	for (const char **n = p->names; *n; n++) {
		struct field *f = resolve_name(r->s, r->t->entity, *n, types);

		if (f && (!f->required || f->type == FIELD_YES_NO || p->required == 0))
			return f;
	}
	return NULL;
}

/* The field that says a record is finished: an empty date, a yes_no, a choice. */
static int closed_param(struct trial *r, const struct param *p)
{
	struct entity *t = r->t->entity;
	struct field *f = named_of(r, p, 1u << FIELD_DATE | 1u << FIELD_DATETIME);

	if (!f)
		f = named_of(r, p, 1u << FIELD_YES_NO);
	for (int i = 0; i < t->n && !f; i++)
		for (int k = 0; k < t->fields[i].choices_n && t->fields[i].type == FIELD_CHOICE && !f; k++)
			if (word_in(t->fields[i].choices[k], p->words))
				f = &t->fields[i];
	if (f) {
		bool date = f->type == FIELD_DATE || f->type == FIELD_DATETIME;

		r->t->score += 2;
		json_object_set_new(r->t->params, p->name, json_string(f->name));
		return date && f->required ? change_note(r, f->name, false, f->type, 0) : 0;
	}
	if (p->add_name && may_add(t)) {
		if (entity_field(t, p->add_name)) /* there, and required: then it cannot say that a record is open */
			return fail(r, arena_printf(r->s->a, "%s must always have a value, so it cannot say that a %s is open",
						    p->add_name, t->name));
		json_object_set_new(r->t->params, p->name, json_string(p->add_name));
		return change_note(r, p->add_name, true, p->add_type, p->add_required);
	}
	if (!p->optional && !p->fallback)
		return fail(r, arena_printf(r->s->a, "%s has no field that says that one is finished, such as %s", t->name,
					    *p->names ? *p->names : "closed_on"));
	return fallback_set(r, p);
}

static int word_param(struct trial *r, const struct param *p)
{
	const struct slot *slot = slot_find(r->m, p->slot);

	if (!slot)
		return fallback_set(r, p);
	json_object_set_new(r->t->params, p->name, json_string_any(bytes_of(line_fold(r->s->a, slot->text, 200))));
	return 0;
}

static int param_resolve(struct trial *r, const struct param *p)
{
	switch (p->want) {
	case WANT_FIELD:
		return p->many ? list_param(r, p) : field_param(r, p);
	case WANT_REF:
		return p->many ? list_param(r, p) : ref_param(r, p);
	case WANT_FIELDS:
	case WANT_REFS:
		return list_param(r, p);
	case WANT_ENTITY:
		return entity_param(r, p);
	case WANT_NUMBER:
		return number_param(r, p);
	case WANT_STATES:
		return states_param(r, p);
	case WANT_VALUE:
		return value_param(r, p);
	case WANT_CHOICE:
		return choice_param(r, p);
	case WANT_CLOSED:
		return closed_param(r, p);
	case WANT_WORD:
		return word_param(r, p);
	}
	return -1;
}

/* A field without words of its own that a value will find: it waits for that value. */
static bool waits(const struct trial *r, const struct param *p)
{
	const struct rule_kind *k = r->m->kind;

	if (p->want != WANT_FIELD || slot_find(r->m, p->slot))
		return false;
	for (int i = 0; i < k->params_n; i++)
		if (k->params[i].want == WANT_VALUE && k->params[i].of && !strcmp(k->params[i].of, p->name) &&
		    slot_find(r->m, k->params[i].slot))
			return true;
	return false;
}

static bool is_pronoun(struct arena *a, struct bytes text)
{
	static const char *const words[] = { "it", "they", "record", "records", "entry", "entries", "one", "this", "that", "these", NULL };
	struct phrase p;

	phrase_parse(a, text, &p);
	return p.n && word_in(p.w[p.n - 1], words);
}

static int entity_fits(struct trial *r)
{
	const struct slot *slot = slot_find(r->m, r->m->kind->entity_slot);
	const struct entity *t;
	size_t from = 0;

	if (!slot || is_pronoun(r->s->a, slot->text))
		return 0;
	t = resolve_entity(r->s, slot->text, &from);
	if (!t)
		return fail(r, arena_printf(r->s->a, "\"%s\" is no kind of record here", quoted(r, slot)));
	if (t != r->t->entity)
		return fail(r, "it is said of another entity");
	core_note(r, slot, from);
	r->t->score += 20;
	return 0;
}

/* What the person named wins over what only the model brought, even where the model's name is nearer to the words. */
static int said_bonus(const struct attempt *t)
{
	const char *key;
	json_t *v;
	bool said = !strcmp(t->entity->from, "words");

	json_object_foreach(t->params, key, v) {
		const json_t *one = json_array_size(v) ? json_array_get(v, 0) : v;
		const struct field *f = entity_field(t->entity, json_string_value(one));

		said = said || (f && !strcmp(f->from, "words"));
	}
	return said ? 12 : 0;
}

static void attempt_make(struct spec *s, const struct match *m, struct entity *t, struct attempt *out)
{
	struct trial r = { .s = s, .m = m, .t = out };
	const struct rule_kind *k = m->kind;
	json_t *fixed = NULL;

	*out = (struct attempt){ .entity = t, .params = json_object(), .core = m->from };
	if (entity_fits(&r) < 0)
		return;
	for (int i = 0; i < k->params_n; i++) /* in the catalogue's order, whatever is resolved first */
		json_object_set_new(out->params, k->params[i].name, json_null());
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < k->params_n; i++) {
			const struct param *p = &k->params[i];
			bool later = waits(&r, p);

			if ((pass && !later) || (pass && json_text(out->params, p->name)) || (!pass && later))
				continue;
			if (param_resolve(&r, p) < 0) {
				if (!out->why)
					out->why = "it is not understood";
				return;
			}
		}
	}
	if (k->fixed && json_parse(bytes_of(k->fixed), &fixed, NULL) == 0)
		json_object_update(out->params, fixed);
	json_decref(fixed);
	if (phrase_occurs(s->a, t->name, m->sentence) || phrase_occurs(s->a, t->plural, m->sentence))
		out->score += 3;
	out->score += said_bonus(out);
	/* One field in two places is a pattern that matched too much. */
	for (int i = 0; i < k->params_n && !out->why; i++)
		for (int j = 0; j < i && !out->why; j++)
			if (k->params[i].want == WANT_FIELD && k->params[j].want == WANT_FIELD &&
			    json_is_string(json_object_get(out->params, k->params[i].name)) &&
			    json_equal(json_object_get(out->params, k->params[i].name), json_object_get(out->params, k->params[j].name)))
				out->why = "both sides are the same field";
}

/* Of two reasons the one that says more. */
static bool says_more(const char *x, const char *y)
{
	return !y || (!strcmp(y, "it is said of another entity") && strcmp(x, y)) ||
	       (!strncmp(y, "no field is called", 18) && strncmp(x, "no field is called", 18) &&
		strcmp(x, "it is said of another entity"));
}

void attempt_best(struct spec *s, const struct match *m, struct attempt *out)
{
	struct attempt best = { .why = "there is no entity" };
	const char *other = NULL, *why = NULL;
	int nearest = 0;
	bool any = false;

	for (int i = 0; i < s->n; i++) {
		struct attempt t;

		attempt_make(s, m, &s->entities[i], &t);
		if (t.why) {
			if (!why || t.score > nearest || (t.score == nearest && says_more(t.why, why))) { /* the one that came nearest */
				why = t.why;
				nearest = t.score;
			}
			bind_attempt_drop(&t);
		} else if (!any || t.score > best.score) {
			bind_attempt_drop(&best);
			best = t;
			any = true;
			other = NULL;
		} else {
			if (t.score == best.score)
				other = t.entity->name;
			bind_attempt_drop(&t);
		}
	}
	if (any && other) {
		best.why = arena_printf(s->a, "it may be said of %s and of %s; say of which", best.entity->name, other);
		best.ambiguous = true;
	} else if (!any) {
		best.why = why ? why : best.why;
		best.score = nearest;
	}
	*out = best;
}
