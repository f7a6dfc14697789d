/*
 * Our own reports: JSON lines by share/suite/python_tests.py and node_reporter.mjs (docs/formats/test-report.md).
 *
 *   {"runner":"unittest","version":"3.11.2"}
 *   {"start":"tests/test_item.py::ItemTest::test_create"}
 *   {"test":"tests/test_item.py::ItemTest::test_create","state":"passed","ms":3,"file":"tests/test_item.py"}
 *   {"end":1,"status":0}
 *
 * A report without its end, with another number of tests than its end says, or with lines behind it proves nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "suite/report.h"

static int state_parse(const char *s, enum test_state *out, struct err *e)
{
	static const char *const names[] = {
		[TEST_PASSED] = "passed", [TEST_FAILED] = "failed", [TEST_ERROR] = "error", [TEST_SKIPPED] = "skipped",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], s))
			return *out = (enum test_state)i, 0;
	return err_set(e, ERR_INPUT, "\"%.20s\" is no outcome of a test", s);
}

static int test_line(struct report *r, const json_t *v, const char *name, struct err *e)
{
	int64_t line = json_whole(v, "line", 0);
	struct report_entry x = {
		.name = bytes_of(name), .file = bytes_of(json_text(v, "file")), .message = bytes_of(json_text(v, "message")),
		.ms = json_whole(v, "ms", 0), .line = line > 0 && line < 100000000 ? (int)line : 0,
	};

	r->running = NULL;
	if (state_parse(json_text_or(v, "state", ""), &x.state, e) < 0)
		return -1;
	return report_add(r, &x, NULL, e);
}

static int one_line(struct report *r, struct bytes line, struct err *e)
{
	auto_json *v = NULL;
	const char *text;

	if (line.n > REPORT_LINE_MAX)
		return err_set(e, ERR_INPUT, "it has more than %d bytes", REPORT_LINE_MAX);
	if (json_parse_model(line, &v, e) < 0)
		return -1;
	if (!json_is_object(v))
		return err_set(e, ERR_INPUT, "not an object");
	if (r->ended)
		return err_set(e, ERR_INPUT, "a line behind the end of the report");
	if ((text = json_text(v, "test")))
		return test_line(r, v, text, e);
	if ((text = json_text(v, "start")))
		r->running = text_clean(r->a, bytes_of(text), REPORT_NAME_MAX, false);
	else if ((text = json_text(v, "runner")))
		r->runner = text_clean(r->a, bytes_of(text), 20, false);
	else if (json_is_integer(json_object_get(v, "end"))) {
		r->ended = true;
		r->running = NULL;
		if (json_whole(v, "end", -1) != r->seen)
			report_fault(r, "the report ends with %lld tests, but names %lld", (long long)json_whole(v, "end", -1),
				     (long long)r->seen);
	} else {
		return err_set(e, ERR_INPUT, "neither a test, a start, a runner nor an end");
	}
	return 0;
}

int lines_parse(struct report *r, struct bytes in, struct err *e)
{
	struct bytes line;

	for (int n = 1; text_line(&in, &line); n++) {
		if (!line.n)
			continue;
		if (one_line(r, line, e) < 0) {
			if (!in.n && !r->ended) /* torn off in the middle by the end of the runner: what came before stands */
				return 0;
			return err_wrap(e, "line %d of the report", n);
		}
	}
	return 0;
}
