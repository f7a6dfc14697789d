/*
 * Where new files wait before they enter the tree, and old ones after they left it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORK_STAGE_H
#define WORK_STAGE_H

#include "work/journal.h"

/* On the tree's own file system: in the layer's folder where that is one with it, else hidden in the tree. A descriptor or -1.
 * Whatever was in it is removed when fresh. */
int stage_open(const struct layer_state *s, struct ops *ops, bool fresh, struct err *e);
void stage_remove(const struct layer_state *s, bool in_tree);
/* A file's or link's new content, as stage/INDEX. 0; 1 with o->why when the layer no longer has what was listed; -1. */
int stage_put(const struct layer_state *s, int stage, size_t index, struct op *o, struct err *e);
/* The numbers as names. */
const char *stage_name(char out[24], size_t index);

#endif
