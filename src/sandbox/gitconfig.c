/*
 * The repository's .git/config as it is shown inside: without what is secret.
 *
 * A token often stands there: in a remote's URL, or as the extra header that CI services leave behind. git inside needs
 * none of it, since there is no network. Whole entries whose name or value smells of a secret or of a program to run are
 * left out, and what stands before the @ of a URL. Line by line, on purpose: a line that is cut costs git inside a
 * setting, a grammar that is misread would cost a secret.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool has(const char *line, size_t n, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= n; i++)
		if (!strncasecmp(line + i, word, len))
			return true;
	return false;
}

static bool is_secret(const char *line, size_t n)
{
	static const char *const words[] = { "extraheader", "authorization", "password", "passwd", "token", "secret", "credential",
					     "helper", "cookie", "askpass", "sshcommand", "proxy", "key", "pass", "oauth", NULL };

	for (int i = 0; words[i]; i++)
		if (has(line, n, words[i]))
			return true;
	return false;
}

/* A section's line stays, so that its entries do not fall to the one before; its URL loses its user like others. */
static bool is_section(const char *line, size_t n)
{
	while (n && isspace((unsigned char)*line))
		line++, n--;
	return n && *line == '[';
}

static void add_without_userinfo(struct buf *out, const char *line, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t end, at = 0;

		if (i + 3 > n || memcmp(line + i, "://", 3)) {
			buf_add_char(out, line[i++]);
			continue;
		}
		buf_add_str(out, "://");
		i += 3;
		for (end = i; end < n && line[end] != '/' && !isspace((unsigned char)line[end]) && line[end] != '"'; end++)
			if (line[end] == '@')
				at = end + 1;
		if (at)
			i = at;
	}
}

void gitconfig_scrub(struct bytes in, struct buf *out)
{
	bool dropping = false; /* an entry goes on behind a backslash at the end of its line */

	while (in.n) {
		const char *end = memchr(in.p, '\n', in.n);
		size_t n = end ? (size_t)(end - in.p) + 1 : in.n, text = n;
		bool goes_on;

		while (text && (in.p[text - 1] == '\n' || in.p[text - 1] == '\r'))
			text--;
		goes_on = text && in.p[text - 1] == '\\';
		dropping = dropping || (is_secret(in.p, text) && !is_section(in.p, text));
		if (!dropping)
			add_without_userinfo(out, in.p, n);
		else if (!goes_on)
			dropping = false;
		in.p += n;
		in.n -= n;
	}
}
