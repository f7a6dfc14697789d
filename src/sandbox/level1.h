/*
 * Level 1's own parts: what runs where new namespaces are refused.
 *
 * Without namespaces there is one table of files, processes and sockets with all of the machine. Landlock says what can be
 * read, and lets write beneath a private folder only; what changes the tree, and whatever reaches other processes or
 * sockets, is handed to the supervisor by seccomp, who does it for the caller: on files and processes that it has pinned by
 * descriptors, with arguments that it has copied. So nothing is decided on what the caller can still change.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANDBOX_LEVEL1_H
#define SANDBOX_LEVEL1_H

#include "sandbox/own.h"

struct level1 {
	pid_t watcher;       /* everything inside descends from it */
	char *tree;          /* as the kernel writes it             */
	bool is_writable;    /* the tree                            */
	char **held;         /* beneath the tree, read-only; NULL-ended        */
	char **rooms;        /* further folders that may be written; NULL-ended */
	char **looks;        /* what may be read; NULL-ended         */
	const char *git_link; /* a link of ours in a copy's place for .git, which goes; or NULL */
	int lock;            /* of a copy; -1: none                 */
	char *own;           /* the private folder: HOME and TMPDIR  */
	bool keeps_own;      /* it is a session's, who removes it    */
	unsigned char bound[2][65536 / 8]; /* loopback ports that were bound inside: 127.0.0.1, ::1 */
	struct arena a;
};

/* ---- level1_calls.c ---- */

refuse_decide_fn level1_decide;
/* True while the caller still waits: what was read by its number was its own. */
bool level1_waits(int listener, const struct seccomp_notif *n);
/* Copies n bytes of the caller's memory; false when they cannot be had. */
bool level1_copy(pid_t tid, uint64_t from, void *to, size_t n);
/* The caller's descriptor, as one of ours: the same socket. -1 with errno. */
int level1_socket(int tgid, int fd);
/* How many of the list hold descendants of the process `top`, at most max; *tasks: how many threads they have. */
int level1_descendants(pid_t top, pid_t *list, int max, int *tasks);

/* Threads of all processes of our user: what RLIMIT_NPROC counts. */
int level1_tasks_of_user(void);

/* ---- level1_paths.c ---- */

/* Does what a call on names asks for. False when it is no such call. */
bool level1_path_call(struct level1 *l, int listener, const struct seccomp_notif *n, struct seccomp_notif_resp *answer);
/* The unix socket of an address that the caller may use: 0 with what to connect to or bind in at, or -errno. *hold is
 * closed by the caller afterwards. */
int level1_unix(const struct level1 *l, pid_t tid, const char *path, bool is_new, int *hold, char at[300]);

/* ---- level1_watch.c ---- */

struct level1_watch {
	struct own *o;
	const char *own;
	const struct lock_rule *rules;
	int n_rules;
};
/* The child of the supervisor: starts the watcher, and is what is waited for and ended. Never returns. */
_Noreturn void level1_stand(const struct level1_watch *w);

#endif
