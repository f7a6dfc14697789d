/*
 * Where a path of the model leads: opened by descriptor beneath the tree, whatever stands there.
 *
 * The model's path is text of an opponent, and so is the tree: a link inside it may lead out, or to .git. Names are
 * judged twice: as written, before anything is opened, and as the kernel resolved them (/proc/self/fd), after; what is
 * used then is the descriptor. `.git` is closed to the file tools in both directions (hooks and configuration there are
 * run by git outside the sandbox); `.sealwright` and protected tests may be read and not written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOOL_PLACE_H
#define TOOL_PLACE_H

#include "tool/tool.h"

#include <sys/stat.h>

/* The path beneath the tree, without "./" and doubled slashes; "." for the tree. ERR_INPUT or ERR_DENIED. */
int place_name(struct arena *a, const struct toolbox *t, const char *path, char **out, struct err *e);
bool place_is_protected(const struct toolbox *t, const char *name);

/* A file or folder to read: a descriptor or -1. Also a file of the spill folder, by its absolute path. */
int place_read(struct arena *a, const struct toolbox *t, const char *path, struct stat *st, struct err *e);

/* A file to write: its folder (made when absent) and its name there. */
struct place {
	char *name;       /* beneath the tree                 */
	char *leaf;
	int dir;
	bool exists;
	struct stat st;   /* when it exists: a regular file   */
};
void place_close(struct place *p);
#define auto_place __attribute__((cleanup(place_close))) struct place
int place_for_writing(struct arena *a, const struct toolbox *t, const char *path, bool make, struct place *out,
		      struct err *e);
/* Whole or not at all; keeps the mode of what it replaces. */
int place_write(const struct place *p, struct bytes text, struct err *e);

/* The tree's listing for a model: at most `entries` names, folders first with a slash, `depth` levels; skips what is
 * hidden or ignored by habit (node_modules, __pycache__, ...). */
int place_list(int dir, int depth, int entries, struct buf *out);

#endif
