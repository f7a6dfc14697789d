/*
 * Hosts and addresses; see host.h for what is refused.
 *
 * The ranges are those of IANA's special-purpose address registries (RFC 6890 and its updates) that are not globally
 * reachable, and the addresses at which clouds give out credentials.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/host.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

static int bad(struct err *e, const char *why)
{
	return err_set(e, ERR_INPUT, "the host %s", why);
}

/* Four decimal numbers without leading zeros. */
static bool parse_v4(const char *s, unsigned char out[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned n = 0;
		int digits = 0;

		for (; is_digit(*s) && digits < 4; s++, digits++)
			n = n * 10 + (unsigned)(*s - '0');
		if (!digits || digits > 3 || n > 255 || (digits > 1 && s[-digits] == '0') || *s != (i < 3 ? '.' : 0))
			return false;
		out[i] = (unsigned char)n;
		s++;
	}
	return true;
}

/* Resolvers take 0x7f.1, 0177.0.0.1 and 2130706433 for addresses: what ends like one is one, or nothing. */
static bool ends_in_number(const char *s)
{
	const char *dot = strrchr(s, '.'), *last = dot ? dot + 1 : s;

	if (last[0] == '0' && last[1] == 'x')
		return strspn(last + 2, "0123456789abcdef") == strlen(last + 2);
	return strspn(last, "0123456789") == strlen(last);
}

static int check_label(const char *s, size_t n, struct err *e)
{
	if (n == 0)
		return bad(e, "has an empty label (a dot too many)");
	if (n > 63)
		return bad(e, "has a label of more than 63 characters");
	if (s[0] == '-' || s[n - 1] == '-')
		return bad(e, "has a label that begins or ends with a hyphen");
	if (n > 3 && s[2] == '-' && s[3] == '-' && (s[0] != 'x' || s[1] != 'n'))
		return bad(e, "has a label with hyphens in third and fourth place that is not xn--");
	return 0;
}

static int parse_name(struct host *h, struct err *e)
{
	const char *s = h->text;

	while (*s) {
		size_t n = strcspn(s, ".");

		if (check_label(s, n, e) < 0)
			return -1;
		s += n;
		if (*s == '.' && !*++s)
			return bad(e, "ends with a dot");
	}
	return 0;
}

static int parse_v6(struct bytes in, struct host *h, struct err *e)
{
	char text[INET6_ADDRSTRLEN];

	if (in.n < 4 || in.n - 2 >= sizeof(text) || in.p[in.n - 1] != ']')
		return bad(e, "is no IPv6 address in brackets");
	memcpy(text, in.p + 1, in.n - 2);
	text[in.n - 2] = 0;
	if (strspn(text, "0123456789abcdefABCDEF:.") != in.n - 2 || inet_pton(AF_INET6, text, h->address.b) != 1)
		return bad(e, "is no IPv6 address in brackets");
	h->kind = HOST_V6;
	h->address.is_v6 = true;
	return inet_ntop(AF_INET6, h->address.b, h->text, sizeof(h->text)) ? 0 : bad(e, "is no IPv6 address");
}

int host_parse(struct bytes in, struct host *out, struct err *e)
{
	struct host h = { .kind = HOST_NAME };

	if (!in.n)
		return bad(e, "is missing");
	if (in.p[0] == '[') {
		if (parse_v6(in, &h, e) < 0)
			return -1;
		*out = h;
		return 0;
	}
	if (in.n > HOST_TEXT_MAX)
		return bad(e, "has more than 253 characters");
	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		if (!is_digit(c) && !is_letter(c) && c != '-' && c != '.')
			return bad(e, "holds a character that is no letter, digit, hyphen or dot (write IDNA as xn--)");
		h.text[i] = c;
	}
	if (parse_name(&h, e) < 0)
		return -1;
	if (ends_in_number(h.text)) {
		if (!parse_v4(h.text, h.address.b))
			return bad(e, "ends in a number, but is no IPv4 address of four decimal numbers");
		h.kind = HOST_V4;
	}
	*out = h;
	return 0;
}

int host_port_parse(struct bytes in, int fallback, struct host *out, int *port, struct err *e)
{
	size_t n = 0;
	int number = fallback;

	if (in.n && in.p[0] == '[') {
		while (n < in.n && in.p[n] != ']')
			n++;
		n += n < in.n;
	} else {
		while (n < in.n && in.p[n] != ':')
			n++;
	}
	if (n < in.n) {
		if (in.p[n] != ':' || in.n - n < 2 || in.n - n > 6 || (in.p[n + 1] == '0'))
			return bad(e, "has a port that is no number from 1 to 65535");
		number = 0;
		for (size_t i = n + 1; i < in.n; i++) {
			if (!is_digit(in.p[i]))
				return bad(e, "has a port that is no number from 1 to 65535");
			number = number * 10 + (in.p[i] - '0');
		}
	}
	if (number < 1 || number > 65535)
		return bad(e, n < in.n ? "has a port that is no number from 1 to 65535" : "has no port");
	if (host_parse((struct bytes){ in.p, n }, out, e) < 0)
		return -1;
	*port = number;
	return 0;
}

char *host_port_text(const struct host *h, int port, char out[272])
{
	snprintf(out, 272, h->kind == HOST_V6 ? "[%s]:%d" : "%s:%d", h->text, port);
	return out;
}

bool host_equal(const struct host *a, const struct host *b)
{
	return a->kind == b->kind && !strcmp(a->text, b->text);
}

/* ---- addresses ---- */

struct range4 {
	unsigned char b[4];
	int bits;
	enum address_class is;
};

/* The first that holds decides. */
static const struct range4 v4[] = {
	{ { 169, 254, 169, 254 }, 32, ADDRESS_METADATA }, /* most clouds                  */
	{ { 169, 254, 170, 2 }, 32, ADDRESS_METADATA },   /* AWS, containers              */
	{ { 169, 254, 170, 23 }, 32, ADDRESS_METADATA },  /* AWS, pods                    */
	{ { 169, 254, 0, 23 }, 32, ADDRESS_METADATA },    /* Tencent                      */
	{ { 100, 100, 100, 200 }, 32, ADDRESS_METADATA }, /* Alibaba                      */
	{ { 168, 63, 129, 16 }, 32, ADDRESS_METADATA },   /* Azure's wire server: public  */
	{ { 192, 0, 0, 192 }, 32, ADDRESS_METADATA },     /* Oracle, old                  */
	{ { 0, 0, 0, 0 }, 8, ADDRESS_NEVER },
	{ { 10, 0, 0, 0 }, 8, ADDRESS_PRIVATE },
	{ { 100, 64, 0, 0 }, 10, ADDRESS_PRIVATE },
	{ { 127, 0, 0, 0 }, 8, ADDRESS_PRIVATE },
	{ { 169, 254, 0, 0 }, 16, ADDRESS_PRIVATE },
	{ { 172, 16, 0, 0 }, 12, ADDRESS_PRIVATE },
	{ { 192, 0, 0, 0 }, 24, ADDRESS_PRIVATE },
	{ { 192, 88, 99, 0 }, 24, ADDRESS_PRIVATE },
	{ { 192, 168, 0, 0 }, 16, ADDRESS_PRIVATE },
	{ { 198, 18, 0, 0 }, 15, ADDRESS_PRIVATE },
	{ { 224, 0, 0, 0 }, 3, ADDRESS_NEVER },           /* multicast, reserved, broadcast */
};

static bool has_prefix(const unsigned char *a, const unsigned char *b, int bits)
{
	if (memcmp(a, b, (size_t)bits / 8))
		return false;
	return bits % 8 == 0 || !((a[bits / 8] ^ b[bits / 8]) >> (8 - bits % 8));
}

static enum address_class classify4(const unsigned char b[4])
{
	for (size_t i = 0; i < sizeof(v4) / sizeof(*v4); i++)
		if (has_prefix(b, v4[i].b, v4[i].bits))
			return v4[i].is;
	return ADDRESS_PUBLIC;
}

static enum address_class worse(enum address_class a, enum address_class b)
{
	return a > b ? a : b;
}

static enum address_class classify6(const unsigned char b[16])
{
	static const unsigned char zero[16], mapped[12] = { [10] = 0xff, [11] = 0xff }, nat64[12] = { 0, 0x64, 0xff, 0x9b },
		aws[16] = { 0xfd, 0, 0x0e, 0xc2, [15] = 0 }, google[16] = { 0xfd, 0x20, 0, 0xce, [14] = 2, [15] = 0x54 };
	unsigned char client[4];

	if (!memcmp(b, zero, 16) || b[0] == 0xff)
		return ADDRESS_NEVER;
	if (!memcmp(b, zero, 15) && b[15] == 1)
		return ADDRESS_PRIVATE;
	if (!memcmp(b, mapped, 12) || !memcmp(b, nat64, 12))
		return classify4(b + 12);
	if (!memcmp(b, zero, 12)) /* IPv4-compatible: nobody routes it */
		return worse(ADDRESS_PRIVATE, classify4(b + 12));
	if (!memcmp(b, aws, 14) || !memcmp(b, google, 16)) /* fd00:ec2::254, ::23, ::123 (time), ::253 (names) */
		return ADDRESS_METADATA;
	if ((b[0] & 0xe0) != 0x20 || (b[0] == 0x20 && b[1] == 1 && b[2] == 0x0d && b[3] == 0xb8) ||
	    (b[0] == 0x3f && b[1] == 0xff && b[2] < 0x10))
		return ADDRESS_PRIVATE; /* all that is not 2000::/3, and its documentation */
	if (b[0] == 0x20 && b[1] == 0x02)
		return classify4(b + 2);
	if (b[0] == 0x20 && b[1] == 1 && b[2] == 0 && b[3] == 0) {
		for (int i = 0; i < 4; i++)
			client[i] = b[12 + i] ^ 0xff;
		return worse(classify4(b + 4), classify4(client));
	}
	if (b[0] == 0x20 && b[1] == 1 && b[2] < 2)
		return ADDRESS_PRIVATE; /* 2001::/23: IETF protocol assignments */
	if ((b[8] & 0xfd) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe)
		return classify4(b + 12); /* ISATAP */
	return ADDRESS_PUBLIC;
}

enum address_class address_classify(const struct address *a)
{
	return a->is_v6 ? classify6(a->b) : classify4(a->b);
}

const char *address_class_name(enum address_class c)
{
	static const char *const names[] = { "public", "private", "a metadata service", "no destination" };

	return names[c];
}

bool address_of(const struct sockaddr *s, struct address *out, int *port)
{
	*out = (struct address){ .is_v6 = s->sa_family == AF_INET6 };
	if (s->sa_family == AF_INET) {
		memcpy(out->b, &((const struct sockaddr_in *)(const void *)s)->sin_addr, 4);
		*port = ntohs(((const struct sockaddr_in *)(const void *)s)->sin_port);
	} else if (s->sa_family == AF_INET6) {
		memcpy(out->b, &((const struct sockaddr_in6 *)(const void *)s)->sin6_addr, 16);
		*port = ntohs(((const struct sockaddr_in6 *)(const void *)s)->sin6_port);
	} else {
		return false;
	}
	return true;
}

socklen_t address_to(const struct address *a, int port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	memset(out, 0, sizeof(*out));
	if (a->is_v6) {
		memcpy(&v6.sin6_addr, a->b, 16);
		memcpy(out, &v6, sizeof(v6));
		return sizeof(v6);
	}
	memcpy(&four.sin_addr, a->b, 4);
	memcpy(out, &four, sizeof(four));
	return sizeof(four);
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->is_v6 == b->is_v6 && !memcmp(a->b, b->b, a->is_v6 ? 16 : 4);
}

char *address_text(const struct address *a, char out[INET6_ADDRSTRLEN])
{
	if (!inet_ntop(a->is_v6 ? AF_INET6 : AF_INET, a->b, out, INET6_ADDRSTRLEN))
		out[0] = 0;
	return out;
}
