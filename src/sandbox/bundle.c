/*
 * Writing an OCI bundle.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/bundle.h"

#include "base/err.h"
#include "base/fs.h"
#include "sandbox/own.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIT_CONFIG "git-config" /* in the bundle */

/* ---- mounts ---- */

static json_t *options(const char *const *list)
{
	json_t *v = json_array();

	for (; *list; list++)
		json_array_append_new(v, json_string(*list));
	return v;
}
#define OPTIONS(...) options((const char *const[]){ __VA_ARGS__, NULL })

/* Takes the reference of with. */
static void mount_add(json_t *mounts, const char *at, const char *type, const char *source, json_t *with)
{
	json_array_append_new(mounts, json_pack("{s:o, s:s, s:o, s:o}", "destination", json_string_any(bytes_of(at)), "type", type,
						"source", json_string_any(bytes_of(source)), "options", with));
}

static void add_bind(json_t *mounts, const char *source, const char *at, bool writable)
{
	mount_add(mounts, at, "bind", source, OPTIONS("rbind", writable ? "rw" : "ro", "nosuid", "nodev"));
}

static void bind_shows(struct arena *a, json_t *mounts, const struct view *v)
{
	for (int i = 0; i < v->n_shows; i++) {
		const struct view_show *s = &v->shows[i];
		struct stat st;

		if ((s->flags & SHOW_DEVICE) || lstat(s->src, &st) < 0 || S_ISLNK(st.st_mode))
			continue; /* a runtime makes the devices; links stand in rootfs */
		add_bind(mounts, s->src, arena_printf(a, "/%s", s->at), s->flags & SHOW_WRITE);
	}
}

static int bind_pins(struct arena *a, json_t *mounts, const struct view *v, struct err *e)
{
	for (int i = 0; i < v->n_pins; i++) {
		const char *path = arena_printf(a, "/%s", v->pins[i].at);
		struct stat st;

		if (v->pins[i].kind == PIN_HOLD || lstat(path, &st) < 0)
			continue;
		if (S_ISLNK(st.st_mode))
			return err_set(e, ERR_DENIED, "sandbox: %s is to be held, but is a symbolic link; replace it by what it "
				       "points to", path);
		if (v->pins[i].kind == PIN_HIDE)
			mount_add(mounts, path, "tmpfs", "tmpfs", OPTIONS("ro", "nosuid", "nodev", "noexec", "size=4k"));
		else
			add_bind(mounts, v->pins[i].kind == PIN_CONFIG ? GIT_CONFIG : v->pins[i].kind == PIN_TEXT ? "/dev/null" : path, path, false);
	}
	return 0;
}

static json_t *mounts_of(struct arena *a, const struct sandbox *s, const struct view *v, struct err *e)
{
	const char *size = arena_printf(a, "size=%lld", (long long)sandbox_disk(s));
	json_t *m = json_array();

	mount_add(m, "/proc", "proc", "proc", OPTIONS("nosuid", "noexec", "nodev"));
	mount_add(m, "/dev", "tmpfs", "tmpfs", OPTIONS("nosuid", "strictatime", "mode=755", "size=64k"));
	mount_add(m, "/dev/pts", "devpts", "devpts", OPTIONS("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
	mount_add(m, "/dev/shm", "tmpfs", "shm", OPTIONS("nosuid", "nodev", "mode=1777", size));
	mount_add(m, "/tmp", "tmpfs", "tmpfs", OPTIONS("nosuid", "nodev", "mode=1777", size));
	mount_add(m, SANDBOX_HOME, "tmpfs", "tmpfs", OPTIONS("nosuid", "nodev", "mode=755", size));
	bind_shows(a, m, v);
	if (bind_pins(a, m, v, e) == 0)
		return m;
	json_decref(m);
	return NULL;
}

/* ---- the filter ---- */

static json_t *names(const char *list, const char *without)
{
	json_t *v = json_array();

	for (const char *p = list; *p;) {
		size_t n = strcspn(p, " ");
		char word[48] = " ";

		if (n && n < sizeof(word) - 3) {
			memcpy(word + 1, p, n);
			strcpy(word + 1 + n, " ");
			if (!strstr(without, word))
				json_array_append_new(v, json_stringn(p, n));
		}
		p += n + (p[n] == ' ');
	}
	return v;
}

static json_t *arg(int index, uint64_t value, uint64_t two, const char *op)
{
	return json_pack("{s:i, s:I, s:I, s:s}", "index", index, "value", (json_int_t)value, "valueTwo", (json_int_t)two, "op", op);
}

/* Takes the references; second may be NULL. */
static void allow_when(json_t *calls, const char *call, json_t *first, json_t *second)
{
	json_t *args = json_array();

	json_array_append_new(args, first);
	if (second)
		json_array_append_new(args, second);
	json_array_append_new(calls, json_pack("{s:[s], s:s, s:o}", "names", call, "action", "SCMP_ACT_ALLOW", "args", args));
}

static json_t *seccomp(void)
{
	const uint64_t spaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
				CLONE_NEWCGROUP;
	const uint64_t ids = S_ISUID | S_ISGID;
	json_t *calls = json_array();

	json_array_append_new(calls, json_pack("{s:o, s:s}", "names", names(filter_allowed(), ""), "action", "SCMP_ACT_ALLOW"));
	json_array_append_new(calls, json_pack("{s:o, s:s, s:i}", "names", names(filter_refused(), ""), "action", "SCMP_ACT_ERRNO",
					       "errnoRet", EPERM));
	json_array_append_new(calls, json_pack("{s:[s,s,s,s,s,s], s:s}", "names", "open", "openat", "ioctl", "creat", "fcntl",
					       "semget", "action", "SCMP_ACT_ALLOW"));
	allow_when(calls, "seccomp", arg(1, 8 /* SECCOMP_FILTER_FLAG_NEW_LISTENER */, 0, "SCMP_CMP_MASKED_EQ"), NULL);
	allow_when(calls, "clone", arg(0, spaces, 0, "SCMP_CMP_MASKED_EQ"), NULL);
	allow_when(calls, "unshare", arg(0, spaces | 0x80, 0, "SCMP_CMP_MASKED_EQ"), NULL);
	allow_when(calls, "socketpair", arg(0, AF_UNIX, 0, "SCMP_CMP_EQ"), NULL);
	allow_when(calls, "socket", arg(0, AF_UNIX, 0, "SCMP_CMP_EQ"), NULL);
	allow_when(calls, "socket", arg(0, AF_INET, 0, "SCMP_CMP_EQ"), NULL);
	allow_when(calls, "socket", arg(0, AF_INET6, 0, "SCMP_CMP_EQ"), NULL);
	allow_when(calls, "socket", arg(0, AF_NETLINK, 0, "SCMP_CMP_EQ"), arg(2, 0, 0, "SCMP_CMP_EQ"));
	allow_when(calls, "personality", arg(0, 0, 0, "SCMP_CMP_EQ"), NULL);
	allow_when(calls, "personality", arg(0, 0xffffffff, 0, "SCMP_CMP_EQ"), NULL);
	allow_when(calls, "personality", arg(0, ADDR_NO_RANDOMIZE, 0, "SCMP_CMP_EQ"), NULL);
	allow_when(calls, "chmod", arg(1, ids, 0, "SCMP_CMP_MASKED_EQ"), NULL);
	allow_when(calls, "fchmod", arg(1, ids, 0, "SCMP_CMP_MASKED_EQ"), NULL);
	allow_when(calls, "fchmodat", arg(2, ids, 0, "SCMP_CMP_MASKED_EQ"), NULL);
	allow_when(calls, "mknod", arg(1, ids, 0, "SCMP_CMP_MASKED_EQ"), NULL);
	allow_when(calls, "mknodat", arg(2, ids, 0, "SCMP_CMP_MASKED_EQ"), NULL);
	return json_pack("{s:s, s:i, s:o}", "defaultAction", "SCMP_ACT_ERRNO", "defaultErrnoRet", ENOSYS, "syscalls", calls);
}

/* ---- the rest ---- */

static json_t *linux_of(const struct sandbox *s)
{
	static const char *const spaces[] = { "pid", "network", "ipc", "uts", "mount", "cgroup", "user" };
	static const char *const masked[] = { "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/key-users", "/proc/latency_stats",
					      "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/proc/kmsg",
					      "/proc/kpagecount", "/proc/kpageflags", "/proc/kpagecgroup", "/proc/vmallocinfo", NULL };
	json_t *namespaces = json_array(), *v;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++)
		json_array_append_new(namespaces, json_pack("{s:s}", "type", spaces[i]));
	v = json_pack("{s:o, s:[{s:i, s:I, s:i}], s:[{s:i, s:I, s:i}], s:o, s:o, s:o}", "namespaces", namespaces, "uidMappings",
		      "containerID", 0, "hostID", (json_int_t)geteuid(), "size", 1, "gidMappings", "containerID", 0, "hostID",
		      (json_int_t)getegid(), "size", 1, "seccomp", seccomp(), "maskedPaths", options(masked), "readonlyPaths",
		      OPTIONS("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"));
	if (geteuid() == 0) /* a plain user's runtime refuses limits without a cgroup of its own */
		json_object_set_new(v, "resources",
				    json_pack("{s:{s:I}, s:{s:I}, s:[{s:b, s:s}]}", "memory", "limit", (json_int_t)sandbox_memory(s), "pids",
					      "limit", (json_int_t)sandbox_processes(s), "devices", "allow", 0, "access", "rwm"));
	return v;
}

static json_t *process_of(struct arena *a, const struct sandbox *s, const char *const *argv, const char *dir, bool terminal)
{
	static const char *const shell[] = { "/bin/sh", NULL };
	json_t *args = json_array(), *env = json_array();

	for (const char *const *p = argv ? argv : shell; *p; p++)
		json_array_append_new(args, json_string_any(bytes_of(*p)));
	for (const char *const *p = sandbox_env(a, s); *p; p++)
		json_array_append_new(env, json_string_any(bytes_of(*p)));
	return json_pack("{s:b, s:{s:i, s:i}, s:o, s:o, s:o, s:{s:[], s:[], s:[], s:[], s:[]}, s:b, s:[{s:s, s:i, s:i}]}", "terminal",
			 terminal, "user", "uid", 0, "gid", 0, "args", args, "env", env, "cwd",
			 json_string_any(bytes_of(dir ? dir : s->tree)), "capabilities", "bounding", "effective", "inheritable", "permitted",
			 "ambient", "noNewPrivileges", 1, "rlimits", "type", "RLIMIT_CORE", "hard", 0, "soft", 0);
}

static int plan(struct arena *a, const struct sandbox *s, const char *dir, struct view *v, struct err *e)
{
	if (s->layer || s->tree_source || s->git_dir || s->session)
		return err_set(e, ERR_USAGE, "sandbox: a bundle shows the tree itself, without a layer");
	if (view_plan(a, s, v, e) < 0)
		return -1;
	if (dir && !path_is_beneath(dir, s->tree))
		return err_set(e, ERR_USAGE, "sandbox: the folder %s does not stand beneath the work tree %s", dir, s->tree);
	return 0;
}

static json_t *config_of(struct arena *a, const struct sandbox *s, const struct view *v, const char *const *argv, const char *dir,
			 bool terminal, struct err *e)
{
	json_t *mounts = mounts_of(a, s, v, e);

	if (!mounts)
		return NULL;
	return json_pack("{s:s, s:o, s:{s:s, s:b}, s:s, s:o, s:o}", "ociVersion", "1.0.2", "process",
			 process_of(a, s, argv, dir, terminal), "root", "path", "rootfs", "readonly", 1, "hostname", "sandbox", "mounts",
			 mounts, "linux", linux_of(s));
}

int bundle_config(struct arena *a, const struct sandbox *s, const char *const *argv, const char *dir, bool terminal, json_t **out,
		  struct err *e)
{
	struct view v;
	json_t *config;

	if (plan(a, s, dir, &v, e) < 0 || !(config = config_of(a, s, &v, argv, dir, terminal, e)))
		return -1;
	*out = config;
	return 0;
}

/* /bin -> usr/bin and the like. */
static int links(const struct view *v, int root, struct err *e)
{
	for (int i = 0; i < v->n_shows; i++) {
		char to[4096];
		ssize_t n = readlink(v->shows[i].src, to, sizeof(to) - 1);

		if (n < 0 || (v->shows[i].flags & (SHOW_DEVICE | SHOW_WRITE)))
			continue;
		to[n] = 0;
		if (fs_make_dirs_beneath(root, "etc", e) < 0 || (symlinkat(to, root, v->shows[i].at) < 0 && errno != EEXIST))
			return err_sys(e, "link %s", v->shows[i].at);
	}
	return 0;
}

int bundle_write(const struct sandbox *s, const char *const *argv, const char *dir, bool terminal, const char *folder, struct err *e)
{
	auto_arena a = { 0 };
	auto_buf text = buf_max(4 << 20);
	auto_json *config = NULL;
	auto_fd root = -1;
	struct view v;

	if (plan(&a, s, dir, &v, e) < 0 || !(config = config_of(&a, s, &v, argv, dir, terminal, e)))
		return -1;
	if (!fs_is_empty_dir(folder))
		return err_set(e, ERR_USAGE, "the folder %s is not empty; name a new one for the bundle", folder);
	if (fs_make_dirs(arena_printf(&a, "%s/rootfs", folder), 0755, e) < 0 ||
	    (root = fs_open_dir(arena_printf(&a, "%s/rootfs", folder), e)) < 0)
		return -1;
	if (view_files(&v, root) < 0)
		return err_sys(e, "write %s/rootfs", folder);
	if (links(&v, root, e) < 0 ||
	    fs_write_atomic(arena_printf(&a, "%s/" GIT_CONFIG, folder), v.git_config, 0644, e) < 0)
		return -1;
	json_write_pretty(&text, config);
	if (buf_check(&text, "config.json", e) < 0)
		return -1;
	return fs_write_atomic(arena_printf(&a, "%s/config.json", folder), buf_bytes(&text), 0644, e);
}
