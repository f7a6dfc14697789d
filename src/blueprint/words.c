/*
 * Words and names.
 *
 * English plurals are compared both ways rather than stemmed: "statuses" and "status", "boxes" and "box", "houses" and
 * "house" each meet without a table of endings that would have to be undone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/words.h"

#include <ctype.h>
#include <string.h>

static const char *const irregular[][2] = {
	{ "person", "people" }, { "child", "children" }, { "man", "men" }, { "woman", "women" }, { "staff", "staff" }, { "stock", "stock" },
	{ "maintenance", "maintenance" },
	{ "datum", "data" }, { "criterion", "criteria" }, { "medium", "media" }, { "foot", "feet" }, { "life", "lives" },
	{ "shelf", "shelves" }, { "leaf", "leaves" }, { "wife", "wives" }, { "knife", "knives" }, { "series", "series" },
	{ "half", "halves" }, { "equipment", "equipment" }, { "analysis", "analyses" }, { "index", "indices" },
};
enum { IRREGULAR_N = sizeof(irregular) / sizeof(*irregular) };

/* Keywords of Python 3.12, and the columns that every record has. */
static const char *const taken[] = {
	"and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
	"finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
	"return", "try", "while", "with", "yield", "none", "true", "false", "self", "id", "created_at", "updated_at",
	"version", NULL,
};

/* What SQLite reserves, beside those: a column may not be called so. */
static const char *const reserved_in_sql[] = {
	"add", "all", "alter", "autoincrement", "between", "case", "check", "collate", "commit", "constraint", "create",
	"default", "deferrable", "delete", "distinct", "drop", "escape", "exists", "foreign", "group", "having", "index",
	"insert", "intersect", "into", "isnull", "join", "limit", "notnull", "null", "on", "order", "primary", "references",
	"returning", "rowid", "select", "set", "table", "then", "to", "transaction", "union", "unique", "update", "using",
	"values", "when", "where", NULL,
};

bool word_in(const char *w, const char *const *list)
{
	for (; list && *list; list++)
		if (!strcmp(w, *list))
			return true;
	return false;
}

bool word_is_unit(const char *w)
{
	static const char *const units[] = {
		"euros", "euro", "eur", "dollars", "dollar", "usd", "pounds", "gbp", "chf", "cents", "kg", "kilos", "kilograms", "grams",
		"g", "tons", "liters", "litres", "ml", "cm", "mm", "meters", "metres", "km", "kilometers", "miles", "inches", "minutes",
		"minute", "mins", "hours", "days", "weeks", "months", "years", "seconds", "pieces", "pcs", "units", "percent", NULL,
	};

	return word_in(w, units);
}

bool name_is_taken(const char *name, bool as_column)
{
	return word_in(name, taken) || (as_column && word_in(name, reserved_in_sql));
}

static bool is_word_char(unsigned char c)
{
	return isalnum(c) || c >= 0x80;
}

void phrase_parse(struct arena *a, struct bytes text, struct phrase *out)
{
	size_t i = 0;

	memset(out, 0, sizeof(*out));
	while (i < text.n) {
		size_t from = i;
		char *w;

		while (i < text.n && is_word_char((unsigned char)text.p[i]))
			i++;
		if (i == from) {
			i++;
			continue;
		}
		if (out->n == PHRASE_MAX) { /* the last words are the ones that count */
			memmove(out->w, out->w + 1, sizeof(*out->w) * (PHRASE_MAX - 1));
			memmove(out->at, out->at + 1, sizeof(*out->at) * (PHRASE_MAX - 1));
			memmove(out->s, out->s + 1, sizeof(*out->s) * (PHRASE_MAX - 1));
			out->n--;
			out->cut = true;
		}
		w = arena_memdup(a, text.p + from, i - from);
		for (char *c = w; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (i + 1 < text.n && text.p[i] == '\'' && (text.p[i + 1] == 's' || text.p[i + 1] == 'S') &&
		    (i + 2 == text.n || !is_word_char((unsigned char)text.p[i + 2]))) {
			out->s[out->n] = true;
			i += 2;
		}
		out->at[out->n] = from;
		out->w[out->n++] = w;
	}
}

struct phrase phrase_part(const struct phrase *p, int from, int to)
{
	struct phrase out = { .n = 0 };

	for (int i = from; i < to && i < p->n; i++) {
		out.s[out.n] = p->s[i];
		out.at[out.n] = p->at[i];
		out.w[out.n++] = p->w[i];
	}
	return out;
}

static bool is_plural_of(const char *many, const char *one)
{
	size_t n = strlen(one), m = strlen(many);

	for (int i = 0; i < IRREGULAR_N; i++)
		if (!strcmp(one, irregular[i][0]) && !strcmp(many, irregular[i][1]))
			return true;
	if (n < 2)
		return false;
	if (m == n + 1 && !strncmp(many, one, n) && many[n] == 's')
		return true;
	if (m == n + 2 && !strncmp(many, one, n) && !strcmp(many + n, "es"))
		return true;
	return one[n - 1] == 'y' && m == n + 2 && !strncmp(many, one, n - 1) && !strcmp(many + n - 1, "ies");
}

bool word_equal(const char *a, const char *b)
{
	if (*a != *b) /* every plural begins as its singular does */
		return false;
	return !strcmp(a, b) || is_plural_of(a, b) || is_plural_of(b, a);
}

bool phrase_equal(const struct phrase *a, const struct phrase *b)
{
	if (a->n != b->n || !a->n)
		return false;
	for (int i = 0; i < a->n; i++)
		if (!word_equal(a->w[i], b->w[i]))
			return false;
	return true;
}

bool phrase_occurs(struct arena *a, const char *text, const char *all)
{
	struct phrase want;
	const char *p = all;

	phrase_parse(a, bytes_of(text), &want);
	if (!want.n)
		return false;
	while (*p) {
		struct phrase got;
		const char *end;
		size_t words = 0, len = 0;

		while (*p && !is_word_char((unsigned char)*p))
			p++;
		for (end = p; *end && words < (size_t)want.n; words++) {
			while (*end && is_word_char((unsigned char)*end))
				end++;
			len = (size_t)(end - p);
			while (*end && !is_word_char((unsigned char)*end))
				end++;
		}
		phrase_parse(a, (struct bytes){ p, len }, &got);
		if (phrase_equal(&want, &got))
			return true;
		while (*p && is_word_char((unsigned char)*p))
			p++;
	}
	return false;
}

char *name_snake(struct arena *a, struct bytes text)
{
	char out[NAME_MAX_LEN + 1];
	size_t n = 0;
	bool gap = false;

	for (size_t i = 0; i < text.n && n < NAME_MAX_LEN; i++) {
		unsigned char c = (unsigned char)text.p[i], before = i ? (unsigned char)text.p[i - 1] : 0;

		if (!isalnum(c)) {
			gap = n > 0;
			continue;
		}
		if (isupper(c) && islower(before)) /* dueDate */
			gap = true;
		if (gap && n + 1 < NAME_MAX_LEN)
			out[n++] = '_';
		gap = false;
		if (!n && isdigit(c))
			continue;
		out[n++] = (char)tolower(c);
	}
	while (n && out[n - 1] == '_')
		n--;
	return arena_memdup(a, out, n);
}

char *name_title(struct arena *a, const char *snake)
{
	char *t = arena_strdup(a, snake);

	for (char *p = t; *p; p++)
		if (*p == '_' || *p == '-')
			*p = ' ';
	*t = (char)toupper((unsigned char)*t);
	return t;
}

char *name_camel(struct arena *a, const char *name)
{
	char *t = arena_alloc(a, strlen(name) + 1);
	size_t n = 0;
	bool up = true;

	for (; *name; name++) {
		if (!isalnum((unsigned char)*name)) {
			up = true;
			continue;
		}
		t[n++] = up ? (char)toupper((unsigned char)*name) : *name;
		up = false;
	}
	t[n] = 0;
	return t;
}

char *name_dashed(struct arena *a, const char *snake)
{
	char *t = arena_strdup(a, snake);

	for (char *p = t; *p; p++)
		if (*p == '_')
			*p = '-';
	return t;
}

static bool ends_with(const char *s, const char *tail)
{
	size_t n = strlen(s), m = strlen(tail);

	return n >= m && !strcmp(s + n - m, tail);
}

/* The last word of a snake name is what takes the plural. */
static const char *last_word(const char *name)
{
	const char *p = strrchr(name, '_');

	return p ? p + 1 : name;
}

char *name_plural(struct arena *a, const char *name)
{
	const char *w = last_word(name);
	size_t n = strlen(name);

	for (int i = 0; i < IRREGULAR_N; i++)
		if (!strcmp(w, irregular[i][0]) && strcmp(irregular[i][0], irregular[i][1]))
			return arena_printf(a, "%.*s%s", (int)(w - name), name, irregular[i][1]);
	for (int i = 0; i < IRREGULAR_N; i++)
		if (!strcmp(w, irregular[i][0]))
			return arena_printf(a, "%s_records", name);
	if (n > 1 && name[n - 1] == 'y' && !strchr("aeiou", name[n - 2]))
		return arena_printf(a, "%.*sies", (int)n - 1, name);
	if (ends_with(w, "s") || ends_with(w, "x") || ends_with(w, "z") || ends_with(w, "ch") || ends_with(w, "sh"))
		return arena_printf(a, "%ses", name);
	return arena_printf(a, "%ss", name);
}

char *name_singular(struct arena *a, const char *name)
{
	const char *w = last_word(name);
	size_t n = strlen(name);

	for (int i = 0; i < IRREGULAR_N; i++)
		if (!strcmp(w, irregular[i][1]))
			return arena_printf(a, "%.*s%s", (int)(w - name), name, irregular[i][0]);
	if (strlen(w) > 4 && ends_with(w, "ies"))
		return arena_printf(a, "%.*sy", (int)n - 3, name);
	if (ends_with(w, "sses") || ends_with(w, "xes") || ends_with(w, "ches") || ends_with(w, "shes") ||
	    ends_with(w, "uses"))
		return arena_memdup(a, name, n - 2);
	if (strlen(w) > 3 && ends_with(w, "s") && !ends_with(w, "ss") && !ends_with(w, "us") && !ends_with(w, "is"))
		return arena_memdup(a, name, n - 1);
	return arena_strdup(a, name);
}

static char *line_made(struct arena *a, struct bytes text, size_t max, bool strict)
{
	char *out = arena_alloc(a, (text.n < max ? text.n : max) + 1);
	size_t n = 0;

	for (size_t i = 0; i < text.n && n < max; i++) {
		unsigned char c = (unsigned char)text.p[i];
		bool keep = strict ? isalnum(c) || c >= 0x80 || (c && strchr("-.,()&", c)) : c > 0x20 && c != 0x7f;

		if (keep)
			out[n++] = (char)c;
		else if (n && out[n - 1] != ' ')
			out[n++] = ' ';
	}
	if (n == max) { /* a letter may be cut in half at the end */
		while (n && ((unsigned char)out[n - 1] & 0xC0) == 0x80)
			n--;
		if (n && (unsigned char)out[n - 1] >= 0xC0)
			n--;
	}
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = 0;
	return out;
}

char *line_clean(struct arena *a, struct bytes text, size_t max)
{
	return line_made(a, text, max, true);
}

char *line_fold(struct arena *a, struct bytes text, size_t max)
{
	return line_made(a, text, max, false);
}
