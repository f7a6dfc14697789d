/*
 * The sandbox: the only way in which code of a model or of a repository runs.
 *
 * sandbox_run is proc_run inside a constructed view: an empty root plus an allow-list, own user, mount, PID, network,
 * IPC, UTS and cgroup namespaces, the work tree at its own path, no network but loopback, nothing of the home folder.
 * The whole tree of processes ends with the command, its time limit, or us, even by kill -9.
 *
 * What is seen: /usr (with /bin, /lib), what programs need of /etc, the tree, `read` and `write`; /tmp, /dev/shm and
 * /home/agent are empty and gone afterwards. Further toolchains (a pyenv, a rustup under a home) only by `read`.
 * When the tree holds the home folder or our own state, nothing of those shows. The home folder itself, /tmp, /etc and
 * the like are refused as a tree (ERR_DENIED).
 *
 * What a caller must know:
 * - `protect`, and .git always, are read-only and cannot be moved away, nor can the folders on the way to them; for
 *   that, those folders are mounts, so rename(2) and link(2) across their border give EXDEV (mv copies then).
 *   A protected name that is a symbolic link is refused.
 * - A protected name that is absent is not made, and code inside may make it. So: make .git (git init) and the
 *   protected tests before the first command. A .git that appeared by itself, and any .git deeper in the tree, was
 *   written by untrusted code: its hooks and configuration must not be run by a git outside.
 * - Everything else in the tree is untrusted after a command: links may point anywhere. Open by fs_open_beneath.
 * - A unix socket or fifo of the machine that lies in the tree can be reached from inside.
 * - .git/config is shown without tokens and users in URLs (not by SANDBOX_OCI); other files of the tree as they are.
 * - The thread that starts a sandbox must live as long as it: the kernel ends it with that thread.
 * - A layer, or a copy of the tree, serves one sandbox, or one session, at a time: another is refused (ERR_BUSY). It is locked by flock(2) of its
 *   folder until the last process inside is gone. It lies on a file system of its own kind, not on an overlay, and outside
 *   the tree. A folder of the tree below a layer cannot be renamed (EXDEV; mv copies), nor can what belongs to others be
 *   changed (EOVERFLOW).
 * - Without `egress` nothing but loopback is reached. With it, nothing of ours runs inside either: listeners are opened in
 *   the sandbox's network namespace and given away. Its variables (egress_env) go into `env`, its files into `files`.
 * - Two programs that talk to each other by loopback (a server and its client) run in one command: a network namespace
 *   is a command's own. `sh -c 'server & client'` ends both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "base/proc.h"

struct err;

struct sandbox_file { const char *path, *text; }; /* beneath the home folder inside */

enum sandbox_backend { SANDBOX_OWN, SANDBOX_OCI, SANDBOX_OFF };

#define SANDBOX_IMAGE "docker.io/library/python:3.11-slim"

/* Harm that was attempted and refused. Texts are hostile: print them as such. */
struct sandbox_refusal {
	const char *wall;    /* "seccomp", "limit"                                                       */
	const char *what;    /* "mount(2)", "memory"                                                     */
	const char *rule;    /* which rule refused it, and how a person allows it                         */
	const char *program; /* "" when it is not known                                                   */
	int pid;             /* inside; 0 when it is not known                                            */
	long times;          /* how often the same was tried                                              */
};
typedef void sandbox_refused_fn(void *arg, const struct sandbox_refusal *r);

struct sandbox_session; /* a warm sandbox, see sandbox_open */

struct sandbox {
	enum sandbox_backend backend;
	const char *tree;               /* absolute; the work tree, seen at the same path inside       */
	bool tree_readonly;
	const char *const *read;        /* further folders to show read-only; NULL-ended; may be NULL   */
	const char *const *write;       /* further folders to show writable; NULL-ended; may be NULL    */
	const char *const *protect;     /* names beneath tree that stay read-only (tests); .git always does; NULL-ended */
	const char *const *env;         /* "NAME=value" added to the environment, which starts at zero  */
	int64_t memory_max;             /* bytes, of all processes together; 0: 4 GiB                   */
	int processes_max;              /* and threads; 0: 512                                          */
	int64_t disk_max;               /* bytes of /tmp, /dev/shm and home together; 0: 1 GiB          */
	int64_t tree_max;               /* bytes that a command may add to the tree's disk, or its layer's; 0: 8 GiB, or
					   disk_max when that is more                                   */
	const char *image;              /* for SANDBOX_OCI; NULL: SANDBOX_IMAGE                         */
	const char *layer;              /* absolute; a folder of ours with upper/ and work/: the tree is copy-on-write and
					   what is written goes to upper/. NULL: the tree itself is written */
	const char *tree_source;        /* absolute; a copy of the tree that is shown, and written, at the tree's path in its place;
					   goes without a layer. NULL: the tree itself */
	const char *git_dir;            /* absolute; a folder shown writable at TREE/.git in place of what is there; with a layer
					   or a tree_source */
	const char *git_objects;        /* absolute; the objects that git_dir borrows: shown read-only at /var/git-objects, which
					   stands in for git_dir's objects/info/alternates when that is there. NULL: TREE/.git/objects */
	struct sandbox_session *tree_of; /* the tree as this open warm sandbox shows it, a layer's changes with it, instead of the
					   one on disk; all else is new. For a command that is to see what others made there and
					   nothing they left in /tmp, the home folder or on loopback. Without a layer then */
	sandbox_refused_fn *on_refused; /* told after the command, by the caller's thread; may be NULL   */
	void *refused_arg;
	int level_min;                  /* the least level to run at; 0: 2. 1 lets a machine that refuses namespaces go on with
					   Landlock and seccomp alone: only when a person asked for it (see sandbox_level_lacks) */
	int level_max;                  /* go no higher, for tests of what runs elsewhere; 0: as high as the machine holds */
	int *level;                     /* out: the level that the command ran at; may be NULL. For SANDBOX_OWN and _OFF  */
	int egress;                     /* a socket to the process that holds an allow-list (egress/egress.h), which gets listeners
					   of the sandbox's network; 0: none. A session's are handed over when it is opened    */
	const uint16_t *egress_ports;   /* which; ended by 0                                            */
	const struct sandbox_file *files; /* written into the home folder; ended by a NULL path; may be NULL */
	struct sandbox_session *session; /* run in this warm sandbox, which was opened for the same tree; NULL: a cold one */
};

/* What holds where s says 0. */
int64_t sandbox_memory(const struct sandbox *s);
int64_t sandbox_disk(const struct sandbox *s);
int64_t sandbox_added(const struct sandbox *s);
int sandbox_processes(const struct sandbox *s);

/* p->env and p->by are ignored: the environment is built from zero. p->dir must stand beneath the tree; NULL: the tree.
 * -1 when the sandbox itself could not be built (ERR_DENIED with the cure): never falls back to running outside.
 * SANDBOX_OFF, which a person must ask for, runs the command plainly, without variables of ours that look like secrets. */
int sandbox_run(struct arena *a, const struct sandbox *s, const struct proc *p, struct proc_result *out, struct err *e);

/* As proc_start, inside; the child and all it starts end with proc_end or with us. */
int sandbox_start(const struct sandbox *s, const char *const *argv, const char *dir, int flags, int log_fd,
		  struct proc_child *out, struct err *e);

/* Whether s asks for what it may: a tree that is too wide and the like is refused as by sandbox_run, and nothing is started. */
int sandbox_check(const struct sandbox *s, struct err *e);

/* A warm sandbox: the view, the namespaces and the limits of s, kept ready, so that sandbox_run and sandbox_start with
 * s->session cost little more than a plain spawn. Each command has a PID namespace of its own and ends whole; the network
 * namespace (a server on loopback), /tmp and the home folder are the session's. Not while a layer's lower tree changes. */
int sandbox_open(const struct sandbox *s, struct sandbox_session **out, struct err *e);
void sandbox_close(struct sandbox_session **s); /* NULL is fine; ends all that runs in it, sets NULL */

/* The work tree as the session's commands see it: a layer's changes are in it, what is protected is read-only, .git is as
 * there. A descriptor (O_PATH) of the session's, to open files beneath by openat2; -1 when the backend has no inside.
 * Files are reached with the rights of those commands only between sandbox_act and sandbox_act_end, which hold for the
 * calling thread: for root, the tree's owner is another user there (else EOVERFLOW).
 * Do not rename, remove or replace a protected name or a folder on the way to one: what holds it is a mount, and a mount
 * keeps its name only within its own namespace. */
int sandbox_tree(const struct sandbox_session *s);
void sandbox_act(const struct sandbox_session *s);
void sandbox_act_end(void);

/* Whether a layer works on these disks, by using it: tree holds `file` and `folder` with something in it; layer as above. Changes
 * the layer. arg: not used, so that it can be a layer_how's `works` (work/layer.h). */
bool sandbox_layer_works(void *arg, const char *tree, const char *layer);

enum { SANDBOX_LOOK = 32 };
/* Makes of box, which shows the same tree with the same layer, one that can stand beside s (tree_of). Returns the path under
 * which we see the files of that tree, while s is open: "/proc/self/fd/N", in look; or the tree's own when there is no inside. */
const char *sandbox_beside(struct sandbox_session *s, struct sandbox *box, char look[SANDBOX_LOOK]);

/* What this machine can hold: 0 nothing, 1 Landlock and seccomp, 2 namespaces too, 3 cgroup too. Cached. */
struct sandbox_level {
	int level;
	char why[512];   /* what is missing for the next level, and the cure */
};
const struct sandbox_level *sandbox_probe(void);

/* The parts of the sandbox, each tried by itself; a missing one with the cure. Returns how many there are. */
enum sandbox_wall_state { WALL_GOOD, WALL_LESS, WALL_MISSING };
struct sandbox_wall {
	const char *name;
	enum sandbox_wall_state state;
	char text[256], cure[320];
};
enum { SANDBOX_WALLS = 10 };
int sandbox_walls(struct sandbox_wall walls[SANDBOX_WALLS]);

/* The classes of harm that a level cannot hold, a sentence each: "secrets: ...". Fills at most max; returns how many there
 * are. Truthful: what is not listed is held. */
int sandbox_level_lacks(int at, const char *lacks[], int max);

/* "own", "oci", "off"; ERR_USAGE otherwise. */
int sandbox_backend_parse(const char *name, enum sandbox_backend *out, struct err *e);

#endif
