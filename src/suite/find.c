/*
 * Finding how a project's tests are run: from a command, else from the files that are there.
 *
 * Only names and a few marks in small files are looked at; the project's code is never run to find out. Whether pytest
 * can be imported is asked inside the sandbox, by the runner itself (share/suite/python_tests.py).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "suite/runner.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEPTH_MAX = 8, ENTRIES_MAX = 50000, READ_MAX = 64 << 10, LOOKED_INTO_MAX = 200, WORDS_MAX = 60 };

/* What a look at the tree found. */
struct found {
	bool python, node, go;        /* test files            */
	bool pytest;                  /* marks of pytest       */
	int entries, looked_into;
};

static bool ends(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && !strcmp(s + n - k, end);
}

/* The beginning of a file of the tree, "" when it cannot be read. */
static void read_some(int dir, const char *name, struct buf *out)
{
	auto_fd fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *room;
	ssize_t n;

	buf_clear(out);
	room = buf_room(out, READ_MAX);
	n = fd < 0 || !room ? 0 : read(fd, room, READ_MAX);
	if (n > 0) {
		out->n = (size_t)n;
		room[n] = 0;
		for (ssize_t i = 0; i < n; i++)
			if (!room[i])
				room[i] = ' ';
	}
}

static bool file_says(int dir, const char *name, const char *const *marks)
{
	auto_buf b = buf_max(READ_MAX + 64);

	read_some(dir, name, &b);
	for (; *marks; marks++)
		if (strstr(buf_str(&b), *marks))
			return true;
	return false;
}

static void look_at_file(struct found *f, int dir, const char *name)
{
	static const char *const pytest[] = { "import pytest", "from pytest", "\ndef test_", "\nasync def test_", NULL };
	static const char *const node[] = { ".test.js", ".test.mjs", ".test.cjs", "-test.js", "-test.mjs", "_test.js", "_test.mjs", NULL };

	if (ends(name, ".py") && (!strncmp(name, "test_", 5) || ends(name, "_test.py"))) {
		f->python = true;
		if (!f->pytest && f->looked_into++ < LOOKED_INTO_MAX)
			f->pytest = file_says(dir, name, pytest);
	}
	f->pytest |= !strcmp(name, "conftest.py");
	f->go |= ends(name, "_test.go");
	for (int i = 0; node[i]; i++)
		f->node |= ends(name, node[i]);
}

static bool is_skipped(const char *name)
{
	static const char *const skipped[] = { "node_modules", "venv", "env", "vendor", "target", "build", "dist", "__pycache__", NULL };

	for (int i = 0; skipped[i]; i++)
		if (!strcmp(name, skipped[i]))
			return true;
	return name[0] == '.';
}

/* Closes dir. */
static void look(struct found *f, int dir, int depth)
{
	DIR *d = fdopendir(dir);
	const struct dirent *x;

	if (!d) {
		fs_close(&dir);
		return;
	}
	while ((x = readdir(d)) && f->entries < ENTRIES_MAX) {
		f->entries++;
		if (is_skipped(x->d_name))
			continue;
		if (x->d_type == DT_DIR && depth < DEPTH_MAX) {
			int sub = openat(dirfd(d), x->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

			if (sub >= 0)
				look(f, sub, depth + 1);
		} else if (x->d_type == DT_REG) {
			look_at_file(f, dirfd(d), x->d_name);
		}
	}
	closedir(d);
}

static bool has(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* scripts.test of package.json, or NULL; npm's placeholder is none. */
static const char *script_of(struct arena *a, int dir)
{
	auto_buf b = buf_max(READ_MAX + 64);
	auto_json *v = NULL;
	const char *s;

	if (!has(dir, "package.json"))
		return NULL;
	read_some(dir, "package.json", &b);
	if (json_parse_model(buf_bytes(&b), &v, NULL) < 0)
		return NULL;
	s = json_text(json_map(v, "scripts"), "test");
	return s && *s && !strstr(s, "no test specified") ? arena_strdup(a, s) : NULL;
}

static bool has_pytest_marks(int dir)
{
	static const struct {
		const char *file, *marks[2];
	} marks[] = {
		{ "pyproject.toml", { "[tool.pytest", NULL } }, { "setup.cfg", { "[tool:pytest]", NULL } },
		{ "tox.ini", { "[pytest]", NULL } },
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (file_says(dir, marks[i].file, marks[i].marks))
			return true;
	return has(dir, "pytest.ini");
}

/* ---- commands ---- */

/* The words of a plain command, NULL when a shell would do more than split it. */
static const char **words_of(struct arena *a, const char *command, int *n)
{
	const char **words = arena_array(a, WORDS_MAX + 1, sizeof(*words));
	char *save = NULL;

	if (strpbrk(command, "|&;<>()$`\\\"'*?[]{}~#!\n"))
		return NULL;
	*n = 0;
	for (char *w = strtok_r(arena_strdup(a, command), " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (*n == WORDS_MAX)
			return NULL;
		words[(*n)++] = w;
	}
	if (*n && strchr(words[0], '=')) /* a variable for the command */
		return NULL;
	return words;
}

/* How many words of a known runner's call the command begins with; 0: it is none. */
static int known(const char *const *w, int n, const char **runner)
{
	bool python = n > 2 && (!strcmp(w[0], "python3") || !strcmp(w[0], "python")) && !strcmp(w[1], "-m");

	if (n > 0 && (!strcmp(w[0], "pytest") || !strcmp(w[0], "py.test")))
		return *runner = "pytest", 1;
	if (python && !strcmp(w[2], "pytest"))
		return *runner = "pytest", 3;
	if (python && !strcmp(w[2], "unittest"))
		return *runner = "unittest", 3;
	if (n > 1 && !strcmp(w[0], "node") && !strcmp(w[1], "--test"))
		return *runner = "node", 2;
	if (n > 1 && !strcmp(w[0], "go") && !strcmp(w[1], "test"))
		return *runner = "go", 2;
	return 0;
}

/* "--junitxml=FILE" and its like within a command: where its report will be. */
static const char *report_of(struct arena *a, const char *command)
{
	static const char *const options[] = { "--junitxml=", "--junit-xml=", "--junitfile=", "--junitfile ", "--junit-output=", NULL };

	for (int i = 0; options[i]; i++) {
		const char *at = strstr(command, options[i]);

		if (at) {
			at += strlen(options[i]);
			return arena_printf(a, "%.*s", (int)strcspn(at, " \t\"';&|"), at);
		}
	}
	return NULL;
}

static int from_command(struct arena *a, const char *tree, const char *command, struct suite *out, struct err *e)
{
	const char *runner = NULL, **argv;
	int n = 0, begin;
	const char **words = words_of(a, command, &n);

	if (words && (begin = known(words, n, &runner)))
		return runner_make(a, runner, tree, words + begin, out, e);
	argv = arena_array(a, 4, sizeof(*argv));
	argv[0] = "sh";
	argv[1] = "-c";
	argv[2] = arena_strdup(a, command);
	*out = (struct suite){ .runner = "command", .argv = argv, .fixed = 3, .tree = arena_strdup(a, tree),
			       .report = report_of(a, command), .command = argv[2] };
	return 0;
}

static int find(struct arena *a, int dir, const char *tree, const char *command, struct suite *out, struct err *e)
{
	static const char *const none[] = { NULL };
	struct found f = { 0 };
	const char *script;
	bool manifest_python, manifest_go;
	int top;

	if (command && *command)
		return from_command(a, tree, command, out, e);
	if ((top = dup(dir)) >= 0)
		look(&f, top, 0);
	script = script_of(a, dir);
	manifest_go = has(dir, "go.mod");
	manifest_python = has(dir, "pyproject.toml") || has(dir, "setup.py") || has(dir, "setup.cfg") ||
			  has(dir, "requirements.txt") || has(dir, "pytest.ini");
	if (f.python && (manifest_python || (!script && !(f.go && manifest_go))))
		return runner_make(a, f.pytest || has_pytest_marks(dir) ? "pytest" : "unittest", tree, none, out, e);
	if (f.go && manifest_go)
		return runner_make(a, "go", tree, none, out, e);
	if (script && strncmp(script, "node --test", 11))
		return from_command(a, tree, "npm test --silent", out, e);
	if (script)
		return from_command(a, tree, script, out, e);
	if (f.node)
		return runner_make(a, "node", tree, none, out, e);
	return err_set(e, ERR_NOT_FOUND, "no tests in %s: looked for test_*.py and *_test.py, *_test.go beside a go.mod, "
		       "*.test.js and scripts.test of package.json; or name a command in the configuration", tree);
}

int suite_find(struct arena *a, const char *tree, const char *seen_at, const char *command, struct suite *out, struct err *e)
{
	const char *look_at = seen_at ? seen_at : tree;
	auto_fd dir = fs_open_dir(look_at, e);
	char inside[PATH_MAX];
	ssize_t n = seen_at ? readlink(seen_at, inside, sizeof(inside) - 1) : -1;

	if (dir < 0)
		return err_wrap(e, "tests");
	if (n > 0)
		inside[n] = 0;
	if (find(a, dir, n > 0 ? inside : tree, command, out, e) < 0)
		return -1;
	out->look = arena_strdup(a, look_at);
	return 0;
}
