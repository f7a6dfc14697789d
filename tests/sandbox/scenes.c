/*
 * Attacks that need more than one command, or somebody outside who is fooled later: published escapes of agents' sandboxes.
 * Each shows first what happens without the wall.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include "../boxed.h"
#include "base/err.h"
#include "base/fs.h"
#include "work/layer.h"

#include <signal.h>
#include <sys/wait.h>

static struct arena a;

static struct sandbox plain(void)
{
	static const char *const protect[] = { "deep/tests", NULL };

	return (struct sandbox){ .tree = lab.tree, .protect = protect, .processes_max = 100 };
}

/* What is left outside after a script ran inside; NULL: nothing. */
static const char *harm_of(const struct sandbox *s, const char *script)
{
	boxed(&a, s, script);
	return lab_harm();
}

/* Codex, CVE-2025-59532: the folder that the model chose became the root of what may be written. */
static void a_folder_chosen_by_a_model(void)
{
	const char *const dirs[] = { lab.home, lab.base, "/", arena_printf(&a, "%s/../home", lab.tree),
				     arena_printf(&a, "%s/link-to-base/home", lab.tree), "../home", NULL };
	struct sandbox s = plain();

	ok(proc_ask(&a, lab.home, (const char *const[]){ "sh", "-c", "echo x >planted && rm planted", NULL }, NULL, NULL) == 0,
	   "CVE-2025-59532: outside, a command in that folder writes there");
	for (int i = 0; dirs[i]; i++) {
		struct proc p = { .argv = (const char *const[]){ "sh", "-c", "echo x >planted; cat .netrc; echo x >../victim", NULL },
				  .dir = dirs[i], .limit_ms = 20000 };
		struct proc_result r = { .output = "" };
		int ran = sandbox_run(&a, &s, &p, &r, NULL);
		const char *harm = lab_harm();

		ok((ran < 0 || !strstr(r.output, SECRET)) && !harm, "CVE-2025-59532: the folder %s opens nothing%s%s", dirs[i],
		   harm ? ": " : "", harm ? harm : "");
	}
}

/* Cursor, CVE-2026-22708: a harmless command sets the environment in which the next, trusted one runs. */
static void an_environment_that_stays(void)
{
	static const char poison[] =
		"export PATH=/tmp/evil:$PATH LD_PRELOAD=/tmp/x.so BASH_ENV=/tmp/x ENV=/tmp/x PAGER='sh -c evil' GIT_PAGER=evil; "
		"mkdir -p /tmp/evil; for f in .bashrc .profile .bash_profile .zshenv; do echo 'export POISON=1' >~/$f; done; env >/tmp/env";
	struct sandbox s = plain();
	struct proc_result before, after;

	ok(proc_ask(&a, lab.tree, (const char *const[]){ "sh", "-c", "export POISON=1; sh -c 'test \"$POISON\" = 1'", NULL }, NULL, NULL) == 0,
	   "CVE-2026-22708: in one shell, what was exported stays");
	if (!ok(sandbox_open(&s, &s.session, NULL) == 0, "CVE-2026-22708: a warm sandbox opens"))
		return;
	before = boxed(&a, &s, "env | sort");
	boxed(&a, &s, poison);
	after = boxed(&a, &s, "env | sort");
	is_text(after.output, before.output, "CVE-2026-22708: the next command's environment is as it was");
	sandbox_close(&s.session);
	ok(!lab_harm(), "CVE-2026-22708: and nothing outside");
}

static void ignore_refusal(void *arg, const struct sandbox_refusal *r)
{
	(void)arg;
	(void)r;
}

/* A warm sandbox tells what it refuses; a server that is started in it has nobody who listens. Whoever listens then may let
 * calls go on. */
static void a_listener_that_is_gone(void)
{
	struct sandbox s = plain();
	struct proc_child c;
	const char *read[2] = { NULL, NULL };
	char self[PATH_MAX] = "", folder[PATH_MAX];
	int status = -1;

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return;
	strcpy(folder, self);
	*strrchr(folder, '/') = 0;
	read[0] = folder;
	s.read = read;
	s.on_refused = ignore_refusal;
	if (!ok(sandbox_open(&s, &s.session, NULL) == 0, "a warm sandbox that tells what it refuses opens"))
		return;
	if (sandbox_start(&s, (const char *const[]){ self, "attempt", "listen_to_own_filter", lab.tree, NULL }, NULL, 0, -1, &c, NULL) == 0) {
		for (int i = 0; i < 500 && proc_is_alive(&c); i++)
			usleep(10000);
		status = proc_end(&c, 100);
	}
	is_whole(status, 1, "where nobody listens any more, code inside cannot listen in their place");
	sandbox_close(&s.session);
}

/* Names are exchanged for links outside while another sandbox finds its way to them. */
static void names_that_change_under_way(void)
{
	static const char swap[] =
		"mkdir -p race/tests && echo t >race/tests/t && mkdir -p race/.x && ln -s \"$PWD/..\" race/link; : >ready; "
		"while :; do mv -T race/tests race/.x/t && ln -s ../.. race/tests; rm race/tests; mv -T race/.x/t race/tests; done";
	static const char *const protect[] = { "race/tests", NULL };
	struct sandbox other = { .tree = lab.tree }, s = { .tree = lab.tree, .protect = protect };
	struct proc_child c;
	int ran = 0, refused = 0;

	if (sandbox_start(&other, (const char *const[]){ "sh", "-c", swap, NULL }, NULL, 0, -1, &c, NULL) < 0)
		return;
	for (int i = 0; i < 300 && !fs_exists(under(lab.tree, "ready")); i++)
		usleep(10000);
	for (int i = 0; i < 40; i++) {
		struct proc p = { .argv = (const char *const[]){ "sh", "-c", "echo x >race/tests/planted; echo x >race/tests/victim; cat race/tests/home/.netrc", NULL },
				  .limit_ms = 20000 };
		struct proc_result r = { .output = "" };

		if (sandbox_run(&a, &s, &p, &r, NULL) < 0)
			refused++;
		else
			ran += !strstr(r.output, SECRET);
	}
	proc_end(&c, 100);
	ok(ran + refused == 40 && fs_exists(under(lab.home, ".netrc")), "names that change under way: %d ran without harm, %d were refused", ran, refused);
	ok(!lab_harm(), "names that change under way: nothing outside was changed");
}

/* The tree lies where another name of the same folder leads. */
static void a_tree_behind_a_link(void)
{
	static const char *const where[] = { "/var/tmp", "/tmp", NULL };

	for (int i = 0; where[i]; i++) {
		char path[64];
		struct sandbox s = { .tree = path };
		struct proc_result r;

		snprintf(path, sizeof(path), "%s/sw-tree.XXXXXX", where[i]);
		if (!mkdtemp(path))
			continue;
		r = boxed(&a, &s, "pwd; echo x >made");
		ok(r.status == 0 && fs_exists(under(path, "made")) && !fs_exists(under("/tmp", strrchr(path, '/') + 1)) == !!strcmp(where[i], "/tmp"),
		   "a tree in %s is shown there, and nothing else is made", where[i]);
		fs_remove_tree(path, NULL);
	}
}

/* ---- what is planted in a layer for a program outside to find, once it is kept ---- */

/* Names, and what a naive copy would bring. */
static const char plant[] =
	"ln -s ../victim to-victim; ln -s / to-root; ln -s ../../../../../../etc/passwd up; mkfifo pipe; mkdir -p sub; "
	"mkdir -p sub/.git/hooks && echo '[core] fsmonitor = evil' >sub/.git/config && echo 'ref: refs/heads/x' >sub/.git/HEAD && "
	"printf '#!/bin/sh\\nevil\\n' >sub/.git/hooks/post-checkout && chmod +x sub/.git/hooks/post-checkout; "
	"mkdir -p wt && echo 'gitdir: /tmp/evil' >wt/.git; mkdir -p GIT && mkdir -p up2/.GIT/hooks && echo x >up2/.GIT/config; "
	"mkdir -p .claude .vscode .github/workflows .cursor .idea .codex; echo '{\"hooks\":{}}' >.claude/settings.json; "
	"echo '{}' >.claude/settings.local.json; echo '{}' >.vscode/tasks.json; echo '{}' >.vscode/settings.json; echo 'on: push' >.github/workflows/x.yml; "
	"echo x >.cursor/mcp.json; echo '{}' >.mcp.json; echo x >AGENTS.md; echo x >CLAUDE.md; echo 'evil' >.envrc; "
	"echo '[submodule \"x\"]' >.gitmodules; echo x >.codex/config.toml; "
	"python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")' 2>/dev/null; mknod white c 0 0 2>/dev/null; "
	"ln deep/tests/test_it.py hard 2>/dev/null; echo fine >kept.txt";

static const char *const forbidden[] = {
	"to-victim", "to-root", "up", "pipe", "sock", "white", "sub/.git/config", "sub/.git/hooks/post-checkout", "wt/.git", "up2/.GIT/config",
	".claude/settings.json", ".claude/settings.local.json", ".vscode/tasks.json", ".vscode/settings.json", ".github/workflows/x.yml",
	".cursor/mcp.json", ".mcp.json", "AGENTS.md", "CLAUDE.md", ".envrc", ".gitmodules", ".codex/config.toml", NULL,
};

static bool stands(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int scenes_keep(const char **why)
{
	struct layer l = { 0 };
	struct layer_report report = { 0 };
	struct err e = { 0 };
	struct sandbox s = plain();
	int planted = 0;

	*why = NULL;
	if (layer_open(&a, arena_printf(&a, "%s/kept", lab.base), lab.tree, NULL, &l, &e) < 0) {
		*why = arena_printf(&a, "no layer: %s", e.text);
		return -1;
	}
	s.layer = l.layer;
	s.tree_source = l.source;
	s.git_dir = l.git_dir;
	s.git_objects = l.git_objects;
	boxed(&a, &s, plant);
	for (int i = 0; forbidden[i]; i++)
		planted += stands(arena_printf(&a, "%s/%s/%s", l.layer ? l.layer : l.source, l.layer ? "upper" : ".", forbidden[i]));
	if (layer_keep(&a, &l, &(struct layer_rules){ .protect = s.protect }, &report, &e) < 0)
		*why = arena_printf(&a, "keep: %s", e.text);
	layer_drop(&l, NULL);
	for (int i = 0; forbidden[i] && !*why; i++)
		if (stands(under(lab.tree, forbidden[i])))
			*why = arena_printf(&a, "%s was kept", forbidden[i]);
	if (!*why && !stands(under(lab.tree, "kept.txt")))
		*why = "what is harmless was not kept";
	return planted;
}

/* CVE-2026-39861 (a link), CVE-2026-25725 (a settings file that was absent), CVE-2026-55607 (a worktree's .git): a program
 * outside follows, reads or runs what the sandbox wrote. */
static void what_is_planted_is_not_kept(void)
{
	const char *why, *harm;
	int planted = scenes_keep(&why);

	ok(planted > 15, "planted: %d things that a program outside would trust stand in the layer", planted);
	ok(!why, "planted: none of them is kept, what is harmless is: %s", why ? why : "so it is");
	harm = lab_harm();
	ok(!harm, "planted: nothing outside the tree was changed%s%s", harm ? ": " : "", harm ? harm : "");
}

int scenes_run(void)
{
	lab_make();
	a_folder_chosen_by_a_model();
	an_environment_that_stays();
	a_listener_that_is_gone();
	names_that_change_under_way();
	a_tree_behind_a_link();
	what_is_planted_is_not_kept();
	ok(!harm_of(&(struct sandbox){ .tree = lab.tree }, "true"), "the lab is whole at the end");
	lab_drop();
	arena_drop(&a);
	return done();
}
