/*
 * The one DNS that stands in the sandbox (RFC 1035): allowed names have an address of ours, all others do not exist.
 *
 * Nothing is asked of anybody: a name is looked up when it is connected to, outside. So no question leaves the machine, a
 * name that is not allowed is refused at once (NXDOMAIN) instead of after many seconds, and a name carries no data out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_DNS_H
#define EGRESS_DNS_H

#include "egress/host.h"

#include <stdint.h>

enum { DNS_MAX = 1024, DNS_TYPE_A = 1, DNS_TYPE_AAAA = 28 };

struct dns_question {
	uint16_t id, flags, type, class;
	size_t end;             /* of the question, in the message                                      */
	bool has_host;          /* the name is a host's; else host is not set: such a name never exists */
	struct host host;
};

/* A query with one question, no more; ERR_INPUT otherwise (it is not answered). */
int dns_parse(struct bytes in, struct dns_question *out, struct err *e);

enum dns_answer { DNS_ADDRESS, DNS_EMPTY, DNS_NO_NAME, DNS_FAILED };
/* Writes the answer to a question that stood in `in`; ip in host order, for DNS_ADDRESS. Returns its length. */
size_t dns_reply(struct bytes in, const struct dns_question *q, enum dns_answer answer, uint32_t ip, unsigned char out[DNS_MAX]);

#endif
