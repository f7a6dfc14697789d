/*
 * Level 1: what reaches other processes and sockets, decided or done by us for the caller.
 *
 * Signals go to what descends from the watcher, by a pidfd that was opened before the descent was looked up. Sockets are
 * streams; they are bound on loopback only (a wildcard becomes loopback) and connected only to a port that was bound inside,
 * so that the machine's own services on loopback stay out of reach. The address is copied once and used on a duplicate of
 * the caller's socket, so changing it meanwhile changes nothing.
 * Making a process is not handed over: a signal that comes before we have taken the call makes it fail with EINTR in a
 * program whose handlers do not restart calls, and shells get SIGCHLD all the time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/level1.h"

#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { STAT = 512, PROCESSES = 4096 };

bool level1_waits(int listener, const struct seccomp_notif *n)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->id) == 0;
}

bool level1_copy(pid_t tid, uint64_t from, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)(uintptr_t)from, n };
	char path[40];
	auto_fd fd = -1;

	if (process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)n)
		return true;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)tid); /* where a container forbids the call */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && pread(fd, to, n, (off_t)from) == (ssize_t)n;
}

int level1_socket(int tgid, int fd)
{
	auto_fd process = (int)syscall(SYS_pidfd_open, tgid, 0);

	return process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
}

/* ---- processes ---- */

/* Parent, process group and threads of a process; false when it is gone. */
static bool stat_of(pid_t pid, int *parent, int *group, int *threads)
{
	char path[40], text[STAT], *p;
	auto_fd fd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return false;
	text[n] = 0;
	p = strrchr(text, ')'); /* its name may hold anything */
	if (!p || strlen(p) < 4)
		return false;
	p += 4; /* ") S " */
	*parent = (int)strtol(p, &p, 10);
	*group = (int)strtol(p, &p, 10);
	for (int i = 0; i < 14; i++) /* session ... nice; then num_threads */
		(void)strtol(p, &p, 10);
	*threads = (int)strtol(p, &p, 10);
	return true;
}

static bool is_inside(const struct level1 *l, pid_t pid)
{
	int parent = 0, group, threads;

	for (int depth = 0; depth < 1000 && pid > 1 && pid != l->watcher; depth++) {
		if (!stat_of(pid, &parent, &group, &threads))
			return false;
		if (parent == l->watcher)
			return true;
		pid = parent;
	}
	return false;
}

/* The children of a thread, appended to list. The kernel leaves some out while others end; who must find all, asks again. */
static int children_of(pid_t pid, const char *thread, pid_t *list, int n, int max)
{
	auto_buf text = buf_max(256 << 10);
	char path[80], *p;

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/children", (int)pid, thread);
	if (fs_read_file(path, &text, NULL) < 0)
		return n;
	for (p = (char *)(uintptr_t)buf_str(&text); *p && n < max;) {
		char *end;
		long child = strtol(p, &end, 10);

		if (end == p)
			break;
		list[n++] = (pid_t)child;
		p = end;
	}
	return n;
}

/* Adds the children of all its threads; *tasks grows by how many threads there are. */
static int expand(pid_t pid, pid_t *list, int n, int max, int *tasks)
{
	char path[40];
	const struct dirent *f;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	d = opendir(path);
	while (d && (f = readdir(d)))
		if (f->d_name[0] > '0' && f->d_name[0] <= '9') {
			++*tasks;
			n = children_of(pid, f->d_name, list, n, max);
		}
	if (d)
		closedir(d);
	return n;
}

struct row {
	int pid, parent, threads;
	bool inside;
};

static int by_number(const void *x, const void *y)
{
	const int a = *(const int *)x, b = *(const int *)y;

	return a < b ? -1 : a > b;
}

/* All processes of the machine, sorted by number. */
static struct row *all_rows(int *n)
{
	DIR *d = opendir("/proc");
	struct row *rows = NULL;
	const struct dirent *f;
	int max = 0, group;

	*n = 0;
	while (d && (f = readdir(d))) {
		if (f->d_name[0] <= '0' || f->d_name[0] > '9')
			continue;
		if (*n == max)
			rows = mem_grow(rows, (size_t)(max = max ? 2 * max : 1024) * sizeof(*rows));
		rows[*n].pid = (int)strtol(f->d_name, NULL, 10);
		rows[*n].inside = false;
		*n += stat_of(rows[*n].pid, &rows[*n].parent, &group, &rows[*n].threads);
	}
	if (d)
		closedir(d);
	if (*n)
		qsort(rows, (size_t)*n, sizeof(*rows), by_number);
	return rows;
}

/* For a kernel without CONFIG_PROC_CHILDREN. */
static int descendants_by_parent(pid_t top, pid_t *list, int max, int *tasks)
{
	int n, found = 0;
	struct row *rows = all_rows(&n);
	bool more = n > 0;

	for (int pass = 0; more && pass < 64; pass++) {
		more = false;
		for (int i = 0; i < n; i++) {
			const struct row *up = rows[i].inside ? NULL : bsearch(&rows[i].parent, rows, (size_t)n, sizeof(*rows), by_number);

			if (rows[i].inside || (rows[i].parent != top && !(up && up->inside)))
				continue;
			rows[i].inside = more = true;
			*tasks += rows[i].threads;
			if (found < max)
				list[found++] = rows[i].pid;
		}
	}
	free(rows);
	return found;
}

int level1_descendants(pid_t top, pid_t *list, int max, int *tasks)
{
	int n, own = 0;

	*tasks = 0;
	if (access("/proc/self/task", F_OK) == 0 && access("/proc/thread-self/children", F_OK) < 0)
		return descendants_by_parent(top, list, max, tasks);
	n = expand(top, list, 0, max, &own);
	for (int i = 0; i < n; i++)
		n = expand(list[i], list, n, max, tasks);
	return n;
}

int level1_tasks_of_user(void)
{
	DIR *d = opendir("/proc");
	const struct dirent *f;
	int sum = 0, parent, group, threads;
	struct stat st;

	while (d && (f = readdir(d)))
		if (f->d_name[0] > '0' && f->d_name[0] <= '9' && fstatat(dirfd(d), f->d_name, &st, 0) == 0 && st.st_uid == geteuid() &&
		    stat_of((pid_t)strtol(f->d_name, NULL, 10), &parent, &group, &threads))
			sum += threads;
	if (d)
		closedir(d);
	return sum;
}

static const char elsewhere[] = "to a process outside the sandbox";

/* 0, or -errno. */
static int send_to(const struct level1 *l, pid_t pid, int sig)
{
	auto_fd process = (int)syscall(SYS_pidfd_open, pid, 0);

	if (process < 0)
		return -errno;
	if (!is_inside(l, pid))
		return -EPERM;
	return syscall(SYS_pidfd_send_signal, process, sig, NULL, 0) < 0 ? -errno : 0;
}

/* To a group, or to all but the caller. A group all of whose members are inside cannot be joined from outside: it is of
 * the command's session. */
static int send_to_many(const struct level1 *l, pid_t group, int sig, int tgid)
{
	pid_t list[PROCESSES];
	int tasks, n = level1_descendants(l->watcher, list, PROCESSES, &tasks), sent = 0, parent, its, threads;

	for (int i = 0; i < n; i++)
		if (group ? stat_of(list[i], &parent, &its, &threads) && its == group && list[i] != tgid : list[i] != tgid)
			sent += send_to(l, list[i], sig) == 0;
	return sent ? 0 : -ESRCH;
}

static bool is_thread_of(int tgid, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", tgid, (int)tid);
	return access(path, F_OK) == 0;
}

static const char *goes_on(struct seccomp_notif_resp *answer)
{
	answer->error = 0;
	answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	return NULL;
}

static const char *done_with(struct seccomp_notif_resp *answer, int r, const char *harm)
{
	answer->error = r;
	return r == -EPERM ? harm : NULL;
}

static int group_of(int tgid)
{
	int parent, group, threads;

	return stat_of(tgid, &parent, &group, &threads) ? group : 0;
}

static const char *decide_kill(const struct level1 *l, const struct seccomp_notif *n, int tgid, struct seccomp_notif_resp *answer)
{
	const int pid = (int)n->data.args[0], sig = (int)n->data.args[1];
	int group, r;

	if (pid == tgid)
		return goes_on(answer);
	if (pid > 0)
		return done_with(answer, send_to(l, pid, sig), elsewhere);
	group = pid == 0 ? group_of(tgid) : pid == -1 ? 0 : -pid;
	r = send_to_many(l, group, sig, tgid);
	if (group && group_of(tgid) == group && sig) { /* oneself last, by the caller's own hand */
		(void)send_to(l, tgid, sig);
		r = 0;
	}
	return done_with(answer, r == -ESRCH && group && kill(-group, 0) == 0 ? -EPERM : r, elsewhere);
}

/* tkill(tid, sig), tgkill(tgid, tid, sig), rt_sigqueueinfo(tgid, sig, info), rt_tgsigqueueinfo(tgid, tid, sig, info). */
static const char *decide_thread(const struct level1 *l, const struct seccomp_notif *n, int tgid, struct seccomp_notif_resp *answer)
{
	const __u64 *a = n->data.args;
	int to = (int)a[0], r;

	if (n->data.nr == SYS_tkill ? to == (int)n->pid : to == tgid)
		return goes_on(answer);
	if (n->data.nr == SYS_rt_sigqueueinfo)
		return done_with(answer, send_to(l, to, (int)a[1]), elsewhere);
	if (n->data.nr == SYS_tkill) {
		if (!is_thread_of(tgid, to))
			return done_with(answer, send_to(l, to, (int)a[1]), elsewhere);
		return done_with(answer, syscall(SYS_tgkill, tgid, to, (int)a[1]) < 0 ? -errno : 0, elsewhere);
	}
	r = is_inside(l, to) && syscall(SYS_tgkill, to, (int)a[1], (int)a[2]) == 0 ? 0 : -EPERM;
	return done_with(answer, r, elsewhere);
}

/* Of the caller's own threads only. */
static const char *decide_schedule(const struct seccomp_notif *n, int tgid, struct seccomp_notif_resp *answer)
{
	const __u64 *a = n->data.args;
	const bool by_kind = n->data.nr == SYS_setpriority || n->data.nr == SYS_ioprio_set;
	const int whom = (int)(by_kind ? a[1] : a[0]);
	const bool is_process = !by_kind || a[0] == (n->data.nr == SYS_setpriority ? PRIO_PROCESS : 1 /* IOPRIO_WHO_PROCESS */);

	if (is_process && (whom == 0 || is_thread_of(tgid, whom)))
		return goes_on(answer);
	return "of a process that is not the caller's own";
}

/* ---- sockets ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
	char room[128];
};

static void mark(struct level1 *l, int which, unsigned port)
{
	l->bound[which][port / 8] |= (unsigned char)(1 << port % 8);
}

static bool is_marked(const struct level1 *l, int which, unsigned port)
{
	return l->bound[which][port / 8] >> port % 8 & 1;
}

/* 0: 127.0.0.1, 1: ::1, -1: neither loopback nor any. A loopback address becomes the one of its kind that we keep. */
static int loopback(union address *a, bool any_too)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	unsigned char *six = a->v6.sin6_addr.s6_addr;

	if (a->any.sa_family == AF_INET) {
		uint32_t ip = ntohl(a->v4.sin_addr.s_addr);

		if (ip >> 24 != 127 && !(any_too && ip == 0))
			return -1;
		a->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		return 0;
	}
	if (!memcmp(six, mapped, 12)) {
		if (six[12] != 127 && !(any_too && !six[12] && !six[13] && !six[14] && !six[15]))
			return -1;
		memcpy(six + 12, (const unsigned char[]){ 127, 0, 0, 1 }, 4);
		return 0;
	}
	if (IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr) || (any_too && IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr))) {
		a->v6.sin6_addr = in6addr_loopback;
		return 1;
	}
	return -1;
}

static unsigned port_of(const union address *a)
{
	return ntohs(a->any.sa_family == AF_INET ? a->v4.sin_port : a->v6.sin6_port);
}

static socklen_t size_of(const union address *a)
{
	return a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
}

/* "any" of version 6 serves version 4, too, unless the socket says otherwise; we have one address. */
static void choose(int fd, union address *a)
{
	socklen_t n = sizeof(int);
	int only = 1;

	if (a->any.sa_family != AF_INET6 || !IN6_IS_ADDR_UNSPECIFIED(&a->v6.sin6_addr))
		return;
	if (getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &n) == 0 && !only)
		memcpy(a->v6.sin6_addr.s6_addr + 10, (const unsigned char[]){ 0xff, 0xff, 127, 0, 0, 1 }, 6);
}

/* Notes where it is bound now. */
static void note_bound(struct level1 *l, int fd)
{
	union address a = { .room = { 0 } };
	socklen_t n = sizeof(a);
	int which;

	if (getsockname(fd, &a.any, &n) < 0 || (a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6))
		return;
	which = loopback(&a, false);
	if (which >= 0)
		mark(l, which, port_of(&a));
}

static int bind_loopback(struct level1 *l, int fd, union address *a)
{
	const int off = 0;

	choose(fd, a);
	if (loopback(a, true) < 0)
		return -EADDRNOTAVAIL;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &off, sizeof(off)); /* no port is shared with the machine */
	if (bind(fd, &a->any, size_of(a)) < 0)
		return -errno;
	note_bound(l, fd);
	return 0;
}

/* A full queue makes connect wait, and nobody but us would answer meanwhile. */
static int connect_soon(int fd, const struct sockaddr *to, socklen_t n)
{
	const struct timeval soon = { 0, 200000 };
	struct timeval before = { 0, 0 };
	socklen_t size = sizeof(before);
	int r;

	(void)getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &before, &size);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon));
	r = connect(fd, to, n) < 0 ? -errno : 0;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &before, sizeof(before));
	if (r == -EINPROGRESS && !(fcntl(fd, F_GETFL) & O_NONBLOCK))
		return -ETIMEDOUT;
	return r;
}

static int use_unix(const struct level1 *l, pid_t tid, int fd, union address *a, size_t n, bool is_new)
{
	union address to = { .un = { .sun_family = AF_UNIX } };
	char path[sizeof(a->un.sun_path) + 1] = "", at[300];
	auto_fd hold = -1;
	int r;

	if (is_new && n == sizeof(sa_family_t)) /* a name by the kernel: nobody's */
		return bind(fd, &a->any, (socklen_t)n) < 0 ? -errno : 0;
	if (n <= offsetof(struct sockaddr_un, sun_path) || !a->un.sun_path[0]) /* abstract: all of the machine's */
		return is_new ? -EACCES : -ECONNREFUSED;
	memcpy(path, a->un.sun_path, n - offsetof(struct sockaddr_un, sun_path));
	r = level1_unix(l, tid, path, is_new, &hold, at);
	if (r < 0)
		return r;
	if (strlen(at) >= sizeof(to.un.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.un.sun_path, at, strlen(at) + 1);
	if (!is_new)
		return connect_soon(fd, &to.any, sizeof(to.un));
	return bind(fd, &to.any, sizeof(to.un)) < 0 ? -errno : 0;
}

static const char *no_such_harm(int family, bool is_new)
{
	return is_new ? "on an address of the machine" : family == AF_UNIX ? "to a socket of the machine" :
		"to an address or service that is not the sandbox's own";
}

static const char *decide_address(struct level1 *l, const struct seccomp_notif *n, int fd, struct seccomp_notif_resp *answer)
{
	const bool is_new = n->data.nr == SYS_bind;
	const size_t size = (size_t)(uint32_t)n->data.args[2];
	union address a = { .room = { 0 } };
	socklen_t len = sizeof(int);
	int family = 0, which, r;

	if (size < sizeof(sa_family_t) || size > sizeof(a.un)) {
		answer->error = -EINVAL;
		return NULL;
	}
	if (!level1_copy((pid_t)n->pid, n->data.args[1], &a, size)) {
		answer->error = -EFAULT;
		return NULL;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &len) < 0) {
		answer->error = -errno;
		return NULL;
	}
	if (family == AF_NETLINK || (!is_new && a.any.sa_family == AF_UNSPEC)) { /* routing alone; an end of a connection */
		r = (is_new ? bind : connect)(fd, &a.any, (socklen_t)size) < 0 ? -errno : 0;
	} else if (family == AF_UNIX) {
		r = a.any.sa_family == AF_UNIX ? use_unix(l, (pid_t)n->pid, fd, &a, size, is_new) : -EINVAL;
	} else if (a.any.sa_family != AF_INET && a.any.sa_family != AF_INET6) {
		r = -EAFNOSUPPORT;
	} else if (size < (a.any.sa_family == AF_INET ? sizeof(a.v4) : offsetof(struct sockaddr_in6, sin6_scope_id))) {
		r = -EINVAL;
	} else if (is_new) {
		r = bind_loopback(l, fd, &a);
	} else {
		which = loopback(&a, true);
		r = which < 0 ? -ENETUNREACH : !is_marked(l, which, port_of(&a)) ? -ECONNREFUSED :
			connect_soon(fd, &a.any, size_of(&a));
		if (r == -ECONNREFUSED && is_marked(l, which, port_of(&a))) { /* a server of ours that has ended */
			answer->error = r;
			return NULL;
		}
	}
	answer->error = r;
	return r == -ENETUNREACH || r == -EACCES || r == -EADDRNOTAVAIL || (r == -ECONNREFUSED && family != AF_UNIX) ?
		no_such_harm(family, is_new) : NULL;
}

/* A socket that is not bound yet would be, on every address. */
static const char *decide_listen(struct level1 *l, const struct seccomp_notif *n, int fd, struct seccomp_notif_resp *answer)
{
	union address a = { .room = { 0 } };
	socklen_t size = sizeof(a);
	int r = 0;

	if (getsockname(fd, &a.any, &size) == 0 && (a.any.sa_family == AF_INET || a.any.sa_family == AF_INET6) && port_of(&a) == 0)
		r = bind_loopback(l, fd, &a);
	if (r == 0)
		r = listen(fd, (int)n->data.args[1]) < 0 ? -errno : 0;
	answer->error = r;
	return NULL;
}

static const char *decide_socket(struct level1 *l, const struct seccomp_notif *n, int tgid, struct seccomp_notif_resp *answer)
{
	auto_fd fd = level1_socket(tgid, (int)n->data.args[0]);

	if (fd < 0) {
		answer->error = errno == EPERM ? -EACCES : -errno;
		return NULL;
	}
	return n->data.nr == SYS_listen ? decide_listen(l, n, fd, answer) : decide_address(l, n, fd, answer);
}

const char *level1_decide(void *arg, int listener, const struct seccomp_notif *n, int tgid, struct seccomp_notif_resp *answer,
			  char *text, size_t max)
{
	struct level1 *l = arg;

	(void)text;
	(void)max;
	if (!tgid || !level1_waits(listener, n))
		return NULL;
	switch (n->data.nr) {
	case SYS_kill: return decide_kill(l, n, tgid, answer);
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_rt_sigqueueinfo:
	case SYS_rt_tgsigqueueinfo: return decide_thread(l, n, tgid, answer);
	case SYS_sched_setaffinity:
	case SYS_sched_setparam:
	case SYS_sched_setscheduler:
	case SYS_sched_setattr:
	case SYS_setpriority:
	case SYS_ioprio_set: return decide_schedule(n, tgid, answer);
	case SYS_bind:
	case SYS_connect:
	case SYS_listen: return decide_socket(l, n, tgid, answer);
	default:
		(void)level1_path_call(l, listener, n, answer);
		return NULL;
	}
}
