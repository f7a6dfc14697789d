/*
 * Python source, as far as whole functions have to be found in it: tokens and logical lines.
 *
 * Strings, comments and brackets are known, so a "def" inside a docstring is none. It is no parser: what is no Python
 * may pass here and fails in the tests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_PYTHON_H
#define BLUEPRINT_PYTHON_H

#include "base/buf.h"

enum python_token_kind { PYTHON_END, PYTHON_NAME, PYTHON_NUMBER, PYTHON_STRING, PYTHON_COMMENT, PYTHON_NEWLINE, PYTHON_OTHER };

struct python_token {
	enum python_token_kind kind;
	size_t from, to;
	bool formatted;      /* a string with code in it: f"..." */
};

struct python_line {     /* a logical line: over brackets and continuations */
	size_t from, to;     /* from its first column to behind its newline     */
	size_t code;         /* its first letter                                */
	int indent;
};

struct python {
	struct bytes text;
	size_t at;
	int depth;
	char open[64];
	const char *why;     /* of a -1 */
};

/* 1, 0 at the end, -1 with s->why. */
int python_token(struct python *s, struct python_token *out);
int python_line(struct python *s, struct python_line *out); /* blank and comment lines are left out */

struct python_function {
	size_t from, to;     /* the lines of it, decorators not counted           */
	size_t head_to;      /* behind the line(s) of "def ...:"                  */
	size_t doc_from, doc_to; /* its docstring's line, or 0, 0                 */
	bool decorated, is_async;
	int count;           /* how often one of that name stands at the top      */
};
/* The function `name` at the top level. 1, 0 when there is none, -1 with *why. stop: ends at the function's end, so that
 * what follows need not be Python. */
int python_find(struct bytes text, const char *name, bool stop, struct python_function *out, const char **why);
bool python_starts(struct bytes text, size_t at, const char *word); /* that word stands there */

#endif
