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

static int allow(int rules, const char *path, uint64_t access, bool must)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = access };
	int fd = open(path, O_PATH | O_CLOEXEC), r;

	if (fd < 0)
		return must ? -1 : 0;
	beneath.parent_fd = fd;
	r = (int)syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(fd);
	return r;
}

/* Version 1 refuses every rename between folders, whatever is allowed: with it normal work breaks, so it is not used. */
static int landlock(const struct view *v)
{
	static const char *const scratch[] = { "/tmp", "/dev", SANDBOX_HOME, "/proc", NULL };
	const int abi = lock_landlock_abi();
	const uint64_t look = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
	const uint64_t all = (LANDLOCK_ACCESS_FS_REFER << 1) - 1 + (abi >= 3 ? 1u << 14 /* truncate */ : 0);
	struct ruleset set = { .fs = all, .scoped = abi >= 6 ? SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL : 0 };
	size_t size = abi >= 6 ? sizeof(set) : abi >= 4 ? 16 : 8;
	int rules, r;

	if (abi < 2)
		return 0;
	rules = (int)syscall(SYS_landlock_create_ruleset, &set, size, 0);
	if (rules < 0)
		return -1;
	r = allow(rules, "/", look, true);
	for (int i = 0; scratch[i]; i++)
		if (r == 0)
			r = allow(rules, scratch[i], all, true);
	for (int i = 0; v->writable[i]; i++)
		if (r == 0)
			r = allow(rules, v->writable[i], all, true);
	if (r == 0)
		r = (int)syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
	return r;
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

int lock_down(const struct view *v, const struct sock_fprog *filter, struct own_fail *f)
{
	f->step = STEP_RIGHTS;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || no_capabilities() < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -1;
	f->step = STEP_LANDLOCK;
	if (landlock(v) < 0)
		return -1;
	f->step = STEP_FILTER;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter);
}
