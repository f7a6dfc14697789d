/*
 * Attempts to have more rights: another user, capabilities, namespaces, mounts, and calls into the kernel's corners.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>

/* ---- users and capabilities ---- */

static bool become_root(void) { return setuid(0) == 0 && getuid() == 0 && opens("/etc/shadow", O_RDONLY); }
static bool become_another(void) { return setresuid(33, 33, 33) == 0; }
static bool join_group(void) { gid_t g = 6; return setgroups(1, &g) == 0; }
static bool become_another_group(void) { return setresgid(33, 33, 33) == 0; }
static bool be_another_for_files(void) { syscall(SYS_setfsuid, 33); return syscall(SYS_setfsuid, -1) == 33; }
static bool hold_capability(void) { return !all_zero("CapEff") || !all_zero("CapPrm") || !all_zero("CapInh") || !all_zero("CapAmb"); }
static bool keep_bounding_set(void) { return !all_zero("CapBnd"); }
static bool set_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct all[2] = { { 1u << CAP_SYS_ADMIN, 1u << CAP_SYS_ADMIN, 0 }, { 0, 0, 0 } };

	return syscall(SYS_capset, &head, all) == 0;
}
static bool gain_by_exec(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0; }
static bool loosen_secure_bits(void) { return prctl(PR_SET_SECUREBITS, 0, 0, 0, 0) == 0; }
static bool run_setuid_program(void) /* su waits for a password, as root if it can */
{
	char path[64], text[2048] = "", *at;
	int p[2], fd;
	pid_t pid;

	if (geteuid() == 0 || pipe(p) < 0 || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		dup2(p[0], 0);
		dup2(p[1], 1);
		execl("/usr/bin/su", "su", (char *)NULL);
		_exit(1);
	}
	usleep(60000);
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY);
	(void)!read(fd, text, sizeof(text) - 1);
	end_child(pid);
	at = strstr(text, "Uid:	");
	at = at ? strchr(at + 5, '	') : NULL;
	return at && strtol(at + 1, NULL, 10) == 0;
}

/* ---- namespaces ---- */

static bool made(long pid)
{
	if (pid == 0)
		_exit(0);
	return pid > 0;
}
static bool new_user_space(void) { return unshare(CLONE_NEWUSER) == 0; }
static bool new_mount_space(void) { return unshare(CLONE_NEWNS) == 0; }
static bool new_network_space(void) { return unshare(CLONE_NEWNET) == 0; }
static bool new_process_space(void) { return unshare(CLONE_NEWPID) == 0; }
static bool new_ipc_space(void) { return unshare(CLONE_NEWIPC) == 0; }
static bool new_name_space(void) { return unshare(CLONE_NEWUTS) == 0; }
static bool new_cgroup_space(void) { return unshare(CLONE_NEWCGROUP) == 0; }
static bool new_time_space(void) { return unshare(0x80) == 0; }
static bool new_space_by_high_bits(void) { return syscall(SYS_unshare, 0x100000000ul | CLONE_NEWUSER) == 0; }
static bool new_user_space_by_clone(void) { return made(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); }
static bool new_user_space_by_high_bits(void) { return made(syscall(SYS_clone, 0x100000000ul | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); }
static bool new_user_space_by_clone3(void)
{
	uint64_t args[11] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD };

	return made(syscall(SYS_clone3, args, 88));
}
static bool clone_into_cgroup(void)
{
	uint64_t args[11] = { 0x200000000ul, 0, 0, 0, SIGCHLD, 0, 0, 0, 0, 0, (uint64_t)open("/sys/fs/cgroup/unified", O_RDONLY) };

	return made(syscall(SYS_clone3, args, 88)) || errno == EACCES || errno == EOPNOTSUPP;
}
static bool parents_space(const char *name)
{
	int fd = open(parent(name), O_RDONLY);

	return fd >= 0;
}
static bool open_parents_mount_space(void) { return parents_space("ns/mnt"); }
static bool open_parents_user_space(void) { return parents_space("ns/user"); }
static bool open_parents_process_space(void) { return parents_space("ns/pid"); }
static bool enter_neighbours_spaces(void)
{
	int process = (int)syscall(SYS_pidfd_open, lab.neighbour, 0);

	return process >= 0 && setns(process, CLONE_NEWUTS) == 0;
}

/* ---- mounts and roots ---- */

static bool mount_tmpfs(void) { return mount("x", "/tmp", "tmpfs", 0, NULL) == 0; }
static bool mount_proc(void) { return mount("x", "/tmp", "proc", 0, NULL) == 0; }
static bool mount_sys(void) { return mount("x", "/tmp", "sysfs", 0, NULL) == 0; }
static bool mount_cgroup(void) { return mount("x", "/tmp", "cgroup2", 0, NULL) == 0; }
static bool mount_bind(void) { return mount("/", "/tmp", NULL, MS_BIND | MS_REC, NULL) == 0; }
static bool mount_overlay(void)
{
	return mount("x", "/tmp", "overlay", 0, "lowerdir=/usr:/etc") == 0;
}
static bool make_shared(void) { return mount(NULL, "/", NULL, MS_SHARED | MS_REC, NULL) == 0; }
static bool open_file_system(void) { return syscall(SYS_fsopen, "tmpfs", 0) >= 0; }
static bool pick_file_system(void) { return syscall(SYS_fspick, AT_FDCWD, "/tmp", 0) >= 0; }
static bool clone_tree(void) { return syscall(SYS_open_tree, AT_FDCWD, "/usr", 1) >= 0; }
static bool set_mount_attributes(void)
{
	uint64_t a[4] = { 0, 1 /* clear read-only */, 0, 0 };

	return works(syscall(SYS_mount_setattr, AT_FDCWD, "/usr", 0, a, sizeof(a)));
}
static bool unmount_proc(void) { return umount2("/proc", MNT_DETACH) == 0; }
static bool uncover_masked(void) { return umount2("/proc/keys", MNT_DETACH) == 0 || mount("/proc", "/tmp", NULL, MS_BIND, NULL) == 0; }
static bool change_root(void) { return chroot(".") == 0; }
static bool escape_root(void) /* the classic: a second root below, the folder left above it */
{
	mkdir("jail", 0755);
	if (chroot("jail") < 0)
		return false;
	for (int i = 0; i < 64; i++)
		(void)!chdir("..");
	return chroot(".") == 0 && holds_secret(under(lab.home, ".ssh/id_ed25519"));
}
static bool pivot(void)
{
	return mount("x", "/tmp", "tmpfs", 0, NULL) == 0 && mkdir("/tmp/old", 0700) == 0 && syscall(SYS_pivot_root, "/tmp", "/tmp/old") == 0;
}
static bool list_mounts_by_new_call(void)
{
	struct {
		uint32_t size, spare;
		uint64_t mount, last;
	} ask = { 24, 0, ~0ull, 0 }; /* listmount of the root */
	uint64_t ids[64];

	return syscall(458, &ask, ids, 64, 0) > 0;
}

/* ---- the filter and the tracer ---- */

static bool install_filter(unsigned flags)
{
	struct sock_filter all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	struct sock_filter one[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 1), all,
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { 4, one };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p) >= 0;
}
static bool listen_to_own_filter(void) /* whoever listens may let a call go on */
{
	return install_filter(SECCOMP_FILTER_FLAG_NEW_LISTENER);
}
static bool suspend_filter(void)
{
	pid_t pid = fork_or_exit();
	bool yes;

	if (pid == 0)
		pause();
	yes = ptrace(PTRACE_SEIZE, pid, 0, 1 << 21 /* PTRACE_O_SUSPEND_SECCOMP */) == 0;
	end_child(pid);
	return yes;
}
#ifdef __x86_64__
static bool change_call_by_trace(void) /* getpid becomes unshare(CLONE_NEWUSER) under way */
{
	struct {
		unsigned long r[27];
	} regs;
	pid_t pid = fork_or_exit();
	int w = -1;

	if (pid == 0) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(syscall(SYS_getpid, CLONE_NEWUSER) == 0 ? 0 : 1);
	}
	waitpid(pid, &w, 0);
	while (ptrace(PTRACE_SYSCALL, pid, 0, 0) == 0 && waitpid(pid, &w, 0) == pid && !WIFEXITED(w) && !WIFSIGNALED(w))
		if (ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0 && regs.r[15] == SYS_getpid && regs.r[10] == (unsigned long)-ENOSYS) {
			regs.r[15] = SYS_unshare;
			ptrace(PTRACE_SETREGS, pid, 0, &regs);
		}
	return WIFEXITED(w) && WEXITSTATUS(w) == 0;
}
static bool call_as_32_bit(void)
{
	long r = 20; /* getpid there */

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	return r > 0;
}
static bool call_as_x32(void) { return syscall(0x40000000 | SYS_getpid) > 0; }
static bool change_io_level(void) { return works(syscall(SYS_iopl, 3)); }
static bool open_io_ports(void) { return works(syscall(SYS_ioperm, 0x378, 1, 1)); }
static bool change_local_descriptors(void) { return works(syscall(SYS_modify_ldt, 0, NULL, 0)); }
#endif
static bool make_all_executable(void) { return personality(READ_IMPLIES_EXEC) >= 0; }
static bool map_at_zero(void) { return personality(MMAP_PAGE_ZERO) >= 0; }

/* ---- corners of the kernel ---- */

static bool use_bpf(void) { return works(syscall(SYS_bpf, 0, NULL, 0)); }
static bool use_perf(void) { return works(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }
static bool use_io_uring(void) { return works(syscall(SYS_io_uring_setup, 1, NULL)); }
static bool use_userfaultfd(void) { return works(syscall(SYS_userfaultfd, 2048 | 1)); }
static bool use_userfaultfd_device(void) { return opens("/dev/userfaultfd", O_RDWR); }
static bool use_handles(void) { return works(syscall(SYS_name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0)); }
static bool open_handles(void) { return works(syscall(SYS_open_by_handle_at, -1, NULL, 0)); }
static bool use_kexec(void) { return works(syscall(SYS_kexec_load, 0, 999, NULL, 0)); }
static bool use_kexec_file(void) { return works(syscall(SYS_kexec_file_load, -1, -1, 0, NULL, 0)); }
static bool load_module(void) { return works(syscall(SYS_init_module, NULL, 0, "")); }
static bool load_module_file(void) { return works(syscall(SYS_finit_module, -1, "", 0)); }
static bool remove_module(void) { return works(syscall(SYS_delete_module, "no-such-module", O_NONBLOCK)); }
static bool set_host_name(void) { return works(syscall(SYS_sethostname, NULL, 999)); }
static bool set_domain_name(void) { return works(syscall(SYS_setdomainname, NULL, 999)); }
static bool set_clock(void) { return works(syscall(SYS_clock_settime, 0, NULL)); }
static bool adjust_clock(void) { return works(syscall(SYS_clock_adjtime, 0, NULL)); }
static bool swap_on(void) { return works(syscall(SYS_swapon, "/no-such-file", 0)); }
static bool swap_off(void) { return works(syscall(SYS_swapoff, "/no-such-file")); }
static bool set_quota(void) { return works(syscall(SYS_quotactl, 0x80000100u, NULL, 0, NULL)); }
static bool set_accounting(void) { return works(syscall(SYS_acct, "/no-such-file")); }
static bool hang_up(void) { return works(syscall(SYS_vhangup)); }
static bool watch_all_files(void) { return works(syscall(SYS_fanotify_init, 0, 0)); }
static bool watch_files_unprivileged(void) { return works(syscall(SYS_fanotify_init, 0x200 /* FAN_REPORT_FID */, 0)); }
static bool compare_kernel_objects(void) { return works(syscall(SYS_kcmp, getpid(), getppid(), 0, 0, 0)); }
static bool move_pages_of_parent(void) { return works(syscall(SYS_move_pages, getppid(), 0, NULL, NULL, NULL, 0)); }
static bool make_memory_file(void) { return syscall(SYS_memfd_create, "x", 0) >= 0; }
static bool make_secret_memory(void) { return syscall(447, 0) >= 0; }
static bool run_at_real_time(void)
{
	struct sched_param p = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_FIFO, &p) == 0;
}
static bool run_before_others(void) { return setpriority(PRIO_PROCESS, 0, -5) == 0; }
static bool do_io_before_others(void) { return syscall(SYS_ioprio_set, 1, 0, 1 << 13 | 0) == 0; }
static bool raise_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NPROC, &l) < 0)
		return false;
	l.rlim_cur = l.rlim_max = l.rlim_max == RLIM_INFINITY ? l.rlim_max : l.rlim_max + 1;
	return setrlimit(RLIMIT_NPROC, &l) == 0;
}
static bool dump_core(void)
{
	struct rlimit l = { 1 << 20, 1 << 20 };

	return setrlimit(RLIMIT_CORE, &l) == 0;
}

static const struct attempt list[] = {
	T(become_root, BY_ROOT) T(become_another, BY_ROOT) T(join_group, BY_ROOT) T(become_another_group, BY_ROOT)
	T(be_another_for_files, BY_ROOT) T(hold_capability, IN_SPACE) T(keep_bounding_set, SHOWN)
	T(set_capabilities, IN_SPACE) T(gain_by_exec, SHOWN) T(loosen_secure_bits, IN_SPACE) T(run_setuid_program, IF_CAN)
	T(new_user_space, SHOWN) T(new_mount_space, IN_SPACE) T(new_network_space, IN_SPACE) T(new_process_space, IN_SPACE)
	T(new_ipc_space, IN_SPACE) T(new_name_space, IN_SPACE) T(new_cgroup_space, IN_SPACE) T(new_time_space, IN_SPACE_IF_CAN)
	T(new_space_by_high_bits, IF_CAN) T(new_user_space_by_clone, SHOWN) T(new_user_space_by_high_bits, SHOWN)
	T(new_user_space_by_clone3, SHOWN) T(clone_into_cgroup, IF_CAN) T(open_parents_mount_space, SHOWN)
	T(open_parents_user_space, SHOWN) T(open_parents_process_space, SHOWN) T(enter_neighbours_spaces, IF_CAN)
	T(mount_tmpfs, IN_SPACE) T(mount_proc, IN_SPACE_IF_CAN) T(mount_sys, IN_SPACE_IF_CAN) T(mount_cgroup, IN_SPACE_IF_CAN)
	T(mount_bind, IN_SPACE) T(mount_overlay, IN_SPACE_IF_CAN) T(make_shared, IN_SPACE) T(open_file_system, IN_SPACE)
	T(pick_file_system, IN_SPACE_IF_CAN) T(clone_tree, IN_SPACE_IF_CAN) T(set_mount_attributes, IN_SPACE) T(unmount_proc, IN_SPACE_IF_CAN)
	T(uncover_masked, IN_SPACE_IF_CAN) T(change_root, IN_SPACE) T(escape_root, IN_SPACE) T(pivot, IN_SPACE)
	T(list_mounts_by_new_call, IF_CAN) T(listen_to_own_filter, SHOWN) T(suspend_filter, IF_CAN)
#ifdef __x86_64__
	T(change_call_by_trace, IF_CAN) T(call_as_32_bit, IF_CAN) T(call_as_x32, IF_CAN) T(change_io_level, IF_CAN)
	T(open_io_ports, IF_CAN) T(change_local_descriptors, IF_CAN)
#endif
	T(make_all_executable, SHOWN) T(map_at_zero, SHOWN) T(use_bpf, IF_CAN) T(use_perf, IF_CAN) T(use_io_uring, IF_CAN)
	T(use_userfaultfd, IF_CAN) T(use_userfaultfd_device, IF_CAN) T(use_handles, IF_CAN) T(open_handles, IF_CAN)
	T(use_kexec, IF_CAN) T(use_kexec_file, IF_CAN) T(load_module, IF_CAN) T(load_module_file, IF_CAN) T(remove_module, IF_CAN)
	T(set_host_name, IF_CAN) T(set_domain_name, IF_CAN) T(set_clock, IF_CAN) T(adjust_clock, IF_CAN) T(swap_on, IF_CAN)
	T(swap_off, IF_CAN) T(set_quota, IF_CAN) T(set_accounting, IF_CAN) T(hang_up, IN_SPACE_IF_CAN) T(watch_all_files, IF_CAN)
	T(watch_files_unprivileged, IF_CAN) T(compare_kernel_objects, IF_CAN) T(move_pages_of_parent, IF_CAN)
	T(make_memory_file, SHOWN) T(make_secret_memory, IF_CAN) T(run_at_real_time, IF_CAN) T(run_before_others, BY_ROOT)
	T(do_io_before_others, IF_CAN) T(raise_limit, IF_CAN) T(dump_core, IF_CAN)
};

const struct attempts privilege = { "privilege", list, sizeof(list) / sizeof(*list) };
