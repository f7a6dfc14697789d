/*
 * Our own sandbox: one clone into new namespaces, a view built from nothing, rights given up, and a command that
 * ends with all that it started.
 *
 * Two processes stand inside: init (PID 1, a copy of us that forgets us) and the command. There is no helper program to
 * install and none to be replaced. The child is made by a plain clone, not by fork(): between clone and exec it makes
 * system calls only, so a lock that another thread of ours held does no harm.
 * It ends with us in two ways, either of which is enough: a parent-death signal, and a socket that init watches.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the child ---- */

_Noreturn void own_give_up(const struct own *o, struct own_fail f)
{
	struct own_report r = { .kind = REPORT_FAILED, .fail = f, .pid = o->pid };

	r.fail.number = r.fail.number ? r.fail.number : errno;
	(void)!write(o->ends[1], &r, sizeof(r));
	_exit(125);
}

static int write_at(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t w;

	if (fd < 0)
		return -1;
	w = write(fd, text, n);
	close(fd);
	return w == (ssize_t)n ? 0 : -1;
}

/* A plain user maps itself; for root, the supervisor has the right to map another. Our files in /proc belong to root
 * unless we may be looked at; nothing untrusted runs yet. */
static int map_user(const struct own *o)
{
	char go;

	if (o->apart) {
		if (read(o->ends[1], &go, 1) != 1 || syscall(SYS_setgroups, 0, NULL) < 0 ||
		    syscall(SYS_setresgid, SANDBOX_UID, SANDBOX_UID, SANDBOX_UID) < 0 ||
		    syscall(SYS_setresuid, SANDBOX_UID, SANDBOX_UID, SANDBOX_UID) < 0)
			return -1;
		return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	}
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return -1;
	if (write_at("/proc/self/setgroups", "deny", 4) < 0 && errno != ENOENT)
		return -1;
	return write_at("/proc/self/uid_map", o->uid_line, strlen(o->uid_line)) < 0 ? -1 :
	       write_at("/proc/self/gid_map", o->gid_line, strlen(o->gid_line));
}

static int loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bad;

	if (fd < 0)
		return -1;
	bad = ioctl(fd, SIOCSIFFLAGS, &r);
	close(fd);
	return bad;
}

static int limit_to(int what, rlim_t soft, rlim_t hard)
{
	struct rlimit now, l;

	if (getrlimit((__rlimit_resource_t)what, &now) < 0)
		return -1;
	hard = hard < now.rlim_max ? hard : now.rlim_max;
	l = (struct rlimit){ soft < hard ? soft : hard, hard };
	return setrlimit((__rlimit_resource_t)what, &l);
}

static int limit(int what, rlim_t n)
{
	return limit_to(what, n, n);
}

/* What the kernel counts for a user over all of the machine: enough for work, too little to leave others without. And no
 * user namespace within, should the filter ever let one through. Not there in a container whose /proc/sys is read-only. */
static void limit_shared_counts(void)
{
	(void)write_at("/proc/sys/user/max_user_namespaces", "0", 1);
	(void)write_at("/proc/sys/user/max_inotify_instances", "64", 2);
	(void)write_at("/proc/sys/user/max_inotify_watches", "65536", 5);
}

/* Core dumps: 1 rather than 0, which keeps no program outside from being fed one (core_pattern "|..."); core(5). Memory is
 * init's to watch, or a cgroup's: RLIMIT_DATA counts what is reserved and never used, as sanitizers do by terabytes. */
int own_limits(const struct own *o)
{
	return limit(RLIMIT_CORE, 1) < 0 || (o->processes && limit(RLIMIT_NPROC, (rlim_t)o->processes) < 0) ||
	       limit(RLIMIT_FSIZE, (rlim_t)o->file_max) < 0 || limit_to(RLIMIT_NOFILE, 1024, 4096) < 0 ||
	       limit(RLIMIT_SIGPENDING, 4096) < 0 || limit(RLIMIT_RTPRIO, 0) < 0 || limit(RLIMIT_NICE, 0) < 0 ||
	       limit(RLIMIT_MEMLOCK, 8 << 20) < 0 || limit(RLIMIT_MSGQUEUE, 800 << 10) < 0 ? -1 : 0;
}

/* What becomes 0, 1, 2, then the socket as 3, a layer's lock as 4, then nothing. */
int own_descriptors(struct own *o)
{
	for (int i = 0; i < 3; i++) {
		int fd = o->fds[i] >= 0 ? o->fds[i] : open("/dev/null", i ? O_WRONLY : O_RDONLY);

		if (fd < 0 || (fd == i ? fcntl(i, F_SETFD, 0) : dup2(fd, i)) < 0)
			return -1;
	}
	if (o->ends[1] != 3 && dup3(o->ends[1], 3, O_CLOEXEC) < 0)
		return -1;
	o->ends[1] = 3;
	if (o->view.layer_lock > 4 && dup3(o->view.layer_lock, 4, O_CLOEXEC) < 0)
		return -1;
	return close_range(o->view.layer_lock >= 0 ? 5 : 4, ~0u, 0);
}

_Noreturn void own_become(struct own *o)
{
	sigset_t none;
	int worst = ENOENT;

	setsid();
	(void)ioctl(0, TIOCSCTTY, 0); /* a terminal that we made for it is its own; anything else fails */
	for (int i = 1; i < NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			signal(i, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 0; o->programs[i]; i++) {
		execve(o->programs[i], (char *const *)(uintptr_t)o->argv, (char *const *)(uintptr_t)o->env);
		if (errno != ENOENT && errno != ENOTDIR)
			worst = errno;
		if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
			break;
	}
	o->failed = (struct own_fail){ .step = STEP_EXEC, .number = worst };
	_exit(127);
}

/* Shares init's memory until it has become the command. */
static int command_run(void *arg)
{
	struct own *o = arg;

	/* Here, not in init: as a copy of us, init may hold more than the command may. */
	if (own_limits(o) < 0) {
		o->failed = (struct own_fail){ .step = STEP_LIMITS, .number = errno };
		_exit(127);
	}
	own_become(o);
}

/* Version 1's way, before anything else is ours. */
static bool enter_cgroup(const struct own *o)
{
	for (int i = 0; i < o->cgroup.n && o->cgroup.into < 0; i++)
		if (write(o->cgroup.doors[i], "0", 1) != 1 && o->s->level_min >= 3)
			return false;
	return true;
}

int own_enter(struct own *o, struct own_fail *f)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_NAME, "sandbox", 0, 0, 0);
	umask(022);
	f->step = STEP_LIMITS;
	if (!enter_cgroup(o))
		return -1;
	f->step = STEP_MAP;
	if (map_user(o) < 0)
		return -1;
	(void)write_at("/proc/self/oom_score_adj", "500", 3); /* rather this than us; no harm when it cannot be */
	limit_shared_counts();
	f->step = STEP_LOOPBACK;
	if (loopback_up() < 0)
		return -1;
	f->step = STEP_EGRESS;
	if (o->egress && listen_hand_over(o->egress, o->egress_ports) < 0)
		return -1;
	(void)!sethostname("sandbox", 7);
	return view_build(&o->view, f);
}

__attribute__((no_sanitize("address"))) /* else its stack is none that a sanitizer knows, which it says on stderr */
pid_t own_launch(struct own *o, struct own_fail *f)
{
	char stack[16384] __attribute__((aligned(16)));
	pid_t pid;

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* again: a change of rights clears it */
	f->step = STEP_CHDIR;
	if (chdir(o->dir) < 0)
		return -1;
	f->step = STEP_EXEC;
	pid = clone(command_run, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, o);
	if (pid >= 0 && o->failed.step)
		*f = o->failed;
	return o->failed.step ? -1 : pid;
}

static void child(struct own *o)
{
	struct own_report started = { .kind = REPORT_STARTED };
	struct own_fail f = { 0 };
	int listener = -1;
	pid_t pid;

	if (own_enter(o, &f) < 0)
		own_give_up(o, f);
	f = (struct own_fail){ .step = STEP_LIMITS };
	if (own_descriptors(o) < 0 || lock_down(&o->view, o->filter, &listener, &f) < 0)
		own_give_up(o, f);
	init_wipe_words();
	pid = own_launch(o, &f);
	if (pid < 0)
		own_give_up(o, f);
	if (refuse_send(3, &started, listener) < 0)
		_exit(125);
	fs_close(&listener); /* ours alone: when we die, the calls that it would answer fail at once */
	init_run(&(struct init_watch){ 3, -1, pid, o->memory, o->processes, o->tree_name, o->tree_max });
}

/* ---- the supervisor ---- */

/* What may keep a plain process from making namespaces, and how to allow it. */
const char *own_namespace_cure(int number)
{
	auto_buf b = buf_max(64);

	if (fs_read_file("/proc/sys/kernel/unprivileged_userns_clone", &b, NULL) == 0 && buf_str(&b)[0] == '0')
		return "run as root: sysctl -w kernel.unprivileged_userns_clone=1";
	buf_clear(&b);
	if (fs_read_file("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &b, NULL) == 0 && buf_str(&b)[0] == '1')
		return "run as root: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0";
	buf_clear(&b);
	if (number == ENOSPC || (fs_read_file("/proc/sys/user/max_user_namespaces", &b, NULL) == 0 && buf_str(&b)[0] == '0'))
		return "run as root: sysctl -w user.max_user_namespaces=15000";
	return "in a container, start it with --security-opt seccomp=unconfined (or --privileged); in a chroot, enter it by "
	       "pivot_root instead; or use --sandbox oci";
}

int own_explain(const struct own *o, const struct own_fail *f, struct err *e)
{
	static const char *const what[] = {
		[STEP_ROOT] = "make an empty root",
		[STEP_PIVOT] = "enter the new root",
		[STEP_LOOPBACK] = "bring up the loopback interface",
		[STEP_EGRESS] = "hand its listeners to the egress process (has that ended?)",
		[STEP_RIGHTS] = "give up rights",
		[STEP_LIMITS] = "set limits",
		[STEP_LANDLOCK] = "enter Landlock",
		[STEP_FILTER] = "filter system calls",
		[STEP_INIT] = "start its init",
	};

	errno = f->number;
	switch (f->step) {
	case STEP_LAYER:
		return err_set(e, ERR_DENIED, "sandbox: the layer %s over %s: %s; a layer needs a kernel that gives overlays to users "
			       "(5.19, as root with id-mapped mounts) and a disk such as ext4, xfs or btrfs, not an overlay or a "
			       "network disk, for both; move the layer (XDG_STATE_HOME), or work on a copy", o->view.layer,
			       o->s->tree, strerror(f->number));
	case STEP_CLONE:
	case STEP_MAP:
		return err_set(e, ERR_DENIED, "sandbox: new namespaces: %s; %s%s", strerror(f->number), own_namespace_cure(f->number),
			       lock_landlock_abi() >= 2 && o->s->level_min <= 2 ? "; or go on with less, as sealwright doctor lists it: "
			       "sandbox_level: 1, --level 1" : "");
	case STEP_SHOW:
		err_sys(e, "sandbox: show %s", o->view.shows[f->index].src);
		break;
	case STEP_PIN:
		if (f->number == ELOOP)
			return err_set(e, ERR_DENIED, "sandbox: /%s is to be held, but is a symbolic link or lies behind one; "
				       "replace the link by what it points to", o->view.pins[f->index].at);
		err_sys(e, "sandbox: hold /%s", o->view.pins[f->index].at);
		break;
	case STEP_PROC:
		return err_set(e, ERR_DENIED, "sandbox: a /proc of its own: %s; in a container, start it with --security-opt "
			       "unmask=ALL (docker: systempaths=unconfined)", strerror(f->number));
	case STEP_CHDIR:
		return err_sys(e, "start %s: folder %s in the sandbox", o->argv[0], o->dir);
	case STEP_EXEC:
		if (f->number == ENOENT)
			return err_set(e, ERR_NOT_FOUND, "no program %s in the sandbox, which shows /usr and the work tree; install "
				       "it under /usr or /usr/local, or put it into the tree", o->argv[0]);
		return err_sys(e, "start %s in the sandbox", o->argv[0]);
	default:
		err_sys(e, "sandbox: %s", f->step >= 0 && f->step <= STEP_INIT && what[f->step] ? what[f->step] : "start");
	}
	if (e)
		e->code = ERR_DENIED;
	return -1;
}

const char **own_programs(struct arena *a, const char *name, const char *const *env)
{
	const char *path = "/usr/local/bin:/usr/bin:/bin";
	const char **list;
	int n = 0;

	for (; *env; env++)
		if (!strncmp(*env, "PATH=", 5))
			path = *env + 5;
	list = arena_array(a, strlen(path) + 3, sizeof(*list));
	if (strchr(name, '/')) {
		list[0] = name;
		return list;
	}
	while (*path) {
		size_t len = strcspn(path, ":");

		if (len)
			list[n++] = arena_printf(a, "%.*s/%s", (int)len, path, name);
		path += len + (path[len] == ':');
	}
	return list;
}

static pid_t clone_child(struct own *o, uint64_t more, void (*run)(struct own *o))
{
	struct clone_args c = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | more,
		.exit_signal = SIGCHLD,
	};
	sigset_t all, before;
	pid_t pid;

	if (o->cgroup.into >= 0) {
		c.flags |= (uint64_t)CLONE_INTO_CGROUP;
		c.cgroup = (__u64)o->cgroup.into;
	}
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = (pid_t)syscall(SYS_clone3, &c, sizeof(c));
	if (pid < 0 && o->cgroup.into >= 0 && o->s->level_min < 3) { /* then without */
		cgroup_drop(&o->cgroup);
		c.flags &= ~(uint64_t)CLONE_INTO_CGROUP;
		pid = (pid_t)syscall(SYS_clone3, &c, sizeof(c));
	}
	if (pid == 0)
		run(o);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

void own_hand_over(const struct own *o)
{
	struct stat st;

	for (int i = 0; o->apart && i < 3; i++)
		if (o->fds[i] >= 0 && fstat(o->fds[i], &st) == 0 &&
		    (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(o->fds[i]))))
			(void)!fchown(o->fds[i], SANDBOX_OUTSIDE, SANDBOX_OUTSIDE);
}

/* Maps the user when that is ours to do. */
static int release(const struct own *o, pid_t pid)
{
	if (!o->apart)
		return 0;
	own_hand_over(o);
	if (idmap_write(pid, "uid_map", SANDBOX_UID, SANDBOX_OUTSIDE) < 0 ||
	    idmap_write(pid, "gid_map", SANDBOX_UID, SANDBOX_OUTSIDE) < 0)
		return -1;
	return write(o->ends[0], "g", 1) == 1 ? 0 : -1;
}

/* Waits until the command runs, or the keeper stands, or hears why not. */
static int await(struct own *o, pid_t pid, struct err *e)
{
	struct own_report r = { 0 };
	int listener = -1;
	ssize_t n;

	if (release(o, pid) < 0) {
		r.fail = (struct own_fail){ .step = STEP_MAP, .number = errno };
		kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		return own_explain(o, &r.fail, e);
	}
	n = refuse_receive(o->ends[0], &r, &listener);
	if (n == sizeof(r) && r.kind == REPORT_STARTED) {
		if (o->view.is_shared) /* a keeper runs no command; what it sends is the tree */
			o->tree = listener;
		else
			o->refuse = listener >= 0 ? refuse_watch(listener, o->filter, NULL, NULL) : NULL;
		return 0;
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (n == sizeof(r))
		return own_explain(o, &r.fail, e);
	return err_set(e, ERR_DENIED, "sandbox: its first process ended before it said why; is memory short?");
}

/* Kept by init, too, whose copy of the descriptor holds it when ours is closed. */
int own_lock(struct own *o, struct err *e)
{
	auto_fd fd = -1;

	if (!o->view.locked)
		return 0;
	fd = open(o->view.locked, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "sandbox: layer %s", o->view.locked);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return err_set(e, ERR_BUSY, "sandbox: the layer %s is in use by another sandbox; let that end first, or run both in "
			       "one session", o->view.locked);
	o->view.layer_lock = fcntl(fd, F_DUPFD_CLOEXEC, 4);
	return o->view.layer_lock < 0 ? err_sys(e, "sandbox: layer %s", o->view.locked) : 0;
}

static bool was_root;

bool own_was_root(void)
{
	return was_root;
}

int own_open(struct own *o, uint64_t more, void (*run)(struct own *o), pid_t *pid, struct err *e)
{
	struct own_fail f = { .step = STEP_CLONE };
	int r = own_lock(o, e);

	if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, o->ends) < 0)
		r = err_sys(e, "sandbox: socket");
	if (r == 0 && o->wants_cgroup && !cgroup_make(&o->cgroup, o->s) && o->s->level_min >= 3)
		r = err_set(e, ERR_DENIED, "sandbox: level 3 is asked for, and no cgroup can be made: %s", cgroup_version() ?
			    strerror(errno) : cgroup_lacks());
	if (r == 0) {
		/* Whose tree is shown decides: without it, all else may be mapped where that could not be. */
		o->apart = (!o->lender || warm_is_apart(o->lender)) && idmap_open(&o->view);
		o->view.is_root = was_root = geteuid() == 0 && !o->apart;
		r = o->lender ? warm_lend(o->lender, &o->view, o->apart, e) : 0;
		*pid = r < 0 ? -1 : clone_child(o, more, run);
		f.number = errno;
		fs_close(&o->ends[1]);
		idmap_close(&o->view);
		if (r == 0)
			r = *pid < 0 ? own_explain(o, &f, e) : await(o, *pid, e);
		if (r == 0 && o->cgroup.n && o->cgroup.into < 0 && !cgroup_holds(&o->cgroup, *pid))
			cgroup_drop(&o->cgroup);
		cgroup_close(&o->cgroup);
	}
	if (r < 0)
		cgroup_drop(&o->cgroup);
	fs_close(&o->view.layer_lock);
	if (r < 0)
		fs_close(&o->ends[0]);
	return r;
}

static const char *const *copy_words(struct arena *a, const char *const *words)
{
	const char **copy;
	size_t n = 0;

	while (words[n])
		n++;
	copy = arena_array(a, n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = arena_printf(a, "%s", words[i]);
	return copy;
}

static int own_begin(struct proc_starter *by, const char *const *argv, const char *const *env, const char *dir,
		     const int fds[3], pid_t *pid, struct err *e)
{
	struct own *o = (struct own *)by;
	(void)env;
	/* Copies: the child wipes the words that we were started with, and these may be some of them. */
	o->argv = copy_words(o->a, argv);
	o->env = copy_words(o->a, o->env);
	o->dir = arena_printf(o->a, "%s", dir ? dir : o->s->tree);
	o->programs = own_programs(o->a, o->argv[0], o->env);
	memcpy(o->fds, fds, sizeof(o->fds));
	o->wants_cgroup = o->s->level_min >= 3 || cgroup_version() == 2; /* version 1's is slow to enter */
	if (own_open(o, CLONE_NEWPID, child, pid, e) < 0)
		return -1;
	if (o->s->level && o->cgroup.n)
		*o->s->level = 3;
	return 0;
}

int own_prepare(struct own *o, struct arena *a, const struct sandbox *s, const char *dir, struct err *e)
{
	*o = (struct own){
		.by = { own_begin }, .a = a, .s = s, .ends = { -1, -1 }, .tree = -1, .lender = s->tree_of,
		.memory = sandbox_memory(s), .processes = sandbox_processes(s),
		.tree_max = sandbox_added(s),
		.filter = s->on_refused ? FILTER_TELLING : FILTER_PLAIN,
		.file_max = sandbox_disk(s) > 1 << 30 ? sandbox_disk(s) : 1 << 30,
		.cgroup = { .doors = { -1, -1 }, .into = -1 },
	};
	o->tree_name = arena_printf(a, "%s", s->tree ? s->tree : "");
	o->egress = s->egress;
	o->egress_ports = s->egress_ports;
	snprintf(o->uid_line, sizeof(o->uid_line), "%d %u 1", SANDBOX_UID, geteuid());
	snprintf(o->gid_line, sizeof(o->gid_line), "%d %u 1", SANDBOX_UID, getegid());
	if (view_plan(a, s, &o->view, e) < 0)
		return -1;
	o->view.files = s->files;
	o->view.has_dns = s->egress != 0;
	if (dir && !path_is_beneath(dir, s->tree))
		return err_set(e, ERR_USAGE, "sandbox: the folder %s does not stand beneath the work tree %s", dir, s->tree);
	if (s->egress && (!s->egress_ports || !s->egress_ports[0]))
		return err_set(e, ERR_USAGE, "sandbox: egress without ports");
	o->env = sandbox_env(a, s);
	init_prepare();
	filter_get(o->filter); /* made here: the child makes system calls only */
	return 0;
}

static const char *argv_name(const char *const *argv)
{
	const char *slash = strrchr(argv[0], '/');

	return slash ? slash + 1 : argv[0];
}

int own_run_by(struct own *o, struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out,
	       struct err *e)
{
	struct proc_result res;
	struct own_report end = { 0 };
	struct proc run = *p;
	int r;

	run.by = &o->by;
	run.dir = p->dir ? p->dir : s->tree;
	r = proc_run(a, &run, &res, e);
	if (r == 0 && o->filter == FILTER_LEVEL1) /* its watcher may be at work yet; it hangs up when nobody is left */
		(void)poll(&(struct pollfd){ o->ends[0], POLLRDHUP, 0 }, 1, 2000);
	if (r == 0 && recv(o->ends[0], &end, sizeof(end), MSG_DONTWAIT) == sizeof(end) && end.kind == REPORT_ENDED) {
		res.signal = WIFSIGNALED(end.wait_status) ? WTERMSIG(end.wait_status) : 0;
		res.cpu_ms = end.cpu_us / 1000 > res.cpu_ms ? end.cpu_us / 1000 : res.cpu_ms;
		res.peak_kib = end.peak_kib;
	}
	fs_close(&o->ends[0]);
	refuse_end(&o->refuse, s);
	if (r == 0 && !end.over_limit && o->wants_cgroup && res.signal == SIGKILL && cgroup_ran_out(&o->cgroup))
		end.over_limit = LIMIT_MEMORY;
	if (r == 0) {
		refuse_limit(s, res.timed_out ? LIMIT_TIME : (enum limit_kind)end.over_limit, argv_name(p->argv));
		*out = res;
	}
	return r;
}

int own_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e)
{
	auto_arena scratch = { 0 };
	struct own o;

	int r;

	if (own_prepare(&o, &scratch, s, p->dir, e) < 0)
		return -1;
	r = own_run_by(&o, a, s, p, out, e);
	cgroup_drop(&o.cgroup);
	return r;
}

int own_start_by(struct own *o, const char *const *argv, const char *dir, int flags, int log_fd, struct proc_child *out,
		 struct err *e)
{
	if (proc_start_by(&o->by, argv, NULL, dir, flags, log_fd, out, e) < 0)
		return -1;
	out->hold = o->ends[0];
	return 0;
}

int own_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
	      struct proc_child *out, struct err *e)
{
	auto_arena scratch = { 0 };
	struct own o;

	if (own_prepare(&o, &scratch, s, dir, e) < 0)
		return -1;
	o.filter = FILTER_PLAIN; /* nobody would be there to tell when it ends */
	filter_get(o.filter);
	return own_start_by(&o, argv, dir, flags, log_fd, out, e);
}
