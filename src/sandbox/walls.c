/*
 * What the sandbox is made of, each part tried by itself, with what would give a missing one: for `sealwright doctor`.
 *
 * A part is tried in a child that ends at once; nothing of the machine is changed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Runs try in a child: 0, or the errno that it ended with. */
static int in_child(int (*try)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		errno = 0;
		_exit(try() == 0 ? 0 : errno && errno < 126 ? errno : EPERM);
	}
	if (pid < 0)
		return errno;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
}

static int try_spaces(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID | CLONE_NEWCGROUP);
}

/* As the view's root is made (view.c). */
static int try_mount(void)
{
	int fs, mnt;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return -1;
	fs = (int)syscall(SYS_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */);
	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) < 0)
		return -1;
	mnt = (int)syscall(SYS_fsmount, fs, 1, 0);
	return mnt < 0 ? -1 : 0;
}

static int try_listener(void)
{
	int listener = -1;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return lock_filter(FILTER_TELLING, &listener) < 0 || listener < 0 ? -1 : 0;
}

static int try_getfd(void)
{
	int self = (int)syscall(SYS_pidfd_open, getppid(), 0);

	return self < 0 || syscall(SYS_pidfd_getfd, self, 0, 0) < 0 ? -1 : 0;
}

static struct sandbox_wall *add(struct sandbox_wall **at, const char *name, enum sandbox_wall_state state)
{
	struct sandbox_wall *w = (*at)++;

	*w = (struct sandbox_wall){ .name = name, .state = state };
	return w;
}

static void spaces(struct sandbox_wall **at, bool needed)
{
	int bad = in_child(try_spaces);
	struct sandbox_wall *w = add(at, "namespaces", bad ? (needed ? WALL_MISSING : WALL_LESS) : WALL_GOOD);

	snprintf(w->text, sizeof(w->text), bad ? "user namespaces are refused: %s" : "user, mount, PID, network, IPC, UTS and cgroup",
		 strerror(bad));
	snprintf(w->cure, sizeof(w->cure), "%s", bad ? own_namespace_cure(bad) : "");
}

static void mounts(struct sandbox_wall **at, bool needed)
{
	int bad = in_child(try_mount);
	struct sandbox_wall *w = add(at, "mounts", bad ? (needed ? WALL_MISSING : WALL_LESS) : WALL_GOOD);

	snprintf(w->text, sizeof(w->text), bad ? "a mount of one's own is refused: %s" : "a view can be built", strerror(bad));
	if (bad)
		snprintf(w->cure, sizeof(w->cure), "%s", bad == ENOSYS ? "run a kernel of 5.12 or later" :
			 "let namespaces be made first; in a container, start it with --security-opt apparmor=unconfined, too");
}

/* On the state folder's disk, where layers stand. */
static void overlay(struct sandbox_wall **at)
{
	auto_arena a = { 0 };
	struct err e = { 0 };
	char *dir = fs_state_dir(&a, NULL, &e), *base = dir ? arena_printf(&a, "%s/.layer-XXXXXX", dir) : NULL;
	bool good = false;
	struct sandbox_wall *w;

	if (base && mkdtemp(base)) {
		const char *tree = arena_printf(&a, "%s/tree", base), *layer = arena_printf(&a, "%s/layer", base);

		good = fs_make_dirs(arena_printf(&a, "%s/folder", tree), 0755, &e) == 0 &&
		       fs_write_atomic(arena_printf(&a, "%s/folder/x", tree), bytes_of("x"), 0644, &e) == 0 &&
		       fs_write_atomic(arena_printf(&a, "%s/file", tree), bytes_of("x"), 0644, &e) == 0 &&
		       fs_make_dirs(arena_printf(&a, "%s/upper", layer), 0755, &e) == 0 &&
		       fs_make_dirs(arena_printf(&a, "%s/work", layer), 0755, &e) == 0 && sandbox_layer_works(NULL, tree, layer);
		fs_remove_tree(base, NULL);
	}
	w = add(at, "layers", good ? WALL_GOOD : WALL_LESS);
	snprintf(w->text, sizeof(w->text), good ? "a tree can be copy-on-write on the disk of %.150s" :
		 "no copy-on-write tree on the disk of %.150s: trees are copied instead", dir ? dir : "the state folder");
	if (!good)
		snprintf(w->cure, sizeof(w->cure), "set XDG_STATE_HOME to a folder on ext4, xfs or btrfs, not on an overlay, a tmpfs or a network "
			 "disk");
}

static void landlock(struct sandbox_wall **at)
{
	int abi = lock_landlock_abi(), why = errno;
	struct sandbox_wall *w = add(at, "landlock", abi >= 2 ? WALL_GOOD : WALL_LESS);

	if (abi > 0)
		snprintf(w->text, sizeof(w->text), "version %d%s", abi, abi < 2 ? ", which refuses every rename between folders: not used" :
			 abi < 6 ? " (signals and abstract sockets are scoped from 6 on)" : "");
	else
		snprintf(w->text, sizeof(w->text), "not there: files are held by mounts alone, and level 1 cannot be");
	if (abi < 2)
		snprintf(w->cure, sizeof(w->cure), "%s", abi == 0 && why == EOPNOTSUPP ? "boot with landlock in lsm=, as: lsm=landlock,lockdown,yama,"
			 "integrity,apparmor,bpf" : "run a kernel of 5.19 or later with CONFIG_SECURITY_LANDLOCK; in a container, let its seccomp profile "
			 "pass landlock_create_ruleset");
}

static void listener(struct sandbox_wall **at)
{
	int bad = in_child(try_listener);
	struct sandbox_wall *w = add(at, "seccomp", bad ? WALL_LESS : WALL_GOOD);

	snprintf(w->text, sizeof(w->text), bad ? "no listener: what is refused is not told, and level 1 cannot be (%s)" :
		 "a filter, and a listener that tells what it refuses", strerror(bad));
	if (bad)
		snprintf(w->cure, sizeof(w->cure), "%s", bad == EBUSY || bad == EPERM ? "this runs within another sandbox that listens already, or in a "
			 "container; start it outside, or with --security-opt seccomp=unconfined" : "run a kernel of 5.5 or later with "
			 "CONFIG_SECCOMP_FILTER");
}

static void cgroup(struct sandbox_wall **at)
{
	int version = cgroup_version();
	struct sandbox_wall *w = add(at, "cgroup", version ? WALL_GOOD : WALL_LESS);

	if (version)
		snprintf(w->text, sizeof(w->text), "version %d, with memory and pids", version);
	else
		snprintf(w->text, sizeof(w->text), "none: memory and processes are summed ten times a second (level 2)");
	snprintf(w->cure, sizeof(w->cure), "%s", cgroup_lacks());
}

static void idmap(struct sandbox_wall **at, int level)
{
	struct sandbox_wall *w;

	if (geteuid() != 0 || level < 2)
		return;
	w = add(at, "idmap", own_was_root() ? WALL_LESS : WALL_GOOD);
	snprintf(w->text, sizeof(w->text), own_was_root() ? "root's files cannot be mapped here: a command is user 0 without rights" :
		 "root's sandbox is another user outside, by id-mapped mounts");
	if (own_was_root())
		snprintf(w->cure, sizeof(w->cure), "run as a plain user; or on a file system with id-mapped mounts (ext4, xfs, btrfs; kernel 5.12), in "
			 "a container with CAP_SYS_ADMIN");
}

static void sockets(struct sandbox_wall **at, int level)
{
	int bad = level == 1 ? in_child(try_getfd) : 0;
	struct sandbox_wall *w;

	if (level != 1)
		return;
	w = add(at, "sockets", bad ? WALL_LESS : WALL_GOOD);
	snprintf(w->text, sizeof(w->text), bad ? "none at level 1: pidfd_getfd is refused (%s)" : "loopback works at level 1", strerror(bad));
	if (bad)
		snprintf(w->cure, sizeof(w->cure), "start the container with --cap-add SYS_PTRACE; outside of one: sysctl -w kernel.yama.ptrace_scope=1");
}

int sandbox_walls(struct sandbox_wall walls[SANDBOX_WALLS])
{
	const struct sandbox_level *l = sandbox_probe();
	struct sandbox_wall *at = walls;

	spaces(&at, l->level < 1);
	mounts(&at, l->level < 1);
	if (l->level >= 2)
		overlay(&at);
	landlock(&at);
	listener(&at);
	cgroup(&at);
	idmap(&at, l->level);
	sockets(&at, l->level);
	return (int)(at - walls);
}
