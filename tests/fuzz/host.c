/*
 * Fuzzes egress/host: what is taken as a host is read again as the same host from its own text, and holds nothing that a
 * resolver could read in another way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/host.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in = { (const char *)p, n };
	struct host h, again;
	char text[272];
	int port, same;

	if (host_port_parse(in, 443, &h, &port, NULL) < 0)
		return 0;
	if (strspn(h.text, "abcdefghijklmnopqrstuvwxyz0123456789-.:") != strlen(h.text) || !*h.text || port < 1 || port > 65535)
		abort();
	if (host_port_parse(bytes_of(host_port_text(&h, port, text)), 0, &again, &same, NULL) < 0 || !host_equal(&h, &again) ||
	    port != same)
		abort();
	if (h.kind == HOST_NAME && strspn(strrchr(h.text, '.') ? strrchr(h.text, '.') : h.text, ".0123456789") ==
	    strlen(strrchr(h.text, '.') ? strrchr(h.text, '.') : h.text))
		abort();
	if (h.kind != HOST_NAME)
		address_classify(&h.address);
	return 0;
}
