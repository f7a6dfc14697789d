/*
 * Changing one value of a configuration file and nothing else: comments, order and blanks stay as a person wrote them.
 *
 * The text is cut where the parser says that the value stands, and the result is parsed again: unless exactly that one
 * value differs, the change is refused and the person is asked to make it by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_CONF_EDIT_H
#define BASE_CONF_EDIT_H

#include "base/arena.h"
#include "base/buf.h"

struct err;

/* The text of a file with KEY (or MAP.KEY) set to value; value NULL: without it. ERR_NOT_FOUND when there is nothing to
 * remove, ERR_INPUT when the text is no configuration or holds KEY in a shape that can't be edited in place. */
int conf_edit(struct arena *a, struct bytes in, const char *key, const char *value, struct bytes *out, struct err *e);

#endif
