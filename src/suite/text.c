/*
 * What runners print for people, for commands that write no report: only lines that name a test and its outcome count.
 *
 *   tests/test_item.py::test_create PASSED        FAILED tests/test_item.py::test_create - why     (pytest)
 *   test_create (tests.test_item.ItemTest) ... ok                                                  (unittest -v)
 *   --- PASS: TestCreate (0.00s)                                                                   (go test -v)
 *   test item::create ... ok                                                                       (cargo)
 *   v create (1 ms)      with a check mark or a cross                                              (node, jest, mocha)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "suite/report.h"

struct word {
	const char *text;
	enum test_state state;
};

static const struct word pytest_words[] = {
	{ "PASSED", TEST_PASSED }, { "FAILED", TEST_FAILED },   { "ERROR", TEST_ERROR },   { "SKIPPED", TEST_SKIPPED },
	{ "XFAIL", TEST_SKIPPED }, { "XPASS", TEST_PASSED },    { NULL, TEST_PASSED },
};
static const struct word dotted_words[] = {
	{ "ok", TEST_PASSED },       { "FAIL", TEST_FAILED },    { "FAILED", TEST_FAILED }, { "ERROR", TEST_ERROR },
	{ "skipped", TEST_SKIPPED }, { "ignored", TEST_SKIPPED }, { "expected failure", TEST_PASSED },
	{ "unexpected success", TEST_FAILED },                   { NULL, TEST_PASSED },
};
static const struct word go_words[] = {
	{ "--- PASS: ", TEST_PASSED }, { "--- FAIL: ", TEST_FAILED }, { "--- SKIP: ", TEST_SKIPPED }, { NULL, TEST_PASSED },
};
static const struct word marks[] = {
	{ "\xe2\x9c\x93 ", TEST_PASSED }, { "\xe2\x9c\x94 ", TEST_PASSED },                                       /* check marks */
	{ "\xe2\x9c\x95 ", TEST_FAILED }, { "\xe2\x9c\x96 ", TEST_FAILED }, { "\xe2\x9c\x97 ", TEST_FAILED },
	{ "\xc3\x97 ", TEST_FAILED },                                                                             /* crosses     */
	{ "\xef\xb9\xa3 ", TEST_SKIPPED }, { "\xe2\x97\x8b ", TEST_SKIPPED }, { NULL, TEST_PASSED },
};

/* The word that s begins with, whole. */
static const struct word *word_at(const struct word *list, struct bytes s)
{
	const struct word *best = NULL;

	for (; list->text; list++) {
		size_t n = strlen(list->text);

		if (bytes_start(s, list->text) && (list->text[n - 1] == ' ' || s.n == n || s.p[n] == ' ' || s.p[n] == '('))
			best = !best || n > strlen(best->text) ? list : best;
	}
	return best;
}

static size_t find(struct bytes s, const char *what)
{
	const char *p = s.n ? memmem(s.p, s.n, what, strlen(what)) : NULL;

	return p ? (size_t)(p - s.p) : s.n;
}

/* Without " (0.00s)", " (1.2ms)" at its end. */
static struct bytes without_time(struct bytes s)
{
	for (size_t i = s.n; i > 1; i--)
		if (s.p[i - 1] == '(' && s.p[i - 2] == ' ') {
			if (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
				s.n = i - 2;
			break;
		}
	return bytes_trim(s);
}

static int add(struct report *r, struct bytes name, enum test_state state, struct bytes message, struct err *e)
{
	struct report_entry x = { .name = name, .state = state, .message = message };
	size_t at = find(name, "::");

	if (at < name.n && at > 3 && !memcmp(name.p + at - 3, ".py", 3))
		x.file = (struct bytes){ name.p, at };
	x.line = text_place(message, x.file, NULL);
	return report_add(r, &x, NULL, e);
}

static int pytest_line(struct report *r, struct bytes s, struct err *e)
{
	const struct word *w = word_at(pytest_words, s);
	size_t space = find(s, " "), dash;
	struct bytes name, message = { 0 };

	if (w && (w->state == TEST_FAILED || w->state == TEST_ERROR)) { /* of the short summary */
		name = bytes_trim(bytes_from(s, strlen(w->text)));
		dash = find(name, " - ");
		message = bytes_from(name, dash + 3);
		name.n = dash;
		if (find(name, ".py") == name.n || find(name, " ") < name.n)
			return 0;
		return add(r, name, w->state, message, e);
	}
	name = (struct bytes){ s.p, space };
	if (find(name, ".py::") == name.n || !(w = word_at(pytest_words, bytes_trim(bytes_from(s, space)))))
		return 0;
	return add(r, name, w->state, message, e);
}

/* "NAME ... OUTCOME"; *open keeps a name whose outcome comes on a later line. */
static int dotted_line(struct report *r, struct bytes s, struct bytes *open, struct err *e)
{
	size_t at = find(s, " ... "), close = find(s, ")");
	bool head = bytes_start(s, "test") && find(s, " (") < close && close < s.n;
	struct bytes name = { s.p, at };
	struct bytes outcome = s;
	const struct word *w;

	if (bytes_start(s, "test ") && at < s.n)
		name = bytes_from(name, 5);
	else if (head)
		name.n = close + 1;
	else if (open->n && (at < s.n || word_at(dotted_words, s)))
		name = *open;
	else
		return 0;
	if (at < s.n)
		outcome = bytes_trim(bytes_from(s, at + 5));
	else if (head)
		outcome.n = 0;
	w = word_at(dotted_words, outcome);
	*open = name;
	if (w)
		open->n = 0;
	return w && name.n ? add(r, name, w->state, (struct bytes){ 0 }, e) : 0;
}

/* unittest's "FAIL: test_x (tests.test_a.T)" with dashes, a traceback, and dashes or "===" behind. */
static int block(struct report *r, struct bytes s, struct bytes rest, struct err *e)
{
	enum test_state state = bytes_start(s, "FAIL: ") ? TEST_FAILED : TEST_ERROR;
	struct bytes name = bytes_from(s, state == TEST_FAILED ? 6 : 7), line, message;
	size_t close = find(name, ")");

	if (close < name.n)
		name.n = close + 1; /* " (i=1)" of a subtest stands behind */
	if (!text_line(&rest, &line) || !bytes_start(line, "----------"))
		return 0;
	message = rest;
	message.n = 0;
	while (message.n < 64 << 10 && text_line(&rest, &line) && !bytes_start(line, "=====") && !bytes_start(line, "----------"))
		message.n = (size_t)(line.p + line.n - message.p);
	return add(r, name, state, bytes_trim(message), e);
}

int text_parse(struct report *r, struct bytes in, struct err *e)
{
	struct bytes line, open = { 0 };
	const struct word *w;
	int result = 0;

	while (result == 0 && text_line(&in, &line)) {
		struct bytes s = bytes_trim(line);

		if (!s.n || s.n > 4096)
			continue;
		if (bytes_start(s, "FAIL: ") || bytes_start(s, "ERROR: "))
			result = block(r, s, in, e);
		else if ((w = word_at(go_words, s)))
			result = add(r, without_time(bytes_from(s, strlen(w->text))), w->state, (struct bytes){ 0 }, e);
		else if ((w = word_at(marks, s)))
			result = add(r, without_time(bytes_from(s, strlen(w->text))), w->state, (struct bytes){ 0 }, e);
		else if (find(s, ".py") < s.n && (find(s, "::") < s.n || bytes_start(s, "ERROR ")))
			result = pytest_line(r, s, e);
		else
			result = dotted_line(r, s, &open, e);
	}
	if (result < 0)
		return err_wrap(e, "output of the tests");
	if (!r->n)
		return err_set(e, ERR_INPUT, "no line names a test and its outcome");
	r->ended = true;
	return 0;
}

static bool has_line(struct bytes in, const char *beginning)
{
	struct bytes line;

	while (text_line(&in, &line))
		if (bytes_start(line, beginning))
			return true;
	return false;
}

int report_parse(struct report *r, struct bytes in, struct err *e)
{
	struct bytes s = bytes_trim(in);

	if (bytes_start(s, "\xef\xbb\xbf"))
		s = bytes_from(s, 3);
	if (bytes_start(s, "<"))
		return junit_parse(r, s, e);
	if (has_line(s, "{\"Time\":") || has_line(s, "{\"Action\":") || has_line(s, "{\"ImportPath\":"))
		return gojson_parse(r, s, e);
	if (has_line(s, "TAP version 1") ||
	    (has_line(s, "1..") && (has_line(s, "ok ") || has_line(s, "not ok ") || has_line(s, "1..0"))))
		return tap_parse(r, s, e);
	return text_parse(r, s, e);
}
