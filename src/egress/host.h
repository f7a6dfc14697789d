/*
 * Hosts: parsed once, by a strict grammar, into the bytes that are used for the policy and for dialling alike.
 *
 * A name is RFC 1123's (letters, digits, hyphens; labels of at most 63, 253 in all), folded to lower case; IDNA stands as
 * xn-- only. Refused: NUL, percent, blanks, a trailing dot, an empty label, a name whose last label is a number in any
 * notation (WHATWG's "ends in a number": 0x7f.1, 127.1, 2130706433), IPv4 but as four plain decimal numbers, zones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_HOST_H
#define EGRESS_HOST_H

#include "base/buf.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;

enum host_kind { HOST_NAME, HOST_V4, HOST_V6 };
enum { HOST_TEXT_MAX = 253 };

struct address {                 /* IPv4 in the first four bytes */
	bool is_v6;
	unsigned char b[16];
};

struct host {
	enum host_kind kind;
	char text[HOST_TEXT_MAX + 1]; /* canonical; IPv6 without brackets */
	struct address address;       /* of the literals                  */
};

/* Exactly one host; an IPv6 literal in brackets. ERR_INPUT with the reason. */
int host_parse(struct bytes in, struct host *out, struct err *e);
/* HOST or HOST:PORT. Without a port, fallback; ERR_INPUT when that is 0. */
int host_port_parse(struct bytes in, int fallback, struct host *out, int *port, struct err *e);
/* "name:443", "[2001:db8::1]:443"; out has room for 272 bytes. Returns out. */
char *host_port_text(const struct host *h, int port, char out[272]);
bool host_equal(const struct host *a, const struct host *b);

enum address_class {
	ADDRESS_PUBLIC,
	ADDRESS_PRIVATE,  /* this machine, its networks, and what only leads there (IANA's special-purpose registries)     */
	ADDRESS_METADATA, /* a cloud's metadata service, which gives out credentials                                       */
	ADDRESS_NEVER,    /* no destination: unspecified, multicast, reserved                                              */
};
/* An IPv6 address that carries an IPv4 one (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) is as bad as that one. */
enum address_class address_classify(const struct address *a);
const char *address_class_name(enum address_class c); /* "private", ... */
/* Of an AF_INET or AF_INET6 address; false otherwise. */
bool address_of(const struct sockaddr *s, struct address *out, int *port);
/* Back again; returns the length. */
socklen_t address_to(const struct address *a, int port, struct sockaddr_storage *out);
bool address_equal(const struct address *a, const struct address *b);
char *address_text(const struct address *a, char out[INET6_ADDRSTRLEN]);

#endif
