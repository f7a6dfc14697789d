/* Unit tests of flow/plan: the strict reader, and that tests alone pass a task. */
#include "../tap.h"
#include "base/err.h"
#include "base/fs.h"
#include "flow/plan.h"
#include "suite/suite.h"

#include <stdlib.h>

static struct arena a;

static const char good[] =
	"{\"plan\":1,\"intent\":\"x\",\"tags\":[\"secure\"],\"blueprint\":\"crud-service\",\"tasks\":["
	"{\"id\":\"skeleton\",\"kind\":\"skeleton\",\"title\":\"It starts\",\"tests\":[\"tests/test_service.py\"]},"
	"{\"id\":\"fn\",\"title\":\"Value\",\"tests\":[\"tests/test_function_value.py\"],\"optional\":true,\"by_model\":true,"
	"\"state\":\"left_out\",\"why\":\"9 samples\"}],\"left_out\":[\"mail: no kind\"]}";

static void a_plan_is_read_and_written_alike(void)
{
	struct plan p = { 0 }, again = { 0 };
	struct err e = { 0 };
	auto_buf b = buf_max(1 << 16);
	auto_json *v = NULL;

	ok(plan_parse(&a, bytes_of(good), &p, &e) == 0, "a plan is read: %s", e.text);
	is_whole(p.n, 2, "with both tasks");
	is_text(p.tasks[1].why, "9 samples", "and why one was left out");
	is_whole(p.tasks[1].state, TASK_LEFT_OUT, "and its state");
	v = plan_json(&p);
	json_write(&b, v);
	ok(plan_parse(&a, buf_bytes(&b), &again, &e) == 0 && again.n == 2 && again.tasks[1].optional &&
	   !strcmp(again.tasks[0].tests[0], "tests/test_service.py"), "what is written reads the same: %s", e.text);
	is_text(again.left_out[0], "mail: no kind", "left-out wishes too");
	ok(plan_next(&p) == &p.tasks[0], "the next task is the first open one");
}

static void a_hostile_plan_is_refused(void)
{
	static const struct { const char *text, *says; } bad[] = {
		{ "{}", "version" },
		{ "{\"plan\":1,\"tasks\":[]}", "1 to" },
		{ "{\"plan\":1,\"tasks\":[{\"id\":\"a b\",\"title\":\"t\"}]}", "plain" },
		{ "{\"plan\":1,\"tasks\":[{\"id\":\"a\"}]}", "title" },
		{ "{\"plan\":1,\"tasks\":[{\"id\":\"a\",\"title\":\"t\"},{\"id\":\"a\",\"title\":\"t\"}]}", "two tasks" },
		{ "{\"plan\":1,\"tasks\":[{\"id\":\"a\",\"title\":\"t\",\"state\":\"done\"}]}", "no state" },
		{ "{\"plan\":1,\"tasks\":[{\"id\":\"a\",\"title\":\"t\",\"tests\":[\"../x\"]}]}", "inside the tree" },
		{ "{\"plan\":1,\"tasks\":[{\"id\":\"a\",\"title\":\"t\",\"tests\":[\"/etc/passwd\"]}]}", "inside the tree" },
		{ "{\"plan\":1,\"tasks\":[{\"id\":\"a\",\"title\":\"t\",\"tests\":[\"t/.git/config\"]}]}", "inside the tree" },
		{ "{\"plan\":1,\"tasks\":[{\"id\":\"a\",\"title\":7}]}", "no text" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct plan p = { 0 };
		struct err e = { 0 };

		ok(plan_parse(&a, bytes_of(bad[i].text), &p, &e) < 0 && strstr(e.text, bad[i].says), "refused: %s", e.text);
		ok(p.n == 0, "and nothing is handed out");
	}
}

static void tests_alone_pass_a_task(void)
{
	struct suite_test seen[2] = {
		{ .name = "tests.test_service.Starts.test_health", .state = TEST_PASSED },
		{ .name = "tests.test_service_more.X.test_y", .state = TEST_PASSED },
	};
	struct suite_report r = { .tests = seen, .n = 2, .passed = 2, .green = true };
	struct plan p = { 0 };
	struct err e = { 0 };
	const char *why = NULL;

	plan_parse(&a, bytes_of(good), &p, &e);
	r.green = false;
	r.why = "1 failed";
	ok(!plan_mark_tested(&a, &p.tasks[0], &r, &why) && p.tasks[0].state == TASK_OPEN, "a red report passes nothing");
	ok(why != NULL, "because %s", why ? why : "?");
	why = NULL;
	r.green = true;
	ok(!plan_mark_tested(&a, &p.tasks[1], &r, &why), "a green report without its tests passes nothing");
	ok(why != NULL, "because %s", why ? why : "?");
	why = NULL;
	seen[0].state = TEST_SKIPPED;
	ok(!plan_mark_tested(&a, &p.tasks[0], &r, &why), "a skipped test passes nothing, nor one of a longer name");
	ok(why != NULL, "because %s", why ? why : "?");
	why = NULL;
	seen[0].state = TEST_PASSED;
	ok(plan_mark_tested(&a, &p.tasks[0], &r, &why) && p.tasks[0].state == TASK_PASSED, "its own test, seen to pass, does");
	p.tasks[0].state = TASK_OPEN;
	p.tasks[0].tests_n = 0;
	ok(!plan_mark_tested(&a, &p.tasks[0], &r, &why), "a task without a test cannot pass");
	ok(why != NULL, "because %s", why ? why : "?");
	why = NULL;
}

static void the_plan_file_is_written_whole(void)
{
	char dir[] = "/tmp/plan.XXXXXX";
	struct plan p = { 0 }, again = { 0 };
	struct err e = { 0 };
	auto_buf b = buf_max(1 << 16);

	if (!mkdtemp(dir))
		return;
	plan_parse(&a, bytes_of(good), &p, &e);
	ok(plan_write(&p, dir, &e) == 0, "the plan is written: %s", e.text);
	ok(fs_read_file(arena_printf(&a, "%s/.sealwright/plan.json", dir), &b, &e) == 0 &&
	   plan_parse(&a, buf_bytes(&b), &again, &e) == 0 && again.n == 2, "and read back from its file: %s", e.text);
	fs_remove_tree(dir, NULL);
}

int main(void)
{
	a_plan_is_read_and_written_alike();
	a_hostile_plan_is_refused();
	tests_alone_pass_a_task();
	the_plan_file_is_written_whole();
	arena_drop(&a);
	return done();
}
