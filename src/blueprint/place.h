/*
 * A model's function put in place of the one of its name in a Python file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_PLACE_H
#define BLUEPRINT_PLACE_H

#include "base/arena.h"
#include "base/buf.h"

struct err;

/* imports: modules that it may use, NULL-ended. 1 with the new file in *out; 0 with *why; -1 when the file itself has no
 * such function. */
int place_function(struct arena *a, const char *name, const char *const *imports, struct bytes file, struct bytes answer,
		   struct bytes *out, const char **why, struct err *e);

#endif
