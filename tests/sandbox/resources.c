/*
 * Attempts to use up what others need: processes, memory by many routes, disk, descriptors, and the kernel's counters.
 * True when more was had than the limits of the lab's sandbox allow (128 MiB, 40 processes, 32 MiB of scratch).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include <linux/aio_abi.h>
#include <pthread.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <time.h>

enum { MIB = 1 << 20, MUCH = 192 /* MiB; half as much again as the limit */ };

/* Where only a watch counts, it may take a moment. */
static bool held_for_a_while(bool had)
{
	usleep(had ? 400000 : 0);
	return had;
}

/* ---- processes ---- */

static bool fork_without_end(void)
{
	pid_t pids[200];
	int n = 0;

	for (; n < 200; n++) {
		pids[n] = fork();
		if (pids[n] < 0)
			break;
		if (pids[n] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
			_exit(0);
		}
	}
	held_for_a_while(n == 200);
	for (int i = 0; i < n; i++)
		end_child(pids[i]);
	return n == 200;
}
static void *sleep_on(void *arg)
{
	pause();
	return arg;
}
static bool make_threads_without_end(void)
{
	pthread_t t;
	pthread_attr_t small;
	int n = 0;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	while (n < 200 && pthread_create(&t, &small, sleep_on, NULL) == 0)
		n++;
	return held_for_a_while(n == 200);
}
static bool leave_zombies(void)
{
	int n = 0;

	signal(SIGCHLD, SIG_DFL);
	for (; n < 200; n++) {
		pid_t pid = fork();

		if (pid < 0)
			break;
		if (pid == 0)
			_exit(0);
	}
	held_for_a_while(n == 200);
	while (!is_inside() && wait(NULL) > 0)
		;
	return n == 200;
}

/* ---- memory ---- */

static bool take(size_t mib, int protection, int flags)
{
	char *p = mmap(NULL, mib * MIB, protection, flags, -1, 0);

	if (p == MAP_FAILED)
		return false;
	for (size_t i = 0; i < mib * MIB; i += 4096)
		if (protection & PROT_WRITE)
			p[i] = 1;
	return held_for_a_while(true);
}
static bool take_memory(void) { return take(MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS); }
static bool take_memory_on_stack_mapping(void) { return take(MUCH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN); }
static bool take_shared_anonymous_memory(void) { return take(MUCH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS); }
static bool take_huge_pages(void)
{
	char *p = mmap(NULL, (size_t)MUCH * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	madvise(p, (size_t)MUCH * MIB, MADV_HUGEPAGE);
	return p != MAP_FAILED && madvise(p, (size_t)MUCH * MIB, 23 /* MADV_POPULATE_WRITE */) == 0 && held_for_a_while(true);
}
static bool take_memory_by_protection(void) /* counted as data only when it was writable from the start? */
{
	char *p = mmap(NULL, (size_t)MUCH * MIB, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED || mprotect(p, (size_t)MUCH * MIB, PROT_READ | PROT_WRITE) < 0)
		return false;
	memset(p, 1, (size_t)MUCH * MIB);
	return held_for_a_while(true);
}
static bool take_memory_by_private_file(void) /* copies of a file's pages */
{
	int fd = open("big", O_RDWR | O_CREAT, 0600);
	char *p;

	if (ftruncate(fd, (off_t)MUCH * MIB) < 0)
		return false;
	p = mmap(NULL, (size_t)MUCH * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	unlink("big");
	if (p == MAP_FAILED)
		return false;
	for (size_t i = 0; i < (size_t)MUCH * MIB; i += 4096)
		p[i] = 1;
	return held_for_a_while(true);
}
static bool take_memory_in_many(void)
{
	pid_t pids[6];
	int full = 0, w;

	for (int i = 0; i < 6; i++)
		if ((pids[i] = fork_or_exit()) == 0) {
			char *p = mmap(NULL, 48 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

			usleep(p == MAP_FAILED ? 0 : 600000);
			_exit(p == MAP_FAILED);
		}
	for (int i = 0; i < 6; i++)
		full += waitpid(pids[i], &w, 0) > 0 && w == 0;
	return full == 6;
}
/* The floods are made inside only: outside, they would be the whole machine's. There, taking the memory is what is shown. */
_Noreturn static void flood_of_children(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		pid_t pid = fork();

		if (pid == 0) {
			(void)!fork(); /* an orphan, for init to reap */
			_exit(0);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
	}
}
_Noreturn static void flood_of_signals(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		kill(1, SIGWINCH);
}
static bool take_memory_under(void (*flood)(void))
{
	pid_t floods[2] = { 0, 0 }, taker;
	int w = -1;

	for (int i = 0; i < 2 && is_inside(); i++)
		if ((floods[i] = fork_or_exit()) == 0)
			flood();
	taker = fork_or_exit();
	if (taker == 0)
		_exit(!take(MUCH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS));
	waitpid(taker, &w, 0);
	end_child(floods[0]);
	end_child(floods[1]);
	return w == 0;
}
static bool take_memory_under_a_flood_of_children(void) { return take_memory_under(flood_of_children); }
static bool take_memory_under_a_flood_of_signals(void) { return take_memory_under(flood_of_signals); }
static bool take_memory_unseen(void) /* by processes that nobody may look into */
{
	prctl(PR_SET_DUMPABLE, 0);
	return take(MUCH, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
}
static bool take_page_tables(void) /* a page each 2 MiB, of a mapping that is no data: 4 KiB of the kernel's own for each */
{
	const size_t step = 2ul * MIB, n = (size_t)MUCH * MIB / 4096;
	volatile char *p = mmap(NULL, n * step, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char sum = 0;

	if (p == MAP_FAILED)
		return false;
	madvise((void *)(uintptr_t)p, n * step, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < n; i++)
		sum += p[i * step];
	return held_for_a_while(sum == 0);
}
static bool take_shared_memory(void)
{
	int id = shmget(IPC_PRIVATE, MUCH * MIB, IPC_CREAT | 0600);
	char *p = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
	bool yes = p != (char *)-1;

	for (size_t i = 0; yes && i < (size_t)MUCH * MIB; i += 4096)
		p[i] = 1;
	if (yes)
		shmdt(p);
	yes = held_for_a_while(yes);
	shmctl(id, IPC_RMID, NULL);
	return yes;
}
static bool take_semaphores(void) /* 64 bytes each */
{
	int ids[256], n = 0;

	while (n < 256 && (ids[n] = semget(IPC_PRIVATE, 32000, IPC_CREAT | 0600)) >= 0)
		n++;
	held_for_a_while(n == 256);
	for (int i = 0; i < n; i++)
		semctl(ids[i], 0, IPC_RMID);
	return n == 256;
}
static bool take_many_small_semaphores(void)
{
	static int ids[20000];
	int n = 0;

	while (n < 20000 && (ids[n] = semget(IPC_PRIVATE, 250, IPC_CREAT | 0600)) >= 0)
		n++;
	held_for_a_while(n == 20000);
	for (int i = 0; i < n; i++)
		semctl(ids[i], 0, IPC_RMID);
	return n == 20000;
}
static bool take_message_queues(void)
{
	static int ids[16000];
	struct {
		long type;
		char text[8192];
	} m = { 1, { 0 } };
	int n = 0;

	while (n < 16000 && (ids[n] = msgget(IPC_PRIVATE, IPC_CREAT | 0600)) >= 0) {
		msgsnd(ids[n], &m, sizeof(m.text), IPC_NOWAIT);
		msgsnd(ids[n++], &m, sizeof(m.text), IPC_NOWAIT);
	}
	held_for_a_while(n == 16000);
	for (int i = 0; i < n; i++)
		msgctl(ids[i], IPC_RMID, NULL);
	return n == 16000;
}
static bool lock_memory(void) { return syscall(SYS_mlockall, MCL_FUTURE) == 0 /* a sanitizer makes nothing of mlockall(3) */ && take(64, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS); }

/* ---- disk ---- */

static bool fill(const char *folder, int mib, int files)
{
	static char block[MIB];
	char path[128];
	int fd = -1, n = 0;

	signal(SIGXFSZ, SIG_IGN);
	for (; n < mib; n++) {
		if (n % (mib / files) == 0) {
			close(fd);
			snprintf(path, sizeof(path), "%s/sandbox-fill-%d-%d", folder, getpid(), n);
			fd = open(path, O_WRONLY | O_CREAT, 0600);
			unlink(path);
			if (files > 1)
				fd = open(path, O_WRONLY | O_CREAT, 0600);
		}
		if (write(fd, block, sizeof(block)) != sizeof(block))
			break;
	}
	held_for_a_while(n == mib);
	for (int i = 0; i < mib; i++) {
		snprintf(path, sizeof(path), "%s/sandbox-fill-%d-%d", folder, getpid(), i);
		unlink(path);
	}
	return n == mib;
}
static bool fill_tmp(void) { return fill("/tmp", 48, 1); }
static bool fill_shm(void) { return fill("/dev/shm", 48, 1); }
static bool fill_tmp_in_many(void) { return fill("/tmp", 48, 12); }
static bool fill_home(void) { return fill(access("/home/agent", F_OK) == 0 ? "/home/agent" : lab.home, 48, 1); }
static bool fill_tree(void) { return fill(".", 400, 8); }
static bool fill_tree_unseen(void) { return fill(".", 400, 1); } /* a file without a name */
static bool use_up_inodes(void)
{
	char path[64];
	int n = 0;

	mkdir("/dev/shm/sw-many", 0700);
	for (; n < 220000; n++) {
		snprintf(path, sizeof(path), "/dev/shm/sw-many/%d", n);
		if (mknod(path, S_IFREG | 0600, 0) < 0)
			break;
	}
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/dev/shm/sw-many/%d", i);
		unlink(path);
	}
	rmdir("/dev/shm/sw-many");
	return n == 220000;
}

/* ---- descriptors, and counters that the whole machine shares ---- */

static bool open_descriptors_without_end(void)
{
	struct rlimit l;
	int n = 0;

	getrlimit(RLIMIT_NOFILE, &l);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_NOFILE, &l);
	while (n < 8000 && dup(0) >= 0)
		n++;
	return n == 8000;
}
static bool use_up_watchers(void) /* inotify instances are counted for the user outside, too: 128 by default */
{
	int n = 0;

	while (n < 100 && inotify_init1(IN_CLOEXEC) >= 0)
		n++;
	return n == 100;
}
static bool use_up_aio(void) /* 65,536 of all users together */
{
	aio_context_t c = 0;

	return syscall(SYS_io_setup, 1024, &c) == 0;
}
static bool queue_signals_without_end(void)
{
	sigset_t s;
	union sigval v = { .sival_int = 1 };
	int n = 0;

	sigemptyset(&s);
	sigaddset(&s, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &s, NULL);
	while (n < 8000 && sigqueue(getpid(), SIGRTMIN, v) == 0)
		n++;
	return n == 8000;
}
static bool make_timers_without_end(void)
{
	struct sigevent e = { .sigev_notify = SIGEV_NONE };
	timer_t t;
	int n = 0;

	while (n < 8000 && timer_create(CLOCK_MONOTONIC, &e, &t) == 0)
		n++;
	return n == 8000;
}
static bool open_terminals_without_end(void) /* 4,096 of all together */
{
	int n = 0;

	while (n < 400 && posix_openpt(O_RDWR | O_NOCTTY) >= 0)
		n++;
	return n == 400;
}

static const struct attempt list[] = {
	SLOW(fork_without_end, SHOWN) SLOW(make_threads_without_end, SHOWN) SLOW(leave_zombies, SHOWN)
	SLOW(take_memory, SHOWN) SLOW(take_memory_on_stack_mapping, IF_CAN) SLOW(take_shared_anonymous_memory, SHOWN) SLOW(take_huge_pages, IF_CAN)
	SLOW(take_memory_by_protection, SHOWN) SLOW(take_memory_by_private_file, SHOWN) SLOW(take_memory_in_many, SHOWN)
	SLOW(take_memory_under_a_flood_of_children, SHOWN) SLOW(take_memory_under_a_flood_of_signals, SHOWN)
	SLOW(take_memory_unseen, SHOWN) SLOW(take_page_tables, SHOWN) SLOW(take_shared_memory, SHOWN) SLOW(take_semaphores, SHOWN)
	SLOW(take_many_small_semaphores, IF_CAN) SLOW(take_message_queues, IF_CAN) SLOW(lock_memory, BY_ROOT)
	SLOW(fill_tmp, SHOWN) SLOW(fill_shm, IF_CAN) SLOW(fill_tmp_in_many, SHOWN) SLOW(fill_home, SHOWN) SLOW(fill_tree, SHOWN)
	SLOW(fill_tree_unseen, SHOWN) SLOW(use_up_inodes, IF_CAN) T(open_descriptors_without_end, IF_CAN) T(use_up_watchers, IF_CAN)
	T(use_up_aio, IF_CAN) T(queue_signals_without_end, IF_CAN) T(make_timers_without_end, IF_CAN) T(open_terminals_without_end, IF_CAN)
};

const struct attempts resources = { "resources", list, sizeof(list) / sizeof(*list) };
