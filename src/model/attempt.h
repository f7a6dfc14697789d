/*
 * One request and what came of it. turn.c makes as many as patience allows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_ATTEMPT_H
#define MODEL_ATTEMPT_H

#include "base/err.h"
#include "model/inside.h"
#include "model/reply.h"
#include "net/sse.h"

enum { ATTEMPT_PLAIN_MAX = 24 << 20, ATTEMPT_ERROR_MAX = 64 << 10 };

enum outcome {
	WHOLE,       /* the reply is there                                       */
	AGAIN,       /* ask again after a while                                  */
	OTHER_WAY,   /* the endpoint does not take this way of asking            */
	FAILED,      /* no use: e says why                                       */
};

struct attempt {
	struct model *m;
	const struct model_ask *q;
	bool stream;              /* asked for a stream                          */
	struct reply *reply;
	struct sse sse;
	struct buf plain;         /* a body that is no stream                    */
	bool is_sse, known;       /* what it is, once the first bytes came       */
	bool done;                /* the reply is whole: the rest is not waited for */
	size_t behind;            /* bytes behind its end                        */
	int64_t began, first;
	struct http_reply http;
	struct err why;           /* why reading was ended by us                 */
	int64_t after_ms;         /* what the server asked for                   */
};

struct attempt attempt_make(struct model *m, const struct model_ask *q, bool stream, struct reply *r);
void attempt_drop(struct attempt *t);
#define auto_attempt __attribute__((cleanup(attempt_drop))) struct attempt
/* Sends the request and reads what comes. out->sent grows. */
enum outcome attempt_run(struct attempt *t, struct arena *a, struct model_reply *out, struct err *e);
/* Gets bodies as they come; arg is the attempt. */
int attempt_seen(void *arg, const struct http_reply *h, struct bytes piece);

/* --- judge.c: what an answer means --- */
enum outcome judge_status(struct attempt *t, struct arena *a, struct err *e);  /* one that is not 200 */
enum outcome judge_fault(const struct attempt *t, const struct err *why, struct err *e); /* none, or not to its end */
enum outcome judge_body(struct attempt *t, struct arena *a, struct err *e);    /* a 200 */

#endif
