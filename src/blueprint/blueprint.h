/*
 * Blueprints: tested, secure skeletons as data, and what turns an intent and a model's draft into tasks and files.
 *
 *     words -> blueprint_find -> blueprint_spec_ask -> (a model's draft) -> blueprint_spec_cure -> spec
 *     spec  -> blueprint_plan -> blueprint_tests -> blueprint_files, task by task; functions by a model are placed
 *
 * A blueprint knows a kind of program (a CRUD web service), never a domain. The model's draft names entities and fields;
 * it is cured by code. Rules are bound by code from the person's words alone: nothing a model proposed is enforced.
 * Everything made here lives in the arena; a spec is a jansson reference of the caller's. docs/formats/blueprint.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_BLUEPRINT_H
#define BLUEPRINT_BLUEPRINT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"

#include <stdbool.h>

struct err;
struct blueprint;

struct blueprint_task {
	const char *id;        /* "entity-item"                                                      */
	const char *kind;      /* "skeleton", "entity", "rule", "function", "packaging", ...         */
	const char *title;
	const char *what;      /* what is to be written, in words; NULL for a blueprint's own work   */
	const char **tests;    /* paths of its acceptance tests                                      */
	int tests_n;
	bool optional;         /* offered by the blueprint, not asked for                            */
	bool by_model;         /* a model writes its function: blueprint_function_ask, _place        */
};

struct blueprint_file {
	const char *path;      /* beneath the tree                                                   */
	struct bytes text;
	unsigned mode;         /* 0644 or 0755                                                       */
	bool own;              /* no other task writes this path                                     */
};

/* The one whose "matches" fit the words best; *out is NULL when none fits. A blueprint of the configuration folder's
 * blueprints/ wins over one of the same name in share/. */
int blueprint_find(struct arena *a, const char *words, struct blueprint **out, struct err *e);
int blueprint_load(struct arena *a, const char *name, struct blueprint **out, struct err *e);
/* From a folder that holds a blueprint.json. */
int blueprint_load_dir(struct arena *a, const char *dir, struct blueprint **out, struct err *e);
/* Names of all there are, each once, in the order of the alphabet. */
int blueprint_names(struct arena *a, const char ***out, int *n, struct err *e);

const char *blueprint_name(const struct blueprint *b);
const char *blueprint_title(const struct blueprint *b);
const char *blueprint_about(const struct blueprint *b); /* a paragraph; "" when it says nothing */
const char *blueprint_test(const struct blueprint *b);  /* the command that runs all its tests, or NULL: found */

const char *blueprint_run(const struct blueprint *b);   /* the command that starts the program, or NULL                */
const char *const *blueprint_next(const struct blueprint *b); /* lines for the person at the end; NULL-ended      */

/* A line of the blueprint's own, such as one of blueprint_next, with the specification's names filled in. */
int blueprint_line(struct arena *a, const struct blueprint *b, const json_t *spec, const char *text, char **out,
		   struct err *e);

/* A kind of rule, for people: what it says and phrases that are understood. */
struct blueprint_rule_kind {
	const char *kind, *title;
	const char **phrases; /* NULL-ended */
};
int blueprint_rule_kinds(struct arena *a, const struct blueprint *b, struct blueprint_rule_kind **out, int *n);

/* What to ask a model for a draft: messages (JSON objects joined by ",") and the answer's JSON schema (new reference). */
int blueprint_spec_ask(struct arena *a, const struct blueprint *b, const char *words, struct buf *messages,
		       json_t **schema, int *max_tokens, struct err *e);
/* The draft, cured, with rules and functions bound from the words. New reference in *spec. ERR_MODEL when nothing
 * usable stands in the draft. */
int blueprint_spec_cure(struct arena *a, const struct blueprint *b, const char *words, struct bytes draft,
			json_t **spec, struct err *e);

int blueprint_plan(struct arena *a, const struct blueprint *b, const json_t *spec, struct blueprint_task **tasks,
		   int *n, struct err *e);
/* Every test file of every task. */
int blueprint_tests(struct arena *a, const struct blueprint *b, const json_t *spec, struct blueprint_file **out,
		    int *n, struct err *e);
/* A task's files. active: ids of the tasks done or current, NULL-ended; only their rules and functions are rendered. */
int blueprint_files(struct arena *a, const struct blueprint *b, const json_t *spec, const char *task_id,
		    const char *const *active, struct blueprint_file **out, int *n, struct err *e);

/* What to ask a model for the function of a by_model task. */
int blueprint_function_ask(struct arena *a, const struct blueprint *b, const json_t *spec, const char *task_id,
			   struct buf *messages, int *max_tokens, struct err *e);
/* Puts the answer's function in place of the one of its name in file_now (the task's file as it stands).
 * 1 placed; 0 not usable, *why says so in a line; -1. */
int blueprint_function_place(struct arena *a, const struct blueprint *b, const json_t *spec, const char *task_id,
			     struct bytes file_now, struct bytes answer, struct blueprint_file *out, const char **why,
			     struct err *e);

#endif
