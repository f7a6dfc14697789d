/*
 * A hundred sandboxes at once, and what one of them holds in memory beside its command.
 *
 * A process's share is PSS (/proc/PID/smaps_rollup, proc(5)), which only root may read of a process that is not dumpable,
 * as ours are. What the kernel holds for a sandbox is told by the difference in /proc/meminfo with many of them waiting.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CROWD = 100, HELD = 40 };

static const char *const true_argv[] = { "/bin/true", NULL };
static const char *const sleep_argv[] = { "sleep", "60", NULL };

struct one {
	pthread_t thread;
	const struct place *p;
	const struct sandbox *s;
};

static void *run_one(void *arg)
{
	struct one *o = arg;

	ours_run(o->p, o->s, true_argv);
	return NULL;
}

static double ours_at_once(const struct place *p, const struct sandbox *s)
{
	static struct one all[CROWD];
	double t = now_ms();

	for (int i = 0; i < CROWD; i++) {
		all[i] = (struct one){ .p = p, .s = s };
		if (pthread_create(&all[i].thread, NULL, run_one, &all[i]) != 0)
			exit(1);
	}
	for (int i = 0; i < CROWD; i++)
		pthread_join(all[i].thread, NULL);
	return now_ms() - t;
}

static double spawned_at_once(const char *const *argv)
{
	pid_t pids[CROWD];
	double t = now_ms();
	int bad = 0;

	for (int i = 0; i < CROWD; i++)
		pids[i] = spawn(argv, NULL);
	for (int i = 0; i < CROWD; i++)
		bad |= wait_for(pids[i]);
	return bad ? NAN : now_ms() - t;
}

/* ---- memory ---- */

static long field_of(const char *path, const char *name)
{
	auto_buf text = buf_max(64 << 10);
	const char *at;

	if (fs_read_file(path, &text, NULL) < 0 || !(at = strstr(buf_str(&text), name)))
		return -1;
	return strtol(at + strlen(name), NULL, 10);
}

/* Of the machine, in KiB. */
static double kernel_kib(void)
{
	static const char *const names[] = { "Slab:", "KernelStack:", "PageTables:", "Percpu:", "VmallocUsed:" };
	double sum = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		sum += (double)field_of("/proc/meminfo", names[i]);
	return sum;
}

static long parent_of(const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/status", pid);
	return field_of(path, "PPid:");
}

/* PSS in KiB of the processes that descend from us and are not the command. -1: not ours to read. */
static double overhead_kib(void)
{
	DIR *d = opendir("/proc");
	double sum = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		auto_buf name = buf_max(256);
		char path[64];
		long pss, up = e->d_name[0] > '0' && e->d_name[0] <= '9' ? parent_of(e->d_name) : -1;

		snprintf(path, sizeof(path), "/proc/%.20s/comm", e->d_name);
		if (up < 0 || fs_read_file(path, &name, NULL) < 0 || !strcmp(buf_str(&name), "sleep\n"))
			continue;
		for (long above = up; above > 1 && up != getpid();) { /* ours at any depth */
			char of[24];

			snprintf(of, sizeof(of), "%ld", above);
			above = parent_of(of);
			up = above == getpid() ? above : up;
		}
		if (up != getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/smaps_rollup", e->d_name);
		pss = field_of(path, "\nPss:");
		if (pss < 0) {
			sum = NAN;
			break;
		}
		sum += (double)pss;
	}
	if (d)
		closedir(d);
	return sum;
}

struct held {
	double process, kernel; /* KiB each */
};

static struct held ours_held(const struct sandbox *s)
{
	static struct proc_child all[HELD];
	double before = kernel_kib();
	struct held h;
	struct err e = { 0 };

	for (int i = 0; i < HELD; i++)
		if (sandbox_start(s, sleep_argv, NULL, 0, -1, &all[i], &e) < 0) {
			fprintf(stderr, "bench: %s\n", e.text);
			exit(1);
		}
	usleep(100000);
	h.kernel = (kernel_kib() - before) / HELD;
	h.process = overhead_kib() / HELD;
	for (int i = 0; i < HELD; i++)
		proc_end(&all[i], 0);
	return h;
}

static struct held bwrap_held(const struct place *p)
{
	const char *const *argv = bwrap_argv(p, sleep_argv);
	double before = kernel_kib();
	pid_t pids[HELD];
	struct held h;

	for (int i = 0; i < HELD; i++)
		pids[i] = spawn(argv, NULL);
	usleep(300000);
	h.kernel = (kernel_kib() - before) / HELD;
	h.process = overhead_kib() / HELD;
	for (int i = 0; i < HELD; i++) {
		kill(pids[i], SIGKILL);
		wait_for(pids[i]);
	}
	return h;
}

static void measure_memory(const struct place *p, const struct sandbox *s)
{
	static struct series ours[2], bwrap[2];
	struct sandbox w = *s;
	double session = NAN;
	struct err e = { 0 };

	for (int i = 0; i < 3; i++) {
		struct held h = ours_held(s);

		series_add(&ours[0], h.process);
		series_add(&ours[1], h.kernel);
		usleep(500000); /* until the kernel has taken those apart */
		if (!p->has_bwrap)
			continue;
		h = bwrap_held(p);
		series_add(&bwrap[0], h.process);
		series_add(&bwrap[1], h.kernel);
		usleep(500000);
	}
	if (sandbox_open(&w, &w.session, &e) == 0) {
		usleep(50000);
		session = overhead_kib();
		sandbox_close(&w.session);
	}
	row_add((struct row){ "memory of a sandbox: its own processes (PSS)", "KiB", series_median(&ours[0]), NAN,
			      series_median(&bwrap[0]), 2048, false });
	row_add((struct row){ "  the kernel's, for one that waits", "KiB", series_median(&ours[1]), NAN,
			      series_median(&bwrap[1]), NAN, false });
	row_add((struct row){ "  of a warm session: keeper and spare (PSS)", "KiB", session, NAN, NAN, 2048, false });
	if (isnan(series_median(&ours[0])))
		note("memory of the sandbox's processes can be read by root alone: they are not dumpable");
}

void measure_crowd(const struct place *p)
{
	static struct series ours, plain, bwrap;
	const struct sandbox s = { .tree = p->tree };
	const char *const *bw = bwrap_argv(p, true_argv);

	for (int i = 0; i < (p->quick ? 2 : 5); i++) {
		series_add(&plain, spawned_at_once(true_argv));
		series_add(&ours, ours_at_once(p, &s));
		if (p->has_bwrap)
			series_add(&bwrap, spawned_at_once(bw));
	}
	row_add((struct row){ "100 at once, wall, least", "ms", series_min(&ours), series_min(&plain), series_min(&bwrap), 1200,
			      false });
	measure_memory(p, &s);
}
