/*
 * Attempts to get out of the sandbox, or to harm the machine from within.
 *
 * Each attempt is a function of this program, which is run again inside with its name: exit 0 means that it got what it
 * was after. Its positive control is the same run outside, where it must succeed: an attempt that fails everywhere
 * shows nothing. As root, the whole list is run once more as an ordinary user.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../boxed.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define SECRET "s3cr3t-of-the-machine"

/* What stands outside; told to an attempt by its arguments, so that it need not guess. */
static struct {
	char base[64], tree[96], home[96], victim[96], socket[96], abstract[64];
	int port;
	pid_t neighbour;
} out;

/* ---- attempts: true when it got what it was after ---- */

static bool holds_secret(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0)
		close(fd);
	return n > 0 && memmem(text, (size_t)n, SECRET, strlen(SECRET));
}

static char *under(const char *folder, const char *name)
{
	static char path[2][PATH_MAX];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool can_write(const char *path)
{
	return opens(path, O_WRONLY | O_CREAT | O_APPEND);
}

static bool read_ssh_key(void) { return holds_secret(under(out.home, ".ssh/id_ed25519")); }
static bool list_home(void)
{
	DIR *d = opendir(out.home);

	return d != NULL;
}
static bool read_shadow(void) { return open("/etc/shadow", O_RDONLY) >= 0; }
static bool read_through_link(void) { return holds_secret("link-to-key"); }
static bool read_environment(void)
{
	extern char **environ;

	for (char **p = environ; *p; p++)
		if (strstr(*p, SECRET))
			return true;
	return false;
}
static bool read_others_environment(void)
{
	DIR *d = opendir("/proc");
	const struct dirent *f;
	char path[300];

	while (d && (f = readdir(d)))
		if (f->d_name[0] > '0' && f->d_name[0] <= '9' && strtol(f->d_name, NULL, 10) != getpid()) {
			snprintf(path, sizeof(path), "/proc/%s/environ", f->d_name);
			if (holds_secret(path))
				return true;
		}
	return false;
}
static char *parent(const char *what)
{
	static char path[300];

	snprintf(path, sizeof(path), "/proc/%d/%s", getppid(), what);
	return path;
}
static bool read_parent_memory(void) { return open(parent("mem"), O_RDONLY) >= 0; }
static bool read_parent_maps(void)
{
	char c;
	int fd = open(parent("maps"), O_RDONLY);

	return fd >= 0 && read(fd, &c, 1) == 1;
}
static bool open_parent_program(void) { return open(parent("exe"), O_RDONLY) >= 0; }
static bool read_through_parent_root(void)
{
	char path[500];

	snprintf(path, sizeof(path), "/proc/%d/root%s/.ssh/id_ed25519", getppid(), out.home);
	return holds_secret(path);
}
static bool read_parent_memory_by_call(void)
{
	char to[8];
	struct iovec local = { to, 8 }, remote = { out.base, 8 }; /* the parent is this program, or a copy of it */

	return syscall(SYS_process_vm_readv, getppid(), &local, 1, &remote, 1, 0) != -1 || errno == EFAULT;
}
static bool use_leaked_descriptor(void)
{
	char text[64];
	ssize_t n = pread(77, text, sizeof(text), 0);

	return n > 0 && memmem(text, (size_t)n, SECRET, strlen(SECRET));
}
static bool any_further_descriptor(void)
{
	for (int i = 3; i < 1024; i++)
		if (fcntl(i, F_GETFD) >= 0)
			return true;
	return false;
}
static bool list_var(void) { return access("/var/lib", F_OK) == 0; }
static bool see_sys(void) { return access("/sys/kernel", F_OK) == 0; }
static bool see_neighbour(void) { return kill(out.neighbour, 0) == 0; }

static bool write_outside(void) { return opens(out.victim, O_WRONLY); }
static bool write_through_link(void) { return opens("link-to-base/victim", O_WRONLY); }
static bool write_usr(void) { return can_write("/usr/sandbox-planted"); }
static bool write_etc(void) { return can_write("/etc/sandbox-planted"); }
static bool write_root_folder(void) { return can_write("/sandbox-planted"); }
static bool read_git_token(void) { return holds_secret(".git/config"); }
static bool write_git_hook(void) { return can_write(".git/hooks/post-checkout"); }
static bool write_git_config(void) { return can_write(".git/config"); }
static bool make_in_git(void) { return mkdir(".git/modules", 0755) == 0 && rmdir(".git/modules") == 0; }
static bool rename_git(void) { return rename(".git", "elsewhere") == 0 && rename("elsewhere", ".git") == 0; }
static bool write_protected(void) { return can_write("deep/tests/test_it.py"); }
static bool unlink_protected(void)
{
	return unlink("deep/tests/test_it.py") == 0 && can_write("deep/tests/test_it.py");
}
static bool rename_protected(void)
{
	return rename("deep/tests", "deep/x") == 0 && rename("deep/x", "deep/tests") == 0;
}
static bool rename_folder_above_protected(void) { return rename("deep", "x") == 0 && rename("x", "deep") == 0; }
static bool exchange_folder_above_protected(void)
{
	mkdir("other", 0755);
	return syscall(SYS_renameat2, AT_FDCWD, "deep", AT_FDCWD, "other", 2) == 0 &&
	       syscall(SYS_renameat2, AT_FDCWD, "deep", AT_FDCWD, "other", 2) == 0;
}
static bool link_protected(void)
{
	return link("deep/tests/test_it.py", "hard") == 0 && unlink("hard") == 0;
}
static bool change_mode_of_protected(void) { return chmod("deep/tests/test_it.py", 0644) == 0; }
static bool set_attribute_of_protected(void) { return setxattr("deep/tests/test_it.py", "user.x", "1", 1, 0) == 0; }
static bool see_hidden_home(void) { return holds_secret("home-inside/key"); }
static bool write_proc_sys(void) { return open("/proc/sys/kernel/core_pattern", O_WRONLY) >= 0; }
static bool write_sysrq(void) { return open("/proc/sysrq-trigger", O_WRONLY) >= 0; }
static bool change_device(void) { return chmod("/dev/null", 0666) == 0; }

static bool make_setuid_file(void)
{
	struct stat st;
	int fd = open("suid", O_WRONLY | O_CREAT, 0755);

	if (fd >= 0)
		fchmod(fd, 04755);
	chmod("suid", 04755);
	(void)!fchmodat(AT_FDCWD, "suid", 02755, 0);
	return stat("suid", &st) == 0 && (st.st_mode & 06000);
}
static bool make_setuid_file_at_once(void)
{
	struct stat st;

	umask(0);
	close(open("suid1", O_WRONLY | O_CREAT, 04755));
	close(creat("suid2", 06755));
	mknod("suid3", S_IFREG | 04755, 0);
	close(open(".", O_WRONLY | O_TMPFILE, 04755));
	for (int i = '1'; i <= '3'; i++) {
		char name[] = "suid.";

		name[4] = (char)i;
		if (stat(name, &st) == 0 && (st.st_mode & 06000))
			return true;
	}
	return false;
}
static bool make_device(void) { return mknod("disk", S_IFBLK | 0666, 8 << 8) == 0 && unlink("disk") == 0; }

static bool reach(int family, const void *address, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM, 0);

	return fd >= 0 && connect(fd, address, n) == 0;
}
static bool reach_loopback(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)out.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return reach(AF_INET, &in, sizeof(in));
}
static bool reach_unix(const char *name, bool abstract)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memcpy(un.sun_path + abstract, name, strlen(name) + 1);
	return reach(AF_UNIX, &un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(name)));
}
static bool reach_abstract_socket(void) { return reach_unix(out.abstract, true); }
static bool reach_socket_outside(void) { return reach_unix(out.socket, false); }
static bool route_out(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0xc0000201) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&in, sizeof(in)) == 0;
}
static bool see_interfaces(void)
{
	struct if_nameindex *all = if_nameindex();
	bool more = false;

	for (; all && all->if_index; all++)
		more = more || strcmp(all->if_name, "lo");
	return more;
}
static bool open_packet_socket(void) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }
static bool open_raw_socket(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_TCP) >= 0; }
static bool open_vsock(void) { return socket(40, SOCK_STREAM, 0) >= 0; }
static bool open_crypto_socket(void) { return socket(38, SOCK_SEQPACKET, 0) >= 0; }
static bool open_netfilter_socket(void) { return socket(AF_NETLINK, SOCK_RAW, 12) >= 0; }

static bool become_root(void) { return setuid(0) == 0 && getuid() == 0 && open("/etc/shadow", O_RDONLY) >= 0; }
static bool hold_capability(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct have[2];

	return syscall(SYS_capget, &head, have) == 0 && (have[0].effective || have[0].permitted || have[1].effective);
}
static bool gain_by_exec(void) { return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0; }
static bool keep_bounding_set(void) { return prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 1; }
static bool new_user_space(void) { return unshare(CLONE_NEWUSER) == 0; }
static bool new_network_space(void) { return unshare(CLONE_NEWNET) == 0; }
static bool new_user_space_by_clone(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}
static bool new_user_space_by_clone3(void)
{
	uint64_t args[11] = { CLONE_NEWUSER, 0, 0, 0, SIGCHLD };
	long pid = syscall(SYS_clone3, args, 88);

	if (pid == 0)
		_exit(0);
	return pid > 0;
}
static bool mount_something(void)
{
	return mount("x", "/tmp", "tmpfs", 0, NULL) == 0 || syscall(SYS_fsopen, "tmpfs", 0) >= 0 ||
	       syscall(SYS_open_tree, AT_FDCWD, "/", 1) >= 0;
}
static bool open_tree_copy(void) { return syscall(SYS_open_tree, AT_FDCWD, "/usr", 1 /* clone */) >= 0; }
static bool lift_protection(void) { return umount2(".git", MNT_DETACH) == 0; }
static bool remount_writable(void) { return mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL) == 0; }
static bool change_root(void) { return chroot(".") == 0; }
static bool trace_parent(void) { return ptrace(PTRACE_SEIZE, getppid(), 0, 0) == 0; }
static bool end_parent(void)
{
	kill(getppid(), SIGKILL); /* inside only: it is the sandbox's init, and must not die of it */
	usleep(20000);
	return getppid() != 1;
}
static bool enter_space_of_parent(void)
{
	int fd = open(parent("ns/mnt"), O_RDONLY);

	return fd >= 0;
}
static bool use_keyring(void) { return syscall(SYS_add_key, "user", "sandbox-test", "x", 1, -2) >= 0; }
static bool works(long r) { return r >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES); }
static bool use_bpf(void) { return works(syscall(SYS_bpf, 0, NULL, 0)); }
static bool use_perf(void) { return works(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0)); }
static bool use_io_uring(void) { return works(syscall(SYS_io_uring_setup, 1, NULL)); }
static bool use_userfaultfd(void) { return works(syscall(SYS_userfaultfd, 2048 | 1)); }
static bool use_handles(void) { return works(syscall(SYS_name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0)); }
static bool use_kexec(void) { return works(syscall(SYS_kexec_load, 0, 999, NULL, 0)); }
static bool load_module(void) { return works(syscall(SYS_init_module, NULL, 0, "")); }
static bool set_host_name(void) { return works(syscall(SYS_sethostname, NULL, 999)); }
static bool read_kernel_log(void) { return works(syscall(SYS_syslog, 3, NULL, 0)); }
static bool make_memory_file(void) { return syscall(SYS_memfd_create, "x", 0) >= 0; }
static bool make_all_executable(void) { return personality(READ_IMPLIES_EXEC) >= 0; }
static bool dump_core(void)
{
	struct rlimit l = { 1 << 20, 1 << 20 };

	return setrlimit(RLIMIT_CORE, &l) == 0;
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
#ifdef __x86_64__
static bool call_as_32_bit(void)
{
	long r = 20; /* getpid there */

	__asm__ volatile("int $0x80" : "+a"(r) : : "memory");
	return r > 0;
}
static bool call_as_x32(void) { return syscall(0x40000000 | SYS_getpid) > 0; }
#endif

/* Resources: true when more was had than the limits in main() allow. */

static bool fork_without_end(void)
{
	int n = 0;

	for (; n < 200; n++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0) {
			pause();
			_exit(0);
		}
	}
	usleep(n == 200 ? 300000 : 0); /* where only a watch counts, it may take a moment */
	signal(SIGTERM, SIG_IGN);
	kill(0, SIGTERM);
	return n == 200;
}
static void *sleep_on(void *arg)
{
	pause();
	return arg;
}
static bool make_threads_without_end(void)
{
	pthread_t t;
	pthread_attr_t small;
	int n = 0;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	while (n < 200 && pthread_create(&t, &small, sleep_on, NULL) == 0)
		n++;
	usleep(n == 200 ? 300000 : 0);
	return n == 200;
}
static bool take_memory(void)
{
	for (int i = 0; i < 12; i++) {
		char *p = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		if (p == MAP_FAILED)
			return false;
	}
	usleep(400000);
	return true;
}
static bool take_memory_in_many(void)
{
	for (int i = 0; i < 6; i++)
		if (fork() == 0) {
			char *p = mmap(NULL, 48 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

			usleep(p == MAP_FAILED ? 0 : 500000);
			_exit(0);
		}
	usleep(400000);
	return true;
}
static bool take_shared_memory(void)
{
	int id = shmget(IPC_PRIVATE, 160 << 20, IPC_CREAT | 0600);
	char *p = id < 0 ? MAP_FAILED : shmat(id, NULL, 0);
	bool ok = false;

	if (p != MAP_FAILED) {
		for (size_t i = 0; i < 160 << 20; i += 4096)
			p[i] = 1;
		shmdt(p);
		usleep(300000);
		ok = true;
	}
	shmctl(id, IPC_RMID, NULL);
	return ok;
}
static bool fill(const char *folder, int mib)
{
	static char block[1 << 20], path[64];
	int fd, n = 0;

	snprintf(path, sizeof(path), "%s/sandbox-fill-%d", folder, getpid());
	fd = open(path, O_WRONLY | O_CREAT, 0600);

	signal(SIGXFSZ, SIG_IGN);
	while (fd >= 0 && n < mib && write(fd, block, sizeof(block)) == sizeof(block))
		n++;
	if (fd >= 0)
		unlink(path);
	return n == mib;
}
static bool fill_tmp(void) { return fill("/tmp", 48); }
static bool fill_shm(void) { return fill("/dev/shm", 48); }

/* ---- the list ---- */

enum control { SHOWN, BY_ROOT, IF_CAN, NEVER }; /* the control succeeds; as root; where the machine allows it; harmful */

static const struct {
	const char *name;
	bool (*attempt)(void);
	enum control control;
} list[] = {
#define T(f, c) { #f, f, c },
	T(read_ssh_key, SHOWN) T(list_home, SHOWN) T(read_shadow, BY_ROOT) T(read_through_link, SHOWN)
	T(read_environment, SHOWN) T(read_others_environment, SHOWN) T(read_parent_memory, SHOWN)
	T(read_parent_maps, SHOWN) T(open_parent_program, SHOWN) T(read_through_parent_root, SHOWN)
	T(read_parent_memory_by_call, SHOWN) T(use_leaked_descriptor, SHOWN) T(any_further_descriptor, SHOWN)
	T(list_var, SHOWN) T(see_sys, SHOWN) T(see_neighbour, SHOWN) T(see_hidden_home, SHOWN) T(read_git_token, SHOWN)

	T(write_outside, SHOWN) T(write_through_link, SHOWN) T(write_usr, NEVER) T(write_etc, NEVER)
	T(write_root_folder, NEVER) T(write_git_hook, SHOWN) T(write_git_config, SHOWN) T(make_in_git, SHOWN)
	T(rename_git, SHOWN) T(write_protected, SHOWN) T(unlink_protected, SHOWN) T(rename_protected, SHOWN)
	T(rename_folder_above_protected, SHOWN) T(exchange_folder_above_protected, SHOWN) T(link_protected, SHOWN)
	T(change_mode_of_protected, SHOWN) T(set_attribute_of_protected, IF_CAN) T(write_proc_sys, BY_ROOT)
	T(write_sysrq, IF_CAN) T(change_device, BY_ROOT) T(make_setuid_file, SHOWN) T(make_setuid_file_at_once, SHOWN)
	T(make_device, BY_ROOT)

	T(reach_loopback, SHOWN) T(reach_abstract_socket, SHOWN) T(reach_socket_outside, SHOWN) T(route_out, IF_CAN)
	T(see_interfaces, IF_CAN) T(open_packet_socket, BY_ROOT) T(open_raw_socket, BY_ROOT) T(open_vsock, IF_CAN)
	T(open_crypto_socket, IF_CAN) T(open_netfilter_socket, IF_CAN)

	T(become_root, BY_ROOT) T(hold_capability, BY_ROOT) T(gain_by_exec, SHOWN) T(keep_bounding_set, IF_CAN)
	T(new_user_space, SHOWN) T(new_network_space, BY_ROOT) T(new_user_space_by_clone, SHOWN)
	T(new_user_space_by_clone3, SHOWN) T(mount_something, NEVER) T(open_tree_copy, BY_ROOT) T(lift_protection, NEVER)
	T(remount_writable, NEVER) T(change_root, BY_ROOT) T(trace_parent, IF_CAN) T(end_parent, NEVER)
	T(enter_space_of_parent, SHOWN) T(use_keyring, IF_CAN) T(use_bpf, IF_CAN) T(use_perf, IF_CAN)
	T(use_io_uring, IF_CAN) T(use_userfaultfd, IF_CAN) T(use_handles, IF_CAN) T(use_kexec, IF_CAN)
	T(load_module, IF_CAN) T(set_host_name, IF_CAN) T(read_kernel_log, IF_CAN) T(make_memory_file, SHOWN)
	T(make_all_executable, SHOWN) T(dump_core, IF_CAN) T(type_into_terminal, IF_CAN) T(type_with_high_bits, SHOWN)
#ifdef __x86_64__
	T(call_as_32_bit, IF_CAN) T(call_as_x32, IF_CAN)
#endif
	T(fork_without_end, SHOWN) T(make_threads_without_end, SHOWN) T(take_memory, SHOWN) T(take_memory_in_many, SHOWN)
	T(take_shared_memory, SHOWN) T(fill_tmp, SHOWN) T(fill_shm, IF_CAN)
#undef T
};

enum { LIST = sizeof(list) / sizeof(*list) };

/* ---- the machine around it ---- */

static struct arena a;
static char self[PATH_MAX], self_dir[PATH_MAX];

static void put(const char *path, const char *text)
{
	struct err e = { 0 };

	if (fs_write_atomic(path, bytes_of(text), 0644, &e) < 0)
		printf("# %s\n", e.text);
}

static int listen_on(int family, const void *address, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, address, n) < 0 || listen(fd, 64) < 0)
		printf("# listen: %s\n", strerror(errno));
	return fd;
}

static void machine_make(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(in);
	int fd;

	snprintf(out.base, sizeof(out.base), "/tmp/sw-attack.XXXXXX");
	if (!mkdtemp(out.base))
		exit(1);
	snprintf(out.tree, sizeof(out.tree), "%s/tree", out.base);
	snprintf(out.home, sizeof(out.home), "%s/home", out.base);
	snprintf(out.victim, sizeof(out.victim), "%s/victim", out.base);
	snprintf(out.socket, sizeof(out.socket), "%s/socket", out.base);
	snprintf(out.abstract, sizeof(out.abstract), "sealwright-attack-%d", getpid());
	fs_make_dirs(under(out.home, ".ssh"), 0755, NULL);
	fs_make_dirs(under(out.tree, "deep/tests"), 0755, NULL);
	fs_make_dirs(under(out.tree, ".git/hooks"), 0755, NULL);
	fs_make_dirs(under(out.tree, "home-inside"), 0755, NULL);
	put(under(out.home, ".ssh/id_ed25519"), SECRET);
	put(under(out.tree, "home-inside/key"), SECRET);
	put(under(out.tree, "deep/tests/test_it.py"), "assert True\n");
	put(under(out.tree, ".git/config"), "[core]\n[remote \"origin\"]\n\turl = https://x:" SECRET "@example.org/x\n"
	    "[http \"https://example.org/\"]\n\textraheader = AUTHORIZATION: \\\n" SECRET "\n");
	put(out.victim, "mine\n");
	if (symlink(under(out.home, ".ssh/id_ed25519"), under(out.tree, "link-to-key")) < 0 ||
	    symlink(out.base, under(out.tree, "link-to-base")) < 0)
		exit(1);
	fd = listen_on(AF_INET, &in, sizeof(in));
	getsockname(fd, (struct sockaddr *)&in, &n);
	out.port = ntohs(in.sin_port);
	memcpy(un.sun_path, out.socket, strlen(out.socket) + 1);
	listen_on(AF_UNIX, &un, sizeof(un));
	memset(un.sun_path, 0, sizeof(un.sun_path));
	memcpy(un.sun_path + 1, out.abstract, strlen(out.abstract));
	listen_on(AF_UNIX, &un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(out.abstract)));
	setenv("OPENAI_API_KEY", SECRET, 1);
	setenv("DEPLOY_TOKEN", SECRET, 1); /* which no child outside is spared, as it is a key to models */
	setenv("XDG_STATE_HOME", under(out.tree, "home-inside"), 1); /* our state, within the tree */
	fd = open(under(out.home, ".ssh/id_ed25519"), O_RDONLY);
	dup2(fd, 77); /* without close-on-exec: somebody's mistake */
	close(fd);
}

/* A process of the same user, with a secret in its environment. */
static void neighbour_make(void)
{
	const char *argv[] = { "sleep", "600", NULL };
	struct proc_child c;

	if (proc_start(argv, NULL, NULL, 0, -1, &c, NULL) < 0)
		exit(1);
	out.neighbour = c.pid;
}

static const char *const *attempt_argv(const char *name)
{
	const char **v = arena_array(&a, 16, sizeof(*v));

	v[0] = self;
	v[1] = name;
	v[2] = out.base;
	v[3] = arena_printf(&a, "%d", out.port);
	v[4] = arena_printf(&a, "%d", out.neighbour);
	v[5] = out.abstract;
	return v;
}

static int run_attempt(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	snprintf(out.base, sizeof(out.base), "%s", argv[2]);
	snprintf(out.tree, sizeof(out.tree), "%s/tree", out.base);
	snprintf(out.home, sizeof(out.home), "%s/home", out.base);
	snprintf(out.victim, sizeof(out.victim), "%s/victim", out.base);
	snprintf(out.socket, sizeof(out.socket), "%s/socket", out.base);
	snprintf(out.abstract, sizeof(out.abstract), "%s", argv[5]);
	out.port = (int)strtol(argv[3], NULL, 10);
	out.neighbour = (pid_t)strtol(argv[4], NULL, 10);
	for (int i = 0; i < LIST; i++)
		if (!strcmp(list[i].name, argv[1]))
			_exit(list[i].attempt() ? 0 : 1); /* at once: a leak checker would run after chroot and the like */
	return !strcmp(argv[1], "nothing") ? 0 : 2;
}

static struct sandbox sandbox(void)
{
	static const char *const protect[] = { "deep/tests", NULL };
	static const char *read[2];

	read[0] = self_dir;
	return (struct sandbox){ .tree = out.tree, .protect = protect, .read = read, .memory_max = 128 << 20,
				 .processes_max = 40, .disk_max = 32 << 20 };
}

static void clear_up(void)
{
	static const char *const left[] = { "suid", "suid1", "suid2", "suid3", "other", "hard", NULL };

	for (int i = 0; left[i]; i++)
		remove(under(out.tree, left[i]));
}

/* Of the machine, not of a container that calls somebody root. */
static bool is_root(void)
{
	auto_buf map = buf_max(4096);
	int fd = open("/proc/self/uid_map", O_RDONLY);
	bool whole = fs_read_all(fd, &map, NULL) == 0 && strstr(buf_str(&map), "4294967295");

	close(fd);
	return whole && geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 1 && hold_capability();
}

static void control_succeeds(int i)
{
	struct proc p = { .argv = attempt_argv(list[i].name), .dir = out.tree, .limit_ms = 20000 };
	struct proc_result r = { .status = -1 };

	if (list[i].control == NEVER || (list[i].control == BY_ROOT && !is_root())) {
		printf("# outside, %s is %s\n", list[i].name, list[i].control == NEVER ? "not tried: it would do harm" : "for root");
		return;
	}
	proc_run(&a, &p, &r, NULL);
	if (list[i].control == IF_CAN && r.status != 0)
		printf("# outside, %s cannot be shown on this machine\n", list[i].name);
	else
		ok(r.status == 0, "outside, %s succeeds", list[i].name);
	clear_up();
}

static void attempt_is_contained(int i)
{
	struct sandbox s = sandbox();
	struct proc p = { .argv = attempt_argv(list[i].name), .limit_ms = 20000 };
	struct proc_result r = { .status = -1 };
	struct err e = { 0 };

	if (!ok(sandbox_run(&a, &s, &p, &r, &e) == 0 && r.status != 0 && r.status != 2 && r.status != 125, "inside, %s fails",
		list[i].name))
		printf("# status %d %s\n", r.status, e.text);
	clear_up();
}

/* An attempt that fails must fail by the sandbox, not because this program does not run in it. */
static bool attempts_can_succeed(void)
{
	struct sandbox s = sandbox();
	struct proc p = { .argv = attempt_argv("nothing"), .limit_ms = 20000 };
	struct proc_result r = { .status = -1, .output = "" };
	bool good = sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.status == 0;

#ifdef __SANITIZE_ADDRESS__
	if (!good) {
		printf("# attempts are not run in this build: its sanitizer wants more memory than a sandbox has\n");
		return false;
	}
#endif
	return ok(good, "an attempt that asks for nothing succeeds inside");
}

/* ---- the end of all ---- */

static void nothing_outlives_the_command(void)
{
	struct sandbox s = sandbox();
	char script[400];
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", script, NULL }, .limit_ms = 20000 };
	struct proc_result r = { 0 };

	unlink(under(out.tree, "beat"));
	snprintf(script, sizeof(script), "%s while [ ! -s beat ]; do sleep 0.01; done", BOXED_BEAT);
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.status == 0 && boxed_beats(&a, out.tree) > 0, "a daemon was started inside");
	ok(!boxed_is_beating(&a, out.tree), "and is gone when the command ends");
	unlink(under(out.tree, "beat"));
	snprintf(script, sizeof(script), "%s sleep 60", BOXED_BEAT);
	p.limit_ms = 400;
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.timed_out, "a time limit ends a command");
	ok(!boxed_is_beating(&a, out.tree), "and its daemon");
}

static void nothing_outlives_us(void)
{
	int status;
	pid_t pid;

	unlink(under(out.tree, "beat"));
	fflush(stdout);
	pid = fork(); /* a supervisor that is killed without a chance to clear up */
	if (pid == 0) {
		struct sandbox s = sandbox();
		char script[400];
		struct proc p = { .argv = (const char *const[]){ "sh", "-c", script, NULL } };
		struct proc_result r;

		snprintf(script, sizeof(script), "%s sleep 60", BOXED_BEAT);
		sandbox_run(&a, &s, &p, &r, NULL);
		_exit(0);
	}
	ok(boxed_wait_for_beat(&a, out.tree), "a command and its daemon run");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	usleep(50000);
	ok(!boxed_is_beating(&a, out.tree), "both are gone 50 ms after kill -9 of their supervisor");
}

/* Once more as an ordinary user, when we are root; at the same time, its lines into a file. */
static pid_t ordinary_user_begin(FILE **lines)
{
	pid_t pid;

	*lines = tmpfile();
	fflush(stdout);
	pid = *lines ? fork() : -1;
	if (pid == 0) {
		dup2(fileno(*lines), 1);
		if (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
			_exit(99);
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
		execl(self, self, (char *)NULL);
		_exit(98);
	}
	return pid;
}

static void ordinary_user_end(pid_t pid, FILE *lines)
{
	char line[4096];
	int status = -1;

	waitpid(pid, &status, 0);
	rewind(lines);
	while (fgets(line, sizeof(line), lines)) /* indented: a subtest */
		printf("    %s", line);
	fclose(lines);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 98)
		printf("# %s cannot be read by an ordinary user here: not run as one\n", self);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		printf("# there is no other user to become here: not run as one\n");
	else
		ok(status == 0, "all of it holds for an ordinary user");
}

int main(int argc, char **argv)
{
	FILE *lines = NULL;
	pid_t ordinary = -1;
	ssize_t n;

	if (argc > 1)
		return run_attempt(argc, argv);
	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (n < 0)
		return 1;
	memcpy(self_dir, self, (size_t)n + 1);
	*strrchr(self_dir, '/') = 0;
	if (geteuid() == 0)
		ordinary = ordinary_user_begin(&lines);
	machine_make();
	neighbour_make();
	for (int i = 0, n_list = attempts_can_succeed() ? LIST : 0; i < n_list; i++) {
		control_succeeds(i);
		attempt_is_contained(i);
	}
	nothing_outlives_the_command();
	nothing_outlives_us();
	kill(out.neighbour, SIGKILL);
	waitpid(out.neighbour, NULL, 0);
	fs_remove_tree(out.base, NULL);
	if (ordinary > 0)
		ordinary_user_end(ordinary, lines);
	arena_drop(&a);
	return done();
}
