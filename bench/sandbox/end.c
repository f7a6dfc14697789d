/*
 * What is left of a tree of processes when its supervisor is killed: a command that started daemons which ignore every
 * signal they can and left their session. Looked for outside, by a word that all of them carry.
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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DAEMONS = 20 };

static int count(const char *word)
{
	DIR *d = opendir("/proc");
	int n = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		char path[64], text[4096] = "";
		FILE *f;
		size_t got;

		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/cmdline", e->d_name);
		f = fopen(path, "r");
		got = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
		if (f)
			fclose(f);
		n += memmem(text, got, word, strlen(word)) != NULL;
	}
	if (d)
		closedir(d);
	return n;
}

/* Starts it in a process of its own, kills that, and tells how many live 100 ms later; *gone_ms: when none did. */
static int survivors(const struct place *p, const char *const *argv, const struct sandbox *s, const char *word, double *gone_ms)
{
	pid_t pid = fork();
	double t;
	int left;

	if (pid == 0) {
		if (s)
			ours_run(p, s, argv);
		else
			wait_for(spawn(argv, p->tree));
		_exit(0);
	}
	for (int i = 0; i < 500 && count(word) < DAEMONS; i++)
		usleep(10000);
	usleep(50000);
	if (count(word) < DAEMONS)
		note("%s: only %d of %d daemons were there to be ended", word, count(word), DAEMONS);
	t = now_ms();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	*gone_ms = NAN;
	while (now_ms() - t < 100) {
		if (!count(word)) {
			*gone_ms = now_ms() - t;
			return 0;
		}
		usleep(1000);
	}
	left = count(word);
	for (int i = 0; i < 30 && count(word); i++)
		usleep(100000);
	return left;
}

/* The word is an argument of sleep: exec keeps nothing else. */
static const char *daemons(const struct place *p, const char *word)
{
	return arena_printf(p->a, "trap '' HUP TERM INT QUIT; i=0; while [ $i -lt %d ]; do (setsid sleep %s &); i=$((i+1)); done; "
			    "exec sleep %s", DAEMONS, word, word);
}

void measure_end(const struct place *p)
{
	const struct sandbox s = { .tree = p->tree };
	const char *word = arena_printf(p->a, "8.%06d1", (int)getpid() % 1000000);
	const char *other = arena_printf(p->a, "8.%06d2", (int)getpid() % 1000000);
	double ours, bwrap = NAN, gone, bwrap_gone = NAN;

	ours = survivors(p, (const char *const[]){ "sh", "-c", daemons(p, word), NULL }, &s, word, &gone);
	if (p->has_bwrap)
		bwrap = survivors(p, bwrap_argv(p, (const char *const[]){ "sh", "-c", daemons(p, other), NULL }), NULL, other,
				  &bwrap_gone);
	row_add((struct row){ "supervisor killed: alive after 100 ms, of 21", "", ours, NAN, bwrap, 0, false });
	row_add((struct row){ "  until none was left", "ms", gone, NAN, bwrap_gone, 100, false });
}
