/*
 * Paths of registries; see route.h. Sources: PEP 503 and 691 (simple index), npm's registry API, cargo's registry index
 * (sparse protocol), the Go module proxy protocol (go.dev/ref/mod), Maven's and Debian's repository layouts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/route.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { NAME_MAX_BYTES = 214 };

const char *registry_name(enum registry_kind k)
{
	static const char *const names[] = { "pypi", "npm", "cargo", "go", "maven", "apt" };

	return names[k];
}

/* Escapes that clients send, of characters that mean nothing here. */
static bool is_escape(const char *p)
{
	static const char *const good[] = { "%2f", "%40", "%2b", "%3a", "%7e", "%21", "%5f", NULL };

	for (int i = 0; good[i]; i++)
		if (!strncasecmp(p, good[i], 3))
			return true;
	return false;
}

/* Plain segments, none of them empty but the last, none "." or "..". An escaped slash parts segments as well: servers differ
 * in whether they resolve "..%2f", and one that does would leave the registry's own path. */
static bool is_plain(const char *p)
{
	size_t segment = 0, dots = 0;

	if (*p != '/')
		return false;
	for (p++; *p; p++) {
		bool escaped = !strncasecmp(p, "%2f", 3);

		if (*p == '/' || escaped) {
			if (!segment || (segment == dots && dots < 3))
				return false;
			segment = dots = 0;
			p += escaped ? 2 : 0;
			continue;
		}
		if (*p == '%' ? !is_escape(p) : !isalnum((unsigned char)*p) && !strchr("-._~!+@,:=()", *p))
			return false;
		segment++;
		dots += *p == '.';
	}
	return !segment || segment != dots || dots > 2;
}

static bool is_word(const char *p, size_t n, const char *more)
{
	if (!n || n > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)p[i]) && !strchr(more, p[i]))
			return false;
	return true;
}

static void copy(char to[ROUTE_WORD_MAX], const char *from, size_t n)
{
	snprintf(to, ROUTE_WORD_MAX, "%.*s", n < ROUTE_WORD_MAX ? (int)n : ROUTE_WORD_MAX - 1, from);
}

static const char *last_segment(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && !strcmp(s + n - m, end);
}

void route_python_file(const char *file, char name[ROUTE_WORD_MAX], char version[ROUTE_WORD_MAX])
{
	static const char *const ends[] = { ".tar.gz", ".zip", ".tar.bz2", ".tgz", NULL };
	size_t n = strlen(file);
	const char *dash = strchr(file, '-');

	name[0] = version[0] = 0;
	if (ends_with(file, ".whl") && dash) {
		copy(name, file, (size_t)(dash - file));
		copy(version, dash + 1, strcspn(dash + 1, "-"));
		return;
	}
	for (int i = 0; ends[i]; i++) {
		if (!ends_with(file, ends[i]))
			continue;
		n -= strlen(ends[i]);
		dash = memrchr(file, '-', n);
		if (!dash)
			return;
		copy(name, file, (size_t)(dash - file));
		copy(version, dash + 1, n - (size_t)(dash + 1 - file));
		return;
	}
}

/* "/NAME/": PEP 503. Without the slash, too. */
static bool pypi(struct route *r)
{
	size_t n = strlen(r->path) - 1;

	if (!strncmp(r->path, "/simple/", 8))
		memmove(r->path, r->path + 7, strlen(r->path + 7) + 1), n -= 7;
	n -= n && r->path[n] == '/';
	r->kind = ROUTE_PYPI_INDEX;
	if (!is_word(r->path + 1, n, "._-"))
		return false;
	copy(r->name, r->path + 1, n);
	r->path[n + 1] = '/';
	r->path[n + 2] = 0;
	return true;
}

/* "/NAME", "/@SCOPE/NAME", "/@SCOPE%2fNAME", and "/.../NAME/-/FILE.tgz", where a registry's own path may stand before it. */
static bool npm(struct route *r)
{
	char *file = strstr(r->path, "/-/"), *name, *p;
	size_t n;

	if (!strncmp(r->path, "/-/", 3))
		return false;
	if (!file) {
		r->kind = ROUTE_NPM_INDEX;
		for (p = r->path + 1; *p && *p != '/' && *p != '%'; p++)
			;
		if (!*p)
			return is_word(r->path + 1, strlen(r->path + 1), "._-~");
		p += *p == '%' ? 3 : 1;
		n = strcspn(r->path + 1, "/%");
		return r->path[1] == '@' && is_word(r->path + 2, n - 1, "._-~") && is_word(p, strlen(p), "._-~");
	}
	if (!ends_with(r->path, ".tgz") || strchr(file + 3, '/'))
		return false;
	for (name = file; name > r->path && name[-1] != '/'; name--)
		;
	n = (size_t)(file - name);
	if (name > r->path + 1) { /* the scope, if that is one */
		for (p = name - 1; p > r->path && p[-1] != '/'; p--)
			;
		if (*p == '@') {
			copy(r->name, p, (size_t)(file - p));
		}
	}
	if (!r->name[0])
		copy(r->name, name, n);
	copy(r->file, file + 3, strlen(file + 3));
	p = strncmp(r->file, name, n) ? NULL : r->file + n;
	if (p && *p == '-')
		copy(r->version, p + 1, strlen(p + 1) - 4);
	return true;
}

/* The index: "/1/a", "/2/ab", "/3/a/abc", "/ab/cd/abcd...". Files, as our config.json names them: "/dl/NAME/VERSION". */
static bool cargo(struct route *r)
{
	const char *p = r->path + 1, *slash;

	if (!strcmp(r->path, "/config.json")) {
		r->kind = ROUTE_CARGO_CONFIG;
		return true;
	}
	if (!strncmp(p, "dl/", 3)) {
		p += 3;
		slash = strchr(p, '/');
		if (!slash || !is_word(p, (size_t)(slash - p), "_-") || !is_word(slash + 1, strlen(slash + 1), ".+-_"))
			return false;
		copy(r->name, p, (size_t)(slash - p));
		copy(r->version, slash + 1, strlen(slash + 1));
		snprintf(r->file, sizeof(r->file), "%.120s-%.120s.crate", r->name, r->version);
		r->kind = ROUTE_CARGO_FILE;
		return true;
	}
	for (int i = 0; i < 3; i++) {
		size_t n = strcspn(p, "/");

		if (!is_word(p, n, "_-") || (i < 2 && n > 2))
			return false;
		if (!p[n]) {
			r->kind = ROUTE_CARGO_INDEX;
			return i > 0;
		}
		p += n + 1;
	}
	return false;
}

/* "/MODULE/@v/list", ".../@v/VERSION.info|mod|zip", "/MODULE/@latest", "/sumdb/NAME/...". Capitals stand as "!x". */
static bool go(struct route *r)
{
	char *at = strstr(r->path, "/@v/"), *to = r->name;

	if (!strncmp(r->path, "/sumdb/", 7)) {
		r->kind = ROUTE_SUMS;
		return !strncmp(r->path, "/sumdb/sum.golang.org/", 22) && r->path[22];
	}
	if (!at && ends_with(r->path, "/@latest"))
		return true;
	if (!at || at == r->path || strchr(at + 4, '/'))
		return false;
	if (!strcmp(at + 4, "list") || ends_with(at + 4, ".info") || ends_with(at + 4, ".mod"))
		return true;
	if (!ends_with(at + 4, ".zip"))
		return false;
	for (const char *p = r->path + 1; p < at && to < r->name + ROUTE_WORD_MAX - 1; p++)
		*to++ = *p == '!' && p[1] != '/' ? (char)toupper((unsigned char)*++p) : *p;
	*to = 0;
	copy(r->version, at + 4, strlen(at + 4) - 4);
	copy(r->file, at + 4, strlen(at + 4));
	return true;
}

/* GROUP/.../ARTIFACT/VERSION/FILE. Checksums and metadata are no packages. */
static bool maven(struct route *r)
{
	static const char *const not_kept[] = { ".sha1", ".md5", ".sha256", ".sha512", ".asc", ".xml", NULL };
	const char *file = last_segment(r->path), *version, *artifact;

	if (!*file || file == r->path + 1)
		return false;
	for (int i = 0; not_kept[i]; i++)
		if (ends_with(file, not_kept[i]))
			return true;
	version = memrchr(r->path, '/', (size_t)(file - 1 - r->path));
	artifact = version && version > r->path ? memrchr(r->path, '/', (size_t)(version - r->path)) : NULL;
	if (!artifact || artifact == r->path)
		return true;
	copy(r->name, r->path + 1, (size_t)(version - r->path - 1));
	for (char *p = r->name; *p; p++)
		if (*p == '/')
			*p = p - r->name == artifact - r->path - 1 ? ':' : '.';
	copy(r->version, version + 1, (size_t)(file - version - 2));
	copy(r->file, file, strlen(file));
	return true;
}

/* "/dists/..." and "/pool/..."; a repository without them has its files where it will. */
static bool apt(struct route *r)
{
	const char *file = last_segment(r->path), *under;

	if (!*file)
		return false;
	under = strchr(file, '_');
	if (!ends_with(file, ".deb") || !under)
		return true;
	copy(r->name, file, (size_t)(under - file));
	copy(r->version, under + 1, strcspn(under + 1, "_"));
	copy(r->file, file, strlen(file));
	return true;
}

bool route_parse(enum registry_kind k, struct bytes path, struct route *out)
{
	static bool (*const parse[])(struct route *) = { pypi, npm, cargo, go, maven, apt };
	struct route r = { .kind = ROUTE_PASS };

	if (!path.n || path.n >= sizeof(r.path) || memchr(path.p, 0, path.n))
		return false;
	memcpy(r.path, path.p, path.n);
	if (!strncmp(r.path, "/-/f/", 5)) { /* its own grammar, and a signature */
		r.kind = ROUTE_SIGNED;
		*out = r;
		return k == REGISTRY_PYPI || k == REGISTRY_NPM;
	}
	if (!is_plain(r.path))
		return false;
	if (r.path[1] == '+') {
		r.which = r.path[2] >= '0' && r.path[2] <= '7' && r.path[3] == '/' ? r.path[2] - '0' : -1;
		if (r.which < 0)
			return false;
		memmove(r.path, r.path + 3, strlen(r.path + 3) + 1);
	}
	if (!r.path[1] || !parse[k](&r))
		return false;
	*out = r;
	return true;
}
