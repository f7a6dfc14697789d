/*
 * Level 1 of the sandbox, where namespaces are refused: normal work runs, what it claims to hold is held, all of it ends.
 *
 * Attempts are functions of this program, run again inside with their name; each is run outside, too, where it must succeed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../boxed.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/fs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

static char base[96], *tree;
static struct arena a;
static int port;
static pid_t neighbour;
static char terminal[64];

static char *beneath(const char *name)
{
	static char path[4][300];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", base, name);
	return p;
}

/* ---- attempts: true when it got what it was after ---- */

static bool can(int flags, const char *path)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool read_secret(void) { return can(O_RDONLY, beneath("secret")); }
static bool read_through_link(void) { return can(O_RDONLY, "link-to-secret"); }
static bool read_environment_of_neighbour(void)
{
	char path[40], c;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/environ", neighbour);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && read(fd, &c, 1) == 1;
}
static bool list_folder_of_machine(void) { return can(O_RDONLY | O_DIRECTORY, base); }
static bool open_terminal(void) { return can(O_RDONLY | O_NOCTTY, terminal); }
static bool hear_of_files_of_machine(void)
{
	int fd = (int)syscall(SYS_inotify_init1, 0);

	return syscall(SYS_inotify_add_watch, fd, base, 0x100) >= 0;
}

static bool write_outside(void) { return can(O_WRONLY, beneath("victim")); }
static bool write_through_link(void) { return can(O_WRONLY, "link-to-victim"); }
static bool make_through_link(void) { return can(O_WRONLY | O_CREAT, "link-to-base/made"); }
static bool empty_outside(void) { return can(O_RDONLY | O_TRUNC, beneath("victim")); }
static bool truncate_outside(void) { return truncate(beneath("victim"), 1) == 0; }
static bool mode_outside(void) { return chmod(beneath("victim"), 0644) == 0; }
static bool mode_of_opened(void)
{
	int fd = open("deep/tests/t", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && fchmod(fd, 0644) == 0;
}
static bool times_outside(void) { return utimensat(AT_FDCWD, beneath("victim"), NULL, 0) == 0; }
static bool times_of_link_outside(void) { return utimensat(AT_FDCWD, beneath("victim"), NULL, AT_SYMLINK_NOFOLLOW) == 0; }
static bool remove_outside(void) { return unlink(beneath("removable")) == 0; }
static bool move_out(void)
{
	return can(O_WRONLY | O_CREAT, "x") && rename("x", beneath("x")) == 0;
}
static bool move_in(void) { return rename(beneath("movable"), "moved") == 0; }
static bool link_in(void) { return link(beneath("victim"), "hard") == 0 && unlink("hard") == 0; }
static bool write_hook(void) { return can(O_WRONLY | O_CREAT, ".git/hooks/post-checkout"); }
static bool write_config_by_long_way(void) { return can(O_WRONLY, "deep/../.git/./config"); }
static bool write_config_through_folder(void)
{
	int fd = open(".git", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && openat(fd, "config", O_WRONLY | O_CLOEXEC) >= 0;
}
static bool write_config_by_link(void)
{
	unlink("alias");
	return symlink(".git/config", "alias") == 0 && can(O_WRONLY, "alias");
}
static bool write_config_by_hard_link(void)
{
	unlink("alias2");
	return link(".git/config", "alias2") == 0 && can(O_WRONLY, "alias2");
}
static bool link_through_symlink(void)
{
	unlink("alias3");
	unlink("alias4");
	return symlink(".git/config", "alias3") == 0 && linkat(AT_FDCWD, "alias3", AT_FDCWD, "alias4", AT_SYMLINK_FOLLOW) == 0 &&
	       can(O_WRONLY, "alias4");
}
static bool rename_git(void) { return rename(".git", "g") == 0 && rename("g", ".git") == 0; }
static bool rename_above_tests(void) { return rename("deep", "d") == 0 && rename("d", "deep") == 0; }
static bool exchange_above_tests(void)
{
	mkdir("other", 0755);
	return syscall(SYS_renameat2, AT_FDCWD, "deep", AT_FDCWD, "other", 2) == 0 &&
	       syscall(SYS_renameat2, AT_FDCWD, "deep", AT_FDCWD, "other", 2) == 0;
}
static bool rename_over_test(void)
{
	return can(O_WRONLY | O_CREAT, "mine") && rename("mine", "deep/tests/t") == 0;
}
static bool mode_of_test(void) { return chmod("deep/tests/t", 0644) == 0; }
static bool truncate_test(void) { return truncate("deep/tests/t", 0) == 0; }
static bool lease_test(void)
{
	int fd = open("deep/tests/t", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
}
static bool flags_of_test(void)
{
	int fd = open("deep/tests/t", O_RDONLY | O_CLOEXEC), flags = 0;

	return fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}
static bool owner_outside(void) { return chown(beneath("victim"), geteuid(), (gid_t)-1) == 0; }
static bool owner_of_test(void) { return lchown("deep/tests/t", geteuid(), (gid_t)-1) == 0; }
static bool mode_by_descriptor(void)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", open("deep/tests/t", O_RDONLY | O_CLOEXEC));
	return chmod(path, 0644) == 0 || can(O_WRONLY, path);
}
static bool make_setuid(void) { return can(O_WRONLY | O_CREAT, "s") && chmod("s", 04755) == 0; }

/* The same path means a file of ours or a protected one, by turns, while we ask. */
static volatile int turning; /* a bool is read once by gcc 12 with -fsanitize=bool */
static void *turn_links(void *arg)
{
	(void)arg;
	while (turning) {
		(void)!rename("turn-a", "turn");
		(void)!symlink("deep/open", "turn-a");
		(void)!rename("turn-b", "turn");
		(void)!symlink(".git/config", "turn-b");
	}
	return NULL;
}
static bool write_config_by_turns(void)
{
	struct stat config, st;
	pthread_t t;
	bool won = false;

	stat(".git/config", &config);
	(void)!symlink("deep/open", "turn-a");
	(void)!symlink(".git/config", "turn-b");
	turning = true;
	pthread_create(&t, NULL, turn_links, NULL);
	for (int64_t until = clock_mono_ms() + 1500; clock_mono_ms() < until && !won;) {
		int fd = open("turn", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

		won = fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == config.st_ino;
		if (fd >= 0)
			close(fd);
	}
	turning = false;
	pthread_join(t, NULL);
	return won;
}

static bool reach(int family, int type, const void *address, socklen_t n)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	bool good = fd >= 0 && connect(fd, address, n) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}
static struct sockaddr_in loop(int at)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)at), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}
static bool reach_service_of_machine(void)
{
	struct sockaddr_in in = loop(port);

	return reach(AF_INET, SOCK_STREAM, &in, sizeof(in));
}
static bool reach_service_mapped(void)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &six.sin6_addr);
	return reach(AF_INET6, SOCK_STREAM, &six, sizeof(six));
}
/* Another address of loopback is bound at the service's port first. */
static bool reach_service_by_its_port(void)
{
	struct sockaddr_in in = loop(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	(void)!bind(fd, (struct sockaddr *)&in, sizeof(in));
	return reach_service_of_machine();
}
static volatile struct sockaddr_in turned;
static void *turn_address(void *arg)
{
	(void)arg;
	while (turning) {
		turned.sin_port = htons((uint16_t)port);
		turned.sin_port = htons(1);
	}
	return NULL;
}
static bool reach_service_by_turns(void)
{
	struct sockaddr_in peer;
	pthread_t t;
	bool won = false;

	turned = loop(port);
	turning = true;
	pthread_create(&t, NULL, turn_address, NULL);
	for (int64_t until = clock_mono_ms() + 1500; clock_mono_ms() < until && !won;) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		socklen_t n = sizeof(peer);

		(void)!connect(fd, (const struct sockaddr *)(uintptr_t)&turned, sizeof(turned));
		won = getpeername(fd, (struct sockaddr *)&peer, &n) == 0;
		close(fd);
	}
	turning = false;
	pthread_join(t, NULL);
	return won;
}
static bool reach_socket_of_machine(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", beneath("socket"));
	return reach(AF_UNIX, SOCK_STREAM, &un, sizeof(un));
}
static bool reach_abstract(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int n = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "sw1-%d", port);

	return reach(AF_UNIX, SOCK_STREAM, &un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n));
}
static bool send_datagram(void)
{
	struct sockaddr_in in = loop(port);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && sendto(fd, "x", 1, 0, (struct sockaddr *)&in, sizeof(in)) == 1;
}
static bool send_fast(void)
{
	struct sockaddr_in in = loop(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&in, sizeof(in)) == 1;
}
static bool serve_the_machine(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (struct sockaddr *)&in, sizeof(in)) == 0 && getsockname(fd, (struct sockaddr *)&in, &n) == 0 &&
	       in.sin_addr.s_addr == 0;
}
static bool serve_without_bind(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return listen(fd, 1) == 0 && getsockname(fd, (struct sockaddr *)&in, &n) == 0 && in.sin_addr.s_addr == 0;
}

static bool new_user_space(void) { return unshare(CLONE_NEWUSER) == 0; }
static bool signal_neighbour(void) { return kill(neighbour, 0) == 0; }
static bool signal_neighbour_thread(void) { return syscall(SYS_tgkill, neighbour, neighbour, 0) == 0; }
static bool signal_by_pidfd(void)
{
	int fd = (int)syscall(SYS_pidfd_open, neighbour, 0);

	return fd >= 0 && syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0) == 0;
}
static bool signal_by_socket(void)
{
	int fd[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0 && fcntl(fd[0], F_SETOWN, neighbour) == 0;
}
static bool signal_parent(void) { return kill(getppid(), 0) == 0; }
static bool trace_neighbour(void) { return ptrace(PTRACE_SEIZE, neighbour, NULL, NULL) == 0; }
static bool limit_neighbour(void)
{
	struct rlimit l;

	return prlimit(neighbour, RLIMIT_NOFILE, NULL, &l) == 0 && prlimit(neighbour, RLIMIT_NOFILE, &l, NULL) == 0;
}
static bool slow_neighbour(void) { return setpriority(PRIO_PROCESS, (id_t)neighbour, 19) == 0; }
/* Not PRIO_USER: its control would slow down all that this user has on the machine. */
static bool slow_group(void) { return setpriority(PRIO_PGRP, (id_t)neighbour, 1) == 0; }
static bool pin_neighbour(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 && sched_setaffinity(neighbour, sizeof(set), &set) == 0;
}
static bool shared_memory_of_machine(void) { return syscall(SYS_shmget, 0x5ea1, 4096, 01600) >= 0; }

static const struct {
	const char *name;
	bool (*attempt)(void);
	bool may_fail; /* outside, on some machines or for some users */
} list[] = {
#define T(f) { #f, f, false },
#define M(f) { #f, f, true },
	T(read_secret) T(read_through_link) T(read_environment_of_neighbour) T(list_folder_of_machine) T(open_terminal) T(hear_of_files_of_machine)
	T(write_outside) T(write_through_link) T(make_through_link) T(empty_outside) T(truncate_outside) T(mode_outside)
	T(mode_of_opened) T(times_outside) T(times_of_link_outside) T(remove_outside) T(move_out) T(move_in) T(link_in)
	T(write_hook) T(write_config_by_long_way) T(write_config_through_folder) T(write_config_by_link)
	T(write_config_by_hard_link) T(link_through_symlink) T(rename_git) T(rename_above_tests) T(exchange_above_tests)
	T(rename_over_test) T(mode_of_test) T(truncate_test) T(owner_outside) T(owner_of_test) T(mode_by_descriptor) M(lease_test) M(flags_of_test) T(make_setuid) T(write_config_by_turns)
	T(reach_service_of_machine) M(reach_service_mapped) T(reach_service_by_its_port) T(reach_service_by_turns)
	T(reach_socket_of_machine) T(reach_abstract) T(send_datagram) M(send_fast) T(serve_the_machine) T(serve_without_bind)
	M(new_user_space) T(signal_neighbour) T(signal_neighbour_thread) T(signal_by_pidfd) T(signal_by_socket) T(signal_parent)
	M(trace_neighbour) T(limit_neighbour) M(slow_group) T(pin_neighbour) M(shared_memory_of_machine) M(slow_neighbour)
#undef T
#undef M
};
enum { LIST = sizeof(list) / sizeof(*list) };

/* ---- the machine around it ---- */

static void put(const char *path, const char *text)
{
	fs_write_atomic(path, bytes_of(text), 0644, NULL);
}

/* Made again before each attempt: some take things away. */
static void machine_make(void)
{
	put(beneath("secret"), "s");
	put(beneath("victim"), "mine");
	put(beneath("removable"), "r");
	put(beneath("movable"), "m");
	put(beneath("tree/.git/config"), "[core]\n");
	put(beneath("tree/deep/tests/t"), "assert True\n");
	put(beneath("tree/deep/open"), "o\n");
	unlink(beneath("tree/.git/hooks/post-checkout"));
	unlink(beneath("tree/s"));
}

static int serve(int family, const void *address, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, address, n) < 0 || listen(fd, 4096) < 0)
		printf("# listen: %s\n", strerror(errno));
	return fd;
}

static void services_make(void)
{
	struct sockaddr_in in = loop(0);
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t n = sizeof(in);
	struct proc_child c;
	int fd = serve(AF_INET, &in, sizeof(in)), len;

	getsockname(fd, (struct sockaddr *)&in, &n);
	port = ntohs(in.sin_port);
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", beneath("socket"));
	serve(AF_UNIX, &un, sizeof(un));
	memset(un.sun_path, 0, sizeof(un.sun_path));
	len = snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "sw1-%d", port);
	serve(AF_UNIX, &un, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len));
	len = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (len < 0 || grantpt(len) < 0 || unlockpt(len) < 0 || ptsname_r(len, terminal, sizeof(terminal)) != 0)
		printf("# no terminal: %s\n", strerror(errno));
	if (proc_start((const char *const[]){ "sleep", "600", NULL }, NULL, NULL, 0, -1, &c, NULL) < 0)
		exit(1);
	neighbour = c.pid;
}

static struct sandbox level1(int *level)
{
	static const char *const protect[] = { "deep/tests", "absent", NULL };

	return (struct sandbox){ .tree = tree, .protect = protect, .level_min = 1, .level_max = 1, .level = level,
				 .memory_max = 256 << 20, .processes_max = 60 };
}

static const char *const *attempt(int i)
{
	const char **v = arena_array(&a, 8, sizeof(*v));

	v[0] = arena_printf(&a, "%s/self", tree);
	v[1] = i < 0 ? "nothing" : list[i].name;
	v[2] = base;
	v[3] = arena_printf(&a, "%d", port);
	v[4] = arena_printf(&a, "%d", neighbour);
	v[5] = terminal;
	return v;
}

static void each_attempt_is_contained(void)
{
	struct sandbox s = level1(NULL);
	struct proc p = { .dir = tree, .limit_ms = 30000 };
	struct proc_result r = { .status = -1, .output = "" };
	struct err e = { 0 };

	p.argv = attempt(-1);
	if (!ok(sandbox_run(&a, &s, &p, &r, &e) == 0 && r.status == 0, "an attempt that asks for nothing succeeds inside"))
		printf("# status %d %s %.300s\n", r.status, e.text, r.output);
	for (int i = 0; i < LIST; i++) {
		p.argv = attempt(i);
		machine_make();
		proc_run(&a, &p, &r, NULL);
		if (r.status != 0 && list[i].may_fail)
			printf("# outside, %s cannot be shown on this machine\n", list[i].name);
		else
			ok(r.status == 0, "outside, %s succeeds", list[i].name);
		machine_make();
		r.status = -1;
		if (!ok(sandbox_run(&a, &s, &p, &r, &e) == 0 && r.status == 1, "at level 1, %s fails", list[i].name))
			printf("# status %d %s %.300s\n", r.status, e.text, r.output);
	}
}

/* ---- normal work ---- */

static void works(const char *what, const char *script)
{
	int level = -1;
	struct sandbox s = level1(&level);
	struct proc_result r = boxed(&a, &s, script);

	if (!ok(r.status == 0 && level == 1, "%s works at level 1", what))
		printf("# status %d level %d: %.1500s\n", r.status, level, r.output);
}

static void normal_work_runs(void)
{
	works("a file made, linked, moved, removed",
	      "set -e; cd deep; echo a >f; ln f g; ln -s g h; chmod 750 h; test $(stat -c %a f) = 750; mkdir -p d/e; mv f d/e/; touch -d "
	      "2020-01-01 g; rm -r d; test $(cat h) = a; truncate -s 0 g; rm g h; mkfifo p; rm p; cp /etc/passwd x; cp -p x y; rm x y");
	works("a shell that forks while its children end", "i=0; while [ $i -lt 200 ]; do a=$(echo $i | cat) || exit 1; test $a = $i || exit 2; "
	      "i=$((i+1)); done");
	works("an archive unpacked, and a file written by its descriptor's name",
	      "mkdir arc && echo a >arc/f && tar cf arc.tar arc && rm -r arc && tar xpf arc.tar && test -s arc/f && rm -r arc arc.tar && "
	      "(echo b >/dev/stdout) >out && grep -q b out && chown $(id -u) out && rm out");
	works("the mask of modes", "umask 077; echo >m; mkdir n; test $(stat -c %a m)$(stat -c %a n) = 600700; rm -r m n");
	works("HOME and TMPDIR", "echo x >$HOME/a && echo y >$TMPDIR/b && t=$(mktemp) && cat $HOME/a $TMPDIR/b >$t");
	works("a name that is protected and absent", "echo x >absent && rm absent");
	works("the standard files", "echo a >/dev/null; echo b >/dev/stdout; echo c >/dev/stderr; cat </dev/null; head -c 9 /dev/urandom >r; "
	      "rm r; (echo d >&3) 3>/dev/null");
	works("git in a folder of its own",
	      "command -v git >/dev/null || exit 0; git init -q sub && cd sub && git config user.email a@b && git config user.name n && "
	      "echo a >a && git add a && git commit -qm one && git checkout -qb two && git worktree add -q ../wt && cd .. && rm -rf sub wt");
	works("python: server and client, unix socket, threads, children",
	      "test -x /usr/bin/python3 || exit 0; /usr/bin/python3 -c '\n"
	      "import os, signal, socket, subprocess, threading\n"
	      "for address in ((\"127.0.0.1\", 0), (\"0.0.0.0\", 0)):\n"
	      "    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(address); s.listen(5)\n"
	      "    c = socket.create_connection((\"localhost\", s.getsockname()[1])); d = s.accept()[0]\n"
	      "    c.sendall(b\"hi\"); assert d.recv(9) == b\"hi\"\n"
	      "six = socket.socket(socket.AF_INET6); six.bind((\"::1\", 0)); six.listen(); socket.create_connection((\"::1\", six.getsockname()[1]))\n"
	      "u = socket.socket(socket.AF_UNIX); u.bind(\"s.sock\"); u.listen(1); socket.socket(socket.AF_UNIX).connect(\"s.sock\")\n"
	      "v = socket.socket(socket.AF_UNIX); v.bind(os.environ[\"TMPDIR\"] + \"/s\"); v.listen(1)\n"
	      "socket.socket(socket.AF_UNIX).connect(os.environ[\"TMPDIR\"] + \"/s\")\n"
	      "os.unlink(\"s.sock\")\n"
	      "n = socket.socket(); n.setblocking(False)\n"
	      "try: n.connect(s.getsockname())\n"
	      "except BlockingIOError: pass\n"
	      "t = [threading.Thread(target=lambda: None) for i in range(20)]; [x.start() for x in t]; [x.join() for x in t]\n"
	      "p = subprocess.Popen([\"sleep\", \"100\"]); p.terminate(); assert p.wait() == -15\n"
	      "p = subprocess.Popen(\"sleep 100 & sleep 100\", shell=True, start_new_session=True); os.killpg(p.pid, 9); assert p.wait() == -9\n"
	      "os.sched_setaffinity(0, os.sched_getaffinity(0)); os.nice(1)\n"
	      "signal.raise_signal(0) if False else os.kill(os.getpid(), 0)\n"
	      "'");
	works("a compile by make, in parallel",
	      "command -v cc >/dev/null && command -v make >/dev/null || exit 0; mkdir c && cd c && for i in 1 2 3 4; do echo \"int f$i(void) "
	      "{ return $i; }\" >$i.c; done; printf 'all: 1.o 2.o 3.o 4.o\\n\\tar rc all.a $^\\n' >Makefile; make -sj4 && rm -r ../c");
	works("a debugger on its own child",
	      "command -v gdb >/dev/null || exit 0; gdb -q -batch -ex run -ex 'info proc' --args /bin/true 2>&1 | grep -q 'exited normally'");
}

/* ---- the rest ---- */

static void a_level_is_told_and_never_lowered_unasked(void)
{
	const char *lacks[8];
	struct proc p = { .argv = (const char *const[]){ "true", NULL } };
	struct proc_result r;
	struct err e = { 0 };
	int level = -1;
	struct sandbox s = level1(&level);

	s.level_min = 0;
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_DENIED, "without being asked for, level 1 is not used: %s", e.text);
	s = (struct sandbox){ .tree = tree, .level_min = 4 };
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && strstr(e.text, "level 4 is asked for"), "more than there is: %s", e.text);
	s = (struct sandbox){ .tree = tree, .backend = SANDBOX_OFF, .level = &level };
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && level == 0, "off is level 0");
	ok(sandbox_level_lacks(0, lacks, 8) == 1 && strstr(lacks[0], "all"), "level 0 lacks all");
	ok(sandbox_level_lacks(1, lacks, 8) > sandbox_level_lacks(2, lacks, 8) && sandbox_level_lacks(3, lacks, 8) == 0,
	   "each level lacks less");
	ok(sandbox_level_lacks(1, lacks, 1) > 1 && !strncmp(lacks[0], "secrets:", 8), "a short list is filled as far as it goes");
}

static void what_cannot_be_is_refused(void)
{
	struct proc p = { .argv = (const char *const[]){ "no-such-program", NULL } };
	struct sandbox s = level1(NULL);
	struct proc_result r;
	struct err e = { 0 };

	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_NOT_FOUND, "an absent program: %s", e.text);
	p.argv = (const char *const[]){ "true", NULL };
	s.layer = "/var/tmp";
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0, "a layer: %s", e.text);
	s = level1(NULL);
	setenv("XDG_STATE_HOME", beneath("tree/deep"), 1);
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && strstr(e.text, "cannot hide"), "our state in the tree: %s", e.text);
	unsetenv("XDG_STATE_HOME");
	(void)!symlink("deep", beneath("tree/linked"));
	s.protect = (const char *const[]){ "linked/tests", NULL };
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && strstr(e.text, "symbolic link"), "a protected name behind a link: %s", e.text);
	unlink(beneath("tree/linked"));
	s = level1(NULL);
	s.tree_readonly = true;
	r = boxed(&a, &s, "echo x >new 2>/dev/null && exit 1; echo x >deep/open 2>/dev/null && exit 2; exit 0");
	ok(r.status == 0, "a tree that is read-only");
}

static void told(void *arg, const struct sandbox_refusal *r)
{
	struct buf *b = arg;

	buf_printf(b, "%s %s\n", r->wall, r->what);
}

static void harm_is_told(void)
{
	auto_buf b = buf_max(4096);
	struct sandbox s = level1(NULL);
	char script[200];

	s.on_refused = told;
	s.refused_arg = &b;
	snprintf(script, sizeof(script), "kill -0 %d; unshare -U true; unshare -U true; true", neighbour);
	boxed(&a, &s, script);
	ok(strstr(buf_str(&b), "kill(2) to a process outside"), "a signal to a neighbour is told");
	ok(strstr(buf_str(&b), "unshare(2) CLONE_NEWUSER"), "so is what the filter refuses");
	buf_clear(&b);
	boxed(&a, &s, "echo a >f; rm f; mkdir d; rmdir d; sh -c 'kill $$'; sleep 0");
	is_text(buf_str(&b), "", "normal work tells nothing");
}

static void limits_hold(void)
{
	struct sandbox s = level1(NULL);
	struct proc_result r;

	s.memory_max = 64 << 20;
	r = boxed(&a, &s, "for i in 1 2 3 4 5; do head -c 20000000 /dev/zero | tail -c 19999999 | { sleep 12; cat >/dev/null; } & done; wait");

	if (!ok(r.signal == SIGKILL && strstr(r.output, "memory limit"), "many that hold too much together are ended, with the reason"))
		printf("# status %d signal %d after %lld ms: %.300s\n", r.status, r.signal, (long long)r.wall_ms, r.output);
	s.memory_max = 0;
	r = boxed(&a, &s, "n=0; while [ $n -lt 400 ]; do sleep 5 & n=$((n+1)); done 2>&1; wait; echo never");
	ok(r.status != 0 && (strstr(r.output, "fork") || strstr(r.output, "too many processes")) && !strstr(r.output, "never"), "there are no more processes than allowed");
}

static bool own_folders_are_left(void)
{
	const char *tmp = getenv("TMPDIR");
	glob_t g;
	bool any = glob(arena_printf(&a, "%s/sealwright-??????", tmp && *tmp ? tmp : "/tmp"), 0, NULL, &g) == 0;

	globfree(&g);
	return any;
}

static void nothing_outlives_it(void)
{
	struct sandbox s = level1(NULL);
	struct proc p = { .limit_ms = 400 };
	struct proc_child c;
	struct proc_result r;
	pid_t pid;
	int status;

	unlink(beneath("tree/beat"));
	r = boxed(&a, &s, BOXED_BEAT "while [ ! -s beat ]; do sleep 0.01; done");
	ok(r.status == 0 && boxed_beats(&a, tree) > 0 && !boxed_is_beating(&a, tree), "a daemon is gone when the command ends");
	p.argv = (const char *const[]){ "sh", "-c", BOXED_BEAT "trap '' TERM; while :; do sleep 1; done", NULL };
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.timed_out && !boxed_is_beating(&a, tree), "when its time is up, too");
	ok(sandbox_run(&a, &s, &(struct proc){ .argv = (const char *const[]){ "sh", "-c",
	   "f() { f & f & }; f; sleep 10", NULL }, .limit_ms = 500 }, &r, NULL) == 0, "processes that make processes without end are ended");
	unlink(beneath("tree/beat"));
	ok(sandbox_start(&s, (const char *const[]){ "sh", "-c", BOXED_BEAT "sleep 100", NULL }, NULL, 0, -1, &c, NULL) == 0 &&
	   boxed_wait_for_beat(&a, tree), "one that stays runs");
	proc_end(&c, 0);
	usleep(50000);
	ok(!boxed_is_beating(&a, tree), "and is gone 50 ms after it was killed at once");
	unlink(beneath("tree/beat"));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		p.limit_ms = 0;
		sandbox_run(&a, &s, &p, &r, NULL);
		_exit(0);
	}
	ok(boxed_wait_for_beat(&a, tree), "a command and its daemon run");
	boxed_kill(pid);
	waitpid(pid, &status, 0);
	usleep(100000);
	ok(!boxed_is_beating(&a, tree), "both are gone 100 ms after kill -9 of their supervisor");
	for (int i = 0; i < 100 && own_folders_are_left(); i++)
		usleep(20000);
	ok(!own_folders_are_left(), "no private folder is left");
}

/* As work/layer.c makes one where no overlay can be: the copy stands in for the tree, under its own path. */
static void a_copy_stands_in_for_the_tree(void)
{
	struct sandbox s = level1(NULL), beside;
	struct proc_result r;
	struct err e = { 0 };
	const char *copy = arena_strdup(&a, beneath("copy")), *git = arena_strdup(&a, beneath("git"));
	char look[SANDBOX_LOOK];

	fs_make_dirs(beneath("copy/.git"), 0755, NULL);
	fs_make_dirs(beneath("copy/deep/tests"), 0755, NULL);
	fs_make_dirs(beneath("git"), 0755, NULL);
	put(beneath("copy/deep/tests/t"), "assert True\n");
	put(beneath("git/HEAD"), "ref: refs/heads/x\n");
	s.tree_source = copy;
	s.git_dir = git;
	r = boxed(&a, &s, "pwd && echo a >made && echo b >deep/made && ! echo c >deep/tests/t && cat .git/HEAD && echo d >.git/new");
	ok(r.status == 0 && !strncmp(r.output, copy, strlen(copy)) && strstr(r.output, "refs/heads/x"), "it works in the copy, with git's "
	   "private folder: %.300s", r.output);
	ok(fs_exists(beneath("copy/made")) && !fs_exists(beneath("tree/made")) && fs_exists(beneath("git/new")), "the tree is not touched");
	ok(fs_is_empty_dir(beneath("copy/.git")), "and .git of the copy is as it was");
	if (!ok(sandbox_open(&s, &s.session, &e) == 0, "a session on it: %s", e.text))
		return;
	ok(sandbox_tree(s.session) >= 0 && faccessat(sandbox_tree(s.session), "made", F_OK, 0) == 0, "shows the copy to tools outside");
	r = boxed(&a, &s, "cat made");
	is_text(r.output, "a\n", "and to its commands");
	beside = level1(NULL);
	sandbox_beside(s.session, &beside, look);
	r = boxed(&a, &beside, "cat made");
	is_text(r.output, "a\n", "one beside it shows the copy, too");
	s.session = (sandbox_close(&s.session), NULL);
	s.tree_source = NULL;
	s.layer = "/var/tmp";
	s.git_dir = NULL;
	ok(sandbox_open(&s, &s.session, &e) < 0 || sandbox_run(&a, &s, &(struct proc){ .argv = (const char *const[]){ "true", NULL } }, &r, &e) <
	   0, "an overlay is refused: %s", e.text);
	sandbox_close(&s.session);
}

static void a_session_keeps_its_folders(void)
{
	struct sandbox s = level1(NULL);
	struct proc_result r;
	struct err e = { 0 };

	if (!ok(sandbox_open(&s, &s.session, &e) == 0, "a session at level 1 opens"))
		return;
	boxed(&a, &s, "echo kept >$HOME/x");
	r = boxed(&a, &s, "cat $HOME/x");
	is_text(r.output, "kept\n", "its home folder is the same for each of its commands");
	sandbox_close(&s.session);
	ok(!own_folders_are_left(), "and goes with it");
}

int main(int argc, char **argv)
{
	auto_buf self = buf_max(64 << 20);

	if (argc > 5) {
		snprintf(terminal, sizeof(terminal), "%s", argv[5]);
		snprintf(base, sizeof(base), "%s", argv[2]);
		port = (int)strtol(argv[3], NULL, 10);
		neighbour = (pid_t)strtol(argv[4], NULL, 10);
		for (int i = 0; i < LIST; i++)
			if (!strcmp(list[i].name, argv[1]))
				_exit(list[i].attempt() ? 0 : 1);
		_exit(strcmp(argv[1], "nothing") ? 2 : 0);
	}
	if (sandbox_probe()->level < 1) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	snprintf(base, sizeof(base), "/tmp/sw-level1.XXXXXX");
	if (!mkdtemp(base) || chmod(base, 0755) < 0 || fs_read_file("/proc/self/exe", &self, NULL) < 0)
		return 1;
	setenv("TMPDIR", beneath("tmp"), 1); /* nobody else's private folders are seen */
	fs_make_dirs(beneath("tmp"), 0755, NULL);
	tree = arena_strdup(&a, beneath("tree"));
	fs_make_dirs(beneath("tree/.git/hooks"), 0755, NULL);
	fs_make_dirs(beneath("tree/deep/tests"), 0755, NULL);
	fs_write_atomic(beneath("tree/self"), buf_bytes(&self), 0755, NULL);
	(void)!symlink(beneath("secret"), beneath("tree/link-to-secret"));
	(void)!symlink(beneath("victim"), beneath("tree/link-to-victim"));
	(void)!symlink(base, beneath("tree/link-to-base"));
	machine_make();
	services_make();
	each_attempt_is_contained();
	normal_work_runs();
	a_level_is_told_and_never_lowered_unasked();
	what_cannot_be_is_refused();
	harm_is_told();
	limits_hold();
	nothing_outlives_it();
	a_session_keeps_its_folders();
	a_copy_stands_in_for_the_tree();
	boxed_kill(neighbour);
	waitpid(neighbour, NULL, 0);
	boxed_as_an_ordinary_user(&a);
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
