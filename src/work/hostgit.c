/*
 * The host's git, held short.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/hostgit.h"

#include "base/err.h"
#include "base/proc.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 32, LIMIT_MS = 10 * 60 * 1000, MEMORY_MAX = 1 << 30 };

static const char *const settings[] = {
	"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null", "core.excludesFile=/dev/null",
	"core.alternateRefsCommand=", "core.protectHFS=true", "core.protectNTFS=true", "core.pager=cat", "core.commitGraph=false",
	"submodule.recurse=false", "diff.external=", "diff.ignoreSubmodules=all", "fsck.skipList=/dev/null", "transfer.fsckObjects=true",
	"gc.auto=0", "maintenance.auto=false", "user.name=sealwright", "user.email=agent@sealwright.invalid", NULL,
};

static const char *const *environment(struct arena *a, const struct hostgit *g)
{
	static const char *const plain[] = {
		"HOME=/nonexistent", "LC_ALL=C.UTF-8", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=none", "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOC_LIMIT=1g", NULL,
	};
	const char **env = arena_array(a, sizeof(plain) / sizeof(*plain) + 4, sizeof(*env));
	const char *path = getenv("PATH"), *zone = getenv("TZ");
	int n = 0;

	for (; plain[n]; n++)
		env[n] = plain[n];
	env[n++] = arena_printf(a, "PATH=%s", path ? path : "/usr/bin:/bin");
	if (zone)
		env[n++] = arena_printf(a, "TZ=%s", zone);
	if (g->incoming) {
		env[n++] = arena_printf(a, "GIT_OBJECT_DIRECTORY=%s", g->incoming);
		env[n++] = arena_printf(a, "GIT_ALTERNATE_OBJECT_DIRECTORIES=%s", g->objects);
	}
	return env;
}

struct counter {
	uint64_t n;
	volatile int stop;
};

/* A tree can be made that unfolds without end: what git prints is counted, and its memory is limited. */
static void count(void *arg, struct bytes piece, bool is_stderr)
{
	struct counter *c = arg;

	(void)is_stderr;
	c->n += piece.n;
	if (c->n > HOSTGIT_OUTPUT_MAX)
		c->stop = 1;
}

int hostgit_run(struct arena *a, const struct hostgit *g, const char *const *words, struct bytes input, struct proc_result *out,
		struct err *e)
{
	const char *argv[WORDS_MAX + 2 * (sizeof(settings) / sizeof(*settings)) + 8];
	struct counter c = { 0 };
	struct proc p = { .argv = argv, .env = environment(a, g), .dir = g->tree, .head = HOSTGIT_OUTPUT_MAX, .tail = 4096, .apart = true,
			  .limit_ms = LIMIT_MS, .input = input, .seen = count, .arg = &c, .stop = &c.stop,
			  .memory_max = MEMORY_MAX };
	size_t n = 0;

	argv[n++] = "git";
	argv[n++] = arena_printf(a, "--git-dir=%s", g->git);
	argv[n++] = arena_printf(a, "--work-tree=%s", g->tree);
	argv[n++] = "--literal-pathspecs";
	for (int i = 0; settings[i]; i++) {
		argv[n++] = "-c";
		argv[n++] = settings[i];
	}
	for (int i = 0; i < WORDS_MAX && words[i]; i++)
		argv[n++] = words[i];
	argv[n] = NULL;
	if (proc_run(a, &p, out, e) < 0)
		return -1;
	if (out->timed_out)
		return err_set(e, ERR_TIMEOUT, "git %s took more than %d minutes", words[0], LIMIT_MS / 60000);
	return c.stop || out->cut ? err_set(e, ERR_LIMIT, "git %s said more than %d MiB", words[0], HOSTGIT_OUTPUT_MAX >> 20) : 0;
}

const char *hostgit_said(const struct proc_result *r)
{
	char *last = r->errors;

	for (size_t n = strlen(last); n && last[n - 1] == '\n'; n--)
		last[n - 1] = 0;
	return strrchr(last, '\n') ? strrchr(last, '\n') + 1 : last;
}

int hostgit_ask(struct arena *a, const struct hostgit *g, const char *const *words, struct bytes input, struct bytes *text,
		struct err *e)
{
	struct proc_result r = { 0 };

	if (hostgit_run(a, g, words, input, &r, e) < 0)
		return -1;
	if (r.status) {
		const char *last = hostgit_said(&r);

		if (strstr(last, "emory"))
			return err_set(e, ERR_LIMIT, "git %s needs more than %d MiB of memory: %.300s", words[0], MEMORY_MAX >> 20, last);
		return err_set(e, strstr(last, "No space left") ? ERR_SPACE : ERR_SYS, "git %s ended with %d: %.300s", words[0], r.status, last);
	}
	if (text)
		*text = (struct bytes){ r.output, r.output_n };
	return 0;
}
