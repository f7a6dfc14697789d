/*
 * A model's own plan, as free work takes it: hostile like any reply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"

#include "base/err.h"
#include "flow/free.h"

static int parse(struct arena *a, const char *text, struct plan *p, struct err *e)
{
	*e = (struct err){ 0 };
	*p = (struct plan){ 0 };
	return free_plan_parse(a, bytes_of(text), p, e);
}

static void a_plan_in_a_fenced_block_is_read(void)
{
	auto_arena a = { 0 };
	struct plan p;
	struct err e;

	ok(parse(&a, "Here it is:\n```json\n{\"test\":\"pytest\",\"tasks\":[{\"id\":\"add\",\"title\":\"Adds\",\"what\":\"2+2 is 4\","
		     "\"tests\":[\"tests/test_add.py\"],\"state\":\"passed\",\"optional\":true}]}\n```\n", &p, &e) == 0,
	   "a plan with words around it is read");
	is_whole(p.n, 1, "it has its task");
	is_text(p.test, "pytest", "and its test command");
	parse(&a, "{\"test\":\"python3 -m pytest -p evil -c x.ini\",\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\"t.py\"]}]}", &p, &e);
	is_text(p.test, "pytest", "of which only the runner counts");
	parse(&a, "{\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\"a_test.go\"]}]}", &p, &e);
	is_text(p.test, "go test", "or the one for its files, when it names none");
	parse(&a, "{\"test\":\"pytest\",\"tasks\":[{\"id\":\"add\",\"title\":\"Adds\",\"tests\":[\"t.py\"]}]}", &p, &e);
	if (p.n == 1) {
		is_text(p.tasks[0].kind, "free", "the task is free work");
		ok(p.tasks[0].state == TASK_OPEN, "and open, whatever the model says of it");
		ok(!p.tasks[0].optional, "and asked for, whatever the model says of it");
		ok(p.tasks[0].by_model, "its lines are the model's");
	}
}

static void what_cannot_be_a_plan_is_refused(void)
{
	static const struct { const char *text, *why, *name; } bad[] = {
		{ "I can't do that.", "no JSON", "an answer without a plan" },
		{ "}{", "no JSON", "braces the wrong way round" },
		{ "{\"tasks\":[]}", "1 to", "a plan without tasks" },
		{ "{\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[]}]}", "no test file", "a task without a test" },
		{ "{\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\"../x.py\"]}]}", "no path inside", "a test outside the tree" },
		{ "{\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\".git/hooks/x\"]}]}", "no path inside", "a test in .git" },
		{ "{\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\"t.py\"]},{\"id\":\"b\",\"title\":\"B\",\"tests\":[\"t.py\"]}]}",
		  "share the test file", "two tasks with one test file" },
		{ "{\"test\":\"cat report.tap\",\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\"t.py\"]}]}", "must be pytest",
		  "a test command that runs no tests" },
		{ "{\"test\":\"pytest;cat r\",\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\"t.py\"]}]}", "must be pytest",
		  "one that runs something else beside" },
		{ "{\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\"t.sh\"]}]}", "must be pytest", "tests of no known runner" },
		{ "{\"tasks\":[{\"id\":\"a\",\"title\":\"A\",\"tests\":[\"t.py\"]},{\"id\":\"a\",\"title\":\"B\",\"tests\":[\"u.py\"]}]}",
		  "two tasks", "two tasks of one name" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_arena a = { 0 };
		struct plan p;
		struct err e;

		ok(parse(&a, bad[i].text, &p, &e) < 0, "%s is refused", bad[i].name);
		ok(strstr(e.text, bad[i].why) != NULL, "and the reason is told");
		if (!strstr(e.text, bad[i].why))
			printf("#      got: %s\n#   wanted: %s\n", e.text, bad[i].why);
	}
}

int main(void)
{
	a_plan_in_a_fenced_block_is_read();
	what_cannot_be_a_plan_is_refused();
	return done();
}
