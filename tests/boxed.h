/*
 * What the sandbox's unit tests share: a script run inside, a daemon that tries to outlive its command, and the whole test
 * once more as an ordinary user.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_BOXED_H
#define TESTS_BOXED_H

#include "tap.h"

#include "base/arena.h"
#include "base/err.h"
#include "sandbox/sandbox.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `sh -c script` inside; why it could not be, as a note. */
static inline struct proc_result boxed(struct arena *a, const struct sandbox *s, const char *script)
{
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", script, NULL }, .limit_ms = 20000 };
	struct proc_result r = { .status = -1, .output = "" };
	struct err e = { 0 };

	if (sandbox_run(a, s, &p, &r, &e) < 0)
		printf("# %s\n", e.text);
	return r;
}

/* Ends a process of ours. A fork that failed gave -1, which kill(2) would take for everybody's number. */
static inline void boxed_kill(pid_t pid)
{
	if (pid > 0)
		kill(pid, SIGKILL);
}

/* Writes a byte into ./beat 100 times a second, away from its parents, until it is killed. */
#define BOXED_BEAT \
	"(setsid sh -c 'trap \"\" HUP TERM INT; while :; do printf x >>beat; sleep 0.01; done' </dev/null >/dev/null 2>&1 &) ; "

static inline off_t boxed_beats(struct arena *a, const char *tree)
{
	struct stat st;

	return stat(arena_printf(a, "%s/beat", tree), &st) == 0 ? st.st_size : 0;
}

static inline bool boxed_is_beating(struct arena *a, const char *tree)
{
	off_t before = boxed_beats(a, tree);

	usleep(80000);
	return boxed_beats(a, tree) != before;
}

static inline bool boxed_wait_for_beat(struct arena *a, const char *tree)
{
	for (int i = 0; i < 300 && boxed_beats(a, tree) < 3; i++)
		usleep(10000);
	return boxed_beats(a, tree) >= 3;
}

/* When we are root: this program once more as an ordinary user, its lines as a subtest. */
static inline void boxed_as_an_ordinary_user(struct arena *a)
{
	char self[4096];
	const char *argv[] = { "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/nonexistent", self, NULL };
	struct proc p = { .argv = argv, .limit_ms = 120000 };
	struct proc_result r = { .status = -1, .output = "" };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (geteuid() != 0 || n < 0)
		return;
	self[n] = 0;
	if (proc_run(a, &p, &r, NULL) < 0 || r.status == 126 || r.status == 127) {
		printf("# %s cannot be run as an ordinary user here\n", self);
		return;
	}
	for (char *line = strtok(r.output, "\n"); line; line = strtok(NULL, "\n"))
		printf("    %s\n", line);
	ok(r.status == 0, "all of it holds for an ordinary user");
}

#endif
