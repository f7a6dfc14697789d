/*
 * The parts of the sandbox, told one by one: where one is missing, its cure.
 *
 * Places where parts are missing are made by a filter of system calls, as containers have one, in a child.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../boxed.h"
#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena a;

static const struct sandbox_wall *named(const struct sandbox_wall *walls, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (!strcmp(walls[i].name, name))
			return &walls[i];
	return NULL;
}

static void parts_agree_with_the_level(void)
{
	struct sandbox_wall walls[SANDBOX_WALLS];
	int n = sandbox_walls(walls);
	const struct sandbox_level *l = sandbox_probe();

	ok(n >= 5 && n <= SANDBOX_WALLS, "there are %d parts", n);
	for (int i = 0; i < n; i++)
		ok(walls[i].text[0] && (walls[i].state == WALL_GOOD) == !walls[i].cure[0], "%s: %s -> %s", walls[i].name, walls[i].text,
		   walls[i].cure);
	if (l->level >= 2)
		ok(named(walls, n, "namespaces")->state == WALL_GOOD && named(walls, n, "mounts")->state == WALL_GOOD,
		   "level %d has namespaces and mounts", l->level);
	if (l->level == 3)
		ok(named(walls, n, "cgroup")->state == WALL_GOOD, "level 3 has a cgroup");
}

/* What a container's filter refuses. */
static void refuse(const char *const *calls, int number)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	for (; *calls; calls++)
		seccomp_rule_add(f, SCMP_ACT_ERRNO((uint32_t)number), seccomp_syscall_resolve_name(*calls), 0);
	if (seccomp_load(f) < 0)
		printf("# no filter: %s\n", strerror(errno));
	seccomp_release(f);
}

static int container_without_namespaces(void)
{
	static const char *const calls[] = { "unshare", "mount", "pidfd_getfd", NULL }, *const unknown[] = { "clone3", NULL };
	struct sandbox_wall walls[SANDBOX_WALLS];
	struct sandbox s = { .tree = "/usr/share", .tree_readonly = true };
	struct proc p = { .argv = (const char *const[]){ "true", NULL }, .limit_ms = 10000 };
	struct proc_result r;
	struct err e = { 0 };
	int level = -1, n;

	refuse(calls, EPERM);
	refuse(unknown, ENOSYS);
	n = sandbox_walls(walls);
	ok(sandbox_probe()->level == 1, "without namespaces, level 1 is left: %s", sandbox_probe()->why);
	ok(named(walls, n, "namespaces")->state == WALL_LESS && (strstr(named(walls, n, "namespaces")->cure, "seccomp=unconfined") || strstr(named(walls, n, "namespaces")->cure, "sysctl")),
	   "the cure is told: %s", named(walls, n, "namespaces")->cure);
	ok(named(walls, n, "sockets")->state == WALL_LESS, "%s", named(walls, n, "sockets")->text);
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_DENIED, "nothing is run at it unasked: %s", e.text);
	e = (struct err){ 0 };
	s.level_min = 1;
	s.level = &level;
	ok(sandbox_run(&a, &s, &p, &r, &e) == 0 && r.status == 0 && level == 1, "asked for, it runs, and is told %s", e.text);
	return done();
}

static int kernel_without_landlock(void)
{
	static const char *const calls[] = { "unshare", "landlock_create_ruleset", NULL }, *const unknown[] = { "clone3", NULL };
	struct sandbox_wall walls[SANDBOX_WALLS];
	struct sandbox s = { .tree = "/usr/share", .tree_readonly = true, .level_min = 1 };
	struct proc p = { .argv = (const char *const[]){ "true", NULL }, .limit_ms = 10000 };
	struct proc_result r;
	struct err e = { 0 };
	int n;

	refuse(calls, EOPNOTSUPP);
	refuse(unknown, ENOSYS);
	n = sandbox_walls(walls);
	ok(sandbox_probe()->level == 0, "without Landlock, too, no level is left");
	ok(named(walls, n, "namespaces")->state == WALL_MISSING, "what is missing says so");
	ok(strstr(named(walls, n, "landlock")->cure, "lsm="), "the cure is told: %s", named(walls, n, "landlock")->cure);
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_DENIED, "nothing is run, asked for or not: %s", e.text);
	return done();
}

/* In a child, before anything was found out here; its lines as a subtest. */
static void elsewhere(int (*run)(void), const char *what)
{
	FILE *lines = tmpfile();
	char line[2048];
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = lines ? fork() : -1;
	if (pid == 0) {
		dup2(fileno(lines), 1);
		status = run();
		fflush(stdout);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	rewind(lines);
	while (fgets(line, sizeof(line), lines))
		printf("    %s", line);
	fclose(lines);
	ok(status == 0, "%s", what);
}

int main(void)
{
	char base[] = "/tmp/sandbox-walls.XXXXXX";

	if (!mkdtemp(base))
		return 1;
	setenv("XDG_STATE_HOME", base, 1);
	elsewhere(container_without_namespaces, "a container without namespaces");
	elsewhere(kernel_without_landlock, "a kernel without Landlock, where namespaces are refused");
	parts_agree_with_the_level();
	boxed_as_an_ordinary_user(&a);
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
