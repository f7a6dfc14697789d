/*
 * TAP 13 and 14 (https://testanything.org), with subtests and YAML blocks.
 *
 * A subtest's lines stand four blanks deeper, in front of the line that sums them up; that line names them ("outer >
 * inner"), so a run of subtests is held back until it comes. The sum itself counts only when it is red and none of its
 * subtests is. A plan is wanted: without one, or with another number of tests than planned, the report is at fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "suite/report.h"

#include <ctype.h>
#include <strings.h>

enum { TAP_DEPTH = REPORT_DEPTH_MAX / 4, YAML_MAX = 8 << 10 };

struct held {
	const char *name;
	struct bytes message;
	enum test_state state;
	int depth;
};

struct tap {
	struct report *r;
	struct held *held;
	int n, cap;
	int mark[TAP_DEPTH + 2];  /* where the subtests of the next line at that depth begin */
	int64_t planned, top;     /* -1: no plan yet                                         */
	int yaml;                 /* indent of the YAML block we are in, or -1               */
	struct buf text;          /* of that block                                           */
	bool fresh;               /* the last line was a test: a YAML block is its own       */
};

static struct held *hold(struct tap *t)
{
	if (t->n == t->cap) {
		int cap = t->cap ? t->cap * 2 : 64;
		struct held *more = arena_array(t->r->a, (size_t)cap, sizeof(*more));

		if (t->n)
			memcpy(more, t->held, (size_t)t->n * sizeof(*more));
		t->held = more;
		t->cap = cap;
	}
	return &t->held[t->n++];
}

/* "key: value" or "key: |-" with the lines beneath it; what a YAML block says of that key. */
static struct bytes yaml_value(struct bytes in, const char *key)
{
	struct bytes line, rest = in;

	while (text_line(&rest, &line)) {
		struct bytes s = bytes_trim(line), value, deeper;
		size_t indent = (size_t)(s.p - line.p);
		const char *from = rest.p;

		if (!bytes_start(s, key) || s.n <= strlen(key) || s.p[strlen(key)] != ':')
			continue;
		value = bytes_trim(bytes_from(s, strlen(key) + 1));
		if (value.n && value.p[0] != '|' && value.p[0] != '>') {
			if (value.n > 1 && strchr("'\"", value.p[0]) && value.p[value.n - 1] == value.p[0])
				value = (struct bytes){ value.p + 1, value.n - 2 };
			return value;
		}
		while (text_line(&rest, &deeper)) {
			struct bytes d = bytes_trim(deeper);

			if (d.n && (size_t)(d.p - deeper.p) <= indent)
				return bytes_trim((struct bytes){ from, (size_t)(deeper.p - from) });
		}
		return bytes_trim((struct bytes){ from, (size_t)(in.p + in.n - from) });
	}
	return (struct bytes){ 0 };
}

static void yaml_end(struct tap *t)
{
	struct bytes all = buf_bytes(&t->text), error = yaml_value(all, "error"), place = yaml_value(all, "location");
	struct held *h = &t->held[t->n - 1];
	char *text;

	if (!error.n)
		error = yaml_value(all, "message");
	if (!place.n)
		place = yaml_value(all, "at");
	text = error.n ? arena_printf(t->r->a, "%.*s\n%.*s", (int)error.n, error.p, (int)place.n, place.n ? place.p : "")
		       : arena_memdup(t->r->a, all.p, all.n);
	h->message = bytes_trim(bytes_of(text));
	t->yaml = -1;
	t->fresh = false;
	buf_clear(&t->text);
}

/* Adds what is held, when a line at depth 0 has come. */
static int flush(struct tap *t, struct err *e)
{
	for (int i = 0; i < t->n; i++) {
		struct held *h = &t->held[i];
		struct report_entry x = { .name = bytes_of(h->name), .message = h->message, .state = h->state };

		x.line = text_place(h->message, (struct bytes){ 0 }, &x.file);
		if (report_add(t->r, &x, NULL, e) < 0)
			return -1;
	}
	t->n = 0;
	memset(t->mark, 0, sizeof(t->mark));
	return 0;
}

/* A line that sums up the subtests in front of it: they get its name. True when it counts itself as well. */
static bool sum_up(struct tap *t, const char *name, int depth, enum test_state *state, bool todo)
{
	bool any = false, bad = false;

	for (int i = t->mark[depth]; i < t->n; i++) {
		struct held *h = &t->held[i];

		if (h->depth <= depth)
			continue;
		any = true;
		if (todo && h->state == TEST_FAILED)
			h->state = TEST_SKIPPED;
		bad |= h->state == TEST_FAILED;
		h->name = arena_printf(t->r->a, "%s > %.*s", name, REPORT_NAME_MAX, h->name);
		h->depth = depth; /* named from here up */
	}
	return !any || (*state == TEST_FAILED && !bad);
}

static struct bytes directive_of(struct bytes *desc)
{
	for (size_t i = 0; i < desc->n; i++)
		if (desc->p[i] == '#' && (i == 0 || desc->p[i - 1] == ' ')) {
			struct bytes d = bytes_trim(bytes_from(*desc, i + 1));

			if (d.n >= 4 && (!strncasecmp(d.p, "skip", 4) || !strncasecmp(d.p, "todo", 4))) {
				desc->n = i;
				return d;
			}
			if (bytes_start(d, "time=") || bytes_start(d, "duration_ms")) {
				desc->n = i;
				return (struct bytes){ 0 };
			}
		}
	return (struct bytes){ 0 };
}

/* s: what stands behind "ok" or "not ok". */
static int test_line(struct tap *t, int depth, bool good, struct bytes s, struct err *e)
{
	struct bytes desc = bytes_trim(s), number = desc, directive;
	enum test_state state = good ? TEST_PASSED : TEST_FAILED;
	const char *name;
	bool todo;

	for (number.n = 0; number.n < desc.n && isdigit((unsigned char)desc.p[number.n]); number.n++)
		;
	desc = bytes_trim(bytes_from(desc, number.n));
	if (bytes_start(desc, "- "))
		desc = bytes_from(desc, 2);
	directive = directive_of(&desc);
	todo = directive.n && !strncasecmp(directive.p, "todo", 4);
	if (directive.n && (good || todo))
		state = todo && good ? TEST_PASSED : TEST_SKIPPED;
	desc = bytes_trim(desc);
	name = desc.n ? text_clean(t->r->a, desc, REPORT_NAME_MAX, false)
		      : arena_printf(t->r->a, "test %lld", (long long)(depth ? t->n + 1 : t->top + 1));
	t->top += depth == 0;
	if (t->n >= REPORT_TESTS_MAX)
		return err_set(e, ERR_INPUT, "more than %d subtests", REPORT_TESTS_MAX);
	if (depth == 0 && t->n && t->held[t->n - 1].depth == 0 && flush(t, e) < 0)
		return -1;
	t->fresh = false;
	if (sum_up(t, name, depth, &state, todo)) {
		*hold(t) = (struct held){ name, state == TEST_SKIPPED ? directive : (struct bytes){ 0 }, state, depth };
		t->fresh = true;
	}
	for (int d = depth; d <= TAP_DEPTH; d++)
		t->mark[d] = t->n;
	return 0;
}

static int plan_line(struct tap *t, struct bytes s, struct err *e)
{
	int64_t n = 0;
	size_t i = 3;

	for (; i < s.n && isdigit((unsigned char)s.p[i]) && n < 1000000000; i++)
		n = n * 10 + (s.p[i] - '0');
	if (i == 3)
		return 0;
	if (t->planned >= 0)
		return err_set(e, ERR_INPUT, "a second plan");
	t->planned = n;
	return 0;
}

/* True when the line belongs to the YAML block that is open. */
static bool in_yaml(struct tap *t, struct bytes line, int indent, struct bytes s)
{
	size_t room = t->text.max - t->text.n;

	if (t->yaml < 0)
		return false;
	if (s.n && indent < t->yaml) { /* it was not closed */
		yaml_end(t);
		return false;
	}
	if (indent == t->yaml && s.n == 3 && bytes_start(s, "...")) {
		yaml_end(t);
	} else if (line.n < room) {
		buf_add(&t->text, line.p, line.n);
		buf_add_char(&t->text, '\n');
	}
	return true;
}

static int one_line(struct tap *t, struct bytes line, struct err *e)
{
	struct bytes s = line;
	int indent;

	while (s.n && s.p[0] == ' ')
		s = bytes_from(s, 1);
	indent = line.n - s.n > 4 * TAP_DEPTH ? 4 * TAP_DEPTH + 1 : (int)(line.n - s.n);
	s = bytes_trim(s);
	if (in_yaml(t, line, indent, s))
		return 0;
	if (t->fresh && indent % 4 == 2 && s.n == 3 && bytes_start(s, "---")) {
		t->yaml = indent;
		return 0;
	}
	if (indent % 4 || indent > 4 * TAP_DEPTH)
		return 0;
	if (bytes_start(s, "ok") && (s.n == 2 || s.p[2] == ' '))
		return test_line(t, indent / 4, true, bytes_from(s, 2), e);
	if (bytes_start(s, "not ok") && (s.n == 6 || s.p[6] == ' '))
		return test_line(t, indent / 4, false, bytes_from(s, 6), e);
	if (bytes_start(s, "Bail out!"))
		report_fault(t->r, "%s", text_clean(t->r->a, s, 200, false));
	else if (indent == 0 && bytes_start(s, "1.."))
		return plan_line(t, s, e);
	return 0;
}

int tap_parse(struct report *r, struct bytes in, struct err *e)
{
	struct tap t = { .r = r, .planned = -1, .yaml = -1, .text = buf_max(YAML_MAX) };
	struct bytes line;
	int n = 1, result = 0;

	for (; result == 0 && text_line(&in, &line); n++)
		result = one_line(&t, line, e);
	if (result == 0 && t.yaml >= 0)
		yaml_end(&t);
	if (result == 0) {
		for (int i = 0; i < t.n; i++)
			if (t.held[i].depth)
				report_fault(r, "the TAP report ends within subtests");
		result = flush(&t, e);
	}
	buf_drop(&t.text);
	if (result < 0)
		return err_wrap(e, "TAP, line %d", n - 1);
	if (t.planned < 0 && !t.top)
		return err_set(e, ERR_INPUT, "TAP: neither a plan nor a test");
	if (t.planned < 0)
		report_fault(r, "the TAP report has no plan");
	else if (t.planned != t.top)
		report_fault(r, "TAP planned %lld tests, and %lld were seen", (long long)t.planned, (long long)t.top);
	r->ended = true;
	return 0;
}
