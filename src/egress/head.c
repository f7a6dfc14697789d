/*
 * HTTP request heads; see head.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/head.h"

#include "base/err.h"

#include <string.h>
#include <strings.h>

static int bad(struct err *e, int *status, int code, const char *why)
{
	*status = code;
	return err_set(e, ERR_INPUT, "the request %s", why);
}

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool equals(struct bytes a, const char *lower)
{
	return a.n == strlen(lower) && !strncasecmp(a.p, lower, a.n);
}

/* Takes a line that ends with CRLF; false when there is none. */
static bool take_line(struct bytes *in, struct bytes *line)
{
	const char *end = memmem(in->p, in->n, "\r\n", 2);

	if (!end)
		return false;
	*line = (struct bytes){ in->p, (size_t)(end - in->p) };
	in->n -= line->n + 2;
	in->p = end + 2;
	return true;
}

/* "http://HOST[:PORT]/path", or without a path. */
static int parse_absolute(struct bytes t, struct head *h, int *status, struct err *e)
{
	struct bytes authority = { t.p + 7, t.n - 7 };
	struct err why = { 0 };
	size_t n = 0;

	if (t.n < 8 || strncasecmp(t.p, "http://", 7))
		return bad(e, status, 400, "has a target that is neither a path nor http://...");
	while (n < authority.n && !memchr("/?#@\\", authority.p[n], 5))
		n++;
	h->path = (struct bytes){ authority.p + n, authority.n - n };
	authority.n = n;
	if (h->path.n && h->path.p[0] != '/')
		return bad(e, status, 400, "has a target with something between host and path");
	if (!h->path.n)
		h->path = bytes_of("/");
	if (host_port_parse(authority, 80, &h->host, &h->port, &why) < 0)
		return bad(e, status, 400, why.text);
	h->form = HEAD_ABSOLUTE;
	h->has_host = true;
	return 0;
}

static int parse_target(struct bytes t, struct head *h, int *status, struct err *e)
{
	struct err why = { 0 };

	if (memchr(t.p, '#', t.n))
		return bad(e, status, 400, "has a target with a fragment");
	if (head_is(h, "CONNECT")) {
		h->form = HEAD_CONNECT;
		h->has_host = true;
		return host_port_parse(t, 0, &h->host, &h->port, &why) < 0 ? bad(e, status, 400, why.text) : 0;
	}
	if (t.p[0] != '/')
		return parse_absolute(t, h, status, e);
	h->path = t;
	return 0;
}

static int parse_first(struct bytes line, struct head *h, int *status, struct err *e)
{
	const char *space = memchr(line.p, ' ', line.n), *second;
	struct bytes target;

	if (!space || space == line.p || space - line.p > 20)
		return bad(e, status, 400, "has no method");
	h->method = (struct bytes){ line.p, (size_t)(space - line.p) };
	for (size_t i = 0; i < h->method.n; i++)
		if (h->method.p[i] < 'A' || h->method.p[i] > 'Z')
			if (h->method.p[i] != '-')
				return bad(e, status, 400, "has a method that is not in capital letters");
	second = memchr(space + 1, ' ', line.n - h->method.n - 1);
	if (!second || second == space + 1)
		return bad(e, status, 400, "has no target or no version");
	target = (struct bytes){ space + 1, (size_t)(second - space - 1) };
	if (line.n - (size_t)(second + 1 - line.p) != 8 || memcmp(second + 1, "HTTP/1.", 7) || (second[8] != '0' && second[8] != '1'))
		return bad(e, status, 505, "is not HTTP/1.0 or HTTP/1.1");
	h->is_old = second[8] == '0';
	for (size_t i = 0; i < target.n; i++)
		if (target.p[i] < 0x21 || target.p[i] > 0x7e)
			return bad(e, status, 400, "has a target with a character that must be escaped");
	return parse_target(target, h, status, e);
}

static int take_length(struct head *h, struct bytes v, bool *seen, int *status, struct err *e)
{
	if (*seen || !v.n || v.n > 15)
		return bad(e, status, 400, "has no one Content-Length that is a number");
	*seen = true;
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return bad(e, status, 400, "has no one Content-Length that is a number");
		h->length = h->length * 10 + (v.p[i] - '0');
	}
	return 0;
}

static int take_host(struct head *h, struct bytes v, bool *seen, int *status, struct err *e)
{
	struct err why = { 0 };
	struct host host;
	int port;

	if (*seen)
		return bad(e, status, 400, "has more than one Host");
	*seen = true;
	if (host_port_parse(v, h->form == HEAD_CONNECT ? h->port : 80, &host, &port, &why) < 0)
		return bad(e, status, 400, why.text);
	if (h->has_host && (!host_equal(&host, &h->host) || port != h->port))
		return bad(e, status, 400, "names one host in its target and another in Host");
	h->host = host;
	h->port = port;
	h->has_host = true;
	return 0;
}

static int parse_field(struct bytes line, struct head_field *f, int *status, struct err *e)
{
	const char *colon = memchr(line.p, ':', line.n);

	if (!colon || colon == line.p)
		return bad(e, status, 400, "has a line without a name");
	f->name = (struct bytes){ line.p, (size_t)(colon - line.p) };
	f->value = (struct bytes){ colon + 1, line.n - f->name.n - 1 };
	for (size_t i = 0; i < f->name.n; i++)
		if (!is_token(f->name.p[i]))
			return bad(e, status, 400, "has a field's name with a character that may not stand there");
	for (size_t i = 0; i < f->value.n; i++)
		if (((unsigned char)f->value.p[i] < 0x20 && f->value.p[i] != '\t') || f->value.p[i] == 0x7f)
			return bad(e, status, 400, "has a control character in a field");
	while (f->value.n && (*f->value.p == ' ' || *f->value.p == '\t')) {
		f->value.p++;
		f->value.n--;
	}
	while (f->value.n && (f->value.p[f->value.n - 1] == ' ' || f->value.p[f->value.n - 1] == '\t'))
		f->value.n--;
	return 0;
}

static int parse_fields(struct bytes in, struct head *h, int *status, struct err *e)
{
	bool has_length = false, has_host_field = false;
	struct bytes line;

	while (take_line(&in, &line) && line.n) {
		struct head_field f;

		if (h->n_fields == HEAD_FIELDS)
			return bad(e, status, 431, "has more than 128 fields");
		if (parse_field(line, &f, status, e) < 0)
			return -1;
		if (equals(f.name, "host") && take_host(h, f.value, &has_host_field, status, e) < 0)
			return -1;
		if (equals(f.name, "content-length") && take_length(h, f.value, &has_length, status, e) < 0)
			return -1;
		if (equals(f.name, "transfer-encoding"))
			return bad(e, status, 411, "has Transfer-Encoding; send it with a Content-Length");
		h->field[h->n_fields++] = f;
	}
	if (!has_host_field && !h->is_old && h->form != HEAD_CONNECT)
		return bad(e, status, 400, "has no Host");
	return 0;
}

int head_parse(struct bytes in, struct head *out, int *status, struct err *e)
{
	const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);
	struct bytes rest, first;

	*status = 400;
	/* Before the whole head came: what can no longer become one. */
	for (size_t i = 0, n = end ? (size_t)(end - in.p) + 4 : in.n; i < n; i++)
		if (in.p[i] == 0 || (in.p[i] == '\n' && (i == 0 || in.p[i - 1] != '\r')) ||
		    (in.p[i] == '\r' && i + 1 < n && in.p[i + 1] != '\n'))
			return bad(e, status, 400, "has a line that does not end with CRLF, or holds NUL");
	if (!end)
		return in.n > HEAD_MAX ? bad(e, status, 431, "has a head of more than 64 KiB") : 0;
	*out = (struct head){ .size = (size_t)(end - in.p) + 4 };
	if (out->size > HEAD_MAX)
		return bad(e, status, 431, "has a head of more than 64 KiB");
	rest = (struct bytes){ in.p, out->size };
	if (!take_line(&rest, &first) || parse_first(first, out, status, e) < 0)
		return -1;
	return parse_fields(rest, out, status, e) < 0 ? -1 : 1;
}

struct bytes head_get(const struct head *h, const char *name)
{
	for (int i = 0; i < h->n_fields; i++)
		if (equals(h->field[i].name, name))
			return h->field[i].value;
	return (struct bytes){ "", 0 };
}

bool head_is(const struct head *h, const char *method)
{
	return h->method.n == strlen(method) && !memcmp(h->method.p, method, h->method.n);
}

/* What speaks to the proxy, or about this connection. */
static bool is_hop(struct bytes name)
{
	static const char *const hops[] = { "connection", "keep-alive", "proxy-authenticate", "proxy-authorization",
					    "proxy-connection", "te", "trailer", "upgrade", "host", NULL };

	for (int i = 0; hops[i]; i++)
		if (equals(name, hops[i]))
			return true;
	return false;
}

int head_write(const struct head *h, struct buf *out, struct err *e)
{
	buf_add(out, h->method.p, h->method.n);
	buf_add_char(out, ' ');
	buf_add(out, h->path.p, h->path.n);
	buf_printf(out, " HTTP/1.%d\r\nHost: %s%s%s", !h->is_old, h->host.kind == HOST_V6 ? "[" : "", h->host.text,
		   h->host.kind == HOST_V6 ? "]" : "");
	if (h->port != 80)
		buf_printf(out, ":%d", h->port);
	for (int i = 0; i < h->n_fields; i++) {
		if (is_hop(h->field[i].name))
			continue;
		buf_add_str(out, "\r\n");
		buf_add(out, h->field[i].name.p, h->field[i].name.n);
		buf_add_str(out, ": ");
		buf_add(out, h->field[i].value.p, h->field[i].value.n);
	}
	buf_add_str(out, "\r\nConnection: close\r\n\r\n");
	return buf_check(out, "the request's head", e);
}
