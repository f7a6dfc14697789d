/*
 * Links of index pages; see link.h.
 *
 * An npm index may have many megabytes, so it is not made into a tree: one pass finds, for each object, the texts "tarball"
 * and "integrity" that stand in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/link.h"

#include "base/err.h"
#include "base/json.h"
#include "net/url.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { SIGNATURE = 16, DEPTH_MAX = 64 };
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* ---- signing ---- */

static void sign(const struct link_maker *m, const char *sha256, struct bytes folder, struct bytes file, char out[2 * SIGNATURE + 1])
{
	crypto_generichash_state s;
	unsigned char b[SIGNATURE];
	unsigned char which[2] = { (unsigned char)m->which, (unsigned char)m->port };

	crypto_generichash_init(&s, m->key, sizeof(m->key), sizeof(b));
	crypto_generichash_update(&s, which, sizeof(which));
	crypto_generichash_update(&s, (const unsigned char *)sha256, strlen(sha256) + 1);
	crypto_generichash_update(&s, (const unsigned char *)folder.p, folder.n);
	crypto_generichash_update(&s, (const unsigned char *)"", 1);
	crypto_generichash_update(&s, (const unsigned char *)file.p, file.n);
	crypto_generichash_final(&s, b, sizeof(b));
	sodium_bin2hex(out, 2 * SIGNATURE + 1, b, sizeof(b));
}

static bool is_sha256(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if (!b.p[i] || !strchr("0123456789abcdef", b.p[i]))
			return false;
	return b.n == 64;
}

/* url: whole, without a fragment. False when it does not look like a file's. */
static bool put_link(const struct link_maker *m, const char *url, struct bytes sha256, struct buf *out)
{
	const char *slash = strrchr(url, '/');
	struct bytes folder, file;
	char hash[65] = "-", mac[2 * SIGNATURE + 1], encoded[sodium_base64_ENCODED_LEN(LINK_URL_MAX, BASE64)];

	if (!slash || slash - url < 9 || strchr(slash, '?') || !slash[1] || strlen(slash + 1) >= LINK_FILE_MAX - 16 ||
	    slash - url > 700)
		return false;
	folder = (struct bytes){ url, (size_t)(slash + 1 - url) };
	file = bytes_of(slash + 1);
	if (is_sha256(sha256)) {
		memcpy(hash, sha256.p, 64);
		hash[64] = 0;
	}
	sign(m, hash, folder, file, mac);
	sodium_bin2base64(encoded, sizeof(encoded), (const unsigned char *)folder.p, folder.n, BASE64);
	buf_printf(out, "http://127.0.0.1:%d/-/f/%s/%s/%d%s/%s", m->port, mac, hash, m->which, encoded, file.p);
	return true;
}

bool link_open(const struct link_maker *maker, const char *path, struct link *out)
{
	struct link_maker m = *maker;
	char mac[2 * SIGNATURE + 1], want[2 * SIGNATURE + 1], hash[65], folder[LINK_URL_MAX], encoded[1024];
	const char *at = path + 5, *file;
	size_t n, len;
	struct bytes name;

	if (strncmp(path, "/-/f/", 5) || strcspn(at, "/") != 2 * SIGNATURE || !at[2 * SIGNATURE])
		return false;
	memcpy(mac, at, 2 * SIGNATURE);
	mac[2 * SIGNATURE] = 0;
	at += 2 * SIGNATURE + 1;
	n = strcspn(at, "/");
	if (!at[n] || (n != 64 && n != 1))
		return false;
	memcpy(hash, at, n);
	hash[n] = 0;
	at += n + 1;
	n = strcspn(at, "/");
	file = at + n + 1;
	if (!at[n] || n < 2 || n > sizeof(encoded) || at[0] < '0' || at[0] > '7' || strlen(file) >= LINK_FILE_MAX || strchr(file, '/'))
		return false;
	m.which = at[0] - '0';
	memcpy(encoded, at + 1, n - 1);
	encoded[n - 1] = 0;
	if (sodium_base642bin((unsigned char *)folder, sizeof(folder) - LINK_FILE_MAX, encoded, n - 1, NULL, &len, NULL, BASE64))
		return false;
	name = bytes_of(file);
	sign(&m, hash, (struct bytes){ folder, len }, name, want);
	out->is_package = !sodium_memcmp(mac, want, 2 * SIGNATURE);
	if (!out->is_package && name.n > 9 && !memcmp(name.p + name.n - 9, ".metadata", 9)) {
		name.n -= 9;
		sign(&m, hash, (struct bytes){ folder, len }, name, want);
		if (sodium_memcmp(mac, want, 2 * SIGNATURE))
			return false;
		strcpy(hash, "-");
	} else if (!out->is_package) {
		return false;
	}
	out->which = m.which;
	snprintf(out->url, sizeof(out->url), "%.*s%s", (int)len, folder, file);
	snprintf(out->file, sizeof(out->file), "%s", file);
	snprintf(out->sha256, sizeof(out->sha256), "%s", strlen(hash) == 64 ? hash : "");
	return true;
}

/* ---- joining ---- */

/* Takes "." and ".." out of the path in url, from root on. */
static void flatten(char *url, size_t root)
{
	char *to = url + root, *p = to;

	while (*p) {
		size_t n = strcspn(p + 1, "/") + 1; /* "/segment" */
		bool is_last = !p[n];

		if (n == 3 && p[1] == '.' && p[2] == '.') {
			while (to > url + root && *--to != '/')
				;
			if (is_last)
				*to++ = '/';
		} else if (n == 2 && p[1] == '.') {
			if (is_last)
				*to++ = '/';
		} else {
			memmove(to, p, n);
			to += n;
		}
		p += n;
	}
	*to = 0;
}

/* A colon before any slash. */
static bool has_scheme(struct bytes ref)
{
	size_t n = 0;

	while (n < ref.n && ref.p[n] != '/' && ref.p[n] != '?' && ref.p[n] != ':')
		n++;
	return n < ref.n && ref.p[n] == ':';
}

int link_join(const char *base, struct bytes ref, char out[LINK_URL_MAX])
{
	const char *host = strstr(base, "://");
	struct url whole;
	size_t root, n;

	while (ref.n && memchr(ref.p, '#', ref.n))
		ref.n = (size_t)((const char *)memchr(ref.p, '#', ref.n) - ref.p);
	if (!host || !ref.n || ref.n > LINK_URL_MAX / 2 || strlen(base) > LINK_URL_MAX / 2)
		return -1;
	root = (size_t)(host + 3 - base) + strcspn(host + 3, "/?#");
	for (n = 0; n < ref.n; n++)
		if (ref.p[n] <= ' ' || ref.p[n] >= 127 || ref.p[n] == '\\')
			return -1;
	if ((ref.n > 8 && !strncasecmp(ref.p, "https://", 8)) || (ref.n > 7 && !strncasecmp(ref.p, "http://", 7)))
		n = (size_t)snprintf(out, LINK_URL_MAX, "%.*s", (int)ref.n, ref.p);
	else if (ref.n > 2 && !memcmp(ref.p, "//", 2))
		n = (size_t)snprintf(out, LINK_URL_MAX, "%.*s%.*s", (int)(host + 1 - base), base, (int)ref.n, ref.p);
	else if (ref.p[0] == '/')
		n = (size_t)snprintf(out, LINK_URL_MAX, "%.*s%.*s", (int)root, base, (int)ref.n, ref.p);
	else if (has_scheme(ref))
		return -1;
	else
		n = (size_t)snprintf(out, LINK_URL_MAX, "%.*s%.*s", (int)(strrchr(base + root, '/') ? strrchr(base + root, '/') + 1 - base :
									   (long)root), base, (int)ref.n, ref.p);
	if (n >= LINK_URL_MAX || url_parse_host(out, &whole, NULL) < 0)
		return -1;
	host = strstr(out, "://");
	root = (size_t)(host + 3 - out) + strcspn(host + 3, "/?#");
	if (out[root] == '/' && !strchr(out + root, '?'))
		flatten(out, root);
	return 0;
}

/* ---- PyPI ---- */

static void relink(const struct link_maker *m, json_t *file)
{
	auto_buf to = buf_max(2 * LINK_URL_MAX);
	const char *url = json_text(file, "url"), *sha256 = json_text_or(json_map(file, "hashes"), "sha256", "");
	char whole[LINK_URL_MAX];

	if (url && link_join(m->base, bytes_of(url), whole) == 0 && put_link(m, whole, bytes_of(sha256), &to))
		json_object_set_new(file, "url", json_string(buf_str(&to)));
}

int link_pypi_json(const struct link_maker *m, struct bytes in, struct buf *out, struct err *e)
{
	auto_json *o = NULL;
	json_t *file;
	size_t i;

	if (json_parse(in, &o, e) < 0)
		return err_wrap(e, "the registry's index");
	json_array_foreach(json_list(o, "files"), i, file)
		relink(m, file);
	json_write(out, o);
	return buf_check(out, "the registry's index", e);
}

/* "&amp;" in an attribute; no other character of a URL is escaped there. */
static size_t unescape(struct bytes in, char *out, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n && n + 1 < room; i++) {
		out[n++] = in.p[i];
		if (in.n - i >= 5 && !memcmp(in.p + i, "&amp;", 5))
			i += 4;
	}
	out[n] = 0;
	return n;
}

static bool relink_href(const struct link_maker *m, struct bytes href, struct buf *out)
{
	char ref[LINK_URL_MAX], whole[LINK_URL_MAX];
	struct bytes sha256 = { "", 0 };
	const char *hash;
	size_t n = unescape(href, ref, sizeof(ref));

	hash = strchr(ref, '#');
	if (hash && !strncmp(hash, "#sha256=", 8))
		sha256 = (struct bytes){ hash + 8, strcspn(hash + 8, "&") };
	if (link_join(m->base, (struct bytes){ ref, n }, whole) < 0 || !put_link(m, whole, sha256, out))
		return false;
	if (hash && !strpbrk(hash, "\"'<>&"))
		buf_add_str(out, hash);
	return true;
}

int link_pypi_html(const struct link_maker *m, struct bytes in, struct buf *out, struct err *e)
{
	const char *p = in.p, *end = in.p + in.n, *done = p;

	while (p < end) {
		struct bytes href;
		const char *close;

		if (end - p < 7 || strncasecmp(p, "href=", 5) || (p[5] != '"' && p[5] != '\'')) {
			p++;
			continue;
		}
		close = memchr(p + 6, p[5], (size_t)(end - p - 6));
		if (!close)
			break;
		href = (struct bytes){ p + 6, (size_t)(close - p - 6) };
		buf_add(out, done, (size_t)(p + 6 - done));
		done = href.p;
		if (relink_href(m, href, out))
			done = close;
		p = close;
	}
	buf_add(out, done, (size_t)(end - done));
	return buf_check(out, "the registry's index", e);
}

/* ---- npm ---- */

struct level {
	struct bytes tarball, integrity; /* what stands between the quotes */
};

/* Behind the closing quote of the text that begins at p, or NULL. */
static const char *skip_text(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : NULL;
}

/* "\/" becomes "/"; a text with another escape is left alone. */
static bool plain_text(struct bytes in, char *out, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '\\' && (++i == in.n || in.p[i] != '/'))
			return false;
		if (n + 1 >= room)
			return false;
		out[n++] = in.p[i];
	}
	out[n] = 0;
	return true;
}

static bool sri_sha512(struct bytes in, unsigned char out[64])
{
	char text[200];
	size_t n;

	if (!plain_text(in, text, sizeof(text)) || strncmp(text, "sha512-", 7))
		return false;
	return sodium_base642bin(out, 64, text + 7, strcspn(text + 7, " ?"), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 && n == 64;
}

struct npm {
	const struct link_maker *m;
	void (*learn)(void *arg, const char *url, const unsigned char sha512[64]);
	void *arg;
	struct buf *out;
	const char *done; /* what is not yet written begins here */
};

static void end_object(struct npm *n, const struct level *l)
{
	char url[LINK_URL_MAX];
	unsigned char sha512[64];
	auto_buf to = buf_max(2 * LINK_URL_MAX);

	if (!l->tarball.n || !plain_text(l->tarball, url, sizeof(url)))
		return;
	if (n->learn)
		n->learn(n->arg, url, l->integrity.n && sri_sha512(l->integrity, sha512) ? sha512 : NULL);
	if (!n->out || l->tarball.p < n->done || !put_link(n->m, url, (struct bytes){ "", 0 }, &to))
		return;
	buf_add(n->out, n->done, (size_t)(l->tarball.p - n->done));
	buf_add(n->out, to.p, to.n);
	n->done = l->tarball.p + l->tarball.n;
}

int link_npm(const struct link_maker *m, struct bytes in, void (*learn)(void *arg, const char *url, const unsigned char sha512[64]),
	     void *arg, struct buf *out, struct err *e)
{
	struct npm n = { m, learn, arg, out, in.p };
	struct level level[DEPTH_MAX] = { 0 };
	const char *p = in.p, *end = in.p + in.n;
	struct bytes key = { "", 0 };
	int depth = 0;

	while (p < end) {
		const char *next = p + 1;

		if (*p == '"') {
			struct bytes text;

			next = skip_text(p, end);
			if (!next)
				return err_set(e, ERR_INPUT, "the registry's index ends within a text");
			text = (struct bytes){ p + 1, (size_t)(next - p - 2) };
			while (next < end && (*next == ' ' || *next == '\n' || *next == '\t' || *next == '\r'))
				next++;
			if (next < end && *next == ':')
				key = text;
			else if (bytes_equal(key, bytes_of("tarball")))
				level[depth].tarball = text;
			else if (bytes_equal(key, bytes_of("integrity")))
				level[depth].integrity = text;
		} else if (*p == '{' || *p == '[') {
			if (++depth == DEPTH_MAX)
				return err_set(e, ERR_INPUT, "the registry's index is nested too deep");
			level[depth] = (struct level){ 0 };
			key.n = 0;
		} else if (*p == '}' || *p == ']') {
			if (depth == 0)
				return err_set(e, ERR_INPUT, "the registry's index is no JSON");
			end_object(&n, &level[depth--]);
			key.n = 0;
		} else if (*p == ',') {
			key.n = 0;
		}
		p = next;
	}
	if (out)
		buf_add(out, n.done, (size_t)(end - n.done));
	return out ? buf_check(out, "the registry's index", e) : 0;
}
