/*
 * Names beneath a folder, found by openat2 without following any link and without leaving its file system.
 *
 * Both sides of a keep are hostile ground: the layer was written by untrusted code, and the tree may hold links that came with
 * a repository. So no path is ever resolved by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int place_open(int dir, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC | O_NOFOLLOW),
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	int fd;

	do
		fd = (int)syscall(SYS_openat2, dir, *path ? path : ".", &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	return fd;
}

int place_parent(int dir, const char *path, const char **name)
{
	char folder[LAYER_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	*name = slash ? slash + 1 : path;
	if (n >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(folder, path, n);
	folder[n] = 0;
	return place_open(dir, folder, O_PATH | O_DIRECTORY);
}

int place_stat(int dir, const char *path, struct stat *st)
{
	const char *name;
	auto_fd at = place_parent(dir, path, &name);

	return at < 0 ? -1 : fstatat(at, name, st, AT_SYMLINK_NOFOLLOW);
}

bool place_without_flags;

static bool has_no_flags(void)
{
	return errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP;
}

int place_move(int from, const char *name, int to, const char *as)
{
	if (!place_without_flags) {
		if (renameat2(from, name, to, as, RENAME_NOREPLACE) == 0)
			return 0;
		if (!has_no_flags())
			return -1;
	}
	return linkat(from, name, to, as, 0) < 0 || unlinkat(from, name, 0) < 0 ? -1 : 0;
}

/* Without flags: the old one gets a second name in the stage, then the new one takes its place. A kill in between leaves
 * either the new one in the stage, or the old one under its second name, which is as good as none. */
int place_swap(int stage, const char *staged, int at, const char *name)
{
	char second[32];

	if (!place_without_flags) {
		if (renameat2(stage, staged, at, name, RENAME_EXCHANGE) == 0)
			return 0;
		if (!has_no_flags())
			return -1;
	}
	snprintf(second, sizeof(second), "%s~", staged);
	if ((unlinkat(stage, second, 0) < 0 && errno != ENOENT) || linkat(at, name, stage, second, 0) < 0 ||
	    renameat(stage, staged, at, name) < 0)
		return -1;
	return renameat(stage, second, stage, staged);
}

const char *place_link(struct arena *a, int dir, const char *path)
{
	char to[LAYER_PATH_MAX + 1];
	const char *name;
	auto_fd at = place_parent(dir, path, &name);
	ssize_t n = at < 0 ? -1 : readlinkat(at, name, to, sizeof(to));

	return n < 0 || n == sizeof(to) ? NULL : arena_memdup(a, to, (size_t)n);
}

const char *path_join(struct arena *a, const char *folder, const char *name)
{
	return *folder ? arena_printf(a, "%s/%s", folder, name) : arena_strdup(a, name);
}

bool path_starts(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && (!path[n] || path[n] == '/');
}

int64_t time_ns(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec;
}
