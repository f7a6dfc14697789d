/*
 * Egress: what a sandbox may reach of the network, through a process of its own that alone holds the allow-list.
 *
 * Inside stands nothing of ours: the sandbox opens listeners in its own network namespace and hands them out (sandbox.egress,
 * net/handover.h). Code inside finds an HTTP proxy at 127.0.0.1:3128 (the usual variables name it), and needs none: names on
 * the list resolve, to addresses of ours, on which the process answers; all others do not exist. It dials the name that was
 * checked, once, at an address that was checked; TLS must ask for that name, and so must HTTP.
 *
 * What it does not do: look into TLS. A server that serves several sites behind one allowed name (domain fronting within one
 * certificate) can be asked for another of them.
 *
 * Package registries are a gateway: inside, plain HTTP on loopback; outside, TLS with the machine's own configuration and
 * credentials, which stay there. Only packages can be fetched by it, nothing sent; what was fetched is recorded.
 *
 * The process is our binary once more (a constructor in process.c answers to its name), so that it is no copy of a process
 * that holds keys or a conversation. It ends when the struct egress is closed, or its owner dies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_EGRESS_H
#define EGRESS_EGRESS_H

#include "base/arena.h"
#include "net/handover.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct egress;

struct egress_options {
	const char *const *allow;   /* rules (allow.h), NULL-ended; may be NULL                                   */
	const char *const *hosts;   /* "NAME ADDRESS": known without asking a resolver; NULL-ended; may be NULL    */
	const char *log;            /* a file that gets a line of JSON for each attempt, appended; NULL: none     */
	bool registries;            /* the gateway too, to the registries that this machine's own clients use     */
	uint64_t bytes_max;         /* of one connection; 0: 8 GiB                                                */
};

/* A file that clients inside need, for sandbox.files. */
struct egress_file {
	const char *path; /* beneath the home folder */
	const char *text;
};

/* ERR_USAGE when a rule makes no sense; ERR_SYS. */
int egress_start(const struct egress_options *o, struct egress **out, struct err *e);
void egress_end(struct egress **g); /* NULL is fine; sets NULL */

/* For the sandbox; they live as long as g. */
int egress_socket(const struct egress *g);                       /* sandbox.egress       */
const uint16_t *egress_ports(const struct egress *g);            /* sandbox.egress_ports, ended by 0 */
const char *const *egress_env(const struct egress *g);           /* to be added to sandbox.env; NULL-ended */
const struct egress_file *egress_files(const struct egress *g);  /* ended by a NULL path */
pid_t egress_pid(const struct egress *g);

struct egress_refusal {
	const char *way;  /* "connect", "http", "tls", "dns", "registry"    */
	const char *host; /* hostile text                                   */
	const char *why;  /* which rule, and how a person allows it          */
	int port;         /* 0: none                                        */
	long times;
};
/* What was refused so far, oldest first: 256 different ones at most. */
int egress_refused(struct egress *g, void (*fn)(void *arg, const struct egress_refusal *r), void *arg, struct err *e);

struct egress_package {
	const char *ecosystem, *name, *version, *file; /* "pypi", "npm", "cargo", "go", "maven", "apt" */
	const char *sha256;                            /* of what was passed in; 64 hex digits         */
	bool is_checked;                               /* the registry's index gave the same hash      */
	long times;
};
/* What came through the gateway so far, oldest first. */
int egress_packages(struct egress *g, void (*fn)(void *arg, const struct egress_package *p), void *arg, struct err *e);

#endif
