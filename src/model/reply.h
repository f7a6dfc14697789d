/*
 * A model's reply as it comes: chunks of a stream put together, or one whole completion.
 *
 * Everything in it is a stranger's: every text has a ceiling, every index a bound; what is not understood is passed
 * over, since servers add members of their own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_REPLY_H
#define MODEL_REPLY_H

#include "base/buf.h"
#include "base/json.h"

#include <stdint.h>

struct err;

enum { REPLY_CALLS_MAX = 64, REPLY_TEXT_MAX = 16 << 20 };

struct reply_call {
	struct buf id, name, arguments;
	int64_t index;
};

struct reply {
	struct buf content, reasoning;
	bool reasoning_short;          /* it was named "reasoning", not "reasoning_content"     */
	struct reply_call calls[REPLY_CALLS_MAX];
	int n_calls;
	char finish[32];               /* finish_reason; "" until it came                       */
	bool any;                      /* some chunk was understood                             */
	bool done;                     /* "[DONE]" came                                         */
	bool has_usage;
	int64_t prompt, cached, completion;
	char model[128], id[128];
	char error[400], error_code[64], error_type[64]; /* "" unless the reply is an error     */
	size_t text, text_max;         /* bytes of text so far, and their ceiling               */
	/* Sees what is new: "content", "reasoning" or "call"; may be NULL. */
	void (*seen)(void *arg, const char *what, struct bytes piece);
	void *arg;
};

void reply_make(struct reply *r, size_t text_max);
void reply_drop(struct reply *r);
#define auto_reply __attribute__((cleanup(reply_drop))) struct reply

/* One "data:" of the stream. ERR_INPUT when it is no JSON object, ERR_LIMIT over the ceiling. An error that the server
 * tells of is no failure here: it stands in r->error. */
int reply_add(struct reply *r, struct bytes chunk, struct err *e);
/* A whole chat.completion, or {"error": ...}. */
int reply_parse(struct reply *r, struct bytes in, struct err *e);

#endif
