/*
 * The agent loop.
 *
 *     request -> reply -> (log, sync) -> calls -> results -> (log, sync) -> request ...
 *
 * What is shown in a turn is only ever appended to (context.h); what must be known after a kill is in the log and
 * nowhere else (rebuild.c). A turn costs what is new in it: no step here walks the history.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/loop.h"

#include "agent/loop_state.h"
#include "agent/opening.h"
#include "agent/walls.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { REFUSALS_MAX = 8, LENGTHS_MAX = 3, CONTEXT_DEFAULT = 128000, PROGRESS_MS = 250,
       RESULT_LEAST = 3000 };

int loop_log(struct loop *l, const char *type, json_t *data, struct err *e)
{
	if (!data)
		return err_set(e, ERR_SYS, "event %s could not be made", type);
	if (l->o->task)
		json_object_set_new(data, "task", json_string(l->o->task));
	return session_add(l->o->session, type, data, e) < 0 ? err_wrap(e, "session log") : 0;
}

void loop_over(struct loop *l, enum loop_end end, const char *fmt, ...)
{
	va_list ap;

	if (l->over)
		return;
	va_start(ap, fmt);
	l->why = arena_vprintf(l->a, fmt, ap);
	va_end(ap);
	l->end = end;
	l->over = true;
}

int loop_tell(struct loop *l, const char *kind, const char *text, struct err *e)
{
	auto_buf message = buf_max(1 << 20);

	model_text_message(&message, "user", bytes_of(text));
	if (buf_check(&message, "a message", e) < 0 || context_add(&l->c, ITEM_OURS, buf_bytes(&message), e) < 0)
		return -1;
	return loop_log(l, "say", json_pack("{s:s, s:o}", "kind", kind, "text", json_string_any(bytes_of(text))), e);
}

static int64_t elapsed(const struct loop *l)
{
	return clock_mono_ms() - l->began_ms;
}

static int64_t tokens_spent(const struct loop *l)
{
	return l->spent.usage.prompt + l->spent.usage.completion;
}

/* Before each request: is there anything left to spend? */
static void check_budget(struct loop *l)
{
	const struct loop_budget *b = &l->o->budget;

	if (l->o->stop && *l->o->stop)
		loop_over(l, LOOP_STOPPED, "stopped");
	else if (b->turns && l->spent.turns >= b->turns)
		loop_over(l, LOOP_BUDGET, "the %lld turns of --max-turns are spent", (long long)b->turns);
	else if (b->tokens && tokens_spent(l) >= b->tokens)
		loop_over(l, LOOP_BUDGET, "the tokens of --max-tokens are spent: %lld of %lld", (long long)tokens_spent(l), (long long)b->tokens);
	else if (b->cost > 0 && l->spent.usage.cost >= b->cost)
		loop_over(l, LOOP_BUDGET, "the money of --max-cost is spent: $%.4f of $%.4f", l->spent.usage.cost, b->cost);
	else if (b->cost > 0 && isnan(l->spent.usage.cost))
		loop_over(l, LOOP_BUDGET, "what %s costs is not known, so --max-cost cannot be held; use --max-tokens", model_name(l->o->model));
	else if (b->time_ms && elapsed(l) >= b->time_ms)
		loop_over(l, LOOP_BUDGET, "the time of --time is spent");
}

static char *keep_output(void *arg, struct arena *a, struct bytes text)
{
	struct loop *l = arg;

	return tool_spill(&l->box, a, text, NULL);
}

static size_t context_limit(const struct loop *l)
{
	int64_t tokens = model_context_tokens(l->o->model), reserve;
	double bytes;

	if (tokens <= 0)
		tokens = CONTEXT_DEFAULT;
	reserve = tokens / 4 < 8192 ? tokens / 4 : 8192; /* for the reply */
	bytes = 1e6 / (double)model_count(l->o->model, 1000000);
	return (size_t)((double)(tokens - reserve) * bytes);
}

/* Near the model's limit: a cut, logged and applied. Down to 3/5, so that it is rare. */
static int make_room(struct loop *l, struct err *e)
{
	size_t limit = context_limit(l), used = l->c.messages.n + l->tools.n;
	auto_arena a = { 0 };
	auto_json *cut = NULL;
	char hex[65], *note;

	if (used <= limit)
		return 0;
	note = arena_printf(&a, "[Earlier turns were left out to make room; the files are as you left them.%s%s]",
			    json_array_size(l->box.steps) ? " Your plan so far:\n" : "", tool_plan_text(&a, l->box.steps));
	cut = context_plan_cut(&a, &l->c, limit > l->tools.n * 2 ? (limit - l->tools.n) / 5 * 3 : limit / 5, note, keep_output, l);
	if (cut && context_cut(&l->c, cut, e) < 0)
		return -1;
	if (!cut || l->c.messages.n + l->tools.n > limit)
		return err_set(e, ERR_LIMIT, "what must be shown to %s (%zu bytes) does not fit into its window of %lld tokens; take a model with "
			       "a larger one", model_name(l->o->model), l->c.messages.n + l->tools.n,
			       (long long)model_context_tokens(l->o->model));
	json_object_set_new(cut, "after", json_integer((json_int_t)l->c.messages.n));
	json_object_set_new(cut, "chain", json_string(digest_hex(&l->c.chain, hex)));
	return loop_log(l, "context.cut", json_incref(cut), e);
}

/* Progress for the eye; the log has the reply once it is whole. */
static void seen(void *arg, const char *what, struct bytes piece)
{
	struct loop *l = arg;
	int64_t now;

	l->streamed += piece.n;
	now = clock_mono_ms();
	if (now - l->said_ms < PROGRESS_MS)
		return;
	l->said_ms = now;
	session_say(l->o->session, "progress", json_pack("{s:s, s:o, s:I}", "what", what, "text", json_string_any(piece), "bytes",
							 (json_int_t)l->streamed));
}

static void spend(struct loop *l, const struct model_usage *u)
{
	struct model_usage *all = &l->spent.usage;

	l->spent.turns++;
	all->prompt += u->prompt;
	all->cached += u->cached;
	all->completion += u->completion;
	all->cost += u->cost;
	l->spent.elapsed_ms = elapsed(l);
	if (l->o->spent)
		*l->o->spent = l->spent;
}

int loop_spend(struct loop *l, const struct model_usage *u, struct err *e)
{
	json_t *d;

	spend(l, u);
	d = json_pack("{s:I, s:I, s:I, s:b, s:I, s:I}", "prompt", (json_int_t)u->prompt, "cached", (json_int_t)u->cached, "completion",
			      (json_int_t)u->completion, "counted", u->counted, "elapsed_ms", (json_int_t)elapsed(l), "turns",
			      (json_int_t)l->spent.turns);

	if (d && !isnan(u->cost))
		json_object_set_new(d, "cost", json_real(u->cost));
	return loop_log(l, "usage", d, e);
}

/* The reply becomes the one at hand. data: of its event, whoever wrote it. */
int loop_reply_add(struct loop *l, const json_t *data, struct err *e)
{
	static const struct { const char *word; enum model_finish is; } ends[] = {
		{ "stop", FINISH_STOP }, { "calls", FINISH_CALLS }, { "length", FINISH_LENGTH }, { "filter", FINISH_FILTER },
	};
	static const struct { const char *word; enum model_way is; } ways[] = {
		{ "native", WAY_NATIVE }, { "schema", WAY_SCHEMA }, { "text", WAY_TEXT },
	};
	const json_t *r = json_map(data, "reply"), *c;
	struct pending *p = &l->reply;
	const char *lost = json_text_or(r, "lost", ""), *bad;
	size_t i;

	if (l->has_reply && p->n)
		l->malformed = p->good ? 0 : l->malformed + 1;
	arena_drop(&p->a);
	*p = (struct pending){ .finish = FINISH_OTHER };
	p->calls = arena_array(&p->a, json_array_size(json_list(r, "calls")) + 1, sizeof(*p->calls));
	json_array_foreach(json_list(r, "calls"), i, c) {
		bad = json_text(c, "bad");
		p->calls[p->n++] = (struct model_call){ arena_strdup(&p->a, json_text_or(c, "id", "")), arena_strdup(&p->a, json_text_or(c, "name", "")),
							arena_strdup(&p->a, json_text_or(c, "arguments", "{}")),
							bad ? arena_strdup(&p->a, bad) : NULL };
		if (p->n > LOOP_CALLS_MAX)
			p->calls[p->n - 1].bad = "Too many calls in one answer; this one was not run.";
	}
	for (i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (!strcmp(ends[i].word, json_text_or(r, "finish", "")))
			p->finish = ends[i].is;
	for (i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (!strcmp(ways[i].word, json_text_or(r, "way", "")))
			p->way = ways[i].is;
	p->text = arena_strdup(&p->a, json_text_or(r, "content", ""));
	p->lost = *lost ? arena_strdup(&p->a, lost) : NULL;
	l->has_reply = true;
	watch_text(&l->watch, bytes_of(p->text), bytes_of(json_text_or(r, "reasoning", "")));
	return context_add(&l->c, ITEM_REPLY, bytes_of(json_text_or(r, "message", "{}")), e);
}

static int ask(struct loop *l, struct err *e)
{
	auto_arena a = { 0 };
	struct model_reply r;
	char hex[65];
	json_t *d;
	auto_json *own = NULL;
	struct model_ask q = { .messages = buf_bytes(&l->c.messages), .tools = buf_bytes(&l->tools), .temperature = -1, .seed = -1, .seen = seen,
			       .arg = l };

	l->streamed = 0;
	l->said_ms = clock_mono_ms();
	if (model_turn(l->o->model, &a, &q, &r, e) < 0)
		return -1;
	digest_hex(&l->c.chain, hex);
	d = model_reply_json(&r);
	own = json_incref(d);
	json_object_set_new(d, "turn", json_integer((json_int_t)l->spent.turns + 1));
	json_object_set_new(d, "chain", json_string(hex));
	json_object_set_new(d, "context", json_integer((json_int_t)l->c.messages.n));
	if (loop_log(l, "reply", d, e) < 0)
		return -1;
	l->turns++;
	if (loop_spend(l, &r.usage, e) < 0)
		return -1;
	return loop_reply_add(l, own, e);
}

/* Malformed, empty or lost: the model gets to hear it, three times at most. */
static int complain(struct loop *l, const char *kind, const char *text, struct err *e)
{
	if (++l->malformed > LOOP_MALFORMED_MAX) {
		loop_over(l, LOOP_STUCK, "the model's answers could not be used %d times in a row: %s", l->malformed, text);
		return 0;
	}
	return loop_tell(l, kind, text, e);
}

/* The reply had no calls: it is the end, unless it was cut, empty, or not accepted. */
static int judge_end(struct loop *l, const char *summary, struct err *e)
{
	auto_arena a = { 0 };
	const char *why = NULL;
	int yes = 1, most = l->o->refusals_max ? l->o->refusals_max : REFUSALS_MAX;

	toolbox_leave(&l->box);
	if (l->o->may_finish)
		yes = l->o->may_finish(l->o->arg, &a, summary, &why, e);
	if (yes < 0)
		return -1;
	if (yes) {
		l->summary = arena_strdup(l->a, summary);
		loop_over(l, LOOP_DONE, "done");
		return loop_log(l, "loop.end", json_pack("{s:o}", "text", json_string_any(bytes_of(summary))), e);
	}
	if (++l->refusals > most) {
		loop_over(l, LOOP_REFUSED, "the checks did not pass after %d attempts: %.300s", most, why ? why : "");
		return 0;
	}
	return loop_tell(l, "refused", why && *why ? why : "The checks do not pass yet.", e);
}

static int without_calls(struct loop *l, struct err *e)
{
	struct pending *p = &l->reply;

	if (p->finish == FINISH_FILTER) {
		loop_over(l, LOOP_STUCK, "the model's provider withheld the answer (content filter)");
		return 0;
	}
	if (p->finish == FINISH_CALLS)
		return complain(l, "lost", arena_printf(&p->a, "Your tool call did not arrive (%s). Send it again.", p->lost ? p->lost : "it was lost"), e);
	if (p->finish == FINISH_LENGTH) {
		if (++l->lengths > LENGTHS_MAX) {
			loop_over(l, LOOP_STUCK, "the model's answers were cut off at their length limit %d times in a row", l->lengths);
			return 0;
		}
		return loop_tell(l, "length", watch_is_stuck_text(bytes_of(p->text))
				 ? "Your answer repeated itself until it was cut off. Do the next step by a tool call, in few words."
				 : "Your answer was cut off at the length limit. Go on from there; write large files in several pieces.", e);
	}
	if (!*p->text)
		return complain(l, "empty", "Your answer was empty. Go on with a tool call, or end with a summary.", e);
	return judge_end(l, p->text, e);
}

/* What the watch has to say after the turn. */
static int nudge(struct loop *l, struct err *e)
{
	const char *why;
	int strength = watch_turn(&l->watch, &why);

	if (strength == 3)
		loop_over(l, LOOP_STUCK, "the model turns in circles: %s", why);
	if (strength == 0 || l->over)
		return 0;
	return loop_tell(l, "nudge", arena_printf(&l->reply.a, strength == 1 ? "[Note: %s. If that is no use, do something else.]"
			 : "[Note: %s. This does not lead on. Stop, think of another approach, and take that.]", why), e);
}

/* From a reply to where the next request can be made, or to the end. */
static int settle(struct loop *l, struct err *e)
{
	struct pending *p = &l->reply;
	char *summary;

	if (!p->n) {
		if (without_calls(l, e) < 0 || nudge(l, e) < 0)
			return -1;
		l->has_reply = l->over && l->end == LOOP_STOPPED;
		return 0;
	}
	if (loop_calls(l, e) < 0 || l->over)
		return l->over ? 0 : -1;
	l->lengths = 0;
	l->malformed = p->good ? 0 : l->malformed + 1;
	l->has_reply = false;
	if (l->malformed > LOOP_MALFORMED_MAX)
		loop_over(l, LOOP_STUCK, "the model's calls were malformed %d times in a row", l->malformed);
	summary = l->summary;
	l->summary = NULL;
	if (summary && judge_end(l, summary, e) < 0)
		return -1;
	return l->over ? 0 : nudge(l, e);
}

static char *limits_text(struct arena *a, const struct loop_budget *b)
{
	auto_buf t = buf_max(200);

	if (b->turns)
		buf_printf(&t, "%s%lld turns", t.n ? ", " : "", (long long)b->turns);
	if (b->tokens)
		buf_printf(&t, "%s%lld tokens", t.n ? ", " : "", (long long)b->tokens);
	if (b->cost > 0)
		buf_printf(&t, "%s$%.2f", t.n ? ", " : "", b->cost);
	if (b->time_ms)
		buf_printf(&t, "%s%lld minutes", t.n ? ", " : "", (long long)(b->time_ms + 59999) / 60000);
	return t.n ? arena_strdup(a, buf_str(&t)) : NULL;
}

/* The frozen head: rules, tools, first message; logged whole, so that a resume sends the same bytes. */
static int begin(struct loop *l, struct err *e)
{
	auto_buf message = buf_max(4 << 20);
	auto_arena a = { 0 };
	struct opening o = { .box = &l->box, .limits = limits_text(&a, &l->o->budget), .words = l->o->words ? l->o->words : "" };
	char *rules = opening_rules(&a, l->o->rules), *first = opening_message(&a, &o), hex[65];

	tool_list_json(&l->tools, l->o->tools);
	model_text_message(&message, "system", bytes_of(rules));
	if (buf_check(&l->tools, "the list of tools", e) < 0 || context_add(&l->c, ITEM_SYSTEM, buf_bytes(&message), e) < 0)
		return -1;
	buf_clear(&message);
	model_text_message(&message, "user", bytes_of(first));
	if (buf_check(&message, "the first message", e) < 0 || context_add(&l->c, ITEM_PERSON, buf_bytes(&message), e) < 0)
		return -1;
	return loop_log(l, "context", json_pack("{s:o, s:o, s:o, s:s}", "system", json_string_any(bytes_of(rules)), "user",
						json_string_any(bytes_of(first)), "tools", json_string_any(buf_bytes(&l->tools)), "chain",
						digest_hex(&l->c.chain, hex)), e);
}

static void loop_close(struct loop *l)
{
	context_close(&l->c);
	toolbox_close(&l->box);
	buf_drop(&l->tools);
	arena_drop(&l->reply.a);
}

/* Told by the tools; an event that cannot be written shows at the next one. */
static void refused(void *arg, const struct sandbox_refusal *r)
{
	loop_log(arg, "refused", walls_refusal(r), NULL);
}

static int loop_open(struct loop *l, struct arena *a, const struct loop_options *o, struct err *e)
{
	*l = (struct loop){ .a = a, .o = o, .tools = buf_max(256 << 10) };
	context_open(&l->c);
	watch_open(&l->watch);
	if (o->spent)
		l->spent = *o->spent;
	l->began_ms = clock_mono_ms() - l->spent.elapsed_ms;
	if (toolbox_open(&l->box, o->dir, o->sandbox, arena_printf(a, "%s/out", session_folder(o->session)), e) < 0)
		return -1;
	l->box.protect = o->protect;
	l->box.tests = o->tests;
	l->box.command_ms = o->command_ms;
	l->box.tests_ms = o->tests_ms;
	l->box.on_refused = refused;
	l->box.refused_arg = l;
	l->box.test_command = o->test_command;
	l->box.stop = o->stop;
	l->box.result_max = context_limit(l) / 6 < RESULT_LEAST ? RESULT_LEAST : context_limit(l) / 6;
	if (o->budget.time_ms)
		l->box.until_ms = l->began_ms + o->budget.time_ms;
	return 0;
}

static int turns(struct loop *l, struct err *e)
{
	bool found = false, ended = false;

	if (loop_rebuild(l, &found, &ended, e) < 0)
		return -1;
	if (!found && begin(l, e) < 0)
		return -1;
	if (ended)
		loop_over(l, LOOP_DONE, "done");
	while (!l->over) {
		if (!l->has_reply) {
			check_budget(l);
			if (l->over)
				break;
			if (make_room(l, e) < 0 || session_sync(l->o->session, e) < 0 || ask(l, e) < 0)
				return -1;
		}
		if (settle(l, e) < 0)
			return -1;
	}
	if (l->end != LOOP_DONE && loop_log(l, "stopped", json_pack("{s:o}", "why", json_string_any(bytes_of(l->why))), e) < 0)
		return -1;
	return session_sync(l->o->session, e);
}

int loop_run(struct arena *a, const struct loop_options *o, struct loop_result *out, struct err *e)
{
	struct loop l;
	int r = loop_open(&l, a, o, e);

	if (r == 0)
		r = turns(&l, e);
	if (r < 0 && e && e->code == ERR_STOPPED) {
		loop_over(&l, LOOP_STOPPED, "stopped");
		r = 0;
	}
	if (r == 0)
		*out = (struct loop_result){ l.end, l.summary ? l.summary : arena_strdup(a, l.reply.text ? l.reply.text : ""),
					     l.end == LOOP_DONE ? NULL : l.why, l.turns };
	loop_close(&l);
	return r;
}

static int add_usage(void *arg, const struct session_event *ev, struct err *e)
{
	struct loop_spent *s = arg;

	(void)e;
	if (strcmp(ev->type, "usage"))
		return 0;
	s->turns++;
	s->usage.prompt += json_whole(ev->data, "prompt", 0);
	s->usage.cached += json_whole(ev->data, "cached", 0);
	s->usage.completion += json_whole(ev->data, "completion", 0);
	s->usage.cost += json_real_or(ev->data, "cost", NAN);
	s->elapsed_ms = json_whole(ev->data, "elapsed_ms", s->elapsed_ms);
	return 0;
}

int loop_spent_read(struct session *s, struct loop_spent *out, struct err *e)
{
	*out = (struct loop_spent){ 0 };
	return session_each(s, add_usage, out, e);
}
