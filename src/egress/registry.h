/*
 * Registries: which ones this machine's own clients use, with their credentials, and what clients inside need to use ours.
 *
 * Read once, before the process gives up its files: pip's, npm's, cargo's, Go's, Maven's and apt's configuration and variables
 * (see clients.c); the public ones where none says otherwise. Credentials are never copied to the inside.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_REGISTRY_H
#define EGRESS_REGISTRY_H

#include "base/json.h"
#include "egress/route.h"

struct err;

enum { REGISTRIES_MAX = 8, REGISTRY_URL_MAX = 1024 };

struct registry {
	char base[REGISTRY_URL_MAX]; /* "https://host/path", without a slash at its end and without a user */
	char *secret;                /* "Authorization: ..." by sodium_malloc, or NULL                     */
	char scope[128];             /* npm: "@scope"                                                      */
};

/* Adds one; a user and password in the URL become its secret. False when it is no http(s) URL or there are too many. */
bool registry_add(enum registry_kind k, const char *url, const char *scope);
/* The one at index which, or NULL. */
struct registry *registry_get(enum registry_kind k, int which);
int registry_count(enum registry_kind k);
/* "Authorization: <scheme> <value>" for it; value's memory is the caller's. */
void registry_set_secret(struct registry *r, const char *scheme, const char *value);
/* "Authorization: Basic base64(text)". */
void registry_set_basic(struct registry *r, const char *user_and_password);

/* clients.c: what this machine's clients say; then the public ones for what is missing. */
void registry_discover(void);
/* What clients inside are told: "NAME=value" texts, and {"path","text"} of files in the home folder. */
void registry_tell(json_t *env, json_t *files);
/* apt.c: its part of both. */
void registry_discover_apt(void);
void registry_tell_apt(json_t *env, json_t *files);

#endif
