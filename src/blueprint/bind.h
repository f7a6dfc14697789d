/*
 * A sentence of the words while rules are looked for in it, and what is told of the rest.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_BIND_H
#define BLUEPRINT_BIND_H

#include "blueprint/spec.h"

enum { HITS_MAX = 24, FAILED_MAX = 64 };

struct span { size_t from, to; };

struct bound {
	struct span at;
	const char *rules[6];                    /* ids of what was made of it; "" for a setting      */
	int n;
	struct entity *entity, *before;          /* before: as it was                                 */
	size_t settings;                         /* as many were there                                */
};

struct sentence {
	const char *text;
	size_t n, at;                            /* its length, and where in the words it begins      */
	struct bound bound[HITS_MAX];            /* what rules were made of                           */
	int bound_n;
	struct { struct span at; const char *why; int weight; } failed[FAILED_MAX];
	int failed_n;
};

bool sentence_comma(const struct sentence *n, size_t i);        /* one that parts, not that of 1,000 */
struct span sentence_part(const struct sentence *n, size_t i);  /* the stretch between commas around i */
const char *sentence_text(struct arena *a, const struct sentence *n, struct span at);
bool sentence_is_bound(const struct sentence *n, struct span at);
bool text_has(const char *text, const char *const *words);      /* any of them, as whole words */

/* Tells what no rule, no list of fields, no example and no name accounts for: spec.left_out. */
void rest_tell(struct spec *s, const struct sentence *n);

#endif
