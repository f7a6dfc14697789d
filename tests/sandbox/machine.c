/*
 * The lab: a home folder with keys, a tree, a neighbour of the same user that listens and holds secrets, shared memory and
 * queues, and the look at all of that after each attempt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include "base/buf.h"
#include "base/fs.h"

#include <dirent.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

enum { TCP4, TCP6, STREAM, ABSTRACT, UDP, DATAGRAM, ABSTRACT_DATAGRAM, QUIET, LISTENERS };

static char held[64];                  /* the secret, in memory of ours and the neighbour's */
static volatile int *reached;          /* how often the neighbour was                       */
static int quiet = -1;                 /* asks it whether it has seen all that came         */
static int priority;                   /* the neighbour's */
static char host_name[65], test_text[] = "assert True\n";

static void put(const char *path, const char *text)
{
	if (fs_write_atomic(path, bytes_of(text), 0644, NULL) < 0)
		printf("# %s cannot be written\n", path);
}

static int bound(int family, int type, const void *address, socklen_t n)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, address, n) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0))
		printf("# listen: %s\n", strerror(errno));
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_in6 a = { 0 };
	socklen_t n = sizeof(a);

	getsockname(fd, (struct sockaddr *)&a, &n);
	return ntohs(a.sin6_port); /* at the same place in both families */
}

static int bound_unix(const char *name, int type, bool abstract)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };

	memcpy(un.sun_path + abstract, name, strlen(name) + !abstract);
	return bound(AF_UNIX, type, &un,
		     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(name) + !abstract));
}

static void listeners_make(int fds[LISTENERS])
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	fds[TCP4] = bound(AF_INET, SOCK_STREAM, &in, sizeof(in));
	fds[TCP6] = bound(AF_INET6, SOCK_STREAM, &in6, sizeof(in6));
	fds[UDP] = bound(AF_INET, SOCK_DGRAM, &in, sizeof(in));
	lab.port = port_of(fds[TCP4]);
	lab.port6 = port_of(fds[TCP6]);
	lab.udp = port_of(fds[UDP]);
	fds[STREAM] = bound_unix(lab.stream, SOCK_STREAM, false);
	fds[ABSTRACT] = bound_unix(lab.abstract, SOCK_STREAM, true);
	fds[DATAGRAM] = bound_unix(lab.datagram, SOCK_DGRAM, false);
	fds[ABSTRACT_DATAGRAM] = bound_unix(lab.abstract_datagram, SOCK_DGRAM, true);
}

/* Tells the secret to whoever comes. */
_Noreturn static void serve(const int fds[LISTENERS])
{
	struct pollfd set[LISTENERS];

	for (int i = 0; i < LISTENERS; i++)
		set[i] = (struct pollfd){ fds[i], POLLIN, 0 };
	for (;;) {
		if (poll(set, LISTENERS, -1) < 0)
			continue;
		for (int i = 0; i < LISTENERS; i++) {
			struct sockaddr_storage from;
			socklen_t n = sizeof(from);
			char text[64];

			if (!(set[i].revents & POLLIN))
				continue;
			if (i == QUIET) { /* the last in turn */
				(void)!write(fds[i], text, read(fds[i], text, 1) == 1);
				continue;
			}
			++*reached;
			if (i >= UDP) {
				recvfrom(fds[i], text, sizeof(text), 0, (struct sockaddr *)&from, &n);
				sendto(fds[i], SECRET, sizeof(SECRET), MSG_DONTWAIT, (struct sockaddr *)&from, n);
			} else {
				int fd = accept(fds[i], NULL, NULL);

				(void)!write(fd, SECRET, sizeof(SECRET));
				close(fd);
			}
		}
	}
}

static void neighbour_make(void)
{
	int fds[LISTENERS], two[2] = { -1, -1 };

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two) < 0)
		exit(1);
	fds[QUIET] = two[0];
	quiet = two[1];
	reached = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	listeners_make(fds);
	fflush(stdout);
	lab.neighbour = fork_or_exit();
	if (lab.neighbour == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		serve(fds);
	}
	priority = getpriority(PRIO_PROCESS, (id_t)lab.neighbour);
	for (int i = 0; i < LISTENERS; i++)
		close(fds[i]);
}

/* Shared memory, semaphores, queues: of the whole machine, not of a folder. */
static void shared_make(void)
{
	struct {
		long type;
		char text[64];
	} m = { 1, SECRET };
	struct mq_attr a = { .mq_maxmsg = 4, .mq_msgsize = 256 };
	mqd_t q;
	char *p;

	lab.shm_key = 0x5ea10000 + (getpid() & 0xffff);
	lab.shm = shmget(lab.shm_key, 4096, IPC_CREAT | 0600);
	p = lab.shm < 0 ? (char *)-1 : shmat(lab.shm, NULL, 0);
	if (p != (char *)-1) {
		strcpy(p, SECRET);
		shmdt(p);
	}
	lab.sem = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
	semctl(lab.sem, 0, SETVAL, 77);
	lab.msg = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
	msgsnd(lab.msg, &m, sizeof(m.text), IPC_NOWAIT);
	snprintf(lab.queue, sizeof(lab.queue), "/sealwright-attack-%d", getpid());
	q = mq_open(lab.queue, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &a);
	mq_send(q, SECRET, sizeof(SECRET), 0);
	mq_close(q);
	snprintf(lab.shared, sizeof(lab.shared), "/dev/shm/sealwright-attack-%d", getpid());
	put(lab.shared, SECRET);
}

static void home_make(void)
{
	static const char *const names[] = { ".ssh/id_ed25519", ".aws/credentials", ".netrc", ".bash_history", ".git-credentials",
					     ".config/gh/hosts.yml", NULL };
	int fd;

	fs_make_dirs(under(lab.home, ".ssh"), 0755, NULL);
	fs_make_dirs(under(lab.home, ".aws"), 0755, NULL);
	fs_make_dirs(under(lab.home, ".config/gh"), 0755, NULL);
	fs_make_dirs(under(lab.base, "other"), 0755, NULL);
	for (int i = 0; names[i]; i++)
		put(under(lab.home, names[i]), SECRET);
	put(under(lab.base, "other/.env"), "TOKEN=" SECRET "\n");
	put(under(lab.base, "note"), SECRET);
	put(lab.victim, "mine\n");
	fd = open(under(lab.home, ".ssh/id_ed25519"), O_RDONLY);
	dup2(fd, 77); /* without close-on-exec: somebody's mistake */
	close(fd);
	fd = open(lab.home, O_RDONLY | O_DIRECTORY);
	dup2(fd, 78);
	close(fd);
}

#define GIT_SECRETS \
	"[core]\n[remote \"origin\"]\n\turl = https://x:" SECRET "@example.org/x\n[http \"https://example.org/\"]\n" \
	"\textraheader = AUTHORIZATION: \\\n" SECRET "\n"

static void tree_make(void)
{
	fs_make_dirs(under(lab.tree, "deep/tests"), 0755, NULL);
	fs_make_dirs(under(lab.tree, ".git/hooks"), 0755, NULL);
	fs_make_dirs(under(lab.tree, ".git/info"), 0755, NULL);
	fs_make_dirs(under(lab.tree, ".git/modules/sub"), 0755, NULL);
	fs_make_dirs(under(lab.tree, "home-inside"), 0755, NULL);
	put(under(lab.tree, "home-inside/key"), SECRET);
	put(under(lab.tree, "deep/tests/test_it.py"), test_text);
	put(under(lab.tree, "file"), "file\n");
	put(under(lab.tree, ".git/HEAD"), "ref: refs/heads/main\n");
	put(under(lab.tree, ".git/config"), GIT_SECRETS);
	put(under(lab.tree, ".git/config.worktree"), GIT_SECRETS);
	put(under(lab.tree, ".git/modules/sub/config"), GIT_SECRETS);
	fs_make_dirs(under(lab.tree, ".git/modules/config"), 0755, NULL);
	put(under(lab.tree, ".git/modules/config/config"), GIT_SECRETS);
	put(under(lab.tree, ".git/config.bak"), GIT_SECRETS);
	put(under(lab.tree, ".git/credentials"), "https://x:" SECRET "@example.org\n");
	if (symlink(under(lab.home, ".ssh/id_ed25519"), under(lab.tree, "link-to-key")) < 0 ||
	    symlink(lab.base, under(lab.tree, "link-to-base")) < 0)
		exit(1);
}

void lab_make(void)
{
	int fd;

	lab = (struct lab){ .supervisor = getpid(), .memory = (uintptr_t)held, .is_root = is_root_outside() };
	strcpy(held, SECRET);
	gethostname(host_name, sizeof(host_name) - 1);
	snprintf(lab.base, sizeof(lab.base), "/tmp/sw-attack.XXXXXX");
	if (!mkdtemp(lab.base))
		exit(1);
	snprintf(lab.tree, sizeof(lab.tree), "%s/tree", lab.base);
	snprintf(lab.home, sizeof(lab.home), "%s/home", lab.base);
	snprintf(lab.victim, sizeof(lab.victim), "%s/victim", lab.base);
	snprintf(lab.stream, sizeof(lab.stream), "%s/stream", lab.base);
	snprintf(lab.datagram, sizeof(lab.datagram), "%s/datagram", lab.base);
	snprintf(lab.abstract, sizeof(lab.abstract), "sealwright-attack-%d", getpid());
	snprintf(lab.abstract_datagram, sizeof(lab.abstract_datagram), "sealwright-attack-%d-d", getpid());
	home_make();
	tree_make();
	shared_make();
	neighbour_make();
	setenv("XDG_STATE_HOME", under(lab.tree, "home-inside"), 1); /* our state, within the tree */
	fd = open(under(lab.tree, "lab"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (write(fd, &lab, sizeof(lab)) != sizeof(lab))
		exit(1);
	close(fd);
}

void lab_drop(void)
{
	end_child(lab.neighbour);
	shmctl(lab.shm, IPC_RMID, NULL);
	semctl(lab.sem, 0, IPC_RMID);
	msgctl(lab.msg, IPC_RMID, NULL);
	mq_unlink(lab.queue);
	unlink(lab.shared);
	fs_remove_tree(lab.base, NULL);
}

const char *lab_layer(void)
{
	static char path[3][PATH_MAX];
	static int n;

	snprintf(path[n % 3], sizeof(path[0]), "%s/layer%d", lab.base, n);
	fs_make_dirs(under(path[n % 3], "upper"), 0755, NULL);
	fs_make_dirs(under(path[n % 3], "work"), 0755, NULL);
	chmod(path[n % 3], 0700);
	return path[n++ % 3];
}

/* ---- after each attempt ---- */

static bool text_is(const char *path, const char *want)
{
	char text[4096] = "";
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	return n == (ssize_t)strlen(want) && !memcmp(text, want, strlen(want));
}

/* A file that the machine outside would run as its owner, or a device. */
static bool has_dangerous_file(int dir, int depth)
{
	DIR *d = fdopendir(dir);
	const struct dirent *f;
	struct stat st;
	bool yes = false;

	while (d && !yes && (f = readdir(d))) {
		if (f->d_name[0] == '.' && (!f->d_name[1] || f->d_name[1] == '.'))
			continue;
		if (fstatat(dirfd(d), f->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		yes = (S_ISREG(st.st_mode) && (st.st_mode & 06000)) || S_ISBLK(st.st_mode) || (S_ISCHR(st.st_mode) && st.st_rdev);
		if (!yes && S_ISDIR(st.st_mode) && depth < 4)
			yes = has_dangerous_file(openat(dirfd(d), f->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), depth + 1);
	}
	if (d)
		closedir(d);
	return yes;
}

static int names_in(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static const char *harm_to_files(void)
{
	struct stat st;

	if (!text_is(lab.victim, "mine\n") || stat(lab.victim, &st) < 0 || (st.st_mode & 07777) != 0644 || st.st_nlink != 1)
		return "a file outside was changed";
	if (lstat(under(lab.base, "planted"), &st) == 0 || names_in(lab.home) != 8 || names_in(under(lab.base, "other")) != 3)
		return "a file outside was made or removed";
	if (!text_is(under(lab.tree, "deep/tests/test_it.py"), test_text))
		return "a protected test was changed";
	if (!text_is(under(lab.tree, ".git/config"), GIT_SECRETS) || names_in(under(lab.tree, ".git/hooks")) != 2 ||
	    names_in(under(lab.tree, ".git/info")) != 2 || names_in(under(lab.tree, ".git")) != 10)
		return "git's own files were changed";
	if (has_dangerous_file(open(lab.tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0))
		return "a set-user-id file or device was left in the tree";
	if (lab.layered && names_in(lab.tree) != 9 + lab.kept)
		return "the tree below a layer was changed";
	return NULL;
}

/* One that was stopped at this very moment does not answer before it may go on. */
static bool neighbour_answers(void)
{
	struct pollfd p = { .fd = quiet, .events = POLLIN };
	char late[16];

	while (recv(quiet, late, sizeof(late), MSG_DONTWAIT) > 0)
		;
	return write(quiet, "?", 1) == 1 && poll(&p, 1, 2000) == 1 && read(quiet, late, 1) == 1;
}

static const char *harm_to_others(void)
{
	char name[65] = "", text[512] = "", state = '?';
	int fd = open(neighbour("stat"), O_RDONLY | O_CLOEXEC);
	const char *p;

	gethostname(name, sizeof(name) - 1);
	if (strcmp(name, host_name))
		return "the machine's name was changed";
	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strrchr(text, ')'))
		state = strrchr(text, ')')[2];
	close(fd);
	if (state != 'S' && state != 'R')
		return "a process outside was stopped or ended";
	if (getpriority(PRIO_PROCESS, (id_t)lab.neighbour) > priority)
		return "a process outside has another priority";
	if (!neighbour_answers())
		return "the neighbour does not answer";
	if (*reached)
		return "a socket outside was reached";
	p = shmat(lab.shm, NULL, SHM_RDONLY);
	if (p == (const char *)-1 || strcmp(p, SECRET) != 0 || semctl(lab.sem, 0, GETVAL) != 77)
		return "shared memory or a semaphore outside was changed";
	shmdt(p);
	return NULL;
}

const char *lab_harm(void)
{
	const char *harm = harm_to_files();

	if (!harm)
		harm = harm_to_others();
	lab_clear_up(); /* lets a neighbour that was stopped go on */
	if (neighbour_answers())
		*reached = 0;
	return harm;
}

void lab_clear_up(void)
{
	static const char *const mine[] = { "deep", "deep/tests", "deep/tests/test_it.py", ".git", "home-inside", "link-to-key", "link-to-base",
					    "lab", "file", "kept.txt", NULL };
	DIR *d = opendir(lab.tree);
	const struct dirent *f;

	while (d && (f = readdir(d))) {
		bool keep = !strcmp(f->d_name, ".") || !strcmp(f->d_name, "..");

		for (int i = 0; mine[i] && !keep; i++)
			keep = !strcmp(f->d_name, mine[i]);
		if (!keep)
			fs_remove_tree(under(lab.tree, f->d_name), NULL);
	}
	if (d)
		closedir(d);
	fs_remove_tree(under(lab.base, "planted"), NULL);
	if (!text_is(lab.victim, "mine\n"))
		put(lab.victim, "mine\n");
	chmod(lab.victim, 0644);
	if (!text_is(under(lab.tree, "deep/tests/test_it.py"), test_text))
		put(under(lab.tree, "deep/tests/test_it.py"), test_text);
	if (!text_is(under(lab.tree, ".git/config"), GIT_SECRETS))
		put(under(lab.tree, ".git/config"), GIT_SECRETS);
	semctl(lab.sem, 0, SETVAL, 77);
	if (lab.neighbour > 1)
		kill(lab.neighbour, SIGCONT);
	priority = getpriority(PRIO_PROCESS, (id_t)lab.neighbour); /* a plain user cannot raise it again */
}
