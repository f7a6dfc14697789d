/*
 * Tool calls that stand as text.
 *
 * The values of GLM's markup may hold anything, its own tags included (an edit of a file about tool calls); a value
 * therefore ends at the first end tag behind which the markup goes on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/markup.h"

#include "base/err.h"

#include <ctype.h>

/* Each may look through all of the text: what only looks like a call costs no more than this. */
enum { TRIES_MAX = 64 };

#define OPEN "<tool_call>"
#define CLOSE "</tool_call>"

struct reader {
	const char *p, *end;
};

static void skip_blanks(struct reader *r)
{
	while (r->p < r->end && isspace((unsigned char)*r->p))
		r->p++;
}

static bool starts(const struct reader *r, const char *with)
{
	size_t n = strlen(with);

	return (size_t)(r->end - r->p) >= n && !memcmp(r->p, with, n);
}

static bool take(struct reader *r, const char *what)
{
	if (!starts(r, what))
		return false;
	r->p += strlen(what);
	return true;
}

static struct bytes between(const char *p, const char *end)
{
	return (struct bytes){ p, (size_t)(end - p) };
}

static struct bytes trimmed(struct bytes b)
{
	while (b.n && isspace((unsigned char)*b.p)) {
		b.p++;
		b.n--;
	}
	while (b.n && isspace((unsigned char)b.p[b.n - 1]))
		b.n--;
	return b;
}

static const char *find(const char *p, const char *end, const char *what)
{
	return p < end ? memmem(p, (size_t)(end - p), what, strlen(what)) : NULL;
}

/* Length of the balanced JSON object or array at p; 0 when it does not end. */
static size_t extent(struct bytes in)
{
	bool quoted = false;
	int depth = 0;

	for (size_t i = 0; i < in.n; i++) {
		char c = in.p[i];

		if (quoted) {
			if (c == '\\')
				i++;
			else if (c == '"')
				quoted = false;
		} else if (c == '"') {
			quoted = true;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth <= 0) {
			return depth < 0 ? 0 : i + 1;
		}
	}
	return 0;
}

int markup_json_parse(struct bytes in, json_t **out, struct err *e)
{
	auto_buf b = buf_max(in.n * 6 + 16);
	bool quoted = false;

	if (json_parse_model(in, out, e) == 0)
		return 0;
	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];

		if (quoted && c == '\\' && i + 1 < in.n) {
			buf_add(&b, in.p + i++, 2);
			continue;
		}
		if (c == '"')
			quoted = !quoted;
		if (quoted && c < 0x20)
			buf_printf(&b, "\\u%04x", c);
		else
			buf_add_char(&b, (char)c);
	}
	return json_parse_model(buf_bytes(&b), out, e);
}

static const char *written(struct arena *a, const json_t *v)
{
	auto_buf b = buf_max(16 << 20);

	return json_write(&b, v) < 0 ? "{}" : arena_memdup(a, b.p, b.n);
}

/* A value of markup: text where text is declared, else JSON when it is that, else text. */
static json_t *value_of(const struct tools *t, const char *tool, const char *key, struct bytes v)
{
	json_t *j = NULL;

	if (!tools_wants_text(t, tool, key) && v.n && markup_json_parse(v, &j, NULL) == 0)
		return j;
	return json_string_any(v);
}

static const char *declared(struct arena *a, const struct tools *t, struct bytes name)
{
	name = trimmed(name);
	if (!name.n || name.n > 200)
		return NULL;
	return tools_name(t, arena_memdup(a, name.p, name.n));
}

static int parse_glm(struct arena *a, const struct tools *t, struct reader *r, struct markup_call *out)
{
	auto_json *args = json_object();
	const char *name_end = r->p;

	while (name_end < r->end && *name_end != '<' && *name_end != '\n')
		name_end++;
	out->name = declared(a, t, between(r->p, name_end));
	if (!out->name)
		return -1;
	r->p = name_end;
	for (skip_blanks(r); take(r, "<arg_key>"); skip_blanks(r)) {
		const char *key = r->p, *key_end = find(key, r->end, "</arg_key>"), *value, *stop;
		char *k;

		if (!key_end)
			return -1;
		k = arena_memdup(a, key, (size_t)(key_end - key));
		r->p = key_end + strlen("</arg_key>");
		skip_blanks(r);
		if (!take(r, "<arg_value>"))
			return -1;
		value = r->p;
		for (stop = find(value, r->end, "</arg_value>"); stop; stop = find(stop + 1, r->end, "</arg_value>")) {
			struct reader after = { stop + strlen("</arg_value>"), r->end };

			skip_blanks(&after);
			if (after.p == after.end || starts(&after, "<arg_key>") || starts(&after, CLOSE)) {
				r->p = after.p;
				break;
			}
		}
		if (!stop)
			return -1;
		json_object_set_new(args, k, value_of(t, out->name, k, between(value, stop)));
	}
	if (!take(r, CLOSE) && r->p != r->end) /* the end of the text ends it as well */
		return -1;
	out->arguments = written(a, args);
	return 0;
}

static int parse_function(struct arena *a, const struct tools *t, struct reader *r, struct markup_call *out)
{
	auto_json *args = json_object();
	const char *close = find(r->p, r->end, ">");

	if (!close)
		return -1;
	out->name = declared(a, t, between(r->p, close));
	if (!out->name)
		return -1;
	r->p = close + 1;
	for (skip_blanks(r); take(r, "<parameter="); skip_blanks(r)) {
		const char *key = r->p, *key_end = find(key, r->end, ">"), *value, *stop;
		struct bytes v;
		char *k;

		if (!key_end)
			return -1;
		k = arena_memdup(a, key, (size_t)(key_end - key));
		value = key_end + 1;
		stop = find(value, r->end, "</parameter>");
		if (!stop)
			return -1;
		r->p = stop + strlen("</parameter>");
		v = between(value, stop);
		if (v.n && *v.p == '\n') { /* the template puts the value on lines of its own */
			v.p++;
			v.n--;
		}
		if (v.n && v.p[v.n - 1] == '\n')
			v.n--;
		json_object_set_new(args, k, value_of(t, out->name, k, v));
	}
	if (!take(r, "</function>") && r->p != r->end)
		return -1;
	skip_blanks(r);
	take(r, CLOSE);
	out->arguments = written(a, args);
	return 0;
}

/* {"name": ..., "arguments": {...}} in its many spellings. */
static int parse_object(struct arena *a, const struct tools *t, const json_t *o, bool loose, struct markup_call *out)
{
	static const char *const names[] = { "tool", "name", "function", "tool_name", "action" };
	static const char *const args[] = { "arguments", "args", "parameters", "input", "tool_input", "action_input" };
	const json_t *v = NULL;
	const char *by = NULL;
	auto_json *inner = NULL;

	if (json_map(o, "function"))
		o = json_map(o, "function");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && !by; i++)
		if (json_text(o, names[i]))
			by = names[i];
	if (!by)
		return -1;
	out->name = declared(a, t, bytes_of(json_text(o, by)));
	if (!out->name)
		return -1;
	for (size_t i = 0; i < sizeof(args) / sizeof(*args) && !v; i++)
		v = json_object_get(o, args[i]);
	if (json_is_string(v) && markup_json_parse(bytes_of(json_string_value(v)), &inner, NULL) == 0)
		v = inner;
	if (!v && loose && !strcmp(by, "tool")) { /* {"tool": "shell", "command": "ls"} */
		inner = json_copy((json_t *)(uintptr_t)o);
		json_object_del(inner, by);
		v = inner;
	}
	if (!json_is_object(v))
		return -1;
	out->arguments = written(a, v);
	return 0;
}

/* One object, or an array of them; how many calls. */
static int parse_json(struct arena *a, const struct tools *t, struct bytes in, bool loose, struct markup_call *out,
		      int room)
{
	auto_json *v = NULL;
	int n = 0;

	in = trimmed(in);
	if (!in.n || (*in.p != '{' && *in.p != '[') || markup_json_parse(in, &v, NULL) < 0)
		return 0;
	if (json_is_object(v))
		return room > 0 && parse_object(a, t, v, loose, out) == 0;
	for (size_t i = 0; i < json_array_size(v) && n < room; i++) {
		if (parse_object(a, t, json_array_get(v, i), loose, &out[n]) < 0)
			return 0; /* all of it or none */
		n++;
	}
	return n;
}

/* At "<tool_call>" or "<function=": how many calls; r stands behind them then. */
static int parse_tags(struct arena *a, const struct tools *t, struct reader *r, struct markup_call *out, int room)
{
	const char *close;
	size_t n;
	int got;

	if (take(r, "<function="))
		return parse_function(a, t, r, out) == 0;
	take(r, OPEN);
	skip_blanks(r);
	if (take(r, "<function="))
		return parse_function(a, t, r, out) == 0;
	if (r->p == r->end || *r->p != '{')
		return parse_glm(a, t, r, out) == 0;
	n = extent(between(r->p, r->end));
	close = find(r->p, r->end, CLOSE);
	if (!n && close)
		n = (size_t)(close - r->p);
	got = n ? parse_json(a, t, (struct bytes){ r->p, n }, false, out, room) : 0;
	r->p += n;
	skip_blanks(r);
	take(r, CLOSE);
	return got;
}

/* At "```" that begins a line. */
static int parse_fence(struct arena *a, const struct tools *t, struct reader *r, struct markup_call *out, int room)
{
	const char *line = find(r->p + 3, r->end, "\n"), *close;
	struct bytes body;

	if (!line) {
		r->p = r->end;
		return 0;
	}
	close = find(line, r->end, "\n```");
	body = between(line + 1, close ? (close > line ? close : line + 1) : r->end);
	r->p = close ? close + 4 : r->end;
	return parse_json(a, t, body, true, out, room);
}

int markup_find(struct arena *a, const struct tools *t, struct bytes text, struct markup_call out[MARKUP_MAX])
{
	struct reader r = { text.p, text.p + text.n };
	struct bytes whole = trimmed(text);
	int n = 0, tries = 0;

	if (!tools_count(t) || !text.n)
		return 0;
	n = parse_json(a, t, whole, true, out, MARKUP_MAX);
	for (int i = 0; i < n; i++) {
		out[i].at = i ? text.n : 0;
		out[i].end = text.n;
		out[i].form = MARKUP_JSON;
	}
	if (n)
		return n;
	while (r.p < r.end && n < MARKUP_MAX && tries < TRIES_MAX) {
		const char *at = r.p;
		bool fence = *at == '`', tag = *at == '<';
		int got = 0;

		if (!fence && !tag) {
			r.p++;
			continue;
		}
		if (tag && (starts(&r, OPEN) || starts(&r, "<function=")))
			got = parse_tags(a, t, &r, out + n, MARKUP_MAX - n);
		else if (fence && starts(&r, "```") && (at == text.p || at[-1] == '\n'))
			got = parse_fence(a, t, &r, out + n, MARKUP_MAX - n);
		if (!got) {
			tries += r.p != at;
			if (tag || r.p == at)
				r.p = at + 1;
			continue;
		}
		for (int i = 0; i < got; i++, n++) {
			out[n].at = (size_t)((i ? r.p : at) - text.p);
			out[n].end = (size_t)(r.p - text.p);
			out[n].form = tag ? MARKUP_TAGS : MARKUP_JSON;
		}
	}
	return n;
}

char *markup_rest(struct arena *a, struct bytes text, const struct markup_call *calls, int n)
{
	auto_buf b = buf_max(text.n + 1);
	size_t from = 0;
	struct bytes rest;

	for (int i = 0; i < n; i++) {
		if (calls[i].at > from)
			buf_add(&b, text.p + from, calls[i].at - from);
		if (calls[i].end > from)
			from = calls[i].end;
	}
	buf_add(&b, text.p + from, text.n - from);
	rest = trimmed(buf_bytes(&b));
	return arena_memdup(a, rest.p, rest.n);
}

struct bytes markup_json(struct bytes text)
{
	struct bytes in = trimmed(text), none = { "", 0 };

	for (size_t i = 0; i < in.n; i++) {
		struct bytes from = { in.p + i, in.n - i };
		json_t *v = NULL;
		size_t n;

		if (in.p[i] != '{' && in.p[i] != '[')
			continue;
		n = extent(from);
		if (!n)
			return none; /* what is inside an unended value is not the answer */
		from.n = n;
		if (markup_json_parse(from, &v, NULL) == 0) {
			json_decref(v);
			return from;
		}
		i += n - 1;
	}
	return none;
}
