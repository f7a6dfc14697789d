/*
 * Functions that a person gives by examples: `late_fee(days=3) == 0.75` anywhere in the words.
 *
 * Only literals are understood, so an example is data and nothing is evaluated. What stands before it in its sentence
 * is its description, for the docstring and the model. Beside them stand the functions of the blueprint's catalogue.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/data.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARGS_MAX = 8, EXAMPLES_MAX = 32, FUNCTIONS_MAX = 8, CALLS_MAX = 200, LITERAL_DEPTH = 4, ITEMS_MAX = 64 };

struct call {
	const char *at, *end;        /* in the words, with its value                     */
	const char *name;
	struct bytes source;         /* "late_fee(days=3)"                               */
	const char *names[ARGS_MAX]; /* NULL: by position                                */
	json_t *values[ARGS_MAX];    /* NULL everywhere in a bare signature: late_fee(days) */
	int n;
	bool bare, unreadable;
	json_t *want;                /* NULL: no value behind it                          */
};

struct calls {
	struct arena *a;
	struct call *c;
	int n;
};

static void calls_drop(struct calls *l)
{
	for (int i = 0; i < l->n; i++) {
		for (int k = 0; k < l->c[i].n; k++)
			json_decref(l->c[i].values[k]);
		json_decref(l->c[i].want);
	}
	l->n = 0;
}
#define auto_calls __attribute__((cleanup(calls_drop))) struct calls

static void skip_blanks(const char **p)
{
	while (**p == ' ' || **p == '\t')
		++*p;
}

static bool is_ident(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static json_t *literal_parse(struct arena *a, const char **p, int depth);

static json_t *text_parse(struct arena *a, const char **p)
{
	auto_buf b = buf_max(4096);
	char quote = *(*p)++;

	for (; **p && **p != quote; ++*p) {
		char c = **p;

		if (c == '\\' && (*p)[1]) {
			c = *++*p;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		buf_add_char(&b, c);
	}
	(void)a;
	if (**p != quote || b.over)
		return NULL;
	++*p;
	return json_string_any(buf_bytes(&b));
}

static json_t *number_parse(struct arena *a, const char **p)
{
	const char *s = *p + (**p == '-' || **p == '+'), *q = s;
	char *text, *end;
	bool whole;

	while (isdigit((unsigned char)*q))
		q++;
	whole = true;
	if (*q == '.' && isdigit((unsigned char)q[1])) {
		whole = false;
		for (q++; isdigit((unsigned char)*q);)
			q++;
	}
	if (q == s || q - *p > 40)
		return NULL;
	text = arena_memdup(a, *p, (size_t)(q - *p));
	*p = q;
	if (whole && q - s <= 18)
		return json_integer(strtoll(text, &end, 10));
	return isfinite(strtod(text, &end)) ? json_real(strtod(text, &end)) : NULL;
}

static json_t *list_parse(struct arena *a, const char **p, int depth)
{
	bool map = *(*p)++ == '{';
	char close = map ? '}' : ']';
	auto_json *out = map ? json_object() : json_array();

	for (int n = 0; n <= ITEMS_MAX; n++) {
		json_t *v, *key = NULL;

		skip_blanks(p);
		if (**p == close) {
			++*p;
			return json_incref(out);
		}
		if (n && *(*p)++ != ',')
			return NULL;
		skip_blanks(p);
		if (map) {
			key = **p == '"' || **p == '\'' ? text_parse(a, p) : NULL;
			skip_blanks(p);
			if (!key || *(*p)++ != ':') {
				json_decref(key);
				return NULL;
			}
		}
		v = literal_parse(a, p, depth + 1);
		if (v && map)
			json_object_set_new(out, json_string_value(key), v);
		else if (v)
			json_array_append_new(out, v);
		json_decref(key);
		if (!v)
			return NULL;
	}
	return NULL;
}

static json_t *literal_parse(struct arena *a, const char **p, int depth)
{
	static const struct { const char *word; int what; } words[] = {
		{ "True", 1 }, { "true", 1 }, { "False", 0 }, { "false", 0 }, { "None", -1 }, { "null", -1 },
	};

	skip_blanks(p);
	if (depth > LITERAL_DEPTH)
		return NULL;
	if (**p == '"' || **p == '\'')
		return text_parse(a, p);
	if (**p == '[' || **p == '{')
		return list_parse(a, p, depth);
	if (isdigit((unsigned char)**p) || **p == '-' || **p == '+')
		return number_parse(a, p);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i].word);

		if (strncmp(*p, words[i].word, n) || is_ident((*p)[n]))
			continue;
		*p += n;
		return words[i].what < 0 ? json_null() : json_boolean(words[i].what);
	}
	return NULL;
}

/* One argument: name=literal, literal, or a bare name. */
static bool argument_parse(struct arena *a, const char **p, struct call *c)
{
	const char *s, *q;

	skip_blanks(p);
	s = q = *p;
	if (c->n == ARGS_MAX)
		return false;
	c->values[c->n] = literal_parse(a, p, 0);
	if (c->values[c->n]) {
		c->n++;
		return true;
	}
	*p = s;
	while (is_ident(*q))
		q++;
	if (q == s || isdigit((unsigned char)*s))
		return false;
	c->names[c->n] = arena_memdup(a, s, (size_t)(q - s));
	skip_blanks(&q);
	if (*q != '=' || q[1] == '=') {
		c->bare = true;
		c->n++;
		*p = q;
		return true;
	}
	q++;
	c->values[c->n] = literal_parse(a, &q, 0);
	*p = q;
	if (!c->values[c->n])
		return false;
	c->n++;
	return true;
}

static bool arguments_parse(struct arena *a, const char **p, struct call *c)
{
	skip_blanks(p);
	if (**p == ')') {
		++*p;
		return true;
	}
	for (;;) {
		if (!argument_parse(a, p, c))
			return false;
		skip_blanks(p);
		if (**p == ')') {
			++*p;
			return true;
		}
		if (*(*p)++ != ',')
			return false;
	}
}

static bool equals_skip(const char **p)
{
	static const char *const signs[] = { "==", "=>", "->", "\xE2\x86\x92", "=", "returns ", "gives ", "equals ", "is ", NULL };

	skip_blanks(p);
	for (const char *const *s = signs; *s; s++) {
		if (strncmp(*p, *s, strlen(*s)))
			continue;
		*p += strlen(*s);
		return true;
	}
	return false;
}

static bool says_equal(const char *p)
{
	skip_blanks(&p);
	return !strncmp(p, "==", 2);
}

/* name( at s: fills c; its end is where reading stopped. */
static void call_parse(struct arena *a, const char *s, const char *open, struct call *c)
{
	const char *p = open + 1;
	bool mixed = false;

	*c = (struct call){ .at = s, .name = arena_memdup(a, s, (size_t)(open - s)) };
	if (!arguments_parse(a, &p, c)) {
		const char *close = strchr(p, ')');

		c->end = close ? close + strspn(close, ") ") : p;
		c->unreadable = says_equal(c->end);
		return;
	}
	for (int i = 0; i < c->n; i++)
		mixed = mixed || (c->bare && c->values[i]);
	c->end = p;
	c->source = (struct bytes){ s, (size_t)(p - s) };
	if (mixed || c->bare) {
		c->unreadable = says_equal(p);
		return;
	}
	if (!equals_skip(&p))
		return;
	c->want = literal_parse(a, &p, 0);
	if (c->want)
		c->end = p;
	else
		c->unreadable = says_equal(c->end);
}

static void calls_find(struct calls *l, const char *words)
{
	for (const char *p = words; *p && l->n < CALLS_MAX;) {
		const char *s = p;

		if (!(isalpha((unsigned char)*p) || *p == '_') || (p > words && (is_ident(p[-1]) || p[-1] == '.'))) {
			p++;
			continue;
		}
		while (is_ident(*p))
			p++;
		if (*p != '(' || p - s > 60)
			continue;
		call_parse(l->a, s, p, &l->c[l->n]);
		p = l->c[l->n].end > p ? l->c[l->n].end : p + 1;
		l->n++;
	}
}

/* What stands in front of a call in its sentence, without "for example" and the like. */
static char *description(struct arena *a, const char *words, const struct calls *l, int at)
{
	const char *from = words, *end = l->c[at].at;
	static const char *const tails[] = { "for example", "for instance", "e.g.", "i.e.", "such as", "so that", "examples", "example",
					     "so", "and", "with", "where", "by", "like", "function", "a", "the", NULL };
	char *text;
	size_t n;
	bool again = true;

	for (int i = 0; i < at; i++)
		if (l->c[i].end > from && l->c[i].end <= end)
			from = l->c[i].end;
	for (const char *p = from; p < end; p++)
		if (*p == ';' || *p == '\n' || ((*p == '.' || *p == '!' || *p == '?') && p + 1 < end && isspace((unsigned char)p[1]) &&
					      !(p > from + 2 && p[-2] == '.'))) /* not "e.g." */
			from = p + 1;
	text = line_fold(a, (struct bytes){ from, (size_t)(end - from) }, 400);
	while (again) {
		again = false;
		n = strlen(text);
		while (n && strchr(" :,.(-", text[n - 1]))
			text[--n] = 0;
		for (const char *const *t = tails; *t; t++) {
			size_t m = strlen(*t);

			if (n >= m && !strcasecmp(text + n - m, *t) && (n == m || !isalnum((unsigned char)text[n - m - 1]))) {
				text[n - m] = 0;
				again = true;
			}
		}
	}
	while (*text && strchr(" ,.)(:-", *text))
		text++;
	if (!strncasecmp(text, "and ", 4))
		text += 4;
	for (char *p = text; *p; p++) /* it stands in a docstring */
		*p = *p == '"' ? '\'' : *p == '\\' ? '/' : *p;
	return text;
}

static bool name_is_pythons(const char *name)
{
	static const char *const own[] = {
		"abs", "all", "any", "ascii", "bin", "bool", "bytes", "callable", "chr", "compile", "dict", "dir", "divmod",
		"enumerate", "eval", "exec", "exit", "filter", "float", "format", "getattr", "globals", "hasattr", "hash", "help",
		"hex", "id", "input", "int", "isinstance", "iter", "len", "list", "locals", "map", "max", "min", "next", "object",
		"open", "ord", "pow", "print", "property", "quit", "range", "repr", "reversed", "round", "set", "setattr", "slice",
		"sorted", "str", "sum", "super", "test", "tuple", "type", "vars", "zip", NULL,
	};

	return word_in(name, own) || name_is_taken(name, false);
}

static const char *type_of(const json_t *v)
{
	if (json_is_boolean(v))
		return "yes_no";
	if (json_is_integer(v))
		return "whole";
	if (json_is_real(v))
		return "number";
	if (json_is_string(v))
		return "text";
	return json_is_array(v) ? "list" : json_is_object(v) ? "record" : NULL;
}

static const char *type_join(const char *x, const char *y)
{
	if (!x || !y || !strcmp(x, y))
		return x ? x : y;
	if ((!strcmp(x, "whole") && !strcmp(y, "number")) || (!strcmp(x, "number") && !strcmp(y, "whole")))
		return "number";
	return "text";
}

struct group {
	const char *name;
	const char *params[ARGS_MAX], *types[ARGS_MAX];
	int n;
	json_t *examples;  /* owned by the spec's list once added */
	const char *what;
	const char *fault;
};

/* The names of the arguments: as a bare signature or a call by names says them. */
static void params_name(struct group *g, const struct calls *l)
{
	static const char *const letters[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	const struct call *model = NULL;

	for (int i = 0; i < l->n; i++) {
		const struct call *c = &l->c[i];
		bool named = c->n > 0;

		if (strcmp(c->name, g->name) || c->unreadable)
			continue;
		for (int k = 0; k < c->n; k++)
			named = named && c->names[k];
		if (named && (!model || c->bare))
			model = c;
		g->n = c->n > g->n ? c->n : g->n;
	}
	for (int k = 0; k < g->n; k++)
		g->params[k] = model && k < model->n ? model->names[k] : g->n == 1 ? "value" : letters[k];
	for (int k = 0; k < g->n; k++)
		for (int j = 0; j < k; j++)
			if (!strcmp(g->params[k], g->params[j]))
				g->fault = "an argument stands there twice";
	for (int k = 0; k < g->n; k++)
		if (name_is_taken(g->params[k], false) && !word_in(g->params[k], (const char *const[]){ "id", "version", NULL }))
			g->fault = "an argument has a name that Python keeps for itself";
}

static void example_add(struct group *g, const struct call *c)
{
	json_t *args = json_object(), *values = json_array(), *seen;
	size_t i;

	for (int k = 0; k < c->n; k++) {
		const char *name = c->names[k] ? c->names[k] : g->params[k];
		bool known = false;

		for (int j = 0; j < g->n; j++)
			known = known || !strcmp(g->params[j], name);
		if (!known || json_object_get(args, name))
			g->fault = "its examples do not take the same arguments";
		json_object_set(args, name, c->values[k]);
	}
	for (int j = 0; j < g->n; j++) {
		json_t *v = json_object_get(args, g->params[j]);

		if (!v)
			g->fault = "its examples do not take the same arguments";
		else
			g->types[j] = type_join(g->types[j], type_of(v));
		json_array_append(values, v ? v : json_null());
	}
	json_array_foreach(g->examples, i, seen)
		if (json_equal(json_object_get(seen, "values"), values)) {
			if (!json_equal(json_object_get(seen, "want"), c->want))
				g->fault = "two of its examples contradict each other";
			json_decref(args);
			json_decref(values);
			return;
		}
	if (json_array_size(g->examples) < EXAMPLES_MAX)
		json_array_append_new(g->examples, json_pack("{s:o, s:o, s:o, s:O}", "call", json_string_any(c->source), "args",
							     args, "values", values, "want", c->want));
	else {
		json_decref(args);
		json_decref(values);
	}
}

static json_t *function_json(struct arena *a, const char *name, const char *entity, const char *kind, const char *what,
			     json_t *params, json_t *examples, bool optional)
{
	char *args = arena_strdup(a, ""), *dashed = name_dashed(a, name);
	const json_t *p;
	size_t i;

	json_array_foreach(params, i, p)
		args = arena_printf(a, "%s%s%s", args, i ? ", " : "", json_text_or(p, "name", "value"));
	return json_pack("{s:s, s:s, s:s?, s:s, s:o, s:s, s:s, s:s, s:s, s:o, s:b}", "id",
			 arena_printf(a, "function-%.50s", dashed), "name", name, "entity", entity, "kind", kind, "params", params,
			 "args", args, "signature", arena_printf(a, "def %s(%s):", name, args), "what", what, "docstring", what,
			 "examples", examples, "optional", optional);
}

static void group_add(struct spec *s, const struct calls *l, int first)
{
	const struct call *c = &l->c[first];
	struct group g = { .name = c->name, .what = "" };
	json_t *params;

	for (const char *p = c->name; *p; p++)
		if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '_')
			g.fault = "a function's name is written in small letters, digits and _";
	if (strlen(c->name) > 40 || c->name[0] == '_')
		g.fault = "a function's name has at most 40 letters and begins with one";
	if (name_is_pythons(c->name))
		g.fault = "Python has a function of that name";
	g.examples = json_array();
	params_name(&g, l);
	for (int i = 0; i < l->n && !g.fault; i++) {
		if (strcmp(l->c[i].name, g.name))
			continue;
		if (!*g.what)
			g.what = description(s->a, s->words, l, i);
		if (l->c[i].unreadable)
			g.fault = "an example holds more than numbers, quoted text, true, false, none and lists of them";
		else if (l->c[i].want)
			example_add(&g, &l->c[i]);
	}
	if (!g.fault && json_array_size(s->functions) >= FUNCTIONS_MAX)
		g.fault = "there are too many functions";
	if (g.fault) {
		spec_leave_out(s, arena_memdup(s->a, c->at, (size_t)(c->end - c->at)), g.fault);
		json_decref(g.examples);
		return;
	}
	params = json_array();
	for (int k = 0; k < g.n; k++)
		json_array_append_new(params, json_pack("{s:s, s:s}", "name", g.params[k], "type", g.types[k] ? g.types[k] : "text"));
	if (!*g.what)
		g.what = arena_printf(s->a, "%s, as its examples say.", name_title(s->a, g.name));
	json_array_append_new(s->functions, function_json(s->a, g.name, NULL, "free", g.what, params, g.examples, false));
}

/* The catalogue: {entity}, {plural}, {title} and {fields} are filled in. */
static char *filled(struct arena *a, const char *text, const struct entity *t, const char *fields)
{
	auto_buf b = buf_max(8192);

	while (*text) {
		static const char *const slots[] = { "{entity}", "{plural}", "{title}", "{fields}" };
		const char *values[] = { t->name, t->plural, name_title(a, t->name), fields };
		bool hit = false;

		for (int i = 0; i < 4 && !hit; i++) {
			if (strncmp(text, slots[i], strlen(slots[i])))
				continue;
			buf_add_str(&b, values[i]);
			text += strlen(slots[i]);
			hit = true;
		}
		if (!hit)
			buf_add_char(&b, *text++);
	}
	return arena_strdup(a, buf_str(&b));
}

static bool type_in(const char *alternatives, enum field_type t)
{
	const char *name = field_type_name(t), *at = alternatives;
	size_t n = strlen(name);

	while ((at = strstr(at, name))) {
		if ((at == alternatives || at[-1] == '|') && (!at[n] || at[n] == '|'))
			return true;
		at += n;
	}
	return false;
}

/* Names of the fields that meet each need; NULL when one is met by none. */
static json_t *needs_met(struct arena *a, const struct function_kind *f, const struct entity *t, char **list)
{
	auto_json *names = json_array();

	*list = arena_strdup(a, "");
	for (const char **need = f->needs; *need; need++) {
		bool met = false;

		for (int i = 0; i < t->n; i++) {
			if (!type_in(*need, t->fields[i].type))
				continue;
			met = true;
			json_array_append_new(names, json_string(t->fields[i].name));
			*list = arena_printf(a, "%s%s%s", *list, **list ? ", " : "", t->fields[i].name);
		}
		if (!met)
			return NULL;
	}
	return json_incref(names);
}

static void catalogue_add(struct spec *s, const struct function_kind *f)
{
	int made = 0;

	for (int i = s->n - 1; i >= 0 && made < f->max; i--) { /* the last one refers to the others: it is what the app is about */
		struct entity *t = &s->entities[i];
		json_t *names, *params = NULL, *examples = NULL, *v, *fn;
		char *list, *name;
		bool taken = false;
		size_t k;

		names = needs_met(s->a, f, t, &list);
		name = filled(s->a, f->name, t, list);
		json_array_foreach(s->functions, k, v)
			taken = taken || !strcmp(json_text_or(v, "name", ""), name);
		if (f->label && !taken) /* "a loan" is named by its book, which is a number to the function */
			taken = !type_in(f->label, entity_field(t, entity_label(t))->type);
		if (!names || taken) {
			json_decref(names);
			continue;
		}
		if (!f->params || json_parse(bytes_of(f->params), &params, NULL) < 0)
			params = json_array();
		if (!f->examples || json_parse(bytes_of(f->examples), &examples, NULL) < 0)
			examples = json_array();
		fn = function_json(s->a, name, t->name, f->kind, filled(s->a, f->what, t, list), params, examples, f->optional);
		json_object_set_new(fn, "field_names", names);
		json_array_append_new(s->functions, fn);
		made++;
	}
}

void examples_add(struct spec *s)
{
	auto_calls l = { .a = s->a, .c = arena_array(s->a, CALLS_MAX, sizeof(*l.c)) };

	calls_find(&l, s->words);
	for (int i = 0; i < l.n; i++) {
		bool first = true, any = false;

		for (int k = 0; k < l.n; k++) {
			if (strcmp(l.c[k].name, l.c[i].name))
				continue;
			first = first && k >= i;
			any = any || l.c[k].want || l.c[k].unreadable;
		}
		if (first && any)
			group_add(s, &l, i);
	}
	for (int i = 0; i < s->b->functions_n; i++)
		catalogue_add(s, &s->b->functions[i]);
}

char *examples_blank(struct arena *a, const char *words)
{
	auto_calls l = { .a = a, .c = arena_array(a, CALLS_MAX, sizeof(*l.c)) };
	char *out = arena_strdup(a, words);

	calls_find(&l, words);
	for (int i = 0; i < l.n; i++)
		if (l.c[i].want || l.c[i].unreadable)
			memset(out + (l.c[i].at - words), 1, (size_t)(l.c[i].end - l.c[i].at));
	return out;
}
