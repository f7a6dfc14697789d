/*
 * Files.
 *
 * openat2 is asked for by number, since glibc has no wrapper; kernels before 5.6 are refused with a clear word
 * rather than served with a check-then-open that loses races.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/fs.h"

#include "base/err.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void fs_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int fs_open_beneath(int dir, const char *name, int flags, struct err *e)
{
	struct open_how how = {
		.flags = (unsigned int)(flags | O_CLOEXEC),
		.mode = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE ? 0644 : 0, /* O_TMPFILE holds O_DIRECTORY */
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	do
		fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));
	while (fd < 0 && (errno == EINTR || errno == EAGAIN));
	if (fd >= 0)
		return fd;
	if (errno == EXDEV)
		return err_set(e, ERR_DENIED, "%s leads out of the tree", name);
	if (errno == ENOSYS)
		return err_set(e, ERR_SYS, "this kernel has no openat2; Linux 5.6 or later is needed");
	return err_sys(e, "open %s", name);
}

int fs_open_dir(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open folder %s", path) : fd;
}

int fs_read_all(int fd, struct buf *out, struct err *e)
{
	for (;;) {
		size_t left = out->max - out->n, want = left < 65536 ? left + 1 : 65536;
		char tail[1];
		char *room = left ? buf_room(out, want > left ? left : want) : tail;
		ssize_t n = read(fd, room, left ? (want > left ? left : want) : 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "read");
		if (n == 0)
			return 0;
		if (!left) {
			out->over = true;
			return buf_check(out, "file", e);
		}
		out->n += (size_t)n;
		out->p[out->n] = 0;
	}
}

int fs_read_file(const char *path, struct buf *out, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s is not a regular file", path);
	if (fs_read_all(fd, out, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

int fs_write_all(int fd, struct bytes in, struct err *e)
{
	while (in.n) {
		ssize_t n = write(fd, in.p, in.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "write");
		in.p += n;
		in.n -= (size_t)n;
	}
	return 0;
}

static char *dir_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return arena_strdup(a, ".");
	return slash == path ? arena_strdup(a, "/") : arena_memdup(a, path, (size_t)(slash - path));
}

int fs_write_atomic(const char *path, struct bytes in, mode_t mode, struct err *e)
{
	auto_arena a = {0};
	char *dir = dir_of(&a, path);
	char *temp = arena_printf(&a, "%s/.%s.XXXXXX", dir, strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	auto_fd folder = fs_open_dir(dir, e);
	auto_fd fd = -1;

	if (folder < 0)
		return -1;
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "make a file in %s", dir);
	if (fs_write_all(fd, in, e) < 0) {
		unlink(temp);
		return err_wrap(e, "%s", path);
	}
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(temp, path) < 0) {
		err_sys(e, "write %s", path);
		unlink(temp);
		return -1;
	}
	if (fsync(folder) < 0)
		return err_sys(e, "sync %s", dir);
	return 0;
}

int fs_make_dirs(const char *path, mode_t mode, struct err *e)
{
	auto_arena a = {0};
	char *p = arena_strdup(&a, path);

	for (char *s = p + 1; *p; s++) {
		if (*s && *s != '/')
			continue;
		char c = *s;

		*s = 0;
		if (mkdir(p, mode) < 0 && errno != EEXIST)
			return err_sys(e, "make folder %s", p);
		*s = c;
		if (!c)
			break;
	}
	if (!fs_is_dir(path)) {
		errno = ENOTDIR;
		return err_sys(e, "make folder %s", path);
	}
	return 0;
}

int fs_make_dirs_beneath(int dir, const char *name, struct err *e)
{
	auto_arena a = {0};
	auto_fd at = fcntl(dir, F_DUPFD_CLOEXEC, 0);
	char *save = NULL;

	if (at < 0)
		return err_sys(e, "dup");
	if (*name == '/')
		return err_set(e, ERR_DENIED, "%s leads out of the tree", name);
	for (char *part = strtok_r(arena_strdup(&a, name), "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		int next;

		if (!strcmp(part, ".."))
			return err_set(e, ERR_DENIED, "%s leads out of the tree", name);
		if (mkdirat(at, part, 0755) < 0 && errno != EEXIST)
			return err_sys(e, "make folder %s", name);
		next = fs_open_beneath(at, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, e);
		if (next < 0)
			return -1;
		close(at);
		at = next;
	}
	return 0;
}

/* A descriptor is open for each folder on the way, so one that stands too deep is moved up to the top and removed from there. */
enum { REMOVE_DEPTH = 100 };

struct removing {
	int top;      /* the folder that goes; -1 while none does */
	int depth;
	unsigned moved;
};

static int remove_at(struct removing *r, int dir, const char *name, struct err *e);

static int remove_within(struct removing *r, int fd, struct err *e)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), bad = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *x;

	if (!d) {
		fs_close(&copy);
		return err_sys(e, "look into a folder that is to be removed");
	}
	while (bad == 0 && (x = readdir(d)))
		if (strcmp(x->d_name, ".") && strcmp(x->d_name, ".."))
			bad = remove_at(r, fd, x->d_name, e);
	closedir(d);
	return bad;
}

static int remove_at(struct removing *r, int dir, const char *name, struct err *e)
{
	auto_fd fd = -1;
	char aside[64];
	uint64_t chance = 0;
	unsigned moved;
	int bad;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "remove %s", name);
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, 0) == 0)
		fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "remove %s", name);
	fchmod(fd, 0700); /* what it holds can go only when it can be written */
	if (r->depth >= REMOVE_DEPTH) {
		r->moved++;
		if (getrandom(&chance, sizeof(chance), 0) < 0) /* a name that nobody can have taken before */
			return err_sys(e, "remove %s", name);
		snprintf(aside, sizeof(aside), ".removed-%u-%016llx", r->moved, (unsigned long long)chance);
		return renameat(dir, name, r->top, aside) < 0 ? err_sys(e, "remove %s", name) : 0;
	}
	if (r->depth++ == 0)
		r->top = fd;
	do {
		moved = r->moved;
		bad = remove_within(r, fd, e);
	} while (bad == 0 && r->depth == 1 && moved != r->moved);
	r->depth--;
	if (bad == 0 && unlinkat(dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s", name);
	return bad;
}

int fs_remove_tree(const char *path, struct err *e)
{
	struct removing r = { .top = -1 };

	return remove_at(&r, AT_FDCWD, path, e);
}

bool fs_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

bool fs_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool fs_is_empty_dir(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *x;
	bool empty = true;

	while (d && empty && (x = readdir(d)))
		empty = !strcmp(x->d_name, ".") || !strcmp(x->d_name, "..");
	if (d)
		closedir(d);
	return empty && (d || errno == ENOENT);
}

bool fs_is_runnable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

char *fs_which(struct arena *a, const char *program)
{
	const char *path = getenv("PATH");
	char *save = NULL, *dir;

	if (strchr(program, '/'))
		return fs_is_runnable(program) ? arena_strdup(a, program) : NULL;
	for (dir = strtok_r(arena_strdup(a, path ? path : "/usr/bin:/bin"), ":", &save); dir;
	     dir = strtok_r(NULL, ":", &save)) {
		char *full = arena_printf(a, "%s/%s", dir, program);

		if (fs_is_runnable(full))
			return full;
	}
	return NULL;
}

static char *xdg(struct arena *a, const char *var, const char *fallback, const char *sub, struct err *e)
{
	const char *base = getenv(var), *home = getenv("HOME");
	const struct passwd *pw;
	char *dir;

	if (!home || *home != '/') {
		pw = getpwuid(geteuid());
		home = pw ? pw->pw_dir : NULL;
	}
	if (!(base && *base == '/') && !home) {
		err_set(e, ERR_USAGE, "no home folder; set HOME or %s", var);
		return NULL;
	}
	dir = base && *base == '/' ? arena_printf(a, "%s/sealwright", base)
				   : arena_printf(a, "%s/%s/sealwright", home, fallback);
	if (sub)
		dir = arena_printf(a, "%s/%s", dir, sub);
	if (fs_make_dirs(dir, 0700, e) == 0)
		return dir;
	if (e)
		err_set(e, e->code, "%s; set %s to a folder that you can write to", arena_strdup(a, e->text), var);
	return NULL;
}

char *fs_state_dir(struct arena *a, const char *sub, struct err *e)
{
	return xdg(a, "XDG_STATE_HOME", ".local/state", sub, e);
}

char *fs_cache_dir(struct arena *a, const char *sub, struct err *e)
{
	return xdg(a, "XDG_CACHE_HOME", ".cache", sub, e);
}

char *fs_config_dir(struct arena *a, struct err *e)
{
	return xdg(a, "XDG_CONFIG_HOME", ".config", NULL, e);
}

char *fs_share(struct arena *a, const char *name, struct err *e)
{
	static const char *const beside[] = { "../share/sealwright", "../share", "../../share" }; /* installed, then built */
	const char *given = getenv("SEALWRIGHT_SHARE");
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *full;

	if (given && *given) {
		full = arena_printf(a, "%s/%s", given, name);
		if (fs_exists(full))
			return full;
	}
	self[n > 0 ? n : 0] = 0;
	if (strrchr(self, '/'))
		*strrchr(self, '/') = 0;
	for (size_t i = 0; i < sizeof(beside) / sizeof(*beside); i++) {
		full = arena_printf(a, "%s/%s/%s", self, beside[i], name);
		if (fs_exists(full))
			return full;
	}
	err_set(e, ERR_NOT_FOUND, "share/%s is missing beside %s; set SEALWRIGHT_SHARE", name, self);
	return NULL;
}
