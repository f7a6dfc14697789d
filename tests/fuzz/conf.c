/*
 * Fuzzes base/conf and what is made of it: whatever a configuration file or a policy holds, reading ends within its bounds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "cmd/settings.h"

#include <stdlib.h>

static int check(const struct conf *c, int depth)
{
	int n = 1;

	if (c->kind != CONF_TEXT && depth > CONF_DEPTH_MAX)
		abort();
	for (const struct conf *x = c->first; x; x = x->next) {
		if ((c->kind == CONF_MAP) != (x->key != NULL) || (x->kind == CONF_TEXT) != (x->text != NULL))
			abort();
		if (x->key && !strchr(x->key, '.') && conf_get(c, x->key) != x)
			abort();
		n += check(x, depth + 1);
	}
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct conf *c = NULL;
	struct settings s;
	struct err e = { 0 };

	if (conf_parse(&a, (struct bytes){ (const char *)p, n }, &c, &e) < 0)
		return 0;
	if (c->kind != CONF_MAP || check(c, 1) > CONF_NODES_MAX + 1)
		abort();
	settings_resolve(&a, NULL, &(struct settings_parts){ .config = c }, &s, &e);
	if (settings_resolve(&a, NULL, &(struct settings_parts){ .policy = c, .policy_path = "policy.yml" }, &s, &e) == 0)
		settings_allow_endpoint(&s, "https://api.example.org/v1", &e);
	return 0;
}
