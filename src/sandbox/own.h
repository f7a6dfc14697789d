/*
 * The parts of our own sandbox, shared by its files and by nobody else.
 *
 * The supervisor (us) plans everything in memory, then clones a child into new namespaces. That child, a copy of us
 * that makes plain system calls only, builds the view, gives up its rights, starts the command and becomes its init.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANDBOX_OWN_H
#define SANDBOX_OWN_H

#include "base/proc.h"
#include "sandbox/sandbox.h"

#include <linux/filter.h>
#include <stdint.h>

/* Our number inside, and outside when root runs us: one that nobody uses (systemd's UIDS-GIDS leaves it free). */
enum { SANDBOX_UID = 1000, SANDBOX_OUTSIDE = 65530 };
#define SANDBOX_HOME "/home/agent"

/* Where building a sandbox can fail. own.c has the words. */
enum own_step {
	STEP_NONE,
	STEP_CLONE,      /* new namespaces                                 */
	STEP_MAP,        /* our user in the user namespace                 */
	STEP_ROOT,       /* the empty root                                 */
	STEP_SHOW,       /* a folder or file to show; index: which         */
	STEP_PIN,        /* a name beneath the tree to hold; index: which  */
	STEP_PROC,
	STEP_PIVOT,
	STEP_LOOPBACK,
	STEP_RIGHTS,     /* capabilities and no_new_privs                  */
	STEP_LIMITS,
	STEP_LANDLOCK,
	STEP_FILTER,     /* seccomp                                        */
	STEP_INIT,
	STEP_CHDIR,      /* the command's folder                           */
	STEP_EXEC,       /* the command itself                             */
};

struct own_fail {
	int step, index, number; /* number: errno */
};

/* ---- plan.c and view.c: what can be seen ---- */

enum { SHOW_WRITE = 1, SHOW_MAY_LACK = 2, SHOW_DEVICE = 4 };

struct view_show {       /* a folder or file of the machine                 */
	const char *src;
	const char *at;  /* beneath the new root, without the leading slash */
	int flags;
	int fd;          /* opened before the old root is left              */
};

enum pin_kind { PIN_HOLD, PIN_READ, PIN_HIDE, PIN_CONFIG }; /* the last: shown as view.git_config */

struct view_pin {        /* a name beneath the tree, found again in the new root without following a link */
	const char *at;
	enum pin_kind kind;
};

struct view {
	struct view_show *shows;
	int n_shows;
	struct view_pin *pins;
	int n_pins;
	struct bytes git_config; /* what stands in for .git/config; n == 0: nothing */
	bool is_root;            /* the sandbox's user is root outside */
	int64_t scratch_max;     /* bytes of /tmp, /dev/shm and the home folder together */
	const char *const *writable; /* absolute; for Landlock; NULL-ended */
};

/* Checks what is asked for and lays it out. */
int view_plan(struct arena *a, const struct sandbox *s, struct view *out, struct err *e);
/* Reads the machine's small files that are copied into each view; once. */
void view_read_copies(void);
/* In the child, with all rights over its own mount namespace. 0, or -1 with *f filled. */
int view_build(struct view *v, struct own_fail *f);

/* ---- gitconfig.c ---- */

/* in, without entries that smell of a secret and without users in URLs. */
void gitconfig_scrub(struct bytes in, struct buf *out);

/* ---- idmap.c: for root ---- */

/* Opens what v shows with its owner mapped to SANDBOX_OUTSIDE. False when it cannot be, with nothing left open. */
bool idmap_open(struct view *v);
void idmap_close(struct view *v);
int idmap_write(pid_t pid, const char *file, unsigned inside, unsigned outside); /* file: "uid_map", "gid_map" */

/* ---- filter.c: which system calls ---- */

/* The program, made once. */
const struct sock_fprog *filter_get(void);

/* ---- lock.c: giving up rights ---- */

int lock_landlock_abi(void); /* 0: this kernel has none */
int lock_down(const struct view *v, const struct sock_fprog *filter, struct own_fail *f);

/* ---- init.c: PID 1 ---- */

enum { REPORT_FAILED = 1, REPORT_STARTED, REPORT_ENDED };

struct own_report {      /* what the child tells us over the socket */
	int kind;
	struct own_fail fail;
	int wait_status;
	int over_limit;
	int64_t cpu_us, peak_kib;
};

struct init_watch {
	int control;             /* the socket to the supervisor */
	pid_t command;
	int64_t memory_max;
	int processes_max;
	const char *tree;
};
/* Watches the command until it ends, we die, or a sum reaches its limit. Forgets everything that the copy of us held
 * before it does so. Never returns. */
_Noreturn void init_run(const struct init_watch *w);

/* ---- own.c ---- */

/* Whether the last sandbox's user was root outside (see idmap.c). */
bool own_was_root(void);

int own_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e);
int own_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
	      struct proc_child *out, struct err *e);

/* ---- oci.c ---- */

int oci_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e);
int oci_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
	      struct proc_child *out, struct err *e);

/* ---- sandbox.c ---- */

/* The environment inside: from zero, then s->env. */
const char *const *sandbox_env(struct arena *a, const struct sandbox *s);
int64_t sandbox_memory(const struct sandbox *s);
int64_t sandbox_disk(const struct sandbox *s);
int sandbox_processes(const struct sandbox *s);
/* True when path is folder or stands beneath it. */
bool path_is_beneath(const char *path, const char *folder);

#endif
