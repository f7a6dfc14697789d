/*
 * Fuzzes work/refs: whatever the configuration of a repository holds, asking it for a value ends, and asking for one that is written
 * plainly at its end finds it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/refs.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	auto_buf text = buf_max((1 << 20) + 64);
	const char *value;

	if (n > 1 << 20)
		return 0;
	value = gitconfig_value(&a, (struct bytes){ (const char *)p, n }, "core", "worktree");
	if (value && strlen(value) > 4096)
		abort();
	gitconfig_value(&a, (struct bytes){ (const char *)p, n }, "extensions", "objectformat");
	/* A backslash or quote that is open goes on into the next lines. */
	if (memchr(p, '\\', n) || memchr(p, '"', n))
		return 0;
	buf_add(&text, p, n);
	buf_add_str(&text, "\n[core]\n\tworktree = here # said\n");
	value = gitconfig_value(&a, buf_bytes(&text), "core", "worktree");
	if (!value || strcmp(value, "here"))
		abort();
	return 0;
}
