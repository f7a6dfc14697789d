/*
 * PID 1 of a sandbox: reaps orphans, hands on a request to end, and ends everything when the command ends, when the
 * supervisor is gone, or when all processes together hold too much memory or have nearly filled the tree's disk.
 *
 * It began as a copy of the supervisor, which may hold keys. The kernel lets nobody inside look at it (it is not
 * dumpable, and its memory belongs to the user namespace outside), but what is not there need not be guarded: the loop
 * below uses nothing but the program's read-only pages, one fresh stack and plain system calls, and unmaps all else
 * first: no heap, no data, no environment, no library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/fs.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/rseq.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK = 64 << 10, POLL_MS = 100, POLL_NEAR_MS = 10 };

/* Without what needs a runtime. */
#define ALONE __attribute__((noinline, no_stack_protector, no_sanitize("address", "undefined")))
#define WITHIN static inline __attribute__((always_inline, no_sanitize("address", "undefined")))

struct alone {           /* all that the loop knows */
	int control, life, signals, tree;
	long command, pages_max, processes_max, blocks_min, files_min;
	unsigned long code, code_end, stack, stack_end;
};

#ifdef __aarch64__
WITHIN long call(long nr, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return x0;
}
#else
WITHIN long call(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return r;
}
#endif

WITHIN void end_all(const struct alone *z, long status, int over_limit, const struct rusage *sum)
{
	struct own_report r;

	for (unsigned i = 0; i < sizeof(r); i++)
		((volatile char *)&r)[i] = 0;
	r.kind = REPORT_ENDED;
	r.wait_status = (int)status;
	r.over_limit = over_limit;
	r.cpu_us = (sum->ru_utime.tv_sec + sum->ru_stime.tv_sec) * 1000000 + sum->ru_utime.tv_usec + sum->ru_stime.tv_usec;
	r.peak_kib = sum->ru_maxrss;
	call(__NR_write, z->control, (long)&r, sizeof(r), 0, 0);
	status &= 0xffff;
	call(__NR_exit_group, (status & 0x7f) ? 128 + (status & 0x7f) : status >> 8, 0, 0, 0, 0);
}

/* "NAME/WHAT" into path. */
WITHIN void path_of(char path[40], const char *name, const char *what)
{
	unsigned i = 0, k = 0;

	for (; name[i] && i < 20; i++)
		((volatile char *)path)[i] = name[i];
	for (; what[k] && k < 10; k++)
		((volatile char *)path)[i + k] = what[k];
	((volatile char *)path)[i + k] = 0;
}

/* A folder for each thread stands in /proc/NAME/task, and counts as a link to it. */
WITHIN long threads(int proc, const char *name)
{
	char path[40];
	struct stat st;

	path_of(path, name, "/task");
	if (call(__NR_newfstatat, proc, (long)path, (long)&st, 0, 0) < 0)
		return 0;
	return (long)st.st_nlink - 2;
}

/* resident - shared of /proc/NAME/statm, in pages: what the process has for itself. */
WITHIN long own_pages(int proc, const char *name)
{
	char path[40], text[128];
	long fd, n, field = 0, value = 0, resident = 0;

	path_of(path, name, "/statm");
	fd = call(__NR_openat, proc, (long)path, O_RDONLY, 0, 0);
	if (fd < 0)
		return 0;
	n = call(__NR_read, fd, (long)text, sizeof(text), 0, 0);
	call(__NR_close, fd, 0, 0, 0, 0);
	for (long k = 0; k < n; k++) {
		if (text[k] >= '0' && text[k] <= '9') {
			value = value * 10 + (text[k] - '0');
			continue;
		}
		if (field == 1)
			resident = value;
		if (field == 2)
			return resident > value ? resident - value : 0;
		field++;
		value = 0;
	}
	return 0;
}

struct entry {           /* of getdents64 */
	uint64_t ino;
	int64_t off;
	unsigned short size;
	unsigned char type;
	char name[];
};

/* Of all processes; *tasks: how many threads they have. */
WITHIN long all_pages(long *tasks)
{
	char names[8192] __attribute__((aligned(8)));
	long proc = call(__NR_openat, AT_FDCWD, (long)"/proc", O_RDONLY | O_DIRECTORY, 0, 0), n, sum = 0;

	if (proc < 0)
		return 0;
	while ((n = call(__NR_getdents64, proc, (long)names, sizeof(names), 0, 0)) > 0)
		for (long at = 0; at < n;) {
			const struct entry *d = (const struct entry *)(names + at);

			if (d->name[0] > '0' && d->name[0] <= '9') {
				sum += own_pages((int)proc, d->name);
				*tasks += threads((int)proc, d->name);
			}
			at += d->size;
		}
	call(__NR_close, proc, 0, 0, 0, 0);
	return sum;
}

/* Into the command's stderr, where a person and a model look; not when that would wait for a reader. */
WITHIN void tell(const char *text, unsigned long n)
{
	struct pollfd set = { 2, POLLOUT, 0 };
	struct timespec now;

	now.tv_sec = 0;
	now.tv_nsec = 0;
	if (call(__NR_ppoll, (long)&set, 1, (long)&now, 0, 8) == 1 && (set.revents & POLLOUT))
		call(__NR_write, 2, (long)text, (long)n, 0, 0);
}

/* The kernel counts a user's processes and threads for us, but not root's; and nobody but a cgroup adds up memory. True when
 * half of the memory is in use: then we look more often. */
WITHIN bool check_sums(const struct alone *z)
{
	static const char memory[] = "\nsealwright: the sandbox ended this: its processes together reached the memory limit\n";
	static const char processes[] = "\nsealwright: the sandbox ended this: there were too many processes\n";
	static const char disk[] = "\nsealwright: the sandbox ended this: the disk of the work tree is nearly full\n";
	struct rusage sum;
	struct shm_info shared;
	struct statfs fs;
	long n = 0, pages = all_pages(&n);
	bool full;

	if (call(__NR_shmctl, 0, SHM_INFO, (long)&shared, 0, 0) >= 0)
		pages += (long)shared.shm_tot;
	full = call(__NR_fstatfs, z->tree, (long)&fs, 0, 0, 0) == 0 &&
	       ((long)fs.f_bavail < z->blocks_min || (long)fs.f_ffree < z->files_min);
	if (pages <= z->pages_max && n <= z->processes_max && !full)
		return pages > z->pages_max / 2;
	call(__NR_kill, -1, SIGKILL, 0, 0, 0);
	if (pages > z->pages_max)
		tell(memory, sizeof(memory) - 1);
	else if (n > z->processes_max)
		tell(processes, sizeof(processes) - 1);
	else
		tell(disk, sizeof(disk) - 1);
	call(__NR_getrusage, RUSAGE_CHILDREN, (long)&sum, 0, 0, 0);
	end_all(z, SIGKILL, pages > z->pages_max ? LIMIT_MEMORY : n > z->processes_max ? LIMIT_PROCESSES : LIMIT_DISK, &sum);
	return true;
}

WITHIN void reap(const struct alone *z)
{
	struct rusage sum;
	long pid;
	int w;

	while ((pid = call(__NR_wait4, -1, (long)&w, WNOHANG, 0, 0)) > 0)
		if (pid == z->command) {
			call(__NR_getrusage, RUSAGE_CHILDREN, (long)&sum, 0, 0, 0);
			end_all(z, w, 0, &sum);
		}
}

/* Below our code, between code and stack, and above the stack: as much of it as this machine has addresses for. */
WITHIN void forget(const struct alone *z)
{
	call(__NR_munmap, 0x10000, (long)(z->code - 0x10000), 0, 0, 0);
	call(__NR_munmap, (long)z->code_end, (long)(z->stack - z->code_end), 0, 0, 0);
	for (int bits = 52; bits >= 36; bits--)
		if (call(__NR_munmap, (long)z->stack_end, (long)((1ul << bits) - 4096 - z->stack_end), 0, 0, 0) == 0)
			break;
}

ALONE static void loop(const struct alone *from)
{
	struct alone here = *from, *z = &here;
	struct signalfd_siginfo si;
	struct timespec wait;
	struct pollfd set[3] = { { z->control, 0, 0 }, { z->life, 0, 0 }, { z->signals, POLLIN, 0 } };
	bool is_near = false;

	if (z->code)
		forget(z);
	for (;;) {
		long r;

		wait.tv_sec = 0;
		wait.tv_nsec = (is_near ? POLL_NEAR_MS : POLL_MS) * 1000000L;
		r = call(__NR_ppoll, (long)set, 3, (long)&wait, 0, 8);
		if (set[0].revents || set[1].revents) /* the supervisor is gone, or wants us to be */
			call(__NR_exit_group, 128 + SIGKILL, 0, 0, 0, 0);
		while (call(__NR_read, z->signals, (long)&si, sizeof(si), 0, 0) == sizeof(si))
			if (si.ssi_signo == SIGCHLD)
				reap(z);
			else
				call(__NR_kill, -1, si.ssi_signo, 0, 0, 0);
		if (r == 0)
			is_near = check_sums(z);
	}
}

static struct alone start;

ALONE static void trampoline(void)
{
	loop(&start);
}

/* The kernel writes into the area that glibc registered; it must not be unmapped while it does. */
static bool rseq_off(void)
{
	char *area = (char *)__builtin_thread_pointer() + __rseq_offset;

	if (!__rseq_size)
		return true;
	return syscall(SYS_rseq, area, 32, RSEQ_FLAG_UNREGISTER, RSEQ_SIG) == 0;
}

/* The program's own read-only pages: from its first segment to where writable data begins. */
static struct {
	unsigned long from, to;
} code;

static void find_code(void)
{
	const ElfW(Phdr) *p = (const ElfW(Phdr) *)getauxval(AT_PHDR);
	const unsigned long page = (unsigned long)sysconf(_SC_PAGESIZE);
	unsigned long n = getauxval(AT_PHNUM), base = 0, end = ~0ul, at = (unsigned long)(uintptr_t)find_code;

	for (unsigned long i = 0; p && i < n; i++)
		if (p[i].p_type == PT_PHDR)
			base = (unsigned long)p - p[i].p_vaddr;
	for (unsigned long i = 0; p && i < n; i++)
		if (p[i].p_type == PT_LOAD && (p[i].p_flags & PF_W) && base + p[i].p_vaddr < end)
			end = base + p[i].p_vaddr;
	if (!base || end == ~0ul || at < base || at >= (end & ~(page - 1)))
		return;
	code.from = base & ~(page - 1);
	code.to = end & ~(page - 1);
}

/* From where to where the kernel reads our words: fields 48 and 49 of proc_pid_stat(5). */
static struct {
	unsigned long from, to;
} words;

static void find_words(void)
{
	auto_buf text = buf_max(8192);
	const char *p;

	if (fs_read_file("/proc/self/stat", &text, NULL) < 0 || !(p = strrchr(buf_str(&text), ')')))
		return;
	for (int field = 2; field < 48 && p; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, "%lu %lu", &words.from, &words.to) != 2 || words.to < words.from)
		words.from = words.to = 0;
}

void init_wipe_words(void)
{
	explicit_bzero((void *)words.from, words.to - words.from);
}

static void find_all(void)
{
	find_code();
	find_words();
}

void init_prepare(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_all);
}

/* Of the tree's disk, half a gigabyte and 10,000 files stay free; or half of what is free, when that is less. */
static void least_free(struct alone *z)
{
	struct statfs fs;
	long want;

	if (fstatfs(z->tree, &fs) < 0 || fs.f_bsize <= 0)
		return;
	want = (512l << 20) / fs.f_bsize;
	z->blocks_min = (long)fs.f_bavail / 2 < want ? (long)fs.f_bavail / 2 : want;
	z->files_min = (long)fs.f_ffree / 2 < 10000 ? (long)fs.f_ffree / 2 : 10000; /* 0 where they are not counted */
}

_Noreturn void init_on_stack(void *stack, size_t size, void (*run)(void))
{
	static ucontext_t there;

	if (getcontext(&there) < 0)
		_exit(125);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = size;
	there.uc_link = NULL;
	makecontext(&there, run, 0);
	setcontext(&there);
	_exit(125);
}

_Noreturn void init_run(const struct init_watch *w)
{
	sigset_t all;
	const long page = sysconf(_SC_PAGESIZE);
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	sigfillset(&all);
	start = (struct alone){
		.control = w->control, .life = w->life, .command = w->command, .pages_max = (long)(w->memory_max / page),
		.processes_max = w->processes_max, .signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK),
		.tree = open(w->tree, O_PATH | O_CLOEXEC),
	};
	least_free(&start);
	if (stack == MAP_FAILED || start.signals < 0)
		_exit(125);
	start.stack = (unsigned long)stack;
	start.stack_end = start.stack + STACK;
	if (rseq_off() && start.stack > code.to) {
		start.code = code.from;
		start.code_end = code.to;
	}
	init_on_stack(stack, STACK, trampoline);
}
