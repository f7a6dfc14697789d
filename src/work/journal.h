/*
 * One step of a keeping, and the journal that lists them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORK_JOURNAL_H
#define WORK_JOURNAL_H

#include "work/inside.h"

enum op_state { OP_PENDING, OP_DONE, OP_LEFT };

struct op {
	const char *path;
	enum layer_kind kind;
	enum layer_type type;
	mode_t mode;
	mode_t base_mode;        /* of the tree's own, with its type; 0: there was none            */
	int64_t ino, size, mtime;
	enum op_state state;
	const char *why;         /* of OP_LEFT                                                     */
	int made;                /* how many folders above it were made for it                     */
	size_t order;            /* while they are sorted                                          */
	struct layer_change *change; /* NULL when it was read from a journal                        */
};

struct ops {
	struct op *op;           /* in the order in which they are done; the index is the name in stage/ */
	size_t n;
	bool all_or_nothing;
	bool in_tree;            /* where stage/ is                                                */
};

int journal_write(const struct layer_state *s, const struct ops *ops, struct err *e);
/* 1, or 0 when there is none. */
int journal_read(struct arena *a, const struct layer_state *s, struct ops *out, struct err *e);
int journal_parse(struct arena *a, struct bytes in, struct ops *out, struct err *e);
int journal_end(const struct layer_state *s, struct err *e);

#endif
