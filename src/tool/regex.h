/*
 * Regular expressions of a model, bounded: PCRE2, loaded when the first one is asked for (it would cost every start).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOOL_REGEX_H
#define TOOL_REGEX_H

#include "base/buf.h"

struct err;
struct regex;

/* ERR_INPUT with what is wrong and where; ERR_NOT_FOUND when the library is not installed. */
int regex_open(const char *pattern, struct regex **out, struct err *e);
void regex_close(struct regex **r);
#define auto_regex __attribute__((cleanup(regex_close))) struct regex

/* The first place at or after `from`: 1 with *at and *end, 0 none, -1 it cost too much (ERR_LIMIT). */
int regex_find(struct regex *r, struct bytes in, size_t from, size_t *at, size_t *end, struct err *e);

#endif
