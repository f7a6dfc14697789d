/*
 * Reading, writing and marking a plan.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "flow/plan.h"

#include "base/err.h"
#include "base/fs.h"
#include "suite/suite.h"

#include <ctype.h>
#include <string.h>

enum { PLAN_BYTES_MAX = 1 << 20, TEXT_MAX = 4096 };

static const char *const state_names[] = {
	[TASK_OPEN] = "open",
	[TASK_PASSED] = "passed",
	[TASK_FAILED] = "failed",
	[TASK_LEFT_OUT] = "left_out",
};

const char *task_state_name(enum task_state s)
{
	return state_names[s];
}

/* Beneath the tree, no "..", no .git, printable. */
static bool path_is_inside(const char *p)
{
	if (!*p || *p == '/' || strlen(p) > 255)
		return false;
	for (const char *s = p; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f || *s == '\\')
			return false;
	for (const char *s = p; s; s = strchr(s, '/') ? strchr(s, '/') + 1 : NULL)
		if (!strncmp(s, "../", 3) || !strcmp(s, "..") || !strncmp(s, ".git/", 5) || !strcmp(s, ".git"))
			return false;
	return true;
}

static bool id_is_plain(const char *s)
{
	if (!*s || strlen(s) > 64)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && *s != '-' && *s != '_' && *s != '.')
			return false;
	return true;
}

static int text_parse(struct arena *a, const json_t *o, const char *key, const char *id, const char **out,
		      struct err *e)
{
	const char *s = json_text(o, key);

	if (json_object_get(o, key) && !json_is_null(json_object_get(o, key)) && !s)
		return err_set(e, ERR_INPUT, "task %s: \"%s\" is no text", id, key);
	if (s && strlen(s) > TEXT_MAX)
		return err_set(e, ERR_INPUT, "task %s: \"%s\" is longer than %d bytes", id, key, TEXT_MAX);
	*out = s ? arena_strdup(a, s) : NULL;
	return 0;
}

static int tests_parse(struct arena *a, const json_t *o, struct task *t, struct err *e)
{
	const json_t *list = json_list(o, "tests"), *v;
	size_t i;

	if (json_array_size(list) > PLAN_TESTS_MAX)
		return err_set(e, ERR_INPUT, "task %s has more than %d test files", t->id, PLAN_TESTS_MAX);
	t->tests = arena_array(a, json_array_size(list) + 1, sizeof(*t->tests));
	json_array_foreach(list, i, v) {
		const char *s = json_string_value(v);

		if (!s || !path_is_inside(s))
			return err_set(e, ERR_INPUT, "task %s: %.80s is no path inside the tree", t->id,
				       s ? s : "a test");
		t->tests[t->tests_n++] = arena_strdup(a, s);
	}
	return 0;
}

static int state_parse(const json_t *o, struct task *t, struct err *e)
{
	const char *s = json_text_or(o, "state", "open");

	for (int i = 0; i <= TASK_LEFT_OUT; i++) {
		if (!strcmp(state_names[i], s)) {
			t->state = (enum task_state)i;
			return 0;
		}
	}
	return err_set(e, ERR_INPUT, "task %s: no state \"%.40s\"", t->id, s);
}

/* A title is a line of a list and the subject of a commit. */
static char *on_one_line(struct arena *a, const char *s)
{
	char *line = arena_strdup(a, s);

	for (char *p = line; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	return line;
}

static int task_parse(struct arena *a, const json_t *o, struct task *t, struct err *e)
{
	const char *id = json_text(o, "id");

	if (!id || !id_is_plain(id))
		return err_set(e, ERR_INPUT, "a task has no plain \"id\" (letters, digits, - _ .)");
	t->id = arena_strdup(a, id);
	if (text_parse(a, o, "kind", id, &t->kind, e) < 0 || text_parse(a, o, "title", id, &t->title, e) < 0 ||
	    text_parse(a, o, "what", id, &t->what, e) < 0 || text_parse(a, o, "commit", id, &t->commit, e) < 0 ||
	    text_parse(a, o, "why", id, &t->why, e) < 0 || tests_parse(a, o, t, e) < 0 || state_parse(o, t, e) < 0)
		return -1;
	if (!t->title || !*t->title)
		return err_set(e, ERR_INPUT, "task %s has no \"title\"", id);
	t->title = on_one_line(a, t->title);
	if (!t->kind)
		t->kind = "free";
	t->optional = json_flag(o, "optional", false);
	t->by_model = json_flag(o, "by_model", false);
	t->attempts = (int)json_whole(o, "attempts", 0);
	return 0;
}

static const char **words_parse(struct arena *a, const json_t *list, size_t max)
{
	const char **out = arena_array(a, json_array_size(list) + 1, sizeof(*out));
	const json_t *v;
	size_t i, n = 0;

	json_array_foreach(list, i, v) {
		if (n < max && json_is_string(v) && json_string_length(v) <= TEXT_MAX)
			out[n++] = arena_strdup(a, json_string_value(v));
	}
	return out;
}

int plan_parse(struct arena *a, struct bytes in, struct plan *out, struct err *e)
{
	auto_json *v = NULL;
	const json_t *list, *o;
	struct plan p = { 0 };
	const char **tags;
	size_t i;

	if (in.n > PLAN_BYTES_MAX)
		return err_set(e, ERR_INPUT, "a plan is at most %d bytes", PLAN_BYTES_MAX);
	if (json_parse(in, &v, e) < 0)
		return err_wrap(e, "plan");
	if (json_whole(v, "plan", 0) != 1)
		return err_set(e, ERR_INPUT, "not a plan of version 1");
	list = json_list(v, "tasks");
	if (!json_array_size(list) || json_array_size(list) > PLAN_TASKS_MAX)
		return err_set(e, ERR_INPUT, "a plan has 1 to %d tasks", PLAN_TASKS_MAX);
	p.tasks = arena_array(a, json_array_size(list), sizeof(*p.tasks));
	json_array_foreach(list, i, o) {
		if (task_parse(a, o, &p.tasks[p.n], e) < 0)
			return -1;
		for (int k = 0; k < p.n; k++)
			if (!strcmp(p.tasks[k].id, p.tasks[p.n].id))
				return err_set(e, ERR_INPUT, "two tasks are called %s", p.tasks[k].id);
		p.n++;
	}
	if (text_parse(a, v, "intent", "plan", &p.intent, e) < 0 ||
	    text_parse(a, v, "blueprint", "plan", &p.blueprint, e) < 0 ||
	    text_parse(a, v, "test", "plan", &p.test, e) < 0)
		return -1;
	tags = words_parse(a, json_list(v, "tags"), 16);
	for (int k = 0; k < 16 && tags[k]; k++)
		p.tags[k] = tags[k];
	p.left_out = words_parse(a, json_list(v, "left_out"), 200);
	p.proposed = words_parse(a, json_list(v, "proposed"), 200);
	*out = p;
	return 0;
}

static void put(json_t *o, const char *key, const char *s)
{
	if (s)
		json_object_set_new(o, key, json_string_any(bytes_of(s)));
}

json_t *plan_texts(const char *const *list)
{
	json_t *v = json_array();

	for (; list && *list; list++)
		json_array_append_new(v, json_string_any(bytes_of(*list)));
	return v;
}

static json_t *task_json(const struct task *t)
{
	json_t *o = json_object();

	put(o, "id", t->id);
	put(o, "kind", t->kind);
	put(o, "title", t->title);
	put(o, "what", t->what);
	json_object_set_new(o, "tests", plan_texts(t->tests));
	json_object_set_new(o, "optional", json_boolean(t->optional));
	json_object_set_new(o, "by_model", json_boolean(t->by_model));
	put(o, "state", state_names[t->state]);
	json_object_set_new(o, "attempts", json_integer(t->attempts));
	put(o, "commit", t->commit);
	put(o, "why", t->why);
	return o;
}

json_t *plan_json(const struct plan *p)
{
	json_t *o = json_object(), *tasks = json_array();

	json_object_set_new(o, "plan", json_integer(1));
	put(o, "intent", p->intent);
	json_object_set_new(o, "tags", plan_texts(p->tags));
	put(o, "blueprint", p->blueprint);
	put(o, "test", p->test);
	for (int i = 0; i < p->n; i++)
		json_array_append_new(tasks, task_json(&p->tasks[i]));
	json_object_set_new(o, "tasks", tasks);
	json_object_set_new(o, "left_out", plan_texts(p->left_out));
	if (p->proposed && p->proposed[0])
		json_object_set_new(o, "proposed", plan_texts(p->proposed));
	return o;
}

int plan_write(const struct plan *p, const char *tree, struct err *e)
{
	auto_arena a = { 0 };
	auto_buf b = buf_max(PLAN_BYTES_MAX * 2);
	auto_json *v = plan_json(p);
	auto_fd dir = fs_open_dir(tree, e);

	if (dir < 0 || fs_make_dirs_beneath(dir, ".sealwright", e) < 0)
		return err_wrap(e, "plan");
	if (json_write_pretty(&b, v) < 0)
		return err_set(e, ERR_INPUT, "the plan is larger than %d bytes", PLAN_BYTES_MAX * 2);
	return fs_write_atomic(arena_printf(&a, "%s/.sealwright/plan.json", tree), buf_bytes(&b), 0644, e);
}

struct task *plan_next(struct plan *p)
{
	for (int i = 0; i < p->n; i++)
		if (p->tasks[i].state == TASK_OPEN)
			return &p->tasks[i];
	return NULL;
}

int plan_count(const struct plan *p, enum task_state s)
{
	int n = 0;

	for (int i = 0; i < p->n; i++)
		n += p->tasks[i].state == s;
	return n;
}

/* Does a test that the runner names belong to this file? By its file, or by its dotted or slashed name. */
static bool test_is_of(const struct suite_test *t, const char *file)
{
	size_t n = strlen(file), stem = n;
	const char *dot = strrchr(file, '.');

	if (t->file && !strcmp(t->file, file))
		return true;
	if (!strncmp(t->name, file, n))
		return true;
	if (dot && !strchr(dot, '/'))
		stem = (size_t)(dot - file);
	if (strlen(t->name) <= stem || (t->name[stem] != '.' && t->name[stem] != ':'))
		return false;
	for (size_t i = 0; i < stem; i++)
		if (t->name[i] != (file[i] == '/' ? '.' : file[i]))
			return false;
	return true;
}

bool plan_mark_tested(struct arena *a, struct task *t, const struct suite_report *r, const char **why)
{
	if (!r->green) {
		*why = arena_printf(a, "%s", r->why ? r->why : "the tests are not green");
		return false;
	}
	for (int i = 0; i < t->tests_n; i++) {
		int passed = 0;

		for (int k = 0; k < r->n; k++)
			passed += r->tests[k].state == TEST_PASSED && test_is_of(&r->tests[k], t->tests[i]);
		if (!passed) {
			*why = arena_printf(a, "no test of %s was seen to pass", t->tests[i]);
			return false;
		}
	}
	if (!t->tests_n) {
		*why = "the task has no acceptance test";
		return false;
	}
	t->state = TASK_PASSED;
	return true;
}

static void list_text(struct buf *b, const char *head, const char *const *list)
{
	for (int i = 0; list && list[i]; i++)
		buf_printf(b, "%s   -  %s\n", i ? "" : head, list[i]);
}

char *plan_text(struct arena *a, const struct plan *p)
{
	auto_buf b = buf_max(256 << 10);

	buf_printf(&b, "Plan: %d task%s%s%s\n", p->n, p->n == 1 ? "" : "s", p->blueprint ? ", on the blueprint " : "",
		   p->blueprint ? p->blueprint : "");
	for (int i = 0; i < p->n; i++) {
		const struct task *t = &p->tasks[i];

		buf_printf(&b, "  %2d. %s%s%s\n", i + 1, t->title, t->by_model ? "  [written by the model]" : "",
			   t->optional ? "  [optional]" : "");
	}
	list_text(&b, "Not covered by a task:\n", p->left_out);
	list_text(&b, "Proposed by the model alone, so not enforced; ask for it in the intent:\n", p->proposed);
	return arena_strdup(a, buf_str(&b));
}
