/*
 * Level 3: a control group for each sandbox, made, filled, told and removed; and no failure where none can be had.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../boxed.h"
#include "base/err.h"
#include "base/fs.h"
#include "sandbox/own.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/sandbox-cgroup.XXXXXX";
static struct arena a;

static void a_group_is_made_with_its_limits_and_goes(void)
{
	struct sandbox s = { .tree = base, .memory_max = 64 << 20, .processes_max = 40 };
	auto_buf b = buf_max(4096);
	struct cgroup c;
	struct stat st;
	char at[sizeof(c.at[0])];

	if (!ok(cgroup_make(&c, &s), "a group is made"))
		return;
	snprintf(at, sizeof(at), "%s", c.at[0]);
	ok(fs_read_file(arena_printf(&a, "%s/%s", at, cgroup_version() == 2 ? "memory.max" : "memory.limit_in_bytes"), &b, NULL) == 0 &&
	   strtol(buf_str(&b), NULL, 10) > 64 << 20 && strtol(buf_str(&b), NULL, 10) < 128 << 20, "its memory is the sandbox's, and a little more");
	ok(!cgroup_holds(&c, getpid()), "we are not in it");
	ok(!cgroup_ran_out(&c), "nothing in it ran out of memory");
	cgroup_drop(&c);
	ok(stat(at, &st) < 0, "it goes");
}

static void a_sandbox_runs_in_one(void)
{
	int level = -1;
	struct sandbox s = { .tree = base, .memory_max = 64 << 20, .processes_max = 40, .level_min = 3, .level = &level };
	struct proc_result r = boxed(&a, &s, "test ! -e /sys/fs/cgroup");
	struct err e = { 0 };

	ok(r.status == 0 && level == 3, "a command that asks for level 3 runs at it, and does not see it");
	r = boxed(&a, &s, "head -c 200000000 /dev/zero | tail -c 199999999 | wc -c");
	ok(!strstr(r.output, "199999999"), "more memory than it may have is refused by the kernel or the watch");
	level = -1;
	s.level_min = 0;
	if (ok(sandbox_open(&s, &s.session, &e) == 0, "a warm sandbox opens: %s", e.text)) {
		r = boxed(&a, &s, "echo hi");
		ok(r.status == 0 && level == 3, "its commands are at level 3");
		sandbox_close(&s.session);
	}
}

static bool any_left(void)
{
	struct proc p = { .argv = (const char *const[]){ "find", "/sys/fs/cgroup", "-type", "d", "-name",
							   arena_printf(&a, "sealwright-%d-*", (int)getpid()), NULL } };
	struct proc_result r = { .output = "" };

	return proc_run(&a, &p, &r, NULL) == 0 && strstr(r.output, "sealwright-");
}

int main(void)
{
	int level = -1;
	struct sandbox s = { .tree = base, .level = &level };
	struct proc_result r;

	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	if (!mkdtemp(base) || chmod(base, 0777) < 0)
		return 1;
	r = boxed(&a, &s, "true");
	ok(r.status == 0 && level >= 2, "a sandbox runs with or without a cgroup, and tells its level");
	if (cgroup_version()) {
		a_group_is_made_with_its_limits_and_goes();
		a_sandbox_runs_in_one();
		ok(!any_left(), "no group is left");
	} else {
		s.level_min = 3;
		ok(sandbox_run(&a, &s, &(struct proc){ .argv = (const char *const[]){ "true", NULL } }, &r, NULL) < 0,
		   "level 3 is refused where there is no cgroup");
		ok(*cgroup_lacks(), "with the cure: %s", cgroup_lacks());
		ok(!cgroup_make(&(struct cgroup){ .n = 0 }, &s), "no group is made");
	}
	boxed_as_an_ordinary_user(&a);
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
