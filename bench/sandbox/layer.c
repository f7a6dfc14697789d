/*
 * Layers on a tree of 10,000 files: how long a snapshot takes (a fresh layer, with its git directory), and a rollback (a layer
 * with 200 changes dropped), beside what git takes for the same; and git status inside, on a layer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"
#include "work/layer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 100 changed, 50 new, 50 removed. */
static const char change[] = "for i in 1 2 3 4 5 6 7 8 9 10; do for k in 1 2 3 4 5 6 7 8 9 10; do echo changed >d$i/f$k; done; done; "
			     "for i in 1 2 3 4 5; do for k in 1 2 3 4 5 6 7 8 9 10; do echo new >d$i/new$k; rm d$i/f$((k+20)); done; done";
static const char saved[] = "export GIT_INDEX_FILE=.git/other; cp .git/index .git/other && git add -A && git write-tree";
static const char undone[] = "git reset -q --hard && git clean -qfd";

static struct layer open_one(const struct place *p, struct arena *a)
{
	const struct layer_how how = { .works = sandbox_layer_works };
	struct layer l = { 0 };
	struct err e = { 0 };

	if (layer_open(a, arena_printf(p->a, "%s/layer", p->top), p->tree, &how, &l, &e) < 0) {
		fprintf(stderr, "bench: %s\n", e.text);
		exit(1);
	}
	return l;
}

static struct sandbox box_of(const struct place *p, const struct layer *l)
{
	return (struct sandbox){ .tree = p->tree, .layer = l->layer, .tree_source = l->source, .git_dir = l->git_dir,
				 .git_objects = l->git_objects };
}

static void drop(struct layer *l)
{
	struct err e = { 0 };

	if (layer_drop(l, &e) < 0) {
		fprintf(stderr, "bench: %s\n", e.text);
		exit(1);
	}
}

static double timed(const struct place *p, const char *script)
{
	double t = now_ms();

	plain_run(p, (const char *const[]){ "sh", "-c", script, NULL });
	return now_ms() - t;
}

static void round_of(const struct place *p, struct series *snapshot, struct series *rollback, struct series git[2])
{
	auto_arena a = { 0 };
	struct layer l;
	struct sandbox s;
	double t;

	sync(); /* what others left to be written is not ours */
	t = now_ms();
	l = open_one(p, &a);
	s = box_of(p, &l);
	series_add(snapshot, now_ms() - t);
	ours_run(p, &s, (const char *const[]){ "sh", "-c", change, NULL });
	t = now_ms();
	drop(&l);
	series_add(rollback, now_ms() - t);
	timed(p, change);
	series_add(&git[0], timed(p, saved));
	series_add(&git[1], timed(p, undone));
}

static void measure_status(const struct place *p)
{
	static struct both status = { .part = 5 };
	auto_arena a = { 0 };
	struct layer l;
	struct sandbox s;
	struct err e = { 0 };

	timed(p, "sleep 1.1; git status"); /* so that no file is as young as the index */
	l = open_one(p, &a);
	s = box_of(p, &l);
	if (sandbox_open(&s, &s.session, &e) < 0) {
		note("git status on a layer was not measured: %s", e.text);
	} else {
		compare(p, &s, git_status, p->quick ? 3 : 12, &status);
		throughput("git status on 10,000 files, on a layer", &status);
		sandbox_close(&s.session);
	}
	drop(&l);
}

void measure_layer(const struct place *p)
{
	static struct series snapshot, rollback, git[2];
	auto_arena a = { 0 };
	struct layer first = open_one(p, &a); /* the first one on a disk tries whether an overlay works there */

	if (first.source)
		note("no overlay works on this disk: the layers are copies");
	drop(&first);
	for (int i = 0; i < (p->quick ? 3 : 12); i++)
		round_of(p, &snapshot, &rollback, git);
	row_add((struct row){ "snapshot of 10,000 files (plain: write-tree)", "ms", series_min(&snapshot), series_min(&git[0]), NAN, 5,
			      false });
	row_add((struct row){ "rollback of 200 changes (plain: git reset)", "ms", series_min(&rollback), series_min(&git[1]), NAN, 20,
			      false });
	measure_status(p);
}
