/*
 * Asking git, with nothing around it that others wrote.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "flow/git.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 200, WORDS_MAX = 24, LIMIT_MS = 10 * 60 * 1000 };

static const char *const settings[] = {
	"core.hooksPath=/dev/null", "core.fsmonitor=false", "core.attributesFile=/dev/null", "core.excludesFile=/dev/null",
	"core.autocrlf=false", "core.pager=cat", "commit.gpgsign=false", "log.showSignature=false", "submodule.recurse=false",
	"diff.ignoreSubmodules=all", "diff.external=", "gc.auto=0", "maintenance.auto=false", "user.name=sealwright",
	"user.email=agent@sealwright.invalid", NULL,
};

/* From zero: git needs its PATH and nothing else of ours. */
static const char *const *environment(struct arena *a)
{
	static const char *const plain[] = {
		"HOME=/nonexistent", "LC_ALL=C.UTF-8", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1",
		"GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=none", NULL,
	};
	const char **env = arena_array(a, sizeof(plain) / sizeof(*plain) + 3, sizeof(*env));
	const char *path = getenv("PATH"), *zone = getenv("TZ");
	int n = 0;

	for (; plain[n]; n++)
		env[n] = plain[n];
	env[n++] = arena_printf(a, "PATH=%s", path ? path : "/usr/bin:/bin");
	if (zone)
		env[n++] = arena_printf(a, "TZ=%s", zone);
	return env;
}

static int run(struct arena *a, const char *tree, const char *const *argv, struct proc_result *r, struct err *e)
{
	struct proc p = { .argv = argv, .env = environment(a), .dir = tree, .head = 4 << 20, .tail = 4096, .apart = true,
			  .limit_ms = LIMIT_MS };

	if (proc_run(a, &p, r, e) < 0)
		return -1;
	return r->timed_out ? err_set(e, ERR_TIMEOUT, "git took more than %d minutes; what is in %s?", LIMIT_MS / 60000, tree) : 0;
}

static int failed(const char *word, const struct proc_result *r, struct err *e)
{
	char *last = r->errors_n ? r->errors : r->output;

	for (size_t n = strlen(last); n && last[n - 1] == '\n'; n--)
		last[n - 1] = 0;
	return err_set(e, strstr(last, "No space left") ? ERR_SPACE : ERR_SYS, "git %s ended with %d: %s", word, r->status,
		       strrchr(last, '\n') ? strrchr(last, '\n') + 1 : last);
}

static int ask(struct arena *a, const char *tree, const char *const *words, struct proc_result *r, struct err *e)
{
	const char *argv[WORDS_MAX + 2 * (sizeof(settings) / sizeof(*settings)) + 8];
	size_t n = 0;

	if (!git_is_own(tree))
		return err_set(e, ERR_DAMAGED, "%s has no repository of its own (its .git is gone, or is no folder); put it back", tree);
	argv[n++] = "git";
	argv[n++] = arena_printf(a, "--git-dir=%s/.git", tree);
	argv[n++] = arena_printf(a, "--work-tree=%s", tree);
	argv[n++] = "--literal-pathspecs";
	for (int i = 0; settings[i]; i++) {
		argv[n++] = "-c";
		argv[n++] = settings[i];
	}
	for (int i = 0; i < WORDS_MAX && words[i]; i++)
		argv[n++] = words[i];
	argv[n] = NULL;
	return run(a, tree, argv, r, e);
}

int git_ask(struct arena *a, const char *tree, const char *const *words, char **text, struct err *e)
{
	struct proc_result r = { 0 };

	if (ask(a, tree, words, &r, e) < 0)
		return -1;
	if (r.status)
		return failed(words[0], &r, e);
	if (text)
		*text = r.output;
	return 0;
}

bool git_is_own(const char *tree)
{
	auto_arena a = { 0 };
	struct stat st;

	return lstat(arena_printf(&a, "%s/.git", tree), &st) == 0 && S_ISDIR(st.st_mode);
}

int git_make(const char *tree, struct err *e)
{
	auto_arena a = { 0 };
	const char *argv[] = { "git", "-c", "init.defaultBranch=main", "init", "-q", "--template=", ".", NULL };
	struct proc_result r = { 0 };

	if (fs_exists(arena_printf(&a, "%s/.git", tree)) && !git_is_own(tree))
		return err_set(e, ERR_DENIED, "%s/.git leads to a repository elsewhere; take another folder", tree);
	if (run(&a, tree, argv, &r, e) < 0)
		return -1;
	return r.status ? failed("init", &r, e) : 0;
}

struct flattening {
	void (*told)(void *arg, const char *line);
	void *arg;
};

/* Removes every .git beneath dir, but not its own when it is the tree. */
static int flatten(const struct flattening *f, int dir, const char *name, int depth, struct err *e)
{
	auto_arena a = { 0 };
	int copy = fcntl(dir, F_DUPFD_CLOEXEC, 0), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *x;

	if (!d) {
		fs_close(&copy);
		return err_sys(e, "look into %s", name);
	}
	while (r == 0 && (x = readdir(d))) {
		const char *path = *name ? arena_printf(&a, "%s/%s", name, x->d_name) : x->d_name;
		auto_fd sub = -1;

		if (!strcmp(x->d_name, ".") || !strcmp(x->d_name, ".."))
			continue;
		if (!strcmp(x->d_name, ".git")) {
			if (!*name)
				continue;
			r = fs_remove_tree(arena_printf(&a, "/proc/self/fd/%d/.git", dir), e);
			if (r == 0 && f->told)
				f->told(f->arg, arena_printf(&a, "%s was a repository of its own within the tree: its files stay, its .git was removed",
							     name));
			continue;
		}
		if (x->d_type != DT_DIR && x->d_type != DT_UNKNOWN)
			continue;
		sub = openat(dir, x->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0) /* no folder after all; or one that cannot be read, by git neither */
			continue;
		r = depth == DEPTH_MAX ? err_set(e, ERR_LIMIT, "%.200s...: folders stand in one another more than %d deep", path, DEPTH_MAX)
				       : flatten(f, sub, path, depth + 1, e);
	}
	closedir(d);
	return r;
}

int git_commit(struct arena *a, const char *tree, const char *subject, const char *trailers,
	       void (*told)(void *arg, const char *line), void *arg, const char **id, struct err *e)
{
	auto_arena scratch = { 0 };
	auto_fd dir = fs_open_dir(tree, e);
	struct flattening f = { told, arg };
	char *status, *head;

	*id = NULL;
	if (dir < 0 || flatten(&f, dir, "", 0, e) < 0 ||
	    git_ask(&scratch, tree, (const char *const[]){ "add", "-A", "--", ".", NULL }, NULL, e) < 0 ||
	    git_ask(&scratch, tree, (const char *const[]){ "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all", NULL },
		    &status, e) < 0)
		return err_wrap(e, "commit");
	if (!*status)
		return 0;
	if (git_ask(&scratch, tree, (const char *const[]){ "commit", "-q", "--no-verify", "-m", subject, "-m", trailers, NULL }, NULL, e) < 0 ||
	    git_ask(&scratch, tree, (const char *const[]){ "rev-parse", "HEAD", NULL }, &head, e) < 0)
		return err_wrap(e, "commit");
	head[strcspn(head, "\n")] = 0;
	*id = arena_strdup(a, head);
	return 0;
}

int git_show(struct arena *a, const char *tree, const char *path, struct bytes *out, struct err *e)
{
	struct proc_result r = { 0 };

	if (ask(a, tree, (const char *const[]){ "cat-file", "blob", arena_printf(a, "HEAD:%s", path), NULL }, &r, e) < 0)
		return -1;
	if (r.status == 0)
		*out = (struct bytes){ r.output, r.output_n };
	return r.status == 0;
}

const char *git_session(struct arena *a, const char *tree)
{
	struct proc_result r = { 0 };

	if (ask(a, tree, (const char *const[]){ "log", "-1", "--format=%(trailers:key=Session,valueonly)", NULL }, &r, NULL) < 0 || r.status)
		return NULL;
	r.output[strcspn(r.output, "\n")] = 0;
	return r.output;
}
