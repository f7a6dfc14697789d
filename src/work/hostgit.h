/*
 * The host's git on the tree's real repository, for drafts: from a zero environment, without hooks, filters or anything of the
 * person's configuration; see docs/decisions/host-git.md. It never runs in the private git directory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORK_HOSTGIT_H
#define WORK_HOSTGIT_H

#include "base/arena.h"
#include "base/buf.h"

struct err;
struct proc_result;

struct hostgit {
	const char *tree, *git, *objects; /* the work tree, its git directory, the objects of the repository             */
	const char *incoming;             /* objects that are not trusted yet stand here; NULL: none                    */
};

enum { HOSTGIT_OUTPUT_MAX = 64 << 20 };

/* words NULL-ended. 0 whatever git's exit status; -1 when it could not be run, took too long or said too much. */
int hostgit_run(struct arena *a, const struct hostgit *g, const char *const *words, struct bytes input, struct proc_result *out,
		struct err *e);
/* As hostgit_run; ERR_SYS with git's last line unless it exits 0. *text may be NULL. */
int hostgit_ask(struct arena *a, const struct hostgit *g, const char *const *words, struct bytes input, struct bytes *text,
		struct err *e);

/* The last line that git printed as an error. */
const char *hostgit_said(const struct proc_result *r);

#endif
