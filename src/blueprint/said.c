/*
 * Fields that the words name and the draft forgot: "items with name, SKU, quantity and price".
 *
 * A list counts when it stands behind an entity ("items with ..."), or when most of it names fields of one entity
 * already ("an app for inventory with name, SKU and shelf"). Anything else is prose: nothing is added.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/bind.h"
#include "blueprint/data.h"
#include "blueprint/resolve.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <string.h>

enum { ITEMS_MAX = 16, SAID_MAX = 20 };

struct item {
	struct phrase name;
	const char *snake;
	int type;                   /* -1: by the name */
	const char *choices[CHOICES_MAX];
	int choices_n, required;    /* required: -1 not said */
	bool counted;               /* "number of" stood before it */
	const char *aside;          /* what stood in brackets and is neither */
};

static const char *const no_field[] = {
	"must", "never", "can", "cannot", "should", "that", "which", "where", "who", "whose", "is", "are", "be", "so", "to", "for",
	"from", "when", "if", "each", "every", "per", "at", "by", "only", "no", "not", "has", "have", "had", "will", "may", "it",
	"they", "we", "i", "you", "with", "without", "in", "on", "as", "then", "than", "all", "any", "build", "make", "there", "this",
	"simple", "nice", "support", "search", "api", "app", "application", "page", "crud", "tests", "login", "rest", "ui", "users can",
	"show", "list", "also", "plus", "but", "or", NULL,
};

static const char *list_end(const char *p)
{
	int depth = 0;

	for (; *p; p++) {
		depth += (*p == '(') - (*p == ')');
		if (depth < 0 || *p == ';' || *p == '\n' || *p == 1 || (*p == '.' && (!p[1] || isspace((unsigned char)p[1]))) ||
		    (*p == ':' && isspace((unsigned char)p[1])))
			break;
	}
	return p;
}

/* What stands in brackets behind a name: a type, or choices. */
static void brackets_parse(struct spec *s, struct item *i, struct bytes in)
{
	const char *p = in.p, *end = in.p + in.n;
	int t = field_type_find(name_snake(s->a, in));

	if (!strcmp(name_snake(s->a, in), "optional"))
		i->required = 0;
	if (!strcmp(name_snake(s->a, in), "required") || !strcmp(name_snake(s->a, in), "mandatory"))
		i->required = 1;
	if (t >= 0 && t != FIELD_REF && t != FIELD_CHOICE) {
		i->type = t;
		return;
	}
	while (p < end && i->choices_n < CHOICES_MAX) {
		const char *q = p;
		char *name;

		while (q < end && !strchr(",/|", *q) && !(end - q >= 4 && !strncasecmp(q, " or ", 4)))
			q++;
		name = name_snake(s->a, (struct bytes){ p, (size_t)(q - p) });
		if (*name)
			i->choices[i->choices_n++] = name;
		p = q + (q < end && *q == ' ' ? 4 : 1);
	}
	if (i->choices_n < 2) {
		i->choices_n = 0;
		i->aside = i->required < 0 ? arena_memdup(s->a, in.p, in.n) : NULL;
	}
	else
		i->type = FIELD_CHOICE;
}

/* "with a search and CSV export" names what the program does, and no fields. */
static bool is_feature(struct spec *s, const struct phrase *name)
{
	const char **const lists[] = { s->b->provides, s->b->lacks };

	for (int i = 0; i < 2; i++) {
		for (const char **p = lists[i]; *p; p++) {
			struct phrase one;

			phrase_parse(s->a, bytes_of(*p), &one);
			if (phrase_equal(&one, name))
				return true;
		}
	}
	return false;
}

/* "check-in date": a small word joined by a hyphen is part of a name. */
static bool is_hyphened(struct bytes text, size_t at, size_t n)
{
	return (at && text.p[at - 1] == '-') || (at + n < text.n && text.p[at + n] == '-');
}

/* "duration in minutes" is a duration; "priority from 1 to 5" a priority, and the rest is said of it. */
static struct bytes tail_cut(struct spec *s, struct bytes text, struct item *out)
{
	static const char *const bounds[] = { " from ", " between ", " at least ", " at most ", " up to ", " ", NULL };
	struct phrase p;

	phrase_parse(s->a, text, &p);
	for (int i = 1; i + 1 < p.n; i++) {
		if (!strcmp(p.w[i], "in") && i + 2 == p.n && word_is_unit(p.w[i + 1]) && !is_hyphened(text, p.at[i], 2)) {
			text.n = p.at[i];
			return text;
		}
	}
	for (const char *const *b = bounds; *b; b++) {
		for (size_t i = 1; i + strlen(*b) < text.n; i++) {
			if (strncasecmp(text.p + i, *b, strlen(*b)) || !isdigit((unsigned char)text.p[i + strlen(*b)]))
				continue;
			if (!out->aside)
				out->aside = arena_memdup(s->a, text.p + i + 1, text.n - i - 1);
			text.n = i;
			return text;
		}
	}
	return text;
}

/* One item of the list; false: this is no name of a field, and the list ends here. */
static bool item_parse(struct spec *s, struct bytes text, struct item *out)
{
	static const char *const skipped[] = { "a", "an", "the", "its", "their", "unique", "optional", "required", "mandatory", NULL };
	const char *open = memchr(text.p, '(', text.n), *close = open ? memchr(open, ')', text.n - (size_t)(open - text.p)) : NULL;
	struct phrase p;
	int at = 0;

	*out = (struct item){ .type = -1, .required = -1 };
	if (close)
		brackets_parse(s, out, (struct bytes){ open + 1, (size_t)(close - open - 1) });
	if (open)
		text.n = (size_t)(open - text.p);
	text = tail_cut(s, text, out);
	phrase_parse(s->a, text, &p);
	while (at < p.n && word_in(p.w[at], skipped)) {
		if (!strcmp(p.w[at], "optional"))
			out->required = 0;
		if (!strcmp(p.w[at], "required") || !strcmp(p.w[at], "mandatory"))
			out->required = 1;
		at++;
	}
	out->name = phrase_part(&p, at, p.n);
	if (out->name.n > 2 && !strcmp(out->name.w[1], "of") && (!strcmp(out->name.w[0], "number") || !strcmp(out->name.w[0], "no"))) {
		out->counted = true; /* "number of honey frames" */
		out->name = phrase_part(&out->name, 2, out->name.n);
	}
	if (!out->name.n || out->name.n > 3 || p.cut)
		return false;
	for (int i = 0; i < out->name.n; i++)
		if ((word_in(out->name.w[i], no_field) && !is_hyphened(text, out->name.at[i], strlen(out->name.w[i]))) || (unsigned char)out->name.w[i][0] >= 0x80 || isdigit((unsigned char)out->name.w[i][0]))
			return false;
	out->snake = arena_strdup(s->a, out->name.w[0]);
	for (int i = 1; i < out->name.n; i++)
		out->snake = arena_printf(s->a, "%s_%s", out->snake, out->name.w[i]);
	return !is_feature(s, &out->name);
}

static bool is_between(const char *from, const char *to)
{
	static const char *const mark = " between ";
	const char *at = memmem(from, (size_t)(to - from), mark, strlen(mark));

	return at && isdigit((unsigned char)at[strlen(mark)]) && isdigit((unsigned char)to[5]);
}

/* Parts of the list at commas and "and", brackets kept whole. */
static int items_parse(struct spec *s, const char *p, const char *end, struct item *out, const char **to)
{
	int n = 0;

	*to = p;

	while (p < end && n < ITEMS_MAX) {
		const char *q = p;
		size_t skip = 0;
		int depth = 0;

		for (; q < end; q++) {
			size_t left = (size_t)(end - q);

			depth += (*q == '(') - (*q == ')');
			skip = depth ? 0 : left >= 6 && !strncasecmp(q, ", and ", 6) ? 6 : left >= 5 && !strncasecmp(q, " and ", 5) ? 5 : *q == ',';
			if (!skip && !depth)
				skip = left >= 3 && !strncmp(q, " & ", 3) ? 3 : left >= 12 && !strncasecmp(q, " as well as ", 12) ? 12 :
					left >= 6 && !strncasecmp(q, " plus ", 6) ? 6 : 0;
			if (skip == 5 && is_between(p, q)) /* "rating between 1 and 5" */
				skip = 0;
			if (skip)
				break;
		}
		if (q > p) {
			if (!item_parse(s, (struct bytes){ p, (size_t)(q - p) }, &out[n]))
				break;
			n++;
			*to = q;
		}
		p = q + skip;
	}
	return n;
}

static struct field *field_of(struct spec *s, struct entity *t, const struct item *i)
{
	struct field *f = i->counted ? resolve_name(s, t, arena_printf(s->a, "number_of_%s", i->snake), 0) : NULL;

	return f ? f : resolve_name(s, t, i->snake, 0);
}

static int type_guess(struct spec *s, const struct item *i)
{
	struct phrase last = phrase_part(&i->name, i->name.n - 1, i->name.n);

	for (int pass = 0; pass < 2; pass++) {
		for (int k = 0; k < s->b->types_n; k++) {
			for (const char **w = s->b->types[k].words; *w; w++) {
				struct phrase p;

				phrase_parse(s->a, bytes_of(*w), &p);
				if (pass ? phrase_equal(&p, &last) : phrase_equal(&p, &i->name))
					return field_type_find(s->b->types[k].name);
			}
		}
	}
	return FIELD_TEXT;
}

static void item_add(struct spec *s, struct entity *t, const struct item *i)
{
	struct field *f = field_of(s, t, i);
	struct entity *to = i->counted ? NULL : resolve_entity(s, bytes_of(i->snake), NULL);
	char *name = field_name_cure(s->a, s->b, bytes_of(i->counted ? arena_printf(s->a, "number_of_%s", i->snake) : i->snake), t->name);

	if (f && f->type == FIELD_REF && i->choices_n) /* "students (name, email)" says what a student has */
		return;
	if (f) {
		f->from = "words";
		if (i->required >= 0)
			f->required = i->required > 0;
		f->optional_said = i->required == 0;
		if (i->type == FIELD_CHOICE) {
			f->type = FIELD_CHOICE;
			f->choices_n = i->choices_n;
			memcpy(f->choices, i->choices, sizeof(f->choices));
		}
		return;
	}
	if (!name || t->n >= SAID_MAX || (to && (to == t || strcmp(to->name, i->snake))))
		return; /* "customers with orders" says nothing of a customer's fields */
	f = entity_add(t, name, to ? FIELD_REF : i->type >= 0 ? (enum field_type)i->type : i->counted ? FIELD_WHOLE : (enum field_type)type_guess(s, i), "words");
	if (!f)
		return;
	f->ref = to ? to->name : NULL;
	f->required = i->required > 0;
	f->optional_said = i->required == 0;
	f->choices_n = i->choices_n;
	memcpy(f->choices, i->choices, sizeof(f->choices));
}

/* "sku (unique)", "rating (1 to 5)": what is said in brackets is said of the field, and bound or told as a sentence is. */
static void aside_note(struct spec *s, const struct entity *t, const struct item *i)
{
	static const char *const verbs[] = { "must", "never", "can", "cannot", "can't", "may", "not", "is", "has", NULL };
	const char *p = i->aside, *name = i->snake;
	struct phrase words;
	bool digit = false, sounds = text_has(p, (const char *const[]){ "unique", "must", "never", "at least", "at most", "positive", "not",
								      "cannot", "only", "maximum", "minimum", "max", "min", "between", "no", NULL });

	for (const char *c = p; *c; c++)
		digit = digit || isdigit((unsigned char)*c);
	if ((!digit && !sounds) || s->asides_n == SAID_SPANS)
		return; /* "(in kg)" */
	phrase_parse(s->a, bytes_of(p), &words);
	if (words.n > 2 && (!strcmp(words.w[0], "from") || !strcmp(words.w[0], "between")))
		words = phrase_part(&words, 1, words.n);
	if (words.n >= 2 && isdigit((unsigned char)words.w[0][0]) && isdigit((unsigned char)words.w[words.n - 1][0]) &&
	    (words.n == 2 || (words.n == 3 && (!strcmp(words.w[1], "to") || !strcmp(words.w[1], "and")))))
		p = arena_printf(s->a, "must be between %s and %s", words.w[0], words.w[words.n - 1]);
	else if (words.n && !word_in(words.w[0], verbs))
		p = arena_printf(s->a, "must be %s", p);
	s->asides[s->asides_n++] = arena_printf(s->a, "the %s of the %s %s", name_title(s->a, name), name_title(s->a, t->name), p);
}

/* The entity whose fields a list names: the one in front of it, else the one that has most of them. */
static struct entity *owner_of(struct spec *s, struct bytes before, const struct item *items, int n)
{
	struct entity *best = resolve_entity(s, before, NULL);
	int most = 0, things = 0;

	if (best) {
		int known = 0, entities = 0;

		for (int i = 0; i < n; i++) {
			known += field_of(s, best, &items[i]) != NULL;
			entities += resolve_entity(s, bytes_of(items[i].snake), NULL) != NULL;
		}
		if (entities * 2 > n && !known) /* "a library with books, members and loans" */
			return NULL;
		return n > 1 || known || items[0].name.n < 3 ? best : NULL;
	}
	for (int k = 0; k < n; k++)
		things += resolve_entity(s, bytes_of(items[k].snake), NULL) != NULL;
	if (things * 2 > n) /* "vehicles, drivers, trips and maintenance" */
		return NULL;
	for (int i = 0; i < s->n; i++) {
		int hits = 0;

		for (int k = 0; k < n; k++)
			hits += field_of(s, &s->entities[i], &items[k]) != NULL;
		if (hits > most) {
			most = hits;
			best = &s->entities[i];
		}
	}
	return most >= 2 && most * 3 >= n ? best : NULL;
}

/* Whether the words speak of the entity as a thing: in the plural, or where its name is not part of a field's, as in
 * "the order quantity". */
static bool is_a_thing(struct spec *s, const struct entity *t)
{
	const char *words = s->words;
	struct phrase name;

	phrase_parse(s->a, bytes_of(t->name), &name);
	for (const char *p = words; *p;) {
		struct phrase got;
		const char *end;
		bool same = true;

		while (*p && !isalnum((unsigned char)*p))
			p++;
		end = p;
		for (int i = 0; i <= name.n && *end; i++) {
			end += strcspn(end, " ,.;:()\n");
			end += strspn(end, " ");
		}
		phrase_parse(s->a, (struct bytes){ p, end > p ? (size_t)(end - p) : 0 }, &got);
		for (int i = 0; i < name.n; i++)
			same = same && i < got.n && word_equal(got.w[i], name.w[i]);
		if (same) {
			bool many = strcmp(got.w[name.n - 1], name.w[name.n - 1]) != 0, part = false;

			for (int i = 0; i < s->n && got.n > name.n && !many; i++)
				part = part || resolve_name(s, &s->entities[i], got.w[name.n], 0) != NULL;
			if (!part)
				return true;
		}
		while (isalnum((unsigned char)*p))
			p++;
	}
	return false;
}

/*
 * Where the words list their things themselves ("items with ...; suppliers with ..."), a thing that only the model brought
 * is not what was asked for, and it would make the words mean two things.
 */
static void uninvited_drop(struct spec *s)
{
	int listed = 0;

	for (int i = 0; i < s->n; i++)
		listed += s->entities[i].listed;
	for (int i = s->n - 1; i >= 0 && listed; i--) {
		struct entity gone = s->entities[i];
		bool wanted = !strcmp(gone.from, "words") || is_a_thing(s, &gone);

		for (int k = 0; k < s->n && !wanted; k++)
			for (int f = 0; f < s->entities[k].n; f++)
				wanted = wanted || (s->entities[k].fields[f].ref && !strcmp(s->entities[k].fields[f].ref, gone.name) &&
						    !strcmp(s->entities[k].fields[f].from, "words"));
		if (wanted)
			continue;
		memmove(&s->entities[i], &s->entities[i + 1], (size_t)(s->n - i - 1) * sizeof(*s->entities));
		s->n--;
		json_array_append_new(s->proposed, json_sprintf("%s as a kind of record of its own", gone.plural));
		for (int k = 0; k < s->n; k++) {
			struct entity *t = &s->entities[k];

			for (int f = t->n - 1; f >= 0; f--) {
				if (!t->fields[f].ref || strcmp(t->fields[f].ref, gone.name))
					continue;
				memmove(&t->fields[f], &t->fields[f + 1], (size_t)(t->n - f - 1) * sizeof(*t->fields));
				t->n--;
			}
		}
	}
}

void said_add(struct spec *s)
{
	static const char *const marks[] = { " with ", " have ", " has ", " having ", " (", " fields ", " fields: ", ": ", NULL };
	char *words = examples_blank(s->a, s->words);

	for (const char *p = words; *p; p++) {
		for (const char *const *m = marks; *m; m++) {
			struct item items[ITEMS_MAX];
			const char *from, *to, *before = p;
			struct entity *t;
			int n;

			if (strncasecmp(p, *m, strlen(*m)))
				continue;
			from = p + strlen(*m);
			while (before > words && !strchr(",;.:\n()", before[-1]) && p - before < 80)
				before--;
			n = items_parse(s, from, list_end(from), items, &to);
			t = n ? owner_of(s, (struct bytes){ before, (size_t)(p - before) }, items, n) : NULL;
			for (int i = 0; t && i < n; i++) {
				item_add(s, t, &items[i]);
				if (items[i].aside)
					aside_note(s, t, &items[i]);
			}
			if (t && resolve_entity(s, (struct bytes){ before, (size_t)(p - before) }, NULL) == t) {
				t->from = "words";
				t->listed = true;
			}
			if (t && s->said_n < SAID_SPANS)
				s->said[s->said_n++] = (struct said){ (size_t)(p - words), (size_t)(to - words) };
			break;
		}
	}
	uninvited_drop(s);
}
