/*
 * Finding a model server on this machine, or starting one.
 *
 * A server on a usual port is used only when its listener belongs to this person or to a system account: on a shared
 * machine anybody may listen on 8080 and read what is sent there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/local.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/proc.h"
#include "model/catalogue.h"
#include "model/engine.h"
#include "model/keeper.h"
#include "model/probe.h"
#include "model/pull.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PROBE_MS = 400, LEASE_MS = 5000, SYSTEM_USERS = 1000, TELL_MS = 5000 };

static const struct { const char *engine; int port; } usual[] = {
	{ "llama-server", 8080 }, { "ollama", 11434 }, { "lmstudio", 1234 }, { "vllm", 8000 }, { "sglang", 30000 },
};
enum { N_USUAL = sizeof(usual) / sizeof(*usual) };

/* --- servers that run already --- */

static int ask_models(struct arena *a, int port, const char *key, struct probe_models *out, struct err *e)
{
	auto_buf body = buf_max(PROBE_BODY_MAX);
	int status = probe_get(port, "/v1/models", key, PROBE_MS, &body, e);

	if (status < 0)
		return -1;
	if (status != 200)
		return err_set(e, status == 401 ? ERR_AUTH : ERR_NET, "port %d answers %d", port, status);
	return probe_models_parse(a, buf_bytes(&body), out, e);
}

static bool may_be_trusted(int port)
{
	int64_t owner = probe_owner(port);

	return owner == (int64_t)geteuid() || (owner >= 0 && owner < SYSTEM_USERS);
}

/* Ids of our keepers that run, in the arena. */
static int our_ids(struct arena *a, const char ***out)
{
	char *dir = fs_state_dir(a, "local", NULL);
	DIR *d = dir ? opendir(dir) : NULL;
	const char **ids = arena_array(a, 64, sizeof(*ids));
	struct keeper_state s;
	struct dirent *x;
	int n = 0;

	while (d && n < 64 && (x = readdir(d))) {
		size_t len = strlen(x->d_name);
		char *id;

		if (len < 6 || strcmp(x->d_name + len - 5, ".json") != 0 || *x->d_name == '.')
			continue;
		id = arena_memdup(a, x->d_name, len - 5);
		if (keeper_is_running(a, id, &s))
			ids[n++] = id;
	}
	if (d)
		closedir(d);
	*out = ids;
	return n;
}

int local_find(struct arena *a, struct local_found **out)
{
	const char **ids;
	int n = our_ids(a, &ids), room = n, from = n;
	struct local_found *all = arena_array(a, (size_t)n + 1, sizeof(*all));
	struct keeper_state s;

	for (int i = 0; i < n; i++)
		if (keeper_is_running(a, ids[i], &s))
			all[i] = (struct local_found){ "llama.cpp", arena_printf(a, "http://127.0.0.1:%d/v1", s.port), ids[i],
						       s.context, s.port, true };
	for (int i = 0; i < N_USUAL; i++) {
		struct probe_models m;
		bool own = false;

		for (int j = 0; j < from; j++)
			own = own || all[j].port == usual[i].port;
		if (own || !may_be_trusted(usual[i].port) || ask_models(a, usual[i].port, NULL, &m, NULL) < 0)
			continue;
		for (int j = 0; j < m.n; j++) {
			if (n == room) {
				struct local_found *more = arena_array(a, (size_t)room * 2 + 16, sizeof(*more));

				memcpy(more, all, (size_t)n * sizeof(*more));
				all = more;
				room = room * 2 + 16;
			}
			all[n++] = (struct local_found){ usual[i].engine,
							 arena_printf(a, "http://127.0.0.1:%d/v1", usual[i].port),
							 m.models[j].id, m.models[j].context, usual[i].port, false };
		}
	}
	*out = all;
	return n;
}

/* --- ours --- */

struct wanted {
	char *id;                            /* of the keeper's files, and the model's name in requests */
	const struct catalogue_model *model; /* NULL: a file of the person's own                        */
	char *path;                          /* of the file; NULL until pulled                          */
	int64_t context;
};

static bool is_gguf(const char *name)
{
	size_t n = strlen(name);

	return n > 5 && !strcmp(name + n - 5, ".gguf");
}

static int resolve(struct arena *a, const struct catalogue *c, const char *name, struct wanted *out, struct err *e)
{
	char full[4096], hex[65];
	struct digest d;

	*out = (struct wanted){ 0 };
	if (!is_gguf(name)) {
		if (catalogue_find(c, name, &out->model, e) < 0)
			return -1;
		out->id = arena_strdup(a, out->model->name);
		out->context = out->model->context;
		return 0;
	}
	if (!realpath(name, full))
		return err_sys(e, "open %s", name);
	if (access(full, R_OK) < 0)
		return err_sys(e, "read %s", full);
	d = hash_bytes(bytes_of(full));
	out->id = arena_printf(a, "file-%.12s", digest_hex(&d, hex));
	out->path = arena_strdup(a, full);
	out->context = LOCAL_CONTEXT;
	return 0;
}

static void describe(const struct wanted *w, const struct keeper_state *s, struct local_server *out)
{
	const struct catalogue_model *m = w->model;

	out->ours = true;
	out->pid = s->pid;
	out->context = s->context;
	out->small = m ? m->small : true;
	out->native_calls = m && m->native_calls;
	out->schema = m ? m->schema : true; /* the server enforces it, whatever the model */
	out->fim = m && m->fim;
	snprintf(out->engine, sizeof(out->engine), "%s", s->engine);
	snprintf(out->model, sizeof(out->model), "%s", w->id);
	snprintf(out->title, sizeof(out->title), "%s", m ? m->title : w->path ? w->path : w->id);
}

/* Takes the lease first, so that the server cannot end between the look and the use. 0, or -1 when none runs. */
static int join_running(struct arena *a, const struct wanted *w, char base_url[256], struct local_server *out)
{
	char *lease = keeper_file(a, w->id, "lease", NULL), *key_file = keeper_file(a, w->id, "key", NULL);
	auto_fd fd = lease ? open(lease, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	int64_t until = clock_mono_ms() + LEASE_MS;
	struct local_server found = { .lease = -1 };
	auto_buf key = buf_max(sizeof(found.key) - 1);
	struct keeper_state s;
	struct probe_models m;

	if (fd < 0)
		return -1;
	while (flock(fd, LOCK_SH | LOCK_NB) < 0) { /* the keeper looks for a moment, or is about to end */
		if (clock_mono_ms() > until)
			return -1;
		clock_sleep_ms(20, NULL);
	}
	if (!keeper_is_running(a, w->id, &s) || fs_read_file(key_file, &key, NULL) < 0 || !key.n ||
	    probe_owner(s.port) != (int64_t)geteuid())
		return -1;
	snprintf(found.key, sizeof(found.key), "%s", buf_str(&key));
	explicit_bzero(key.p, key.n);
	/* A server deep in a long prompt may be slow to answer; it still runs, and its keeper watches it. */
	if (ask_models(a, s.port, found.key, &m, NULL) < 0 && !keeper_is_running(a, w->id, &s))
		return -1;
	found.lease = take_fd(&fd);
	describe(w, &s, &found);
	*out = found;
	snprintf(base_url, 256, "http://127.0.0.1:%d/v1", s.port);
	return 0;
}

static int prepare(struct arena *a, struct wanted *w, const struct engine_ask *q, char **python, char **llama_server,
		   struct err *e)
{
	struct pull p = { .model = w->model, .ask = *q };

	if (!w->path && pull_model(a, &p, &w->path, e) < 0)
		return -1;
	*python = NULL;
	*llama_server = fs_which(a, "llama-server");
	return *llama_server ? 0 : engine_server(a, q, python, e);
}

/* Reads the keeper's one line: "ready" or why not. */
static int await(struct proc_child *c, const char *title, const struct engine_ask *q, struct err *e)
{
	auto_buf text = buf_max(4096);
	int64_t begun = clock_mono_ms(), told = begun;

	while (!memchr(buf_str(&text), '\n', text.n)) {
		struct pollfd p = { c->out, POLLIN, 0 };
		char piece[1024];
		ssize_t n;

		if (q->stop && *q->stop)
			return err_set(e, ERR_STOPPED, "stopped");
		if (clock_mono_ms() - told >= TELL_MS) {
			told = clock_mono_ms();
			engine_tell(q, "loading %s: %lld s", title, (long long)((told - begun) / 1000));
		}
		if (poll(&p, 1, 100) <= 0)
			continue;
		n = read(c->out, piece, sizeof(piece));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || buf_add(&text, piece, (size_t)n) < 0)
			break;
	}
	if (!strncmp(buf_str(&text), "ready\n", 6))
		return 0;
	if (text.n && text.p[text.n - 1] == '\n')
		text.p[--text.n] = 0;
	return err_set(e, ERR_SYS, "%.600s", text.n ? buf_str(&text) : "its keeper ended without a word");
}

static int start_keeper(struct arena *a, struct wanted *w, const struct engine_ask *q, struct err *e)
{
	char self[4096], *python, *llama_server;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *title = w->model ? w->model->name : w->path;
	const char *argv[] = { self, "models", "keep", w->model ? w->model->name : w->path, NULL };
	struct proc_child c;

	if (n < 0)
		return err_sys(e, "find our own program");
	self[n] = 0;
	if (prepare(a, w, q, &python, &llama_server, e) < 0)
		return -1;
	engine_tell(q, "starting llama.cpp with %s on %d threads", title, keeper_threads());
	if (proc_start(argv, NULL, "/", PROC_PIPE_OUT, -1, &c, e) < 0)
		return -1;
	if (await(&c, title, q, e) < 0) {
		proc_end(&c, 5000);
		return -1;
	}
	fs_close(&c.out);
	fs_close(&c.pidfd);
	return 0;
}

static int ensure_ours(struct arena *a, struct wanted *w, const struct engine_ask *q, char base_url[256],
		       struct local_server *out, struct err *e)
{
	char *path = keeper_file(a, w->id, "start", e);
	auto_fd start = -1;
	bool said = false;

	if (!path)
		return -1;
	if (join_running(a, w, base_url, out) == 0)
		return 0;
	start = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (start < 0)
		return err_sys(e, "open %s", path);
	while (flock(start, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "lock %s", path);
		if (q->stop && *q->stop)
			return err_set(e, ERR_STOPPED, "stopped");
		if (!said)
			engine_tell(q, "another sealwright starts %s; waiting for it", w->id);
		said = true;
		clock_sleep_ms(100, q->stop);
	}
	if (join_running(a, w, base_url, out) == 0)
		return 0;
	if (start_keeper(a, w, q, e) < 0)
		return -1;
	if (join_running(a, w, base_url, out) < 0)
		return err_set(e, ERR_SYS, "the model server of %s was started and is gone again", w->id);
	engine_tell(q, "%s answers at %s", w->id, base_url);
	return 0;
}

/* --- both --- */

static void use_found(struct arena *a, const struct catalogue *c, const struct local_found *f, char base_url[256],
		      struct local_server *out)
{
	const struct catalogue_model *m = NULL;

	(void)a;
	*out = (struct local_server){ .lease = -1, .context = f->context, .small = true };
	if (c && catalogue_find(c, f->model, &m, NULL) == 0)
		out->small = m->small;
	snprintf(out->model, sizeof(out->model), "%s", f->model);
	snprintf(out->title, sizeof(out->title), "%s (%s)", f->model, f->engine);
	snprintf(out->engine, sizeof(out->engine), "%s", f->engine);
	snprintf(base_url, 256, "%s", f->base_url);
}

/* "ollama" or "ollama:MODEL": the index in `usual`, or -1. */
static int usual_engine(const char *name)
{
	for (int i = 0; i < N_USUAL; i++) {
		size_t n = strlen(usual[i].engine);

		if (!strncmp(name, usual[i].engine, n) && (!name[n] || name[n] == ':'))
			return i;
	}
	return -1;
}

static int ensure_usual(struct arena *a, const char *name, int which, char base_url[256], struct local_server *out,
			struct err *e)
{
	const char *model = strchr(name, ':');
	struct local_found *all;
	int n = local_find(a, &all);

	for (int i = 0; i < n; i++) {
		if (all[i].ours || all[i].port != usual[which].port || (model && strcmp(all[i].model, model + 1) != 0))
			continue;
		use_found(a, NULL, &all[i], base_url, out);
		return 0;
	}
	if (model)
		return err_set(e, ERR_NOT_FOUND, "no %s with the model %s answers on port %d; see: sealwright models list",
			       usual[which].engine, model + 1, usual[which].port);
	return err_set(e, ERR_NOT_FOUND, "no %s answers on port %d, or it has no model", usual[which].engine,
		       usual[which].port);
}

bool local_is_name(const char *name)
{
	auto_arena a = { 0 };
	const struct catalogue_model *m;
	struct catalogue c;

	if (!strcmp(name, "local") || is_gguf(name) || usual_engine(name) >= 0)
		return true;
	return catalogue_load(&a, &c, NULL) == 0 && catalogue_find(&c, name, &m, NULL) == 0;
}

/* "local" with nothing of ours here yet: a server that runs already saves the download. */
static int take_any_found(struct arena *a, const struct catalogue *c, const struct engine_ask *q, char base_url[256],
			  struct local_server *out)
{
	struct local_found *all;
	int n = local_find(a, &all);

	for (int i = 0; i < n; i++) {
		if (all[i].ours)
			continue;
		use_found(a, c, &all[i], base_url, out);
		engine_tell(q, "using %s, which %s serves already at %s", all[i].model, all[i].engine, all[i].base_url);
		return 0;
	}
	return -1;
}

int local_ensure(const char *name, void (*told)(void *arg, const char *line), void *arg, const volatile int *stop,
		 char base_url[256], struct local_server *out, struct err *e)
{
	auto_arena a = { 0 };
	struct engine_ask q = { told, arg, stop };
	int which = usual_engine(name);
	struct catalogue c;
	struct wanted w;

	*out = (struct local_server){ .lease = -1 };
	if (which >= 0)
		return ensure_usual(&a, name, which, base_url, out, e);
	if (catalogue_load(&a, &c, e) < 0 || resolve(&a, &c, name, &w, e) < 0)
		return err_wrap(e, "model %s", name);
	if (!strcmp(name, "local") && join_running(&a, &w, base_url, out) < 0 && !pull_where(&a, w.model) &&
	    take_any_found(&a, &c, &q, base_url, out) == 0)
		return 0;
	if (out->lease >= 0)
		return 0;
	if (ensure_ours(&a, &w, &q, base_url, out, e) < 0)
		return err_wrap(e, "model %s", name);
	return 0;
}

void local_release(struct local_server *s)
{
	fs_close(&s->lease);
	explicit_bzero(s->key, sizeof(s->key));
}

int local_serve(struct arena *a, const struct local_serve *s, struct err *e)
{
	struct engine_ask q = { s->told, s->arg, s->stop };
	struct keeper k = { .port = s->port, .idle_ms = s->idle_ms, .stop = s->stop, .ready = s->ready, .arg = s->arg };
	char *python, *llama_server;
	struct catalogue c;
	struct wanted w;

	if (catalogue_load(a, &c, e) < 0 || resolve(a, &c, s->name, &w, e) < 0 ||
	    prepare(a, &w, &q, &python, &llama_server, e) < 0)
		return err_wrap(e, "model %s", s->name);
	k.id = w.id;
	k.path = w.path;
	k.context = s->context ? s->context : w.context;
	k.python = python;
	k.llama_server = llama_server;
	return keeper_run(a, &k, e) < 0 ? err_wrap(e, "model %s", s->name) : 0;
}
