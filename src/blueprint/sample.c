/*
 * Sample values: for each field two good ones and a bad one; for each entity two records that meet every bound rule.
 *
 * What a rule asks of a record is data ("sample" hints of its kind), so a new kind of rule needs no code here. The
 * second record differs from the first wherever it can, so that a unique field is never in the way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/data.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY = 86400 };

static char *date_text(struct arena *a, enum field_type t, int year, int day, int minute)
{
	struct tm tm = { .tm_year = year - 1900, .tm_mon = 2, .tm_mday = 10 + day, .tm_hour = 9, .tm_min = minute };
	char out[40];
	time_t at = timegm(&tm);

	gmtime_r(&at, &tm);
	strftime(out, sizeof(out), t == FIELD_DATE ? "%Y-%m-%d" : t == FIELD_TIME ? "%H:%M" : "%Y-%m-%dT%H:%M", &tm);
	return arena_strdup(a, out);
}

static char *lower_title(struct arena *a, const char *name)
{
	char *t = name_title(a, name);

	*t = (char)tolower((unsigned char)*t);
	return t;
}

static json_t *value_make(struct arena *a, const json_t *f, int at, int second)
{
	const char *name = json_text(f, "name"), *words = lower_title(a, name);

	switch (field_type_find(json_text_or(f, "type", "text"))) {
	case FIELD_LONG_TEXT:
		return json_sprintf(second ? "A second, longer text: %s.\nOn two lines." : "A longer text: %s.\nOn two lines.", words);
	case FIELD_WHOLE:
		return json_integer(second ? 8 : 5);
	case FIELD_DECIMAL:
		return json_real(second ? 2.75 : 1.5);
	case FIELD_MONEY:
		return json_real(second ? 24.5 : 19.99);
	case FIELD_DATE:
		return json_string(date_text(a, FIELD_DATE, 2044, at + (second ? 40 : 0), 0));
	case FIELD_TIME:
		return json_string(date_text(a, FIELD_TIME, 2044, 0, (at % 8) * 60 + (second ? 90 : 0)));
	case FIELD_DATETIME:
		return json_string(date_text(a, FIELD_DATETIME, 2044, second ? 40 : 0, (at % 8) * 60));
	case FIELD_YES_NO:
		return json_boolean(!second);
	case FIELD_EMAIL:
		return json_string(second ? "grace@example.org" : "ada@example.org");
	case FIELD_PHONE:
		return json_string(second ? "+44 20 7946 0027" : "+44 20 7946 0018");
	case FIELD_URL:
		return json_string(second ? "https://example.org/second" : "https://example.org/first");
	case FIELD_CHOICE:
		return json_incref(json_array_get(json_list(f, "choices"), second ? 1 : 0));
	case FIELD_REF:
		return json_pack("{s:s}", "$ref", json_text(f, "ref"));
	default:
		return json_sprintf(second ? "Another %s" : "Sample %s", words);
	}
}

static json_t *bad_make(const json_t *f)
{
	switch (field_type_find(json_text_or(f, "type", "text"))) {
	case FIELD_WHOLE:
	case FIELD_DECIMAL:
	case FIELD_MONEY:
		return json_string("x");
	case FIELD_DATE:
		return json_string("2044-02-30");
	case FIELD_TIME:
		return json_string("25:00");
	case FIELD_DATETIME:
		return json_string("2044-02-30T09:00");
	case FIELD_YES_NO:
		return json_string("yes");
	case FIELD_EMAIL:
		return json_string("not an address");
	case FIELD_PHONE:
		return json_string("call me");
	case FIELD_URL:
		return json_string("javascript:alert(1)");
	case FIELD_CHOICE:
		return json_string("no-such-choice");
	case FIELD_REF:
		return NULL;
	default:
		return json_integer(7);
	}
}

void sample_fields(struct arena *a, json_t *entity)
{
	json_t *f, *bad;
	size_t i;

	json_array_foreach(json_list(entity, "fields"), i, f) {
		json_object_set_new(f, "sample", value_make(a, f, (int)i, 0));
		json_object_set_new(f, "sample2", value_make(a, f, (int)i, 1));
		json_object_del(f, "bad");
		if ((bad = bad_make(f)))
			json_object_set_new(f, "bad", bad);
	}
}

/* Comparing and stepping values: numbers by one, dates by a day, times by an hour. */

static int value_compare(const json_t *x, const json_t *y)
{
	if (json_is_string(x) && json_is_string(y) && json_string_length(x) != json_string_length(y))
		return -1; /* a day and a time, say: nothing to be ordered */
	if (json_is_number(x) && json_is_number(y))
		return json_number_value(x) < json_number_value(y) ? -1 : json_number_value(x) > json_number_value(y);
	if (json_is_string(x) && json_is_string(y))
		return strcmp(json_string_value(x), json_string_value(y));
	return -1;
}

static json_t *value_after(struct arena *a, const json_t *v)
{
	const char *s = json_string_value(v);
	struct tm tm = { 0 };
	char out[40];
	time_t at;
	int hour, minute;

	if (json_is_integer(v))
		return json_integer(json_integer_value(v) + 1);
	if (json_is_real(v))
		return json_real(json_real_value(v) + 1);
	if (s && sscanf(s, "%d-%d-%dT%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min) >= 3) {
		bool has_time = strchr(s, 'T') != NULL;

		tm.tm_year -= 1900;
		tm.tm_mon--;
		at = timegm(&tm) + (has_time ? 3600 : DAY);
		gmtime_r(&at, &tm);
		strftime(out, sizeof(out), has_time ? "%Y-%m-%dT%H:%M" : "%Y-%m-%d", &tm);
		return json_string(arena_strdup(a, out));
	}
	if (s && sscanf(s, "%d:%d", &hour, &minute) == 2)
		return json_string(hour < 23 ? arena_printf(a, "%02d:%02d", (hour + 1) % 24, minute % 60) : "23:59");
	return json_deep_copy(v);
}

/* Records and the rules on them. */

struct records {
	struct arena *a;
	const struct blueprint *b;
	json_t *entity, *one, *two;
};

static const json_t *field_of(const struct records *r, const char *name)
{
	const json_t *f;
	size_t i;

	json_array_foreach(json_list(r->entity, "fields"), i, f)
		if (name && !strcmp(json_text_or(f, "name", ""), name))
			return f;
	return NULL;
}

static const struct rule_kind *kind_of(const struct blueprint *b, const json_t *rule)
{
	for (int i = 0; i < b->kinds_n; i++)
		if (!strcmp(b->kinds[i].kind, json_text_or(rule, "kind", "")))
			return &b->kinds[i];
	return NULL;
}

static bool has_value(const json_t *v)
{
	return v && !json_is_null(v);
}

static void year_set(struct records *r, const char *name, int year)
{
	json_t *both[] = { r->one, r->two };

	for (int i = 0; i < 2; i++) {
		const char *s = json_text(both[i], name);

		if (s && strlen(s) >= 10 && s[4] == '-') {
			char *t = arena_strdup(r->a, s);

			memcpy(t, arena_printf(r->a, "%04d", year), 4);
			json_object_set_new(both[i], name, json_string(t));
		}
	}
}

/* A value of the field other than `not`. */
static void other_set(struct records *r, json_t *record, const char *name, const json_t *not)
{
	const json_t *f = field_of(r, name), *choice;
	size_t i;

	if (!f || !json_equal(json_object_get(record, name), not))
		return;
	if (json_is_boolean(not)) {
		json_object_set_new(record, name, json_boolean(!json_is_true(not)));
		return;
	}
	json_array_foreach(json_list(f, "choices"), i, choice) {
		if (!json_equal(choice, not)) {
			json_object_set(record, name, (json_t *)(uintptr_t)choice);
			return;
		}
	}
	for (int second = 0; second < 2; second++) {
		json_t *v = json_object_get(f, second ? "sample2" : "sample");

		if (!json_equal(v, not)) {
			json_object_set(record, name, v);
			return;
		}
	}
}

static void first_state_set(struct records *r, const char *name, const json_t *states)
{
	const char *first = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)states));

	if (!first)
		return;
	json_object_set_new(r->one, name, json_string(first));
	json_object_set_new(r->two, name, json_string(first));
}

/* Words that say a record is finished, from the parameter's "of". */
static const char **param_words(const struct blueprint *b, const json_t *rule, const char *name)
{
	const struct rule_kind *k = kind_of(b, rule);

	for (int i = 0; k && i < k->params_n; i++)
		if (!strcmp(k->params[i].name, name))
			return k->params[i].words;
	return NULL;
}

/* A choice of the field that is none of the values. */
static void choice_outside_set(struct records *r, const json_t *f, const json_t *values)
{
	json_t *both[] = { r->one, r->two };
	const json_t *choice, *v;
	size_t i, k;

	for (int n = 0; n < 2; n++) {
		json_array_foreach(json_list(f, "choices"), i, choice) {
			bool out = true;

			json_array_foreach(values, k, v)
				out = out && !json_equal(v, choice);
			if (!out)
				continue;
			json_object_set(both[n], json_text(f, "name"), (json_t *)(uintptr_t)choice);
			break;
		}
	}
}

static void open_choice_set(struct records *r, const json_t *f, const char **finished)
{
	const json_t *choice;
	size_t i;

	json_array_foreach(json_list(f, "choices"), i, choice) {
		if (word_in(json_string_value(choice), finished))
			continue;
		json_object_set(r->one, json_text(f, "name"), (json_t *)(uintptr_t)choice);
		json_object_set(r->two, json_text(f, "name"), (json_t *)(uintptr_t)choice);
		return;
	}
}

static void fixed_values(struct records *r, const struct hint *h, const json_t *rule)
{
	const json_t *params = json_map(rule, "params");
	const json_t *pair = json_map(params, h->a); /* {"field":..., "values":[...]} */
	const char *name = pair ? json_text(pair, "field") : json_text(params, h->a);
	const json_t *f = field_of(r, name);
	json_t *v = json_object_get(params, h->b);
	bool flag = f && !strcmp(json_text_or(f, "type", ""), "yes_no");

	if (!f)
		return;
	if (h->op == HINT_INITIAL) {
		first_state_set(r, name, v);
	} else if (h->op == HINT_NOT && pair) {
		choice_outside_set(r, f, json_list(pair, "values"));
	} else if (h->op == HINT_NOT) {
		other_set(r, r->one, name, v);
		other_set(r, r->two, name, v);
	} else if (h->op == HINT_IS) {
		json_object_set(r->one, name, v);
		json_object_set(r->two, name, v);
	} else if (h->op == HINT_CLOSED && json_array_size(json_list(f, "choices"))) {
		open_choice_set(r, f, param_words(r->b, rule, h->a));
	} else if (h->op == HINT_CLOSED) {
		json_object_set_new(r->one, name, flag ? json_false() : json_null());
		if (flag)
			json_object_set_new(r->two, name, json_true());
	} else if (h->op == HINT_EMPTY && !json_flag(f, "required", false)) {
		json_object_set_new(r->one, name, json_null());
		json_object_set_new(r->two, name, json_null());
	} else if (h->op == HINT_SET) {
		json_t *both[] = { r->one, r->two };

		for (int i = 0; i < 2; i++)
			if (!has_value(json_object_get(both[i], name)))
				json_object_set(both[i], name, json_object_get(f, i ? "sample2" : "sample"));
	} else if (h->op == HINT_FUTURE) {
		year_set(r, name, 2099);
	} else if (h->op == HINT_PAST) {
		year_set(r, name, 2001);
	}
}

static void number_set(json_t *record, const json_t *f, const char *name, double value)
{
	bool whole = !strcmp(json_text_or(f, "type", ""), "whole");

	if (!has_value(json_object_get(record, name)))
		return;
	json_object_set_new(record, name, whole ? json_integer((json_int_t)value) : json_real(value));
}

static double middle(const json_t *f, double low, double high)
{
	double scale = !strcmp(json_text_or(f, "type", ""), "whole") ? 1 : 100;

	return ceil((low + high) / 2 * scale) / scale;
}

/* Every number between the bounds that rules set on its field. */
static void bounds_keep(struct records *r)
{
	const json_t *f, *rule;
	size_t i, k;

	json_array_foreach(json_list(r->entity, "fields"), i, f) {
		const char *name = json_text_or(f, "name", "");
		double low = -INFINITY, high = INFINITY, one = json_number_value(json_object_get(r->one, name)),
		       two = json_number_value(json_object_get(r->two, name));

		json_array_foreach(json_list(r->entity, "rules"), k, rule) {
			const struct rule_kind *kind = kind_of(r->b, rule);
			const json_t *params = json_map(rule, "params");

			for (int h = 0; kind && h < kind->hints_n; h++) {
				double bound = json_real_or(params, kind->hints[h].b, NAN);

				if (strcmp(json_text_or(params, kind->hints[h].a, ""), name) || isnan(bound))
					continue;
				if (kind->hints[h].op == HINT_AT_LEAST)
					low = fmax(low, bound);
				if (kind->hints[h].op == HINT_AT_MOST)
					high = fmin(high, bound);
			}
		}
		if (isinf(low) && isinf(high))
			continue;
		if (one <= low || one > high) /* a bound may be strict below */
			one = isinf(high) ? low + 5 : isinf(low) ? high : middle(f, low, high);
		if (two <= low || two > high)
			two = isinf(high) ? low + 8 : isinf(low) ? high - 1 : high;
		number_set(r->one, f, name, one);
		number_set(r->two, f, name, two);
	}
}

static void after_set(struct records *r, json_t *record, const char *first, const char *second)
{
	const json_t *x = json_object_get(record, first), *y = json_object_get(record, second);

	if (has_value(x) && has_value(y) && value_compare(x, y) >= 0)
		json_object_set_new(record, second, value_after(r->a, x));
}

static void orders_keep(struct records *r, const struct hint *h, const json_t *params)
{
	const char *first = json_text(params, h->a), *second = json_text(params, h->b);

	if (!first || !second)
		return;
	after_set(r, r->one, first, second);
	after_set(r, r->two, first, second);
	if (h->op == HINT_APART) {
		const json_t *end = json_object_get(r->one, second), *start = json_object_get(r->two, first);

		if (has_value(end) && has_value(start) && value_compare(start, end) <= 0) {
			json_object_set_new(r->two, first, value_after(r->a, end));
			after_set(r, r->two, first, second);
		}
	}
}

static bool second_parent(struct records *r, const char *name)
{
	const json_t *f = field_of(r, name);
	const char *ref = f ? json_text(f, "ref") : NULL;

	if (!ref || !has_value(json_object_get(r->two, name)))
		return false;
	json_object_set_new(r->two, name, json_pack("{s:s+}", "$ref", ref, "2"));
	return true;
}

static void differ_keep(struct records *r, const json_t *fields)
{
	const json_t *v;
	size_t i;

	if (json_is_string(fields)) {
		if (json_equal(json_object_get(r->one, json_string_value(fields)),
			       json_object_get(r->two, json_string_value(fields))))
			second_parent(r, json_string_value(fields));
		return;
	}
	json_array_foreach(fields, i, v)
		if (!json_equal(json_object_get(r->one, json_string_value(v)), json_object_get(r->two, json_string_value(v))))
			return;
	json_array_foreach(fields, i, v)
		if (second_parent(r, json_string_value(v)))
			return;
}

enum phase { PHASE_FIXED, PHASE_ORDER, PHASE_PARENTS };

static void hints_apply(struct records *r, enum phase phase)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(json_list(r->entity, "rules"), i, rule) {
		const struct rule_kind *kind = kind_of(r->b, rule);
		const json_t *params = json_map(rule, "params");

		for (int k = 0; kind && k < kind->hints_n; k++) {
			const struct hint *h = &kind->hints[k];
			bool order = h->op == HINT_BEFORE || h->op == HINT_APART;

			if (phase == PHASE_ORDER && order)
				orders_keep(r, h, params);
			else if (phase == PHASE_PARENTS && h->op == HINT_OTHER)
				second_parent(r, json_text(params, h->a));
			else if (phase == PHASE_PARENTS && h->op == HINT_DIFFER)
				differ_keep(r, json_object_get(params, h->a));
			else if (phase == PHASE_FIXED)
				fixed_values(r, h, rule);
		}
	}
}

static void nulls_drop(json_t *record)
{
	const char *key;
	json_t *v;
	void *next;

	json_object_foreach_safe(record, next, key, v)
		if (json_is_null(v))
			json_object_del(record, key);
}

static int index_of(const json_t *spec, const char *name)
{
	const json_t *t;
	size_t i;

	json_array_foreach(json_list(spec, "entities"), i, t)
		if (name && !strcmp(json_text_or(t, "name", ""), name))
			return (int)i;
	return -1;
}

static void records_make(struct arena *a, const struct blueprint *b, const json_t *spec, json_t *entity, int at)
{
	struct records r = { .a = a, .b = b, .entity = entity, .one = json_object(), .two = json_object() };
	const json_t *f;
	size_t i;

	json_array_foreach(json_list(entity, "fields"), i, f) {
		const char *name = json_text(f, "name"), *ref = json_text(f, "ref");
		int to = ref ? index_of(spec, ref) : -1;

		if (ref && (to < 0 || to >= at))
			continue; /* itself, or one that is made later: only optional ones are so */
		json_object_set_new(r.one, name, json_deep_copy(json_object_get(f, "sample")));
		json_object_set_new(r.two, name, json_deep_copy(json_object_get(f, "sample2")));
	}
	hints_apply(&r, PHASE_FIXED);
	bounds_keep(&r);
	for (int i3 = 0; i3 < 3; i3++) /* one rule's end may be another's start */
		hints_apply(&r, PHASE_ORDER);
	hints_apply(&r, PHASE_PARENTS);
	nulls_drop(r.one);
	nulls_drop(r.two);
	json_object_set_new(entity, "record", r.one);
	json_object_set_new(entity, "record2", r.two);
}

/* What must be made before a record of the entity, parents first. */
static void needs_add(const json_t *spec, json_t *needs, const json_t *record, int depth)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)record, key, v) {
		const char *as = json_text(v, "$ref");
		size_t n = as ? strlen(as) : 0, i;
		bool second = n && as[n - 1] == '2' && index_of(spec, as) < 0, have = false;
		const json_t *t, *x;
		char name[NAME_MAX_LEN + 2];

		if (!as || n > NAME_MAX_LEN + 1 || depth > ENTITIES_ALL || json_array_size(needs) > 4 * ENTITIES_ALL)
			continue;
		json_array_foreach(needs, i, x)
			have = have || !strcmp(json_text_or(x, "as", ""), as);
		memcpy(name, as, n + 1);
		name[n - second] = 0;
		t = json_array_get(json_list(spec, "entities"), (size_t)index_of(spec, name));
		if (have || !t)
			continue;
		needs_add(spec, needs, json_map(t, second ? "record2" : "record"), depth + 1);
		json_array_append_new(needs, json_pack("{s:s, s:s, s:s, s:O}", "entity", name, "plural",
						       json_text_or(t, "plural", name), "as", as, "record",
						       json_object_get(t, second ? "record2" : "record")));
	}
}

void sample_records(struct arena *a, const struct blueprint *b, json_t *spec)
{
	json_t *t;
	size_t i;

	json_array_foreach(json_list(spec, "entities"), i, t)
		records_make(a, b, spec, t, (int)i);
	json_array_foreach(json_list(spec, "entities"), i, t) {
		json_t *needs = json_array();

		needs_add(spec, needs, json_map(t, "record"), 0);
		needs_add(spec, needs, json_map(t, "record2"), 0);
		json_object_set_new(t, "needs", needs);
	}
}
