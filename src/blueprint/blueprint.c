/*
 * Loading a blueprint, and choosing one by the words.
 *
 * A blueprint is data, but its patterns run over a stranger's text and its templates become code, so a mistake in it is
 * refused here with its place rather than met later: every kind, parameter and template is checked when it is loaded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/blueprint.h"

#include "base/err.h"
#include "base/fs.h"
#include "blueprint/data.h"
#include "blueprint/template.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { JSON_BYTES_MAX = 1 << 20, FILE_BYTES_MAX = 1 << 20, KINDS_MAX = 64, PATTERNS_MAX = 24, LIST_MAX = 200, PATTERN_BYTES_MAX = 64 << 10 };

/* What may stand for a number in the words: NUM in a pattern. */
#define NUMBER_PATTERN \
	"(?:(?:[$€£] ?)?(?:\\d{1,3}(?:,\\d{3})+|\\d+)(?:\\.\\d+)?|\\b(?:(?:a |one )?(?:dozen|hundred|thousand)|" \
	"(?:two|three|four|five|six|seven|eight|nine|ten) (?:hundred|thousand)|" \
	"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|" \
	"seventeen|eighteen|nineteen|twenty)\\b)"

bool path_is_plain(const char *p)
{
	if (!*p || *p == '/' || strlen(p) > 255)
		return false;
	for (const char *s = p; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._-/", *s))
			return false;
	for (const char *s = p; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL)
		if (!*s || *s == '/' || !strncmp(s, "../", 3) || !strcmp(s, "..") || !strncmp(s, "./", 2) ||
		    !strcmp(s, ".") || !strncmp(s, ".git/", 5) || !strcmp(s, ".git"))
			return false;
	return true;
}

int blueprint_read(struct arena *a, const struct blueprint *b, const char *path, struct bytes *out, struct err *e)
{
	auto_buf text = buf_max(FILE_BYTES_MAX);
	auto_fd dir = -1, fd = -1;

	if (!path_is_plain(path))
		return err_set(e, ERR_INPUT, "blueprint %s: %s is no path beneath it", b->name, path);
	dir = fs_open_dir(b->dir, e);
	if (dir < 0)
		return err_wrap(e, "blueprint %s", b->name);
	fd = fs_open_beneath(dir, path, O_RDONLY | O_NOCTTY | O_NONBLOCK, e);
	if (fd < 0 || fs_read_all(fd, &text, e) < 0)
		return err_wrap(e, "blueprint %s: %s", b->name, path);
	*out = (struct bytes){ arena_memdup(a, buf_str(&text), text.n), text.n };
	return 0;
}

/* Reading the JSON. */

struct macro { const char *name, *value; };

struct loader {
	struct arena *a;
	struct blueprint *b;
	pcre2_general_context *general;
	pcre2_compile_context *compile;
	struct macro *macros;
	int macros_n;
	struct err *e;
};

static int bad(struct loader *l, const char *fmt, const char *a, const char *b)
{
	err_set(l->e, ERR_INPUT, fmt, a, b);
	return err_wrap(l->e, "%s/blueprint.json", l->b->dir);
}

static const char *text_of(struct loader *l, const json_t *o, const char *key, const char *fallback)
{
	const char *s = json_text(o, key);

	return s ? arena_strdup(l->a, s) : fallback;
}

static const char **texts_of(struct loader *l, const json_t *list)
{
	const char **out = arena_array(l->a, json_array_size(list) + 1, sizeof(*out));
	const json_t *v;
	size_t i, n = 0;

	json_array_foreach(list, i, v) {
		if (json_is_string(v) && n < LIST_MAX)
			out[n++] = arena_strdup(l->a, json_string_value(v));
	}
	return out;
}

static const char *json_kept(struct loader *l, const json_t *v)
{
	auto_buf b = buf_max(64 << 10);

	if (!v || json_is_null(v) || json_write(&b, v) < 0)
		return NULL;
	return arena_strdup(l->a, buf_str(&b));
}

static struct word_list *word_lists(struct loader *l, const json_t *o, int *n)
{
	struct word_list *out = arena_array(l->a, json_object_size(o) + 1, sizeof(*out));
	const char *key;
	json_t *v;

	*n = 0;
	json_object_foreach((json_t *)(uintptr_t)o, key, v)
		out[(*n)++] = (struct word_list){ arena_strdup(l->a, key), texts_of(l, v) };
	return out;
}

static struct synonyms *synonyms_of(struct loader *l, const json_t *o, int *n)
{
	struct word_list *lists = word_lists(l, o, n);
	struct synonyms *out = arena_array(l->a, (size_t)*n + 1, sizeof(*out));

	for (int i = 0; i < *n; i++) {
		int words = 0;

		while (lists[i].words[words])
			words++;
		out[i].phrases = arena_array(l->a, (size_t)words + 1, sizeof(*out[i].phrases));
		phrase_parse(l->a, bytes_of(lists[i].name), &out[i].phrases[out[i].n++]);
		for (int k = 0; k < words; k++)
			phrase_parse(l->a, bytes_of(lists[i].words[k]), &out[i].phrases[out[i].n++]);
	}
	return out;
}

static int want_find(const char *s)
{
	static const char *const names[] = { "field", "entity", "ref", "number", "states", "value", "word", "fields",
					     "refs", "choice", "closed", NULL };

	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], s))
			return i;
	return -1;
}

static int types_load(struct loader *l, const json_t *list, const char *where, unsigned *out)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v) {
		const char *s = json_string_value(v);
		int t = s ? field_type_find(s) : -1;

		if (t < 0)
			return bad(l, "%s: no type \"%s\"", where, s ? s : "?");
		*out |= 1u << t;
	}
	return 0;
}

static int param_load(struct loader *l, const char *kind, const char *name, const json_t *o, struct param *p)
{
	const json_t *add = json_map(o, "add");
	int want = want_find(json_text_or(o, "want", ""));

	*p = (struct param){ .name = arena_strdup(l->a, name), .required = -1 };
	if (want < 0)
		return bad(l, "rule %s: parameter %s wants nothing known", kind, name);
	p->want = (enum want)want;
	p->slot = text_of(l, o, "slot", NULL);
	p->of = text_of(l, o, "of", NULL);
	p->in = text_of(l, o, "in", NULL);
	p->names = texts_of(l, json_list(o, "names"));
	p->words = texts_of(l, json_list(o, "of"));
	p->optional = json_flag(o, "optional", false);
	p->many = json_flag(o, "many", false);
	if (json_is_boolean(json_object_get(o, "required")))
		p->required = json_flag(o, "required", false);
	p->fallback = json_kept(l, json_object_get(o, "default"));
	if (types_load(l, json_list(o, "types"), kind, &p->types) < 0)
		return -1;
	if (add) {
		int t = field_type_find(json_text_or(add, "type", ""));

		p->add_name = text_of(l, add, "name", NULL);
		if (t < 0 || !p->add_name)
			return bad(l, "rule %s: \"add\" of %s has no name or no known type", kind, name);
		p->add_type = (enum field_type)t;
		p->add_required = json_flag(add, "required", false);
	}
	return 0;
}

static int hint_load(struct loader *l, const char *kind, const json_t *o, struct hint *h)
{
	static const char *const names[HINT_OPS] = {
		"at_least", "at_most", "before", "apart", "closed", "other", "differ", "initial", "future", "past", "not",
		"is", "empty", "set",
	};
	const char *key = json_object_iter_key(json_object_iter((json_t *)(uintptr_t)o));
	const json_t *v = key ? json_object_get(o, key) : NULL;

	for (int i = 0; key && i < HINT_OPS; i++) {
		if (strcmp(names[i], key))
			continue;
		h->op = (enum hint_op)i;
		h->a = json_is_string(v) ? json_string_value(v) : json_string_value(json_array_get(v, 0));
		h->b = json_string_value(json_array_get(v, 1));
		h->a = h->a ? arena_strdup(l->a, h->a) : "";
		h->b = h->b ? arena_strdup(l->a, h->b) : "";
		return 0;
	}
	return bad(l, "rule %s: no sample hint \"%s\"", kind, key ? key : "");
}

/* NUM becomes the engine's number expression, and the blueprint's own macros what they stand for: whole words in capitals. */
static char *pattern_text(struct loader *l, const char *s, bool macros)
{
	auto_buf b = buf_max(PATTERN_BYTES_MAX);
	const char *start = s;

	while (*s) {
		size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		bool whole = n > 1 && !isalnum((unsigned char)s[n]) && s[n] != '_' &&
			(s == start || (!isalnum((unsigned char)s[-1]) && s[-1] != '_' && s[-1] != '\\'));
		const char *value = NULL;

		if (whole && n == 3 && !strncmp(s, "NUM", 3))
			value = NUMBER_PATTERN;
		for (int i = 0; whole && macros && i < l->macros_n && !value; i++)
			if (strlen(l->macros[i].name) == n && !strncmp(l->macros[i].name, s, n))
				value = l->macros[i].value;
		if (value)
			buf_add_str(&b, value);
		else
			buf_add(&b, s, n ? n : 1);
		s += n ? n : 1;
	}
	return b.over ? NULL : arena_strdup(l->a, buf_str(&b));
}

static int macros_load(struct loader *l, const json_t *o)
{
	const char *key;
	json_t *v;

	l->macros = arena_array(l->a, json_object_size(o) + 1, sizeof(*l->macros));
	json_object_foreach((json_t *)(uintptr_t)o, key, v) {
		const char *value = json_is_string(v) ? pattern_text(l, json_string_value(v), false) : NULL;

		if (!value || strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(key) || strlen(key) < 2)
			return bad(l, "macro %s is no text, or its name is not two or more capital letters%s", key, "");
		l->macros[l->macros_n++] = (struct macro){ arena_strdup(l->a, key), value };
	}
	return 0;
}

static int pattern_load(struct loader *l, const char *kind, const char *s, pcre2_code **out)
{
	char *text = pattern_text(l, s, true), why[200] = "", place[40];
	PCRE2_SIZE at;
	int code;

	if (!text)
		return bad(l, "rule %s: a pattern is too long%s", kind, "");
	*out = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
			     PCRE2_CASELESS | PCRE2_UTF | PCRE2_DUPNAMES | PCRE2_NEVER_BACKSLASH_C, &code, &at, l->compile);
	if (*out) {
		uint32_t groups = 0;

		pcre2_pattern_info(*out, PCRE2_INFO_CAPTURECOUNT, &groups);
		return groups < GROUPS_MAX ? 0 : bad(l, "rule %s: a pattern has too many groups%s", kind, "");
	}
	pcre2_get_error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
	snprintf(place, sizeof(place), "%zu", (size_t)at);
	err_set(l->e, ERR_INPUT, "rule %s: pattern \"%.300s\": %s at byte %s", kind, s, why, place);
	return err_wrap(l->e, "%s/blueprint.json", l->b->dir);
}

static int kind_load(struct loader *l, const json_t *o, struct rule_kind *k)
{
	const json_t *patterns = json_list(o, "patterns"), *same = json_object_get(o, "patterns");
	const json_t *params = json_map(o, "params"), *hints = json_list(o, "sample"), *v;
	const char *name;
	json_t *p;
	size_t i;

	k->kind = text_of(l, o, "kind", NULL);
	if (!k->kind || !*name_snake(l->a, bytes_of(k->kind)) || strcmp(name_snake(l->a, bytes_of(k->kind)), k->kind))
		return bad(l, "a rule has no plain \"kind\" %s%s", k->kind ? k->kind : "", "");
	k->title = text_of(l, o, "title", k->kind);
	k->class = text_of(l, o, "class", name_camel(l->a, k->kind));
	k->entity_slot = text_of(l, o, "entity_from", NULL);
	k->fixed = json_kept(l, json_map(o, "fixed"));
	k->setting = json_flag(o, "setting", false);
	json_array_foreach(json_list(o, "pair"), i, v) { /* later ones: they are looked for when a rule is made */
		if (!json_is_string(v) || i > 1)
			return bad(l, "rule %s: \"pair\" is not two names%s", k->kind, "");
		k->pair[i] = arena_strdup(l->a, json_string_value(v));
	}
	if (k->pair[0] && !k->pair[1])
		return bad(l, "rule %s: \"pair\" is not two names%s", k->kind, "");
	k->phrases = texts_of(l, json_list(o, "examples"));
	if (json_array_size(patterns) > PATTERNS_MAX || json_object_size(params) > 12 || json_array_size(hints) > 12)
		return bad(l, "rule %s: too many patterns, parameters or hints%s", k->kind, "");
	k->patterns = arena_array(l->a, json_array_size(patterns) + 1, sizeof(*k->patterns));
	json_array_foreach(patterns, i, v) {
		if (!json_is_string(v) || pattern_load(l, k->kind, json_string_value(v), &k->patterns[k->patterns_n]) < 0)
			return json_is_string(v) ? -1 : bad(l, "rule %s: a pattern is no text%s", k->kind, "");
		k->patterns_n++;
	}
	if (json_is_string(same)) { /* those of an earlier kind */
		for (int n = 0; n < l->b->kinds_n; n++)
			if (!strcmp(l->b->kinds[n].kind, json_string_value(same))) {
				k->patterns = l->b->kinds[n].patterns;
				k->patterns_n = l->b->kinds[n].patterns_n;
			}
		if (!k->patterns_n)
			return bad(l, "rule %s: no earlier kind %s has patterns", k->kind, json_string_value(same));
	}
	k->params = arena_array(l->a, json_object_size(params) + 1, sizeof(*k->params));
	json_object_foreach((json_t *)(uintptr_t)params, name, p)
		if (param_load(l, k->kind, name, p, &k->params[k->params_n++]) < 0)
			return -1;
	if (k->setting && (k->params_n != 1 || k->params[0].want != WANT_FIELDS || k->params[0].required < 0))
		return bad(l, "rule %s: a setting has one parameter, \"fields\" with \"required\"%s", k->kind, "");
	k->hints = arena_array(l->a, json_array_size(hints) + 1, sizeof(*k->hints));
	json_array_foreach(hints, i, v)
		if (hint_load(l, k->kind, v, &k->hints[k->hints_n++]) < 0)
			return -1;
	return 0;
}

static int kinds_load(struct loader *l, const json_t *list)
{
	struct blueprint *b = l->b;
	const json_t *o;
	size_t i;

	if (json_array_size(list) > KINDS_MAX)
		return bad(l, "more kinds of rules than a blueprint may have%s%s", "", "");
	b->kinds = arena_array(l->a, json_array_size(list) + 1, sizeof(*b->kinds));
	json_array_foreach(list, i, o) {
		if (kind_load(l, o, &b->kinds[b->kinds_n]) < 0)
			return -1;
		for (int k = 0; k < b->kinds_n; k++)
			if (!strcmp(b->kinds[k].kind, b->kinds[b->kinds_n].kind))
				return bad(l, "rule kind %s stands there twice%s", b->kinds[k].kind, "");
		b->kinds_n++;
	}
	for (int j = 0; j < b->kinds_n; j++) {
		for (int n = 0; n < 2 && b->kinds[j].pair[n]; n++) {
			bool there = false;

			for (int k = 0; k < b->kinds_n; k++)
				there = there || (!b->kinds[k].pair[0] && !strcmp(b->kinds[k].kind, b->kinds[j].pair[n]));
			if (!there)
				return bad(l, "rule %s: no kind %s stands there for its \"pair\"", b->kinds[j].kind, b->kinds[j].pair[n]);
		}
	}
	return 0;
}

static int functions_load(struct loader *l, const json_t *list)
{
	struct blueprint *b = l->b;
	const json_t *o;
	size_t i;

	if (json_array_size(list) > KINDS_MAX)
		return bad(l, "more functions than a blueprint may have%s%s", "", "");
	b->functions = arena_array(l->a, json_array_size(list) + 1, sizeof(*b->functions));
	json_array_foreach(list, i, o) {
		struct function_kind *f = &b->functions[b->functions_n++];

		f->kind = text_of(l, o, "kind", NULL);
		f->name = text_of(l, o, "name", NULL);
		if (!f->kind || !f->name)
			return bad(l, "a function has no \"kind\" or no \"name\"%s%s", "", "");
		f->what = text_of(l, o, "what", "");
		f->needs = texts_of(l, json_list(o, "needs"));
		f->label = text_of(l, o, "label", NULL);
		f->params = json_kept(l, json_list(o, "params"));
		f->examples = json_kept(l, json_list(o, "examples"));
		f->max = (int)json_whole(o, "max", ENTITIES_ALL);
		f->optional = json_flag(o, "optional", true);
	}
	return 0;
}

static int files_load(struct loader *l, const char *task, const json_t *list, struct task_file **out, int *n)
{
	const json_t *o;
	size_t i;

	if (json_array_size(list) > LIST_MAX)
		return bad(l, "task %s has too many files%s", task, "");
	*out = arena_array(l->a, json_array_size(list) + 1, sizeof(**out));
	json_array_foreach(list, i, o) {
		struct task_file f = {
			.from = text_of(l, o, "from", NULL), .to = text_of(l, o, "to", NULL), .as = text_of(l, o, "as", NULL),
			.mode = (unsigned)strtoul(json_text_or(o, "mode", "644"), NULL, 8),
		};
		struct bytes text;

		if (!f.from || !f.to)
			return bad(l, "task %s: a file has no \"from\" or no \"to\"%s", task, "");
		if (f.mode != 0644 && f.mode != 0755)
			return bad(l, "task %s: the mode of %s is neither 644 nor 755", task, f.from);
		if (f.as && strcmp(f.as, "entity"))
			return bad(l, "task %s: \"as\" of %s is not \"entity\"", task, f.from);
		if (!strstr(f.from, "{{") && blueprint_read(l->a, l->b, f.from, &text, l->e) < 0)
			return err_wrap(l->e, "task %s", task);
		if (!strstr(f.from, "{{") && strlen(f.from) > 9 && !strcmp(f.from + strlen(f.from) - 9, ".mustache") &&
		    template_check(f.from, text, l->e) < 0)
			return -1;
		(*out)[(*n)++] = f;
	}
	return 0;
}

static int tasks_load(struct loader *l, const json_t *list)
{
	struct blueprint *b = l->b;
	const json_t *o;
	size_t i;

	if (!json_array_size(list) || json_array_size(list) > KINDS_MAX)
		return bad(l, "it has no \"tasks\", or too many%s%s", "", "");
	b->tasks = arena_array(l->a, json_array_size(list), sizeof(*b->tasks));
	json_array_foreach(list, i, o) {
		struct task_kind *t = &b->tasks[b->tasks_n++];

		t->id = text_of(l, o, "id", NULL);
		if (!t->id)
			return bad(l, "a task has no \"id\"%s%s", "", "");
		t->kind = text_of(l, o, "kind", t->id);
		t->title = text_of(l, o, "title", t->id);
		t->what = text_of(l, o, "what", NULL);
		t->each = text_of(l, o, "each", NULL);
		t->place = text_of(l, o, "place", NULL);
		t->when_tag = text_of(l, o, "when_tag", NULL);
		t->by_model = json_flag(o, "by_model", false);
		t->optional = json_flag(o, "optional", false);
		if (t->each && strcmp(t->each, "entities") && strcmp(t->each, "rules") && strcmp(t->each, "functions"))
			return bad(l, "task %s: each \"%s\" is not entities, rules or functions", t->id, t->each);
		if (t->by_model && (!t->each || strcmp(t->each, "functions")))
			return bad(l, "task %s: only functions are written by a model%s", t->id, "");
		if (files_load(l, t->id, json_list(o, "files"), &t->files, &t->files_n) < 0 ||
		    files_load(l, t->id, json_list(o, "tests"), &t->tests, &t->tests_n) < 0)
			return -1;
	}
	return 0;
}

static int all_load(struct loader *l, const json_t *v)
{
	struct blueprint *b = l->b;
	const json_t *prompts = json_map(v, "prompts"), *tokens = json_map(v, "max_tokens");

	if (json_whole(v, "blueprint", 0) != 1)
		return bad(l, "not a blueprint of version 1 (\"blueprint\":1)%s%s", "", "");
	b->name = text_of(l, v, "name", b->name);
	b->title = text_of(l, v, "title", b->name);
	b->about = text_of(l, v, "about", "");
	b->test = text_of(l, v, "test", NULL);
	b->run = text_of(l, v, "run", NULL);
	b->next = texts_of(l, json_list(v, "next"));
	b->package = text_of(l, v, "package", "app");
	b->matches = texts_of(l, json_list(v, "matches"));
	b->not_matches = texts_of(l, json_list(v, "not_matches"));
	b->reserved = texts_of(l, json_list(v, "reserved"));
	b->provides = texts_of(l, json_list(v, "provides"));
	b->lacks = texts_of(l, json_list(v, "lacks"));
	b->imports = texts_of(l, json_list(v, "imports"));
	b->synonyms = synonyms_of(l, json_map(v, "synonyms"), &b->synonyms_n);
	b->types = word_lists(l, json_map(v, "types"), &b->types_n);
	for (int i = 0; i < b->types_n; i++)
		if (field_type_find(b->types[i].name) < 0)
			return bad(l, "\"types\": no type \"%s\"%s", b->types[i].name, "");
	b->spec_prompt = text_of(l, prompts, "spec", "prompts/spec.md");
	b->spec_schema = text_of(l, prompts, "schema", "prompts/spec.schema.json");
	b->function_prompt = text_of(l, prompts, "function", "prompts/function.md");
	b->spec_tokens = (int)json_whole(tokens, "spec", 1200);
	b->function_tokens = (int)json_whole(tokens, "function", 500);
	if (macros_load(l, json_map(v, "macros")) < 0 || kinds_load(l, json_list(v, "rules")) < 0 || functions_load(l, json_list(v, "functions")) < 0)
		return -1;
	return tasks_load(l, json_list(v, "tasks"));
}

/* Patterns live in the arena as everything else. */
static void *arena_malloc(PCRE2_SIZE n, void *a)
{
	return arena_alloc(a, n);
}
static void arena_free(void *p, void *a)
{
	(void)p;
	(void)a;
}

int blueprint_load_dir(struct arena *a, const char *dir, struct blueprint **out, struct err *e)
{
	auto_buf text = buf_max(JSON_BYTES_MAX);
	auto_json *v = NULL;
	struct blueprint *b = arena_alloc(a, sizeof(*b));
	struct loader l = { .a = a, .b = b, .e = e };
	const char *base = strrchr(dir, '/');

	b->dir = arena_strdup(a, dir);
	b->name = arena_strdup(a, base ? base + 1 : dir);
	if (fs_read_file(arena_printf(a, "%s/blueprint.json", dir), &text, e) < 0 || json_parse(buf_bytes(&text), &v, e) < 0)
		return err_wrap(e, "%s/blueprint.json", dir);
	l.general = pcre2_general_context_create(arena_malloc, arena_free, a);
	l.compile = pcre2_compile_context_create(l.general);
	pcre2_set_max_pattern_length(l.compile, PATTERN_BYTES_MAX);
	if (all_load(&l, v) < 0)
		return -1;
	*out = b;
	return 0;
}

/* Where blueprints stand: the configuration folder's first. */

static int folders(struct arena *a, const char *out[2])
{
	char *config = fs_config_dir(a, NULL), *share = fs_share(a, "blueprints", NULL);
	int n = 0;

	if (config && fs_is_dir(arena_printf(a, "%s/blueprints", config)))
		out[n++] = arena_printf(a, "%s/blueprints", config);
	if (share)
		out[n++] = share;
	return n;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int blueprint_names(struct arena *a, const char ***out, int *n, struct err *e)
{
	const char *from[2], **names = arena_array(a, LIST_MAX, sizeof(*names));
	int dirs = folders(a, from), count = 0;

	if (!dirs)
		return err_set(e, ERR_NOT_FOUND, "share/blueprints is missing; set SEALWRIGHT_SHARE");
	for (int i = 0; i < dirs; i++) {
		DIR *d = opendir(from[i]);
		struct dirent *f;

		while (d && (f = readdir(d)) && count < LIST_MAX) {
			bool have = false;

			for (int k = 0; k < count; k++)
				have = have || !strcmp(names[k], f->d_name);
			if (f->d_name[0] != '.' && !have &&
			    fs_exists(arena_printf(a, "%s/%s/blueprint.json", from[i], f->d_name)))
				names[count++] = arena_strdup(a, f->d_name);
		}
		if (d)
			closedir(d);
	}
	qsort(names, (size_t)count, sizeof(*names), by_text);
	*out = names;
	*n = count;
	return 0;
}

int blueprint_load(struct arena *a, const char *name, struct blueprint **out, struct err *e)
{
	const char *from[2], **names;
	int dirs = folders(a, from), n;
	char *list = arena_strdup(a, "");

	if (!path_is_plain(name) || strchr(name, '/'))
		return err_set(e, ERR_NOT_FOUND, "no blueprint %.80s; run: sealwright blueprint list", name);
	for (int i = 0; i < dirs; i++) {
		char *dir = arena_printf(a, "%s/%s", from[i], name);

		if (fs_exists(arena_printf(a, "%s/blueprint.json", dir)))
			return blueprint_load_dir(a, dir, out, e);
	}
	if (blueprint_names(a, &names, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		list = arena_printf(a, "%s%s%s", list, i ? ", " : "", names[i]);
	return err_set(e, ERR_NOT_FOUND, "no blueprint %.80s; there is %.600s", name, n ? list : "none");
}

/* Longer phrases count more: "crud web service" says more than "app". */
static size_t fit(struct arena *a, const struct blueprint *b, const char *words)
{
	size_t sum = 0;

	for (const char **m = b->not_matches; *m; m++)
		if (phrase_occurs(a, *m, words))
			return 0;
	for (const char **m = b->matches; *m; m++)
		if (phrase_occurs(a, *m, words))
			sum += strlen(*m);
	return sum;
}

int blueprint_find(struct arena *a, const char *words, struct blueprint **out, struct err *e)
{
	struct blueprint *best = NULL;
	const char **names;
	size_t most = 0;
	int n;

	if (blueprint_names(a, &names, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		struct blueprint *b;
		size_t f;

		if (blueprint_load(a, names[i], &b, e) < 0)
			return -1;
		f = fit(a, b, words);
		if (f > most) {
			most = f;
			best = b;
		}
	}
	*out = best;
	return 0;
}

const char *blueprint_name(const struct blueprint *b)
{
	return b->name;
}

const char *blueprint_title(const struct blueprint *b)
{
	return b->title;
}

const char *blueprint_about(const struct blueprint *b)
{
	return b->about;
}

const char *blueprint_test(const struct blueprint *b)
{
	return b->test;
}

const char *blueprint_run(const struct blueprint *b)
{
	return b->run;
}

const char *const *blueprint_next(const struct blueprint *b)
{
	return b->next;
}

int blueprint_rule_kinds(struct arena *a, const struct blueprint *b, struct blueprint_rule_kind **out, int *n)
{
	*out = arena_array(a, (size_t)b->kinds_n + 1, sizeof(**out));
	*n = b->kinds_n;
	for (int i = 0; i < b->kinds_n; i++)
		(*out)[i] = (struct blueprint_rule_kind){ b->kinds[i].kind, b->kinds[i].title, b->kinds[i].phrases };
	return 0;
}
