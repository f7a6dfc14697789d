/*
 * The sandbox: what a command inside can do, how it ends, and what is refused before it starts. Attempts to get out
 * stand in sandbox_attack.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../boxed.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/sandbox.XXXXXX", *tree;
static struct arena a;

static struct proc_result inside(const char *script)
{
	struct sandbox s = { .tree = tree };

	return boxed(&a, &s, script);
}

static void works(const char *what, const char *script)
{
	struct proc_result r = inside(script);

	if (!ok(r.status == 0, "%s works inside", what))
		printf("# status %d: %.1500s\n", r.status, r.output);
}

static bool is_here(const char *program)
{
	return access(arena_printf(&a, "/usr/bin/%s", program), X_OK) == 0;
}

static void works_when_here(const char *program, const char *what, const char *script)
{
	if (is_here(program))
		works(what, script);
	else
		ok(true, "%s works inside # SKIP no /usr/bin/%s here", what, program);
}

static void put(const char *name, const char *text)
{
	struct err e = { 0 };

	if (fs_write_atomic(arena_printf(&a, "%s/%s", tree, name), bytes_of(text), 0644, &e) < 0)
		printf("# %s\n", e.text);
}

static void a_command_runs_and_its_end_is_seen(void)
{
	struct sandbox s = { .tree = tree };
	struct proc p = { .argv = (const char *const[]){ "cat", NULL }, .input = bytes_of("fed") };
	struct proc_result r = inside("echo hello; exit 3");

	is_text(r.output, "hello\n", "what it prints comes back");
	is_whole(r.status, 3, "its exit status too");
	r = inside("kill -SEGV $$");
	is_whole(r.signal, SIGSEGV, "a signal that ended it is named");
	is_whole(r.status, 128 + SIGSEGV, "and gives 128 + signal");
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && !strcmp(r.output, "fed"), "its stdin is what it is given");
	p = (struct proc){ .argv = (const char *const[]){ "sh", "-c", "echo out; echo err >&2", NULL }, .apart = true };
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && !strcmp(r.output, "out\n") && !strcmp(r.errors, "err\n"),
	   "its stderr can be kept apart");
	p = (struct proc){ .argv = (const char *const[]){ "pwd", NULL }, .dir = arena_printf(&a, "%s/sub", tree) };
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && !strcmp(r.output, arena_printf(&a, "%s\n", p.dir)),
	   "it starts in the folder named, at the path it has outside");
}

static void time_and_stop_end_it(void)
{
	struct sandbox s = { .tree = tree };
	volatile int stop = 1;
	struct proc p = { .argv = (const char *const[]){ "sleep", "30", NULL }, .limit_ms = 100 };
	struct proc_result r;

	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.timed_out && r.signal == SIGTERM && r.wall_ms < 1500,
	   "its time limit ends it with SIGTERM");
	p.limit_ms = 0;
	p.stop = &stop;
	ok(sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.stopped, "so does a stop");
	r = inside("trap 'echo bye; exit 9' TERM; kill -TERM $$; sleep 5");
	ok(r.status == 9 && strstr(r.output, "bye"), "a command may catch its own signals");
}

static void limits_say_why(void)
{
	struct sandbox s = { .tree = tree, .memory_max = 64 << 20 };
	struct proc_result r = boxed(&a, &s, "for i in 1 2 3 4; do "
					 "head -c 40000000 /dev/zero | tail -c 39999999 | { sleep 2; cat >/dev/null; } & done; wait");

	ok(r.signal == SIGKILL && strstr(r.output, "memory limit"), "many that hold too much together are ended, with the reason");
}

static void what_cannot_be_is_refused_with_the_cure(void)
{
	static const char *const above[] = { "../x", NULL }, *const linked[] = { "link", NULL };
	struct proc p = { .argv = (const char *const[]){ "no-such-program", NULL } };
	struct proc_result r;
	struct err e = { 0 };

	ok(sandbox_run(&a, &(struct sandbox){ .tree = tree }, &p, &r, &e) < 0 && e.code == ERR_NOT_FOUND &&
	   strstr(e.text, "/usr/local"), "an absent program: %s", e.text);
	p.argv = (const char *const[]){ "true", NULL };
	ok(sandbox_run(&a, &(struct sandbox){ .tree = "/" }, &p, &r, &e) < 0 && e.code == ERR_DENIED, "the root: %s", e.text);
	ok(sandbox_run(&a, &(struct sandbox){ .tree = "/tmp" }, &p, &r, &e) < 0 && e.code == ERR_DENIED, "/tmp: %s", e.text);
	ok(sandbox_run(&a, &(struct sandbox){ .tree = getenv("HOME") }, &p, &r, &e) < 0 && e.code == ERR_DENIED,
	   "the home folder: %s", e.text);
	ok(sandbox_run(&a, &(struct sandbox){ .tree = "here/../there" }, &p, &r, &e) < 0 && e.code == ERR_USAGE,
	   "a path that is not plain: %s", e.text);
	ok(sandbox_run(&a, &(struct sandbox){ .tree = "/tmp/is/not/here" }, &p, &r, &e) < 0 && e.code == ERR_NOT_FOUND,
	   "a folder that is absent: %s", e.text);
	ok(sandbox_run(&a, &(struct sandbox){ .tree = tree, .protect = above }, &p, &r, &e) < 0 && e.code == ERR_USAGE,
	   "a protected name above the tree: %s", e.text);
	ok(sandbox_run(&a, &(struct sandbox){ .tree = tree, .protect = linked }, &p, &r, &e) < 0 && e.code == ERR_DENIED,
	   "a protected name that is a link: %s", e.text);
	p.dir = "/usr";
	ok(sandbox_run(&a, &(struct sandbox){ .tree = tree }, &p, &r, &e) < 0 && e.code == ERR_USAGE,
	   "a folder outside the tree: %s", e.text);
}

static void normal_work_works(void)
{
	put("test_sum.py", "import unittest\nclass T(unittest.TestCase):\n    def test_sum(self):\n"
	    "        self.assertEqual(1 + 1, 2)\nunittest.main()\n");
	put("serve.py", "import http.server, threading, urllib.request, socket, os\n"
	    "s = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
	    "threading.Thread(target=s.serve_forever, daemon=True).start()\n"
	    "assert urllib.request.urlopen('http://localhost:%d/test_sum.py' % s.server_port).status == 200\n"
	    "u = socket.socket(socket.AF_UNIX); u.bind('s.sock'); u.listen(); os.unlink('s.sock')\n"
	    "import pty, multiprocessing.shared_memory as m, tempfile, pwd, threading, getpass\n"
	    "x = m.SharedMemory(create=True, size=4096); x.close(); x.unlink()\n"
	    "assert pwd.getpwuid(os.getuid()).pw_name == 'agent' and getpass.getuser() == 'agent'\n"
	    "pid, fd = pty.fork()\nif pid == 0: os.write(1, b'pty'); os._exit(0)\nassert os.read(fd, 9) == b'pty'\n"
	    "tempfile.NamedTemporaryFile().write(b'x')\n");
	put("main.c", "#include <stdio.h>\nint main(void) { puts(\"built\"); return 0; }\n");
	works("a pipe", "seq 100 | sort -n | tail -1 | grep -q 100");
	works("/tmp, home and /dev/shm", "echo x >/tmp/x && echo x >~/x && echo x >/dev/shm/x && cat /tmp/x ~/x /dev/shm/x");
	works("/dev", "echo x >/dev/null && head -c 4 /dev/urandom >/dev/zero && echo x >/dev/stderr && cat </dev/stdin");
	works("moving between folders", "mkdir -p one two && echo x >one/f && mv one/f two/g && rm -r one two");
	works("a script of the tree", "printf '#!/bin/sh\\nexit 0\\n' >run && chmod +x run && ./run");
	works("job control", "sleep 30 & kill $! && ! wait $!");
	works("the clock and locale", "date +%Z && locale charmap | grep -q UTF-8");
	works_when_here("python3", "python3 -m unittest", "python3 -B test_sum.py");
	works_when_here("python3", "a loopback server, a unix socket, a pty, shared memory", "python3 -B serve.py");
	works_when_here("gcc", "a compiler", "gcc -o /tmp/main main.c && /tmp/main | grep built");
	works_when_here("git", "what git outside saw of files holds inside: nothing is read again", "test -z \"$(git diff-files)\" && "
			"test \"$(git ls-files)\" = known");
	works_when_here("git", "git status, diff and log", "git status --short && git diff && git log -1 >/dev/null && git ls-files");
	works_when_here("gdb", "a debugger on its own child", "gdb -q -batch -ex 'catch syscall exit_group' -ex run -ex bt "
			"--args /bin/true");
	works_when_here("node", "node", "node -e 'require(\"fs\").readFileSync(\"main.c\"); "
			"require(\"child_process\").execSync(\"true\")'");
	works_when_here("python3", "a message queue", "python3 -c 'import ctypes, os; r = ctypes.CDLL(\"librt.so.1\"); "
			"assert r.mq_open(b\"/q\", os.O_CREAT | os.O_RDWR, 0o600, None) >= 0'");
	works_when_here("python3", "reserving terabytes without using them, as sanitizers do",
			"python3 -c 'import mmap; mmap.mmap(-1, 8 << 40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000)'");
	works("work on CPUs", "test \"$(nproc)\" -ge 1 && grep -q MemTotal /proc/meminfo");
}

static void what_is_created_belongs_to_the_owner_outside(void)
{
	struct stat ours, made;

	inside("echo x >made");
	ok(stat(tree, &ours) == 0 && stat(arena_printf(&a, "%s/made", tree), &made) == 0 && made.st_uid == ours.st_uid,
	   "a file made inside belongs to the tree's owner outside");
	ok((made.st_mode & 07777) == 0644, "with plain rights");
}

static void folders_are_shown_as_asked(void)
{
	static const char *read[2], *write[2];
	struct sandbox s = { .tree = tree, .read = read, .write = write };
	char *script;

	read[0] = arena_printf(&a, "%s/further", base);
	write[0] = arena_printf(&a, "%s/output", base);
	fs_make_dirs(read[0], 0755, NULL);
	fs_make_dirs(write[0], 0755, NULL);
	fs_make_dirs(arena_printf(&a, "%s/unseen", base), 0755, NULL);
	script = arena_printf(&a, "test -d %s && ! touch %s/x && touch %s/x && test ! -e %s/unseen", read[0], read[0], write[0],
			      base);
	is_whole(boxed(&a, &s, script).status, 0, "further folders are read-only or writable as asked, their neighbours unseen");
	s = (struct sandbox){ .tree = tree, .tree_readonly = true };
	is_whole(boxed(&a, &s, "test -d . && ! touch x").status, 0, "a tree can be read-only");
}

static void the_environment_starts_at_zero(void)
{
	static const char *const more[] = { "ADDED=yes", "CI=no", NULL };
	struct sandbox s = { .tree = tree, .env = more };
	struct proc_result r;

	setenv("SOME_API_KEY", "secret", 1);
	setenv("HARMLESS", "this", 1);
	r = boxed(&a, &s, "env");
	ok(!strstr(r.output, "SOME_API_KEY") && !strstr(r.output, "HARMLESS"), "nothing of ours is in it");
	ok(strstr(r.output, "ADDED=yes") && strstr(r.output, "CI=no") && !strstr(r.output, "CI=1"), "what is added is, and wins");
	s.backend = SANDBOX_OFF;
	r = boxed(&a, &s, "env");
	ok(strstr(r.output, "HARMLESS=this") && !strstr(r.output, "SOME_API_KEY"), "without a sandbox, secrets are still left out");
}

static void a_server_stays_and_ends(void)
{
	struct sandbox s = { .tree = tree };
	struct proc_child c = { 0 };
	struct err e = { 0 };
	char got[16] = "";
	const char *const argv[] = { "sh", "-c", "read x; echo $x; sleep 60", NULL };

	ok(sandbox_start(&s, argv, NULL, PROC_PIPE_IN | PROC_PIPE_OUT, -1, &c, &e) == 0, "a child that stays is started");
	ok(write(c.in, "ping\n", 5) == 5 && read(c.out, got, sizeof(got) - 1) == 5 && !strcmp(got, "ping\n"), "and answers");
	ok(proc_is_alive(&c), "it is alive");
	is_whole(proc_end(&c, 2000), 128 + SIGTERM, "and ends when told to");
}

static void init_keeps_nothing_of_us(void)
{
	struct proc_result r = inside("sleep 0.05; grep -E '^VmRSS' /proc/1/status | tr -dc 0-9");

	ok(atoi(r.output) > 0 && atoi(r.output) < 1024, "PID 1 holds %s KiB, not a copy of us", r.output);
}

static void an_absent_protected_name_is_left_alone(void)
{
	static const char *const absent[] = { "not/here", NULL };
	struct sandbox s = { .tree = tree, .protect = absent };

	is_whole(boxed(&a, &s, "true").status, 0, "protecting what is absent is no error");
	ok(!fs_exists(arena_printf(&a, "%s/not", tree)), "and creates nothing");
}

static void a_container_is_another_way(void)
{
	const char *image = getenv("SEALWRIGHT_TEST_IMAGE"); /* any image with a shell */
	struct sandbox s = { .backend = SANDBOX_OCI, .tree = tree, .image = "localhost/no-such-image:0" };
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", "echo x >made-there && ! echo x >.git/planted && pwd", NULL },
			  .limit_ms = 60000 };
	struct proc_result r = { .output = "" };
	struct err e = { 0 };

	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_DENIED && (strstr(e.text, " pull ") || strstr(e.text, "apt-get")),
	   "without engine or image it is refused with the cure: %s", e.text);
	if (!image || !*image) {
		printf("# no container is started: SEALWRIGHT_TEST_IMAGE names no image\n");
		return;
	}
	s.image = image;
	if (!ok(sandbox_run(&a, &s, &p, &r, &e) == 0 && r.status == 0 && strstr(r.output, tree), "a command runs in a container"))
		printf("# %s %s\n", e.text, r.output);
	ok(fs_exists(arena_printf(&a, "%s/made-there", tree)), "and writes to the tree");
	p.argv = (const char *const[]){ "sleep", "60", NULL };
	p.limit_ms = 2000;
	ok(sandbox_run(&a, &s, &p, &r, &e) == 0 && r.timed_out, "its time limit ends it");
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
	if (symlink("/usr", arena_printf(&a, "%s/link", tree)) < 0)
		return 1;
	proc_ask(&a, tree, (const char *const[]){ "sh", "-c", "git init -q && echo x >known && git add known && "
		 "git -c user.name=x -c user.email=x@y commit -q -m x", NULL }, NULL, NULL);
	a_command_runs_and_its_end_is_seen();
	time_and_stop_end_it();
	limits_say_why();
	what_cannot_be_is_refused_with_the_cure();
	normal_work_works();
	what_is_created_belongs_to_the_owner_outside();
	folders_are_shown_as_asked();
	the_environment_starts_at_zero();
	a_server_stays_and_ends();
	init_keeps_nothing_of_us();
	an_absent_protected_name_is_left_alone();
	a_container_is_another_way();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
