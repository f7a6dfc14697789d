/*
 * What this machine can hold, found out by doing it: a sandbox is built and /bin/true run in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/err.h"

#include <pthread.h>
#include <stdio.h>

static struct sandbox_level level;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool cgroup_works(void)
{
	struct sandbox s = { .tree = "/usr/share" };
	struct cgroup c;

	if (!cgroup_make(&c, &s))
		return false;
	cgroup_drop(&c);
	return true;
}

static void probe(void)
{
	auto_arena a = { 0 };
	struct sandbox s = { .tree = "/usr/share", .tree_readonly = true };
	struct proc p = { .argv = (const char *const[]){ "true", NULL }, .limit_ms = 10000 };
	struct proc_result r = { 0 };
	struct err e = { 0 };

	if (own_run(&a, &s, &p, &r, &e) == 0 && r.status == 0) {
		level.level = cgroup_works() ? 3 : 2;
		if (level.level == 3) {
			snprintf(level.why, sizeof(level.why), "a cgroup of version %d bounds memory and processes%s", cgroup_version(),
				 cgroup_version() == 1 ? " of warm sandboxes, and of others where level 3 is asked for" : "");
			return;
		}
		snprintf(level.why, sizeof(level.why), "no cgroup of its own: %s, memory by a watch ten times a second%s",
			 own_was_root() ? "processes are bounded by a watch too" : "processes are bounded by a limit",
			 own_was_root() ? "; root's own files cannot be mapped here, so the command is user 0 without rights: "
			 "better run as a plain user" : "");
		return;
	}
	level.level = lock_landlock_abi() >= 2 ? 1 : 0;
	snprintf(level.why, sizeof(level.why), "%.500s", e.code ? e.text : "a command in the sandbox did not end as it should");
}

int sandbox_level_lacks(int at, const char *lacks[], int max)
{
	static const struct {
		int below; /* the level that holds it */
		const char *what;
	} all[] = {
		{ 1, "all: a command runs as you, with your files, your network and no limits" },
		{ 2, "secrets: names, sizes and owners of all files, the command lines of other processes and what /proc tells of the "
		     "machine can be seen, and so can a token in .git/config; contents outside the view cannot" },
		{ 2, "network: a port that a server inside has left can be taken by a program of the machine, and is then reached" },
		{ 2, "tampering: where /dev/shm is empty when a command starts, what programs of yours put there meanwhile can be read and "
		     "changed, and what the command puts there stays" },
		{ 3, "resource abuse: memory and processes are summed ten times a second, and kernel memory, such as the "
		     "buffers of sockets, is not counted" },
	};
	int n = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (at < all[i].below && (at > 0 || all[i].below == 1)) {
			if (n < max)
				lacks[n] = all[i].what;
			n++;
		}
	return n;
}

const struct sandbox_level *sandbox_probe(void)
{
	pthread_once(&once, probe);
	return &level;
}
