/*
 * Phrases and what they mean.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/resolve.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Words that may stand before a field without changing what it is. */
static const char *const before[] = {
	"a", "an", "the", "each", "every", "any", "all", "its", "their", "our", "one", "no", "two", "where", "that", "which", "whose",
	"with", "and", "so", "or", "ensure", "sure", "make", "app", "application", "system", "service", "program", "keep", "has",
	"have", "having", "but", "also", "same", "this", "these", "those", "then", "must", "of", "s", "given", "is", "rule", "rules",
	"because", "both", "always", "of", NULL,
};
static const char *const articles[] = {
	"a", "an", "the", "each", "every", "any", "all", "its", "their", "our", "one", "same", "this", "these", "those", "no", "two",
	"given", "single", "both", NULL,
};
static const char *const endings[] = { "at", "on", "date", "time", "day", "by", "value", NULL };

static struct phrase words_of(const struct spec *s, const char *name)
{
	struct phrase p;

	phrase_parse(s->a, bytes_of(name), &p);
	return p;
}

bool resolve_same(const struct spec *s, const struct phrase *x, const struct phrase *y)
{
	if (phrase_equal(x, y))
		return true;
	for (int i = 0; i < s->b->synonyms_n; i++) {
		const struct synonyms *l = &s->b->synonyms[i];
		bool has_x = false, has_y = false;

		for (int k = 0; k < l->n && !(has_x && has_y); k++) {
			has_x = has_x || phrase_equal(x, &l->phrases[k]);
			has_y = has_y || phrase_equal(y, &l->phrases[k]);
		}
		if (has_x && has_y)
			return true;
	}
	return false;
}

static struct phrase without_ending(struct phrase p)
{
	while (p.n > 1 && word_in(p.w[p.n - 1], endings))
		p.n--;
	return p;
}

/* "loan" and "loaned", "close" and "closed": of one word. */
static bool word_alike(const char *x, const char *y)
{
	size_t n = strlen(x), m = strlen(y);

	if (word_equal(x, y))
		return true;
	if (n > m) {
		const char *t = x;

		x = y;
		y = t;
		m = n;
		n = strlen(x);
	}
	return n > 2 && !strncmp(x, y, n) && (!strcmp(y + n, "ed") || (x[n - 1] == 'e' && !strcmp(y + n, "d")));
}

static bool phrase_alike(const struct phrase *x, const struct phrase *y)
{
	if (x->n != y->n || !x->n)
		return false;
	for (int i = 0; i < x->n; i++)
		if (!word_alike(x->w[i], y->w[i]))
			return false;
	return true;
}

static struct entity *entity_called(const struct spec *s, const struct phrase *p);

/* How surely a phrase names a field: 4 its own name, 3 a synonym, 2 without "date", "at", ..., 1 without its entity's. */
static int level_of(const struct spec *s, const struct entity *t, const struct field *f, const struct phrase *p)
{
	struct phrase name = words_of(s, f->name), entity = words_of(s, t->name), x, y;

	if (!p->n)
		return 0;
	if (phrase_equal(p, &name))
		return 4;
	if (resolve_same(s, p, &name))
		return 3;
	if (entity_called(s, p)) /* "a loan" is no loan date */
		return 0;
	x = without_ending(*p);
	y = without_ending(name);
	if (resolve_same(s, &x, &y) || ((x.n < p->n || y.n < name.n) && phrase_alike(&x, &y)))
		return 2;
	if (name.n > entity.n) {
		struct phrase head = phrase_part(&name, 0, entity.n), rest = phrase_part(&name, entity.n, name.n);

		y = without_ending(rest);
		if (phrase_equal(&head, &entity) && (resolve_same(s, p, &rest) || resolve_same(s, &x, &y)))
			return 1;
	}
	return 0;
}

static struct entity *entity_called(const struct spec *s, const struct phrase *p)
{
	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < s->n; i++) {
			struct phrase one = words_of(s, s->entities[i].name), many = words_of(s, s->entities[i].plural);

			if (pass ? resolve_same(s, p, &one) : phrase_equal(p, &one) || phrase_equal(p, &many))
				return &s->entities[i];
		}
	}
	return NULL;
}

static int articles_skip(const struct phrase *p, int at)
{
	while (at < p->n && word_in(p->w[at], articles))
		at++;
	return at;
}

/* Whether words before `at` leave the meaning of what follows alone. `article`: one stands at `at`. */
static bool is_free(const struct spec *s, const struct phrase *p, int at, bool article)
{
	static const char *const ties[] = { "of", "per", "percent", "than", "times", "half", "plus", "minus", "from", "twice", "double",
					    "triple", "sum", "average", "number", "total", NULL };
	struct phrase one;

	while (!article && at > 0 && word_in(p->w[at - 1], articles)) {
		at--;
		article = at == 0 || !word_in(p->w[at - 1], articles);
	}
	if (at == 0)
		return article || !p->cut;
	if (article)
		return !word_in(p->w[at - 1], ties);
	if (word_in(p->w[at - 1], before))
		return strcmp(p->w[at - 1], "of") != 0 && !p->s[at - 1];
	one = phrase_part(p, at - 1, at);
	return entity_called(s, &one) != NULL;
}

struct entity *resolve_entity(const struct spec *s, struct bytes slot, size_t *from)
{
	struct phrase p;

	phrase_parse(s->a, slot, &p);
	for (int at = 0; at < p.n; at++) {
		int i = articles_skip(&p, at);
		struct phrase rest = phrase_part(&p, i, p.n);
		struct entity *t = entity_called(s, &rest);

		if (t && is_free(s, &p, at, i > at)) {
			if (from)
				*from = p.at[i];
			return t;
		}
	}
	return NULL;
}

struct scan {
	const struct spec *s;
	const struct entity *t;
	unsigned types;
	bool refs;           /* reference fields, by the name of what they refer to too */
	struct resolved best;
	const char *wrong;   /* a field that fits by name and not by type */
};

static int ref_level(const struct spec *s, const struct field *f, const struct phrase *p)
{
	const struct entity *to = f->type == FIELD_REF ? spec_entity(s, f->ref) : NULL;
	struct phrase one, many;

	if (!to)
		return 0;
	one = words_of(s, to->name);
	many = words_of(s, to->plural);
	return phrase_equal(p, &one) || phrase_equal(p, &many) ? 3 : resolve_same(s, p, &one) ? 2 : 0;
}

/* The fields of t that the words at..n of p name, exactly these words. */
static void scan_exact(struct scan *c, const struct phrase *p, int at, bool qualified)
{
	struct phrase part = phrase_part(p, at, p->n);

	for (int i = 0; i < c->t->n; i++) {
		const struct field *f = &c->t->fields[i];
		int level = level_of(c->s, c->t, f, &part), ref = c->refs ? ref_level(c->s, f, &part) : 0;

		level = ref > level ? ref : level;
		if (!level)
			continue;
		if (c->types && !(c->types & 1u << f->type)) {
			c->wrong = f->name;
			continue;
		}
		if (level > c->best.level)
			c->best = (struct resolved){ .level = level, .qualified = qualified, .from = p->at[at], .index = i };
		else if (level == c->best.level)
			c->best.ambiguous = true;
	}
}

/* "quantity of the item" -> the words before, when what follows names t. -1: it names another entity. */
static int of_entity(struct scan *c, struct phrase *p)
{
	for (int i = p->n - 1; i > 0; i--) {
		int rest = articles_skip(p, i + 1);
		struct phrase tail = phrase_part(p, rest, p->n);
		const struct entity *t;

		if (strcmp(p->w[i], "of") && strcmp(p->w[i], "for") && strcmp(p->w[i], "in"))
			continue;
		t = entity_called(c->s, &tail);
		if (!t)
			continue;
		p->n = i;
		return t == c->t ? 1 : -1;
	}
	return 0;
}

static struct resolved scan_phrase(struct scan *c, struct bytes slot)
{
	struct resolved none = { .why = NULL };
	struct phrase p;
	int of;

	phrase_parse(c->s->a, slot, &p);
	if (p.n > 2 && !strcmp(p.w[p.n - 2], "in") && word_is_unit(p.w[p.n - 1])) /* "interval in days" */
		p.n -= 2;
	of = of_entity(c, &p);
	if (of < 0) {
		none.why = "it is said of another entity";
		return none;
	}
	for (int at = 0; at < p.n; at++) {
		int i = articles_skip(&p, at);

		if (i == p.n)
			break;
		if (is_free(c->s, &p, at, i > at))
			scan_exact(c, &p, i, of > 0);
		for (int n = 1; n < 3 && !c->best.level && i + n < p.n; n++) { /* "item stock", "item's stock" */
			struct phrase head = phrase_part(&p, i, i + n);

			if (entity_called(c->s, &head) == c->t && is_free(c->s, &p, at, i > at)) {
				int skip = articles_skip(&p, i + n);

				if (skip < p.n)
					scan_exact(c, &p, skip, true);
			}
		}
		if (c->best.level)
			break;
	}
	if (c->best.level && !c->best.ambiguous)
		return c->best;
	if (c->best.ambiguous) {
		none.ambiguous = true;
		none.why = "more than one field fits";
		return none;
	}
	if (c->wrong) {
		none.why = arena_printf(c->s->a, "%s is not of a type that this rule can be about", c->wrong);
		return none;
	}
	if (resolve_entity(c->s, slot, &none.from) == c->t)
		none.is_entity = true;
	return none;
}

struct resolved resolve_field(const struct spec *s, const struct entity *t, struct bytes slot, unsigned types)
{
	struct scan c = { .s = s, .t = t, .types = types };

	return scan_phrase(&c, slot);
}

struct resolved resolve_ref(const struct spec *s, const struct entity *t, struct bytes slot)
{
	struct scan c = { .s = s, .t = t, .types = 1u << FIELD_REF, .refs = true };

	return scan_phrase(&c, slot);
}

struct field *resolve_name(const struct spec *s, struct entity *t, const char *name, unsigned types)
{
	struct phrase p = words_of(s, name);
	struct field *best = NULL;
	int most = 0;

	for (int i = 0; i < t->n; i++) {
		int level = level_of(s, t, &t->fields[i], &p);

		if (level > most && (!types || types & 1u << t->fields[i].type)) {
			most = level;
			best = &t->fields[i];
		}
	}
	return best;
}

/* Numbers. */

static int number_word(const char *w)
{
	static const char *const words[] = {
		"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
		"thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
	};

	for (int i = 0; i < (int)(sizeof(words) / sizeof(*words)); i++)
		if (!strcmp(words[i], w))
			return i;
	return !strcmp(w, "a") || !strcmp(w, "an") ? 1 : !strcmp(w, "once") ? 1 : !strcmp(w, "twice") ? 2 : -1;
}

static int number_in_words(struct arena *a, struct bytes slot, double *out)
{
	struct phrase p;
	double unit;
	int n;

	phrase_parse(a, slot, &p);
	if (p.n < 1 || p.n > 2)
		return -1;
	unit = !strcmp(p.w[p.n - 1], "dozen") ? 12 : !strcmp(p.w[p.n - 1], "hundred") ? 100 :
		!strcmp(p.w[p.n - 1], "thousand") ? 1000 : 0;
	if (p.n == 2 && unit == 0)
		return -1;
	n = p.n == 1 && unit > 0 ? 1 : number_word(p.w[0]);
	if (n < 0)
		return -1;
	*out = unit > 0 ? n * unit : n;
	return 0;
}

int resolve_number(struct arena *a, struct bytes slot, double *out)
{
	char text[40], *end;
	size_t n = 0, i = 0;
	bool minus = false;

	while (i < slot.n && (isspace((unsigned char)slot.p[i]) || slot.p[i] == '$' || (unsigned char)slot.p[i] >= 0x80))
		i++; /* a sign of a currency */
	if (i < slot.n && slot.p[i] == '-') {
		minus = true;
		i++;
	}
	if (i == slot.n || !isdigit((unsigned char)slot.p[i]))
		return minus ? -1 : number_in_words(a, slot, out);
	for (; i < slot.n && n < sizeof(text) - 1; i++) {
		if (isdigit((unsigned char)slot.p[i]) || (slot.p[i] == '.' && i + 1 < slot.n && isdigit((unsigned char)slot.p[i + 1])))
			text[n++] = slot.p[i];
		else if (slot.p[i] != ',')
			break;
	}
	text[n] = 0;
	while (i < slot.n && (isspace((unsigned char)slot.p[i]) || slot.p[i] == '.'))
		i++;
	if (i < slot.n)
		return -1;
	*out = strtod(text, &end);
	if (minus)
		*out = -*out;
	return *end || !isfinite(*out) || fabs(*out) > 1e15 ? -1 : 0;
}

/* States: "open -> in progress -> closed", "from open to in progress, then resolved, then closed", "a -> b or c". */

static bool arrow_at(const char *p, const char *end, size_t *n)
{
	static const char *const arrows[] = {
		"->", "=>", "\xE2\x86\x92", ">", ", and then to ", ", and then ", " and then to ", " and then ", ", then to ", ", then ",
		" then to ", " then ", ", to ", " followed by ", " to ", ", and finally ", " and finally ", ", finally ", ", ", ",", NULL,
	};

	for (const char *const *w = arrows; *w; w++) {
		*n = strlen(*w);
		if ((size_t)(end - p) >= *n && !strncasecmp(p, *w, *n))
			return true;
	}
	return false;
}

static char *state_name(struct arena *a, struct bytes text)
{
	static const char *const no_state[] = { "default", "defaults", "defaulted", "must", "never", "cannot", "can", "not", "should", "equals",
						"set", "starts", "refers", "belongs", "related", "linked", "up", NULL };
	static const char *const noise[] = { "from", "the", "a", "an", "to", "be", "status", "state", "is", "only", "go", "goes", NULL };
	struct phrase p;
	char *out = arena_strdup(a, "");
	int at = 0;

	phrase_parse(a, text, &p);
	while (at < p.n && word_in(p.w[at], noise))
		at++;
	if (at == p.n || p.n - at > 3)
		return NULL;
	for (int i = at; i < p.n; i++)
		if (word_in(p.w[i], no_state))
			return NULL;
	for (int i = at; i < p.n; i++)
		out = arena_printf(a, "%s%s%s", out, i > at ? "_" : "", p.w[i]);
	out = name_snake(a, bytes_of(out));
	return *out ? out : NULL;
}

static void edge_add(json_t *states, const char *from, const char *to)
{
	json_t *list, *v;
	size_t i;

	if (!json_object_get(states, to))
		json_object_set_new(states, to, json_array());
	if (!from)
		return;
	list = json_object_get(states, from);
	json_array_foreach(list, i, v)
		if (!strcmp(json_string_value(v), to))
			return;
	if (strcmp(from, to))
		json_array_append_new(list, json_string(to));
}

/* The alternatives of one step: "approved or rejected". */
static int alternatives(struct arena *a, struct bytes step, const char *out[4])
{
	const char *p = step.p, *end = step.p + step.n;
	int n = 0;

	while (p < end && n < 4) {
		const char *q = p;
		size_t skip = 0;

		for (; q < end; q++) {
			skip = (size_t)(end - q) >= 4 && !strncasecmp(q, " or ", 4) ? 4 : *q == '/' || *q == '|' ? 1 : 0;
			if (skip)
				break;
		}
		out[n] = state_name(a, (struct bytes){ p, (size_t)(q - p) });
		if (!out[n])
			return -1;
		n++;
		p = q + skip;
	}
	return n;
}

json_t *resolve_states(struct arena *a, struct bytes slot)
{
	const char *p = slot.p, *end = slot.p + slot.n, *was[4];
	auto_json *states = json_object();
	int was_n = 0;

	while (p < end) {
		const char *q = p, *now[4];
		size_t skip = 0;
		int n;

		while (q < end && !arrow_at(q, end, &skip))
			q++;
		if (q == p) { /* "from" and blanks before the first */
			p += skip ? skip : 1;
			continue;
		}
		n = alternatives(a, (struct bytes){ p, (size_t)(q - p) }, now);
		if (n < 1)
			return NULL;
		for (int i = 0; i < n; i++) {
			if (!was_n)
				edge_add(states, NULL, now[i]);
			for (int k = 0; k < was_n; k++)
				edge_add(states, was[k], now[i]);
		}
		memcpy(was, now, sizeof(was));
		was_n = n;
		p = q + (q < end ? skip : 0);
	}
	if (json_object_size(states) < 2 || json_object_size(states) > CHOICES_MAX)
		return NULL;
	return json_incref(states);
}

json_t *resolve_value(struct arena *a, const struct field *f, struct bytes slot)
{
	static const char *const yes[] = { "yes", "true", "on", "set", NULL }, *const no[] = { "no", "false", "off", NULL };
	struct phrase p;
	char *name;
	double d;

	phrase_parse(a, slot, &p);
	while (p.n && word_in(p.w[0], articles)) {
		slot.n -= p.n > 1 ? p.at[1] : slot.n;
		slot.p += p.n > 1 ? p.at[1] : 0;
		phrase_parse(a, slot, &p);
	}
	if (!p.n)
		return NULL;
	name = name_snake(a, slot);
	switch (f->type) {
	case FIELD_CHOICE:
		for (int i = 0; i < f->choices_n; i++)
			if (!strcmp(f->choices[i], name) || word_equal(f->choices[i], name))
				return json_string(f->choices[i]);
		return NULL;
	case FIELD_YES_NO:
		return word_in(p.w[0], yes) && p.n == 1 ? json_true() : word_in(p.w[0], no) && p.n == 1 ? json_false() : NULL;
	case FIELD_WHOLE:
	case FIELD_DECIMAL:
	case FIELD_MONEY:
		if (resolve_number(a, slot, &d) < 0 || (f->type == FIELD_WHOLE && d != floor(d)))
			return NULL;
		return d == floor(d) ? json_integer((json_int_t)d) : json_real(d);
	case FIELD_TEXT:
		return json_string_any(slot);
	default:
		return NULL;
	}
}

int resolve_parts(struct arena *a, struct bytes slot, struct bytes *out, int max)
{
	const char *p = slot.p, *end = slot.p + slot.n;
	int n = 0;

	(void)a;
	while (p < end) {
		const char *q = p;
		size_t skip = 0;

		for (; q < end; q++) {
			size_t left = (size_t)(end - q);

			skip = left >= 6 && !strncasecmp(q, ", and ", 6) ? 6 : left >= 5 && !strncasecmp(q, " and ", 5) ? 5 :
				*q == ',' || *q == '/' || *q == '&' || *q == '+' ? 1 : 0;
			if (skip)
				break;
		}
		if (q > p && n == max) { /* the last ones count */
			memmove(out, out + 1, (size_t)(max - 1) * sizeof(*out));
			n--;
		}
		if (q > p)
			out[n++] = (struct bytes){ p, (size_t)(q - p) };
		p = q + (q < end ? skip : 0);
	}
	return n;
}
