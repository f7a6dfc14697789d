/*
 * The keeper of a model server.
 *
 * Idleness is asked of the kernel: a user holds a shared lock for as long as it lives, so an exclusive lock succeeds
 * exactly when there is none, however the last one ended. The engine holds a pipe of ours as its standard input and
 * ends with it; llama-server does not read its own, so setpriv makes the kernel end it with us.
 *
 * Not confined yet beyond that: the engine runs as the person, with their files and network (docs/formats/models.md).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/keeper.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/rand.h"
#include "model/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PARALLEL = 4, KEY_LETTERS = 52 /* 260 bits */, LOAD_MS = 300000, LOOK_MS = 100, BUSY_MS = 2000 };

char *keeper_file(struct arena *a, const char *id, const char *ending, struct err *e)
{
	char *dir = fs_state_dir(a, "local", e);

	return dir ? arena_printf(a, "%s/%s.%s", dir, id, ending) : NULL;
}

int keeper_state_parse(struct bytes in, struct keeper_state *out, struct err *e)
{
	auto_json *o = NULL;
	struct keeper_state s = { 0 };

	if (json_parse(in, &o, e) < 0)
		return -1;
	s.port = (int)json_whole(o, "port", 0);
	s.context = json_whole(o, "context", 0);
	s.pid = (pid_t)json_whole(o, "pid", 0);
	snprintf(s.engine, sizeof(s.engine), "%s", json_text_or(o, "engine", "llama.cpp"));
	if (json_whole(o, "version", 0) != 1 || json_whole(o, "port", 0) != s.port || s.port < 1 || s.port > 65535 ||
	    s.pid < 2)
		return err_set(e, ERR_DAMAGED, "the state of a model server cannot be read");
	*out = s;
	return 0;
}

bool keeper_is_running(struct arena *a, const char *id, struct keeper_state *out)
{
	char *lock = keeper_file(a, id, "keeper", NULL), *state = keeper_file(a, id, "json", NULL);
	auto_fd fd = lock && state ? open(lock, O_RDWR | O_CLOEXEC) : -1;
	auto_buf text = buf_max(4096);

	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK)
		return false;
	return fs_read_file(state, &text, NULL) == 0 && keeper_state_parse(buf_bytes(&text), out, NULL) == 0;
}

/* The first CPU of its core's list, "0,2" or "0-1": a core is counted at that one. */
static size_t first_sibling(size_t cpu)
{
	char path[96];
	size_t first = cpu;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%zu/topology/thread_siblings_list", cpu);
	f = fopen(path, "re");
	if (f && fscanf(f, "%zu", &first) != 1)
		first = cpu;
	if (f)
		fclose(f);
	return first;
}

int keeper_threads(void)
{
	cpu_set_t may, seen;
	int n = 0;

	CPU_ZERO(&seen);
	if (sched_getaffinity(0, sizeof(may), &may) < 0)
		return 1;
	for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		size_t core = CPU_ISSET(cpu, &may) ? first_sibling(cpu) : CPU_SETSIZE;

		if (core >= CPU_SETSIZE || CPU_ISSET(core, &seen))
			continue;
		CPU_SET(core, &seen);
		n++;
	}
	return n ? n : 1;
}

/* A port that is free now; the engine, which must get it, fails when another was faster. */
static int free_port(struct err *e)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&at, n) < 0 || getsockname(fd, (struct sockaddr *)&at, &n) < 0)
		return err_sys(e, "find a free port");
	return ntohs(at.sin_port);
}

struct serving {
	const struct keeper *k;
	struct proc_child engine;
	char key[KEY_LETTERS + 1];
	char *key_file, *state, *log;
	int port, lease, lock;
};

static int start_engine(struct arena *a, struct serving *s, struct err *e)
{
	const struct keeper *k = s->k;
	char *setpriv = fs_which(a, "setpriv"), *serve = NULL;
	const char *argv[32];
	int n = 0;
	auto_fd log = open(s->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (log < 0)
		return err_sys(e, "open %s", s->log);
	if (setpriv) {
		argv[n++] = setpriv;
		argv[n++] = "--pdeathsig";
		argv[n++] = "KILL";
	}
	if (k->python) {
		serve = fs_share(a, "models/serve.py", e);
		if (!serve)
			return -1;
		argv[n++] = k->python;
		argv[n++] = "-I";
		argv[n++] = serve;
	} else {
		argv[n++] = k->llama_server;
		argv[n++] = "--host";
		argv[n++] = "127.0.0.1";
		argv[n++] = "--jinja";
	}
	argv[n++] = "--model";
	argv[n++] = k->path;
	argv[n++] = "--alias";
	argv[n++] = k->id;
	argv[n++] = "--port";
	argv[n++] = arena_printf(a, "%d", s->port);
	argv[n++] = k->python ? "--key-file" : "--api-key-file";
	argv[n++] = s->key_file;
	argv[n++] = k->python ? "--context" : "--ctx-size";
	argv[n++] = arena_printf(a, "%lld", (long long)k->context);
	argv[n++] = "--threads";
	argv[n++] = arena_printf(a, "%d", keeper_threads());
	argv[n++] = "--parallel";
	argv[n++] = arena_printf(a, "%d", k->python ? PARALLEL : 1); /* older ones divide the context by it */
	argv[n] = NULL;
	return proc_start(argv, NULL, "/", PROC_PIPE_IN, log, &s->engine, e);
}

/* The end of the engine's log that names a cause. */
static int engine_ended(struct arena *a, struct serving *s, struct err *e)
{
	auto_buf text = buf_max(4 << 20);
	const char *cause = NULL;
	char *save = NULL;

	if (fs_read_file(s->log, &text, NULL) == 0)
		for (char *line = strtok_r(arena_strdup(a, buf_str(&text)), "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			if (!cause || strcasestr(line, "error") || strcasestr(line, "fail") || strcasestr(line, "Killed"))
				cause = line;
	return err_set(e, ERR_SYS, "the model server ended: %.300s (whole log: %s)", cause ? cause : "it said nothing",
		       s->log);
}

static int wait_ready(struct arena *a, struct serving *s, struct err *e)
{
	int64_t until = clock_mono_ms() + LOAD_MS;

	for (;;) {
		auto_buf body = buf_max(PROBE_BODY_MAX);

		if (!proc_is_alive(&s->engine))
			return engine_ended(a, s, e);
		if (s->k->stop && *s->k->stop)
			return err_set(e, ERR_STOPPED, "stopped");
		if (probe_get(s->port, "/health", NULL, BUSY_MS, &body, NULL) == 200)
			break;
		if (clock_mono_ms() > until)
			return err_set(e, ERR_TIMEOUT, "the model did not load within %d s; log: %s", LOAD_MS / 1000, s->log);
		clock_sleep_ms(LOOK_MS, s->k->stop);
	}
	if (probe_owner(s->port) != (int64_t)geteuid() || !proc_is_alive(&s->engine))
		return err_set(e, ERR_DENIED, "port %d was taken by another program", s->port);
	if (probe_get(s->port, "/v1/models", NULL, BUSY_MS, NULL, NULL) != 401)
		return err_set(e, ERR_DENIED, "the model server answers without its key; it was ended");
	return 0;
}

static int write_state(struct serving *s, struct err *e)
{
	auto_buf text = buf_max(4096);
	auto_json *o = json_pack("{s:i, s:s, s:i, s:I, s:i, s:s, s:s}", "version", 1, "model", s->k->id, "port", s->port,
				 "context", (json_int_t)s->k->context, "pid", (int)getpid(), "engine", "llama.cpp", "file",
				 s->k->path);

	json_write(&text, o);
	return fs_write_atomic(s->state, buf_bytes(&text), 0600, e);
}

/* True when nobody holds the lease; it is then ours for a moment, or for good with `keep`. */
static bool nobody_there(struct serving *s, bool keep)
{
	if (flock(s->lease, LOCK_EX | LOCK_NB) < 0)
		return false;
	if (!keep)
		flock(s->lease, LOCK_UN);
	return true;
}

static int watch(struct arena *a, struct serving *s, struct err *e)
{
	int64_t last_seen = clock_mono_ms(), step = s->k->idle_ms && s->k->idle_ms < 10000 ? s->k->idle_ms / 5 + 1 : 2000;

	for (;;) {
		clock_sleep_ms(s->k->stop && *s->k->stop ? 0 : step, s->k->stop);
		if (s->k->stop && *s->k->stop)
			return 0;
		if (!proc_is_alive(&s->engine))
			return engine_ended(a, s, e);
		if (!s->k->idle_ms)
			continue;
		if (!nobody_there(s, false))
			last_seen = clock_mono_ms();
		else if (clock_mono_ms() - last_seen >= s->k->idle_ms && nobody_there(s, true))
			return 0;
	}
}

static int open_files(struct arena *a, struct serving *s, struct err *e)
{
	const char *id = s->k->id;
	char *lock, *lease;

	if (!(lock = keeper_file(a, id, "keeper", e)) || !(lease = keeper_file(a, id, "lease", e)) ||
	    !(s->state = keeper_file(a, id, "json", e)) || !(s->key_file = keeper_file(a, id, "key", e)) ||
	    !(s->log = keeper_file(a, id, "log", e)))
		return -1;
	s->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	s->lease = open(lease, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock < 0 || s->lease < 0)
		return err_sys(e, "open %s", s->lock < 0 ? lock : lease);
	if (flock(s->lock, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ERR_DAMAGED, "%s is being served already; see: sealwright models list", id);
	unlink(s->state);
	rand_id(s->key, KEY_LETTERS);
	return fs_write_atomic(s->key_file, bytes_of(s->key), 0600, e);
}

int keeper_run(struct arena *a, const struct keeper *k, struct err *e)
{
	struct serving s = { .k = k, .lock = -1, .lease = -1, .engine = { .pidfd = -1, .in = -1, .out = -1 } };
	int r = open_files(a, &s, e);

	if (r == 0) {
		s.port = k->port ? k->port : free_port(e);
		r = s.port < 0 ? -1 : start_engine(a, &s, e);
	}
	if (r == 0)
		r = wait_ready(a, &s, e);
	if (r == 0)
		r = write_state(&s, e);
	if (r == 0) {
		if (k->ready)
			k->ready(k->arg, s.port, s.key_file);
		r = watch(a, &s, e);
	}
	if (s.lock >= 0 && s.state && s.engine.pid > 0) {
		unlink(s.state);
		unlink(s.key_file);
	}
	proc_end(&s.engine, 3000);
	fs_close(&s.lock);
	fs_close(&s.lease);
	explicit_bzero(s.key, sizeof(s.key));
	return r;
}
