/*
 * Copying a command's streams.
 *
 * One thread polls all of it. A piece is read only when the one before is written, so that a slow reader slows the command
 * and nothing is kept in memory. stdout and stderr that lead to one file share one pipe: what was printed first stays first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/streams.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"
#include "cmd/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <unistd.h>

enum { IN, OUT, ERR, STREAMS, PIECE = 64 << 10 };

struct channel {       /* copies from -> to */
	int from, to;  /* from: -1 when it has ended; to: -1 for `seen`, or when nobody reads any more */
	bool own_from, own_to;
	bool is_input, is_stderr;
	size_t at, n;
	char *piece;
};

struct streams {
	struct streams_options o;
	int inside[STREAMS];
	int master;             /* of the pseudo-terminal; -1: none */
	bool is_raw;
	struct termios before;
	struct channel channels[STREAMS];
	int n;
	int wake;               /* an eventfd: the command has ended, or the window changed */
	volatile bool over;
	bool has_thread;
	pthread_t thread;
	uint64_t printed;
};

static volatile sig_atomic_t window_changed;
static volatile int wake_of_window = -1;

/* ---- the thread ---- */

static void channel_end(struct channel *c)
{
	if (c->own_from)
		fs_close(&c->from);
	c->from = -1;
	if (c->own_to)
		fs_close(&c->to);
	c->to = -1;
	c->n = 0;
}

/* Bytes at the end of a piece that begin a character and do not end it. */
static size_t unfinished(const char *p, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)p[n - back];

		if ((c & 0xC0) == 0x80)
			continue;
		return (c >= 0xF0 ? 4u : c >= 0xE0 ? 3u : c >= 0xC0 ? 2u : 1u) > back ? back : 0;
	}
	return 0;
}

/* How much of n more bytes may still be printed. */
static size_t count(struct streams *s, size_t n)
{
	const uint64_t max = (uint64_t)s->o.output_max, room = max > s->printed ? max - s->printed : 0;

	s->printed += n;
	if (!max || n <= room)
		return n;
	stop_ask(SIGXFSZ);
	return (size_t)room;
}

static void hand_over(struct streams *s, struct channel *c, bool all)
{
	size_t keep = all ? 0 : unfinished(c->piece, c->n);

	if (c->n > keep)
		s->o.seen(s->o.arg, (struct bytes){ c->piece, c->n - keep }, c->is_stderr);
	memmove(c->piece, c->piece + c->n - keep, keep);
	c->n = keep;
}

static void channel_read(struct streams *s, struct channel *c)
{
	const bool seen = s->o.seen && !c->is_input;
	size_t had = seen ? c->n : 0;
	ssize_t n = read(c->from, c->piece + had, PIECE - had);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) { /* EIO: nobody has the other side of the terminal open */
		if (seen && had)
			hand_over(s, c, true);
		if (c->is_input && c->to == s->master) /* the terminal is gone */
			stop_ask(SIGHUP);
		channel_end(c);
		return;
	}
	c->at = 0;
	c->n = had + (c->is_input ? (size_t)n : count(s, (size_t)n));
	if (seen)
		hand_over(s, c, false);
}

static void channel_write(const struct streams *s, struct channel *c)
{
	ssize_t n = write(c->to, c->piece + c->at, c->n);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) { /* its reader is gone: the command's next write fails, too */
		if (c->from == s->master)
			stop_ask(SIGHUP);
		channel_end(c);
		return;
	}
	c->at += (size_t)n;
	c->n -= (size_t)n;
}

static void window_copy(const struct streams *s)
{
	struct winsize w;

	if (s->master >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &w) == 0)
		(void)ioctl(s->master, TIOCSWINSZ, &w);
}

static bool is_busy(const struct streams *s)
{
	for (int i = 0; i < s->n; i++)
		if (!s->channels[i].is_input && s->channels[i].from >= 0)
			return true;
	return false;
}

static void *copy(void *arg)
{
	struct streams *s = arg;
	uint64_t times;

	while (!s->over || is_busy(s)) {
		struct pollfd set[STREAMS + 1];
		bool writes[STREAMS];

		for (int i = 0; i < s->n; i++) {
			struct channel *c = &s->channels[i];

			writes[i] = c->n && c->to >= 0;
			set[i] = (struct pollfd){ writes[i] ? c->to : c->from, writes[i] ? POLLOUT : POLLIN, 0 };
			if (c->is_input && s->over)
				set[i].fd = -1;
		}
		set[s->n] = (struct pollfd){ s->wake, POLLIN, 0 };
		if (poll(set, (nfds_t)s->n + 1, -1) < 0 && errno != EINTR)
			break;
		if (set[s->n].revents && read(s->wake, &times, sizeof(times)) > 0 && window_changed) {
			window_changed = 0;
			window_copy(s);
		}
		for (int i = 0; i < s->n; i++) {
			if (!set[i].revents || set[i].fd < 0)
				continue;
			if (writes[i])
				channel_write(s, &s->channels[i]);
			else
				channel_read(s, &s->channels[i]);
		}
	}
	return NULL;
}

/* ---- what each stream is ---- */

static bool is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

static bool is_pipe(int fd, const struct stat *st)
{
	struct statfs fs;

	return S_ISFIFO(st->st_mode) && fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS_MAGIC;
}

static struct channel *channel_add(struct streams *s, int from, int to)
{
	struct channel *c = &s->channels[s->n++];

	*c = (struct channel){ .from = from, .to = to, .piece = mem_alloc(PIECE) };
	return c;
}

/* A pipe of ours between the command and one of our streams. */
static int add_pipe(struct streams *s, int which, int other, struct err *e)
{
	struct channel *c;
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	if (which == IN) {
		s->inside[IN] = fd[0];
		fcntl(fd[1], F_SETFL, O_NONBLOCK);
		c = channel_add(s, other, fd[1]);
		c->own_to = c->is_input = true;
		return 0;
	}
	s->inside[which] = fd[1];
	c = channel_add(s, fd[0], other);
	c->own_from = true;
	c->is_stderr = which == ERR;
	return 0;
}

static int same_open(int fd, struct err *e)
{
	int n = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return n < 0 ? err_sys(e, "streams") : n;
}

static int plain(struct streams *s, int which, struct err *e)
{
	struct stat st, out;

	if (which != IN && s->o.seen)
		return add_pipe(s, which, -1, e);
	if (fstat(which, &st) < 0 || is_null(&st)) {
		s->inside[which] = open("/dev/null", O_RDWR | O_CLOEXEC);
		return s->inside[which] < 0 ? err_sys(e, "/dev/null") : 0;
	}
	if (which == IN && S_ISDIR(st.st_mode))
		return err_set(e, ERR_USAGE, "stdin is a folder; give a file, a pipe or /dev/null");
	if (is_pipe(which, &st) && !(which != IN && s->o.output_max))
		return s->inside[which] = same_open(which, e);
	if (which == ERR && fstat(OUT, &out) == 0 && st.st_dev == out.st_dev && st.st_ino == out.st_ino && s->inside[OUT] >= 0)
		return s->inside[ERR] = same_open(s->inside[OUT], e);
	return add_pipe(s, which, which, e);
}

/* ---- a terminal ---- */

static void window(int sig)
{
	const uint64_t one = 1;
	int was = errno;

	(void)sig;
	window_changed = 1;
	(void)!write(wake_of_window, &one, sizeof(one));
	errno = was;
}

static bool wants_terminal(const struct streams *s)
{
	return !s->o.no_pty && !s->o.seen && isatty(IN) && isatty(OUT) && tcgetpgrp(IN) == getpgrp();
}

static int terminal(struct streams *s, struct err *e)
{
	struct sigaction act = { .sa_handler = window, .sa_flags = SA_RESTART };
	struct channel *c;
	struct termios raw;
	struct winsize w = { .ws_row = 24, .ws_col = 80 };
	int slave;

	if (tcgetattr(IN, &s->before) < 0)
		return err_sys(e, "the terminal");
	(void)ioctl(IN, TIOCGWINSZ, &w);
	if (openpty(&s->master, &slave, NULL, &s->before, &w) < 0)
		return err_sys(e, "a pseudo-terminal");
	fcntl(s->master, F_SETFD, FD_CLOEXEC);
	fcntl(slave, F_SETFD, FD_CLOEXEC);
	fcntl(s->master, F_SETFL, O_NONBLOCK);
	s->inside[IN] = slave;
	s->inside[OUT] = same_open(slave, e);
	if (s->inside[OUT] < 0)
		return -1;
	c = channel_add(s, IN, s->master);
	c->is_input = true;
	channel_add(s, s->master, OUT);
	raw = s->before;
	cfmakeraw(&raw);
	if (tcsetattr(IN, TCSADRAIN, &raw) < 0)
		return err_sys(e, "the terminal");
	s->is_raw = true;
	wake_of_window = s->wake;
	sigaction(SIGWINCH, &act, NULL);
	return isatty(ERR) ? (s->inside[ERR] = same_open(slave, e)) : plain(s, ERR, e);
}

/* ---- all together ---- */

static int start(struct streams *s, struct err *e)
{
	sigset_t all, before;
	int r;

	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->wake < 0)
		return err_sys(e, "streams");
	if (wants_terminal(s)) {
		if (terminal(s, e) < 0)
			return -1;
	} else {
		for (int i = IN; i < STREAMS; i++)
			if (plain(s, i, e) < 0)
				return -1;
	}
	if (!s->n)
		return 0;
	sigfillset(&all); /* signals are the main thread's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&s->thread, NULL, copy, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		errno = r;
		return err_sys(e, "a thread for the command's output");
	}
	s->has_thread = true;
	return 0;
}

int streams_open(const struct streams_options *o, struct streams **out, struct err *e)
{
	struct streams *s = mem_alloc(sizeof(*s));

	*s = (struct streams){ .o = *o, .inside = { -1, -1, -1 }, .master = -1, .wake = -1 };
	*out = s;
	if (start(s, e) == 0)
		return 0;
	streams_close(out);
	return -1;
}

const int *streams_inside(const struct streams *s)
{
	return s->inside;
}

uint64_t streams_printed(const struct streams *s)
{
	return s->printed;
}

void streams_close(struct streams **at)
{
	struct streams *s = *at;
	const uint64_t one = 1;

	if (!s)
		return;
	*at = NULL;
	for (int i = 0; i < STREAMS; i++)
		fs_close(&s->inside[i]); /* nobody else has them now, so each pipe ends */
	if (s->has_thread) {
		s->over = true;
		(void)!write(s->wake, &one, sizeof(one));
		pthread_join(s->thread, NULL);
	}
	if (s->is_raw) {
		signal(SIGWINCH, SIG_DFL);
		wake_of_window = -1;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &s->before); /* drops answers of the terminal to what was printed */
	}
	for (int i = 0; i < s->n; i++) {
		channel_end(&s->channels[i]);
		free(s->channels[i].piece);
	}
	fs_close(&s->master);
	fs_close(&s->wake);
	free(s);
}
