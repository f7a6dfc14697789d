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

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define UID_TEXT "1000"

/* Small files of the machine, copied: a mount costs 30 us at its making and end, a copy 5. */
static const char *const copied[] = {
	"etc/ssl/openssl.cnf", "etc/timezone", "etc/debian_version", "etc/mime.types", "etc/services", "etc/protocols", NULL,
};
enum { COPIES = 6, COPY_MAX = 256 << 10 };

static const char *const folders[] = {
	"etc/ssl", "proc", "dev/pts", "dev/shm", "dev/mqueue", "tmp", "run", "var/empty", "home/agent", "root", NULL,
};

static const struct {
	const char *at, *text;
} files[] = {
	{ "etc/passwd", "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\nagent:x:" UID_TEXT ":" UID_TEXT ":agent:" SANDBOX_HOME
	  ":/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n" },
	{ "etc/group", "root:x:0:\nagent:x:" UID_TEXT ":\nnogroup:x:65534:\n" },
	{ "etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost\n" },
	{ "etc/hostname", "sandbox\n" },
	/* Owner, inode and ctime of a file differ inside from what a git outside saw: without this, every git status
	 * reads all files again. */
	{ "etc/gitconfig", "[core]\n\tcheckStat = minimal\n\ttrustctime = false\n" },
};

/* Without egress, and with it. */
static const struct {
	const char *at, *text[2];
} by_egress[] = {
	{ "etc/nsswitch.conf", { "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n",
				 "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n" } },
	{ "etc/resolv.conf", { "# no network here\n", "nameserver 127.0.0.1\noptions timeout:2 attempts:1\n" } },
};

static const char *const stand_ins[] = {
	[PIN_CONFIG] = "var/git-config", [PIN_GIT] = VIEW_GIT, [PIN_GIT_FILE] = "var/git-file",
	[PIN_BORROWED] = "var/git-borrowed",
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

void view_read_copies(void)
{
	pthread_once(&copies_once, copies_read);
}

/* All below runs in the child: system calls only. */

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
		if (s->fd < 0 && (s->flags & SHOW_LENT)) {
			errno = EBADF;
			return -1;
		}
		if (s->fd >= 0 || ((s->flags & SHOW_MAY_LACK) && is_link(s, to, sizeof(to))))
			continue;
		s->fd = open_tree(AT_FDCWD, s->src, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (s->fd < 0 && !((s->flags & SHOW_MAY_LACK) && (errno == ENOENT || errno == ENOTDIR)))
			return -1;
	}
	return 0;
}

static int set_option(int fs, const char *name, const char *value)
{
	return fsconfig(fs, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, name, value, 0);
}

/* The tree below the layer. Both are put where the old root has folders of which nothing more is needed, and go away with
 * it: an overlay takes paths only (descriptors from 6.13 on), keeps clones of its own, and refuses what is not mounted
 * (before 6.15). */
static int lay(struct view *v, struct view_show *tree)
{
	int fs;

	if (v->layer_fd < 0)
		v->layer_fd = open_tree(AT_FDCWD, v->layer, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (v->layer_fd < 0 || move_mount(tree->fd, "", AT_FDCWD, "/usr", MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	    move_mount(v->layer_fd, "", AT_FDCWD, "/dev", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -1;
	fs = fsopen("overlay", FSOPEN_CLOEXEC);
	if (fs < 0 || set_option(fs, "source", "layer") < 0 || set_option(fs, "lowerdir", "/usr") < 0 ||
	    set_option(fs, "upperdir", "/dev/upper") < 0 || set_option(fs, "workdir", "/dev/work") < 0 ||
	    set_option(fs, "userxattr", NULL) < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	close(tree->fd);
	tree->fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	close(fs);
	return tree->fd < 0 ? -1 : 0;
}

static int place_layer(struct view *v)
{
	for (int i = 0; i < v->n_shows; i++)
		if (v->shows[i].flags & SHOW_LAYERED)
			return lay(v, &v->shows[i]);
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

static int write_file_as(int root, const char *at, struct bytes text, mode_t mode)
{
	int fd = openat(root, at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0 || write(fd, text.p, text.n) != (ssize_t)text.n)
		return -1;
	return close(fd);
}

static int write_file(int root, const char *at, struct bytes text)
{
	return write_file_as(root, at, text, 0444);
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
	if (p->kind == PIN_TEXT)
		from = write_file(root, "var/text", p->text) < 0 ? -1 : open_tree(root, "var/text", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	else if (p->kind == PIN_HIDE)
		from = open_tree(root, "var/empty", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	else if (p->kind >= PIN_CONFIG)
		from = open_tree(root, stand_ins[p->kind], OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	else
		from = open_tree(on, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (from < 0 || attach(from, on, "", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       (p->kind == PIN_HOLD || p->kind == PIN_GIT ? 0 : MOUNT_ATTR_RDONLY)) < 0)
		return -1;
	if (p->kind == PIN_TEXT && unlinkat(root, "var/text", 0) < 0)
		return -1;
	close(from);
	close(on);
	return 0;
}

/* A folder of the machine there, such as a tree in /var/tmp, is not to be looked for behind a link of ours: until we have
 * moved to the new root, that leads into the old one. */
static bool shows_beneath(const struct view *v, const char *at)
{
	for (int i = 0; i < v->n_shows; i++)
		if (path_is_beneath(v->shows[i].at, at))
			return true;
	return false;
}

int view_files(const struct view *v, int root)
{
	for (int i = 0; folders[i]; i++)
		if (make_way(root, folders[i], true) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (write_file(root, files[i].at, bytes_of(files[i].text)) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(by_egress) / sizeof(*by_egress); i++)
		if (write_file(root, by_egress[i].at, bytes_of(by_egress[i].text[v->has_dns])) < 0)
			return -1;
	if (v->git_config.n && write_file(root, "var/git-config", v->git_config) < 0)
		return -1;
	if (v->locked && (write_file(root, "var/git-file", bytes_of("gitdir: /" VIEW_GIT "\n")) < 0 ||
			 write_file(root, "var/git-borrowed", bytes_of("/" VIEW_GIT_OBJECTS "\n")) < 0))
		return -1;
	for (int i = 0; i < COPIES; i++)
		if (copies[i].n && write_file(root, copied[i], buf_bytes(&copies[i])) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (!shows_beneath(v, links[i].at) && symlinkat(links[i].to, root, links[i].at) < 0)
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

/* Of the sandbox's own IPC namespace. Landlock looks at message queues as files, so mq_open(3) works only where they are seen. A
 * kernel without them has none to use. */
static int place_queues(int root)
{
	if (fchdir(root) < 0)
		return -1;
	return mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 && errno != ENODEV ? -1 : 0;
}

/* What was asked for in the home folder: it belongs to the agent. */
static int place_home(const struct view *v, int root)
{
	int home = v->files ? openat(root, &SANDBOX_HOME[1], O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	for (const struct sandbox_file *f = v->files; f && f->path; f++)
		if (make_way(home, f->path, false) < 0 || write_file_as(home, f->path, bytes_of(f->text), 0644) < 0)
			return -1;
	if (home >= 0)
		close(home);
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

int view_proc(const struct view *v)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), r = root < 0 ? -1 : place_proc(root, v->is_root);

	if (root >= 0)
		close(root);
	return r;
}

static int mount_proc(void *arg)
{
	int *bad = arg;

	*bad = mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ? errno : 0;
	_exit(0);
}

/* The kernel mounts a further /proc only where one is wholly seen already. This one is of a PID namespace that is empty for
 * ever; the commands' own are mounted upon it. */
static int place_empty_proc(int root)
{
	char stack[16384] __attribute__((aligned(16)));
	int bad = ECHILD;
	pid_t pid;

	if (fchdir(root) < 0)
		return -1;
	pid = clone(mount_proc, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | CLONE_NEWPID | SIGCHLD, &bad);
	if (pid < 0)
		return -1;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = bad;
	return bad ? -1 : 0;
}

static int new_root(void)
{
	static const char *const places[] = { "/tmp", "/usr", "/mnt", NULL };
	int fd = -1;

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
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	f->step = STEP_LAYER;
	if (place_layer(v) < 0)
		return -1;
	f->step = STEP_ROOT;
	root = new_root();
	if (root < 0)
		return -1;
	if (view_files(v, root) < 0 || place_scratch(v, root) < 0 || place_home(v, root) < 0 ||
	    place_queues(root) < 0 ||
	    mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620,max=64") < 0)
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
	if (v->is_shared ? place_empty_proc(root) < 0 : place_proc(root, v->is_root) < 0)
		return -1;
	f->step = STEP_PIVOT;
	return enter(root);
}
