/*
 * An intent: what a person asked, in their words, with tags.
 *
 * A tag is a word that begins with @ ("@secure"). Tags may tighten what policy asks, never loosen it: @low-risk is a
 * request, and counts only where policy grants it. Built in: secure, low-risk, high-risk, private; more come from
 * the configuration's `tags:`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_INTENT_H
#define FLOW_INTENT_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>

struct err;

enum { INTENT_TAGS_MAX = 16, INTENT_BYTES_MAX = 32 << 10 };

struct tag {
	const char *name;      /* without the @                                          */
	const char *means;     /* one line, for the plan and the prompt; NULL: by name   */
};

struct intent {
	const char *text;      /* as given                                               */
	const char *words;     /* without the tags, blanks folded                        */
	const char *tags[INTENT_TAGS_MAX + 1]; /* NULL-ended, without @, each once        */
	int tags_n;
};

/* known: the configuration's tags beside the built-in ones, ended by a NULL name; may be NULL. ERR_USAGE for an
 * unknown tag (naming the nearest), an intent without words, or one over INTENT_BYTES_MAX. */
int intent_parse(struct arena *a, struct bytes in, const struct tag *known, struct intent *out, struct err *e);
bool intent_has_tag(const struct intent *t, const char *name);
/* What a built-in tag means, or NULL. */
const char *intent_tag_means(const char *name);

/* A folder name out of the words: "build a CRUD app for library loans" -> "library-loans". */
char *intent_folder(struct arena *a, const struct intent *t);

#endif
