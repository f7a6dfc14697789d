/*
 * Fuzzes egress/route: the first letter names the registry. What is taken is a plain path: no step upwards, no query, no
 * fragment, no empty step.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/route.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct route r;
	char name[ROUTE_WORD_MAX], version[ROUTE_WORD_MAX];
	size_t len;

	if (!n || !route_parse((enum registry_kind)(p[0] % REGISTRY_KINDS), (struct bytes){ (const char *)p + 1, n - 1 }, &r))
		return 0;
	len = strlen(r.path);
	if (r.path[0] != '/' || r.which < 0 || r.which > 7)
		abort();
	route_python_file(r.file, name, version);
	if (r.kind == ROUTE_SIGNED)
		return 0;
	if (strpbrk(r.path, "?#\\ \r\n\t\"<>") || strstr(r.path, "/../") || strstr(r.path, "/./") || strstr(r.path, "//") ||
	    (len > 2 && !strcmp(r.path + len - 3, "/..")))
		abort();
	return 0;
}
