/*
 * The sandbox as a container of podman or docker: for machines where user namespaces are refused to us but a container
 * engine is there, and for those who trust it more.
 *
 * The same folders, limits and environment as our own sandbox; no network, no capability, a read-only root. It starts
 * slower by two orders of magnitude, and a container outlives its client: so it has a name, and is removed when the
 * command is stopped or out of time; podman also gets the time limit itself, which holds when we are killed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct words {
	struct arena *a;
	const char **v;
	int n, max;
};

__attribute__((format(printf, 2, 3)))
static void add(struct words *w, const char *fmt, ...)
{
	va_list ap;

	if (w->n + 1 >= w->max) {
		const char **more = arena_array(w->a, (size_t)w->max * 2 + 64, sizeof(*more));

		if (w->n)
			memcpy(more, w->v, (size_t)w->n * sizeof(*more));
		w->v = more;
		w->max = w->max * 2 + 64;
	}
	va_start(ap, fmt);
	w->v[w->n++] = arena_vprintf(w->a, fmt, ap);
	va_end(ap);
}

static int mount_word(struct words *w, const char *source, const char *path, bool writable, struct err *e)
{
	if (strpbrk(path, ",\"\n") || strpbrk(source, ",\"\n"))
		return err_set(e, ERR_USAGE, "sandbox oci: the path %s holds a comma, quote or line break; rename it", path);
	add(w, "--mount");
	add(w, "type=bind,source=%s,target=%s%s", source, path, writable ? "" : ",readonly");
	return 0;
}

/* A private git directory goes straight to its place, and what it borrows to the real one, where its alternates lead. */
static int mount_show(struct words *w, const struct view_show *s, const char **git, struct err *e)
{
	if (s->flags & SHOW_MAY_LACK)
		return 0;
	if (!strcmp(s->at, VIEW_GIT)) {
		*git = s->src;
		return 0;
	}
	return mount_word(w, s->src, strcmp(s->at, VIEW_GIT_OBJECTS) ? arena_printf(w->a, "/%s", s->at) : s->src,
			  s->flags & SHOW_WRITE, e);
}

static int mounts(struct words *w, const struct view *v, struct err *e)
{
	const char *git = NULL;

	if (v->layer)
		return err_set(e, ERR_USAGE, "sandbox oci: a layer that is an overlay does not go with a container engine; a copied one does");
	for (int i = 0; i < v->n_shows; i++)
		if (mount_show(w, &v->shows[i], &git, e) < 0)
			return -1;
	for (int i = 0; i < v->n_pins; i++) {
		const char *path = arena_printf(w->a, "/%s", v->pins[i].at);
		struct stat st;

		if (v->pins[i].kind == PIN_GIT && git && mount_word(w, git, path, true, e) < 0)
			return -1;
		if (v->pins[i].kind == PIN_HOLD || v->pins[i].kind >= PIN_CONFIG || lstat(path, &st) < 0)
			continue;
		if (S_ISLNK(st.st_mode))
			return err_set(e, ERR_DENIED, "sandbox: %s is to be held, but is a symbolic link; replace it by what it "
				       "points to", path);
		if (v->pins[i].kind == PIN_HIDE)
			add(w, "--tmpfs=%s:ro,size=4k", path);
		else if (mount_word(w, path, path, false, e) < 0)
			return -1;
	}
	return 0;
}

static const char *image_of(const struct sandbox *s)
{
	return s->image && *s->image ? s->image : SANDBOX_IMAGE;
}

struct engine {
	const char *program; /* path of podman or docker */
	bool podman;
	char name[64];       /* of the container */
};

static int engine_find(struct arena *a, const struct sandbox *s, struct engine *out, struct err *e)
{
	static unsigned count;
	const char *image = image_of(s);
	struct engine g = { .podman = true };
	struct err why = { 0 };

	if (s->egress)
		return err_set(e, ERR_USAGE, "sandbox oci: a container has no network here; egress needs the backend own");
	g.program = fs_which(a, "podman");
	if (!g.program) {
		g.podman = false;
		g.program = fs_which(a, "docker");
	}
	if (!g.program)
		return err_set(e, ERR_DENIED, "sandbox oci: neither podman nor docker is installed; run: apt-get install podman");
	if (proc_ask(a, NULL, (const char *const[]){ g.program, "image", "inspect", image, NULL }, NULL, &why) < 0)
		return err_set(e, ERR_DENIED, "sandbox oci: no image %s (%s); run: %s pull %s", image, why.text,
			       g.podman ? "podman" : "docker", image);
	snprintf(g.name, sizeof(g.name), "sealwright-%ld-%lld-%u", (long)getpid(), (long long)clock_mono_ms(), count++);
	*out = g;
	return 0;
}

/* Engines set limits of their own, and fail where they may not raise ours. */
static void add_limit(struct words *w, const char *name, int which, rlim_t most)
{
	struct rlimit l = { 0, 0 };

	if (getrlimit((__rlimit_resource_t)which, &l) == 0 && l.rlim_max < most)
		most = l.rlim_max;
	add(w, "--ulimit=%s=%llu", name, (unsigned long long)most);
}

/* An init that reaps; a package of its own, and work goes on without. */
static bool has_init(struct arena *a, const struct engine *g)
{
	if (!g->podman)
		return fs_which(a, "docker-init") != NULL;
	return fs_is_runnable("/usr/libexec/podman/catatonit") || fs_is_runnable("/usr/lib/podman/catatonit") ||
	       fs_is_runnable("/usr/bin/catatonit");
}

static int command(struct arena *a, const struct sandbox *s, const struct engine *g, const struct proc *p,
		   const char *const **out, struct err *e)
{
	const char *const *argv = p->argv;
	const char *dir = p->dir;
	const int64_t limit_ms = p->limit_ms;
	struct words w = { .a = a };
	struct view v;
	const char *const *env = sandbox_env(a, s);

	if (view_plan(a, s, &v, e) < 0)
		return -1;
	if (dir && !path_is_beneath(dir, s->tree))
		return err_set(e, ERR_USAGE, "sandbox: the folder %s does not stand beneath the work tree %s", dir, s->tree);
	add(&w, "%s", g->program);
	for (const char *const *word = (const char *const[]){ "run", "--rm", "--interactive", "--pull=never",
	     "--network=none", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges", "--hostname=sandbox",
	     "--log-driver=none", "--ulimit=core=0", NULL }; *word; word++)
		add(&w, "%s", *word);
	add_limit(&w, "nofile", RLIMIT_NOFILE, 65536);
	add_limit(&w, "nproc", RLIMIT_NPROC, 16384); /* the count of processes is --pids-limit */
	if (has_init(a, g))
		add(&w, "--init");
	if (g->podman && geteuid() != 0)
		add(&w, "--userns=keep-id");
	if (g->podman && limit_ms) /* a second later than ours; the engine's own word for it */
		add(&w, "--timeout=%lld", (long long)(limit_ms / 1000 + 3));
	if (p->given && p->given[0] >= 0 && isatty(p->given[0]))
		add(&w, "--tty");
	add(&w, "--name=%s", g->name);
	add(&w, "--user=%u:%u", geteuid(), getegid());
	add(&w, "--pids-limit=%d", sandbox_processes(s));
	add(&w, "--memory=%lld", (long long)sandbox_memory(s));
	add(&w, "--shm-size=%lld", (long long)sandbox_disk(s));
	add(&w, "--tmpfs=/tmp:rw,nosuid,nodev,exec,mode=1777,size=%lld", (long long)sandbox_disk(s));
	add(&w, "--tmpfs=" SANDBOX_HOME ":rw,nosuid,nodev,exec,mode=1777,size=%lld", (long long)sandbox_disk(s));
	for (; *env; env++) /* the image knows its own PATH */
		if (strncmp(*env, "PATH=", 5))
			add(&w, "--env=%s", *env);
	if (mounts(&w, &v, e) < 0)
		return -1;
	add(&w, "--workdir=%s", dir ? dir : s->tree);
	add(&w, "--entrypoint=");
	add(&w, "%s", image_of(s));
	for (; *argv; argv++)
		add(&w, "%s", *argv);
	w.v[w.n] = NULL;
	*out = w.v;
	return 0;
}

static void remove_container(struct arena *a, const struct engine *g)
{
	struct proc p = {
		.argv = (const char *const[]){ g->program, "rm", "--force", "--volumes", g->name, NULL },
		.limit_ms = 20000,
	};
	struct proc_result r;

	proc_run(a, &p, &r, NULL);
}

int oci_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e)
{
	auto_arena scratch = { 0 };
	struct engine g;
	struct proc run = *p;
	struct proc_result res;
	const char *text;

	if (engine_find(&scratch, s, &g, e) < 0 || command(&scratch, s, &g, p, &run.argv, e) < 0)
		return -1;
	run.env = NULL; /* the engine's client is ours; what runs inside gets --env */
	run.dir = NULL;
	run.by = NULL;
	if (proc_run(a, &run, &res, e) < 0)
		return -1;
	if (res.timed_out || res.stopped || res.signal)
		remove_container(&scratch, &g);
	text = p->apart ? res.errors : res.output;
	if ((res.status == 125 || res.status == 126) && strstr(text, "rror: "))
		return err_set(e, ERR_DENIED, "sandbox oci: %s could not start the container: %.600s", g.podman ? "podman" : "docker",
			       text);
	if (res.status == 127 && strstr(text, "not found") && strstr(text, "rror"))
		return err_set(e, ERR_NOT_FOUND, "no program %s in the image %s; choose another image", p->argv[0],
			       image_of(s));
	*out = res;
	return 0;
}

int oci_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
	      struct proc_child *out, struct err *e)
{
	auto_arena scratch = { 0 };
	struct engine g;
	const char *const *whole;

	if (engine_find(&scratch, s, &g, e) < 0 || command(&scratch, s, &g, &(struct proc){ .argv = argv, .dir = dir }, &whole, e) < 0)
		return -1;
	return proc_start(whole, NULL, NULL, flags, log_fd, out, e);
}
