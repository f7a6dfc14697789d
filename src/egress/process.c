/*
 * The egress process: how it begins, and what it gives up before anything from a sandbox reaches it.
 *
 * It is this binary, executed again under another name: a copy by fork() would hold all that its owner holds. A constructor
 * (in egress.c) answers to that name, so that every program which links egress can serve, tests too, and none runs its own
 * main() by mistake. Nothing but the owner can start it in a way that matters: it serves the socket that it finds as
 * descriptor 3.
 *
 * It keeps: reading /usr and /etc (resolver, certificates), sockets, threads. It gives up: root, new privileges, writing any
 * file but the log that is open, executing, tracing, being looked at.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/process.h"

#include "base/err.h"
#include "base/fs.h"
#include "egress/dial.h"
#include "egress/fetch.h"
#include "egress/inside.h"
#include "egress/registry.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct policy the_policy;

enum { NOBODY = 65534, FILES_MAX = 65536 };

/* ---- what it gives up ---- */

static void may_read(int rules, const char *path)
{
	struct landlock_path_beneath_attr b = { .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
								  LANDLOCK_ACCESS_FS_EXECUTE };
	struct stat st;

	b.parent_fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;
	if (b.parent_fd < 0)
		return;
	if (fstat(b.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		b.allowed_access &= ~(uint64_t)LANDLOCK_ACCESS_FS_READ_DIR;
	syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &b, 0);
	close(b.parent_fd);
}

/* False where the kernel has no Landlock; the other walls stand all the same. */
static bool give_up_files(void)
{
	static const char *const paths[] = { "/usr", "/lib", "/lib64", "/etc", "/run/systemd/resolve", "/run/resolvconf",
					     "/run/NetworkManager", "/dev/urandom", "/dev/null", "/dev/zero", NULL };
	static const char *const named[] = { "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", NULL };
	struct landlock_ruleset_attr all = { .handled_access_fs = (1 << 13) - 1 }; /* what ABI 1 knows */
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0), bad;

	if (rules < 0)
		return false;
	for (int i = 0; paths[i]; i++)
		may_read(rules, paths[i]);
	for (int i = 0; named[i]; i++)
		may_read(rules, getenv(named[i]));
	bad = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return bad == 0;
}

static int give_up_calls(struct err *e)
{
	static const int never[] = {
		SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev),
		SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(unshare),
		SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
		SCMP_SYS(io_uring_setup), SCMP_SYS(userfaultfd), SCMP_SYS(memfd_create), SCMP_SYS(open_by_handle_at),
		SCMP_SYS(pidfd_getfd), SCMP_SYS(kcmp), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(kexec_load),
		SCMP_SYS(personality), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(link),
		SCMP_SYS(linkat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int bad = f ? 0 : -1;

	for (size_t i = 0; i < sizeof(never) / sizeof(*never) && !bad; i++)
		if (never[i] >= 0) /* else: not on this machine */
			bad = seccomp_rule_add(f, SCMP_ACT_ERRNO(1), never[i], 0);
	bad = bad ? bad : seccomp_load(f);
	seccomp_release(f);
	return bad ? err_set(e, ERR_SYS, "egress: its system calls cannot be restricted") : 0;
}

static int give_up(struct err *e)
{
	struct rlimit files = { 0 }, none = { 0, 0 };

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max : FILES_MAX;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	setrlimit(RLIMIT_CORE, &none);
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0) && geteuid() == 0)
		return err_sys(e, "egress: it cannot give up root");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, "egress: it cannot give up its rights");
	give_up_files();
	return give_up_calls(e);
}

/* ---- what it is told ---- */

static int take_text(int fd, struct buf *out, struct err *e)
{
	uint32_t n;
	size_t got = 0;
	char *to;

	if (read(fd, &n, sizeof(n)) != sizeof(n) || n > EGRESS_TEXT_MAX || !(to = buf_room(out, n)))
		return err_set(e, ERR_INPUT, "egress: its owner said nothing");
	while (got < n) {
		ssize_t r = read(fd, to + got, n - got);

		if (r <= 0)
			return err_set(e, ERR_INPUT, "egress: its owner broke off");
		got += (size_t)r;
	}
	out->n += n;
	return 0;
}

static void add_port(int port)
{
	int n = 0;

	for (; the_policy.ports[n]; n++)
		if (the_policy.ports[n] == port)
			return;
	if (n < HANDOVER_MAX)
		the_policy.ports[n] = (uint16_t)port;
}

static int set_policy(struct arena *a, const json_t *o, struct err *e)
{
	json_t *rules = json_list(o, "allow");
	json_t *host;
	size_t n = json_array_size(rules), i;
	const char **texts = arena_array(a, n + 1, sizeof(*texts));

	for (i = 0; i < n; i++)
		texts[i] = json_string_value(json_array_get(rules, i));
	if (allow_list_parse(a, texts, &the_policy.allow, e) < 0)
		return -1;
	json_array_foreach(json_list(o, "hosts"), i, host)
		if (dial_know(json_string_value(host), e) < 0)
			return -1;
	the_policy.bytes_max = (uint64_t)json_whole(o, "bytes_max", (int64_t)8 << 30);
	add_port(HANDOVER_PROXY);
	add_port(HANDOVER_DNS);
	add_port(80);
	add_port(443);
	for (int k = 0; json_flag(o, "registries", false) && k < HANDOVER_REGISTRIES; k++)
		add_port(HANDOVER_REGISTRY + k);
	for (int k = 0; k < the_policy.allow.n; k++)
		if (the_policy.allow.rules[k].port > 0 && the_policy.allow.rules[k].kind != ALLOW_NET)
			add_port(the_policy.allow.rules[k].port);
	return dial_take_proxy(e);
}

static json_t *ready(bool registries)
{
	json_t *o = json_object(), *ports = json_array();

	for (int i = 0; the_policy.ports[i]; i++)
		json_array_append_new(ports, json_integer(the_policy.ports[i]));
	json_object_set_new(o, "ports", ports);
	if (registries) {
		json_t *env = json_array(), *files = json_array();

		registry_tell(env, files);
		json_object_set_new(o, "env", env);
		json_object_set_new(o, "files", files);
	}
	return o;
}

static void tell(int control, json_t *o)
{
	auto_buf text = buf_max(EGRESS_TEXT_MAX);
	uint32_t n;

	json_write(&text, o);
	n = (uint32_t)text.n;
	fs_write_all(control, (struct bytes){ (const char *)&n, sizeof(n) }, NULL);
	fs_write_all(control, buf_bytes(&text), NULL);
}

static int begin(struct arena *a, json_t **said, struct err *e)
{
	auto_buf text = buf_max(EGRESS_TEXT_MAX + 1);
	auto_json *o = NULL;

	if (sodium_init() < 0)
		return err_set(e, ERR_SYS, "egress: libsodium does not start");
	if (take_text(EGRESS_AT_CONTROL, &text, e) < 0 || json_parse(buf_bytes(&text), &o, e) < 0 || set_policy(a, o, e) < 0)
		return -1;
	log_open(json_flag(o, "log", false) ? EGRESS_AT_LOG : -1);
	if (json_flag(o, "registries", false)) {
		if (fetch_prepare(e) < 0)
			return -1;
		gateway_prepare();
		registry_discover();
	}
	*said = ready(json_flag(o, "registries", false));
	return give_up(e);
}

_Noreturn void process_run(void)
{
	static struct arena a; /* for the life of the process */
	struct err e = { 0 };
	json_t *said = NULL;

	if (begin(&a, &said, &e) < 0) {
		said = json_pack("{s:s, s:i}", "error", e.text, "code", e.code);
		tell(EGRESS_AT_CONTROL, said);
		_exit(1);
	}
	tell(EGRESS_AT_CONTROL, said);
	json_decref(said);
	serve(EGRESS_AT_CONTROL, EGRESS_AT_LISTENERS);
	_exit(0);
}

bool process_is_named(int argc, char *const *argv)
{
	struct stat st;

	return argc == 1 && !strcmp(argv[0], EGRESS_NAME) && fstat(EGRESS_AT_CONTROL, &st) == 0 && S_ISSOCK(st.st_mode);
}
