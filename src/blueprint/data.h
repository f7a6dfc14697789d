/*
 * A loaded blueprint.json: everything in the arena, patterns compiled once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_DATA_H
#define BLUEPRINT_DATA_H

#define PCRE2_CODE_UNIT_WIDTH 8

#include "base/json.h"
#include "blueprint/spec.h"
#include "blueprint/words.h"

#include <pcre2.h>

enum { GROUPS_MAX = 100 }; /* of a pattern, itself counted */

enum want {
	WANT_FIELD, WANT_ENTITY, WANT_REF, WANT_NUMBER, WANT_STATES, WANT_VALUE, WANT_WORD, WANT_FIELDS, WANT_REFS,
	WANT_CHOICE, WANT_CLOSED,
};

struct param {
	const char *name, *slot, *of;
	const char *in;          /* a field of what this reference points to */
	enum want want;
	unsigned types;          /* a bit a field_type; 0: any              */
	const char **names;      /* fields to look for without a phrase     */
	const char **words;      /* "of" as a list: values that are meant   */
	bool optional, many;
	int required;            /* -1: as it is, else forced               */
	const char *fallback;    /* JSON text, or NULL                      */
	const char *add_name;    /* a field to be added when none fits      */
	enum field_type add_type;
	bool add_required;
};

enum hint_op {
	HINT_AT_LEAST, HINT_AT_MOST, HINT_BEFORE, HINT_APART, HINT_CLOSED, HINT_OTHER, HINT_DIFFER, HINT_INITIAL,
	HINT_FUTURE, HINT_PAST, HINT_NOT, HINT_IS, HINT_EMPTY, HINT_SET, HINT_OPS,
};
struct hint { enum hint_op op; const char *a, *b; };

struct rule_kind {
	const char *kind, *title, *class;
	const char *entity_slot; /* names the rule's entity where it is said */
	const char *fixed;       /* JSON of parameters that are always set, or NULL */
	const char **phrases;
	pcre2_code **patterns;
	int patterns_n;
	struct param *params;
	int params_n;
	struct hint *hints;
	int hints_n;
	const char *pair[2];     /* it stands for these two kinds: "between 1 and 5" is two bounds */
	bool setting;            /* it sets a field, and nothing else: no rule stands for it */
};

struct word_list { const char *name; const char **words; };
struct synonyms { struct phrase *phrases; int n; };  /* words that mean the same, parsed once */

struct function_kind {
	const char *kind, *name, *what;
	const char **needs;      /* "whole|decimal|money"                   */
	const char *label;       /* types that the field which names a record may have, or NULL */
	const char *params;      /* JSON list of {"name","type"}            */
	const char *examples;    /* JSON list, or NULL                      */
	int max;                 /* entities at most                        */
	bool optional;
};

struct task_file { const char *from, *to, *as; unsigned mode; };

struct task_kind {
	const char *id, *kind, *title, *what, *each, *place, *when_tag;
	struct task_file *files, *tests;
	int files_n, tests_n;
	bool by_model, optional;
};

struct blueprint {
	const char *dir, *name, *title, *about, *test, *run, *package;
	const char **next;
	const char **matches, **not_matches, **reserved, **imports, **provides, **lacks;
	struct synonyms *synonyms;
	struct word_list *types;
	int synonyms_n, types_n;
	struct rule_kind *kinds;
	int kinds_n;
	struct function_kind *functions;
	int functions_n;
	struct task_kind *tasks;
	int tasks_n;
	const char *spec_prompt, *spec_schema, *function_prompt;
	int spec_tokens, function_tokens;
};

/* A file of the blueprint, by its path beneath it. */
int blueprint_read(struct arena *a, const struct blueprint *b, const char *path, struct bytes *out, struct err *e);
/* Beneath a tree: no "..", no .git, plain letters. */
bool path_is_plain(const char *path);

#endif
