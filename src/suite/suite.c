/*
 * The test engine's door: run, read, judge.
 *
 * The judgement (judge) takes the outcome from tests by name and believes nothing that contradicts something else: the
 * report must have come to its end, the exit status must agree with it, and each test that was asked for must be there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "suite/suite.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "suite/runner.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { LIMIT_MS = 10 * 60 * 1000, OUTPUT_MAX = 48 << 10, OUTPUT_SHOWN = 3000 };

/* What comes out of the runner while it runs. */
struct collect {
	struct buf report;
	bool apart, over;
};

static void on_output(void *arg, struct bytes piece, bool is_stderr)
{
	struct collect *c = arg;

	if (!(c->apart && is_stderr) && buf_add(&c->report, piece.p, piece.n) < 0)
		c->over = true;
}

/* The report file of a command, when this run wrote it. */
static int read_report_file(const struct suite *s, struct when since, struct buf *out, struct err *e)
{
	auto_fd tree = fs_open_dir(s->look, e), fd = -1;
	struct stat st;

	if (tree < 0 || (fd = fs_open_beneath(tree, s->report, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, e)) < 0)
		return err_wrap(e, "report %s", s->report);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "report %s is no file", s->report);
	if ((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000 + 1000 < since.ms)
		return err_set(e, ERR_INPUT, "report %s was not written by this run", s->report);
	return fs_read_all(fd, out, e);
}

static void count(struct suite_report *out)
{
	for (int i = 0; i < out->n; i++)
		switch (out->tests[i].state) {
		case TEST_PASSED: out->passed++; break;
		case TEST_FAILED: out->failed++; break;
		case TEST_ERROR: out->errors++; break;
		case TEST_SKIPPED: out->skipped++; break;
		}
}

/* Was a test of this file, or with this id, seen? */
static bool was_seen(const struct suite_report *r, const char *asked)
{
	const char *colons = strstr(asked, "::");
	size_t n = strlen(asked), file = colons ? (size_t)(colons - asked) : n;

	for (int i = 0; i < r->n; i++) {
		const struct suite_test *t = &r->tests[i];

		if (t->state == TEST_SKIPPED)
			continue;
		if (!strncmp(t->name, asked, n) && (!t->name[n] || strchr("[/ :(", t->name[n])))
			return true;
		if (t->file && strlen(t->file) == file && !strncmp(t->file, asked, file) &&
		    (!colons || strstr(t->name, colons + 2)))
			return true;
	}
	return false;
}

static const char *ended_how(struct arena *a, const struct proc_result *p)
{
	if (p->signal)
		return arena_printf(a, "ended by signal %d (%s)", p->signal, strsignal(p->signal));
	return arena_printf(a, "ended with status %d", p->status);
}

/* Why it is not green, or NULL. */
static const char *judge(struct arena *a, const struct suite_report *r, const struct report *got, const struct proc_result *p,
			 const char *const *only, int64_t limit_ms, const char *unreadable)
{
	const char *while_it = got->running ? arena_printf(a, " while %s ran", got->running) : "";

	if (p->timed_out)
		return arena_printf(a, "the time limit of %g s was over%s", (double)limit_ms / 1000, while_it);
	if (p->signal || (r->crashed && !unreadable))
		return arena_printf(a, "the runner %s%s", ended_how(a, p), while_it[0] ? while_it : " before its report was complete");
	if (unreadable)
		return arena_printf(a, "no test was seen to run: the runner %s, and its report cannot be read: %s", ended_how(a, p),
				    unreadable);
	if (got->fault)
		return got->fault;
	if (r->failed + r->errors)
		return arena_printf(a, "%d of %d tests failed", r->failed + r->errors, r->n);
	if (!r->passed)
		return r->n ? "no test was seen to pass: all were skipped" : "no test was seen to run";
	for (int i = 0; only && only[i]; i++)
		if (!was_seen(r, only[i]))
			return arena_printf(a, "no test of %s was seen to run", only[i]);
	if (p->status)
		return arena_printf(a, "the runner %s though no test failed", ended_how(a, p));
	return NULL;
}

/* The test that had begun when the runner came to its end. */
static void add_running(struct report *got, bool timed_out)
{
	struct report_entry x = { .name = bytes_of(got->running), .state = TEST_ERROR,
				  .message = bytes_of(timed_out ? "the time limit was over while it ran" : "the runner ended while it ran") };
	size_t file = strcspn(got->running, ":");

	if (strstr(got->running, "::"))
		x.file = (struct bytes){ got->running, file };
	report_add(got, &x, NULL, NULL);
}

/* Messages name files beneath the tree without its path. */
static void shorten(struct arena *a, const char *tree, struct suite_test *t)
{
	char *prefix = arena_printf(a, "%s/", tree), *at, *text;
	size_t n = strlen(prefix);

	if (!t->message || !strstr(t->message, prefix))
		return;
	text = arena_strdup(a, t->message);
	while ((at = strstr(text, prefix)))
		memmove(at, at + n, strlen(at + n) + 1);
	t->message = text;
	if (!t->line && (t->state == TEST_FAILED || t->state == TEST_ERROR))
		t->line = text_place(bytes_of(text), bytes_of(t->file), NULL);
}

static const char *shown_command(struct arena *a, const struct runner_call *c)
{
	auto_buf b = buf_max(4096);

	if (!c->only || !c->apart)
		return c->s->command;
	buf_add_str(&b, !strcmp(c->s->runner, "node") ? "node --test" : !strcmp(c->s->runner, "go") ? "go test" : c->s->runner);
	for (int i = c->s->fixed; c->argv[i]; i++)
		buf_printf(&b, " %s", c->argv[i]);
	return arena_strdup(a, buf_str(&b));
}

/* What the bytes say; NULL, or why they cannot be read. */
static const char *read_report(struct arena *a, const struct suite *s, struct when since, struct collect *c,
			       struct report *got)
{
	auto_buf file = buf_max(REPORT_BYTES_MAX);
	struct err e = { 0 };
	int r;

	if (c->over)
		return arena_printf(a, "it is larger than %d bytes", REPORT_BYTES_MAX);
	if (s->report)
		r = read_report_file(s, since, &file, &e) < 0 ? -1 : report_parse(got, buf_bytes(&file), &e);
	else
		r = runner_read(s, got, buf_bytes(&c->report), &e);
	return r < 0 ? arena_strdup(a, e.text) : NULL;
}

static void fill(struct arena *a, const struct suite *s, const struct runner_call *c, struct report *got,
		 const struct proc_result *p, struct suite_report *out)
{
	if (got->running && (p->timed_out || !got->ended))
		add_running(got, p->timed_out);
	if (!strcmp(s->runner, "go"))
		go_places(a, s->look, got);
	for (int i = 0; i < got->n; i++)
		shorten(a, s->tree, &got->tests[i]);
	*out = (struct suite_report){
		.tests = got->tests, .n = got->n, .runner = got->runner ? got->runner : s->runner,
		.command = shown_command(a, c), .timed_out = p->timed_out, .wall_ms = p->wall_ms,
		.crashed = !p->timed_out && (!got->ended || p->signal),
	};
	out->output = text_clean(a, bytes_of(c->apart ? p->errors : p->output), OUTPUT_MAX, true);
	count(out);
}

int suite_run(struct arena *a, const struct suite *s, const struct sandbox *box, const char *const *only,
	      int64_t limit_ms, const volatile int *stop, struct suite_report *out, struct err *e)
{
	struct runner_call c = { .a = a, .s = s, .only = only && only[0] ? only : NULL };
	struct collect got = { .report = buf_max(REPORT_BYTES_MAX) };
	struct report report = { .a = a };
	struct when since = clock_now();
	struct sandbox inner = *box;
	struct proc_result p;
	struct proc run;
	const char *unreadable;
	int r;

	if (runner_call(&c, box, e) < 0)
		return err_wrap(e, "tests");
	limit_ms = limit_ms > 0 ? limit_ms : LIMIT_MS;
	inner.tree = box->tree ? box->tree : s->tree;
	inner.read = c.read;
	inner.write = c.write;
	inner.env = c.env;
	got.apart = c.apart;
	run = (struct proc){ .argv = c.argv, .limit_ms = limit_ms, .stop = stop, .apart = c.apart, .seen = on_output, .arg = &got,
			     .head = 16 << 10, .tail = 32 << 10 };
	r = sandbox_run(a, &inner, &run, &p, e);
	if (r == 0 && p.stopped)
		r = err_set(e, ERR_STOPPED, "stopped");
	if (r < 0) {
		buf_drop(&got.report);
		return err_wrap(e, "tests");
	}
	unreadable = read_report(a, s, since, &got, &report);
	buf_drop(&got.report);
	fill(a, s, &c, &report, &p, out);
	out->crashed |= unreadable && !p.timed_out;
	out->why = judge(a, out, &report, &p, c.only, limit_ms, unreadable);
	out->green = !out->why;
	return 0;
}

json_t *suite_report_json(const struct suite_report *r, int failures_max)
{
	json_t *list = json_array();
	int left = 0;

	for (int i = 0; i < r->n; i++) {
		const struct suite_test *t = &r->tests[i];
		json_t *x;

		if (t->state != TEST_FAILED && t->state != TEST_ERROR)
			continue;
		if ((int)json_array_size(list) >= failures_max) {
			left++;
			continue;
		}
		x = json_pack("{s:s, s:s}", "name", t->name, "message", t->message ? t->message : "");
		if (t->file)
			json_object_set_new(x, "file", json_string(t->file));
		if (t->line)
			json_object_set_new(x, "line", json_integer(t->line));
		json_array_append_new(list, x);
	}
	return json_pack("{s:b, s:s, s:s, s:i, s:i, s:i, s:i, s:b, s:b, s:I, s:s?, s:o, s:i}", "green", r->green, "runner",
			 r->runner, "command", r->command, "passed", r->passed, "failed", r->failed, "errors", r->errors, "skipped",
			 r->skipped, "crashed", r->crashed, "timed_out", r->timed_out, "ms", (json_int_t)r->wall_ms, "why", r->why,
			 "failures", list, "failures_left_out", left);
}

static void add_failure(struct buf *b, const struct suite_test *t)
{
	buf_printf(b, "%s %s", t->state == TEST_ERROR ? "ERROR" : "FAIL", t->name);
	if (t->file && t->line)
		buf_printf(b, "  %s:%d", t->file, t->line);
	buf_add_char(b, '\n');
	for (const char *p = t->message; p && *p;) {
		size_t n = strcspn(p, "\n");

		buf_printf(b, "    %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

char *suite_report_text(struct arena *a, const struct suite_report *r, int failures_max)
{
	auto_buf b = buf_max(256 << 10);
	int shown = 0, left = 0;
	size_t n = r->output ? strlen(r->output) : 0;

	buf_printf(&b, "%d passed, %d failed", r->passed, r->failed + r->errors);
	if (r->skipped)
		buf_printf(&b, ", %d skipped", r->skipped);
	buf_printf(&b, " (%s, %.1f s)\n", r->command, (double)r->wall_ms / 1000);
	if (r->why)
		buf_printf(&b, "Not green: %s\n", r->why);
	for (int i = 0; i < r->n; i++) {
		if (r->tests[i].state != TEST_FAILED && r->tests[i].state != TEST_ERROR)
			continue;
		if (shown < failures_max && b.n < 128 << 10) {
			add_failure(&b, &r->tests[i]);
			shown++;
		} else {
			left++;
		}
	}
	if (left)
		buf_printf(&b, "%d more failures are not shown\n", left);
	if (n && (r->crashed || r->timed_out || (!r->green && !shown)))
		buf_printf(&b, "The end of what it printed:\n%s\n", n > OUTPUT_SHOWN ? r->output + n - OUTPUT_SHOWN : r->output);
	return text_clean(a, buf_bytes(&b), 160 << 10, true);
}
