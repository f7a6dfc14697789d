/*
 * What the files of the loop share: loop.c (turns), call.c (tool calls), rebuild.c (from the log); nobody else includes it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_LOOP_STATE_H
#define AGENT_LOOP_STATE_H

#include "agent/context.h"
#include "agent/loop.h"
#include "agent/watch.h"
#include "tool/tool.h"

enum { LOOP_CALLS_MAX = 64, LOOP_MALFORMED_MAX = 3 };

/* The reply at hand and how far its calls are. */
struct pending {
	struct arena a;
	struct model_call *calls;
	int n, next;            /* calls before `next` have results */
	bool started;           /* the call `next` was begun by a process that is gone */
	bool durable;           /* the reply is on disk                                */
	bool good;              /* one of its calls was well formed                    */
	enum model_way way;
	enum model_finish finish;
	char *text;
	const char *lost;
};

struct loop {
	struct arena *a;
	const struct loop_options *o;
	struct context c;
	struct watch watch;
	struct toolbox box;
	struct buf tools;
	struct pending reply;
	bool has_reply;         /* reply is not settled yet: calls to run, or the end to judge */
	struct loop_spent spent;
	int64_t began_ms;       /* monotonic, less what was spent before */
	int64_t turns;          /* of this loop */
	int malformed, lengths, refusals; /* in a row */
	bool green;             /* of the last test run */
	char *summary;          /* of finish */
	enum loop_end end;
	const char *why;
	bool over;
	int64_t said_ms;        /* when progress was last told */
	size_t streamed;
};

/* An event, without and with what makes it last. */
int loop_log(struct loop *l, const char *type, json_t *data, struct err *e);

/* Counts what a turn cost, in memory and in the log. */
int loop_spend(struct loop *l, const struct model_usage *u, struct err *e);
/* Tells the model something of ours: an event and a message. kind: for readers of the log. */
int loop_tell(struct loop *l, const char *kind, const char *text, struct err *e);
void loop_over(struct loop *l, enum loop_end end, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Runs the calls of the reply at hand, from reply.next on. */
int loop_calls(struct loop *l, struct err *e);
/* A result into the context and the watch; of this process or of an earlier one. */
int loop_result_add(struct loop *l, const struct model_call *call, const json_t *data, struct err *e);
/* A reply likewise. data: of a "reply" event. */
int loop_reply_add(struct loop *l, const json_t *data, struct err *e);
const char *call_about(struct arena *a, const struct model_call *c);

/* Everything up to where the log ends. *found: the loop was begun before; *ended: and came to its end. */
int loop_rebuild(struct loop *l, bool *found, bool *ended, struct err *e);

#endif
