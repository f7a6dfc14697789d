/*
 * Child processes.
 *
 * vfork-fast: posix_spawn does not copy our page tables, so starting a command costs the same however large
 * we are. A process group rather than a single pid is ended, since a test runner's own children hold the pipe
 * open; descendants that leave the group are the sandbox's work (its PID namespace ends them).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/proc.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* The first `head` and the last `tail` bytes of a stream. */
struct keep {
	struct buf head;
	char *ring;
	size_t tail, at, n; /* ring: at = next place, n = bytes in it */
	uint64_t total;
};

static void keep_add(struct keep *k, struct bytes in)
{
	size_t room = k->head.max - k->head.n, first = in.n < room ? in.n : room;

	k->total += in.n;
	buf_add(&k->head, in.p, first);
	in.p += first;
	in.n -= first;
	if (in.n > k->tail) {
		in.p += in.n - k->tail;
		in.n = k->tail;
	}
	if (!in.n)
		return;
	if (!k->ring)
		k->ring = mem_alloc(k->tail);
	while (in.n) {
		size_t piece = k->tail - k->at < in.n ? k->tail - k->at : in.n;

		memcpy(k->ring + k->at, in.p, piece);
		k->at = (k->at + piece) % k->tail;
		k->n = k->n + piece > k->tail ? k->tail : k->n + piece;
		in.p += piece;
		in.n -= piece;
	}
}

static char *keep_take(struct arena *a, struct keep *k, size_t *n, bool *cut)
{
	uint64_t lost = k->total - k->head.n - k->n;
	char note[64] = "";
	size_t start = (k->at + k->tail - k->n) % (k->tail ? k->tail : 1), first;
	char *all, *p;

	if (lost)
		snprintf(note, sizeof(note), "\n[... %llu bytes left out ...]\n", (unsigned long long)lost);
	all = p = arena_alloc(a, k->head.n + strlen(note) + k->n + 1);
	memcpy(p, buf_str(&k->head), k->head.n);
	p += k->head.n;
	memcpy(p, note, strlen(note));
	p += strlen(note);
	if (k->n) {
		first = k->tail - start < k->n ? k->tail - start : k->n;
		memcpy(p, k->ring + start, first);
		memcpy(p + first, k->ring, k->n - first);
		p += k->n;
	}
	*n = (size_t)(p - all);
	*cut = *cut || lost;
	buf_drop(&k->head);
	free(k->ring);
	return all;
}

struct ends {
	int r, w;
};

static int pipe_make(struct ends *p, struct err *e)
{
	int fd[2];

	if (pipe2(fd, O_CLOEXEC) < 0)
		return err_sys(e, "pipe");
	*p = (struct ends){ fd[0], fd[1] };
	return 0;
}

static void pipe_close(struct ends *p)
{
	fs_close(&p->r);
	fs_close(&p->w);
}

bool proc_is_key(const char *var)
{
	static const char end[] = "_API_KEY";
	size_t n = strcspn(var, "=");

	return n >= sizeof(end) - 1 && !strncmp(var + n - (sizeof(end) - 1), end, sizeof(end) - 1);
}

/* Ours without keys, which no child of ours has a use for; the strings are still environ's. */
static const char **env_ours(void)
{
	const char **env;
	size_t n = 0, out = 0;

	while (environ[n])
		n++;
	env = mem_alloc((n + 1) * sizeof(*env));
	for (size_t i = 0; i < n; i++)
		if (!proc_is_key(environ[i]))
			env[out++] = environ[i];
	env[out] = NULL;
	return env;
}

/* From outside, since posix_spawn has no word for it; what the child took until now is little. */
static void limit_memory(pid_t pid, int64_t max)
{
	const struct rlimit l = { (rlim_t)max, (rlim_t)max };

	prlimit(pid, RLIMIT_DATA, &l, NULL);
}

/* fds: what becomes 0, 1, 2; -1 is /dev/null. */
static int spawn(struct proc_starter *by, const char *const *argv, const char *const *env, const char *dir,
		 const int fds[3], pid_t *pid, struct err *e)
{
	posix_spawn_file_actions_t acts;
	posix_spawnattr_t attr;
	sigset_t none, all;
	const char **own = NULL;
	int r;

	if (by)
		return by->start(by, argv, env, dir, fds, pid, e);
	posix_spawn_file_actions_init(&acts);
	posix_spawnattr_init(&attr);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	for (int i = 0; i < 3; i++) {
		if (fds[i] < 0)
			posix_spawn_file_actions_addopen(&acts, i, "/dev/null", i ? O_WRONLY : O_RDONLY, 0);
		else
			posix_spawn_file_actions_adddup2(&acts, fds[i], i);
	}
	if (dir)
		posix_spawn_file_actions_addchdir_np(&acts, dir);
	if (!env)
		env = own = env_ours();
	r = posix_spawnp(pid, argv[0], &acts, &attr, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
	free(own);
	posix_spawn_file_actions_destroy(&acts);
	posix_spawnattr_destroy(&attr);
	if (r == 0)
		return 0;
	if (r == ENOENT && dir && !fs_is_dir(dir))
		return err_set(e, ERR_NOT_FOUND, "start %s: no folder %s", argv[0], dir);
	if (r == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no program %s; is it installed?", argv[0]);
	errno = r;
	return err_sys(e, "start %s", argv[0]);
}

struct run {
	const struct proc *p;
	pid_t pid;
	int pidfd;
	struct ends in, out, err;
	struct keep kept[2];
	size_t written;
	bool exited;
	int64_t started, kill_at;
	struct proc_result *result;
};

static void feed(struct run *r)
{
	ssize_t n = write(r->in.w, r->p->input.p + r->written, r->p->input.n - r->written);

	if (n > 0)
		r->written += (size_t)n;
	if (r->written == r->p->input.n || (n < 0 && errno != EAGAIN && errno != EINTR))
		fs_close(&r->in.w);
}

static void drain(struct run *r, struct ends *from, int which)
{
	char piece[65536];
	ssize_t n = read(from->r, piece, sizeof(piece));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fs_close(&from->r);
		return;
	}
	keep_add(&r->kept[which], (struct bytes){ piece, (size_t)n });
	if (r->p->spill > 0)
		fs_write_all(r->p->spill, (struct bytes){ piece, (size_t)n }, NULL);
	if (r->p->seen)
		r->p->seen(r->p->arg, (struct bytes){ piece, (size_t)n }, which == 1);
}

static void end_group(struct run *r, int64_t now)
{
	if (!r->kill_at) {
		kill(-r->pid, SIGTERM);
		r->kill_at = now + 2000;
	} else if (now >= r->kill_at) {
		kill(-r->pid, SIGKILL);
		r->kill_at = now + 2000;
	}
}

static void watch(struct run *r)
{
	const struct proc *p = r->p;
	int64_t grace_end = 0;

	while (!r->exited || r->out.r >= 0 || r->err.r >= 0) {
		int64_t now = clock_mono_ms(), wait = -1;
		struct pollfd set[4] = {
			{ r->out.r, POLLIN, 0 },
			{ r->err.r, POLLIN, 0 },
			{ r->in.w, POLLOUT, 0 },
			{ r->exited ? -1 : r->pidfd, POLLIN, 0 },
		};

		if (p->limit_ms && now - r->started >= p->limit_ms && !r->exited)
			r->result->timed_out = true;
		if (p->stop && *p->stop)
			r->result->stopped = true;
		if (!r->exited && (r->result->timed_out || r->result->stopped))
			end_group(r, now);
		if (r->exited) { /* a background child may hold the pipe: it gets a moment, then the end */
			if (!grace_end)
				grace_end = now + 200;
			else if (now >= grace_end) {
				kill(-r->pid, SIGKILL);
				break;
			}
			wait = grace_end - now > 0 ? grace_end - now : 0;
		} else if (r->kill_at) {
			wait = r->kill_at - now > 0 ? r->kill_at - now : 0;
		} else if (p->limit_ms) {
			wait = r->started + p->limit_ms - now;
		}
		if (p->stop && !r->result->stopped && (wait < 0 || wait > 100))
			wait = 100;
		if (poll(set, 4, wait > 1000000 ? 1000000 : (int)wait) < 0 && errno != EINTR)
			break;
		if (set[0].revents)
			drain(r, &r->out, 0);
		if (set[1].revents)
			drain(r, &r->err, 1);
		if (set[2].revents)
			feed(r);
		if (set[3].revents)
			r->exited = true;
	}
}

static void reap(struct run *r)
{
	struct rusage ru = { 0 };
	siginfo_t si = { 0 };
	int w = 0;

	waitid(P_PID, (id_t)r->pid, &si, WEXITED | WNOWAIT); /* the group's number stays ours until we reap */
	kill(-r->pid, SIGKILL);
	while (wait4(r->pid, &w, 0, &ru) < 0 && errno == EINTR)
		;
	r->result->signal = WIFSIGNALED(w) ? WTERMSIG(w) : 0;
	r->result->status = WIFSIGNALED(w) ? 128 + WTERMSIG(w) : WEXITSTATUS(w);
	r->result->cpu_ms = (int64_t)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000 +
			    (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1000;
	r->result->peak_kib = ru.ru_maxrss;
	r->result->wall_ms = clock_mono_ms() - r->started;
}

static int pidfd_of(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

int proc_run(struct arena *a, const struct proc *p, struct proc_result *out, struct err *e)
{
	struct proc_result res = { 0 };
	struct run r = {
		.p = p, .pidfd = -1, .in = { -1, -1 }, .out = { -1, -1 }, .err = { -1, -1 }, .result = &res,
		.started = clock_mono_ms(),
	};
	int fds[3], given[3], bad;

	for (int i = 0; i < 2; i++) {
		r.kept[i].head = buf_max(p->head ? p->head : 65536);
		r.kept[i].tail = p->tail ? p->tail : 65536;
	}
	given[0] = p->given ? p->given[0] : -1;
	given[1] = p->given ? p->given[1] : -1;
	given[2] = p->given ? p->given[2] : -1;
	bad = ((given[1] < 0 || (given[2] < 0 && !p->apart)) && pipe_make(&r.out, e) < 0) ||
	      (p->apart && given[2] < 0 && pipe_make(&r.err, e) < 0) || (p->input.n && given[0] < 0 && pipe_make(&r.in, e) < 0);
	if (!bad) {
		fds[0] = given[0] >= 0 ? given[0] : r.in.r;
		fds[1] = given[1] >= 0 ? given[1] : r.out.w;
		fds[2] = given[2] >= 0 ? given[2] : p->apart ? r.err.w : r.out.w;
		bad = spawn(p->by, p->argv, p->env, p->dir, fds, &r.pid, e) < 0;
		if (!bad && p->memory_max)
			limit_memory(r.pid, p->memory_max);
	}
	if (bad) {
		pipe_close(&r.in);
		pipe_close(&r.out);
		pipe_close(&r.err);
		return -1;
	}
	fs_close(&r.in.r);
	fs_close(&r.out.w);
	fs_close(&r.err.w);
	if (r.in.w >= 0)
		fcntl(r.in.w, F_SETFL, O_NONBLOCK);
	r.pidfd = pidfd_of(r.pid);
	watch(&r);
	reap(&r);
	fs_close(&r.pidfd);
	pipe_close(&r.in);
	pipe_close(&r.out);
	pipe_close(&r.err);
	res.printed = r.kept[0].total + r.kept[1].total;
	res.output = keep_take(a, &r.kept[0], &res.output_n, &res.cut);
	res.errors = keep_take(a, &r.kept[1], &res.errors_n, &res.cut);
	*out = res;
	return 0;
}

int proc_ask(struct arena *a, const char *dir, const char *const *argv, char **text, struct err *e)
{
	struct proc p = { .argv = argv, .dir = dir, .head = 4 << 20, .tail = 4096, .apart = true };
	struct proc_result r;
	char *last;

	if (proc_run(a, &p, &r, e) < 0)
		return -1;
	if (r.status == 0) {
		if (text)
			*text = r.output;
		return 0;
	}
	last = r.errors_n ? r.errors : r.output;
	for (size_t n = strlen(last); n && last[n - 1] == '\n'; n--)
		last[n - 1] = 0;
	return err_set(e, ERR_SYS, "%s%s%s ended with %d: %s", argv[0], argv[1] ? " " : "", argv[1] ? argv[1] : "",
		       r.status, strrchr(last, '\n') ? strrchr(last, '\n') + 1 : last);
}

int proc_start(const char *const *argv, const char *const *env, const char *dir, int flags, int log_fd,
	       struct proc_child *out, struct err *e)
{
	return proc_start_by(NULL, argv, env, dir, flags, log_fd, out, e);
}

int proc_start_by(struct proc_starter *by, const char *const *argv, const char *const *env, const char *dir, int flags,
		  int log_fd, struct proc_child *out, struct err *e)
{
	struct ends in = { -1, -1 }, from = { -1, -1 };
	int fds[3] = { -1, log_fd, log_fd };
	pid_t pid;
	int r = 0;

	if (flags & PROC_PIPE_IN)
		r = pipe_make(&in, e);
	if (r == 0 && (flags & PROC_PIPE_OUT))
		r = pipe_make(&from, e);
	if (in.r >= 0)
		fds[0] = in.r;
	if (from.w >= 0)
		fds[1] = from.w;
	if (from.w >= 0 && (flags & PROC_ERR_TO_OUT))
		fds[2] = from.w;
	if (r == 0)
		r = spawn(by, argv, env, dir, fds, &pid, e);
	fs_close(&in.r);
	fs_close(&from.w);
	if (r < 0) {
		pipe_close(&in);
		pipe_close(&from);
		return -1;
	}
	*out = (struct proc_child){ pid, pidfd_of(pid), in.w, from.r, -1 };
	return 0;
}

bool proc_is_alive(const struct proc_child *c)
{
	siginfo_t si = { 0 };

	if (c->pid <= 0)
		return false;
	return waitid(P_PID, (id_t)c->pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid == 0;
}

int proc_end(struct proc_child *c, int64_t grace_ms)
{
	struct pollfd set = { c->pidfd, POLLIN, 0 };
	int w = 0;

	if (c->pid <= 0)
		return 0;
	fs_close(&c->in);
	kill(-c->pid, SIGTERM);
	if (proc_is_alive(c))
		poll(&set, 1, (int)grace_ms);
	kill(-c->pid, SIGKILL);
	while (waitpid(c->pid, &w, 0) < 0 && errno == EINTR)
		;
	fs_close(&c->out);
	fs_close(&c->pidfd);
	fs_close(&c->hold);
	c->pid = 0;
	return WIFSIGNALED(w) ? 128 + WTERMSIG(w) : WEXITSTATUS(w);
}
