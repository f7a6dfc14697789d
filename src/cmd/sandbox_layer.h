/*
 * What a sandboxed command wrote: shown, asked about, kept through the keep check, dropped, or left for later.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_SANDBOX_LAYER_H
#define CMD_SANDBOX_LAYER_H

#include "cmd/sandbox_job.h"
#include "cmd/sandbox_log.h"
#include "work/layer.h"

#include <stdio.h>

struct err;

struct sandbox_layer {
	struct arena *a;
	struct layer l;
	const char *id;               /* the name of its folder                                  */
	const char *const *allow;     /* a person's yes, RULE or RULE:PATH; NULL-ended; may be NULL */
	const char *const *protect;
	struct sandbox_log *log;      /* gets events; may be NULL                                */
	const struct sandbox *box;    /* in which git packs what was committed                    */
	FILE *told;                   /* where a person reads what was not kept; NULL: nowhere   */
};

/* A new one for the job, whose box then writes into it. */
int sandbox_layer_new(struct sandbox_job *j, struct sandbox_layer *out, struct err *e);
/* One that was left: by the beginning of its id, or (NULL) the newest of that tree. box: for its tree and git directory. */
int sandbox_layer_find(struct arena *a, const char *id, const char *tree, struct sandbox_layer *out, struct sandbox *box, struct err *e);

/* By --allow-change or its like: each is RULE or RULE:PATH. */
int sandbox_layer_allow(struct sandbox_layer *sl, const struct opts *o, struct err *e);

int sandbox_layer_changes(struct sandbox_layer *sl, struct layer_changes *out, struct err *e);
/* "2 added, 1 changed", then a line each, at most max. */
void sandbox_layer_print(FILE *f, const struct layer_changes *c, size_t max);

/* Ends it: closed afterwards. How many changes stayed in it, 0 when it is gone; -1 with e set. */
int sandbox_layer_keep(struct sandbox_layer *sl, struct err *e);
int sandbox_layer_drop(struct sandbox_layer *sl, struct err *e);
/* Asks the person at the terminal. */
int sandbox_layer_ask(struct sandbox_layer *sl, struct err *e);

/* The folder of all of them. */
char *sandbox_layers(struct arena *a, struct err *e);

#endif
