/*
 * `sealwright sandbox -- COMMAND`: any command in the sandbox, in any folder.
 *
 * Its exit status is the command's, so that it can stand in a script; what is our own failure is 125, as env(1) has it.
 * What may be seen and spent is fixed before the command starts: profile, then flags, then the organisation's locks over both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/locks.h"
#include "cmd/sandbox_log.h"
#include "cmd/settings.h"
#include "cmd/stop.h"
#include "cmd/streams.h"
#include "sandbox/profile.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_TIME = 124, EXIT_OURS = 125, EXIT_NOT_RUNNABLE = 126, EXIT_NO_PROGRAM = 127 };

struct job {
	struct arena *a;
	const struct opts *o;
	struct settings set;
	struct profile profile;
	struct sandbox box;
	const char *dir;          /* where the command starts */
	const char *const *argv;
	struct sandbox_log *log;
};

/* ---- where ---- */

/* A .git that another user put there must not make the tree wider. */
static bool is_own_git(struct arena *a, const char *folder)
{
	struct stat st;

	return lstat(arena_printf(a, "%s/.git", folder), &st) == 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) &&
	       (st.st_uid == geteuid() || st.st_uid == 0);
}

static bool is_home(const char *folder)
{
	const char *home = getenv("HOME");
	char *real = home && home[0] == '/' ? realpath(home, NULL) : NULL;
	bool same = real && !strcmp(real, folder);

	free(real);
	return same;
}

/* The repository's top folder when this folder stands in one, else this folder. */
static int tree_of(struct job *j, struct err *e)
{
	char *here = realpath(".", NULL), *at;

	if (!here)
		return err_sys(e, "this folder");
	j->dir = arena_strdup(j->a, here);
	free(here);
	j->box.tree = j->dir;
	for (at = arena_strdup(j->a, j->dir); strrchr(at, '/') != at && !is_home(at); *strrchr(at, '/') = 0)
		if (is_own_git(j->a, at)) {
			j->box.tree = arena_strdup(j->a, at);
			break;
		}
	return 0;
}

/* ---- what may be done ---- */

static int add_folders(struct job *j, const char *option, const char *const **list, struct err *e)
{
	const char *given;

	for (int i = 0; (given = opts_nth(j->o, option, i)); i++) {
		char *real = realpath(given, NULL);

		if (!real)
			return err_sys(e, "--%s %s", option, given);
		*list = profile_list_add(j->a, *list, arena_strdup(j->a, real));
		free(real);
	}
	return 0;
}

static int add_env(struct job *j, struct err *e)
{
	const char *given;

	for (int i = 0; (given = opts_nth(j->o, "env", i)); i++) {
		if (!*given || *given == '=')
			return err_set(e, ERR_USAGE, "--env takes NAME or NAME=VALUE, not \"%.60s\"", given);
		if (strchr(given, '='))
			j->profile.env = profile_list_add(j->a, j->profile.env, given);
		else
			j->profile.pass = profile_list_add(j->a, j->profile.pass, given);
	}
	return 0;
}

static int flags_over(struct job *j, struct err *e)
{
	struct profile *p = &j->profile;
	int64_t level = p->level_min;

	if (opts_text(j->o, "backend") && sandbox_backend_parse(opts_text(j->o, "backend"), &p->backend, e) < 0)
		return err_wrap(e, "--backend");
	p->has_backend = p->has_backend || opts_has(j->o, "backend");
	if (p->has_backend && p->backend == SANDBOX_OFF)
		return err_set(e, ERR_USAGE, "--backend takes own or oci; without a sandbox, run the command itself");
	if (opts_text(j->o, "image"))
		p->image = opts_text(j->o, "image");
	if (add_folders(j, "ro", &p->read, e) < 0 || add_folders(j, "rw", &p->write, e) < 0 || add_env(j, e) < 0 ||
	    opts_time(j->o, "time", &p->time_ms, e) < 0 || opts_size(j->o, "memory", &p->memory, e) < 0 ||
	    opts_whole(j->o, "processes", 1, 1000000, &p->processes, e) < 0 || opts_size(j->o, "disk", &p->disk, e) < 0 ||
	    opts_size(j->o, "output", &p->output, e) < 0 || opts_whole(j->o, "level", 1, 4, &level, e) < 0)
		return -1;
	p->level_min = (int)level;
	return 0;
}

static int prepare(struct job *j, struct err *e)
{
	struct profile *p = &j->profile;

	if (settings_load(j->a, NULL, &j->set, e) < 0 || tree_of(j, e) < 0 ||
	    profile_load(j->a, opts_text_or(j->o, "profile", "none"), j->box.tree, p, e) < 0 || flags_over(j, e) < 0 || locks_apply(&j->set, p, e) < 0)
		return -1;
	j->box.backend = j->set.sandbox == SANDBOX_OCI ? SANDBOX_OCI : SANDBOX_OWN;
	j->box.image = j->set.image;
	if (p->registries || p->network_asked || p->network[0])
		return err_set(e, ERR_DENIED, "the profile %s asks for a network, which this version does not give; use another", p->name);
	profile_apply(j->a, p, &j->box);
	return 0;
}

static int level_check(const struct job *j, struct err *e)
{
	const int least = j->profile.level_min;
	const struct sandbox_level *l;

	if (j->box.backend == SANDBOX_OCI || least <= 2) /* our own sandbox is level 2, or is refused */
		return 0;
	l = sandbox_probe();
	if (l->level >= least)
		return 0;
	return err_set(e, ERR_DENIED, "%s wants sandbox level %d, this would be level %d: %s",
		       j->set.sandbox_level == least ? j->set.policy : arena_printf(j->a, "the profile %s", j->profile.name), least,
		       l->level, l->why);
}

/* ---- running it ---- */

static json_t *words(const char *const *argv)
{
	json_t *v = json_array();

	for (; *argv; argv++)
		json_array_append_new(v, json_string_any(bytes_of(*argv)));
	return v;
}

static void tell_start(const struct job *j)
{
	const struct digest d = profile_digest(&j->profile);
	char hex[65];

	sandbox_log_add(j->log, "start",
			json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "profile", json_string_any(bytes_of(j->profile.name)), "rules",
				  arena_printf(j->a, "sha256:%s", digest_hex(&d, hex)), "backend",
				  j->box.backend == SANDBOX_OCI ? "oci" : "own", "tree", json_string_any(bytes_of(j->box.tree)), "dir",
				  json_string_any(bytes_of(j->dir)), "command", words(j->argv)));
}

static void tell_end(const struct job *j, const struct proc_result *r, int status)
{
	sandbox_log_add(j->log, "end",
			json_pack("{s:i, s:i, s:b, s:b, s:I, s:I, s:I}", "status", status, "signal", r->signal, "timed_out", r->timed_out,
				  "stopped", r->stopped, "wall_ms", (json_int_t)r->wall_ms, "cpu_ms", (json_int_t)r->cpu_ms, "peak_kib",
				  (json_int_t)r->peak_kib));
}

static int status_of(const struct job *j, const struct proc_result *r, const volatile int *stop)
{
	if (r->timed_out)
		return EXIT_TIME;
	if (r->stopped && *stop == SIGXFSZ) {
		sandbox_log_refused(j->log, &(struct sandbox_refusal){ "limit", "output", "it printed more than the profile's output "
				    "allows; raise it by --output", "", 0, 1 });
		return r->status;
	}
	return r->stopped ? 128 + *stop : r->status;
}

/* For a terminal that we made: it is not CI, and may be painted. */
static void terminal_env(struct job *j)
{
	static const char *const more[] = { "CI=", "NO_COLOR=", NULL };
	const char *const *env = j->box.env, *term = getenv("TERM");

	for (const char *const *m = more; *m; m++)
		env = profile_list_add(j->a, env, *m);
	if (term && *term)
		env = profile_list_add(j->a, env, arena_printf(j->a, "TERM=%s", term));
	for (const char *const *own = j->profile.env; *own; own++) /* the person's word stays the last */
		env = profile_list_add(j->a, env, *own);
	j->box.env = env;
}

static int execute(struct job *j, struct err *e)
{
	const volatile int *stop = stop_flag();
	struct streams_options so = { .output_max = j->profile.output, .seen = opts_has(j->o, "json") ? sandbox_log_output : NULL,
				      .arg = j->log };
	struct proc p = { .argv = j->argv, .dir = j->dir, .limit_ms = j->profile.time_ms, .stop = stop };
	struct streams *streams = NULL;
	struct proc_result r;
	int status;

	if (streams_open(&so, &streams, e) < 0)
		return -1;
	p.given = streams_inside(streams);
	if (isatty(p.given[0]))
		terminal_env(j);
	tell_start(j);
	status = sandbox_run(j->a, &j->box, &p, &r, e);
	streams_close(&streams);
	if (status < 0)
		return -1;
	status = status_of(j, &r, stop);
	tell_end(j, &r, status);
	if (!opts_has(j->o, "json") && !opts_has(j->o, "quiet"))
		sandbox_log_account(j->log, stderr);
	return status;
}

/* The two ways in which a program that cannot be started is told; see own_explain and oci_run. */
static int exit_status(const struct err *e)
{
	return e->code == ERR_NOT_FOUND && !strncmp(e->text, "no program ", 11) ? EXIT_NO_PROGRAM :
	       !strncmp(e->text, "start ", 6) ? EXIT_NOT_RUNNABLE : EXIT_OURS;
}

static int sandbox_command(struct arena *a, const struct opts *o, struct err *e)
{
	struct job j = { .a = a, .o = o, .argv = o->rest };
	const bool is_json = opts_has(o, "json");
	struct err why = { 0 };
	int r;

	if (!o->rest_n)
		return err_set(e, ERR_USAGE, "what shall be run? Put it behind --, as in: sealwright sandbox -- make test");
	if (!o->ended || o->after)
		return err_set(e, ERR_USAGE, "put -- in front of the command: sealwright sandbox -- %.100s", o->rest[0]);
	if (prepare(&j, e) < 0 || level_check(&j, e) < 0 || sandbox_log_open(opts_text(o, "events"), is_json, &j.log, e) < 0)
		return -1;
	j.box.on_refused = sandbox_log_refused;
	j.box.refused_arg = j.log;
	r = execute(&j, e);
	if (r < 0 && exit_status(e) != EXIT_OURS) {
		r = exit_status(e);
		cmd_complain("sandbox", e, r, is_json);
	}
	if (sandbox_log_close(&j.log, &why) < 0 && r >= 0) {
		*e = why;
		return -1;
	}
	return r;
}

static const struct opt options[] = {
	{ "profile", 'p', "PROFILE", "What may be read, written, reached and spent; none by default", false },
	{ "ro", 0, "DIR", "Show this folder too, for reading", true },
	{ "rw", 0, "DIR", "Show this folder too, for writing", true },
	{ "env", 0, "NAME[=VALUE]", "Set a variable inside, or pass ours on", true },
	{ "time", 0, "TIME", "End it after this time: 90s, 10m, 2h", false },
	{ "memory", 0, "SIZE", "All its processes together: 512M, 4G", false },
	{ "processes", 0, "N", "Processes and threads", false },
	{ "disk", 0, "SIZE", "Of /tmp, /dev/shm and its home folder together", false },
	{ "output", 0, "SIZE", "End it when it prints more than this", false },
	{ "level", 0, "N", "Refuse to run below this level of isolation", false },
	{ "backend", 0, "own|oci", "Our own sandbox, or a container of podman or docker", false },
	{ "image", 0, "IMAGE", "Use this container image with --backend oci", false },
	{ "events", 0, "FILE", "Write what happens as JSON lines into this file", false },
	{ "json", 0, NULL, "Print them on stdout, with the command's output among them", false },
	{ "quiet", 'q', NULL, "No account of what was refused", false },
	{ 0 },
};

const struct command cmd_sandbox = {
	.name = "sandbox", .group = "Sandbox", .usage = "-- COMMAND [ARGUMENT...]",
	.summary = "Run a command in the sandbox",
	.about = "COMMAND sees /usr, this folder (the whole repository, when it stands in one) and nothing else of yours: no home\n"
		 "folder, no keys, no network but loopback. It and all that it starts end together.\n\n"
		 "Exit status: the command's own; 124 when its time was up, 125 when the sandbox itself failed, 126 and 127 when the\n"
		 "command can not be run or is not there.\n",
	.examples = "sealwright sandbox -- make test  # a stranger's Makefile\n"
		    "sealwright sandbox --time 10m --memory 2G -- npm test  # within limits\n"
		    "sealwright sandbox --ro ~/.rustup --env PATH -- cargo build --offline  # with a toolchain of your home\n",
	.options = options, .fails = EXIT_OURS, .run = sandbox_command,
};
