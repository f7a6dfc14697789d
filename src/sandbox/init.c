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
#include "sandbox/sums.h"

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
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK = 64 << 10, POLL_MS = 100, POLL_NEAR_MS = 10, AT_ONCE = 64 };

struct alone {           /* all that the loop knows */
	int control, life, signals, tree;
	long command, pages_max, page_kib, processes_max, blocks_min, files_min;
	long blocks_begun, block, added_max, since; /* of the tree's disk when we began, and the limit; in units of 512 bytes */
	unsigned long code, code_end, stack, stack_end;
};

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

WITHIN void pause_ms(long ms)
{
	struct timespec t;

	t.tv_sec = 0;
	t.tv_nsec = ms * 1000000L;
	call(__NR_ppoll, 0, 0, (long)&t, 0, 8);
}

WITHIN long now_ms(void)
{
	struct timespec t;

	t.tv_sec = t.tv_nsec = 0;
	call(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, (long)&t, 0, 0, 0);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

WITHIN void end_over(const struct alone *z, const char *text, unsigned long n, int limit)
{
	struct rusage sum;

	call(__NR_kill, -1, SIGKILL, 0, 0, 0);
	tell(text, n);
	call(__NR_getrusage, RUSAGE_CHILDREN, (long)&sum, 0, 0, 0);
	end_all(z, SIGKILL, limit, &sum);
}

/* Others write to that disk, too: only what can be found is held against the command, unless that would be a lot. */
WITHIN bool adds_too_much(const struct alone *z, const struct statfs *fs)
{
	long less = (z->blocks_begun - (long)fs->f_bavail) * z->block, found;

	if (less <= z->added_max)
		return false;
	found = changed_blocks(z->tree, z->since, z->added_max);
	if (found <= z->added_max)
		found += unnamed_blocks(z->since, z->added_max);
	return found > z->added_max || less / 4 > z->added_max;
}

/* The kernel counts a user's processes and threads for us, but not root's; and nobody but a cgroup adds up memory. True when
 * half of the memory is in use: then we look more often. What is over is looked at again a moment later: between vfork and
 * exec, a child seems to hold its parent's memory. */
WITHIN bool check_sums(const struct alone *z)
{
	static const char memory[] = "\nsealwright: the sandbox ended this: its processes together reached the memory limit\n";
	static const char machine[] = "\nsealwright: the sandbox ended this: the machine has next to no memory left\n";
	static const char processes[] = "\nsealwright: the sandbox ended this: there were too many processes\n";
	static const char tree[] = "\nsealwright: the sandbox ended this: it added more to the work tree than it may\n";
	static const char disk[] = "\nsealwright: the sandbox ended this: the disk of the work tree is nearly full\n";
	struct sums s;
	struct statfs fs;

	for (int i = 0; i < 2; i++) {
		sums_take(&s, z->pages_max, z->page_kib);
		if (s.pages <= z->pages_max)
			break;
		pause_ms(2);
	}
	if (s.pages > z->pages_max || s.is_blind)
		end_over(z, memory, sizeof(memory) - 1, LIMIT_MEMORY);
	if (s.tasks > z->processes_max)
		end_over(z, processes, sizeof(processes) - 1, LIMIT_PROCESSES);
	if (machine_is_short())
		end_over(z, machine, sizeof(machine) - 1, LIMIT_MEMORY);
	if (call(__NR_fstatfs, z->tree, (long)&fs, 0, 0, 0) == 0) {
		if ((long)fs.f_bavail < z->blocks_min || (long)fs.f_ffree < z->files_min)
			end_over(z, disk, sizeof(disk) - 1, LIMIT_DISK);
		if (adds_too_much(z, &fs))
			end_over(z, tree, sizeof(tree) - 1, LIMIT_DISK);
	}
	return s.pages > z->pages_max / 2;
}

/* True when there may be more: a flood of them must not keep us from the sums. */
WITHIN bool reap(const struct alone *z)
{
	struct rusage sum;
	long pid;
	int w;

	for (int i = 0; i < AT_ONCE; i++) {
		pid = call(__NR_wait4, -1, (long)&w, WNOHANG, 0, 0);
		if (pid <= 0)
			return false;
		if (pid == z->command) {
			call(__NR_getrusage, RUSAGE_CHILDREN, (long)&sum, 0, 0, 0);
			end_all(z, w, 0, &sum);
		}
	}
	return true;
}

WITHIN bool hear_signals(const struct alone *z)
{
	struct signalfd_siginfo si;
	bool more = false;

	for (int i = 0; i < AT_ONCE && call(__NR_read, z->signals, (long)&si, sizeof(si), 0, 0) == sizeof(si); i++)
		if (si.ssi_signo == SIGCHLD)
			more = reap(z) || more;
		else
			call(__NR_kill, -1, si.ssi_signo, 0, 0, 0);
	return more;
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
	struct timespec wait;
	struct pollfd set[3] = { { z->control, 0, 0 }, { z->life, 0, 0 }, { z->signals, POLLIN, 0 } };
	long next = now_ms() + POLL_NEAR_MS, now;
	bool more = false;

	if (z->code)
		forget(z);
	for (;;) {
		now = now_ms();
		wait.tv_sec = 0;
		wait.tv_nsec = more || now >= next ? 0 : (next - now) * 1000000L;
		call(__NR_ppoll, (long)set, 3, (long)&wait, 0, 8);
		if (set[0].revents || set[1].revents) /* the supervisor is gone, or wants us to be */
			call(__NR_exit_group, 128 + SIGKILL, 0, 0, 0, 0);
		more = more ? reap(z) : false;
		more = hear_signals(z) || more;
		now = now_ms();
		if (now < next)
			continue;
		next = check_sums(z) ? POLL_NEAR_MS : POLL_MS; /* by the clock: whatever else keeps us busy */
		wait.tv_nsec = (now_ms() - now) * 3; /* and a quarter of one processor at most */
		next = now_ms() + (wait.tv_nsec > next ? wait.tv_nsec : next);
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
	z->blocks_begun = (long)fs.f_bavail;
	z->block = (fs.f_bsize + 511) / 512;
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
	struct timespec now = { 0 };
	sigset_t all;
	const long page = sysconf(_SC_PAGESIZE);
	char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	sigfillset(&all);
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now); /* the keeper has unmapped what time(2) would call */
	start = (struct alone){
		.control = w->control, .life = w->life, .command = w->command, .pages_max = (long)(w->memory_max / page),
		.processes_max = w->processes_max, .page_kib = page / 1024,
		.added_max = (long)(w->tree_max / 512), .since = (long)now.tv_sec - 1,
		.signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK),
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
