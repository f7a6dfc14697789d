/*
 * Options. getopt_long is not used: it permutes argv, prints by itself and knows no table we could print from.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/opt.h"

#include "base/err.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Levenshtein; names are short. */
size_t opt_distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= 63)
		return 99;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diag = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t up = row[j], best = diag + (a[i - 1] != b[j - 1]);

			if (up + 1 < best)
				best = up + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diag = up;
			row[j] = best;
		}
	}
	return row[n];
}

/* A third of the letters may be wrong, two in a short name, and something must be right. */
size_t opt_far(const char *word)
{
	size_t n = strlen(word), third = n / 3 > 2 ? n / 3 : 2;

	return (third < n ? third : n ? n - 1 : 0) + 1;
}

static const struct opt *find_long(const struct opt *t, const char *name, size_t n)
{
	for (; t->name; t++)
		if (!strncmp(t->name, name, n) && !t->name[n])
			return t;
	return NULL;
}

static int unknown(const struct opt *t, const char *name, struct err *e)
{
	const struct opt *best = NULL;
	size_t least = opt_far(name);

	for (; t->name; t++) {
		size_t d = opt_distance(name, t->name);

		if (d < least) {
			least = d;
			best = t;
		}
	}
	if (best)
		return err_set(e, ERR_USAGE, "no option --%s; did you mean --%s?", name, best->name);
	return err_set(e, ERR_USAGE, "no option --%s", name);
}

static int take(struct opts *o, const struct opt *t, const char *value, struct err *e)
{
	for (int i = 0; i < o->n; i++)
		if (o->given[i].opt == t && !t->many && t->value)
			return err_set(e, ERR_USAGE, "--%s is given twice", t->name);
	o->given[o->n++] = (struct opt_value){ t, value };
	return 0;
}

static int take_long(struct arena *a, struct opts *o, const char *arg, const char *next, bool *used, struct err *e)
{
	const char *eq = strchr(arg, '=');
	size_t n = eq ? (size_t)(eq - arg) : strlen(arg);
	const struct opt *t = find_long(o->table, arg, n);

	if (!t)
		return unknown(o->table, arena_memdup(a, arg, n), e);
	if (!t->value)
		return eq ? err_set(e, ERR_USAGE, "--%s takes no value", t->name) : take(o, t, "", e);
	if (eq)
		return take(o, t, eq + 1, e);
	if (!next || !strncmp(next, "--", 2)) /* "--model --json": a value forgotten, rather than one named --json */
		return err_set(e, ERR_USAGE, "--%s needs %s", t->name, t->value);
	*used = true;
	return take(o, t, next, e);
}

static int take_letters(struct opts *o, const char *arg, const char *next, bool *used, struct err *e)
{
	for (; *arg; arg++) {
		const struct opt *t = o->table;

		while (t->name && t->letter != *arg)
			t++;
		if (!t->name)
			return err_set(e, ERR_USAGE, "no option -%c", *arg);
		if (!t->value) {
			if (take(o, t, "", e) < 0)
				return -1;
			continue;
		}
		if (arg[1])
			return take(o, t, arg + 1, e);
		if (!next || !strncmp(next, "--", 2))
			return err_set(e, ERR_USAGE, "-%c needs %s", *arg, t->value);
		*used = true;
		return take(o, t, next, e);
	}
	return 0;
}

int opts_parse(struct arena *a, const struct opt *table, bool stop_at_argument, const char *const *argv,
	       struct opts *out, struct err *e)
{
	struct opts o = { .table = table };
	size_t n = 0, letters = 0;

	while (argv[n])
		letters += strlen(argv[n++]) + 1;
	o.given = arena_array(a, letters + 1, sizeof(*o.given));
	o.rest = arena_array(a, n + 1, sizeof(*o.rest));
	for (size_t i = 0; i < n; i++) {
		const char *arg = argv[i];
		bool used = false;
		int r = 0;

		if (!o.ended && !strcmp(arg, "--")) {
			o.ended = true;
			o.after = o.rest_n;
		} else if (!o.ended && arg[0] == '-' && arg[1] == '-') {
			r = take_long(a, &o, arg + 2, argv[i + 1], &used, e);
		} else if (!o.ended && arg[0] == '-' && arg[1]) {
			r = take_letters(&o, arg + 1, argv[i + 1], &used, e);
		} else {
			o.rest[o.rest_n++] = arg;
			if (stop_at_argument && !o.ended) {
				o.ended = true;
				o.after = o.rest_n - 1;
			}
		}
		if (r < 0)
			return -1;
		i += used;
	}
	*out = o;
	return 0;
}

int opts_count(const struct opts *o, const char *name)
{
	int n = 0;

	for (int i = 0; i < o->n; i++)
		n += !strcmp(o->given[i].opt->name, name);
	return n;
}

const char *opts_nth(const struct opts *o, const char *name, int n)
{
	for (int i = 0; i < o->n; i++)
		if (!strcmp(o->given[i].opt->name, name) && n-- == 0)
			return o->given[i].value;
	return NULL;
}

bool opts_has(const struct opts *o, const char *name)
{
	return opts_count(o, name) > 0;
}

const char *opts_text(const struct opts *o, const char *name)
{
	return opts_nth(o, name, opts_count(o, name) - 1);
}

const char *opts_text_or(const struct opts *o, const char *name, const char *fallback)
{
	const char *s = opts_text(o, name);

	return s ? s : fallback;
}

int opt_whole_parse(const char *text, int64_t *out)
{
	const char *digits = *text == '-' ? text + 1 : text;
	long long v;

	if (!*digits || digits[strspn(digits, "0123456789")])
		return -1;
	errno = 0;
	v = strtoll(text, NULL, 10);
	if (errno)
		return -1;
	*out = v;
	return 0;
}

/* strtod alone would take hexadecimal, "inf", "nan" and leading blanks. */
int opt_real_parse(const char *text, double *out)
{
	const char *p = *text == '-' ? text + 1 : text;
	size_t whole = strspn(p, "0123456789"), part = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
	char *end;
	double v;

	if (!whole && !part)
		return -1;
	v = strtod(text, &end);
	if (*end || end < p + whole || !isfinite(v))
		return -1;
	*out = v;
	return 0;
}

int opts_whole(const struct opts *o, const char *name, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	const char *s = opts_text(o, name);
	int64_t v = 0;

	if (!s)
		return 0;
	if (opt_whole_parse(s, &v) < 0 || v < min || v > max)
		return err_set(e, ERR_USAGE, "--%s takes a whole number from %lld to %lld, not \"%s\"", name,
			       (long long)min, (long long)max, s);
	*out = v;
	return 0;
}

int opts_real(const struct opts *o, const char *name, double min, double max, double *out, struct err *e)
{
	const char *s = opts_text(o, name);
	double v = 0;

	if (!s)
		return 0;
	if (opt_real_parse(s, &v) < 0 || v < min || v > max)
		return err_set(e, ERR_USAGE, "--%s takes a number from %g to %g, not \"%s\"", name, min, max, s);
	*out = v;
	return 0;
}

int opt_time_parse(const char *text, int64_t *ms, struct err *e)
{
	size_t n = strspn(text, "0123456789.");
	static const char units[] = "smhd";
	static const double length[] = { 1e3, 60e3, 3600e3, 86400e3 };
	char number[32] = "";
	const char *unit = text[n] ? strchr(units, text[n]) : units;
	double v = 0;

	memcpy(number, text, n < sizeof(number) ? n : 0);
	if (!unit || (text[n] && text[n + 1]) || opt_real_parse(number, &v) < 0)
		return err_set(e, ERR_USAGE, "\"%s\" is no time; write 90s, 10m, 2h or 1d", text);
	v *= length[unit - units];
	if (v < 1 || v > 366 * 86400e3) /* 0 ms would read as "no limit" further down */
		return err_set(e, ERR_USAGE, "\"%s\" is no time that can be kept; write one from 1s to 366d", text);
	*ms = (int64_t)v;
	return 0;
}

int opts_time(const struct opts *o, const char *name, int64_t *ms, struct err *e)
{
	const char *s = opts_text(o, name);

	if (!s)
		return 0;
	if (opt_time_parse(s, ms, e) < 0)
		return err_wrap(e, "--%s", name);
	return 0;
}

int opt_size_parse(const char *text, int64_t *bytes, struct err *e)
{
	static const char units[] = "kMGT";
	size_t n = strspn(text, "0123456789");
	const char *unit = text[n] ? strchr("KkMGT", text[n]) : NULL;
	char number[20] = "";
	int64_t v = 0;
	int shift = 0;

	memcpy(number, text, n < sizeof(number) ? n : 0);
	if ((text[n] && (!unit || text[n + 1])) || opt_whole_parse(number, &v) < 0)
		return err_set(e, ERR_USAGE, "\"%.40s\" is no size; write 512M, 4G, or bytes", text);
	if (unit)
		shift = *unit == 'K' ? 10 : 10 * (int)(strchr(units, *unit) - units + 1);
	if (v < 1 || v > (INT64_C(1) << 60) >> shift)
		return err_set(e, ERR_USAGE, "\"%.40s\" is no size that can be kept; write one from 1 byte to 1024T", text);
	*bytes = v << shift;
	return 0;
}

int opts_size(const struct opts *o, const char *name, int64_t *bytes, struct err *e)
{
	const char *s = opts_text(o, name);

	if (!s)
		return 0;
	if (opt_size_parse(s, bytes, e) < 0)
		return err_wrap(e, "--%s", name);
	return 0;
}
