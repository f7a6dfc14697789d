/*
 * Short answers: DNS, and the line of text that an HTTP client gets when there is no more to say.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "egress/dial.h"
#include "egress/dns.h"
#include "egress/names.h"
#include "egress/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>

enum { DNS_IDLE_MS = 10000, DNS_EACH = 64, DRAIN_MS = 1000, DRAIN_MAX = 256 << 10 };

/* ---- DNS ---- */

/* Names that programs ask for by themselves and that lead nowhere: not worth a line. */
static bool is_noise(const struct host *h)
{
	size_t n = strlen(h->text);

	return !strcmp(h->text, "localhost") || (n > 5 && !strcmp(h->text + n - 5, ".arpa"));
}

static size_t decide(struct bytes in, pid_t pid, unsigned char out[DNS_MAX])
{
	struct dns_question q;
	uint32_t ip = 0;
	enum dns_answer answer = DNS_NO_NAME;

	if (dns_parse(in, &q, NULL) < 0)
		return 0;
	if (q.has_host && !strcmp(q.host.text, "localhost")) {
		ip = 0x7f000001;
		answer = DNS_ADDRESS;
	} else if (q.has_host && allow_name(&the_policy.allow, &q.host)) {
		ip = names_address(&q.host);
		answer = ip ? DNS_ADDRESS : DNS_FAILED;
	} else if (!q.has_host || !is_noise(&q.host)) {
		log_note(&(struct note){ .pid = pid, .way = "dns", .host = q.has_host ? q.host.text : "(no host's name)",
					 .why = "the name is not on the allow-list; allow it with --allow NAME" });
	}
	if (answer == DNS_ADDRESS && (q.type != DNS_TYPE_A || q.class != 1))
		answer = DNS_EMPTY;
	return dns_reply(in, &q, answer, ip, out);
}

void dns_datagram(int fd, pid_t pid)
{
	char in[DNS_MAX * 4];
	unsigned char out[DNS_MAX];
	struct sockaddr_storage from;

	for (int i = 0; i < DNS_EACH; i++) { /* then others have their turn */
		socklen_t size = sizeof(from);
		ssize_t n = recvfrom(fd, in, sizeof(in), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
		size_t reply;

		if (n < 0)
			return;
		reply = decide((struct bytes){ in, (size_t)n }, pid, out);
		if (reply)
			(void)!sendto(fd, out, reply, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&from, size);
	}
}

void dns_serve(struct conn *c)
{
	unsigned char out[2 + DNS_MAX];

	for (int i = 0; i < DNS_EACH; i++) {
		int64_t left = DNS_IDLE_MS;
		size_t want = 2, n;

		while (c->in.n < want) {
			if (conn_read(c, 2 + DNS_MAX * 4, &left) <= 0)
				return;
			if (c->in.n >= 2)
				want = 2 + ((size_t)(unsigned char)c->in.p[0] << 8 | (unsigned char)c->in.p[1]);
			if (want > 2 + DNS_MAX * 4)
				return;
		}
		n = decide((struct bytes){ c->in.p + 2, want - 2 }, c->pid, out + 2);
		if (!n)
			return;
		out[0] = (unsigned char)(n >> 8);
		out[1] = (unsigned char)n;
		if (relay_send(c->fd, out, n + 2, c->stop) < 0)
			return;
		buf_eat(&c->in, want);
	}
}

/* ---- HTTP ---- */

int conn_read(struct conn *c, size_t max, int64_t *left_ms)
{
	size_t room = max > c->in.n ? max - c->in.n : 0;
	int64_t began = clock_mono_ms();
	ssize_t n;
	char *to;

	if (room > 32 << 10)
		room = 32 << 10;
	to = room ? buf_room(&c->in, room) : NULL;
	if (!to || *left_ms <= 0)
		return -1;
	for (;;) {
		n = recv(c->fd, to, room, 0);
		if (n >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
		if (!dial_wait(c->fd, POLLIN, *left_ms - (clock_mono_ms() - began), c->stop))
			return -1;
	}
	*left_ms -= clock_mono_ms() - began;
	if (n > 0)
		c->in.n += (size_t)n;
	return n > 0 ? 1 : n == 0 ? 0 : -1;
}

static const char *phrase(int status)
{
	switch (status) {
	case 200: return "OK";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 408: return "Request Timeout";
	case 411: return "Length Required";
	case 414: return "URI Too Long";
	case 421: return "Misdirected Request";
	case 431: return "Request Header Fields Too Large";
	case 502: return "Bad Gateway";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	default: return "Error";
	}
}

void answer_status(struct conn *c, int status, const char *text)
{
	char head[256];
	int64_t left = DRAIN_MS;
	int n = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n"
			 "Connection: close\r\n\r\n", status, phrase(status), strlen(text) + 1);

	if (relay_send(c->fd, head, (uint64_t)n, c->stop) < 0 || relay_send(c->fd, text, strlen(text), c->stop) < 0 ||
	    relay_send(c->fd, "\n", 1, c->stop) < 0)
		return;
	/* What is still on its way would make the kernel reset the connection, and the client would not see the answer. */
	shutdown(c->fd, SHUT_WR);
	for (size_t drained = 0; drained < DRAIN_MAX; drained += c->in.n) {
		buf_clear(&c->in);
		if (conn_read(c, 32 << 10, &left) <= 0)
			return;
	}
}
