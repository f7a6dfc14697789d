/*
 * The sandbox: the only way in which code of a model or of a repository runs.
 *
 * sandbox_run is proc_run inside a constructed view: an empty root plus an allow-list, own user, mount, PID, network,
 * IPC and UTS namespaces, the work tree at its own path, no network, nothing of the home folder. The whole tree of
 * processes ends with the command, its time limit, or us.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/proc.h"

struct err;

enum sandbox_backend { SANDBOX_OWN, SANDBOX_OCI, SANDBOX_OFF };

#define SANDBOX_IMAGE "docker.io/library/python:3.11-slim"

struct sandbox {
	enum sandbox_backend backend;
	const char *tree;               /* absolute; the work tree, seen at the same path inside       */
	bool tree_readonly;
	const char *const *read;        /* further folders to show read-only; NULL-ended; may be NULL   */
	const char *const *write;       /* further folders to show writable; NULL-ended; may be NULL    */
	const char *const *protect;     /* names beneath tree that stay read-only (protected tests, .git); NULL-ended */
	const char *const *env;         /* "NAME=value" added to the environment, which starts at zero  */
	int64_t memory_max;             /* bytes; 0: 4 GiB                                              */
	int processes_max;              /* 0: 512                                                       */
	int64_t disk_max;               /* bytes of /tmp, /dev/shm and home together; 0: 1 GiB          */
	const char *image;              /* for SANDBOX_OCI; NULL: SANDBOX_IMAGE                         */
};

/* p->env is ignored (the sandbox's own is built from zero), p->dir must stand beneath the tree or be NULL (the tree).
 * -1 when the sandbox itself could not be built (ERR_DENIED with the cure): never falls back to running outside. */
int sandbox_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e);

/* As proc_start, inside; the child and all it starts end with proc_end or with us. */
int sandbox_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
		  struct proc_child *out, struct err *e);

/* What this machine can hold: 0 nothing, 1 Landlock and seccomp, 2 namespaces too, 3 cgroup too. Cached. */
struct sandbox_level {
	int level;
	char why[512];   /* what is missing for the next level, and the cure */
};
const struct sandbox_level *sandbox_probe(void);

/* "own", "oci", "off"; ERR_USAGE otherwise. */
int sandbox_backend_parse(const char *name, enum sandbox_backend *out, struct err *e);

#endif
