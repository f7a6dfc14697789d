/*
 * The context: what of a session is shown to the model, as the bytes that are sent.
 *
 * Append-only: a message is serialised once and never touched again, so a turn costs what is new in it and a server's
 * prompt cache keeps its prefix. Each message moves a chain of digests on; the chain stands in the log with each reply, so
 * that a rebuilt context is known to be the one that was sent, and a break is known by the event where it happened.
 *
 * The one exception is a cut, when the model's window is nearly full: old tool outputs give way to a note that says
 * where they stand on disk, then the oldest turns to one note. What the person said is never cut, and a call is never
 * parted from its results. A cut is an event of its own and is applied again when the context is rebuilt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_CONTEXT_H
#define AGENT_CONTEXT_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"

struct err;

enum item_kind {
	ITEM_SYSTEM,
	ITEM_PERSON,   /* the person's own words: stay for ever        */
	ITEM_OURS,     /* what we told the model: nudges, complaints   */
	ITEM_REPLY,
	ITEM_RESULT,   /* of a tool call, behind its reply             */
};

struct item {
	enum item_kind kind;
	bool small;            /* a result that was cut already       */
	size_t at, n;          /* in messages, without the comma      */
};

struct context {
	struct buf messages;   /* JSON objects joined by commas       */
	struct item *items;
	int n, room;
	struct digest chain;
	int cuts;
};

enum { CONTEXT_MAX = 64 << 20 };

void context_open(struct context *c);
void context_close(struct context *c);
#define auto_context __attribute__((cleanup(context_close))) struct context

/* message: one JSON object. ERR_LIMIT over CONTEXT_MAX. */
int context_add(struct context *c, enum item_kind kind, struct bytes message, struct err *e);

/*
 * What to cut so that at most `most` bytes are left, as a "context.cut" event's data:
 *   {"outputs":[{"item":N,"message":"..."}],"from":N,"to":N,"note":"message","before":N,"after":N,"chain":"..."}
 * keep(arg, text) keeps an output on disk: its path, or NULL. note: text for what stands in place of the oldest turns.
 * NULL when nothing can be cut. The cut is not applied yet.
 */
json_t *context_plan_cut(struct arena *a, const struct context *c, size_t most, const char *note,
			 char *(*keep)(void *arg, struct arena *a, struct bytes text), void *arg);
/* Applies such data; ERR_INPUT when it does not fit the context. */
int context_cut(struct context *c, const json_t *cut, struct err *e);

#endif
