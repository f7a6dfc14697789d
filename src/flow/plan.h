/*
 * The plan: the tasks that an intent became, each with its own test of done.
 *
 * Its file, .sealwright/plan.json in the work tree (docs/formats/plan.md), is for people and for a model to read; what
 * counts is the session's log. Only the test engine's report may mark a task passed (plan_mark_tested).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_PLAN_H
#define FLOW_PLAN_H

#include "base/arena.h"
#include "base/json.h"

struct err;
struct suite_report;

enum { PLAN_TASKS_MAX = 200, PLAN_TESTS_MAX = 32 };

enum task_state {
	TASK_OPEN,      /* its acceptance tests fail, as they must at first                   */
	TASK_PASSED,    /* the test engine saw each of them pass                              */
	TASK_FAILED,    /* the budget or the attempts ended with them red                     */
	TASK_LEFT_OUT,  /* optional, and given up: its tests were taken out, and that is said */
};

struct task {
	const char *id;         /* "entity-item"                                            */
	const char *kind;       /* "skeleton", "entity", "rule", "function", "packaging", "free" */
	const char *title;
	const char *what;       /* for the model, in words; NULL for a blueprint's own work */
	const char **tests;     /* acceptance test files beneath the tree                   */
	int tests_n;
	bool optional;          /* offered by the blueprint, not asked for in the intent    */
	bool by_model;          /* its source lines are the model's                         */
	enum task_state state;
	int attempts;
	const char *commit;     /* of its result, or NULL                                   */
	const char *why;        /* failed or left out: one line                             */
};

struct plan {
	const char *intent;
	const char *tags[17];
	const char *blueprint;  /* "crud-service", or NULL                                  */
	const char *test;       /* command, or NULL: found by the test engine               */
	struct task *tasks;
	int n;
	const char *const *left_out; /* "words: reason" of what no task covers; NULL-ended  */
	const char *const *proposed; /* what a model alone proposed: told, never enforced   */
};

/* Written by plan_write or by a model; strict: unknown states, doubled ids, paths that leave the tree are ERR_INPUT. */
int plan_parse(struct arena *a, struct bytes in, struct plan *out, struct err *e);
json_t *plan_json(const struct plan *p);
/* To TREE/.sealwright/plan.json, whole or not at all. */
int plan_write(const struct plan *p, const char *tree, struct err *e);

const char *task_state_name(enum task_state s);
/* The next that is neither passed nor given up, or NULL. */
struct task *plan_next(struct plan *p);
int plan_count(const struct plan *p, enum task_state s);

/* Marks t passed when the report is green and each of its test files was seen to pass at least one test; otherwise
 * says in *why what is missing and returns false. The one way to TASK_PASSED. */
bool plan_mark_tested(struct arena *a, struct task *t, const struct suite_report *r, const char **why);

/* A NULL-ended list (or NULL) as JSON. */
json_t *plan_texts(const char *const *list);

/* The plan as a person reads it before work starts. */
char *plan_text(struct arena *a, const struct plan *p);

#endif
