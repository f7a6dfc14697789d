/*
 * `sealwright sandbox -- COMMAND`: any command in the sandbox, in any folder.
 *
 * Its exit status is the command's, so that it can stand in a script; what is our own failure is 125, as env(1) has it.
 * What may be seen and spent is fixed before the command starts: profile, then flags, then the organisation's locks over both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/network.h"
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/sandbox_layer.h"
#include "cmd/sandbox_log.h"
#include "cmd/stop.h"
#include "cmd/streams.h"
#include "sandbox/bundle.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_TIME = 124, EXIT_OURS = 125, EXIT_NOT_RUNNABLE = 126, EXIT_NO_PROGRAM = 127, LACKS_MAX = 12 };

static int level_check(const struct sandbox_job *j, struct err *e)
{
	const int least = j->profile.level_min;
	const struct sandbox_level *l;

	if (j->box.backend == SANDBOX_OCI || least <= 2) /* what holds for 2 the sandbox says itself, at less cost */
		return 0;
	l = sandbox_probe();
	if (l->level >= least)
		return 0;
	return err_set(e, ERR_DENIED, "%s wants sandbox level %d, this would be level %d: %s%s",
		       j->set.sandbox_level == least ? j->set.policy : arena_printf(j->a, "the profile %s", j->profile.name), least,
		       l->level, l->why, l->level == 1 && j->set.sandbox_level <= 1 ? "; or go on without what only namespaces hold, as "
		       "sealwright doctor lists it: --level 1" : "");
}

/* ---- running it ---- */

static json_t *words(const char *const *argv)
{
	json_t *v = json_array();

	for (; *argv; argv++)
		json_array_append_new(v, json_string_any(bytes_of(*argv)));
	return v;
}

static void tell_start(const struct sandbox_job *j)
{
	const struct digest d = profile_digest(&j->profile);
	char hex[65];

	sandbox_log_add(j->log, "start",
			json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "profile", json_string_any(bytes_of(j->profile.name)), "rules",
				  arena_printf(j->a, "sha256:%s", digest_hex(&d, hex)), "backend",
				  j->box.backend == SANDBOX_OCI ? "oci" : "own", "tree", json_string_any(bytes_of(j->box.tree)), "dir",
				  json_string_any(bytes_of(j->dir)), "command", words(j->argv)));
}

static void tell_end(const struct sandbox_job *j, const struct proc_result *r, int status)
{
	sandbox_log_add(j->log, "end",
			json_pack("{s:i, s:i, s:b, s:b, s:i, s:I, s:I, s:I}", "status", status, "signal", r->signal, "timed_out", r->timed_out,
				  "stopped", r->stopped, "level", j->level, "wall_ms", (json_int_t)r->wall_ms, "cpu_ms", (json_int_t)r->cpu_ms, "peak_kib",
				  (json_int_t)r->peak_kib));
}

static int status_of(const struct sandbox_job *j, const struct proc_result *r, const volatile int *stop)
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
static void terminal_env(struct sandbox_job *j)
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

static void account_of_level(const struct sandbox_job *j)
{
	const char *lacks[LACKS_MAX];
	int n = j->level == 1 ? sandbox_level_lacks(1, lacks, LACKS_MAX) : 0;

	if (n)
		fprintf(stderr, "sealwright: this was level 1, which can not hold:\n");
	for (int i = 0; i < n && i < LACKS_MAX; i++)
		fprintf(stderr, "  %s\n", lacks[i]);
}

static void log_add(void *log, const char *type, json_t *data)
{
	sandbox_log_add(log, type, data);
}

static int execute(struct sandbox_job *j, struct err *e)
{
	const volatile int *stop = stop_flag();
	struct streams_options so = { .output_max = j->profile.output, .seen = opts_has(j->o, "json") ? sandbox_log_output : NULL,
				      .arg = j->log };
	struct proc p = { .argv = j->argv, .dir = j->dir, .limit_ms = j->profile.time_ms, .stop = stop };
	const struct network_told told = { sandbox_log_refused, log_add, j->log };
	struct network *network = NULL;
	struct streams *streams = NULL;
	struct proc_result r;
	int status;

	if (network_open(j->a, &j->profile, &j->box, &network, e) < 0)
		return -1;
	if (streams_open(&so, &streams, e) < 0) {
		network_close(&network, NULL);
		return -1;
	}
	p.given = streams_inside(streams);
	if (isatty(p.given[0]))
		terminal_env(j);
	tell_start(j);
	status = sandbox_run(j->a, &j->box, &p, &r, e);
	streams_close(&streams);
	network_close(&network, status < 0 ? NULL : &told);
	if (status < 0)
		return -1;
	status = status_of(j, &r, stop);
	tell_end(j, &r, status);
	if (!opts_has(j->o, "json") && !opts_has(j->o, "quiet")) {
		account_of_level(j);
		sandbox_log_account(j->log, stderr);
	}
	return status;
}

/* The two ways in which a program that cannot be started is told; see own_explain and oci_run. */
static int exit_status(const struct err *e)
{
	return e->code == ERR_NOT_FOUND && !strncmp(e->text, "no program ", 11) ? EXIT_NO_PROGRAM :
	       !strncmp(e->text, "start ", 6) ? EXIT_NOT_RUNNABLE : EXIT_OURS;
}

/* ---- what becomes of what it wrote ---- */

enum fate { KEEP, DROP, ASK, HERE };

static int fate_of(const struct sandbox_job *j, enum fate *out, struct err *e)
{
	static const char *const names[] = { [KEEP] = "keep", [DROP] = "drop", [ASK] = "ask", [HERE] = "here" };
	const bool can_ask = isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && !opts_has(j->o, "json");
	int given = -1;

	for (int i = KEEP; i <= HERE; i++) {
		if (!opts_has(j->o, names[i]))
			continue;
		if (given >= 0)
			return err_set(e, ERR_USAGE, "--%s and --%s go against each other; give one", names[given], names[i]);
		given = i;
	}
	if (given == ASK && !can_ask)
		return err_set(e, ERR_USAGE, "--ask needs a terminal; use --keep or --drop");
	if (given < 0)
		given = j->profile.keep == PROFILE_KEEP ? KEEP : j->profile.keep == PROFILE_DROP ? DROP : can_ask ? ASK : KEEP;
	if (j->box.tree_readonly)
		given = HERE;
	*out = (enum fate)given;
	return 0;
}

static int settle(struct sandbox_layer *sl, enum fate fate, struct err *e)
{
	return fate == ASK ? sandbox_layer_ask(sl, e) : fate == DROP ? sandbox_layer_drop(sl, e) : sandbox_layer_keep(sl, e);
}

static int run_with(struct sandbox_job *j, enum fate fate, struct err *e)
{
	struct sandbox_layer sl;
	struct layer_changes c;
	int status;

	if (fate == HERE)
		return execute(j, e);
	if (sandbox_layer_new(j, &sl, e) < 0)
		return -1;
	sl.allow = j->profile.allow_change;
	sl.box = &j->box;
	sl.told = opts_has(j->o, "json") || opts_has(j->o, "quiet") ? NULL : stderr;
	if (sandbox_layer_allow(&sl, j->o, e) < 0) {
		sandbox_layer_drop(&sl, NULL);
		return -1;
	}
	status = execute(j, e);
	if (status < 0) { /* it did not start */
		if (sandbox_layer_changes(&sl, &c, NULL) == 0 && !c.n)
			layer_drop(&sl.l, NULL);
		else
			layer_close(&sl.l);
		return -1;
	}
	return settle(&sl, fate, e) < 0 ? -1 : status;
}

static int sandbox_command(struct arena *a, const struct opts *o, struct err *e)
{
	struct sandbox_job j = { .a = a, .o = o, .argv = o->rest };
	const bool is_json = opts_has(o, "json");
	struct err why = { 0 };
	enum fate fate = KEEP;
	int r;

	if (!o->rest_n)
		return err_set(e, ERR_USAGE, "what shall be run? Put it behind --, as in: sealwright sandbox -- make test");
	if (!o->ended || o->after)
		return err_set(e, ERR_USAGE, "put -- in front of the command: sealwright sandbox -- %.100s", o->rest[0]);
	if (sandbox_job_prepare(&j, e) < 0)
		return -1;
	if (opts_text(o, "oci-bundle"))
		return bundle_write(&j.box, j.argv, j.dir, isatty(STDIN_FILENO), opts_text(o, "oci-bundle"), e);
	if (level_check(&j, e) < 0 || fate_of(&j, &fate, e) < 0 ||
	    sandbox_log_open(opts_text(o, "events"), is_json, &j.log, e) < 0)
		return -1;
	j.box.on_refused = sandbox_log_refused;
	j.box.refused_arg = j.log;
	r = run_with(&j, fate, e);
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
	SANDBOX_JOB_OPTIONS,
	{ "keep", 0, NULL, "Take what it wrote into the tree, through the keep check; the default without a terminal", false },
	{ "drop", 0, NULL, "Forget what it wrote", false },
	{ "ask", 0, NULL, "Show it and ask; the default on a terminal", false },
	{ "here", 0, NULL, "Let it write into the tree at once, without a layer; .git stays read-only", false },
	{ "allow-change", 0, "RULE[:PATH]", "Keep what this rule of the keep check asks about, too", true },
	{ "oci-bundle", 0, "DIR", "Run nothing: write an OCI bundle for runc or crun into this new folder", false },
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
		 "What it writes stands in a layer beside this folder. At its end you are asked, on a terminal, or it is kept: each\n"
		 "change passes the keep check, and what could run outside later (git metadata, CI files, editor tasks) is left in the\n"
		 "layer and named. See `sealwright sandbox diff`, `keep` and `drop`.\n\n"
		 "Exit status: the command's own; 124 when its time was up, 125 when the sandbox itself failed, 126 and 127 when the\n"
		 "command can not be run or is not there.\n",
	.examples = "sealwright sandbox -- make test  # a stranger's Makefile\n"
		    "sealwright sandbox --time 10m --memory 2G -- npm test  # within limits\n"
		    "sealwright sandbox --profile deps -- npm ci  # with the registries, and nothing else\n"
		    "sealwright sandbox --allow api.example.org -- ./fetch  # one host\n"
		    "sealwright sandbox --ro ~/.rustup --env PATH -- cargo build --offline  # with a toolchain of your home\n",
	.options = options, .fails = EXIT_OURS, .run = sandbox_command,
};
