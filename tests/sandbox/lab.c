/*
 * What attempts share: small questions to the kernel, each answered by yes or no.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include <dirent.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

struct lab lab;

char *under(const char *folder, const char *name)
{
	static char path[3][PATH_MAX];
	static int turn;

	turn = (turn + 1) % 3;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	return path[turn];
}

bool fd_holds_secret(int fd)
{
	char text[65536];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	return n > 0 && memmem(text, (size_t)n, SECRET, strlen(SECRET));
}

bool holds_secret(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	bool yes = fd_holds_secret(fd);

	if (fd >= 0)
		close(fd);
	return yes;
}

bool folder_holds_secret(const char *folder, const char *what)
{
	DIR *d = opendir(folder);
	const struct dirent *f;
	char path[PATH_MAX];
	bool yes = false;

	if (!strcmp(folder, "/proc") && access(lab.home, F_OK) == 0) { /* outside, other people's processes are none of ours */
		closedir(d);
		return holds_secret(neighbour(what));
	}
	while (d && !yes && (f = readdir(d)))
		if (f->d_name[0] >= '0' && f->d_name[0] <= '9') {
			snprintf(path, sizeof(path), "%s/%s/%s", folder, f->d_name, what);
			yes = strtol(f->d_name, NULL, 10) != getpid() && holds_secret(path);
		}
	if (d)
		closedir(d);
	return yes;
}

bool opens(const char *path, int flags)
{
	int fd = open(path, flags, 0644);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

bool can_write(const char *path)
{
	return opens(path, O_WRONLY | O_CREAT | O_APPEND);
}

bool can_make(const char *path)
{
	return opens(path, O_WRONLY | O_CREAT | O_EXCL) && unlink(path) == 0;
}

bool works(long r)
{
	return r >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES);
}

char *parent(const char *what)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/%s", getppid(), what);
	return path;
}

char *neighbour(const char *what)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%d/%s", lab.neighbour, what);
	return path;
}

bool all_zero(const char *field)
{
	char text[8192], *at;
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = 0;
	at = strstr(text, field);
	return at && strspn(at + strlen(field), ":\t 0") > 2 && at[strlen(field) + strspn(at + strlen(field), ":\t 0")] == '\n';
}

/* Of the machine, not of a container that calls somebody root. */
bool is_root_outside(void)
{
	char map[256] = "";
	int fd = open("/proc/self/uid_map", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, map, sizeof(map) - 1);

	if (fd >= 0)
		close(fd);
	return n > 0 && strstr(map, "4294967295") && geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 1 &&
	       !all_zero("CapEff");
}

bool is_inside(void)
{
	return access(lab.home, F_OK) < 0;
}

pid_t fork_or_exit(void)
{
	pid_t pid = fork();

	if (pid < 0)
		_exit(1);
	return pid;
}

void end_child(pid_t pid)
{
	if (pid <= 1)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
