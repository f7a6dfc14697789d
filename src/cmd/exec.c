/*
 * `sealwright exec "PROMPT"`: the bare agent loop in this folder, without plan and acceptance tests.
 *
 * stdout is the model's last words and nothing else, so that it can stand in a script; with --json it is the events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/exec.h"

#include "agent/layers.h"
#include "agent/loop.h"
#include "agent/walls.h"
#include "base/err.h"
#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/locks.h"
#include "cmd/plain.h"
#include "cmd/settings.h"
#include "cmd/stop.h"
#include "cmd/view.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROMPT_MAX = 1 << 20 };

static const struct opt options[] = {
	SETTINGS_OPTIONS,
	{ 0 },
};

/* The words of the command line, or "-" for stdin. */
static int prompt_of(struct arena *a, const struct opts *o, const char **out, struct err *e)
{
	auto_buf text = buf_max(PROMPT_MAX);

	if (!o->rest_n)
		return err_set(e, ERR_USAGE, "what shall be done? Give a prompt in quotes, or - to read it from stdin");
	if (o->rest_n == 1 && !strcmp(o->rest[0], "-")) {
		if (fs_read_all(STDIN_FILENO, &text, e) < 0)
			return err_wrap(e, "the prompt from stdin");
		*out = arena_memdup(a, buf_str(&text), text.n);
	} else {
		for (int i = 0; i < o->rest_n; i++)
			buf_printf(&text, "%s%s", i ? " " : "", o->rest[i]);
		if (buf_check(&text, "the prompt", e) < 0)
			return -1;
		*out = arena_strdup(a, buf_str(&text));
	}
	if (strspn(*out, " \t\r\n") == strlen(*out))
		return err_set(e, ERR_USAGE, "the prompt is empty");
	return 0;
}

static json_t *about_of(const struct settings *s, const char *prompt)
{
	return json_pack("{s:o, s:s, s:o}", "intent", json_string_any(bytes_of(prompt)), "model", s->model, "settings",
			 settings_about(s));
}

static void told(void *arg, const char *line)
{
	session_say(arg, "model.note", json_pack("{s:o}", "text", json_string_any(bytes_of(line))));
}

static int check_sandbox(const struct settings *s, struct err *e)
{
	const bool is_lock = s->policy && s->sandbox_level >= s->level_min;
	const struct sandbox_level *l;

	if (s->sandbox == SANDBOX_OCI || (s->sandbox == SANDBOX_OFF && !s->sandbox_level))
		return 0;
	l = sandbox_probe();
	if (s->sandbox == SANDBOX_OFF || l->level < s->level_min)
		return err_set(e, ERR_DENIED, "%s asks for sandbox level %d, this would be level %d: %s", is_lock ? s->policy :
			       "the configuration (sandbox_level)", s->level_min, s->sandbox == SANDBOX_OFF ? 0 : l->level,
			       s->sandbox == SANDBOX_OFF ? "--sandbox off" : l->why);
	return 0;
}

static void print_words(const char *text)
{
	size_t n = strlen(text);

	if (!isatty(STDOUT_FILENO)) {
		fwrite(text, 1, n, stdout);
	} else {
		plain_lines(stdout, text, n); /* without what would repaint the terminal */
		return;
	}
	if (n && text[n - 1] != '\n')
		putchar('\n');
}

/* What the keep check lets into the folder goes there; the rest waits for a person's word. */
static int keep(struct session *s, struct layers *y, struct sandbox *box, struct err *e)
{
	size_t left;

	if (layers_keep(y, box, NULL, &left, e) < 0)
		return -1;
	if (!left)
		return layers_drop(y, box, NULL, e);
	layers_close(y, box);
	return err_set(e, ERR_DENIED, "%zu change%s not kept, and wait%s for your word: sealwright sandbox diff %s; then sealwright sandbox "
		       "keep --allow-change RULE:PATH %s, or drop %s", left, left == 1 ? " was" : "s were", left == 1 ? "s" : "", session_id(s),
		       session_id(s), session_id(s));
}

/* The end of the log, and of what is shown. */
static int finish(struct session *s, const struct settings *set, struct layers *y, struct sandbox *box, const struct loop_result *r,
		  const struct loop_spent *spent, struct err *e)
{
	json_t *d = json_pack("{s:s, s:I, s:{s:I, s:I, s:I}, s:I}", "state", "done", "turns", (json_int_t)spent->turns, "tokens", "prompt",
			      (json_int_t)spent->usage.prompt, "cached", (json_int_t)spent->usage.cached, "completion",
			      (json_int_t)spent->usage.completion, "elapsed_ms", (json_int_t)spent->elapsed_ms);

	if (!isnan(spent->usage.cost))
		json_object_set_new(d, "cost", json_real(spent->usage.cost));
	if (r->end == LOOP_DONE) {
		struct err why = { 0 };
		int kept = keep(s, y, box, &why);

		if (kept < 0 && why.code != ERR_DENIED) {
			json_decref(d);
			return err_set(e, why.code, "%s; to go on: sealwright resume %s", why.text, session_id(s));
		}
		if (session_add(s, "end", d, e) < 0 || session_sync(s, e) < 0)
			return -1;
		if (!set->json)
			print_words(r->text);
		return kept < 0 ? err_set(e, why.code, "%s", why.text) : 0;
	}
	json_decref(d);
	layers_leave(y, box);
	return err_set(e, r->end == LOOP_STOPPED ? ERR_STOPPED : r->end == LOOP_BUDGET ? ERR_LIMIT : ERR_MODEL,
		       "%s; to go on: sealwright resume %s", r->why, session_id(s));
}

static int work(struct arena *a, struct session *s, const struct settings *set, const char *prompt, struct err *e)
{
	struct model_choice c = { .name = set->model, .base_url = set->base_url, .patience_ms = set->patience_ms, .stop = stop_flag(),
				  .told = told, .arg = s };
	const struct sandbox base = { .backend = set->sandbox, .tree = session_dir(s), .image = set->image, .level_min = set->level_min };
	struct walls w;
	struct layers y = { 0 };
	struct loop_spent spent;
	struct loop_options o = { .session = s, .dir = session_dir(s), .sandbox = &w.work, .tests = &w.tests, .words = prompt, .test_command = set->test_command,
				  .budget = { set->budget.turns, set->budget.tokens, set->budget.time_ms, set->budget.cost }, .spent = &spent,
				  .stop = stop_flag() };
	struct loop_result r;
	auto_model *m = NULL;
	char why[sizeof(e->text)];
	int ended = -1;

	if (loop_spent_read(s, &spent, e) < 0 || check_sandbox(set, e) < 0 || walls_open(a, &base, &set->asked, locks_hold, (void *)(uintptr_t)set, &w, e) < 0)
		return -1;
	if (model_open(&c, &m, e) < 0 || settings_allow_endpoint(set, model_endpoint(m), e) < 0 || session_add(s, "sandbox", walls_sandbox(&w), e) < 0 ||
	    session_add(s, "model", json_pack("{s:s, s:s, s:b}", "name", model_name(m), "endpoint", model_endpoint(m), "small",
					      model_is_small(m)), e) < 0) {
		walls_close(&w, s);
		return -1;
	}
	o.model = m;
	o.command_ms = w.work_ms;
	o.tests_ms = w.tests_ms;
	o.rules = w.reach_words;
	if (layers_open(a, s, NULL, false, true, &w.work, &y, e) == 0) {
		layers_share(&w.work, &w.tests);
		ended = loop_run(a, &o, &r, e);
	}
	walls_close(&w, s);
	if (ended == 0)
		return finish(s, set, &y, &w.work, &r, &spent, e);
	layers_leave(&y, &w.work);
	memcpy(why, e->text, sizeof(why));
	session_add(s, "stopped", json_pack("{s:o, s:s}", "why", json_string_any(bytes_of(why)), "code", err_code_name(e->code)), NULL);
	session_sync(s, NULL);
	return err_set(e, e->code, "%.900s; to go on: sealwright resume %s", why, session_id(s));
}

int exec_resume(struct arena *a, struct session *s, const struct opts *o, struct err *e)
{
	struct settings set;
	struct view view;
	int r;

	if (settings_load_session(a, o, session_about(s), &set, e) < 0)
		return -1;
	view_open(&view, set.json, set.quiet);
	session_listen(s, view_event, &view);
	r = work(a, s, &set, "", e);
	view_close(&view);
	return r;
}

static int exec_run(struct arena *a, const struct opts *o, struct err *e)
{
	auto_session *s = NULL;
	struct settings set;
	struct view view;
	const char *prompt = NULL;
	char *dir;
	int r;

	if (prompt_of(a, o, &prompt, e) < 0 || settings_load(a, o, &set, e) < 0 || check_sandbox(&set, e) < 0)
		return -1;
	dir = realpath(".", NULL);
	if (!dir)
		return err_sys(e, "this folder");
	r = session_create("exec", dir, about_of(&set, prompt), &s, e);
	free(dir);
	if (r < 0)
		return -1;
	view_open(&view, set.json, set.quiet);
	session_listen(s, view_event, &view);
	r = work(a, s, &set, prompt, e);
	view_close(&view);
	return r;
}

const struct command cmd_exec = {
	.name = "exec", .group = "Build", .usage = "PROMPT",
	.summary = "Let a model do a small job in this folder",
	.about = "The bare agent loop: the model reads, edits and runs things in this folder, in the sandbox, until it ends its\n"
		 "turn; its last words are printed. No plan and no acceptance tests: for those, use run. The prompt - is read\n"
		 "from stdin.\n"
		 "\n"
		 "What it writes comes into the folder when it is done, through the keep check; what needs your word is named\n"
		 "(exit status 3) and waits: `sealwright sandbox diff SESSION`. So does work that was stopped, for a resume.\n",
	.examples = "sealwright exec \"why does test_stock fail?\"  # ask\n"
		    "sealwright exec --max-turns 20 \"rename Item to Product everywhere\"  # change, within a budget\n"
		    "sealwright exec --allow api.example.org \"try our client\"  # reach one host\n"
		    "sealwright exec --profile deps \"update what we need\"  # registries\n"
		    "git diff | sealwright exec -  # the prompt from stdin\n",
	.options = options, .run = exec_run,
};
