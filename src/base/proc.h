/*
 * Child processes: started from an argument vector, watched, and ended with all their descendants.
 *
 * No shell is involved. stdin is /dev/null unless bytes are given. The child leads a session and process group of
 * its own; at the time limit, or when *stop turns true, the whole group gets SIGTERM, then SIGKILL after 2 s, and
 * what was printed so far comes back. Descriptors of ours are close-on-exec everywhere and do not leak in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

/* Another way to start a child than posix_spawn (the sandbox's). fds become its 0, 1 and 2; -1 is /dev/null. The child
 * must lead a process group. Stands first in a struct that holds what `start` needs. */
struct proc_starter {
	int (*start)(struct proc_starter *by, const char *const *argv, const char *const *env, const char *dir,
		     const int fds[3], pid_t *pid, struct err *e);
};

struct proc {
	const char *const *argv;      /* NULL-ended; argv[0] is looked up in PATH when it has no slash */
	const char *const *env;       /* NULL-ended "NAME=value"; NULL: ours, without what proc_is_key  */
	const char *dir;              /* working directory; NULL: ours                                  */
	struct bytes input;           /* for stdin; n == 0: /dev/null                                   */
	int64_t limit_ms;             /* 0: none                                                        */
	int64_t memory_max;           /* bytes of memory of its own that it, and each that it starts, may have; 0: as we */
	size_t head, tail;            /* of the output kept; 0: 64 KiB each                             */
	const volatile int *stop;     /* may be NULL                                                    */
	bool apart;                   /* stderr kept apart in result.errors; else merged as printed     */
	int spill;                    /* descriptor that gets every byte of output too; 0 or -1: none   */
	/* Sees every byte as it comes; may be NULL. */
	void (*seen)(void *arg, struct bytes piece, bool is_stderr);
	void *arg;
	/* Three descriptors that become its 0, 1 and 2; -1: as if there were none here. The caller keeps them. What goes to one
	 * of them is not kept, counted or seen. A terminal must be one that we made. */
	const int *given;
	struct proc_starter *by;      /* NULL: posix_spawn */
};

struct proc_result {
	int status;          /* exit status, or 128 + signal      */
	int signal;          /* that ended it, 0 when it exited   */
	bool timed_out, stopped;
	int64_t wall_ms, cpu_ms;
	long peak_kib;       /* largest resident set              */
	uint64_t printed;    /* bytes in all                      */
	bool cut;            /* the middle was left out           */
	char *output;        /* head, a line "[... N bytes left out ...]" when cut, tail; NUL-ended, in the arena */
	size_t output_n;
	char *errors;        /* with `apart`; else ""             */
	size_t errors_n;
};

/* "..._API_KEY=value": a key to a model's endpoint, which we alone use. */
bool proc_is_key(const char *var);

/* Runs it to its end. 0 whatever its exit status; -1 when it could not be started (ERR_NOT_FOUND names the program). */
int proc_run(struct arena *a, const struct proc *p, struct proc_result *out, struct err *e);

/* proc_run for short questions: ERR_SYS with the last line printed unless it exits 0. *text may be NULL. */
int proc_ask(struct arena *a, const char *dir, const char *const *argv, char **text, struct err *e);

/* A child that stays: its pid as pidfd, pipes on stdin and stdout when asked. */
struct proc_child {
	pid_t pid;
	int pidfd, in, out; /* -1 when absent */
	int hold;           /* closed by proc_end; what a starter keeps open while the child lives; -1 when absent */
};
enum { PROC_PIPE_IN = 1, PROC_PIPE_OUT = 2, PROC_ERR_TO_OUT = 4 };
/* log_fd >= 0 takes stdout and stderr where no pipe is asked for. */
int proc_start(const char *const *argv, const char *const *env, const char *dir, int flags, int log_fd,
	       struct proc_child *out, struct err *e);
int proc_start_by(struct proc_starter *by, const char *const *argv, const char *const *env, const char *dir, int flags,
		  int log_fd, struct proc_child *out, struct err *e);
/* Ends its whole group: SIGTERM, then SIGKILL after grace_ms; reaps it; closes what is open. Returns its status. */
int proc_end(struct proc_child *c, int64_t grace_ms);
bool proc_is_alive(const struct proc_child *c);

#endif
