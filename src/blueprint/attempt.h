/*
 * One kind of rule, one match in the words, one entity: whether every parameter resolves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_ATTEMPT_H
#define BLUEPRINT_ATTEMPT_H

#include "blueprint/data.h"

enum { CHANGES_MAX = 8, SLOTS_MAX = 12 };

struct slot { const char *name; struct bytes text; size_t at; };  /* at: in the sentence */

struct match {
	const struct rule_kind *kind;
	const char *sentence;
	size_t from, to;             /* of the whole match                            */
	struct slot slots[SLOTS_MAX];
	int slots_n;
};

/* What binding the rule does to its entity's fields. */
struct change {
	const char *field;
	bool add;
	enum field_type type;        /* of one that is added                          */
	int required;                /* -1: as it is                                  */
};

struct attempt {
	struct entity *entity;
	json_t *params;              /* owned                                         */
	int score;
	bool ambiguous;
	const char *why;             /* it does not bind                              */
	size_t core;                 /* in the sentence: where what is said begins    */
	struct change changes[CHANGES_MAX];
	int changes_n;
	const char *states_field;    /* its choices become the states                 */
	const json_t *states;
};

void bind_attempt_drop(struct attempt *t);
/* The best entity's attempt; its `why` says why none binds. */
void attempt_best(struct spec *s, const struct match *m, struct attempt *out);

#endif
