/*
 * The parts of the egress process, shared by its files and by nobody else.
 *
 * One thread waits for what arrives; each connection has a thread of its own, of which there is a bounded number. All of
 * them read one policy, which is set before the first of them exists and never changes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_INSIDE_H
#define EGRESS_INSIDE_H

#include "base/json.h"
#include "egress/allow.h"
#include "egress/egress.h"

#include <sys/types.h>

enum {
	FIRST_MS = 20000,        /* for a request's head, or a TLS greeting                      */
	IDLE_MS = 15 * 60000,    /* for a connection on which nothing moves                      */
	READS_MAX = 2000,        /* for one head: who sends byte by byte ends here               */
	CONNS_MAX = 512,         /* in all                                                       */
	CONNS_EACH = 128,        /* of one sandbox; more wait                                    */
	SANDBOXES_MAX = 1024,
};

struct policy {
	struct allow_list allow;
	uint64_t bytes_max;      /* of one connection, both ways                                 */
	uint16_t ports[HANDOVER_MAX + 1];
};
extern struct policy the_policy;

struct conn {
	int fd;                  /* the client's; non-blocking                                   */
	int64_t id;              /* in the log                                                   */
	pid_t pid;               /* of the sandbox's first process                               */
	int listener;            /* the port that it was accepted on                             */
	struct address to;       /* what the client connected to                                 */
	const volatile int *stop; /* the sandbox has ended                                       */
	struct buf in;           /* what was read and not yet used                               */
	uint64_t up, down;       /* bytes passed on                                              */
};

/* ---- log.c: what was asked for, and what came of it ---- */

struct note {
	const struct conn *conn; /* may be NULL                                                  */
	pid_t pid;
	const char *way;         /* "connect", "http", "tls", "dns", "registry", ...             */
	const char *host, *method, *rule, *why; /* NULL: not known                               */
	int port;                /* 0: none                                                      */
	bool allowed;
};
/* fd -1: nothing is written, but what was refused is kept. */
void log_open(int fd);
int64_t log_next_id(void);
void log_note(const struct note *n);
void log_end(const struct conn *c, const char *why); /* when bytes were passed on */
/* For log_report: what a registry gave. */
void log_package(const struct egress_package *p);
/* {"refused":[...],"packages":[...]}; a new reference. */
json_t *log_report(void);

/* ---- proxy.c ---- */

void proxy_serve(struct conn *c);       /* 127.0.0.1:3128                        */
void transparent_serve(struct conn *c); /* an address that stands for a name     */

/* ---- answer.c: DNS, and what an HTTP client is told ---- */

void dns_datagram(int fd, pid_t pid);
void dns_serve(struct conn *c);
/* Status and a line of text; then the connection ends. */
void answer_status(struct conn *c, int status, const char *text);
/* Reads more into c->in, up to max in all. 1, 0 at the end, -1: no more in time, or too much. */
int conn_read(struct conn *c, size_t max, int64_t *left_ms);

/* ---- gateway.c ---- */

void gateway_prepare(void);
void gateway_serve(struct conn *c, int kind);

/* ---- serve.c ---- */

/* Until control hangs up. listeners: the socket on which sandboxes hand theirs over. */
void serve(int control, int listeners);

#endif
