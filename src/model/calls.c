/*
 * From what the wire brought to what the caller gets.
 *
 * Three things are kept apart here: what is said of the call to the caller (checked, always JSON), what goes back to the
 * model in its own message (as it wrote it, where that can be sent at all, since its prompt cache hangs on it), and
 * what was lost or mended (told in `lost`). A call is never dropped without a word, and never made up: names are held
 * against the declared tools, and reasoning is searched only for a call at its very end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/rand.h"
#include "model/inside.h"
#include "model/markup.h"
#include "model/reply.h"

#include <ctype.h>
#include <stdlib.h>

enum { ID_MAX = 64, MESSAGE_MAX = 64 << 20 };

struct settle {
	struct model *m;
	struct arena *a;
	struct reply *r;
	struct model_reply *out;
	const char **wire_arguments;  /* per call: as it goes back to the model */
	struct buf lost;
};

static void note(struct settle *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct settle *s, const char *fmt, ...)
{
	va_list ap;

	if (s->lost.n)
		buf_add_str(&s->lost, "; ");
	va_start(ap, fmt);
	buf_vprintf(&s->lost, fmt, ap);
	va_end(ap);
}

static enum model_finish finish_of(const struct reply *r)
{
	static const struct { const char *word; enum model_finish is; } words[] = {
		{ "stop", FINISH_STOP },
		{ "eos", FINISH_STOP },
		{ "end_turn", FINISH_STOP },
		{ "tool_calls", FINISH_CALLS },
		{ "tool_use", FINISH_CALLS },
		{ "function_call", FINISH_CALLS },
		{ "length", FINISH_LENGTH },
		{ "max_tokens", FINISH_LENGTH },
		{ "model_context_window_exceeded", FINISH_LENGTH },
		{ "content_filter", FINISH_FILTER },
		{ "sensitive", FINISH_FILTER },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(r->finish, words[i].word))
			return words[i].is;
	return *r->finish ? FINISH_OTHER : r->n_calls ? FINISH_CALLS : FINISH_STOP;
}

static char *copied(struct arena *a, const struct buf *b)
{
	return arena_memdup(a, buf_str(b), b->n);
}

/* An id that is there, short, and unique in this reply. */
static const char *id_of(struct settle *s, const char *given)
{
	char id[13];

	if (given && *given && strlen(given) <= ID_MAX) {
		bool good = true;

		for (const char *p = given; *p; p++)
			good = good && *p > ' ' && *p < 127 && *p != '"' && *p != '\\';
		for (int i = 0; i < s->out->n_calls; i++)
			good = good && strcmp(s->out->calls[i].id, given) != 0;
		if (good)
			return given;
	}
	rand_id(id, 8);
	return arena_printf(s->a, "call_%s", id);
}

static void add_call(struct settle *s, struct model_call c, const char *wire)
{
	s->wire_arguments[s->out->n_calls] = wire;
	s->out->calls[s->out->n_calls++] = c;
}

static char *names_of(struct settle *s)
{
	auto_buf b = buf_max(4000);

	for (size_t i = 0; i < json_array_size(s->m->tools.list); i++)
		buf_printf(&b, "%s%s", i ? ", " : "", json_text(json_array_get(s->m->tools.list, i), "name"));
	return copied(s->a, &b);
}

/* Letters that every server takes in a name. */
static char *harmless(struct arena *a, const char *name)
{
	char *out = arena_memdup(a, name, strnlen(name, TOOL_NAME_MAX));

	for (char *p = out; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			*p = '_';
	return *out ? out : arena_strdup(a, "unknown");
}

/* The arguments as an object; what was wrong with them, or NULL. */
static const char *arguments_of(struct settle *s, const struct buf *given, const char **out, const char **wire)
{
	auto_json *v = NULL, *inner = NULL, *strict = NULL;
	struct bytes text = buf_bytes(given);
	auto_buf b = buf_max(REPLY_TEXT_MAX * 2);
	struct err e = { 0 };

	while (text.n && isspace((unsigned char)text.p[text.n - 1]))
		text.n--;
	*out = *wire = "{}";
	if (!text.n || bytes_equal(text, bytes_of("null")))
		return NULL;
	if (markup_json_parse(text, &v, &e) < 0) {
		if (s->out->finish == FINISH_LENGTH)
			return arena_printf(s->a,
					    "This call was cut off by the limit of %d tokens a reply and was not run. "
					    "Make it shorter, or split it.",
					    (int)(s->m->output > INT32_MAX ? INT32_MAX : s->m->output));
		return arena_printf(s->a, "The arguments are not valid JSON (%.200s); the call was not run. "
				    "Send it again with one JSON object.", e.text);
	}
	if (json_is_string(v) && markup_json_parse(bytes_of(json_string_value(v)), &inner, NULL) == 0) {
		json_decref(v); /* JSON within JSON */
		v = json_incref(inner);
	}
	if (!json_is_object(v))
		return "The arguments are not a JSON object; the call was not run. Send it again with one JSON object.";
	if (json_write(&b, v) < 0)
		return "The arguments are too large; the call was not run.";
	*out = copied(s->a, &b);
	*wire = json_parse(text, &strict, NULL) == 0 && json_is_object(strict) ? arena_memdup(s->a, text.p, text.n)
									       : *out;
	return NULL;
}

static void add_native(struct settle *s, const struct reply_call *c)
{
	const char *given = buf_str(&c->name), *name = tools_name(&s->m->tools, given), *wire;
	struct model_call call = { .id = id_of(s, copied(s->a, &c->id)) };

	call.bad = arguments_of(s, &c->arguments, &call.arguments, &wire);
	if (call.bad)
		note(s, "a call of %.64s had arguments that are no JSON object", given);
	if (!name) {
		call.bad = arena_printf(s->a, "There is no tool \"%.64s\"; there are: %s. The call was not run.", given,
					names_of(s));
		note(s, "a tool was named that does not exist: \"%.64s\"", given);
	} else if (strcmp(name, given) != 0) {
		note(s, "the name \"%.64s\" was read as %s", given, name);
	}
	call.name = name ? arena_strdup(s->a, name) : harmless(s->a, given);
	if (call.bad)
		call.arguments = "{}";
	add_call(s, call, wire);
}

static void add_found(struct settle *s, const struct markup_call *f)
{
	add_call(s, (struct model_call){ id_of(s, NULL), arena_strdup(s->a, f->name), f->arguments, NULL },
		 f->arguments);
}

static bool ends_with(struct bytes text, const char *tail)
{
	size_t n = strlen(tail);

	return text.n >= n && !memcmp(text.p + text.n - n, tail, n);
}

/* As markup_find, but where the limit of tokens ended the text, a call whose end tag is missing was cut, not made. */
static int find_calls(struct settle *s, struct bytes text, struct markup_call *f)
{
	int n = markup_find(s->a, &s->m->tools, text, f);
	size_t end = text.n;

	while (end && isspace((unsigned char)text.p[end - 1]))
		end--;
	text.n = end;
	if (n && s->out->finish == FINISH_LENGTH && f[n - 1].form == MARKUP_TAGS && f[n - 1].end >= end &&
	    !ends_with(text, "</tool_call>") && !ends_with(text, "</function>")) {
		note(s, "a call was cut off by the limit of tokens");
		n--;
	}
	return n;
}

/* Calls that the server left in the content. */
static bool recover_from_content(struct settle *s)
{
	struct markup_call *f = arena_array(s->a, MARKUP_MAX, sizeof(*f));
	struct bytes text = buf_bytes(&s->r->content);
	int n = find_calls(s, text, f);

	for (int i = 0; i < n; i++)
		add_found(s, &f[i]);
	if (!n)
		return false;
	s->out->content = markup_rest(s->a, text, f, n);
	note(s, "%d call%s recovered from the text", n, n > 1 ? "s" : "");
	if (f[0].form == MARKUP_JSON && !s->m->way_sure && ways_next(s->m) == WAY_SCHEMA) {
		model_tell(s->m, "%s writes its calls as JSON in the text; from now on by schema", s->m->id);
		s->m->way = WAY_SCHEMA;
	}
	return true;
}

/* A call that was begun before the end of thinking stands at the very end of the reasoning. */
static bool recover_from_reasoning(struct settle *s)
{
	struct markup_call *f = arena_array(s->a, MARKUP_MAX, sizeof(*f));
	struct bytes text = buf_bytes(&s->r->reasoning);
	int n = find_calls(s, text, f), from = n;
	size_t next = text.n;

	while (from > 0 && f[from - 1].form == MARKUP_TAGS) {
		size_t i = f[from - 1].end;

		while (i < next && isspace((unsigned char)text.p[i]))
			i++;
		if (i < next)
			break;
		next = f[--from].at;
	}
	for (int i = from; i < n; i++)
		add_found(s, &f[i]);
	if (from < n)
		note(s, "%d call%s recovered from the reasoning", n - from, n - from > 1 ? "s" : "");
	return from < n;
}

static void way_works(struct model *m)
{
	if (!m->way_sure)
		ways_keep(m);
	m->way_sure = true;
}

static int settle_native(struct settle *s)
{
	for (int i = 0; i < s->r->n_calls; i++)
		add_native(s, &s->r->calls[i]);
	if (s->out->n_calls) {
		if (s->m->way == WAY_NATIVE)
			way_works(s->m);
	} else if (!recover_from_content(s)) {
		if (s->out->finish == FINISH_CALLS || !s->r->content.n)
			recover_from_reasoning(s);
	}
	if (!s->out->n_calls && s->out->finish == FINISH_CALLS) {
		note(s, "the server says that there are calls, and none came");
		return -1;
	}
	return 0;
}

/* {"tool":"answer","arguments":{"text":...}} */
static bool is_answer(struct settle *s)
{
	struct bytes in = markup_json(buf_bytes(&s->r->content));
	auto_json *v = NULL;
	const char *text;

	if (!in.n || markup_json_parse(in, &v, NULL) < 0 || strcmp(json_text_or(v, "tool", ""), TOOLS_ANSWER) != 0)
		return false;
	text = json_text(json_map(v, "arguments"), "text");
	if (!text)
		return false;
	s->out->content = arena_strdup(s->a, text);
	return true;
}

/* One action a reply, in JSON: by schema, or in a block of the text. What stands behind it the model made up. */
static size_t settle_written(struct settle *s)
{
	struct markup_call *f = arena_array(s->a, MARKUP_MAX, sizeof(*f));
	struct bytes text = buf_bytes(&s->r->content);
	int n;

	if (s->m->way == WAY_SCHEMA && is_answer(s)) {
		way_works(s->m);
		return text.n;
	}
	n = markup_find(s->a, &s->m->tools, text, f);
	if (n) {
		add_found(s, &f[0]);
		if (n > 1)
			note(s, "only the first of %d calls was taken", n);
		s->out->content = markup_rest(s->a, (struct bytes){ text.p, f[0].end }, f, 1);
		s->out->finish = FINISH_CALLS;
		way_works(s->m);
		return f[0].end;
	}
	if (s->m->way == WAY_SCHEMA && s->out->finish == FINISH_STOP) {
		note(s, "the reply is no action of the schema");
		s->out->finish = FINISH_CALLS;
		if (!s->m->way_sure && ways_next(s->m) == WAY_TEXT)
			s->m->way = WAY_TEXT;
	}
	return text.n;
}

/* What goes back to the model as its own. */
static void make_message(struct settle *s, struct bytes content)
{
	const struct reply *r = s->r;
	auto_buf b = buf_max(MESSAGE_MAX);

	buf_add_str(&b, "{\"role\":\"assistant\",\"content\":");
	json_write_string(&b, content);
	if (r->reasoning.n && !(s->m->quirks && s->m->quirks->drop_reasoning)) {
		buf_add_str(&b, r->reasoning_short ? ",\"reasoning\":" : ",\"reasoning_content\":");
		json_write_string(&b, buf_bytes(&r->reasoning));
	}
	for (int i = 0; s->out->way == WAY_NATIVE && i < s->out->n_calls; i++) {
		const struct model_call *c = &s->out->calls[i];

		buf_printf(&b, "%s{\"id\":\"%s\",\"type\":\"function\",\"function\":{\"name\":\"%s\",\"arguments\":",
			   i ? "," : ",\"tool_calls\":[", c->id, c->name);
		json_write_string(&b, bytes_of(s->wire_arguments[i]));
		buf_add_str(&b, i + 1 < s->out->n_calls ? "}}" : "}}]");
	}
	buf_add_char(&b, '}');
	s->out->message = b.over ? "{\"role\":\"assistant\",\"content\":\"\"}" : copied(s->a, &b);
}

static void settle_usage(struct settle *s, const struct model_ask *q)
{
	struct model_usage *u = &s->out->usage;

	*u = (struct model_usage){ s->r->prompt, s->r->cached, s->r->completion, 0, false };
	if (!s->r->has_usage) {
		u->prompt = model_count(s->m, q->messages.n + q->tools.n);
		u->completion = model_count(s->m, s->r->text);
		u->counted = true;
	}
	u->cost = provider_cost(s->m->provider, s->m->quirks, u);
}

int calls_settle(struct model *m, struct arena *a, const struct model_ask *q, struct reply *r, struct model_reply *out)
{
	struct settle s = { .m = m, .a = a, .r = r, .out = out, .lost = buf_max(2000) };
	struct bytes json, content = buf_bytes(&r->content);
	bool tools = tools_count(&m->tools) > 0;
	int result = 0;

	*out = (struct model_reply){
		.content = copied(a, &r->content),
		.reasoning = copied(a, &r->reasoning),
		.finish = finish_of(r),
		.way = m->way,
		.calls = arena_array(a, REPLY_CALLS_MAX + MARKUP_MAX, sizeof(*out->calls)),
		.model = arena_strdup(a, *r->model ? r->model : m->id),
		.response_id = arena_strdup(a, r->id),
	};
	s.wire_arguments = arena_array(a, REPLY_CALLS_MAX + MARKUP_MAX, sizeof(*s.wire_arguments));
	if (q->schema) {
		json = markup_json(content);
		if (json.n)
			out->content = arena_memdup(a, json.p, json.n);
		else
			note(&s, "the reply is no JSON");
	} else if (tools && (m->way == WAY_NATIVE || r->n_calls)) { /* they count, in whichever way was asked */
		out->way = WAY_NATIVE;
		result = settle_native(&s);
		if (out->n_calls && out->finish == FINISH_STOP)
			out->finish = FINISH_CALLS;
		content = bytes_of(out->content);
	} else if (tools) {
		content.n = settle_written(&s);
	}
	if (!r->content.n && !r->reasoning.n && !out->n_calls && result == 0)
		note(&s, "the reply is empty");
	make_message(&s, content);
	settle_usage(&s, q);
	out->lost = s.lost.n ? copied(a, &s.lost) : NULL;
	buf_drop(&s.lost);
	return result;
}
