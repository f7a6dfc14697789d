/*
 * The end of a run: the whole suite once more, what a code base must have, and a summary that says whose lines are whose.
 *
 * Lines are counted from git blame and the Origin trailer of the commit that blame names, so that a line which a model
 * changed inside a blueprint's file counts as the model's. "Finished" is only said when every task that was asked for
 * passed and the whole suite is green; all else is told by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/walls.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "blueprint/blueprint.h"
#include "flow/git.h"
#include "flow/state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct origin {
	const char *commit;     /* 40 hex digits */
	bool model;
};

struct origins {
	struct origin *list;
	int n;
};

/* Commits and whether their lines are a model's, from the Origin trailers. */
static int origins_read(struct flow *f, struct origins *out, struct err *e)
{
	const char *argv[] = { "log", "--format=%H %(trailers:key=Origin,valueonly,separator=%x2C)", NULL };
	char *text, *save = NULL;

	if (git_ask(f->a, f->dir, argv, &text, e) < 0)
		return -1;
	out->list = arena_array(f->a, strlen(text) / 41 + 1, sizeof(*out->list));
	for (char *row = strtok_r(text, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
		if (strlen(row) < 41)
			continue;
		row[40] = 0;
		out->list[out->n++] = (struct origin){ row, strstr(row + 41, "model ") != NULL };
	}
	return 0;
}

static bool commit_is_model(const struct origins *o, const char *commit)
{
	for (int i = 0; i < o->n; i++)
		if (!strncmp(o->list[i].commit, commit, 40))
			return o->list[i].model;
	return false;
}

/* Adds to lines[0] the blueprint's and to lines[1] the model's lines of one file. */
static int file_lines(struct flow *f, const struct origins *o, const char *file, int64_t lines[2], struct err *e)
{
	const char *argv[] = { "blame", "-s", "-l", "--root", "--", file, NULL };
	auto_arena a = { 0 };
	char *text, *save = NULL;

	if (git_ask(&a, f->dir, argv, &text, e) < 0)
		return -1;
	for (char *row = strtok_r(text, "\n", &save); row; row = strtok_r(NULL, "\n", &save)) {
		if (strlen(row) >= 40)
			lines[commit_is_model(o, row)]++;
	}
	return 0;
}

static int count_lines(struct flow *f, int64_t lines[2], json_t *by_model, int64_t *files, struct err *e)
{
	const char *argv[] = { "ls-files", "-z", NULL };
	struct origins o = { 0 };
	char *list;

	if (origins_read(f, &o, e) < 0 || git_ask(f->a, f->dir, argv, &list, e) < 0)
		return -1;
	for (const char *p = list; *p; p += strlen(p) + 1) {
		int64_t of_file[2] = { 0 };

		if (!strncmp(p, ".sealwright/", 12))
			continue;
		if (file_lines(f, &o, p, of_file, e) < 0)
			return -1;
		lines[0] += of_file[0];
		lines[1] += of_file[1];
		(*files)++;
		if (of_file[1])
			json_object_set_new(by_model, p, json_integer(of_file[1]));
	}
	return 0;
}

/* What a complete code base has; each missing one is named. */
static void missing_parts(struct flow *f, json_t *missing)
{
	static const struct { const char *name, *paths[4]; } parts[] = {
		{ "a README", { "README.md", "README", "README.rst" } },
		{ "a Dockerfile", { "Dockerfile", "Containerfile" } },
		{ "a CI file", { ".github/workflows", ".gitlab-ci.yml", ".gitea/workflows", ".forgejo/workflows" } },
		{ "a .gitignore", { ".gitignore" } },
	};
	auto_arena a = { 0 };

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		bool found = false;

		for (int k = 0; k < 4 && parts[i].paths[k]; k++)
			found = found || fs_exists(arena_printf(&a, "%s/%s", f->dir, parts[i].paths[k]));
		if (!found)
			json_array_append_new(missing, json_string(parts[i].name));
	}
}

static void missing_tasks(struct flow *f, json_t *missing, json_t *given_up)
{
	for (int i = 0; i < f->plan.n; i++) {
		const struct task *t = &f->plan.tasks[i];
		json_t *text = json_string_any(bytes_of(arena_printf(f->a, "%s: %s", t->title, t->why ? t->why : "not done")));

		if (t->state == TASK_LEFT_OUT)
			json_array_append(given_up, text);
		else if (t->state != TASK_PASSED)
			json_array_append(missing, text);
		json_decref(text);
	}
}

/* What a person does next, as the blueprint says: "{{name}}" is the folder's name. */
static json_t *next_steps(struct flow *f)
{
	json_t *list = json_array();
	const char *const *lines = f->blueprint ? blueprint_next(f->blueprint) : NULL;
	const char *name = strrchr(f->dir, '/') ? strrchr(f->dir, '/') + 1 : f->dir;

	for (; lines && *lines; lines++) {
		const char *at = strstr(*lines, "{{name}}");

		json_array_append_new(list, json_string_any(bytes_of(
				!at ? *lines : arena_printf(f->a, "%.*s%s%s", (int)(at - *lines), *lines, name, at + 8))));
	}
	return list;
}

int flow_finish(struct flow *f, enum stage *next, struct err *e)
{
	struct suite_report r = { 0 };
	json_t *missing = json_array(), *given_up = json_array(), *by_model = json_object(), *sum;
	int64_t lines[2] = { 0 }, files = 0;
	const char *commit = NULL;
	bool bad;

	*next = STAGE_DONE;
	if (flow_blueprint(f, e) < 0 || flow_tests_take(f, e) < 0)
		return -1;
	missing_tasks(f, missing, given_up);
	missing_parts(f, missing);
	bad = flow_test(f, "all", NULL, &r, e) < 0;
	if (!bad && !r.green)
		json_array_append_new(missing, json_string_any(bytes_of(arena_printf(f->a, "the whole suite is not green: %s",
										       r.why ? r.why : "red"))));
	bad = bad || plan_write(&f->plan, f->dir, e) < 0 ||
	      flow_commit(f, "plan: what was done and what was not", "sealwright", &commit, e) < 0 ||
	      count_lines(f, lines, by_model, &files, e) < 0;
	f->end = json_array_size(missing) ? FLOW_UNFINISHED : FLOW_FINISHED;
	sum = json_pack("{s:s, s:s, s:b, s:I, s:{s:I, s:I}, s:o, s:{s:i, s:i, s:i}, s:{s:i, s:i, s:i}, s:o, s:o, s:o, s:o, s:I, s:I,"
			" s:{s:I, s:I, s:I}, s:i, s:o}",
			"dir", f->dir, "commit", commit ? commit : "", "finished", f->end == FLOW_FINISHED, "files",
			(json_int_t)files, "lines", "blueprint", (json_int_t)lines[0], "model", (json_int_t)lines[1],
			"model_files", by_model, "tests", "passed", r.passed, "failed", r.failed + r.errors, "skipped", r.skipped,
			"tasks", "passed", plan_count(&f->plan, TASK_PASSED), "left_out", plan_count(&f->plan, TASK_LEFT_OUT),
			"failed", plan_count(&f->plan, TASK_FAILED) + plan_count(&f->plan, TASK_OPEN), "left_out", plan_texts(f->plan.left_out),
			"proposed", plan_texts(f->plan.proposed), "given_up",
			given_up, "missing", missing, "elapsed_ms", (json_int_t)flow_elapsed_ms(f), "turns", (json_int_t)f->turns,
			"tokens", "prompt", (json_int_t)f->spent.prompt, "cached", (json_int_t)f->spent.cached, "completion",
			(json_int_t)f->spent.completion, "sandbox_level",
			walls_level(&f->box), "next", next_steps(f));
	json_object_set_new(sum, "sandbox", walls_sandbox(&f->walls));
	if (!isnan(f->spent.cost))
		json_object_set_new(sum, "cost", json_real(f->spent.cost));
	if (bad) {
		json_decref(sum);
		return -1;
	}
	return flow_log(f, "summary", sum, e);
}
