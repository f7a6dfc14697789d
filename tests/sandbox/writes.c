/*
 * Attempts to change what lies outside the tree, or in it but held.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

/* ---- the machine ---- */

static bool write_outside(void) { return opens(lab.victim, O_WRONLY); }
static bool write_through_link(void) { return opens("link-to-base/victim", O_WRONLY); }
static bool write_through_dots(void) { return opens("../victim", O_WRONLY); }
/* These succeed inside, on a folder of the same name in the scratch memory: the lab is looked at instead. */
static bool make_outside(void) { return can_write(under(lab.base, "planted")); }
static bool make_in_home(void) { return can_make(under(lab.home, ".bashrc")); }
static bool make_key(void) { return can_make(under(lab.home, ".ssh/authorized_keys")); }
static bool truncate_outside(void) { return truncate(lab.victim, 0) == 0; }
static bool remove_outside(void) { return unlink(lab.victim) == 0; }
static bool rename_outside(void) { return rename(lab.victim, under(lab.base, "x")) == 0; }
static bool move_into_tree(void) { return rename(lab.victim, "x") == 0; }
static bool move_out_of_tree(void)
{
	return can_write("mine") && rename("mine", under(lab.home, ".profile")) == 0 && unlink(under(lab.home, ".profile")) == 0;
}
static bool link_from_outside(void) { return link(lab.victim, "hard") == 0; }
static bool link_to_outside(void)
{
	return can_write("mine") && link("mine", under(lab.base, "planted")) == 0;
}
static bool change_mode_outside(void) { return chmod(lab.victim, 0666) == 0; }
static bool change_times_outside(void) { return utime(lab.victim, NULL) == 0; }
static bool set_attribute_outside(void)
{
	return setxattr(lab.victim, "user.x", "1", 1, 0) == 0 && removexattr(lab.victim, "user.x") == 0;
}
static bool make_folder_outside(void) { return mkdir(under(lab.base, "planted"), 0755) == 0; }
static bool make_link_outside(void) { return symlink("/etc", under(lab.base, "planted")) == 0; }
static bool make_fifo_outside(void) { return mknod(under(lab.base, "planted"), S_IFIFO | 0644, 0) == 0; }
static bool write_in_other_shm(void) { return opens(lab.shared, O_WRONLY); }
static bool write_usr(void) { return can_make("/usr/sandbox-planted"); }
static bool write_local_bin(void) { return can_make("/usr/local/bin/sandbox-planted"); }
static bool write_library(void) { return can_make("/usr/lib/sandbox-planted.so"); }
static bool write_etc(void) { return can_make("/etc/sandbox-planted"); }
static bool write_preload(void) { return access("/etc/ld.so.preload", F_OK) != 0 && can_make("/etc/ld.so.preload"); }
static bool write_cron(void) { return can_make("/etc/cron.d/sandbox-planted"); }
static bool write_spool(void) { return can_make("/var/spool/cron/crontabs/sandbox-planted"); }
static bool write_root_folder(void) { return can_make("/sandbox-planted"); }
static bool write_run(void) { return can_make("/run/sandbox-planted"); }
static bool write_var(void) { return can_make("/var/sandbox-planted"); }
static bool change_program(void) { return opens("/usr/bin/env", O_WRONLY); }
static bool change_program_by_mode(void) { return chmod("/usr/bin/env", 0755) == 0; }
static bool change_hosts(void) { return opens("/etc/hosts", O_WRONLY); }
static bool change_passwd(void) { return opens("/etc/passwd", O_WRONLY); }
static bool change_device(void) { return chmod("/dev/null", 0666) == 0; }
static bool make_device(void) { return mknod("disk", S_IFBLK | 0666, 8 << 8) == 0 && unlink("disk") == 0; }
static bool write_core_pattern(void) { return opens("/proc/sys/kernel/core_pattern", O_WRONLY); }
static bool write_module_path(void) { return opens("/proc/sys/kernel/modprobe", O_WRONLY); }
static bool write_hotplug(void) { return opens("/proc/sys/kernel/hotplug", O_WRONLY) || opens("/sys/kernel/uevent_helper", O_WRONLY); }
static bool write_binary_formats(void) { return opens("/proc/sys/fs/binfmt_misc/register", O_WRONLY); }
static bool write_overcommit(void) { return opens("/proc/sys/vm/overcommit_memory", O_WRONLY); }
static bool write_swappiness(void) { return opens("/proc/sys/vm/drop_caches", O_WRONLY); }
static bool write_user_limits(void) { return opens("/proc/sys/user/max_user_namespaces", O_WRONLY); }
static bool write_forwarding(void) { return opens("/proc/sys/net/ipv4/ip_forward", O_WRONLY); }
static bool write_host_name(void) { return opens("/proc/sys/kernel/hostname", O_WRONLY); }
static bool write_sysrq(void) { return opens("/proc/sysrq-trigger", O_WRONLY); }
static bool write_interrupts(void) { return opens("/proc/irq/default_smp_affinity", O_WRONLY); }
static bool write_pressure_of_parent(void) { return opens(parent("oom_score_adj"), O_WRONLY); }
static bool write_parents_name(void) { return opens(parent("comm"), O_WRONLY); }
static bool write_parents_memory(void) { return opens(parent("mem"), O_WRONLY); }
static bool write_parents_map(void) { return opens(parent("uid_map"), O_WRONLY); }
static bool write_neighbours_memory(void) { return opens(neighbour("mem"), O_RDWR); }
static bool clear_parents_references(void) { return opens(parent("clear_refs"), O_WRONLY); }

/* What is on the way of every program: a page of a file that everybody maps. */
static bool write_mapped_program(void)
{
	int fd = open("/usr/bin/env", O_RDWR);
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p != MAP_FAILED;
}
static bool make_victims_mapping_writable(void)
{
	int fd = open(lab.victim, O_RDWR);
	void *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	return p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_WRITE) == 0;
}

/* ---- what is held in the tree ---- */

#define TEST "deep/tests/test_it.py"

static bool write_protected(void) { return can_write(TEST); }
static bool truncate_protected(void) { return truncate(TEST, 12) == 0; }
static bool make_beside_protected(void) { return can_make("deep/tests/conftest.py"); }
static bool unlink_protected(void) { return unlink(TEST) == 0; }
static bool rename_protected(void) { return rename("deep/tests", "deep/x") == 0 && rename("deep/x", "deep/tests") == 0; }
static bool rename_over_protected(void) { return can_write("mine") && rename("mine", TEST) == 0; }
static bool rename_folder_above_protected(void) { return rename("deep", "x") == 0 && rename("x", "deep") == 0; }
static bool exchange(const char *a, const char *b)
{
	return renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0 && renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0;
}
static bool exchange_folder_above_protected(void) { mkdir("other", 0755); return exchange("deep", "other"); }
static bool exchange_protected(void) { return can_write("mine") && exchange(TEST, "mine"); }
static bool exchange_protected_folder(void) { mkdir("deep/other", 0755); return exchange("deep/tests", "deep/other") && rmdir("deep/other") == 0; }
static bool whiteout_protected(void)
{
	return renameat2(AT_FDCWD, TEST, AT_FDCWD, "moved", RENAME_WHITEOUT) == 0 && unlink(TEST) == 0;
}
static bool link_protected(void) { return link(TEST, "hard") == 0 && unlink("hard") == 0; }
static bool link_protected_by_descriptor(void)
{
	int fd = open(TEST, O_RDONLY);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return linkat(AT_FDCWD, path, AT_FDCWD, "hard", AT_SYMLINK_FOLLOW) == 0 && unlink("hard") == 0;
}
static bool reopen_protected_for_writing(void)
{
	int fd = open(TEST, O_RDONLY);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return opens(path, O_WRONLY);
}
static bool open_protected_by_path_descriptor(void)
{
	int fd = open("deep/tests", O_PATH);

	fd = openat(fd, "test_it.py", O_RDWR);
	return fd >= 0;
}
static bool change_mode_of_protected(void) { return chmod(TEST, 0644) == 0; }
static bool change_times_of_protected(void) { return utimes(TEST, NULL) == 0; }
static bool change_owner_of_protected(void) { return chown(TEST, getuid(), getgid()) == 0; }
static bool set_attribute_of_protected(void) { return setxattr(TEST, "user.x", "1", 1, 0) == 0 && removexattr(TEST, "user.x") == 0; }
static bool set_flags_of_protected(void)
{
	int fd = open(TEST, O_RDONLY), flags = 0;

	return ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0;
}
static bool copy_range_into_protected(void)
{
	int from = open("file", O_RDONLY), to = open(TEST, O_RDWR);

	return to >= 0 && copy_file_range(from, NULL, to, NULL, 0, 0) == 0;
}
static bool allocate_in_protected(void)
{
	int fd = open(TEST, O_RDWR);

	return fd >= 0 && fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 4096) == 0;
}
static bool map_protected_for_writing(void)
{
	int fd = open(TEST, O_RDWR);

	return fd >= 0 && mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) != MAP_FAILED;
}
static bool lift_protection(void)
{
	return mount("deep/tests", "deep/tests", NULL, MS_BIND, NULL) == 0 && umount2("deep/tests", MNT_DETACH) == 0 && can_write(TEST);
}
static bool cover_protected(void) { return mount("none", "deep/tests", "tmpfs", 0, NULL) == 0; }
static bool remount_writable(void)
{
	return mount("/usr", "/usr", NULL, MS_BIND, NULL) == 0 && mount(NULL, "/usr", NULL, MS_REMOUNT | MS_BIND, NULL) == 0;
}
static bool write_hidden_home(void) { return can_write("home-inside/key"); }
static bool make_in_hidden_home(void) { return can_make("home-inside/policy.yml"); }
static bool rename_hidden_home(void) { return rename("home-inside", "x") == 0 && rename("x", "home-inside") == 0; }

/* ---- files that the machine outside would honour ---- */

static bool is_set_id(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && (st.st_mode & 06000);
}
static bool make_setuid_file(void)
{
	close(open("suid", O_WRONLY | O_CREAT, 0755));
	return chmod("suid", 04755) == 0 && is_set_id("suid");
}
static bool make_setuid_file_by_descriptor(void)
{
	int fd = open("suid", O_WRONLY | O_CREAT, 0755);

	return fchmod(fd, 06755) == 0 && is_set_id("suid");
}
static bool make_setgid_file_at(void)
{
	close(open("suid", O_WRONLY | O_CREAT, 0755));
	return fchmodat(AT_FDCWD, "suid", 02755, 0) == 0 && is_set_id("suid");
}
static bool make_setuid_file_by_new_call(void) /* fchmodat2, Linux 6.6 */
{
	close(open("suid", O_WRONLY | O_CREAT, 0755));
	return syscall(452, AT_FDCWD, "suid", 04755, 0) == 0 && is_set_id("suid");
}
static bool make_setuid_file_by_proc(void)
{
	int fd = open("suid", O_WRONLY | O_CREAT, 0755);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, 04755) == 0 && is_set_id("suid");
}
static bool make_setuid_file_at_once(void) { umask(0); close(open("suid", O_WRONLY | O_CREAT, 04755)); return is_set_id("suid"); }
static bool make_setuid_file_by_creat(void) { umask(0); close(creat("suid", 06755)); return is_set_id("suid"); }
static bool make_setuid_file_by_mknod(void) { umask(0); mknod("suid", S_IFREG | 04755, 0); return is_set_id("suid"); }
static bool make_setuid_file_unnamed(void)
{
	int fd = open(".", O_WRONLY | O_TMPFILE, 04755);
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd >= 0 && linkat(AT_FDCWD, path, AT_FDCWD, "suid", AT_SYMLINK_FOLLOW) == 0 && is_set_id("suid");
}
static bool make_setuid_file_by_openat2(void)
{
	uint64_t how[3] = { O_WRONLY | O_CREAT, 04755, 0 };

	return syscall(SYS_openat2, AT_FDCWD, "suid", how, sizeof(how)) >= 0 && is_set_id("suid");
}
static bool make_setuid_file_by_high_bits(void) /* a filter that compares 64 bits lets this through */
{
	close(open("suid", O_WRONLY | O_CREAT, 0755));
	return syscall(SYS_fchmodat, AT_FDCWD, "suid", 0x100000000ul | 04755) == 0 && is_set_id("suid");
}
static bool take_setuid_program_along(void)
{
	static const char *const programs[] = { "/usr/bin/passwd", "/usr/bin/su", "/usr/bin/chsh", "/usr/bin/mount", NULL };

	for (int i = 0; programs[i]; i++)
		if (link(programs[i], "suid") == 0)
			return is_set_id("suid");
	return false;
}
static bool give_file_capabilities(void)
{
	const uint32_t all[5] = { 0x02000001, 0xffffffff, 0, 0xffffffff, 0 }; /* VFS_CAP_REVISION_2, effective */

	close(open("caps", O_WRONLY | O_CREAT, 0755));
	return setxattr("caps", "security.capability", all, sizeof(all), 0) == 0;
}
static bool give_file_to_root(void)
{
	close(open("roots", O_WRONLY | O_CREAT, 0755));
	return chown("roots", 0, 0) == 0;
}
static bool make_immutable(void)
{
	int fd = open("stuck", O_RDWR | O_CREAT, 0644), flags = 0, on = FS_IMMUTABLE_FL;
	bool yes = ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 && ioctl(fd, FS_IOC_SETFLAGS, &on) == 0;

	if (yes)
		ioctl(fd, FS_IOC_SETFLAGS, &flags);
	return yes;
}
static bool hold_a_lease(void) /* whoever opens the file outside would wait for 45 s */
{
	int fd = open("file", O_RDONLY);

	return fcntl(fd, F_SETLEASE, F_RDLCK) == 0 || fcntl(open("file", O_RDWR), F_SETLEASE, F_WRLCK) == 0;
}

static const struct attempt list[] = {
	T(write_outside, SHOWN) T(write_through_link, SHOWN) T(write_through_dots, SHOWN) JUDGED(make_outside, SHOWN) T(make_in_home, SHOWN)
	T(make_key, SHOWN) T(truncate_outside, SHOWN) T(remove_outside, SHOWN) T(rename_outside, SHOWN) T(move_into_tree, SHOWN)
	T(move_out_of_tree, SHOWN) T(link_from_outside, SHOWN) T(link_to_outside, SHOWN) T(change_mode_outside, SHOWN)
	T(change_times_outside, SHOWN) T(set_attribute_outside, IF_CAN) JUDGED(make_folder_outside, SHOWN) JUDGED(make_link_outside, SHOWN)
	JUDGED(make_fifo_outside, SHOWN) T(write_in_other_shm, IF_CAN) T(write_usr, BY_ROOT)
	T(write_local_bin, BY_ROOT) T(write_library, BY_ROOT) T(write_etc, BY_ROOT) T(write_preload, BY_ROOT) T(write_cron, IF_CAN)
	T(write_spool, IF_CAN) T(write_root_folder, BY_ROOT) T(write_run, BY_ROOT) T(write_var, BY_ROOT) T(change_program, IF_CAN)
	T(change_program_by_mode, BY_ROOT) T(change_hosts, BY_ROOT) T(change_passwd, BY_ROOT) T(change_device, BY_ROOT)
	T(make_device, BY_ROOT) T(write_core_pattern, BY_ROOT) T(write_module_path, IF_CAN)
	T(write_hotplug, IF_CAN) T(write_binary_formats, IF_CAN) T(write_overcommit, BY_ROOT) T(write_swappiness, BY_ROOT)
	T(write_user_limits, IN_SPACE_IF_CAN) T(write_forwarding, IN_SPACE_IF_CAN) T(write_host_name, BY_ROOT) T(write_sysrq, IF_CAN)
	T(write_interrupts, IF_CAN) T(write_pressure_of_parent, SHOWN) T(write_parents_name, SHOWN) T(write_parents_memory, SHOWN)
	T(write_parents_map, SHOWN) T(write_neighbours_memory, SHOWN) T(clear_parents_references, IF_CAN)
	T(write_mapped_program, IF_CAN) T(make_victims_mapping_writable, SHOWN)
	T(write_protected, SHOWN) T(truncate_protected, SHOWN) T(make_beside_protected, SHOWN) T(unlink_protected, SHOWN)
	T(rename_protected, SHOWN) T(rename_over_protected, SHOWN) T(rename_folder_above_protected, SHOWN)
	T(exchange_folder_above_protected, SHOWN) T(exchange_protected, SHOWN) T(exchange_protected_folder, SHOWN)
	T(whiteout_protected, IF_CAN) T(link_protected, SHOWN) T(link_protected_by_descriptor, SHOWN)
	T(reopen_protected_for_writing, SHOWN) T(open_protected_by_path_descriptor, SHOWN) T(change_mode_of_protected, SHOWN)
	T(change_times_of_protected, SHOWN) T(change_owner_of_protected, SHOWN) T(set_attribute_of_protected, IF_CAN)
	T(set_flags_of_protected, IF_CAN) T(copy_range_into_protected, SHOWN) T(allocate_in_protected, IF_CAN)
	T(map_protected_for_writing, SHOWN) T(lift_protection, IN_SPACE) T(cover_protected, IN_SPACE) T(remount_writable, IN_SPACE)
	T(write_hidden_home, SHOWN) T(make_in_hidden_home, SHOWN) T(rename_hidden_home, SHOWN)
	T(make_setuid_file, SHOWN) T(make_setuid_file_by_descriptor, SHOWN) T(make_setgid_file_at, SHOWN)
	T(make_setuid_file_by_new_call, IF_CAN) T(make_setuid_file_by_proc, SHOWN) T(make_setuid_file_at_once, SHOWN)
	T(make_setuid_file_by_creat, SHOWN) T(make_setuid_file_by_mknod, SHOWN) T(make_setuid_file_unnamed, IF_CAN)
	T(make_setuid_file_by_openat2, IF_CAN) T(make_setuid_file_by_high_bits, SHOWN) T(take_setuid_program_along, IF_CAN)
	T(give_file_capabilities, BY_ROOT) T(give_file_to_root, BY_ROOT) T(make_immutable, BY_ROOT)
	T(hold_a_lease, SHOWN)
};

const struct attempts writes = { "writes", list, sizeof(list) / sizeof(*list) };
