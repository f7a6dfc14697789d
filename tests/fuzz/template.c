/*
 * Fuzzes blueprint/template: any template over a fixed value is refused or rendered within its bounds. The bytes are also
 * put through as a value, whose Python literal must stay one line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/template.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_json *v = NULL, *text = json_string_any((struct bytes){ (const char *)p, n });
	auto_buf out = buf_max(64 << 10), literal = buf_max((n + 1) * 24 + 64);
	struct err e = { 0 };
	const json_t *frames[1];
	struct template t = { .name = "t", .text = { (const char *)p, n }, .frames = frames, .frames_n = 1 };

	json_parse(bytes_of("{\"a\":{\"b\":[1,0.5,\"x\",null,true,{\"a\":[]}]},\"l\":[{\"x\":1},{\"x\":2}],\"n\":null,\"s\":\"t\"}"), &v, &e);
	frames[0] = v;
	template_render(&t, &out, &e);
	template_check("t", t.text, &e);
	if (template_python(&literal, text) < 0 || memchr(literal.p, '\n', literal.n) || literal.p[0] != '"' || literal.p[literal.n - 1] != '"')
		abort();
	return 0;
}
