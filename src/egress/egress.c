/*
 * The owner's side of egress: starts the process, asks it, ends it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/egress.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "egress/allow.h"
#include "egress/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { START_MS = 30000, REPORT_MS = 10000 };

struct egress {
	struct arena a;
	int control, listeners;
	pid_t pid;
	uint16_t ports[HANDOVER_MAX + 1];
	const char **env;
	struct egress_file *files;
};

/* Here, in the file that starts it: where this is not linked, nobody starts it either. */
__attribute__((constructor)) static void answer_to_name(int argc, char **argv)
{
	if (process_is_named(argc, argv))
		process_run();
}

/* ---- starting ---- */

/* What it needs of our environment: the way out, and what tells where registries are. Tokens among them stay with it. */
static bool is_its(const char *var)
{
	static const char *const starts[] = {
		"http_proxy=", "https_proxy=", "all_proxy=", "no_proxy=", "SSL_CERT_", "CURL_CA_BUNDLE=", "HOME=", "PATH=",
		"XDG_CONFIG_HOME=", "PIP_", "UV_", "NPM_CONFIG_", "NPM_TOKEN=", "NODE_AUTH_TOKEN=", "GOPROXY=", "GOSUMDB=", "GONOSUMDB=",
		"GONOSUMCHECK=", "GOPRIVATE=", "GOENV=", "GONOPROXY=", "GOAUTH=", "NETRC=", "CARGO_", "MAVEN_", "LANG=", "TZ=", "ASAN_OPTIONS=",
		"UBSAN_OPTIONS=", "LSAN_OPTIONS=", "RES_OPTIONS=", "LOCALDOMAIN=", NULL,
	};

	for (int i = 0; starts[i]; i++)
		if (!strncasecmp(var, starts[i], strlen(starts[i])))
			return true;
	return false;
}

static const char **its_env(struct arena *a)
{
	int n = 0, out = 0;
	const char **env;

	while (environ[n])
		n++;
	env = arena_array(a, (size_t)n + 1, sizeof(*env));
	for (int i = 0; i < n; i++)
		if (is_its(environ[i]))
			env[out++] = environ[i];
	return env;
}

/* fds become 3, 4 and 5; above them nothing of ours is left. */
static int spawn(struct arena *a, const int fds[3], pid_t *pid, struct err *e)
{
	posix_spawn_file_actions_t f;
	posix_spawnattr_t how;
	sigset_t none;
	char *argv[] = { (char[]){ EGRESS_NAME }, NULL };
	int high[3], bad = 0;

	posix_spawn_file_actions_init(&f);
	posix_spawnattr_init(&how);
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
	for (int i = 0; i < 3; i++) {
		high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 32);
		bad |= high[i] < 0 || posix_spawn_file_actions_adddup2(&f, high[i], EGRESS_AT_CONTROL + i);
	}
	bad |= posix_spawn_file_actions_addopen(&f, 0, "/dev/null", O_RDWR, 0) ||
	       posix_spawn_file_actions_adddup2(&f, 0, 1) || posix_spawn_file_actions_addclosefrom_np(&f, EGRESS_AT_END);
	if (!bad)
		bad = posix_spawn(pid, "/proc/self/exe", &f, &how, argv, (char **)(uintptr_t)its_env(a));
	for (int i = 0; i < 3; i++)
		fs_close(&high[i]);
	posix_spawn_file_actions_destroy(&f);
	posix_spawnattr_destroy(&how);
	errno = bad > 0 ? bad : errno;
	return bad ? err_sys(e, "egress: start its process") : 0;
}

/* ---- asking ---- */

static int read_whole(int fd, char *to, size_t n, int64_t ms)
{
	while (n) {
		struct pollfd p = { fd, POLLIN, 0 };
		int ready = poll(&p, 1, (int)ms);
		ssize_t r;

		if (ready < 0 && errno == EINTR)
			continue;
		r = ready > 0 ? read(fd, to, n) : -1;
		if (r <= 0)
			return -1;
		to += r;
		n -= (size_t)r;
	}
	return 0;
}

static int hear(struct egress *g, int64_t ms, json_t **out, struct err *e)
{
	auto_buf text = buf_max(EGRESS_TEXT_MAX + 1);
	uint32_t n;
	char *to;

	if (read_whole(g->control, (char *)&n, sizeof(n), ms) < 0 || n > EGRESS_TEXT_MAX || !(to = buf_room(&text, n)) ||
	    read_whole(g->control, to, n, ms) < 0)
		return err_set(e, ERR_SYS, "egress: its process does not answer; was it ended?");
	text.n += n;
	return json_parse(buf_bytes(&text), out, e);
}

static int tell(struct egress *g, const struct egress_options *o, struct err *e)
{
	auto_buf text = buf_max(EGRESS_TEXT_MAX);
	auto_json *said = json_object();
	json_t *rules = json_array(), *hosts = json_array();
	uint32_t n;

	for (int i = 0; o->allow && o->allow[i]; i++)
		json_array_append_new(rules, json_string_any(bytes_of(o->allow[i])));
	json_object_set_new(said, "allow", rules);
	for (int i = 0; o->hosts && o->hosts[i]; i++)
		json_array_append_new(hosts, json_string_any(bytes_of(o->hosts[i])));
	json_object_set_new(said, "hosts", hosts);
	json_object_set_new(said, "registries", json_boolean(o->registries));
	json_object_set_new(said, "log", json_boolean(o->log != NULL));
	json_object_set_new(said, "bytes_max", json_integer((json_int_t)(o->bytes_max ? o->bytes_max : (uint64_t)8 << 30)));
	if (json_write(&text, said) < 0)
		return buf_check(&text, "the allow-list", e);
	n = (uint32_t)text.n;
	return fs_write_all(g->control, (struct bytes){ (const char *)&n, sizeof(n) }, e) < 0 ||
	       fs_write_all(g->control, buf_bytes(&text), e) < 0 ? err_wrap(e, "egress") : 0;
}

static void take_settings(struct egress *g, const json_t *said)
{
	static const char *const plain[] = {
		"http_proxy=http://127.0.0.1:3128", "https_proxy=http://127.0.0.1:3128", "HTTP_PROXY=http://127.0.0.1:3128",
		"HTTPS_PROXY=http://127.0.0.1:3128", "no_proxy=localhost,127.0.0.1,::1", "NO_PROXY=localhost,127.0.0.1,::1",
		"NODE_USE_ENV_PROXY=1", NULL,
	};
	json_t *ports = json_list(said, "ports"), *env = json_list(said, "env"), *files = json_list(said, "files");
	size_t n_env = json_array_size(env), n_files = json_array_size(files), n = 0;

	for (size_t i = 0; i < json_array_size(ports) && i < HANDOVER_MAX; i++)
		g->ports[i] = (uint16_t)json_integer_value(json_array_get(ports, i));
	g->env = arena_array(&g->a, n_env + sizeof(plain) / sizeof(*plain), sizeof(*g->env));
	for (; plain[n]; n++)
		g->env[n] = plain[n];
	for (size_t i = 0; i < n_env; i++)
		g->env[n++] = arena_strdup(&g->a, json_string_value(json_array_get(env, i)));
	g->files = arena_array(&g->a, n_files + 1, sizeof(*g->files));
	for (size_t i = 0; i < n_files; i++) {
		const json_t *f = json_array_get(files, i);

		g->files[i].path = arena_strdup(&g->a, json_text_or(f, "path", ""));
		g->files[i].text = arena_strdup(&g->a, json_text_or(f, "text", ""));
	}
}

static int configure(struct egress *g, const struct egress_options *o, struct err *e)
{
	auto_json *said = NULL;
	const char *wrong;

	if (tell(g, o, e) < 0 || hear(g, START_MS, &said, e) < 0)
		return -1;
	wrong = json_text(said, "error");
	if (wrong)
		return err_set(e, (enum err_code)json_whole(said, "code", ERR_SYS), "%s", wrong);
	take_settings(g, said);
	return 0;
}

static int open_log(const char *path, struct err *e)
{
	int fd = open(path ? path : "/dev/null", O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		err_sys(e, "egress: its log %s", path ? path : "/dev/null");
	return fd;
}

int egress_start(const struct egress_options *o, struct egress **out, struct err *e)
{
	struct egress *g;
	int control[2] = { -1, -1 }, listeners[2] = { -1, -1 }, r = 0, yes = 1;
	auto_arena scratch = { 0 };
	struct allow_list checked;
	auto_fd log = -1;

	if (!strcmp(program_invocation_name, EGRESS_NAME))
		return err_set(e, ERR_USAGE, "egress: its process cannot start another");
	/* Here first: a wrong rule needs no process to say so. */
	if (allow_list_parse(&scratch, o->allow, &checked, e) < 0)
		return -1;
	log = open_log(o->log, e);
	if (log < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, listeners) < 0)
		r = err_sys(e, "egress: socket");
	setsockopt(listeners[1], SOL_SOCKET, SO_PASSCRED, &yes, sizeof(yes)); /* before the first message */
	g = mem_alloc(sizeof(*g));
	*g = (struct egress){ .control = control[0], .listeners = listeners[0], .pid = -1 };
	if (r == 0)
		r = spawn(&g->a, (int[3]){ control[1], listeners[1], log }, &g->pid, e);
	fs_close(&control[1]);
	fs_close(&listeners[1]);
	if (r == 0)
		r = configure(g, o, e);
	if (r < 0)
		egress_end(&g);
	else
		*out = g;
	return r;
}

void egress_end(struct egress **g)
{
	if (!*g)
		return;
	fs_close(&(*g)->control);
	fs_close(&(*g)->listeners);
	if ((*g)->pid > 0) {
		kill((*g)->pid, SIGKILL);
		while (waitpid((*g)->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	arena_drop(&(*g)->a);
	free(*g);
	*g = NULL;
}

int egress_socket(const struct egress *g)
{
	return g->listeners;
}

const uint16_t *egress_ports(const struct egress *g)
{
	return g->ports;
}

const char *const *egress_env(const struct egress *g)
{
	return g->env;
}

const struct egress_file *egress_files(const struct egress *g)
{
	return g->files;
}

pid_t egress_pid(const struct egress *g)
{
	return g->pid;
}

/* ---- what happened ---- */

static int ask(struct egress *g, json_t **out, struct err *e)
{
	if (fs_write_all(g->control, (struct bytes){ "?", 1 }, e) < 0)
		return err_wrap(e, "egress");
	return hear(g, REPORT_MS, out, e);
}

int egress_refused(struct egress *g, void (*fn)(void *arg, const struct egress_refusal *r), void *arg, struct err *e)
{
	auto_json *said = NULL;
	json_t *list, *o;
	size_t i;

	if (ask(g, &said, e) < 0)
		return -1;
	list = json_list(said, "refused");
	json_array_foreach(list, i, o)
		fn(arg, &(struct egress_refusal){ json_text_or(o, "way", ""), json_text_or(o, "host", ""), json_text_or(o, "why", ""),
						  (int)json_whole(o, "port", 0), (long)json_whole(o, "times", 1) });
	return 0;
}

int egress_packages(struct egress *g, void (*fn)(void *arg, const struct egress_package *p), void *arg, struct err *e)
{
	auto_json *said = NULL;
	json_t *list, *o;
	size_t i;

	if (ask(g, &said, e) < 0)
		return -1;
	list = json_list(said, "packages");
	json_array_foreach(list, i, o)
		fn(arg, &(struct egress_package){ json_text_or(o, "ecosystem", ""), json_text_or(o, "name", ""),
						  json_text_or(o, "version", ""), json_text_or(o, "file", ""),
						  json_text_or(o, "sha256", ""), json_flag(o, "checked", false),
						  (long)json_whole(o, "times", 1) });
	return 0;
}
