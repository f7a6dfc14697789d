/*
 * From a specification to tasks and files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/blueprint.h"
#include "blueprint/context.h"

#include <string.h>

enum { FILE_BYTES_MAX = 1 << 20, FILES_MAX = 1000 };

static bool is_template(const char *path)
{
	size_t n = strlen(path);

	return n > 9 && !strcmp(path + n - 9, ".mustache");
}

static int path_render(const struct context *c, const struct task_item *item, const struct task_file *f, char **out,
		       struct err *e)
{
	if (context_line(c, item, f->as != NULL, f->to, out, e) < 0)
		return err_wrap(e, "blueprint %s: task %s", c->b->name, item->id);
	if (!path_is_plain(*out))
		return err_set(e, ERR_INPUT, "blueprint %s: task %s: \"%.100s\" is no path beneath the tree", c->b->name,
			       item->id, *out);
	return 0;
}

static int file_render(const struct context *c, const struct task_item *item, const struct task_file *f,
		       struct blueprint_file *out, struct err *e)
{
	auto_buf text = buf_max(FILE_BYTES_MAX);
	struct bytes from;
	char *source, *path;

	if (path_render(c, item, f, &path, e) < 0 || context_line(c, item, f->as != NULL, f->from, &source, e) < 0 ||
	    blueprint_read(c->a, c->b, source, &from, e) < 0)
		return -1;
	if (!is_template(source)) {
		*out = (struct blueprint_file){ .path = path, .text = from, .mode = f->mode };
		return 0;
	}
	if (context_render(c, item, f->as != NULL, source, from, &text, e) < 0)
		return err_wrap(e, "blueprint %s: task %s", c->b->name, item->id);
	*out = (struct blueprint_file){
		.path = path, .text = { arena_memdup(c->a, buf_str(&text), text.n), text.n }, .mode = f->mode,
	};
	return 0;
}

static const struct task_item *item_find(const struct task_item *items, int n, const char *id)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(items[i].id, id))
			return &items[i];
	return NULL;
}

/* Helpers of tests stand among them and are none. */
static bool is_test(const char *path)
{
	const char *base = strrchr(path, '/');

	return !strncmp(base ? base + 1 : path, "test_", 5);
}

int blueprint_plan(struct arena *a, const struct blueprint *b, const json_t *spec, struct blueprint_task **tasks,
		   int *n, struct err *e)
{
	auto_context c = { 0 };
	struct blueprint_task *out;
	struct task_item *items;
	int count;

	if (context_make(a, b, spec, NULL, NULL, &c, e) < 0 || context_items(&c, &items, &count, e) < 0)
		return -1;
	out = arena_array(a, (size_t)count + 1, sizeof(*out));
	for (int i = 0; i < count; i++) {
		const struct task_kind *k = items[i].kind;
		struct blueprint_task t = {
			.id = items[i].id, .kind = k->kind, .by_model = k->by_model,
			.optional = k->optional || json_flag(items[i].of, "optional", false),
		};
		char *line;

		if (context_line(&c, &items[i], false, k->title, &line, e) < 0)
			return err_wrap(e, "blueprint %s: the title of task %s", b->name, t.id);
		t.title = *line ? line : t.id;
		if (k->what && context_line(&c, &items[i], false, k->what, &line, e) < 0)
			return err_wrap(e, "blueprint %s: task %s", b->name, t.id);
		t.what = k->what ? line : k->by_model ? arena_strdup(a, json_text_or(items[i].of, "what", "")) : NULL;
		t.tests = arena_array(a, (size_t)k->tests_n + 1, sizeof(*t.tests));
		for (int f = 0; f < k->tests_n; f++) {
			if (path_render(&c, &items[i], &k->tests[f], &line, e) < 0)
				return -1;
			if (is_test(line))
				t.tests[t.tests_n++] = line;
		}
		out[i] = t;
	}
	*tasks = out;
	*n = count;
	return 0;
}

int blueprint_tests(struct arena *a, const struct blueprint *b, const json_t *spec, struct blueprint_file **out,
		    int *n, struct err *e)
{
	auto_context c = { 0 };
	struct blueprint_file *files = arena_array(a, FILES_MAX, sizeof(*files));
	struct task_item *items;
	int tasks, count = 0;

	if (context_make(a, b, spec, NULL, NULL, &c, e) < 0 || context_items(&c, &items, &tasks, e) < 0)
		return -1;
	for (int i = 0; i < tasks; i++) {
		for (int f = 0; f < items[i].kind->tests_n; f++) {
			if (count == FILES_MAX)
				return err_set(e, ERR_LIMIT, "blueprint %s: more than %d test files", b->name, FILES_MAX);
			if (file_render(&c, &items[i], &items[i].kind->tests[f], &files[count], e) < 0)
				return -1;
			files[count].own = true;
			for (int k = 0; k < count; k++)
				if (!strcmp(files[k].path, files[count].path))
					return err_set(e, ERR_INPUT, "blueprint %s: two tests are called %s", b->name,
						       files[k].path);
			count++;
		}
	}
	*out = files;
	*n = count;
	return 0;
}

/* Whether no task but `item` writes the path. */
static int path_is_own(const struct context *c, const struct task_item *items, int n, const struct task_item *item,
		       const char *path, bool *own, struct err *e)
{
	*own = true;
	for (int i = 0; i < n && *own; i++) {
		for (int f = 0; f < items[i].kind->files_n && *own; f++) {
			char *other;

			if (&items[i] == item)
				continue;
			if (path_render(c, &items[i], &items[i].kind->files[f], &other, e) < 0)
				return -1;
			*own = strcmp(other, path) != 0;
		}
	}
	return 0;
}

int blueprint_files(struct arena *a, const struct blueprint *b, const json_t *spec, const char *task_id,
		    const char *const *active, struct blueprint_file **out, int *n, struct err *e)
{
	static const char *const none[] = { NULL };
	auto_context c = { 0 };
	const struct task_item *item;
	struct blueprint_file *files;
	struct task_item *items;
	int tasks, count = 0;

	if (context_make(a, b, spec, active ? active : none, task_id, &c, e) < 0 ||
	    context_items(&c, &items, &tasks, e) < 0)
		return -1;
	item = item_find(items, tasks, task_id);
	if (!item)
		return err_set(e, ERR_NOT_FOUND, "blueprint %s has no task %.80s for this specification", b->name, task_id);
	files = arena_array(a, (size_t)item->kind->files_n + 1, sizeof(*files));
	for (int f = 0; f < item->kind->files_n; f++) {
		if (file_render(&c, item, &item->kind->files[f], &files[count], e) < 0 ||
		    path_is_own(&c, items, tasks, item, files[count].path, &files[count].own, e) < 0)
			return -1;
		for (int k = 0; k < count; k++)
			if (!strcmp(files[k].path, files[count].path))
				return err_set(e, ERR_INPUT, "blueprint %s: task %s makes %s twice", b->name, task_id,
					       files[k].path);
		count++;
	}
	*out = files;
	*n = count;
	return 0;
}

int blueprint_line(struct arena *a, const struct blueprint *b, const json_t *spec, const char *text, char **out,
		   struct err *e)
{
	auto_context c = { 0 };

	if (context_make(a, b, spec, NULL, NULL, &c, e) < 0)
		return -1;
	return context_line(&c, NULL, false, text, out, e);
}

int functions_describe(struct arena *a, const struct blueprint *b, json_t *spec, struct err *e)
{
	auto_context c = { 0 };
	json_t *t, *f;
	size_t i, k;

	if (context_make(a, b, spec, NULL, NULL, &c, e) < 0)
		return -1;
	json_array_foreach(json_list(spec, "entities"), i, t) {
		json_t *entity = json_array_get(json_list(c.root, "entities"), i);

		json_array_foreach(json_list(t, "functions"), k, f) {
			struct task_item item = { .of = f, .entity = entity };
			char *what, *doc;

			if (context_line(&c, &item, false, json_text_or(f, "what", ""), &what, e) < 0)
				return err_wrap(e, "blueprint %s: what the function %s is", b->name, json_text_or(f, "name", "?"));
			doc = arena_strdup(a, what);
			for (char *p = doc; *p; p++)
				*p = *p == '"' ? '\'' : *p == '\\' ? '/' : *p;
			json_object_set_new(f, "what", json_string(what));
			json_object_set_new(f, "docstring", json_string(doc));
		}
	}
	return 0;
}
