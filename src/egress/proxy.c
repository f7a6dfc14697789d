/*
 * What a connection to the outside may be: asked of the proxy (CONNECT, or a whole http:// target), or made to an address that
 * stands for a name.
 *
 * All ways come to one: a host and port that the allow-list lets through, dialled by those bytes; then, on port 443 a TLS
 * greeting and on port 80 an HTTP request, which must name the same host. On other ports the greeting is looked at when the
 * client sends one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/inside.h"

#include "base/err.h"
#include "base/fs.h"
#include "egress/dial.h"
#include "egress/head.h"
#include "egress/hello.h"
#include "egress/names.h"
#include "egress/relay.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOT_ALLOWED "is not on the allow-list; allow it with --allow HOST:PORT"

struct target {
	struct host host;
	int port;
	const char *way, *method;
};

static void note(const struct conn *c, const struct target *t, const char *rule, const char *why)
{
	log_note(&(struct note){ .conn = c, .way = t->way, .host = t->host.text, .port = t->port, .method = t->method, .rule = rule,
				 .why = why, .allowed = !why });
}

/* A fatal alert, access_denied (RFC 8446, 6.2): clients say so, instead of "connection reset". */
static void alert(const struct conn *c)
{
	static const char bytes[7] = { 0x15, 3, 1, 0, 2, 2, 49 };

	relay_send(c->fd, bytes, sizeof(bytes), c->stop);
}

/* 1 once there is a whole head, in *h; 0: the client went away; -1: it was answered. */
static int read_head(struct conn *c, const struct target *t, struct head *h)
{
	int64_t left = FIRST_MS;
	struct err why = { 0 };
	int status, r;

	for (int i = 0; i < READS_MAX; i++) {
		r = c->in.n ? head_parse(buf_bytes(&c->in), h, &status, &why) : 0;
		if (r > 0)
			return 1;
		if (r < 0) {
			log_note(&(struct note){ .conn = c, .way = t->way, .host = t->host.text, .port = t->port, .why = why.text });
			answer_status(c, status, why.text);
			return -1;
		}
		r = conn_read(c, HEAD_MAX + 1, &left);
		if (r <= 0)
			break;
	}
	if (c->in.n)
		answer_status(c, 408, "the request did not come whole");
	return c->in.n ? -1 : 0;
}

static const struct allow_rule *check(struct conn *c, const struct target *t)
{
	const struct allow_rule *r = allow_host(&the_policy.allow, &t->host, t->port);

	if (!r)
		note(c, t, NULL, NOT_ALLOWED);
	return r;
}

/* Dials what was checked; says why not, to the log alone. */
static int reach(struct conn *c, const struct target *t, const struct allow_rule *rule, struct err *e)
{
	int fd = dial(&the_policy.allow, &t->host, t->port, c->stop, e);

	if (fd >= 0 || e->code == ERR_DENIED)
		note(c, t, rule->text, fd >= 0 ? NULL : e->text);
	else /* allowed, but not there */
		log_note(&(struct note){ .conn = c, .way = t->way, .host = t->host.text, .port = t->port, .method = t->method,
					 .rule = rule->text, .why = e->text, .allowed = true });
	return fd;
}

static void run(struct conn *c, int fd, int64_t up_left)
{
	struct relay r = { .inner = c->fd, .outer = fd, .up_left = up_left, .max = the_policy.bytes_max, .idle_ms = IDLE_MS,
			   .stop = c->stop };
	const char *why = relay_run(&r);

	c->up += r.up;
	c->down += r.down;
	log_end(c, why);
}

/* Passes on what was read already, up to max. */
static int pass_on(struct conn *c, int fd, uint64_t max)
{
	uint64_t n = c->in.n < max ? c->in.n : max;

	if (n && relay_send(fd, c->in.p, n, c->stop) < 0)
		return -1;
	c->up += n;
	return 0;
}

/* ---- HTTP ---- */

/* The request that was read, to a server that was reached. */
static void exchange(struct conn *c, const struct head *h, int fd)
{
	auto_buf head = buf_max(HEAD_MAX + 1024);
	uint64_t early;

	if (head_write(h, &head, NULL) < 0 || relay_send(fd, head.p, head.n, c->stop) < 0)
		return;
	c->up += head.n;
	buf_eat(&c->in, h->size);
	early = c->in.n < (uint64_t)h->length ? c->in.n : (uint64_t)h->length;
	if (pass_on(c, fd, early) == 0)
		run(c, fd, h->length - (int64_t)early);
}

static void method_of(const struct head *h, char out[24])
{
	snprintf(out, 24, "%.*s", (int)h->method.n, h->method.p);
}

static void http_request(struct conn *c, const struct head *h)
{
	char method[24];
	struct target t = { h->host, h->port, "http", method };
	const struct allow_rule *rule;
	struct err e = { 0 };
	auto_fd fd = -1;

	method_of(h, method);
	rule = check(c, &t);
	if (!rule) {
		answer_status(c, 403, "this host is not allowed here");
		return;
	}
	fd = reach(c, &t, rule, &e);
	if (fd < 0)
		answer_status(c, e.code == ERR_DENIED ? 403 : 502, e.code == ERR_DENIED ? "this host is not allowed here" :
			      "the host cannot be reached");
	else
		exchange(c, h, fd);
}

/* On port 80, behind a CONNECT or to an address that stands for a name: the request must be for it. */
static void http_within(struct conn *c, const struct target *t, int *fd)
{
	struct head h;
	char method[24];
	struct target asked = *t;

	if (read_head(c, t, &h) <= 0)
		return;
	method_of(&h, method);
	if (h.form == HEAD_CONNECT || !h.has_host || !host_equal(&h.host, &t->host) || h.port != t->port) {
		asked.host = h.host;
		asked.port = h.port;
		asked.method = method;
		note(c, &asked, NULL, "the request names another host than the one that was connected to");
		answer_status(c, 421, "the request names another host than the one that was connected to");
		return;
	}
	if (*fd < 0) {
		http_request(c, &h);
		return;
	}
	exchange(c, &h, *fd);
}

/* ---- TLS and the rest ---- */

/* 1: the greeting is for that host; 0: nothing came; -1: it is not, and was refused. */
static int read_hello(struct conn *c, const struct target *t)
{
	int64_t left = FIRST_MS;
	struct hello hello = { 0 };
	struct err why = { 0 };

	for (int i = 0; i < READS_MAX; i++) {
		int r = c->in.n ? hello_parse(buf_bytes(&c->in), &hello, &why) : 0;
		struct target asked = *t;

		if (r > 0 && (t->host.kind == HOST_NAME ? hello.has_name && host_equal(&hello.name, &t->host) : !hello.has_name))
			return 1;
		if (r) {
			if (hello.has_name)
				asked.host = hello.name;
			asked.way = "tls";
			note(c, &asked, NULL, r < 0 ? why.text : hello.has_name ?
			     "TLS asks for another host than the one that was connected to" : "TLS names no host");
			alert(c);
			return -1;
		}
		if (conn_read(c, HELLO_MAX, &left) <= 0)
			break;
	}
	return c->in.n ? -1 : 0;
}

/* On other ports: whoever speaks first. A TLS greeting must be for the host. */
static int read_first(struct conn *c, const struct target *t, int fd)
{
	struct pollfd p[2] = { { c->fd, POLLIN, 0 }, { fd, POLLIN, 0 } };
	int64_t left = FIRST_MS;

	for (int64_t waited = 0; !c->in.n && waited < IDLE_MS && !*c->stop; waited += 500)
		if (poll(p, 2, 500) > 0)
			break;
	if (!c->in.n && p[0].revents && conn_read(c, HELLO_MAX, &left) < 0)
		return -1;
	return hello_is_tls(buf_bytes(&c->in)) ? read_hello(c, t) : 1;
}

/* Behind a CONNECT that was granted: fd is connected. */
static void tunnel(struct conn *c, const struct target *t, int *fd)
{
	if (t->port == 80) {
		http_within(c, t, fd);
		return;
	}
	if ((t->port == 443 ? read_hello(c, t) : read_first(c, t, *fd)) <= 0)
		return;
	if (pass_on(c, *fd, UINT64_MAX) == 0)
		run(c, *fd, -1);
}

static void connect_request(struct conn *c, const struct head *h)
{
	static const char granted[] = "HTTP/1.1 200 Connection established\r\n\r\n";
	struct target t = { h->host, h->port, "connect", NULL };
	const struct allow_rule *rule = check(c, &t);
	struct err e = { 0 };
	auto_fd fd = -1;

	if (!rule) {
		answer_status(c, 403, "this host is not allowed here");
		return;
	}
	fd = reach(c, &t, rule, &e);
	if (fd < 0) {
		answer_status(c, e.code == ERR_DENIED ? 403 : e.code == ERR_TIMEOUT ? 504 : 502,
			      e.code == ERR_DENIED ? "this host is not allowed here" : "the host cannot be reached");
		return;
	}
	buf_eat(&c->in, h->size);
	if (relay_send(c->fd, granted, sizeof(granted) - 1, c->stop) == 0)
		tunnel(c, &t, &fd);
}

/* A client that asks for loopback by way of the proxy, since it knows no no_proxy. */
static int own_registry(const struct head *h)
{
	bool here = h->form == HEAD_ABSOLUTE && (!strcmp(h->host.text, "127.0.0.1") || !strcmp(h->host.text, "localhost"));

	return here && h->port >= HANDOVER_REGISTRY && h->port < HANDOVER_REGISTRY + HANDOVER_REGISTRIES ?
	       h->port - HANDOVER_REGISTRY : -1;
}

void proxy_serve(struct conn *c)
{
	struct target t = { .way = "http" };
	struct head h;

	if (read_head(c, &t, &h) <= 0)
		return;
	if (h.form == HEAD_CONNECT)
		connect_request(c, &h);
	else if (own_registry(&h) >= 0)
		gateway_serve(c, own_registry(&h));
	else if (h.form == HEAD_ABSOLUTE)
		http_request(c, &h);
	else
		answer_status(c, 400, "this is a proxy: it wants CONNECT, or a whole http:// target");
}

void transparent_serve(struct conn *c)
{
	struct target t = { .port = c->listener, .way = c->listener == 80 ? "http" : c->listener == 443 ? "tls" : "tcp" };
	const struct allow_rule *rule;
	struct err e = { 0 };
	auto_fd fd = -1;
	char text[INET6_ADDRSTRLEN];
	uint32_t ip = (uint32_t)c->to.b[0] << 24 | (uint32_t)c->to.b[1] << 16 | (uint32_t)c->to.b[2] << 8 | c->to.b[3];

	if (!names_host(ip, &t.host)) {
		strcpy(t.host.text, address_text(&c->to, text));
		note(c, &t, NULL, "the address stands for no name");
		return;
	}
	if (t.port == 80) {
		http_within(c, &t, &fd);
		return;
	}
	rule = check(c, &t);
	if (!rule) {
		if (t.port == 443)
			alert(c);
		return;
	}
	if (t.port == 443 && read_hello(c, &t) <= 0)
		return;
	fd = reach(c, &t, rule, &e);
	if (fd < 0)
		return;
	if (t.port != 443 && read_first(c, &t, fd) <= 0)
		return;
	if (pass_on(c, fd, UINT64_MAX) == 0)
		run(c, fd, -1);
}
