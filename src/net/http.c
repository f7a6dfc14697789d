/*
 * HTTP over libcurl.
 *
 * The multi interface is used for its poll, so that a stop flag is seen while a model thinks; there is one handle and
 * one connection. Waiting is measured by the polls themselves, never by reading a clock: a test that holds the clock
 * still must not hold a stalled peer for ever.
 *
 * A body is sent from where its pieces lie. Only small ones are joined, since libcurl then sends head and body at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/http.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/url.h"

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

enum { TICK_MS = 100, JOIN_MAX = 48 << 10, ENOUGH_MS = 1000 };

#define FUNCTIONS(X) \
	X(curl_global_init) X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_getinfo) X(curl_easy_cleanup) \
	X(curl_easy_reset) X(curl_easy_strerror) X(curl_multi_init) X(curl_multi_add_handle) \
	X(curl_multi_remove_handle) X(curl_multi_perform) X(curl_multi_poll) X(curl_multi_timeout) \
	X(curl_multi_info_read) X(curl_multi_cleanup) X(curl_multi_setopt)

static struct {
	void *library;
#define MEMBER(f) __typeof__(f) *f;
	FUNCTIONS(MEMBER)
} lib;

struct http {
	CURLM *multi;
	CURL *easy;
	int64_t connections;
	char why[CURL_ERROR_SIZE];
};

static int load(struct err *e)
{
	static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4" };
	void *so = NULL;

	if (lib.library)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !so; i++)
		so = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
	if (!so)
		return err_set(e, ERR_NOT_FOUND, "libcurl is not installed; run: apt-get install libcurl4");
#define FIND(f) \
	if (!(*(void **)&lib.f = dlsym(so, #f))) { \
		dlclose(so); \
		return err_set(e, ERR_NOT_FOUND, "libcurl has no " #f "; version 7.85 or later is needed"); \
	}
	FUNCTIONS(FIND)
	if (lib.curl_global_init(CURL_GLOBAL_NOTHING)) {
		dlclose(so);
		return err_set(e, ERR_SYS, "libcurl does not start");
	}
	lib.library = so;
	return 0;
}

int http_open(struct http **out, struct err *e)
{
	struct http *h;

	if (load(e) < 0)
		return -1;
	h = mem_alloc(sizeof(*h));
	*h = (struct http){ .multi = lib.curl_multi_init(), .easy = lib.curl_easy_init() };
	if (!h->multi || !h->easy) {
		http_close(&h);
		return err_set(e, ERR_SYS, "libcurl does not start");
	}
	lib.curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, 1L);
	*out = h;
	return 0;
}

void http_close(struct http **h)
{
	if (!*h)
		return;
	if ((*h)->easy)
		lib.curl_easy_cleanup((*h)->easy);
	if ((*h)->multi)
		lib.curl_multi_cleanup((*h)->multi);
	free(*h);
	*h = NULL;
}

int64_t http_connections(const struct http *h)
{
	return h ? h->connections : 0;
}

/* --- one request --- */

struct run {
	const struct http_ask *q;
	struct http_reply r;
	struct url url;
	uint64_t body_max, total;      /* total: of the request's body */
	int at;                        /* piece being sent, and how far */
	size_t off;
	size_t head;                   /* bytes of header lines that came */
	bool moved;                    /* something came since the last look */
	enum http_fault fault;         /* decided by us */
	bool joined_body;
	bool is_direct;                /* no proxy stands between */
	struct buf joined;
};

static size_t give(char *to, size_t size, size_t count, void *arg)
{
	struct run *r = arg;
	size_t room = size * count, n = 0;

	while (n < room && r->at < r->q->n_pieces) {
		struct bytes p = r->q->piece[r->at];
		size_t left = p.n - r->off, take = left < room - n ? left : room - n;

		if (take)
			memcpy(to + n, p.p + r->off, take);
		n += take;
		r->off += take;
		if (r->off == p.n) {
			r->at++;
			r->off = 0;
		}
	}
	r->moved = true;
	return n;
}

/* A kept connection may turn out dead when the request is half sent: libcurl then starts anew. */
static int rewind_body(void *arg, curl_off_t to, int origin)
{
	struct run *r = arg;

	if (to != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	r->at = 0;
	r->off = 0;
	return CURL_SEEKFUNC_OK;
}

int64_t http_retry_after_parse(struct bytes in, int64_t now_ms)
{
	char text[64], *end;
	struct tm tm = { 0 };
	int64_t at;

	while (in.n && (in.p[in.n - 1] == ' ' || in.p[in.n - 1] == '\r' || in.p[in.n - 1] == '\n'))
		in.n--;
	while (in.n && *in.p == ' ') {
		in.p++;
		in.n--;
	}
	if (!in.n || in.n >= sizeof(text))
		return -1;
	memcpy(text, in.p, in.n);
	text[in.n] = 0;
	if (*text >= '0' && *text <= '9') {
		double s = strtod(text, &end);

		return *end || !(s >= 0) ? -1 : s > 1e9 ? (int64_t)1e12 : (int64_t)(s * 1000);
	}
	end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!end || *end)
		return -1;
	at = (int64_t)timegm(&tm) * 1000;
	return at > now_ms ? at - now_ms : 0;
}

static void copy_word(char *to, size_t room, const char *from, size_t n, bool lower)
{
	size_t i;

	for (i = 0; i < n && i + 1 < room && from[i] != ';' && from[i] != '\r' && from[i] != '\n'; i++)
		to[i] = lower && from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] + 32) : from[i];
	while (i && to[i - 1] == ' ')
		i--;
	to[i] = 0;
}

static size_t head_line(char *p, size_t size, size_t count, void *arg)
{
	struct run *r = arg;
	size_t n = size * count, name;
	const char *colon, *value;

	r->moved = true;
	r->head += n;
	if (r->head > HTTP_HEADERS_MAX) {
		r->fault = HTTP_TOO_LARGE;
		return 0;
	}
	if (n > 12 && !strncasecmp(p, "HTTP/", 5)) { /* a new head: 100 Continue, a proxy's answer, then the real one */
		const char *sp = memchr(p, ' ', n);

		r->r.status = sp ? atoi(sp + 1) : 0;
		r->r.type[0] = r->r.encoding[0] = r->r.location[0] = 0;
		r->r.retry_after_ms = -1;
		return n;
	}
	colon = memchr(p, ':', n);
	if (!colon)
		return n;
	name = (size_t)(colon - p);
	for (value = colon + 1; value < p + n && *value == ' ';)
		value++;
	if (r->q->field) {
		size_t len = (size_t)(p + n - value);

		while (len && (value[len - 1] == '\r' || value[len - 1] == '\n' || value[len - 1] == ' '))
			len--;
		r->q->field(r->q->arg, (struct bytes){ p, name }, (struct bytes){ value, len });
	}
	if (name == 12 && !strncasecmp(p, "Content-Type", 12))
		copy_word(r->r.type, sizeof(r->r.type), value, (size_t)(p + n - value), true);
	else if (name == 16 && !strncasecmp(p, "Content-Encoding", 16))
		copy_word(r->r.encoding, sizeof(r->r.encoding), value, (size_t)(p + n - value), true);
	else if (name == 8 && !strncasecmp(p, "Location", 8))
		copy_word(r->r.location, sizeof(r->r.location), value, (size_t)(p + n - value), false);
	else if (name == 11 && !strncasecmp(p, "Retry-After", 11))
		r->r.retry_after_ms =
			http_retry_after_parse((struct bytes){ value, (size_t)(p + n - value) }, clock_now().ms);
	return n;
}

static size_t body_piece(char *p, size_t size, size_t count, void *arg)
{
	struct run *r = arg;
	size_t n = size * count;

	r->moved = true;
	r->r.body += n;
	if (r->r.body > r->body_max) {
		r->fault = HTTP_TOO_LARGE;
		return 0;
	}
	if (r->q->seen && r->q->seen(r->q->arg, &r->r, (struct bytes){ p, n }) < 0) {
		r->fault = HTTP_ENDED;
		return 0;
	}
	return n;
}

#define SET(option, value) lib.curl_easy_setopt(c, CURLOPT_##option, value)

static void set_body(struct http *h, struct run *r)
{
	CURL *c = h->easy;

	for (int i = 0; i < r->q->n_pieces; i++)
		r->total += r->q->piece[i].n;
	SET(POST, 1L);
	SET(POSTFIELDSIZE_LARGE, (curl_off_t)r->total);
	if (r->total <= JOIN_MAX) {
		for (int i = 0; i < r->q->n_pieces; i++)
			buf_add(&r->joined, r->q->piece[i].p, r->q->piece[i].n);
		r->joined_body = true;
		SET(POSTFIELDS, buf_str(&r->joined));
		return;
	}
	SET(POSTFIELDS, NULL);
	SET(READFUNCTION, give);
	SET(READDATA, r);
	SET(SEEKFUNCTION, rewind_body);
	SET(SEEKDATA, r);
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct run *r = arg;

	if (purpose != CURLSOCKTYPE_IPCXN || (r->is_direct && !r->q->may_dial(r->q->arg, &to->addr)))
		return CURL_SOCKET_BAD;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool has_proxy(bool tls)
{
	static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", NULL };
	bool found = false;

	for (int i = 0; names[i]; i++)
		found = found || ((tls ? i < 4 : i > 1) && getenv(names[i]) && *getenv(names[i]));
	return found;
}

static void set_up(struct http *h, struct run *r, struct curl_slist *headers)
{
	CURL *c = h->easy;

	lib.curl_easy_reset(c);
	SET(ERRORBUFFER, h->why);
	SET(URL, r->q->url);
	SET(USERAGENT, "sealwright"); /* some gates turn away who says no name */
	SET(PROTOCOLS_STR, "http,https");
	SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(FOLLOWLOCATION, 0L);
	SET(NOSIGNAL, 1L);
	SET(HTTP09_ALLOWED, 0L);
	SET(CONNECTTIMEOUT_MS, (long)(r->q->connect_ms ? r->q->connect_ms : 20000));
	SET(TCP_KEEPALIVE, 1L);
	SET(HTTPHEADER, headers);
	SET(HEADERFUNCTION, head_line);
	SET(HEADERDATA, r);
	SET(WRITEFUNCTION, body_piece);
	SET(WRITEDATA, r);
	SET(MAXAGE_CONN, 600L);
	if (r->url.tls && getenv("SSL_CERT_FILE") && *getenv("SSL_CERT_FILE"))
		SET(CAINFO, getenv("SSL_CERT_FILE")); /* libcurl itself leaves that variable to its program */
	if (r->url.loopback)
		SET(NOPROXY, "*");
	if (r->q->may_dial) {
		r->is_direct = r->url.loopback || !has_proxy(r->url.tls);
		SET(OPENSOCKETFUNCTION, open_socket);
		SET(OPENSOCKETDATA, r);
	}
	if (r->q->any_path)
		SET(PATH_AS_IS, 1L);
	if (r->q->head_only)
		SET(NOBODY, 1L);
	if (r->q->post)
		set_body(h, r);
}

static bool is_stopped(const struct run *r)
{
	return r->q->stop && *r->q->stop;
}

static bool is_enough(const struct run *r)
{
	return r->q->enough && *r->q->enough;
}

/* Drives it to its end; r->fault is set when it was ours to end it. */
static CURLcode drive(struct http *h, struct run *r)
{
	int64_t idle = 0, first = r->q->first_ms ? r->q->first_ms : 300000,
		stall = r->q->stall_ms ? r->q->stall_ms : 300000;
	CURLcode code = CURLE_OK;
	int running = 1, left, ready;
	CURLMsg *m;

	for (;;) {
		int64_t limit = r->r.status ? stall : first;
		long step = -1;

		if (is_stopped(r)) {
			r->fault = HTTP_STOPPED;
			return CURLE_ABORTED_BY_CALLBACK;
		}
		if (lib.curl_multi_perform(h->multi, &running) != CURLM_OK)
			return CURLE_FAILED_INIT;
		if (!running)
			break;
		if (r->moved)
			idle = 0;
		r->moved = false;
		if (is_enough(r) && limit > ENOUGH_MS)
			limit = ENOUGH_MS;
		if (idle >= limit) {
			r->fault = is_enough(r) ? HTTP_ENDED : HTTP_SLOW;
			return CURLE_OPERATION_TIMEDOUT;
		}
		lib.curl_multi_timeout(h->multi, &step);
		if (step < 0 || step > (r->q->stop ? TICK_MS : 1000))
			step = r->q->stop ? TICK_MS : 1000;
		if (step > limit)
			step = (long)limit;
		ready = 0;
		lib.curl_multi_poll(h->multi, NULL, 0, (int)step, &ready);
		idle += ready ? 0 : step;
	}
	while ((m = lib.curl_multi_info_read(h->multi, &left)))
		if (m->msg == CURLMSG_DONE)
			code = m->data.result;
	return code;
}

static enum http_fault fault_of(CURLcode c)
{
	switch (c) {
	case CURLE_OK:
		return HTTP_WHOLE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return HTTP_NAME;
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR: /* no handshake: as a rule, the port speaks no TLS */
		return HTTP_REFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_SLOW;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return HTTP_TLS;
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_FAIL_REWIND:
		return HTTP_CUT;
	default:
		return HTTP_BROKEN;
	}
}

/* The words for it: host and port by name, and what may be done. */
static int explain(const struct http *h, const struct run *r, CURLcode code, struct err *e)
{
	const char *host = r->url.host, *why = *h->why ? h->why : lib.curl_easy_strerror(code);
	int port = r->url.port;
	curl_off_t shaken = 0; /* when the TLS handshake was done; 0: never */

	switch (r->r.fault) {
	case HTTP_NAME:
		return err_set(e, ERR_NET, "no host %s is known; check its spelling and the network (or proxy)", host);
	case HTTP_REFUSED:
		if (r->url.loopback && code != CURLE_SSL_CONNECT_ERROR)
			return err_set(e, ERR_NET, "nobody answers at %s:%d; is the server running?", host, port);
		return err_set(e, ERR_NET, "cannot connect to %s:%d: %.200s", host, port, why);
	case HTTP_TLS:
		return err_set(e, ERR_VERIFY,
			       "the certificate of %s:%d does not hold: %.200s; is ca-certificates installed?", host,
			       port, why);
	case HTTP_CUT:
		return err_set(e, ERR_NET, "%s:%d broke off after %llu bytes: %.200s", host, port,
			       (unsigned long long)r->r.body, why);
	case HTTP_SLOW:
		lib.curl_easy_getinfo(h->easy, CURLINFO_APPCONNECT_TIME_T, &shaken);
		if (r->url.tls && !shaken)
			return err_set(e, ERR_TIMEOUT, "%s:%d did not finish the TLS handshake in time; does it speak https?",
				       host, port);
		if (!r->r.status)
			return err_set(e, ERR_TIMEOUT, "%s:%d did not answer in time", host, port);
		return err_set(e, ERR_TIMEOUT, "%s:%d stalled after %llu bytes", host, port,
			       (unsigned long long)r->r.body);
	case HTTP_TOO_LARGE:
		return err_set(e, ERR_LIMIT, "%s:%d sends more than %llu bytes", host, port,
			       r->head > HTTP_HEADERS_MAX ? (unsigned long long)HTTP_HEADERS_MAX
							  : (unsigned long long)r->body_max);
	case HTTP_STOPPED:
		return err_set(e, ERR_STOPPED, "stopped");
	default:
		return err_set(e, ERR_NET, "%s:%d: %.200s", host, port, why);
	}
}

/* Nodes of ours, since libcurl only reads them: a secret is not copied into memory that nobody wipes. */
static int set_headers(const struct http_ask *q, struct curl_slist list[16], struct err *e)
{
	static char plain[] = "Expect:";
	int n = 0;

	list[n++].data = plain;
	for (int i = 0; q->headers && q->headers[i] && n < 14; i++)
		list[n++].data = (char *)(uintptr_t)q->headers[i];
	if (q->secret_header)
		list[n++].data = (char *)(uintptr_t)q->secret_header;
	for (int i = 0; i < n; i++) {
		if (strpbrk(list[i].data, "\r\n"))
			return err_set(e, ERR_USAGE, "a header of the request holds a line break");
		list[i].next = i + 1 < n ? &list[i + 1] : NULL;
	}
	return 0;
}

int http_send(struct http *h, const struct http_ask *q, struct http_reply *out, struct err *e)
{
	struct run r = { .q = q, .r = { .retry_after_ms = -1, .fault = HTTP_BROKEN }, .joined = buf_max(JOIN_MAX),
			 .body_max = q->body_max ? q->body_max : 64 << 20 };
	struct curl_slist headers[16] = { { 0 } };
	curl_off_t sent = 0;
	long head = 0, made = 0;
	CURLcode code;

	*out = r.r;
	if ((q->any_path ? url_parse_host(q->url, &r.url, e) : url_parse(q->url, &r.url, e)) < 0 || set_headers(q, headers, e) < 0)
		return -1;
	h->why[0] = 0;
	set_up(h, &r, headers);
	if (lib.curl_multi_add_handle(h->multi, h->easy) != CURLM_OK)
		return err_set(e, ERR_SYS, "libcurl takes no request");
	code = drive(h, &r);
	lib.curl_easy_getinfo(h->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	lib.curl_easy_getinfo(h->easy, CURLINFO_REQUEST_SIZE, &head);
	lib.curl_easy_getinfo(h->easy, CURLINFO_NUM_CONNECTS, &made);
	h->connections += made;
	lib.curl_multi_remove_handle(h->multi, h->easy);
	lib.curl_easy_reset(h->easy); /* forgets our memory */
	buf_drop(&r.joined);
	r.r.sent = (uint64_t)head + (r.joined_body ? 0 : (uint64_t)sent); /* a joined body is counted with its head */
	r.r.fault = r.fault != HTTP_WHOLE ? r.fault : fault_of(code);
	if (r.r.fault == HTTP_CUT && is_enough(&r))
		r.r.fault = HTTP_ENDED;
	*out = r.r;
	return r.r.fault == HTTP_WHOLE || r.r.fault == HTTP_ENDED ? 0 : explain(h, &r, code, e);
}
