/*
 * The difference of two texts, line by line, as `diff -u` prints it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORK_LINEDIFF_H
#define WORK_LINEDIFF_H

#include "base/buf.h"

#include <stddef.h>

/* Appends hunks ("@@ -1,3 +1,4 @@" and lines that begin with ' ', '-' or '+') to out; nothing when the texts are equal. Bytes are
 * passed as they are. How many lines were removed and added is written to *removed and *added. The shortest difference, unless the
 * texts differ in more than some thousand lines: then all between the first and the last that differ. */
void linediff(struct bytes old, struct bytes fresh, struct buf *out, size_t *removed, size_t *added);

#endif
