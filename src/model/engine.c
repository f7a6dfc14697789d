/*
 * The Python environment of the model server.
 *
 * `python -I` keeps the current folder off the module path: sealwright is run inside repositories of strangers, and a
 * pip.py in one of them must not be what installs our packages. A file "ready" written last tells a finished
 * environment from one that was interrupted; what is not finished is made anew.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/engine.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

void engine_tell(const struct engine_ask *q, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	if (!q->told)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	q->told(q->arg, line);
}

/* Waits for the lock with a word about it; the descriptor or -1. */
static int lock_wait(const char *path, const struct engine_ask *q, struct err *e)
{
	auto_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		engine_tell(q, "another sealwright prepares the model server; waiting for it");
		while (flock(fd, LOCK_EX) < 0)
			if (errno != EINTR)
				return err_sys(e, "lock %s", path);
	}
	return take_fd(&fd);
}

/* Runs it and gives its last line as the error unless it exits 0. */
static int run(struct arena *a, const char *const *argv, const struct engine_ask *q, const char *cure, struct err *e)
{
	struct proc p = { .argv = argv, .stop = q->stop, .limit_ms = 15 * 60 * 1000 };
	struct proc_result r;
	char *last;

	if (proc_run(a, &p, &r, e) < 0)
		return -1;
	if (r.stopped)
		return err_set(e, ERR_STOPPED, "stopped");
	if (r.timed_out)
		return err_set(e, ERR_TIMEOUT, "%s took more than 15 minutes", argv[0]);
	if (r.status == 0)
		return 0;
	last = r.output;
	for (size_t n = strlen(last); n && last[n - 1] == '\n'; n--)
		last[n - 1] = 0;
	last = strrchr(last, '\n') ? strrchr(last, '\n') + 1 : last;
	if (strstr(r.output, "No space left"))
		return err_set(e, ERR_SPACE, "%s", last);
	return err_set(e, strstr(r.output, "do not match the hashes") || strstr(r.output, "DO NOT MATCH") ? ERR_VERIFY : ERR_NET,
		       "%s%s%s", last, cure ? "; " : "", cure ? cure : "");
}

static int make_python(struct arena *a, const char *dir, const char *ready, const struct engine_ask *q, struct err *e)
{
	char *python = fs_which(a, "python3");
	const char *make[] = { python, "-I", "-m", "venv", dir, NULL };

	if (!python)
		return err_set(e, ERR_NOT_FOUND, "no python3; install it, or put llama-server on the PATH (packages: "
			       "python3 python3-venv)");
	if (fs_remove_tree(dir, e) < 0)
		return -1;
	engine_tell(q, "making a Python environment for the model server (some seconds)");
	if (run(a, make, q, "is the package python3-venv installed?", e) < 0)
		return err_wrap(e, "python3 -m venv");
	return fs_write_atomic(ready, bytes_of("1\n"), 0600, e);
}

static int open_env(struct arena *a, const struct engine_ask *q, char **dir, char **python, struct err *e)
{
	char *cache = fs_cache_dir(a, NULL, e), *ready;
	int lock;

	if (!cache)
		return -1;
	*dir = arena_printf(a, "%s/engine", cache);
	*python = arena_printf(a, "%s/bin/python3", *dir);
	ready = arena_printf(a, "%s/ready", *dir);
	lock = lock_wait(arena_printf(a, "%s/engine.lock", cache), q, e);
	if (lock < 0)
		return -1;
	if (fs_exists(ready) && fs_is_runnable(*python))
		return lock;
	if (make_python(a, *dir, ready, q, e) < 0) {
		fs_close(&lock);
		return -1;
	}
	return lock;
}

int engine_python(struct arena *a, const struct engine_ask *q, char **python, struct err *e)
{
	char *dir, *p;
	auto_fd lock = open_env(a, q, &dir, &p, e);

	if (lock < 0)
		return err_wrap(e, "model server");
	*python = p;
	return 0;
}

int engine_server(struct arena *a, const struct engine_ask *q, char **python, struct err *e)
{
	char *wanted = fs_share(a, "models/engine.txt", e), *dir, *p, *stamp, hex[65];
	auto_buf text = buf_max(1 << 16), have = buf_max(1 << 16);
	auto_fd lock = -1;
	struct digest d;

	if (!wanted || fs_read_file(wanted, &text, e) < 0)
		return err_wrap(e, "model server");
	d = hash_bytes(buf_bytes(&text));
	digest_hex(&d, hex);
	lock = open_env(a, q, &dir, &p, e);
	if (lock < 0)
		return err_wrap(e, "model server");
	stamp = arena_printf(a, "%s/installed", dir);
	if (fs_read_file(stamp, &have, NULL) < 0 || strcmp(buf_str(&have), hex) != 0) {
		const char *argv[] = { p, "-I", "-m", "pip", "install", "--no-deps", "--only-binary", ":all:",
				       "--no-cache-dir", "--disable-pip-version-check", "--no-input",
				       "--progress-bar", "off", "--require-hashes", "-r", wanted, NULL };

		engine_tell(q, "installing llama.cpp's server (34 MB, some seconds)");
		if (run(a, argv, q, NULL, e) < 0)
			return err_wrap(e, "model server: pip");
		if (fs_write_atomic(stamp, bytes_of(hex), 0600, e) < 0)
			return -1;
	}
	*python = p;
	return 0;
}
