/*
 * Harm that was attempted, told: which system call, by which process, and what would allow it.
 *
 * The kernel hands the calls that the filter refuses to a thread of ours, which notes them and answers with the errno that
 * the filter would have given by itself. It reads numbers only: what a pointer of the caller points to is never copied, so
 * there is nothing to be raced. The calls handed over are those that normal work hardly makes; nothing that is hot is
 * among them, and a sandbox without on_refused has no listener at all.
 *
 * When we die, the listener's last descriptor closes and the kernel answers ENOSYS: nobody inside waits for a dead one.
 * A flood costs its author a wait for us on every call, and us a table of 64 rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/fs.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT = 64 };

struct kept {
	char what[160], program[32];
	const char *rule;
	int pid;
	long times;
};

struct refuse {
	int listener, stop; /* stop: an eventfd */
	bool left;          /* nobody waits for the thread: it ends with what it listens to */
	void (*done)(void *arg);
	enum filter_kind kind;
	refuse_decide_fn *decide;
	void *arg;
	pthread_t thread;
	struct kept kept[KEPT];
	int n;
	long more;          /* that found no row */
};

/* ---- what is told ---- */

static const struct {
	const char *calls, *rule;
} rules[] = {
	{ " unshare setns clone ",
	  "no namespaces within the sandbox (seccomp); nothing inside allows it: run what builds containers outside, by "
	  "--sandbox off" },
	{ " mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr quotactl quotactl_fd ",
	  "the view is fixed before the command starts (seccomp); to show a further folder, name it with --rw DIR, or read: in the "
	  "profile" },
	{ " socket socketpair connect bind listen sendto sendmsg sendmmsg ",
	  "no raw, packet or exotic sockets, and no network but what is allowed (seccomp); --allow HOST[:PORT] lets a host through "
	  "for TCP" },
	{ " chmod fchmod fchmodat creat mknod mknodat open openat ",
	  "no set-user-id or set-group-id file may be left in the tree (seccomp); nothing allows it" },
	{ " memfd_create memfd_secret ",
	  "memory that no watch can count (seccomp answers as an older kernel); nothing allows it, programs use a file in /tmp" },
	{ " io_uring_setup io_uring_enter io_uring_register ",
	  "io_uring goes past the filter of system calls (seccomp); nothing allows it. Some runtimes try it by habit and go on" },
	{ " ioctl ", "no typing into a terminal, nor signals through one (seccomp); nothing allows it" },
	{ " kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo fcntl prlimit64 ",
	  "no signal to, nor limit of, a process outside the sandbox (level 1: seccomp); nothing allows it" },
	{ " bpf perf_event_open userfaultfd keyctl add_key request_key ",
	  "parts of the kernel that have let programs out before (seccomp); nothing allows it" },
};
static const char other_rule[] = "not among the system calls of normal work (seccomp); nothing allows it";

static const char *rule_of(const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), " %.60s ", name);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (strstr(rules[i].calls, word))
			return rules[i].rule;
	return other_rule;
}

static void add(char *text, size_t max, const char *word)
{
	size_t n = strlen(text);

	snprintf(text + n, max - n, "%s%s", n && text[n - 1] != ' ' ? "|" : "", word);
}

static void add_spaces(char *text, size_t max, uint64_t flags, bool is_clone)
{
	static const struct {
		uint64_t bit;
		const char *name;
	} spaces[] = {
		{ CLONE_NEWUSER, "CLONE_NEWUSER" }, { CLONE_NEWNS, "CLONE_NEWNS" },         { CLONE_NEWPID, "CLONE_NEWPID" },
		{ CLONE_NEWNET, "CLONE_NEWNET" },   { CLONE_NEWIPC, "CLONE_NEWIPC" },       { CLONE_NEWUTS, "CLONE_NEWUTS" },
		{ CLONE_NEWCGROUP, "CLONE_NEWCGROUP" }, { 0x80, "CLONE_NEWTIME" },
	};

	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces) - is_clone; i++)
		if (flags & spaces[i].bit)
			add(text, max, spaces[i].name);
}

static const char *family(uint64_t f)
{
	static const struct {
		int number;
		const char *name;
	} all[] = { { AF_INET, "AF_INET" }, { AF_INET6, "AF_INET6" }, { AF_UNIX, "AF_UNIX" }, { AF_PACKET, "AF_PACKET" },
		    { AF_NETLINK, "AF_NETLINK" }, { AF_VSOCK, "AF_VSOCK" }, { AF_ALG, "AF_ALG" }, { AF_XDP, "AF_XDP" },
		    { AF_BLUETOOTH, "AF_BLUETOOTH" }, { AF_CAN, "AF_CAN" }, { AF_TIPC, "AF_TIPC" }, { AF_KEY, "AF_KEY" } };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if ((uint64_t)all[i].number == (f & 0xffffffff))
			return all[i].name;
	return NULL;
}

/* "unshare(2) CLONE_NEWUSER". */
static void describe(const struct seccomp_data *d, const char *name, char *text, size_t max)
{
	char number[48];

	snprintf(text, max, "%.60s(2) ", name);
	if (!strcmp(name, "clone") || !strcmp(name, "unshare")) {
		add_spaces(text, max, d->args[0], !strcmp(name, "clone"));
	} else if (!strcmp(name, "socket") || !strcmp(name, "socketpair")) {
		snprintf(number, sizeof(number), "family %u", (unsigned)d->args[0]);
		add(text, max, family(d->args[0]) ? family(d->args[0]) : number);
		snprintf(number, sizeof(number), "%s protocol %u", (d->args[1] & 0xf) == SOCK_RAW ? " SOCK_RAW" : "",
			 (unsigned)d->args[2]);
		strncat(text, number, max - strlen(text) - 1);
	} else if (strstr(" chmod fchmod fchmodat creat mknod mknodat open openat ", name) && d->nr >= 0) {
		add(text, max, "with a set-user-id or set-group-id mode");
	} else if (!strcmp(name, "ioctl")) {
		snprintf(number, sizeof(number), "%#x", (unsigned)d->args[1]);
		add(text, max, (d->args[1] & 0xffffffff) == 0x5412 ? "TIOCSTI" : number);
	}
	for (size_t n = strlen(text); n && text[n - 1] == ' '; n--)
		text[n - 1] = 0;
}

/* ---- who did it ---- */

/* The last number of "NStgid:\t12\t3": as it is seen furthest inside. */
static int last_number(const char *line)
{
	const char *end = strchr(line, '\n'), *p = end ? end : line + strlen(line);

	while (p > line && p[-1] >= '0' && p[-1] <= '9')
		p--;
	return (int)strtol(p, NULL, 10);
}

static void who(pid_t tid, char *program, size_t max, int *inside, int *tgid)
{
	auto_buf text = buf_max(16 << 10);
	char path[40];
	const char *line;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	*inside = *tgid = 0;
	*program = 0;
	if (fs_read_file(path, &text, NULL) < 0)
		return;
	if (!strncmp(buf_str(&text), "Name:\t", 6)) /* the kernel writes a newline in it as \n, so the first line ends it */
		snprintf(program, max, "%.*s", (int)strcspn(buf_str(&text) + 6, "\n"), buf_str(&text) + 6);
	if ((line = strstr(buf_str(&text), "\nTgid:\t")))
		*tgid = last_number(line + 1);
	if ((line = strstr(buf_str(&text), "\nNStgid:\t")))
		*inside = last_number(line + 1);
}

static void note(struct refuse *r, const char *what, const char *program, int pid, const char *rule)
{
	struct kept *k;

	for (int i = 0; i < r->n; i++)
		if (r->kept[i].pid == pid && !strcmp(r->kept[i].what, what) && !strcmp(r->kept[i].program, program)) {
			r->kept[i].times++;
			return;
		}
	if (r->n == KEPT) {
		r->more++;
		return;
	}
	k = &r->kept[r->n++];
	snprintf(k->what, sizeof(k->what), "%s", what);
	snprintf(k->program, sizeof(k->program), "%s", program);
	k->pid = pid;
	k->rule = rule;
	k->times = 1;
}

/* ---- the listener ---- */

/* The sizes are the kernel's: it may have grown the structs. */
union notif {
	struct seccomp_notif n;
	char room[512];
};
union response {
	struct seccomp_notif_resp r;
	char room[256];
};

static void one(struct refuse *r)
{
	union notif in = { 0 };
	union response out = { 0 };
	char program[32], what[160] = "", text[120] = "";
	const char *harm = "", *name;
	int inside, tgid, refused;
	char *found;

	if (ioctl(r->listener, SECCOMP_IOCTL_NOTIF_RECV, &in) < 0)
		return; /* the caller was killed meanwhile */
	who((pid_t)in.n.pid, program, sizeof(program), &inside, &tgid);
	found = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, in.n.data.nr);
	name = found ? found : "a system call";
	out.r.id = in.n.id;
	refused = filter_answer(r->kind == FILTER_LEVEL1 ? FILTER_LEVEL1_PLAIN : FILTER_PLAIN, &in.n.data);
	out.r.error = refused ? -refused : -EPERM;
	if (r->decide && !refused)
		harm = r->decide(r->arg, r->listener, &in.n, tgid, &out.r, text, sizeof(text));
	if (harm && !*harm)
		describe(&in.n.data, name, what, sizeof(what));
	else if (harm)
		snprintf(what, sizeof(what), "%.60s(2) %.90s", name, harm);
	/* Who it was is true only if it still waits: its number may be another's by now. */
	if (*what && ioctl(r->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &in.n.id) == 0)
		note(r, what, program, inside, rule_of(name));
	free(found);
	if (out.r.id) /* else the answer went with a descriptor */
		(void)ioctl(r->listener, SECCOMP_IOCTL_NOTIF_SEND, &out);
}

static void drop(struct refuse *r)
{
	fs_close(&r->listener);
	fs_close(&r->stop);
	free(r);
}

static void *listen_on(void *arg)
{
	struct refuse *r = arg;
	struct pollfd set[2] = { { r->listener, POLLIN, 0 }, { r->stop, POLLIN, 0 } };

	if (r->decide && unshare(CLONE_FS) == 0) /* a mask and a folder of its own, for what it does for others */
		umask(0);
	for (;;) {
		if (poll(set, 2, -1) < 0 && errno != EINTR)
			break;
		if (set[0].revents & POLLIN)
			one(r);
		else if (set[0].revents || set[1].revents) /* nobody is left that could call, or we are told to end */
			break;
	}
	if (r->left) {
		if (r->done)
			r->done(r->arg);
		drop(r);
	}
	return NULL;
}

static struct refuse *begin(struct refuse *r)
{
	const bool left = r->left; /* such a thread may be gone before we look again */
	pthread_t thread;
	sigset_t all, before;
	int bad;

	sigfillset(&all); /* signals are the callers' threads' */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	bad = r->stop < 0 || pthread_create(&thread, NULL, listen_on, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (bad) {
		drop(r);
		return NULL;
	}
	if (left)
		pthread_detach(thread);
	else
		r->thread = thread;
	return r;
}

struct refuse *refuse_watch(int listener, enum filter_kind kind, refuse_decide_fn *decide, void *arg)
{
	struct refuse *r = mem_alloc(sizeof(*r));

	*r = (struct refuse){ .listener = listener, .stop = eventfd(0, EFD_CLOEXEC), .kind = kind, .decide = decide, .arg = arg };
	return begin(r);
}

bool refuse_leave(int listener, enum filter_kind kind, refuse_decide_fn *decide, void (*done)(void *arg), void *arg)
{
	struct refuse *r = mem_alloc(sizeof(*r));

	*r = (struct refuse){ .listener = listener, .stop = eventfd(0, EFD_CLOEXEC), .kind = kind, .decide = decide, .arg = arg,
			      .left = true, .done = done };
	return begin(r) != NULL;
}

void refuse_end(struct refuse **at, const struct sandbox *s)
{
	struct refuse *r = *at;
	const uint64_t one_more = 1;
	char text[80];

	if (!r)
		return;
	*at = NULL;
	(void)!write(r->stop, &one_more, sizeof(one_more));
	pthread_join(r->thread, NULL);
	for (int i = 0; s->on_refused && i < r->n; i++) {
		const struct kept *k = &r->kept[i];

		s->on_refused(s->refused_arg, &(struct sandbox_refusal){ "seccomp", k->what, k->rule, k->program, k->pid, k->times });
	}
	snprintf(text, sizeof(text), "%ld further system calls", r->more);
	if (s->on_refused && r->more)
		s->on_refused(s->refused_arg, &(struct sandbox_refusal){ "seccomp", text, other_rule, "", 0, r->more });
	drop(r);
}

void refuse_limit(const struct sandbox *s, enum limit_kind limit, const char *program)
{
	static const struct {
		const char *what, *rule;
	} limits[] = {
		[LIMIT_MEMORY] = { "memory", "all processes together held more than the profile's memory; raise memory in the profile" },
		[LIMIT_PROCESSES] = { "processes", "there were more processes and threads than the profile allows; raise processes in "
				      "the profile" },
		[LIMIT_DISK] = { "disk", "the disk of the work tree was nearly full; free some space" },
		[LIMIT_TIME] = { "time", "its time was up; give it a longer limit" },
	};

	if (s->on_refused && limit != LIMIT_NONE)
		s->on_refused(s->refused_arg, &(struct sandbox_refusal){ "limit", limits[limit].what, limits[limit].rule, program, 0,
			      1 });
}

/* ---- the listener's way out ---- */

union carried {
	struct cmsghdr head;
	char room[CMSG_SPACE(sizeof(int))];
};

int refuse_send(int socket, const struct own_report *r, int listener)
{
	union carried c = { .room = { 0 } };
	struct iovec v = { (void *)(uintptr_t)r, sizeof(*r) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	if (listener >= 0) {
		m.msg_control = c.room;
		m.msg_controllen = sizeof(c.room);
		c.head.cmsg_level = SOL_SOCKET;
		c.head.cmsg_type = SCM_RIGHTS;
		c.head.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&c.head), &listener, sizeof(int));
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) == sizeof(*r) ? 0 : -1;
}

ssize_t refuse_receive(int socket, struct own_report *r, int *listener)
{
	union carried c = { .room = { 0 } };
	struct iovec v = { r, sizeof(*r) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof(c.room) };
	ssize_t n;

	*listener = -1;
	do
		n = recvmsg(socket, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n > 0 && CMSG_FIRSTHDR(&m) && c.head.cmsg_type == SCM_RIGHTS)
		memcpy(listener, CMSG_DATA(&c.head), sizeof(int));
	return n;
}
