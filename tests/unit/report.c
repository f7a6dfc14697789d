/* Unit tests of suite/report and its parsers: what each format says, and what hostile ones get. */
#include "../tap.h"
#include "base/err.h"
#include "base/fs.h"
#include "suite/report.h"

#include <stdlib.h>

static struct arena a;
typedef int parser(struct report *, struct bytes, struct err *);

static struct report parse_bytes(parser *fn, struct bytes in, bool want, const char *name)
{
	struct report r = { .a = &a };
	struct err e = { 0 };
	int got = fn(&r, in, &e);

	ok((got == 0) == want, "%s%s%s", name, e.text[0] ? ": " : "", e.text);
	return r;
}

static struct report parse(parser *fn, const char *text, bool want, const char *name)
{
	return parse_bytes(fn, bytes_of(text), want, name);
}

static struct report seed(parser *fn, const char *path, bool want, const char *name)
{
	auto_buf b = buf_max(1 << 20);

	if (fs_read_file(arena_printf(&a, "tests/fuzz/corpus/%s", path), &b, NULL) < 0)
		ok(false, "%s can be read", path);
	return parse_bytes(fn, (struct bytes){ arena_memdup(&a, b.p, b.n), b.n }, want, name);
}

static int count(const struct report *r, enum test_state s)
{
	int n = 0;

	for (int i = 0; i < r->n; i++)
		n += r->tests[i].state == s;
	return n;
}

/* "1 passed, 2 failed, ..." */
static const char *counts(const struct report *r)
{
	return arena_printf(&a, "%d passed, %d failed, %d errors, %d skipped", count(r, TEST_PASSED), count(r, TEST_FAILED),
			    count(r, TEST_ERROR), count(r, TEST_SKIPPED));
}

static const struct suite_test *named(const struct report *r, const char *name)
{
	static const struct suite_test none = { .name = "", .message = "" };

	for (int i = 0; i < r->n; i++)
		if (!strcmp(r->tests[i].name, name))
			return &r->tests[i];
	ok(false, "there is a test %s", name);
	for (int i = 0; i < r->n; i++)
		printf("#   seen: %s\n", r->tests[i].name);
	return &none;
}

static void our_own_reports_are_read(void)
{
	struct report r = seed(lines_parse, "lines/unittest.jsonl", true, "a report of the python runner is read");
	const struct suite_test *t = named(&r, "tests/test_core.py::CoreTest::test_wrong");

	is_text(counts(&r), "1 passed, 2 failed, 4 errors, 1 skipped", "with every outcome");
	is_text(t->file, "tests/test_core.py", "a failure has its file");
	is_whole(t->line, 9, "its line");
	ok(t->message && strstr(t->message, "AssertionError: 3 != 4"), "and its message");
	ok(r.ended && !r.fault, "and the report ended as announced");
	is_text(r.runner, "unittest", "by a runner that says its name");
	r = seed(lines_parse, "lines/torn.jsonl", true, "a report that was torn off keeps what it has");
	ok(!r.ended, "but did not end");
	r = parse(lines_parse, "{\"test\":\"a\",\"state\":\"passed\"}\n{\"end\":2,\"status\":0}\n", true, "a wrong number of tests");
	ok(r.fault && strstr(r.fault, "ends with 2 tests, but names 1"), "is a fault: %s", r.fault ? r.fault : "");
	seed(lines_parse, "lines/wrong-end.jsonl", false, "a line behind the end is refused");
	parse(lines_parse, "{\"test\":\"a\",\"state\":\"fine\"}\n{}\n", false, "an unknown outcome is refused");
	parse(lines_parse, "hello\n{\"end\":0}\n", false, "what is no JSON is refused");
	r = parse(lines_parse, "{\"start\":\"tests/a.py::T::test_x\"}\n", true, "a test that began");
	is_text(r.running, "tests/a.py::T::test_x", "and did not end is remembered");
}

static void junit_is_read(void)
{
	struct report r = seed(junit_parse, "junit/maven.xml", true, "a report of Maven is read");
	const struct suite_test *t = named(&r, "shop.ItemTest.deletes");

	is_text(counts(&r), "1 passed, 1 failed, 1 errors, 1 skipped", "with every outcome");
	is_text(t->file, "ItemTest.java", "a failure's file comes from its trace");
	is_whole(t->line, 17, "and its line");
	ok(t->message && !strncmp(t->message, "expected: <1> but was: <2>\n", 27), "its message comes first");
	is_text(named(&r, "shop.ItemTest.reads")->message, "java.lang.NullPointerException", "an error's type is its message");
	r = seed(junit_parse, "junit/pytest.xml", true, "a report of pytest is read");
	t = named(&r, "tests.test_core.CoreTest.test_raises");
	is_text(t->file, "tests/test_core.py", "with the file that it names");
	is_whole(t->line, 11, "and the line of the failure in it");
	seed(junit_parse, "junit/node.xml", true, "a report of node is read");
	r = seed(junit_parse, "junit/announced-only.xml", true, "failures that are announced and not shown");
	ok(r.fault != NULL, "are a fault: %s", r.fault ? r.fault : "");
	seed(junit_parse, "junit/billion-laughs.xml", false, "a document with entities is refused");
	seed(junit_parse, "junit/external-entity.xml", false, "and so is one with external entities");
	seed(junit_parse, "junit/cut.xml", false, "a cut document is refused");
	parse(junit_parse, "<html><testcase name='a'/></html>", false, "another root element is refused");
	parse(junit_parse, "", false, "an empty one is refused");
	parse(junit_parse, "<testsuite><testcase/></testsuite>", false, "a test without a name is refused");
}

static void junit_is_bounded(void)
{
	auto_buf b = buf_max(64 << 20);
	struct report r;

	for (int i = 0; i < 100; i++)
		buf_add_str(&b, "<testsuite>");
	parse_bytes(junit_parse, buf_bytes(&b), false, "deep nesting is refused");
	buf_clear(&b);
	buf_add_str(&b, "<testsuite><testcase name=\"");
	memset(buf_room(&b, 20 << 20), 'x', 20 << 20);
	b.n += 20 << 20;
	buf_add_str(&b, "\"/></testsuite>");
	r = parse_bytes(junit_parse, buf_bytes(&b), true, "a name of 20 MB");
	ok(r.n == 1 && strlen(r.tests[0].name) <= REPORT_NAME_MAX, "is cut");
	buf_clear(&b);
	buf_add_str(&b, "<testsuite>");
	for (int i = 0; i < REPORT_TESTS_MAX + 1; i++)
		buf_printf(&b, "<testcase name=\"%d\"/>", i);
	buf_add_str(&b, "</testsuite>");
	parse_bytes(junit_parse, buf_bytes(&b), false, "too many tests are refused");
	arena_drop(&a);
}

static void tap_is_read(void)
{
	struct report r = seed(tap_parse, "tap/tap14.tap", true, "TAP 14 with subtests is read");

	is_text(counts(&r), "2 passed, 1 failed, 0 errors, 2 skipped", "subtests count, their sums do not");
	named(&r, "outer > deeper > deepest");
	ok(strstr(named(&r, "outer > inner")->message, "got 1") != NULL, "a YAML block becomes the message");
	ok(!r.fault, "the plan is met");
	r = seed(tap_parse, "tap/node.tap", true, "TAP of node is read");
	is_text(named(&r, "outer > inner b")->message ? "yes" : NULL, "yes", "with messages");
	ok(strstr(named(&r, "wrong")->message, "1 !== 2") != NULL, "of more than one line");
	r = seed(tap_parse, "tap/plan-not-met.tap", true, "a plan that is not met");
	ok(r.fault != NULL, "is a fault: %s", r.fault ? r.fault : "");
	r = seed(tap_parse, "tap/bail-out.tap", true, "bailing out");
	is_text(r.fault, "Bail out! no database", "is a fault");
	r = parse(tap_parse, "ok 1 - a\n", true, "a report without a plan");
	ok(r.fault != NULL, "is a fault: %s", r.fault ? r.fault : "");
	r = parse(tap_parse, "1..2\nnot ok 1 - sum\n  ---\n  never closed\nok 2 - b\n", true, "a YAML block that is not closed");
	is_whole(r.n, 2, "ends at the next line that stands further left");
	r = parse(tap_parse, "1..2\nok 1 - same\nnot ok 2 - same\n", true, "a name that comes twice");
	is_text(counts(&r), "0 passed, 1 failed, 0 errors, 0 skipped", "keeps its worst outcome");
	parse(tap_parse, "1..1\n1..1\nok 1\n", false, "two plans are refused");
}

static void go_json_is_read(void)
{
	struct report r = seed(gojson_parse, "gojson/go.jsonl", true, "go's events are read");
	const struct suite_test *t = named(&r, "example.com/shop/item.TestWrong");

	is_text(counts(&r), "3 passed, 3 failed, 1 errors, 1 skipped", "subtests count, their sums do not");
	is_text(t->message, "item_test.go:11: got 3, want 4", "what a test printed is its message");
	is_whole(t->line, 11, "with its line");
	t = named(&r, "example.com/shop/broken");
	ok(t->state == TEST_ERROR && t->message && strstr(t->message, "undefined: undefined"), "a package that does not build is an error");
	is_whole(t->line, 5, "with the compiler's line");
	ok(!r.fault, "every package came to its end %s", r.fault ? r.fault : "");
	r = seed(gojson_parse, "gojson/no-end.jsonl", true, "a package without its end");
	ok(r.fault != NULL, "is a fault: %s", r.fault ? r.fault : "");
	r = seed(gojson_parse, "gojson/ended-while-it-ran.jsonl", true, "a test whose package ended");
	is_text(counts(&r), "0 passed, 0 failed, 1 errors, 0 skipped", "is an error");
	parse(gojson_parse, "no test files\n", false, "no event at all is refused");
}

static void text_for_people_is_read(void)
{
	struct report r = seed(text_parse, "text/unittest-v.txt", true, "unittest -v is read");

	is_text(counts(&r), "1 passed, 2 failed, 4 errors, 1 skipped", "with every outcome");
	ok(strstr(named(&r, "test_wrong (test_core.CoreTest.test_wrong)")->message, "3 != 4") != NULL, "and its traceback");
	r = seed(text_parse, "text/pytest-v.txt", true, "pytest -v is read");
	is_text(counts(&r), "1 passed, 3 failed, 3 errors, 1 skipped", "with every outcome");
	is_text(named(&r, "tests/test_core.py::CoreTest::test_adds")->file, "tests/test_core.py", "and the files");
	r = seed(text_parse, "text/go-v.txt", true, "go test -v is read");
	ok(named(&r, "TestSub/bad")->state == TEST_FAILED, "with subtests");
	r = seed(text_parse, "text/node-spec.txt", true, "node's text is read");
	ok(named(&r, "adds")->state == TEST_PASSED, "by its marks");
	r = seed(text_parse, "text/jest.txt", true, "jest's text is read");
	is_text(counts(&r), "1 passed, 1 failed, 0 errors, 1 skipped", "by its marks");
	r = seed(text_parse, "text/cargo.txt", true, "cargo's text is read");
	is_text(counts(&r), "1 passed, 1 failed, 0 errors, 0 skipped", "by its words");
	parse(text_parse, "42 passed in 1.2s\nOK\nall good\n", false, "sums without names are no report");
	parse(report_parse, "42 passed in 1.2s\n", false, "whatever the parser");
	r = seed(report_parse, "tap/node.tap", true, "a format is told by its look: TAP");
	r = seed(report_parse, "junit/node.xml", true, "JUnit");
	r = seed(report_parse, "gojson/go.jsonl", true, "go's JSON");
	is_whole(named(&r, "example.com/shop/item.TestWrong")->line, 11, "as itself");
}

static void long_lines_cost_little(void)
{
	static parser *const all[] = { lines_parse, junit_parse, tap_parse, gojson_parse, text_parse, report_parse };
	size_t n = 100 << 20;
	char *line = malloc(n);
	struct report r = { .a = &a };

	if (!line)
		return;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct err e = { 0 };

		memset(line, 'x', n);
		ok(all[i](&r, (struct bytes){ line, n }, &e) < 0 || !r.n, "a line of 100 MB is no report for parser %zu", i);
	}
	memcpy(line, "1..1\nok 1 - ", 12);
	r = parse_bytes(tap_parse, (struct bytes){ line, n }, true, "a name of 100 MB");
	ok(r.n == 1 && strlen(r.tests[0].name) <= REPORT_NAME_MAX, "is cut");
	free(line);
	arena_drop(&a);
}

static void texts_are_cleaned(void)
{
	static const char nul[] = "a\0b";

	is_text(text_clean(&a, bytes_of("\033[31mred\033[0m \033]0;title\007x\r\n"), 100, true), "red x\n", "escape sequences go");
	is_text(text_clean(&a, bytes_of("a\nb\tc"), 100, false), "a b c", "in a name lines are joined");
	is_text(text_clean(&a, (struct bytes){ nul, 3 }, 100, true), "a?b", "a NUL is shown");
	is_text(text_clean(&a, bytes_of("\xc3\xa4 \xff \xed\xa0\x80 \xc2\x9b"), 100, true), "\xc3\xa4 ? ??? ??", "only UTF-8 stays");
	ok(strlen(text_clean(&a, bytes_of(arena_printf(&a, "%01000d", 7)), 100, true)) <= 100, "a long one is cut");
	ok(strstr(text_clean(&a, bytes_of(arena_printf(&a, "%01000d", 7)), 100, true), "[...]") != NULL, "in the middle");
	is_text(text_clean(&a, bytes_of("\033"), 9, true), "", "an escape alone is nothing");
	is_whole(text_place(bytes_of("x\n  File \"/tmp/t/tests/test_a.py\", line 12, in f\n"), bytes_of("tests/test_a.py"), NULL), 12,
		 "a place of python's");
	is_whole(text_place(bytes_of("a 10:30 b.c:7: no"), (struct bytes){ 0 }, NULL), 7, "a time is no place");
}

int main(void)
{
	our_own_reports_are_read();
	junit_is_read();
	junit_is_bounded();
	tap_is_read();
	go_json_is_read();
	text_for_people_is_read();
	long_lines_cost_little();
	texts_are_cleaned();
	arena_drop(&a);
	return done();
}
