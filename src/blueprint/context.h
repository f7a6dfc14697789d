/*
 * What templates see: the specification with everything derived from it, limited to the tasks that are done or current.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_CONTEXT_H
#define BLUEPRINT_CONTEXT_H

#include "blueprint/data.h"

struct context {
	struct arena *a;
	const struct blueprint *b;
	json_t *root;
};

/* One task: a kind of task with the entity, rule or function that it is for. */
struct task_item {
	const struct task_kind *kind;
	json_t *of;        /* NULL: for the whole                     */
	json_t *entity;    /* NULL: none                              */
	const char *id;
};

void context_drop(struct context *c);
#define auto_context __attribute__((cleanup(context_drop))) struct context

/* active: NULL means everything; else ids, NULL-ended. also: one more id that counts as active, or NULL. */
int context_make(struct arena *a, const struct blueprint *b, const json_t *spec, const char *const *active,
		 const char *also, struct context *out, struct err *e);
/* Every task of the plan, in order. Items are borrowed from the context. */
int context_items(const struct context *c, struct task_item **out, int *n, struct err *e);
/* Renders text (named `name` for messages) for an item; as_entity: the entity's keys stand at the top. */
int context_render(const struct context *c, const struct task_item *item, bool as_entity, const char *name,
		   struct bytes text, struct buf *out, struct err *e);
/* The same for a short line: an id, a title, a path. */
int context_line(const struct context *c, const struct task_item *item, bool as_entity, const char *text, char **out,
		 struct err *e);

/* Fills in what the catalogue's functions do: their "what" is a template. */
int functions_describe(struct arena *a, const struct blueprint *b, json_t *spec, struct err *e);

#endif
