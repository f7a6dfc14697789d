/*
 * What can be seen in the sandbox: an empty root, and on it only what is listed here.
 *
 * A list of what to hide was the other way; every sandbox that we measured which does that leaks (keys, histories, a
 * neighbour's .env), since nobody can list all that is private.
 *
 * Paths within the work tree are hostile: what ran before may have left a link there. They are found again from the
 * new root without following any link. A name that must not change is held by a mount upon it; so is every folder on the
 * way to it, since a folder that holds a mount can otherwise be renamed and put back with other content.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UID_TEXT "1000"

/* Of the machine, read-only; absent ones are left out. Links (a merged /usr) are made again as links. */
static const char *const system_shown[] = {
	"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32",
	"etc/alternatives", "etc/ld.so.cache", "etc/ssl/certs", "etc/localtime", "etc/os-release", "etc/java-11-openjdk",
	"etc/java-17-openjdk", "etc/java-21-openjdk", NULL,
};

/* Small files of the machine, copied: a mount costs 30 us at its making and end, a copy 5. */
static const char *const copied[] = {
	"etc/ssl/openssl.cnf", "etc/timezone", "etc/debian_version", "etc/mime.types", "etc/services", "etc/protocols", NULL,
};
enum { COPIES = 6, COPY_MAX = 256 << 10 };

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty", NULL };

static const char *const folders[] = {
	"etc/ssl", "proc", "dev/pts", "dev/shm", "tmp", "run", "var/empty", "home/agent", "root", NULL,
};

static const struct {
	const char *at, *text;
} files[] = {
	{ "etc/passwd", "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nagent:x:" UID_TEXT ":" UID_TEXT ":agent:" SANDBOX_HOME
	  ":/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
	{ "etc/group", "root:x:0:\nagent:x:" UID_TEXT ":\nnogroup:x:65534:\n" },
	{ "etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost\n" },
	{ "etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n" },
	{ "etc/resolv.conf", "# no network here\n" },
	{ "etc/hostname", "sandbox\n" },
};

static const struct {
	const char *at, *to;
} links[] = {
	{ "dev/fd", "/proc/self/fd" },     { "dev/stdin", "/proc/self/fd/0" }, { "dev/stdout", "/proc/self/fd/1" },
	{ "dev/stderr", "/proc/self/fd/2" }, { "dev/ptmx", "pts/ptmx" },       { "etc/mtab", "/proc/self/mounts" },
	{ "var/tmp", "/tmp" },             { "var/run", "/run" },
};

/* What tells of others on this machine; and, behind NULL, what root could read even without rights. */
static const char *const proc_hidden[] = { "keys", "key-users", "sched_debug", NULL, "kcore", "kmsg", "sysrq-trigger",
					   "timer_list", "kpagecount", "kpageflags", "kpagecgroup", "vmallocinfo", NULL };

/* ---- planning ---- */

static struct buf copies[COPIES]; /* what copied[] holds; read once */
static pthread_once_t copies_once = PTHREAD_ONCE_INIT;

static void copies_read(void)
{
	for (int i = 0; copied[i]; i++) {
		auto_buf path = buf_max(256);

		buf_printf(&path, "/%s", copied[i]);
		copies[i] = buf_max(COPY_MAX);
		if (fs_read_file(buf_str(&path), &copies[i], NULL) < 0)
			buf_drop(&copies[i]);
	}
}

bool path_is_beneath(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	if (n == 1 && folder[0] == '/')
		return true;
	return !strncmp(path, folder, n) && (path[n] == '/' || !path[n]);
}

/* Without ".", ".." and doubled slashes; NULL when it has those dots or is not absolute. */
static char *path_tidy(struct arena *a, const char *path)
{
	char *out, *to;

	if (!path || path[0] != '/')
		return NULL;
	out = to = arena_alloc(a, strlen(path) + 2);
	for (const char *p = path; *p;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (!n)
			break;
		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return NULL;
		*to++ = '/';
		memcpy(to, p, n);
		to += n;
		p += n;
	}
	if (to == out)
		*to++ = '/';
	*to = 0;
	return out;
}

/* Folders that hold more than any command needs. */
static int too_wide(const char *path, struct err *e)
{
	static const char *const wide[] = { "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root",
					    "/run", "/sbin", "/sys", "/tmp", "/usr", "/var", NULL };
	const char *home = getenv("HOME");

	for (int i = 0; wide[i]; i++)
		if (!strcmp(path, wide[i]))
			return err_set(e, ERR_DENIED, "%s is too wide to be shown in the sandbox; use a folder beneath it",
				       path);
	if (path_is_beneath(path, "/proc") || path_is_beneath(path, "/sys") || path_is_beneath(path, "/dev"))
		return err_set(e, ERR_DENIED, "%s cannot be shown in the sandbox", path);
	if (home && home[0] == '/' && strlen(home) > 1 && path_is_beneath(home, path) && path_is_beneath(path, home))
		return err_set(e, ERR_DENIED, "%s is the home folder, with its keys and history; use a folder beneath it", path);
	return 0;
}

static void show(struct view *v, const char *src, const char *at, int flags)
{
	v->shows[v->n_shows++] = (struct view_show){ src, at, flags, -1 };
}

static void pin(struct arena *a, struct view *v, const char *at, enum pin_kind kind)
{
	struct view_pin *grown;

	for (int i = 0; i < v->n_pins; i++)
		if (!strcmp(v->pins[i].at, at)) {
			if (kind != PIN_HOLD)
				v->pins[i].kind = kind;
			return;
		}
	if (v->n_pins % 16 == 0) {
		grown = arena_array(a, (size_t)v->n_pins + 16, sizeof(*grown));
		if (v->n_pins)
			memcpy(grown, v->pins, (size_t)v->n_pins * sizeof(*grown));
		v->pins = grown;
	}
	v->pins[v->n_pins++] = (struct view_pin){ at, kind };
}

/* name beneath folder: every folder on the way is held, the last is of the kind. */
static void pin_path(struct arena *a, struct view *v, const char *folder, const char *name, enum pin_kind kind)
{
	for (const char *p = name; (p = strchr(p, '/')); p++)
		pin(a, v, arena_printf(a, "%s/%.*s", folder + 1, (int)(p - name), name), PIN_HOLD);
	pin(a, v, arena_printf(a, "%s/%s", folder + 1, name), kind);
}

/* Shallow ones first, so that a mount never covers one that was made before it. */
static int by_depth(const void *x, const void *y)
{
	size_t a = strlen(((const struct view_pin *)x)->at), b = strlen(((const struct view_pin *)y)->at);

	return a < b ? -1 : a > b;
}

static int show_by_depth(const void *x, const void *y)
{
	size_t a = strlen(((const struct view_show *)x)->at), b = strlen(((const struct view_show *)y)->at);

	return a < b ? -1 : a > b;
}

static int plan_folder(struct arena *a, struct view *v, const char *tree, const char *path, int flags, struct err *e)
{
	char *tidy = path_tidy(a, path);

	if (!tidy)
		return err_set(e, ERR_USAGE, "sandbox: %s must be an absolute path without . and ..", path);
	if (too_wide(tidy, e) < 0)
		return -1;
	if (tree && strcmp(tree, tidy) && path_is_beneath(tidy, tree)) {
		pin_path(a, v, tree, tidy + strlen(tree) + 1, flags & SHOW_WRITE ? PIN_HOLD : PIN_READ);
		return 0;
	}
	if (access(tidy, F_OK) < 0)
		return err_sys(e, "sandbox: show %s", tidy);
	show(v, tidy, tidy + 1, flags);
	return 0;
}

/* The home folder, and our own state, when they stand within the tree: nothing of them shows. */
static void plan_hidden(struct arena *a, struct view *v, const char *tree)
{
	static const char *const names[] = { "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME",
					     "XDG_RUNTIME_DIR", NULL };

	for (int i = 0; names[i]; i++) {
		char *path = path_tidy(a, getenv(names[i]));

		if (path && strcmp(path, tree) && path_is_beneath(path, tree) &&
		    (i == 0 || !getenv("HOME") || !path_is_beneath(path, getenv("HOME"))))
			pin_path(a, v, tree, path + strlen(tree) + 1, PIN_HIDE);
	}
}

static int plan_protected(struct arena *a, struct view *v, const char *tree, const char *const *names, struct err *e)
{
	for (int i = 0; names && names[i]; i++) {
		char *tidy = names[i][0] && names[i][0] != '/' ? path_tidy(a, arena_printf(a, "/%s", names[i])) : NULL;

		if (!tidy || !tidy[1])
			return err_set(e, ERR_USAGE, "sandbox: protected name %s must stand beneath the work tree", names[i]);
		pin_path(a, v, tree, tidy + 1, PIN_READ);
	}
	return 0;
}

int view_plan(struct arena *a, const struct sandbox *s, struct view *out, struct err *e)
{
	static const char *const git[] = { ".git", NULL };
	struct view v = { .scratch_max = sandbox_disk(s) };
	const char **writable;
	size_t n = 1, base, n_write = 0;
	char *tree;

	pthread_once(&copies_once, copies_read);
	for (size_t i = 0; s->read && s->read[i]; i++)
		n++;
	for (; s->write && s->write[n_write]; n_write++)
		n++;
	v.shows = arena_array(a, n + 64, sizeof(*v.shows));
	for (int i = 0; system_shown[i]; i++)
		show(&v, arena_printf(a, "/%s", system_shown[i]), system_shown[i], SHOW_MAY_LACK);
	for (int i = 0; devices[i]; i++)
		show(&v, arena_printf(a, "/dev/%s", devices[i]), arena_printf(a, "dev/%s", devices[i]),
		     SHOW_DEVICE | SHOW_MAY_LACK);
	base = (size_t)v.n_shows;
	if (!s->tree || !(tree = path_tidy(a, s->tree)))
		return err_set(e, ERR_USAGE, "sandbox: the work tree must be an absolute path without . and .., not %s",
			       s->tree ? s->tree : "none");
	if (plan_folder(a, &v, NULL, tree, s->tree_readonly ? 0 : SHOW_WRITE, e) < 0)
		return -1;
	for (size_t i = 0; s->read && s->read[i]; i++)
		if (plan_folder(a, &v, tree, s->read[i], 0, e) < 0)
			return -1;
	writable = arena_array(a, n_write + 2, sizeof(*writable));
	for (size_t i = 0; i < n_write; i++) {
		if (plan_folder(a, &v, tree, s->write[i], SHOW_WRITE, e) < 0)
			return -1;
		writable[i] = s->write[i];
	}
	if (!s->tree_readonly)
		writable[n_write] = tree;
	v.writable = writable;
	plan_hidden(a, &v, tree);
	if (!s->tree_readonly && (plan_protected(a, &v, tree, s->protect, e) < 0 || plan_protected(a, &v, tree, git, e) < 0))
		return -1;
	qsort(v.shows + base, (size_t)v.n_shows - base, sizeof(*v.shows), show_by_depth);
	if (v.n_pins)
		qsort(v.pins, (size_t)v.n_pins, sizeof(*v.pins), by_depth);
	*out = v;
	return 0;
}

/* ---- building, in the child: system calls only ---- */

static int attach(int fd, int root, const char *at, uint64_t attributes)
{
	struct mount_attr m = { .attr_set = attributes };
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (*at ? 0 : MOVE_MOUNT_T_EMPTY_PATH);

	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &m, sizeof(m)) < 0)
		return -1;
	return move_mount(fd, "", root, at, flags);
}

/* The folders on the way to `at`, and itself when `whole`. Those that stand on something shown already exist. */
static int make_way(int root, const char *at, bool whole)
{
	char path[4096];
	size_t n = strlen(at);

	if (n >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(path, at, n + 1);
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && (path[i] || !whole))
			continue;
		path[i] = 0;
		if (mkdirat(root, path, 0755) < 0 && errno != EEXIST && errno != EROFS)
			return -1;
		path[i] = at[i];
	}
	return 0;
}

static bool is_link(struct view_show *s, char *to, size_t max)
{
	ssize_t n = readlink(s->src, to, max - 1);

	if (n < 0)
		return false;
	to[n] = 0;
	return true;
}

/* While the old root is still there. Links of the system's own list are made again as links. */
static int open_shows(struct view *v, struct own_fail *f)
{
	f->step = STEP_SHOW;
	for (int i = 0; i < v->n_shows; i++) {
		struct view_show *s = &v->shows[i];
		char to[256];

		f->index = i;
		if (s->fd >= 0 || ((s->flags & SHOW_MAY_LACK) && is_link(s, to, sizeof(to))))
			continue;
		s->fd = open_tree(AT_FDCWD, s->src, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (s->fd < 0 && !((s->flags & SHOW_MAY_LACK) && (errno == ENOENT || errno == ENOTDIR)))
			return -1;
	}
	return 0;
}

static int place_show(struct view_show *s, int root)
{
	uint64_t attributes = MOUNT_ATTR_NOSUID | (s->flags & SHOW_WRITE ? 0 : MOUNT_ATTR_RDONLY) |
			      (s->flags & SHOW_DEVICE ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV);
	struct stat st;
	char to[256];

	if (s->fd < 0) {
		if (!is_link(s, to, sizeof(to)))
			return 0;
		return make_way(root, s->at, false) < 0 ? -1 : symlinkat(to, root, s->at);
	}
	if (fstat(s->fd, &st) < 0 || make_way(root, s->at, S_ISDIR(st.st_mode)) < 0)
		return -1;
	if (!S_ISDIR(st.st_mode) && mknodat(root, s->at, S_IFREG | 0444, 0) < 0 && errno != EEXIST)
		return -1;
	return attach(s->fd, root, s->at, attributes);
}

static int place_pin(const struct view_pin *p, int root)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	int on = (int)syscall(SYS_openat2, root, p->at, &how, sizeof(how)), from;
	struct stat st;

	if (on < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	if (fstat(on, &st) < 0)
		return -1;
	if (S_ISLNK(st.st_mode)) {
		errno = ELOOP;
		return -1;
	}
	if (p->kind == PIN_HIDE)
		from = open_tree(root, "var/empty", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	else
		from = open_tree(on, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (from < 0 || attach(from, on, "", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       (p->kind == PIN_HOLD ? 0 : MOUNT_ATTR_RDONLY)) < 0)
		return -1;
	close(from);
	close(on);
	return 0;
}

static int write_file(int root, const char *at, struct bytes text)
{
	int fd = openat(root, at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);

	if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n)
		return -1;
	return close(fd);
}

static int place_files(int root)
{
	for (int i = 0; folders[i]; i++)
		if (make_way(root, folders[i], true) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (write_file(root, files[i].at, bytes_of(files[i].text)) < 0)
			return -1;
	for (int i = 0; i < COPIES; i++)
		if (copies[i].n && write_file(root, copied[i], buf_bytes(&copies[i])) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (symlinkat(links[i].to, root, links[i].at) < 0)
			return -1;
	return 0;
}

static char *digits(char *end, uint64_t n)
{
	*end = 0;
	do
		*--end = (char)('0' + n % 10);
	while (n /= 10);
	return end;
}

/* One file system of a fixed size serves /tmp, /dev/shm and the home folder. It stays where it was mounted, in /run:
 * taking it away again would cost as much as all of the rest here. */
static int place_scratch(const struct view *v, int root)
{
	static const struct {
		const char *name, *at;
		mode_t mode;
	} part[] = { { "run/tmp", "tmp", 01777 }, { "run/shm", "dev/shm", 01777 }, { "run/home", &SANDBOX_HOME[1], 0755 } };
	char options[64] = "mode=755,nr_inodes=200k,size=", number[24];
	int fd;

	strcat(options, digits(number + 23, (uint64_t)v->scratch_max));
	if (fchdir(root) < 0 || mount("scratch", "run", "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++) {
		if (mkdirat(root, part[i].name, 0700) < 0 || fchmodat(root, part[i].name, part[i].mode, 0) < 0)
			return -1;
		fd = open_tree(root, part[i].name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (fd < 0 || move_mount(fd, "", root, part[i].at, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return -1;
		close(fd);
	}
	return 0;
}

static int place_proc(int root, bool is_root)
{
	int null = openat(root, "dev/null", O_PATH | O_CLOEXEC), proc, from, on;

	/* Read-only for root, who owns the sysctls; others may write to what is theirs, as a debugger does. */
	if (fchdir(root) < 0 ||
	    mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC | (is_root ? MS_RDONLY : 0), NULL) < 0)
		return -1;
	proc = openat(root, "proc", O_PATH | O_CLOEXEC);
	for (int i = 0; proc_hidden[i] || is_root; i++) {
		if (!proc_hidden[i]) { /* the second part */
			is_root = false;
			continue;
		}
		on = openat(proc, proc_hidden[i], O_PATH | O_CLOEXEC);
		if (on < 0)
			continue;
		from = open_tree(null, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (from < 0 || move_mount(from, "", on, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
			return -1;
		close(from);
		close(on);
	}
	close(proc);
	close(null);
	return 0;
}

static int new_root(void)
{
	static const char *const places[] = { "/tmp", "/usr", "/mnt", NULL };
	int fd = -1;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	for (int i = 0; places[i] && fd < 0; i++)
		if (mount("sandbox", places[i], "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=4m,nr_inodes=4k") == 0)
			fd = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

static int enter(int root)
{
	struct mount_attr m = { .attr_set = MOUNT_ATTR_RDONLY };

	if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -1;
	return mount_setattr(AT_FDCWD, "/", 0, &m, sizeof(m));
}

int view_build(struct view *v, struct own_fail *f)
{
	int root;

	if (open_shows(v, f) < 0)
		return -1;
	f->step = STEP_ROOT;
	root = new_root();
	if (root < 0)
		return -1;
	if (place_files(root) < 0 || place_scratch(v, root) < 0 ||
	    mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") < 0)
		return -1;
	f->step = STEP_SHOW;
	for (f->index = 0; f->index < v->n_shows; f->index++)
		if (place_show(&v->shows[f->index], root) < 0)
			return -1;
	f->step = STEP_PIN;
	for (f->index = 0; f->index < v->n_pins; f->index++)
		if (place_pin(&v->pins[f->index], root) < 0)
			return -1;
	f->step = STEP_PROC;
	if (place_proc(root, v->is_root) < 0)
		return -1;
	f->step = STEP_PIVOT;
	return enter(root);
}
