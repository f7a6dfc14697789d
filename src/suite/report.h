/*
 * What a report becomes while it is read: tests by name, each once, with its worst outcome.
 *
 * A report is written by a process that runs the code under test, so every parser of one (lines, junit, tap, gojson,
 * text) adds what it found through here: names and messages are cleaned and bounded, a name that comes twice keeps its
 * worst outcome, and more tests than REPORT_TESTS_MAX make the report unusable rather than large.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SUITE_REPORT_H
#define SUITE_REPORT_H

#include "suite/suite.h"

struct err;

enum {
	REPORT_BYTES_MAX = 64 << 20, /* of a report                                        */
	REPORT_LINE_MAX = 1 << 20,   /* of one JSON line                                   */
	REPORT_TESTS_MAX = 200000,
	REPORT_NAME_MAX = 500,       /* bytes of a name or a path                          */
	REPORT_MESSAGE_MAX = 2000,   /* bytes of a message                                 */
	REPORT_DEPTH_MAX = 64,       /* of XML elements; a quarter of it for TAP's subtests */
};

struct report {
	struct arena *a;
	struct suite_test *tests;
	int n, cap;
	int32_t *slots;        /* hash table: index of a test + 1, 0 is free */
	uint32_t slots_n;
	int64_t seen;          /* results added, doubled names counted each time */
	const char *runner;    /* as the report names it, or NULL                */
	const char *running;   /* the test that had begun last and not ended     */
	bool ended;            /* the report came to its end                     */
	const char *fault;     /* why it proves nothing even so, or NULL         */
};

/* Of a test, as a parser found it; texts need not be clean or NUL-ended, and are copied. */
struct report_entry {
	struct bytes name, file, message;
	int line;
	int64_t ms;
	enum test_state state;
};

/* ERR_INPUT for a test without a name or one too many. *out, which may be NULL, lives until the next addition. */
int report_add(struct report *r, const struct report_entry *x, struct suite_test **out, struct err *e);
/* The test of that name, or NULL. */
struct suite_test *report_find(const struct report *r, struct bytes name);
/* The first fault counts. */
void report_fault(struct report *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Without escape sequences and control characters (newline and tab stay when `lines`), valid UTF-8, at most max bytes
 * with the middle left out. Never NULL. */
char *text_clean(struct arena *a, struct bytes in, size_t max, bool lines);

/* The next line of *rest, without its newline; false at the end. */
bool text_line(struct bytes *rest, struct bytes *line);
uint32_t bytes_hash(struct bytes s); /* FNV-1a: for tables, not against collisions made on purpose */
bool bytes_start(struct bytes s, const char *beginning);
struct bytes bytes_trim(struct bytes s); /* blanks, tabs, returns, newlines at both ends */
static inline struct bytes bytes_from(struct bytes s, size_t at)
{
	return at < s.n ? (struct bytes){ s.p + at, s.n - at } : (struct bytes){ s.p + s.n, 0 };
}

/* Finds "path.ext:LINE" or 'File "path.py", line LINE' in a message: the last of `file` when that is given, else the
 * first of a relative path. Returns the line or 0; *path (may be NULL) is set when the place was found. */
int text_place(struct bytes message, struct bytes file, struct bytes *path);

/* The parsers. Each adds to r; -1 when the bytes are no such report. */
int lines_parse(struct report *r, struct bytes in, struct err *e);   /* our own: docs/formats/test-report.md    */
int junit_parse(struct report *r, struct bytes in, struct err *e);
int tap_parse(struct report *r, struct bytes in, struct err *e);
int gojson_parse(struct report *r, struct bytes in, struct err *e);
int text_parse(struct report *r, struct bytes in, struct err *e);    /* what runners print for people, by name  */
/* Whichever it is. ERR_INPUT when no test is named. */
int report_parse(struct report *r, struct bytes in, struct err *e);

#endif
