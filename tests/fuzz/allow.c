/*
 * Fuzzes egress/allow: a rule, a blank, a host with its port. A rule of a name lets no other name through, and nothing lets
 * a name have a private address.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/allow.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct bytes in = { (const char *)p, n };
	const char *blank = memchr(in.p, ' ', n);
	struct allow_rule r;
	struct allow_list l = { &r, 1 };
	struct address metadata = { .b = { 169, 254, 169, 254 } };
	struct host h;
	int port;

	if (!blank || allow_rule_parse(&a, (struct bytes){ in.p, (size_t)(blank - in.p) }, &r, NULL) < 0)
		return 0;
	if (r.kind != ALLOW_NET && !allow_address(&l, &metadata, 443))
		abort();
	if (host_port_parse((struct bytes){ blank + 1, n - (size_t)(blank + 1 - in.p) }, 443, &h, &port, NULL) < 0)
		return 0;
	if (allow_host(&l, &h, port) && (r.kind == ALLOW_NAME ? strcmp(r.name, h.text) != 0 :
	    r.kind == ALLOW_NET ? h.kind == HOST_NAME : strlen(h.text) < strlen(r.name) + 2))
		abort();
	return 0;
}
