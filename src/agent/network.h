/*
 * The network of a sandbox: the egress process for what a profile and --allow name, and its account.
 *
 * One for all sandboxes that a box is copied to. It ends with network_close, or when we do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_NETWORK_H
#define AGENT_NETWORK_H

#include "base/json.h"
#include "sandbox/profile.h"
#include "sandbox/sandbox.h"

struct err;
struct network;

/* Who is told, at the end, what was asked for. */
struct network_told {
	sandbox_refused_fn *refused;                           /* the wall is "egress"                          */
	void (*add)(void *arg, const char *type, json_t *data); /* "network", "package"; data is stolen          */
	void *arg;
};

/* What --allow takes: HOST[:PORT] or "registries". ERR_USAGE. */
int network_rule_check(const char *rule, struct err *e);
/* Adds such a rule to p. */
int network_allow(struct arena *a, struct profile *p, const char *rule, struct err *e);

/* *out is NULL when p has no network. Else box, which profile_apply has filled, leads to it. ERR_USAGE when no host is named or
 * the backend has no network to let through; ERR_DENIED at level 1. a must outlive *out and box. */
int network_open(struct arena *a, const struct profile *p, struct sandbox *box, struct network **out, struct err *e);
/* told: NULL tells nobody. Sets NULL; NULL is fine. */
void network_close(struct network **n, const struct network_told *told);

#endif
