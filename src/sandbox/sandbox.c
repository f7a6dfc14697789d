/*
 * The door of the sandbox: picks the backend, and builds the environment that code inside sees.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "base/err.h"
#include "sandbox/own.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <unistd.h>

extern char **environ;

int64_t sandbox_memory(const struct sandbox *s)
{
	return s->memory_max ? s->memory_max : (int64_t)4 << 30;
}

int64_t sandbox_disk(const struct sandbox *s)
{
	return s->disk_max ? s->disk_max : (int64_t)1 << 30;
}

int64_t sandbox_added(const struct sandbox *s)
{
	const int64_t usual = (int64_t)8 << 30;

	return s->tree_max ? s->tree_max : s->disk_max > usual ? s->disk_max : usual;
}

int sandbox_processes(const struct sandbox *s)
{
	return s->processes_max ? s->processes_max : 512;
}

/* A variable set later wins; a name that is empty or holds no '=' is dropped. */
static void set(const char **env, int *n, const char *var)
{
	size_t name = strcspn(var, "=");

	if (!name || var[name] != '=')
		return;
	for (int i = 0; i < *n; i++)
		if (!strncmp(env[i], var, name + 1)) {
			env[i] = var;
			return;
		}
	env[(*n)++] = var;
}

/* "Europe/Berlin", not ":/path" or what may be anything. */
static bool is_zone(const char *tz)
{
	if (!tz || !isalpha((unsigned char)*tz) || strlen(tz) > 40)
		return false;
	for (; *tz; tz++)
		if (!isalnum((unsigned char)*tz) && !strchr("/_+-", *tz))
			return false;
	return true;
}

const char *const *sandbox_env(struct arena *a, const struct sandbox *s)
{
	static const char *const plain[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" SANDBOX_HOME, "USER=agent", "LOGNAME=agent", "SHELL=/bin/sh", "TMPDIR=/tmp", "LANG=C.UTF-8",
		"TERM=dumb", "PAGER=cat", "GIT_PAGER=cat", "MANPAGER=cat", "EDITOR=true", "GIT_EDITOR=true", "CI=1",
		"NO_COLOR=1", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_COUNT=1",
		"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*", NULL,
	};
	const char **env;
	int n = 0, more = 0;

	while (s->env && s->env[more])
		more++;
	env = arena_array(a, sizeof(plain) / sizeof(*plain) + (size_t)more + 2, sizeof(*env));
	for (int i = 0; plain[i]; i++)
		set(env, &n, plain[i]);
	if (is_zone(getenv("TZ")))
		set(env, &n, arena_printf(a, "TZ=%s", getenv("TZ")));
	for (int i = 0; i < more; i++)
		set(env, &n, s->env[i]);
	return env;
}

/* A variable of ours that may hold a secret; for commands that run outside. */
static bool is_secret(const char *var)
{
	static const char *const parts[] = { "KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "CREDENTIAL", "AUTH_",
					     "COOKIE", "SESSION", "PRIVATE", "DATABASE_URL", "DSN", "_PAT", "AWS_", "AZURE_",
					     "GOOGLE_", "ASKPASS", NULL };
	char name[128];
	size_t n = 0;

	for (; var[n] && var[n] != '=' && n < sizeof(name) - 1; n++)
		name[n] = (char)toupper((unsigned char)var[n]);
	name[n] = 0;
	for (int i = 0; parts[i]; i++)
		if (strstr(name, parts[i]))
			return true;
	return false;
}

static const char *const *scrubbed_env(struct arena *a, const struct sandbox *s)
{
	const char **env;
	int n = 0, count = 0, more = 0;

	while (environ[count])
		count++;
	while (s->env && s->env[more])
		more++;
	env = arena_array(a, (size_t)(count + more) + 1, sizeof(*env));
	for (int i = 0; i < count; i++)
		if (!is_secret(environ[i]))
			set(env, &n, environ[i]);
	for (int i = 0; i < more; i++)
		set(env, &n, s->env[i]);
	return env;
}

static int off_check(const struct sandbox *s, const char *dir, struct err *e)
{
	if (!s->tree || s->tree[0] != '/')
		return err_set(e, ERR_USAGE, "sandbox: the work tree must be an absolute path, not %s", s->tree ? s->tree : "none");
	if (dir && !path_is_beneath(dir, s->tree))
		return err_set(e, ERR_USAGE, "sandbox: the folder %s does not stand beneath the work tree %s", dir, s->tree);
	return 0;
}

static int off_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e)
{
	auto_arena scratch = { 0 };
	struct proc run = *p;

	if (off_check(s, p->dir, e) < 0)
		return -1;
	run.by = NULL;
	run.env = scrubbed_env(&scratch, s);
	run.dir = p->dir ? p->dir : s->tree;
	return proc_run(a, &run, out, e);
}

static void say_level(const struct sandbox *s, int level)
{
	if (s->level)
		*s->level = level;
}

/* 1 or more: how our own sandbox runs it; -1: the machine does not hold what is asked for. */
static int level_for(const struct sandbox *s, struct err *e)
{
	const int least = s->level_min ? s->level_min : 2, most = s->level_max ? s->level_max : 3;
	const struct sandbox_level *l;

	if (least == 2 && most >= 2) /* no need to ask: it says why when it cannot */
		return 2;
	l = sandbox_probe();
	if (l->level < least || most < least)
		return err_set(e, ERR_DENIED, "sandbox: level %d is asked for, this machine holds %d: %s", least, l->level, l->why);
	return l->level < most ? l->level : most;
}

int sandbox_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e)
{
	int level;

	switch (s->backend) {
	case SANDBOX_OFF:
		say_level(s, 0);
		return off_run(a, s, p, out, e);
	case SANDBOX_OCI: return oci_run(a, s, p, out, e);
	case SANDBOX_OWN:
		level = level_for(s, e);
		if (level < 0)
			return -1;
		say_level(s, level);
		if (level == 1)
			return level1_run(a, s, s->session ? warm_own(s->session) : NULL, p, out, e);
		return s->session ? warm_run(a, s, p, out, e) : own_run(a, s, p, out, e);
	}
	return err_set(e, ERR_USAGE, "sandbox: no such backend");
}

int sandbox_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
		  struct proc_child *out, struct err *e)
{
	auto_arena scratch = { 0 };
	int level;

	switch (s->backend) {
	case SANDBOX_OFF:
		say_level(s, 0);
		if (off_check(s, dir, e) < 0)
			return -1;
		return proc_start(argv, scrubbed_env(&scratch, s), dir ? dir : s->tree, flags, log_fd, out, e);
	case SANDBOX_OCI: return oci_start(s, argv, dir, flags, log_fd, out, e);
	case SANDBOX_OWN:
		level = level_for(s, e);
		if (level < 0)
			return -1;
		say_level(s, level);
		if (level == 1)
			return level1_start(s, s->session ? warm_own(s->session) : NULL, argv, dir, flags, log_fd, out, e);
		return (s->session ? warm_start : own_start)(s, argv, dir, flags, log_fd, out, e);
	}
	return err_set(e, ERR_USAGE, "sandbox: no such backend");
}

int sandbox_check(const struct sandbox *s, struct err *e)
{
	auto_arena scratch = { 0 };
	struct view v;

	return s->backend == SANDBOX_OWN ? view_plan(&scratch, s, &v, e) : 0;
}

int sandbox_open(const struct sandbox *s, struct sandbox_session **out, struct err *e)
{
	int level = s->backend == SANDBOX_OWN ? level_for(s, e) : 0;

	return level < 0 ? -1 : warm_open(s, level, out, e);
}

void sandbox_close(struct sandbox_session **s)
{
	if (*s)
		warm_close(*s);
	*s = NULL;
}

int sandbox_tree(const struct sandbox_session *s)
{
	unsigned owner;

	return warm_tree(s, &owner);
}

const char *sandbox_beside(struct sandbox_session *s, struct sandbox *box, char look[SANDBOX_LOOK])
{
	box->session = NULL;
	if (!s || sandbox_tree(s) < 0)
		return box->tree;
	box->tree_of = s;
	box->layer = box->tree_source = NULL;
	snprintf(look, SANDBOX_LOOK, "/proc/self/fd/%d", sandbox_tree(s));
	return look;
}

/* File access alone goes by these two; the rest of us stays what it is. As another user, root's rights over files sleep. */
static void act_as(unsigned uid, unsigned gid)
{
	setfsgid(gid);
	setfsuid(uid);
}

void sandbox_act(const struct sandbox_session *s)
{
	unsigned owner;

	if (warm_tree(s, &owner) >= 0 && owner != geteuid())
		act_as(owner, owner);
}

void sandbox_act_end(void)
{
	act_as(geteuid(), getegid());
}

int sandbox_backend_parse(const char *name, enum sandbox_backend *out, struct err *e)
{
	static const char *const names[] = { [SANDBOX_OWN] = "own", [SANDBOX_OCI] = "oci", [SANDBOX_OFF] = "off" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(name, names[i])) {
			*out = (enum sandbox_backend)i;
			return 0;
		}
	return err_set(e, ERR_USAGE, "no sandbox %s; there are own, oci and off", name);
}
