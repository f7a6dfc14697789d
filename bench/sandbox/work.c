/*
 * Work inside beside the same work outside: git status on 10,000 files, and a compiler. One command does several rounds, so
 * that what is measured is the work and not the start of it; inside and outside take turns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES = 10000 };

static void shell(const struct place *p, const char *script)
{
	plain_run(p, (const char *const[]){ "sh", "-c", script, NULL });
}

static void make_tree(const struct place *p)
{
	shell(p, "i=0; while [ $i -lt 100 ]; do mkdir d$i; k=0; while [ $k -lt 100 ]; do echo $i $k >d$i/f$k; k=$((k+1)); done; "
		 "i=$((i+1)); done");
	shell(p, "git init -q . && git config user.name n && git config user.email e@example.org && git add . && "
		 "git commit -qm first && sleep 1.1 && git status");
}

/* C of some size without a header, and a small one with some. */
static void make_source(const struct place *p)
{
	FILE *f = fopen(arena_printf(p->a, "%s/work.c", p->tree), "w");

	for (int i = 0; f && i < 300; i++)
		fprintf(f, "int f%d(int *p, int n) { int s = %d; for (int i = 0; i < n; i++) { if (p[i] %% %d) s += p[i] * i; "
			"else s ^= p[n - i - 1]; } return s; }\n", i, i, i + 2);
	if (f)
		fclose(f);
	f = fopen(arena_printf(p->a, "%s/small.c", p->tree), "w");
	if (f)
		fprintf(f, "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\nint main(void) { return puts(\"x\") < 0; }\n");
	if (f)
		fclose(f);
}

void compare(const struct place *p, const struct sandbox *s, const char *script, int rounds, struct both *b)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	for (int i = 0; i < rounds; i++) {
		double t = now_ms();

		plain_run(p, argv);
		series_add(&b->plain, (now_ms() - t) / b->part);
		t = now_ms();
		ours_run(p, s, argv);
		series_add(&b->ours, (now_ms() - t) / b->part);
	}
}

void throughput(const char *name, struct both *b)
{
	row_add((struct row){ name, "ms", series_min(&b->ours), series_min(&b->plain), NAN, 1.02, true });
}

const char git_status[] = "for i in 1 2 3 4 5; do git --no-optional-locks status >/dev/null || exit 1; done";

void measure_work(const struct place *p)
{
	static struct both status = { .part = 5 }, compile = { .part = 2 }, small = { .part = 20 };
	struct sandbox s = { .tree = p->tree };
	const int rounds = p->quick ? 3 : 12;
	struct err e = { 0 };

	make_tree(p);
	make_source(p);
	if (sandbox_open(&s, &s.session, &e) < 0) {
		note("no work was measured: %s", e.text);
		return;
	}
	compare(p, &s, "for i in 1 2; do gcc -O1 -c -o /dev/null work.c || exit 1; done", rounds, &compile);
	compare(p, &s, "i=0; while [ $i -lt 20 ]; do gcc -c -o /dev/null small.c || exit 1; i=$((i+1)); done", rounds, &small);
	compare(p, &s, git_status, rounds, &status);
	throughput("gcc on a file of 300 functions, least", &compile);
	throughput("gcc on a small file", &small);
	throughput("git status on 10,000 files, the tree itself", &status);
	sandbox_close(&s.session);
}
