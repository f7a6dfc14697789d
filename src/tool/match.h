/*
 * Where a piece of text that a model quotes stands in a file: a ladder from exact to nearly.
 *
 *   exact · without line numbers · trailing blanks · indentation · typographic quotes and dashes · a unique block
 *
 * The first rung on which it stands at all decides; there it must stand exactly once. Two places on one rung are never
 * settled by guessing, and a looser rung is not asked then. From the second rung on whole lines are compared. What is
 * put in place keeps the file's own line endings, its indentation, and its own form of lines that were not changed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOOL_MATCH_H
#define TOOL_MATCH_H

#include "base/arena.h"
#include "base/buf.h"

enum match_rung { MATCH_EXACT, MATCH_NUMBERS, MATCH_TRAILING, MATCH_INDENT, MATCH_UNICODE, MATCH_BLOCK, MATCH_NONE };

struct match {
	enum match_rung rung;
	int count;             /* places on that rung; 1: found                        */
	int lines[8];          /* of the first places, from 1                          */
	int n_lines;           /* lines of the file that are replaced                  */
	struct bytes result;   /* the whole new file, when count is 1 (or all exact)   */
	struct bytes replaced; /* what stood there, as in the file                     */
};

/* Replaces old by new. all: every exact place, however many. The strings live in the arena or are the caller's. */
void match_replace(struct arena *a, struct bytes file, struct bytes old, struct bytes new, bool all, struct match *out);

/* "exactly", "but for trailing blanks", ... */
const char *match_rung_text(enum match_rung r);

/* The lines of the file that look most like old, with numbers; "" when nothing does. */
char *match_nearest(struct arena *a, struct bytes file, struct bytes old);

#endif
