/*
 * The first message of a TLS client (RFC 8446, 4.1.2): the name that it asks for (RFC 6066, 3), before anything is passed on.
 *
 * A server that many names share goes by that name, not by the address; so it must be the name that was allowed. A name that
 * is encrypted (Encrypted Client Hello) cannot be compared, and is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_HELLO_H
#define EGRESS_HELLO_H

#include "egress/host.h"

enum { HELLO_MAX = 32 << 10 };

struct hello {
	bool has_name;
	struct host name;
};

/* True when the bytes can be the beginning of a TLS client's message. */
bool hello_is_tls(struct bytes in);
/* 1: whole; 0: more must come; -1: ERR_INPUT: not TLS, or not to be passed on. */
int hello_parse(struct bytes in, struct hello *out, struct err *e);

#endif
