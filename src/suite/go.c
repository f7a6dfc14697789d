/*
 * What the go command does not say: which file a test stands in.
 *
 * A test file's functions are found by their line, "func TestName(", as gofmt writes it; nothing is run or parsed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "suite/runner.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, FILES_MAX = 500, FOLDERS_MAX = 200, NAMES_MAX = 2000 };

static const char *module_of(struct arena *a, int tree)
{
	auto_buf b = buf_max(FILE_MAX);
	auto_fd fd = fs_open_beneath(tree, "go.mod", O_RDONLY | O_NONBLOCK, NULL);
	struct bytes rest, line;

	if (fd < 0 || fs_read_all(fd, &b, NULL) < 0)
		return "";
	rest = buf_bytes(&b);
	while (text_line(&rest, &line))
		if (bytes_start(line, "module "))
			return text_clean(a, bytes_trim(bytes_from(line, 7)), REPORT_NAME_MAX, false);
	return "";
}

/* Calls fn with each test function of a file; how many there were. */
static int each_test(int dir, const char *file, void (*fn)(void *arg, struct bytes name), void *arg)
{
	auto_buf b = buf_max(FILE_MAX);
	auto_fd fd = fs_open_beneath(dir, file, O_RDONLY | O_NONBLOCK, NULL);
	struct bytes rest, line;
	int n = 0;

	if (fd < 0 || fs_read_all(fd, &b, NULL) < 0)
		return 0;
	rest = buf_bytes(&b);
	while (text_line(&rest, &line)) {
		struct bytes name = bytes_from(line, 5);
		size_t k = 0;

		if (!bytes_start(line, "func Test") && !bytes_start(line, "func Example") && !bytes_start(line, "func Fuzz"))
			continue;
		while (k < name.n && (isalnum((unsigned char)name.p[k]) || name.p[k] == '_'))
			k++;
		if (k == name.n || name.p[k] != '(')
			continue;
		name.n = k;
		n++;
		fn(arg, name);
	}
	return n;
}

/* ---- which tests to run ---- */

struct choice {
	struct arena *a;
	struct buf pattern;
	const char **out;
	int n;
};

static void choose_name(void *arg, struct bytes name)
{
	struct choice *c = arg;

	buf_printf(&c->pattern, "%s%.*s", c->pattern.n ? "|" : "", (int)name.n, name.p);
}

static void choose_package(struct choice *c, const char *dir)
{
	const char *word = *dir ? arena_printf(c->a, "./%s", dir) : ".";

	for (int i = 0; i < c->n; i++)
		if (!strcmp(c->out[i], word))
			return;
	c->out[c->n++] = word;
}

/* "item/item_test.go", "item/item_test.go::TestX", or a name of the report: "example.com/shop/item.TestX/sub". */
static int choose_one(struct choice *c, int tree, const char *module, const char *id, struct err *e)
{
	const char *colons = strstr(id, "::"), *slash, *dot;
	char *file = arena_printf(c->a, "%.*s", (int)(colons ? (size_t)(colons - id) : strlen(id)), id);
	size_t n = strlen(module);

	if (bytes_start(bytes_of(id), "-") || strpbrk(id, "^$|()[]*+?\\"))
		return err_set(e, ERR_USAGE, "%s is no test of go", id);
	if (strlen(file) > 8 && !strcmp(file + strlen(file) - 8, "_test.go")) {
		slash = strrchr(file, '/');
		choose_package(c, slash ? arena_printf(c->a, "%.*s", (int)(slash - file), file) : "");
		if (colons)
			choose_name(c, bytes_of(colons + 2));
		else if (!each_test(tree, file, choose_name, c))
			return err_set(e, ERR_NOT_FOUND, "%s holds no test function", file);
		return 0;
	}
	if (n && !strncmp(id, module, n) && (id[n] == '/' || id[n] == '.') && (dot = strstr(id + n, ".Test"))) {
		choose_package(c, id[n] == '/' ? arena_printf(c->a, "%.*s", (int)(dot - id - (long)n - 1), id + n + 1) : "");
		choose_name(c, (struct bytes){ dot + 1, strcspn(dot + 1, "/") });
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "%s is neither a test file nor a test of module %s", id, module);
}

const char **go_arguments(struct arena *a, const char *tree, const char *const *only, struct err *e)
{
	auto_fd dir = fs_open_dir(tree, e);
	struct choice c = { .a = a, .pattern = buf_max(100000) };
	const char *module;
	int n = 0, r = 0;

	if (dir < 0)
		return NULL;
	module = module_of(a, dir);
	while (only[n])
		n++;
	c.out = arena_array(a, (size_t)n + 3, sizeof(*c.out));
	c.out[c.n++] = "-run";
	c.out[c.n++] = "";
	for (int i = 0; r == 0 && i < n; i++)
		r = choose_one(&c, dir, module, only[i], e);
	if (r == 0)
		r = buf_check(&c.pattern, "the list of go's tests", e);
	c.out[1] = arena_printf(a, "^(%s)$", buf_str(&c.pattern));
	buf_drop(&c.pattern);
	return r < 0 ? NULL : c.out;
}

/* ---- where tests stand ---- */

struct places {
	struct arena *a;
	const char *file;          /* being read */
	struct { const char *dir, *name, *file; } seen[NAMES_MAX];
	int n;
	const char *folders[FOLDERS_MAX];
	int n_folders;
	const char *dir;
};

static void note_place(void *arg, struct bytes name)
{
	struct places *p = arg;

	if (p->n == NAMES_MAX)
		return;
	p->seen[p->n].dir = p->dir;
	p->seen[p->n].name = arena_memdup(p->a, name.p, name.n);
	p->seen[p->n++].file = p->file;
}

/* Reads the test files of a folder, once. */
static void read_folder(struct places *p, int tree, const char *name)
{
	const struct dirent *x;
	DIR *d;
	int fd, files = 0;

	for (int i = 0; i < p->n_folders; i++)
		if (!strcmp(p->folders[i], name))
			return;
	if (p->n_folders == FOLDERS_MAX)
		return;
	p->folders[p->n_folders++] = p->dir = arena_strdup(p->a, name);
	fd = fs_open_beneath(tree, *name ? name : ".", O_RDONLY | O_DIRECTORY, NULL);
	d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fs_close(&fd);
		return;
	}
	while ((x = readdir(d)) && files < FILES_MAX) {
		size_t n = strlen(x->d_name);

		if (n <= 8 || strcmp(x->d_name + n - 8, "_test.go"))
			continue;
		files++;
		p->file = arena_printf(p->a, "%s%s%s", name, *name ? "/" : "", x->d_name);
		each_test(tree, p->file, note_place, p);
	}
	closedir(d);
}

static void place_test(struct places *p, int tree, const char *module, struct suite_test *t)
{
	size_t n = strlen(module);
	const char *dot, *base;
	char *dir, *name;

	if (!n || strncmp(t->name, module, n) || (t->name[n] != '/' && t->name[n] != '.'))
		return;
	for (dot = t->name + n; (dot = strchr(dot, '.')); dot++)
		if (!strncmp(dot, ".Test", 5) || !strncmp(dot, ".Example", 8) || !strncmp(dot, ".Fuzz", 5))
			break;
	if (!dot)
		return;
	dir = t->name[n] == '/' ? arena_printf(p->a, "%.*s", (int)(dot - t->name - (long)n - 1), t->name + n + 1) : arena_strdup(p->a, "");
	name = arena_printf(p->a, "%.*s", (int)strcspn(dot + 1, "/"), dot + 1);
	read_folder(p, tree, dir);
	for (int i = 0; i < p->n; i++) {
		if (strcmp(p->seen[i].name, name) || strcmp(p->seen[i].dir, dir))
			continue;
		base = strrchr(p->seen[i].file, '/') ? strrchr(p->seen[i].file, '/') + 1 : p->seen[i].file;
		if (t->line && (!t->file || strcmp(t->file, base)))
			t->line = t->message ? text_place(bytes_of(t->message), bytes_of(base), NULL) : 0;
		t->file = p->seen[i].file;
		return;
	}
}

void go_places(struct arena *a, const char *tree, struct report *r)
{
	auto_fd dir = fs_open_dir(tree, NULL);
	struct places *p = arena_alloc(a, sizeof(*p));
	const char *module;

	if (dir < 0)
		return;
	p->a = a;
	module = module_of(a, dir);
	for (int i = 0; i < r->n; i++)
		place_test(p, dir, module, &r->tests[i]);
}
