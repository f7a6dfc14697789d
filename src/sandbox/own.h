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
#include <linux/seccomp.h>
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
	STEP_LAYER,      /* the copy-on-write view of the tree             */
	STEP_PIN,        /* a name beneath the tree to hold; index: which  */
	STEP_PROC,
	STEP_PIVOT,
	STEP_LOOPBACK,
	STEP_EGRESS,     /* listeners, handed over                         */
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

enum { SHOW_WRITE = 1, SHOW_MAY_LACK = 2, SHOW_DEVICE = 4, SHOW_LAYERED = 8, SHOW_LENT = 16 /* opened by a warm sandbox */ };

struct view_show {       /* a folder or file of the machine                 */
	const char *src;
	const char *at;  /* beneath the new root, without the leading slash */
	int flags;
	int fd;          /* opened before the old root is left              */
};

enum pin_kind {
	PIN_HOLD, PIN_READ, PIN_HIDE,
	PIN_CONFIG,      /* view.git_config stands in for it                               */
	PIN_GIT,         /* the private git directory does                                 */
	PIN_GIT_FILE,    /* a file that points there does, where .git is a file (worktree) */
	PIN_BORROWED,    /* the real objects, as the private directory's alternates        */
	PIN_TEXT,        /* its own text does                                              */
};

#define VIEW_GIT "var/git"                 /* the private git directory, for a .git that is a file */
#define VIEW_GIT_OBJECTS "var/git-objects" /* what it borrows                                       */

struct view_pin {        /* a name beneath the tree, found again in the new root without following a link */
	const char *at;
	enum pin_kind kind;
	struct bytes text;       /* of PIN_TEXT */
};

struct view {
	struct view_show *shows;
	int n_shows;
	struct view_pin *pins;
	int n_pins;
	struct bytes git_config; /* what stands in for .git/config; n == 0: nothing */
	const char *layer;       /* a folder with upper/ and work/; NULL: the tree itself is shown */
	const char *locked;      /* what serves one sandbox at a time: the layer, or a copy of the tree; NULL: nothing */
	int layer_fd;            /* of a mount of it, opened before the old root is left; -1: not yet */
	int layer_lock;          /* init keeps it while it lives: one sandbox at a time on `locked`; -1 without one */
	bool is_root;            /* the sandbox's user is root outside */
	bool is_shared;          /* by several commands: each mounts a /proc of its own, by view_proc */
	int64_t scratch_max;     /* bytes of /tmp, /dev/shm and the home folder together */
	const struct sandbox_file *files; /* of the home folder; may be NULL */
	bool has_dns;            /* somebody answers at 127.0.0.1:53 */
	const char *const *writable; /* absolute; for Landlock; NULL-ended */
};

/* Checks what is asked for and lays it out. */
int view_plan(struct arena *a, const struct sandbox *s, struct view *out, struct err *e);
/* Reads the machine's small files that are copied into each view; once. */
void view_read_copies(void);
/* In the child, with all rights over its own mount namespace. 0, or -1 with *f filled. */
int view_build(struct view *v, struct own_fail *f);
int view_proc(const struct view *v);
/* The folders, small files and links of the view, into an empty folder. System calls only; -1 with errno. */
int view_files(const struct view *v, int root);

/* ---- listen.c: what leads out ---- */

/* Opens listeners on these ports (ended by 0) in this network namespace, and hands them to `to`. System calls only. */
int listen_hand_over(int to, const uint16_t *ports);

/* ---- gitconfig.c ---- */

/* in, without entries that smell of a secret and without users in URLs. */
void gitconfig_scrub(struct bytes in, struct buf *out);

/* Finds the further configurations beneath a git directory (of submodules and worktrees; copies; stored passwords) that are not
 * clean, and tells their names beneath it and what may be shown of them. False when there is too much to look through. */
typedef void gitconfig_found_fn(void *arg, const char *name, struct bytes clean);
bool gitconfig_find(int git, gitconfig_found_fn *found, void *arg);

/* ---- idmap.c: for root ---- */

/* Opens what v shows with its owner mapped to SANDBOX_OUTSIDE. False when it cannot be, with nothing left open. */
bool idmap_open(struct view *v);
void idmap_close(struct view *v);
int idmap_write(pid_t pid, const char *file, unsigned inside, unsigned outside); /* file: "uid_map", "gid_map" */

/* ---- filter.c: which system calls ---- */

enum filter_kind {
	FILTER_PLAIN,        /* answers by itself                                        */
	FILTER_TELLING,      /* hands what it refuses to a listener                      */
	FILTER_LEVEL1,       /* as well, and what only namespaces would make harmless    */
	FILTER_LEVEL1_PLAIN, /* what the one before would answer; for filter_answer only */
	FILTERS
};

/* Names of calls, each with a blank behind it: allowed whatever their arguments are, and refused by name. */
const char *filter_allowed(void);
const char *filter_refused(void);
enum { FILTER_MAX = 2048 }; /* instructions */

/* The program of another processor (AUDIT_ARCH_...), for tests: returns its length. */
int filter_for(enum filter_kind kind, uint32_t arch, struct sock_filter code[FILTER_MAX]);
int filter_run(const struct sock_fprog *p, const struct seccomp_data *d); /* as filter_answer */
/* The program, made once. */
const struct sock_fprog *filter_get(enum filter_kind kind);
/* The errno that a program (a plain one) answers with; 0 when it allows the call. */
int filter_answer(enum filter_kind kind, const struct seccomp_data *d);

/* ---- lock.c: giving up rights ---- */

int lock_landlock_abi(void); /* 0: this kernel has none */

struct lock_rule {           /* what Landlock allows beneath a path, or of a file */
	const char *path;
	int may;             /* MAY_...                                           */
};
enum { MAY_LOOK, MAY_WRITE, MAY_USE };

int lock_rights(void); /* no new privileges, no capability                        */
int lock_rights_alone(void); /* the same without the right to take rights for good */
int lock_landlock(const struct lock_rule *rules, int n);
/* Installs the filter. With a listener wanted, its descriptor is in *listener; -1 there when another listens already, as
 * in a sandbox within a sandbox: the program then answers by itself. */
int lock_filter(enum filter_kind kind, int *listener);
/* All of that, as the view wants it. */
int lock_down(const struct view *v, enum filter_kind kind, int *listener, struct own_fail *f);

/* ---- refuse.c: what was refused, told ---- */

struct refuse;
struct own_report;
struct seccomp_notif;
struct seccomp_notif_resp;

/* Level 1 decides more than a filter can, of calls that the filter itself does not refuse: fills *answer (it holds EPERM), or
 * answers by itself and sets its id to 0. Returns NULL when there is nothing to tell, a text that names the harm, or "" for
 * the words that the call itself has. */
typedef const char *refuse_decide_fn(void *arg, int listener, const struct seccomp_notif *n, int tgid,
				     struct seccomp_notif_resp *answer, char *text, size_t max);

/* Sends a report and, when it is not -1, the listener. System calls only; 0 or -1. */
int refuse_send(int socket, const struct own_report *r, int listener);
/* As read(2) of one report; *listener is -1 when none came. */
ssize_t refuse_receive(int socket, struct own_report *r, int *listener);
/* Listens in a thread of its own. Owns the descriptor. NULL when no thread can be had: the calls then answer ENOSYS. */
struct refuse *refuse_watch(int listener, enum filter_kind kind, refuse_decide_fn *decide, void *arg);
/* As refuse_watch, for a thread that ends with the last process that could call, tells nobody, and says done(arg) then. */
bool refuse_leave(int listener, enum filter_kind kind, refuse_decide_fn *decide, void (*done)(void *arg), void *arg);
/* Ends the thread and tells each refusal, and how the command was ended when a limit did it. Sets NULL; NULL is fine. */
void refuse_end(struct refuse **r, const struct sandbox *s);
enum limit_kind { LIMIT_NONE, LIMIT_MEMORY, LIMIT_PROCESSES, LIMIT_DISK, LIMIT_TIME };
void refuse_limit(const struct sandbox *s, enum limit_kind limit, const char *program);

/* ---- init.c: PID 1 ---- */

enum { REPORT_FAILED = 1, REPORT_STARTED, REPORT_ENDED };

struct own_report {      /* what the child tells us over the socket */
	int kind;
	struct own_fail fail;
	int wait_status;
	int over_limit; /* enum limit_kind */
	int pid;        /* outside, of a warm sandbox's init */
	int64_t cpu_us, peak_kib;
};

struct init_watch {
	int control;             /* the socket to the supervisor */
	int life;                /* hangs up when a warm sandbox is closed; -1: none */
	pid_t command;
	int64_t memory_max;
	int processes_max;
	const char *tree;
	int64_t tree_max;
};
/* Finds out, in the supervisor, what init shall keep of the program. */
void init_prepare(void);
/* In a copy of us: the words that we were started with, which all may read in /proc/PID/cmdline, are no more. */
void init_wipe_words(void);
/* Watches the command until it ends, we die, or a sum reaches its limit. Forgets everything that the copy of us held
 * before it does so. Never returns. */
_Noreturn void init_run(const struct init_watch *w);
/* Goes on in run on a stack of size bytes that the caller made, so that the old one can be unmapped. */
_Noreturn void init_on_stack(void *stack, size_t size, void (*run)(void));

/* ---- cgroup.c ---- */

struct cgroup {
	char at[2][600];  /* one folder a hierarchy                     */
	int n;            /* of them; 0: none                           */
	int doors[2];     /* a process enters by writing "0"            */
	int into;         /* version 2: for CLONE_INTO_CGROUP; else -1  */
};

int cgroup_version(void); /* 2, 1, or 0 when none can be made: then cgroup_lacks says why, with the cure */
const char *cgroup_lacks(void);
/* A group with the limits of s; false, with nothing made, when that cannot be. */
bool cgroup_make(struct cgroup *c, const struct sandbox *s);
void cgroup_close(struct cgroup *c);                       /* its descriptors */
bool cgroup_holds(const struct cgroup *c, pid_t pid);
bool cgroup_ran_out(const struct cgroup *c);               /* the kernel ended something of it for want of memory */
void cgroup_drop(struct cgroup *c);                        /* once its processes are ended */

/* ---- own.c ---- */

struct own {
	struct proc_starter by; /* first */
	struct arena *a;
	const struct sandbox *s;
	struct view view;
	enum filter_kind filter;
	struct refuse *refuse;  /* who tells what the filter refused */
	const char *const *argv;
	const char *const *env;
	const char **programs;  /* paths to try for argv[0] */
	const char *dir, *tree_name;
	int fds[3];
	int ends[2];            /* of the socket: ours, init's */
	char uid_line[32], gid_line[32]; /* of the maps, for a plain user */
	struct cgroup cgroup;
	bool wants_cgroup;
	bool apart;             /* for root: another user outside, too */
	struct own_fail failed; /* of the command's process, which shares init's memory until it runs */
	int64_t memory, file_max, tree_max;
	int processes;
	int egress;             /* 0: none */
	const uint16_t *egress_ports;
	int pid;                /* of a warm sandbox's init, which cannot know it by itself */
	int tree;               /* of a warm sandbox: its work tree as seen inside; else -1 */
	struct sandbox_session *lender; /* whose tree is shown; NULL: the one on disk   */
};

/* The supervisor's part. */
int own_prepare(struct own *o, struct arena *a, const struct sandbox *s, const char *dir, struct err *e);
/* Clones into new namespaces (and `more`), where `run` must never return, and waits for its first report. */
int own_open(struct own *o, uint64_t more, void (*run)(struct own *o), pid_t *pid, struct err *e);
int own_lock(struct own *o, struct err *e); /* the layer or copy, when it has one: in o->view.layer_lock */
/* What it opens again by /dev/stdout must be the command's own, too. */
void own_hand_over(const struct own *o);
const char **own_programs(struct arena *a, const char *name, const char *const *env);
/* What may keep a plain process from making namespaces, and how to allow it. */
const char *own_namespace_cure(int number);
int own_explain(const struct own *o, const struct own_fail *f, struct err *e);
/* own_run and own_start, with o->by to begin it. */
int own_run_by(struct own *o, struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out,
	       struct err *e);
int own_start_by(struct own *o, const char *const *argv, const char *dir, int flags, int log_fd, struct proc_child *out,
		 struct err *e);

/* The child's part: system calls only. */
int own_enter(struct own *o, struct own_fail *f);    /* from new namespaces into the view            */
pid_t own_launch(struct own *o, struct own_fail *f); /* starts the command; -1 with *f filled        */
int own_limits(const struct own *o);
int own_descriptors(struct own *o); /* puts the command's, the socket and the lock where init has them */
_Noreturn void own_become(struct own *o); /* the command; or o->failed and the end */
_Noreturn void own_give_up(const struct own *o, struct own_fail f);

/* ---- warm.c ---- */

int warm_open(const struct sandbox *s, int level, struct sandbox_session **out, struct err *e);
const char *warm_source(const struct sandbox_session *w); /* the copy that it shows; NULL: none */
const char *warm_own(const struct sandbox_session *w); /* the private folder of one at level 1 */
void warm_close(struct sandbox_session *w);
int warm_tree(const struct sandbox_session *w, unsigned *owner);
bool warm_is_apart(const struct sandbox_session *w);
/* Puts a copy of the mounts of w's tree where v wants it, for a sandbox whose user is another (apart) or is not. */
int warm_lend(struct sandbox_session *w, struct view *v, bool apart, struct err *e);
int warm_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e);
int warm_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
	       struct proc_child *out, struct err *e);

/* ---- own.c, again ---- */

/* Whether the last sandbox's user was root outside (see idmap.c). */
bool own_was_root(void);

int own_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e);
int own_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
	      struct proc_child *out, struct err *e);

/* ---- level1.c ---- */

/* own: a folder from level1_own_make, kept by the caller; NULL: one for this command. */
int level1_run(struct arena *a, const struct sandbox *s, const char *own, const struct proc *p, struct proc_result *out,
	       struct err *e);
int level1_start(const struct sandbox *s, const char *own, const char *const *argv, const char *dir, int flags, int log_fd,
		 struct proc_child *out, struct err *e);
char *level1_own_make(struct arena *a, const char *tree, struct err *e);

/* ---- oci.c ---- */

int oci_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e);
int oci_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
	      struct proc_child *out, struct err *e);

/* ---- sandbox.c ---- */

/* The environment inside: from zero, then s->env. */
const char *const *sandbox_env(struct arena *a, const struct sandbox *s);
/* True when path is folder or stands beneath it. */
bool path_is_beneath(const char *path, const char *folder);

#endif
