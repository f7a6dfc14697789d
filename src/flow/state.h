/*
 * A flow's state, shared by its stages: what the log says, in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_STATE_H
#define FLOW_STATE_H

#include "agent/layers.h"
#include "agent/walls.h"
#include "base/hash.h"
#include "flow/flow.h"
#include "suite/suite.h"

struct blueprint;
struct blueprint_file;

struct held {
	const char *path;             /* NULL: taken out with its task            */
	struct digest digest;
};

enum stage { STAGE_INTERPRET, STAGE_PLAN, STAGE_BUILD, STAGE_FINISH, STAGE_DONE };

struct flow {
	struct arena *a;              /* lives as long as the flow                */
	struct arena *t;              /* as long as the task at hand: what its tests said; NULL between tasks */
	struct session *s;
	const struct flow_options *o;
	struct intent intent;
	const char *dir;
	struct model *m;              /* opened by the first who needs it         */
	struct blueprint *blueprint;  /* NULL: free work                          */
	json_t *spec;                 /* cured specification, owned               */
	struct plan plan;
	struct walls walls;           /* as they were put up, for the record      */
	struct sandbox box;
	struct sandbox test_box;      /* of test runs                              */
	struct layers layers;         /* of the task at hand                       */
	const char *layered;          /* id of the task that an earlier process left a layer of */
	const char *testing;          /* which task's tests run                  */
	const char *const *protect;   /* flow_protected's answer                  */
	struct held *held;            /* the acceptance tests as HEAD has them; see flow_tests_hold */
	int held_n;
	enum stage stage;
	bool confirmed, planting, planted; /* plan agreed to; its tests being written; their commit made */
	int64_t started_ms;           /* monotonic                                */
	int64_t turns, spent_ms;      /* spent_ms: by earlier processes           */
	struct model_usage spent;
	enum flow_end end;
	const char **earlier;         /* answers that an earlier process was given for what is next */
	int earlier_n;
	const char *started;          /* id of the task that an earlier process was at      */
	const char *doing;            /* what the model is at, for the progress   */
	int64_t heard, told_ms;       /* bytes of the answer that streams in; when that was last told */
};

int flow_model(struct flow *f, struct err *e);                 /* opens f->m once */
void flow_spend(struct flow *f, const struct model_usage *u);  /* logs a turn's usage */
/* NULL, or which budget is spent, in words. */
const char *flow_spent_budget(const struct flow *f);
int64_t flow_elapsed_ms(const struct flow *f);
void flow_note(struct flow *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Adds an event built by json_pack and syncs: what it says is durable when this returns. */
int flow_log(struct flow *f, const char *type, json_t *data, struct err *e);

/* The stages. */
int flow_interpret(struct flow *f, enum stage *next, struct err *e);
int flow_plan(struct flow *f, enum stage *next, struct err *e);
int flow_build(struct flow *f, enum stage *next, struct err *e);
int flow_finish(struct flow *f, enum stage *next, struct err *e);

/* Runs test files (NULL: all) in the sandbox with the tests read-only, logs the report. */
int flow_test(struct flow *f, const char *task, const char *const *files, struct suite_report *r, struct err *e);

/* As flow_test for one task, and its verdict: 1 passed, 0 not (*why), -1 when it could not be tested. */
int flow_judge(struct flow *f, struct task *t, struct suite_report *r, const char **why, struct err *e);

/* Every acceptance test file of the plan, NULL-ended: read-only while anything runs. */
const char *const *flow_protected(struct flow *f);
/* Takes the acceptance tests as the last commit has them, and from then on nothing is judged or committed unless they
 * still are so. The sandbox holds them already; this holds where there is none (--sandbox off), and against what happens
 * beside us. A person who means a change commits it, and resumes. */
int flow_tests_take(struct flow *f, struct err *e);
int flow_tests_hold(struct flow *f, struct err *e);
void flow_tests_drop(struct flow *f, const char *path);
/* The layer of a task, for f->box and f->test_box; one that an earlier process left of it is gone on with. Without one (another
 * backend), nothing happens. why: what the log says of it; NULL: nothing, it was kept. */
int flow_layer_open(struct flow *f, const char *task, struct err *e);
int flow_layer_drop(struct flow *f, const char *why, struct err *e);
void flow_layer_close(struct flow *f); /* it stays for a resume */
/* A test file of the plan that is not there, as the task's layer has the tree; *out stays NULL when all are. */
int flow_absent_test(struct flow *f, struct arena *a, const char **out, struct err *e);

/* The end of a task: its commit and its event. */
int flow_task_pass(struct flow *f, struct task *t, const struct suite_report *r, const char *origin, struct err *e);
int flow_task_give_up(struct flow *f, struct task *t, const char *why, struct err *e);

/* A model_ask's `seen`, arg is the flow: tells how much of an answer has come. */
void flow_seen(void *arg, const char *what, struct bytes piece);
/* Opens f->blueprint after a restart, when the work is on one. */
int flow_blueprint(struct flow *f, struct err *e);
/* Writes a blueprint's file beneath the tree, its folders with it. */
int flow_write(struct flow *f, const struct blueprint_file *file, struct err *e);

/* A commit of everything in the tree. origin: "blueprint NAME" or "model NAME". *id may come back NULL: no change. */
int flow_commit(struct flow *f, const char *subject, const char *origin, const char **id, struct err *e);

#endif
