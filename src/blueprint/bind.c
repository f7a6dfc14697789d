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
#include "blueprint/bind.h"
#include "blueprint/resolve.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

enum { SENTENCE_MAX = 1000, SENTENCES_MAX = 200, MATCH_LIMIT = 500000, DEPTH_LIMIT = 2000, HEAP_KIB = 16 << 10, LIMIT_HITS = 8, TIME_MS = 5000 };

struct binder {
	struct spec *s;
	pcre2_match_context *limits;
	pcre2_match_data *data;                  /* malloc's: of a pattern's own it would grow the blueprint's arena */
	int limit_hits;                          /* patterns that gave up, over the whole intent */
	int64_t until_ms;
	bool tired;                              /* time or limits are spent: the rest is told, not read */
};

/* What a sentence is made of. */

/* "max. 3 tools": a dot that ends no sentence. */
static bool is_short(const char *text, const char *dot)
{
	static const char *const words[] = { "max", "min", "approx", "incl", "excl", "vs", "nr", "resp", "dr", "mr", "mrs", NULL };

	for (const char *const *w = words; *w; w++) {
		size_t n = strlen(*w);

		if ((size_t)(dot - text) >= n && !strncasecmp(dot - n, *w, n) && ((size_t)(dot - text) == n || !isalnum((unsigned char)dot[-(ptrdiff_t)n - 1])))
			return true;
	}
	return false;
}

static bool ends_sentence(const char *text, const char *p)
{
	if (*p == ';' || *p == '\n' || *p == '!' || *p == '?')
		return true;
	return *p == '.' && (!p[1] || isspace((unsigned char)p[1])) && !(p - text > 2 && p[-2] == '.') && !is_short(text, p);
}

bool sentence_comma(const struct sentence *n, size_t i)
{
	return n->text[i] == ',' && !(i && i + 1 < n->n && isdigit((unsigned char)n->text[i - 1]) &&
				      isdigit((unsigned char)n->text[i + 1]));
}

/* The stretch between commas that i stands in. */
struct span sentence_part(const struct sentence *n, size_t i)
{
	struct span p = { i, i };

	while (p.from > 0 && !sentence_comma(n, p.from - 1))
		p.from--;
	while (p.to < n->n && !sentence_comma(n, p.to))
		p.to++;
	return p;
}

const char *sentence_text(struct arena *a, const struct sentence *n, struct span at)
{
	return line_fold(a, (struct bytes){ n->text + at.from, at.to - at.from }, 300);
}

static const char *const conditions[] = {
	"unless", "except", "if", "when", "whenever", "until", "till", "while", "but", "without", "only", "not", "other than",
	"apart from", "as long as", "provided", "in case", "during", "after", "before", "once", "don't", "doesn't", "need not",
	"should not", "no need", NULL,
};

/* Words that may stand behind a rule without changing it. */
static const char *const joints[] = { "and", "so", "also", "plus", NULL };
static const char *const harmless[] = {
	"too", "ever", "please", "always", "again", "overall", "at all", "at any time", "at all times",
	"at any moment", "either", "anymore", "any more", "at the same time", "at a time", "at once", NULL,
};

/* Behind a number its unit: of money and pieces only, since a weight in kg may be kept in tons. */
static const char *const counted[] = { "euros", "euro", "eur", "dollars", "dollar", "usd", "pounds", "gbp", "chf", "pieces", "pcs", "units", "kg", NULL };

/* How many bytes of the text, n long, are units and harmless words. */
static size_t harmless_skip(const char *text, size_t n)
{
	size_t at = 0;

	for (bool again = true; again;) {
		size_t from = at;

		again = false;
		while (from < n && text[from] == ' ')
			from++;
		for (int i = 0; i < 2 && !again; i++) {
			for (const char *const *w = i ? harmless : counted; *w && !again; w++) {
				size_t len = strlen(*w);

				again = from + len <= n && !strncasecmp(text + from, *w, len) &&
					(from + len == n || !isalnum((unsigned char)text[from + len]));
				at = again ? from + len : at;
			}
		}
	}
	return at;
}

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

bool sentence_is_bound(const struct sentence *n, struct span at)
{
	for (int i = 0; i < n->bound_n; i++)
		if (n->bound[i].at.from < at.to && at.from < n->bound[i].at.to)
			return true;
	return false;
}

/* What stands around the match and might change what it means, or NULL. What stands behind and changes nothing is taken in. */
static const char *condition_around(struct binder *b, const struct sentence *n, struct span *core)
{
	struct spec *s = b->s;
	struct span part = sentence_part(n, core->from), end = sentence_part(n, core->to ? core->to - 1 : 0), next, last;
	const char *before, *behind;

	for (int i = 0; i < n->bound_n; i++) { /* a rule that was bound before it ends what can belong to this one */
		if (n->bound[i].at.to <= core->from && n->bound[i].at.to > part.from)
			part.from = n->bound[i].at.to;
		if (n->bound[i].at.from >= core->to && n->bound[i].at.from < end.to)
			end.to = n->bound[i].at.from;
	}
	before = sentence_text(s->a, n, (struct span){ part.from, core->from });
	behind = sentence_text(s->a, n, (struct span){ core->to, end.to });
	if (text_has(before, conditions))
		return arena_printf(s->a, "\"%s\" in front of it is a condition that is not understood", before);
	core->to += harmless_skip(n->text + core->to, end.to - core->to);
	behind = sentence_text(s->a, n, (struct span){ core->to, end.to });
	while (*behind && strchr(" ):.\x01\"'", *behind))
		behind++;
	if (*behind && !starts_with(behind, joints))
		return arena_printf(s->a, "\"%s\" behind it is not understood", behind);
	if (core->to < n->n && n->text[core->to] != ' ' && isalnum((unsigned char)n->text[core->to]))
		return "it ends inside a word";
	next = end.to < n->n && sentence_comma(n, end.to) ? sentence_part(n, end.to + 1) : (struct span){ n->n, n->n };
	behind = sentence_text(s->a, n, next);
	if (starts_with(behind, conditions) && !sentence_is_bound(n, next))
		return arena_printf(s->a, "\"%s\" behind it is a condition that is not understood", behind);
	last = part.from > 1 && sentence_comma(n, part.from - 1) ? sentence_part(n, part.from - 2) : (struct span){ 0, 0 };
	before = sentence_text(s->a, n, last);
	if (starts_with(before, conditions) && !sentence_is_bound(n, last))
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
static bool states_merge(struct spec *s, const struct rule_kind *k, const struct attempt *t, const char *words, const char **id)
{
	json_t *r;
	size_t i;

	json_array_foreach(s->rules, i, r) {
		json_t *params = json_map(r, "params");

		if (strcmp(json_text_or(r, "kind", ""), k->kind) || strcmp(json_text_or(r, "entity", ""), t->entity->name) || !params)
			continue;
		*id = arena_strdup(s->a, json_text_or(r, "id", ""));
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

/* The one field that the rule is about; NULL when it is about several, or only about some records. */
static const char *sole_field(const struct rule_kind *k, const json_t *params)
{
	const char *sole = NULL;

	for (int i = 0; i < k->params_n; i++) {
		const json_t *v = json_object_get(params, k->params[i].name), *one = json_array_size(v) == 1 ? json_array_get(v, 0) : v;

		if (k->params[i].want == WANT_NUMBER || k->params[i].want == WANT_WORD || json_is_null(v) ||
		    (json_is_array(v) && !json_array_size(v)))
			continue;
		if (sole || !json_is_string(one))
			return NULL;
		sole = json_string_value(one);
	}
	return sole;
}

/* One field that may not be shared is unique as a field, too: the table's own index then stands behind the rule. */
static void unique_apply(const struct rule_kind *k, const struct attempt *t)
{
	const char *sole = sole_field(k, t->params);
	struct field *f = entity_field(t->entity, sole);

	for (int i = 0; f && i < k->hints_n; i++)
		if (k->hints[i].op == HINT_DIFFER)
			f->unique = true;
}

/* What the words set of a field is no rule of its own: the field has it from its first day. */
static const char *setting_add(struct spec *s, const struct rule_kind *k, const struct attempt *t, const char *words)
{
	const json_t *names = json_list(t->params, k->params[0].name), *name;
	json_t *v;
	size_t i, j;

	json_array_foreach(names, j, name)
		json_array_foreach(s->settings, i, v)
			if (!strcmp(json_text_or(v, "entity", ""), t->entity->name) && json_equal(json_object_get(v, "field"), name) &&
			    strcmp(json_text_or(v, "kind", ""), k->kind))
				return arena_printf(s->a, "it contradicts \"%s\"", json_text_or(v, "words", ""));
	json_array_foreach(names, j, name) {
		struct field *f = entity_field(t->entity, json_string_value(name));

		if (!f)
			continue;
		f->required = k->params[0].required > 0;
		f->optional_said = !f->required;
		json_array_append_new(s->settings, json_pack("{s:s, s:s, s:s, s:s}", "kind", k->kind, "entity", t->entity->name, "field",
							     f->name, "words", words));
	}
	return NULL;
}

/* *id: of the rule that says it now, a new one or one that was there. */
static const char *rule_add(struct binder *b, const struct rule_kind *k, const struct attempt *t, const char *words, const char **id)
{
	struct spec *s = b->s;
	const char *why;

	*id = "";
	if (k->setting)
		return setting_add(s, k, t, words);
	if (states_merge(s, k, t, words, id)) {
		changes_apply(s, k, t);
		return NULL;
	}
	why = conflict_of(s, k, t);
	if (why)
		return why;
	if (json_array_size(s->rules) >= RULES_MAX)
		return "there are too many rules";
	*id = rule_id(s, k, t->entity, t->params);
	json_array_append_new(s->rules, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O, s:o}", "id", *id,
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
			if (n->bound[k].at.from < end && n->bound[k].at.to > from)
				from = n->bound[k].at.to;
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

/* The slot at the match's begin that names one field, or -1. */
static int first_field_slot(const struct match *m, const struct param **param)
{
	for (int i = 0; i < m->slots_n; i++) {
		if (m->slots[i].at != m->from)
			continue;
		for (int k = 0; k < m->kind->params_n; k++) {
			*param = &m->kind->params[k];
			if ((*param)->want == WANT_FIELD && !(*param)->many && !(*param)->in && (*param)->slot &&
			    !strcmp((*param)->slot, m->slots[i].name))
				return i;
		}
	}
	return -1;
}

/* Cuts " and", " or" or "," and articles off the end of text[from..to); what it was: 'a', 'o', ',' or 0. */
static char joint_cut(const char *text, size_t from, size_t *to)
{
	static const char *const articles[] = { "the", "a", "an", "its", "each", "every", NULL };
	size_t end = *to;

	for (bool again = true; again;) {
		again = false;
		while (end > from && text[end - 1] == ' ')
			end--;
		for (const char *const *w = articles; *w; w++) {
			size_t n = strlen(*w);

			if (end - from > n && !strncasecmp(text + end - n, *w, n) && text[end - n - 1] == ' ') {
				end -= n;
				again = true;
			}
		}
	}
	if (end > from && text[end - 1] == ',') {
		*to = end - 1;
		return ',';
	}
	if (end - from > 4 && !strncasecmp(text + end - 4, " and", 4)) {
		*to = end - 4 - (text[end - 5] == ',');
		return 'a';
	}
	if (end - from > 3 && !strncasecmp(text + end - 3, " or", 3)) {
		*to = end - 3;
		return 'o';
	}
	return 0;
}

/*
 * "stock and reserved never go below zero" says it of both. Fields joined in front of the core are bound as well; with
 * "or", or where they cannot be, nothing is. *from: where the first of them begins.
 */
static const char *joined_add(struct binder *b, const struct sentence *n, const struct match *m, const struct attempt *t, size_t *from,
			      const char *words_end, struct bound *made)
{
	const struct param *p = NULL;
	int at = first_field_slot(m, &p);
	size_t low = 0, pos = *from;
	struct bytes also[4] = { { 0 } };
	int count = 0;

	for (int i = 0; i < n->bound_n; i++)
		if (n->bound[i].at.to <= pos && n->bound[i].at.to > low)
			low = n->bound[i].at.to;
	while (at >= 0 && count < 4) {
		size_t end = pos, start;
		char joint = joint_cut(n->text, low, &end);
		struct resolved f;
		struct phrase before;

		if (!joint)
			break;
		for (start = end; start > low && n->text[start - 1] != ',' && strncasecmp(n->text + start - 1, " and ", 5); start--)
			;
		f = resolve_field(b->s, t->entity, (struct bytes){ n->text + start, end - start }, p->types);
		phrase_parse(b->s->a, (struct bytes){ n->text + start, f.level ? f.from : 0 }, &before);
		while (before.n && word_in(before.w[before.n - 1], (const char *const[]){ "a", "an", "the", "its", "each", "every", NULL }))
			before.n--;
		if (!f.level || (before.n && word_in(before.w[before.n - 1], (const char *const[]){ "with", "has", "have", "having", "of", NULL })))
			break;
		if (joint == 'o')
			return "it is said of one field or of another";
		also[count++] = (struct bytes){ n->text + start + f.from, end - start - f.from };
		pos = start + f.from;
		if (before.n)
			break;
	}
	for (int i = 0; i < count; i++) {
		struct match one = *m;
		struct attempt more;
		const char *why;

		one.slots[at].text = also[i];
		one.slots[at].at = (size_t)(also[i].p - n->text);
		one.from = one.slots[at].at;
		attempt_best(b->s, &one, &more);
		why = more.why;
		if (!why)
			why = rule_add(b, m->kind, &more, line_fold(b->s->a, (struct bytes){ n->text + pos, (size_t)(words_end - n->text) - pos }, 300),
				       &made->rules[made->n]);
		made->n += why ? 0 : 1;
		bind_attempt_drop(&more);
		if (why)
			return why;
	}
	*from = pos;
	return NULL;
}

/* Puts the fields back as they were before a rule that is taken back, but for those that another rule speaks of. */
static void fields_restore(struct spec *s, const struct bound *was)
{
	struct entity *t = was->entity;

	for (int i = t->n - 1; i >= 0; i--) {
		const struct field *old = entity_field(was->before, t->fields[i].name);
		const json_t *r;
		bool ruled = false;
		size_t k;

		json_array_foreach(s->rules, k, r)
			ruled = ruled || (!strcmp(json_text_or(r, "entity", ""), t->name) && json_holds_text(json_map(r, "params"), t->fields[i].name));
		if (ruled)
			continue;
		if (old) {
			t->fields[i] = *old;
		} else if (!strcmp(t->fields[i].from, "rule")) {
			memmove(&t->fields[i], &t->fields[i + 1], (size_t)(t->n - i - 1) * sizeof(*t->fields));
			t->n--;
		}
	}
}

/* The rules of a hit, and what they did to fields. A rule of several clauses goes whole: the others' are told here. */
static void bound_undo(struct binder *b, const struct bound *was, const char *why)
{
	struct spec *s = b->s;

	for (int i = 0; i < was->n; i++) {
		json_t *r;
		size_t k;

		json_array_foreach(s->rules, k, r) {
			if (!*was->rules[i] || strcmp(json_text_or(r, "id", ""), was->rules[i]))
				continue;
			if (strchr(json_text_or(r, "words", ""), ';'))
				spec_leave_out(s, json_text_or(r, "words", ""), why);
			json_array_remove(s->rules, k);
			break;
		}
	}
	while (json_array_size(s->settings) > was->settings)
		json_array_remove(s->settings, json_array_size(s->settings) - 1);
	fields_restore(s, was);
}

/* "between 1 and 5": the slots "low" and "high" are each the number of one kind. */
static const char *pair_add(struct binder *b, const struct match *m, const char *words, struct bound *made)
{
	static const char *const ends[2] = { "low", "high" };

	for (int i = 0; i < 2; i++) {
		struct match one = *m;
		struct attempt t;
		const char *why;

		one.kind = kind_named(b->s->b, m->kind->pair[i]);
		for (int k = 0; k < one.slots_n; k++)
			if (!strcmp(one.slots[k].name, ends[i]))
				one.slots[k].name = "number";
		attempt_best(b->s, &one, &t);
		why = t.why ? t.why : rule_add(b, one.kind, &t, words, &made->rules[made->n]);
		made->n += why ? 0 : 1;
		bind_attempt_drop(&t);
		if (why)
			return why;
	}
	return NULL;
}

static void hit_try(struct binder *b, struct sentence *n, const struct match *m)
{
	struct attempt t;
	struct span core, whole = { m->from, m->to };
	struct bound made = { .settings = json_array_size(b->s->settings) };
	const char *why;

	attempt_best(b->s, m, &t);
	core = (struct span){ t.why ? m->from : t.core, m->to };
	while (core.from < core.to && strchr(" ,", n->text[core.from]))
		core.from++;
	why = t.why;
	if (!why && (sentence_is_bound(n, core) || n->bound_n == HITS_MAX)) {
		bind_attempt_drop(&t);
		return;
	}
	if (!why)
		why = condition_around(b, n, &core);
	if (!why) {
		made.entity = t.entity;
		made.before = arena_alloc(b->s->a, sizeof(*made.before));
		*made.before = *t.entity;
		why = joined_add(b, n, m, &t, &core.from, n->text + core.to, &made);
		if (!why && m->kind->pair[0]) {
			why = made.n ? "it is said of several fields at once" : pair_add(b, m, sentence_text(b->s->a, n, core), &made);
		} else if (!why) {
			why = rule_add(b, m->kind, &t, sentence_text(b->s->a, n, core), &made.rules[made.n]);
			made.n += why ? 0 : 1;
		}
		if (why && made.n) /* of "stock and price" one could not be: then none is */
			bound_undo(b, &made, why);
	}
	if (why) {
		failed_note(n, t.why ? whole : core, why, (!t.why ? 300 : t.ambiguous ? 200 : 100) + (t.why && t.score < 100 ? t.score : 0));
	} else {
		made.at = core;
		n->bound[n->bound_n++] = made;
	}
	bind_attempt_drop(&t);
}

/* "orders above 500 need approval, vip orders don't": what nothing bound takes back what was said before it. */
static void exceptions_take(struct binder *b, struct sentence *n)
{
	static const char *const back[] = { "don't", "doesn't", "do not", "does not", "isn't", "aren't", "is not", "are not", "need not",
					    "not so", "not that", NULL };
	static const char *const own[] = { "must", "can", "may", "should", "never", "cannot", "can't", "will", NULL };

	for (int i = 0; i < n->bound_n; i++) {
		struct span part = sentence_part(n, n->bound[i].at.to - 1), next;
		struct bound was = n->bound[i];
		const char *text, *why;

		if (part.to >= n->n)
			continue;
		next = sentence_part(n, part.to + 1);
		text = sentence_text(b->s->a, n, next);
		if (sentence_is_bound(n, next) || !text_has(text, back) || text_has(text, own))
			continue;
		why = arena_printf(b->s->a, "\"%s\" behind it is an exception that is not understood", text);
		n->bound[i--] = n->bound[--n->bound_n];
		bound_undo(b, &was, why);
		failed_note(n, (struct span){ was.at.from, next.to }, why, 300);
	}
}

static void pattern_run(struct binder *b, struct sentence *n, const struct rule_kind *k, const pcre2_code *code)
{
	size_t at = 0;

	while (at < n->n && !b->tired) {
		int rc = pcre2_match(code, (PCRE2_SPTR)n->text, n->n, at, 0, b->data, b->limits);
		const PCRE2_SIZE *ov = pcre2_get_ovector_pointer(b->data);
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
}

static void sentence_bind(struct binder *b, const char *words, const char *text, size_t n)
{
	struct sentence *one = arena_alloc(b->s->a, sizeof(*one));

	one->text = arena_memdup(b->s->a, text, n);
	one->n = n;
	one->at = (size_t)(text - words);
	for (int k = 0; k < b->s->b->kinds_n; k++)
		for (int p = 0; p < b->s->b->kinds[k].patterns_n; p++)
			pattern_run(b, one, &b->s->b->kinds[k], b->s->b->kinds[k].patterns[p]);
	exceptions_take(b, one);
	if (b->tired)
		failed_note(one, (struct span){ 0, n }, "the words are too long to be understood in time; say it in short sentences", 1000);
	rest_tell(b->s, one);
}

/* What stood in brackets behind a field of a list, "sku (unique)", said as a sentence. */
static void asides_bind(struct binder *b)
{
	for (int i = 0; i < b->s->asides_n; i++)
		sentence_bind(b, b->s->asides[i], b->s->asides[i], strlen(b->s->asides[i]));
}

/* What is quoted stands for itself: a phrase in quotes is parted from the words around it, a single word is not. */
static char *quotes_part(char *words)
{
	for (char *p = words; (p = strchr(p, '"')); p++) {
		char *end = strchr(p + 1, '"');
		bool phrase;

		if (!end || memchr(p, '\n', (size_t)(end - p))) {
			*p = ' ';
			continue;
		}
		phrase = memchr(p, ' ', (size_t)(end - p)) != NULL;
		*p = phrase ? ',' : ' ';
		*end = phrase ? ',' : ' ';
		p = end;
	}
	return words;
}

int bind_rules(struct spec *s, struct err *e)
{
	const char *words = quotes_part(examples_blank(s->a, s->words)), *p = words, *from = words;
	struct binder b = {
		.s = s, .limits = pcre2_match_context_create(NULL), .data = pcre2_match_data_create(GROUPS_MAX, NULL),
		.until_ms = clock_mono_ms() + TIME_MS,
	};
	int n;

	if (!b.limits || !b.data) {
		pcre2_match_context_free(b.limits);
		pcre2_match_data_free(b.data);
		return err_set(e, ERR_SYS, "no memory for matching");
	}
	pcre2_set_match_limit(b.limits, MATCH_LIMIT);
	pcre2_set_depth_limit(b.limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(b.limits, HEAP_KIB);
	for (n = 0; *from && n < SENTENCES_MAX; n++) {
		while (*p && !ends_sentence(words, p) && !(p - from >= SENTENCE_MAX && *p == ' '))
			p++;
		if (p > from)
			sentence_bind(&b, words, from, (size_t)(p - from));
		p += *p ? 1 : 0;
		while (isspace((unsigned char)*p))
			p++;
		from = p;
	}
	if (*from)
		spec_leave_out(s, from, "there are too many sentences");
	asides_bind(&b);
	pcre2_match_context_free(b.limits);
	pcre2_match_data_free(b.data);
	return 0;
}
