/*
 * A layer: the copy-on-write changes of sandboxed work, beside the tree that they were made from.
 *
 * The sandbox writes to the layer, the tree stays as it is. What was written comes into the tree by layer_keep alone, item by
 * item, through the keep check (docs/formats/keep.md); layer_drop forgets it, which is the rollback. One layer serves one
 * task. Everything in it was written by untrusted code: names, links, modes and contents.
 *
 *	struct layer l;
 *	layer_open(a, folder, tree, &(struct layer_how){ .works = overlay_works }, &l, e);
 *	struct sandbox s = { .tree = tree, .layer = l.layer, .tree_source = l.source, .git_dir = l.git_dir,
 *			     .git_objects = l.git_objects };
 *	... sandbox_run, or sandbox_open ... sandbox_close ...
 *	layer_keep(a, &l, &(struct layer_rules){ 0 }, &report, e);   or   layer_drop(&l, e);
 *	layer_close(&l);
 *
 * - `folder` is ours alone, outside the tree and on a disk; its parent exists. What is in it survives kill -9 at any point:
 *   layer_open finds the layer again, and ends a keeping that was cut off (l.finished has its report).
 * - Between the last command and layer_changes, layer_keep or layer_drop no sandbox may run on the layer, and a warm one must be
 *   closed: they say ERR_BUSY otherwise. The overlay of a warm sandbox would show old content after a keep.
 * - Where an overlay does not work (an upper on an overlay, foreign owners, a network disk) the tree is copied (by reflink where
 *   that goes) and the copy is shown in its place: l.source. All else is the same.
 * - A change that a person made in the tree while the layer was open is never overwritten: it is a conflict.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORK_LAYER_H
#define WORK_LAYER_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct layer_report;

struct layer_how {
	/* Tries a small overlay: tree and layer are folders as for struct sandbox; whether a change of tree/file, `rm -r` of
	 * tree/folder and its making again work in them. NULL: taken for granted. Asked once per pair of disks. */
	bool (*works)(void *arg, const char *tree, const char *layer);
	void *arg;
	bool copy;               /* never an overlay                                              */
	const char *name, *email; /* of commits made inside; NULL: sealwright, agent@sealwright.invalid */
};

struct layer {
	const char *folder, *tree; /* absolute                                                          */
	const char *layer;       /* for sandbox.layer; NULL when the tree was copied                    */
	const char *source;      /* for sandbox.tree_source; NULL unless the tree was copied            */
	const char *git_dir, *git_objects; /* for the sandbox; both NULL without a repository, or see git_why */
	const char *git_why;     /* why git inside cannot commit though the tree is a repository, with the cure; or NULL */
	bool found;              /* it was there before                                                 */
	const struct layer_report *finished; /* of a keeping that was cut off and is now done; or NULL  */
	struct layer_state *state;
};

/* Makes the layer, or finds it again. ERR_BUSY when another process has it open; ERR_DAMAGED when it belongs to another tree.
 * how may be NULL. l's texts live in a, l until layer_close. */
int layer_open(struct arena *a, const char *folder, const char *tree, const struct layer_how *how, struct layer *l,
	       struct err *e);
/* One that exists, by its folder alone. ERR_NOT_FOUND when there is none. */
int layer_find(struct arena *a, const char *folder, struct layer *l, struct err *e);
void layer_close(struct layer *l); /* it stays on the disk; a zeroed one is fine */

enum layer_kind { LAYER_ADDED, LAYER_CHANGED, LAYER_REMOVED, LAYER_MODE };      /* MODE: the permissions alone         */
enum layer_type { LAYER_FILE, LAYER_FOLDER, LAYER_LINK, LAYER_OTHER };          /* what stands in the layer, or is removed */
enum layer_verdict {
	LAYER_KEEPS,
	LAYER_ASKS,       /* kept when a person says yes to its rule                          */
	LAYER_REFUSED,    /* never kept                                                       */
	LAYER_CONFLICT,   /* the tree's own was changed since the layer was opened            */
};

struct layer_change {
	const char *path;           /* beneath the tree; any bytes: print as hostile text      */
	enum layer_kind kind;
	enum layer_type type;
	mode_t mode;                /* new permissions                                         */
	int64_t size;               /* of the new content                                      */
	const char *target;         /* of a link; hostile                                      */
	enum layer_verdict verdict;
	const char *rule;           /* its name in docs/formats/keep.md; "" when kept          */
	const char *why;            /* one sentence for a person; "" when kept                 */
};

struct layer_changes {
	struct layer_change *item;  /* in order of their paths                                 */
	size_t n;
	size_t keeps, asks, refused, conflicts;
};

/* How strict a keep is. All of it comes from a person or a policy, never from a model or the tree. */
struct layer_rules {
	const char *const *allow;    /* a person's yes: "RULE", "RULE:PATH" or "RULE:FOLDER/"; NULL-ended; may be NULL */
	const char *const *protect;  /* names beneath the tree (tests) whose change asks by the rule "protected"; NULL-ended */
	bool all_or_nothing;         /* keep nothing unless all can be kept                    */
	size_t max_changes;          /* 0: 100,000; more are ERR_LIMIT                         */
	const char *const *skip;     /* names beneath the tree that are neither listed nor kept; NULL-ended */
};

/* What differs from the tree, each with its verdict. Texts live in a. rules may be NULL. */
int layer_changes(struct arena *a, struct layer *l, const struct layer_rules *rules, struct layer_changes *out, struct err *e);

struct layer_report {
	size_t kept;
	struct layer_changes left;   /* what was not kept, still in the layer                  */
};

/* Keeps what may be kept. What may not stays in the layer and is named in the report, which is no error: -1 is for a disk
 * that is full and the like; nothing is lost then, and calling it again goes on. */
int layer_keep(struct arena *a, struct layer *l, const struct layer_rules *rules, struct layer_report *out, struct err *e);

/* Unified diff of text files, one line for others, appended to out until it is full (then a line says so; no error). Bytes are
 * hostile. */
int layer_diff(struct arena *a, struct layer *l, const struct layer_rules *rules, struct buf *out, struct err *e);

/* Forgets what is in the layer, drafts included, and the layer: its folder is removed. l is closed. */
int layer_drop(struct layer *l, struct err *e);

/* ---- layers that lie beneath one folder (for a list, or to clean up) ---- */
struct layer_left {
	const char *name;    /* of its folder beneath parent */
	const char *tree;
	int64_t opened_ms;   /* struct when's               */
	bool in_use;
};
/* Newest first. An absent parent is an empty list. */
int layer_list(struct arena *a, const char *parent, struct layer_left **out, size_t *n, struct err *e);

/* ---- drafts: commits made inside ---- */

struct layer_draft {
	const char *ref;     /* "refs/heads/main" as git inside has it; hostile, but of refs' grammar */
	char old_id[65], new_id[65]; /* hex; old_id "" for a new branch                   */
	bool is_head;        /* the branch that HEAD of the tree names                    */
};

/* The branches that git inside has moved or made. n == 0 without drafts. Read from files, no git runs. */
int layer_drafts(struct arena *a, const struct layer *l, struct layer_draft **out, size_t *n, struct err *e);

/* What to run in the sandbox (with the layer's git_dir) so that its stdout is the pack of all drafts; stdin is *input. Give it a
 * file of yours as struct proc's given[1]; what it can write there is bounded by the sandbox. */
const char *const *layer_drafts_argv(struct arena *a, const struct layer *l, const struct layer_draft *d, size_t n, struct bytes *input);

struct layer_draft_rules {
	const struct layer_rules *rules;  /* each file that the drafts change is held against them  */
	bool branches;                    /* new branches, too                                      */
	int64_t pack_max;                 /* bytes; 0: 1 GiB                                        */
};
struct layer_draft_report {
	size_t commits, refs;
	struct layer_changes left;  /* files for which a draft was refused; LAYER_KEEPS never stands here */
	const char *why;            /* one sentence when nothing was taken, else ""            */
	const char *note;           /* one sentence for a person when something was, else "": the commits hold other content than the
				       tree's files, which alone layer_diff shows; or the index could not follow */
};
/* Takes the pack, an opponent's bytes, from the file fd; checks it; moves the refs. The files of the tree are layer_keep's
 * work: call that first, so that tree and commit agree. ERR_INPUT when the pack is bad; refs then stand as before. */
int layer_drafts_take(struct arena *a, struct layer *l, const struct layer_draft *d, size_t n, int fd,
		      const struct layer_draft_rules *rules, struct layer_draft_report *out, struct err *e);

#endif
