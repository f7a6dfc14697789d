/*
 * Giving up rights, in the child, once the view stands: capabilities, the bounding set, new privileges by exec, what
 * Landlock can take, and system calls. After this nothing in the sandbox can undo any of it.
 *
 * Landlock says again, by another mechanism, what the mounts say already: writing only beneath the tree and the
 * scratch folders, no signal and no abstract socket across the border. One of them failing is not an escape.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/securebits.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As of ABI 6; the packaged header is older. */
struct ruleset {
	uint64_t fs, net, scoped;
};
enum { SCOPE_ABSTRACT_UNIX = 1, SCOPE_SIGNAL = 2 };

int lock_landlock_abi(void)
{
	long n = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return n < 0 ? 0 : (int)n;
}

/* A file takes fewer rights than a folder. */
static int allow(int rules, const char *path, uint64_t access)
{
	const uint64_t of_file = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				 1u << 14 /* truncate */;
	struct landlock_path_beneath_attr beneath = { .allowed_access = access };
	int fd = open(path, O_PATH | O_CLOEXEC), r;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		beneath.allowed_access &= of_file;
	beneath.parent_fd = fd;
	r = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(fd);
	return r;
}

/* Version 1 refuses every rename between folders, whatever is allowed: with it normal work breaks, so it is not used. */
int lock_landlock(const struct lock_rule *rules, int n)
{
	const int abi = lock_landlock_abi();
	const uint64_t truncate = abi >= 3 ? 1u << 14 : 0, look = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
		       LANDLOCK_ACCESS_FS_READ_DIR;
	const uint64_t all = ((LANDLOCK_ACCESS_FS_REFER << 1) - 1) | truncate;
	const uint64_t rights[] = { look, all, LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE |
				    LANDLOCK_ACCESS_FS_WRITE_FILE | truncate };
	struct ruleset set = { .fs = all, .scoped = abi >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0 };
	size_t size = abi >= 6 ? sizeof(set) : abi >= 4 ? 16 : 8;
	int fd, r = 0;

	if (abi < 2)
		return 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (fd < 0)
		return -1;
	for (int i = 0; i < n && r == 0; i++)
		r = allow(fd, rules[i].path, rights[rules[i].may]);
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return r;
}

static int landlock(const struct view *v)
{
	static const char *const scratch[] = { "/tmp", "/dev", "/dev/mqueue", SANDBOX_HOME, "/proc" };
	enum { SCRATCH = sizeof(scratch) / sizeof(*scratch), RULES = 64 };
	struct lock_rule rules[RULES] = { { "/", MAY_LOOK } };
	int n = 1;

	for (int i = 0; i < SCRATCH; i++)
		rules[n++] = (struct lock_rule){ scratch[i], MAY_WRITE };
	for (int i = 0; v->writable[i]; i++) {
		if (n == RULES) {
			errno = E2BIG;
			return -1;
		}
		rules[n++] = (struct lock_rule){ v->writable[i], MAY_WRITE };
	}
	return lock_landlock(rules, n);
}

static int no_capabilities(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			return -1;
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
		  SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
		  SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED, 0, 0, 0) < 0)
		return -1;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return (int)syscall(SYS_capset, &head, none);
}

/* A plain user may not lower the bounding set, nor need to: with no new privileges nobody gains a capability by exec, not
 * even user 0 (security/commoncap.c). */
int lock_rights_alone(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return (int)syscall(SYS_capset, &head, none);
}

int lock_rights(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || no_capabilities() < 0 ? -1 : 0;
}

/* Only a kill interrupts a call that waits for our answer, where the kernel knows that (5.19): a signal would start it again,
 * and it would be told twice. */
int lock_filter(enum filter_kind kind, int *listener)
{
	const unsigned wants = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	long fd = -1;

	*listener = -1;
	if (kind == FILTER_PLAIN)
		return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter_get(kind));
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, wants | 1u << 5 /* WAIT_KILLABLE_RECV */, filter_get(kind));
	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, wants, filter_get(kind));
	if (fd < 0 && errno == EBUSY && kind == FILTER_TELLING)
		return lock_filter(FILTER_PLAIN, listener);
	*listener = (int)fd;
	return fd < 0 ? -1 : 0;
}

int lock_down(const struct view *v, enum filter_kind kind, int *listener, struct own_fail *f)
{
	f->step = STEP_RIGHTS;
	if (lock_rights() < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
	f->step = STEP_LANDLOCK;
	if (landlock(v) < 0)
		return -1;
	f->step = STEP_FILTER;
	return lock_filter(kind, listener);
}
