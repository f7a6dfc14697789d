/*
 * A repository's refs and configuration read as bytes, without git: of the tree's own, and of the private git directory, whose
 * files untrusted code wrote.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORK_REFS_H
#define WORK_REFS_H

#include "base/arena.h"
#include "base/buf.h"

struct err;

enum { REFS_MAX = 100000 };

struct ref {
	const char *name; /* "refs/heads/main": of git's grammar (git-check-ref-format), made of printable ASCII or UTF-8 */
	char id[65];      /* 40 or 64 hex digits                                                        */
	bool loose;
};
struct refs {
	struct ref *ref;
	size_t n, room;
};

/* All of branches, tags and remotes, loose ones before packed, by name. */
int refs_read(struct arena *a, const char *git_dir, struct refs *out, struct err *e);
/* The loose ones alone, symbolic ones and those of a worktree left out. */
int refs_loose(struct arena *a, const char *git_dir, struct refs *out, struct err *e);
/* A packed-refs file: lines "ID NAME", "^ID", "# ..." (git-pack-refs). ERR_INPUT on any other. */
int refs_parse(struct arena *a, struct bytes in, struct refs *out, struct err *e);
/* HEAD's branch, "refs/heads/..."; NULL when it is detached or no HEAD. */
const char *refs_head(struct arena *a, const char *git_dir);
bool ref_name_is_good(const char *name);
const struct ref *refs_find(const struct refs *r, const char *name);

/* The last value of section.key in a git configuration (git-config, "Syntax"); NULL. Sections with a subsection do not count,
 * nor what is included. */
const char *gitconfig_value(struct arena *a, struct bytes config, const char *section, const char *key);

/* Into the folder `to`. */
int refs_copy(struct arena *a, const char *common, const char *to, struct err *e);

#endif
