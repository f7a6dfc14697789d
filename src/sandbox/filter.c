/*
 * The system calls that code in the sandbox may make: an allow-list. Everything that is not on it, and every call
 * newer than this list, answers ENOSYS, so that libraries fall back as on an older kernel; what is refused on purpose
 * answers EPERM.
 *
 * libseccomp names the calls, but we write the program ourselves: compiling one with libseccomp took 1.5 ms (7 ms
 * the first time), half of what starting a sandbox may cost; this takes a twentieth of a millisecond.
 * Numbers are looked up by bisection; those allowed whatever their arguments never reach it again, since the kernel
 * keeps a bitmap of them.
 *
 * Arguments are looked at where a call is harmless in one shape and not in another: clone and unshare (no new
 * namespaces), socket (no packet, vsock, netlink beyond routing, or exotic protocols), ioctl (no typing into a terminal),
 * and whatever can leave a set-user-id file in the work tree, which the machine outside would honour.
 * fcntl: no lease, which would make who opens the file outside wait; semget: no thousands of semaphores at one call;
 * seccomp: no listener. One who listens may let a call go on that was handed over, and could take that place from us when
 * our own listener is gone.
 * Not on the list though harmless to others: memfd_create, whose memory no watch can count; openat2 and clone3, whose
 * arguments a filter cannot read; io_setup, since all users of the machine share one number of asynchronous requests.
 *
 * There are three programs. The plain one answers by itself. The one that tells hands what it refuses to a listener of
 * ours (refuse.c), who names it and gives the plain program's answer: filter_answer runs that program, so the two cannot
 * differ. Level 1's (level1.c) hands over the calls, too, that namespaces would have made harmless.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/stat.h>

#ifdef __aarch64__
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#define OUR_ARCH AUDIT_ARCH_X86_64
#endif

enum verdict {
	UNKNOWN, ALLOW,
	REFUSE, ABSENT, QUIET, /* EPERM, told; ENOSYS, told; EPERM, told nobody */
	UNSUPPORTED,           /* EOPNOTSUPP, told nobody */
	CLONE, UNSHARE, SOCKET, SOCKETPAIR, IOCTL, PERSONA, /* look at arguments */
	MODE1, MODE2,                                       /* a mode in argument 1, 2      */
	OPEN, OPENAT,                                       /* flags and mode in 1, 2; 2, 3 */
	HAND,                                               /* level 1: let the listener do it or decide */
	WHOM0,                                              /* level 1: whom it is about in 0; 0 is oneself */
	FLAGS2, FLAGS3,                                     /* level 1: MSG_FASTOPEN in 2, 3 */
	FCNTL, SEMGET, SECCOMP,                             /* commands; how many; flags */
	OTHERS,                                             /* a process in 0 that is not the sandbox's init */
	PRIORITY, IOPRIORITY,                               /* nor it in 1, nor all of a user                */
	PRLIMIT,                                            /* level 1 */
	VERDICTS
};

static const char allowed[] =
	"read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask "
	"rt_sigreturn pread64 pwrite64 readv writev access pipe select sched_yield mremap msync mincore madvise shmget "
	"shmat shmctl dup dup2 pause nanosleep getitimer alarm setitimer getpid sendfile connect accept sendto recvfrom "
	"sendmsg recvmsg shutdown bind listen getsockname getpeername setsockopt getsockopt fork vfork execve exit wait4 "
	"kill uname semop semctl shmdt msgget msgsnd msgrcv msgctl flock fsync fdatasync truncate ftruncate "
	"getdents getcwd chdir fchdir rename mkdir rmdir link unlink symlink readlink chown fchown lchown umask "
	"gettimeofday getrlimit getrusage sysinfo times ptrace getuid getgid setuid setgid geteuid getegid setpgid getppid "
	"getpgrp setsid setreuid setregid getgroups setgroups setresuid getresuid setresgid getresgid getpgid setfsuid "
	"setfsgid getsid capget capset rt_sigpending rt_sigtimedwait rt_sigqueueinfo rt_sigsuspend sigaltstack utime "
	"ustat statfs fstatfs getpriority setpriority sched_setparam sched_getparam sched_setscheduler sched_getscheduler "
	"sched_get_priority_max sched_get_priority_min sched_rr_get_interval mlock munlock mlockall munlockall prctl "
	"arch_prctl setrlimit sync gettid readahead setxattr lsetxattr fsetxattr getxattr lgetxattr fgetxattr listxattr "
	"llistxattr flistxattr removexattr lremovexattr fremovexattr tkill time futex sched_setaffinity sched_getaffinity "
	"set_thread_area get_thread_area epoll_create epoll_ctl_old "
	"epoll_wait_old remap_file_pages getdents64 set_tid_address restart_syscall semtimedop fadvise64 timer_create "
	"timer_settime timer_gettime timer_getoverrun timer_delete clock_gettime clock_getres clock_nanosleep exit_group "
	"epoll_wait epoll_ctl tgkill utimes mbind set_mempolicy get_mempolicy mq_open mq_unlink mq_timedsend "
	"mq_timedreceive mq_notify mq_getsetattr waitid ioprio_set ioprio_get inotify_init inotify_add_watch "
	"inotify_rm_watch mkdirat fchownat futimesat newfstatat unlinkat renameat linkat symlinkat readlinkat faccessat "
	"pselect6 ppoll set_robust_list get_robust_list splice tee sync_file_range vmsplice utimensat epoll_pwait signalfd "
	"timerfd_create eventfd fallocate timerfd_settime timerfd_gettime accept4 signalfd4 eventfd2 epoll_create1 dup3 "
	"pipe2 inotify_init1 preadv pwritev rt_tgsigqueueinfo recvmmsg prlimit64 syncfs sendmmsg getcpu process_vm_readv "
	"process_vm_writev sched_setattr sched_getattr renameat2 getrandom execveat membarrier "
	"mlock2 copy_file_range preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free statx rseq pidfd_send_signal "
	"pidfd_open close_range faccessat2 process_madvise epoll_pwait2 landlock_create_ruleset landlock_add_rule "
	"landlock_restrict_self process_mrelease futex_waitv set_mempolicy_home_node ";

/* Named, so that a program is told "no" rather than "what?". */
static const char refused[] =
	"mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr setns swapon "
	"swapoff reboot sethostname setdomainname iopl ioperm init_module finit_module delete_module kexec_load "
	"kexec_file_load bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key "
	"request_key open_by_handle_at fanotify_init fanotify_mark acct quotactl quotactl_fd syslog "
	"settimeofday clock_settime pidfd_getfd modify_ldt vm86 vm86old uselib nfsservctl ";

/* Refused as well, but libraries ask for these by habit: nobody is told. */
static const char quiet[] =
	"name_to_handle_at adjtimex clock_adjtime vhangup lookup_dcookie kcmp migrate_pages move_pages ";

/* As if the kernel were older; told. */
static const char absent[] = "memfd_create memfd_secret ";

/* At level 1 there is one table of processes, one network and one System V memory with all of the machine. What changes
 * names is done by us, since Landlock cannot except a name beneath a folder that may be written (level1_paths.c), and so
 * is what it does not see at all (modes, owners, times); extended attributes are refused. */
static const char level1_handed[] =
	"connect bind listen kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo setpriority ioprio_set "
	"mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat truncate utime utimes "
	"futimesat utimensat inotify_add_watch chown fchown lchown fchownat ";
static const char level1_unsupported[] = "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr ";
static const char level1_unknown[] =
	"shmget shmat shmctl shmdt semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink "
	"pidfd_send_signal process_mrelease io_setup ";

static const struct {
	const char *name;
	enum verdict v;
} looked_at[] = {
	{ "clone", CLONE },        { "unshare", UNSHARE },   { "socket", SOCKET },    { "socketpair", SOCKETPAIR },
	{ "ioctl", IOCTL },        { "personality", PERSONA }, { "chmod", MODE1 },    { "fchmod", MODE1 },
	{ "fchmodat", MODE2 },     { "creat", MODE1 },       { "mknod", MODE1 },      { "mknodat", MODE2 },
	{ "open", OPEN },          { "openat", OPENAT },     { "fcntl", FCNTL },      { "semget", SEMGET },
	{ "seccomp", SECCOMP },
	{ "prlimit64", OTHERS },   { "sched_setaffinity", OTHERS }, { "sched_setparam", OTHERS },
	{ "sched_setscheduler", OTHERS }, { "sched_setattr", OTHERS }, { "setpriority", PRIORITY }, { "ioprio_set", IOPRIORITY },
};

static const struct {
	const char *name;
	enum verdict v;
} level1_looked_at[] = {
	{ "sendto", FLAGS3 }, { "sendmsg", FLAGS2 }, { "sendmmsg", FLAGS3 }, { "prlimit64", PRLIMIT },
	{ "sched_setaffinity", WHOM0 }, { "sched_setparam", WHOM0 }, { "sched_setscheduler", WHOM0 }, { "sched_setattr", WHOM0 },
};

const char *filter_allowed(void)
{
	return allowed;
}

const char *filter_refused(void)
{
	return refused;
}

enum { CALLS = 512, PROGRAM = FILTER_MAX, SEMAPHORES = 256 };

struct assembly {
	enum filter_kind kind;
	uint32_t arch;               /* as the kernel names it     */
	uint32_t names;              /* as libseccomp names it     */
	struct sock_filter *code;
	unsigned short n;
	unsigned short jumps[CALLS]; /* places of leaves that jump to a block */
	unsigned char wants[CALLS];
	int n_jumps;
};

static void emit(struct assembly *s, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	s->code[s->n++] = (struct sock_filter){ code, jt, jf, k };
}

static void answer(struct assembly *s, uint32_t with)
{
	emit(s, BPF_RET | BPF_K, with, 0, 0);
}

#define ANSWER(errno_) (SECCOMP_RET_ERRNO | (errno_))

/* Refused: by the answer itself, or through who listens and then gives that answer. */
static uint32_t no(const struct assembly *s, uint32_t number)
{
	return s->kind == FILTER_PLAIN || s->kind == FILTER_LEVEL1_PLAIN ? ANSWER(number) : SECCOMP_RET_USER_NOTIF;
}

static bool is_level1(const struct assembly *s)
{
	return s->kind == FILTER_LEVEL1 || s->kind == FILTER_LEVEL1_PLAIN;
}

/* What we do ourselves or look at: the plain program lets it pass, so that its answer tells what is refused already. */
static uint32_t hand(const struct assembly *s)
{
	return s->kind == FILTER_LEVEL1 ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
}

/* Low half of argument n; the kernel ignores the high one in every call that is looked at. */
static void load(struct assembly *s, unsigned n)
{
	emit(s, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * n), 0, 0);
}

static void refuse_bits(struct assembly *s, uint32_t bits, uint32_t others)
{
	emit(s, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
	answer(s, no(s, EPERM));
	answer(s, others);
}

static void answer_if(struct assembly *s, uint32_t equals, uint32_t with)
{
	emit(s, BPF_JMP | BPF_JEQ | BPF_K, equals, 0, 1);
	answer(s, with);
}

static void block_socket(struct assembly *s)
{
	static const unsigned char protocols[] = { 0, 1, 6, 17, 58 }; /* any, ICMP, TCP, UDP, ICMPv6 */

	if (is_level1(s)) { /* a datagram carries its address, where no filter can read it: streams only */
		load(s, 1);
		emit(s, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
		emit(s, BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 4, 0);
		emit(s, BPF_JMP | BPF_JEQ | BPF_K, SOCK_SEQPACKET, 3, 0);
		load(s, 0);
		emit(s, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0);
		answer(s, no(s, EPROTONOSUPPORT));
	}
	load(s, 0);
	answer_if(s, AF_UNIX, SECCOMP_RET_ALLOW);
	emit(s, BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3); /* routing only: getifaddrs needs it */
	load(s, 2);
	answer_if(s, 0, SECCOMP_RET_ALLOW); /* with the answer below: 3 instructions */
	load(s, 0);
	emit(s, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
	emit(s, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
	answer(s, no(s, EAFNOSUPPORT));
	load(s, 2);
	for (size_t i = 0; i < sizeof(protocols); i++)
		answer_if(s, protocols[i], SECCOMP_RET_ALLOW);
	answer(s, no(s, EPROTONOSUPPORT));
}

static void block(struct assembly *s, enum verdict v)
{
	const uint32_t spaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |
				CLONE_NEWCGROUP;
	const unsigned flags = v == OPEN ? 1 : 2;

	switch (v) {
	case CLONE: /* its lowest byte is a signal */
		load(s, 0);
		refuse_bits(s, spaces, SECCOMP_RET_ALLOW);
		break;
	case UNSHARE:
		load(s, 0);
		refuse_bits(s, spaces | 0x80 /* CLONE_NEWTIME */, SECCOMP_RET_ALLOW);
		break;
	case SOCKET:
		block_socket(s);
		break;
	case SOCKETPAIR:
		if (is_level1(s)) {
			load(s, 1);
			emit(s, BPF_ALU | BPF_AND | BPF_K, 0xf, 0, 0);
			answer_if(s, SOCK_DGRAM, no(s, EPROTONOSUPPORT));
		}
		load(s, 0);
		answer_if(s, AF_UNIX, SECCOMP_RET_ALLOW);
		answer(s, no(s, EAFNOSUPPORT));
		break;
	case IOCTL:
		load(s, 1);
		answer_if(s, 0x5412 /* TIOCSTI */, no(s, EPERM));
		answer_if(s, 0x541C /* TIOCLINUX */, no(s, EPERM));
		answer_if(s, 0x5423 /* TIOCSETD */, no(s, EPERM));
		answer_if(s, 0x541D /* TIOCCONS */, no(s, EPERM));
		if (is_level1(s)) { /* who gets a signal when something can be read */
			answer_if(s, 0x8901 /* FIOSETOWN */, no(s, EPERM));
			answer_if(s, 0x8902 /* SIOCSPGRP */, no(s, EPERM));
			/* What changes a file that is open for reading only */
			answer_if(s, 0x40086602 /* FS_IOC_SETFLAGS */, ANSWER(EOPNOTSUPP));
			answer_if(s, 0x401c5820 /* FS_IOC_FSSETXATTR */, ANSWER(EOPNOTSUPP));
			answer_if(s, 0x40806685 /* FS_IOC_ENABLE_VERITY */, no(s, EPERM));
			answer_if(s, 0x800c6613 /* FS_IOC_SET_ENCRYPTION_POLICY */, no(s, EPERM));
		}
		answer(s, SECCOMP_RET_ALLOW);
		break;
	case PERSONA: /* ask, plain Linux, and what debuggers set */
		load(s, 0);
		answer_if(s, 0xffffffff, SECCOMP_RET_ALLOW);
		answer_if(s, 0, SECCOMP_RET_ALLOW);
		answer_if(s, ADDR_NO_RANDOMIZE, SECCOMP_RET_ALLOW);
		answer(s, no(s, EPERM));
		break;
	case MODE1:
	case MODE2:
		load(s, v == MODE1 ? 1 : 2);
		refuse_bits(s, S_ISUID | S_ISGID, hand(s));
		break;
	case OPEN:
	case OPENAT: /* the mode is rubbish unless something may be created: O_CREAT, __O_TMPFILE */
		load(s, flags);
		emit(s, BPF_JMP | BPF_JSET | BPF_K, 0100 | 020000000, is_level1(s) ? 3 : 1, 0);
		if (is_level1(s)) { /* what could write */
			emit(s, BPF_JMP | BPF_JSET | BPF_K, O_ACCMODE | O_TRUNC, 0, 1);
			answer(s, hand(s));
		}
		answer(s, SECCOMP_RET_ALLOW);
		load(s, flags + 1);
		refuse_bits(s, S_ISUID | S_ISGID, hand(s));
		break;
	case FLAGS2:
	case FLAGS3: /* the other way to connect */
		load(s, v == FLAGS2 ? 2 : 3);
		refuse_bits(s, MSG_FASTOPEN, SECCOMP_RET_ALLOW);
		break;
	case FCNTL:
		load(s, 1);
		answer_if(s, F_SETLEASE, no(s, EPERM));
		if (is_level1(s)) {
			answer_if(s, F_SETOWN, no(s, EPERM));
			answer_if(s, F_SETOWN_EX, no(s, EPERM));
			answer_if(s, F_SETSIG, no(s, EPERM));
		}
		answer(s, SECCOMP_RET_ALLOW);
		break;
	case SEMGET:
		load(s, 1);
		emit(s, BPF_JMP | BPF_JGT | BPF_K, SEMAPHORES, 0, 1);
		answer(s, no(s, EINVAL));
		answer(s, SECCOMP_RET_ALLOW);
		break;
	case SECCOMP: /* "somebody listens already" */
		load(s, 1);
		emit(s, BPF_JMP | BPF_JSET | BPF_K, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0, 1);
		answer(s, ANSWER(EBUSY));
		answer(s, SECCOMP_RET_ALLOW);
		break;
	case OTHERS: /* init watches the limits: it must not be starved, nor lose its descriptors */
		load(s, 0);
		answer_if(s, 1, no(s, EPERM));
		answer(s, SECCOMP_RET_ALLOW);
		break;
	case PRIORITY:
	case IOPRIORITY:
		load(s, 0);
		answer_if(s, v == PRIORITY ? 2 /* PRIO_USER */ : 3 /* IOPRIO_WHO_USER */, no(s, EPERM));
		load(s, 1);
		answer_if(s, 1, no(s, EPERM));
		answer(s, SECCOMP_RET_ALLOW);
		break;
	case PRLIMIT: /* one's own limits alone */
		load(s, 0);
		answer_if(s, 0, SECCOMP_RET_ALLOW);
		answer(s, no(s, EPERM));
		break;
	case WHOM0:
		load(s, 0);
		answer_if(s, 0, SECCOMP_RET_ALLOW);
		answer(s, hand(s));
		break;
	default: /* HAND */
		answer(s, hand(s));
	}
}

struct range {
	unsigned short from;
	unsigned char v;
};

static void bisect(struct assembly *s, const struct range *r, int n)
{
	unsigned short jump;

	if (n > 1) {
		emit(s, BPF_JMP | BPF_JGE | BPF_K, r[n / 2].from, 0, 1);
		jump = s->n;
		emit(s, BPF_JMP | BPF_JA, 0, 0, 0);
		bisect(s, r, n / 2);
		s->code[jump].k = (uint32_t)(s->n - jump - 1);
		bisect(s, r + n / 2, n - n / 2);
	} else if (r->v == ALLOW) {
		answer(s, SECCOMP_RET_ALLOW);
	} else if (r->v == UNKNOWN || r->v == QUIET || r->v == UNSUPPORTED) {
		answer(s, ANSWER(r->v == QUIET ? EPERM : r->v == UNKNOWN ? ENOSYS : EOPNOTSUPP));
	} else if (r->v == REFUSE || r->v == ABSENT) {
		answer(s, no(s, r->v == REFUSE ? EPERM : ENOSYS));
	} else {
		s->wants[s->n_jumps] = r->v;
		s->jumps[s->n_jumps++] = s->n;
		emit(s, BPF_JMP | BPF_JA, 0, 0, 0);
	}
}

static void mark(const struct assembly *s, unsigned char *table, const char *names, enum verdict v)
{
	char name[40];

	for (const char *p = names; *p; p++) {
		size_t n = strcspn(p, " ");
		int nr;

		if (n >= sizeof(name))
			n = sizeof(name) - 1;
		memcpy(name, p, n);
		name[n] = 0;
		nr = seccomp_syscall_resolve_name_arch(s->names, name);
		if (nr >= 0 && nr < CALLS)
			table[nr] = (unsigned char)v;
		p += n;
		if (!*p)
			break;
	}
}

static void assemble(struct assembly *s)
{
	unsigned char table[CALLS] = { 0 };
	struct range ranges[CALLS + 1];
	int n = 0;

	mark(s, table, allowed, ALLOW);
	mark(s, table, refused, REFUSE);
	mark(s, table, quiet, QUIET);
	mark(s, table, absent, ABSENT);
	for (size_t i = 0; i < sizeof(looked_at) / sizeof(*looked_at); i++)
		mark(s, table, looked_at[i].name, looked_at[i].v);
	if (is_level1(s)) {
		mark(s, table, level1_handed, HAND);
		mark(s, table, level1_unsupported, UNSUPPORTED);
		mark(s, table, level1_unknown, UNKNOWN);
		for (size_t i = 0; i < sizeof(level1_looked_at) / sizeof(*level1_looked_at); i++)
			mark(s, table, level1_looked_at[i].name, level1_looked_at[i].v);
	}
	for (int i = 0; i < CALLS; i++)
		if (i == 0 || table[i] != table[i - 1])
			ranges[n++] = (struct range){ (unsigned short)i, table[i] };
	ranges[n++] = (struct range){ CALLS, UNKNOWN }; /* x32 calls too: their numbers have bit 30 */

	emit(s, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	emit(s, BPF_JMP | BPF_JEQ | BPF_K, s->arch, 1, 0);
	answer(s, SECCOMP_RET_KILL_PROCESS);
	emit(s, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	bisect(s, ranges, n);
	for (int v = CLONE; v < VERDICTS; v++) {
		for (int i = 0; i < s->n_jumps; i++)
			if (s->wants[i] == v)
				s->code[s->jumps[i]].k = (uint32_t)(s->n - s->jumps[i] - 1);
		block(s, (enum verdict)v);
	}
}

static struct sock_filter programs[FILTERS][PROGRAM];
static struct sock_fprog whole[FILTERS];
static pthread_once_t once[FILTERS] = { PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT, PTHREAD_ONCE_INIT };

static void make(enum filter_kind kind)
{
	struct assembly s = { .kind = kind, .arch = OUR_ARCH, .names = seccomp_arch_native(), .code = programs[kind] };

	assemble(&s);
	whole[kind] = (struct sock_fprog){ s.n, programs[kind] };
}

static void make_plain(void) { make(FILTER_PLAIN); }
static void make_telling(void) { make(FILTER_TELLING); }
static void make_level1(void) { make(FILTER_LEVEL1); }
static void make_level1_plain(void) { make(FILTER_LEVEL1_PLAIN); }

const struct sock_fprog *filter_get(enum filter_kind kind)
{
	static void (*const how[])(void) = { make_plain, make_telling, make_level1, make_level1_plain };

	pthread_once(&once[kind], how[kind]);
	return &whole[kind];
}

int filter_for(enum filter_kind kind, uint32_t arch, struct sock_filter code[FILTER_MAX])
{
	struct assembly s = { .kind = kind, .arch = arch, .names = arch == AUDIT_ARCH_AARCH64 ? SCMP_ARCH_AARCH64 : SCMP_ARCH_X86_64,
			      .code = code };

	assemble(&s);
	return s.n;
}

int filter_answer(enum filter_kind kind, const struct seccomp_data *d)
{
	return filter_run(filter_get(kind), d);
}

int filter_run(const struct sock_fprog *p, const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (unsigned at = 0; at < p->len; at++) {
		const struct sock_filter *i = &p->filter[at];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert(i->k + sizeof(a) <= sizeof(*d));
			memcpy(&a, (const char *)d + i->k, sizeof(a));
			break;
		case BPF_ALU | BPF_AND | BPF_K: a &= i->k; break;
		case BPF_JMP | BPF_JA: at += i->k; break;
		case BPF_JMP | BPF_JEQ | BPF_K: at += a == i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JGT | BPF_K: at += a > i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JGE | BPF_K: at += a >= i->k ? i->jt : i->jf; break;
		case BPF_JMP | BPF_JSET | BPF_K: at += (a & i->k) ? i->jt : i->jf; break;
		case BPF_RET | BPF_K:
			if (i->k == SECCOMP_RET_KILL_PROCESS)
				return EPERM;
			return (i->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO ? (int)(i->k & SECCOMP_RET_DATA) : 0;
		default: assert(false && "an instruction that assemble() does not use");
		}
	}
	return EPERM;
}
