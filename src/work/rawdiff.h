/*
 * What `git diff-tree -r -z --raw` prints, read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORK_RAWDIFF_H
#define WORK_RAWDIFF_H

#include "base/arena.h"
#include "base/buf.h"

#include <sys/types.h>

struct err;

struct rawdiff {
	const char *path;   /* any bytes but NUL, as git has them: may hold "..", be absolute, ... */
	mode_t old_mode, new_mode; /* octal as git writes them; 0: absent */
	char id[65];        /* of the new content */
};

/* Each entry is ":MODE MODE ID ID S\0PATH\0" (git-diff-tree, "RAW OUTPUT FORMAT"). ERR_INPUT on any other; at most max. */
int rawdiff_parse(struct arena *a, struct bytes in, size_t max, struct rawdiff **out, size_t *n, struct err *e);

#endif
