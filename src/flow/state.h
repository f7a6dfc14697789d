/*
 * A flow's state, shared by its stages: what the log says, in memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_STATE_H
#define FLOW_STATE_H

#include "flow/flow.h"
#include "suite/suite.h"

struct blueprint;

enum stage { STAGE_INTERPRET, STAGE_PLAN, STAGE_BUILD, STAGE_FINISH, STAGE_DONE };

struct flow {
	struct arena *a;              /* lives as long as the flow                */
	struct session *s;
	const struct flow_options *o;
	struct intent intent;
	const char *dir;
	struct model *m;              /* opened by the first who needs it         */
	struct blueprint *blueprint;  /* NULL: free work                          */
	json_t *spec;                 /* cured specification, owned               */
	struct plan plan;
	struct sandbox box;
	enum stage stage;
	bool confirmed, planted;      /* plan agreed to; its commit made          */
	int64_t started_ms;           /* monotonic                                */
	int64_t turns, spent_ms;      /* spent_ms: by earlier processes           */
	struct model_usage spent;
	enum flow_end end;
	const char *missing;          /* why unfinished, NULL when finished       */
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

/* A commit of everything in the tree. origin: "blueprint NAME" or "model NAME". *id may come back NULL: no change. */
int flow_commit(struct flow *f, const char *subject, const char *origin, const char **id, struct err *e);

#endif
