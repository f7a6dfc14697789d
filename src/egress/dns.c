/*
 * DNS messages; see dns.h. A question has no need of compressed names, so a pointer in one is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/dns.h"

#include "base/err.h"

#include <string.h>

enum { HEAD = 12, NAME_MAX_BYTES = 255, TTL_S = 5, QR = 0x8000, OPCODE = 0x7800, TC = 0x0200, RD = 0x0100, RA = 0x0080 };

static uint16_t two(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static int bad(struct err *e, const char *why)
{
	return err_set(e, ERR_INPUT, "a DNS message %s", why);
}

/* The name at HEAD, as text; *at is left behind it. False in *is_host when a label holds what no host's may: the labels are
 * looked at one by one, since a dot within one would read like two. */
static int take_name(struct bytes in, size_t *at, char text[NAME_MAX_BYTES + 1], size_t *n, bool *is_host, struct err *e)
{
	const unsigned char *p = (const unsigned char *)in.p;

	*n = 0;
	*is_host = true;
	for (;;) {
		size_t len;

		if (*at >= in.n)
			return bad(e, "ends within its name");
		len = p[(*at)++];
		if (len == 0)
			return 0;
		if (len > 63)
			return bad(e, "has a label that is too long, or a pointer");
		if (len >= in.n - *at || *n + len + 2 > NAME_MAX_BYTES)
			return bad(e, "has a name that is too long");
		if (*n)
			text[(*n)++] = '.';
		for (size_t i = 0; i < len; i++) {
			char c = (char)p[*at + i];

			*is_host = *is_host && c && c != '.';
			text[(*n)++] = c;
		}
		*at += len;
	}
}

int dns_parse(struct bytes in, struct dns_question *out, struct err *e)
{
	const unsigned char *p = (const unsigned char *)in.p;
	struct dns_question q = { 0 };
	char text[NAME_MAX_BYTES + 1];
	size_t at = HEAD, n;

	if (in.n < HEAD || in.n > 4096)
		return bad(e, "is too short or too long");
	q.id = two(p);
	q.flags = two(p + 2);
	if (q.flags & (QR | OPCODE | TC))
		return bad(e, "is no plain question");
	if (two(p + 4) != 1 || two(p + 6) || two(p + 8))
		return bad(e, "has not one question alone");
	if (take_name(in, &at, text, &n, &q.has_host, e) < 0)
		return -1;
	if (in.n - at < 4)
		return bad(e, "ends within its question");
	q.type = two(p + at);
	q.class = two(p + at + 2);
	q.end = at + 4;
	q.has_host = q.has_host && host_parse((struct bytes){ text, n }, &q.host, NULL) == 0 && q.host.kind == HOST_NAME;
	*out = q;
	return 0;
}

static unsigned char *put(unsigned char *to, unsigned v)
{
	to[0] = (unsigned char)(v >> 8);
	to[1] = (unsigned char)v;
	return to + 2;
}

size_t dns_reply(struct bytes in, const struct dns_question *q, enum dns_answer answer, uint32_t ip, unsigned char out[DNS_MAX])
{
	static const unsigned code[] = { [DNS_ADDRESS] = 0, [DNS_EMPTY] = 0, [DNS_NO_NAME] = 3, [DNS_FAILED] = 2 };
	unsigned char *at = out;

	at = put(at, q->id);
	at = put(at, QR | RA | (q->flags & RD) | code[answer]);
	at = put(at, 1);
	at = put(at, answer == DNS_ADDRESS);
	at = put(put(at, 0), 0);
	memcpy(at, in.p + HEAD, q->end - HEAD); /* a name of at most 255 bytes, and four */
	at += q->end - HEAD;
	if (answer == DNS_ADDRESS) {
		at = put(put(put(at, 0xc000 | HEAD), DNS_TYPE_A), 1);
		at = put(put(put(at, 0), TTL_S), 4);
		at = put(put(at, ip >> 16), ip & 0xffff);
	}
	return (size_t)(at - out);
}
