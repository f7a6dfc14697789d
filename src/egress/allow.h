/*
 * The allow-list: which hosts and ports may be reached.
 *
 * A rule is WHAT or WHAT:PORT, where PORT is a number or * (every port); without it, 443 and 80. WHAT is
 *   example.org      that name alone
 *   *.example.org    one label before it: www.example.org, not a.b.example.org, never example.org itself
 *   **.example.org   one label or more
 *   192.0.2.7, [2001:db8::7]          an address literal
 *   10.1.0.0/16, [fd00:1::]/32        a range: literals in it, and the addresses that allowed names may have
 * A name never leads to an address that is not public unless that address is named too. A metadata service must be named by
 * its exact address; a wildcard needs two labels behind it, so that nobody allows all of .com.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_ALLOW_H
#define EGRESS_ALLOW_H

#include "base/arena.h"
#include "egress/host.h"

enum allow_kind { ALLOW_NAME, ALLOW_ONE_LABEL, ALLOW_LABELS, ALLOW_NET };

struct allow_rule {
	enum allow_kind kind;
	char name[HOST_TEXT_MAX + 1]; /* without the stars */
	struct address net;
	int bits;
	int port;                     /* 0: 443 and 80; -1: every one */
	const char *text;             /* as it was written */
};

struct allow_list {
	struct allow_rule *rules;
	int n;
};

/* ERR_USAGE with the rule and the cure. text is kept in the arena. */
int allow_rule_parse(struct arena *a, struct bytes in, struct allow_rule *out, struct err *e);
/* NULL-ended; NULL is an empty list. */
int allow_list_parse(struct arena *a, const char *const *rules, struct allow_list *out, struct err *e);

/* The rule that lets a host be asked for at that port; NULL: none. Names by name, literals by range. */
const struct allow_rule *allow_host(const struct allow_list *l, const struct host *h, int port);
/* Whether a name has any port: what DNS answers for. */
bool allow_name(const struct allow_list *l, const struct host *h);
/* Whether this address may be dialled for a host that allow_host let through. NULL: yes; else why not. */
const char *allow_address(const struct allow_list *l, const struct address *a, int port);

#endif
