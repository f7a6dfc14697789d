/*
 * `sealwright run` and `sealwright resume`: an intent to a finished code base.
 *
 * The plan is shown and agreed to on a terminal only: elsewhere nobody is there to answer, and whoever called us from a
 * script has said what they want.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/index.h"
#include "base/err.h"
#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/exec.h"
#include "cmd/locks.h"
#include "cmd/plain.h"
#include "cmd/settings.h"
#include "cmd/stop.h"
#include "cmd/view.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shown {
	struct view view;
	const struct settings *settings;
};

static void show(void *arg, const struct session_event *ev)
{
	struct shown *s = arg;

	view_event(&s->view, ev);
}

/* 1 yes, 0 no, -1 asked to stop. */
static int ask(void *arg, const char *plan)
{
	struct shown *s = arg;
	char answer[64] = "";

	view_close(&s->view);
	putc('\n', stderr);
	for (const char *p = plan; *p; p += strcspn(p, "\n"), p += *p != 0) { /* titles may be a model's */
		char *line = strndup(p, strcspn(p, "\n"));

		plain_print(stderr, line, 4000);
		putc('\n', stderr);
		free(line);
	}
	fputs("Go on? [Y/n] ", stderr);
	for (;;) {
		struct pollfd in = { STDIN_FILENO, POLLIN, 0 };

		if (*stop_flag())
			return -1;
		if (poll(&in, 1, 200) > 0)
			break;
	}
	if (!fgets(answer, sizeof(answer), stdin))
		return 0;
	return !(*answer == 'n' || *answer == 'N' || *answer == 'q');
}

/* An absolute path without "." and ".." for a folder that need not exist yet; its parent must. */
static char *absolute(struct arena *a, const char *path, struct err *e)
{
	char *copy = arena_strdup(a, path), *slash, *parent;
	size_t n = strlen(copy);
	const char *name;

	while (n > 1 && copy[n - 1] == '/')
		copy[--n] = 0;
	parent = realpath(copy, NULL);
	if (parent) {
		char *whole = arena_strdup(a, parent);

		free(parent);
		return whole;
	}
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..")) {
		err_set(e, ERR_NOT_FOUND, "no folder %s", path);
		return NULL;
	}
	parent = realpath(!slash ? "." : slash == copy ? "/" : arena_memdup(a, copy, (size_t)(slash - copy)), NULL);
	if (!parent) {
		err_sys(e, "the folder that %s would stand in (make it first)", path);
		return NULL;
	}
	copy = arena_printf(a, "%s/%s", strcmp(parent, "/") ? parent : "", name);
	free(parent);
	return copy;
}

static int folder(struct arena *a, const struct opts *o, const struct intent *t, char **dir, struct err *e)
{
	*dir = absolute(a, o->rest_n > 1 ? o->rest[1] : intent_folder(a, t), e);
	if (!*dir)
		return -1;
	if (strpbrk(*dir, "\n\r\t"))
		return err_set(e, ERR_USAGE, "the name of the folder holds a control character");
	if (fs_exists(*dir) && !fs_is_dir(*dir))
		return err_set(e, ERR_USAGE, "%s is no folder", *dir);
	if (!fs_is_empty_dir(*dir))
		return err_set(e, ERR_USAGE, "%s is not empty; name another folder (sealwright run \"...\" DIR), or go on with what "
			       "was begun there: sealwright resume", *dir);
	return 0;
}

static int end_status(enum flow_end end)
{
	return end == FLOW_FINISHED ? 0 : 1;
}

static void show_open(struct shown *s, const struct settings *set)
{
	*s = (struct shown){ .settings = set };
	view_open(&s->view, set->json, set->quiet);
	if (set->colour != COLOUR_AUTO)
		s->view.colour = set->colour == COLOUR_ALWAYS;
}

static int allow(void *arg, const char *endpoint, struct err *e)
{
	const struct shown *s = arg;

	return settings_allow_endpoint(s->settings, endpoint, e);
}

static void options_fill(struct flow_options *f, struct shown *shown)
{
	const struct settings *set = shown->settings;

	f->model = set->model;
	f->base_url = set->base_url;
	f->sandbox = set->sandbox;
	f->budget = set->budget;
	f->image = set->image;
	f->patience_ms = set->patience_ms;
	f->test_command = set->test_command;
	f->tags = set->tags;
	f->sandbox_level = set->level_min;
	f->asked = set->asked;
	f->hold_profile = locks_hold;
	f->hold_arg = (void *)(uintptr_t)set;
	f->stop = stop_flag();
	f->allow_endpoint = allow;
	f->listener = show;
	f->arg = shown;
	if (!set->yes && !set->json && isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
		f->confirm = ask;
}

static int run_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct settings set;
	struct shown shown;
	struct flow_options f = { 0 };
	enum flow_end end = FLOW_UNFINISHED;
	auto_json *about = NULL;
	char *dir;
	int r;

	if (o->rest_n < 1 || o->rest_n > 2)
		return err_set(e, ERR_USAGE, "%s; run: sealwright run \"build a CRUD app for inventory\"",
			       o->rest_n ? "too many words: put the intent in quotes" : "what shall be built?");
	if (settings_load(a, o, &set, e) < 0 || intent_parse(a, bytes_of(o->rest[0]), set.tags, &f.intent, e) < 0 ||
	    folder(a, o, &f.intent, &dir, e) < 0)
		return -1;
	f.dir = dir;
	show_open(&shown, &set);
	options_fill(&f, &shown);
	about = settings_about(&set);
	f.settings = about;
	r = flow_start(&f, &end, e);
	view_close(&shown.view);
	return r < 0 ? -1 : end_status(end);
}

static int resume_run(struct arena *a, const struct opts *o, struct err *e)
{
	auto_session *s = NULL;
	auto_json *found = NULL;
	struct settings set;
	struct shown shown;
	struct flow_options f = { 0 };
	enum flow_end end = FLOW_UNFINISHED;
	int r;

	if (o->rest_n > 1)
		return err_set(e, ERR_USAGE, "one session at a time; `sealwright sessions` lists them");
	if (o->rest_n && !*o->rest[0])
		return err_set(e, ERR_USAGE, "the session's name is empty; `sealwright sessions` lists them");
	if (session_find(o->rest_n ? o->rest[0] : NULL, &found, e) < 0 ||
	    session_open(json_text_or(found, "id", ""), &s, e) < 0 || settings_load_session(a, o, session_about(s), &set, e) < 0)
		return -1;
	if (!strcmp(session_kind(s), "exec"))
		return exec_resume(a, s, o, e);
	show_open(&shown, &set);
	options_fill(&f, &shown);
	r = flow_resume(s, &f, &end, e);
	view_close(&shown.view);
	return r < 0 ? -1 : end_status(end);
}

static const struct opt run_options[] = { SETTINGS_OPTIONS, SETTINGS_OPTION_YES, { 0 } };

const struct command cmd_run = {
	.name = "run", .group = "Build", .usage = "INTENT [DIR]",
	.summary = "Turn an intent into a tested code base",
	.about = "Reads what you want, draws up a plan of tasks, each with acceptance tests that fail at first, and works until the\n"
		 "tests pass: source, unit tests, README, Dockerfile and CI file in a git repository with a commit per task.\n"
		 "The code base is made in DIR, which must be empty or absent (default: a folder named after the intent).\n"
		 "\n"
		 "Without a key it works with a local model, which is fetched once (1.1 GB). That model fills in tested\n"
		 "blueprints (`sealwright blueprint list`) and writes small functions under test; for anything else take a\n"
		 "large model: --model glm-5.1 with its key in SEALWRIGHT_API_KEY.\n"
		 "\n"
		 "Rules stand in the intent in plain words (\"stock never below zero\") or as an example that must hold\n"
		 "(\"late_fee(days=3) == 0.75\"). What no rule covers is said in the plan and in the summary, never guessed.\n"
		 "Tags ask for more care: @secure, @high-risk, @low-risk, @private.\n"
		 "\n"
		 "All code runs in a sandbox without network, but for what --allow and --profile let commands reach. After Ctrl-C or a kill: `sealwright resume`. Exit status: 0\n"
		 "finished, 1 unfinished, 2 a command line that makes no sense, 3 denied by policy or sandbox.\n",
	.examples = "sealwright run \"build a CRUD app for inventory\"  # on the local model, into ./inventory\n"
		    "sealwright run \"build a CRUD app for inventory @secure\" shop  # into ./shop\n"
		    "sealwright run --profile deps \"build a ticket queue with Flask\"  # with package registries\n"
		    "sealwright run --model glm-5.1 --max-cost 2 \"build a ticket queue\"  # with a large model\n",
	.options = run_options, .run = run_run,
};

const struct command cmd_resume = {
	.name = "resume", .group = "Build", .usage = "[SESSION]",
	.summary = "Go on with a session that was stopped or killed",
	.about = "Goes on where the session's log ends: no finished task is done again, no acknowledged turn is lost. SESSION is an id\n"
		 "or the beginning of one; without it, the newest session of this folder. Options given here win over those\n"
		 "that the session was started with; budgets count from the session's start.\n",
	.examples = "sealwright resume  # the newest session of this folder\n"
		    "sealwright resume k3vq --max-cost 5  # one by the beginning of its id, with more money\n",
	.options = run_options, .run = resume_run,
};
