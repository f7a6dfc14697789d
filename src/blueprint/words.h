/*
 * Words as people write them and names as programs need them.
 *
 * Plural and singular count as one word ("loans" is "loan"); names are snake_case ASCII, at most 31 bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_WORDS_H
#define BLUEPRINT_WORDS_H

#include "base/arena.h"
#include "base/buf.h"

enum { NAME_MAX_LEN = 31, PHRASE_MAX = 16 };

/* Lower-case words of a text: letters, digits; everything else parts them ("item's" is item, "sub-total" sub, total). */
struct phrase {
	const char *w[PHRASE_MAX];
	size_t at[PHRASE_MAX]; /* where each begins in the text */
	bool s[PHRASE_MAX];    /* a possessive 's stood behind  */
	int n;
	bool cut;              /* there were more               */
};

void phrase_parse(struct arena *a, struct bytes text, struct phrase *out);
/* Words from..to-1 of p. */
struct phrase phrase_part(const struct phrase *p, int from, int to);
bool phrase_equal(const struct phrase *a, const struct phrase *b); /* plural and singular are equal */
bool word_equal(const char *a, const char *b);
bool word_is_unit(const char *w);                                  /* "minutes", "euros", "kg" */
bool word_in(const char *w, const char *const *list);              /* exactly; the list ends with NULL */
/* The whole text is said as words somewhere in the words of `all`. */
bool phrase_occurs(struct arena *a, const char *text, const char *all);

/* "Unit price (EUR)" -> "unit_price_eur"; "" when nothing is left. */
char *name_snake(struct arena *a, struct bytes text);
char *name_title(struct arena *a, const char *snake);  /* unit_price -> "Unit price" */
char *name_camel(struct arena *a, const char *name);   /* unit_price, unit-price -> "UnitPrice" */
char *name_plural(struct arena *a, const char *name);
char *name_singular(struct arena *a, const char *name);
char *name_dashed(struct arena *a, const char *snake); /* unit_price -> "unit-price" */
bool name_is_taken(const char *name, bool as_column);  /* a word of Python, of SQL, or one of every record's columns */

/* One line that can stand in a comment or a heading: letters, digits, blanks and - . , ( ) & ' only, at most max bytes. */
char *line_clean(struct arena *a, struct bytes text, size_t max);
/* One line, blanks folded, no control characters; everything else as it was. */
char *line_fold(struct arena *a, struct bytes text, size_t max);

#endif
