/*
 * Building: each task until the test engine has seen its acceptance tests pass, one commit each.
 *
 *   a blueprint's own task   its files are rendered; the tests decide whether that was right
 *   a function               a small model searches under test (sample.c); a large one works in the agent loop
 *   free work                the agent loop
 *
 * A task that cannot be done is not skipped in silence: an optional one is taken out whole, tests and all, and said so;
 * any other stays failed, and the run ends unfinished. A budget that ends leaves the rest open.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "blueprint/blueprint.h"
#include "flow/free.h"
#include "flow/sample.h"
#include "flow/state.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Ids of the tasks whose work stands in the tree: passed, and `now` where it is given. */
static const char **active(struct flow *f, const struct task *now)
{
	const char **ids = arena_array(f->a, (size_t)f->plan.n + 1, sizeof(*ids));
	int n = 0;

	for (int i = 0; i < f->plan.n; i++)
		if (f->plan.tasks[i].state == TASK_PASSED || &f->plan.tasks[i] == now)
			ids[n++] = f->plan.tasks[i].id;
	return ids;
}

static int task_log(struct flow *f, const struct task *t, int tests, struct err *e)
{
	return flow_log(f, "task", json_pack("{s:s, s:s, s:s, s:i, s:i, s:s*, s:s*}", "id", t->id, "title", t->title, "state",
					     task_state_name(t->state), "attempts", t->attempts, "tests", tests, "why", t->why,
					     "commit", t->commit), e);
}

static int files_write(struct flow *f, const struct blueprint_file *files, int n, struct err *e)
{
	for (int i = 0; i < n; i++)
		if (flow_write(f, &files[i], e) < 0)
			return -1;
	return 0;
}

static void file_remove(struct flow *f, const char *path)
{
	auto_fd dir = fs_open_dir(f->dir, NULL);
	auto_arena a = { 0 };
	const char *slash = strrchr(path, '/');
	auto_fd beneath = -1;

	if (dir >= 0 && slash) /* its folder beneath the tree, so that a link planted on the way leads nowhere */
		beneath = fs_open_beneath(dir, arena_memdup(&a, path, (size_t)(slash - path)), O_DIRECTORY | O_RDONLY, NULL);
	if (dir >= 0 && (beneath >= 0 || !slash))
		unlinkat(slash ? beneath : dir, slash ? slash + 1 : path, 0);
}

/* Out of the tree, whole: its tests, the files that are its alone, and its name in the files that it shares. */
static int leave_out(struct flow *f, struct task *t, struct err *e)
{
	struct blueprint_file *files;
	int n;

	if (blueprint_files(f->a, f->blueprint, f->spec, t->id, active(f, NULL), &files, &n, e) < 0)
		return err_wrap(e, "leave out %s", t->id);
	for (int i = 0; i < t->tests_n; i++) {
		flow_tests_drop(f, t->tests[i]);
		file_remove(f, t->tests[i]);
	}
	for (int i = 0; i < n; i++) {
		if (files[i].own)
			file_remove(f, files[i].path);
		else if (flow_write(f, &files[i], e) < 0)
			return -1;
	}
	t->state = TASK_LEFT_OUT;
	t->tests_n = 0;
	return 0;
}

/* The end of a task that did not pass. */
int flow_task_give_up(struct flow *f, struct task *t, const char *why, struct err *e)
{
	t->why = arena_strdup(f->a, why ? why : "not done");
	t->state = TASK_FAILED;
	if (t->optional && f->blueprint && leave_out(f, t, e) < 0)
		return -1;
	if (flow_commit(f, arena_printf(f->a, "%s: %s", t->id, t->state == TASK_LEFT_OUT ? "left out" : "not done"),
			"sealwright", &t->commit, e) < 0)
		return -1;
	return task_log(f, t, 0, e);
}

int flow_task_pass(struct flow *f, struct task *t, const struct suite_report *r, const char *origin, struct err *e)
{
	if (flow_commit(f, arena_printf(f->a, "%s: %s", t->id, t->title), origin, &t->commit, e) < 0)
		return -1;
	return task_log(f, t, r->passed, e);
}

int flow_judge(struct flow *f, struct task *t, struct suite_report *r, const char **why, struct err *e)
{
	if (flow_test(f, t->id, t->tests, r, e) < 0)
		return -1;
	return plan_mark_tested(f->t ? f->t : f->a, t, r, why);
}

static int build_rendered(struct flow *f, struct task *t, struct err *e)
{
	struct blueprint_file *files;
	struct suite_report r = { 0 };
	const char *why = NULL;
	int n, good;

	if (blueprint_files(f->a, f->blueprint, f->spec, t->id, active(f, t), &files, &n, e) < 0 ||
	    files_write(f, files, n, e) < 0)
		return -1;
	t->attempts++;
	good = flow_judge(f, t, &r, &why, e);
	if (good < 0)
		return -1;
	if (good)
		return flow_task_pass(f, t, &r, arena_printf(f->a, "blueprint %s", f->plan.blueprint), e);
	return flow_task_give_up(f, t, why, e);
}

struct search {
	struct flow *f;
	struct task *t;
	const struct blueprint_file *place; /* the file with the marked place, as the blueprint made it */
	struct suite_report report;         /* of the answer that passed */
	struct err *e;
};

static int judge(void *arg, struct arena *a, struct bytes answer, const char **why, struct err *e)
{
	struct search *s = arg;
	struct blueprint_file placed;
	int r = blueprint_function_place(a, s->f->blueprint, s->f->spec, s->t->id, s->place->text, answer, &placed, why, e);

	s->t->attempts++;
	if (r <= 0)
		return r;
	if (flow_write(s->f, &placed, e) < 0)
		return -1;
	r = flow_judge(s->f, s->t, &s->report, why, e);
	if (r == 0 && flow_write(s->f, s->place, e) < 0) /* the marked place again, for the next answer */
		return -1;
	return r;
}

static int told(void *arg, int n, const struct model_reply *r, const char *why)
{
	struct search *s = arg;
	const char *spent;

	if (!why) {
		s->f->heard = 0;
		flow_spend(s->f, &r->usage);
		return flow_log(s->f, "turn", model_reply_json(r), s->e);
	}
	session_add(s->f->s, "sample", json_pack("{s:s, s:i, s:f, s:I, s:o}", "task", s->t->id, "n", n + 1, "temperature",
						 sample_temperature(n), "tokens", (json_int_t)r->usage.completion, "why",
						 json_string_any(bytes_of(why))), NULL);
	spent = flow_spent_budget(s->f);
	if (spent)
		flow_note(s->f, "%s", spent);
	return spent != NULL;
}

static int build_function(struct flow *f, struct task *t, struct err *e)
{
	auto_arena search_memory = { 0 };
	auto_buf prompt = buf_max(256 << 10);
	struct search s = { .f = f, .t = t, .e = e };
	struct sample q = { .judge = judge, .told = told, .seen = flow_seen, .arg = &s, .seen_arg = f,
			    .earlier = f->earlier, .earlier_n = f->earlier_n };
	struct sample_result res = { 0 };
	struct blueprint_file *files;
	const char *commit;
	int n;

	if (blueprint_files(f->a, f->blueprint, f->spec, t->id, active(f, t), &files, &n, e) < 0 ||
	    files_write(f, files, n, e) < 0 ||
	    flow_commit(f, arena_printf(f->a, "%s: the place for it", t->id),
			arena_printf(f->a, "blueprint %s", f->plan.blueprint), &commit, e) < 0 ||
	    blueprint_function_ask(f->a, f->blueprint, f->spec, t->id, &prompt, &q.max_tokens, e) < 0 || flow_model(f, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (files[i].own)
			s.place = &files[i];
	if (!s.place)
		return err_set(e, ERR_INPUT, "blueprint %s: task %s has no file of its own for its function", f->plan.blueprint,
			       t->id);
	f->heard = 0;
	f->doing = t->title;
	q.prompt = buf_bytes(&prompt);
	q.max = model_is_small(f->m) ? SAMPLE_MAX : 2; /* a large one does better when it sees what failed */
	f->earlier_n = 0;
	if (sample_search(f->m, &search_memory, &q, &res, e) < 0)
		return -1;
	if (res.found)
		return flow_task_pass(f, t, &s.report, arena_printf(f->a, "model %s", model_name(f->m)), e);
	if (f->o->stop && *f->o->stop)
		return err_set(e, ERR_STOPPED, "stopped; go on with: sealwright resume %s", session_id(f->s));
	if (!model_is_small(f->m) && !flow_spent_budget(f))
		return free_build(f, t, e);
	return flow_task_give_up(f, t, arena_printf(f->a, "no answer of %d passed its tests (the last: %s)", res.tried, res.why), e);
}

static int build(struct flow *f, struct task *t, struct err *e)
{
	if (!f->blueprint || !strcmp(t->kind, "free"))
		return free_build(f, t, e);
	return t->by_model ? build_function(f, t, e) : build_rendered(f, t, e);
}

int flow_build(struct flow *f, enum stage *next, struct err *e)
{
	struct task *t;

	(void)next;
	if (flow_blueprint(f, e) < 0 || flow_tests_take(f, e) < 0)
		return -1;
	while ((t = plan_next(&f->plan))) {
		const char *spent = flow_spent_budget(f);
		auto_arena task = { 0 };
		int r;

		if (f->o->stop && *f->o->stop)
			return err_set(e, ERR_STOPPED, "stopped; go on with: sealwright resume %s", session_id(f->s));
		if (spent) {
			flow_note(f, "%s: the tasks that are left stay open", spent);
			break;
		}
		if (session_add(f->s, "task.start", json_pack("{s:s, s:s, s:i}", "id", t->id, "title", t->title, "n",
							       (int)(t - f->plan.tasks) + 1), e) < 0)
			return -1;
		f->t = &task;
		r = build(f, t, e);
		f->t = NULL;
		if (r < 0)
			return err_wrap(e, "task %s", t->id);
	}
	return 0;
}
