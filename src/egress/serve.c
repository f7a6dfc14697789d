/*
 * The loop of the egress process: sandboxes hand listeners over, connections are accepted and get a thread each, the owner
 * asks what happened.
 *
 * A listener holds its sandbox's network namespace, so it is closed when the sandbox's first process has ended (pidfd).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/inside.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STACK = 512 << 10, WAIT_MS = 50, CONN_IN_MAX = 256 << 10 };

struct sandbox_in {
	pid_t pid;
	int pidfd;
	int fd[HANDOVER_MAX + 1]; /* as in struct handover; the last may be the UDP socket, with port 0 */
	uint16_t port[HANDOVER_MAX + 1];
	int n;
	volatile int ended;
	int conns;                /* under the lock */
};

struct work {
	struct conn c;
	struct sandbox_in *of;
};

static struct {
	pthread_mutex_t lock;
	int conns;                /* under the lock */
	struct sandbox_in *sandbox[SANDBOXES_MAX];
	int n;
	struct pollfd *set;
	int room;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- one connection ---- */

static void serve_by_port(struct conn *c)
{
	if (c->listener == HANDOVER_PROXY)
		proxy_serve(c);
	else if (c->listener == HANDOVER_DNS)
		dns_serve(c);
	else if (c->listener >= HANDOVER_REGISTRY && c->listener < HANDOVER_REGISTRY + HANDOVER_REGISTRIES)
		gateway_serve(c, c->listener - HANDOVER_REGISTRY);
	else
		transparent_serve(c);
}

static void *thread_run(void *arg)
{
	struct work *w = arg;

	serve_by_port(&w->c);
	close(w->c.fd);
	buf_drop(&w->c.in);
	pthread_mutex_lock(&all.lock);
	all.conns--;
	w->of->conns--;
	pthread_mutex_unlock(&all.lock);
	free(w);
	return NULL;
}

static void start_thread(struct work *w)
{
	pthread_attr_t how;
	pthread_t t;
	int bad;

	pthread_attr_init(&how);
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&how, STACK);
	pthread_mutex_lock(&all.lock);
	all.conns++;
	w->of->conns++;
	pthread_mutex_unlock(&all.lock);
	bad = pthread_create(&t, &how, thread_run, w);
	pthread_attr_destroy(&how);
	if (!bad)
		return;
	pthread_mutex_lock(&all.lock);
	all.conns--;
	w->of->conns--;
	pthread_mutex_unlock(&all.lock);
	close(w->c.fd);
	free(w);
}

static void take_connection(struct sandbox_in *s, int i)
{
	struct sockaddr_storage to = { 0 };
	socklen_t n = sizeof(to);
	int fd = accept4(s->fd[i], NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), port;
	struct work *w;

	if (fd < 0)
		return;
	w = mem_alloc(sizeof(*w));
	*w = (struct work){ .of = s, .c = { .fd = fd, .id = log_next_id(), .pid = s->pid, .listener = s->port[i],
					    .stop = &s->ended, .in = buf_max(CONN_IN_MAX) } };
	if (getsockname(fd, (struct sockaddr *)&to, &n) < 0 || !address_of((struct sockaddr *)&to, &w->c.to, &port)) {
		close(fd);
		free(w);
		return;
	}
	start_thread(w);
}

/* ---- sandboxes ---- */

static void close_listeners(struct sandbox_in *s)
{
	for (int i = 0; i < s->n; i++)
		close(s->fd[i]);
	s->n = 0;
	fs_close(&s->pidfd);
}

/* Those that ended and whose threads are gone. */
static void sweep(void)
{
	pthread_mutex_lock(&all.lock);
	for (int i = 0; i < all.n; i++)
		if (all.sandbox[i]->ended && !all.sandbox[i]->conns) {
			free(all.sandbox[i]);
			all.sandbox[i--] = all.sandbox[--all.n];
		}
	pthread_mutex_unlock(&all.lock);
}

static bool is_tcp_listener(int fd)
{
	int type = 0, yes = 0, domain = 0;
	socklen_t n = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &n) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && type == SOCK_STREAM && yes && domain == AF_INET;
}

/* fds: the pidfd, n listeners, perhaps the UDP socket. */
static bool add_sandbox(const struct handover *h, const int *fds, int n_fds, pid_t pid)
{
	struct sandbox_in *s;
	bool has_dns = false;

	if (h->magic != HANDOVER_MAGIC || h->n > HANDOVER_MAX || all.n == SANDBOXES_MAX)
		return false;
	for (uint32_t i = 0; i < h->n; i++)
		has_dns = has_dns || h->port[i] == HANDOVER_DNS;
	if (n_fds != 1 + (int)h->n + has_dns)
		return false;
	for (uint32_t i = 0; i < h->n; i++)
		if (!is_tcp_listener(fds[1 + i]))
			return false;
	s = mem_alloc(sizeof(*s));
	*s = (struct sandbox_in){ .pid = pid, .pidfd = fds[0], .n = n_fds - 1 };
	for (int i = 0; i < s->n; i++) {
		s->fd[i] = fds[1 + i];
		s->port[i] = i < (int)h->n ? h->port[i] : 0;
	}
	all.sandbox[all.n++] = s;
	return true;
}

static void take_sandbox(int listeners)
{
	struct handover h = { 0 };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE((HANDOVER_MAX + 2) * sizeof(int))];
	} c;
	struct iovec v = { &h, sizeof(h) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof(c.room) };
	int fds[HANDOVER_MAX + 2], n = 0;
	pid_t pid = 0;

	if (recvmsg(listeners, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) != sizeof(h))
		h.magic = 0;
	for (struct cmsghdr *i = CMSG_FIRSTHDR(&m); i; i = CMSG_NXTHDR(&m, i)) {
		if (i->cmsg_level != SOL_SOCKET)
			continue;
		if (i->cmsg_type == SCM_CREDENTIALS) {
			struct ucred u;

			memcpy(&u, CMSG_DATA(i), sizeof(u));
			pid = u.pid;
		} else if (i->cmsg_type == SCM_RIGHTS) {
			n = (int)((i->cmsg_len - CMSG_LEN(0)) / sizeof(int));
			memcpy(fds, CMSG_DATA(i), (size_t)n * sizeof(int));
		}
	}
	if (!add_sandbox(&h, fds, n, pid))
		while (n)
			close(fds[--n]);
}

/* ---- the loop ---- */

static bool has_room(const struct sandbox_in *s)
{
	bool room;

	pthread_mutex_lock(&all.lock);
	room = s->conns < CONNS_EACH && all.conns < CONNS_MAX;
	pthread_mutex_unlock(&all.lock);
	return room;
}

static int fill(int control, int listeners, bool *waits)
{
	int n = 0, want = 2 + all.n * (HANDOVER_MAX + 2);

	if (want > all.room) {
		all.set = mem_grow(all.set, (size_t)want * sizeof(*all.set));
		all.room = want;
	}
	all.set[n++] = (struct pollfd){ control, POLLIN, 0 };
	all.set[n++] = (struct pollfd){ listeners, POLLIN, 0 };
	*waits = false;
	for (int i = 0; i < all.n; i++) {
		struct sandbox_in *s = all.sandbox[i];
		bool room = has_room(s);

		*waits = *waits || !room || s->ended;
		all.set[n++] = (struct pollfd){ s->pidfd, POLLIN, 0 };
		for (int k = 0; k < s->n; k++)
			all.set[n++] = (struct pollfd){ room || !s->port[k] ? s->fd[k] : -1, POLLIN, 0 };
	}
	return n;
}

static void answer_owner(int control)
{
	auto_json *o = log_report();
	auto_buf text = buf_max(64 << 20);
	uint32_t n;
	char c;

	if (read(control, &c, 1) != 1)
		_exit(0);
	json_write(&text, o);
	n = (uint32_t)text.n;
	if (fs_write_all(control, (struct bytes){ (const char *)&n, sizeof(n) }, NULL) < 0 ||
	    fs_write_all(control, buf_bytes(&text), NULL) < 0)
		_exit(0);
}

void serve(int control, int listeners)
{
	for (;;) {
		bool waits;
		int n = fill(control, listeners, &waits), at = 2, known = all.n;

		if (poll(all.set, (nfds_t)n, waits ? WAIT_MS : -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < known; i++) {
			struct sandbox_in *s = all.sandbox[i];
			int fds = s->n;

			if (all.set[at++].revents) {
				s->ended = 1;
				at += fds;
				close_listeners(s);
				continue;
			}
			for (int k = 0; k < fds; k++, at++)
				if (all.set[at].revents & POLLIN && s->port[k])
					take_connection(s, k);
				else if (all.set[at].revents & POLLIN)
					dns_datagram(s->fd[k], s->pid);
		}
		if (all.set[1].revents & POLLIN)
			take_sandbox(listeners);
		if (all.set[0].revents & POLLIN)
			answer_owner(control);
		else if (all.set[0].revents)
			return;
		sweep();
	}
}
