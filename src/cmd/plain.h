/*
 * Text of a stranger (a model, a repository, a log) on a terminal: on one line, and without what would move the cursor,
 * change colours or titles. And sums of money, which are not always known.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_PLAIN_H
#define CMD_PLAIN_H

#include <stddef.h>
#include <stdio.h>

/* At most max bytes, cut at a character's border with "..." behind; s may be NULL. */
void plain_print(FILE *f, const char *s, size_t max);

/* Text of several lines, each printed so; a last line that is not ended is ended. */
void plain_lines(FILE *f, const char *s, size_t n);

/* US dollars: "$0.0123", or "cost not known" for NAN and what is too much to be true. Returns out. */
const char *plain_cost(double dollars, char out[24]);

#endif
