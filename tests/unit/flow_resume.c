/*
 * A flow that comes back: what an earlier process had ended counts, and is judged by the tests again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"

#include "base/err.h"
#include "base/fs.h"
#include "flow/flow.h"
#include "flow/git.h"

#include <stdlib.h>
#include <unistd.h>

static struct arena a;
static char base[] = "/tmp/resume.XXXXXX";

static void put(const char *tree, const char *name, const char *text)
{
	char *path = arena_printf(&a, "%s/%s", tree, name);
	struct err e = { 0 };

	fs_make_dirs(arena_printf(&a, "%s/tests", tree), 0755, &e);
	if (fs_write_atomic(path, bytes_of(text), 0644, &e) < 0)
		printf("Bail out! %s\n", e.text), exit(1);
}

/* A session that was killed after its loop had ended, before that was said of the task. */
static struct session *killed(const char *tree, const char *program)
{
	struct session *s = NULL;
	struct err e = { 0 };
	const char *id;

	put(tree, "tests/test_add.py", "import unittest\n\n\nclass Add(unittest.TestCase):\n    def test_sum(self):\n        import calc\n"
				       "        self.assertEqual(calc.add(2, 3), 5)\n");
	if (session_create("run", tree, json_pack("{s:s}", "intent", "a module that adds"), &s, &e) < 0 || git_make(tree, &e) < 0 ||
	    git_commit(&a, tree, "tests", arena_printf(&a, "Session: %s", session_id(s)), NULL, NULL, &id, &e) < 0)
		printf("Bail out! %s\n", e.text), exit(1);
	put(tree, "calc.py", program);
	session_add(s, "plan", json_pack("{s:i, s:s, s:[{s:s, s:s, s:[s], s:s}]}", "plan", 1, "test", "python3 -m unittest", "tasks", "id",
					 "add", "title", "Adds", "tests", "tests/test_add.py", "kind", "free"), &e);
	session_add(s, "plan.confirmed", NULL, &e);
	session_add(s, "plan.planting", NULL, &e);
	session_add(s, "plan.planted", json_pack("{s:s}", "commit", id), &e);
	session_add(s, "stage", json_pack("{s:s}", "name", "build"), &e);
	session_add(s, "context", json_pack("{s:s, s:s, s:s, s:s}", "task", "add", "system", "x", "user", "x", "tools", "[]"), &e);
	session_add(s, "usage", json_pack("{s:i, s:i}", "prompt", 10, "completion", 5), &e); /* of a model whose price is not known */
	session_add(s, "loop.end", json_pack("{s:s, s:s}", "task", "add", "text", "done"), &e);
	return s;
}

static char state[20], why[400];
static bool summed, priced;

static void listen(void *arg, const struct session_event *ev)
{
	(void)arg;
	if (!strcmp(ev->type, "summary")) {
		summed = json_whole(json_object_get(ev->data, "tokens"), "prompt", 0) == 10;
		priced = json_object_get(ev->data, "cost") != NULL;
	}
	if (strcmp(ev->type, "task"))
		return;
	snprintf(state, sizeof(state), "%s", json_text_or(ev->data, "state", ""));
	snprintf(why, sizeof(why), "%s", json_text_or(ev->data, "why", ""));
}

static int resume(const char *name, const char *program, struct err *e)
{
	char *tree = arena_printf(&a, "%s/%s", base, name);
	auto_session *s = killed(tree, program);
	struct flow_options o = { .model = "scripted", .base_url = "http://127.0.0.1:9/v1", .sandbox = SANDBOX_OFF, .listener = listen };
	enum flow_end end;

	*state = *why = 0;
	return flow_resume(s, &o, &end, e);
}

static void a_task_that_was_done_when_we_were_killed_is_done(void)
{
	struct err e = { 0 };

	ok(resume("good", "def add(a, b):\n    return a + b\n", &e) == 0, "a session whose last task had ended comes back %s", e.text);
	is_text(state, "passed", "its task passed");
	ok(summed, "the summary is whole");
	ok(!priced, "and names no cost, which is not known");
	is_text(git_session(&a, arena_printf(&a, "%s/good", base)) ? "yes" : "no", "yes", "and was committed");
}

static void its_word_alone_does_not_count(void)
{
	struct err e = { 0 };

	ok(resume("bad", "def add(a, b):\n    return 0\n", &e) == 0, "one whose work does not hold comes back %s", e.text);
	is_text(state, "failed", "its task failed");
	ok(strstr(why, "1 of 1 tests failed") != NULL, "for the reason that the tests give (%s)", why);
}

static void a_cost_that_is_not_known_does_not_count_as_none(void)
{
	char *tree = arena_printf(&a, "%s/cost", base);
	auto_session *s = killed(tree, "def add(a, b):\n    return a + b\n");
	struct flow_options o = { .model = "scripted", .base_url = "http://127.0.0.1:9/v1", .sandbox = SANDBOX_OFF, .listener = listen,
				  .budget = { .cost = 1 } };
	enum flow_end end = FLOW_FINISHED;
	struct err e = { 0 };

	*state = 0;
	ok(flow_resume(s, &o, &end, &e) == 0, "a run with --max-cost whose cost is not known comes back %s", e.text);
	ok(end == FLOW_UNFINISHED && !*state, "and spends nothing more");
}

static void another_sessions_work_is_left_alone(void)
{
	char *tree = arena_printf(&a, "%s/other", base);
	auto_session *s = killed(tree, "");
	struct flow_options o = { .model = "scripted", .base_url = "http://127.0.0.1:9/v1", .sandbox = SANDBOX_OFF };
	enum flow_end end;
	struct err e = { 0 };
	const char *id;

	git_commit(&a, tree, "theirs", "Session: bbbbbbbbbbbb", NULL, NULL, &id, &e);
	ok(flow_resume(s, &o, &end, &e) < 0, "a folder where another session went on is refused");
	ok(e.code == ERR_DENIED && strstr(e.text, "resume bbbbbbbbbbbb"), "and that one is named: %s", e.text);
}

int main(void)
{
	if (!mkdtemp(base))
		return 1;
	setenv("XDG_STATE_HOME", base, 1);
	a_task_that_was_done_when_we_were_killed_is_done();
	its_word_alone_does_not_count();
	a_cost_that_is_not_known_does_not_count_as_none();
	another_sessions_work_is_left_alone();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
