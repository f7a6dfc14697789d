/*
 * The lab of the attack suite: what stands outside the sandbox, and what attempts against it share.
 *
 * An attempt is a function of the test program, which is run again inside with its name: exit 0 means that it got what it
 * was after. Its positive control is the same run outside, where it must succeed: an attempt that fails everywhere shows
 * nothing. So that a success that an attempt does not notice is not lost, the lab itself is looked at after each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SANDBOX_LAB_H
#define TESTS_SANDBOX_LAB_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define SECRET "s3cr3t-of-the-machine"

/* What stands outside. It lies in the tree as a file, so that an attempt need not guess. */
struct lab {
	char base[64], tree[96], home[96], victim[96];
	char stream[96], datagram[96], abstract[64], abstract_datagram[64], queue[64], shared[64], address[64];
	int port, port6, udp; /* of listeners on loopback that tell the secret     */
	int seen_port;        /* of a socket that only listens                      */
	int shm, shm_key, sem, msg;
	pid_t neighbour, supervisor;
	uintptr_t memory;     /* where the supervisor and the neighbour hold the secret */
	bool is_root, layered, kept;
};
extern struct lab lab;

enum control {
	SHOWN,    /* the control must succeed                                                           */
	BY_ROOT,  /* it is root's to do                                                                 */
	IF_CAN,   /* where this machine allows it at all; else it is skipped, and does not count        */
	IN_SPACE, /* in namespaces of its own with all rights there, so that it does no harm            */
	IN_SPACE_IF_CAN,
};

struct attempt {
	const char *name;
	bool (*run)(void);
	enum control control;
	bool slow;   /* tried in one kind of sandbox only when there is little time          */
	bool open;   /* known not to be held (docs/threats.md): told, not a failure         */
	bool judged; /* by what it did outside alone: inside, it may have something to change */
};

struct attempts {
	const char *name;
	const struct attempt *list;
	int n;
};
extern const struct attempts secrets, writes, network, privilege, tampering, resources, escapes;

#define T(f, c) { #f, f, c, false, false, false },
#define SLOW(f, c) { #f, f, c, true, false, false },
#define JUDGED(f, c) { #f, f, c, false, false, true },
#define OPEN(f, c) { #f, f, c, true, true, false },

/* ---- what attempts share (lab.c) ---- */

char *under(const char *folder, const char *name); /* three at a time */
bool holds_secret(const char *path);
bool fd_holds_secret(int fd);
bool folder_holds_secret(const char *folder, const char *what); /* any FOLDER/NUMBER/WHAT */
bool opens(const char *path, int flags);
bool can_write(const char *path); /* as a new file or at the end */
bool can_make(const char *path);  /* and takes it away again     */
bool works(long result);          /* not refused: succeeded, or got as far as its arguments */
bool all_zero(const char *status_field);
char *parent(const char *what);   /* /proc/PPID/WHAT */
char *neighbour(const char *what);
bool is_root_outside(void);
bool is_inside(void);
pid_t fork_or_exit(void);         /* never -1, which kill(2) takes for everybody */
void end_child(pid_t pid);        /* kills and reaps it, when it is one          */

/* ---- the lab itself (machine.c) ---- */

void lab_make(void);
void lab_drop(void);
const char *lab_harm(void);       /* what an attempt changed outside; NULL: nothing. Mends it. */
void lab_clear_up(void);          /* what attempts leave in the tree */
/* A fresh layer, outside the tree. */
const char *lab_layer(void);

/* ---- what is not an attempt of one command (ends.c, scenes.c); prints TAP, returns main()'s status ---- */

int ends_run(void);
int scenes_run(void);
/* Hostile things are written into a layer, which is then kept; how many. *why: what should not have been kept; or NULL. */
int scenes_keep(const char **why);

#endif
