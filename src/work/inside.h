/*
 * The parts of a layer, shared by the files of work/ and by nobody else.
 *
 * A layer's folder holds:
 *	lock           held while a struct layer is open
 *	state          what the layer is of, and since when; written last, so that without it nothing here counts
 *	layer/         upper and work of the overlay, or
 *	copy/          the copy of the tree
 *	known          records of files whose state is known: all of a copy; of an overlay, what was kept before
 *	git/, base/    the private git directory, and the refs that it began with
 *	stage/, journal   of a keeping (keep.c)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORK_INSIDE_H
#define WORK_INSIDE_H

#include "base/arena.h"
#include "base/buf.h"
#include "work/layer.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct err;

enum { LAYER_DEPTH_MAX = 128, LAYER_PATH_MAX = 4096, LAYER_CHANGES = 100000, LAYER_PATHS_MAX = 64 << 20, SPARSE_FROM = 1 << 20 };

/* ---- record.c: what stands in our own files: a letter, numbers, a text that ends in NUL ---- */

enum { RECORD_NUMBERS = 10 };
struct record {
	char kind;
	int count;
	int64_t n[RECORD_NUMBERS];
	const char *text; /* within the bytes that were read */
};
void record_add(struct buf *b, const struct record *r);
/* 1 with *out filled and *in moved on, 0 at the end, -1 (ERR_DAMAGED) when the bytes are no record. */
int record_next(struct bytes *in, struct record *out, struct err *e);

/* ---- place.c: names beneath a folder, without following a link, on one file system ---- */

/* A descriptor or -1 with errno. path "" is the folder itself. O_CREAT makes with mode 0600. */
int place_open(int dir, const char *path, int flags);
/* The folder that holds path, and path's last name in *name. */
int place_parent(int dir, const char *path, const char **name);
int place_stat(int dir, const char *path, struct stat *st); /* 0, or -1 with errno */
/* Into a name that is free (EEXIST otherwise), and one for the other; where rename(2) has no flags, by links. */
int place_move(int from, const char *name, int to, const char *as);
int place_swap(int stage, const char *staged, int at, const char *name);
extern bool place_without_flags; /* tests */
const char *place_link(struct arena *a, int dir, const char *path); /* its target; NULL */
const char *path_join(struct arena *a, const char *folder, const char *name); /* folder may be "" */
bool path_starts(const char *path, const char *folder); /* is it, or stands beneath it */
int64_t time_ns(const struct timespec *t);

/* ---- name.c: what a name would be to another file system ---- */

/* A component as a careless file system would see it: lower case, without characters that HFS+ ignores, without what NTFS
 * cuts off its end. out has room for n + 1 bytes. */
void name_fold(const char *name, size_t n, char *out);
bool name_is_git(const char *folded);     /* ".git", "git~1" */
bool name_has_control(const char *name);  /* C0, DEL, C1, line separators */
bool name_has_hidden(const char *name);   /* bidirectional controls, zero-width and other ignorable characters */
bool name_has_bidi(const char *name);
bool name_is_utf8(const char *name);
/* Whether a folded path (components parted by '/') matches a pattern: components of the pattern, with * within one, stand in a
 * row in the path; a slash in front holds it to the top. With is_link a path that ends on the way matches too. */
bool name_matches(const char *folded_path, const char *pattern, bool is_link);
const char *path_fold(struct arena *a, const char *path);

/* ---- the state ---- */

struct known {
	const char *path;
	mode_t mode;                     /* with its type                                      */
	int64_t copy_ino, copy_ctime;    /* of the copy; 0 with an overlay                     */
	int64_t ino, size, mtime, ctime; /* of the tree's own; times in ns                     */
	bool seen;
};

/* A path that is as good as a name of a rule: rules_aliases. */
struct alias {
	const char *path, *rule, *why;
	struct alias *next;
};

struct layer_state {
	struct arena a;
	int folder, tree, upper, lock;   /* upper: of the overlay, or the copy                 */
	const char *path;                /* of the folder                                      */
	bool copied;
	int64_t opened, opened_ms;       /* ns by the clock of files; ms for people            */
	int64_t tree_dev, tree_ino;
	struct known *known;             /* in order of path                                   */
	size_t n_known;
	struct alias *aliases;
};

struct known *known_find(const struct layer_state *s, const char *path);
void known_sort(struct layer_state *s);
int known_write(const struct layer_state *s, struct err *e);
int known_read(struct layer_state *s, struct err *e);
/* Whether the tree's own file, as st (NULL: absent), is as it was when the layer was opened. */
bool layer_base_holds(const struct layer_state *s, const char *path, const struct stat *st);
/* Locks the layer against sandboxes; a descriptor, or -1 (ERR_BUSY). */
int layer_still(const struct layer_state *s, struct err *e);
/* The file system's clock has moved on by a tick after this; its time in ns. */
int64_t layer_tick(void);
/* fresh: the first, of a layer that is empty */
int layer_write_state(const struct layer *l, bool fresh, struct err *e);

/* ---- copy.c ---- */

/* The tree into the folder `to`, but for .git at its top, and what is known of it. */
int copy_tree(struct layer_state *s, int to, struct err *e);
int copy_bytes(int from, int to); /* 0, or -1 with errno */

/* ---- gitdir.c ---- */

int gitdir_make(struct arena *a, struct layer *l, const struct layer_how *how, struct err *e);
void gitdir_find(struct arena *a, struct layer *l);

/* ---- upper.c: what an overlay writes ---- */

bool upper_is_whiteout(int dir, const char *name, const struct stat *st);
bool upper_is_opaque(int dir);                      /* a folder's own descriptor */
bool upper_has_mark(int dir, const char *name, const char *mark); /* "origin", "redirect", "metacopy" */
/* What stands at path in the layer as the sandbox saw it: 0 with *st, -1 absent. */
int merged_stat(const struct layer_state *s, const char *path, struct stat *st);
const char *merged_link(struct arena *a, const struct layer_state *s, const char *path);
/* Takes out of the upper what the tree now has as well; true when nothing is left. */
bool upper_settle(const struct layer_state *s);
bool same_bytes(int dir1, const char *name1, int dir2, const char *name2);

/* ---- rules.c: the keep check ---- */

/* Fills verdict, rule and why. */
void rules_judge(struct arena *a, const struct layer_state *s, const struct layer_rules *r, struct layer_change *c);
/* The same for a file of a commit; text is its content where rules_wants_text. */
void rules_judge_commit(struct arena *a, const struct layer_state *s, const struct layer_rules *r, struct layer_change *c,
			struct bytes text);
bool rules_wants_text(struct arena *a, const char *path);
/* Looks for what makes other paths dangerous: links of the tree, hooks that a configuration names. Before a list is made. */
void rules_aliases(struct layer_state *s);
bool rules_skip(const struct layer_rules *r, const char *path);
void changes_count(struct layer_changes *c);

/* ---- changes.c ---- */

int changes_list(struct arena *a, struct layer_state *s, const struct layer_rules *rules, struct layer_changes *out,
		 struct err *e);

/* ---- keep.c ---- */

/* Ends a keeping that was cut off: 1 with a report, 0 when there was none. */
int keep_finish(struct arena *a, struct layer *l, struct layer_report *out, struct err *e);

/* Tests stop a keeping at each of its steps. */
extern void (*layer_fault)(const char *step, const char *path);

#endif
