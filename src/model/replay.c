/*
 * A model that answers from a file: what was recorded, in order, each answer only for the very question it was given to.
 *
 * Format: docs/formats/replay.md. A question that differs is an error that names the turn; it is never answered with the
 * nearest match, since a replay that drifts proves nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "model/inside.h"

#include <math.h>
#include <stdlib.h>

enum { FILE_MAX = 256 << 20, CALLS_MAX = 128 };

struct replay {
	struct buf text;
	size_t at;
	int turn;
};

static const struct { enum model_finish is; const char *word; } finishes[] = {
	{ FINISH_STOP, "stop" }, { FINISH_CALLS, "calls" }, { FINISH_LENGTH, "length" },
	{ FINISH_FILTER, "filter" }, { FINISH_OTHER, "other" },
};

/* Any text, since a name that a model made up may have been cut within a character. */
static json_t *text(const char *s)
{
	return json_string_any(bytes_of(s ? s : ""));
}

static json_t *calls_json(const struct model_reply *r)
{
	json_t *calls = json_array();

	for (int i = 0; i < r->n_calls; i++) {
		const struct model_call *c = &r->calls[i];
		json_t *o = json_pack("{s:o, s:o, s:o}", "id", text(c->id), "name", text(c->name), "arguments",
				      text(c->arguments));

		if (c->bad)
			json_object_set_new(o, "bad", text(c->bad));
		json_array_append_new(calls, o);
	}
	return calls;
}

json_t *model_reply_json(const struct model_reply *r)
{
	const struct model_usage *u = &r->usage;
	const char *finish = "other";
	json_t *o;

	for (size_t i = 0; i < sizeof(finishes) / sizeof(*finishes); i++)
		if (finishes[i].is == r->finish)
			finish = finishes[i].word;
	o = json_pack("{s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:{s:I, s:I, s:I, s:b}, s:o, s:o, s:i, s:I, s:I}", "content",
		      text(r->content), "reasoning", text(r->reasoning), "message", text(r->message), "calls",
		      calls_json(r), "finish", finish, "way", ways_name(r->way), "model", text(r->model), "usage",
		      "prompt", (json_int_t)u->prompt, "cached", (json_int_t)u->cached, "completion",
		      (json_int_t)u->completion, "counted", u->counted, "response_id", text(r->response_id), "lost",
		      text(r->lost), "attempts", r->attempts, "wall_ms", (json_int_t)r->wall_ms, "first_ms",
		      (json_int_t)r->first_ms);
	if (!isnan(u->cost))
		json_object_set_new(json_map(o, "usage"), "cost", json_real(u->cost));
	return json_pack("{s:o, s:o}", "request", text(r->request), "reply", o);
}

struct replay *replay_make(struct bytes text)
{
	struct replay *p = mem_alloc(sizeof(*p));

	*p = (struct replay){ .text = buf_max(FILE_MAX) };
	buf_add(&p->text, text.p, text.n);
	return p;
}

int replay_open(const char *path, struct replay **out, struct err *e)
{
	struct replay *p = replay_make((struct bytes){ "", 0 });

	if (fs_read_file(path, &p->text, e) < 0) {
		replay_close(&p);
		return err_wrap(e, "replay");
	}
	*out = p;
	return 0;
}

void replay_close(struct replay **p)
{
	if (!*p)
		return;
	buf_drop(&(*p)->text);
	free(*p);
	*p = NULL;
}

/* The next line that holds a turn: {"request","reply"}, alone or as "data" of a session's event. 0 at the end. */
static int next(struct replay *p, json_t **out, struct err *e)
{
	while (p->at < p->text.n) {
		const char *from = p->text.p + p->at, *end = memchr(from, '\n', p->text.n - p->at);
		size_t n = end ? (size_t)(end - from) : p->text.n - p->at;
		auto_json *line = NULL;
		json_t *turn;

		p->at += n + 1;
		if (!n)
			continue;
		if (json_parse((struct bytes){ from, n }, &line, e) < 0)
			return err_wrap(e, "a recorded line");
		turn = json_map(line, "reply") ? line : json_map(line, "data");
		if (!json_map(turn, "reply"))
			continue;
		*out = json_incref(turn);
		return 1;
	}
	return 0;
}

static int parse_calls(struct arena *a, const json_t *list, struct model_reply *out, struct err *e)
{
	size_t n = json_array_size(list);

	if (n > CALLS_MAX)
		return err_set(e, ERR_INPUT, "more than %d calls", CALLS_MAX);
	out->calls = arena_array(a, n, sizeof(*out->calls));
	for (size_t i = 0; i < n; i++) {
		const json_t *o = json_array_get(list, i);
		const char *id, *name, *arguments, *bad = json_text(o, "bad");
		auto_json *v = NULL;

		if (json_want_text(o, "id", "call", &id, e) < 0 || json_want_text(o, "name", "call", &name, e) < 0 ||
		    json_want_text(o, "arguments", "call", &arguments, e) < 0)
			return -1;
		if (json_parse(bytes_of(arguments), &v, e) < 0 || !json_is_object(v))
			return err_set(e, ERR_INPUT, "the arguments of call %zu are no JSON object", i + 1);
		out->calls[out->n_calls++] =
			(struct model_call){ arena_strdup(a, id), arena_strdup(a, name), arena_strdup(a, arguments),
					     bad && *bad ? arena_strdup(a, bad) : NULL };
	}
	return 0;
}

static int parse_reply(struct arena *a, const json_t *o, struct model_reply *out, struct err *e)
{
	const json_t *u = json_map(o, "usage");
	const char *message, *lost = json_text(o, "lost"), *finish = json_text_or(o, "finish", "stop"),
			     *way = json_text_or(o, "way", "native");
	auto_json *v = NULL;

	if (json_want_text(o, "message", "reply", &message, e) < 0)
		return -1;
	if (json_parse(bytes_of(message), &v, e) < 0 || !json_is_object(v))
		return err_set(e, ERR_INPUT, "\"message\" is not the text of a JSON object");
	*out = (struct model_reply){
		.content = arena_strdup(a, json_text_or(o, "content", "")),
		.reasoning = arena_strdup(a, json_text_or(o, "reasoning", "")),
		.message = arena_strdup(a, message),
		.lost = lost && *lost ? arena_strdup(a, lost) : NULL,
		.finish = FINISH_OTHER,
		.way = WAY_NATIVE,
		.model = arena_strdup(a, json_text_or(o, "model", "replay")),
		.response_id = arena_strdup(a, json_text_or(o, "response_id", "")),
		.attempts = 1,
		.usage = { json_whole(u, "prompt", 0), json_whole(u, "cached", 0), json_whole(u, "completion", 0), 0,
			   json_flag(u, "counted", false) },
	};
	for (size_t i = 0; i < sizeof(finishes) / sizeof(*finishes); i++)
		if (!strcmp(finishes[i].word, finish))
			out->finish = finishes[i].is;
	for (int w = WAY_NATIVE; w <= WAY_TEXT; w++)
		if (!strcmp(ways_name((enum model_way)w), way))
			out->way = (enum model_way)w;
	return parse_calls(a, json_list(o, "calls"), out, e);
}

int replay_turn(struct replay *p, struct arena *a, const struct model_ask *q, struct model_reply *out, struct err *e)
{
	const char *asked = request_digest(a, q), *recorded;
	auto_json *turn = NULL;
	struct model_reply r;
	int got = next(p, &turn, e);

	p->turn++;
	if (got < 0)
		return err_wrap(e, "replay: turn %d", p->turn);
	if (!got)
		return err_set(e, ERR_VERIFY, "replay: turn %d was never recorded; the recording has %d", p->turn,
			       p->turn - 1);
	recorded = json_text_or(turn, "request", "");
	if (*recorded && strcmp(recorded, asked) != 0)
		return err_set(e, ERR_VERIFY, "replay: turn %d asks something else than was recorded: %s, not %s",
			       p->turn, asked, recorded);
	if (parse_reply(a, json_map(turn, "reply"), &r, e) < 0)
		return err_wrap(e, "replay: turn %d", p->turn);
	r.request = asked;
	if (q->seen && *r.content)
		q->seen(q->arg, "content", bytes_of(r.content));
	*out = r;
	return 0;
}
