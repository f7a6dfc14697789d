/* Unit tests of suite/: real runners in the real sandbox, and what those get who want to look green. */
#include "../tap.h"
#include "base/err.h"
#include "base/fs.h"
#include "suite/suite.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena a;
static char home[] = "/tmp/suite.XXXXXX";
static char *tree;          /* of the test that runs */
static bool off;            /* no sandbox here       */

static void new_tree(const char *name)
{
	tree = arena_printf(&a, "%s/%s", home, name);
	fs_make_dirs(tree, 0755, NULL);
}

static void put(const char *name, const char *text)
{
	char *path = arena_printf(&a, "%s/%s", tree, name);

	fs_make_dirs(dirname(arena_strdup(&a, path)), 0755, NULL);
	if (fs_write_atomic(path, bytes_of(text), 0644, NULL) < 0)
		ok(false, "%s can be written", path);
}

static struct suite find(const char *command)
{
	struct suite s = { 0 };
	struct err e = { 0 };

	if (suite_find(&a, tree, NULL, command, &s, &e) < 0)
		ok(false, "tests are found: %s", e.text);
	return s;
}

static struct suite_report run_suite(const struct suite *s, const char *const *only, const char *const *protect, int64_t limit_ms)
{
	struct sandbox box = { .backend = off ? SANDBOX_OFF : SANDBOX_OWN, .tree = tree, .protect = protect };
	struct suite_report r = { .command = "", .runner = "", .output = "" };
	struct err e = { 0 };

	if (!s->argv || suite_run(&a, s, &box, only, limit_ms, NULL, &r, &e) < 0)
		ok(false, "tests can be run: %s", e.text);
	return r;
}

static struct suite_report run(const char *command, const char *only)
{
	struct suite s = find(command);

	return run_suite(&s, only ? (const char *[]){ only, NULL } : NULL, NULL, 20000);
}

static const char *counts(const struct suite_report *r)
{
	return arena_printf(&a, "%d passed, %d failed, %d errors, %d skipped", r->passed, r->failed, r->errors, r->skipped);
}

static const struct suite_test *named(const struct suite_report *r, const char *name)
{
	static const struct suite_test none = { .name = "", .message = "", .file = "" };

	for (int i = 0; i < r->n; i++)
		if (!strcmp(r->tests[i].name, name))
			return &r->tests[i];
	ok(false, "there is a test %s", name);
	for (int i = 0; i < r->n; i++)
		printf("#   seen: %s\n", r->tests[i].name);
	return &none;
}

static void is_red(const struct suite_report *r, const char *why, const char *name)
{
	if (!ok(!r->green && r->why && strstr(r->why, why), "%s is not green: %s", name, r->why ? r->why : "(no reason)"))
		printf("#   wanted: %s\n#   output: %s\n", why, r->output);
}

static const char core_py[] = "def add(a, b):\n    if a > 100:\n        raise ValueError('too large: %d' % a)\n    return a + b\n";
static const char core_test[] =
	"import unittest\nfrom app.core import add\n\nclass CoreTest(unittest.TestCase):\n"
	"    def test_adds(self):\n        print('1 passed')\n        self.assertEqual(add(1, 2), 3)\n";

static void python_unittest_runs(void)
{
	struct suite_report r;
	const struct suite_test *t;

	new_tree("unittest");
	put("app/__init__.py", "");
	put("app/core.py", core_py);
	put("json.py", "raise RuntimeError('the module json of the project')\n");
	put("tests/test_core.py", core_test);
	r = run(NULL, NULL);
	is_text(r.runner, "unittest", "plain tests are run by unittest");
	ok(r.green, "and are green %s", r.why ? r.why : "");
	is_text(counts(&r), "1 passed, 0 failed, 0 errors, 0 skipped", "as counted");
	is_text(named(&r, "tests/test_core.py::CoreTest::test_adds")->file, "tests/test_core.py", "by name and file");
	ok(strstr(r.output, "1 passed") != NULL, "what they print is kept");
	put("tests/test_more.py",
	    "import unittest\nfrom app.core import add\n\nclass MoreTest(unittest.TestCase):\n"
	    "    def test_wrong(self):\n        self.assertEqual(add(1, 2), 4)\n"
	    "    def test_raises(self):\n        add(101, 1)\n"
	    "    @unittest.skip('later')\n    def test_later(self):\n        pass\n"
	    "    def test_each(self):\n        for i in range(3):\n            with self.subTest(i=i):\n                self.assertNotEqual(i, 1)\n");
	put("tests/test_broken.py", "import nowhere\n");
	put("tests/test_syntax.py", "def f(:\n");
	r = run(NULL, NULL);
	is_red(&r, "5 of 7 tests failed", "a suite with failures");
	is_text(counts(&r), "1 passed, 2 failed, 3 errors, 1 skipped", "which are counted by kind");
	t = named(&r, "tests/test_more.py::MoreTest::test_wrong");
	is_whole(t->line, 6, "a failure has its line");
	ok(t->message && strstr(t->message, "3 != 4"), "and its message");
	t = named(&r, "tests/test_more.py::MoreTest::test_raises");
	ok(t->line == 8 && strstr(t->message, "at app/core.py:3: raise ValueError"), "an error says where in the code it came from");
	t = named(&r, "tests/test_broken.py");
	ok(t->line == 1 && strstr(t->message, "No module named 'nowhere'"), "a file that cannot be imported is an error with its line");
	ok(strstr(named(&r, "tests/test_more.py::MoreTest::test_each")->message, "(i=1)") != NULL, "a subtest says which");
	r = run(NULL, "tests/test_core.py");
	ok(r.green && r.n == 1, "one file can be run alone");
	is_text(r.command, "unittest tests/test_core.py", "and the command says so");
	r = run(NULL, "tests/test_more.py::MoreTest::test_wrong");
	ok(r.n == 1 && r.failed == 1, "and one test");
	r = run("python3 -m unittest discover -s tests -v", NULL);
	is_text(counts(&r), "1 passed, 2 failed, 3 errors, 1 skipped", "a command that calls unittest is read by test");
	r = run(NULL, "tests/test_gone.py");
	ok(!r.green, "a file that is not there is not green: %s", r.why);
}

static void an_edit_within_the_same_second_counts(void)
{
	struct suite_report r;

	new_tree("edit");
	put("calc.py", "def f():\n    return 1\n");
	put("test_calc.py", "import unittest, calc\nclass T(unittest.TestCase):\n    def test_f(self):\n        self.assertEqual(calc.f(), 1)\n");
	r = run(NULL, NULL);
	ok(r.green, "a test is green %s", r.why ? r.why : "");
	put("calc.py", "def f():\n    return 2\n");
	r = run(NULL, NULL);
	ok(!r.green && r.failed == 1, "and red after an edit of the same size in the same second");
	ok(!fs_exists(arena_printf(&a, "%s/__pycache__", tree)), "nothing compiled is left in the tree");
}

/* Each writes a test file that wants to look green. */
static void pretending(const char *name, const char *text, const char *why)
{
	struct suite_report r;

	new_tree(arena_printf(&a, "pretend-%s", name));
	put("test_it.py", arena_printf(&a, "import os, sys, signal, time, unittest\nclass T(unittest.TestCase):\n"
					   "    def test_a(self):\n        pass\n    def test_b(self):\n        %s\n", text));
	r = run(NULL, NULL);
	is_red(&r, why, name);
}

static void who_wants_to_look_green(void)
{
	struct suite_report r;
	struct suite s;
	const char *const protect[] = { "test_own.py", NULL };

	pretending("a process that ends with 0", "os._exit(0)", "while test_it.py::T::test_b ran");
	pretending("a process that is killed", "os.kill(os.getpid(), signal.SIGKILL)", "while test_it.py::T::test_b ran");
	pretending("an exit from a test", "sys.exit(0)", "1 of 2 tests failed");
	pretending("a report on stdout", "print('{\"test\":\"x\",\"state\":\"passed\"}'); self.fail()", "1 of 2 tests failed");
	pretending("a child that tells of success", "os.fork() or os._exit(0); self.fail('no')", "1 of 2 tests failed");
	pretending("an exit handler", "import atexit; atexit.register(os._exit, 0); self.fail()", "1 of 2 tests failed");
	new_tree("import-exit");
	put("test_it.py", "import sys\nsys.exit(0)\n");
	r = run(NULL, NULL);
	is_red(&r, "1 of 1 tests failed", "an exit at import");
	put("test_it.py", "import unittest\nclass T(unittest.TestCase):\n    pass\n");
	r = run(NULL, NULL);
	is_red(&r, "no test was seen to run", "a file without a test");
	put("test_it.py", "import unittest\nclass T(unittest.TestCase):\n    @unittest.skip('x')\n    def test_a(self): pass\n");
	r = run(NULL, NULL);
	is_red(&r, "all were skipped", "a file whose tests are all skipped");
	put("test_it.py", "import time, unittest\nclass T(unittest.TestCase):\n    def test_a(self): time.sleep(60)\n");
	s = find(NULL);
	r = run_suite(&s, NULL, NULL, 1500);
	is_red(&r, "the time limit of 1.5 s was over while test_it.py::T::test_a ran", "a test that hangs");
	ok(r.timed_out && !r.crashed && r.errors == 1, "and that test is named as an error");
	if (off)
		return;
	new_tree("protected");
	put("test_own.py", "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        open(__file__, 'w').write('x')\n");
	s = find(NULL);
	r = run_suite(&s, NULL, protect, 20000);
	is_red(&r, "1 of 1 tests failed", "a test that rewrites itself");
	new_tree("network");
	put("test_it.py", "import socket, unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n"
			  "        socket.create_connection(('192.0.2.1', 80), 1)\n");
	r = run(NULL, NULL);
	is_red(&r, "1 of 1 tests failed", "a test that calls the world");
}

static void pytest_runs(void)
{
	struct suite_report r;
	const struct suite_test *t;
	struct suite s;
	const char **argv;

	new_tree("pytest");
	put("shop/__init__.py", "");
	put("shop/core.py", core_py);
	put("tests/conftest.py", "import pytest\n@pytest.fixture\ndef two():\n    return 2\n");
	put("tests/test_shop.py",
	    "import pytest\nfrom shop.core import add\n\ndef test_two(two):\n    assert add(0, two) == 2\n\n"
	    "@pytest.mark.parametrize('n', [1, 2])\ndef test_n(n):\n    assert n == 1\n\n"
	    "def test_raises():\n    add(101, 1)\n\n@pytest.mark.xfail(reason='known')\ndef test_known():\n    assert False\n\n"
	    "@pytest.fixture\ndef broken():\n    raise RuntimeError('no database')\n\ndef test_broken(broken):\n    pass\n");
	put("tests/test_import.py", "import nowhere\ndef test_x():\n    pass\n");
	s = find(NULL);
	is_text(s.runner, "pytest", "a conftest.py and plain functions are marks of pytest");
	argv = arena_array(&a, 40, sizeof(*argv));
	for (int i = 0; s.argv[i]; i++)
		argv[i + (i > 0)] = s.argv[i];
	argv[1] = "-S"; /* no installed packages */
	s.argv = argv;
	s.fixed++;
	put("test_plain.py", "def test_plain():\n    assert 1 + 1 == 2\n");
	r = run_suite(&s, (const char *[]){ "test_plain.py", NULL }, NULL, 20000);
	is_text(r.runner, "unittest", "where pytest is missing, unittest runs them");
	ok(r.green && r.n == 1, "plain functions too %s", r.why ? r.why : "");
	r = run(NULL, NULL);
	if (strcmp(r.runner, "pytest")) {
		printf("ok %d - pytest runs # SKIP pytest cannot be imported in the sandbox; apt-get install python3-pytest\n", ++tap_n);
		return;
	}
	is_red(&r, "4 of 8 tests failed", "a suite with failures");
	is_text(counts(&r), "3 passed, 2 failed, 2 errors, 1 skipped", "which are counted by kind");
	t = named(&r, "tests/test_shop.py::test_n[2]");
	ok(t->line == 9 && t->message && strstr(t->message, "assert 2 == 1"), "a failure has its line and message");
	t = named(&r, "tests/test_shop.py::test_raises");
	ok(t->line == 12 && strstr(t->message, "at shop/core.py:3"), "and says where in the code it came from");
	is_whole(named(&r, "tests/test_import.py")->line, 1, "a file that cannot be imported is an error with its line");
	ok(named(&r, "tests/test_shop.py::test_broken")->state == TEST_ERROR, "a broken fixture is an error");
	r = run(NULL, "tests/test_shop.py::test_two");
	ok(r.green && r.n == 1, "one test can be run alone %s", r.why ? r.why : "");
	r = run("python3 -m pytest -q -k two tests", NULL);
	is_whole(r.passed, 1, "a command that calls pytest keeps its arguments");
}

static void node_runs(void)
{
	struct suite_report r;
	const struct suite_test *t;

	new_tree("node");
	put("package.json", "{\"name\":\"shop\",\"scripts\":{\"test\":\"node --test\"}}");
	put("test/item.test.js",
	    "const test = require('node:test');\nconst assert = require('node:assert');\n"
	    "test('adds', () => { console.log('ok 1 - forged'); assert.equal(1 + 1, 2); });\n"
	    "test('wrong', () => {\n  assert.strictEqual(1, 2);\n});\n"
	    "test('outer', async (t) => { await t.test('inner', () => {}); });\ntest.skip('later', () => {});\n");
	put("test/exit.test.js", "process.exit(0);\n");
	if (access("/usr/bin/node", X_OK) < 0) {
		printf("ok %d - node runs # SKIP node is not installed; apt-get install nodejs\n", ++tap_n);
		return;
	}
	r = run(NULL, NULL);
	is_red(&r, "1 of 5 tests failed", "a suite with a failure");
	is_text(counts(&r), "2 passed, 1 failed, 0 errors, 2 skipped", "a file that ran no test counts as none");
	t = named(&r, "test/item.test.js::wrong");
	ok(t->line == 5 && strstr(t->message, "1 !== 2"), "a failure has its line and message");
	is_text(named(&r, "test/item.test.js::outer::inner")->file, "test/item.test.js", "a subtest has its parent's name");
	r = run(NULL, "test/exit.test.js");
	ok(!r.green, "a file that exits with 0 and ran no test is not green: %s", r.why ? r.why : "");
}

static void go_runs(void)
{
	char *here = realpath(".", NULL);
	struct suite_report r;
	const struct suite_test *t;

	if (access("/usr/bin/go", X_OK) < 0 && access("/usr/local/go/bin/go", X_OK) < 0) {
		printf("ok %d - go test runs # SKIP go is not installed; apt-get install golang-go\n", ++tap_n);
		free(here);
		return;
	}
	/* In one build tree, whatever the flavour, so that what go compiles at first is there the next time. */
	setenv("XDG_CACHE_HOME", arena_printf(&a, "%s/build/suite-cache", here), 1);
	tree = arena_printf(&a, "%s/build/suite-go", here);
	free(here);
	put("go.mod", "module example.com/shop\n\ngo 1.19\n");
	put("item/item.go", "package item\n\nfunc Add(a, b int) int { return a + b }\n");
	put("item/item_test.go",
	    "package item\n\nimport \"testing\"\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal(\"no\")\n\t}\n}\n\n"
	    "func TestWrong(t *testing.T) {\n\tt.Errorf(\"got %d, want %d\", Add(1, 2), 4)\n}\n");
	put("item/more_test.go", "package item\n\nimport \"testing\"\n\nfunc TestMore(t *testing.T) {\n"
				 "\tt.Run(\"sub\", func(t *testing.T) {})\n}\n");
	put("broken/broken_test.go", "package broken\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { undefined() }\n");
	{
		struct suite s = find(NULL);

		r = run_suite(&s, NULL, NULL, 120000);
	}
	is_red(&r, "2 of 4 tests failed", "a module with failures");
	is_text(counts(&r), "2 passed, 1 failed, 1 errors, 0 skipped", "which are counted by kind");
	t = named(&r, "example.com/shop/item.TestWrong");
	is_text(t->file, "item/item_test.go", "a failure has its file");
	is_whole(t->line, 12, "and its line");
	is_text(named(&r, "example.com/shop/item.TestMore/sub")->file, "item/more_test.go", "a passed test has its file too");
	ok(strstr(named(&r, "example.com/shop/broken")->message, "undefined") != NULL, "a package that does not build says why");
	r = run(NULL, "item/more_test.go");
	ok(r.green && r.n == 1, "one file can be run alone %s", r.why ? r.why : "");
	r = run(NULL, "example.com/shop/item.TestAdd");
	ok(r.green && r.n == 1, "and one test %s", r.why ? r.why : "");
	if (unlink(arena_printf(&a, "%s/broken/broken_test.go", tree)) == 0)
		rmdir(arena_printf(&a, "%s/broken", tree));
}

static void commands_run(void)
{
	struct suite_report r;
	struct suite s;

	new_tree("command");
	r = run("printf '1..2\\nok 1 - a\\nok 2 - b\\n'", NULL);
	ok(r.green && r.passed == 2, "a command that prints TAP is read %s", r.why ? r.why : "");
	is_text(r.runner, "command", "as a command");
	r = run("printf '1..1\\nok 1 - a\\n'; exit 3", NULL);
	is_red(&r, "ended with status 3 though no test failed", "an exit status that contradicts the report");
	r = run("printf '1..2\\nok 1 - a\\nnot ok 2 - b\\n'; exit 0", NULL);
	is_red(&r, "1 of 2 tests failed", "a failure with exit status 0");
	r = run("true", NULL);
	is_red(&r, "no test was seen to run", "silence");
	r = run("echo 42 passed; echo OK", NULL);
	is_red(&r, "no test was seen to run", "a sum without names");
	r = run("kill -9 $$", NULL);
	is_red(&r, "signal 9", "a command that is killed");
	ok(r.crashed, "and has crashed");
	put("old.xml", "<testsuite><testcase name='a'/></testsuite>");
	s = find("mytest --junitxml=old.xml; true");
	is_text(s.report, "old.xml", "a report file is found in the command");
	usleep(1000);
	{
		struct timespec past[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

		utimensat(AT_FDCWD, arena_printf(&a, "%s/old.xml", tree), past, 0);
	}
	r = run_suite(&s, NULL, NULL, 20000);
	is_red(&r, "old.xml was not written by this run", "a report of yesterday");
	r = run("echo \"<testsuite><testcase name='a'/></testsuite>\" >new.xml; : --junitxml=new.xml", NULL);
	ok(r.green && r.n == 1, "a report of this run is read %s", r.why ? r.why : "");
	r = run("ln -sf /etc/passwd link.xml; : --junitxml=link.xml", NULL);
	ok(!r.green && r.crashed, "a link is not followed: %s", r.why ? r.why : "");
	r = run("yes 1234567890 | head -c 70000000", NULL);
	is_red(&r, "larger than", "a flood");
	if (!ok(strlen(r.output) < 100000, "is not kept"))
		printf("#      got: %zu bytes\n", strlen(r.output));
}

static void tests_are_found(void)
{
	struct suite s = { 0 };
	struct err e = { 0 };

	new_tree("find-nothing");
	ok(suite_find(&a, tree, NULL, NULL, &s, &e) < 0 && e.code == ERR_NOT_FOUND, "an empty tree has no tests");
	ok(strstr(e.text, "test_*.py") && strstr(e.text, "_test.go"), "and the message says what was looked for: %s", e.text);
	put("package.json", "{\"scripts\":{\"test\":\"echo \\\"Error: no test specified\\\" && exit 1\"}}");
	ok(suite_find(&a, tree, NULL, NULL, &s, &e) < 0, "npm's placeholder is no test");
	put("package.json", "{\"scripts\":{\"test\":\"jest\"}}");
	is_text(find(NULL).command, "npm test --silent", "a script of package.json is");
	put("a_test.go", "package a\n");
	put("go.mod", "module a\n");
	is_text(find(NULL).runner, "go", "a go.mod with a test wins over it");
	put("requirements.txt", "");
	put("tests/test_a.py", "import unittest\n");
	is_text(find(NULL).runner, "unittest", "and so does Python with a manifest");
	put("pyproject.toml", "[tool.pytest.ini_options]\n");
	is_text(find(NULL).runner, "pytest", "by pytest where it is configured");
	is_text(find("go test ./item").runner, "go", "a command wins");
	is_text(find("go test ./... | tee log").runner, "command", "one that needs a shell is a command");
	s = find("node --test --test-reporter=spec test");
	is_text(s.command, "node --test --test-reporter=spec test", "a command is shown as it was given");
	is_text(s.argv[s.fixed], "test", "and run with our reporter");
}

static void reports_are_bounded(void)
{
	struct suite_test *tests = arena_array(&a, 1000, sizeof(*tests));
	struct suite_report r = { .tests = tests, .n = 1000, .failed = 1000, .runner = "x", .command = "x", .why = "red", .output = "" };
	auto_json *v = NULL;

	for (int i = 0; i < 1000; i++)
		tests[i] = (struct suite_test){ .name = arena_printf(&a, "t%d", i), .state = TEST_FAILED,
						.message = arena_printf(&a, "%01900d", i) };
	v = suite_report_json(&r, 20);
	is_whole(json_array_size(json_list(v, "failures")), 20, "as many failures as asked for are in the JSON");
	is_whole(json_whole(v, "failures_left_out", 0), 980, "and it says how many are not");
	ok(strlen(suite_report_text(&a, &r, 1000)) < 200000, "the text is bounded");
	ok(strstr(suite_report_text(&a, &r, 3), "997 more failures are not shown") != NULL, "and says so");
}

int main(void)
{
	if (!mkdtemp(home))
		return 1;
	setenv("XDG_STATE_HOME", home, 1);
	setenv("XDG_CACHE_HOME", arena_printf(&a, "%s/cache", home), 1);
	off = sandbox_probe()->level < 2;
	if (off)
		printf("ok %d - tests run in the sandbox # SKIP %s\n", ++tap_n, sandbox_probe()->why);
	tests_are_found();
	reports_are_bounded();
	python_unittest_runs();
	an_edit_within_the_same_second_counts();
	who_wants_to_look_green();
	pytest_runs();
	node_runs();
	commands_run();
	go_runs();
	fs_remove_tree(home, NULL);
	arena_drop(&a);
	return done();
}
