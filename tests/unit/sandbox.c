/*
 * The sandbox: what a command inside can see and do, and how it ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../tap.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <stdlib.h>
#include <unistd.h>

static char tree[] = "/tmp/sandbox.XXXXXX";
static struct arena a;

static struct proc_result inside(const char *script)
{
	struct sandbox s = { .tree = tree };
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", script, NULL }, .limit_ms = 20000 };
	struct proc_result r = { .status = -1, .output = "" };
	struct err e = { 0 };

	if (sandbox_run(&a, &s, &p, &r, &e) < 0)
		printf("# %s\n", e.text);
	return r;
}

static void a_command_runs_and_its_end_is_seen(void)
{
	struct proc_result r = inside("echo hello; exit 3");

	is_text(r.output, "hello\n", "what it prints comes back");
	is_whole(r.status, 3, "its exit status too");
	r = inside("kill -SEGV $$");
	is_whole(r.signal, 11, "a signal that ended it is named");
	is_whole(r.status, 139, "and gives 128 + signal");
}

static void a_program_that_is_absent_is_named(void)
{
	struct sandbox s = { .tree = tree };
	struct proc p = { .argv = (const char *const[]){ "no-such-program", NULL } };
	struct proc_result r;
	struct err e = { 0 };

	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_NOT_FOUND, "an absent program is not found: %s", e.text);
}

int main(void)
{
	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	if (!mkdtemp(tree))
		return 1;
	a_command_runs_and_its_end_is_seen();
	a_program_that_is_absent_is_named();
	fs_remove_tree(tree, NULL);
	arena_drop(&a);
	return done();
}
