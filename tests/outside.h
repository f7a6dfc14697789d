/*
 * A server on this machine's loopback that stands for the outside in tests of egress: a thread for each connection, an
 * answer for each head.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_OUTSIDE_H
#define TESTS_OUTSIDE_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Writes the whole answer; the connection is closed behind it. */
typedef void outside_answer_fn(int fd, const char *request);

struct outside {
	int fd, port;
	outside_answer_fn *answer;
};

struct outside_guest {
	int fd;
	outside_answer_fn *answer;
};

static inline void *outside_serve(void *arg)
{
	struct outside_guest g = *(struct outside_guest *)arg;
	char in[16384];
	size_t n = 0;
	ssize_t r;

	free(arg);
	in[0] = 0;
	while (n < sizeof(in) - 1 && !strstr(in, "\r\n\r\n") && (r = read(g.fd, in + n, sizeof(in) - 1 - n)) > 0) {
		n += (size_t)r;
		in[n] = 0;
	}
	g.answer(g.fd, in);
	shutdown(g.fd, SHUT_WR);
	while (read(g.fd, in, sizeof(in)) > 0)
		;
	close(g.fd);
	return NULL;
}

static inline void *outside_accept(void *arg)
{
	const struct outside *o = arg;

	for (;;) {
		struct outside_guest *g = calloc(1, sizeof(*g));
		pthread_t t;

		if (!g)
			return NULL;
		g->answer = o->answer;
		g->fd = accept(o->fd, NULL, NULL);
		if (g->fd < 0 || pthread_create(&t, NULL, outside_serve, g) != 0)
			free(g);
		else
			pthread_detach(t);
	}
	return NULL;
}

/* For the life of the program; o must stay. */
static inline bool outside_begin(struct outside *o, outside_answer_fn *answer)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	pthread_t t;

	o->answer = answer;
	o->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (o->fd < 0 || bind(o->fd, (struct sockaddr *)&at, n) < 0 || listen(o->fd, 50) < 0 ||
	    getsockname(o->fd, (struct sockaddr *)&at, &n) < 0)
		return false;
	o->port = ntohs(at.sin_port);
	return pthread_create(&t, NULL, outside_accept, o) == 0;
}

#endif
