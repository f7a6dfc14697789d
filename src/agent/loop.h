/*
 * The agent loop: a request, the reply's calls, their results, again; until the model ends its turn or a budget does.
 *
 * Used bare by `exec`, and by flow for tasks without a blueprint. Each turn is in the session's log, and on disk, before
 * it is acted on; each result before the next request. After a kill, loop_run with the same session and task goes on at
 * that turn: what ran is not run again, what may have run is said to the model, what only reads is read again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include "agent/session.h"
#include "model/model.h"
#include "sandbox/sandbox.h"

struct err;

struct loop_budget { /* 0: no limit */
	int64_t turns, tokens, time_ms;
	double cost; /* US dollars */
};

/* What a session has spent: by earlier processes, and by this one so far. */
struct loop_spent {
	int64_t turns, elapsed_ms;
	struct model_usage usage;
};

enum loop_end {
	LOOP_DONE,     /* the model ended its turn, or finished, and that was accepted       */
	LOOP_BUDGET,   /* turns, tokens, money or time are spent                             */
	LOOP_STUCK,    /* it turned in circles, or its calls stayed malformed                */
	LOOP_REFUSED,  /* the checks before "done" did not pass within their bound           */
	LOOP_STOPPED,  /* a person or a signal                                               */
};

struct loop_options {
	struct session *session;
	struct model *model;
	const char *dir;                 /* the work tree                                         */
	const struct sandbox *sandbox;
	const struct sandbox *tests;     /* of its test runs; NULL: as sandbox                    */
	int64_t command_ms, tests_ms;    /* the most that a command, a test run may take; 0: their own limits */
	const char *task;                /* its id in events; NULL: there is but one (exec)       */
	const char *const *tools;        /* names, NULL-ended; NULL: all but finish               */
	const char *rules;               /* behind ours in the system's message; may be NULL      */
	const char *words;               /* the person's, or the task's; ignored when it resumes  */
	const char *test_command;        /* NULL: found                                           */
	const char *const *protect;      /* read-only names beneath dir; may be NULL              */
	struct loop_budget budget;       /* of the session                                        */
	struct loop_spent *spent;        /* in and out; may be NULL                               */
	int refusals_max;                /* of may_finish; 0: 8                                   */
	const volatile int *stop;        /* may be NULL                                           */
	/* Asked before "done" is accepted: 1 yes; 0 no, *why goes to the model; -1 cannot be told. May be NULL. The warm
	 * sandbox of the calls is closed then, so that a layer is free. */
	int (*may_finish)(void *arg, struct arena *a, const char *summary, const char **why, struct err *e);
	void *arg;
};

struct loop_result {
	enum loop_end end;
	char *text;       /* the model's last words, or its summary; in the arena */
	const char *why;  /* when not done: one line                              */
	int64_t turns;    /* of this loop                                         */
};

/* -1: it could not go on (network, disk, sandbox); the session can be resumed. */
int loop_run(struct arena *a, const struct loop_options *o, struct loop_result *out, struct err *e);

/* Sums up the "usage" events of a session. */
int loop_spent_read(struct session *s, struct loop_spent *out, struct err *e);

#endif
