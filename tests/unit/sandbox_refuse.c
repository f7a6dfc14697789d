/*
 * Harm that was attempted inside is told, by whom and by which wall; and telling it changes nothing for the command.
 *
 * The attempts are made by this program itself, run again inside. As root, all of it is run once more as an ordinary
 * user.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../tap.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "sandbox/own.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[] = "/tmp/refuse.XXXXXX", *tree;
static struct arena a;
#ifdef __SANITIZE_ADDRESS__
static const int64_t room = (int64_t)1 << 46; /* this program is run inside: its shadow memory counts */
#else
static const int64_t room = 0;
#endif

/* ---- what is told ---- */

static struct told {
	char wall[16], what[200], rule[300], program[40];
	int pid;
	long times;
} told[200];
static int n_told;
static pthread_t teller;

static void take(void *arg, const struct sandbox_refusal *r)
{
	struct told *t = &told[n_told < 199 ? n_told++ : 199];

	(void)arg;
	teller = pthread_self();
	snprintf(t->wall, sizeof(t->wall), "%s", r->wall);
	snprintf(t->what, sizeof(t->what), "%s", r->what);
	snprintf(t->rule, sizeof(t->rule), "%s", r->rule);
	snprintf(t->program, sizeof(t->program), "%s", r->program);
	t->pid = r->pid;
	t->times = r->times;
}

static const struct told *find(const char *what)
{
	for (int i = 0; i < n_told; i++)
		if (!strcmp(told[i].what, what))
			return &told[i];
	for (int i = 0; i < n_told; i++)
		printf("# told: %s (%s, %d, %ld)\n", told[i].what, told[i].program, told[i].pid, told[i].times);
	return NULL;
}

static struct proc_result run(struct sandbox s, const char *script, int64_t limit_ms)
{
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", script, NULL }, .limit_ms = limit_ms };
	struct proc_result r = { .status = -1, .output = "" };
	struct err e = { 0 };

	n_told = 0;
	s.tree = tree;
	if (sandbox_run(&a, &s, &p, &r, &e) < 0)
		printf("# %s\n", e.text);
	return r;
}

static struct proc_result attempt(const char *name, bool tell)
{
	return run((struct sandbox){ .on_refused = tell ? take : NULL, .memory_max = room },
		   arena_printf(&a, "echo $$; exec %s/attempt %s", tree, name), 20000);
}

/* ---- attempts: their errno ---- */

#define TRY(name, call) static int try_##name(void) { errno = 0; return (call) < 0 ? errno : 0; }
TRY(mount, mount("none", "/tmp", "tmpfs", 0, NULL))
TRY(hostile_pointer, mount((char *)1, (char *)2, (char *)3, 0, (char *)4))
TRY(unshare, unshare(CLONE_NEWUSER | CLONE_NEWNET))
TRY(clone, (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0))
TRY(setns, setns(0, 0))
TRY(bpf, (int)syscall(SYS_bpf, 0, 0, 0))
TRY(keyctl, (int)syscall(SYS_keyctl, 0, 0, 0, 0, 0))
TRY(perf, (int)syscall(SYS_perf_event_open, 0, 0, 0, 0, 0))
TRY(userfaultfd, (int)syscall(SYS_userfaultfd, 0))
TRY(uring, (int)syscall(SYS_io_uring_setup, 1, 0))
TRY(kexec, (int)syscall(SYS_kexec_load, 0, 0, 0, 0))
TRY(module, (int)syscall(SYS_init_module, 0, 0, ""))
TRY(reboot, (int)syscall(SYS_reboot, 0, 0, 0, 0))
TRY(swapon, (int)syscall(SYS_swapon, "x", 0))
TRY(memfd, (int)syscall(SYS_memfd_create, "x", 0))
TRY(raw, socket(AF_INET, SOCK_RAW, 255))
TRY(packet, socket(AF_PACKET, SOCK_RAW, 0))
TRY(suid, chmod(".", 04755))
TRY(tiocsti, ioctl(0, TIOCSTI, "x"))
#ifdef SYS_open_by_handle_at
TRY(handle, (int)syscall(SYS_open_by_handle_at, -1, 0, 0))
#endif

static int try_many(void) /* kinds of calls by many processes: more than are kept */
{
	for (int i = 0; i < 100; i++)
		if (fork() == 0) {
			syscall(SYS_bpf, 0, 0, 0);
			_exit(0);
		} else {
			wait(NULL);
		}
	for (int i = 0; i < 1000; i++)
		syscall(SYS_reboot, 0, 0, 0, 0);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
	const char *what; /* told */
	int number;       /* errno */
} attempts[] = {
	{ "mount", try_mount, "mount(2)", EPERM },
	{ "hostile-pointer", try_hostile_pointer, "mount(2)", EPERM },
	{ "unshare", try_unshare, "unshare(2) CLONE_NEWUSER|CLONE_NEWNET", EPERM },
	{ "clone", try_clone, "clone(2) CLONE_NEWUSER", EPERM },
	{ "setns", try_setns, "setns(2)", EPERM },
	{ "bpf", try_bpf, "bpf(2)", EPERM },
	{ "keyctl", try_keyctl, "keyctl(2)", EPERM },
	{ "perf", try_perf, "perf_event_open(2)", EPERM },
	{ "userfaultfd", try_userfaultfd, "userfaultfd(2)", EPERM },
	{ "io_uring", try_uring, "io_uring_setup(2)", EPERM },
	{ "kexec", try_kexec, "kexec_load(2)", EPERM },
	{ "module", try_module, "init_module(2)", EPERM },
	{ "reboot", try_reboot, "reboot(2)", EPERM },
	{ "swapon", try_swapon, "swapon(2)", EPERM },
	{ "memfd", try_memfd, "memfd_create(2)", ENOSYS },
	{ "raw", try_raw, "socket(2) AF_INET SOCK_RAW protocol 255", EPROTONOSUPPORT },
	{ "packet", try_packet, "socket(2) AF_PACKET SOCK_RAW protocol 0", EAFNOSUPPORT },
	{ "set-user-id", try_suid, NULL, EPERM },
	{ "tiocsti", try_tiocsti, "ioctl(2) TIOCSTI", EPERM },
	{ "handle", try_handle, "open_by_handle_at(2)", EPERM },
	{ "many", try_many, NULL, 0 },
};
enum { ATTEMPTS = sizeof(attempts) / sizeof(*attempts) };

static int attempt_run(const char *name)
{
	for (int i = 0; i < ATTEMPTS; i++)
		if (!strcmp(attempts[i].name, name))
			return attempts[i].run();
	return 255;
}

/* ---- tests ---- */

static void each_attempt_is_told_and_its_answer_is_the_same(void)
{
	for (int i = 0; i < ATTEMPTS - 1; i++) {
		struct proc_result plain = attempt(attempts[i].name, false), r = attempt(attempts[i].name, true);
		const char *what = attempts[i].what ? attempts[i].what : n_told ? told[0].what : "";
		const struct told *t = find(what);

		ok(plain.status == attempts[i].number && r.status == plain.status, "%s: errno %d untold, %d told, %d wanted",
		   attempts[i].name, plain.status, r.status, attempts[i].number);
		ok(t && n_told == 1 && !strcmp(t->wall, "seccomp") && !strcmp(t->program, "attempt") &&
		   t->pid == atoi(r.output) && t->times == 1 && strlen(t->rule) > 20,
		   "%s: told as %s by process %d of the inside, alone: %s", attempts[i].name, t ? t->what : "nothing",
		   t ? t->pid : 0, t ? t->rule : "");
	}
	attempt("set-user-id", true);
	ok(n_told == 1 && strstr(told[0].what, "set-user-id"), "a set-user-id mode is named as one: %s", told[0].what);
	ok(pthread_equal(teller, pthread_self()), "it is told by the thread that asked");
}

static void a_flood_is_bounded_and_counted(void)
{
	int64_t began = clock_mono_ms();
	struct proc_result r = attempt("many", true);
	long sum = 0;

	for (int i = 0; i < n_told; i++)
		sum += told[i].times;
	is_whole(r.status, 0, "a flood of refused calls ends by itself");
	ok(n_told == 65 && sum == 1100, "%d rows are told, and all of %ld calls are counted", n_told, sum);
	printf("# 1,100 refused calls took %lld ms\n", (long long)(clock_mono_ms() - began));
}

static void normal_work_tells_nothing(void)
{
	struct proc_result r = run((struct sandbox){ .on_refused = take },
				   "ls / >/dev/null && echo x | cat >f && chmod 755 f && mv f g && rm g && sleep 0.01 & wait; "
				   "test ! -x /usr/bin/git || git status >/dev/null 2>&1; "
				   "test ! -x /usr/bin/python3 || python3 -B -c 'import threading, subprocess, socket; "
				   "threading.Thread(target=print).start(); subprocess.run([\"true\"]); s = socket.socket(); "
				   "s.bind((\"127.0.0.1\", 0)); s.listen()'", 20000);

	ok(r.status == 0 && n_told == 0, "normal work is not told as harm%s%s", n_told ? ": " : "", n_told ? told[0].what : "");
}

static void limits_that_end_a_command_are_told(void)
{
	struct proc_result r = run((struct sandbox){ .on_refused = take }, "sleep 30", 100);

	ok(r.timed_out && n_told == 1 && !strcmp(told[0].wall, "limit") && !strcmp(told[0].what, "time"), "its time");
	run((struct sandbox){ .on_refused = take, .memory_max = 64 << 20 },
	    "for i in 1 2 3 4; do head -c 40000000 /dev/zero | tail -c 39999999 | { sleep 2; cat >/dev/null; } & done; wait", 20000);
	ok(n_told == 1 && !strcmp(told[0].wall, "limit") && !strcmp(told[0].what, "memory"), "its memory");
	run((struct sandbox){ .on_refused = take }, "true", 20000);
	is_whole(n_told, 0, "a command that ends by itself is told nothing");
}

/* The listener's only descriptor closes with its process: the call must come back. */
static void nobody_waits_for_a_dead_listener(void)
{
	int ends[2], status = 0, listener = -1;
	struct own_report r = { .kind = REPORT_STARTED };
	pid_t pid;

	filter_get(FILTER_TELLING);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		int fd;

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		alarm(10);
		if (lock_filter(FILTER_TELLING, &fd) < 0 || fd < 0 || refuse_send(ends[1], &r, fd) < 0)
			_exit(2);
		close(fd);
		_exit(syscall(SYS_bpf, 0, 0, 0) < 0 && errno == ENOSYS ? 0 : 1); /* waits in the kernel until we close */
	}
	ok(refuse_receive(ends[0], &r, &listener) == sizeof(r) && listener >= 0, "the listener comes out with a report");
	poll(&(struct pollfd){ listener, POLLIN, 0 }, 1, 5000);
	fs_close(&listener);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a call that waits for a listener that died gets ENOSYS");
	close(ends[0]);
	close(ends[1]);
}

static void a_sandbox_within_tells_nothing_but_works(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int outer, inner;

		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(lock_filter(FILTER_TELLING, &outer) == 0 && outer >= 0 && lock_filter(FILTER_TELLING, &inner) == 0 &&
		      inner < 0 && syscall(SYS_bpf, 0, 0, 0) < 0 && errno == EPERM ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "where another listens already, the filter answers by itself");
}

static void once_more_as_an_ordinary_user(const char *self)
{
	auto_buf log = buf_max(1 << 20);
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (setgroups(0, NULL) == 0 && setresgid(65531, 65531, 65531) == 0 && setresuid(65531, 65531, 65531) == 0 &&
		    setenv("HOME", "/nonexistent", 1) == 0)
			execl("/bin/sh", "sh", "-c", "\"$0\" ordinary >\"$1\" 2>&1", self, arena_printf(&a, "%s/log", base), NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	fs_read_file(arena_printf(&a, "%s/log", base), &log, NULL);
	if (!ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 && !strstr(buf_str(&log), "1..0"),
		"and all of that as an ordinary user, nothing skipped")) {
		for (char *line = strtok(log.p, "\n"); line; line = strtok(NULL, "\n"))
			if (!strncmp(line, "not ok", 6) || line[0] == '#' || !strncmp(line, "1..0", 4))
				printf("# ordinary: %s\n", line);
	}
}

int main(int argc, char **argv)
{
	auto_buf self = buf_max(64 << 20);
	char path[4096];

	if (argc > 1 && strcmp(argv[1], "ordinary"))
		return attempt_run(argv[1]);
	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	if (!mkdtemp(base) || chmod(base, 0777) < 0 || fs_read_file("/proc/self/exe", &self, NULL) < 0)
		return 1;
	tree = arena_printf(&a, "%s/tree", base);
	fs_make_dirs(tree, 0755, NULL);
	snprintf(path, sizeof(path), "%s/attempt", tree);
	fs_write_atomic(path, buf_bytes(&self), 0755, NULL);
	each_attempt_is_told_and_its_answer_is_the_same();
	a_flood_is_bounded_and_counted();
	normal_work_tells_nothing();
	limits_that_end_a_command_are_told();
	nobody_waits_for_a_dead_listener();
	a_sandbox_within_tells_nothing_but_works();
	if (geteuid() == 0) {
		snprintf(path, sizeof(path), "%s/self", base);
		fs_write_atomic(path, buf_bytes(&self), 0755, NULL);
		once_more_as_an_ordinary_user(path);
	}
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
