/*
 * TLS ClientHello; see hello.h. Records may split it anywhere (RFC 8446, 5.1), so they are joined first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/hello.h"

#include "base/err.h"

#include <string.h>

enum { RECORD_HEAD = 5, RECORD_MAX = 16384, HANDSHAKE = 22, CLIENT_HELLO = 1, SERVER_NAME = 0, ENCRYPTED_HELLO = 0xfe0d,
       OLD_ENCRYPTED_NAME = 0xffce };

struct reader {
	const unsigned char *p;
	size_t n;
	bool bad;
};

static int bad(struct err *e, const char *why)
{
	return err_set(e, ERR_INPUT, "the TLS greeting %s", why);
}

static size_t take(struct reader *r, int bytes)
{
	size_t v = 0;

	if (r->n < (size_t)bytes) {
		r->bad = true;
		return 0;
	}
	for (int i = 0; i < bytes; i++)
		v = v << 8 | r->p[i];
	r->p += bytes;
	r->n -= (size_t)bytes;
	return v;
}

/* A vector with a length of that many bytes before it. */
static struct reader take_vector(struct reader *r, int bytes)
{
	size_t n = take(r, bytes);
	struct reader v = { r->p, n, false };

	if (r->bad || n > r->n) {
		r->bad = true;
		return (struct reader){ r->p, 0, true };
	}
	r->p += n;
	r->n -= n;
	return v;
}

bool hello_is_tls(struct bytes in)
{
	return in.n && in.p[0] == HANDSHAKE && (in.n < 2 || in.p[1] == 3);
}

static int take_server_name(struct reader r, struct hello *h, struct err *e)
{
	struct reader list = take_vector(&r, 2), name;
	size_t type = take(&list, 1);
	struct err why = { 0 };

	name = take_vector(&list, 2);
	if (r.bad || list.bad || r.n || list.n || type != 0)
		return bad(e, "names its server in a way that is not understood");
	if (host_parse((struct bytes){ (const char *)name.p, name.n }, &h->name, &why) < 0)
		return bad(e, why.text);
	h->has_name = true;
	return 0;
}

static int take_extensions(struct reader r, struct hello *h, struct err *e)
{
	struct reader all = take_vector(&r, 2);

	if (r.bad || r.n)
		return bad(e, "is damaged");
	while (all.n) {
		size_t type = take(&all, 2);
		struct reader body = take_vector(&all, 2);

		if (all.bad)
			return bad(e, "is damaged");
		if (type == ENCRYPTED_HELLO || type == OLD_ENCRYPTED_NAME)
			return bad(e, "encrypts its server's name; switch Encrypted Client Hello off");
		if (type != SERVER_NAME)
			continue;
		if (h->has_name)
			return bad(e, "names its server twice");
		if (take_server_name(body, h, e) < 0)
			return -1;
	}
	return 0;
}

static int parse_message(struct reader r, struct hello *out, struct err *e)
{
	struct hello h = { 0 };

	take(&r, 2); /* version */
	if (r.n < 32)
		return bad(e, "is damaged");
	r.p += 32; /* random */
	r.n -= 32;
	take_vector(&r, 1); /* session */
	take_vector(&r, 2); /* ciphers */
	take_vector(&r, 1); /* compression */
	if (r.bad)
		return bad(e, "is damaged");
	if (r.n && take_extensions(r, &h, e) < 0)
		return -1;
	*out = h;
	return 1;
}

int hello_parse(struct bytes in, struct hello *out, struct err *e)
{
	unsigned char message[HELLO_MAX];
	struct reader r = { (const unsigned char *)in.p, in.n, false };
	size_t n = 0, want;

	while (r.n >= RECORD_HEAD) {
		size_t type = take(&r, 1), version = take(&r, 2), len = take(&r, 2), got = len < r.n ? len : r.n;

		if (type != HANDSHAKE || version >> 8 != 3 || len == 0 || len > RECORD_MAX || n + len > sizeof(message))
			return bad(e, "is not one");
		memcpy(message + n, r.p, got);
		n += got;
		if (n && message[0] != CLIENT_HELLO)
			return bad(e, "is not one");
		if (n >= 4) {
			want = ((size_t)message[1] << 16 | (size_t)message[2] << 8 | message[3]) + 4;
			if (want > sizeof(message))
				return bad(e, "is too long");
			if (n > want)
				return bad(e, "is followed by something before its answer");
			if (n == want)
				return parse_message((struct reader){ message + 4, n - 4, false }, out, e);
		}
		r.p += got;
		r.n -= got;
		if (got < len)
			return 0;
	}
	return r.n && (r.p[0] != HANDSHAKE || (r.n > 1 && r.p[1] != 3)) ? bad(e, "is not one") : 0;
}
