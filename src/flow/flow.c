/*
 * The line of stages, and coming back to it after a restart.
 *
 * What a restart needs is in the log and nowhere else: the work tree may be half-written (a task's files are written
 * again from its start), the plan file in the tree may have been edited by anyone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "flow/flow.h"

#include "agent/walls.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "flow/git.h"
#include "flow/sample.h"
#include "flow/state.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const struct {
	const char *name;
	int (*run)(struct flow *f, enum stage *next, struct err *e);
} line[] = {
	[STAGE_INTERPRET] = { "interpret", flow_interpret }, /* intent -> specification                        */
	[STAGE_PLAN] = { "plan", flow_plan },                /* -> tasks, acceptance tests that all fail       */
	[STAGE_BUILD] = { "build", flow_build },             /* each task until its tests pass, one commit each */
	[STAGE_FINISH] = { "finish", flow_finish },          /* the whole suite, what is missing, the summary  */
};

int flow_log(struct flow *f, const char *type, json_t *data, struct err *e)
{
	if (session_add(f->s, type, data, e) < 0 || session_sync(f->s, e) < 0)
		return err_wrap(e, "session log");
	return 0;
}

void flow_note(struct flow *f, const char *fmt, ...)
{
	auto_arena a = { 0 };
	va_list ap;

	va_start(ap, fmt);
	session_add(f->s, "note", json_pack("{s:o}", "text", json_string_any(bytes_of(arena_vprintf(&a, fmt, ap)))), NULL);
	va_end(ap);
}

int64_t flow_elapsed_ms(const struct flow *f)
{
	return f->spent_ms + clock_mono_ms() - f->started_ms;
}

const char *flow_spent_budget(const struct flow *f)
{
	const struct flow_budget *b = &f->o->budget;

	if (b->turns && f->turns >= b->turns)
		return "the turns of --max-turns are spent";
	if (b->tokens && f->spent.prompt + f->spent.completion >= b->tokens)
		return "the tokens of --max-tokens are spent";
	if (b->cost > 0 && f->spent.cost >= b->cost)
		return "the money of --max-cost is spent";
	if (b->cost > 0 && isnan(f->spent.cost))
		return "what the model costs is not known, so --max-cost cannot be held (use --max-tokens)";
	if (b->time_ms && flow_elapsed_ms(f) >= b->time_ms)
		return "the time of --time is spent";
	if (f->o->stop && *f->o->stop)
		return "stopped; go on with `sealwright resume`";
	return NULL;
}

void flow_spend(struct flow *f, const struct model_usage *u)
{
	json_t *d;

	f->turns++;
	f->spent.prompt += u->prompt;
	f->spent.cached += u->cached;
	f->spent.completion += u->completion;
	f->spent.cost += u->cost; /* NAN: not known, and then it is not known of the whole */
	d = json_pack("{s:I, s:I, s:I, s:b, s:I}", "prompt", (json_int_t)u->prompt, "cached", (json_int_t)u->cached, "completion",
		      (json_int_t)u->completion, "counted", u->counted, "elapsed_ms", (json_int_t)flow_elapsed_ms(f));
	if (!isnan(u->cost))
		json_object_set_new(d, "cost", json_real(u->cost));
	session_add(f->s, "usage", d, NULL);
}

static void told(void *arg, const char *text)
{
	struct flow *f = arg;

	session_say(f->s, "model.note", json_pack("{s:o}", "text", json_string_any(bytes_of(text))));
}

int flow_model(struct flow *f, struct err *e)
{
	struct model_choice c = {
		.name = f->o->model, .base_url = f->o->base_url, .patience_ms = f->o->patience_ms, .stop = f->o->stop,
		.told = told, .arg = f,
	};

	if (f->m)
		return 0;
	if (model_open(&c, &f->m, e) < 0)
		return -1;
	if (f->o->allow_endpoint && f->o->allow_endpoint(f->o->arg, model_endpoint(f->m), e) < 0)
		return -1;
	return session_add(f->s, "model", json_pack("{s:s, s:s, s:b}", "name", model_name(f->m), "endpoint",
						     model_endpoint(f->m), "small", model_is_small(f->m)), e);
}

/* A reply that nothing in the log was made of yet: the next step uses it instead of asking again. */
static void keep_answer(struct flow *f, const json_t *turn)
{
	const char *text = json_text(json_object_get(turn, "reply"), "content");

	if (!text || f->earlier_n == SAMPLE_MAX)
		return;
	if (!f->earlier)
		f->earlier = arena_array(f->a, SAMPLE_MAX, sizeof(*f->earlier));
	f->earlier[f->earlier_n++] = arena_strdup(f->a, text);
}

/* One event of an earlier process, into the state. */
static int replay(void *arg, const struct session_event *ev, struct err *e)
{
	struct flow *f = arg;
	const json_t *d = ev->data;
	auto_buf b = buf_max(4 << 20);

	if (!strcmp(ev->type, "turn"))
		keep_answer(f, d);
	else if (!strcmp(ev->type, "task.start") ? strcmp(f->started ? f->started : "", json_text_or(d, "id", "")) :
		 !strcmp(ev->type, "spec") || !strcmp(ev->type, "task"))
		f->earlier_n = 0;
	if (!strcmp(ev->type, "task.start"))
		f->started = arena_strdup(f->a, json_text_or(d, "id", ""));

	if (!strcmp(ev->type, "layer") && json_text(d, "task"))
		f->layered = arena_strdup(f->a, json_text(d, "task"));
	if (!strcmp(ev->type, "spec")) {
		json_decref(f->spec);
		f->spec = json_deep_copy(json_object_get(d, "spec"));
	} else if (!strcmp(ev->type, "plan")) {
		json_write(&b, d);
		if (plan_parse(f->a, buf_bytes(&b), &f->plan, e) < 0)
			return err_wrap(e, "event %llu", (unsigned long long)ev->seq);
	} else if (!strcmp(ev->type, "stage")) {
		for (int i = 0; i <= STAGE_FINISH; i++)
			if (!strcmp(json_text_or(d, "name", ""), line[i].name))
				f->stage = (enum stage)i;
	} else if (!strcmp(ev->type, "plan.confirmed")) {
		f->confirmed = true;
	} else if (!strcmp(ev->type, "plan.planting")) {
		f->planting = true;
	} else if (!strcmp(ev->type, "plan.planted")) {
		f->planted = true;
	} else if (!strcmp(ev->type, "task")) {
		for (int i = 0; i < f->plan.n; i++) {
			struct task *t = &f->plan.tasks[i];

			if (strcmp(t->id, json_text_or(d, "id", "")))
				continue;
			for (int k = 0; k <= TASK_LEFT_OUT; k++)
				if (!strcmp(task_state_name((enum task_state)k), json_text_or(d, "state", "")))
					t->state = (enum task_state)k;
			t->attempts = (int)json_whole(d, "attempts", 0);
			t->why = json_text(d, "why") ? arena_strdup(f->a, json_text(d, "why")) : NULL;
			t->commit = json_text(d, "commit") ? arena_strdup(f->a, json_text(d, "commit")) : NULL;
		}
	} else if (!strcmp(ev->type, "usage")) {
		f->turns++;
		f->spent.prompt += json_whole(d, "prompt", 0);
		f->spent.cached += json_whole(d, "cached", 0);
		f->spent.completion += json_whole(d, "completion", 0);
		f->spent.cost += json_real_or(d, "cost", NAN);
		f->spent_ms = json_whole(d, "elapsed_ms", f->spent_ms);
	}
	return 0;
}

static int run(struct flow *f, struct err *e)
{
	while (f->stage < STAGE_DONE) {
		enum stage next = f->stage + 1; /* a stage that finds fault points back */

		if (f->o->stop && *f->o->stop)
			return err_set(e, ERR_STOPPED, "stopped; go on with: sealwright resume %s", session_id(f->s));
		if (line[f->stage].run(f, &next, e) < 0)
			return err_wrap(e, "%s", line[f->stage].name);
		if (next < STAGE_DONE && flow_log(f, "stage", json_pack("{s:s}", "name", line[next].name), e) < 0)
			return -1;
		f->stage = next;
	}
	return 0;
}

static const char *const end_names[] = {
	[FLOW_FINISHED] = "finished",
	[FLOW_UNFINISHED] = "unfinished",
	[FLOW_DECLINED] = "declined",
};

int flow_layer_open(struct flow *f, const char *task, struct err *e)
{
	if (layers_open(f->a, f->s, task, !f->layered || strcmp(f->layered, task), false, &f->box, &f->layers, e) < 0)
		return -1;
	layers_share(&f->box, &f->test_box);
	f->layered = task;
	return 0;
}

int flow_layer_drop(struct flow *f, const char *why, struct err *e)
{
	f->test_box.layer = f->test_box.tree_source = NULL;
	return layers_drop(&f->layers, &f->box, why, e);
}

void flow_layer_close(struct flow *f)
{
	f->test_box.layer = f->test_box.tree_source = NULL;
	layers_close(&f->layers, &f->box);
}

int flow_absent_test(struct flow *f, struct arena *a, const char **out, struct err *e)
{
	struct sandbox box = f->box;
	struct sandbox_session *s = NULL;
	char look[SANDBOX_LOOK];
	const char *at;

	if (sandbox_open(&box, &s, e) < 0)
		return -1;
	at = sandbox_beside(s, &box, look);
	for (int i = 0; i < f->plan.n && !*out; i++)
		for (int k = 0; k < f->plan.tasks[i].tests_n && !*out; k++)
			if (!fs_exists(arena_printf(a, "%s/%s", at, f->plan.tasks[i].tests[k])))
				*out = f->plan.tasks[i].tests[k];
	sandbox_close(&s);
	return 0;
}

/* The sandbox, or a reason why nothing may run. */
static int box(struct flow *f, struct err *e)
{
	const struct sandbox_level *l = NULL;
	const struct sandbox base = { .backend = f->o->sandbox, .tree = f->dir, .image = f->o->image,
				      .level_min = f->o->sandbox_level };

	if (f->o->sandbox == SANDBOX_OWN)
		l = sandbox_probe();
	if (l && l->level < (f->o->sandbox_level ? f->o->sandbox_level : 2))
		return err_set(e, ERR_DENIED, "this machine's sandbox is of level %d: %s%s", l->level, l->why, l->level != 1 ? "" :
			       "; or go on without what only namespaces hold: --sandbox-level 1 (sealwright doctor says what that is)");
	if (walls_open(f->a, &base, &f->o->asked, f->o->hold_profile, f->o->hold_arg, &f->walls, e) < 0)
		return -1;
	f->box = f->walls.work;
	f->test_box = f->walls.tests;
	return session_add(f->s, "sandbox", walls_sandbox(&f->walls), e);
}

/* What would be missed only once a model has been paid. */
static int programs(struct flow *f, struct err *e)
{
	if (!fs_which(f->a, "git"))
		return err_set(e, ERR_NOT_FOUND, "no program git, which holds what is made; install it (apt-get install git), then: sealwright "
			       "resume %s", session_id(f->s));
	return 0;
}

static int run_to_end(struct flow *f, enum flow_end *end, struct err *e)
{
	int r;

	f->started_ms = clock_mono_ms();
	r = box(f, e) < 0 || programs(f, e) < 0 ? -1 : run(f, e);
	walls_close(&f->walls, f->s);
	if (r < 0) {
		session_add(f->s, "stopped", json_pack("{s:s, s:o}", "code", err_code_name(e->code), "why",
						       json_string_any(bytes_of(e->text))), NULL);
		session_sync(f->s, NULL);
	} else {
		r = flow_log(f, "end", json_pack("{s:s}", "state", end_names[f->end]), e);
		*end = f->end;
	}
	flow_layer_close(f);
	model_close(&f->m);
	json_decref(f->spec);
	return r;
}

/* A git that was killed with us leaves its locks; the lock of the folder says that nobody else works here. One that outlived
 * us gets two seconds to end. */
static void git_unlock(struct flow *f)
{
	static const char *const names[] = { "index.lock", "HEAD.lock", "refs/heads/main.lock" };

	for (size_t k = 0; git_is_own(f->dir) && k < sizeof(names) / sizeof(*names); k++) {
		char *path = arena_printf(f->a, "%s/.git/%s", f->dir, names[k]);

		for (int i = 0; i < 20 && fs_exists(path); i++)
			clock_sleep_ms(100, f->o->stop);
		unlink(path);
	}
}

/* One run at a time works in a folder: its descriptor, locked as long as it is open. A file system that knows no locks holds
 * nobody up. */
static int folder_lock(const char *dir, struct err *e)
{
	auto_fd fd = fs_open_dir(dir, e);
	int r;

	if (fd < 0)
		return -1;
	/* What a killed sealwright had started ends with it, but may hold the lock a moment longer. */
	for (int i = 0; (r = flock(fd, LOCK_EX | LOCK_NB)) < 0 && errno == EWOULDBLOCK && i < 20; i++)
		clock_sleep_ms(50, NULL);
	if (r < 0 && errno == EWOULDBLOCK)
		return err_set(e, ERR_DENIED, "another sealwright is at work in %s; wait for it, or take another folder", dir);
	return take_fd(&fd);
}

/* The folder is still what this session left. */
static int folder_check(struct flow *f, struct err *e)
{
	const char *other;

	if (!f->planted)
		return fs_make_dirs(f->dir, 0755, e);
	if (!fs_is_dir(f->dir))
		return err_set(e, ERR_NOT_FOUND, "the folder %s of this session is gone; put it back where it was, or run anew", f->dir);
	if (!git_is_own(f->dir))
		return err_set(e, ERR_DAMAGED, "the repository of %s is gone; put its .git back, or run anew in another folder", f->dir);
	other = git_session(f->a, f->dir);
	if (other && *other && strcmp(other, session_id(f->s)))
		return err_set(e, ERR_DENIED, "session %.40s has worked in %s since; go on with that: sealwright resume %.40s", other, f->dir,
			       other);
	return 0;
}

int flow_start(const struct flow_options *o, enum flow_end *end, struct err *e)
{
	auto_arena a = { 0 };
	auto_session *s = NULL;
	struct flow f = { .a = &a, .o = o, .intent = o->intent, .dir = o->dir };
	json_t *tags = json_array(), *about;
	auto_fd lock = -1;

	for (int i = 0; i < o->intent.tags_n; i++)
		json_array_append_new(tags, json_string(o->intent.tags[i]));
	about = json_pack("{s:o, s:o, s:s*, s:O*}", "intent", json_string_any(bytes_of(o->intent.text)), "tags", tags, "model",
			  o->model, "settings", o->settings);
	if (fs_make_dirs(o->dir, 0755, e) < 0 || (lock = folder_lock(o->dir, e)) < 0 ||
	    (!fs_is_empty_dir(o->dir) && err_set(e, ERR_USAGE, "%s is not empty", o->dir) < 0)) {
		json_decref(about);
		return -1;
	}
	if (session_create("run", o->dir, about, &s, e) < 0)
		return -1;
	f.s = s;
	if (o->listener)
		session_listen(s, o->listener, o->arg);
	if (flow_log(&f, "intent", json_pack("{s:o, s:s}", "text", json_string_any(bytes_of(o->intent.text)), "dir",
					     o->dir), e) < 0)
		return -1;
	return run_to_end(&f, end, e);
}

int flow_resume(struct session *s, const struct flow_options *given, enum flow_end *end, struct err *e)
{
	auto_arena a = { 0 };
	struct flow_options o = *given;
	const json_t *about = session_about(s);
	struct flow f = { .a = &a, .s = s, .o = &o, .dir = session_dir(s) };
	auto_fd lock = -1;

	if (intent_parse(&a, bytes_of(json_text_or(about, "intent", "")), o.tags, &f.intent, e) < 0)
		return err_wrap(e, "session %s", session_id(s));
	if (session_each(s, replay, &f, e) < 0)
		return err_wrap(e, "session %s", session_id(s));
	if (folder_check(&f, e) < 0 || (lock = folder_lock(f.dir, e)) < 0)
		return err_wrap(e, "session %s", session_id(s));
	git_unlock(&f);
	if (o.listener)
		session_listen(s, o.listener, o.arg);
	return run_to_end(&f, end, e);
}
