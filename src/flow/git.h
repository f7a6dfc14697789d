/*
 * The host's git on a work tree that untrusted code has written to.
 *
 * What git does is decided by its configuration, and a sandboxed command can write one: it runs `git init` in a folder of
 * the tree, gives that a filter, and git outside runs the filter when it looks whether the "submodule" changed (tried:
 * `git add`, `git status`). So before each commit every repository beneath the tree's own is taken apart, and git gets no
 * configuration but the tree's own .git/config, which the sandbox holds read-only: none of the person's (a filter of theirs
 * would run on the model's files by a line in .gitattributes), none of the environment (GIT_DIR of a hook would lead
 * elsewhere, a key has no business there). The repository is named, never searched for: with a .git that is half
 * made, git would go up and commit to a repository of the person's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_GIT_H
#define FLOW_GIT_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>

struct err;

/* The tree's repository: made, or its making ended. */
int git_make(const char *tree, struct err *e);
/* Whether .git is a folder of its own; a file or link there leads elsewhere. */
bool git_is_own(const char *tree);

/* One git command in the tree, words NULL-ended; its stdout when text is not NULL. */
int git_ask(struct arena *a, const char *tree, const char *const *words, char **text, struct err *e);

/* Everything in the tree as one commit. *id stays NULL when nothing changed. told gets each repository that was taken
 * apart; may be NULL. */
int git_commit(struct arena *a, const char *tree, const char *subject, const char *trailers,
	       void (*told)(void *arg, const char *line), void *arg, const char **id, struct err *e);

/* A file's bytes in HEAD: 1, or 0 when it has none. */
int git_show(struct arena *a, const char *tree, const char *path, struct bytes *out, struct err *e);
/* The session that made HEAD, by its trailer; "" for another's commit, NULL without any. */
const char *git_session(struct arena *a, const char *tree);

#endif
