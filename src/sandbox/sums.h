/*
 * What all processes of a sandbox hold, added up by its init, which has no library: memory of every kind that the kernel tells
 * of. For init.c alone.
 *
 * In steps. First an upper bound, cheap: all resident pages, shared and of files too, and as many page tables as the
 * addresses in use could want. When that is over the limit, the page tables that there are. Only when that is over, too, what
 * is really held: anonymous and shared pages in proportion (smaps_rollup, for which the kernel walks all page tables). Who
 * hides from that (a process that is not dumpable) counts in full.
 * System V memory, semaphores and queues count whether or not they are attached.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANDBOX_SUMS_H
#define SANDBOX_SUMS_H

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>

/* Without what needs a runtime. */
#define ALONE __attribute__((noinline, no_stack_protector, no_sanitize("address", "undefined")))
#define WITHIN static inline __attribute__((always_inline, no_sanitize("address", "undefined")))

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

struct sums {
	long pages, tasks;
	bool is_blind; /* /proc could not be read: somebody took our descriptors */
};

struct entry {           /* of getdents64 */
	uint64_t ino;
	int64_t off;
	unsigned short size;
	unsigned char type;
	char name[];
};

/* "NAME/WHAT" into path. */
WITHIN void path_of(char path[64], const char *name, const char *what)
{
	unsigned i = 0, k = 0;

	for (; i < 20 && name[i]; i++)
		((volatile char *)path)[i] = name[i];
	for (; what[k]; k++) /* a word of ours */
		((volatile char *)path)[i + k] = what[k];
	((volatile char *)path)[i + k] = 0;
}

/* A folder for each thread stands in /proc/NAME/task, and counts as a link to it. */
WITHIN long threads(int proc, const char *name)
{
	char path[64];
	struct stat st;

	path_of(path, name, "/task");
	if (call(__NR_newfstatat, proc, (long)path, (long)&st, 0, 0) < 0)
		return 0;
	return (long)st.st_nlink - 2;
}

WITHIN long read_of(int proc, const char *name, const char *what, char *text, long max)
{
	char path[64];
	long fd, n;

	path_of(path, name, what);
	fd = call(__NR_openat, proc, (long)path, O_RDONLY, 0, 0);
	if (fd < 0)
		return fd;
	n = call(__NR_read, fd, (long)text, max, 0, 0);
	call(__NR_close, fd, 0, 0, 0, 0);
	return n;
}

/* The first two numbers of /proc/NAME/statm, in pages: addresses in use, and what of them is resident. */
WITHIN void statm_of(int proc, const char *name, long *size, long *resident)
{
	char text[128];
	long n = read_of(proc, name, "/statm", text, sizeof(text)), value[2], at = 0;

	for (int i = 0; i < 2; i++) {
		value[i] = 0;
		for (; at < n && text[at] >= '0' && text[at] <= '9'; at++)
			value[i] = value[i] * 10 + (text[at] - '0');
		at++;
	}
	*size = value[0];
	*resident = value[1];
}

/* The next line of text, where it begins and the number in it; false at the end. */
WITHIN bool next_line(const char *text, long n, long *at, const char **line, long *value)
{
	if (*at + 8 >= n)
		return false;
	*line = text + *at;
	*value = 0;
	for (; *at < n && text[*at] != '\n'; ++*at)
		if (text[*at] >= '0' && text[*at] <= '9')
			*value = *value * 10 + (text[*at] - '0');
	++*at;
	return true;
}

enum sums_step { SUMS_BOUND, SUMS_TABLES, SUMS_HELD };

/* VmPTE of status: KiB of page tables. */
WITHIN long tables_kib(int proc, const char *name)
{
	char text[2048];
	const char *l;
	long n = read_of(proc, name, "/status", text, sizeof(text)), at = 0, value;

	while (next_line(text, n, &at, &l, &value))
		if (l[0] == 'V' && l[2] == 'P' && l[3] == 'T')
			return value;
	return 0;
}

/* Pss_Anon, Pss_Shmem and SwapPss of smaps_rollup; of a small process its resident pages will do. */
WITHIN long held_kib(int proc, const char *name, long resident_kib)
{
	char text[2048];
	const char *l;
	long n, kib = 0, at = 0, value;

	if (resident_kib < 4096)
		return resident_kib;
	n = read_of(proc, name, "/smaps_rollup", text, sizeof(text));
	if (n < 0 && n != -ESRCH && n != -ENOENT) /* it hides */
		return resident_kib;
	while (next_line(text, n, &at, &l, &value))
		if ((l[3] == '_' && (l[4] == 'A' || l[4] == 'S')) || (l[3] == 'p' && l[4] == 'P'))
			kib += value;
	return kib;
}

/* Of all processes. */
WITHIN void add_processes(struct sums *s, enum sums_step step, long page_kib)
{
	char names[4096] __attribute__((aligned(8)));
	long proc = call(__NR_openat, AT_FDCWD, (long)"/proc", O_RDONLY | O_DIRECTORY, 0, 0), n;

	s->is_blind = proc < 0;
	while (proc >= 0 && (n = call(__NR_getdents64, proc, (long)names, sizeof(names), 0, 0)) > 0)
		for (long at = 0; at < n;) {
			const struct entry *d = (const struct entry *)(names + at);
			long size, resident;

			at += d->size;
			if (d->name[0] <= '0' || d->name[0] > '9')
				continue;
			statm_of((int)proc, d->name, &size, &resident);
			s->tasks += threads((int)proc, d->name);
			if (step == SUMS_HELD)
				resident = held_kib((int)proc, d->name, resident * page_kib) / page_kib;
			s->pages += resident + (step == SUMS_BOUND ? size / 512 : tables_kib((int)proc, d->name) / page_kib);
		}
	if (proc >= 0)
		call(__NR_close, proc, 0, 0, 0, 0);
}

/* System V: bytes of a semaphore and of a set are the kernel's (64, and some 200); a message has a head of 48. */
WITHIN long ipc_pages(long page_kib)
{
	struct shm_info shared;
	struct seminfo sem;
	struct msginfo msg;
	long bytes = 0, pages = 0;

	if (call(__NR_shmctl, 0, SHM_INFO, (long)&shared, 0, 0) >= 0)
		pages += (long)shared.shm_rss + (long)shared.shm_swp + shared.used_ids;
	if (call(__NR_semctl, 0, 0, SEM_INFO, (long)&sem, 0) >= 0)
		bytes += (long)sem.semaem * 64 + (long)sem.semusz * 256;
	if (call(__NR_msgctl, 0, MSG_INFO, (long)&msg, 0, 0) >= 0)
		bytes += (long)msg.msgtql + (long)msg.msgmap * 64 + (long)msg.msgpool * 256;
	return pages + bytes / (page_kib * 1024);
}

WITHIN void sums_take(struct sums *s, long max, long page_kib)
{
	for (int step = SUMS_BOUND; step <= SUMS_HELD; step++) {
		s->pages = ipc_pages(page_kib);
		s->tasks = 0;
		add_processes(s, (enum sums_step)step, page_kib);
		if (s->pages <= max)
			return;
	}
}

/* True when the machine has next to nothing left: what the kernel holds for pipes and sockets is in no sum. */
WITHIN bool machine_is_short(void)
{
	char text[512];
	const char *l;
	long fd = call(__NR_openat, AT_FDCWD, (long)"/proc/meminfo", O_RDONLY, 0, 0), n, value, at = 0, least = 0;

	if (fd < 0)
		return false;
	n = call(__NR_read, fd, (long)text, sizeof(text), 0, 0);
	call(__NR_close, fd, 0, 0, 0, 0);
	while (next_line(text, n, &at, &l, &value))
		if (l[0] == 'M' && l[3] == 'T') /* MemTotal */
			least = value / 32 < 262144 ? value / 32 : 262144;
		else if (l[0] == 'M' && l[3] == 'A') /* MemAvailable */
			return value < least;
	return false;
}

/* ---- the tree's disk ---- */

/* In blocks of 512 bytes: what lies below the folder `tree` and was changed since; stops when it is over max. */
WITHIN long changed_blocks(int tree, long since, long max)
{
	enum { DEPTH = 60 };
	char names[2048] __attribute__((aligned(8)));
	struct stat st;
	long fds[DEPTH], from[DEPTH], sum = 0, level = 0, n;

	fds[0] = call(__NR_openat, tree, (long)".", O_RDONLY | O_DIRECTORY, 0, 0);
	from[0] = 0;
	if (fds[0] < 0)
		return 0;
	while (level >= 0) {
		call(__NR_lseek, fds[level], from[level], 0 /* SEEK_SET */, 0, 0);
		n = sum > max ? 0 : call(__NR_getdents64, fds[level], (long)names, sizeof(names), 0, 0);
		if (n <= 0)
			call(__NR_close, fds[level--], 0, 0, 0, 0);
		for (long at = 0; at < n;) {
			const struct entry *d = (const struct entry *)(names + at);
			long below;

			from[level] = (long)d->off;
			at += d->size;
			if (d->name[0] == '.' && (!d->name[1] || (d->name[1] == '.' && !d->name[2])))
				continue;
			if (call(__NR_newfstatat, fds[level], (long)d->name, (long)&st, 0x100 /* AT_SYMLINK_NOFOLLOW */, 0) < 0)
				continue;
			if (st.st_ctim.tv_sec >= since)
				sum += st.st_blocks;
			if (!S_ISDIR(st.st_mode) || level + 1 >= DEPTH)
				continue;
			below = call(__NR_openat, fds[level], (long)d->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, 0);
			if (below < 0)
				continue;
			fds[++level] = below;
			from[level] = 0;
			break; /* and go on from from[] when it is done */
		}
	}
	return sum;
}

/* The same of files without a name, which processes hold open. Who cannot be looked into counts as holding max. */
WITHIN long unnamed_blocks(long since, long max)
{
	char names[2048] __attribute__((aligned(8))), held[2048] __attribute__((aligned(8))), path[64];
	long proc = call(__NR_openat, AT_FDCWD, (long)"/proc", O_RDONLY | O_DIRECTORY, 0, 0), n, k, fds, sum = 0;
	struct stat st;

	while (proc >= 0 && (n = call(__NR_getdents64, proc, (long)names, sizeof(names), 0, 0)) > 0)
		for (long at = 0; at < n;) {
			const struct entry *p = (const struct entry *)(names + at);

			at += p->size;
			if (p->name[0] <= '0' || p->name[0] > '9' || (p->name[0] == '1' && !p->name[1]))
				continue;
			path_of(path, p->name, "/fd");
			fds = call(__NR_openat, proc, (long)path, O_RDONLY | O_DIRECTORY, 0, 0);
			if (fds == -EACCES || fds == -EPERM)
				sum += max + 1;
			while (fds >= 0 && (k = call(__NR_getdents64, fds, (long)held, sizeof(held), 0, 0)) > 0)
				for (long to = 0; to < k;) {
					const struct entry *f = (const struct entry *)(held + to);

					to += f->size;
					if (f->name[0] != '.' && call(__NR_newfstatat, fds, (long)f->name, (long)&st, 0, 0) == 0 &&
					    S_ISREG(st.st_mode) && !st.st_nlink && st.st_ctim.tv_sec >= since)
						sum += st.st_blocks;
				}
			if (fds >= 0)
				call(__NR_close, fds, 0, 0, 0, 0);
		}
	if (proc >= 0)
		call(__NR_close, proc, 0, 0, 0, 0);
	return sum;
}

#endif
