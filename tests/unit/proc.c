/*
 * What a child of ours gets to see.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"

#include "base/err.h"
#include "base/proc.h"

#include <stdlib.h>
#include <unistd.h>

static void a_child_gets_the_environment_without_keys(void)
{
	auto_arena a = { 0 };
	struct err e = { 0 };
	char *text = NULL;
	struct proc_child c;
	char piece[65536];
	ssize_t n, all = 0;

	setenv("SEALWRIGHT_API_KEY", "sk-of-a-person", 1);
	setenv("OPENAI_API_KEY", "sk-of-a-person", 1);
	setenv("ZAI_API_KEY", "sk-of-a-person", 1);
	setenv("KEPT", "kept", 1);
	ok(proc_ask(&a, NULL, (const char *const[]){ "env", NULL }, &text, &e) == 0, "a child runs %s", e.text);
	ok(text && strstr(text, "KEPT=kept"), "with our environment");
	ok(text && !strstr(text, "sk-of-a-person"), "but without a key");
	ok(proc_start((const char *const[]){ "env", NULL }, NULL, NULL, PROC_PIPE_OUT, -1, &c, &e) == 0, "one that stays is started");
	while (all < (ssize_t)sizeof(piece) - 1 && (n = read(c.out, piece + all, sizeof(piece) - 1 - (size_t)all)) > 0)
		all += n;
	piece[all] = 0;
	proc_end(&c, 1000);
	ok(strstr(piece, "KEPT=kept") != NULL, "with our environment, too");
	ok(!strstr(piece, "sk-of-a-person"), "and without a key, too");
}

int main(void)
{
	a_child_gets_the_environment_without_keys();
	return done();
}
