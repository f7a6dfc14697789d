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

/* Edit distance, for "did you mean" (Levenshtein); names are short. */
static size_t distance(const char *a, const char *b)
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
	size_t least = 4;

	for (; t->name; t++) {
		size_t d = distance(name, t->name);

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
	if (!next)
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
		if (!next)
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

int opts_whole(const struct opts *o, const char *name, int64_t min, int64_t max, int64_t *out, struct err *e)
{
	const char *s = opts_text(o, name);
	char *end;
	long long v;

	if (!s)
		return 0;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || end == s || *end || v < min || v > max)
		return err_set(e, ERR_USAGE, "--%s takes a whole number from %lld to %lld, not \"%s\"", name,
			       (long long)min, (long long)max, s);
	*out = v;
	return 0;
}

int opts_real(const struct opts *o, const char *name, double min, double max, double *out, struct err *e)
{
	const char *s = opts_text(o, name);
	char *end;
	double v;

	if (!s)
		return 0;
	v = strtod(s, &end);
	if (end == s || *end || !isfinite(v) || v < min || v > max)
		return err_set(e, ERR_USAGE, "--%s takes a number from %g to %g, not \"%s\"", name, min, max, s);
	*out = v;
	return 0;
}

int opt_time_parse(const char *text, int64_t *ms, struct err *e)
{
	char *end;
	double v = strtod(text, &end), unit;

	switch (*end) {
	case 0:
	case 's':
		unit = 1e3;
		break;
	case 'm':
		unit = 60e3;
		break;
	case 'h':
		unit = 3600e3;
		break;
	case 'd':
		unit = 86400e3;
		break;
	default:
		unit = 0;
	}
	if (end == text || unit == 0 || (*end && end[1]) || !isfinite(v) || v <= 0 || v * unit > 366 * 86400e3)
		return err_set(e, ERR_USAGE, "\"%s\" is no time; write 90s, 10m, 2h or 1d", text);
	*ms = (int64_t)(v * unit);
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
