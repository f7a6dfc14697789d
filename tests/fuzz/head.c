/*
 * Fuzzes egress/head: a request that is passed on is read again as one for the same host and path, with one Host and one
 * length, wherever the bytes were cut on their way.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/head.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in = { (const char *)p, n };
	auto_buf out = buf_max(2 * HEAD_MAX);
	struct head h, again;
	int status;

	if (head_parse(in, &h, &status, NULL) != 1)
		return 0;
	for (size_t i = 0; i < h.size; i += 1 + h.size / 16) {
		struct head part;

		if (head_parse((struct bytes){ in.p, i }, &part, &status, NULL) == 1)
			abort();
	}
	if (h.form == HEAD_CONNECT || !h.has_host || h.n_fields > HEAD_FIELDS - 2 /* two are added */ || head_write(&h, &out, NULL) < 0)
		return 0;
	if (head_parse(buf_bytes(&out), &again, &status, NULL) != 1 || again.size != out.n || !host_equal(&h.host, &again.host) ||
	    h.port != again.port || h.length != again.length || !bytes_equal(h.path, again.path) || again.form != HEAD_ORIGIN ||
	    !bytes_equal(head_get(&again, "connection"), bytes_of("close")))
		abort();
	return 0;
}
