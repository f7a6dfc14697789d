/*
 * The registry gateway: a client inside asks plainly on loopback; we ask the registry, by TLS and with its token.
 *
 * GET and HEAD alone, of paths that route.h knows. An answer is passed on as it comes; index pages are read first, since
 * their links must lead to us and their hashes are what files are held against. A file whose hash is another is cut off
 * before its end. Nothing that the registry says of cookies, or that the client says of itself, passes through.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "egress/dial.h"
#include "egress/fetch.h"
#include "egress/head.h"
#include "egress/link.h"
#include "egress/registry.h"
#include "egress/relay.h"

#include <pthread.h>
#include <semaphore.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXPECTED = 1 << 15, CRATE_TEMPLATE_MAX = 1024, INDEXES_MAX = 4 };

/* An index is read whole, and may be large: so many at a time, whoever asks. */
static sem_t indexes;

/* What an index said of a file: its hash, by what names it. A row that another takes is lost, and that file goes unchecked by
 * us; clients check, too. */
static struct {
	pthread_mutex_t lock;
	struct {
		unsigned char key[16], hash[64];
		int bits;
	} row[EXPECTED];
	unsigned char secret[32];
	char crates[CRATE_TEMPLATE_MAX]; /* "dl" of the registry's config.json */
} known = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* ---- what indexes said ---- */

static void key_of(enum registry_kind k, const char *what, unsigned char out[16])
{
	crypto_generichash_state s;
	unsigned char kind = (unsigned char)k;

	crypto_generichash_init(&s, known.secret, sizeof(known.secret), 16);
	crypto_generichash_update(&s, &kind, 1);
	crypto_generichash_update(&s, (const unsigned char *)what, strlen(what));
	crypto_generichash_final(&s, out, 16);
}

static void expect(enum registry_kind k, const char *what, const unsigned char *hash, int bits)
{
	unsigned char key[16];
	unsigned at;

	key_of(k, what, key);
	at = ((unsigned)key[0] << 8 | key[1]) % EXPECTED;
	pthread_mutex_lock(&known.lock);
	memcpy(known.row[at].key, key, sizeof(key));
	memcpy(known.row[at].hash, hash, (size_t)bits / 8);
	known.row[at].bits = bits;
	pthread_mutex_unlock(&known.lock);
}

/* Bits of the hash; 0: nothing is known. */
static int expected(enum registry_kind k, const char *what, unsigned char hash[64])
{
	unsigned char key[16];
	unsigned at;
	int bits = 0;

	key_of(k, what, key);
	at = ((unsigned)key[0] << 8 | key[1]) % EXPECTED;
	pthread_mutex_lock(&known.lock);
	if (!memcmp(known.row[at].key, key, sizeof(key))) {
		bits = known.row[at].bits;
		memcpy(hash, known.row[at].hash, (size_t)bits / 8);
	}
	pthread_mutex_unlock(&known.lock);
	return bits;
}

void gateway_prepare(void)
{
	randombytes_buf(known.secret, sizeof(known.secret));
	sem_init(&indexes, 0, INDEXES_MAX);
}

/* ---- one request ---- */

struct ask {
	struct conn *c;
	enum registry_kind kind;
	struct route route;
	const struct registry *registry;
	char url[FETCH_URL_MAX];
	const char *secret;
	struct fetch fetch;
	char accept[512], etag[256], since[64];
	bool head_only, is_npm;     /* is_npm: the client itself, which puts our host into links */
	bool begun, chunked;        /* the answer's head is out */
	struct buf whole;           /* an index, read first */
	bool keep;                  /* into whole */
	crypto_hash_sha256_state sha256;
	crypto_hash_sha512_state sha512;
	unsigned char hash[64];     /* expected */
	int bits;
	uint64_t passed;
	char tail[64 << 10];        /* the last bytes wait until the hash is known */
	size_t n_tail;
};

static void note(const struct ask *a, const char *method, bool allowed, const char *why)
{
	char package[2 * ROUTE_WORD_MAX];

	snprintf(package, sizeof(package), "%s%s%s", registry_name(a->kind), *a->route.name ? " " : "", a->route.name);
	log_note(&(struct note){ .conn = a->c, .way = "registry", .host = package, .method = method, .allowed = allowed, .why = why });
}

static int send_head(struct ask *a, const struct fetch_head *h, int64_t length)
{
	auto_buf b = buf_max(4096);

	a->begun = true;
	a->chunked = length < 0 && !a->head_only && h->status != 304;
	buf_printf(&b, "HTTP/1.1 %d %s\r\nConnection: close\r\n", h->status, h->status == 200 ? "OK" : h->status == 304 ? "Not Modified" :
		   h->status == 404 ? "Not Found" : "Answer");
	if (*h->type)
		buf_printf(&b, "Content-Type: %s\r\n", h->type);
	if (*h->etag)
		buf_printf(&b, "ETag: %s\r\n", h->etag);
	if (*h->modified)
		buf_printf(&b, "Last-Modified: %s\r\n", h->modified);
	if (*h->encoding)
		buf_printf(&b, "Content-Encoding: %s\r\n", h->encoding);
	if (a->chunked)
		buf_add_str(&b, "Transfer-Encoding: chunked\r\n");
	else if (length >= 0)
		buf_printf(&b, "Content-Length: %lld\r\n", (long long)length);
	buf_add_str(&b, "\r\n");
	return relay_send(a->c->fd, b.p, b.n, a->c->stop);
}

static int send_body(struct ask *a, const char *p, size_t n)
{
	char size[20];

	if (!n)
		return 0;
	if (a->chunked) {
		int len = snprintf(size, sizeof(size), "%zx\r\n", n);

		if (relay_send(a->c->fd, size, (uint64_t)len, a->c->stop) < 0)
			return -1;
	}
	if (relay_send(a->c->fd, p, n, a->c->stop) < 0 || (a->chunked && relay_send(a->c->fd, "\r\n", 2, a->c->stop) < 0))
		return -1;
	a->c->down += n;
	return 0;
}

static int send_end(struct ask *a)
{
	return a->chunked ? relay_send(a->c->fd, "0\r\n\r\n", 5, a->c->stop) : 0;
}

/* Holds the last bytes of a package back. */
static int pass(struct ask *a, struct bytes p)
{
	size_t room = sizeof(a->tail);

	crypto_hash_sha256_update(&a->sha256, (const unsigned char *)p.p, p.n);
	if (a->bits == 512)
		crypto_hash_sha512_update(&a->sha512, (const unsigned char *)p.p, p.n);
	a->passed += p.n;
	if (a->n_tail + p.n > room) {
		if (send_body(a, a->tail, a->n_tail) < 0)
			return -1;
		a->n_tail = 0;
		if (p.n > room) {
			if (send_body(a, p.p, p.n - room) < 0)
				return -1;
			p.p += p.n - room;
			p.n = room;
		}
	}
	memcpy(a->tail + a->n_tail, p.p, p.n);
	a->n_tail += p.n;
	return 0;
}

static int piece(void *arg, const struct fetch_head *h, struct bytes p)
{
	struct ask *a = arg;

	if (a->keep && h->status == 200)
		return buf_add(&a->whole, p.p, p.n);
	if (!a->begun && send_head(a, h, h->length) < 0)
		return -1;
	return pass(a, p);
}

/* Whether the file is what its index said; true when that said nothing. */
static bool is_as_expected(struct ask *a, char hex[65], bool *checked)
{
	unsigned char got[64];

	crypto_hash_sha256_final(&a->sha256, got);
	sodium_bin2hex(hex, 65, got, 32);
	*checked = a->bits != 0;
	if (a->bits == 512)
		crypto_hash_sha512_final(&a->sha512, got);
	return !a->bits || !memcmp(got, a->hash, (size_t)a->bits / 8);
}

static void finish(struct ask *a)
{
	char hex[65];
	bool checked, good = is_as_expected(a, hex, &checked);
	bool is_package = a->fetch.head.status == 200 && *a->route.file && !a->head_only;

	if (!a->begun && send_head(a, &a->fetch.head, a->head_only ? a->fetch.head.length : a->fetch.head.status == 304 ? -1 : 0) < 0)
		return;
	if (is_package && !good) {
		note(a, "GET", false, "the file's hash is not the one that the registry's index gives");
		return; /* without its end: no client takes it for whole */
	}
	if (send_body(a, a->tail, a->n_tail) < 0 || send_end(a) < 0)
		return;
	if (is_package)
		log_package(&(struct egress_package){ .ecosystem = registry_name(a->kind), .name = a->route.name, .version = a->route.version,
						      .file = a->route.file, .sha256 = hex, .is_checked = checked });
}

/* ---- index pages ---- */

static void learn_npm(void *arg, const char *url, const unsigned char sha512[64])
{
	struct ask *a = arg;
	const char *path = strstr(url, "://");

	path = path ? strchr(path + 3, '/') : NULL;
	if (path && sha512)
		expect(a->kind, path, sha512, 512);
}

/* Lines of JSON; each has the crate's name, a version and the SHA-256 of its file. */
static void learn_crates(struct ask *a)
{
	struct bytes in = buf_bytes(&a->whole);

	while (in.n) {
		const char *end = memchr(in.p, '\n', in.n);
		struct bytes line = { in.p, end ? (size_t)(end - in.p) : in.n };
		auto_json *o = NULL;
		char key[2 * ROUTE_WORD_MAX];
		unsigned char sha[32];
		size_t n;

		in.p += line.n + (end != NULL);
		in.n -= line.n + (end != NULL);
		if (!line.n || json_parse(line, &o, NULL) < 0)
			continue;
		snprintf(key, sizeof(key), "%.200s/%.200s", json_text_or(o, "name", ""), json_text_or(o, "vers", ""));
		if (sodium_hex2bin(sha, sizeof(sha), json_text_or(o, "cksum", ""), 64, NULL, &n, NULL) == 0 && n == 32)
			expect(REGISTRY_CARGO, key, sha, 256);
	}
}

static int make_index(struct ask *a, struct buf *out, struct err *e)
{
	struct link_maker m = { .port = HANDOVER_REGISTRY + (int)a->kind, .which = a->route.which, .base = a->url };

	memcpy(m.key, known.secret, sizeof(m.key));
	switch (a->route.kind) {
	case ROUTE_PYPI_INDEX:
		return (strstr(a->fetch.head.type, "json") ? link_pypi_json : link_pypi_html)(&m, buf_bytes(&a->whole), out, e);
	case ROUTE_NPM_INDEX:
		if (link_npm(&m, buf_bytes(&a->whole), learn_npm, a, a->is_npm ? NULL : out, e) < 0)
			return -1;
		return a->is_npm ? buf_add(out, a->whole.p, a->whole.n) : 0;
	default:
		learn_crates(a);
		return buf_add(out, a->whole.p, a->whole.n);
	}
}

static void answer_index(struct ask *a)
{
	auto_buf out = buf_max(LINK_INDEX_MAX * 2);
	struct err e = { 0 };

	if (a->fetch.head.status != 200 || a->head_only) {
		finish(a);
		return;
	}
	if (make_index(a, &out, &e) < 0) {
		note(a, "GET", false, e.text);
		answer_status(a->c, 502, "the registry's index cannot be read");
		return;
	}
	if (send_head(a, &a->fetch.head, (int64_t)out.n) == 0)
		send_body(a, out.p, out.n);
}

/* ---- where a request leads ---- */

/* npm puts our host into whole links, so the registry's own path may stand there already. */
static void plain_url(struct ask *a)
{
	const char *root = strstr(a->registry->base, "://") + 3, *path = root + strcspn(root, "/");
	size_t n = strlen(path);

	if (a->kind == REGISTRY_NPM && n && !strncmp(a->route.path, path, n) && a->route.path[n] == '/')
		snprintf(a->url, sizeof(a->url), "%.*s%s", (int)(path - a->registry->base), a->registry->base, a->route.path);
	else
		snprintf(a->url, sizeof(a->url), "%s%s", a->registry->base, a->route.path);
}

static bool same_host(const char *url, const char *base)
{
	const char *host = strstr(base, "://");
	size_t n = host ? (size_t)(host + 3 - base) + strcspn(host + 3, "/") : 0;

	return n && !strncmp(url, base, n) && (url[n] == '/' || !url[n]);
}

static bool signed_url(struct ask *a)
{
	struct link_maker m = { .port = HANDOVER_REGISTRY + (int)a->kind };
	struct link l;
	size_t n;

	memcpy(m.key, known.secret, sizeof(m.key));
	if (!link_open(&m, a->route.path, &l))
		return false;
	a->route.which = l.which;
	a->registry = registry_get(a->kind, l.which);
	if (!a->registry)
		return false;
	snprintf(a->url, sizeof(a->url), "%s", l.url);
	if (*l.sha256 && sodium_hex2bin(a->hash, sizeof(a->hash), l.sha256, 64, NULL, &n, NULL) == 0)
		a->bits = 256;
	if (l.is_package) {
		snprintf(a->route.file, sizeof(a->route.file), "%s", l.file);
		route_python_file(l.file, a->route.name, a->route.version);
	}
	return true;
}

/* "dl" of the registry's config.json, which is asked for once. */
static const char *crates(struct ask *a, struct err *e)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	char url[REGISTRY_URL_MAX + 20];
	struct ask config = { .c = a->c, .kind = a->kind, .keep = true, .whole = buf_max(64 << 10) };
	auto_json *o = NULL;

	pthread_mutex_lock(&once);
	if (!*known.crates) {
		snprintf(url, sizeof(url), "%s/config.json", a->registry->base);
		config.fetch = (struct fetch){ .url = url, .home = a->registry->base, .secret = a->registry->secret, .max = 64 << 10, .stop = a->c->stop, .piece = piece,
					       .arg = &config };
		if (fetch_run(&config.fetch, e) == 0 && config.fetch.head.status == 200 &&
		    json_parse(buf_bytes(&config.whole), &o, e) == 0)
			snprintf(known.crates, sizeof(known.crates), "%s", json_text_or(o, "dl", ""));
		buf_drop(&config.whole);
	}
	pthread_mutex_unlock(&once);
	return *known.crates ? known.crates : NULL;
}

/* cargo's registry index, "Index configuration": markers, or "/{crate}/{version}/download" behind it. */
static bool crate_url(struct ask *a, struct err *e)
{
	auto_buf url = buf_max(FETCH_URL_MAX - 1);
	const char *dl = crates(a, e), *name = a->route.name, *version = a->route.version;
	char key[2 * ROUTE_WORD_MAX], prefix[8], lower[ROUTE_WORD_MAX], hex[65] = "";
	size_t n = strlen(name);

	if (!dl)
		return false;
	snprintf(key, sizeof(key), "%s/%s", name, version);
	a->bits = expected(REGISTRY_CARGO, key, a->hash);
	if (a->bits == 256)
		sodium_bin2hex(hex, sizeof(hex), a->hash, 32);
	for (size_t i = 0; i <= n; i++)
		lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] + 32) : name[i];
	snprintf(prefix, sizeof(prefix), n == 1 ? "1" : n == 2 ? "2" : n == 3 ? "3/%.1s" : "%.2s/%.2s", name, name + 2);
	if (!strchr(dl, '{'))
		buf_printf(&url, "%s/%s/%s/download", dl, name, version);
	for (const char *p = dl; strchr(dl, '{') && *p;) {
		const struct { const char *mark, *text; } marks[] = {
			{ "{crate}", name }, { "{version}", version }, { "{prefix}", prefix }, { "{lowerprefix}", n > 3 ? (char[]){ lower[0], lower[1], '/', lower[2], lower[3], 0 } : prefix },
			{ "{sha256-checksum}", hex },
		};
		size_t i = 0;

		while (i < 5 && strncmp(p, marks[i].mark, strlen(marks[i].mark)))
			i++;
		buf_add(&url, i < 5 ? marks[i].text : p, i < 5 ? strlen(marks[i].text) : 1);
		p += i < 5 ? strlen(marks[i].mark) : 1;
	}
	snprintf(a->url, sizeof(a->url), "%s", buf_str(&url));
	return buf_check(&url, "the crate's URL", e) == 0;
}

static void answer_cargo_config(struct ask *a)
{
	char text[200];
	struct fetch_head h = { .status = 200, .type = "application/json" };
	int n = snprintf(text, sizeof(text), "{\"dl\":\"http://127.0.0.1:%d/dl/{crate}/{version}\"}\n",
			 HANDOVER_REGISTRY + REGISTRY_CARGO);

	if (send_head(a, &h, n) == 0 && !a->head_only)
		send_body(a, text, (size_t)n);
}

/* ---- the way of a request ---- */

static int fetch(struct ask *a, struct err *e)
{
	crypto_hash_sha256_init(&a->sha256);
	crypto_hash_sha512_init(&a->sha512);
	a->secret = a->registry->secret && same_host(a->url, a->registry->base) ? a->registry->secret : NULL;
	a->fetch = (struct fetch){
		.url = a->url, .home = a->registry->base, .secret = a->secret, .head_only = a->head_only, .stop = a->c->stop, .piece = piece, .arg = a,
		.max = a->keep ? LINK_INDEX_MAX : the_policy.bytes_max,
		.accept = *a->accept ? a->accept : NULL,
		.if_none_match = *a->etag ? a->etag : NULL, .if_modified_since = *a->since ? a->since : NULL,
	};
	return fetch_run(&a->fetch, e);
}

/* Go asks one proxy after another, on 404 and 410; so do we. */
static bool try_next(struct ask *a)
{
	int status = a->fetch.head.status;

	if (a->kind != REGISTRY_GO || a->begun || (status != 404 && status != 410) || !registry_get(a->kind, a->route.which + 1))
		return false;
	a->registry = registry_get(a->kind, ++a->route.which);
	plain_url(a);
	return true;
}

/* The checksum database: by the proxy, or where that has none, itself. */
static void sums_instead(struct ask *a)
{
	snprintf(a->url, sizeof(a->url), "https:/%s", a->route.path + 6);
}

static void carry_out(struct ask *a)
{
	struct err e = { 0 };
	int r;

	a->keep = a->route.kind == ROUTE_PYPI_INDEX || a->route.kind == ROUTE_NPM_INDEX || a->route.kind == ROUTE_CARGO_INDEX;
	if (!a->bits && a->kind == REGISTRY_NPM)
		a->bits = expected(a->kind, a->route.path, a->hash);
	a->whole = buf_max(LINK_INDEX_MAX);
	while (a->keep && sem_wait(&indexes) < 0)
		;
	do {
		buf_clear(&a->whole);
		r = fetch(a, &e);
	} while (r == 0 && try_next(a));
	if (a->route.kind == ROUTE_SUMS && !a->begun && (r < 0 || a->fetch.head.status != 200)) {
		sums_instead(a);
		r = fetch(a, &e);
	}
	note(a, a->head_only ? "HEAD" : "GET", true, r < 0 ? e.text : NULL);
	if (r < 0 && !a->begun)
		answer_status(a->c, e.code == ERR_TIMEOUT ? 504 : 502, "the registry cannot be reached");
	else if (r == 0 && a->keep)
		answer_index(a);
	else if (r == 0)
		finish(a);
	buf_drop(&a->whole);
	if (a->keep)
		sem_post(&indexes);
}

static void take_field(const struct head *h, const char *name, char *out, size_t room)
{
	struct bytes v = head_get(h, name);

	if (v.n < room)
		snprintf(out, room, "%.*s", (int)v.n, v.p);
}

static bool is_local(const struct head *h, int port)
{
	return !h->has_host || ((!strcmp(h->host.text, "127.0.0.1") || !strcmp(h->host.text, "localhost")) && h->port == port);
}

static void serve_request(struct ask *a, const struct head *h)
{
	struct err e = { 0 };
	bool found;

	a->head_only = head_is(h, "HEAD");
	if (!is_local(h, HANDOVER_REGISTRY + (int)a->kind)) {
		answer_status(a->c, 421, "this is a package registry");
		return;
	}
	if (!a->head_only && !head_is(h, "GET")) { /* npm's audits and the like: it goes on without */
		answer_status(a->c, 405, "packages can be fetched here, nothing sent");
		return;
	}
	if (!route_parse(a->kind, h->path, &a->route)) {
		note(a, NULL, false, "the path is none of a package's");
		answer_status(a->c, 404, "no package stands there");
		return;
	}
	take_field(h, "accept", a->accept, sizeof(a->accept));
	take_field(h, "if-none-match", a->etag, sizeof(a->etag));
	take_field(h, "if-modified-since", a->since, sizeof(a->since));
	a->is_npm = head_get(h, "user-agent").n > 4 && !memcmp(head_get(h, "user-agent").p, "npm/", 4);
	a->registry = registry_get(a->kind, a->route.which);
	if (a->route.kind == ROUTE_CARGO_CONFIG) {
		answer_cargo_config(a);
		return;
	}
	if (a->route.kind == ROUTE_SIGNED)
		found = signed_url(a);
	else if (a->route.kind == ROUTE_CARGO_FILE)
		found = a->registry && crate_url(a, &e);
	else if ((found = a->registry != NULL))
		plain_url(a);
	if (found)
		carry_out(a);
	else
		answer_status(a->c, 404, "no package stands there");
}

void gateway_serve(struct conn *c, int kind)
{
	int64_t left = FIRST_MS;
	struct head h;
	struct err e = { 0 };
	struct ask *a;
	int status, r = 0;

	for (int i = 0; i < READS_MAX && r == 0; i++) {
		r = c->in.n ? head_parse(buf_bytes(&c->in), &h, &status, &e) : 0;
		if (r == 0 && conn_read(c, HEAD_MAX + 1, &left) <= 0)
			return;
	}
	if (r < 0) {
		answer_status(c, status, e.text);
		return;
	}
	a = mem_alloc(sizeof(*a));
	memset(a, 0, sizeof(*a));
	a->c = c;
	a->kind = (enum registry_kind)kind;
	if (r > 0)
		serve_request(a, &h);
	free(a);
}
