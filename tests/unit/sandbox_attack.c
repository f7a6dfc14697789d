/*
 * Runs the attack suite of tests/sandbox: each class as root and as an ordinary user, each attempt outside (its control) and in
 * several kinds of sandbox. `make unit` tries two kinds; `make show-attacks` (argument --all) every one, with a table.
 *
 * This program runs itself again: as one class (a unit of work, several at a time), as a control in namespaces of its own,
 * and inside as one attempt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../sandbox/lab.h"
#include "../tap.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "sandbox/sandbox.h"

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

static const struct attempts *const classes[] = { &secrets, &writes, &network, &privilege, &tampering, &resources, &escapes };
enum { CLASSES = sizeof(classes) / sizeof(*classes), ENDS = CLASSES, SCENES, WORK, USERS = 2, AT_ONCE = 6 };

static struct arena a;
static char self[PATH_MAX], self_dir[PATH_MAX];

static const char *work_name(int i)
{
	return i == ENDS ? "ends" : i == SCENES ? "scenes" : classes[i]->name;
}

static const struct attempt *attempt_find(const char *name)
{
	for (int c = 0; c < CLASSES; c++)
		for (int i = 0; i < classes[c]->n; i++)
			if (!strcmp(classes[c]->list[i].name, name))
				return &classes[c]->list[i];
	return NULL;
}

/* ---- one attempt: NAME TREE ---- */

enum { GOT_IT, REFUSED, UNKNOWN, CANNOT = 4 };

static int attempt_run(const char *name, const char *tree)
{
	const struct attempt *t = attempt_find(name);
	int fd = open(under(tree, "lab"), O_RDONLY);

	if (!strcmp(name, "nothing"))
		return GOT_IT;
	if (!t || read(fd, &lab, sizeof(lab)) != sizeof(lab))
		return UNKNOWN;
	close(fd);
	alarm(20);
	_exit(t->run() ? GOT_IT : REFUSED); /* at once: a leak checker would run after chroot and the like */
}

static bool put_line(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	close(fd);
	return good;
}

/* All rights, over namespaces where they do no harm. */
static int attempt_in_space(const char *name, const char *tree)
{
	char uid[32], gid[32];

	snprintf(uid, sizeof(uid), "0 %u 1", geteuid());
	snprintf(gid, sizeof(gid), "0 %u 1", getegid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP) < 0 ||
	    !put_line("/proc/self/setgroups", "deny") || !put_line("/proc/self/uid_map", uid) ||
	    !put_line("/proc/self/gid_map", gid) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return CANNOT;
	return attempt_run(name, tree);
}

/* ---- one class: controls, then each kind of sandbox ---- */

struct sums {
	int attempts, contained, controls, skipped;
};

static const struct {
	const char *name;
	bool warm, layered, kept, quick;
} kinds[] = {
	{ "cold", false, false, false, true },
	{ "warm", true, false, false, false },
	{ "cold, layered", false, true, false, false },
	{ "warm, layered", true, true, false, true },
	{ "after a keep", true, true, true, false }, /* of a layer full of hostile things */
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static const char *const *argv_of(const char *mode, const char *name)
{
	const char **v = arena_array(&a, 5, sizeof(*v));

	v[0] = self;
	v[1] = mode;
	v[2] = name;
	v[3] = lab.tree;
	return v;
}

static bool control_is_shown(const struct attempt *t, struct sums *sum)
{
	const bool space = t->control == IN_SPACE || t->control == IN_SPACE_IF_CAN;
	struct proc p = { .argv = argv_of(space ? "space" : "attempt", t->name), .dir = lab.tree, .limit_ms = 30000 };
	struct proc_result r = { .status = -1 };

	if (t->control == BY_ROOT && !lab.is_root) {
		printf("# outside, %s is for root: not counted\n", t->name);
		sum->skipped++;
		return false;
	}
	proc_run(&a, &p, &r, NULL);
	lab_harm();
	if (r.status != 0 && (t->control == IF_CAN || t->control == IN_SPACE_IF_CAN)) {
		printf("# outside, %s cannot be shown on this machine: not counted\n", t->name);
		sum->skipped++;
		return false;
	}
	if (!ok(r.status == 0, "outside, %s succeeds", t->name))
		printf("# status %d\n", r.status);
	sum->controls += r.status == 0;
	return true;
}

/* Refused, or ended by the sandbox; not broken. */
static bool is_held(const struct attempt *t, const struct proc_result *r)
{
	if (r->timed_out || (r->status == GOT_IT && !t->judged) || r->status == UNKNOWN || r->status == 125)
		return false;
	if (r->signal && r->signal != SIGKILL && r->signal != SIGSYS)
		return false;
	return !r->signal || r->signal == SIGSYS || t->slow;
}

static struct sandbox sandbox_of(int kind)
{
	static const char *const protect[] = { "deep/tests", NULL };
	static const char *read[2];
	struct err e = { 0 };
	struct sandbox s = { .tree = lab.tree, .protect = protect, .read = read, .memory_max = 128 << 20, .processes_max = 40,
			     .disk_max = 32 << 20, .tree_max = 64 << 20 };

	read[0] = self_dir;
	lab.layered = kinds[kind].layered;
	if (kinds[kind].kept) {
		const char *why;

		scenes_keep(&why);
		ok(!why, "what is planted in a layer is not kept: %s", why ? why : "so it is");
		lab.kept = !why;
		lab_harm();
	}
	s.layer = kinds[kind].layered ? lab_layer() : NULL;
	if (kinds[kind].warm && sandbox_open(&s, &s.session, &e) < 0)
		printf("# %s\n", e.text);
	return s;
}

static void attempt_is_contained(const struct attempt *t, struct sandbox *s, int kind, bool counts, struct sums *sum)
{
	struct proc p = { .argv = argv_of("attempt", t->name), .limit_ms = 30000 };
	struct proc_result r = { .status = -1, .output = "" };
	struct err e = { 0 };
	const char *harm;
	bool held = (!kinds[kind].warm || s->session) && sandbox_run(&a, s, &p, &r, &e) == 0 && is_held(t, &r);

	harm = lab_harm();
	if (t->open) {
		printf("# %s: %s %s\n", kinds[kind].name, t->name, held && !harm ? "fails" : "succeeds, as docs/threats.md says");
		lab_clear_up();
		return;
	}
	sum->attempts += counts;
	sum->contained += counts && held && !harm;
	if (!ok(held && !harm, "%s: %s fails", kinds[kind].name, t->name))
		printf("# status %d, signal %d%s %s\n# %s\n# %.300s\n", r.status, r.signal, r.timed_out ? ", timed out" : "", e.text, harm ? harm : "", r.output);
	if (kinds[kind].warm && r.signal == SIGKILL) { /* what was taken may be the session's */
		sandbox_close(&s->session);
		if (sandbox_open(s, &s->session, &e) < 0)
			printf("# %s\n", e.text);
	}
}

/* An attempt that fails must fail by the sandbox, not because this program does not run in it. */
static bool attempts_can_succeed(const struct sandbox *s, int kind)
{
	struct proc p = { .argv = argv_of("attempt", "nothing"), .limit_ms = 20000 };
	struct proc_result r = { .status = -1, .output = "" };
	struct err e = { 0 };
	bool good = (!kinds[kind].warm || s->session) && sandbox_run(&a, s, &p, &r, &e) == 0 && r.status == 0;

	if (!good && kinds[kind].layered && e.code == ERR_DENIED) {
		printf("# %s: not tried: %s\n", kinds[kind].name, e.text);
		return false;
	}
#ifdef __SANITIZE_ADDRESS__
	if (!good) {
		printf("# attempts are not run in this build: its sanitizer wants more memory than a sandbox has\n");
		return false;
	}
#endif
	if (!ok(good, "%s: an attempt that asks for nothing succeeds inside", kinds[kind].name))
		printf("# status %d %s %s\n", r.status, e.text, r.output);
	return good;
}

static int class_run(const struct attempts *c, bool all)
{
	struct sums sum = { 0 };
	bool shown[256];

	lab_make();
	for (int i = 0; i < c->n; i++)
		shown[i] = control_is_shown(&c->list[i], &sum);
	for (int k = 0; k < KINDS; k++) {
		struct sandbox s;

		if (!all && !kinds[k].quick)
			continue;
		s = sandbox_of(k);
		for (int i = 0, n = attempts_can_succeed(&s, k) ? c->n : 0; i < n; i++)
			if (all || !c->list[i].slow || !kinds[k].warm)
				attempt_is_contained(&c->list[i], &s, k, shown[i], &sum);
		sandbox_close(&s.session);
	}
	lab_drop();
	printf("# sums %d %d %d %d\n", sum.attempts, sum.contained, sum.controls, sum.skipped);
	arena_drop(&a);
	return done();
}

/* ---- all classes, several at a time ---- */

struct unit {
	int class;
	bool ordinary;
	pid_t pid;
	FILE *lines;
};

static void unit_begin(struct unit *u, bool all)
{
	u->lines = tmpfile();
	fflush(stdout);
	u->pid = u->lines ? fork() : -1;
	if (u->pid != 0)
		return;
	dup2(fileno(u->lines), 1);
	if (u->ordinary && (setgroups(0, NULL) < 0 || setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
		_exit(99);
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	setenv("DEPLOY_TOKEN", SECRET, 1);
	setenv("HOME", "/nonexistent", 1);
	execl(self, self, "class", work_name(u->class), all ? "all" : "quick", SECRET, (char *)NULL);
	_exit(98);
}

static void unit_end(struct unit *u, struct sums *sum)
{
	char line[4096];
	int status = -1;
	bool told = false; /* what failed, and the notes below it */

	waitpid(u->pid, &status, 0);
	rewind(u->lines);
	while (fgets(line, sizeof(line), u->lines)) {
		sscanf(line, "# sums %d %d %d %d", &sum->attempts, &sum->contained, &sum->controls, &sum->skipped);
		printf("    %s", line); /* indented: a subtest */
		told = !strncmp(line, "not ok", 6) || (told && line[0] == '#');
		if (told)
			fprintf(stderr, "# %s", line);
	}
	fclose(u->lines);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 98)
		printf("# %s cannot be read by an ordinary user here: not run as one\n", self);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		printf("# there is no other user to become here: not run as one\n");
	else
		ok(status == 0, "%s: all is held for %s", work_name(u->class), u->ordinary || geteuid() ? "an ordinary user" : "root");
}

static void print_table(const struct sums sums[USERS][WORK])
{
	printf("# %-12s %-14s attempts contained controls not shown here\n", "class", "user");
	for (int u = 0; u < USERS; u++)
		for (int c = 0; c < CLASSES; c++)
			if (sums[u][c].attempts)
				printf("# %-12s %-14s %8d %9d %8d %14d\n", classes[c]->name, u == 0 && geteuid() == 0 ? "root" : "ordinary",
				       sums[u][c].attempts, sums[u][c].contained, sums[u][c].controls, sums[u][c].skipped);
}

static void all_classes(bool all, const char *only)
{
	struct unit units[USERS * WORK];
	struct sums sums[USERS][WORK] = { 0 };
	int n = 0, from = 0;

	for (int u = 0; u < (geteuid() == 0 ? USERS : 1); u++)
		for (int c = WORK - 1; c >= 0; c--)
			if (!only || !strcmp(only, work_name(c)))
				units[n++] = (struct unit){ c, u == 1, -1, NULL };
	for (int i = 0; i < n || from < n; i++) {
		if (i < n)
			unit_begin(&units[i], all);
		if (i - from + 1 >= AT_ONCE || i >= n - 1) {
			unit_end(&units[from], &sums[units[from].ordinary][units[from].class]);
			from++;
		}
	}
	print_table((const struct sums (*)[WORK])sums);
}

int main(int argc, char **argv)
{
	const bool all = argc > 1 && !strcmp(argv[1], "--all");
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return 1;
	memcpy(self_dir, self, (size_t)n + 1);
	*strrchr(self_dir, '/') = 0;
	if (argc == 4 && !strcmp(argv[1], "attempt"))
		return attempt_run(argv[2], argv[3]);
	if (argc == 4 && !strcmp(argv[1], "space"))
		return attempt_in_space(argv[2], argv[3]);
	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	if (argc == 5 && !strcmp(argv[1], "class") && !strcmp(argv[2], "ends"))
		return ends_run();
	if (argc == 5 && !strcmp(argv[1], "class") && !strcmp(argv[2], "scenes"))
		return scenes_run();
	if (argc == 5 && !strcmp(argv[1], "class"))
		for (int c = 0; c < CLASSES; c++)
			if (!strcmp(argv[2], classes[c]->name))
				return class_run(classes[c], !strcmp(argv[3], "all"));
	all_classes(all, argc > 1 + all ? argv[1 + all] : NULL);
	arena_drop(&a);
	return done();
}
