/*
 * `sealwright sandbox list`, `diff`, `keep` and `drop`: what commands in the sandbox wrote and nobody decided on yet.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/plain.h"
#include "cmd/sandbox_layer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DIFF_MAX = 64 << 20, EXIT_LEFT = 3 };

static int here(struct arena *a, const struct opts *o, struct sandbox_job *j, struct err *e)
{
	*j = (struct sandbox_job){ .a = a, .o = o };
	return sandbox_job_prepare(j, e);
}

static void print_json(const json_t *v)
{
	auto_buf text = buf_max(64 << 20);

	json_write(&text, v);
	puts(buf_str(&text));
}

/* ---- list ---- */

static int list_run(struct arena *a, const struct opts *o, struct err *e)
{
	auto_json *v = json_array();
	struct layer_left *all = NULL;
	struct sandbox_job j;
	char *parent = sandbox_layers(a, e), when[32];
	size_t n = 0, shown = 0;

	if (o->rest_n)
		return err_set(e, ERR_USAGE, "no argument is taken, %.60s was given; `sealwright sandbox diff ID` shows one", o->rest[0]);
	if (!parent || layer_list(a, parent, &all, &n, e) < 0 || (!opts_has(o, "all") && here(a, o, &j, e) < 0))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!opts_has(o, "all") && strcmp(all[i].tree, j.box.tree))
			continue;
		shown++;
		clock_text((struct when){ all[i].opened_ms }, when);
		if (opts_has(o, "json")) {
			json_array_append_new(v, json_pack("{s:s, s:s, s:o, s:b}", "id", all[i].name, "opened", when, "tree",
							   json_string_any(bytes_of(all[i].tree)), "in_use", all[i].in_use));
			continue;
		}
		printf("%s  %.10s %.5s  %s", all[i].name, when, when + 11, all[i].in_use ? "in use  " : "");
		plain_print(stdout, all[i].tree, 300);
		putchar('\n');
	}
	if (opts_has(o, "json"))
		print_json(v);
	else if (!shown)
		fprintf(stderr, "nothing was left%s\n", opts_has(o, "all") || !n ? "" : " here; --all lists those of other folders");
	return 0;
}

/* ---- one of them ---- */

static int find(struct arena *a, const struct opts *o, struct sandbox_layer *sl, struct sandbox_job *j, struct err *e)
{
	if (o->rest_n > 1)
		return err_set(e, ERR_USAGE, "takes one ID, not %d", o->rest_n);
	if (o->rest_n) { /* from anywhere: this folder may be no tree */
		int64_t level = 0;

		*j = (struct sandbox_job){ .a = a, .o = o };
		if (settings_load(a, NULL, &j->set, e) < 0 || opts_whole(o, "level", 1, 4, &level, e) < 0)
			return -1;
		if (level && level < j->set.sandbox_level)
			return err_set(e, ERR_DENIED, "--level asks for %d; %s wants at least %d", (int)level, j->set.policy, j->set.sandbox_level);
		j->box.level_min = level ? (int)level : j->set.level_min;
		return sandbox_layer_find(a, o->rest[0], NULL, sl, &j->box, e);
	}
	if (here(a, o, j, e) < 0)
		return -1;
	return sandbox_layer_find(a, NULL, j->box.tree, sl, &j->box, e);
}

static json_t *changes_json(const struct layer_changes *c)
{
	static const char *const kinds[] = { "added", "changed", "removed", "mode" }, *const verdicts[] = { "keeps", "asks", "refused",
		"conflict" };
	json_t *v = json_array();

	for (size_t i = 0; i < c->n; i++)
		json_array_append_new(v, json_pack("{s:o, s:s, s:s, s:s, s:o}", "path", json_string_any(bytes_of(c->item[i].path)), "kind",
						   kinds[c->item[i].kind], "verdict", verdicts[c->item[i].verdict], "rule",
						   c->item[i].rule, "why", json_string_any(bytes_of(c->item[i].why))));
	return v;
}

static int print_diff(struct arena *a, struct sandbox_layer *sl, struct err *e)
{
	const struct layer_rules rules = { 0 };
	auto_buf text = buf_max(DIFF_MAX);

	if (layer_diff(a, &sl->l, &rules, &text, e) < 0)
		return -1;
	if (isatty(STDOUT_FILENO))
		plain_lines(stdout, buf_str(&text), text.n);
	else
		fwrite(buf_str(&text), 1, text.n, stdout);
	return 0;
}

static int diff_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct sandbox_layer sl;
	struct layer_changes c;
	struct sandbox_job j;
	int r;

	if (find(a, o, &sl, &j, e) < 0)
		return -1;
	r = sandbox_layer_changes(&sl, &c, e);
	if (r == 0 && opts_has(o, "json")) {
		auto_json *v = json_pack("{s:s, s:o}", "id", sl.id, "changes", changes_json(&c));

		print_json(v);
	} else if (r == 0 && opts_has(o, "stat")) {
		sandbox_layer_print(stdout, &c, c.n);
	} else if (r == 0) {
		r = print_diff(a, &sl, e);
	}
	layer_close(&sl.l);
	return r;
}

static int keep_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct sandbox_layer sl;
	struct sandbox_job j;
	int left;

	if (find(a, o, &sl, &j, e) < 0)
		return -1;
	sl.told = opts_has(o, "quiet") ? NULL : stderr;
	left = sandbox_layer_allow(&sl, o, e);
	if (left == 0)
		left = sandbox_layer_keep(&sl, e);
	else
		layer_close(&sl.l);
	return left > 0 ? EXIT_LEFT : left;
}

static int drop_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct sandbox_layer sl;
	struct sandbox_job j;

	if (find(a, o, &sl, &j, e) < 0)
		return -1;
	return sandbox_layer_drop(&sl, e);
}

static const struct opt list_options[] = {
	{ "all", 'a', NULL, "Those of every folder, not of this one alone", false },
	{ "json", 0, NULL, "Print them as JSON", false },
	{ 0 },
};
static const struct opt diff_options[] = {
	{ "stat", 0, NULL, "The names alone, with what the keep check says of each", false },
	{ "json", 0, NULL, "The same as JSON", false },
	{ 0 },
};
static const struct opt keep_options[] = {
	{ "allow-change", 0, "RULE[:PATH]", "Keep what this rule asks about, too; the rules stand in docs/formats/keep.md", true },
	{ "level", 0, "N", "Pack what git committed inside at this level of isolation at least", false },
	{ "quiet", 'q', NULL, "No account of what was not kept", false },
	{ 0 },
};

const struct command cmd_sandbox_list = {
	.name = "sandbox list", .group = "Sandbox", .summary = "List what commands wrote that nobody decided on",
	.about = "Each line is a layer: what a command in the sandbox wrote, beside the tree that it ran in. Without --all, of this folder.\n",
	.examples = "sealwright sandbox list --all  # of every folder\n",
	.options = list_options, .run = list_run,
};

const struct command cmd_sandbox_diff = {
	.name = "sandbox diff", .group = "Sandbox", .usage = "[LAYER]", .summary = "Show what a command wrote in the sandbox",
	.about = "The newest layer of this folder, or the one named by the beginning of its id.\n",
	.examples = "sealwright sandbox diff --stat  # the names, and which of them would not be kept\n",
	.options = diff_options, .run = diff_run,
};

const struct command cmd_sandbox_keep = {
	.name = "sandbox keep", .group = "Sandbox", .usage = "[LAYER]", .summary = "Take what a command wrote into the tree",
	.about = "Every change passes the keep check: what could run outside later (git metadata, editor tasks, CI files, agents'\n"
		 "configuration) asks for a yes of its own, and what no file of a project is (devices, links that lead out) is never kept.\n"
		 "What you changed meanwhile is not overwritten. What was not kept stays, and the exit status is 3 then.\n",
	.examples = "sealwright sandbox keep --allow-change ci:.github/workflows/test.yml  # that one, too\n",
	.options = keep_options, .run = keep_run,
};

const struct command cmd_sandbox_drop = {
	.name = "sandbox drop", .group = "Sandbox", .usage = "[LAYER]", .summary = "Forget what a command wrote in the sandbox",
	.about = "The newest layer of this folder, or the one named by the beginning of its id. Nothing of it was in the tree.\n",
	.examples = "sealwright sandbox drop  # the newest of this folder\n",
	.run = drop_run,
};
