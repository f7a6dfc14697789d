/*
 * Relaying; see relay.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/relay.h"

#include "egress/dial.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

enum { ROOM = 64 << 10, TICK_MS = 500, SEND_MS = 60000 };

struct way {
	int from, to;
	char room[ROOM];
	size_t at, n;      /* what waits to be sent */
	bool ended, shut;  /* nothing more comes; the other side was told */
	uint64_t *count;
	int64_t *left;     /* -1: no limit */
};

static bool may_read(const struct way *w)
{
	return !w->ended && w->n == 0;
}

/* -1: broken. */
static int read_some(struct way *w)
{
	size_t room = *w->left >= 0 && *w->left < ROOM ? (size_t)*w->left : ROOM;
	ssize_t n = recv(w->from, w->room, room, 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	w->ended = n == 0;
	w->at = 0;
	w->n = (size_t)n;
	*w->count += (uint64_t)n;
	if (*w->left >= 0)
		*w->left -= n;
	w->ended = w->ended || *w->left == 0;
	return n > 0;
}

static int write_some(struct way *w)
{
	ssize_t n = send(w->to, w->room + w->at, w->n, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	w->at += (size_t)n;
	w->n -= (size_t)n;
	return 1;
}

/* 1 when something moved, 0, or -1: broken. */
static int step(struct way *w, short from, short to)
{
	int moved = 0;

	if (w->n && (to & (POLLOUT | POLLERR | POLLHUP)))
		moved = write_some(w);
	else if (may_read(w) && (from & (POLLIN | POLLERR | POLLHUP)))
		moved = read_some(w);
	if (moved >= 0 && w->ended && !w->n && !w->shut) {
		/* A body that has its length needs no end told: some servers take that for a client that went away. */
		if (*w->left < 0)
			shutdown(w->to, SHUT_WR);
		w->shut = true;
		moved = 1;
	}
	return moved;
}

const char *relay_run(struct relay *r)
{
	int64_t all = -1, idle = 0;
	struct way up = { .from = r->inner, .to = r->outer, .count = &r->up, .left = &r->up_left },
		   down = { .from = r->outer, .to = r->inner, .count = &r->down, .left = &all };

	up.ended = r->up_left == 0;
	/* The answer's end is the end of a request with a length; else both directions end by themselves. */
	while (!down.shut || (!up.shut && r->up_left < 0)) {
		struct pollfd p[2] = {
			{ r->inner, (short)((may_read(&up) ? POLLIN : 0) | (down.n ? POLLOUT : 0)), 0 },
			{ r->outer, (short)((may_read(&down) ? POLLIN : 0) | (up.n ? POLLOUT : 0)), 0 },
		};
		int a, b;

		/* Nothing wanted of a side: its hang-up would only wake us. */
		for (int i = 0; i < 2; i++)
			if (!p[i].events)
				p[i].fd = -1;
		if (poll(p, 2, TICK_MS) < 0 && errno != EINTR)
			return "broken";
		if (r->stop && *r->stop)
			return "stopped";
		a = step(&up, p[0].revents, p[1].revents);
		b = step(&down, p[1].revents, p[0].revents);
		if (b < 0 || (a < 0 && r->up_left < 0))
			return "broken";
		if (a < 0) /* the server may answer before it has read all */
			up.ended = up.shut = true, up.n = 0;
		idle = a > 0 || b > 0 ? 0 : idle + TICK_MS;
		if (idle >= r->idle_ms)
			return "idle";
		if (r->up + r->down > r->max)
			return "too many bytes";
	}
	return NULL;
}

int relay_send(int fd, const void *p, uint64_t n, const volatile int *stop)
{
	const char *at = p;

	while (n) {
		ssize_t w = send(fd, at, n, MSG_NOSIGNAL);

		if (w > 0) {
			at += w;
			n -= (uint64_t)w;
		} else if (w < 0 && errno != EAGAIN && errno != EINTR) {
			return -1;
		} else if (!dial_wait(fd, POLLOUT, SEND_MS, stop)) {
			return -1;
		}
	}
	return 0;
}
