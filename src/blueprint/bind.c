/*
 * Rules from the words: every kind's patterns over every sentence, and nothing else. A model has no say here.
 *
 * What is only half understood is not enforced: a clause with a condition the kind does not know ("... unless it is
 * retired"), words behind it that might change it, a phrase that fits two fields. All of it goes to left_out with the
 * reason, and so does every clause that sounds like a rule and that nothing bound.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/err.h"
#include "blueprint/attempt.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { SENTENCE_MAX = 1000, SENTENCES_MAX = 200, HITS_MAX = 24, FAILED_MAX = 64, MATCH_LIMIT = 500000, DEPTH_LIMIT = 2000, LIMIT_HITS = 8, TIME_MS = 5000 };

struct span { size_t from, to; };

struct sentence {
	const char *text;
	size_t n;
	struct span bound[HITS_MAX];             /* what rules were made of              */
	int bound_n;
	struct { struct span at; const char *why; int weight; } failed[FAILED_MAX];
	int failed_n;
};

struct binder {
	struct spec *s;
	pcre2_match_context *limits;
	int limit_hits;                          /* patterns that gave up, over the whole intent */
	int64_t until_ms;
	bool tired;                              /* time or limits are spent: the rest is told, not read */
};

/* What a sentence is made of. */

static bool ends_sentence(const char *text, const char *p)
{
	if (*p == ';' || *p == '\n' || *p == '!' || *p == '?')
		return true;
	return *p == '.' && (!p[1] || isspace((unsigned char)p[1])) && !(p - text > 2 && p[-2] == '.');
}

static bool comma_at(const struct sentence *n, size_t i)
{
	return n->text[i] == ',' && !(i && i + 1 < n->n && isdigit((unsigned char)n->text[i - 1]) &&
				      isdigit((unsigned char)n->text[i + 1]));
}

/* The stretch between commas that i stands in. */
static struct span part_of(const struct sentence *n, size_t i)
{
	struct span p = { i, i };

	while (p.from > 0 && !comma_at(n, p.from - 1))
		p.from--;
	while (p.to < n->n && !comma_at(n, p.to))
		p.to++;
	return p;
}

static const char *text_of(struct spec *s, const struct sentence *n, struct span at)
{
	return line_fold(s->a, (struct bytes){ n->text + at.from, at.to - at.from }, 300);
}

static bool has_word(struct spec *s, const char *text, const char *const *list)
{
	struct phrase p;
	const char *at = text;

	for (; *at; at++) {
		if (at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '\''))
			continue;
		for (const char *const *w = list; *w; w++) {
			size_t n = strlen(*w);

			if (!strncasecmp(at, *w, n) && !isalnum((unsigned char)at[n]))
				return true;
		}
	}
	(void)s;
	(void)p;
	return false;
}

static const char *const conditions[] = {
	"unless", "except", "if", "when", "whenever", "until", "till", "while", "but", "without", "only", "not", "other than",
	"apart from", "as long as", "provided", "in case", "during", "after", "before", "once", "don't", "doesn't", "need not",
	"should not", "no need", NULL,
};

/* Words that may stand behind a rule without changing it. */
static const char *const harmless[] = {
	"and", "so", "also", "plus", "too", "ever", "please", "always", "again", "overall", "at all", "at any time", "at all times",
	"at any moment", "either", "anymore", "any more", "at the same time", "at a time", "at once", NULL,
};

static bool starts_with(const char *text, const char *const *list)
{
	while (isspace((unsigned char)*text))
		text++;
	for (; *list; list++) {
		size_t n = strlen(*list);

		if (!strncasecmp(text, *list, n) && !isalnum((unsigned char)text[n]))
			return true;
	}
	return false;
}

static bool in_bound(const struct sentence *n, struct span at)
{
	for (int i = 0; i < n->bound_n; i++)
		if (n->bound[i].from < at.to && at.from < n->bound[i].to)
			return true;
	return false;
}

/* What stands around the match and might change what it means, or NULL. */
static const char *condition_around(struct binder *b, const struct sentence *n, const struct span *core)
{
	struct spec *s = b->s;
	struct span part = part_of(n, core->from), end = part_of(n, core->to ? core->to - 1 : 0), next, last;
	const char *before, *behind;

	for (int i = 0; i < n->bound_n; i++) { /* a rule that was bound before it ends what can belong to this one */
		if (n->bound[i].to <= core->from && n->bound[i].to > part.from)
			part.from = n->bound[i].to;
		if (n->bound[i].from >= core->to && n->bound[i].from < end.to)
			end.to = n->bound[i].from;
	}
	before = text_of(s, n, (struct span){ part.from, core->from });
	behind = text_of(s, n, (struct span){ core->to, end.to });
	if (has_word(s, before, conditions))
		return arena_printf(s->a, "\"%s\" in front of it is a condition that is not understood", before);
	while (*behind && strchr(" ):.\x01\"'", *behind))
		behind++;
	if (*behind && !starts_with(behind, harmless))
		return arena_printf(s->a, "\"%s\" behind it is not understood", behind);
	if (has_word(s, behind, conditions) && starts_with(behind, harmless) &&
	    !starts_with(behind, (const char *const[]){ "and", "so", "also", "plus", NULL }))
		return arena_printf(s->a, "\"%s\" behind it is a condition that is not understood", behind);
	if (core->to < n->n && n->text[core->to] != ' ' && isalnum((unsigned char)n->text[core->to]))
		return "it ends inside a word";
	next = end.to < n->n && comma_at(n, end.to) ? part_of(n, end.to + 1) : (struct span){ n->n, n->n };
	behind = text_of(s, n, next);
	if (starts_with(behind, conditions) && !in_bound(n, next))
		return arena_printf(s->a, "\"%s\" behind it is a condition that is not understood", behind);
	last = part.from > 1 && comma_at(n, part.from - 1) ? part_of(n, part.from - 2) : (struct span){ 0, 0 };
	before = text_of(s, n, last);
	if (starts_with(before, conditions) && !in_bound(n, last))
		return arena_printf(s->a, "\"%s\" in front of it is a condition that is not understood", before);
	return NULL;
}

/* The rule as JSON. */

static const char *value_words(struct arena *a, const struct entity *t, const json_t *v)
{
	const char *key, *out = "";
	json_t *x;
	size_t i;

	if (json_is_string(v)) {
		char *title = name_title(a, json_string_value(v));

		(void)t;
		*title = (char)tolower((unsigned char)*title);
		return title;
	}
	if (json_is_integer(v))
		return arena_printf(a, "%lld", (long long)json_integer_value(v));
	if (json_is_real(v))
		return arena_printf(a, "%g", json_real_value(v));
	if (json_is_boolean(v))
		return json_is_true(v) ? "yes" : "no";
	json_array_foreach(v, i, x)
		out = arena_printf(a, "%s%s%s", out, i ? " and " : "", value_words(a, t, x));
	if (json_is_object(v) && json_object_get(v, "values"))
		return value_words(a, t, json_object_get(v, "values"));
	json_object_foreach((json_t *)(uintptr_t)v, key, x) {
		char *from = arena_strdup(a, key);

		for (char *p = from; *p; p++)
			*p = *p == '_' ? ' ' : *p;
		out = arena_printf(a, "%s%s%s%s%s", out, *out ? ", " : "", from, json_array_size(x) ? " to " : " (end)",
				   json_array_size(x) ? value_words(a, t, x) : "");
	}
	return out;
}

static char *rule_title(struct arena *a, const struct rule_kind *k, const struct entity *t, const json_t *params)
{
	auto_buf b = buf_max(600);
	const char *p = k->title;

	while (*p) {
		const char *close = *p == '{' ? strchr(p, '}') : NULL;
		char *key = close ? arena_memdup(a, p + 1, (size_t)(close - p - 1)) : NULL;

		if (key && (!strcmp(key, "entity") || !strcmp(key, "plural"))) {
			char *title = name_title(a, *key == 'e' ? t->name : t->plural);

			*title = (char)tolower((unsigned char)*title);
			buf_add_str(&b, title);
			p = close + 1;
		} else if (key && json_object_get(params, key)) {
			buf_add_str(&b, value_words(a, t, json_object_get(params, key)));
			p = close + 1;
		} else {
			buf_add_char(&b, *p++);
		}
	}
	b.p[0] = (char)toupper((unsigned char)b.p[0]);
	return line_fold(a, buf_bytes(&b), 500);
}

static char *rule_id(struct spec *s, const struct rule_kind *k, const struct entity *t, const json_t *params)
{
	char *names = arena_strdup(s->a, t->name), *id;

	for (int i = 0; i < k->params_n; i++) {
		const struct param *p = &k->params[i];
		const json_t *v = json_object_get(params, p->name), *x;
		size_t j;

		if ((p->want == WANT_FIELD || p->want == WANT_REF) && json_is_string(v) && strlen(names) < 28)
			names = arena_printf(s->a, "%s_%s", names, json_string_value(v));
		if (p->want == WANT_FIELD || p->want == WANT_FIELDS || p->want == WANT_REFS || p->want == WANT_REF)
			json_array_foreach(v, j, x)
				if (strlen(names) < 28)
					names = arena_printf(s->a, "%s_%s", names, json_string_value(x));
	}
	names = arena_printf(s->a, "%.34s", names);
	id = name_dashed(s->a, arena_printf(s->a, "%s_%.18s", names, k->kind));
	for (int n = 2; n < 100; n++) {
		const json_t *r;
		bool taken = false;
		size_t i;

		json_array_foreach(s->rules, i, r)
			taken = taken || !strcmp(json_text_or(r, "id", ""), id);
		if (!taken)
			break;
		id = name_dashed(s->a, arena_printf(s->a, "%s_%.18s_%d", names, k->kind, n));
	}
	return id;
}

static json_t *args_json(const struct rule_kind *k, const json_t *params)
{
	json_t *out = json_array(), *v;
	const char *key;

	(void)k;
	json_object_foreach((json_t *)(uintptr_t)params, key, v)
		if (!json_is_null(v))
			json_array_append_new(out, json_pack("{s:s, s:O}", "name", key, "value", v));
	return out;
}

/* Conflicts with what is bound already. */

static const struct rule_kind *kind_named(const struct blueprint *b, const char *name)
{
	for (int i = 0; i < b->kinds_n; i++)
		if (!strcmp(b->kinds[i].kind, name))
			return &b->kinds[i];
	return NULL;
}

/* Params equal but for numbers (which: 'n') or states ('s')? */
static bool same_but(const struct rule_kind *k, const json_t *x, const json_t *y, enum want but)
{
	for (int i = 0; i < k->params_n; i++)
		if (k->params[i].want != but && !json_equal(json_object_get(x, k->params[i].name), json_object_get(y, k->params[i].name)))
			return false;
	return true;
}

static void bounds_of(const struct rule_kind *k, const json_t *params, const char *field, double *low, double *high)
{
	for (int i = 0; i < k->hints_n; i++) {
		double d = json_real_or(params, k->hints[i].b, NAN);

		if (isnan(d) || strcmp(json_text_or(params, k->hints[i].a, ""), field))
			continue;
		if (k->hints[i].op == HINT_AT_LEAST)
			*low = fmax(*low, d);
		if (k->hints[i].op == HINT_AT_MOST)
			*high = fmin(*high, d);
	}
}

static const char *conflict_of(struct spec *s, const struct rule_kind *k, const struct attempt *t)
{
	const char *field = json_text_or(t->params, "field", "");
	double low = -INFINITY, high = INFINITY;
	const json_t *r;
	size_t i;

	bounds_of(k, t->params, field, &low, &high);
	json_array_foreach(s->rules, i, r) {
		const struct rule_kind *other = kind_named(s->b, json_text_or(r, "kind", ""));
		const json_t *params = json_map(r, "params");

		if (strcmp(json_text_or(r, "entity", ""), t->entity->name) || !other)
			continue;
		if (other == k && same_but(k, params, t->params, WANT_NUMBER) && !json_equal(params, t->params))
			return arena_printf(s->a, "it contradicts \"%s\"", json_text_or(r, "words", ""));
		if (!strcmp(json_text_or(params, "field", ""), field))
			bounds_of(other, params, field, &low, &high);
		if (low > high)
			return arena_printf(s->a, "it contradicts \"%s\"", json_text_or(r, "words", ""));
	}
	return NULL;
}

/* States said in several clauses become one rule. */
static bool states_merge(struct spec *s, const struct rule_kind *k, const struct attempt *t, const char *words)
{
	json_t *r;
	size_t i;

	json_array_foreach(s->rules, i, r) {
		json_t *params = json_map(r, "params");

		if (strcmp(json_text_or(r, "kind", ""), k->kind) || strcmp(json_text_or(r, "entity", ""), t->entity->name) || !params)
			continue;
		if (json_equal(params, t->params))
			return true;
		if (!t->states || !same_but(k, params, t->params, WANT_STATES))
			continue;
		for (int p = 0; p < k->params_n; p++) {
			json_t *have = json_object_get(params, k->params[p].name), *more = json_object_get(t->params, k->params[p].name), *to;
			const char *from;

			if (k->params[p].want != WANT_STATES)
				continue;
			json_object_foreach(more, from, to) {
				json_t *list = json_object_get(have, from), *v;
				size_t j;

				if (!list) {
					json_object_set(have, from, to);
					continue;
				}
				json_array_foreach(to, j, v) {
					bool known = false;
					const json_t *x;
					size_t n;

					json_array_foreach(list, n, x)
						known = known || json_equal(x, v);
					if (!known)
						json_array_append(list, v);
				}
			}
		}
		json_object_set_new(r, "args", args_json(k, params));
		json_object_set_new(r, "title", json_string(rule_title(s->a, k, t->entity, params)));
		json_object_set_new(r, "words", json_sprintf("%s; %s", json_text_or(r, "words", ""), words));
		return true;
	}
	return false;
}

static json_t *states_all(struct spec *s, const struct rule_kind *k, const struct entity *t, const char *field)
{
	json_t *r;
	size_t i;

	json_array_foreach(s->rules, i, r) {
		if (strcmp(json_text_or(r, "kind", ""), k->kind) || strcmp(json_text_or(r, "entity", ""), t->name))
			continue;
		for (int p = 0; p < k->params_n; p++)
			if (k->params[p].want == WANT_STATES &&
			    !strcmp(json_text_or(json_map(r, "params"), k->params[p].of ? k->params[p].of : "field", ""), field))
				return json_object_get(json_map(r, "params"), k->params[p].name);
	}
	return NULL;
}

static void changes_apply(struct spec *s, const struct rule_kind *k, const struct attempt *t)
{
	struct field *f;
	const char *name;
	json_t *states, *v;

	for (int i = 0; i < t->changes_n; i++) {
		const struct change *c = &t->changes[i];

		if (c->add && (f = entity_add(t->entity, c->field, c->type, "rule")))
			f->required = c->required > 0;
		f = entity_field(t->entity, c->field);
		if (f && !c->add && c->required >= 0)
			f->required = c->required > 0;
	}
	f = entity_field(t->entity, t->states_field);
	states = f ? states_all(s, k, t->entity, f->name) : NULL;
	if (!states)
		return;
	f->type = FIELD_CHOICE;
	f->choices_n = 0;
	f->from = "words";
	json_object_foreach(states, name, v)
		if (f->choices_n < CHOICES_MAX)
			f->choices[f->choices_n++] = arena_strdup(s->a, name);
}

/* One field that may not be shared is unique as a field, too: the table's own index then stands behind the rule. */
static void unique_apply(const struct rule_kind *k, const struct attempt *t)
{
	for (int i = 0; i < k->hints_n; i++) {
		const json_t *v = json_object_get(t->params, k->hints[i].a);
		struct field *f = NULL;

		if (k->hints[i].op != HINT_DIFFER)
			continue;
		if (json_is_string(v))
			f = entity_field(t->entity, json_string_value(v));
		else if (json_array_size(v) == 1)
			f = entity_field(t->entity, json_string_value(json_array_get(v, 0)));
		if (f)
			f->unique = true;
	}
}

static const char *rule_add(struct binder *b, const struct rule_kind *k, const struct attempt *t, const char *words)
{
	struct spec *s = b->s;
	const char *why;

	if (states_merge(s, k, t, words)) {
		changes_apply(s, k, t);
		return NULL;
	}
	why = conflict_of(s, k, t);
	if (why)
		return why;
	if (json_array_size(s->rules) >= RULES_MAX)
		return "there are too many rules";
	json_array_append_new(s->rules, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:o}", "id", rule_id(s, k, t->entity, t->params),
						  "kind", k->kind, "class", k->class, "entity", t->entity->name, "title",
						  rule_title(s->a, k, t->entity, t->params), "words", words, "params", t->params, "args",
						  args_json(k, t->params)));
	changes_apply(s, k, t);
	unique_apply(k, t);
	return NULL;
}

/* Matching. */

static void slots_read(struct spec *s, const pcre2_code *code, const PCRE2_SIZE *ov, struct match *m)
{
	uint32_t count = 0, size = 0;
	PCRE2_SPTR table = NULL;

	pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &table);
	for (uint32_t i = 0; i < count && m->slots_n < SLOTS_MAX; i++) {
		PCRE2_SPTR entry = table + i * size;
		unsigned group = (unsigned)entry[0] << 8 | entry[1];
		size_t from = ov[2 * group], to = ov[2 * group + 1];

		if (from == PCRE2_UNSET || to < from)
			continue;
		while (from < to && m->sentence[from] == ' ')
			from++;
		while (to > from && m->sentence[to - 1] == ' ')
			to--;
		if (to == from)
			continue;
		m->slots[m->slots_n++] = (struct slot){ arena_strdup(s->a, (const char *)entry + 2), { m->sentence + from, to - from }, from };
	}
}

/* What a rule was made of already is no part of the words in front of the next. */
static bool slots_clip(const struct sentence *n, struct match *m)
{
	for (int i = 0; i < m->slots_n; i++) {
		struct slot *slot = &m->slots[i];
		size_t end = slot->at + slot->text.n, from = slot->at;

		if (from != m->from)
			continue;
		for (int k = 0; k < n->bound_n; k++)
			if (n->bound[k].from < end && n->bound[k].to > from)
				from = n->bound[k].to;
		while (from < end && strchr(" ,", n->text[from]))
			from++;
		if (from >= end)
			return false;
		*slot = (struct slot){ slot->name, { n->text + from, end - from }, from };
		m->from = from;
	}
	return true;
}

static void failed_note(struct sentence *n, struct span at, const char *why, int weight)
{
	if (n->failed_n == FAILED_MAX)
		return;
	n->failed[n->failed_n].at = at;
	n->failed[n->failed_n].weight = weight;
	n->failed[n->failed_n++].why = why;
}

static void hit_try(struct binder *b, struct sentence *n, const struct match *m)
{
	struct attempt t;
	struct span core, whole = { m->from, m->to };
	const char *why;

	attempt_best(b->s, m, &t);
	core = (struct span){ t.why ? m->from : t.core, m->to };
	while (core.from < core.to && strchr(" ,", n->text[core.from]))
		core.from++;
	why = t.why;
	if (!why && in_bound(n, core)) {
		bind_attempt_drop(&t);
		return;
	}
	if (!why)
		why = condition_around(b, n, &core);
	if (!why)
		why = rule_add(b, m->kind, &t, text_of(b->s, n, core));
	if (why)
		failed_note(n, t.why ? whole : core, why, (!t.why ? 300 : t.ambiguous ? 200 : 100) + (t.why && t.score < 100 ? t.score : 0));
	else if (n->bound_n < HITS_MAX)
		n->bound[n->bound_n++] = core;
	bind_attempt_drop(&t);
}

static void pattern_run(struct binder *b, struct sentence *n, const struct rule_kind *k, const pcre2_code *code)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(code, NULL);
	size_t at = 0;

	while (data && at < n->n && !b->tired) {
		int rc = pcre2_match(code, (PCRE2_SPTR)n->text, n->n, at, 0, data, b->limits);
		const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(data);
		struct match m = { .kind = k, .sentence = n->text };

		b->tired = b->tired || clock_mono_ms() > b->until_ms;
		if (rc == PCRE2_ERROR_MATCHLIMIT || rc == PCRE2_ERROR_DEPTHLIMIT || rc == PCRE2_ERROR_HEAPLIMIT) {
			failed_note(n, (struct span){ 0, n->n }, "it is too long to be understood; say it in short sentences", 0);
			b->tired = b->tired || ++b->limit_hits > LIMIT_HITS;
		}
		if (rc < 0)
			break;
		m.from = ov[0];
		m.to = ov[1];
		if (m.to < m.from)
			break;
		while (m.from < m.to && n->text[m.from] == ' ')
			m.from++;
		slots_read(b->s, code, ov, &m);
		if (slots_clip(n, &m))
			hit_try(b, n, &m);
		at = ov[1] > at ? ov[1] : at + 1;
	}
	pcre2_match_data_free(data);
}

/* What sounds like a rule. */
static const char *const cues[] = {
	"must", "never", "cannot", "can't", "can not", "may not", "mustn't", "should not", "shouldn't", "only", "at most", "at least",
	"no two", "no more than", "not more than", "no less than", "unique", "always", "not allowed", "forbidden", "has to", "have to",
	"exactly", "maximum", "minimum", "limited to", "limit of", "unless", "not exceed", "overlap", "more than one", "required when",
	"required if", "not be", "no double", "not go", "not have", "up to", "needs approval", "need approval", "approval", NULL,
};

/* The reason of the kind that came nearest to binding; of equal ones the last, since kinds stand from special to general. */
static const char *failed_why(const struct sentence *n, struct span at)
{
	const char *why = NULL;
	int weight = 0;

	for (int i = 0; i < n->failed_n; i++) {
		if (n->failed[i].at.from >= at.to || at.from >= n->failed[i].at.to || n->failed[i].weight < weight)
			continue;
		why = n->failed[i].why;
		weight = n->failed[i].weight;
	}
	return why;
}

static void stretch_check(struct binder *b, const struct sentence *n, struct span at)
{
	const char *text, *why = failed_why(n, at);

	if (at.to <= at.from || memchr(n->text + at.from, 1, at.to - at.from))
		return; /* a description in front of an example: the function says it */
	text = text_of(b->s, n, at);
	while (*text && (isspace((unsigned char)*text) || strchr(",:", *text)))
		text++;
	if (!strncasecmp(text, "and ", 4))
		text += 4;
	if (has_word(b->s, text, cues))
		spec_leave_out(b->s, text, why ? why : "no kind of rule of this blueprint says this; give it by examples, name(...) == value");
}

/* Everything that no rule was made of, part by part. */
static void rest_check(struct binder *b, const struct sentence *n)
{
	size_t at = 0;

	while (at < n->n) {
		struct span part = part_of(n, at), rest = { part.from, part.to };
		bool whole = !in_bound(n, part);

		if (whole) { /* a match that failed may reach over commas: it is told as one */
			for (int i = 0; i < n->failed_n; i++)
				if (n->failed[i].at.from < part.to && n->failed[i].at.to > rest.to)
					rest.to = part_of(n, n->failed[i].at.to - 1).to;
			stretch_check(b, n, rest);
		} else {
			for (size_t i = part.from; i < part.to;) {
				rest.from = i;
				while (i < part.to && !in_bound(n, (struct span){ i, i + 1 }))
					i++;
				stretch_check(b, n, (struct span){ rest.from, i });
				while (i < part.to && in_bound(n, (struct span){ i, i + 1 }))
					i++;
			}
			rest.to = part.to;
		}
		at = rest.to + 1;
	}
}

static void sentence_bind(struct binder *b, const char *text, size_t n)
{
	struct sentence *one = arena_alloc(b->s->a, sizeof(*one));

	one->text = arena_memdup(b->s->a, text, n);
	one->n = n;
	for (int k = 0; k < b->s->b->kinds_n; k++)
		for (int p = 0; p < b->s->b->kinds[k].patterns_n; p++)
			pattern_run(b, one, &b->s->b->kinds[k], b->s->b->kinds[k].patterns[p]);
	if (b->tired)
		failed_note(one, (struct span){ 0, n }, "the words are too long to be understood in time; say it in short sentences", 1000);
	rest_check(b, one);
}

int bind_rules(struct spec *s, struct err *e)
{
	const char *words = examples_blank(s->a, s->words), *p = words, *from = words;
	struct binder b = { .s = s, .limits = pcre2_match_context_create(NULL), .until_ms = clock_mono_ms() + TIME_MS };

	if (!b.limits)
		return err_set(e, ERR_SYS, "no memory for matching");
	pcre2_set_match_limit(b.limits, MATCH_LIMIT);
	pcre2_set_depth_limit(b.limits, DEPTH_LIMIT);
	for (int n = 0; *from && n < SENTENCES_MAX; n++) {
		while (*p && !ends_sentence(words, p) && !(p - from >= SENTENCE_MAX && *p == ' '))
			p++;
		if (p > from)
			sentence_bind(&b, from, (size_t)(p - from));
		p += *p ? 1 : 0;
		while (isspace((unsigned char)*p))
			p++;
		from = p;
	}
	pcre2_match_context_free(b.limits);
	return 0;
}
