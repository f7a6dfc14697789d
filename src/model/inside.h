/*
 * What the files behind model.h share; nothing outside src/model includes it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_INSIDE_H
#define MODEL_INSIDE_H

#include "model/key.h"
#include "model/local.h"
#include "model/model.h"
#include "model/provider.h"
#include "model/tools.h"
#include "net/http.h"
#include "net/url.h"

struct replay;
struct reply;

struct model {
	struct arena a;                      /* lives as long as the model                       */
	struct providers data;
	const struct provider *provider;
	const struct provider_model *quirks; /* NULL: nothing is known of it                     */
	char *name, *id;                     /* as the person says; as requests say              */
	char *base_url, *url, *endpoint;     /* endpoint: "host:port", for people                */
	struct url where;
	struct key *key;
	const char *why_no_key;
	struct local_server local;           /* lease -1 when it is none of ours                 */
	struct http *http;                   /* opened with the first turn                       */
	struct tools tools;
	struct replay *replay;               /* answers from a file instead                      */
	enum model_way ways[3];              /* to try, in order; WAY_UNKNOWN ends               */
	enum model_way way;                  /* in use                                           */
	bool way_sure;                       /* calls have come in this way                      */
	bool reached;                        /* the endpoint has answered once                   */
	bool too_long;                       /* the last turn failed because it does not fit     */
	bool told_of_key;                    /* that it is kept back                             */
	struct buf last;                     /* messages of the turn before                      */
	enum provider_schema schema;
	bool small, by_local;                /* by_local: local.h found it                       */
	int64_t context, output;
	double token_bytes;
	int64_t patience_ms, first_ms, stall_ms;
	const volatile int *stop;
	void (*told)(void *arg, const char *line);
	void *arg;
};

/* Tells one formatted line, the key hidden, if anybody listens. */
void model_tell(const struct model *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- request.c --- */
struct request {
	struct buf head, tail;
	struct bytes piece[3];
};
/* The body of a request; its middle piece lies in q->messages. */
int request_make(struct model *m, const struct model_ask *q, bool stream, struct request *out, struct err *e);
void request_drop(struct request *r);
#define auto_request __attribute__((cleanup(request_drop))) struct request
/* "sha256:..." of what is asked, whoever is asked. */
const char *request_digest(struct arena *a, const struct model_ask *q);

/* --- calls.c --- */
/* From what the wire brought to what the caller gets: calls checked or recovered, message, usage. -1: the server said
 * "calls" and none is to be found (out is filled all the same). */
int calls_settle(struct model *m, struct arena *a, const struct model_ask *q, struct reply *r, struct model_reply *out);

/* --- ways.c --- */
/* The way that was found out in an earlier session, or WAY_UNKNOWN; and keeping it. Silence when that fails. */
enum model_way ways_recall(const struct model *m);
void ways_keep(const struct model *m);
const char *ways_name(enum model_way way);
/* The next way after the one in use, or WAY_UNKNOWN. */
enum model_way ways_next(const struct model *m);

/* --- retry.c --- */
struct retry {
	int64_t began, patience; /* began: the first failure           */
	int tries;               /* failures in a row                  */
	int64_t wanted;          /* what the last one had us wait      */
};
bool retry_is_worth(int status);
/* How long to wait before the next try; -1 when patience would end before. after_ms: what the server asked for, or -1. */
int64_t retry_wait(struct retry *r, int64_t after_ms);

/* --- replay.c --- */
struct replay *replay_make(struct bytes text);
int replay_open(const char *path, struct replay **out, struct err *e);
int replay_turn(struct replay *p, struct arena *a, const struct model_ask *q, struct model_reply *out, struct err *e);
void replay_close(struct replay **p);

#endif
