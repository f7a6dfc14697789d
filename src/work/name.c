/*
 * What a name is to file systems that are not as strict as ours: HFS+ and APFS ignore some characters and case, NTFS ignores
 * case, dots and blanks at the end, and has short names. A repository goes to machines with each of them.
 *
 * The characters are those of git's utf8.c (next_hfs_char) and the rest of Unicode's Default_Ignorable_Code_Point; the NTFS
 * forms those of git's path.c (is_ntfs_dotgit).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"

#include <string.h>

/* One character of UTF-8 (RFC 3629), or -1 with *n 1. */
static int32_t next(const char *p, size_t left, size_t *n)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t more = s[0] < 0x80 ? 0 : s[0] >= 0xc2 && s[0] < 0xe0 ? 1 : (s[0] & 0xf0) == 0xe0 ? 2 : s[0] >= 0xf0 && s[0] < 0xf5 ? 3 : 9;
	int32_t c = more == 0 ? s[0] : more == 1 ? s[0] & 31 : more == 2 ? s[0] & 15 : s[0] & 7;

	*n = 1;
	if (more == 9 || more >= left)
		return -1;
	for (size_t i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (s[i] & 63);
	}
	if ((more == 2 && c < 0x800) || (more == 3 && (c < 0x10000 || c > 0x10ffff)) || (c >= 0xd800 && c < 0xe000))
		return -1;
	*n = more + 1;
	return c;
}

static bool is_bidi(int32_t c)
{
	return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static bool is_ignored(int32_t c)
{
	return is_bidi(c) || c == 0x00ad || c == 0x034f || c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
	       (c >= 0x180b && c <= 0x180f) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2060 && c <= 0x206f) || c == 0x3164 ||
	       (c >= 0xfe00 && c <= 0xfe0f) || c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfff8) ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

/* What folds to letters of ASCII (Unicode's CaseFolding.txt, full), as ext4 and APFS fold it; never longer than its UTF-8. */
static const char *folds_to(int32_t c)
{
	static const char *const ligatures[] = { "ff", "fi", "fl", "ffi", "ffl", "st", "st" };

	if (c >= 0xfb00 && c <= 0xfb06)
		return ligatures[c - 0xfb00];
	return c == 0x017f ? "s" : c == 0x212a ? "k" : c == 0x00df || c == 0x1e9e ? "ss" : NULL;
}

void name_fold(const char *name, size_t n, char *out)
{
	size_t len = 0;

	for (size_t i = 0, step; i < n && name[i] != ':'; i += step) { /* NTFS: a stream's name follows */
		int32_t c = next(name + i, n - i, &step);

		if (c >= 'A' && c <= 'Z')
			out[len++] = (char)(c + 32);
		else if (folds_to(c))
			len = (size_t)(stpcpy(out + len, folds_to(c)) - out);
		else if (c < 0 || !is_ignored(c)) {
			memcpy(out + len, name + i, step);
			len += step;
		}
	}
	while (len > 1 && (out[len - 1] == '.' || out[len - 1] == ' '))
		len--;
	out[len] = 0;
}

bool name_is_git(const char *folded)
{
	if (!strcmp(folded, ".git"))
		return true;
	return !strncmp(folded, "git~", 4) && folded[4] && strspn(folded + 4, "0123456789") == strlen(folded + 4);
}

bool name_has_control(const char *name)
{
	size_t left = strlen(name);

	for (size_t step; left; name += step, left -= step) {
		int32_t c = next(name, left, &step);

		if ((c >= 0 && c < 0x20) || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
			return true;
	}
	return false;
}

bool name_has_hidden(const char *name)
{
	size_t left = strlen(name);

	for (size_t step; left; name += step, left -= step) {
		int32_t c = next(name, left, &step);

		if (c > 0x7f && is_ignored(c))
			return true;
	}
	return false;
}

bool name_has_bidi(const char *name)
{
	size_t left = strlen(name);

	for (size_t step; left; name += step, left -= step)
		if (is_bidi(next(name, left, &step)))
			return true;
	return false;
}

bool name_is_utf8(const char *name)
{
	size_t left = strlen(name);

	for (size_t step; left; name += step, left -= step)
		if (next(name, left, &step) < 0)
			return false;
	return true;
}

/* A backslash parts names on Windows. */
const char *path_fold(struct arena *a, const char *path)
{
	char *out = arena_alloc(a, strlen(path) + 2), *to = out;

	while (*path) {
		size_t n = strcspn(path, "/\\");

		name_fold(path, n, to);
		to += strlen(to);
		path += n;
		if (*path) {
			*to++ = '/';
			path++;
		}
	}
	*to = 0;
	return out;
}

/* One component against one of the pattern's; at most one * in it. */
static bool part_matches(const char *part, size_t n, const char *want, size_t w)
{
	const char *star = memchr(want, '*', w);
	size_t head, tail;

	if (!star)
		return n == w && !memcmp(part, want, n);
	head = (size_t)(star - want);
	tail = w - head - 1;
	return n >= head + tail && !memcmp(part, want, head) && !memcmp(part + n - tail, star + 1, tail);
}

static bool row_matches(const char *path, const char *pattern, bool is_link)
{
	for (;;) {
		size_t n = strcspn(path, "/"), w = strcspn(pattern, "/");

		if (!part_matches(path, n, pattern, w))
			return false;
		if (!pattern[w])
			return true;
		if (!path[n])
			return is_link;
		path += n + 1;
		pattern += w + 1;
	}
}

bool name_matches(const char *path, const char *pattern, bool is_link)
{
	if (*pattern == '/')
		return row_matches(path, pattern + 1, is_link);
	for (;;) {
		if (row_matches(path, pattern, is_link))
			return true;
		path += strcspn(path, "/");
		if (!*path++)
			return false;
	}
}
