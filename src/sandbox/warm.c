/*
 * A warm sandbox: namespaces and view stand ready, and a command costs little more than a plain spawn.
 *
 * Three processes of ours serve it. The keeper, a child of the supervisor in new user, mount, network, IPC, UTS and cgroup
 * namespaces, built the view and does nothing but make spares. A spare is the init of the next command: it has a PID
 * namespace, a copy of the mounts and a /proc of its own, has given up its rights, and waits for a request; when one comes
 * it starts the command, nudges the keeper to make the next spare, and becomes its init (init.c) as in a cold sandbox.
 * So all that is slow is done before it is asked for.
 *
 * - A spare is made with CLONE_PARENT: it is the supervisor's child, which waits for it as for any other.
 * - Commands cannot reach the keeper: it is in no PID namespace of theirs, is not dumpable, and holds no socket in their
 *   network namespace. It runs nothing that came from outside; a request goes from the supervisor to a spare.
 * - The keeper began as a copy of the supervisor. It unmaps all but the program, the C library, its thread's block and one
 *   stack; so a clone of it is cheap, however large we are.
 * - It ends when the supervisor closes its ends, or dies; so do spares and inits, each by itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif

enum {
	STACK = 256 << 10, TEXT_MAX = 8 << 20, WAIT_MS = 20000, RANGES = 8,
	/* Descriptors of the keeper and its spares; 0, 1, 2 are /dev/null until a request brings others. */
	AT_CONTROL = 3, AT_LOCK, AT_REQUESTS, AT_LIFE, AT_NUDGED, AT_NUDGE, AT_TREES, AT_END
};

struct slot {                /* shared by supervisor, keeper and spares */
	volatile int pid;    /* of the newest spare, as the supervisor sees it    */
	volatile int taken;  /* it has a request: whoever sent that waits for it  */
};

struct range {
	uintptr_t from, to;
};

struct keeper {              /* all that the keeper knows; in pages of its own */
	struct own o;        /* first */
	struct slot *slot;
	int requests, life, trees;
	struct range keep[RANGES];
	int n_keep;
	size_t size;
	char text[];
};

struct sandbox_session {
	struct arena a;
	struct sandbox s;
	struct own o;        /* as planned: for messages */
	int requests, life;  /* a datagram each is a command; hangs up at the end */
	int trees;           /* asked by a byte for a copy of the tree's mounts */
	int tree;            /* as seen inside; -1: there is no inside */
	pid_t keeper;
	int keeper_fd;
	struct slot *slot;
	char *own;           /* at level 1: HOME and TMPDIR of all its commands */
};

struct request {
	uint32_t bytes, programs, argv, env; /* of the text that follows; strings in it, behind the folder */
};

struct warm {                /* one command */
	struct own o;        /* first */
	struct sandbox_session *w;
};

/* ---- a spare: system calls only ---- */

static bool read_whole(int fd, char *to, size_t n)
{
	while (n) {
		ssize_t r = read(fd, to, n);

		if (r <= 0)
			return false;
		to += r;
		n -= (size_t)r;
	}
	return true;
}

/* n strings of the text, as a vector. */
static const char **vector(char **text, const char ***at, uint32_t n)
{
	const char **v = *at;

	for (uint32_t i = 0; i < n; i++) {
		*(*at)++ = *text;
		*text += strlen(*text) + 1;
	}
	*(*at)++ = NULL;
	return v;
}

union carried {
	struct cmsghdr head;
	char room[CMSG_SPACE(4 * sizeof(int))];
};

/* Puts the command's descriptors in place. Never returns when the sandbox is closed. */
static void take_request(struct request *q)
{
	union carried c;
	struct iovec v = { q, sizeof(*q) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof(c.room) };
	int fds[4];
	ssize_t n;

	while ((n = recvmsg(AT_REQUESTS, &m, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR)
		;
	if (n != sizeof(*q) || !CMSG_FIRSTHDR(&m) || c.head.cmsg_len != CMSG_LEN(sizeof(fds)))
		_exit(125);
	memcpy(fds, CMSG_DATA(&c.head), sizeof(fds));
	for (int i = 0; i < 4; i++)
		if (dup3(fds[i], i, i == AT_CONTROL ? O_CLOEXEC : 0) < 0)
			_exit(125);
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	close(AT_REQUESTS);
}

static bool read_command(struct own *o, const struct request *q)
{
	const size_t pointers = ((size_t)q->programs + q->argv + q->env + 3) * sizeof(char *);
	char *text;
	const char **at;

	at = mmap(NULL, pointers + q->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return false;
	text = (char *)at + pointers;
	if (!read_whole(AT_CONTROL, text, q->bytes))
		return false;
	o->dir = text;
	text += strlen(text) + 1;
	o->programs = vector(&text, &at, q->programs);
	o->argv = vector(&text, &at, q->argv);
	o->env = vector(&text, &at, q->env);
	return true;
}

_Noreturn static void spare(struct keeper *k)
{
	struct own *o = &k->o;
	struct own_report started = { .kind = REPORT_STARTED, .pid = k->slot->pid };
	struct own_fail f = { .step = STEP_PROC };
	struct request q = { 0 };
	int listener = -1, bad;
	pid_t pid = -1;

	o->pid = started.pid;
	setsid();
	close(AT_TREES);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	bad = view_proc(&o->view) < 0 || lock_down(&o->view, o->filter, &listener, &f) < 0 ? errno : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* again: a change of rights clears it */
	take_request(&q);
	k->slot->taken = 1;
	if (!read_command(o, &q))
		f = (struct own_fail){ .step = STEP_INIT, .number = errno };
	else if (bad)
		f.number = bad;
	else
		pid = own_launch(o, &f);
	(void)!write(AT_NUDGE, "", 1);
	if (pid < 0)
		own_give_up(o, f);
	close(AT_NUDGE);
	close(AT_NUDGED);
	if (refuse_send(AT_CONTROL, &started, listener) < 0)
		_exit(125);
	fs_close(&listener);
	init_run(&(struct init_watch){ AT_CONTROL, AT_LIFE, pid, o->memory, o->processes, o->s->tree, o->tree_max });
}

/* ---- the keeper: system calls only ---- */

static void lend(const struct keeper *k)
{
	struct own_report r = { .kind = REPORT_STARTED };
	char asked;
	int tree;

	if (read(AT_TREES, &asked, 1) != 1)
		_exit(0);
	tree = open_tree(AT_FDCWD, k->o.s->tree, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (tree < 0)
		r = (struct own_report){ .kind = REPORT_FAILED, .fail = { STEP_SHOW, 0, errno } };
	if (refuse_send(AT_TREES, &r, tree) < 0)
		_exit(125);
	fs_close(&tree);
}

_Noreturn static void keep_ready(struct keeper *k)
{
	struct pollfd set[3] = { { AT_REQUESTS, 0, 0 }, { AT_NUDGED, POLLIN, 0 }, { AT_TREES, POLLIN, 0 } };
	struct clone_args c = {
		.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_PARENT | CLONE_PARENT_SETTID,
		.parent_tid = (uint64_t)(uintptr_t)&k->slot->pid,
	};
	char nudge;

	for (;;) {
		long pid;

		k->slot->pid = 0; /* first: the last one is another's to wait for */
		k->slot->taken = 0;
		pid = syscall(SYS_clone3, &c, sizeof(c));
		if (pid == 0)
			spare(k);
		do {
			if (poll(set, 3, pid < 0 ? 20 : -1) < 0 && errno != EINTR)
				_exit(125);
			if (set[0].revents) /* the supervisor is gone, or has closed us */
				_exit(0);
			if (set[2].revents)
				lend(k);
		} while (pid >= 0 && !(set[1].revents & POLLIN));
		if (pid >= 0 && read(AT_NUDGED, &nudge, 1) != 1)
			_exit(125);
	}
}

static struct keeper *the_keeper;

#ifndef WITH_SANITIZER
/* All but what k keeps, from below the program to above the stack. */
static void forget(const struct keeper *k)
{
	uintptr_t from = 0x10000;

	for (int i = 0; i < k->n_keep; i++) {
		if (k->keep[i].from > from)
			syscall(SYS_munmap, from, k->keep[i].from - from);
		from = k->keep[i].to > from ? k->keep[i].to : from;
	}
	for (int bits = 52; bits >= 36; bits--) /* as much as this machine has addresses for */
		if (syscall(SYS_munmap, from, (1ul << bits) - 4096 - from) == 0)
			break;
}

static void trampoline(void)
{
	forget(the_keeper);
	keep_ready(the_keeper);
}
#endif

/* From wherever they are to their places, by way of numbers that are nobody's place. */
static int place_descriptors(const struct keeper *k)
{
	int fds[AT_END] = { -1, -1, -1, k->o.ends[1], k->o.view.layer_lock, k->requests, k->life, -1, -1, k->trees };
	int nudge[2];

	if (pipe2(nudge, O_CLOEXEC) < 0)
		return -1;
	fds[AT_NUDGED] = nudge[0];
	fds[AT_NUDGE] = nudge[1];
	for (int i = 0; i < AT_END; i++) {
		if (i < AT_CONTROL)
			fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (i != AT_LOCK && fds[i] < 0)
			return -1;
		if (fds[i] >= 0 && (fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 32)) < 0)
			return -1;
	}
	for (int i = 0; i < AT_END; i++)
		if (fds[i] >= 0 ? dup3(fds[i], i, O_CLOEXEC) < 0 : (close(i), false))
			return -1;
	return close_range(AT_END, ~0u, 0);
}

static void keeper_run(struct own *from)
{
	struct keeper *k = (struct keeper *)from;
	struct own_report ready = { .kind = REPORT_STARTED };
	struct own_fail f = { 0 };
	int tree;
#ifndef WITH_SANITIZER
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
#endif

	if (own_enter(from, &f) < 0)
		own_give_up(from, f);
	f = (struct own_fail){ .step = STEP_INIT };
	init_wipe_words();
	if (place_descriptors(k) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		own_give_up(from, f);
	k->o.ends[1] = AT_CONTROL;
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* again: a change of rights clears it */
	tree = open(k->o.s->tree, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (tree < 0)
		own_give_up(from, f);
	if (refuse_send(AT_CONTROL, &ready, tree) < 0 || close(tree) < 0)
		_exit(125);
	if (dup3(0, AT_CONTROL, O_CLOEXEC) < 0) /* nothing that arrives may be given this number */
		_exit(125);
	the_keeper = k;
#ifndef WITH_SANITIZER
	if (stack != MAP_FAILED) {
		struct range r = { (uintptr_t)stack, (uintptr_t)stack + STACK };
		int i = k->n_keep++;

		for (; i > 0 && k->keep[i - 1].from > r.from; i--)
			k->keep[i] = k->keep[i - 1];
		k->keep[i] = r;
		init_on_stack(stack, STACK, trampoline);
	}
	_exit(125);
#else
	keep_ready(k); /* its shadow must stay, and so must all the rest */
#endif
}

/* ---- the supervisor ---- */

static int by_address(const void *x, const void *y)
{
	uintptr_t a = ((const struct range *)x)->from, b = ((const struct range *)y)->from;

	return a < b ? -1 : a > b;
}

static void keep(struct keeper *k, uintptr_t from, uintptr_t to)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	if (k->n_keep < RANGES - 1) /* one more for the stack */
		k->keep[k->n_keep++] = (struct range){ from & ~(page - 1), (to + page - 1) & ~(page - 1) };
}

struct objects {
	struct keeper *k;
	size_t tls;
};

/* The program, which has no name here, the C library and the loader, which holds data of it. */
static int keep_object(struct dl_phdr_info *i, size_t size, void *arg)
{
	struct objects *o = arg;
	uintptr_t from = UINTPTR_MAX, to = 0;
	const char *name = strrchr(i->dlpi_name, '/') ? strrchr(i->dlpi_name, '/') + 1 : i->dlpi_name;

	(void)size;
	for (int n = 0; n < i->dlpi_phnum; n++) {
		const ElfW(Phdr) *p = &i->dlpi_phdr[n];

		if (p->p_type == PT_TLS)
			o->tls += p->p_memsz + p->p_align;
		if (p->p_type != PT_LOAD)
			continue;
		from = i->dlpi_addr + p->p_vaddr < from ? i->dlpi_addr + p->p_vaddr : from;
		to = i->dlpi_addr + p->p_vaddr + p->p_memsz > to ? i->dlpi_addr + p->p_vaddr + p->p_memsz : to;
	}
	if (to && (!*name || !strncmp(name, "libc.so", 7) || !strncmp(name, "ld-linux", 8)))
		keep(o->k, from, to);
	return 0;
}

/* Copies what the keeper needs after it has forgotten the heap. */
static const char *hold(char **at, const char *text)
{
	char *to = *at;

	memcpy(to, text, strlen(text) + 1);
	*at += strlen(text) + 1;
	return to;
}

static struct keeper *keeper_make(const struct own *o, struct slot *slot, int requests, int life, int trees)
{
	static struct sandbox none; /* for its tree alone */
	size_t size = sizeof(struct keeper) + sizeof(none) + strlen(o->s->tree) + 1 + 16, n = 1;
	struct objects objects = { 0 };
	struct sandbox *s;
	struct keeper *k;
	const char **writable;
	char *at;

	for (; o->view.writable[n - 1]; n++)
		size += strlen(o->view.writable[n - 1]) + 1;
	size += n * sizeof(char *);
	k = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (k == MAP_FAILED)
		return NULL;
	k->o = *o;
	k->slot = slot;
	k->requests = requests;
	k->life = life;
	k->trees = trees;
	k->size = size;
	k->o.view.is_shared = true;
	writable = (const char **)(uintptr_t)(((uintptr_t)k->text + 7) & ~(uintptr_t)7);
	s = (struct sandbox *)(writable + n);
	at = (char *)(s + 1);
	for (size_t i = 0; i + 1 < n; i++)
		writable[i] = hold(&at, o->view.writable[i]);
	s->tree = hold(&at, o->s->tree);
	k->o.view.writable = writable;
	k->o.s = s;
	objects.k = k;
	dl_iterate_phdr(keep_object, &objects);
	keep(k, (uintptr_t)__builtin_thread_pointer() - objects.tls - 8192, (uintptr_t)__builtin_thread_pointer() + 8192
#ifdef __aarch64__
	     + objects.tls
#endif
	     );
	keep(k, (uintptr_t)k, (uintptr_t)k + size);
	keep(k, (uintptr_t)slot, (uintptr_t)(slot + 1));
	qsort(k->keep, (size_t)k->n_keep, sizeof(*k->keep), by_address);
	return k;
}

static int ended(struct err *e)
{
	return err_set(e, ERR_DENIED, "sandbox: the warm sandbox has ended, perhaps for want of memory; close it and open another");
}

static int no_memory(struct err *e)
{
	return err_sys(e, "sandbox: memory for a warm sandbox");
}

static void session_drop(struct sandbox_session *w)
{
	fs_close(&w->requests);
	fs_close(&w->life);
	fs_close(&w->trees);
	fs_close(&w->keeper_fd);
	fs_close(&w->tree);
	if (w->slot)
		munmap(w->slot, sizeof(*w->slot));
	if (w->own)
		fs_remove_tree(w->own, NULL);
	arena_drop(&w->a);
	free(w);
}

static int keeper_start(struct sandbox_session *w, int requests, int life, int trees, struct err *e)
{
	struct keeper *k = keeper_make(&w->o, w->slot, requests, life, trees);
	int r;

	if (!k)
		return no_memory(e);
	k->o.wants_cgroup = true;
	r = own_open(&k->o, 0, keeper_run, &w->keeper, e);
	fs_close(&k->o.ends[0]);
	w->o.cgroup = k->o.cgroup;
	w->o.apart = k->o.apart;
	w->tree = k->o.tree;
	munmap(k, k->size);
	if (r < 0)
		return -1;
	w->keeper_fd = (int)syscall(SYS_pidfd_open, w->keeper, 0);
	return w->keeper_fd < 0 ? err_sys(e, "sandbox: its keeper") : 0;
}

const char *warm_source(const struct sandbox_session *w)
{
	return w->s.tree_source;
}

const char *warm_own(const struct sandbox_session *w)
{
	return w->own;
}

/* Nothing stands ready: a private folder, and the copy of the tree, when there is one, held for us. */
static int open_level1(struct sandbox_session *w, struct err *e)
{
	if (w->s.tree_source) {
		w->s.tree_source = arena_strdup(&w->a, w->s.tree_source);
		w->tree = open(w->s.tree_source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (w->tree < 0)
			return err_sys(e, "sandbox: the copy %s", w->s.tree_source);
		if (flock(w->tree, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
			return err_set(e, ERR_BUSY, "sandbox: the copy %s is in use by another sandbox; let that end first",
				       w->s.tree_source);
	}
	w->own = level1_own_make(&w->a, w->s.tree ? w->s.tree : "/", e);
	return w->own ? 0 : -1;
}

int warm_open(const struct sandbox *s, int level, struct sandbox_session **out, struct err *e)
{
	struct sandbox_session *w = mem_alloc(sizeof(*w));
	int requests[2] = { -1, -1 }, life[2] = { -1, -1 }, trees[2] = { -1, -1 }, r = 0;

	*w = (struct sandbox_session){ .o.cgroup = { .doors = { -1, -1 }, .into = -1 }, .s = *s, .requests = -1, .life = -1, .trees = -1,
				       .keeper_fd = -1, .tree = -1 };
	if (s->backend != SANDBOX_OWN) { /* nothing to keep ready */
		*out = w;
		return 0;
	}
	if (s->tree)
		w->s.tree = arena_printf(&w->a, "%s", s->tree);
	if (level == 1) {
		r = open_level1(w, e);
		if (r < 0)
			session_drop(w);
		else
			*out = w;
		return r;
	}
	w->slot = mmap(NULL, sizeof(*w->slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->slot == MAP_FAILED) {
		w->slot = NULL;
		r = no_memory(e);
	}
	if (r == 0)
		r = own_prepare(&w->o, &w->a, &w->s, NULL, e);
	if (r == 0 && (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, requests) < 0 || pipe2(life, O_CLOEXEC) < 0 ||
		       socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, trees) < 0))
		r = err_sys(e, "sandbox: socket");
	w->requests = requests[0];
	w->life = life[1];
	w->trees = trees[0];
	if (r == 0)
		r = keeper_start(w, requests[1], life[0], trees[1], e);
	fs_close(&requests[1]);
	fs_close(&trees[1]);
	fs_close(&life[0]);
	if (r < 0)
		warm_close(w);
	else
		*out = w;
	return r;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void warm_close(struct sandbox_session *w)
{
	fs_close(&w->requests);
	fs_close(&w->life);
	if (w->keeper > 0)
		end_child(w->keeper);
	/* Nobody else waits for a spare that was never asked. */
	if (w->slot && w->slot->pid > 0 && !w->slot->taken)
		end_child(w->slot->pid);
	cgroup_drop(&w->o.cgroup);
	session_drop(w);
}

int warm_tree(const struct sandbox_session *w, unsigned *owner)
{
	*owner = w->o.apart ? SANDBOX_OUTSIDE : geteuid();
	return w->tree;
}

bool warm_is_apart(const struct sandbox_session *w)
{
	return w->o.apart;
}

int warm_lend(struct sandbox_session *w, struct view *v, bool apart, struct err *e)
{
	struct pollfd set[2] = { { w->trees, POLLIN, 0 }, { w->keeper_fd, POLLIN, 0 } };
	struct own_report r = { 0 };
	int tree = -1, n;

	if (w->s.backend != SANDBOX_OWN || w->o.apart != apart)
		return err_set(e, ERR_USAGE, "sandbox: the tree of a sandbox of another kind cannot be shown");
	if (send(w->trees, "", 1, MSG_NOSIGNAL) != 1)
		return ended(e);
	while ((n = poll(set, 2, WAIT_MS)) < 0 && errno == EINTR)
		;
	if (n <= 0 || !set[0].revents || refuse_receive(w->trees, &r, &tree) != sizeof(r))
		return ended(e);
	errno = r.fail.number;
	if (tree < 0)
		return err_sys(e, "sandbox: the tree of another sandbox");
	for (int i = 0; i < v->n_shows; i++)
		if (v->shows[i].flags & SHOW_LENT)
			v->shows[i].fd = take_fd(&tree);
	fs_close(&tree);
	return 0;
}

/* ---- a command ---- */

static void add_word(struct buf *text, const char *word)
{
	buf_add(text, word, strlen(word) + 1);
}

static uint32_t add_words(struct buf *text, const char *const *words)
{
	uint32_t n = 0;

	for (; words[n]; n++)
		add_word(text, words[n]);
	return n;
}

static int send_request(int requests, const struct request *q, const int fds[4])
{
	union carried c = { .room = { 0 } };
	struct iovec v = { (void *)(uintptr_t)q, sizeof(*q) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c.room, .msg_controllen = sizeof(c.room) };
	ssize_t n;

	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(4 * sizeof(int));
	memcpy(CMSG_DATA(&c.head), fds, 4 * sizeof(int));
	while ((n = sendmsg(requests, &m, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return n == sizeof(*q) ? 0 : -1;
}

static void send_text(int to, struct bytes text)
{
	while (text.n) {
		ssize_t n = send(to, text.p, text.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* its report, or the lack of one, says why */
		text.p += n;
		text.n -= (size_t)n;
	}
}

/* The command runs, or why not. */
static int hear(struct warm *c, pid_t *pid, struct err *e)
{
	struct own *o = &c->o;
	struct pollfd set[2] = { { o->ends[0], POLLIN, 0 }, { c->w->keeper_fd, POLLIN, 0 } };
	struct own_report r = { 0 };
	int listener = -1, n;

	while ((n = poll(set, 2, WAIT_MS)) < 0 && errno == EINTR)
		;
	if (n == 0)
		return err_set(e, ERR_TIMEOUT, "sandbox: the warm sandbox did not start %s within %d s; is the machine overloaded?",
			       o->argv[0], WAIT_MS / 1000);
	if (!set[0].revents || refuse_receive(o->ends[0], &r, &listener) != sizeof(r))
		return ended(e);
	if (r.kind == REPORT_STARTED) {
		*pid = r.pid;
		if (o->filter != FILTER_PLAIN && listener >= 0)
			o->refuse = refuse_watch(listener, o->filter, NULL, NULL);
		else
			fs_close(&listener);
		return 0;
	}
	if (r.pid > 0)
		while (waitpid(r.pid, NULL, 0) < 0 && errno == EINTR)
			;
	return own_explain(o, &r.fail, e);
}

static int warm_begin(struct proc_starter *by, const char *const *argv, const char *const *env, const char *dir,
		      const int fds[3], pid_t *pid, struct err *e)
{
	struct warm *c = (struct warm *)by;
	struct own *o = &c->o;
	auto_buf text = buf_max(TEXT_MAX);
	auto_fd null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct request q;
	int sent[4], r;

	(void)env;
	o->argv = argv;
	o->dir = dir ? dir : c->w->s.tree;
	memcpy(o->fds, fds, sizeof(o->fds));
	own_hand_over(o);
	add_word(&text, o->dir);
	q.programs = add_words(&text, own_programs(o->a, argv[0], o->env));
	q.argv = add_words(&text, argv);
	q.env = add_words(&text, o->env);
	q.bytes = (uint32_t)text.n;
	if (buf_check(&text, "the command with its environment", e) < 0)
		return -1;
	if (null < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, o->ends) < 0)
		return err_sys(e, "sandbox: socket");
	for (int i = 0; i < 3; i++)
		sent[i] = fds[i] >= 0 ? fds[i] : null;
	sent[3] = o->ends[1];
	r = send_request(c->w->requests, &q, sent);
	fs_close(&o->ends[1]);
	if (r < 0) {
		r = ended(e);
	} else {
		send_text(o->ends[0], buf_bytes(&text));
		r = hear(c, pid, e);
	}
	if (r < 0)
		fs_close(&o->ends[0]);
	return r;
}

static int prepare(struct warm *c, struct arena *a, const struct sandbox *s, const char *dir, struct err *e)
{
	struct sandbox_session *w = s->session;

	if (!s->tree || strcmp(s->tree, w->s.tree))
		return err_set(e, ERR_USAGE, "sandbox: the warm sandbox was opened for %s, not %s", w->s.tree, s->tree ? s->tree : "none");
	if (dir && !path_is_beneath(dir, s->tree))
		return err_set(e, ERR_USAGE, "sandbox: the folder %s does not stand beneath the work tree %s", dir, s->tree);
	*c = (struct warm){ .o = w->o, .w = w };
	if (s->level)
		*s->level = w->o.cgroup.n ? 3 : 2;
	c->o.by = (struct proc_starter){ warm_begin };
	c->o.a = a;
	c->o.s = s;
	c->o.ends[0] = c->o.ends[1] = -1;
	c->o.env = sandbox_env(a, s);
	return 0;
}

int warm_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e)
{
	auto_arena scratch = { 0 };
	struct warm c;

	if (prepare(&c, &scratch, s, p->dir, e) < 0)
		return -1;
	return own_run_by(&c.o, a, s, p, out, e);
}

int warm_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
	       struct proc_child *out, struct err *e)
{
	auto_arena scratch = { 0 };
	struct warm c;

	if (prepare(&c, &scratch, s, dir, e) < 0)
		return -1;
	c.o.filter = FILTER_PLAIN; /* nobody would be there to tell: what is refused answers ENOSYS then */
	return own_start_by(&c.o, argv, dir, flags, log_fd, out, e);
}
