/*
 * The filter of system calls, by its answers: of this processor, and of arm64, whose numbers are others. The numbers are
 * those of the kernel's include/uapi/asm-generic/unistd.h, which arm64 uses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "../tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

static int answer(enum filter_kind kind, uint32_t arch, uint32_t say, int nr, uint64_t a0, uint64_t a1, uint64_t a2)
{
	static struct sock_filter code[FILTER_MAX];
	struct sock_fprog p = { (unsigned short)filter_for(kind, arch, code), code };

	return filter_run(&p, &(struct seccomp_data){ .nr = nr, .arch = say, .args = { a0, a1, a2 } });
}

static const struct {
	const char *name;
	int nr;
	uint64_t a0, a1, a2;
	int plain, level1; /* errno; 0: passes */
} arm64[] = {
	{ "openat", 56, 0, 0, 0, 0, 0 },              { "execve", 221, 0, 0, 0, 0, 0 },         { "mount", 40, 0, 0, 0, EPERM, EPERM },
	{ "umount2", 39, 0, 0, 0, EPERM, EPERM },     { "unshare", 97, CLONE_NEWUSER, 0, 0, EPERM, EPERM },
	{ "clone of a thread", 220, CLONE_VM, 0, 0, 0, 0 },
	{ "clone with a namespace", 220, CLONE_NEWNS, 0, 0, EPERM, EPERM },
	{ "clone3", 435, 0, 0, 0, ENOSYS, ENOSYS },   { "bpf", 280, 0, 0, 0, EPERM, EPERM },    { "memfd_create", 279, 0, 0, 0, ENOSYS, ENOSYS },
	{ "io_uring_setup", 425, 0, 0, 0, EPERM, EPERM }, { "ptrace", 117, 0, 0, 0, 0, 0 },     { "kexec_load", 104, 0, 0, 0, EPERM, EPERM },
	{ "shmget", 194, 0, 0, 0, 0, ENOSYS },        { "fchown", 55, 0, 0, 0, 0, 0 },      { "setxattr", 5, 0, 0, 0, 0, EOPNOTSUPP },
	{ "socket of packets", 198, AF_PACKET, 3, 0, EAFNOSUPPORT, EPROTONOSUPPORT },
	{ "a stream", 198, AF_INET, SOCK_STREAM, 0, 0, 0 }, { "a datagram", 198, AF_INET, SOCK_DGRAM, 0, 0, EPROTONOSUPPORT },
	{ "fchmod with set-user-id", 52, 3, 04755, 0, EPERM, EPERM }, { "TIOCSTI", 29, 0, 0x5412, 0, EPERM, EPERM },
	{ "openat2", 437, 0, 0, 0, ENOSYS, ENOSYS },  { "a call of tomorrow", 500, 0, 0, 0, ENOSYS, ENOSYS },
	{ "prlimit64 of another", 261, 7, 0, 0, 0, EPERM }, { "process_mrelease", 448, 0, 0, 0, 0, ENOSYS },
};

int main(void)
{
	static struct sock_filter code[FILTER_MAX];
	const struct sock_fprog *native = filter_get(FILTER_PLAIN);
	bool told = false;
	int n;

	for (size_t i = 0; i < sizeof(arm64) / sizeof(*arm64); i++)
		for (int level = 1; level <= 2; level++) {
			enum filter_kind kind = level == 1 ? FILTER_LEVEL1_PLAIN : FILTER_PLAIN;
			int want = level == 1 ? arm64[i].level1 : arm64[i].plain, got;

			got = answer(kind, AUDIT_ARCH_AARCH64, AUDIT_ARCH_AARCH64, arm64[i].nr, arm64[i].a0, arm64[i].a1, arm64[i].a2);
			if (!ok(got == want, "arm64 at level %d: %s", level, arm64[i].name))
				printf("# got %d, wanted %d\n", got, want);
		}
	ok(answer(FILTER_PLAIN, AUDIT_ARCH_AARCH64, AUDIT_ARCH_X86_64, 56, 0, 0, 0) != 0, "arm64: another processor's calls are refused");
	ok(answer(FILTER_PLAIN, AUDIT_ARCH_AARCH64, AUDIT_ARCH_ARM, 5, 0, 0, 0) != 0, "those of 32 bits, too");
#ifdef __x86_64__
	n = filter_for(FILTER_PLAIN, AUDIT_ARCH_X86_64, code);
#else
	n = filter_for(FILTER_PLAIN, AUDIT_ARCH_AARCH64, code);
#endif
	ok(n == native->len && !memcmp(code, native->filter, (size_t)n * sizeof(*code)), "this machine's program is the one of its kind");
	is_whole(filter_answer(FILTER_PLAIN, &(struct seccomp_data){ .nr = SYS_openat,
#ifdef __x86_64__
		 .arch = AUDIT_ARCH_X86_64
#else
		 .arch = AUDIT_ARCH_AARCH64
#endif
		 }), 0, "and opens files");
	n = filter_for(FILTER_TELLING, AUDIT_ARCH_AARCH64, code);
	for (int i = 0; i < n; i++)
		told = told || (code[i].code == (BPF_RET | BPF_K) && code[i].k == SECCOMP_RET_USER_NOTIF);
	ok(told && n < FILTER_MAX, "arm64: the one that tells has what it tells, in %d instructions", n);
	return done();
}
