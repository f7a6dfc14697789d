/*
 * What is known of endpoints and of models, as data: share/models/providers.json, and a person's own providers.json in
 * the configuration folder, whose entries win by name. Format: docs/formats/providers.md.
 *
 * A quirk of a model or an endpoint is a line there, never a line of code.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_PROVIDER_H
#define MODEL_PROVIDER_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/model.h"

#include <stdint.h>

struct err;

/* What an endpoint does with "response_format". */
enum provider_schema { SCHEMA_ENFORCED, SCHEMA_OBJECT, SCHEMA_NONE };

struct provider {
	const char *name, *title;
	const char *base_url;           /* NULL: no fixed one                                           */
	const char *const *keys;        /* variables that may hold its key, beside SEALWRIGHT_API_KEY   */
	const char *const *headers;     /* NULL-ended "Name: value", sent with each request             */
	const char *body;               /* members added to each request: "\"a\":1,\"b\":2", or ""      */
	const char *max_tokens;         /* how it calls that                                            */
	enum provider_schema schema;
	int stop_words;                 /* it takes at most so many                                     */
	bool local;                     /* a server on this machine                                     */
	bool key_in_clear;              /* its key may go over plain http beyond this machine           */
	bool flat;                      /* a subscription: a turn costs nothing more                    */
	const char *const *quota;       /* codes of errors that no waiting mends                        */
	const char *const *busy;        /* codes of errors that waiting mends                           */
	int64_t first_ms, stall_ms;     /* 0: the usual                                                 */
};

struct provider_pair { const char *key, *value; };

struct provider_model {
	const char *name, *title, *provider;
	const char *const *match;       /* fnmatch patterns of ids that mean it, case aside             */
	struct provider_pair *ids;      /* its id at a provider, where it is not its name               */
	int n_ids;
	struct provider_pair *bodies;   /* members added per provider; "*": at any other                */
	int n_bodies;
	struct provider_pair *plain;    /* in place of `bodies` when no thinking is wanted              */
	int n_plain;
	int64_t context, output;        /* tokens; 0: unknown                                           */
	bool small;
	bool drop_reasoning;            /* it refuses its own reasoning back                            */
	double token_bytes;             /* bytes a token, on average                                    */
	double temperature, top_p;      /* < 0: the endpoint's own                                      */
	enum model_way ways[3];         /* in the order to try; WAY_UNKNOWN ends                        */
	const char *price_provider;     /* whose price it is                                            */
	double price[3];                /* US dollars a million tokens: prompt, cached, completion; NAN */
};

struct providers {
	struct provider *all;
	int n;
	struct provider_model *models;
	int n_models;
};

int providers_parse(struct arena *a, struct bytes in, struct providers *out, struct err *e);
/* The shipped ones with the person's own in front. */
int providers_load(struct arena *a, struct providers *out, struct err *e);

/* NULL when there is none. */
const struct provider *providers_named(const struct providers *p, const char *name);
const struct provider *providers_at(const struct providers *p, const char *base_url);
const struct provider_model *providers_model(const struct providers *p, const char *id);

/* The model's id at this provider; its members for the request's body, or "". */
const char *provider_model_id(const struct provider_model *m, const char *provider, const char *fallback);
const char *provider_model_body(const struct provider_model *m, const char *provider, bool no_thinking);
/* US dollars; NAN when no price is known. */
double provider_cost(const struct provider *p, const struct provider_model *m, const struct model_usage *u);

#endif
