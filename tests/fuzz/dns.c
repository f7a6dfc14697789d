/*
 * Fuzzes egress/dns: whatever the question, an answer to it fits, is an answer, and holds the question as it came.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/dns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in = { (const char *)p, n };
	struct dns_question q;
	unsigned char out[DNS_MAX];

	if (dns_parse(in, &q, NULL) < 0)
		return 0;
	for (int i = DNS_ADDRESS; i <= DNS_FAILED; i++) {
		size_t size = dns_reply(in, &q, (enum dns_answer)i, 0x7f4d0001, out);

		if (size > sizeof(out) || size != q.end + (i == DNS_ADDRESS ? 16 : 0) || !(out[2] & 0x80) ||
		    memcmp(out + 12, p + 12, q.end - 12))
			abort();
	}
	return 0;
}
