/*
 * What an overlay writes: character devices 0/0 for what was removed, a mark on a folder that hides the one below it
 * (Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories", "userxattr").
 *
 * Code inside can set no such mark: an overlay keeps the prefix user.overlay. to itself. In a copied tree there are none, and
 * files of that look are files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"

#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Through /proc, since there is no fgetxattr beneath a folder without opening the file, which may be unreadable. */
static bool has_mark(int dir, const char *name, const char *mark, char *value)
{
	auto_arena a = { 0 };
	const char *path = arena_printf(&a, "/proc/self/fd/%d/%s", dir, name);

	*value = 0;
	return lgetxattr(path, arena_printf(&a, "user.overlay.%s", mark), value, 1) >= 0 || errno == ERANGE;
}

bool upper_has_mark(int dir, const char *name, const char *mark)
{
	char value;

	return has_mark(dir, name, mark, &value);
}

bool upper_is_whiteout(int dir, const char *name, const struct stat *st)
{
	if (S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0))
		return true;
	return S_ISREG(st->st_mode) && st->st_size == 0 && upper_has_mark(dir, name, "whiteout");
}

bool upper_is_opaque(int dir)
{
	char value = 0;

	return fgetxattr(dir, "user.overlay.opaque", &value, 1) == 1 && value == 'y';
}

/* Goes down both sides, name by name. */
int merged_stat(const struct layer_state *s, const char *path, struct stat *st)
{
	auto_fd up = place_open(s->upper, "", O_RDONLY | O_DIRECTORY), low = s->copied ? -1 : place_open(s->tree, "", O_PATH | O_DIRECTORY);
	char name[256];

	for (;;) {
		size_t n = strcspn(path, "/");
		bool in_upper;
		int next;

		if (n >= sizeof(name))
			return -1;
		memcpy(name, path, n);
		name[n] = 0;
		path += n + (path[n] == '/');
		in_upper = up >= 0 && fstatat(up, name, st, AT_SYMLINK_NOFOLLOW) == 0;
		if (in_upper && !s->copied && upper_is_whiteout(up, name, st))
			return -1;
		if (!in_upper && (low < 0 || fstatat(low, name, st, AT_SYMLINK_NOFOLLOW) < 0))
			return -1;
		if (!*path)
			return 0;
		if (!S_ISDIR(st->st_mode))
			return -1;
		next = low < 0 ? -1 : place_open(low, name, O_PATH | O_DIRECTORY);
		fs_close(&low);
		low = next;
		next = in_upper ? place_open(up, name, O_RDONLY | O_DIRECTORY) : -1;
		fs_close(&up);
		up = next;
		if (up >= 0 && !s->copied && upper_is_opaque(up))
			fs_close(&low);
	}
}

const char *merged_link(struct arena *a, const struct layer_state *s, const char *path)
{
	struct stat st;
	const char *to = NULL;

	if (merged_stat(s, path, &st) < 0 || !S_ISLNK(st.st_mode))
		return NULL;
	if (place_stat(s->upper, path, &st) == 0 && S_ISLNK(st.st_mode))
		to = place_link(a, s->upper, path);
	return to || s->copied ? to : place_link(a, s->tree, path);
}

/* Where the next content is, from at on; size where there is none. */
static off_t next_content(int fd, off_t at, off_t size)
{
	off_t next = lseek(fd, at, SEEK_DATA);

	return next >= 0 ? next : errno == ENXIO ? size : at;
}

/* Holes in both are skipped: a file may be a terabyte of nothing. */
bool same_bytes(int dir1, const char *name1, int dir2, const char *name2)
{
	auto_fd x = place_open(dir1, name1, O_RDONLY | O_NONBLOCK), y = place_open(dir2, name2, O_RDONLY | O_NONBLOCK);
	char a[16384], b[16384];
	struct stat s, t;
	ssize_t n, m;

	if (x < 0 || y < 0 || fstat(x, &s) < 0 || fstat(y, &t) < 0 || !S_ISREG(s.st_mode) || !S_ISREG(t.st_mode) || s.st_size != t.st_size)
		return false;
	for (off_t at = 0; at < s.st_size; at += n) {
		if (s.st_size > SPARSE_FROM) {
			off_t p = next_content(x, at, s.st_size), q = next_content(y, at, s.st_size);

			at = p < q ? p : q;
			if (at >= s.st_size)
				break;
		}
		n = pread(x, a, sizeof(a), at);
		m = n > 0 ? pread(y, b, (size_t)n, at) : 0;
		if (n <= 0 || m != n || memcmp(a, b, (size_t)n))
			return false;
	}
	return true;
}

/* ---- settling ---- */

/* Whether all that stands in low has an entry in up, so that hiding low changes nothing. */
static bool covers(int up, int low)
{
	int copy = low < 0 ? -1 : openat(low, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *x;
	struct stat st;
	bool all = low < 0 || d;

	while (all && d && (x = readdir(d)))
		all = !strcmp(x->d_name, ".") || !strcmp(x->d_name, "..") || fstatat(up, x->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (d)
		closedir(d);
	return all;
}

static bool same_link(int up, int low, const char *name)
{
	auto_arena a = { 0 };
	const char *x = place_link(&a, up, name), *y = place_link(&a, low, name);

	return x && y && !strcmp(x, y);
}

static bool settle(int up, int low, bool hidden, int depth);

/* One entry; true when it is gone. */
static bool settle_entry(int up, int low, const char *name, bool hidden, int depth)
{
	struct stat s, t;
	bool is = low >= 0 && fstatat(low, name, &t, AT_SYMLINK_NOFOLLOW) == 0;

	if (fstatat(up, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return true;
	if (upper_is_whiteout(up, name, &s))
		return (hidden || !is) && unlinkat(up, name, 0) == 0;
	if (S_ISDIR(s.st_mode)) {
		auto_fd in_up = place_open(up, name, O_RDONLY | O_DIRECTORY);
		auto_fd in_low = is && S_ISDIR(t.st_mode) ? place_open(low, name, O_PATH | O_DIRECTORY) : -1;
		bool empty = in_up >= 0 && depth < LAYER_DEPTH_MAX && settle(in_up, in_low, hidden, depth + 1);

		return empty && in_low >= 0 && !hidden && (s.st_mode & 05777) == (t.st_mode & 05777) &&
		       unlinkat(up, name, AT_REMOVEDIR) == 0;
	}
	if (hidden || !is || (s.st_mode & S_IFMT) != (t.st_mode & S_IFMT))
		return false;
	if (S_ISLNK(s.st_mode))
		return same_link(up, low, name) && unlinkat(up, name, 0) == 0;
	return S_ISREG(s.st_mode) && (s.st_mode & 07777) == (t.st_mode & 07777) && same_bytes(up, name, low, name) &&
	       unlinkat(up, name, 0) == 0;
}

/* True when up is empty afterwards. What the sandbox would see is the same after each step. hidden: a folder above hides the
 * tree's own, so that nothing may be left to it. */
static bool settle(int up, int low, bool hidden, int depth)
{
	int copy = openat(up, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *x;
	bool empty = d != NULL;

	if (!d) {
		fs_close(&copy);
		return false;
	}
	if (!hidden && upper_is_opaque(up) && (!covers(up, low) || fremovexattr(up, "user.overlay.opaque") < 0))
		hidden = true;
	while ((x = readdir(d)))
		if (strcmp(x->d_name, ".") && strcmp(x->d_name, ".."))
			empty = settle_entry(up, low, x->d_name, hidden, depth) && empty;
	closedir(d);
	return empty;
}

bool upper_settle(const struct layer_state *s)
{
	auto_fd up = place_open(s->upper, "", O_RDONLY | O_DIRECTORY), low = place_open(s->tree, "", O_PATH | O_DIRECTORY);

	return up >= 0 && low >= 0 && settle(up, low, false, 0);
}
