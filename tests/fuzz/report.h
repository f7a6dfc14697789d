/*
 * What must hold of every report that a parser of suite/ accepted, whatever its bytes were.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_FUZZ_REPORT_H
#define TESTS_FUZZ_REPORT_H

#include "base/err.h"
#include "suite/report.h"

#include <stdlib.h>

static inline void text_holds(const char *s, size_t max, bool lines)
{
	if (!s)
		return;
	if (strlen(s) > max)
		abort();
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && !(lines && (*s == '\n' || *s == '\t'))) || *s == 0x7f)
			abort();
}

static inline int report_holds(int (*parse)(struct report *, struct bytes, struct err *), const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct report r = { .a = &a };
	struct err e = { 0 };

	if (parse(&r, (struct bytes){ (const char *)p, n }, &e) < 0) {
		if (e.code != ERR_INPUT || !e.text[0])
			abort();
		return 0;
	}
	if (r.n < 0 || r.n > REPORT_TESTS_MAX || r.seen < r.n)
		abort();
	for (int i = 0; i < r.n; i++) {
		const struct suite_test *t = &r.tests[i];

		if (!t->name || !*t->name || t->line < 0 || t->ms < 0 || t->state > TEST_SKIPPED ||
		    (t->state == TEST_PASSED && t->message))
			abort();
		text_holds(t->name, REPORT_NAME_MAX, false);
		text_holds(t->file, REPORT_NAME_MAX, false);
		text_holds(t->message, REPORT_MESSAGE_MAX, true);
		if (i < 200)
			for (int k = 0; k < i; k++)
				if (!strcmp(t->name, r.tests[k].name))
					abort();
	}
	return 0;
}

#endif
