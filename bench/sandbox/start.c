/*
 * How long /bin/true takes: plainly, in a cold sandbox, in a warm one, in bubblewrap; in turns. And what it costs in CPU.
 *
 * CPU is that of all processes that were waited for, ours included. The kernel takes namespaces away in threads of its own,
 * which nobody's account shows, for bubblewrap neither.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include "base/arena.h"
#include "base/err.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const true_argv[] = { "/bin/true", NULL };

struct pair {
	struct series wall, cpu;
};

/* posix_spawn, exec, wait; nothing else. */
static void plain(const struct place *p, struct pair *to)
{
	double wall = now_ms(), cpu = cpu_ms();

	plain_run(p, true_argv);
	series_add(&to->wall, now_ms() - wall);
	series_add(&to->cpu, cpu_ms() - cpu);
}

static void ours(const struct place *p, const struct sandbox *s, struct pair *to)
{
	double wall = now_ms(), cpu = cpu_ms();

	ours_run(p, s, true_argv);
	series_add(&to->wall, now_ms() - wall);
	series_add(&to->cpu, cpu_ms() - cpu);
}

static void bwrap(const char *const *argv, struct pair *to)
{
	double wall = now_ms(), cpu = cpu_ms();

	if (wait_for(spawn(argv, NULL)))
		return;
	series_add(&to->wall, now_ms() - wall);
	series_add(&to->cpu, cpu_ms() - cpu);
}

static void warm_open(struct sandbox *s)
{
	struct err e = { 0 };

	if (sandbox_open(s, &s->session, &e) < 0) {
		fprintf(stderr, "bench: %s\n", e.text);
		exit(1);
	}
}

/* CPU of n warm commands, the keeper's making of spares included: it is known once the keeper was waited for. */
static double warm_cpu(const struct place *p, int n)
{
	struct sandbox s = { .tree = p->tree };
	double none, cpu = cpu_ms();

	warm_open(&s);
	usleep(20000);
	sandbox_close(&s.session);
	none = cpu_ms() - cpu;
	cpu = cpu_ms();
	warm_open(&s);
	for (int i = 0; i < n; i++) {
		ours_run(p, &s, true_argv);
		usleep(5000);
	}
	sandbox_close(&s.session);
	return (cpu_ms() - cpu - none) / n;
}

/* A command straight after the other: the making of the next spare is then part of the wait. */
static double warm_in_a_row(const struct place *p, const struct sandbox *s, int n)
{
	struct series wall = { .n = 0 };

	for (int i = 0; i < n; i++) {
		double t = now_ms();

		ours_run(p, s, true_argv);
		series_add(&wall, now_ms() - t);
	}
	return series_median(&wall);
}

/* The same from a supervisor that holds 20 MB: a child begins as a copy of it. */
static void from_a_large_one(const struct place *p, const struct sandbox *s, int rounds, struct pair *to)
{
	const size_t size = 20 << 20;
	volatile char *heap = malloc(size);

	for (size_t i = 0; heap && i < size; i += 4096)
		heap[i] = 1;
	for (int i = 0; i < rounds; i++)
		ours(p, s, to);
	free((void *)heap);
}

void measure_start(const struct place *p)
{
	static struct pair floor, cold, warm, other, large;
	const int rounds = p->quick ? 20 : 100;
	struct sandbox s = { .tree = p->tree }, w = s;
	const char *const *bw = bwrap_argv(p, true_argv);
	double row;

	warm_open(&w);
	for (int i = 0; i < rounds; i++) {
		plain(p, &floor);
		ours(p, &s, &cold);
		if (p->has_bwrap)
			bwrap(bw, &other);
		ours(p, &w, &warm);
	}
	from_a_large_one(p, &s, rounds / 4, &large);
	row = warm_in_a_row(p, &w, rounds);
	sandbox_close(&w.session);
	row_add((struct row){ "cold start of /bin/true, wall, least", "ms", series_min(&cold.wall), series_min(&floor.wall),
			      series_min(&other.wall), 3, false });
	row_add((struct row){ "  median", "ms", series_median(&cold.wall), series_median(&floor.wall), series_median(&other.wall),
			      NAN, false });
	row_add((struct row){ "cold start, CPU, least", "ms", series_min(&cold.cpu), series_min(&floor.cpu), series_min(&other.cpu),
			      2.5, false });
	row_add((struct row){ "  median", "ms", series_median(&cold.cpu), series_median(&floor.cpu), series_median(&other.cpu),
			      NAN, false });
	row_add((struct row){ "cold start from a process of 20 MB, wall, least", "ms", series_min(&large.wall), NAN, NAN, NAN,
			      false });
	row_add((struct row){ "warm command, wall, least", "ms", series_min(&warm.wall), series_min(&floor.wall), NAN, 2, true });
	row_add((struct row){ "  median", "ms", series_median(&warm.wall), series_median(&floor.wall), NAN, 2, true });
	row_add((struct row){ "  one straight after another, median", "ms", row, series_median(&floor.wall), NAN, NAN, false });
	row_add((struct row){ "warm command, CPU, its spare included", "ms", warm_cpu(p, rounds), series_median(&floor.cpu), NAN,
			      NAN, false });
}
