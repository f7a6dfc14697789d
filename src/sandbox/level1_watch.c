/*
 * Level 1's processes: what stands in for a PID namespace.
 *
 * Three of ours: one that the supervisor waits for and may kill, the watcher, and the command, which gives up its rights
 * between clone and exec. The watcher is the reaper of all that the command leaves behind, so everything inside descends from
 * it. It ends all of that when the command ends, when the first process or the supervisor is gone, or when a sum reaches its
 * limit, by process groups, which cannot fork away from a signal.
 *
 * Unlike init.c, the watcher keeps its copy of the supervisor's memory: Landlock keeps everything inside from looking at it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/level1.h"

#include "base/clock.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICK_MS = 100, MANY = 4096, AT_CONTROL = 3, AT_LIFE = 4 };

struct watch {
	const struct level1_watch *w;
	pid_t self, command;
	int signals;
	long blocks_min[2], files_min[2]; /* of the tree's disk and the private folder's */
	pid_t list[MANY];
};

/* ---- the command ---- */

static int command_run(void *arg)
{
	const struct level1_watch *w = arg;
	struct own_report handed = { .kind = REPORT_STARTED, .pid = getppid() };
	struct own *o = w->o;
	int listener = -1;

	o->failed = (struct own_fail){ .step = STEP_LIMITS };
	(void)setpriority(PRIO_PROCESS, 0, 0);
	if (own_limits(o) < 0)
		goto out;
	o->failed.step = STEP_RIGHTS;
	if (lock_rights_alone() < 0)
		goto out;
	o->failed.step = STEP_LANDLOCK;
	if (lock_landlock(w->rules, w->n_rules) < 0)
		goto out;
	o->failed.step = STEP_CHDIR;
	if (chdir(o->dir) < 0)
		goto out;
	o->failed.step = STEP_FILTER;
	if (lock_filter(FILTER_LEVEL1, &listener) < 0 || refuse_send(AT_CONTROL, &handed, listener) < 0)
		goto out;
	o->failed.step = STEP_NONE;
	own_become(o);
out:
	o->failed.number = errno;
	_exit(127);
}

/* ---- the watcher ---- */

_Noreturn static void end_with(struct watch *z, int status, int over_limit)
{
	struct own_report r = { .kind = REPORT_ENDED, .wait_status = status, .over_limit = over_limit };
	struct rusage sum;

	if (getrusage(RUSAGE_CHILDREN, &sum) == 0) {
		r.cpu_us = (sum.ru_utime.tv_sec + sum.ru_stime.tv_sec) * 1000000 + sum.ru_utime.tv_usec + sum.ru_stime.tv_usec;
		r.peak_kib = sum.ru_maxrss;
	}
	(void)z;
	(void)refuse_send(AT_CONTROL, &r, -1);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void signal_all(struct watch *z, int sig)
{
	int tasks, n = level1_descendants(z->self, z->list, MANY, &tasks);

	for (int i = 0; i < n; i++)
		kill(z->list[i], sig);
}

/* By groups first: the kernel ends a whole group while nobody in it can fork, however fast it does. All groups inside are of
 * sessions that began inside. */
static void kill_groups(struct watch *z)
{
	const pid_t ours = getpgrp();
	int tasks, n = level1_descendants(z->self, z->list, MANY, &tasks);

	if (z->command)
		kill(-z->command, SIGKILL); /* it leads one */
	for (int i = 0; i < n; i++) {
		pid_t group = getpgid(z->list[i]);

		if (group > 1 && group != ours)
			kill(-group, SIGKILL);
		kill(z->list[i], SIGKILL);
	}
}

/* Nobody is left when this returns: who is killed leaves its children to us. */
static void kill_all(struct watch *z)
{
	const struct timespec moment = { 0, 500000 };

	for (int i = 0; i < 10000; i++) {
		pid_t p;

		kill_groups(z);
		while ((p = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (p < 0 && errno == ECHILD)
			return;
		nanosleep(&moment, NULL);
	}
}

/* The supervisor is gone: nobody else removes the private folder. */
_Noreturn static void end_alone(struct watch *z)
{
	kill_all(z);
	if (z->w->own)
		execl("/bin/rm", "rm", "-rf", "--", z->w->own, NULL);
	_exit(128 + SIGKILL);
}

static long pages_of(pid_t pid)
{
	long resident = 0, shared = 0;
	char path[40], text[128];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	fs_close(&fd);
	if (n <= 0)
		return 0;
	text[n] = 0;
	if (sscanf(text, "%*d %ld %ld", &resident, &shared) != 2 || resident < shared)
		return 0;
	return resident - shared;
}

static const char *disk(const struct watch *z, int which)
{
	return which ? z->w->own : z->w->o->s->tree;
}

/* As init.c: half a gigabyte and 10,000 files stay free; or half of what is free, when that is less. */
static void least_free(struct watch *z)
{
	struct statfs fs;
	long want;

	for (int i = 0; i < 2; i++) {
		if (!disk(z, i) || statfs(disk(z, i), &fs) < 0 || fs.f_bsize <= 0)
			continue;
		want = (512l << 20) / fs.f_bsize;
		z->blocks_min[i] = (long)fs.f_bavail / 2 < want ? (long)fs.f_bavail / 2 : want;
		z->files_min[i] = (long)fs.f_ffree / 2 < 10000 ? (long)fs.f_ffree / 2 : 10000;
	}
}

static void check_sums(struct watch *z)
{
	static const char *const said[] = {
		[LIMIT_MEMORY] = "its processes together reached the memory limit", [LIMIT_PROCESSES] = "there were too many processes",
		[LIMIT_DISK] = "the disk of the work tree is nearly full",
	};
	const long page = sysconf(_SC_PAGESIZE);
	enum limit_kind over = LIMIT_NONE;
	struct pollfd err = { 2, POLLOUT, 0 };
	struct statfs fs;
	long pages = 0;
	int tasks, n = level1_descendants(z->self, z->list, MANY, &tasks);
	char text[160];

	for (int i = 0; i < n; i++)
		pages += pages_of(z->list[i]);
	for (int i = 0; i < 2; i++)
		if (disk(z, i) && statfs(disk(z, i), &fs) == 0 &&
		    ((long)fs.f_bavail < z->blocks_min[i] || (long)fs.f_ffree < z->files_min[i]))
			over = LIMIT_DISK;
	if (tasks > sandbox_processes(z->w->o->s))
		over = LIMIT_PROCESSES;
	if (pages > z->w->o->memory / page)
		over = LIMIT_MEMORY;
	if (over == LIMIT_NONE)
		return;
	kill_all(z);
	snprintf(text, sizeof(text), "\nsealwright: the sandbox ended this: %s\n", said[over]);
	if (poll(&err, 1, 0) == 1 && (err.revents & POLLOUT))
		(void)!write(2, text, strlen(text));
	end_with(z, SIGKILL, (int)over);
}

static void reap(struct watch *z)
{
	int status;
	pid_t p;

	while ((p = waitpid(-1, &status, WNOHANG)) > 0)
		if (p == z->command) {
			z->command = 0; /* the number may be anybody's by now */
			kill_all(z);
			end_with(z, status, LIMIT_NONE);
		}
}

_Noreturn static void loop(struct watch *z)
{
	struct pollfd set[3] = { { AT_CONTROL, POLLIN, 0 }, { AT_LIFE, POLLIN, 0 }, { z->signals, POLLIN, 0 } };
	struct signalfd_siginfo si;
	int64_t checked = clock_mono_ms();

	for (;;) {
		(void)poll(set, 3, TICK_MS);
		if (set[0].revents || set[1].revents)
			end_alone(z);
		while (read(z->signals, &si, sizeof(si)) == sizeof(si))
			if (si.ssi_signo == SIGCHLD)
				reap(z);
			else
				signal_all(z, (int)si.ssi_signo);
		if (clock_mono_ms() - checked < TICK_MS) /* by the clock: children that end keep us from ever being idle */
			continue;
		check_sums(z);
		checked = clock_mono_ms();
	}
}

_Noreturn static void watch(const struct level1_watch *w, int life)
{
	char stack[65536] __attribute__((aligned(16))); /* of our own stack: a sanitizer knows its bounds */
	static struct watch z;
	struct own_report started = { .kind = REPORT_STARTED };
	struct own_fail f = { .step = STEP_INIT };
	struct own *o = w->o;
	sigset_t all;

	setsid(); /* who ends the first process's group does not end us */
	for (int i = 0; i < o->cgroup.n; i++)
		(void)!write(o->cgroup.doors[i], "0", 1);
	prctl(PR_SET_NAME, "sandbox", 0, 0, 0);
	sigfillset(&all);
	z = (struct watch){ .w = w, .self = getpid() };
	o->view.layer_lock = life; /* becomes 4 */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 || own_descriptors(o) < 0)
		own_give_up(o, f);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	umask(022);
	(void)setpriority(PRIO_PROCESS, 0, -10); /* where that is allowed: it must get its turn among many */
	z.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	least_free(&z);
	z.command = clone(command_run, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)(uintptr_t)w);
	if (z.command < 0 || o->failed.step)
		own_give_up(o, z.command < 0 ? f : o->failed);
	if (refuse_send(AT_CONTROL, &started, -1) < 0)
		end_alone(&z);
	loop(&z);
}

/* ---- the first process ---- */

_Noreturn void level1_stand(const struct level1_watch *w)
{
	struct own_fail f = { .step = STEP_INIT };
	int life[2], status = 0;
	sigset_t all;
	pid_t watcher;

	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (pipe2(life, O_CLOEXEC) < 0)
		own_give_up(w->o, f);
	watcher = fork();
	if (watcher < 0)
		own_give_up(w->o, f);
	if (watcher == 0) {
		close(life[1]);
		watch(w, life[0]);
	}
	if (life[1])
		close_range(0, (unsigned)life[1] - 1, 0);
	close_range((unsigned)life[1] + 1, ~0u, 0);
	sigfillset(&all);
	for (;;) {
		siginfo_t si;

		if (sigwaitinfo(&all, &si) < 0)
			continue;
		if (si.si_signo != SIGCHLD)
			kill(watcher, si.si_signo);
		else if (waitpid(watcher, &status, WNOHANG) == watcher)
			break;
	}
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}
