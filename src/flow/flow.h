/*
 * From an intent to a finished code base, stage by stage, resumable at each.
 *
 *     interpret -> plan -> build -> finish
 *
 * Every stage ends with an event in the session's log that holds all the next one needs, so a restart after a kill goes
 * on where the log ends (flow_resume). The stages after these (record, propose, approve, merge) come with the parts
 * that carry them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "agent/session.h"
#include "agent/walls.h"
#include "base/arena.h"
#include "flow/intent.h"
#include "flow/plan.h"
#include "model/model.h"
#include "sandbox/sandbox.h"

struct err;
struct flow;

struct flow_budget { /* 0: no limit */
	int64_t turns, tokens, time_ms;
	double cost;           /* US dollars */
};

struct flow_options {
	struct intent intent;
	const char *dir;               /* absolute; absent or empty                                             */
	const char *model, *base_url;  /* as model_choice                                                       */
	enum sandbox_backend sandbox;
	const json_t *settings;        /* flow_start: kept in the log for who resumes; may be NULL              */
	int sandbox_level;             /* the least that our own sandbox must reach, or nothing is run; 0: 2    */
	const char *image;             /* of SANDBOX_OCI; NULL: its own                                         */
	int64_t patience_ms;           /* with a failing endpoint; 0: the model's own                           */
	const struct tag *tags;        /* of the configuration, as intent_parse takes them; for flow_resume     */
	struct walls_asked asked;      /* of the sandbox of commands                                            */
	/* The organisation's locks over each profile of the sandbox, with hold_arg. May be NULL. */
	walls_hold_fn *hold_profile;
	void *hold_arg;
	/* Asked before an endpoint gets anything: -1 with e set is a no. May be NULL. */
	int (*allow_endpoint)(void *arg, const char *endpoint, struct err *e);
	struct flow_budget budget;
	const char *test_command;      /* from the configuration; NULL: found                                   */
	const volatile int *stop;
	/* Shown the plan before work starts: 1 go on, 0 the person says no. NULL: no question. */
	int (*confirm)(void *arg, const char *plan); /* -1: asked to stop meanwhile */
	session_listener *listener;    /* sees every event; may be NULL                                         */
	void *arg;                     /* of all three                                                          */
};

/* What came of it. */
enum flow_end {
	FLOW_FINISHED,    /* every task passed, or optional ones left out and said so */
	FLOW_UNFINISHED,  /* something is missing: said in the summary                */
	FLOW_DECLINED,    /* the person said no to the plan                           */
};

/* Makes a session and runs it to its end. -1 with e set when it could not go on: the session can be resumed. */
int flow_start(const struct flow_options *o, enum flow_end *end, struct err *e);
/* Goes on with a session of kind "run". o's intent and dir are ignored; all else is what the caller resolved anew from the
 * session's "settings" and the person's options, so that a policy which came since holds. */
int flow_resume(struct session *s, const struct flow_options *o, enum flow_end *end, struct err *e);

#endif
