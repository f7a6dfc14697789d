/*
 * Level 1: Landlock and seccomp alone, for machines that refuse new namespaces (a container, a hardened kernel). It is used
 * only when a person asked for it (sandbox.level_min = 1), and its level is told.
 *
 * The same plan as level 2's view says what can be read; the folder of the tree is read-only for Landlock and changed by the
 * supervisor for the caller (level1_paths.c), so that .git and protected names hold here, too. HOME and TMPDIR are a private
 * folder that goes afterwards. Without a mount namespace names and attributes of all files are seen, without a PID namespace
 * the command lines of other processes; sandbox_level_lacks() says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/level1.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the machine, beside what every view shows; absent ones are left out. */
static const char *const shown[] = {
	"/etc/passwd", "/etc/group", "/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf", "/etc/host.conf", "/etc/gai.conf",
	"/etc/hostname", "/etc/ssl/openssl.cnf", "/etc/timezone", "/etc/debian_version", "/etc/mime.types", "/etc/services",
	"/etc/protocols", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/python3", "/etc/python3.11", "/etc/python3.13", "/proc", NULL,
};

struct level1_run {
	struct own o;        /* first */
	struct level1 *l;
	bool stays;          /* nobody waits for it here */
	struct lock_rule *rules;
	int n_rules;
};

static void drop(void *arg)
{
	struct level1 *l = arg;

	struct stat st;

	if (l->git_link && lstat(l->git_link, &st) == 0 && S_ISLNK(st.st_mode) && unlink(l->git_link) == 0)
		(void)mkdir(l->git_link, 0755);
	fs_close(&l->lock);
	if (l->own && !l->keeps_own)
		fs_remove_tree(l->own, NULL);
	arena_drop(&l->a);
	free(l);
}

static char *real(struct arena *a, const char *path)
{
	char whole[PATH_MAX];

	return realpath(path, whole) ? arena_strdup(a, whole) : NULL;
}

/* ---- the private folder ---- */

char *level1_own_make(struct arena *a, const char *tree, struct err *e)
{
	const char *base = getenv("TMPDIR");
	char *own;

	if (!base || base[0] != '/' || path_is_beneath(base, tree))
		base = "/tmp";
	own = arena_printf(a, "%s/sealwright-XXXXXX", base);
	if (!mkdtemp(own) || mkdir(arena_printf(a, "%s/home", own), 0700) < 0 || mkdir(arena_printf(a, "%s/tmp", own), 0700) < 0) {
		err_sys(e, "sandbox: a folder beneath %s for HOME and TMPDIR", base);
		return NULL;
	}
	return real(a, own);
}

static const char *const *environment(struct arena *a, const struct sandbox *s, const char *own)
{
	const char *const *from = sandbox_env(a, s);
	const char **env;
	int n = 0;

	while (from[n])
		n++;
	env = arena_array(a, (size_t)n + 2, sizeof(*env));
	for (int i = 0; i < n; i++)
		env[i] = !strcmp(from[i], "HOME=" SANDBOX_HOME) ? arena_printf(a, "HOME=%s/home", own) :
			 !strcmp(from[i], "TMPDIR=/tmp")	? arena_printf(a, "TMPDIR=%s/tmp", own) :
								  from[i];
	env[n] = "GIT_CONFIG_NOSYSTEM=1"; /* it cannot be read */
	return env;
}

/* ---- the plan ---- */

static int hold(struct level1 *l, const struct view *v, const char *tree, struct err *e)
{
	int n = 0;

	l->held = arena_array(&l->a, (size_t)v->n_pins + 1, sizeof(*l->held));
	for (int i = 0; i < v->n_pins; i++) {
		const char *path = arena_printf(&l->a, "/%s", v->pins[i].at);
		char *here, *is;
		struct stat st;

		if (v->pins[i].kind == PIN_HIDE)
			return err_set(e, ERR_DENIED, "sandbox: the tree %s holds %s, which level 1 cannot hide; use a folder beneath it", tree,
				       path);
		if (v->pins[i].kind != PIN_READ || !path_is_beneath(path, tree))
			continue;
		here = arena_printf(&l->a, "%s%s", l->tree, path + strlen(tree));
		if (lstat(here, &st) < 0)
			continue;
		is = real(&l->a, here);
		if (!is || strcmp(is, here))
			return err_set(e, ERR_DENIED, "sandbox: %s is to be held, but is a symbolic link or lies behind one; replace the "
				       "link by what it points to", path);
		l->held[n++] = is;
	}
	return 0;
}

static void rule(struct level1_run *r, const char *path, int may)
{
	if (access(path, F_OK) == 0)
		r->rules[r->n_rules++] = (struct lock_rule){ path, may };
}

/* Memory of the machine's programs lies in /dev/shm: it is given only where there is none (in a container). */
static void plan_rules(struct level1_run *r)
{
	const struct view *v = &r->o.view;
	struct level1 *l = r->l;
	int looks = 0, rooms = 0, n = 0;

	while (v->writable[n])
		n++;
	r->rules = arena_array(&l->a, (size_t)v->n_shows + (size_t)n + 32, sizeof(*r->rules));
	l->looks = arena_array(&l->a, (size_t)v->n_shows + 32, sizeof(*l->looks));
	l->rooms = arena_array(&l->a, (size_t)n + 4, sizeof(*l->rooms));
	for (int i = 0; i < v->n_shows; i++) {
		rule(r, v->shows[i].src, v->shows[i].flags & SHOW_DEVICE ? MAY_USE : MAY_LOOK);
		if ((l->looks[looks] = real(&l->a, v->shows[i].src)))
			looks++;
	}
	rule(r, l->tree, MAY_LOOK); /* a copy is not in the plan of one that stands beside it */
	for (int i = 0; shown[i]; i++)
		rule(r, shown[i], MAY_LOOK);
	for (int i = 0; i < n; i++) {
		char *path = strcmp(v->writable[i], r->o.s->tree) ? real(&l->a, v->writable[i]) : NULL;

		if (!path || !strcmp(path, l->tree))
			continue;
		rule(r, path, MAY_WRITE);
		l->rooms[rooms++] = path;
	}
	if (r->o.s->git_dir && (l->rooms[rooms] = real(&l->a, r->o.s->git_dir)))
		rule(r, l->rooms[rooms++], MAY_WRITE);
	rule(r, l->own, MAY_WRITE);
	l->rooms[rooms++] = l->own;
	if (fs_is_empty_dir("/dev/shm") && access("/dev/shm", W_OK) == 0) {
		rule(r, "/dev/shm", MAY_WRITE);
		l->rooms[rooms++] = arena_strdup(&l->a, "/dev/shm");
	}
}

/* A copy has an empty folder where the private git directory would be mounted: a link to that stands there meanwhile. */
static void place_git(struct level1 *l, const char *git_dir)
{
	const char *at = arena_printf(&l->a, "%s/.git", l->tree);

	if (rmdir(at) == 0 && symlink(git_dir, at) == 0)
		l->git_link = at;
}

/* A path beneath the tree, where it stands now. */
static const char *where(struct level1_run *r, const char *dir)
{
	size_t n = strlen(r->o.s->tree);

	if (!dir || strlen(dir) <= n || !path_is_beneath(dir, r->o.s->tree))
		return r->l->tree;
	return arena_printf(&r->l->a, "%s%s", r->l->tree, dir + n);
}

static int plan(struct level1_run *r, const struct sandbox *s, const char *own, struct err *e)
{
	struct level1 *l = r->l;

	const char *source = s->tree_source ? s->tree_source : s->tree_of ? warm_source(s->tree_of) : NULL;

	if (s->layer || (s->git_dir && !source))
		return err_set(e, ERR_DENIED, "sandbox: an overlay needs level 2 (mounts of its own), this is level 1; work on a copy of the tree "
			       "instead");
	if (s->egress)
		return err_set(e, ERR_DENIED, "sandbox: hosts can be allowed from level 2 on (a network of its own), this is level 1");
	l->tree = real(&l->a, source ? source : s->tree);
	if (!l->tree)
		return err_sys(e, "sandbox: %s", source ? source : s->tree);
	if (s->tree_source && !own && own_lock(&r->o, e) < 0) /* a session holds it itself */
		return -1;
	l->lock = r->o.view.layer_lock;
	r->o.view.layer_lock = -1;
	if (s->git_dir)
		place_git(l, s->git_dir);
	l->is_writable = !s->tree_readonly;
	l->keeps_own = own != NULL;
	l->own = own ? arena_strdup(&l->a, own) : level1_own_make(&l->a, l->tree, e);
	if (!l->own || hold(l, &r->o.view, s->tree, e) < 0)
		return -1;
	for (const struct sandbox_file *f = s->files; f && f->path; f++) {
		char *at = arena_printf(&l->a, "%s/home/%s", l->own, f->path);

		if (fs_make_dirs(arena_printf(&l->a, "%.*s", (int)(strrchr(at, '/') - at), at), 0700, e) < 0 ||
		    fs_write_atomic(at, bytes_of(f->text), 0600, e) < 0)
			return -1;
	}
	plan_rules(r);
	return 0;
}

/* ---- the supervisor ---- */

/* Two reports: the listener, from the command before it runs; then that it runs, or why not. */
static int await(struct level1_run *r, pid_t pid, struct err *e)
{
	struct own_report said = { 0 };
	struct own *o = &r->o;
	int listener = -1, none = -1;
	ssize_t n = refuse_receive(o->ends[0], &said, &listener);

	if (n == sizeof(said) && said.kind == REPORT_STARTED && listener >= 0) {
		r->l->watcher = said.pid;
		n = refuse_receive(o->ends[0], &said, &none);
	}
	if (n == sizeof(said) && said.kind == REPORT_STARTED) {
		if (r->stays) {
			if (refuse_leave(listener, FILTER_LEVEL1, level1_decide, drop, r->l)) {
				r->l = NULL;
				return 0;
			}
		} else {
			o->refuse = refuse_watch(listener, FILTER_LEVEL1, level1_decide, r->l);
			if (o->refuse)
				return 0;
		}
		err_set(e, ERR_DENIED, "sandbox: no thread can be had that listens; are there too many processes?");
	} else {
		fs_close(&listener);
		if (n == sizeof(said))
			own_explain(o, &said.fail, e);
		else
			err_set(e, ERR_DENIED, "sandbox: its first process ended before it said why; is memory short?");
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -1;
}

static int begin(struct proc_starter *by, const char *const *argv, const char *const *env, const char *dir, const int fds[3],
		 pid_t *pid, struct err *e)
{
	struct level1_run *r = (struct level1_run *)by;
	struct own *o = &r->o;
	const struct level1_watch w = { o, r->l->keeps_own ? NULL : r->l->own, r->rules, r->n_rules };
	sigset_t all, before;

	(void)env;
	o->argv = argv;
	o->dir = where(r, dir);
	o->programs = own_programs(o->a, argv[0], o->env);
	memcpy(o->fds, fds, sizeof(o->fds));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, o->ends) < 0)
		return err_sys(e, "sandbox: socket");
	if (!r->stays)
		(void)cgroup_make(&o->cgroup, o->s); /* where there is one, it bounds what the watcher only counts */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	*pid = fork();
	if (*pid == 0)
		level1_stand(&w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	fs_close(&o->ends[1]);
	if (*pid < 0)
		err_sys(e, "sandbox: fork");
	if (*pid < 0 || await(r, *pid, e) < 0) {
		fs_close(&o->ends[0]);
		return -1;
	}
	return 0;
}

static int prepare(struct level1_run *r, struct arena *a, const struct sandbox *s, const char *dir, const char *own, struct err *e)
{
	*r = (struct level1_run){ .l = NULL };
	if (own_prepare(&r->o, a, s, dir, e) < 0)
		return -1;
	r->o.by.start = begin;
	r->o.filter = FILTER_LEVEL1;
	r->o.processes += level1_tasks_of_user(); /* the kernel counts all of a user's, and none of root's; the watcher counts ours */
	filter_get(FILTER_LEVEL1);
	filter_get(FILTER_LEVEL1_PLAIN);
	r->l = mem_alloc(sizeof(*r->l));
	*r->l = (struct level1){ .lock = -1 };
	if (plan(r, s, own, e) < 0) {
		drop(r->l);
		return -1;
	}
	r->o.env = environment(a, s, r->l->own);
	return 0;
}

int level1_run(struct arena *a, const struct sandbox *s, const char *own, const struct proc *p, struct proc_result *out,
	       struct err *e)
{
	auto_arena scratch = { 0 };
	struct level1_run r;
	int bad;

	if (prepare(&r, &scratch, s, p->dir, own, e) < 0)
		return -1;
	bad = own_run_by(&r.o, a, s, p, out, e);
	cgroup_drop(&r.o.cgroup);
	drop(r.l);
	return bad;
}

int level1_start(const struct sandbox *s, const char *own, const char *const *argv, const char *dir, int flags, int log_fd,
		 struct proc_child *out, struct err *e)
{
	auto_arena scratch = { 0 };
	struct level1_run r;
	int bad;

	if (prepare(&r, &scratch, s, dir, own, e) < 0)
		return -1;
	r.stays = true;
	bad = own_start_by(&r.o, argv, dir, flags, log_fd, out, e);
	if (r.l)
		drop(r.l);
	return bad;
}
