/*
 * What the gateway asks of a registry: connections that are kept, redirects that lead nowhere private, a token that goes to
 * the registry alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_FETCH_H
#define EGRESS_FETCH_H

#include "base/buf.h"
#include "net/http.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

enum { FETCH_URL_MAX = 8192, FETCH_REDIRECTS = 5 };

struct fetch_head {      /* of the last answer; "" or -1: not said */
	int status;
	int64_t length;
	char type[128], etag[256], modified[64], encoding[32];
};

struct fetch {
	const char *url;
	const char *home;              /* the registry's base: its host may be private, all others must be public      */
	const char *secret;            /* "Name: value" for the registry's own host alone; NULL: none                   */
	const char *accept, *if_none_match, *if_modified_since; /* of the client; NULL: none                            */
	bool head_only;
	uint64_t max;
	const volatile int *stop;
	/* The head stands before the first piece comes; -1 ends it. */
	int (*piece)(void *arg, const struct fetch_head *head, struct bytes piece);
	void *arg;
	struct fetch_head head;        /* out */
};

/* Loads what is needed, before there are threads. ERR_NOT_FOUND. */
int fetch_prepare(struct err *e);
/* 0 when a whole answer came, whatever its status. */
int fetch_run(struct fetch *f, struct err *e);

#endif
