/*
 * Listing sessions.
 *
 * Only lines of a few types matter here, so a line is parsed only when its type, which log.c writes near its start, is one
 * of them: a log of 100 MB of tool results is skimmed in a fraction of a second, once. Whether the lines chain is not
 * asked: that is for whoever opens the session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/index.h"

#include "agent/log.h"
#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_LETTERS = 12, VERSION = 2, TYPE_WITHIN = 160, INTENT_SHOWN = 2000 };

#define COLUMNS "id, inode, size, mtime, at, kind, dir, intent, model, started, state, turns, prompt, completion, cost"

/* What is known of one log after its first `at` bytes. */
struct entry {
	const char *id, *kind, *dir, *intent, *model, *started, *state;
	int64_t inode, size, mtime, at;      /* mtime in nanoseconds */
	int64_t turns, prompt, completion;
	double cost;                         /* NAN: not known */
};

/* ---- skimming a log ---- */

static const char *keep(struct arena *a, const char *s)
{
	return s ? arena_memdup(a, s, strnlen(s, INTENT_SHOWN)) : "";
}

static void take_session(struct arena *a, struct entry *x, const json_t *line, const json_t *d)
{
	const json_t *about = json_object_get(d, "about");
	const char *words = json_text(about, "intent");

	x->kind = keep(a, json_text(d, "kind"));
	x->dir = keep(a, json_text(d, "dir"));
	x->intent = keep(a, words ? words : json_text(about, "prompt"));
	x->model = keep(a, json_text(about, "model"));
	x->started = keep(a, json_text(line, "time"));
}

static void take_usage(struct arena *a, struct entry *x, const json_t *line, const json_t *d)
{
	(void)a;
	(void)line;
	x->turns++;
	x->prompt += json_whole(d, "prompt", 0);
	x->completion += json_whole(d, "completion", 0);
	x->cost += json_real_or(d, "cost", NAN); /* one that is not known: nor is the sum */
	x->state = "interrupted"; /* a resumed session works again; so it ends if nothing else is said */
}

static void take_model(struct arena *a, struct entry *x, const json_t *line, const json_t *d)
{
	(void)line;
	x->model = keep(a, json_text(d, "name"));
}

static void take_stopped(struct arena *a, struct entry *x, const json_t *line, const json_t *d)
{
	(void)a;
	(void)line;
	(void)d;
	x->state = "stopped";
}

static void take_end(struct arena *a, struct entry *x, const json_t *line, const json_t *d)
{
	(void)line;
	x->state = json_text(d, "state") ? keep(a, json_text(d, "state")) : "done";
}

static const struct {
	const char *type;
	void (*take)(struct arena *a, struct entry *x, const json_t *line, const json_t *d);
} skimmed[] = {
	{ "session", take_session }, { "usage", take_usage }, { "model", take_model }, { "stopped", take_stopped },
	{ "end", take_end },
};

/* How `"type":"NAME"` stands in a line of ours. */
static void line_skim(struct arena *a, struct entry *x, struct bytes line)
{
	size_t near = line.n < TYPE_WITHIN ? line.n : TYPE_WITHIN;

	for (size_t i = 0; i < sizeof(skimmed) / sizeof(*skimmed); i++) {
		char want[40];
		auto_json *v = NULL;
		int n = snprintf(want, sizeof(want), "\"type\":\"%s\"", skimmed[i].type);

		if (!memmem(line.p, near, want, (size_t)n))
			continue;
		if (json_parse(line, &v, NULL) < 0)
			x->state = "damaged";
		else if (!strcmp(json_text_or(v, "type", ""), skimmed[i].type))
			skimmed[i].take(a, x, v, json_map(v, "data"));
	}
}

static int log_skim(struct arena *a, int fd, struct entry *x, struct err *e)
{
	auto_buf text = buf_max((size_t)1 << 30);
	const char *newline;
	size_t at = 0;

	if (lseek(fd, x->at, SEEK_SET) < 0)
		return err_sys(e, "seek");
	if (fs_read_all(fd, &text, e) < 0)
		return -1;
	while (text.n > at && (newline = memchr(text.p + at, '\n', text.n - at))) {
		line_skim(a, x, (struct bytes){ text.p + at, (size_t)(newline - text.p) - at });
		at = (size_t)(newline - text.p) + 1;
	}
	x->at += (int64_t)at;
	return 0;
}

/* ---- the cache ---- */

static void db_close(sqlite3 **db)
{
	sqlite3_close(*db);
	*db = NULL;
}
#define auto_db __attribute__((cleanup(db_close))) sqlite3
static void stmt_close(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
	*s = NULL;
}
#define auto_stmt __attribute__((cleanup(stmt_close))) sqlite3_stmt

/* Nothing of SQLite's is trusted before the version is right; its words for "damaged" are many. */
static bool db_ready(sqlite3 *db)
{
	auto_stmt *s = NULL;
	int version = -1;

	sqlite3_busy_timeout(db, 200);
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 1 << 20);
	if (sqlite3_exec(db, "PRAGMA trusted_schema=OFF; PRAGMA synchronous=OFF; PRAGMA quick_check", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL) != SQLITE_OK)
		return false;
	if (sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	if (version == VERSION)
		return true;
	return version == 0 && sqlite3_exec(db, "BEGIN IMMEDIATE; CREATE TABLE IF NOT EXISTS session(id TEXT PRIMARY KEY, inode "
		"INTEGER, size INTEGER, mtime INTEGER, at INTEGER, kind TEXT, dir TEXT, intent TEXT, model TEXT, started TEXT, "
		"state TEXT, turns INTEGER, prompt INTEGER, completion INTEGER, cost REAL) WITHOUT ROWID; PRAGMA user_version=2; "
		"COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

/* The index, made again when it is damaged; NULL when it can't be had at all. */
static sqlite3 *db_open(struct arena *a, const char *path)
{
	static const char *const parts[] = { "", "-journal", "-wal", "-shm" };
	sqlite3 *db = NULL;

	for (int attempt = 0; attempt < 2; attempt++) {
		int busy;

		if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW, NULL) == SQLITE_OK &&
		    db_ready(db)) {
			chmod(path, 0600);
			return db;
		}
		busy = sqlite3_errcode(db);
		db_close(&db);
		if (busy == SQLITE_BUSY || busy == SQLITE_LOCKED)
			return NULL; /* another one brings it up to date */
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			unlink(arena_printf(a, "%s%s", path, parts[i]));
	}
	return NULL;
}

static const char *column(struct arena *a, sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);

	return text ? arena_strdup(a, text) : "";
}

static bool entry_load(struct arena *a, sqlite3 *db, const char *id, struct entry *x)
{
	auto_stmt *s = NULL;

	if (!db || sqlite3_prepare_v2(db, "SELECT " COLUMNS " FROM session WHERE id=?", -1, &s, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC) != SQLITE_OK || sqlite3_step(s) != SQLITE_ROW)
		return false;
	*x = (struct entry){
		.id = id, .inode = sqlite3_column_int64(s, 1), .size = sqlite3_column_int64(s, 2),
		.mtime = sqlite3_column_int64(s, 3), .at = sqlite3_column_int64(s, 4), .kind = column(a, s, 5),
		.dir = column(a, s, 6), .intent = column(a, s, 7), .model = column(a, s, 8), .started = column(a, s, 9),
		.state = column(a, s, 10), .turns = sqlite3_column_int64(s, 11), .prompt = sqlite3_column_int64(s, 12),
		.completion = sqlite3_column_int64(s, 13),
		.cost = sqlite3_column_type(s, 14) == SQLITE_NULL ? NAN : sqlite3_column_double(s, 14),
	};
	return x->at >= 0 && x->at <= x->size;
}

static void entry_save(sqlite3 *db, const struct entry *x)
{
	auto_stmt *s = NULL;
	const int64_t wholes[] = { x->inode, x->size, x->mtime, x->at };
	const char *const texts[] = { x->kind, x->dir, x->intent, x->model, x->started, x->state };
	const int64_t spent[] = { x->turns, x->prompt, x->completion };

	if (!db || sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO session(" COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", -1, &s,
				      NULL) != SQLITE_OK)
		return;
	sqlite3_bind_text(s, 1, x->id, -1, SQLITE_STATIC);
	for (int i = 0; i < 4; i++)
		sqlite3_bind_int64(s, 2 + i, wholes[i]);
	for (int i = 0; i < 6; i++)
		sqlite3_bind_text(s, 6 + i, texts[i], -1, SQLITE_STATIC);
	for (int i = 0; i < 3; i++)
		sqlite3_bind_int64(s, 12 + i, spent[i]);
	if (isfinite(x->cost)) /* NULL: not known */
		sqlite3_bind_double(s, 15, x->cost);
	sqlite3_step(s);
}

static void entry_forget(sqlite3 *db, const char *id)
{
	auto_stmt *s = NULL;

	if (db && sqlite3_prepare_v2(db, "DELETE FROM session WHERE id=?", -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC) == SQLITE_OK)
		sqlite3_step(s);
}

/* Rows whose folder is gone. */
static void db_tidy(struct arena *a, sqlite3 *db, const char *sessions)
{
	auto_stmt *s = NULL;
	const char **gone = NULL;
	int n = 0, max = 0;

	if (!db || sqlite3_prepare_v2(db, "SELECT id FROM session", -1, &s, NULL) != SQLITE_OK)
		return;
	while (sqlite3_step(s) == SQLITE_ROW) {
		const char *id = column(a, s, 0);

		if (fs_exists(arena_printf(a, "%s/%s/log.jsonl", sessions, id)))
			continue;
		if (n == max) {
			const char **more = arena_array(a, (size_t)max * 2 + 16, sizeof(*more));

			if (n)
				memcpy(more, gone, (size_t)n * sizeof(*gone));
			gone = more;
			max = max * 2 + 16;
		}
		gone[n++] = id;
	}
	for (int i = 0; i < n; i++)
		entry_forget(db, gone[i]);
}

/* ---- one session, all sessions ---- */

static bool id_is_plain(const char *s)
{
	return *s && strspn(s, "abcdefghijklmnopqrstuvwxyz234567") == strlen(s);
}

/* A log that somebody works on is locked by them. Asked only of sessions that have not ended. */
static bool is_running(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	flock(fd, LOCK_UN);
	return false;
}

static bool is_over(const struct entry *x)
{
	return strcmp(x->state, "interrupted") != 0 && strcmp(x->state, "stopped") != 0;
}

static json_t *any(const char *text)
{
	return json_string_any(bytes_of(text));
}

static json_t *entry_json(const struct entry *x, const struct stat *st, bool running)
{
	char changed[32];

	clock_text((struct when){ (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000 }, changed);
	/* A damaged index may hold anything, so no text of it is taken for UTF-8. */
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:I, s:I, s:I, s:o, s:I}", "id", x->id, "kind", any(x->kind),
			 "dir", any(x->dir), "intent", any(x->intent), "model", any(x->model), "started", any(x->started),
			 "changed", changed, "state", any(running ? "running" : x->state), "turns", (json_int_t)x->turns, "prompt",
			 (json_int_t)x->prompt, "completion", (json_int_t)x->completion, "cost",
			 isfinite(x->cost) ? json_real(x->cost) : json_null(), "bytes", (json_int_t)x->size);
}

/* NULL: no session. */
static json_t *entry_get(struct arena *a, sqlite3 *db, const char *sessions, const char *id)
{
	auto_fd fd = open(arena_printf(a, "%s/%s/log.jsonl", sessions, id), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct entry x;
	struct stat st;
	bool known;
	int64_t mtime;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	mtime = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	known = entry_load(a, db, id, &x) && x.inode == (int64_t)st.st_ino && x.at <= st.st_size;
	if (!known)
		x = (struct entry){ .id = id, .kind = "", .dir = "", .intent = "", .model = "", .started = "", .state = "interrupted" };
	if (!known || x.size != st.st_size || x.mtime != mtime) {
		if (log_skim(a, fd, &x, NULL) < 0 || !*x.kind)
			x.state = "damaged";
		x.inode = (int64_t)st.st_ino;
		x.size = st.st_size;
		x.mtime = mtime;
		entry_save(db, &x);
	}
	return entry_json(&x, &st, !is_over(&x) && is_running(fd));
}

static int by_change(const void *p, const void *q)
{
	return strcmp(json_text_or(*(json_t *const *)q, "changed", ""), json_text_or(*(json_t *const *)p, "changed", ""));
}

static int list_all(struct arena *a, const char *sessions, sqlite3 *db, json_t *all, struct err *e)
{
	DIR *d = opendir(sessions);
	struct dirent *x;
	json_t **sorted;
	size_t n = 0, max = json_array_size(all);

	if (!d)
		return err_sys(e, "open folder %s", sessions);
	if (db)
		sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
	while ((x = readdir(d))) {
		json_t *one = strlen(x->d_name) == ID_LETTERS && id_is_plain(x->d_name)
				      ? entry_get(a, db, sessions, arena_strdup(a, x->d_name)) : NULL;

		if (one)
			json_array_append_new(all, one);
	}
	closedir(d);
	db_tidy(a, db, sessions);
	if (db && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	max = json_array_size(all);
	sorted = arena_array(a, max, sizeof(*sorted));
	for (n = 0; n < max; n++)
		sorted[n] = json_incref(json_array_get(all, n));
	qsort(sorted, max, sizeof(*sorted), by_change);
	json_array_clear(all);
	for (n = 0; n < max; n++)
		json_array_append_new(all, sorted[n]);
	return 0;
}

int session_list(json_t **out, struct err *e)
{
	auto_arena a = { 0 };
	auto_json *all = json_array();
	char *state = fs_state_dir(&a, NULL, e), *sessions = fs_state_dir(&a, "sessions", e);
	auto_db *db = NULL;

	if (!state || !sessions)
		return -1;
	db = db_open(&a, arena_printf(&a, "%s/index.db", state));
	if (list_all(&a, sessions, db, all, e) < 0)
		return -1;
	*out = json_incref(all);
	return 0;
}

bool session_is_here(const char *dir, const char *here)
{
	size_t n = strlen(dir), m = strlen(here);

	if (m == 1)
		m = 0; /* "/" holds all */
	return !strcmp(dir, here) || (n > m && !strncmp(dir, here, m) && dir[m] == '/') ||
	       (n < m && !strncmp(dir, here, n) && here[n] == '/');
}

int session_find(const char *given, json_t **out, struct err *e)
{
	auto_json *all = NULL;
	json_t *x, *found = NULL;
	char here[4096];
	size_t i;
	int n = 0;

	if (given && !id_is_plain(given))
		return err_set(e, ERR_NOT_FOUND, "no session %.40s; `sealwright sessions --all` lists them", given);
	if (session_list(&all, e) < 0)
		return -1;
	if (!getcwd(here, sizeof(here)))
		here[0] = 0;
	json_array_foreach(all, i, x) {
		if (given ? strncmp(json_text_or(x, "id", ""), given, strlen(given)) != 0
			  : !session_is_here(json_text_or(x, "dir", ""), here))
			continue;
		if (!found)
			found = x; /* the newest */
		n++;
	}
	if (given && n > 1)
		return err_set(e, ERR_USAGE, "%d sessions begin with %.40s; give more letters", n, given);
	if (!found && given)
		return err_set(e, ERR_NOT_FOUND, "no session %.40s; `sealwright sessions --all` lists them", given);
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "no session here; `sealwright sessions --all` lists those of other folders");
	*out = json_incref(found);
	return 0;
}

int session_look(const char *id, session_reader *fn, void *arg, struct err *e)
{
	auto_arena a = { 0 };
	auto_buf text = buf_max((size_t)1 << 30);
	char *sessions = fs_state_dir(&a, "sessions", e), *path;
	struct log_end end;

	if (!sessions)
		return -1;
	if (!id_is_plain(id))
		return err_set(e, ERR_NOT_FOUND, "no session %.40s", id);
	path = arena_printf(&a, "%s/%s/log.jsonl", sessions, id);
	if (fs_read_file(path, &text, e) < 0)
		return -1;
	return log_read(buf_bytes(&text), fn, arg, &end, e) < 0 ? err_wrap(e, "%s", path) : 0;
}

int session_remove(const char *id, struct err *e)
{
	auto_arena a = { 0 };
	char *sessions = fs_state_dir(&a, "sessions", e), *log;
	auto_fd fd = -1;

	if (!sessions)
		return -1;
	if (!id_is_plain(id) || strlen(id) != ID_LETTERS)
		return err_set(e, ERR_NOT_FOUND, "no session %.40s", id);
	log = arena_printf(&a, "%s/%s/log.jsonl", sessions, id);
	fd = open(log, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno != ENOENT)
		return err_sys(e, "open %s", log);
	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, ERR_DENIED, "session %s runs; end it first", id);
	return fs_remove_tree(arena_printf(&a, "%s/%s", sessions, id), e);
}
