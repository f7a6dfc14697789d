/*
 * What a command printed, made fit for a model: terminal control and redraws out, repeated lines once, the middle cut.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOOL_CLEAN_H
#define TOOL_CLEAN_H

#include "base/arena.h"
#include "base/buf.h"

/* Text as a terminal would show it in the end: escape sequences are gone, what a carriage return or a backspace
 * overwrote too; a line that is repeated 4 times or more stands once with its count. */
struct bytes clean_text(struct arena *a, struct bytes raw);

/* The first `head` and last `tail` bytes, cut at line ends where lines are short; *left_out: bytes of the middle, 0 when
 * it fits. where: the file that has all of it, for the note; NULL: none. */
struct bytes clean_cut(struct arena *a, struct bytes text, size_t head, size_t tail, const char *where, size_t *left_out);

#endif
