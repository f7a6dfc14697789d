/*
 * The allow-list; see allow.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/allow.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

enum { RULES_MAX = 4096, RULE_MAX = 300 };

static int bad(struct err *e, struct bytes in, const char *why)
{
	return err_set(e, ERR_USAGE, "allow %.*s: %s", in.n > 280 ? 280 : (int)in.n, in.p, why);
}

/* Cuts ":PORT" off. */
static int take_port(struct bytes *what, struct allow_rule *r, struct err *e)
{
	struct bytes in = *what;
	size_t at = in.n;
	int n = 0;

	while (at && in.p[at - 1] != ':' && in.p[at - 1] != ']')
		at--;
	if (!at || in.p[at - 1] == ']')
		return 0;
	what->n = at - 1;
	if (in.n - at == 1 && in.p[at] == '*') {
		r->port = -1;
		return 0;
	}
	for (size_t i = at; i < in.n && i < at + 6; i++)
		n = in.p[i] >= '0' && in.p[i] <= '9' && n < 100000 ? n * 10 + (in.p[i] - '0') : 1 << 20;
	if (in.n - at < 1 || in.n - at > 5 || in.p[at] == '0' || n < 1 || n > 65535)
		return bad(e, in, "the port must be a number from 1 to 65535, or * (an IPv6 address stands in brackets)");
	r->port = n;
	return 0;
}

/* Cuts "/BITS" off; -1 in *bits without one. */
static int take_bits(struct bytes *what, int *bits, struct err *e)
{
	const char *slash = memchr(what->p, '/', what->n);
	struct bytes in = *what;
	int n = 0;

	*bits = -1;
	if (!slash)
		return 0;
	what->n = (size_t)(slash - in.p);
	if (in.n - what->n < 2 || in.n - what->n > 4)
		return bad(e, in, "a range is ADDRESS/BITS");
	for (const char *p = slash + 1; p < in.p + in.n; p++) {
		if (*p < '0' || *p > '9')
			return bad(e, in, "a range is ADDRESS/BITS");
		n = n * 10 + (*p - '0');
	}
	*bits = n;
	return 0;
}

static int parse_net(struct bytes in, const struct host *h, int bits, struct allow_rule *r, struct err *e)
{
	int all = h->kind == HOST_V6 ? 128 : 32;

	r->kind = ALLOW_NET;
	r->net = h->address;
	r->bits = bits < 0 ? all : bits;
	if (r->bits > all)
		return bad(e, in, "a range of IPv4 has at most 32 bits, one of IPv6 128");
	if (r->bits < 8)
		return bad(e, in, "a range must have at least 8 bits: a larger one would be no list any more");
	for (int i = r->bits; i < all; i++)
		if (r->net.b[i / 8] & (0x80 >> i % 8))
			return bad(e, in, "an address with bits set behind its range; is it one address that is meant?");
	return 0;
}

int allow_rule_parse(struct arena *a, struct bytes in, struct allow_rule *out, struct err *e)
{
	struct allow_rule r = { .kind = ALLOW_NAME };
	struct bytes what = in;
	struct host h;
	struct err why = { 0 };
	int bits;

	if (!in.n || in.n > RULE_MAX || memchr(in.p, 0, in.n))
		return bad(e, (struct bytes){ "", 0 }, "a rule has 1 to 300 characters");
	if (memmem(in.p, in.n, "://", 3))
		return bad(e, in, "name the host alone, without https:// and a path");
	if (take_port(&what, &r, e) < 0 || take_bits(&what, &bits, e) < 0)
		return -1;
	if (what.n > 2 && !memcmp(what.p, "*.", 2))
		r.kind = ALLOW_ONE_LABEL;
	else if (what.n > 3 && !memcmp(what.p, "**.", 3))
		r.kind = ALLOW_LABELS;
	what.p += r.kind == ALLOW_LABELS ? 3 : r.kind == ALLOW_ONE_LABEL ? 2 : 0;
	what.n -= r.kind == ALLOW_LABELS ? 3 : r.kind == ALLOW_ONE_LABEL ? 2 : 0;
	if (host_parse(what, &h, &why) < 0)
		return bad(e, in, why.text);
	if (h.kind != HOST_NAME && r.kind != ALLOW_NAME)
		return bad(e, in, "an address has no labels before it; a range is ADDRESS/BITS");
	if (h.kind == HOST_NAME && bits >= 0)
		return bad(e, in, "only an address makes a range");
	if (r.kind != ALLOW_NAME && !strchr(h.text, '.'))
		return bad(e, in, "a wildcard needs two labels behind it, as in *.example.org");
	if (h.kind != HOST_NAME && parse_net(in, &h, bits, &r, e) < 0)
		return -1;
	memcpy(r.name, h.text, sizeof(r.name));
	r.text = arena_memdup(a, in.p, in.n);
	*out = r;
	return 0;
}

int allow_list_parse(struct arena *a, const char *const *rules, struct allow_list *out, struct err *e)
{
	struct allow_list l = { 0 };
	int n = 0;

	while (rules && rules[n])
		n++;
	if (n > RULES_MAX)
		return err_set(e, ERR_USAGE, "the allow-list has more than %d rules", RULES_MAX);
	l.rules = arena_array(a, (size_t)n + 1, sizeof(*l.rules));
	for (; l.n < n; l.n++)
		if (allow_rule_parse(a, bytes_of(rules[l.n]), &l.rules[l.n], e) < 0)
			return -1;
	*out = l;
	return 0;
}

static bool has_port(const struct allow_rule *r, int port)
{
	return r->port < 0 || (r->port ? r->port == port : port == 443 || port == 80);
}

static bool is_named(const struct allow_rule *r, const struct host *h)
{
	size_t n = strlen(h->text), tail = strlen(r->name);

	if (r->kind == ALLOW_NAME)
		return !strcmp(r->name, h->text);
	if (n < tail + 2 || h->text[n - tail - 1] != '.' || strcmp(h->text + n - tail, r->name))
		return false;
	return r->kind == ALLOW_LABELS || !memchr(h->text, '.', n - tail - 1);
}

static bool is_within(const struct allow_rule *r, const struct address *a)
{
	if (r->net.is_v6 != a->is_v6)
		return false;
	for (int i = 0; i < r->bits; i++)
		if ((r->net.b[i / 8] ^ a->b[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

static bool matches(const struct allow_rule *r, const struct host *h)
{
	return h->kind == HOST_NAME ? r->kind != ALLOW_NET && is_named(r, h) : r->kind == ALLOW_NET && is_within(r, &h->address);
}

const struct allow_rule *allow_host(const struct allow_list *l, const struct host *h, int port)
{
	for (int i = 0; i < l->n; i++)
		if (has_port(&l->rules[i], port) && matches(&l->rules[i], h))
			return &l->rules[i];
	return NULL;
}

bool allow_name(const struct allow_list *l, const struct host *h)
{
	for (int i = 0; i < l->n && h->kind == HOST_NAME; i++)
		if (matches(&l->rules[i], h))
			return true;
	return false;
}

const char *allow_address(const struct allow_list *l, const struct address *a, int port)
{
	enum address_class c = address_classify(a);

	if (c == ADDRESS_PUBLIC)
		return NULL;
	if (c == ADDRESS_NEVER)
		return "its address is no destination";
	for (int i = 0; i < l->n; i++) {
		const struct allow_rule *r = &l->rules[i];

		if (r->kind == ALLOW_NET && has_port(r, port) && is_within(r, a) &&
		    (c == ADDRESS_PRIVATE || r->bits == (a->is_v6 ? 128 : 32)))
			return NULL;
	}
	return c == ADDRESS_METADATA ? "its address is a cloud's metadata service, and is not named by itself" :
	       "its address is private, and neither it nor its range is named";
}
