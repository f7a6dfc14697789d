/*
 * Fuzzes blueprint/place: whatever a model answers, the file keeps what stood around the function, or nothing is placed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/place.h"
#include "blueprint/python.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const imports[] = { "math", NULL };
	static const char head[] = "\"\"\"def f(x): no\"\"\"\nA = 1\n", tail[] = "\n\nB = 2\n";
	auto_arena a = { 0 };
	struct bytes file = bytes_of(arena_printf(&a, "%s\n\ndef f(x):\n    \"\"\"What.\"\"\"\n    raise NotImplementedError\n%s", head, tail));
	struct bytes in = { (const char *)p, n }, out;
	struct python_function f;
	const char *why = NULL;
	struct err e = { 0 };
	int rc = place_function(&a, "f", imports, file, in, &out, &why, &e);

	if (rc < 0 || (rc == 0 && !why))
		abort();
	if (rc > 0 && (memcmp(out.p, head, strlen("\"\"\"def f(x): no\"\"\"\n")) || out.n < strlen(tail) ||
		       memcmp(out.p + out.n - strlen(tail), tail, strlen(tail))))
		abort();
	python_find(in, "f", true, &f, &why); /* as a file of its own */
	place_function(&a, "f", imports, in, bytes_of("def f(x):\n    return 1\n"), &out, &why, &e);
	return 0;
}
