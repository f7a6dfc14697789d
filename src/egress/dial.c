/*
 * Connections to the outside; see dial.h.
 *
 * What a resolver says is remembered for a minute, so that a name whose owner changes its address between check and use
 * (DNS rebinding) gains nothing: the address that was checked is the one in the sockaddr that is connected to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/dial.h"

#include "base/clock.h"
#include "base/err.h"
#include "egress/login.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ADDRESSES = 8, CACHED = 256, KEEP_MS = 60000, CONNECT_MS = 10000, TICK_MS = 200, REPLY_MAX = 16 << 10 };

struct answer {
	char name[HOST_TEXT_MAX + 1];
	struct address a[ADDRESSES];
	int n;
	int64_t until;
};

static struct {
	pthread_mutex_t lock;
	struct answer answer[CACHED];
	unsigned next, known; /* known: those that stay */
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The machine's proxy; set before there are threads. */
static struct {
	bool is_set;
	struct host host;
	int port;
	char *login; /* "Proxy-Authorization: ..."; NULL: none */
	char *direct; /* no_proxy */
} outer;

bool dial_wait(int fd, short events, int64_t ms, const volatile int *stop)
{
	struct pollfd p = { fd, events, 0 };

	for (; ms > 0; ms -= TICK_MS) {
		int n = poll(&p, 1, ms < TICK_MS ? (int)ms : TICK_MS);

		if (n > 0)
			return true;
		if ((n < 0 && errno != EINTR) || (stop && *stop))
			return false;
	}
	return false;
}

int dial_know(const char *line, struct err *e)
{
	const char *space = strchr(line, ' ');
	struct answer *to = &cache.answer[cache.next % CACHED];
	struct host name, address;

	if (!space || cache.next >= CACHED / 2 || host_parse((struct bytes){ line, (size_t)(space - line) }, &name, NULL) < 0 ||
	    host_parse(bytes_of(space + 1), &address, NULL) < 0 || name.kind != HOST_NAME || address.kind == HOST_NAME)
		return err_set(e, ERR_USAGE, "egress: a known host is NAME ADDRESS, not %.200s", line);
	*to = (struct answer){ .a = { address.address }, .n = 1, .until = INT64_MAX };
	strcpy(to->name, name.text);
	cache.known = ++cache.next;
	return 0;
}

static bool recall(const struct host *h, struct answer *out)
{
	bool found = false;

	pthread_mutex_lock(&cache.lock);
	for (int i = 0; i < CACHED && !found; i++)
		if (cache.answer[i].until > clock_mono_ms() && !strcmp(cache.answer[i].name, h->text)) {
			*out = cache.answer[i];
			found = true;
		}
	pthread_mutex_unlock(&cache.lock);
	return found;
}

static int look_up(const struct host *h, struct answer *out, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC }, *list = NULL;
	char rooted[HOST_TEXT_MAX + 2];
	int bad, port;

	if (recall(h, out))
		return 0;
	*out = (struct answer){ .until = clock_mono_ms() + KEEP_MS };
	strcpy(out->name, h->text);
	/* With a dot behind it, no search list turns the name into another one. */
	snprintf(rooted, sizeof(rooted), strchr(h->text, '.') ? "%s." : "%s", h->text);
	bad = getaddrinfo(rooted, NULL, &hints, &list);
	if (bad == EAI_NONAME && strchr(h->text, '.')) /* /etc/hosts knows names without a dot at their end alone */
		bad = getaddrinfo(h->text, NULL, &hints, &list);
	if (bad)
		return err_set(e, ERR_NET, "no address of %s: %s", h->text, gai_strerror(bad));
	for (struct addrinfo *i = list; i && out->n < ADDRESSES; i = i->ai_next)
		out->n += address_of(i->ai_addr, &out->a[out->n], &port);
	freeaddrinfo(list);
	pthread_mutex_lock(&cache.lock);
	cache.answer[cache.known + cache.next++ % (CACHED - cache.known)] = *out;
	pthread_mutex_unlock(&cache.lock);
	return 0;
}

/* Whether both ends of the connection are this machine's, by a public address of its own. */
static bool is_ourselves(int fd, const struct address *a)
{
	struct sockaddr_storage s = { 0 };
	struct address own;
	socklen_t n = sizeof(s);
	int port;

	return getsockname(fd, (struct sockaddr *)&s, &n) < 0 ||
	       (address_of((struct sockaddr *)&s, &own, &port) && address_equal(&own, a));
}

static int connect_to(const struct address *a, int port, const volatile int *stop, struct err *e)
{
	struct sockaddr_storage s;
	socklen_t n = address_to(a, port, &s), size = sizeof(int);
	int fd = socket(a->is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), bad = 0;

	if (fd < 0)
		return err_sys(e, "a socket");
	if (connect(fd, (struct sockaddr *)&s, n) < 0 && errno != EINPROGRESS) {
		err_sys(e, "connect");
	} else if (!dial_wait(fd, POLLOUT, CONNECT_MS, stop)) {
		err_set(e, ERR_TIMEOUT, "no connection within %d s", CONNECT_MS / 1000);
	} else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &bad, &size) < 0 || bad) {
		errno = bad;
		err_sys(e, "connect");
	} else {
		return fd;
	}
	close(fd);
	if (e && e->code != ERR_TIMEOUT)
		e->code = ERR_NET;
	return -1;
}

static int dial_addresses(const struct allow_list *l, const struct host *h, int port, const struct answer *found,
			  const volatile int *stop, struct err *e)
{
	const char *refused = "it has no address";

	for (int i = 0; i < found->n; i++) {
		const char *why = allow_address(l, &found->a[i], port);
		int fd;

		if (why) {
			refused = why;
			continue;
		}
		refused = NULL;
		fd = connect_to(&found->a[i], port, stop, e);
		if (fd >= 0 && address_classify(&found->a[i]) == ADDRESS_PUBLIC && is_ourselves(fd, &found->a[i])) {
			close(fd);
			fd = -1;
			refused = "its address is this machine's own, and is not named";
		}
		if (fd >= 0)
			return fd;
	}
	if (refused)
		return err_set(e, ERR_DENIED, "%s:%d: %s", h->text, port, refused);
	return err_wrap(e, "%s:%d", h->text, port);
}

/* ---- through the machine's own proxy ---- */

static const char *setting(const char *lower, const char *upper)
{
	const char *v = getenv(lower);

	return v && *v ? v : getenv(upper);
}

int dial_take_proxy(struct err *e)
{
	const char *url = setting("https_proxy", "HTTPS_PROXY"), *at, *direct = setting("no_proxy", "NO_PROXY");
	struct err why = { 0 };
	size_t n;

	if (!url || !*url)
		url = setting("all_proxy", "ALL_PROXY");
	if (!url || !*url)
		return 0;
	if (!strncmp(url, "http://", 7))
		url += 7;
	else if (strstr(url, "://"))
		return err_set(e, ERR_USAGE, "the machine's proxy (https_proxy) must be http://HOST:PORT");
	n = strcspn(url, "/");
	at = memrchr(url, '@', n);
	if (at) {
		outer.login = login_of_url("Proxy-Authorization", (struct bytes){ url, (size_t)(at - url) });
		if (!outer.login)
			return err_set(e, ERR_SYS, "no memory for the machine's proxy");
		n -= (size_t)(at + 1 - url);
		url = at + 1;
	}
	if (host_port_parse((struct bytes){ url, n }, 3128, &outer.host, &outer.port, &why) < 0)
		return err_set(e, ERR_USAGE, "the machine's proxy (https_proxy): %s", why.text);
	outer.direct = strdup(direct ? direct : "");
	outer.is_set = true;
	return 0;
}

/* no_proxy: names and the names beneath them, between commas; * is all. */
static bool is_direct(const struct host *h)
{
	size_t len = strlen(h->text);

	if (!outer.is_set || h->kind != HOST_NAME)
		return true;
	for (const char *p = outer.direct; *p;) {
		size_t n = strcspn(p, ", ");
		const char *name = *p == '.' && n ? p + 1 : p;
		size_t m = n - (size_t)(name - p);

		if (n == 1 && *p == '*')
			return true;
		if (m && m <= len && !strncasecmp(h->text + len - m, name, m) && (m == len || h->text[len - m - 1] == '.'))
			return true;
		p += n;
		p += strspn(p, ", ");
	}
	return false;
}

static int send_text(int fd, const char *text, const volatile int *stop)
{
	size_t n = strlen(text);

	while (n) {
		ssize_t w = send(fd, text, n, MSG_NOSIGNAL);

		if (w > 0) {
			text += w;
			n -= (size_t)w;
		} else if (w < 0 && errno != EAGAIN && errno != EINTR) {
			return -1;
		} else if (!dial_wait(fd, POLLOUT, CONNECT_MS, stop)) {
			return -1;
		}
	}
	return 0;
}

/* One byte at a time: what comes behind the head is not ours. */
static int read_reply(int fd, const volatile int *stop)
{
	char text[REPLY_MAX];
	size_t n = 0;

	while (n < sizeof(text) - 1) {
		ssize_t r;

		if (!dial_wait(fd, POLLIN, CONNECT_MS, stop))
			return -1;
		r = recv(fd, text + n, 1, 0);
		if (r == 0 || (r < 0 && errno != EAGAIN && errno != EINTR))
			return -1;
		n += r > 0;
		if (n >= 4 && !memcmp(text + n - 4, "\r\n\r\n", 4)) {
			text[n] = 0;
			return n > 12 && !memcmp(text, "HTTP/1.", 7) ? atoi(text + 9) : -1;
		}
	}
	return -1;
}

static int dial_outer(const struct host *h, int port, const volatile int *stop, struct err *e)
{
	struct answer found = { 0 };
	char target[272], ask[600];
	int fd = -1, status;

	found.n = outer.host.kind != HOST_NAME;
	found.a[0] = outer.host.address;
	if (!found.n && look_up(&outer.host, &found, e) < 0)
		return err_wrap(e, "the machine's proxy");
	for (int i = 0; i < found.n && fd < 0; i++)
		fd = connect_to(&found.a[i], outer.port, stop, e);
	if (fd < 0)
		return err_wrap(e, "the machine's proxy");
	host_port_text(h, port, target);
	snprintf(ask, sizeof(ask), "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", target, target);
	status = send_text(fd, ask, stop) < 0 || (outer.login && (send_text(fd, outer.login, stop) < 0 || send_text(fd, "\r\n", stop) < 0)) ||
		 send_text(fd, "\r\n", stop) < 0 ? -1 : read_reply(fd, stop);
	if (status / 100 == 2)
		return fd;
	close(fd);
	return err_set(e, ERR_NET, "the machine's proxy answers %d for %s", status, target);
}

int dial(const struct allow_list *l, const struct host *h, int port, const volatile int *stop, struct err *e)
{
	struct answer found = { .n = 1 };

	if (!is_direct(h))
		return dial_outer(h, port, stop, e);
	found.a[0] = h->address;
	if (h->kind == HOST_NAME && look_up(h, &found, e) < 0)
		return -1;
	return dial_addresses(l, h, port, &found, stop, e);
}
