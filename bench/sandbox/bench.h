/*
 * What the sandbox's measurements share: a series of figures, the table of rows, a plain spawn and bubblewrap.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_SANDBOX_BENCH_H
#define BENCH_SANDBOX_BENCH_H

#include "sandbox/sandbox.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SERIES_MAX = 1024 };

struct series {
	double v[SERIES_MAX];
	int n;
};
void series_add(struct series *s, double v);
double series_min(struct series *s);    /* NAN when empty */
double series_median(struct series *s);

double now_ms(void);      /* monotonic */
double cpu_ms(void);      /* user and system, of us and of all children that were waited for */

/* A row of the table. NAN: not measured. goal: the most that is met; NAN: none. */
struct row {
	const char *name, *unit;
	double ours, plain, bwrap, goal;
	bool per_plain;   /* the goal is a multiple of plain */
};
void row_add(struct row r);
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The table, or the same as JSON. How many goals are not met. */
int rows_print(const char *who, bool json);

struct place {            /* where it is measured */
	struct arena *a;
	const char *top;  /* a folder of ours */
	const char *tree; /* in it            */
	bool quick, has_bwrap;
};

pid_t spawn(const char *const *argv, const char *dir);  /* posix_spawn, output to /dev/null */
int wait_for(pid_t pid);                                /* its exit status, 128 + signal */
/* bwrap's usual flags before argv, in an array of the arena. */
const char *const *bwrap_argv(const struct place *p, const char *const *argv);
/* Runs it inside to its end; ends the measurement when it fails. */
void ours_run(const struct place *p, const struct sandbox *s, const char *const *argv);
void plain_run(const struct place *p, const char *const *argv);

struct both {             /* the same work outside and inside; part: how often one run does it */
	struct series plain, ours;
	double part;
};
/* A shell script outside and in the sandbox, taking turns. */
void compare(const struct place *p, const struct sandbox *s, const char *script, int rounds, struct both *b);
void throughput(const char *name, struct both *b); /* its row */
extern const char git_status[];

void measure_start(const struct place *p);  /* start.c */
void measure_crowd(const struct place *p);  /* crowd.c: many at once, memory of one */
void measure_work(const struct place *p);   /* work.c: git status, a compiler       */
void measure_layer(const struct place *p);  /* layer.c: snapshot and rollback, on work.c's tree */
void measure_end(const struct place *p);    /* end.c: what survives                 */

#endif
