/*
 * Fetching from registries; see fetch.h.
 *
 * A registry is one that a person configured, so it may stand anywhere, in a company's network as well. Where its index or a
 * redirect leads to (private registries keep files in a cloud's storage) is followed without the token, to public addresses
 * only, and by https unless the registry itself goes without.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/fetch.h"

#include "base/err.h"
#include "egress/host.h"
#include "net/url.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { POOL = 24, FIRST_MS = 60000, STALL_MS = 60000 };

static struct {
	pthread_mutex_t lock;
	struct {
		struct http *h;
		char host[264];
	} idle[POOL];
	unsigned next;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

int fetch_prepare(struct err *e)
{
	struct http *h = NULL;

	if (http_open(&h, e) < 0)
		return -1;
	http_close(&h);
	return 0;
}

/* One that has a connection to that host, if there is one. */
static struct http *take(const char *host, struct err *e)
{
	struct http *h = NULL;

	pthread_mutex_lock(&pool.lock);
	for (int i = 0; i < POOL && !h; i++)
		if (pool.idle[i].h && !strcmp(pool.idle[i].host, host)) {
			h = pool.idle[i].h;
			pool.idle[i].h = NULL;
		}
	pthread_mutex_unlock(&pool.lock);
	if (!h)
		http_open(&h, e);
	return h;
}

static void give_back(struct http *h, const char *host)
{
	struct http *old;
	int at = -1;

	pthread_mutex_lock(&pool.lock);
	for (int i = 0; i < POOL && at < 0; i++)
		at = pool.idle[i].h ? -1 : i;
	at = at < 0 ? (int)(pool.next++ % POOL) : at;
	old = pool.idle[at].h;
	pool.idle[at].h = h;
	snprintf(pool.idle[at].host, sizeof(pool.idle[at].host), "%s", host);
	pthread_mutex_unlock(&pool.lock);
	http_close(&old);
}

struct hop {
	struct fetch *f;
	char location[FETCH_URL_MAX];
	bool public_only;
};

static void keep(char *to, size_t room, struct bytes v)
{
	if (v.n >= room || memchr(v.p, 0, v.n))
		return;
	memcpy(to, v.p, v.n);
	to[v.n] = 0;
}

static bool named(struct bytes name, const char *lower)
{
	return name.n == strlen(lower) && !strncasecmp(name.p, lower, name.n);
}

static void field(void *arg, struct bytes name, struct bytes value)
{
	struct hop *hop = arg;
	struct fetch_head *h = &hop->f->head;
	char number[24] = "";

	if (named(name, "location"))
		keep(hop->location, sizeof(hop->location), value);
	else if (named(name, "content-type"))
		keep(h->type, sizeof(h->type), value);
	else if (named(name, "etag"))
		keep(h->etag, sizeof(h->etag), value);
	else if (named(name, "last-modified"))
		keep(h->modified, sizeof(h->modified), value);
	else if (named(name, "content-encoding"))
		keep(h->encoding, sizeof(h->encoding), value);
	else if (named(name, "content-length")) {
		keep(number, 18, value);
		h->length = *number && strspn(number, "0123456789") == strlen(number) ? (int64_t)strtoll(number, NULL, 10) : -1;
	}
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static int piece(void *arg, const struct http_reply *head, struct bytes p)
{
	struct hop *hop = arg;

	if (is_redirect(head->status))
		return 0;
	hop->f->head.status = head->status;
	return hop->f->piece ? hop->f->piece(hop->f->arg, &hop->f->head, p) : 0;
}

static bool may_dial(void *arg, const struct sockaddr *to)
{
	const struct hop *hop = arg;
	struct address a;
	int port;

	return !hop->public_only || (address_of(to, &a, &port) && address_classify(&a) == ADDRESS_PUBLIC);
}

static int ask(struct hop *hop, const char *url, const char *secret, const char *host, struct http_reply *r, struct err *e)
{
	struct fetch *f = hop->f;
	char accept[600], etag[300], since[100];
	const char *headers[4] = { NULL };
	struct http_ask q = {
		.url = url, .headers = headers, .secret_header = secret, .any_path = true, .head_only = f->head_only,
		.first_ms = FIRST_MS, .stall_ms = STALL_MS, .body_max = f->max, .stop = f->stop, .seen = piece, .field = field,
		.may_dial = may_dial, .arg = hop,
	};
	struct http *h = take(host, e);
	int n = 0, bad;

	if (!h)
		return -1;
	f->head = (struct fetch_head){ .length = -1 };
	hop->location[0] = 0;
	if (f->accept && snprintf(accept, sizeof(accept), "Accept: %s", f->accept) < (int)sizeof(accept))
		headers[n++] = accept;
	if (f->if_none_match && snprintf(etag, sizeof(etag), "If-None-Match: %s", f->if_none_match) < (int)sizeof(etag))
		headers[n++] = etag;
	if (f->if_modified_since && snprintf(since, sizeof(since), "If-Modified-Since: %s", f->if_modified_since) < (int)sizeof(since))
		headers[n++] = since;
	bad = http_send(h, &q, r, e);
	f->head.status = r->status;
	if (bad || r->fault != HTTP_WHOLE)
		http_close(&h);
	else
		give_back(h, host);
	return bad ? -1 : r->fault != HTTP_WHOLE ? err_set(e, ERR_NET, "ended by the client") : 0;
}

/* Where a Location leads: whole, or from the root. */
static int follow(char *url, const char *location, bool tls, struct err *e)
{
	char *root = strstr(url, "://");
	char to[FETCH_URL_MAX];

	if (location[0] == '/' && location[1] != '/' && root) {
		root += 3 + strcspn(root + 3, "/?");
		if (snprintf(to, sizeof(to), "%.*s%s", (int)(root - url), url, location) >= (int)sizeof(to))
			return err_set(e, ERR_NET, "the registry redirects to a URL that is too long");
	} else {
		if (strncasecmp(location, "https://", 8) && (tls || strncasecmp(location, "http://", 7)))
			return err_set(e, ERR_NET, "the registry redirects to something other than https");
		snprintf(to, sizeof(to), "%s", location);
	}
	to[strcspn(to, "#")] = 0;
	strcpy(url, to);
	return 0;
}

int fetch_run(struct fetch *f, struct err *e)
{
	struct url home, now;
	struct hop hop = { .f = f };
	char url[FETCH_URL_MAX], host[264];

	if (strlen(f->url) >= sizeof(url) || url_parse_host(f->home, &home, e) < 0)
		return err_set(e, ERR_INPUT, "no URL of a registry");
	strcpy(url, f->url);
	for (int i = 0; i <= FETCH_REDIRECTS; i++) {
		struct http_reply r;
		bool same;

		if (url_parse_host(url, &now, e) < 0)
			return -1;
		if (home.tls && !now.tls)
			return err_set(e, ERR_NET, "the registry leads to something other than https");
		same = !strcmp(home.host, now.host) && home.port == now.port && home.tls == now.tls;
		hop.public_only = !same;
		snprintf(host, sizeof(host), "%s:%d", now.host, now.port);
		if (ask(&hop, url, same ? f->secret : NULL, host, &r, e) < 0)
			return -1;
		if (!is_redirect(r.status) || !hop.location[0])
			return 0;
		if (follow(url, hop.location, home.tls, e) < 0)
			return -1;
	}
	return err_set(e, ERR_NET, "the registry redirects too often");
}
