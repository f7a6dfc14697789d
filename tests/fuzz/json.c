/*
 * Fuzzes base/json: what the strict parser takes is written and read again the same; what a model sends is taken with
 * its lone surrogates and NULs replaced, and never less strictly than that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/json.h"

#include <stdlib.h>

static void comes_back(const json_t *v)
{
	auto_buf b = buf_max(16 << 20);
	auto_json *again = NULL;
	struct err e = { 0 };

	if (json_write(&b, v) < 0 || json_parse(buf_bytes(&b), &again, &e) < 0 || !json_equal(v, again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct bytes in = { (const char *)p, n };
	auto_json *strict = NULL, *loose = NULL, *text = json_string_any(in);
	struct err e = { 0 };

	comes_back(text);
	if (json_parse(in, &strict, &e) == 0)
		comes_back(strict);
	if (json_parse_model(in, &loose, &e) == 0)
		comes_back(loose);
	if (strict && (!loose || !json_equal(strict, loose)))
		abort();
	return 0;
}
