/*
 * Attempts against the sandbox itself, its init and who started it; and what is planted for a program outside to trust:
 * git's metadata, terminals, other processes' files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>

/* ---- processes outside ---- */

static bool stop_neighbour(void) { return kill(lab.neighbour, SIGSTOP) == 0; }
static bool signal_neighbour(void) { return kill(lab.neighbour, SIGURG) == 0; } /* ignored by default */
static bool signal_neighbours_group(void) { return kill(-lab.neighbour, SIGURG) == 0; }
static bool queue_signal_to_neighbour(void)
{
	union sigval v = { .sival_int = 1 };

	return sigqueue(lab.neighbour, SIGURG, v) == 0;
}
static bool signal_neighbour_by_descriptor(void)
{
	int fd = (int)syscall(SYS_pidfd_open, lab.neighbour, 0);

	return fd >= 0 && syscall(SYS_pidfd_send_signal, fd, SIGURG, NULL, 0) == 0;
}
static bool signal_thread_of_neighbour(void) { return syscall(SYS_tgkill, lab.neighbour, lab.neighbour, SIGURG) == 0; }
static bool signal_by_owner_of_descriptor(void) /* F_SETOWN: who is told that something can be read */
{
	int two[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, two) == 0 && fcntl(two[0], F_SETOWN, lab.neighbour) == 0 &&
	       fcntl(two[0], F_GETOWN) == lab.neighbour && kill(lab.neighbour, 0) == 0;
}
static bool renice_neighbour(void)
{
	return setpriority(PRIO_PROCESS, (id_t)lab.neighbour, getpriority(PRIO_PROCESS, (id_t)lab.neighbour) + 1) == 0;
}
static bool pin_neighbour_to_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	return sched_getaffinity(lab.neighbour, sizeof(one), &one) == 0 && sched_setaffinity(lab.neighbour, sizeof(one), &one) == 0;
}
static bool limit_neighbour(void)
{
	struct rlimit l;

	return prlimit(lab.neighbour, RLIMIT_CORE, NULL, &l) == 0 && prlimit(lab.neighbour, RLIMIT_CORE, &l, NULL) == 0;
}
/* Inside, the parent is the sandbox's init, which watches its limits. Outside, the neighbour stands for it. */
static pid_t init_or_neighbour(void) { return is_inside() ? 1 : lab.neighbour; }
static bool slow_init(void) { return setpriority(PRIO_PROCESS, (id_t)init_or_neighbour(), 19) == 0; }
static bool slow_inits_group(void) { return setpriority(PRIO_PGRP, (id_t)init_or_neighbour(), 19) == 0; }
static bool idle_init(void)
{
	struct sched_param none = { 0 };

	return sched_setscheduler(init_or_neighbour(), SCHED_IDLE, &none) == 0;
}
static bool idle_inits_reads(void) { return syscall(SYS_ioprio_set, 1, init_or_neighbour(), 3 << 13) == 0; }
static bool pin_init(void)
{
	cpu_set_t one;

	return sched_getaffinity(init_or_neighbour(), sizeof(one), &one) == 0 && sched_setaffinity(init_or_neighbour(), sizeof(one), &one) == 0;
}
static bool limit_parent(void)
{
	struct rlimit l;

	return prlimit(getppid(), RLIMIT_CORE, NULL, &l) == 0 && prlimit(getppid(), RLIMIT_CORE, &l, NULL) == 0;
}
static bool change_shared_memory(void) { return shmctl(lab.shm, SHM_LOCK, NULL) == 0 || shmat(lab.shm, NULL, 0) != (void *)-1; }
static bool change_semaphore(void) { return semctl(lab.sem, 0, SETVAL, 1) == 0; }
static bool advise_parent(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getppid(), 0);
	struct { void *p; size_t n; } v = { (void *)lab.memory, 4096 };

	return fd >= 0 && (syscall(SYS_process_madvise, fd, &v, 1, 20 /* MADV_COLD */, 0) >= 0 || errno == EINVAL);
}
static bool get_robust_list_of_parent(void)
{
	void *head;
	size_t n;

	return syscall(SYS_get_robust_list, getppid(), &head, &n) == 0;
}
static bool stop_init(void)
{
	char path[64], text[512] = "";
	int fd;

	kill(init_or_neighbour(), SIGSTOP);
	usleep(20000);
	snprintf(path, sizeof(path), "/proc/%d/stat", init_or_neighbour());
	fd = open(path, O_RDONLY);
	(void)!read(fd, text, sizeof(text) - 1);
	kill(init_or_neighbour(), SIGCONT);
	return strrchr(text, ')') && strrchr(text, ')')[2] == 'T';
}

/* ---- what the supervisor reads and writes ---- */

static bool find_report_channel(void) /* the socket by which init reports */
{
	char path[64], to[64];
	ssize_t n;

	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", getppid(), i);
		n = readlink(path, to, sizeof(to));
		if (n > 6 && !memcmp(to, "socket", 6))
			return true;
		if (n > 0)
			return true;
	}
	return false;
}
static bool use_leaked_folder(void) { return openat(78, ".ssh/id_ed25519", O_RDONLY) >= 0; }
static bool climb_from_leaked_folder(void) { return fchdir(78) == 0 && opens("../victim", O_WRONLY); }
static bool reopen_output_as_file(void) /* whatever our output is, it must not lead to a folder */
{
	return opens("/proc/self/fd/77", O_RDWR) || opens("/proc/self/fd/78/.ssh/id_ed25519", O_RDONLY);
}
static bool type_into_terminal(void)
{
	int fd;

	setsid();
	fd = posix_openpt(O_RDWR | O_NOCTTY);
	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
		return false;
	fd = open(ptsname(fd), O_RDWR);
	return fd >= 0 && ioctl(fd, TIOCSTI, "x") == 0;
}
static bool type_with_high_bits(void) /* CVE-2019-10063: a filter that compares 64 bits lets this through */
{
	errno = 0;
	return syscall(SYS_ioctl, 0, 0x100000000ul | TIOCSTI, "x") == 0 || errno == ENOTTY;
}
static bool paste_into_console(void)
{
	char sub = 3; /* TIOCL_PASTESEL; CVE-2023-28100 */

	errno = 0;
	return ioctl(0, 0x541C /* TIOCLINUX */, &sub) == 0 || errno == ENOTTY;
}
static bool change_line_discipline(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY), kind = 0;

	return fd >= 0 && ioctl(fd, TIOCSETD, &kind) == 0;
}
static bool redirect_console(void)
{
	errno = 0;
	return ioctl(0, TIOCCONS, 0) == 0 || errno == ENOTTY;
}
static bool see_other_terminals(void) { return access("/dev/pts/0", F_OK) == 0 || access("/dev/tty1", F_OK) == 0; }
static bool see_console(void) { return opens("/dev/console", O_RDWR | O_NOCTTY); }

/* ---- what git outside would run or believe ---- */

static bool write_git_hook(void) { return can_make(".git/hooks/post-checkout"); }
static bool write_git_config(void) { return can_write(".git/config"); }
static bool replace_git_config(void) { return can_write("mine") && rename("mine", ".git/config") == 0; }
static bool write_git_head(void) { return can_write(".git/HEAD"); }
static bool write_git_attributes(void) { return can_make(".git/info/attributes"); }
static bool write_git_exclude(void) { return can_make(".git/info/exclude"); }
static bool write_submodule_hook(void) { return can_make(".git/modules/sub/hooks"); }
static bool write_submodule_config(void) { return can_write(".git/modules/sub/config"); }
static bool write_worktree_config(void) { return can_write(".git/config.worktree"); }
static bool make_common_folder(void) { return can_make(".git/commondir"); }
static bool make_git_alternates(void) { return mkdir(".git/objects", 0755) == 0 && rmdir(".git/objects") == 0; }
static bool make_in_git(void) { return mkdir(".git/worktrees", 0755) == 0 && rmdir(".git/worktrees") == 0; }
static bool rename_git(void) { return rename(".git", "elsewhere") == 0 && rename("elsewhere", ".git") == 0; }
static bool remove_from_git(void) { return unlink(".git/HEAD") == 0 && can_write(".git/HEAD"); }
static bool exchange_git(void)
{
	mkdir("other", 0755);
	return renameat2(AT_FDCWD, ".git", AT_FDCWD, "other", 2) == 0 && renameat2(AT_FDCWD, ".git", AT_FDCWD, "other", 2) == 0;
}
static bool remove_git(void) { return rename(".git/hooks", "hooks") == 0 && rename("hooks", ".git/hooks") == 0; }
static bool link_git_config(void) { return link(".git/config", "hard") == 0 && unlink("hard") == 0; }
static bool make_folder_writable_above(void) { return chmod(".git", 0777) == 0 && chmod(".git", 0755) == 0; }

static const struct attempt list[] = {
	T(stop_neighbour, SHOWN) T(signal_neighbour, SHOWN) T(signal_neighbours_group, SHOWN) T(queue_signal_to_neighbour, SHOWN)
	T(signal_neighbour_by_descriptor, SHOWN) T(signal_thread_of_neighbour, SHOWN) T(signal_by_owner_of_descriptor, SHOWN)
	T(renice_neighbour, SHOWN) T(pin_neighbour_to_processor, SHOWN) T(limit_neighbour, SHOWN)
	T(limit_parent, SHOWN) T(slow_init, SHOWN) T(slow_inits_group, SHOWN)
	T(idle_init, SHOWN) T(idle_inits_reads, SHOWN) T(pin_init, SHOWN) T(change_shared_memory, SHOWN) T(change_semaphore, SHOWN)
	T(advise_parent, IF_CAN)
	T(get_robust_list_of_parent, IF_CAN) T(stop_init, SHOWN) T(find_report_channel, SHOWN)
	T(use_leaked_folder, SHOWN) T(climb_from_leaked_folder, SHOWN) T(reopen_output_as_file, SHOWN)
	T(type_into_terminal, IF_CAN) T(type_with_high_bits, SHOWN) T(paste_into_console, SHOWN) T(change_line_discipline, SHOWN)
	T(redirect_console, IF_CAN) T(see_other_terminals, IF_CAN) T(see_console, IF_CAN)
	T(write_git_hook, SHOWN) T(write_git_config, SHOWN) T(replace_git_config, SHOWN) T(write_git_head, SHOWN)
	T(write_git_attributes, SHOWN) T(write_git_exclude, SHOWN) T(write_submodule_hook, SHOWN) T(write_submodule_config, SHOWN)
	T(write_worktree_config, SHOWN) T(make_common_folder, SHOWN) T(make_git_alternates, SHOWN) T(make_in_git, SHOWN)
	T(rename_git, SHOWN) T(remove_from_git, SHOWN) T(exchange_git, SHOWN) T(remove_git, SHOWN) T(link_git_config, SHOWN)
	T(make_folder_writable_above, SHOWN)
};

const struct attempts tampering = { "tampering", list, sizeof(list) / sizeof(*list) };
