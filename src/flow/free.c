/*
 * Free work in three steps: plan, acceptance tests, one task after another.
 *
 * The model that writes the code writes the tests too, so the tests come first, are seen to fail, are committed and are
 * read-only from then on: it cannot bend them to what it made. "Done" is the test engine's word; what it says goes back
 * to the model as the reason why its word was not accepted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "flow/free.h"

#include "agent/loop.h"
#include "base/err.h"

#include <string.h>

enum { PLANS_MAX = 3, FREE_TASKS_MAX = 24 };

static const char plan_rules[] =
	"You plan the work of a coding agent. Answer with one JSON object and nothing else:\n"
	"{\"test\":\"command that runs the whole test suite\",\"tasks\":[{\"id\":\"short-name\",\"title\":\"one line\","
	"\"what\":\"what must be true when it is done, precise enough to test\",\"tests\":[\"tests/test_x.py\"]}]}\n"
	"- 1 to 12 tasks in the order of work, each small enough for one sitting, each with test files of its own that no\n"
	"  other task names.\n"
	"- The last task is \"packaging\": README.md, Dockerfile, .github/workflows/ci.yml and .gitignore, with a test that\n"
	"  checks that they are there and fit the program.\n"
	"- Tests run by pytest, python3 -m unittest, node --test or go test, without network. Prefer the standard library.\n"
	"- The folder is empty at first.\n";

static const char test_rules[] =
	"You write acceptance tests, and nothing else, before the program exists. Write exactly the test files that are named.\n"
	"They test behaviour that a user would notice, not how it is made. Every test must fail now, and pass once the task is\n"
	"done. Do not write the program.\n";

static const char build_rules[] =
	"You work on one task of a plan. Its acceptance tests stand in the tree and are read-only. Write the program so that\n"
	"they pass, without special cases for them. Check every input; no secrets in the code; no network in tests.\n";

static const char *const tools[] = { "shell", "read", "edit", "write", "search", "plan", "test", "finish", NULL };

static json_t *plan_schema(void)
{
	return json_loads("{\"type\":\"object\",\"required\":[\"tasks\"],\"properties\":{\"test\":{\"type\":\"string\"},\"tasks\":"
			  "{\"type\":\"array\",\"minItems\":1,\"maxItems\":24,\"items\":{\"type\":\"object\",\"required\":[\"id\","
			  "\"title\",\"what\",\"tests\"],\"properties\":{\"id\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},"
			  "\"what\":{\"type\":\"string\"},\"tests\":{\"type\":\"array\",\"minItems\":1,\"items\":{\"type\":\"string\"}}}}}}}",
			  0, NULL);
}

/* No test file may belong to two tasks: passing one would pass the other. */
static int tests_are_apart(const struct plan *p, struct err *e)
{
	for (int i = 0; i < p->n; i++) {
		if (!p->tasks[i].tests_n)
			return err_set(e, ERR_MODEL, "task %s has no test file", p->tasks[i].id);
		for (int k = 0; k < p->tasks[i].tests_n; k++)
			for (int j = 0; j < i; j++)
				for (int l = 0; l < p->tasks[j].tests_n; l++)
					if (!strcmp(p->tasks[i].tests[k], p->tasks[j].tests[l]))
						return err_set(e, ERR_MODEL, "tasks %s and %s share the test file %s",
							       p->tasks[j].id, p->tasks[i].id, p->tasks[i].tests[k]);
	}
	return 0;
}

/* The runner that the whole plan is judged by. The model names it; what it says beyond that is dropped, and what is no runner
 * is refused: a command of its own ("cat report.tap") would let it write its own report. */
static int runner_choose(struct plan *p, struct err *e)
{
	static const struct { const char *named, *runs; } runners[] = {
		{ "pytest", "pytest" }, { "py.test", "pytest" }, { "python3 -m pytest", "pytest" }, { "python -m pytest", "pytest" },
		{ "python3 -m unittest", "python3 -m unittest" }, { "python -m unittest", "python3 -m unittest" },
		{ "node --test", "node --test" }, { "go test", "go test" },
	};
	static const struct { const char *ending, *runs; } files[] = {
		{ ".py", "pytest" }, { ".js", "node --test" }, { ".mjs", "node --test" }, { ".cjs", "node --test" }, { ".go", "go test" },
	};
	const char *first = p->tasks[0].tests_n ? strrchr(p->tasks[0].tests[0], '.') : NULL, *said = p->test ? p->test : "";

	said += strspn(said, " ");
	for (size_t i = 0; i < sizeof(runners) / sizeof(*runners); i++) {
		size_t n = strlen(runners[i].named);

		if (!strncmp(said, runners[i].named, n) && (!said[n] || said[n] == ' ') && !strpbrk(said, "|&;<>$`\n")) {
			p->test = runners[i].runs;
			return 0;
		}
	}
	for (size_t i = 0; !*said && first && i < sizeof(files) / sizeof(*files); i++)
		if (!strcmp(first, files[i].ending)) {
			p->test = files[i].runs;
			return 0;
		}
	return err_set(e, ERR_MODEL, "\"test\" must be pytest, python3 -m unittest, node --test or go test, not \"%.100s\"", said);
}

int free_plan_parse(struct arena *a, struct bytes in, struct plan *out, struct err *e)
{
	const char *first = memchr(in.p, '{', in.n), *last = in.n ? memrchr(in.p, '}', in.n) : NULL;
	auto_json *v = NULL;
	auto_buf text = buf_max(1 << 20);
	struct plan p = { 0 };
	json_t *task;
	size_t i;

	if (!first || !last || last < first)
		return err_set(e, ERR_MODEL, "the answer holds no JSON object");
	if (json_parse_model((struct bytes){ first, (size_t)(last - first) + 1 }, &v, e) < 0)
		return err_wrap(e, "plan");
	if (!json_is_object(v) || json_array_size(json_list(v, "tasks")) > FREE_TASKS_MAX)
		return err_set(e, ERR_MODEL, "the plan is no object of at most %d tasks", FREE_TASKS_MAX);
	json_object_set_new(v, "plan", json_integer(1));
	json_object_del(v, "blueprint");
	json_array_foreach(json_list(v, "tasks"), i, task) { /* what only we may say */
		static const char *const ours[] = { "state", "attempts", "commit", "why", "optional" };

		for (size_t k = 0; k < sizeof(ours) / sizeof(*ours); k++)
			json_object_del(task, ours[k]);
		json_object_set_new(task, "kind", json_string("free"));
		json_object_set_new(task, "by_model", json_true());
	}
	json_write(&text, v);
	if (buf_check(&text, "plan", e) < 0 || plan_parse(a, buf_bytes(&text), &p, e) < 0 || tests_are_apart(&p, e) < 0 || runner_choose(&p, e) < 0)
		return -1;
	*out = p;
	return 0;
}

int free_plan(struct flow *f, struct err *e)
{
	auto_buf messages = buf_max(1 << 20);
	auto_json *schema = plan_schema();
	struct err why = { 0 };

	if (flow_model(f, e) < 0)
		return -1;
	model_text_message(&messages, "system", bytes_of(plan_rules));
	buf_add_char(&messages, ',');
	model_text_message(&messages, "user", bytes_of(f->intent.text));
	f->doing = "planning";
	for (int n = 0; n < PLANS_MAX; n++) {
		auto_arena turn = { 0 };
		struct model_ask q = { .messages = buf_bytes(&messages), .schema = schema, .temperature = -1, .seed = -1,
				       .seen = flow_seen, .arg = f };
		struct model_reply r;

		if (flow_spent_budget(f))
			return err_set(e, ERR_LIMIT, "%s", flow_spent_budget(f));
		f->heard = 0;
		if (model_turn(f->m, &turn, &q, &r, e) < 0)
			return err_wrap(e, "plan");
		flow_spend(f, &r.usage);
		if (session_add(f->s, "turn", model_reply_json(&r), e) < 0)
			return -1;
		if (free_plan_parse(f->a, bytes_of(r.content), &f->plan, &why) == 0) {
			f->plan.intent = f->intent.text;
			return 0;
		}
		flow_note(f, "plan %d cannot be used: %s", n + 1, why.text);
		buf_printf(&messages, ",%s,", r.message);
		model_text_message(&messages, "user", bytes_of(arena_printf(&turn, "That plan cannot be used: %s. Send a whole new one.",
									     why.text)));
	}
	return err_set(e, ERR_MODEL, "%s gave no usable plan in %d answers: %s", model_name(f->m), PLANS_MAX, why.text);
}

/* The plan itself asks for this file, by our words (plan_rules); all else that runs by itself elsewhere is not the model's to
 * write without a person's word. */
static const char *const allowed[] = { "ci:.github/workflows/ci.yml", NULL };
static const struct layer_rules plant_rules = { 0 };

static struct layer_rules build_keeps(struct flow *f)
{
	return (struct layer_rules){ .allow = allowed, .protect = flow_protected(f) };
}

struct work {
	struct flow *f;
	struct task *t;
	struct suite_report report;
};

/* The loop for one task, within what is left of the run's budget. */
static int work(struct flow *f, struct work *w, const char *id, const char *rules, const char *words, const char *const *protect,
		int (*may_finish)(void *, struct arena *, const char *, const char **, struct err *), struct loop_result *out,
		struct err *e)
{
	struct loop_spent spent = { .turns = f->turns, .elapsed_ms = flow_elapsed_ms(f), .usage = f->spent };
	struct loop_options o = {
		.session = f->s, .model = f->m, .dir = f->dir, .sandbox = &f->box, .tests = &f->test_box, .command_ms = f->walls.work_ms,
		.tests_ms = f->walls.tests_ms, .task = id, .tools = tools, .rules = f->walls.reach_words ? arena_printf(f->a, "%s%s", rules ? rules : "", f->walls.reach_words) : rules, .words = words,
		.test_command = f->o->test_command ? f->o->test_command : f->plan.test, .protect = protect,
		.budget = { f->o->budget.turns, f->o->budget.tokens, f->o->budget.time_ms, f->o->budget.cost },
		.spent = &spent, .stop = f->o->stop, .may_finish = may_finish, .arg = w,
	};

	if (flow_layer_open(f, id, e) < 0 || loop_run(f->a, &o, out, e) < 0)
		return -1;
	f->turns = spent.turns;
	f->spent = spent.usage;
	if (out->end == LOOP_STOPPED)
		return err_set(e, ERR_STOPPED, "stopped; go on with: sealwright resume %s", session_id(f->s));
	return 0;
}

/* Every test file of the plan is there and red: 1, or 0 with what is wrong. */
static int tests_are_red(void *arg, struct arena *a, const char *summary, const char **why, struct err *e)
{
	struct work *w = arg;
	struct flow *f = w->f;
	struct suite_report r = { 0 };
	const char *absent = NULL;

	(void)summary;
	if (flow_absent_test(f, a, &absent, e) < 0)
		return -1;
	if (absent) {
		*why = arena_printf(a, "the test file %s is not there", absent);
		return 0;
	}
	if (flow_test(f, "before any work", NULL, &r, e) < 0) {
		if (e->code != ERR_NOT_FOUND)
			return -1;
		*why = arena_strdup(a, e->text);
		return 0;
	}
	for (int i = 0; i < r.n; i++)
		if (r.tests[i].state == TEST_PASSED) {
			*why = arena_printf(a, "the test %s passes before anything was built: it tests nothing", r.tests[i].name);
			return 0;
		}
	if (!r.n) {
		*why = arena_printf(a, "no test was seen to run: %s\n%.2000s", r.why ? r.why : "", r.output ? r.output : "");
		return 0;
	}
	if (layers_judge(a, &f->layers, &plant_rules, why, e) < 0)
		return -1;
	return !*why;
}

int free_plant(struct flow *f, struct err *e)
{
	auto_buf words = buf_max(256 << 10);
	struct loop_result res = { 0 };
	struct work w = { .f = f };
	const char *commit;
	size_t left;

	if (flow_model(f, e) < 0)
		return -1;
	buf_printf(&words, "The intent: %s\n\nWrite the acceptance tests of these tasks:\n", f->intent.text);
	for (int i = 0; i < f->plan.n; i++) {
		buf_printf(&words, "- %s: %s. %s Files:", f->plan.tasks[i].id, f->plan.tasks[i].title,
			   f->plan.tasks[i].what ? f->plan.tasks[i].what : "");
		for (int k = 0; k < f->plan.tasks[i].tests_n; k++)
			buf_printf(&words, " %s", f->plan.tasks[i].tests[k]);
		buf_add_char(&words, '\n');
	}
	if (buf_check(&words, "the plan", e) < 0)
		return -1;
	if (work(f, &w, "acceptance-tests", test_rules, buf_str(&words), NULL, tests_are_red, &res, e) < 0)
		return err_wrap(e, "acceptance tests");
	if (res.end != LOOP_DONE)
		return err_set(e, res.end == LOOP_BUDGET ? ERR_LIMIT : ERR_MODEL, "acceptance tests: %s", res.why);
	if (layers_keep(&f->layers, &f->box, &plant_rules, &left, e) < 0)
		return -1;
	if (left)
		return err_set(e, ERR_MODEL, "acceptance tests: %zu changes were not accepted", left);
	if (flow_layer_drop(f, NULL, e) < 0)
		return -1;
	if (plan_write(&f->plan, f->dir, e) < 0 ||
	    flow_commit(f, "tests: what the program must do, before it does",
			arena_printf(f->a, "model %s", model_name(f->m)), &commit, e) < 0)
		return -1;
	f->planted = true;
	return flow_log(f, "plan.planted", json_pack("{s:s}", "commit", commit ? commit : ""), e);
}

/* 1 when the tests pass and all that it changed may be kept. */
static int judge(struct work *w, struct arena *a, const char **why, struct err *e)
{
	const struct layer_rules rules = build_keeps(w->f);
	int r = flow_judge(w->f, w->t, &w->report, why, e);

	if (r != 1)
		return r;
	*why = NULL;
	if (layers_judge(a, &w->f->layers, &rules, why, e) < 0)
		return -1;
	if (*why)
		w->t->state = TASK_OPEN;
	return !*why;
}

static int task_is_green(void *arg, struct arena *a, const char *summary, const char **why, struct err *e)
{
	struct work *w = arg;
	const char *line = NULL;
	int r;

	(void)summary;
	w->t->attempts++;
	r = judge(w, a, &line, e);
	if (r == 0 && w->report.green)
		*why = line;
	else if (r == 0)
		*why = arena_printf(a, "The acceptance tests do not pass: %s\n%s", line, suite_report_text(a, &w->report, 10));
	return r;
}

int free_build(struct flow *f, struct task *t, struct err *e)
{
	auto_buf words = buf_max(256 << 10);
	struct loop_result res = { 0 };
	struct work w = { .f = f, .t = t };
	const struct layer_rules rules = build_keeps(f);
	size_t left = 0;

	if (flow_model(f, e) < 0)
		return -1;
	buf_printf(&words, "The intent of the whole: %s\n\nYour task: %s. %s\nIts acceptance tests:", f->intent.text, t->title,
		   t->what ? t->what : "");
	for (int k = 0; k < t->tests_n; k++)
		buf_printf(&words, " %s", t->tests[k]);
	for (int i = 0; i < f->intent.tags_n; i++)
		buf_printf(&words, "\n@%s: %s", f->intent.tags[i],
			   intent_tag_means(f->intent.tags[i]) ? intent_tag_means(f->intent.tags[i]) : "");
	if (buf_check(&words, "the task", e) < 0)
		return -1;
	if (work(f, &w, t->id, build_rules, buf_str(&words), flow_protected(f), task_is_green, &res, e) < 0)
		return -1;
	/* Ended by an earlier process, which was killed before it could say so: what counts is what the tests say now. */
	if (res.end == LOOP_DONE && t->state != TASK_PASSED && judge(&w, f->a, &res.why, e) < 0)
		return -1;
	if (t->state == TASK_PASSED && layers_keep(&f->layers, &f->box, &rules, &left, e) < 0)
		return -1;
	if (left) { /* changed behind its judgement */
		t->state = TASK_OPEN;
		res.why = "not all that it changed was accepted";
	}
	if (flow_layer_drop(f, t->state == TASK_PASSED ? NULL : res.why ? res.why : "not done", e) < 0)
		return -1;
	if (t->state == TASK_PASSED)
		return flow_task_pass(f, t, &w.report, arena_printf(f->a, "model %s", model_name(f->m)), e);
	return flow_task_give_up(f, t, res.why ? res.why : "the model ended without passing tests", e);
}
