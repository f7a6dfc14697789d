/*
 * TAP for unit tests (https://testanything.org/tap-specification.html): ok(), is_text(), is_whole(), done().
 * A failing line shows got and wanted. Include it once, in the file that has main().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_n, tap_bad;

#define ok(cond, ...) tap_ok((cond), __FILE__, __LINE__, __VA_ARGS__)
__attribute__((format(printf, 4, 5), unused))
static bool tap_ok(bool good, const char *file, int line, const char *fmt, ...)
{
	__builtin_va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_n);
	__builtin_va_start(ap, fmt);
	vprintf(fmt, ap);
	__builtin_va_end(ap);
	printf("\n");
	if (!good) {
		tap_bad++;
		printf("#   at %s:%d\n", file, line);
	}
	fflush(stdout);
	return good;
}

#define is_text(got, want, name) tap_text((got), (want), __FILE__, __LINE__, (name))
__attribute__((unused))
static bool tap_text(const char *got, const char *want, const char *file, int line, const char *name)
{
	bool good = got && want ? !strcmp(got, want) : got == want;

	tap_ok(good, file, line, "%s", name);
	if (!good)
		printf("#      got: %s\n#   wanted: %s\n", got ? got : "(null)", want ? want : "(null)");
	return good;
}

#define is_whole(got, want, name) tap_whole((int64_t)(got), (int64_t)(want), __FILE__, __LINE__, (name))
__attribute__((unused))
static bool tap_whole(int64_t got, int64_t want, const char *file, int line, const char *name)
{
	tap_ok(got == want, file, line, "%s", name);
	if (got != want)
		printf("#      got: %" PRId64 "\n#   wanted: %" PRId64 "\n", got, want);
	return got == want;
}

__attribute__((unused))
static int done(void)
{
	printf("1..%d\n", tap_n);
	return tap_bad ? 1 : 0;
}

#endif
