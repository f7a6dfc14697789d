/*
 * Drawing the plan: a specification becomes tasks, each with acceptance tests that fail at first.
 *
 * The tests are written and committed before anything else (planting), and the test engine has to see every one of them
 * fail: a test that passes with no program there tests nothing. The person is asked before the folder is touched.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "blueprint/blueprint.h"
#include "flow/free.h"
#include "flow/git.h"
#include "flow/state.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int flow_write(struct flow *f, const struct blueprint_file *file, struct err *e)
{
	auto_fd dir = fs_open_dir(f->dir, e), fd = -1;
	const char *slash = strrchr(file->path, '/');
	auto_arena a = { 0 };
	struct stat st;

	if (dir < 0)
		return -1;
	if (slash && fs_make_dirs_beneath(dir, arena_memdup(&a, file->path, (size_t)(slash - file->path)), e) < 0)
		return -1;
	/* Not through a link, and not into a fifo or a device that code in the tree has put there: that would hold us. */
	fd = fs_open_beneath(dir, file->path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, e);
	if (fd < 0)
		return err_wrap(e, "write %s", file->path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "write %s: something that is no file stands there; remove it", file->path);
	if (ftruncate(fd, 0) < 0)
		return err_sys(e, "write %s", file->path);
	if (fs_write_all(fd, file->text, e) < 0)
		return err_wrap(e, "write %s", file->path);
	if (file->mode && fchmod(fd, file->mode & 0777) < 0)
		return err_sys(e, "chmod %s", file->path);
	return 0;
}

static const char **texts_of(struct flow *f, const char *key)
{
	const json_t *list = json_list(f->spec, key), *v;
	const char **out = arena_array(f->a, json_array_size(list) + 1, sizeof(*out));
	size_t i;

	json_array_foreach(list, i, v)
		out[i] = arena_strdup(f->a, json_string_value(v) ? json_string_value(v) : "");
	return out;
}

/* The blueprint's tasks and what the intent asks beyond them, as a plan. */
static int from_blueprint(struct flow *f, struct err *e)
{
	struct blueprint_task *tasks;
	int n;

	if (blueprint_plan(f->a, f->blueprint, f->spec, &tasks, &n, e) < 0)
		return -1;
	if (n > PLAN_TASKS_MAX)
		return err_set(e, ERR_LIMIT, "the plan has %d tasks, more than %d; ask for less at once", n, PLAN_TASKS_MAX);
	f->plan.blueprint = blueprint_name(f->blueprint);
	f->plan.test = blueprint_test(f->blueprint);
	f->plan.tasks = arena_array(f->a, (size_t)n + 1, sizeof(*f->plan.tasks));
	f->plan.left_out = texts_of(f, "left_out");
	f->plan.proposed = texts_of(f, "proposed");
	for (int k = 0; k < n; k++)
		f->plan.tasks[f->plan.n++] = (struct task){
			.id = tasks[k].id, .kind = tasks[k].kind, .title = tasks[k].title, .what = tasks[k].what,
			.tests = tasks[k].tests, .tests_n = tasks[k].tests_n, .optional = tasks[k].optional,
			.by_model = tasks[k].by_model,
		};
	return 0;
}

static int draw(struct flow *f, struct err *e)
{
	if (f->plan.n)
		return 0; /* an earlier process drew it */
	f->plan.intent = f->intent.text;
	for (int i = 0; i < f->intent.tags_n; i++)
		f->plan.tags[i] = f->intent.tags[i];
	if (f->spec ? from_blueprint(f, e) < 0 : free_plan(f, e) < 0)
		return -1;
	return flow_log(f, "plan", plan_json(&f->plan), e);
}

/* Every test must fail while there is no program; the one that does not is named. */
static int all_red(struct flow *f, struct err *e)
{
	struct suite_report r = { 0 };

	if (flow_test(f, "before any work", NULL, &r, e) < 0)
		return -1;
	for (int i = 0; i < r.n; i++)
		if (r.tests[i].state == TEST_PASSED)
			return err_set(e, ERR_INPUT, "the acceptance test %s passes before anything was built: it tests nothing",
				       r.tests[i].name);
	return 0;
}

/* Only what we wrote may stand in the folder when we write: it was empty when the run began, which may be long ago. */
static int planting(struct flow *f, struct err *e)
{
	if (f->planting)
		return 0;
	if (!fs_is_empty_dir(f->dir))
		return err_set(e, ERR_DENIED, "%s is not empty any more: what is there now is not of this session; empty it and resume, or run "
			       "anew in another folder", f->dir);
	f->planting = true;
	return flow_log(f, "plan.planting", NULL, e);
}

static int plant(struct flow *f, struct err *e)
{
	const char *commit, *origin = arena_printf(f->a, "blueprint %s", f->plan.blueprint ? f->plan.blueprint : "");
	struct blueprint_file *files;
	int n;

	if (f->planted)
		return 0;
	if (planting(f, e) < 0 || git_make(f->dir, e) < 0)
		return -1;
	if (!f->blueprint)
		return free_plant(f, e);
	if (blueprint_tests(f->a, f->blueprint, f->spec, &files, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (flow_write(f, &files[i], e) < 0)
			return -1;
	if (plan_write(&f->plan, f->dir, e) < 0 || all_red(f, e) < 0 ||
	    flow_commit(f, "tests: what the program must do, before it does", origin, &commit, e) < 0)
		return -1;
	f->planted = true;
	return flow_log(f, "plan.planted", json_pack("{s:s, s:i}", "commit", commit ? commit : "", "files", n), e);
}

int flow_plan(struct flow *f, enum stage *next, struct err *e)
{
	if (flow_blueprint(f, e) < 0 || draw(f, e) < 0)
		return -1;
	if (!f->confirmed) {
		int yes = f->o->confirm ? f->o->confirm(f->o->arg, plan_text(f->a, &f->plan)) : 1;

		if (yes < 0)
			return err_set(e, ERR_STOPPED, "stopped; go on with: sealwright resume %s", session_id(f->s));
		if (!yes) {
			f->end = FLOW_DECLINED;
			*next = STAGE_DONE;
			return 0;
		}
		if (flow_log(f, "plan.confirmed", NULL, e) < 0)
			return -1;
		f->confirmed = true;
	}
	return plant(f, e);
}
