/*
 * The head of an HTTP/1 request that a client in the sandbox sends (RFC 9112), read strictly: what two programs could read
 * in two ways is refused, so that what was checked is what the server outside understands.
 *
 * Refused: line ends other than CRLF, NUL and control characters, folded lines, a blank before a colon, names that are no
 * tokens, more than one Host, Host that differs from the target, Content-Length twice or with Transfer-Encoding, user names
 * in a target, and any Transfer-Encoding (a chunked body would have to be read to know where it ends; 411 asks for a length).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_HEAD_H
#define EGRESS_HEAD_H

#include "egress/host.h"

enum { HEAD_MAX = 64 << 10, HEAD_FIELDS = 128 };

enum head_form {
	HEAD_ORIGIN,   /* GET /path        */
	HEAD_ABSOLUTE, /* GET http://host/ */
	HEAD_CONNECT,  /* CONNECT host:443 */
};

struct head_field {
	struct bytes name, value;
};

struct head {
	struct bytes method, path; /* path: "/..." with its query; empty for CONNECT */
	enum head_form form;
	bool is_old;               /* HTTP/1.0 */
	bool has_host;             /* host and port are set: by the target, or by the Host field */
	struct host host;
	int port;
	int64_t length;            /* of the body */
	struct head_field field[HEAD_FIELDS];
	int n_fields;
	size_t size;               /* bytes, with the empty line */
};

/* 1: whole, in *out (which borrows from in); 0: more must come; -1: ERR_INPUT; *status is 400, 411, 414, 431 or 505 then. */
int head_parse(struct bytes in, struct head *out, int *status, struct err *e);
/* A field's value by its name in lower case; n == 0: absent or empty. */
struct bytes head_get(const struct head *h, const char *name);
bool head_is(const struct head *h, const char *method);
/* The same request for the server itself: the path alone, Host anew, nothing that was for a proxy, Connection: close. */
int head_write(const struct head *h, struct buf *out, struct err *e);

#endif
