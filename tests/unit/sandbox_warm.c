/*
 * A warm sandbox: what its commands share and what they do not, how it ends, and that nothing piles up.
 *
 * As root, all of it runs once more as an ordinary user.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../boxed.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[] = "/tmp/sandbox-warm.XXXXXX";
static const char *tree;
static struct arena a;

static struct sandbox warm(void)
{
	struct sandbox s = { .tree = tree, .processes_max = 200, .memory_max = 256 << 20 };
	struct err e = { 0 };

	if (sandbox_open(&s, &s.session, &e) < 0)
		printf("# open: %s\n", e.text);
	return s;
}

static struct proc_result inside_of(const struct sandbox *s, const char *script)
{
	return s->session ? boxed(&a, s, script) : (struct proc_result){ .status = -1, .output = "" };
}

#define works(s, script, name) \
	do { \
		struct proc_result r_ = inside_of(s, script); \
		if (!is_whole(r_.status, 0, name)) \
			printf("# %.1500s\n", r_.output); \
	} while (0)

static void a_command_runs_as_in_a_cold_one(void)
{
	struct sandbox s = warm();
	struct proc p = { .argv = (const char *const[]){ "cat", NULL }, .input = bytes_of("fed") };
	struct proc_result r;
	struct err e = { 0 };

	if (!ok(s.session != NULL, "a warm sandbox opens"))
		return;
	r = inside_of(&s, "echo hello; exit 3");
	is_text(r.output, "hello\n", "what it prints comes back");
	is_whole(r.status, 3, "its exit status too");
	is_whole(inside_of(&s, "kill -SEGV $$").signal, SIGSEGV, "a signal that ended it is named");
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && !strcmp(r.output, "fed"), "its stdin is what it is given");
	p = (struct proc){ .argv = (const char *const[]){ "sh", "-c", "pwd; echo err >&2", NULL }, .apart = true,
			   .dir = arena_printf(&a, "%s/sub", tree) };
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && !strcmp(r.errors, "err\n") &&
	   !strcmp(r.output, arena_printf(&a, "%s\n", p.dir)), "it starts in the folder named, stderr apart");
	works(&s, "test $$ -lt 10 && ! kill -0 20 2>/dev/null && test -d /proc/self && test -e /proc/meminfo && "
	      "! cat /proc/keys 2>/dev/null | grep .", "it has a /proc and a PID namespace of its own");
	works(&s, "echo x >made && test ! -w /usr && test \"$(id -un)\" = agent && grep -q '^CapEff:.0*$' /proc/self/status && "
	      "grep -q '^Seccomp:.2' /proc/self/status && grep -q '^NoNewPrivs:.1' /proc/self/status", "it has no rights");
	works(&s, "! unshare -r true 2>/dev/null && ! mount -t tmpfs x /tmp 2>/dev/null && ! umount /proc 2>/dev/null",
	      "and cannot take any");
	p = (struct proc){ .argv = (const char *const[]){ "no-such-program", NULL } };
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_NOT_FOUND, "an absent program: %s", e.text);
	p = (struct proc){ .argv = (const char *const[]){ "true", NULL }, .dir = arena_printf(&a, "%s/none", tree) };
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_NOT_FOUND, "an absent folder: %s", e.text);
	s.tree = base;
	p.dir = NULL;
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_USAGE, "another tree: %s", e.text);
	s.tree = tree;
	works(&s, "true", "and it still works after those");
	sandbox_close(&s.session);
	ok(s.session == NULL, "it closes");
}

static void time_and_limits_end_it(void)
{
	struct sandbox s = warm();
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", "setsid sleep 30 & sleep 30", NULL }, .limit_ms = 100 };
	struct proc_result r;

	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.timed_out && r.signal == SIGTERM && r.wall_ms < 1500,
	   "its time limit ends it with SIGTERM");
	s.memory_max = 0;
	r = inside_of(&s, "for i in 1 2 3 4 5 6 7 8; do "
		      "head -c 50000000 /dev/zero | tail -c 49999999 | { sleep 12; cat >/dev/null; } & done; wait");
	ok(r.signal == SIGKILL && strstr(r.output, "memory limit"), "the session's limits hold, and say so");
	works(&s, "true", "the next command runs");
	sandbox_close(&s.session);
}

static void long_arguments_arrive(void)
{
	struct sandbox s = warm();
	char *script = arena_alloc(&a, 120001);
	struct proc_result r;

	memset(script, ' ', 120000);
	memcpy(script, "echo", 4);
	memcpy(script + 119990, "end", 3);
	script[120000] = 0;
	r = inside_of(&s, script);
	is_text(r.output, "end\n", "a command of 120,000 bytes arrives whole");
	sandbox_close(&s.session);
}

static void commands_share_a_network_and_tmp_but_no_processes(void)
{
	static const char server[] =
		"import http.server\n"
		"s = http.server.HTTPServer(('127.0.0.1', 8765), http.server.SimpleHTTPRequestHandler)\n"
		"open('/tmp/ready', 'w').close()\ns.serve_forever()\n";
	const char *const argv[] = { "python3", "-B", "-c", server, NULL };
	struct sandbox s = warm();
	struct proc_child c = { 0 };
	struct err e = { 0 };

	if (access("/usr/bin/python3", X_OK) < 0) {
		ok(true, "commands share loopback # SKIP no /usr/bin/python3 here");
		sandbox_close(&s.session);
		return;
	}
	if (!ok(sandbox_start(&s, argv, NULL, 0, -1, &c, &e) == 0, "a server is started in a warm sandbox"))
		printf("# %s\n", e.text);
	works(&s, "n=0; while [ ! -e /tmp/ready ] && [ $n -lt 100 ]; do sleep 0.05; n=$((n+1)); done; test -e /tmp/ready",
	      "/tmp is shared by commands");
	works(&s, "python3 -c \"import urllib.request as u; assert u.urlopen('http://127.0.0.1:8765/').status == 200\"",
	      "a later command reaches the server by loopback");
	works(&s, "! ls /proc/*/cmdline | xargs cat 2>/dev/null | tr '\\0' ' ' | grep -q serve_[f]orever", "but does not see its process");
	works(&s, "ls -d /proc/[0-9]* | wc -l | grep -qx '[1-9]'", "nor any other");
	works(&s, "kill -9 -1; true", "and cannot end it");
	ok(proc_is_alive(&c), "it is alive");
	is_whole(proc_end(&c, 2000), 128 + SIGTERM, "and ends when told to");
	works(&s, "! python3 -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:8765/')\" 2>/dev/null", "then it is gone");
	sandbox_close(&s.session);
}

static void sessions_do_not_share(void)
{
	struct sandbox one = warm(), two = warm();

	works(&one, "echo x >/tmp/mine && echo x >~/mine", "one session writes to /tmp");
	works(&two, "test ! -e /tmp/mine && test ! -e ~/mine", "another does not see it");
	sandbox_close(&one.session);
	works(&two, "true", "closing one leaves the other");
	sandbox_close(&two.session);
	ok(!two.session, "a closed one is forgotten");
	sandbox_close(&two.session);
}

static void nothing_leaks_from_one_command_to_the_next(void)
{
	static const char *const more[] = { "ONE_ONLY=x", NULL };
	struct sandbox s = warm(), first = s;

	setenv("SOME_API_KEY", "secret", 1);
	first.env = more;
	works(&first, "test \"$ONE_ONLY\" = x", "a variable is given to one command");
	works(&s, "! env | grep -qE 'ONE_ONLY|SOME_API_KEY'", "the next does not have it, nor anything of ours");
	works(&s, "test \"$(ls /proc/self/fd | wc -l)\" = 4", "a command has no descriptor but three and its own");
	works(&s, "cd /; umask 0; exec true", "a folder and a mask are a command's own");
	works(&s, "test \"$PWD\" != / && test \"$(umask)\" = 0022", "the next starts afresh");
	works(&s, "for f in maps mem environ fd/5 root; do cat /proc/1/$f 2>/dev/null | grep -q . && exit 1; done; true",
	      "its init cannot be looked at");
	sandbox_close(&s.session);
}

static void init_keeps_nothing_of_us(void)
{
	struct sandbox s = warm();
	struct proc_result r = inside_of(&s, "sleep 0.05; grep -E '^VmRSS' /proc/1/status | tr -dc 0-9");

	ok(atoi(r.output) > 0 && atoi(r.output) < 1024, "PID 1 holds %s KiB, not a copy of us", r.output);
	sandbox_close(&s.session);
}

/* How many children we have, and in *pids which. */
static int children(void)
{
	auto_buf text = buf_max(65536);
	int n = 0;

	if (fs_read_file(arena_printf(&a, "/proc/self/task/%d/children", getpid()), &text, NULL) < 0)
		return -1;
	for (const char *p = buf_str(&text); *p; p++)
		n += *p == ' ';
	return n;
}

static int descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void two_hundred_commands_leave_nothing(void)
{
	const int before_fds = descriptors(), before_children = children();
	struct sandbox s = warm();
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", "setsid sleep 9 & true", NULL } };
	int fds, n = 0;

	inside_of(&s, "true");
	fds = descriptors();
	for (int i = 0; i < 200; i++) {
		struct proc_result r = { .status = -1 };

		n += sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.status == 0;
	}
	is_whole(n, 200, "200 commands run, each with a child that it leaves behind");
	is_whole(descriptors(), fds, "no descriptor is left of them");
	ok(children() <= before_children + 2, "nor a process: the keeper and a spare are there");
	sandbox_close(&s.session);
	is_whole(descriptors(), before_fds, "closed, no descriptor is left at all");
	is_whole(children(), before_children, "nor a process");
}

static void *run_some(void *arg)
{
	const struct sandbox *s = arg;
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", "echo $$ $((6*7))", NULL }, .limit_ms = 20000 };
	auto_arena mine = { 0 };
	long good = 0;

	for (int i = 0; i < 10; i++) {
		struct proc_result r = { .output = "" };

		good += sandbox_run(&mine, s, &p, &r, NULL) == 0 && strstr(r.output, " 42") != NULL;
	}
	return (void *)good;
}

static void many_at_once_are_served(void)
{
	struct sandbox s = warm();
	pthread_t threads[8];
	long good = 0;

	for (int i = 0; i < 8; i++)
		pthread_create(&threads[i], NULL, run_some, &s);
	for (int i = 0; i < 8; i++) {
		void *n = NULL;

		pthread_join(threads[i], &n);
		good += (long)n;
	}
	is_whole(good, 80, "eight threads run ten commands each in one session");
	sandbox_close(&s.session);
}

/* ---- the end of all ---- */

static void closing_ends_what_runs(void)
{
	struct sandbox s = warm();
	const char *const argv[] = { "sh", "-c", BOXED_BEAT "sleep 60", NULL };
	struct proc_child c = { 0 };

	unlink(arena_printf(&a, "%s/beat", tree));
	ok(sandbox_start(&s, argv, NULL, 0, -1, &c, NULL) == 0 && boxed_wait_for_beat(&a, tree), "a command and its daemon run");
	sandbox_close(&s.session);
	usleep(20000);
	ok(!boxed_is_beating(&a, tree), "both are gone when the sandbox is closed");
	ok(!proc_is_alive(&c), "so is their init");
	proc_end(&c, 0);
}

static void nothing_outlives_us(void)
{
	int pipes[2], status;
	char c;
	pid_t pid;

	unlink(arena_printf(&a, "%s/beat", tree));
	fflush(stdout);
	if (pipe(pipes) < 0)
		return;
	pid = fork(); /* a supervisor that is killed without a chance to clear up */
	if (pid == 0) {
		struct sandbox s = warm();

		inside_of(&s, BOXED_BEAT "sleep 60");
		_exit(0);
	}
	close(pipes[1]); /* every process of theirs that has not closed it holds it: keeper, spare and init have */
	ok(boxed_wait_for_beat(&a, tree), "a command and its daemon run in a warm sandbox of another supervisor");
	boxed_kill(pid);
	waitpid(pid, &status, 0);
	ok(read(pipes[0], &c, 1) == 0, "its keeper holds no descriptor of it");
	close(pipes[0]);
	usleep(50000);
	ok(!boxed_is_beating(&a, tree), "both are gone 50 ms after kill -9 of the supervisor");
	ok(system(arena_printf(&a, "for p in /proc/[0-9]*; do readlink $p/cwd 2>/dev/null; done | grep -q %s", base)) != 0,
	   "and so is all that stood in the tree");
}

static void a_dead_keeper_is_an_error_and_not_a_hang(void)
{
	auto_buf text = buf_max(4096);
	struct sandbox s = warm();
	struct proc p = { .argv = (const char *const[]){ "true", NULL } };
	struct proc_result r;
	struct err e = { 0 };

	inside_of(&s, "true");
	fs_read_file(arena_printf(&a, "/proc/self/task/%d/children", getpid()), &text, NULL);
	for (char *at = text.p; at && *at; at++) {
		pid_t pid = (pid_t)strtol(at, &at, 10);

		if (pid > 0)
			boxed_kill(pid);
		if (!at || !*at)
			break;
	}
	usleep(20000);
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_DENIED, "without its keeper it says so: %s", e.text);
	sandbox_close(&s.session);
	ok(children() == 0, "and closes");
}

static void a_layer_serves_a_session(void)
{
	struct sandbox s = { .tree = tree, .layer = arena_printf(&a, "%s/layer", base) }, cold = s;
	struct proc p = { .argv = (const char *const[]){ "true", NULL } };
	struct proc_result r;
	struct err e = { 0 };

	fs_make_dirs(arena_printf(&a, "%s/upper", s.layer), 0755, NULL);
	fs_make_dirs(arena_printf(&a, "%s/work", s.layer), 0755, NULL);
	if (!ok(sandbox_open(&s, &s.session, &e) == 0, "a warm sandbox opens over a layer"))
		printf("# %s\n", e.text);
	works(&s, "echo x >layered", "a command writes");
	works(&s, "test -e layered", "the next sees it");
	ok(!fs_exists(arena_printf(&a, "%s/layered", tree)) && fs_exists(arena_printf(&a, "%s/upper/layered", s.layer)),
	   "it stands in the layer alone");
	ok(sandbox_run(&a, &cold, &p, &r, &e) < 0 && e.code == ERR_BUSY, "nobody else may use the layer: %s", e.text);
	sandbox_close(&s.session);
	ok(sandbox_run(&a, &cold, &p, &r, &e) == 0, "until it is closed");
}

int main(void)
{
	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	if (!mkdtemp(base))
		return 1;
	tree = arena_printf(&a, "%s/tree", base);
	fs_make_dirs(arena_printf(&a, "%s/sub", tree), 0755, NULL);
	a_command_runs_as_in_a_cold_one();
	time_and_limits_end_it();
	long_arguments_arrive();
	commands_share_a_network_and_tmp_but_no_processes();
	sessions_do_not_share();
	nothing_leaks_from_one_command_to_the_next();
	init_keeps_nothing_of_us();
	two_hundred_commands_leave_nothing();
	many_at_once_are_served();
	closing_ends_what_runs();
	nothing_outlives_us();
	a_dead_keeper_is_an_error_and_not_a_hang();
	a_layer_serves_a_session();
	fs_remove_tree(base, NULL);
	boxed_as_an_ordinary_user(&a);
	arena_drop(&a);
	return done();
}
