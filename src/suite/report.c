/*
 * Collecting the tests of a report.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "suite/report.h"

#include "base/err.h"

#include <ctype.h>

uint32_t bytes_hash(struct bytes s)
{
	uint64_t h = 1469598103934665603u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return (uint32_t)(h ^ (h >> 32));
}

/* The slot of that name: its own, or the free one where it belongs. */
static int32_t *slot_of(const struct report *r, struct bytes name)
{
	for (uint32_t at = bytes_hash(name);; at++) {
		int32_t *s = &r->slots[at & (r->slots_n - 1)];

		if (!*s || bytes_equal(bytes_of(r->tests[*s - 1].name), name))
			return s;
	}
}

static void grow(struct report *r)
{
	struct suite_test *more = arena_array(r->a, (size_t)(r->cap ? r->cap * 2 : 64), sizeof(*more));

	if (r->n)
		memcpy(more, r->tests, (size_t)r->n * sizeof(*more));
	r->tests = more;
	r->cap = r->cap ? r->cap * 2 : 64;
	r->slots_n = (uint32_t)r->cap * 2;
	r->slots = arena_array(r->a, r->slots_n, sizeof(*r->slots));
	for (int i = 0; i < r->n; i++)
		*slot_of(r, bytes_of(r->tests[i].name)) = i + 1;
}

struct suite_test *report_find(const struct report *r, struct bytes name)
{
	int32_t *s = r->n ? slot_of(r, name) : NULL;

	return s && *s ? &r->tests[*s - 1] : NULL;
}

/* Which of two outcomes of one name counts. */
static int weight(enum test_state s)
{
	return s == TEST_FAILED ? 3 : s == TEST_ERROR ? 2 : s == TEST_PASSED ? 1 : 0;
}

static void test_fill(struct report *r, struct suite_test *t, const struct report_entry *x)
{
	t->state = x->state;
	if (x->file.n)
		t->file = text_clean(r->a, x->file, REPORT_NAME_MAX, false);
	if (x->state == TEST_PASSED)
		t->message = NULL;
	else if (x->message.n)
		t->message = text_clean(r->a, x->message, REPORT_MESSAGE_MAX, true);
	t->line = x->line > 0 && (x->state == TEST_FAILED || x->state == TEST_ERROR) ? x->line : 0;
}

int report_add(struct report *r, const struct report_entry *x, struct suite_test **out, struct err *e)
{
	struct bytes name = bytes_of(text_clean(r->a, bytes_trim(x->name), REPORT_NAME_MAX, false));
	struct suite_test *t;

	if (!name.n)
		return err_set(e, ERR_INPUT, "a test without a name");
	r->seen++;
	t = report_find(r, name);
	if (!t) {
		if (r->n == REPORT_TESTS_MAX)
			return err_set(e, ERR_INPUT, "more than %d tests", REPORT_TESTS_MAX);
		if (r->n == r->cap)
			grow(r);
		t = &r->tests[r->n++];
		t->name = name.p;
		*slot_of(r, name) = r->n;
		test_fill(r, t, x);
	} else if (weight(x->state) > weight(t->state) || (x->state == t->state && !t->message)) {
		test_fill(r, t, x);
	}
	if (x->ms > 0 && x->ms < INT64_MAX / 4 && t->ms < INT64_MAX / 4)
		t->ms += x->ms;
	if (out)
		*out = t;
	return 0;
}

void report_fault(struct report *r, const char *fmt, ...)
{
	va_list ap;

	if (r->fault)
		return;
	va_start(ap, fmt);
	r->fault = arena_vprintf(r->a, fmt, ap);
	va_end(ap);
}

bool text_line(struct bytes *rest, struct bytes *line)
{
	const char *newline;

	if (!rest->n)
		return false;
	newline = memchr(rest->p, '\n', rest->n);
	*line = (struct bytes){ rest->p, newline ? (size_t)(newline - rest->p) : rest->n };
	*rest = bytes_from(*rest, line->n + 1);
	if (line->n && line->p[line->n - 1] == '\r')
		line->n--;
	return true;
}

bool bytes_start(struct bytes s, const char *beginning)
{
	size_t n = strlen(beginning);

	return s.n >= n && !memcmp(s.p, beginning, n);
}

struct bytes bytes_trim(struct bytes s)
{
	while (s.n && strchr(" \t\r\n", s.p[0]) && s.p[0])
		s = bytes_from(s, 1);
	while (s.n && strchr(" \t\r\n", s.p[s.n - 1]) && s.p[s.n - 1])
		s.n--;
	return s;
}

/* Length of the escape sequence at p (ECMA-48): CSI up to its final byte, OSC and the other strings up to BEL or ST. */
static size_t escape_len(const char *p, const char *end)
{
	const char *q = p + 1;

	if (q == end)
		return 1;
	if (*q == '[') {
		for (q++; q < end && *q >= 0x20 && *q < 0x40; q++)
			;
		return (size_t)(q - p) + (q < end && *q >= 0x40 && *q < 0x7f);
	}
	if (memchr("]P^_X", *q, 5)) {
		for (q++; q < end && *q != '\n'; q++) {
			if (*q == 7)
				return (size_t)(q - p) + 1;
			if (*q == 27 && q + 1 < end && q[1] == '\\')
				return (size_t)(q - p) + 2;
		}
		return (size_t)(q - p);
	}
	return *q >= 0x20 && *q < 0x7f ? 2 : 1;
}

/* Bytes of the character at p when it is well-formed UTF-8 of more than one byte and no C1 control; 0 otherwise. */
static size_t wide_len(const unsigned char *p, const unsigned char *end)
{
	size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;

	if (!n || (size_t)(end - p) < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xc2 && p[1] < 0xa0) || (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

/* Cuts the middle out of s, at borders of characters. */
static char *text_cut(struct arena *a, const char *s, size_t n, size_t max)
{
	static const char mark[] = " [...] ";
	size_t head = (max - sizeof(mark)) * 3 / 4, tail = max - sizeof(mark) - head;
	const char *end = s + n - tail;

	while (head && ((unsigned char)s[head] & 0xc0) == 0x80)
		head--;
	while (*end && ((unsigned char)*end & 0xc0) == 0x80)
		end++;
	return arena_printf(a, "%.*s%s%s", (int)head, s, mark, end);
}

char *text_clean(struct arena *a, struct bytes in, size_t max, bool lines)
{
	auto_buf b = buf_max(4 * max + 64);
	const char *p = in.p, *end = in.p + in.n;

	/* Of what is far too long, only a head and a tail are looked at. */
	while (p < end && b.n < 4 * max) {
		unsigned char c = (unsigned char)*p;
		size_t n = 1;

		if (b.n >= 2 * max && (size_t)(end - p) > 2 * max) {
			p = end - max;
			continue;
		}
		if (c == 27) {
			n = escape_len(p, end);
		} else if (c >= 0x80 && (n = wide_len((const unsigned char *)p, (const unsigned char *)end)) > 0) {
			buf_add(&b, p, n);
		} else if (c == '\n' || c == '\t') {
			buf_add_char(&b, lines ? (char)c : ' ');
			n = 1;
		} else if (c != '\r') {
			buf_add_char(&b, c < 0x20 || c >= 0x7f ? '?' : (char)c);
			n = 1;
		}
		p += n;
	}
	if (b.n > max)
		return text_cut(a, buf_str(&b), b.n, max);
	return arena_memdup(a, buf_str(&b), b.n);
}

static bool is_path_char(char c)
{
	return isalnum((unsigned char)c) || strchr("_-./+@", c);
}

/* Digits at s; 0 when there are none or it is no sane line number. */
static int number_at(struct bytes s)
{
	int n = 0;
	size_t i;

	for (i = 0; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++) {
		if (i == 8)
			return 0;
		n = n * 10 + (s.p[i] - '0');
	}
	return n;
}

static bool ends_with(struct bytes path, struct bytes file)
{
	return path.n >= file.n && bytes_equal(bytes_from(path, path.n - file.n), file) &&
	       (path.n == file.n || path.p[path.n - file.n - 1] == '/');
}

int text_place(struct bytes s, struct bytes file, struct bytes *path)
{
	static const char quoted[] = "\", line ";
	int found = 0;

	for (size_t i = 1; i + 1 < s.n; i++) {
		struct bytes at;
		size_t start = i;
		int line = s.p[i] == ':' ? number_at(bytes_from(s, i + 1))
			 : s.p[i] == '"' && bytes_start(bytes_from(s, i), quoted)
				 ? number_at(bytes_from(s, i + sizeof(quoted) - 1)) : 0;

		if (!line)
			continue;
		while (start && i - start < REPORT_NAME_MAX && s.p[start - 1] && is_path_char(s.p[start - 1]))
			start--;
		at = (struct bytes){ s.p + start, i - start };
		if (at.n < 3 || !memchr(at.p + 1, '.', at.n - 1) || (file.n ? !ends_with(at, file) : at.p[0] == '/'))
			continue;
		if (path)
			*path = file.n ? file : at;
		found = line;
		if (!file.n)
			break;
	}
	return found;
}
