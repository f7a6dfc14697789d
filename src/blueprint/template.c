/*
 * Rendering a template: its text becomes tokens once, sections know their ends, and a recursion over the tokens prints.
 *
 * Bounded: depth of sections, number of steps (a loop over nothing makes no output but takes time), and the output by
 * its buffer. Reals are printed by the shortest text that reads back the same, so that 19.99 stays 19.99.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/template.h"

#include "base/arena.h"
#include "base/err.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 8 + TEMPLATE_DEPTH_MAX, NAME_MAX_BYTES = 120 };

enum token_kind { TOKEN_TEXT, TOKEN_NAME, TOKEN_SECTION, TOKEN_INVERTED, TOKEN_CLOSE };

struct token {
	enum token_kind kind;
	struct bytes text; /* what stands there, or the name */
	int line;
	size_t end;        /* of a section: its TOKEN_CLOSE  */
};

struct parser {
	const struct template *t;
	struct arena *a;
	struct token *tokens;
	size_t n, cap;
	size_t open[TEMPLATE_DEPTH_MAX];
	int depth, line;
};

static void token_add(struct parser *p, enum token_kind kind, struct bytes text)
{
	if (kind == TOKEN_TEXT && !text.n)
		return;
	if (p->n == p->cap) {
		struct token *more = arena_array(p->a, p->cap ? p->cap * 2 : 64, sizeof(*more));

		if (p->n)
			memcpy(more, p->tokens, p->n * sizeof(*more));
		p->cap = p->cap ? p->cap * 2 : 64;
		p->tokens = more;
	}
	p->tokens[p->n++] = (struct token){ .kind = kind, .text = text, .line = p->line };
}

static int fault(const struct template *t, int line, struct err *e, const char *what, struct bytes name)
{
	return err_set(e, ERR_INPUT, "%s:%d: %s%s%.*s%s", t->name, line, what, name.n ? " {{" : "",
		       (int)(name.n > 80 ? 80 : name.n), name.n ? name.p : "", name.n ? "}}" : "");
}

static int lines_in(struct bytes s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static bool is_name(struct bytes s)
{
	if (!s.n || s.n > NAME_MAX_BYTES)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("_.$-", s.p[i]))
			return false;
	return true;
}

static struct bytes trimmed(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	return (struct bytes){ p, (size_t)(end - p) };
}

static int section_close(struct parser *p, struct bytes name, struct err *e)
{
	struct token *open;

	if (!p->depth)
		return fault(p->t, p->line, e, "closes a section that is not open:", name);
	open = &p->tokens[p->open[--p->depth]];
	if (!bytes_equal(open->text, name)) {
		char what[200];

		snprintf(what, sizeof(what), "the section {{#%.*s}} of line %d is closed by",
			 (int)(open->text.n > 80 ? 80 : open->text.n), open->text.p, open->line);
		return fault(p->t, p->line, e, what, name);
	}
	open->end = p->n;
	token_add(p, TOKEN_CLOSE, name);
	return 0;
}

/* A tag's inside, from behind "{{" to before "}}". */
static int tag_add(struct parser *p, char sigil, struct bytes name, struct err *e)
{
	if (sigil == '!')
		return 0;
	if (sigil == '>' || sigil == '=')
		return fault(p->t, p->line, e, "partials and other delimiters are not part of these templates:", name);
	if (!is_name(name))
		return fault(p->t, p->line, e, "no name (letters, digits, _ . - $):", name);
	if (sigil == '/')
		return section_close(p, name, e);
	if (sigil == '#' || sigil == '^') {
		if (p->depth == TEMPLATE_DEPTH_MAX)
			return fault(p->t, p->line, e, "sections are nested too deep:", name);
		p->open[p->depth++] = p->n;
	}
	token_add(p, sigil == '#' ? TOKEN_SECTION : sigil == '^' ? TOKEN_INVERTED : TOKEN_NAME, name);
	return 0;
}

/* Whether nothing but blanks stands from the line's begin to `at`, and from `behind` to its end; then these are them. */
static bool stands_alone(struct bytes all, const char *at, const char *behind, const char **begin, const char **next)
{
	const char *end = all.p + all.n;

	while (at > all.p && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	if (at > all.p && at[-1] != '\n')
		return false;
	while (behind < end && (*behind == ' ' || *behind == '\t'))
		behind++;
	if (behind < end && *behind == '\r' && behind + 1 < end && behind[1] == '\n')
		behind++;
	if (behind < end && *behind != '\n')
		return false;
	*begin = at;
	*next = behind < end ? behind + 1 : behind;
	return true;
}

static int tokens_parse(struct parser *p, struct err *e)
{
	struct bytes all = p->t->text;
	const char *at = all.p, *end = all.p + all.n;

	p->line = 1;
	if (all.n > TEMPLATE_BYTES_MAX)
		return err_set(e, ERR_INPUT, "%s: a template is at most %d bytes", p->t->name, TEMPLATE_BYTES_MAX);
	while (at < end) {
		const char *tag = memmem(at, (size_t)(end - at), "{{", 2), *close, *behind, *text_end, *inside;
		bool triple;
		char sigil = 0;
		int text_lines, inner;

		if (!tag) {
			token_add(p, TOKEN_TEXT, (struct bytes){ at, (size_t)(end - at) });
			break;
		}
		triple = tag + 2 < end && tag[2] == '{';
		inside = tag + (triple ? 3 : 2);
		close = memmem(inside, (size_t)(end - inside), triple ? "}}}" : "}}", triple ? 3 : 2);
		text_lines = lines_in((struct bytes){ at, (size_t)(tag - at) });
		if (!close)
			return fault(p->t, p->line + text_lines, e, "a tag that is opened by {{ has no }}", bytes_of(""));
		behind = close + (triple ? 3 : 2);
		if (!triple && inside < close && strchr("#^/!>=&", *inside))
			sigil = *inside++;
		text_end = tag;
		inner = lines_in((struct bytes){ inside, (size_t)(close - inside) });
		if (sigil && strchr("#^/!", sigil)) {
			const char *next, *begin;

			if (stands_alone(all, tag, behind, &begin, &next)) {
				text_end = begin < at ? at : begin;
				inner += next > behind && next[-1] == '\n';
				behind = next;
			}
		}
		token_add(p, TOKEN_TEXT, (struct bytes){ at, (size_t)(text_end - at) });
		p->line += text_lines;
		if (tag_add(p, sigil, trimmed(inside, close), e) < 0)
			return -1;
		p->line += inner;
		at = behind;
	}
	if (p->depth)
		return fault(p->t, p->tokens[p->open[p->depth - 1]].line, e, "a section is never closed:",
			     p->tokens[p->open[p->depth - 1]].text);
	return 0;
}

/* Printing values. */

static void real_write(struct buf *b, double d)
{
	char s[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(s, sizeof(s), "%.*g", digits, d);
		if (strtod(s, NULL) == d)
			break;
	}
	buf_add_str(b, s);
	if (!strpbrk(s, ".en"))
		buf_add_str(b, ".0");
}

/* U+2028, U+2029 and what turns the direction of text around: invisible in an editor, so written as escapes. */
static unsigned hidden_char(const unsigned char *p, size_t n)
{
	unsigned c;

	if (n < 3 || p[0] != 0xE2 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
		return 0;
	c = (unsigned)(p[0] & 15) << 12 | (unsigned)(p[1] & 63) << 6 | (unsigned)(p[2] & 63);
	return (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || (c >= 0x200B && c <= 0x200F) ? c : 0;
}

static void python_string(struct buf *b, struct bytes s)
{
	buf_add_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned hidden = hidden_char((const unsigned char *)s.p + i, s.n - i);

		if (hidden) {
			buf_printf(b, "\\u%04x", hidden);
			i += 2;
		} else if (c == '"' || c == '\\') {
			buf_add(b, (char[]){ '\\', (char)c }, 2);
		} else if (c == '\n') {
			buf_add_str(b, "\\n");
		} else if (c < 0x20 || c == 0x7f) {
			buf_printf(b, "\\x%02x", c);
		} else {
			buf_add_char(b, (char)c);
		}
	}
	buf_add_char(b, '"');
}

static void literal_write(struct buf *b, const json_t *v, bool python);

static void list_write(struct buf *b, const json_t *v, bool python)
{
	const json_t *x;
	size_t i;

	buf_add_char(b, '[');
	json_array_foreach(v, i, x) {
		if (i)
			buf_add_str(b, python ? ", " : ",");
		literal_write(b, x, python);
	}
	buf_add_char(b, ']');
}

static void map_write(struct buf *b, const json_t *v, bool python)
{
	const char *key;
	json_t *x;
	bool more = false;

	buf_add_char(b, '{');
	json_object_foreach((json_t *)(uintptr_t)v, key, x) {
		if (more)
			buf_add_str(b, python ? ", " : ",");
		more = true;
		if (python)
			python_string(b, bytes_of(key));
		else
			json_write_string(b, bytes_of(key));
		buf_add_str(b, python ? ": " : ":");
		literal_write(b, x, python);
	}
	buf_add_char(b, '}');
}

static void literal_write(struct buf *b, const json_t *v, bool python)
{
	struct bytes s = { json_string_value(v), json_string_length(v) };

	switch (v ? json_typeof(v) : JSON_NULL) {
	case JSON_NULL:
		buf_add_str(b, python ? "None" : "null");
		break;
	case JSON_TRUE:
		buf_add_str(b, python ? "True" : "true");
		break;
	case JSON_FALSE:
		buf_add_str(b, python ? "False" : "false");
		break;
	case JSON_INTEGER:
		buf_printf(b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		break;
	case JSON_REAL:
		real_write(b, json_real_value(v));
		break;
	case JSON_STRING:
		if (python)
			python_string(b, s);
		else
			json_write_string(b, s);
		break;
	case JSON_ARRAY:
		list_write(b, v, python);
		break;
	case JSON_OBJECT:
		map_write(b, v, python);
		break;
	}
}

int template_python(struct buf *out, const json_t *v)
{
	literal_write(out, v, true);
	return out->over ? -1 : 0;
}

static void plain_write(struct buf *b, const json_t *v)
{
	if (json_is_string(v))
		buf_add(b, json_string_value(v), json_string_length(v));
	else if (!json_is_null(v))
		literal_write(b, v, false);
}

static void escaped_write(struct buf *b, struct bytes s, bool html)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '&')
			buf_add_str(b, "&amp;");
		else if (c == '<')
			buf_add_str(b, "&lt;");
		else if (c == '>')
			buf_add_str(b, "&gt;");
		else if (html && c == '"')
			buf_add_str(b, "&quot;");
		else if (html && c == '\'')
			buf_add_str(b, "&#39;");
		else if (!html && (c == '\n' || c == '\r'))
			buf_add_char(b, ' ');
		else if (!html && c && strchr("\\`*_[]|~#!", c))
			buf_add(b, (char[]){ '\\', c }, 2);
		else
			buf_add_char(b, c);
	}
}

/* Looking names up. */

struct frame {
	const json_t *v;
	bool in_list;
	size_t index, n;
};

struct renderer {
	const struct template *t;
	const struct token *tokens;
	struct frame frames[FRAMES_MAX];
	int n;
	long steps;
	struct buf *out;
	size_t max;
	struct err *e;
};

struct found {
	const json_t *v; /* NULL: no such name */
	bool is_index;
	size_t index;
};

static const json_t *map_get(const json_t *o, struct bytes key)
{
	char name[NAME_MAX_BYTES + 1];

	memcpy(name, key.p, key.n);
	name[key.n] = 0;
	return json_object_get(o, name);
}

static struct found first_part(const struct renderer *r, struct bytes part)
{
	for (int i = r->n - 1; i >= 0; i--) {
		const struct frame *f = &r->frames[i];
		const json_t *v = map_get(f->v, part);

		if (v)
			return (struct found){ .v = v };
		if (!f->in_list)
			continue;
		if (bytes_equal(part, bytes_of("first")))
			return (struct found){ .v = json_boolean(f->index == 0) };
		if (bytes_equal(part, bytes_of("last")))
			return (struct found){ .v = json_boolean(f->index + 1 == f->n) };
		if (bytes_equal(part, bytes_of("index")))
			return (struct found){ .v = json_true(), .is_index = true, .index = f->index };
	}
	return (struct found){ 0 };
}

static struct found name_find(const struct renderer *r, struct bytes name)
{
	struct found f = { 0 };
	const char *p = name.p, *end = name.p + name.n;
	bool more = false;

	if (name.n == 1 && *p == '.')
		return (struct found){ .v = r->frames[r->n - 1].v };
	for (;;) {
		const char *dot = memchr(p, '.', (size_t)(end - p));
		struct bytes part = { p, (size_t)((dot ? dot : end) - p) };

		if (!part.n)
			return (struct found){ 0 };
		if (!more)
			f = first_part(r, part);
		else
			f = (struct found){ .v = map_get(f.v, part) };
		if (!f.v || !dot)
			return f;
		more = true;
		p = dot + 1;
	}
}

/* Takes a suffix off the name. */
static const char *suffix_take(struct bytes *name)
{
	static const char *const suffixes[] = { ".py", ".md", ".html", ".json" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		size_t n = strlen(suffixes[i]);

		if (name->n >= n && !memcmp(name->p + name->n - n, suffixes[i], n)) {
			name->n -= n;
			if (!name->n)
				name->n = 1; /* {{.py}} is {{.}} with a suffix */
			return suffixes[i] + 1;
		}
	}
	return NULL;
}

static int name_print(struct renderer *r, const struct token *k)
{
	struct bytes name = k->text;
	const char *suffix = suffix_take(&name);
	struct found f = name_find(r, name);

	if (!f.v)
		return fault(r->t, k->line, r->e, "no such name:", k->text);
	if (f.is_index) {
		buf_printf(r->out, "%zu", f.index);
	} else if (!suffix) {
		plain_write(r->out, f.v);
	} else if (*suffix == 'p' || *suffix == 'j') {
		literal_write(r->out, f.v, *suffix == 'p');
	} else {
		auto_buf text = buf_max(r->max);

		plain_write(&text, f.v);
		escaped_write(r->out, buf_bytes(&text), *suffix == 'h');
	}
	return 0;
}

static bool is_present(const json_t *v)
{
	if (!v || json_is_null(v) || json_is_false(v))
		return false;
	if (json_is_string(v))
		return json_string_length(v) > 0;
	return !json_is_array(v) || json_array_size(v) > 0;
}

static int range_render(struct renderer *r, size_t from, size_t to);

static int section_render(struct renderer *r, size_t at)
{
	const struct token *k = &r->tokens[at];
	struct found f = name_find(r, k->text);
	struct frame *top = &r->frames[r->n];
	int bad = 0;

	if (is_present(f.v) == (k->kind == TOKEN_INVERTED))
		return 0;
	if (k->kind == TOKEN_INVERTED)
		return range_render(r, at + 1, k->end);
	if (r->n == FRAMES_MAX)
		return fault(r->t, k->line, r->e, "sections are nested too deep:", k->text);
	r->n++;
	if (json_is_array(f.v)) {
		size_t n = json_array_size(f.v);

		for (size_t i = 0; i < n && !bad; i++) {
			*top = (struct frame){ json_array_get(f.v, i), true, i, n };
			if (++r->steps > TEMPLATE_STEPS_MAX) /* an empty loop makes no other step */
				return fault(r->t, k->line, r->e, "too many steps", bytes_of(""));
			bad = range_render(r, at + 1, k->end);
		}
	} else {
		*top = (struct frame){ .v = f.v };
		bad = range_render(r, at + 1, k->end);
	}
	r->n--;
	return bad;
}

static int range_render(struct renderer *r, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct token *k = &r->tokens[i];

		if (++r->steps > TEMPLATE_STEPS_MAX)
			return fault(r->t, k->line, r->e, "too many steps", bytes_of(""));
		if (k->kind == TOKEN_TEXT) {
			buf_add(r->out, k->text.p, k->text.n);
		} else if (k->kind == TOKEN_NAME) {
			if (name_print(r, k) < 0)
				return -1;
		} else if (k->kind != TOKEN_CLOSE) {
			if (section_render(r, i) < 0)
				return -1;
			i = k->end;
		}
		if (r->out->over)
			return fault(r->t, k->line, r->e, "what it makes is too large", bytes_of(""));
	}
	return 0;
}

int template_render(const struct template *t, struct buf *out, struct err *e)
{
	auto_arena a = { 0 };
	struct parser p = { .t = t, .a = &a };
	struct renderer r = { .t = t, .out = out, .max = out->max, .e = e };

	if (tokens_parse(&p, e) < 0)
		return -1;
	for (int i = 0; i < t->frames_n && i < 8; i++)
		r.frames[r.n++] = (struct frame){ .v = t->frames[i] };
	if (!r.n)
		r.frames[r.n++] = (struct frame){ .v = json_null() };
	r.tokens = p.tokens;
	return range_render(&r, 0, p.n);
}

int template_check(const char *name, struct bytes text, struct err *e)
{
	auto_arena a = { 0 };
	struct template t = { .name = name, .text = text };
	struct parser p = { .t = &t, .a = &a };

	return tokens_parse(&p, e);
}
