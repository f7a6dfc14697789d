/*
 * What the sandbox costs, beside a plain posix_spawn and beside bubblewrap, in one run and taking turns; and whether its
 * goals (docs/decisions/sandbox.md) are met.
 *
 *     bench [--quick] [--json] [FOLDER]
 *
 * Wall times and CPU are given as the least and as the median of the series: on a machine with other work the least is
 * what can be compared. FOLDER (default: /tmp) is where the trees are made; it must not be an overlay.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"

#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { ROWS = 64, NOTES = 16 };

static struct row rows[ROWS];
static char notes[NOTES][400];
static int n_rows, n_notes;

void series_add(struct series *s, double v)
{
	if (s->n < SERIES_MAX)
		s->v[s->n++] = v;
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return a < b ? -1 : a > b;
}

static double series_at(struct series *s, int i)
{
	if (!s->n)
		return NAN;
	qsort(s->v, (size_t)s->n, sizeof(*s->v), by_value);
	return s->v[i];
}

double series_min(struct series *s)
{
	return series_at(s, 0);
}

double series_median(struct series *s)
{
	return series_at(s, s->n / 2);
}

double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_of(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
}

double cpu_ms(void)
{
	return cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
}

void row_add(struct row r)
{
	if (n_rows < ROWS)
		rows[n_rows++] = r;
}

void note(const char *format, ...)
{
	va_list ap;

	if (n_notes == NOTES)
		return;
	va_start(ap, format);
	vsnprintf(notes[n_notes++], sizeof(notes[0]), format, ap);
	va_end(ap);
}

static const char *verdict(const struct row *r)
{
	if (isnan(r->goal))
		return "";
	if (isnan(r->ours))
		return "not measured";
	return r->ours <= (r->per_plain ? r->goal * r->plain : r->goal) ? "met" : "NOT MET";
}

static const char *figure(double v, const char *unit, char out[32])
{
	if (isnan(v))
		strcpy(out, "-");
	else
		snprintf(out, 32, "%.*f%s%s", v >= 100 || v == 0 ? 0 : v >= 10 ? 1 : 2, v, *unit ? " " : "", unit);
	return out;
}

static void print_table(const char *who)
{
	char ours[32], plain[32], bwrap[32], ratio[32], goal[32];

	printf("%s\n%-46s %12s %12s %12s %8s %10s\n", who, "", "sealwright", "plain", "bwrap", "x plain", "goal");
	for (int i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		if (isnan(r->plain) || r->plain <= 0 || isnan(r->ours))
			strcpy(ratio, "");
		else
			snprintf(ratio, sizeof(ratio), "%.2f", r->ours / r->plain);
		if (isnan(r->goal))
			strcpy(goal, "");
		else
			figure(r->goal, r->per_plain ? "x" : r->unit, goal);
		printf("%-46s %12s %12s %12s %8s %10s  %s\n", r->name, figure(r->ours, r->unit, ours),
		       figure(r->plain, r->unit, plain), figure(r->bwrap, r->unit, bwrap), ratio, goal, verdict(r));
	}
	for (int i = 0; i < n_notes; i++)
		printf("- %s\n", notes[i]);
	printf("\n");
}

static void print_number(const char *name, double v)
{
	if (isnan(v))
		printf(", \"%s\": null", name);
	else
		printf(", \"%s\": %.4f", name, v);
}

static void print_json(const char *who)
{
	printf("{\"as\": \"%s\", \"rows\": [", who);
	for (int i = 0; i < n_rows; i++) {
		const struct row *r = &rows[i];

		printf("%s\n {\"name\": \"%s\", \"unit\": \"%s\"", i ? "," : "", r->name, r->unit);
		print_number("sealwright", r->ours);
		print_number("plain", r->plain);
		print_number("bwrap", r->bwrap);
		print_number(r->per_plain ? "goal_x_plain" : "goal", r->goal);
		printf(", \"verdict\": \"%s\"}", verdict(r));
	}
	printf("]}\n");
}

int rows_print(const char *who, bool json)
{
	int missed = 0;

	for (int i = 0; i < n_rows; i++)
		missed += verdict(&rows[i])[0] == 'N';
	(json ? print_json : print_table)(who);
	return missed;
}

pid_t spawn(const char *const *argv, const char *dir)
{
	posix_spawn_file_actions_t fa;
	pid_t pid = -1;

	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_addopen(&fa, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&fa, 1, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&fa, 1, 2);
	if (dir)
		posix_spawn_file_actions_addchdir_np(&fa, dir);
	if (posix_spawnp(&pid, argv[0], &fa, NULL, (char *const *)(uintptr_t)argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&fa);
	return pid;
}

int wait_for(pid_t pid)
{
	int w = 0;

	if (pid < 0 || waitpid(pid, &w, 0) < 0)
		return 127;
	return WIFEXITED(w) ? WEXITSTATUS(w) : 128 + WTERMSIG(w);
}

const char *const *bwrap_argv(const struct place *p, const char *const *argv)
{
	const char *const usual[] = { "bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr",
				      "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib", "/lib", "--symlink", "usr/lib64",
				      "/lib64", "--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
				      "--bind", p->tree, p->tree, "--chdir", p->tree, "--clearenv", "--setenv", "PATH",
				      "/usr/local/bin:/usr/bin:/bin" };
	size_t n = sizeof(usual) / sizeof(*usual), more = 0;
	const char **list;

	while (argv[more])
		more++;
	list = arena_array(p->a, n + more + 1, sizeof(*list));
	memcpy(list, usual, sizeof(usual));
	memcpy(list + n, argv, (more + 1) * sizeof(*argv));
	return list;
}

void ours_run(const struct place *p, const struct sandbox *s, const char *const *argv)
{
	auto_arena scratch = { 0 };
	struct proc run = { .argv = argv };
	struct proc_result r;
	struct err e = { 0 };

	(void)p;
	if (sandbox_run(&scratch, s, &run, &r, &e) < 0) {
		fprintf(stderr, "bench: %s\n", e.text);
		exit(1);
	}
	if (r.status != 0) {
		fprintf(stderr, "bench: %s inside: status %d: %s\n", argv[0], r.status, r.output);
		exit(1);
	}
}

void plain_run(const struct place *p, const char *const *argv)
{
	int status = wait_for(spawn(argv, p->tree));

	if (status) {
		fprintf(stderr, "bench: %s: status %d\n", argv[0], status);
		exit(1);
	}
}

/* With its own namespaces, as here: a container may forbid it. */
static bool bwrap_works(const struct place *p)
{
	static const char *const argv[] = { "true", NULL };

	return wait_for(spawn(bwrap_argv(p, argv), NULL)) == 0;
}

int main(int argc, char **argv)
{
	auto_arena a = { 0 };
	struct place p = { .a = &a };
	bool json = false;
	const char *in = "/tmp";
	char *top;

	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--quick"))
			p.quick = true;
		else if (!strcmp(argv[i], "--json"))
			json = true;
		else
			in = argv[i];
	top = arena_printf(&a, "%s/bench-sandbox.XXXXXX", in);
	if (!mkdtemp(top)) {
		perror(top);
		return 1;
	}
	p.top = top;
	p.tree = arena_printf(&a, "%s/tree", top);
	if (mkdir(p.tree, 0755) < 0 || sandbox_probe()->level < 2) {
		fprintf(stderr, "bench: the sandbox cannot work here: %s\n", sandbox_probe()->why);
		return 1;
	}
	setenv("XDG_STATE_HOME", top, 1); /* where it is kept what works on this disk */
	p.has_bwrap = bwrap_works(&p);
	if (!p.has_bwrap)
		note("bwrap is absent, or cannot work here: nothing beside us but a plain spawn");
	measure_start(&p);
	measure_crowd(&p);
	measure_work(&p);
	measure_layer(&p);
	measure_end(&p);
	fs_remove_tree(top, NULL);
	rows_print(geteuid() ? "as an ordinary user" : "as root", json);
	return 0;
}
