/*
 * An HTTP client over libcurl: one connection that is kept, every wait and every size bounded.
 *
 * libcurl is loaded when the first request is made (its thirty libraries would cost every start of the program). TLS is
 * always verified (against the system's authorities, or SSL_CERT_FILE's), redirects are never followed (a key would
 * follow them), answers are never unpacked (no Accept-Encoding is sent, so there is nothing to blow up), proxies come
 * from the usual variables but never stand between us and this machine itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/buf.h"

#include <stdint.h>

struct err;
struct http;
struct sockaddr;

enum { HTTP_PIECES = 8, HTTP_HEADERS_MAX = 64 << 10 };

/* Why there is no whole answer. */
enum http_fault {
	HTTP_WHOLE,     /* there is one                                                     */
	HTTP_ENDED,     /* `seen` wanted no more                                            */
	HTTP_NAME,      /* no such host                                                     */
	HTTP_REFUSED,   /* nobody listens there, or the way is shut                         */
	HTTP_TLS,       /* the certificate does not hold                                    */
	HTTP_CUT,       /* broke off                                                        */
	HTTP_SLOW,      /* no connection, no first byte, or no further byte in time         */
	HTTP_TOO_LARGE, /* over a ceiling                                                   */
	HTTP_STOPPED,   /* *stop became true                                                */
	HTTP_BROKEN,    /* what came is no HTTP, or the request makes no sense              */
};

struct http_reply {
	int status;             /* 0: none came                          */
	char type[64];          /* "text/event-stream", lower case, without parameters */
	char encoding[32];      /* Content-Encoding; "" when plain       */
	char location[512];     /* of a redirect, not followed           */
	int64_t retry_after_ms; /* -1: not said                          */
	uint64_t body;          /* bytes that came                       */
	uint64_t sent;          /* bytes of the request's body and head  */
	enum http_fault fault;
};

struct http_ask {
	const char *url;
	const char *const *headers;    /* NULL-ended "Name: value"; may be NULL                       */
	const char *secret_header;     /* one more, whose memory is ours alone; may be NULL           */
	bool post;                     /* else GET                                                    */
	bool head_only;                /* HEAD                                                        */
	bool any_path;                 /* path and query of the url as they are: it is no endpoint's base, and may be long */
	struct bytes piece[HTTP_PIECES]; /* of the body, sent one behind the other                    */
	int n_pieces;
	int64_t connect_ms, first_ms, stall_ms; /* 0: 20 s, 5 min, 5 min                              */
	uint64_t body_max;             /* 0: 64 MiB                                                   */
	const volatile int *stop;      /* may be NULL                                                 */
	const bool *enough;            /* when true, the rest is waited for a second at most, for the
					* connection's sake; what came counts as whole. May be NULL   */
	/* Gets the body as it comes; -1 ends the request (HTTP_ENDED). */
	int (*seen)(void *arg, const struct http_reply *head, struct bytes piece);
	/* Sees each field of the answer's head, values trimmed; may be NULL. */
	void (*field)(void *arg, struct bytes name, struct bytes value);
	/* Whether this address may be connected to; may be NULL. Not asked when a proxy stands between. */
	bool (*may_dial)(void *arg, const struct sockaddr *to);
	void *arg;
};

/* Loads libcurl. ERR_NOT_FOUND with the cure when it is not installed. */
int http_open(struct http **out, struct err *e);
void http_close(struct http **h);
#define auto_http __attribute__((cleanup(http_close))) struct http

/* 0 when a whole answer came, whatever its status, or `seen` ended it; else -1 with out->fault and what is known. */
int http_send(struct http *h, const struct http_ask *q, struct http_reply *out, struct err *e);
/* Connections made so far. */
int64_t http_connections(const struct http *h);

/* "Retry-After": seconds or an HTTP date; -1 when it is neither. now is what the date is held against. */
int64_t http_retry_after_parse(struct bytes in, int64_t now_ms);

#endif
