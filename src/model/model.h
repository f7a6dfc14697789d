/*
 * One interface over every provider of models.
 *
 * A request is made of bytes that were serialised once: the transcript is append-only (a turn costs what is new in
 * it, and a server's prompt cache keeps its prefix), so `messages` is a run of JSON objects joined by commas.
 * Wire: OpenAI chat completions with server-sent events; per-model quirks are data (share/models).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "base/arena.h"
#include "base/json.h"

struct err;
struct model;

/* How an action is had from a model; found out per endpoint, tried in this order, remembered. */
enum model_way { WAY_UNKNOWN, WAY_NATIVE, WAY_SCHEMA, WAY_TEXT };

enum model_finish { FINISH_STOP, FINISH_CALLS, FINISH_LENGTH, FINISH_FILTER, FINISH_OTHER };

struct model_choice {
	const char *name;          /* "glm-5.1", "local", "qwen2.5-coder-1.5b", "replay:FILE", any id with base_url */
	const char *base_url;      /* NULL: the provider's                                                  */
	enum model_way way;        /* WAY_UNKNOWN: found out; else this one alone                           */
	int64_t patience_ms;       /* how long a failing endpoint is retried in all; 0: 2 minutes            */
	int64_t first_ms, stall_ms; /* how long the first byte, and each further one, may take; 0: 5 minutes,
				     * 15 for a server on this machine                               */
	const volatile int *stop;  /* may be NULL                                                            */
	/* Told of retries, downloads and waits, one line each; may be NULL. */
	void (*told)(void *arg, const char *line);
	void *arg;
};

struct model_usage {
	int64_t prompt, cached, completion; /* tokens; as the server says, else counted by us       */
	double cost;                        /* in US dollars; 0 for local models, NAN when unknown  */
	bool counted;                       /* true when the server gave no usage and we estimated  */
};

/*
 * A call that cannot be run stands among the others with `bad` saying why, in words for the model: the caller answers
 * it with that text as its result, so that every call has one and the model can mend it. Its arguments are "{}" then.
 */
struct model_call {
	const char *id;            /* unique in the reply                                 */
	const char *name;          /* one of the declared tools, checked, unless `bad`    */
	const char *arguments;     /* JSON object, checked to parse                       */
	const char *bad;           /* NULL: it can be run                                 */
};

struct model_ask {
	struct bytes messages;     /* JSON objects joined by ","                                        */
	struct bytes tools;        /* JSON array of {"name","description","parameters"}; n == 0: none  */
	const json_t *schema;      /* the reply must be JSON of this schema; NULL: free                 */
	double temperature;        /* < 0: the model's default                                          */
	int max_tokens;            /* 0: the model's default                                            */
	int64_t seed;              /* < 0: none                                                         */
	bool no_thinking;          /* answer at once, where the model can be asked to                   */
	const char *const *stop_words; /* NULL-ended; may be NULL                                       */
	/* Sees text as it streams: what is "content", "reasoning" or "call"; "again": the stream broke off and is
	 * repeated, what was seen of this turn does not count. May be NULL. */
	void (*seen)(void *arg, const char *what, struct bytes piece);
	void *arg;
};

struct model_reply {
	const char *content;       /* "" when none                                       */
	const char *reasoning;     /* byte-exact, or ""                                  */
	struct model_call *calls;
	int n_calls;
	const char *lost;          /* what was mended or is missing, for logs; NULL when clean. With FINISH_CALLS and
				    * n_calls == 0 the calls are gone: ask the model again */
	enum model_finish finish;
	enum model_way way;        /* in which the calls came                            */
	const char *message;       /* the assistant's message as JSON, to append to the transcript */
	struct model_usage usage;
	const char *model;         /* as the response names it                            */
	const char *response_id;
	const char *request;       /* "sha256:..." of what was asked (docs/formats/replay.md) */
	uint64_t sent;             /* bytes upstream, repeats included                    */
	uint64_t same;             /* bytes of messages, from the front, that are those of the turn before: the server's
				    * prompt cache holds so far. Less than all of them: the prefix was broken there */
	uint64_t same_of;          /* bytes of messages of the turn before                */
	int attempts;              /* requests that were needed                           */
	int64_t wall_ms, first_ms; /* whole, and to the first token                       */
};

/* ERR_USAGE/ERR_NOT_FOUND/ERR_AUTH with the cure. Starts a local server when the choice needs one. */
int model_open(const struct model_choice *c, struct model **out, struct err *e);
void model_close(struct model **m);
#define auto_model __attribute__((cleanup(model_close))) struct model

/* One turn. Retries what can be retried within the choice's patience; the reply is whole or there is none. */
int model_turn(struct model *m, struct arena *a, const struct model_ask *q, struct model_reply *out, struct err *e);

/* What a session's log keeps of a turn, and what "replay:FILE" reads: {"request":...,"reply":{...}}. New reference. */
json_t *model_reply_json(const struct model_reply *r);

/* A tool result as a message for the transcript, in the way the calls came. */
void model_result_message(const struct model *m, struct buf *out, const struct model_call *c, enum model_way way,
			  struct bytes text);
/* {"role":ROLE,"content":TEXT} */
void model_text_message(struct buf *out, const char *role, struct bytes text);

const char *model_name(const struct model *m);
const char *model_endpoint(const struct model *m);
bool model_is_small(const struct model *m);       /* blueprints and search under test rather than free work */
int64_t model_context_tokens(const struct model *m); /* 0: unknown */
/* True when the last turn failed because the transcript does not fit the model's context. */
bool model_was_too_long(const struct model *m);
/* Connections made so far: one a session, unless the server closes it. */
int64_t model_connections(const struct model *m);
/* Tokens of a text, estimated (bytes / 3.6 unless the model's data says better). */
int64_t model_count(const struct model *m, size_t n_bytes);

#endif
