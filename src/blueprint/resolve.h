/*
 * What a phrase of the words means: a field, an entity, a reference, a number, states, a value.
 *
 * Strict on purpose: a phrase is read from its end, and what stands before must be words that cannot change its meaning
 * ("an app where stock" is stock, "reserved stock" is not). A wrong rule is worse than one that is left out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_RESOLVE_H
#define BLUEPRINT_RESOLVE_H

#include "blueprint/data.h"
#include "blueprint/words.h"

struct resolved {
	int level;           /* 0: nothing; higher is surer                          */
	bool qualified;      /* the entity was named with it                         */
	bool is_entity;      /* the phrase names the entity itself, not a field      */
	bool ambiguous;
	const char *why;     /* of level 0                                           */
	size_t from;         /* where in the slot the words that count begin         */
	int index;           /* of the field                                         */
};

/* types: a bit a type that will do; 0: any. */
struct resolved resolve_field(const struct spec *s, const struct entity *t, struct bytes slot, unsigned types);
struct resolved resolve_ref(const struct spec *s, const struct entity *t, struct bytes slot);
/* The entity that a phrase ends in, or NULL. */
struct entity *resolve_entity(const struct spec *s, struct bytes slot, size_t *from);
/* The field whose name (or a synonym of it) is `name`, without any sentence around; NULL: none of these types. */
struct field *resolve_name(const struct spec *s, struct entity *t, const char *name, unsigned types);

int resolve_number(struct arena *a, struct bytes slot, double *out);
/* {"open":["in_progress"],"in_progress":[]}, new reference; NULL when it is no list of states. */
json_t *resolve_states(struct arena *a, struct bytes slot);
/* A value that the field may have, new reference, or NULL. */
json_t *resolve_value(struct arena *a, const struct field *f, struct bytes slot);
/* The parts of "sku, name and price". */
int resolve_parts(struct arena *a, struct bytes slot, struct bytes *out, int max);
bool resolve_same(const struct spec *s, const struct phrase *x, const struct phrase *y); /* equal or synonyms */

#endif
