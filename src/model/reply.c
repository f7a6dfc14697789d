/*
 * Putting a reply together.
 *
 * Calls are told apart by their index, but servers are careless with it: some leave it out, some number every call 0
 * and change only the id, some repeat the name in each chunk. Each of these was seen in the wild.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/reply.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_BYTES = 256 };

void reply_make(struct reply *r, size_t text_max)
{
	*r = (struct reply){ .text_max = text_max ? text_max : REPLY_TEXT_MAX };
	r->content = r->reasoning = buf_max(r->text_max);
}

void reply_drop(struct reply *r)
{
	buf_drop(&r->content);
	buf_drop(&r->reasoning);
	for (int i = 0; i < r->n_calls; i++) {
		buf_drop(&r->calls[i].id);
		buf_drop(&r->calls[i].name);
		buf_drop(&r->calls[i].arguments);
	}
	r->n_calls = 0;
}

static int add_text(struct reply *r, struct buf *to, const char *what, struct bytes piece, struct err *e)
{
	if (!piece.n)
		return 0;
	r->text += piece.n;
	if (r->text > r->text_max || buf_add(to, piece.p, piece.n) < 0)
		return err_set(e, ERR_LIMIT, "the reply does not end: over %zu bytes of text", r->text_max);
	if (r->seen)
		r->seen(r->arg, what, piece);
	return 0;
}

static struct bytes text_of(const json_t *v)
{
	return (struct bytes){ json_string_value(v), json_string_length(v) };
}

/* "content": a text, or an array of {"type":"text","text":...}. */
static int add_content(struct reply *r, const json_t *v, struct err *e)
{
	if (json_is_string(v))
		return add_text(r, &r->content, "content", text_of(v), e);
	for (size_t i = 0; i < json_array_size(v); i++) {
		const json_t *t = json_object_get(json_array_get(v, i), "text");

		if (json_is_string(t) && add_text(r, &r->content, "content", text_of(t), e) < 0)
			return -1;
	}
	return 0;
}

static struct reply_call *call_new(struct reply *r, int64_t index)
{
	struct reply_call *c;

	if (r->n_calls == REPLY_CALLS_MAX)
		return NULL;
	c = &r->calls[r->n_calls++];
	*c = (struct reply_call){ buf_max(NAME_MAX_BYTES), buf_max(NAME_MAX_BYTES), buf_max(r->text_max), index };
	return c;
}

/* The call that a delta goes on with, or a new one. */
static struct reply_call *call_at(struct reply *r, const json_t *o, struct bytes id)
{
	int64_t index = json_whole(o, "index", -1);
	struct reply_call *last = r->n_calls ? &r->calls[r->n_calls - 1] : NULL, *c = NULL;

	if (index < 0) { /* no index: an id begins a call */
		if (!last || (id.n && !bytes_equal(id, buf_bytes(&last->id))))
			return call_new(r, r->n_calls);
		return last;
	}
	for (int i = 0; i < r->n_calls; i++)
		if (r->calls[i].index == index)
			c = &r->calls[i]; /* the last of that number */
	if (!c || (id.n && c->id.n && !bytes_equal(id, buf_bytes(&c->id))))
		return call_new(r, index);
	return c;
}

static int add_call(struct reply *r, const json_t *o, struct err *e)
{
	const json_t *f = json_map(o, "function"), *args = json_object_get(f, "arguments"),
		     *idv = json_object_get(o, "id");
	struct bytes id = json_is_string(idv) ? text_of(idv) : (struct bytes){ "", 0 };
	const json_t *name = json_object_get(f, "name");
	struct reply_call *c = call_at(r, o, id);
	auto_buf written = buf_max(r->text_max);

	if (!c)
		return err_set(e, ERR_LIMIT, "the reply holds more than %d tool calls", REPLY_CALLS_MAX);
	if (!c->id.n)
		buf_add(&c->id, id.p, id.n);
	if (json_is_string(name) && !bytes_equal(text_of(name), buf_bytes(&c->name)))
		buf_add(&c->name, json_string_value(name), json_string_length(name));
	if (json_is_string(args))
		return add_text(r, &c->arguments, "call", text_of(args), e);
	if (!json_is_object(args))
		return 0;
	json_write(&written, args); /* an object where the wire wants its text */
	return add_text(r, &c->arguments, "call", buf_bytes(&written), e);
}

static int add_message(struct reply *r, const json_t *m, struct err *e)
{
	const json_t *long_name = json_object_get(m, "reasoning_content"),
		     *short_name = json_object_get(m, "reasoning");
	const json_t *calls = json_list(m, "tool_calls"), *refusal = json_object_get(m, "refusal");

	if (json_is_string(long_name)) {
		if (add_text(r, &r->reasoning, "reasoning", text_of(long_name), e) < 0)
			return -1;
	} else if (json_is_string(short_name)) {
		r->reasoning_short = r->reasoning_short || json_string_length(short_name);
		if (add_text(r, &r->reasoning, "reasoning", text_of(short_name), e) < 0)
			return -1;
	}
	if (add_content(r, json_object_get(m, "content"), e) < 0 ||
	    (json_is_string(refusal) && add_content(r, refusal, e) < 0))
		return -1;
	for (size_t i = 0; i < json_array_size(calls); i++)
		if (add_call(r, json_array_get(calls, i), e) < 0)
			return -1;
	return 0;
}

static int64_t tokens(const json_t *o, const char *key, int64_t fallback)
{
	int64_t n = json_whole(o, key, fallback);

	return n < 0 ? fallback : n > (int64_t)1 << 40 ? (int64_t)1 << 40 : n;
}

static void add_usage(struct reply *r, const json_t *u, const json_t *timings)
{
	if (!json_is_object(u) || !json_is_integer(json_object_get(u, "prompt_tokens")))
		return;
	r->has_usage = true;
	r->prompt = tokens(u, "prompt_tokens", 0);
	r->completion = tokens(u, "completion_tokens", 0);
	r->cached = tokens(json_map(u, "prompt_tokens_details"), "cached_tokens",
			   tokens(u, "prompt_cache_hit_tokens", tokens(timings, "cache_n", 0)));
	if (r->cached > r->prompt)
		r->cached = r->prompt;
}

static void copy(char *to, size_t room, const char *from)
{
	if (from && *from && !*to)
		snprintf(to, room, "%s", from);
}

/* {"error": {"message","code","type"}}, {"error": "text"}, {"message": ..., "code": ...}, FastAPI's "detail". */
static void add_error(struct reply *r, const json_t *root)
{
	const json_t *x = json_object_get(root, "error"), *code;
	const char *message;

	if (json_is_array(root))
		root = json_array_get(root, 0), x = json_object_get(root, "error");
	if (json_is_string(x))
		copy(r->error, sizeof(r->error), json_string_value(x));
	if (!json_is_object(x))
		x = root;
	message = json_text(x, "message");
	if (!message)
		message = json_text(x, "msg");
	if (!message)
		message = json_text(x, "detail");
	copy(r->error, sizeof(r->error), message);
	code = json_object_get(x, "code");
	copy(r->error_type, sizeof(r->error_type), json_text(x, "type"));
	copy(r->error_code, sizeof(r->error_code), json_string_value(code));
	if (json_is_integer(code) && !*r->error_code)
		snprintf(r->error_code, sizeof(r->error_code), "%lld", (long long)json_integer_value(code));
	for (char *p = r->error; *p; p++)
		if ((unsigned char)*p < 0x20)
			*p = ' '; /* it becomes part of a line */
	copy(r->error, sizeof(r->error), *r->error_type ? r->error_type : "an error without words");
}

static int add(struct reply *r, const json_t *root, const char *part, struct err *e)
{
	const json_t *choices = json_list(root, "choices"), *first = json_array_get(choices, 0),
		     *x = json_object_get(root, "error");
	const json_t *bad = json_object_get(first, "error");

	if (!json_is_object(root))
		return err_set(e, ERR_INPUT, "a reply that is no JSON object");
	if (x && !json_is_null(x)) {
		add_error(r, root);
		return 0;
	}
	if (json_is_object(bad)) {
		add_error(r, first);
		return 0;
	}
	copy(r->model, sizeof(r->model), json_text(root, "model"));
	copy(r->id, sizeof(r->id), json_text(root, "id"));
	add_usage(r, json_object_get(root, "usage"), json_map(root, "timings"));
	if (!first) {
		if (!choices && !json_map(root, "usage") && json_object_get(root, "message"))
			add_error(r, root);
		return 0;
	}
	r->any = true;
	if (add_message(r, json_map(first, part), e) < 0)
		return -1;
	copy(r->finish, sizeof(r->finish), json_text(first, "finish_reason"));
	return 0;
}

int reply_add(struct reply *r, struct bytes chunk, struct err *e)
{
	auto_json *root = NULL;

	while (chunk.n && (chunk.p[chunk.n - 1] == ' ' || chunk.p[chunk.n - 1] == '\n'))
		chunk.n--;
	if (!chunk.n)
		return 0;
	if (bytes_equal(chunk, bytes_of("[DONE]"))) {
		r->done = true;
		return 0;
	}
	if (json_parse_model(chunk, &root, e) < 0)
		return err_wrap(e, "a chunk of the reply");
	/* Some servers send a last chunk with the whole message; what came in deltas stands. */
	return add(r, root, "delta", e);
}

int reply_parse(struct reply *r, struct bytes in, struct err *e)
{
	auto_json *root = NULL;

	if (json_parse_model(in, &root, e) < 0)
		return err_wrap(e, "the reply");
	if (add(r, root, "message", e) < 0)
		return -1;
	if (!r->any && !*r->error) {
		add_error(r, root);
		if (!*r->error || !strcmp(r->error, "an error without words"))
			return err_set(e, ERR_INPUT, "the reply is JSON, but no chat completion");
	}
	r->done = true;
	return 0;
}
