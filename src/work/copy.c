/*
 * The tree copied, where an overlay does not work: by reflink where the disk can, else by the kernel, else by reading.
 *
 * Files of other owners, links that lead out and hard links are copied as what they are to see; devices, fifos and sockets are
 * left out, and so is what is mounted within the tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"

#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { FILES_MAX = 1000000 };

static int copy_by_reading(int from, int to)
{
	char piece[65536];

	for (;;) {
		ssize_t n = read(from, piece, sizeof(piece));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -1 : 0;
		for (ssize_t done = 0; done < n;) {
			ssize_t k = write(to, piece + done, (size_t)(n - done));

			if (k < 0 && errno != EINTR)
				return -1;
			done += k > 0 ? k : 0;
		}
	}
}

/* Holes stay holes: a file of a terabyte without content must not fill the disk. 1 when the disk cannot tell them. */
static int copy_parts(int from, int to, off_t size)
{
	off_t at = 0, hole;

	if (ftruncate(to, size) < 0)
		return -1;
	while (at < size) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : 1;
		hole = lseek(from, at, SEEK_HOLE);
		if (hole < 0)
			return 1;
		while (at < hole) {
			char piece[65536];
			ssize_t n = pread(from, piece, (size_t)(hole - at) < sizeof(piece) ? (size_t)(hole - at) : sizeof(piece), at);

			if (n > 0)
				n = pwrite(to, piece, (size_t)n, at);
			if (n <= 0)
				return (int)n;
			at += n;
		}
	}
	return 0;
}

static bool is_sparse(int fd, off_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return false;
	*size = st.st_size;
	return st.st_size > SPARSE_FROM && st.st_blocks * 512 < st.st_size / 2;
}

int copy_bytes(int from, int to)
{
	ssize_t n;
	off_t size;
	bool some = false;

	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	if (is_sparse(from, &size)) {
		n = copy_parts(from, to, size);
		if (n <= 0)
			return (int)n;
		lseek(from, 0, SEEK_SET);
	}
	while ((n = copy_file_range(from, NULL, to, NULL, 1 << 30, 0)) > 0)
		some = true;
	if (n == 0 && some)
		return 0;
	/* Some file systems say 0 for what they cannot copy; nothing was copied or all of it, but for a fault. */
	if (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP && errno != EBADF && errno != EPERM)
		return -1;
	return copy_by_reading(from, to);
}

struct copying {
	struct layer_state *s;
	size_t room;
	struct err *e;
};

static int note(struct copying *c, const char *path, const struct stat *from, int to_dir, const char *name)
{
	struct layer_state *s = c->s;
	struct stat st;

	if (fstatat(to_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(c->e, "copy %s", path);
	if (s->n_known == FILES_MAX)
		return err_set(c->e, ERR_LIMIT, "the tree has more than %d files, too many to copy; put the state folder on a disk on which "
			       "overlays work (sealwright doctor)", FILES_MAX);
	if (s->n_known == c->room) {
		struct known *more = arena_array(&s->a, c->room * 2 + 1024, sizeof(*more));

		if (s->n_known)
			memcpy(more, s->known, s->n_known * sizeof(*more));
		s->known = more;
		c->room = c->room * 2 + 1024;
	}
	s->known[s->n_known++] = (struct known){ .path = arena_strdup(&s->a, path), .mode = from->st_mode, .copy_ino = (int64_t)st.st_ino,
						 .copy_ctime = time_ns(&st.st_ctim), .ino = (int64_t)from->st_ino, .size = from->st_size,
						 .mtime = time_ns(&from->st_mtim), .ctime = time_ns(&from->st_ctim) };
	return 0;
}

static int copy_file(struct copying *c, int from_dir, int to_dir, const char *name, const char *path, const struct stat *st)
{
	const struct timespec times[2] = { st->st_atim, st->st_mtim };
	auto_fd from = place_open(from_dir, name, O_RDONLY | O_NONBLOCK), to = -1;
	struct stat now;

	if (from < 0 && (errno == EACCES || errno == EPERM)) /* code inside could not read it either */
		return 0;
	if (from < 0 || fstat(from, &now) < 0 || !S_ISREG(now.st_mode))
		return err_sys(c->e, "copy %s", path);
	to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0 || copy_bytes(from, to) < 0 || fchmod(to, st->st_mode & 0777) < 0 || futimens(to, times) < 0)
		return err_sys(c->e, "copy %s", path);
	return note(c, path, &now, to_dir, name);
}

static int copy_folder(struct copying *c, int from, int to, const char *path, int depth);

static int copy_entry(struct copying *c, int from, int to, const char *name, const char *path, int depth)
{
	const char *target;
	struct stat st;
	auto_fd in = -1, out = -1;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(c->e, "copy %s", path);
	if (S_ISREG(st.st_mode))
		return copy_file(c, from, to, name, path, &st);
	if (S_ISLNK(st.st_mode)) {
		target = place_link(&c->s->a, from, name);
		if (!target || symlinkat(target, to, name) < 0)
			return err_sys(c->e, "copy %s", path);
		return note(c, path, &st, to, name);
	}
	if (!S_ISDIR(st.st_mode))
		return 0;
	in = place_open(from, name, O_RDONLY | O_DIRECTORY);
	if (in < 0)
		return errno == EXDEV || errno == EACCES ? 0 : err_sys(c->e, "copy %s", path);
	if (depth == LAYER_DEPTH_MAX)
		return err_set(c->e, ERR_LIMIT, "%.200s...: folders stand in one another more than %d deep", path, LAYER_DEPTH_MAX);
	if (mkdirat(to, name, 0700) < 0 || (out = place_open(to, name, O_RDONLY | O_DIRECTORY)) < 0)
		return err_sys(c->e, "copy %s", path);
	if (copy_folder(c, in, out, path, depth + 1) < 0)
		return -1;
	if (fchmod(out, st.st_mode & 0777) < 0)
		return err_sys(c->e, "copy %s", path);
	return note(c, path, &st, to, name);
}

static int copy_folder(struct copying *c, int from, int to, const char *path, int depth)
{
	auto_arena a = { 0 };
	int copy = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *x;

	if (!d) {
		fs_close(&copy);
		return err_sys(c->e, "look into %s", path);
	}
	while (r == 0 && (x = readdir(d)))
		if (strcmp(x->d_name, ".") && strcmp(x->d_name, "..") && (*path || strcmp(x->d_name, ".git")))
			r = copy_entry(c, from, to, x->d_name, path_join(&a, path, x->d_name), depth);
	closedir(d);
	return r;
}

int copy_tree(struct layer_state *s, int to, struct err *e)
{
	struct copying c = { s, 0, e };
	auto_fd from = place_open(s->tree, "", O_RDONLY | O_DIRECTORY);

	s->known = NULL;
	s->n_known = 0;
	if (from < 0)
		return err_sys(e, "open the tree");
	if (copy_folder(&c, from, to, "", 0) < 0)
		return err_wrap(e, "copy the tree");
	known_sort(s);
	layer_tick(); /* what is written from now on has a later ctime */
	return known_write(s, e);
}
