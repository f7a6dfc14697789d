/*
 * Fuzzes egress/hello: what is whole is not whole with a byte less, and the name in it is a host's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/hello.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in = { (const char *)p, n };
	struct hello h, part;
	struct host again;

	if (hello_parse(in, &h, NULL) != 1)
		return 0;
	if (!hello_is_tls(in))
		abort();
	if (h.has_name && h.name.kind == HOST_NAME && host_parse(bytes_of(h.name.text), &again, NULL) < 0)
		abort();
	for (size_t i = 0; i < n && i < 40; i++)
		if (hello_parse((struct bytes){ in.p, i }, &part, NULL) == 1)
			abort();
	return 0;
}
