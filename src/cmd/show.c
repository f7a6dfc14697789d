/*
 * `sealwright show`: a session's account, from its log alone.
 *
 * Everything is folded out of the events that flow/ and agent/ write; a session that runs, was killed or is damaged is
 * shown as far as its log goes. Nothing is shown better than it is: a task without a "passed" is open, and a session
 * without an end says how to go on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/index.h"
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/plain.h"
#include "cmd/view.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct opt options[] = {
	{ "log", 'l', NULL, "Print its events, one a line", false },
	{ "json", 0, NULL, "Print one JSON object; with --log, one a line", false },
	{ 0 },
};

struct account {
	const json_t *entry;    /* of the index                                        */
	json_t *about, *model, *spec, *plan, *summary, *ended, *tests, *said, *sandbox, *kept; /* latest of each, owned */
	json_t *notes;          /* lines                                               */
	json_t *refused;        /* what the sandbox refused, the first hundred         */
	int64_t turns, prompt, cached, completion, elapsed_ms, commits, samples, calls;
	double cost;
};

static void account_drop(struct account *x)
{
	json_t *all[] = { x->about, x->model, x->spec, x->plan, x->summary, x->ended, x->tests, x->said, x->sandbox, x->kept, x->notes, x->refused };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		json_decref(all[i]);
}
#define auto_account __attribute__((cleanup(account_drop))) struct account

static void latest(json_t **slot, const json_t *d)
{
	json_decref(*slot);
	*slot = json_deep_copy(d);
}

/* A task's outcome, into the plan. */
static void task_take(struct account *x, const json_t *d)
{
	static const char *const keys[] = { "state", "why", "attempts", "commit", "tests_passed" };
	json_t *task;
	size_t i;

	json_array_foreach(json_list(x->plan, "tasks"), i, task) {
		if (strcmp(json_text_or(task, "id", ""), json_text_or(d, "id", "?")))
			continue;
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++)
			if (json_object_get(d, keys[k]))
				json_object_set(task, keys[k], json_object_get(d, keys[k]));
		if (json_is_integer(json_object_get(d, "tests")))
			json_object_set(task, "tests_passed", json_object_get(d, "tests"));
	}
}

static void usage_take(struct account *x, const json_t *d)
{
	x->turns++;
	x->prompt += json_whole(d, "prompt", 0);
	x->cached += json_whole(d, "cached", 0);
	x->completion += json_whole(d, "completion", 0);
	x->cost += json_real_or(d, "cost", NAN); /* one that is not known: nor is the sum */
	x->elapsed_ms = json_whole(d, "elapsed_ms", x->elapsed_ms);
	json_decref(x->ended); /* it went on */
	x->ended = NULL;
}

static int fold(void *arg, const struct session_event *ev, struct err *e)
{
	struct account *x = arg;
	const json_t *d = ev->data;
	const char *t = ev->type;

	(void)e;
	if (!strcmp(t, "session"))
		latest(&x->about, json_object_get(d, "about"));
	else if (!strcmp(t, "model"))
		latest(&x->model, d);
	else if (!strcmp(t, "spec"))
		latest(&x->spec, json_object_get(d, "spec"));
	else if (!strcmp(t, "plan"))
		latest(&x->plan, d);
	else if (!strcmp(t, "task"))
		task_take(x, d);
	else if (!strcmp(t, "tests"))
		latest(&x->tests, d);
	else if (!strcmp(t, "usage"))
		usage_take(x, d);
	else if (!strcmp(t, "commit"))
		x->commits++;
	else if (!strcmp(t, "sample"))
		x->samples++;
	else if (!strcmp(t, "loop.end"))
		latest(&x->said, d);
	else if (!strcmp(t, "tool"))
		x->calls++;
	else if (!strcmp(t, "summary"))
		latest(&x->summary, d);
	else if (!strcmp(t, "sandbox"))
		latest(&x->sandbox, d);
	else if (!strcmp(t, "kept"))
		latest(&x->kept, d);
	else if (!strcmp(t, "refused") && json_array_size(x->refused) < 100)
		json_array_append(x->refused, (json_t *)(uintptr_t)d);
	else if (!strcmp(t, "note") && json_array_size(x->notes) < 100)
		json_array_append(x->notes, json_object_get(d, "text"));
	else if (!strcmp(t, "stopped") || !strcmp(t, "end"))
		latest(&x->ended, d);
	return 0;
}

/* ---- pieces of the account, the same for people and programs ---- */

static bool can_resume(const struct account *x)
{
	static const char *const states[] = { "interrupted", "stopped", "unfinished", NULL };

	for (const char *const *s = states; *s; s++)
		if (!strcmp(*s, json_text_or(x->entry, "state", "")))
			return true;
	return false;
}

/* Every rule of the specification, with the entity it stands in. */
static json_t *rules(const struct account *x)
{
	json_t *all = json_array(), *entity, *rule, *one;
	size_t i, k;

	json_array_foreach(json_list(x->spec, "entities"), i, entity)
		json_array_foreach(json_list(entity, "rules"), k, rule) {
			one = json_deep_copy(rule);
			if (json_is_object(one) && !json_text(one, "entity") && json_text(entity, "name"))
				json_object_set(one, "entity", json_object_get(entity, "name"));
			json_array_append_new(all, one);
		}
	return all;
}

/* A list that the summary has, or the plan, or the specification. */
static const json_t *told(const struct account *x, const char *key)
{
	const json_t *from[] = { json_list(x->summary, key), json_list(x->plan, key), json_list(x->spec, key) };

	for (size_t i = 0; i < sizeof(from) / sizeof(*from); i++)
		if (json_array_size(from[i]))
			return from[i];
	return NULL;
}

static int task_count(const struct account *x, const char *state)
{
	json_t *t;
	size_t i;
	int n = 0;

	json_array_foreach(json_list(x->plan, "tasks"), i, t)
		n += !strcmp(json_text_or(t, "state", "open"), state);
	return n;
}

/* ---- for people ---- */

static void head(const char *label)
{
	printf("  %-9s ", label);
}

static void row(const char *label, const char *text)
{
	if (!text || !*text)
		return;
	head(label);
	plain_print(stdout, text, 2000);
	putchar('\n');
}

static void print_work(const struct account *x)
{
	const json_t *lines = json_map(x->summary, "lines"), *count,
		     *tests = json_map(x->summary, "tests") ? json_map(x->summary, "tests") : x->tests;
	const char *file;

	if (tests) {
		head("tests");
		printf("%lld passed, %lld failed, %lld skipped\n", (long long)json_whole(tests, "passed", 0),
		       (long long)(json_whole(tests, "failed", 0) + json_whole(tests, "errors", 0)),
		       (long long)json_whole(tests, "skipped", 0));
	}
	if (lines) {
		head("lines");
		printf("%lld from the blueprint, %lld written by the model, in %lld files\n",
		       (long long)json_whole(lines, "blueprint", 0), (long long)json_whole(lines, "model", 0),
		       (long long)json_whole(x->summary, "files", 0));
		json_object_foreach(json_map(x->summary, "model_files"), file, count) {
			fputs("              model: ", stdout);
			plain_print(stdout, file, 200);
			printf(", %lld lines\n", (long long)json_integer_value(count));
		}
	}
	if (x->commits) {
		head("commits");
		printf("%lld\n", (long long)x->commits);
	}
}

static void print_cost(const struct account *x)
{
	char cost[24];

	head("cost");
	printf("%lld turns, %lld tokens in (%lld cached), %lld out, %s\n", (long long)x->turns, (long long)x->prompt,
	       (long long)x->cached, (long long)x->completion, plain_cost(x->cost, cost));
	if (x->sandbox || json_object_get(x->summary, "sandbox_level")) {
		const char *backend = json_text_or(x->sandbox, "backend", "own"), *lacks = json_text_or(x->sandbox, "lacks", "");

		head("sandbox");
		if (strcmp(backend, "own"))
			plain_print(stdout, backend, 20);
		else
			printf("level %lld", (long long)json_whole(x->sandbox, "level", json_whole(x->summary, "sandbox_level", 0)));
		if (*lacks) {
			fputs(": ", stdout);
			plain_print(stdout, lacks, 500);
		}
		putchar('\n');
	}
}

static void print_plan(const struct account *x)
{
	json_t *t;
	size_t i;

	if (!x->plan)
		return;
	printf("\nPlan");
	if (json_text(x->plan, "blueprint")) {
		printf(", on the blueprint ");
		plain_print(stdout, json_text(x->plan, "blueprint"), 60);
	}
	printf(": %zu tasks, %d passed, %d left out, %d failed, %d open\n", json_array_size(json_list(x->plan, "tasks")),
	       task_count(x, "passed"), task_count(x, "left_out"), task_count(x, "failed"), task_count(x, "open"));
	json_array_foreach(json_list(x->plan, "tasks"), i, t) {
		const char *state = json_text_or(t, "state", "open"), *why = json_text(t, "why");

		printf("  %-9s ", !strcmp(state, "left_out") ? "left out" : state);
		plain_print(stdout, json_text_or(t, "title", json_text_or(t, "id", "?")), 120);
		if (json_flag(t, "by_model", false))
			fputs(" [written by the model]", stdout);
		if (why && strcmp(state, "passed")) {
			fputs(": ", stdout);
			plain_print(stdout, why, 200);
		}
		putchar('\n');
	}
}

static void print_rules(const struct account *x)
{
	auto_json *all = rules(x);
	const json_t *r;
	size_t i;

	if (json_array_size(all))
		printf("\nRules enforced and tested, from the intent's words\n");
	json_array_foreach(all, i, r) {
		fputs("  ", stdout);
		plain_print(stdout, json_text_or(r, "title", json_text_or(r, "id", "?")), 160);
		if (json_text(r, "words")) {
			fputs("  <- \"", stdout);
			plain_print(stdout, json_text(r, "words"), 160);
			putchar('"');
		}
		putchar('\n');
	}
}

static void print_texts(const char *heading, const json_t *list)
{
	const json_t *t;
	size_t i;

	if (json_array_size(list))
		printf("\n%s\n", heading);
	json_array_foreach(list, i, t) {
		fputs("  ", stdout);
		plain_print(stdout, json_string_value(t), 400);
		putchar('\n');
	}
}

/* Harm that was tried, or work that needs more than it was given: which wall held, and how a person allows it. */
static void print_refused(const struct account *x)
{
	static const char *const keys[] = { "what", "program", "wall", "rule", NULL };
	const json_t *r;
	size_t i;

	if (json_array_size(x->refused))
		printf("\nRefused by the sandbox\n");
	json_array_foreach(x->refused, i, r) {
		fputs("  ", stdout);
		for (int k = 0; keys[k]; k++) {
			if (k && *json_text_or(r, keys[k], ""))
				fputs(k == 1 ? " by " : k == 2 ? ", " : ": ", stdout);
			plain_print(stdout, json_text_or(r, keys[k], ""), 300);
		}
		if (json_whole(r, "times", 1) > 1)
			printf(" (%lld times)", (long long)json_whole(r, "times", 1));
		putchar('\n');
	}
}

/* What the keep check did not let into the tree. */
static void print_left(const struct account *x)
{
	const json_t *c;
	size_t i;

	if (strcmp(json_text_or(x->entry, "kind", ""), "exec") || !json_whole(x->kept, "left_n", 0))
		return; /* a run drops its layers */
	printf("\nNot kept, waiting for a person's word: sealwright sandbox diff %s\n", json_text_or(x->entry, "id", "?"));
	json_array_foreach(json_list(x->kept, "left"), i, c) {
		fputs("  ", stdout);
		plain_print(stdout, json_text_or(c, "path", "?"), 300);
		printf(" (%s): ", json_text_or(c, "rule", ""));
		plain_print(stdout, json_text_or(c, "why", ""), 300);
		putchar('\n');
	}
}

static void print_account(const struct account *x)
{
	const char *id = json_text_or(x->entry, "id", "?"), *why = json_text(x->ended, "why");
	int64_t elapsed = json_whole(x->summary, "elapsed_ms", x->elapsed_ms);
	char t[24];

	printf("Session %s (%s): %s\n", id, json_text_or(x->entry, "kind", "?"), json_text_or(x->entry, "state", "?"));
	row("intent", json_text_or(x->entry, "intent", ""));
	row("folder", json_text_or(x->entry, "dir", ""));
	row("model", json_text_or(x->model, "name", json_text_or(x->entry, "model", "")));
	row("endpoint", json_text(x->model, "endpoint"));
	head("started");
	printf("%s", json_text_or(x->entry, "started", "?"));
	if (elapsed)
		printf(", worked for %s", view_time(elapsed, t));
	putchar('\n');
	print_work(x);
	print_cost(x);
	if (x->calls) {
		head("tools");
		printf("%lld calls\n", (long long)x->calls);
	}
	row("said", json_text(x->said, "text"));
	print_plan(x);
	print_rules(x);
	print_texts("Left out of the intent", told(x, "left_out"));
	print_texts("Proposed by the model alone, not enforced", told(x, "proposed"));
	print_texts("Given up", json_list(x->summary, "given_up"));
	print_texts("Missing", json_list(x->summary, "missing"));
	print_refused(x);
	print_left(x);
	if (why) {
		fputs("\nStopped: ", stdout);
		plain_print(stdout, why, 1000);
		putchar('\n');
	}
	if (can_resume(x))
		printf("\nTo go on: sealwright resume %s\n", id);
}

/* ---- for programs ---- */

static void print_line(const json_t *v)
{
	auto_buf text = buf_max(128 << 20);

	json_write(&text, v);
	puts(buf_str(&text));
}

static json_t *or_nothing(const json_t *v)
{
	return v ? json_incref((json_t *)(uintptr_t)v) : json_null();
}

static void print_json(const struct account *x)
{
	auto_json *v = json_deep_copy(x->entry);
	const json_t *out = told(x, "left_out"), *proposed = told(x, "proposed");

	json_object_set_new(v, "type", json_string("session"));
	json_object_set_new(v, "v", json_integer(1));
	json_object_set_new(v, "about", or_nothing(x->about));
	json_object_set_new(v, "model_used", or_nothing(x->model));
	json_object_set_new(v, "spec", or_nothing(x->spec));
	json_object_set_new(v, "plan", or_nothing(x->plan));
	json_object_set_new(v, "rules", rules(x));
	json_object_set_new(v, "left_out", out ? or_nothing(out) : json_array());
	json_object_set_new(v, "proposed", proposed ? or_nothing(proposed) : json_array());
	json_object_set_new(v, "tests", or_nothing(x->tests));
	json_object_set_new(v, "summary", or_nothing(x->summary));
	json_object_set_new(v, "ended", or_nothing(x->ended));
	json_object_set_new(v, "notes", or_nothing(x->notes));
	json_object_set_new(v, "sandbox", or_nothing(x->sandbox));
	json_object_set_new(v, "kept", or_nothing(x->kept));
	json_object_set_new(v, "refused", or_nothing(x->refused));
	json_object_set_new(v, "tokens", json_pack("{s:I, s:I, s:I}", "prompt", (json_int_t)x->prompt, "cached", (json_int_t)x->cached,
						   "completion", (json_int_t)x->completion));
	json_object_set_new(v, "commits", json_integer(x->commits));
	json_object_set_new(v, "calls", json_integer(x->calls));
	json_object_set_new(v, "said", or_nothing(x->said));
	json_object_set_new(v, "samples", json_integer(x->samples));
	json_object_set_new(v, "elapsed_ms", json_integer(json_whole(x->summary, "elapsed_ms", x->elapsed_ms)));
	if (can_resume(x)) {
		auto_arena a = { 0 };

		json_object_set_new(v, "resume", json_string(arena_printf(&a, "sealwright resume %s", json_text_or(x->entry, "id", ""))));
	}
	print_line(v);
}

static int print_event(void *arg, const struct session_event *ev, struct err *e)
{
	const bool *as_json = arg;
	auto_buf text = buf_max(128 << 20);
	char t[32];

	(void)e;
	json_write(&text, ev->data);
	if (*as_json) {
		auto_buf type = buf_max(1000);

		json_write_string(&type, bytes_of(ev->type));
		printf("{\"v\":1,\"seq\":%llu,\"time\":\"%s\",\"type\":%s,\"data\":%s}\n", (unsigned long long)ev->seq,
		       clock_text(ev->time, t), buf_str(&type), buf_str(&text));
		return 0;
	}
	printf("%5llu  %s  ", (unsigned long long)ev->seq, clock_text(ev->time, t));
	plain_print(stdout, ev->type, 40);
	putchar(' ');
	plain_print(stdout, buf_str(&text), 500);
	putchar('\n');
	return 0;
}

static int run(struct arena *a, const struct opts *o, struct err *e)
{
	auto_account x = { .notes = json_array(), .refused = json_array() };
	auto_json *entry = NULL;
	bool as_json = opts_has(o, "json");
	int r;

	(void)a;
	if (o->rest_n > 1)
		return err_set(e, ERR_USAGE, "one session at a time");
	if (session_find(o->rest_n ? o->rest[0] : NULL, &entry, e) < 0)
		return -1;
	if (opts_has(o, "log"))
		return session_look(json_text_or(entry, "id", ""), print_event, &as_json, e);
	x.entry = entry;
	r = session_look(json_text_or(entry, "id", ""), fold, &x, e); /* what chains is shown, then what does not is said */
	if (as_json)
		print_json(&x);
	else
		print_account(&x);
	return r;
}

const struct command cmd_show = {
	.name = "show", .group = "Look", .usage = "[ID]",
	.summary = "Show what a session was asked, did, left out and cost",
	.about = "Without ID: the newest session of this folder. A unique beginning of an ID is enough.\n"
		 "\n"
		 "The account is folded out of the session's log: the intent, the model, the plan with the state of each task,\n"
		 "the rules that are enforced and the words they came from, what of the intent was left out, whose lines are\n"
		 "whose, tests, tokens and cost, how it ended and how to go on. A log that was changed is shown up to the first\n"
		 "line that does not chain; that line is named, and the exit status is 1.\n",
	.examples = "sealwright show  # the newest here\n"
		    "sealwright show abcd --json  # the same for a program\n"
		    "sealwright show --log  # every event\n",
	.options = options, .run = run,
};
