/*
 * Names by pattern.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/glob.h"

#include <string.h>

enum { RULES_MAX = 1000 };

/* [...] at p against c: 1 yes, 0 no; *len is how long it is, 0 when it is no class. */
static bool class_match(const char *p, char c, size_t *len)
{
	size_t i = 1;
	bool turned = p[i] == '!' || p[i] == '^', hit = false;

	i += turned;
	for (size_t first = i; p[i] && (p[i] != ']' || i == first); i++) {
		unsigned char low = (unsigned char)p[i], high;

		if (p[i] == '\\' && p[i + 1])
			low = (unsigned char)p[++i];
		high = low;
		if (p[i + 1] == '-' && p[i + 2] && p[i + 2] != ']') {
			high = (unsigned char)p[i + 2];
			i += 2;
		}
		if (low <= (unsigned char)c && (unsigned char)c <= high)
			hit = true;
	}
	*len = p[i] == ']' ? i + 1 : 0;
	return hit != turned;
}

bool glob_match(const char *p, const char *s)
{
	const char *star = NULL, *star_s = NULL, *deep = NULL, *deep_s = NULL;
	bool deep_slash = false;

	for (;;) {
		size_t len = 1;
		bool hit;

		if (p[0] == '*' && p[1] == '*') {
			while (*p == '*')
				p++;
			deep_slash = *p == '/'; /* "**" with its slash stands for no folder too */
			p += deep_slash;
			deep = p;
			deep_s = s;
			star = NULL;
			continue;
		}
		if (*p == '*') {
			star = ++p;
			star_s = s;
			continue;
		}
		if (!*s && !*p)
			return true;
		if (*p == '\\' && p[1]) {
			hit = *s && p[1] == *s;
			len = 2;
		} else if (*p == '?') {
			hit = *s && *s != '/';
		} else if (*p == '[') {
			hit = *s && *s != '/' && class_match(p, *s, &len);
			if (!len) {
				hit = *s == '[';
				len = 1;
			}
		} else {
			hit = *p && *p == *s;
		}
		if (hit) {
			p += len;
			s++;
		} else if (star && *star_s && *star_s != '/') {
			p = star;
			s = ++star_s;
		} else if (deep && *deep_s) {
			star = NULL;
			p = deep;
			if (deep_slash) {
				deep_s += strcspn(deep_s, "/");
				if (!*deep_s)
					return false;
			}
			s = ++deep_s;
		} else {
			return false;
		}
	}
}

bool glob_match_name(const char *pattern, const char *path)
{
	const char *leaf = strrchr(path, '/');

	if (*pattern == '/')
		return glob_match(pattern + 1, path);
	return glob_match(pattern, strchr(pattern, '/') || !leaf ? path : leaf + 1);
}

struct ignore_rule {
	const char *pattern;
	bool keeps, folders, anchored;
};

void ignore_parse(struct arena *a, struct bytes in, const char *folder, const struct ignore *up, struct ignore *out)
{
	struct ignore ig = { .up = up, .base = *folder ? strlen(folder) + 1 : 0 };

	ig.rules = arena_array(a, RULES_MAX, sizeof(*ig.rules));
	while (in.n && ig.n < RULES_MAX) {
		const char *newline = memchr(in.p, '\n', in.n);
		size_t n = newline ? (size_t)(newline - in.p) : in.n;
		struct ignore_rule r = { 0 };
		char *p = arena_memdup(a, in.p, n);

		in.p += newline ? n + 1 : n;
		in.n -= newline ? n + 1 : n;
		if (strlen(p) != n || n > 1000)
			continue;
		while (n && (p[n - 1] == '\r' || (p[n - 1] == ' ' && !(n > 1 && p[n - 2] == '\\'))))
			p[--n] = 0;
		if (*p == '#' || !*p)
			continue;
		r.keeps = *p == '!';
		p += r.keeps;
		n = strlen(p);
		r.folders = n && p[n - 1] == '/';
		if (r.folders)
			p[--n] = 0;
		r.anchored = strchr(p, '/') != NULL;
		p += *p == '/';
		if (!*p)
			continue;
		r.pattern = p;
		ig.rules[ig.n++] = r;
	}
	*out = ig;
}

bool ignore_holds(const struct ignore *ig, const char *path, bool is_folder)
{
	for (; ig; ig = ig->up) {
		const char *here = strlen(path) > ig->base ? path + ig->base : path, *leaf = strrchr(here, '/');

		for (int i = ig->n - 1; i >= 0; i--) { /* the last rule that holds decides */
			const struct ignore_rule *r = &ig->rules[i];

			if (r->folders && !is_folder)
				continue;
			if (glob_match(r->pattern, r->anchored || !leaf ? here : leaf + 1))
				return !r->keeps;
		}
	}
	return false;
}
