/*
 * When root runs us: the sandbox's user is not root outside, either.
 *
 * Even without capabilities, user 0 of the machine owns what matters there (/etc, sysctls, devices) and has no limit of
 * processes. So the command runs as an unused number, and the folders that it may write are mounted with their owner
 * mapped to that number: what it creates belongs to the tree's owner on disk.
 * Where that cannot be (no rights over the file system in a container, a file system that does not map), the command
 * runs as user 0 without capabilities, as under a plain user; sandbox_probe says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

int idmap_write(pid_t pid, const char *file, unsigned inside, unsigned outside)
{
	char path[64], line[64];
	int n = snprintf(line, sizeof(line), "%u %u 1", inside, outside);
	auto_fd fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, line, (size_t)n) == n ? 0 : -1;
}

static int wait_for_end(void *arg)
{
	(void)arg;
	while (pause() < 0)
		;
	return 0;
}

/* A user namespace in which the owner on disk is our number outside. It lives as long as its descriptor. */
static int space_make(uid_t uid, gid_t gid)
{
	char stack[4096] __attribute__((aligned(16)));
	char path[64];
	sigset_t all, before;
	pid_t pid;
	int fd = -1;

	sigfillset(&all); /* the child shares our memory: it must not run a handler of ours */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = clone(wait_for_end, stack + sizeof(stack), CLONE_VM | CLONE_NEWUSER | SIGCHLD, NULL);
	if (pid > 0 && idmap_write(pid, "uid_map", uid, SANDBOX_OUTSIDE) == 0 &&
	    idmap_write(pid, "gid_map", gid, SANDBOX_OUTSIDE) == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (pid > 0) {
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return fd;
}

/* The last few are kept: making one costs a tenth of a millisecond. */
static int space_get(uid_t uid, gid_t gid)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct {
		uid_t uid;
		gid_t gid;
		int fd;
		pid_t maker;
	} kept[8];
	static unsigned next;
	int fd = -1;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < 8 && fd < 0; i++)
		if (kept[i].maker && kept[i].uid == uid && kept[i].gid == gid)
			fd = fcntl(kept[i].fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0 && (fd = space_make(uid, gid)) >= 0) {
		if (kept[next % 8].maker)
			close(kept[next % 8].fd);
		kept[next % 8].uid = uid;
		kept[next % 8].gid = gid;
		kept[next % 8].fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		kept[next++ % 8].maker = 1;
	}
	pthread_mutex_unlock(&lock);
	return fd;
}

static int open_mapped(const char *path)
{
	struct mount_attr m = { .attr_set = MOUNT_ATTR_IDMAP };
	struct stat st;
	auto_fd fd = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	auto_fd space = -1;

	if (fd < 0 || fstat(fd, &st) < 0 || (space = space_get(st.st_uid, st.st_gid)) < 0)
		return -1;
	m.userns_fd = (unsigned)space;
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &m, sizeof(m)) < 0)
		return -1;
	return take_fd(&fd);
}

bool idmap_open(struct view *v)
{
	auto_fd space = geteuid() == 0 ? space_get(0, 0) : -1;
	bool all = true;

	if (space < 0) /* a plain user, or root of a user namespace that does not have our number: nothing writable tells then */
		return false;
	for (int i = 0; i < v->n_shows && all; i++) {
		struct view_show *s = &v->shows[i];

		if (s->flags & (SHOW_MAY_LACK | SHOW_LENT))
			continue;
		s->fd = open_mapped(s->src);
		if (s->fd < 0 && !(s->flags & SHOW_WRITE)) /* what is only read is readable by all, or not meant to be */
			s->fd = open_tree(AT_FDCWD, s->src, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		all = s->fd >= 0;
	}
	if (all && v->layer)
		all = (v->layer_fd = open_mapped(v->layer)) >= 0;
	if (!all)
		idmap_close(v);
	return all;
}

void idmap_close(struct view *v)
{
	for (int i = 0; i < v->n_shows; i++)
		fs_close(&v->shows[i].fd);
	fs_close(&v->layer_fd);
}
