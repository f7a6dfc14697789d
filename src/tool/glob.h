/*
 * Names by pattern, and what git ignores.
 *
 * Not fnmatch(3): it knows no "**", and its time on a hostile pattern is exponential. This one goes back to the last star
 * alone, so a match costs at most the product of both lengths.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TOOL_GLOB_H
#define TOOL_GLOB_H

#include "base/arena.h"
#include "base/buf.h"

/* '*' and '?' and [a-z] do not cross a slash, "**" does; "a**b" is as "a*b" with slashes. */
bool glob_match(const char *pattern, const char *path);
/* A pattern without a slash is held against the last part of the path. */
bool glob_match_name(const char *pattern, const char *path);

/* The rules of one .gitignore, those of the folders above it behind `up`. */
struct ignore_rule;
struct ignore {
	const struct ignore *up;
	size_t base;              /* length of its folder's name beneath the tree, with the slash */
	struct ignore_rule *rules;
	int n;
};

/* folder: beneath the tree, "" for its top. Lines that are no pattern are left out; at most 1,000 count. */
void ignore_parse(struct arena *a, struct bytes in, const char *folder, const struct ignore *up, struct ignore *out);
/* path: beneath the tree. Asked of each folder on the way down, since a rule within an ignored folder does not count. */
bool ignore_holds(const struct ignore *ig, const char *path, bool is_folder);

#endif
