/*
 * Level 1: what changes names and files of the tree, done by us for the caller.
 *
 * Landlock cannot except a protected name beneath a folder that may be written, so nothing of the tree may be written
 * directly. A path is copied once. What it leads to is opened without reading or writing (O_PATH), and where that stands is
 * asked of the kernel; the deed is then done on that descriptor, or on a name in that folder without following a link. So it
 * does not matter what the caller does to its memory or its links meanwhile.
 * A path that leads elsewhere goes on to the kernel, where Landlock decides. What Landlock does not know (modes, times,
 * watches) is done by us or refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/level1.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

enum place { OUTSIDE, LOOK, ROOM, HELD, TREE };
enum { GOES_ON = 1 }; /* beside 0 and -errno */

struct spot {            /* a name in a folder */
	int dir;
	enum place place;
	bool slash;      /* the path ended with one */
	char name[NAME_MAX + 1];
};

/* One call as it is dealt with. */
struct asked {
	const struct level1 *l;
	int listener;
	pid_t tid;
	const struct seccomp_notif *n;
	struct seccomp_notif_resp *answer;
};

static int open_how(int dir, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

/* Is it held, or, when it shall move, on the way to what is held? */
static bool is_held(const struct level1 *l, const char *path, bool moves)
{
	for (char **h = l->held; *h; h++)
		if (path_is_beneath(path, *h) || (moves && path_is_beneath(*h, path)))
			return true;
	return false;
}

static enum place place_of_path(const struct level1 *l, const char *path)
{
	for (char **r = l->rooms; *r; r++)
		if (path_is_beneath(path, *r) && !is_held(l, path, false))
			return ROOM;
	if (path_is_beneath(path, l->tree))
		return !l->is_writable || is_held(l, path, false) ? HELD : TREE;
	for (char **r = l->looks; *r; r++)
		if (path_is_beneath(path, *r))
			return LOOK;
	return OUTSIDE;
}

/* Where the kernel says that it stands. */
static bool path_of(int fd, char path[PATH_MAX])
{
	char link[40];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n <= 0 || path[0] != '/')
		return false;
	path[n] = 0;
	return true;
}

static enum place place_of(const struct level1 *l, int fd)
{
	char path[PATH_MAX];

	return path_of(fd, path) ? place_of_path(l, path) : OUTSIDE;
}

static int base_of(pid_t tid, int dirfd, const char *path)
{
	char at[48];

	if (path[0] == '/')
		return open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dirfd == AT_FDCWD)
		snprintf(at, sizeof(at), "/proc/%d/cwd", (int)tid);
	else
		snprintf(at, sizeof(at), "/proc/%d/fd/%d", (int)tid, dirfd);
	return open(at, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool copy_path(pid_t tid, uint64_t from, char path[PATH_MAX])
{
	for (size_t n = 0; n < PATH_MAX;) {
		size_t piece = 256 - (from + n) % 256; /* never across a page */

		piece = piece < PATH_MAX - n ? piece : PATH_MAX - n;
		if (!level1_copy(tid, from + n, path + n, piece))
			return false;
		if (memchr(path + n, 0, piece))
			return path[0] != 0;
		n += piece;
	}
	return false;
}

/* A path that names a descriptor of the caller: its number; -1: none. */
static int descriptor_of(const char *path)
{
	static const char *const ways[] = { "/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/" };
	char *end;

	if (!strncmp(path, "/dev/std", 8))
		return !strcmp(path + 8, "in") ? 0 : !strcmp(path + 8, "out") ? 1 : !strcmp(path + 8, "err") ? 2 : -1;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		const char *number = path + strlen(ways[i]);
		long n;

		if (strncmp(path, ways[i], strlen(ways[i])) || *number < '0' || *number > '9')
			continue;
		n = strtol(number, &end, 10);
		return *end || n > 1 << 20 ? -1 : (int)n;
	}
	return -1;
}

static int opened(pid_t tid, int fd)
{
	char at[48];

	snprintf(at, sizeof(at), "/proc/%d/fd/%d", (int)tid, fd);
	return open(at, O_PATH | O_CLOEXEC);
}

/* What a path leads to. */
static int target(pid_t tid, int dirfd, const char *path, int more)
{
	const int named = more & O_NOFOLLOW ? -1 : descriptor_of(path);
	auto_fd base = named >= 0 ? -1 : base_of(tid, dirfd, path);

	if (named >= 0)
		return opened(tid, named);
	return base < 0 ? -1 : open_how(base, path, O_PATH | (uint64_t)more);
}

/* The folder and the name in it. False when the path does not lead to one. */
static bool spot_find(const struct level1 *l, pid_t tid, int dirfd, const char *path, struct spot *s)
{
	char parent[PATH_MAX];
	auto_fd base = -1;
	size_t n = strlen(path);
	const char *slash, *last;

	s->dir = -1;
	s->slash = false;
	for (; n > 1 && path[n - 1] == '/'; n--)
		s->slash = true;
	memcpy(parent, path, n);
	parent[n] = 0;
	slash = strrchr(parent, '/');
	last = slash ? slash + 1 : parent;
	n = strlen(last);
	if (n > NAME_MAX)
		return false;
	memcpy(s->name, last, n + 1);
	if (!s->name[0] || !strcmp(s->name, ".") || !strcmp(s->name, ".."))
		return false;
	if (!slash)
		snprintf(parent, sizeof(parent), ".");
	else
		parent[slash == parent ? 1 : slash - parent] = 0;
	base = base_of(tid, dirfd, path);
	s->dir = base < 0 ? -1 : open_how(base, parent, O_PATH | O_DIRECTORY);
	if (s->dir < 0)
		return false;
	s->place = place_of(l, s->dir);
	return true;
}

static void spot_close(struct spot *s)
{
	fs_close(&s->dir);
}

#define auto_spot __attribute__((cleanup(spot_close))) struct spot

/* 0 when the name may be changed; moves: and with it all that stands beneath it. */
static int may_change(const struct level1 *l, const struct spot *s, bool moves)
{
	char path[PATH_MAX];
	size_t n;

	if (s->place == HELD)
		return -EROFS;
	if (s->place != TREE)
		return GOES_ON;
	if (!path_of(s->dir, path))
		return -ENOENT;
	n = strlen(path);
	if (n + 1 + strlen(s->name) >= sizeof(path))
		return -ENAMETOOLONG;
	snprintf(path + n, sizeof(path) - n, "/%s", s->name);
	return is_held(l, path, moves) ? -EROFS : 0;
}

static mode_t mask_of(pid_t tid)
{
	auto_buf text = buf_max(16 << 10);
	char path[40];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	if (fs_read_file(path, &text, NULL) < 0 || !(line = strstr(buf_str(&text), "\nUmask:")))
		return 022;
	return (mode_t)strtol(line + 7, NULL, 8) & 0777;
}

static int errno_of(long r)
{
	return r < 0 ? -errno : 0;
}

/* ---- opening ---- */

static int give(const struct asked *q, int fd, int flags)
{
	struct seccomp_notif_addfd add = {
		.id = q->n->id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)fd, .newfd_flags = (uint32_t)flags & O_CLOEXEC,
	};

	if (!(flags & O_NONBLOCK))
		(void)fcntl(fd, F_SETFL, flags & (O_APPEND | O_DIRECT | O_NOATIME));
	if (ioctl(q->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add) < 0)
		return -errno;
	q->answer->id = 0; /* answered */
	return 0;
}

static int open_there(const struct asked *q, int there, int flags)
{
	const bool reads = (flags & O_ACCMODE) == O_RDONLY;
	enum place p = place_of(q->l, there);
	auto_fd fd = -1;
	struct stat st;
	char at[40];

	if (reads || (p != HELD && p != TREE))
		return GOES_ON;
	if (p == HELD)
		return -EROFS;
	if (fstat(there, &st) < 0 || S_ISLNK(st.st_mode))
		return -ELOOP;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return S_ISSOCK(st.st_mode) ? -ENXIO : -EACCES;
	snprintf(at, sizeof(at), "/proc/self/fd/%d", there);
	fd = open(at, (flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : give(q, fd, flags);
}

static int do_open(const struct asked *q, int dirfd, uint64_t from, int flags, mode_t mode)
{
	const bool is_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);
	auto_spot s = { .dir = -1 };
	char path[PATH_MAX];
	auto_fd there = -1, fd = -1;
	int may;

	if ((flags & O_ACCMODE) == O_RDONLY && (flags & O_TRUNC)) /* before version 3, Landlock lets it empty what may be read */
		return -EPERM;
	if (!copy_path(q->tid, from, path))
		return GOES_ON;
	if ((flags & O_TMPFILE) == O_TMPFILE) {
		there = target(q->tid, dirfd, path, O_DIRECTORY);
		return there >= 0 && place_of(q->l, there) >= HELD ? -EOPNOTSUPP : GOES_ON;
	}
	if (!is_new) {
		there = target(q->tid, dirfd, path, flags & O_NOFOLLOW);
		if (there >= 0)
			return open_there(q, there, flags);
		if (errno != ENOENT || !(flags & O_CREAT))
			return GOES_ON;
	}
	if (!spot_find(q->l, q->tid, dirfd, path, &s))
		return GOES_ON;
	may = may_change(q->l, &s, false);
	if (may)
		return may;
	if (s.slash)
		return -EISDIR;
	fd = openat(s.dir, s.name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode & 0777 & ~mask_of(q->tid));
	return fd < 0 ? -errno : give(q, fd, flags);
}

/* ---- names ---- */

enum make { MAKE_FOLDER, MAKE_LINK, MAKE_NODE };

static int do_make(const struct asked *q, enum make what, int dirfd, uint64_t from, mode_t mode, uint64_t link_text)
{
	auto_spot s = { .dir = -1 };
	char path[PATH_MAX], text[PATH_MAX];
	int may;

	if (!copy_path(q->tid, from, path) || !spot_find(q->l, q->tid, dirfd, path, &s))
		return GOES_ON;
	may = may_change(q->l, &s, false);
	if (may)
		return may;
	if (what == MAKE_FOLDER)
		return errno_of(mkdirat(s.dir, s.name, mode & 01777 & ~mask_of(q->tid)));
	if (s.slash)
		return -ENOENT;
	if (what == MAKE_LINK)
		return copy_path(q->tid, link_text, text) ? errno_of(symlinkat(text, s.dir, s.name)) : -ENOENT;
	if ((mode & S_IFMT) && !S_ISREG(mode) && !S_ISFIFO(mode))
		return -EPERM;
	return errno_of(mknodat(s.dir, s.name, (mode & S_IFMT) | (mode & 0777 & ~mask_of(q->tid)), 0));
}

static int do_remove(const struct asked *q, int dirfd, uint64_t from, int flags)
{
	auto_spot s = { .dir = -1 };
	char path[PATH_MAX];
	int may;

	if (!copy_path(q->tid, from, path) || !spot_find(q->l, q->tid, dirfd, path, &s))
		return GOES_ON;
	may = may_change(q->l, &s, true);
	if (may)
		return may;
	if (s.slash && !(flags & AT_REMOVEDIR))
		return -ENOTDIR;
	return errno_of(unlinkat(s.dir, s.name, flags));
}

/* Two spots of one kind; -EXDEV, as between file systems, when one is the tree and the other is not. */
static int two_spots(const struct asked *q, int dir1, uint64_t from, int dir2, uint64_t to, struct spot s[2], bool moves)
{
	char path[PATH_MAX];
	int may[2];

	if (!copy_path(q->tid, from, path) || !spot_find(q->l, q->tid, dir1, path, &s[0]) || !copy_path(q->tid, to, path) ||
	    !spot_find(q->l, q->tid, dir2, path, &s[1]))
		return GOES_ON;
	may[0] = may_change(q->l, &s[0], moves);
	may[1] = may_change(q->l, &s[1], moves);
	if (may[0] < 0 || may[1] < 0)
		return may[0] < 0 ? may[0] : may[1];
	return may[0] == may[1] ? may[0] : -EXDEV;
}

static int do_rename(const struct asked *q, int dir1, uint64_t from, int dir2, uint64_t to, unsigned flags)
{
	struct spot s[2] = { { .dir = -1 }, { .dir = -1 } };
	int r = two_spots(q, dir1, from, dir2, to, s, true);

	if (r == 0)
		r = errno_of(renameat2(s[0].dir, s[0].name, s[1].dir, s[1].name, flags & ~(unsigned)RENAME_WHITEOUT));
	spot_close(&s[0]);
	spot_close(&s[1]);
	return r;
}

/* A link is never followed to what it names: linkat(2) with AT_SYMLINK_FOLLOW links the link's target by another name. */
static int do_link(const struct asked *q, int dir1, uint64_t from, int dir2, uint64_t to, int flags)
{
	struct spot s[2] = { { .dir = -1 }, { .dir = -1 } };
	int r = flags & ~AT_SYMLINK_FOLLOW ? -ENOENT : two_spots(q, dir1, from, dir2, to, s, false);
	struct stat st;

	if (r == 0 && (flags & AT_SYMLINK_FOLLOW) && fstatat(s[0].dir, s[0].name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode))
		r = -EXDEV;
	if (r == 0)
		r = errno_of(linkat(s[0].dir, s[0].name, s[1].dir, s[1].name, 0));
	spot_close(&s[0]);
	spot_close(&s[1]);
	return r;
}

/* ---- what Landlock does not see ---- */

/* A file by path, or by descriptor when from is 0, that may be changed; -errno otherwise. */
static int changeable(const struct asked *q, int dirfd, uint64_t from, int more)
{
	char path[PATH_MAX];
	enum place p;
	int fd;

	if (!from) {
		fd = opened(q->tid, dirfd);
	} else if (!copy_path(q->tid, from, path)) {
		return -EFAULT;
	} else {
		fd = target(q->tid, dirfd, path, more);
	}
	if (fd < 0)
		return -errno;
	p = place_of(q->l, fd);
	if (p == TREE || p == ROOM)
		return fd;
	close(fd);
	return p == HELD ? -EROFS : -EPERM;
}

static int do_chmod(const struct asked *q, int dirfd, uint64_t from, mode_t mode)
{
	auto_fd fd = changeable(q, dirfd, from, 0);
	char at[40];

	if (fd < 0)
		return fd;
	snprintf(at, sizeof(at), "/proc/self/fd/%d", fd);
	return errno_of(chmod(at, mode & 01777));
}

/* To whom it belongs already, as archives are unpacked; nobody else. */
static int do_chown(const struct asked *q, int dirfd, uint64_t from, uint64_t user, uint64_t group, int flags)
{
	auto_fd fd = changeable(q, dirfd, flags & AT_EMPTY_PATH ? 0 : from, flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	return ((uint32_t)user == ~0u || st.st_uid == (uint32_t)user) && ((uint32_t)group == ~0u || st.st_gid == (uint32_t)group) ? 0 :
	       -EPERM;
}

static int do_truncate(const struct asked *q, uint64_t from, off_t length)
{
	auto_fd there = changeable(q, AT_FDCWD, from, 0), fd = -1;
	struct stat st;
	char at[40];

	if (there < 0)
		return there;
	if (fstat(there, &st) < 0 || !S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	snprintf(at, sizeof(at), "/proc/self/fd/%d", there);
	fd = open(at, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : errno_of(ftruncate(fd, length));
}

enum times { NANO, MICRO, SECONDS };

static bool copy_times(pid_t tid, uint64_t from, enum times kind, struct timespec t[2])
{
	struct timeval micro[2];
	struct utimbuf whole;

	if (kind == NANO)
		return level1_copy(tid, from, t, 2 * sizeof(*t));
	if (kind == MICRO) {
		if (!level1_copy(tid, from, micro, sizeof(micro)))
			return false;
		for (int i = 0; i < 2; i++)
			t[i] = (struct timespec){ micro[i].tv_sec, micro[i].tv_usec * 1000 };
		return true;
	}
	if (!level1_copy(tid, from, &whole, sizeof(whole)))
		return false;
	t[0] = (struct timespec){ whole.actime, 0 };
	t[1] = (struct timespec){ whole.modtime, 0 };
	return true;
}

static int do_times(const struct asked *q, int dirfd, uint64_t from, uint64_t times, enum times kind, int flags)
{
	struct timespec t[2];
	auto_fd fd = -1;
	char at[40];

	if (times && !copy_times(q->tid, times, kind, t))
		return -EFAULT;
	if (from && (flags & AT_SYMLINK_NOFOLLOW)) {
		auto_spot s = { .dir = -1 };
		char path[PATH_MAX];
		int may;

		if (!copy_path(q->tid, from, path) || !spot_find(q->l, q->tid, dirfd, path, &s))
			return -ENOENT;
		may = may_change(q->l, &s, false);
		if (may < 0 || (may == GOES_ON && s.place != ROOM))
			return may < 0 ? may : -EPERM;
		return errno_of(utimensat(s.dir, s.name, times ? t : NULL, AT_SYMLINK_NOFOLLOW));
	}
	fd = changeable(q, dirfd, from, 0);
	if (fd < 0)
		return fd;
	snprintf(at, sizeof(at), "/proc/self/fd/%d", fd);
	return errno_of(utimensat(AT_FDCWD, at, times ? t : NULL, 0));
}

static int do_watch(const struct asked *q, int inotify, uint64_t from, uint32_t mask)
{
	auto_fd there = -1, queue = -1;
	char path[PATH_MAX];
	int r;

	if (!copy_path(q->tid, from, path))
		return -EFAULT;
	there = target(q->tid, AT_FDCWD, path, mask & IN_DONT_FOLLOW ? O_NOFOLLOW : 0);
	if (there < 0)
		return -errno;
	if (place_of(q->l, there) == OUTSIDE)
		return -EACCES;
	queue = level1_socket((int)q->tid, inotify);
	if (queue < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", there);
	r = inotify_add_watch(queue, path, mask & ~(uint32_t)IN_DONT_FOLLOW);
	if (r < 0)
		return -errno;
	q->answer->val = r;
	return 0;
}

/* ---- sockets with a name ---- */

int level1_unix(const struct level1 *l, pid_t tid, const char *path, bool is_new, int *hold, char at[300])
{
	struct spot s;
	enum place p;
	int may;

	*hold = -1;
	if (!is_new) {
		*hold = target(tid, AT_FDCWD, path, 0);
		if (*hold < 0)
			return -errno;
		p = place_of(l, *hold);
		snprintf(at, 300, "/proc/self/fd/%d", *hold);
		return p == TREE || p == ROOM ? 0 : -EACCES; /* git has daemons that listen in .git */
	}
	if (!spot_find(l, tid, AT_FDCWD, path, &s))
		return -ENOENT;
	*hold = s.dir;
	may = may_change(l, &s, false);
	if (may < 0 || s.slash)
		return may < 0 ? may : -ENOENT;
	snprintf(at, 300, "/proc/self/fd/%d/%s", s.dir, s.name);
	return may == 0 || s.place == ROOM ? 0 : -EACCES;
}

/* ---- which call ---- */

static int one_of(const struct asked *q, bool *is_one)
{
	const __u64 *a = q->n->data.args;
	const int here = AT_FDCWD, d = (int)a[0];

	*is_one = true;
	switch (q->n->data.nr) {
	case SYS_openat: return do_open(q, d, a[1], (int)a[2], (mode_t)a[3]);
	case SYS_mkdirat: return do_make(q, MAKE_FOLDER, d, a[1], (mode_t)a[2], 0);
	case SYS_mknodat: return do_make(q, MAKE_NODE, d, a[1], (mode_t)a[2], 0);
	case SYS_symlinkat: return do_make(q, MAKE_LINK, (int)a[1], a[2], 0, a[0]);
	case SYS_unlinkat: return do_remove(q, d, a[1], (int)a[2] & AT_REMOVEDIR);
#ifdef SYS_renameat
	case SYS_renameat: return do_rename(q, d, a[1], (int)a[2], a[3], 0);
#endif
	case SYS_renameat2: return do_rename(q, d, a[1], (int)a[2], a[3], (unsigned)a[4]);
	case SYS_linkat: return do_link(q, d, a[1], (int)a[2], a[3], (int)a[4]);
	case SYS_truncate: return do_truncate(q, a[0], (off_t)a[1]);
	case SYS_fchown: return do_chown(q, d, 0, a[1], a[2], 0);
	case SYS_fchownat: return a[1] ? do_chown(q, d, a[1], a[2], a[3], (int)a[4]) : -EFAULT;
	case SYS_fchmod: return do_chmod(q, d, 0, (mode_t)a[1]);
	case SYS_fchmodat: return a[1] ? do_chmod(q, d, a[1], (mode_t)a[2]) : -EFAULT;
	case SYS_utimensat: return do_times(q, d, a[1], a[2], NANO, (int)a[3]);
	case SYS_inotify_add_watch: return do_watch(q, d, a[1], (uint32_t)a[2]);
#ifdef SYS_open
	case SYS_open: return do_open(q, here, a[0], (int)a[1], (mode_t)a[2]);
	case SYS_creat: return do_open(q, here, a[0], O_CREAT | O_WRONLY | O_TRUNC, (mode_t)a[1]);
	case SYS_mkdir: return do_make(q, MAKE_FOLDER, here, a[0], (mode_t)a[1], 0);
	case SYS_mknod: return do_make(q, MAKE_NODE, here, a[0], (mode_t)a[1], 0);
	case SYS_symlink: return do_make(q, MAKE_LINK, here, a[1], 0, a[0]);
	case SYS_unlink: return do_remove(q, here, a[0], 0);
	case SYS_rmdir: return do_remove(q, here, a[0], AT_REMOVEDIR);
	case SYS_rename: return do_rename(q, here, a[0], here, a[1], 0);
	case SYS_link: return do_link(q, here, a[0], here, a[1], 0);
	case SYS_chmod: return a[0] ? do_chmod(q, here, a[0], (mode_t)a[1]) : -EFAULT;
	case SYS_chown: return a[0] ? do_chown(q, here, a[0], a[1], a[2], 0) : -EFAULT;
	case SYS_lchown: return a[0] ? do_chown(q, here, a[0], a[1], a[2], AT_SYMLINK_NOFOLLOW) : -EFAULT;
	case SYS_utime: return a[0] ? do_times(q, here, a[0], a[1], SECONDS, 0) : -EFAULT;
	case SYS_utimes: return a[0] ? do_times(q, here, a[0], a[1], MICRO, 0) : -EFAULT;
	case SYS_futimesat: return do_times(q, d, a[1], a[2], MICRO, 0);
#endif
	default: *is_one = false;
	}
	(void)here;
	return 0;
}

bool level1_path_call(struct level1 *l, int listener, const struct seccomp_notif *n, struct seccomp_notif_resp *answer)
{
	const struct asked q = { l, listener, (pid_t)n->pid, n, answer };
	bool is_one;
	int r = one_of(&q, &is_one);

	if (!is_one)
		return false;
	answer->error = r < 0 ? r : 0;
	if (r == GOES_ON)
		answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	return true;
}
