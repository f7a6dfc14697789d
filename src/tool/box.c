/*
 * The sandbox of a toolbox: one warm one for all calls of an agent, opened by the first call that needs it.
 *
 * The file tools see and write the tree through it too (sandbox_tree, sandbox_act): a layer's changes are in what they
 * read, and what the sandbox holds read-only they cannot write either. So there is no second way to the tree, and none
 * that has more rights than a command.
 *
 * Tests do not run in it: what a command left in /tmp or the home folder must not decide them (suite/).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "tool/tool.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const environment[] = {
	"PAGER=cat", "GIT_PAGER=cat", "MANPAGER=cat", "TERM=dumb", "NO_COLOR=1", "CI=1", "GIT_TERMINAL_PROMPT=0",
	"PYTHONDONTWRITEBYTECODE=1", "PIP_DISABLE_PIP_VERSION_CHECK=1", "DEBIAN_FRONTEND=noninteractive", NULL,
};

static void refused(void *arg, const struct sandbox_refusal *r)
{
	struct toolbox *t = arg;

	t->refusals++;
	if (t->on_refused)
		t->on_refused(t->refused_arg, r);
}

/* The agent's sandbox with the spill folder in view. */
static void plan(struct toolbox *t)
{
	int n = 0;

	t->box = *t->sandbox;
	t->box.session = NULL;
	for (; n < 16 && t->sandbox->read && t->sandbox->read[n]; n++)
		t->read[n] = t->sandbox->read[n];
	/* A state folder beneath /dev (a tmpfs) cannot be shown inside, which has a /dev of its own; read shows it all the same. */
	if (t->spill && strncmp(t->spill, "/dev/", 5) && fs_make_dirs(t->spill, 0700, NULL) == 0)
		t->read[n++] = t->spill;
	t->read[n] = NULL;
	t->box.read = t->read;
	for (n = 0; environment[n]; n++)
		t->env[n] = environment[n];
	for (int i = 0; t->sandbox->env && t->sandbox->env[i] && n < (int)(sizeof(t->env) / sizeof(*t->env)) - 1; i++)
		t->env[n++] = t->sandbox->env[i]; /* set later: it wins */
	t->env[n] = NULL;
	t->box.env = t->env;
	if (!t->box.protect)
		t->box.protect = t->protect;
	t->box.on_refused = refused;
	t->box.refused_arg = t;
}

/* In a namespace of mounts that is not ours, and for a copy of the tree, it need not be the tree's path. */
static int name(struct toolbox *t, struct err *e)
{
	char link[40];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", t->dir);
	n = readlink(link, t->real, sizeof(t->real) - 1);
	if (n < 0 || n == sizeof(t->real) - 1)
		return n < 0 ? err_sys(e, "the work tree %s", t->tree) : err_set(e, ERR_LIMIT, "the path of the work tree is too long");
	t->real[n] = 0;
	return 0;
}

int toolbox_enter(struct toolbox *t, struct err *e)
{
	if (t->box.session)
		return 0;
	plan(t);
	if (sandbox_open(&t->box, &t->box.session, e) < 0)
		return -1;
	t->dir = sandbox_tree(t->box.session) < 0 ? t->outer : sandbox_tree(t->box.session);
	return name(t, e);
}

void toolbox_leave(struct toolbox *t)
{
	sandbox_close(&t->box.session);
	t->dir = t->outer;
}
