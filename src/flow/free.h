/*
 * Free work: tasks that no blueprint has a place for, planned and done by a large model in the agent loop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_FREE_H
#define FLOW_FREE_H

#include "flow/state.h"

/* The model's own plan into f->plan. ERR_MODEL when it gives none that can be read. */
int free_plan(struct flow *f, struct err *e);
/* What a model answered, as tasks of kind "free"; hostile like any reply. */
int free_plan_parse(struct arena *a, struct bytes in, struct plan *out, struct err *e);

/* The model writes the acceptance tests of every task; accepted when each is seen and none passes. Commits them. */
int free_plant(struct flow *f, struct err *e);

/* One task in the agent loop, until its acceptance tests pass or a budget ends; its commit and its event. */
int free_build(struct flow *f, struct task *t, struct err *e);

#endif
