/*
 * The session log: append, chain, sync, lock, read back.
 *
 * A line is written by one write(2) at the end of the file; when that comes up short (a full disk), the file is cut back
 * to where it was, so a log never holds half an event that we know of. Half a line can still stand at its end after a
 * crash: opening moves it to log.torn. Everything before it must chain, or the log is damaged and is not written to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/session.h"

#include "agent/log.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/rand.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTENERS = 4, ID_LETTERS = 12 };

struct session {
	struct arena a;
	char *id, *kind, *dir, *folder;
	json_t *about;
	int fd;                 /* of the log, locked */
	off_t end;              /* of the last whole line */
	struct log_chain chain;
	bool dirty;
	struct {
		session_listener *fn;
		void *arg;
	} listeners[LISTENERS];
	int n_listeners;
};

const char *session_id(const struct session *s)
{
	return s->id;
}

const char *session_kind(const struct session *s)
{
	return s->kind;
}

const char *session_dir(const struct session *s)
{
	return s->dir;
}

const char *session_folder(const struct session *s)
{
	return s->folder;
}

const json_t *session_about(const struct session *s)
{
	return s->about;
}

void session_listen(struct session *s, session_listener *fn, void *arg)
{
	if (s->n_listeners < LISTENERS) {
		s->listeners[s->n_listeners].fn = fn;
		s->listeners[s->n_listeners++].arg = arg;
	}
}

static void tell(struct session *s, const struct session_event *ev)
{
	for (int i = 0; i < s->n_listeners; i++)
		s->listeners[i].fn(s->listeners[i].arg, ev);
}

static int append(struct session *s, struct bytes text, struct err *e)
{
	while (text.n) {
		ssize_t n = pwrite(s->fd, text.p, text.n, s->end);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err_sys(e, "write %s/log.jsonl", s->folder);
			return -1;
		}
		s->end += n;
		text.p += n;
		text.n -= (size_t)n;
	}
	return 0;
}

int session_add(struct session *s, const char *type, json_t *data, struct err *e)
{
	auto_json *own = data ? data : json_object();
	auto_buf text = buf_max(LOG_LINE_MAX);
	struct log_chain chain = s->chain;
	off_t was = s->end;
	struct session_event ev;

	if (log_write(&text, &chain, clock_now(), type, own, e) < 0)
		return -1;
	if (append(s, buf_bytes(&text), e) < 0) {
		s->end = was;
		if (ftruncate(s->fd, was) < 0)
			return err_wrap(e, "the log could not be cut back to its last whole line");
		return -1;
	}
	s->chain = chain;
	s->dirty = true;
	ev = (struct session_event){ chain.seq, chain.time, type, own };
	tell(s, &ev);
	return 0;
}

int session_sync(struct session *s, struct err *e)
{
	if (!s->dirty)
		return 0;
	if (fdatasync(s->fd) < 0)
		return err_sys(e, "sync %s/log.jsonl", s->folder);
	s->dirty = false;
	return 0;
}

void session_say(struct session *s, const char *type, json_t *data)
{
	auto_json *own = data ? data : json_object();
	struct session_event ev = { 0, clock_now(), type, own };

	tell(s, &ev);
}

static struct session *session_new(void)
{
	struct session *s = mem_alloc(sizeof(*s));

	*s = (struct session){ .fd = -1 };
	return s;
}

void session_close(struct session **p)
{
	struct session *s = *p;

	if (!s)
		return;
	session_sync(s, NULL);
	fs_close(&s->fd);
	json_decref(s->about);
	arena_drop(&s->a);
	free(s);
	*p = NULL;
}

/* Opens and locks the log of s->folder. */
static int log_open(struct session *s, int flags, struct err *e)
{
	char *path = arena_printf(&s->a, "%s/log.jsonl", s->folder);
	int r;

	s->fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
	if (s->fd < 0)
		return err_sys(e, "open %s", path);
	/* What a killed sealwright had started ends with it, but may hold the lock a moment longer. */
	for (int i = 0; (r = flock(s->fd, LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK && i < 20; i++)
		clock_sleep_ms(50, NULL);
	if (r < 0) {
		if (errno == EWOULDBLOCK)
			return err_set(e, ERR_DENIED, "session %s is in use by another sealwright", s->id);
		return err_sys(e, "lock %s", path);
	}
	return 0;
}

int session_create(const char *kind, const char *dir, json_t *about, struct session **out, struct err *e)
{
	auto_session *s = session_new();
	auto_json *name = NULL;
	auto_fd folder = -1;
	char id[ID_LETTERS + 1], *sessions;

	s->about = about;
	name = json_string(dir);
	if (!name)
		return err_set(e, ERR_USAGE, "the name of the folder %s is not UTF-8, which a log needs; take another", dir);
	sessions = fs_state_dir(&s->a, "sessions", e);
	if (!sessions)
		return -1;
	rand_id(id, ID_LETTERS);
	s->id = arena_strdup(&s->a, id);
	s->kind = arena_strdup(&s->a, kind);
	s->dir = arena_strdup(&s->a, dir);
	s->folder = arena_printf(&s->a, "%s/%s", sessions, id);
	if (mkdir(s->folder, 0700) < 0)
		return err_sys(e, "make folder %s", s->folder);
	if (log_open(s, O_CREAT | O_EXCL, e) < 0)
		return -1;
	if (session_add(s, "session", json_pack("{s:i, s:s, s:s, s:s, s:O}", "log", 1, "id", s->id, "kind", kind, "dir", dir,
						"about", s->about), e) < 0 || session_sync(s, e) < 0)
		return err_wrap(e, "new session");
	folder = fs_open_dir(sessions, e);
	if (folder < 0 || fsync(folder) < 0)
		return err_sys(e, "sync %s", sessions);
	*out = s;
	s = NULL;
	return 0;
}

/* Half a line at the end of the log: kept beside it. */
static int move_torn(struct session *s, struct bytes torn, struct err *e)
{
	char *path = arena_printf(&s->a, "%s/log.torn", s->folder);
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fs_write_all(fd, torn, e) < 0 || fs_write_all(fd, bytes_of("\n"), e) < 0)
		return err_wrap(e, "%s", path);
	if (fsync(fd) < 0 || ftruncate(s->fd, s->end) < 0)
		return err_sys(e, "cut %s/log.jsonl", s->folder);
	return 0;
}

struct reading {
	struct session *s;
	session_reader *fn;
	void *arg;
	bool first;
};

static int read_event(void *arg, const struct session_event *ev, struct err *e)
{
	struct reading *r = arg;
	struct session *s = r->s;

	if (ev->seq == 1 && !s->about) {
		const char *kind, *dir, *id;

		if (strcmp(ev->type, "session") || json_want_text(ev->data, "kind", "first event", &kind, e) < 0 ||
		    json_want_text(ev->data, "dir", "first event", &dir, e) < 0 ||
		    json_want_text(ev->data, "id", "first event", &id, e) < 0)
			return err_set(e, ERR_DAMAGED, "the log does not begin with a session");
		if (strcmp(id, s->id))
			return err_set(e, ERR_DAMAGED, "the log is of session %.40s", id);
		s->kind = arena_strdup(&s->a, kind);
		s->dir = arena_strdup(&s->a, dir);
		s->about = json_deep_copy(json_map(ev->data, "about") ? json_map(ev->data, "about") : json_null());
	}
	return r->fn ? r->fn(r->arg, ev, e) : 0;
}

static int read_all(struct session *s, session_reader *fn, void *arg, struct log_end *end, struct err *e)
{
	auto_buf text = buf_max((size_t)1 << 30);
	struct reading r = { .s = s, .fn = fn, .arg = arg };

	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return err_sys(e, "%s/log.jsonl", s->folder);
	if (fs_read_all(s->fd, &text, e) < 0 || log_read(buf_bytes(&text), read_event, &r, end, e) < 0)
		return err_wrap(e, "%s/log.jsonl", s->folder);
	if (!end->chain.seq)
		return err_set(e, ERR_DAMAGED, "%s/log.jsonl is empty", s->folder);
	s->end = (off_t)end->whole;
	if (end->whole < text.n && move_torn(s, (struct bytes){ text.p + end->whole, text.n - end->whole }, e) < 0)
		return -1;
	return 0;
}

/* The session that `given` names: whole, a unique beginning, or NULL: the one changed last in this folder. */
static char *find_id(struct arena *a, const char *sessions, const char *given, struct err *e)
{
	char *found = NULL, here[4096];
	struct timespec newest = { 0 };
	struct dirent *x;
	int n = 0;
	DIR *d = opendir(sessions);

	if (!d) {
		err_sys(e, "open folder %s", sessions);
		return NULL;
	}
	if (!getcwd(here, sizeof(here)))
		here[0] = 0;
	while ((x = readdir(d))) {
		char *path = arena_printf(a, "%s/%s/log.jsonl", sessions, x->d_name);
		struct stat st;

		if (strlen(x->d_name) != ID_LETTERS || lstat(path, &st) < 0)
			continue;
		if (given) {
			if (strncmp(x->d_name, given, strlen(given)))
				continue;
			n++;
			found = arena_strdup(a, x->d_name);
		} else if (log_is_of_dir(path, here) && (st.st_mtim.tv_sec > newest.tv_sec ||
			   (st.st_mtim.tv_sec == newest.tv_sec && st.st_mtim.tv_nsec >= newest.tv_nsec))) {
			newest = st.st_mtim;
			found = arena_strdup(a, x->d_name);
		}
	}
	closedir(d);
	if (n > 1)
		err_set(e, ERR_USAGE, "%d sessions begin with %.40s; give more letters", n, given);
	else if (!found && given)
		err_set(e, ERR_NOT_FOUND, "no session %.40s; `sealwright sessions` lists them", given);
	else if (!found)
		err_set(e, ERR_NOT_FOUND, "no session in this folder; `sealwright sessions` lists them all");
	return n > 1 ? NULL : found;
}

int session_open(const char *id, struct session **out, struct err *e)
{
	auto_session *s = session_new();
	struct log_end end = { 0 };
	char *sessions = fs_state_dir(&s->a, "sessions", e);

	if (!sessions)
		return -1;
	if (id && (!*id || strspn(id, "abcdefghijklmnopqrstuvwxyz234567") != strlen(id)))
		return err_set(e, ERR_NOT_FOUND, "no session %.40s; `sealwright sessions` lists them", id);
	s->id = find_id(&s->a, sessions, id, e);
	if (!s->id)
		return -1;
	s->folder = arena_printf(&s->a, "%s/%s", sessions, s->id);
	if (log_open(s, 0, e) < 0 || read_all(s, NULL, NULL, &end, e) < 0)
		return -1;
	s->chain = end.chain;
	*out = s;
	s = NULL;
	return 0;
}

int session_each(struct session *s, session_reader *fn, void *arg, struct err *e)
{
	struct log_end end = { 0 };

	return read_all(s, fn, arg, &end, e);
}
