/*
 * A control group for each sandbox, where this machine gives us one: the kernel then bounds memory, kernel memory and
 * processes of all of it together, and shares the processor by sandbox. That makes level 3 of level 2.
 *
 * Version 2 (cgroups(7)): beside or beneath our own group, when that is delegated to us with its controllers (systemd does
 * so beneath user@UID.service); a child is born in it (CLONE_INTO_CGROUP), which costs nothing. A group of ours alone is
 * made an inner one first, since only leaves may hold processes. Version 1: as root; moving a process there waits for the
 * whole machine (10 ms and more), so a cold sandbox does it only when level 3 is asked for.
 * What cannot be made is no failure: the sandbox is of level 2 then, and says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { PATH = 512, LEAF = 40 };

static struct {
	int version;             /* 0: none                             */
	char at[2][PATH];        /* where groups are made: v2, or v1's memory and pids */
	char why[300];           /* none, and what would give one       */
} place;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint counter;

/* ---- finding the place ---- */

/* The n-th word of a line (from 0), and whether there is one. */
static bool word(const char *line, int n, char *to, size_t max)
{
	size_t len;

	for (; n > 0; n--) {
		line += strcspn(line, " \n");
		line += strspn(line, " ");
	}
	len = strcspn(line, " \n");
	if (!len || len >= max)
		return false;
	memcpy(to, line, len);
	to[len] = 0;
	return true;
}

/* Is name among the comma-separated ones? */
static bool has_word(const char *list, const char *name, char by)
{
	size_t n = strlen(name);

	for (const char *p = list; (p = strstr(p, name)); p++)
		if ((p == list || p[-1] == by) && (p[n] == by || !p[n] || p[n] == '\n'))
			return true;
	return false;
}

/* Our group in a hierarchy: controller "" is version 2's. From "4:memory:/a/b". */
static bool group_of(const char *text, const char *controller, char *to, size_t max)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;
		char list[128] = "";
		size_t n;

		if (!path || (size_t)(path - names) > sizeof(list))
			return false;
		memcpy(list, names + 1, (size_t)(path - names) - 1);
		if (*controller ? !has_word(list, controller, ',') : *list != 0)
			continue;
		n = strcspn(path + 1, "\n");
		if (n >= max || strstr(path + 1, "/../") == path + 1) /* outside of our view of it */
			return false;
		memcpy(to, path + 1, n);
		to[n] = 0;
		return true;
	}
	return false;
}

/* Where the hierarchy is mounted whole. */
static bool mount_of(const char *text, const char *type, const char *controller, char *to, size_t max)
{
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *end = strchr(line, '\n'), *dash = strstr(line, " - ");
		char root[PATH], is[32], options[256];

		if (!dash || (end && dash > end) || !word(line, 3, root, sizeof(root)) || !word(dash, 2, is, sizeof(is)) ||
		    strcmp(is, type) || strcmp(root, "/"))
			continue;
		if (*controller && (!word(dash, 4, options, sizeof(options)) || !has_word(options, controller, ',')))
			continue;
		return word(line, 4, to, max);
	}
	return false;
}

static bool read_text(const char *folder, const char *file, struct buf *b)
{
	char path[PATH + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	buf_clear(b);
	return fs_read_file(path, b, NULL) == 0;
}

static bool write_text(const char *folder, const char *file, const char *text)
{
	char path[PATH + 64];
	auto_fd fd = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool may_write(const char *folder, const char *file)
{
	char path[PATH + 64];

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	return access(path, W_OK) == 0;
}

static bool gives_controllers(const char *folder)
{
	auto_buf b = buf_max(4096);

	return read_text(folder, "cgroup.subtree_control", &b) && has_word(buf_str(&b), "memory", ' ') &&
	       has_word(buf_str(&b), "pids", ' ');
}

/* A group with nobody but us becomes an inner one: we move into a leaf. */
static bool make_inner(const char *folder)
{
	auto_buf b = buf_max(64 << 10);
	char leaf[PATH + 64], line[32];

	snprintf(line, sizeof(line), "%d\n", (int)getpid());
	if (!read_text(folder, "cgroup.procs", &b) || strcmp(buf_str(&b), line) || !may_write(folder, "cgroup.subtree_control"))
		return false;
	snprintf(leaf, sizeof(leaf), "%s/sealwright-self", folder);
	if ((mkdir(leaf, 0755) < 0 && errno != EEXIST) || !write_text(leaf, "cgroup.procs", "0"))
		return false;
	(void)write_text(folder, "cgroup.subtree_control", "+cpu");
	if (write_text(folder, "cgroup.subtree_control", "+memory +pids"))
		return true;
	(void)write_text(folder, "cgroup.procs", "0"); /* as it was */
	(void)rmdir(leaf);
	return false;
}

static bool find_v2(const char *groups, const char *mounts)
{
	char top[PATH / 2], own[PATH / 2], *folder = place.at[0], *slash;

	if (!group_of(groups, "", own, sizeof(own)) || !mount_of(mounts, "cgroup2", "", top, sizeof(top)))
		return false;
	snprintf(folder, PATH, "%s%s", top, strcmp(own, "/") ? own : "");
	if (may_write(folder, "cgroup.procs") && (gives_controllers(folder) || make_inner(folder)))
		return true;
	slash = strrchr(folder, '/');
	if (!strcmp(own, "/") || !slash)
		return false;
	*slash = 0;
	return may_write(folder, "cgroup.procs") && gives_controllers(folder);
}

static bool find_v1(const char *groups, const char *mounts)
{
	static const char *const controllers[] = { "memory", "pids" };
	char top[PATH / 2], own[PATH / 2];

	for (int i = 0; i < 2; i++) {
		if (!group_of(groups, controllers[i], own, sizeof(own)) || !mount_of(mounts, "cgroup", controllers[i], top, sizeof(top)))
			return false;
		snprintf(place.at[i], PATH, "%s%s", top, strcmp(own, "/") ? own : "");
		if (!may_write(place.at[i], "cgroup.procs"))
			return false;
	}
	return true;
}

/* What a supervisor that was killed left behind: rmdir(2) takes empty groups only. */
static void sweep(const char *folder)
{
	DIR *d = opendir(folder);
	const struct dirent *f;
	char path[PATH + 300];

	while (d && (f = readdir(d))) {
		long pid = strncmp(f->d_name, "sealwright-", 11) ? 0 : strtol(f->d_name + 11, NULL, 10);

		if (pid <= 0 || kill((pid_t)pid, 0) == 0 || errno != ESRCH)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, f->d_name);
		(void)rmdir(path);
	}
	if (d)
		closedir(d);
}

static void find(void)
{
	auto_buf groups = buf_max(64 << 10), mounts = buf_max(4 << 20);

	if (fs_read_file("/proc/self/cgroup", &groups, NULL) == 0 && fs_read_file("/proc/self/mountinfo", &mounts, NULL) == 0) {
		if (find_v2(buf_str(&groups), buf_str(&mounts)))
			place.version = 2;
		else if (find_v1(buf_str(&groups), buf_str(&mounts)))
			place.version = 1;
	}
	for (int i = 0; place.version && i < 3 - place.version; i++)
		sweep(place.at[i]);
	if (!place.version)
		snprintf(place.why, sizeof(place.why), "no cgroup is delegated to us; start it by: systemd-run --user --scope -p Delegate=yes "
			 "sealwright ..., or in a container with --cgroupns=private and a writable /sys/fs/cgroup");
}

int cgroup_version(void)
{
	pthread_once(&once, find);
	return place.version;
}

const char *cgroup_lacks(void)
{
	pthread_once(&once, find);
	return place.why;
}

/* ---- one group ---- */

static bool set(const char *folder, const char *file, long long n)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", n);
	return write_text(folder, file, text);
}

static bool furnish(const struct sandbox *s, int i, const char *folder)
{
	/* Somewhat more than init's watch allows, which says why it ends a command; the kernel just kills. */
	const long long memory = sandbox_memory(s) + sandbox_memory(s) / 8 + (32 << 20), tasks = sandbox_processes(s) + 8; /* init, a keeper and its spare */

	if (place.version == 2) {
		(void)write_text(folder, "memory.swap.max", "0");
		(void)write_text(folder, "memory.oom.group", "0");
		return set(folder, "memory.max", memory) && set(folder, "pids.max", tasks);
	}
	if (i == 1)
		return set(folder, "pids.max", tasks);
	if (!set(folder, "memory.limit_in_bytes", memory))
		return false;
	(void)set(folder, "memory.memsw.limit_in_bytes", memory);
	return true;
}

bool cgroup_make(struct cgroup *c, const struct sandbox *s)
{
	const unsigned n = atomic_fetch_add(&counter, 1);

	*c = (struct cgroup){ .into = -1, .doors = { -1, -1 } };
	if (!cgroup_version())
		return false;
	c->n = 3 - place.version;
	for (int i = 0; i < c->n; i++) {
		char door[PATH + LEAF + 20];

		snprintf(c->at[i], sizeof(c->at[i]), "%s/sealwright-%d-%u", place.at[i], (int)getpid(), n);
		if (mkdir(c->at[i], 0755) < 0) {
			c->n = i;
			break;
		}
		snprintf(door, sizeof(door), "%s/cgroup.procs", c->at[i]);
		c->doors[i] = open(door, O_WRONLY | O_CLOEXEC);
		if (c->doors[i] < 0 || !furnish(s, i, c->at[i])) {
			c->n = i + 1;
			cgroup_drop(c);
			return false;
		}
	}
	if (c->n < 3 - place.version) {
		cgroup_drop(c);
		return false;
	}
	if (place.version == 2)
		c->into = open(c->at[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return true;
}

void cgroup_close(struct cgroup *c)
{
	fs_close(&c->into);
	fs_close(&c->doors[0]);
	fs_close(&c->doors[1]);
}

bool cgroup_holds(const struct cgroup *c, pid_t pid)
{
	auto_buf b = buf_max(1 << 20);
	char line[32];

	snprintf(line, sizeof(line), "%d", (int)pid);
	for (int i = 0; i < c->n; i++)
		if (!read_text(c->at[i], "cgroup.procs", &b) || !has_word(buf_str(&b), line, '\n'))
			return false;
	return c->n > 0;
}

bool cgroup_ran_out(const struct cgroup *c)
{
	auto_buf b = buf_max(4096);
	const char *p;

	if (!c->n || !read_text(c->at[0], place.version == 2 ? "memory.events" : "memory.oom_control", &b))
		return false;
	p = strstr(buf_str(&b), "oom_kill ");
	return p && strtol(p + 9, NULL, 10) > 0;
}

/* Its processes are dying when we come here; the kernel counts them for a moment more. */
void cgroup_drop(struct cgroup *c)
{
	const struct timespec moment = { 0, 1000000 };

	cgroup_close(c);
	for (int i = 0; i < c->n; i++)
		for (int tries = 0; rmdir(c->at[i]) < 0 && errno == EBUSY && tries < 200; tries++)
			nanosleep(&moment, NULL);
	c->n = 0;
}
