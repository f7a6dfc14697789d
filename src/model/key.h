/*
 * The key of an endpoint: found, guarded, and kept from whom it is not for.
 *
 * It lives in locked memory of its own and goes nowhere but into one request header. Where it may go is decided here:
 * over TLS to the endpoint it is meant for; to this machine only when it was set for sealwright itself and the listener
 * belongs to this person or the system; over plain http beyond this machine never, unless the endpoint's data says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_KEY_H
#define MODEL_KEY_H

#include "model/provider.h"
#include "net/url.h"

struct err;
struct key;

/*
 * SEALWRIGHT_API_KEY, then the provider's own variables; OPENAI_API_KEY only for an endpoint that a person named by URL
 * (named) and that is not this machine. *out is NULL when there is none, or none that may go there: *why then says, for
 * people, which variable to set or why the one that is set stays here. ERR_USAGE for a key that is no key.
 */
int key_find(const struct provider *p, const struct url *u, bool named, struct key **out, const char **why, struct err *e);
/* A given one, as a local server has. */
int key_make(const char *text, struct key **out, struct err *e);
void key_drop(struct key **k);

/* "Authorization: Bearer ...", or NULL when it may not go to u (now). */
const char *key_header(const struct key *k, const struct url *u);
/* Overwrites the key wherever it stands in text, which a stranger may have sent back to us. */
void key_hide(const struct key *k, char *text);

#endif
