/*
 * Calling the runners.
 *
 * Programs are looked up within the sandbox. One that this machine has outside the folders which the sandbox shows (Go
 * in /opt, node below a version manager) is called by its path, and its folder is shown read-only; in the home folder
 * that folder alone becomes visible. Python's own environment of the project (.venv) wins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "suite/runner.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/hash.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* Python, isolated (-I): none of its variables, no folder in sys.path that we did not put there; neither writes nor
 * reads compiled files in the tree, where a stale or planted one could stand in for the source. */
static const char *const python_words[] = { "python3", "-I", "-B", "-X", "utf8", "-X", "pycache_prefix=/tmp/.pycache", NULL };
static const char *const node_words[] = { "node", "--test", NULL };
static const char *const go_words[] = { "go", "test", "-json", NULL };

static const char *const python_env[] = { "PYTHONDONTWRITEBYTECODE=1", "PYTHONUTF8=1", "NO_COLOR=1", NULL };
static const char *const node_env[] = { "NO_COLOR=1", "NODE_DISABLE_COLORS=1", NULL };
static const char *const go_env[] = { "GOPROXY=off", "GOTOOLCHAIN=local", "GOTELEMETRY=off", "GOFLAGS=", NULL };

static const struct runner {
	const char *name;
	const char *const *words, *const *env;
	const char *script, *option; /* of share/suite, and how it is given       */
	bool wants_tree;             /* the runner's name and the tree stand next */
	int (*parse)(struct report *r, struct bytes in, struct err *e);
} runners[] = {
	{ "pytest", python_words, python_env, "suite/python_tests.py", "%s", true, lines_parse },
	{ "unittest", python_words, python_env, "suite/python_tests.py", "%s", true, lines_parse },
	{ "node", node_words, node_env, "suite/node_reporter.mjs", "--test-reporter=%s", false, lines_parse },
	{ "go", go_words, go_env, NULL, NULL, false, gojson_parse },
	{ "command", NULL, node_env, NULL, NULL, false, report_parse },
};

/* A file or folder of share/, by its real path: what the sandbox shows must be named without dots and links. */
static char *share_path(struct arena *a, const char *name, struct err *e)
{
	char *path = fs_share(a, name, e), real[PATH_MAX];

	if (!path)
		return NULL;
	if (!realpath(path, real)) {
		err_sys(e, "find %s", path);
		return NULL;
	}
	return arena_strdup(a, real);
}

static const struct runner *find_runner(const char *name)
{
	for (size_t i = 0; i < sizeof(runners) / sizeof(*runners); i++)
		if (!strcmp(runners[i].name, name))
			return &runners[i];
	return NULL;
}

static int length(const char *const *list)
{
	int n = 0;

	while (list && list[n])
		n++;
	return n;
}

/* Of the person's arguments, those that our own reading does not replace. */
static bool is_kept(const char *runner, const char *arg)
{
	if (!strcmp(runner, "go"))
		return strcmp(arg, "-json") && strcmp(arg, "-v");
	if (!strcmp(runner, "node"))
		return strncmp(arg, "--test-reporter", 15);
	return true;
}

int runner_make(struct arena *a, const char *runner, const char *tree, const char *const *args, struct suite *out,
		struct err *e)
{
	const struct runner *r = find_runner(runner);
	auto_buf shown = buf_max(64 << 10);
	const char **argv;
	char *script;
	int n = 0;

	if (!r || !r->words)
		return err_set(e, ERR_USAGE, "no test runner %s", runner);
	argv = arena_array(a, (size_t)(length(r->words) + length(args)) + 8, sizeof(*argv));
	for (; r->words[n]; n++)
		argv[n] = r->words[n];
	if (r->script) {
		if (!(script = share_path(a, r->script, e)))
			return -1;
		argv[n++] = arena_printf(a, r->option, script);
	}
	if (!strcmp(r->name, "node"))
		argv[n++] = "--test-reporter-destination=stdout";
	if (r->wants_tree) {
		argv[n++] = r->name;
		argv[n++] = arena_strdup(a, tree);
	}
	*out = (struct suite){ .runner = r->name, .argv = argv, .fixed = n, .tree = arena_strdup(a, tree) };
	buf_add_str(&shown, !strcmp(r->name, "node") ? "node --test" : !strcmp(r->name, "go") ? "go test" : r->name);
	for (int i = 0; args[i]; i++) {
		if (is_kept(r->name, args[i]))
			argv[n++] = arena_strdup(a, args[i]);
		buf_printf(&shown, " %s", args[i]);
	}
	if (!strcmp(r->name, "go") && n == out->fixed)
		argv[n++] = "./...";
	out->command = arena_strdup(a, buf_str(&shown));
	return 0;
}

/* ---- where programs stand ---- */

static const char *in_folders(struct arena *a, const char *program, const char *const *folders)
{
	for (; *folders; folders++) {
		char *path = arena_printf(a, "%s/%s", *folders, program);

		if (fs_is_runnable(path))
			return path;
	}
	return NULL;
}

/* The name itself when the sandbox will find it, else a path, with *shown set to the folder that must be shown. */
static const char *place_program(struct arena *a, const struct suite *s, const char *program, const char **shown)
{
	static const char *const inside[] = { "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/bin", NULL };
	static const char *const near[] = { "/usr/local/go/bin", "/usr/lib/go/bin", "/usr/local/node/bin", NULL };
	char *own = arena_printf(a, "%s/.venv/bin/%s", s->look, program), real[PATH_MAX], *slash;
	const char *path;

	*shown = NULL;
	if (!strcmp(program, "python3") && fs_is_runnable(own))
		return arena_printf(a, "%s/.venv/bin/%s", s->tree, program);
	if (in_folders(a, program, inside))
		return program;
	if ((path = in_folders(a, program, near)))
		return path;
	if (!(path = fs_which(a, program)) || !realpath(path, real))
		return program; /* the sandbox says that there is none */
	path = arena_strdup(a, real);
	for (int up = 0; up < 2; up++) { /* PREFIX/bin/program */
		if (!(slash = strrchr(real, '/')) || slash == real)
			return path;
		*slash = 0;
	}
	*shown = arena_strdup(a, real);
	return path;
}

/* Go compiles its library at first use; a cache of this tree's own keeps that, out of reach of other projects. */
static const char *go_cache(struct arena *a, const char *tree)
{
	struct digest d = hash_bytes(bytes_of(tree));
	char hex[65];
	char *dir;

	digest_hex(&d, hex);
	hex[16] = 0;
	dir = fs_cache_dir(a, arena_printf(a, "go-build/%s", hex), NULL);
	if (!dir || (!strncmp(dir, tree, strlen(tree)) && dir[strlen(tree)] == '/'))
		return NULL;
	return dir;
}

/* ---- which tests ---- */

/* A word that names a place of the tree: left out when only some tests are run. */
static bool is_place(const char *tree, const char *word)
{
	auto_arena scratch = { 0 };
	const char *end = strstr(word, "::");

	if (word[0] == '-' || !*word)
		return false;
	if (!strcmp(word, "./...") || !strcmp(word, "discover"))
		return true;
	return fs_exists(arena_printf(&scratch, "%s/%.*s", tree, (int)(end ? (size_t)(end - word) : strlen(word)), word));
}

/* The file of an id. */
static const char *file_of(struct arena *a, const char *id)
{
	const char *end = strstr(id, "::");

	return end ? arena_printf(a, "%.*s", (int)(end - id), id) : id;
}

/* unittest's discovery has options with a value behind them, which would be taken for tests. */
static int words_kept(const struct runner_call *c, int n)
{
	bool discovers = c->s->argv[n] && !strcmp(c->s->argv[n], "discover");

	for (int i = n; c->s->argv[i]; i++)
		if (!discovers && !is_place(c->s->look, c->s->argv[i]))
			c->argv[n++] = c->s->argv[i];
	return n;
}

static int choose(struct runner_call *c, int n, struct err *e)
{
	const char **go;

	n = words_kept(c, n);
	if (!strcmp(c->s->runner, "go")) {
		if (!(go = go_arguments(c->a, c->s->look, c->only, e)))
			return -1;
		for (int i = 0; go[i]; i++)
			c->argv[n++] = go[i];
		return 0;
	}
	for (int i = 0; c->only[i]; i++) {
		const char *word = !strcmp(c->s->runner, "node") ? file_of(c->a, c->only[i]) : c->only[i];
		bool twice = false;

		if (word[0] == '-')
			return err_set(e, ERR_USAGE, "%s is no test", word);
		for (int k = c->s->fixed; k < n; k++)
			twice |= !strcmp(c->argv[k], word);
		if (!twice)
			c->argv[n++] = word;
	}
	return 0;
}

int runner_call(struct runner_call *c, const struct sandbox *box, struct err *e)
{
	const struct runner *r = find_runner(c->s->runner);
	int n = c->s->fixed, total = length(c->s->argv), reads = length(box->read), writes = length(box->write),
	    envs = length(box->env);
	const char *shown = NULL, *cache;
	char *share;

	if (!r)
		return err_set(e, ERR_USAGE, "no test runner %s", c->s->runner);
	c->apart = r->parse != report_parse;
	c->argv = arena_array(c->a, (size_t)(total + 2 * length(c->only)) + 4, sizeof(*c->argv));
	c->read = arena_array(c->a, (size_t)reads + 4, sizeof(*c->read));
	c->write = arena_array(c->a, (size_t)writes + 2, sizeof(*c->write));
	c->env = arena_array(c->a, (size_t)(envs + length(r->env)) + 3, sizeof(*c->env));
	memcpy(c->argv, c->s->argv, (size_t)(c->only && c->apart ? n : total) * sizeof(*c->argv));
	for (int i = 0; i < reads; i++)
		c->read[i] = box->read[i];
	for (int i = 0; i < writes; i++)
		c->write[i] = box->write[i];
	for (int i = 0; i < length(r->env); i++)
		c->env[i] = r->env[i];
	if (c->only && c->apart && choose(c, n, e) < 0)
		return -1;
	if (r->script) {
		if (!(share = share_path(c->a, "suite", e)))
			return -1;
		c->read[reads++] = share;
	}
	if (r->words && box->backend != SANDBOX_OCI)
		c->argv[0] = place_program(c->a, c->s, c->argv[0], &shown);
	if (shown)
		c->read[reads++] = shown;
	n = length(c->env);
	if (!strcmp(r->name, "go") && (cache = go_cache(c->a, c->s->tree))) {
		c->write[writes++] = cache;
		c->env[n++] = arena_printf(c->a, "GOCACHE=%s", cache);
	}
	for (int i = 0; i < envs; i++)
		c->env[n++] = box->env[i];
	return 0;
}

int runner_read(const struct suite *s, struct report *r, struct bytes in, struct err *e)
{
	const struct runner *known = find_runner(s->runner);

	if (!known)
		return err_set(e, ERR_USAGE, "no test runner %s", s->runner);
	return known->parse(r, in, e);
}
