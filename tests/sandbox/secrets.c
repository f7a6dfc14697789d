/*
 * Attempts to read what is not the sandbox's to see: keys, histories, tokens, memory and words of other processes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include <dirent.h>
#include <mqueue.h>
#include <signal.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>

/* ---- files ---- */

static bool read_ssh_key(void) { return holds_secret(under(lab.home, ".ssh/id_ed25519")); }
static bool read_cloud_credentials(void) { return holds_secret(under(lab.home, ".aws/credentials")); }
static bool read_netrc(void) { return holds_secret(under(lab.home, ".netrc")); }
static bool read_shell_history(void) { return holds_secret(under(lab.home, ".bash_history")); }
static bool read_git_credentials(void) { return holds_secret(under(lab.home, ".git-credentials")); }
static bool read_forge_token(void) { return holds_secret(under(lab.home, ".config/gh/hosts.yml")); }
static bool read_other_projects_env(void) { return holds_secret(under(lab.base, "other/.env")); }
static bool read_file_in_tmp(void) { return holds_secret(under(lab.base, "note")); }
static bool read_file_in_shm(void) { return holds_secret(lab.shared); }
static bool read_through_link(void) { return holds_secret("link-to-key"); }
static bool read_through_link_to_folder(void) { return holds_secret("link-to-base/home/.ssh/id_ed25519"); }
static bool read_through_dots(void) { return holds_secret("../home/.ssh/id_ed25519"); }
static bool read_through_own_root(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/root%s/.ssh/id_ed25519", lab.home);
	return holds_secret(path);
}
static bool list_home(void) { return opens(lab.home, O_RDONLY | O_DIRECTORY); }
static bool list_home_above(void) { return opens(under(lab.base, "home"), O_PATH); }
static bool list_roots_home(void) { return opens("/root/.", O_RDONLY | O_DIRECTORY) && access("/root/.bashrc", F_OK) == 0; }
static bool read_shadow(void) { return opens("/etc/shadow", O_RDONLY); }
static bool read_host_keys(void) { return access("/etc/ssh", F_OK) == 0 || access("/etc/machine-id", F_OK) == 0; }
static bool read_private_tls_keys(void) { return access("/etc/ssl/private", F_OK) == 0; }
static bool read_hosts_passwd(void)
{
	char text[65536];
	int fd = open("/etc/passwd", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text));

	return n > 0 && memmem(text, (size_t)n, "daemon", 6);
}
static bool list_var(void) { return access("/var/lib", F_OK) == 0; }
static bool list_logs(void) { return access("/var/log", F_OK) == 0; }
static bool list_run(void) { return access("/run/lock", F_OK) == 0; }
static bool see_sys(void) { return access("/sys/kernel", F_OK) == 0; }
static bool see_mnt(void) { return access("/mnt", F_OK) == 0 || access("/srv", F_OK) == 0 || access("/opt", F_OK) == 0; }
static bool see_boot(void) { return access("/boot", F_OK) == 0; }
static bool see_disks(void)
{
	DIR *d = opendir("/dev");
	const struct dirent *f;
	struct stat st;

	while (d && (f = readdir(d)))
		if (fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISBLK(st.st_mode))
			return true;
	return opens("/dev/mem", O_RDONLY) || opens("/dev/kmsg", O_RDONLY) || opens("/dev/port", O_RDONLY);
}
static bool read_git_token(void) { return holds_secret(".git/config"); }
static bool read_submodule_token(void) { return holds_secret(".git/modules/sub/config"); }
static bool read_worktree_token(void) { return holds_secret(".git/config.worktree"); }
static bool read_token_of_submodule_named_config(void) { return holds_secret(".git/modules/config/config"); }
static bool read_old_git_token(void) { return holds_secret(".git/config.bak"); }
static bool read_stored_git_password(void) { return holds_secret(".git/credentials"); }
static bool see_hidden_home(void) { return holds_secret("home-inside/key"); }
static bool read_hidden_home_through_proc(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/self/cwd/home-inside/key");
	return holds_secret(path);
}

static struct stat own_folder; /* this program holds the word that is looked for */

/* Whatever lies anywhere that is not the machine's own programs. */
static bool search(int dir, int depth)
{
	DIR *d = fdopendir(dir);
	const struct dirent *f;
	struct stat st;
	bool yes = false;

	while (d && !yes && (f = readdir(d))) {
		int fd;

		if (f->d_name[0] == '.' && (!f->d_name[1] || f->d_name[1] == '.'))
			continue;
		if (fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISCHR(st.st_mode) || S_ISLNK(st.st_mode))
			continue;
		if (st.st_dev == own_folder.st_dev && st.st_ino == own_folder.st_ino)
			continue;
		if (depth == 0 && (!strcmp(f->d_name, "usr") || !strcmp(f->d_name, "proc") || !strcmp(f->d_name, "sys")))
			continue;
		fd = openat(dirfd(d), f->d_name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
		if (fd >= 0 && S_ISDIR(st.st_mode) && depth < 12)
			yes = search(fd, depth + 1);
		else if (fd >= 0) {
			yes = S_ISREG(st.st_mode) && st.st_size < 1 << 20 && fd_holds_secret(fd);
			close(fd);
		}
	}
	if (d)
		closedir(d);
	return yes;
}
static bool search_everything(void)
{
	char self[PATH_MAX] = "";

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0 && strrchr(self, '/'))
		*strrchr(self, '/') = 0;
	stat(self, &own_folder);
	return search(open(access(lab.home, F_OK) == 0 ? lab.base : "/", O_RDONLY), 0);
}

static bool see_hosts_mounts(void) /* a mount of the machine that has nothing to do with what is shown */
{
	char text[65536];
	int fd = open("/proc/self/mountinfo", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text));

	return n > 0 && (memmem(text, (size_t)n, "cgroup", 6) || memmem(text, (size_t)n, "sysfs", 5));
}

/* ---- words and memory of processes ---- */

static bool read_environment(void)
{
	extern char **environ;

	for (char **p = environ; *p; p++)
		if (strstr(*p, SECRET))
			return true;
	return false;
}
static bool read_others_environment(void) { return folder_holds_secret("/proc", "environ"); }
static bool read_others_words(void) { return folder_holds_secret("/proc", "cmdline"); }
static bool read_neighbours_environment(void) { return holds_secret(neighbour("environ")); }
static bool read_neighbours_words(void) { return holds_secret(neighbour("cmdline")); }
static bool read_parents_words_at_once(void) /* before it may have forgotten them */
{
	return holds_secret(parent("cmdline")) || holds_secret(parent("environ"));
}
static bool read_parents_threads(void)
{
	char what[64];

	snprintf(what, sizeof(what), "task/%d/cmdline", getppid());
	return holds_secret(parent(what)) || folder_holds_secret(parent("task"), "environ");
}
static bool read_parents_memory(void) { return opens(parent("mem"), O_RDONLY); }
static bool read_parents_maps(void)
{
	char c;
	int fd = open(parent("maps"), O_RDONLY);

	return fd >= 0 && read(fd, &c, 1) == 1;
}
static bool read_parents_auxv(void) { char c; int fd = open(parent("auxv"), O_RDONLY); return fd >= 0 && read(fd, &c, 1) == 1; }
static bool read_parents_stack(void) { char c; int fd = open(parent("syscall"), O_RDONLY); return fd >= 0 && read(fd, &c, 1) == 1; }
static bool list_parents_descriptors(void) /* where they lead; their numbers say nothing */
{
	char name[32], to[64];

	for (int i = 0; i < 256; i++) {
		snprintf(name, sizeof(name), "fd/%d", i);
		if (readlink(parent(name), to, sizeof(to)) > 0)
			return true;
	}
	return false;
}
static bool read_parents_descriptor(void) { return folder_holds_secret(parent("fd"), "."); }
static bool see_parents_folder(void) { return opens(parent("cwd"), O_RDONLY | O_DIRECTORY); }
static bool see_parents_root(void) { return opens(parent("root"), O_RDONLY | O_DIRECTORY); }
static bool open_parents_program(void) { return opens(parent("exe"), O_RDONLY); }
static bool list_parents_maps(void)
{
	DIR *d = opendir(parent("map_files"));
	const struct dirent *f;

	while (d && (f = readdir(d)))
		if (f->d_name[0] != '.')
			return true;
	return false;
}
static bool read_through_parents_root(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/root%s/.ssh/id_ed25519", getppid(), lab.home);
	return holds_secret(path);
}
static bool read_by_call(pid_t pid)
{
	char to[sizeof(SECRET)] = "";
	struct iovec local = { to, sizeof(to) }, remote = { (void *)lab.memory, sizeof(to) };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == sizeof(to) && !memcmp(to, SECRET, sizeof(to) - 1);
}
static bool read_parents_memory_by_call(void) { return read_by_call(getppid()); }
static bool read_neighbours_memory_by_call(void) { return read_by_call(lab.neighbour); }
static bool read_neighbours_memory(void)
{
	char to[sizeof(SECRET)] = "";
	int fd = open(neighbour("mem"), O_RDONLY);

	return fd >= 0 && pread(fd, to, sizeof(to), (off_t)lab.memory) == sizeof(to) && !strcmp(to, SECRET);
}
static bool read_by_trace(pid_t pid)
{
	long word;

	if (ptrace(PTRACE_ATTACH, pid, 0, 0) < 0)
		return false;
	waitpid(pid, NULL, 0);
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, pid, (void *)lab.memory, 0);
	ptrace(PTRACE_DETACH, pid, 0, 0);
	return !errno && !memcmp(&word, SECRET, sizeof(word));
}
static bool trace_parent(void) { return read_by_trace(getppid()); }
static bool trace_neighbour(void) { return read_by_trace(lab.neighbour); }
static bool take_neighbours_descriptor(void)
{
	int process = (int)syscall(SYS_pidfd_open, lab.neighbour, 0);
	char text[64] = "";

	for (int i = 3; process >= 0 && i < 64; i++) {
		int fd = (int)syscall(SYS_pidfd_getfd, process, i, 0);

		if (fd >= 0 && pread(fd, text, sizeof(text) - 1, 0) > 0 && strstr(text, SECRET))
			return true;
	}
	return false;
}
static bool take_parents_descriptor(void)
{
	int process = (int)syscall(SYS_pidfd_open, getppid(), 0);

	for (int i = 0; process >= 0 && i < 64; i++)
		if (syscall(SYS_pidfd_getfd, process, i, 0) >= 0)
			return true;
	return false;
}
static bool use_leaked_descriptor(void)
{
	char text[64];
	ssize_t n = pread(77, text, sizeof(text), 0);

	return n > 0 && memmem(text, (size_t)n, SECRET, strlen(SECRET));
}
static bool any_further_descriptor(void)
{
	for (int i = 3; i < 20000; i++)
		if (fcntl(i, F_GETFD) >= 0)
			return true;
	return false;
}
static bool see_neighbour(void) { return kill(lab.neighbour, 0) == 0 && access(neighbour("stat"), F_OK) == 0; }
static bool see_more_processes(void)
{
	DIR *d = opendir("/proc");
	const struct dirent *f;
	int n = 0;

	while (d && (f = readdir(d)))
		n += f->d_name[0] > '0' && f->d_name[0] <= '9';
	return n > 4;
}

/* ---- shared memory, queues, keys ---- */

static bool read_shared_memory(void)
{
	const char *p = shmat(lab.shm, NULL, SHM_RDONLY);

	return p != (const char *)-1 && !strcmp(p, SECRET);
}
static bool read_shared_memory_by_key(void)
{
	int id = shmget(lab.shm_key, 0, 0);
	const char *p = id < 0 ? (const char *)-1 : shmat(id, NULL, SHM_RDONLY);

	return p != (const char *)-1 && !strcmp(p, SECRET);
}
static bool read_message(void)
{
	struct {
		long type;
		char text[64];
	} m = { 0 };

	return msgrcv(lab.msg, &m, sizeof(m.text), 0, IPC_NOWAIT | 040000 /* MSG_COPY: leave it there */) > 0 && !strcmp(m.text, SECRET);
}
static bool read_semaphore(void) { return semctl(lab.sem, 0, GETVAL) == 77; }
static bool read_posix_queue(void)
{
	char text[8192] = "";
	mqd_t q = mq_open(lab.queue, O_RDWR | O_NONBLOCK);
	ssize_t n = q < 0 ? -1 : mq_receive(q, text, sizeof(text), NULL);

	if (n > 0)
		mq_send(q, SECRET, sizeof(SECRET), 0);
	return n > 0 && !strcmp(text, SECRET);
}
static bool list_shared_memory(void)
{
	char text[65536], want[32];
	int fd = open("/proc/sysvipc/shm", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text));

	snprintf(want, sizeof(want), " %d ", lab.shm);
	return n > 0 && memmem(text, (size_t)n, want, strlen(want));
}
static bool use_keyring(void) { return syscall(SYS_add_key, "user", "sandbox-test", "x", 1, -2) >= 0; }
static bool read_keyring(void) { return works(syscall(SYS_keyctl, 0, -3, 0)); }
static bool list_keys(void) { char c; int fd = open("/proc/keys", O_RDONLY); return fd >= 0 && read(fd, &c, 1) == 1; }
static bool request_key(void) { return works(syscall(SYS_request_key, "user", "sandbox-test", NULL, 0)); }
static bool read_kernel_log(void) { return works(syscall(SYS_syslog, 3, NULL, 0)); }
static bool read_kernel_addresses(void)
{
	char text[4096];
	int fd = open("/proc/kallsyms", O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text));

	return n > 16 && memcmp(text, "0000000000000000", 16) != 0;
}
static bool read_kernel_memory(void) { return opens("/proc/kcore", O_RDONLY); }
static bool read_by_handle(void)
{
	struct {
		struct file_handle h;
		char room[128];
	} f = { .h.handle_bytes = 128 };
	int mount, top = open(lab.base, O_RDONLY), fd;

	if (name_to_handle_at(AT_FDCWD, under(lab.home, ".ssh/id_ed25519"), &f.h, &mount, 0) < 0)
		return false;
	fd = open_by_handle_at(top, &f.h, O_RDONLY);
	return fd_holds_secret(fd);
}

static const struct attempt list[] = {
	T(read_ssh_key, SHOWN) T(read_cloud_credentials, SHOWN) T(read_netrc, SHOWN) T(read_shell_history, SHOWN)
	T(read_git_credentials, SHOWN) T(read_forge_token, SHOWN) T(read_other_projects_env, SHOWN) T(read_file_in_tmp, SHOWN)
	T(read_file_in_shm, IF_CAN) T(read_through_link, SHOWN) T(read_through_link_to_folder, SHOWN) T(read_through_dots, SHOWN)
	T(read_through_own_root, SHOWN) T(list_home, SHOWN) T(list_home_above, SHOWN) T(list_roots_home, IF_CAN)
	T(read_shadow, BY_ROOT) T(read_host_keys, IF_CAN) T(read_private_tls_keys, IF_CAN) T(read_hosts_passwd, IF_CAN)
	T(list_var, IF_CAN) T(list_logs, IF_CAN) T(list_run, IF_CAN) T(see_sys, SHOWN) T(see_mnt, IF_CAN) T(see_boot, IF_CAN)
	T(see_disks, IF_CAN) T(read_git_token, SHOWN) T(read_submodule_token, SHOWN) T(read_worktree_token, SHOWN)
	T(read_token_of_submodule_named_config, SHOWN) T(read_old_git_token, SHOWN) T(read_stored_git_password, SHOWN)
	T(see_hidden_home, SHOWN) T(read_hidden_home_through_proc, SHOWN) T(search_everything, SHOWN) T(see_hosts_mounts, IF_CAN)
	T(read_environment, SHOWN) T(read_others_environment, SHOWN) T(read_others_words, SHOWN)
	T(read_neighbours_environment, SHOWN) T(read_neighbours_words, SHOWN) T(read_parents_words_at_once, SHOWN)
	T(read_parents_threads, SHOWN) T(read_parents_memory, SHOWN) T(read_parents_maps, SHOWN) T(read_parents_auxv, SHOWN)
	T(read_parents_stack, IF_CAN) T(list_parents_descriptors, SHOWN) T(read_parents_descriptor, IF_CAN)
	T(see_parents_folder, SHOWN) T(see_parents_root, SHOWN) T(open_parents_program, SHOWN) T(list_parents_maps, SHOWN)
	T(read_through_parents_root, SHOWN) T(read_parents_memory_by_call, IF_CAN) T(read_neighbours_memory_by_call, IF_CAN)
	T(read_neighbours_memory, IF_CAN) T(trace_parent, IF_CAN) T(trace_neighbour, IF_CAN) T(take_neighbours_descriptor, IF_CAN)
	T(take_parents_descriptor, IF_CAN) T(use_leaked_descriptor, SHOWN) T(any_further_descriptor, SHOWN) T(see_neighbour, SHOWN)
	T(see_more_processes, SHOWN)
	T(read_shared_memory, SHOWN) T(read_shared_memory_by_key, SHOWN) T(read_message, IF_CAN) T(read_semaphore, SHOWN)
	T(read_posix_queue, SHOWN) T(list_shared_memory, SHOWN) T(use_keyring, IF_CAN) T(read_keyring, IF_CAN) T(list_keys, IF_CAN)
	T(request_key, IF_CAN) T(read_kernel_log, IF_CAN) T(read_kernel_addresses, IF_CAN) T(read_kernel_memory, IF_CAN)
	T(read_by_handle, BY_ROOT)
};

const struct attempts secrets = { "secrets", list, sizeof(list) / sizeof(*list) };
