/*
 * Egress from within a sandbox: what is on the list is reached in every way, what is not in none.
 *
 * A server of ours on this machine's loopback stands for the outside: its address is named on the list, as a private one
 * must be. As root, all of it runs once more as an ordinary user.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/egress.h"

#include "../boxed.h"
#include "../outside.h"
#include "base/err.h"
#include "base/fs.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static char base[] = "/tmp/egress.XXXXXX";
static const char *tree;
static struct arena a;
static struct outside outside;
static int port;

/* Says what it was asked. */
static void echo(int fd, const char *request)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nasked:";

	(void)!write(fd, head, sizeof(head) - 1);
	(void)!write(fd, request, strlen(request));
}

static struct sandbox with(const struct egress *g)
{
	return (struct sandbox){ .tree = tree, .egress = egress_socket(g), .egress_ports = egress_ports(g), .env = egress_env(g),
				 .files = (const struct sandbox_file *)(const void *)egress_files(g) };
}

/* ---- what is asked ---- */

static struct egress *g;
static struct sandbox s;

/* Runs it and wants its output to hold `want`; "!want" must be absent. */
static void says(const char *script, const char *want, const char *name)
{
	struct proc_result r = boxed(&a, &s, script);
	bool good = *want == '!' ? !strstr(r.output, want + 1) : strstr(r.output, want) != NULL;

	if (!ok(good, "%s", name))
		printf("# wanted %s in:\n# %.1500s\n", want, r.output);
}

#define CURL "curl -sS -m 10 2>&1 "
#define PROXY CURL "--noproxy '' -x http://127.0.0.1:3128 "
#define DIRECT CURL "--noproxy '*' "

static void what_is_allowed_is_reached(void)
{
	says(arena_printf(&a, PROXY "http://up.test:%d/path?q=1", port), "asked:GET /path?q=1 HTTP/1.1\r\nHost: up.test:",
	     "by the proxy, as a whole target");
	says(arena_printf(&a, PROXY "http://up.test:%d/", port), "!Proxy-Connection", "without what was for the proxy");
	says(arena_printf(&a, PROXY "-p http://up.test:%d/tunnel", port), "asked:GET /tunnel", "by a tunnel (CONNECT)");
	says(arena_printf(&a, CURL "http://up.test:%d/env", port), "asked:GET /env", "by the variables that stand in the environment");
	says(arena_printf(&a, DIRECT "http://up.test:%d/direct", port), "asked:GET /direct", "without any proxy, by name");
	says(arena_printf(&a, DIRECT "http://a.wild.test:%d/wild", port), "asked:GET /wild", "a name that a wildcard allows, too");
	says(arena_printf(&a, PROXY "-d body=1 http://up.test:%d/post", port), "asked:POST /post", "a request with a body goes out");
	says(arena_printf(&a, PROXY "http://127.0.0.1:%d/literal", port), "asked:GET /literal", "an address that is named is reached");
	says("getent ahostsv4 up.test | head -1", "127.77.0.", "its name resolves to an address of ours");
}

static void what_is_not_allowed_is_refused(void)
{
	says(PROXY "http://other.test/", "not allowed here", "by the proxy");
	says(PROXY "-p http://other.test/", "response 403", "by a tunnel");
	says(arena_printf(&a, PROXY "http://up.test:%d/", port + 1), "not allowed here", "another port");
	says(arena_printf(&a, PROXY "http://wild.test:%d/", port), "not allowed here", "the apex of a wildcard");
	says(arena_printf(&a, PROXY "http://a.b.wild.test:%d/", port), "not allowed here", "two labels of a wildcard for one");
	says(arena_printf(&a, PROXY "http://trap.test:%d/", port + 2), "not allowed here",
	     "an allowed name with a private address that is not named");
	says("getent ahosts other.test; echo status $?", "status 2", "a name that is not allowed does not exist");
	says(DIRECT "http://other.test/", "Could not resolve", "and so it is not connected to");
	says(DIRECT "http://169.254.169.254/latest/", "!asked", "a metadata service is not there");
	says("mkfifo /tmp/f; " DIRECT "http://127.77.99.99/ ; echo", "!asked", "an address that stands for nothing gives nothing");
}

struct seen {
	char text[8192];
};

static void add_refusal(void *arg, const struct egress_refusal *r)
{
	struct seen *to = arg;
	size_t n = strlen(to->text);

	snprintf(to->text + n, sizeof(to->text) - n, "%s %s:%d %s (%ld)\n", r->way, r->host, r->port, r->why, r->times);
}

static void what_was_refused_is_told(const char *log)
{
	struct seen seen = { "" };
	auto_buf text = buf_max(1 << 20);
	struct err e = { 0 };

	ok(egress_refused(g, add_refusal, &seen, &e) == 0, "what was refused is told: %s", e.text);
	if (!ok(strstr(seen.text, "http other.test:80 is not on the allow-list; allow it with --allow HOST:PORT") != NULL,
		"with host, port and cure"))
		printf("# %s\n", seen.text);
	ok(strstr(seen.text, "dns other.test:0") != NULL, "a name that was asked for, too");
	ok(strstr(seen.text, "trap.test") && strstr(seen.text, "private"), "a private address is named as the reason");
	ok(fs_read_file(log, &text, NULL) == 0 && strstr(buf_str(&text), "\"host\":\"up.test\"") &&
	   strstr(buf_str(&text), "\"allowed\":true") && strstr(buf_str(&text), "\"ended\":true"), "the log has a line for each attempt");
	ok(!strstr(buf_str(&text), "q=1"), "and no query");
}

static void a_warm_sandbox_has_it_too(void)
{
	struct err e = { 0 };

	ok(sandbox_open(&s, &s.session, &e) == 0, "a warm sandbox opens with egress: %s", e.text);
	says(arena_printf(&a, DIRECT "http://up.test:%d/1", port), "asked:GET /1", "its first command reaches what is allowed");
	says(arena_printf(&a, PROXY "http://up.test:%d/2", port), "asked:GET /2", "its second, too");
	says(PROXY "http://other.test/", "not allowed here", "and nothing else");
	sandbox_close(&s.session);
}

/* Descriptors and threads of the egress process are gone when its sandboxes are. */
static void nothing_is_left(void)
{
	char path[64];
	int n = 0;

	snprintf(path, sizeof(path), "ls /proc/%d/fd | wc -l", (int)egress_pid(g));
	for (int i = 0; i < 100; i++) {
		struct proc_result r;
		struct proc p = { .argv = (const char *const[]){ "sh", "-c", path, NULL } };

		n = proc_run(&a, &p, &r, NULL) == 0 ? atoi(r.output) : 0;
		if (n <= 8)
			break;
		usleep(20000);
	}
	if (geteuid() == 0)
		ok(n >= 5 && n <= 8, "no listener is held when its sandbox has ended (%d descriptors)", n);
	else
		printf("# whether listeners are let go cannot be seen by an ordinary user\n");
}

/* Whether a process is gone, within two seconds. */
static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 200; i++) {
		char state[64] = "", path[64];
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		f = fopen(path, "r");
		if (!f)
			return true;
		if (fscanf(f, "%*d (%*[^)]) %1s", state) == 1 && *state == 'Z') {
			fclose(f);
			return true;
		}
		fclose(f);
		usleep(10000);
	}
	return false;
}

static void it_ends_with_its_owner(void)
{
	int out[2] = { -1, -1 }, told = -1;
	pid_t owner = pipe(out) == 0 ? fork() : -1;

	if (owner == 0) {
		struct egress *mine = NULL;
		int pid = egress_start(&(struct egress_options){ 0 }, &mine, NULL) == 0 ? (int)egress_pid(mine) : -1;

		(void)!write(out[1], &pid, sizeof(pid));
		for (;;)
			pause();
	}
	if (owner < 0 || read(out[0], &told, sizeof(told)) != sizeof(told) || told <= 0) {
		ok(false, "a process with egress starts");
		return;
	}
	ok(kill(told, 0) == 0, "egress lives while its owner does");
	kill(owner, SIGKILL);
	waitpid(owner, NULL, 0);
	ok(is_gone(told), "and is gone when that was killed");
	close(out[0]);
	close(out[1]);
}

/* ---- a machine with a proxy of its own ---- */

static struct outside outer;
static char asked_outer[4096];

static void be_a_proxy(int fd, const char *request)
{
	char in[4096];
	ssize_t n;

	snprintf(asked_outer, sizeof(asked_outer), "%s", request);
	if (strncmp(request, "CONNECT far.test:", 17)) {
		dprintf(fd, "HTTP/1.1 403 No\r\n\r\n");
		return;
	}
	dprintf(fd, "HTTP/1.1 200 Yes\r\nVia: a proxy\r\n\r\n");
	n = read(fd, in, sizeof(in) - 1);
	in[n > 0 ? n : 0] = 0;
	echo(fd, in);
}

static void through_the_machines_proxy(void)
{
	const char *rules[] = { "far.test:8000", "shut.test:8000", arena_printf(&a, "up.test:%d", port), arena_printf(&a, "127.0.0.1:%d", port), NULL };
	struct egress_options o = { .allow = rules, .hosts = (const char *const[]){ "up.test 127.0.0.1", NULL } };
	struct egress *before = g;
	struct err e = { 0 };

	setenv("https_proxy", arena_printf(&a, "http://us%%65r:pw@127.0.0.1:%d/", outer.port), 1);
	setenv("no_proxy", ".up.test, other.test", 1);
	if (ok(egress_start(&o, &g, &e) == 0, "egress starts where the machine has a proxy: %s", e.text)) {
		s = with(g);
		says(PROXY "http://far.test:8000/x", "asked:GET /x", "a name is reached through it");
		ok(strstr(asked_outer, "CONNECT far.test:8000 HTTP/1.1\r\n") && strstr(asked_outer, "Proxy-Authorization: Basic dXNlcjpwdw=="),
		   "with the password of its URL");
		says(PROXY "http://shut.test:8000/x", "cannot be reached", "what it refuses is not there");
		asked_outer[0] = 0;
		says(arena_printf(&a, PROXY "http://up.test:%d/y", port), "asked:GET /y", "a name of no_proxy goes straight");
		says(PROXY "http://other.test:8000/", "not allowed here", "and the list holds as before");
		says("env", "!pw@", "the password does not stand inside");
		ok(!asked_outer[0], "of these two it hears nothing");
		egress_end(&g);
	}
	setenv("https_proxy", "socks5://127.0.0.1:1", 1);
	ok(egress_start(&o, &g, &e) < 0 && e.code == ERR_USAGE, "a proxy that is not understood: %s", e.text);
	unsetenv("https_proxy");
	unsetenv("no_proxy");
	g = before;
	s = with(g);
}

static void without_it_nothing_changes(void)
{
	struct sandbox plain = { .tree = tree };
	struct proc_result r = boxed(&a, &plain, "cat /etc/resolv.conf; grep hosts: /etc/nsswitch.conf; env | grep -ci proxy");

	is_text(r.output, "# no network here\nhosts: files\n0\n", "a sandbox without egress has no name server and no proxy");
}

static void a_wrong_rule_is_refused(void)
{
	struct egress *none = NULL;
	struct err e = { 0 };

	ok(egress_start(&(struct egress_options){ .allow = (const char *const[]){ "https://x.test/", NULL } }, &none, &e) < 0 &&
	   e.code == ERR_USAGE, "a wrong rule: %s", e.text);
}

static int prepare(const char *log)
{
	const char *rules[] = { arena_printf(&a, "up.test:%d", port), arena_printf(&a, "127.0.0.1:%d", port),
				arena_printf(&a, "*.wild.test:%d", port), arena_printf(&a, "trap.test:%d", port + 2), NULL };
	const char *hosts[] = { "up.test 127.0.0.1", "a.wild.test 127.0.0.1", "wild.test 127.0.0.1", "trap.test 127.0.0.1", NULL };
	struct egress_options o = { .allow = rules, .hosts = hosts, .log = log };
	struct err e = { 0 };

	if (!ok(egress_start(&o, &g, &e) == 0, "egress starts: %s", e.text))
		return -1;
	s = with(g);
	return 0;
}

int main(void)
{
	struct proc_result r;
	struct sandbox plain = { 0 };
	const char *log;

	if (!mkdtemp(base) || !outside_begin(&outside, echo) || !outside_begin(&outer, be_a_proxy))
		return 1;
	chmod(base, 0755);
	port = outside.port;
	tree = arena_printf(&a, "%s/tree", base);
	log = arena_printf(&a, "%s/log", base);
	mkdir(tree, 0755);
	plain.tree = tree;
	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP no namespaces here: %s\n", sandbox_probe()->why);
		fs_remove_tree(base, NULL);
		return 0;
	}
	r = boxed(&a, &plain, "curl --version >/dev/null");
	if (r.status != 0) {
		printf("1..0 # SKIP curl is not installed\n");
		fs_remove_tree(base, NULL);
		return 0;
	}
	a_wrong_rule_is_refused();
	if (prepare(log) == 0) {
		what_is_allowed_is_reached();
		what_is_not_allowed_is_refused();
		what_was_refused_is_told(log);
		a_warm_sandbox_has_it_too();
		nothing_is_left();
		through_the_machines_proxy();
		it_ends_with_its_owner();
		without_it_nothing_changes();
		egress_end(&g);
	}
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	boxed_as_an_ordinary_user(&a);
	return done();
}
