/*
 * `go test -json` (go doc test2json): one event a line.
 *
 * What a test prints is kept, bounded, until it ends, and becomes its message when it failed. A package that failed
 * without a failing test (it did not build, it panicked, TestMain ended it) is an error of its own, named by the
 * package. A test with subtests counts only when it failed and none of them did. Every package must come to an end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "suite/report.h"

#include <stdlib.h>

enum { OUTPUT_MAX = 6 << 10, OPEN_MAX = 4000, NESTED_MAX = 32 };

/* A test or package that has begun, or output of a build. */
struct open_test {
	char *package, *test;   /* test "": the package itself       */
	uint32_t hash;          /* of both                           */
	struct buf output;      /* its end, bounded                  */
	bool bad_test;          /* of a package: one of its tests failed */
	bool ended;
};

struct gojson {
	struct report *r;
	struct open_test *open;
	int n, cap;
	int64_t events;
};

static uint32_t hash_of(const char *package, const char *test)
{
	return bytes_hash(bytes_of(package)) * 31 + bytes_hash(bytes_of(test));
}

static struct open_test *open_find(struct gojson *g, const char *package, const char *test)
{
	uint32_t hash = hash_of(package, test);

	for (int i = g->n - 1; i >= 0; i--)
		if (g->open[i].hash == hash && !strcmp(g->open[i].test, test) && !strcmp(g->open[i].package, package))
			return &g->open[i];
	return NULL;
}

static struct open_test *open_get(struct gojson *g, const char *package, const char *test, struct err *e)
{
	struct open_test *o = open_find(g, package, test);

	if (o)
		return o;
	if (g->n == OPEN_MAX) {
		err_set(e, ERR_INPUT, "more than %d tests are open at once", OPEN_MAX);
		return NULL;
	}
	if (g->n == g->cap) {
		g->cap = g->cap ? g->cap * 2 : 32;
		g->open = mem_grow(g->open, (size_t)g->cap * sizeof(*g->open));
	}
	o = &g->open[g->n++];
	*o = (struct open_test){ .package = arena_strdup(g->r->a, package), .test = arena_strdup(g->r->a, test),
				 .hash = hash_of(package, test), .output = buf_max(OUTPUT_MAX) };
	return o;
}

static void open_close(struct gojson *g, struct open_test *o)
{
	buf_drop(&o->output);
	*o = g->open[--g->n];
}

/* Keeps the end of what was printed; go's own "=== RUN" lines are left out. */
static void output_add(struct open_test *o, const char *text)
{
	static const char *const own[] = { "=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "--- FAIL", "--- PASS", "FAIL\n", "PASS\n",
					   "exit status" };
	struct bytes s = bytes_of(text);

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (bytes_start(bytes_trim(s), own[i]) || !strcmp(text, own[i]))
			return;
	if (s.n > OUTPUT_MAX / 2)
		s = bytes_from(s, s.n - OUTPUT_MAX / 2);
	if (o->output.n + s.n > OUTPUT_MAX)
		buf_eat(&o->output, OUTPUT_MAX / 2 < o->output.n ? OUTPUT_MAX / 2 : o->output.n);
	buf_add(&o->output, s.p, s.n);
}

/* "example.com/shop/item" and "TestCreate/empty_name" -> "example.com/shop/item.TestCreate/empty_name" */
static int add(struct gojson *g, const struct open_test *o, enum test_state state, int64_t ms, const char *why,
	       struct err *e)
{
	const char *name = *o->test ? arena_printf(g->r->a, "%s.%s", o->package, o->test) : o->package;
	struct report_entry x = { .name = bytes_of(name), .state = state, .ms = ms, .message = bytes_trim(buf_bytes(&o->output)) };

	if (!x.message.n)
		x.message = bytes_of(why);
	if (state == TEST_FAILED || state == TEST_ERROR)
		x.line = text_place(x.message, (struct bytes){ 0 }, &x.file);
	return report_add(g->r, &x, NULL, e);
}

static int test_end(struct gojson *g, struct open_test *o, const char *action, int64_t ms, struct err *e)
{
	enum test_state s = !strcmp(action, "pass") ? TEST_PASSED : !strcmp(action, "skip") ? TEST_SKIPPED : TEST_FAILED;
	struct open_test *package;

	if (s == TEST_FAILED && (package = open_find(g, o->package, "")))
		package->bad_test = true;
	if (add(g, o, s, ms, s == TEST_FAILED ? "it failed and printed nothing" : NULL, e) < 0)
		return -1;
	open_close(g, o);
	return 0;
}

static int package_end(struct gojson *g, struct open_test *o, const char *action, const char *failed_build, struct err *e)
{
	char *package = o->package;
	struct open_test *build = failed_build ? open_find(g, failed_build, "") : NULL;

	o->ended = true;
	for (int i = g->n - 1; i >= 0; i--) {
		struct open_test *t = &g->open[i];

		if (!*t->test || strcmp(t->package, package))
			continue;
		if (add(g, t, TEST_ERROR, 0, "its package ended while it ran", e) < 0)
			return -1;
		open_find(g, package, "")->bad_test = true;
		open_close(g, t);
	}
	o = open_find(g, package, "");
	if (!o || strcmp(action, "fail") || o->bad_test)
		return 0;
	if (build && build != o)
		output_add(o, buf_str(&build->output));
	return add(g, o, TEST_ERROR, 0, failed_build ? "it does not build" : "the package failed outside its tests", e);
}

static int one_event(struct gojson *g, const json_t *v, struct err *e)
{
	const char *action = json_text(v, "Action"), *package = json_text(v, "Package"), *test = json_text_or(v, "Test", ""),
		   *path = json_text(v, "ImportPath");
	double seconds = json_real_or(v, "Elapsed", 0);
	struct open_test *o;

	if (!action)
		return err_set(e, ERR_INPUT, "no Action");
	g->events++;
	if (!package && path && !strcmp(action, "build-output")) {
		if (!(o = open_get(g, path, "", e)))
			return -1;
		o->ended = true; /* a build is no package under test */
		output_add(o, json_text_or(v, "Output", ""));
		return 0;
	}
	if (!package)
		return 0;
	if (!(o = open_get(g, package, test, e)))
		return -1;
	if (!strcmp(action, "output") || !strcmp(action, "build-output")) {
		output_add(o, json_text_or(v, "Output", ""));
		return 0;
	}
	if (strcmp(action, "pass") && strcmp(action, "fail") && strcmp(action, "skip"))
		return 0; /* start, run, pause, cont, bench */
	if (*test)
		return test_end(g, o, action, seconds > 0 && seconds < 1e9 ? (int64_t)(seconds * 1000) : 0, e);
	return package_end(g, o, action, json_text(v, "FailedBuild"), e);
}

/* Tests that have subtests are sums of them. */
static void drop_sums(struct report *r)
{
	int kept = 0;
	char *red = arena_alloc(r->a, (size_t)r->n + 1); /* 1: has subtests, 2: and one of them is red */

	for (int i = 0; i < r->n; i++) {
		struct bytes outer = bytes_of(r->tests[i].name);
		bool bad = r->tests[i].state == TEST_FAILED || r->tests[i].state == TEST_ERROR;

		for (int level = 0; outer.n && level < NESTED_MAX; outer.n--) {
			struct suite_test *t;

			if (outer.p[outer.n] != '/')
				continue;
			level++;
			if ((t = report_find(r, outer)))
				red[t - r->tests] = (char)(red[t - r->tests] | 1 | (bad ? 2 : 0));
		}
	}
	for (int i = 0; i < r->n; i++)
		if (!(red[i] & 1) || (r->tests[i].state == TEST_FAILED && !(red[i] & 2)))
			r->tests[kept++] = r->tests[i];
	r->n = kept;
	r->slots_n = 0; /* nothing is added behind this */
}

int gojson_parse(struct report *r, struct bytes in, struct err *e)
{
	struct gojson g = { .r = r };
	struct bytes line;
	int result = 0;

	for (int n = 1; result == 0 && text_line(&in, &line); n++) {
		auto_json *v = NULL;

		line = bytes_trim(line);
		if (!bytes_start(line, "{"))
			continue; /* what the go command itself says stands between */
		if (line.n > REPORT_LINE_MAX) {
			result = err_set(e, ERR_INPUT, "line %d has more than %d bytes", n, REPORT_LINE_MAX);
			break;
		}
		result = json_parse_model(line, &v, e) < 0 || one_event(&g, v, e) < 0 ? -1 : 0;
		if (result < 0)
			err_wrap(e, "go test -json, line %d", n);
	}
	for (int i = 0; i < g.n; i++) {
		if (!g.open[i].ended)
			report_fault(r, "package %.200s did not come to its end", g.open[i].package);
		buf_drop(&g.open[i].output);
	}
	free(g.open);
	if (result < 0)
		return -1;
	if (!g.events)
		return err_set(e, ERR_INPUT, "go test -json: no event");
	drop_sums(r);
	r->ended = true;
	return 0;
}
