/*
 * URLs of endpoints.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "net/url.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (!strcasecmp(host, "localhost"))
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return (ntohl(four.s_addr) >> 24) == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

static int parse_port(const char *p, size_t n, int *out)
{
	int v = 0;

	if (n < 1 || n > 5)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	*out = v;
	return v >= 1 && v <= 65535 ? 0 : -1;
}

int url_parse(const char *text, struct url *out, struct err *e)
{
	struct url u = { .tls = !strncasecmp(text, "https://", 8) };
	const char *p = text + (u.tls ? 8 : 7), *end, *colon = NULL, *host_end;

	if (!u.tls && strncasecmp(text, "http://", 7) != 0)
		return err_set(e, ERR_USAGE, "\"%.100s\" is no http:// or https:// URL", text);
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 127 || strchr("\"'\\`<>{}", *c))
			return err_set(e, ERR_USAGE, "a URL holds a character that it may not");
	if (strpbrk(p, "?#"))
		return err_set(e, ERR_USAGE, "a base URL has no ? or #");
	end = p + strcspn(p, "/");
	if (memchr(p, '@', (size_t)(end - p)))
		return err_set(e, ERR_USAGE, "a URL holds no name or password; set SEALWRIGHT_API_KEY instead");
	if (*p == '[') { /* IPv6 */
		p++;
		host_end = memchr(p, ']', (size_t)(end - p));
		if (!host_end)
			return err_set(e, ERR_USAGE, "\"%.100s\": no ] behind the address", text);
		colon = host_end[1] == ':' ? host_end + 1 : NULL;
		if (!colon && host_end + 1 != end)
			return err_set(e, ERR_USAGE, "\"%.100s\": no port behind ]", text);
	} else {
		colon = memchr(p, ':', (size_t)(end - p));
		host_end = colon ? colon : end;
	}
	if (host_end == p || (size_t)(host_end - p) >= sizeof(u.host) || strlen(end) >= sizeof(u.path))
		return err_set(e, ERR_USAGE, "\"%.100s\" names no host", text);
	memcpy(u.host, p, (size_t)(host_end - p));
	strcpy(u.path, end);
	u.port = u.tls ? 443 : 80;
	if (colon && parse_port(colon + 1, (size_t)(end - colon - 1), &u.port) < 0)
		return err_set(e, ERR_USAGE, "\"%.100s\": no port from 1 to 65535", text);
	u.loopback = is_loopback(u.host);
	*out = u;
	return 0;
}

int url_parse_host(const char *text, struct url *out, struct err *e)
{
	const char *at = strstr(text, "://");
	size_t n = at ? (size_t)(at - text) + 3 : 0;
	char base[320];

	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c >= 127)
			return err_set(e, ERR_USAGE, "a URL holds a character that it may not");
	n += strcspn(text + n, "/?#");
	if (!at || n >= sizeof(base) || text[n] == '#' || strchr(text + n, '#'))
		return err_set(e, ERR_USAGE, "\"%.100s\" is no URL of a file", text);
	memcpy(base, text, n);
	base[n] = 0;
	return url_parse(base, out, e);
}
