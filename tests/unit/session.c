/* Unit tests of agent/session and agent/log: nothing acknowledged is lost, nothing changed goes unseen. */
#include "../tap.h"
#include "agent/log.h"
#include "base/err.h"
#include "base/fs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena a;
static char home[] = "/tmp/session.XXXXXX";

static json_t *number(int n)
{
	return json_pack("{s:i}", "n", n);
}

static int count(void *arg, const struct session_event *ev, struct err *e)
{
	(void)ev;
	(void)e;
	++*(int *)arg;
	return 0;
}

static char *make(int events)
{
	auto_session *s = NULL;
	struct err e = { 0 };
	char *id;

	ok(session_create("run", home, json_pack("{s:s}", "intent", "x"), &s, &e) == 0, "a session is made %s", e.text);
	for (int i = 0; i < events; i++)
		session_add(s, "tick", number(i), &e);
	ok(session_sync(s, &e) == 0, "and synced");
	id = arena_strdup(&a, session_id(s));
	return id;
}

static char *log_path(const char *id)
{
	return arena_printf(&a, "%s/sealwright/sessions/%s/log.jsonl", home, id);
}

static void a_session_is_read_back(void)
{
	char *id = make(5), *part = arena_memdup(&a, id, 6);
	auto_session *s = NULL;
	struct session *second = NULL;
	struct err e = { 0 };
	int n = 0;

	ok(session_open(part, &s, &e) == 0, "a session opens by a beginning of its id %s", e.text);
	ok(s && session_each(s, count, &n, &e) == 0, "and is read %s", e.text);
	is_whole(n, 6, "with every event");
	is_text(s ? json_text(session_about(s), "intent") : NULL, "x", "and what it is about");
	ok(session_open(id, &second, &e) < 0 && e.code == ERR_DENIED, "a second opener is refused: %s", e.text);
	ok(s && session_add(s, "tick", number(9), &e) == 0, "it goes on");
}

static void a_torn_line_is_kept_beside_the_log(void)
{
	char *id = make(3);
	auto_buf torn = buf_max(1000);
	auto_session *s = NULL;
	struct err e = { 0 };
	int n = 0, fd = open(log_path(id), O_WRONLY | O_APPEND);

	ok(write(fd, "{\"seq\":5,\"ti", 12) == 12, "a line is torn off in the middle");
	close(fd);
	ok(session_open(id, &s, &e) == 0, "the session opens %s", e.text);
	ok(s && session_add(s, "tick", number(7), &e) == 0 && session_each(s, count, &n, &e) == 0, "and goes on %s", e.text);
	is_whole(n, 5, "with every whole event and the new one");
	ok(fs_read_file(arena_printf(&a, "%s/log.torn", session_folder(s)), &torn, &e) == 0 &&
	   !strcmp(buf_str(&torn), "{\"seq\":5,\"ti\n"), "the torn bytes stand in log.torn");
}

static void a_changed_log_is_refused(void)
{
	char *id = make(3), *path = log_path(id);
	auto_buf b = buf_max(1 << 20);
	auto_session *s = NULL;
	struct err e = { 0 };
	char *at;

	fs_read_file(path, &b, &e);
	at = strstr(b.p, "\"n\":1");
	at[4] = '8';
	fs_write_atomic(path, buf_bytes(&b), 0600, &e);
	ok(session_open(id, &s, &e) < 0 && e.code == ERR_DAMAGED, "one changed digit is found: %s", e.text);
	at[4] = '1';
	at = strstr(b.p, "\n") + 1;
	memmove(at, strstr(at, "\n") + 1, strlen(strstr(at, "\n") + 1) + 1);
	fs_write_atomic(path, bytes_of(b.p), 0600, &e);
	ok(session_open(id, &s, &e) < 0 && e.code == ERR_DAMAGED, "one removed line is found: %s", e.text);
}

static void a_full_disk_costs_no_event_that_stood(void)
{
	char *id = make(3);
	struct rlimit was, small = { 1200, RLIM_INFINITY };
	struct session *s = NULL;
	struct err e = { 0 };
	char big[2000];
	int n = 0;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &was);
	ok(session_open(id, &s, &e) == 0, "a session opens %s", e.text);
	setrlimit(RLIMIT_FSIZE, &small);
	ok(session_add(s, "big", json_pack("{s:s}", "x", big), &e) < 0, "an event that does not fit is refused: %s", e.text);
	setrlimit(RLIMIT_FSIZE, &was);
	ok(session_add(s, "tick", number(4), &e) == 0, "with room again it goes on %s", e.text);
	session_close(&s);
	ok(session_open(id, &s, &e) == 0 && session_each(s, count, &n, &e) == 0, "and reads back %s", e.text);
	is_whole(n, 5, "without the half-written one");
	session_close(&s);
}

/* A child adds and syncs, and says each number it was told is durable; it is killed at some instant. */
static void a_kill_loses_nothing_acknowledged(void)
{
	int lost = 0, damaged = 0;

	for (int round = 0; round < 20; round++) {
		char *id = make(0);
		auto_session *s = NULL;
		struct err e = { 0 };
		int ends[2], told = 0, n = 0, got;
		pid_t pid;

		if (pipe(ends) < 0)
			return;
		pid = fork();
		if (pid == 0) {
			struct session *mine = NULL;

			if (session_open(id, &mine, NULL) < 0)
				_exit(1);
			for (int i = 1;; i++)
				if (session_add(mine, "tick", number(i), NULL) < 0 || session_sync(mine, NULL) < 0 ||
				    write(ends[1], &i, sizeof(i)) < 0)
					_exit(1);
		}
		close(ends[1]);
		for (int i = 0; i <= round; i++)
			if (read(ends[0], &got, sizeof(got)) == sizeof(got))
				told = got;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (read(ends[0], &got, sizeof(got)) == sizeof(got))
			told = got;
		close(ends[0]);
		if (session_open(id, &s, &e) < 0 || session_each(s, count, &n, &e) < 0)
			damaged++;
		else if (n < told + 1)
			lost++;
	}
	is_whole(damaged, 0, "after 20 kills every log opens");
	is_whole(lost, 0, "and holds every event that was acknowledged");
}

int main(void)
{
	struct session *s = NULL;
	struct err e = { 0 };

	if (!mkdtemp(home))
		return 1;
	setenv("XDG_STATE_HOME", home, 1);
	a_session_is_read_back();
	a_torn_line_is_kept_beside_the_log();
	a_changed_log_is_refused();
	a_full_disk_costs_no_event_that_stood();
	a_kill_loses_nothing_acknowledged();
	ok(session_open("../../etc", &s, &e) < 0 && e.code == ERR_NOT_FOUND, "an id is no path: %s", e.text);
	fs_remove_tree(home, NULL);
	arena_drop(&a);
	return done();
}
