/*
 * Tokens and logical lines of Python.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/python.h"

#include <ctype.h>
#include <string.h>

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static int refuse(struct python *s, const char *why)
{
	s->why = why;
	return -1;
}

/* at stands on the quote. */
static int string_end(struct python *s, size_t at, size_t *to)
{
	const char *p = s->text.p;
	size_t n = s->text.n;
	char quote = p[at];
	bool triple = at + 2 < n && p[at + 1] == quote && p[at + 2] == quote;

	at += triple ? 3 : 1;
	while (at < n) {
		if (p[at] == '\\') {
			at += 2;
		} else if (p[at] == '\n' && !triple) {
			return refuse(s, "a string is not closed on its line");
		} else if (p[at] == quote && (!triple || (at + 2 < n && p[at + 1] == quote && p[at + 2] == quote))) {
			*to = at + (triple ? 3 : 1);
			return 0;
		} else {
			at++;
		}
	}
	return refuse(s, "it breaks off inside a string");
}

static bool is_prefix(struct bytes word, bool *formatted)
{
	*formatted = false;
	if (word.n > 2)
		return false;
	for (size_t i = 0; i < word.n; i++) {
		if (!strchr("rRbBuUfF", word.p[i]))
			return false;
		*formatted = *formatted || word.p[i] == 'f' || word.p[i] == 'F';
	}
	return true;
}

static int bracket(struct python *s, char c)
{
	if (strchr("([{", c)) {
		if (s->depth == (int)sizeof(s->open))
			return refuse(s, "brackets are nested too deep");
		s->open[s->depth++] = c == '(' ? ')' : c == '[' ? ']' : '}';
		return 0;
	}
	if (!s->depth || s->open[s->depth - 1] != c)
		return refuse(s, "a bracket closes that was not opened");
	s->depth--;
	return 0;
}

int python_token(struct python *s, struct python_token *out)
{
	const char *p = s->text.p;
	size_t n = s->text.n, at = s->at;
	bool formatted = false;

	while (at < n && (p[at] == ' ' || p[at] == '\t' || p[at] == '\r' || p[at] == '\f' ||
			  (p[at] == '\\' && at + 1 < n && p[at + 1] == '\n') || (p[at] == '\n' && s->depth)))
		at += p[at] == '\\' ? 2 : 1;
	*out = (struct python_token){ .from = at };
	if (at >= n) {
		s->at = n;
		out->to = n;
		return s->depth ? refuse(s, "it breaks off inside brackets") : 0;
	}
	if (p[at] == '\n') {
		out->kind = PYTHON_NEWLINE;
		at++;
	} else if (p[at] == '#') {
		out->kind = PYTHON_COMMENT;
		while (at < n && p[at] != '\n')
			at++;
	} else if (p[at] == '"' || p[at] == '\'') {
		out->kind = PYTHON_STRING;
		if (string_end(s, at, &at) < 0)
			return -1;
	} else if (is_letter(p[at])) {
		size_t from = at;
		bool number = isdigit((unsigned char)p[at]) != 0;

		while (at < n && (is_letter(p[at]) || (number && p[at] == '.')))
			at++;
		out->kind = number ? PYTHON_NUMBER : PYTHON_NAME;
		if (at < n && (p[at] == '"' || p[at] == '\'') && is_prefix((struct bytes){ p + from, at - from }, &formatted)) {
			out->kind = PYTHON_STRING;
			out->formatted = formatted;
			if (string_end(s, at, &at) < 0)
				return -1;
		}
	} else {
		out->kind = PYTHON_OTHER;
		if (strchr("([{)]}", p[at]) && bracket(s, p[at]) < 0)
			return -1;
		at++;
	}
	out->to = at > n ? n : at;
	s->at = out->to;
	return 1;
}

static int indent_of(struct bytes t, size_t from, size_t to)
{
	int columns = 0;

	for (; from < to; from++)
		columns = t.p[from] == '\t' ? (columns / 8 + 1) * 8 : columns + 1;
	return columns;
}

int python_line(struct python *s, struct python_line *out)
{
	struct python_token t;
	size_t start = s->at;
	int got;

	for (;;) {
		got = python_token(s, &t);
		if (got <= 0)
			return got;
		if (t.kind == PYTHON_NEWLINE) {
			start = s->at;
			continue;
		}
		if (t.kind != PYTHON_COMMENT)
			break;
	}
	while (start < t.from && s->text.p[start] != ' ' && s->text.p[start] != '\t') /* a continuation in an empty line */
		start++;
	out->from = start;
	out->code = t.from;
	out->indent = indent_of(s->text, start, t.from);
	while ((got = python_token(s, &t)) > 0 && t.kind != PYTHON_NEWLINE)
		;
	if (got < 0)
		return -1;
	out->to = s->at;
	return 1;
}

bool python_starts(struct bytes t, size_t at, const char *word)
{
	size_t n = strlen(word);

	return at + n <= t.n && !memcmp(t.p + at, word, n) && (at + n == t.n || !is_letter(t.p[at + n]));
}

static size_t blanks(struct bytes t, size_t at)
{
	while (at < t.n && (t.p[at] == ' ' || t.p[at] == '\t'))
		at++;
	return at;
}

/* Whether a line opens the function `name`: "def name(" or "async def name(". */
static bool opens(struct bytes t, size_t at, const char *name, bool *is_async)
{
	*is_async = python_starts(t, at, "async");
	if (*is_async)
		at = blanks(t, at + 5);
	if (!python_starts(t, at, "def"))
		return false;
	at = blanks(t, at + 3);
	return python_starts(t, at, name) && blanks(t, at + strlen(name)) < t.n && t.p[blanks(t, at + strlen(name))] == '(';
}

int python_find(struct bytes text, const char *name, bool stop, struct python_function *out, const char **why)
{
	struct python s = { .text = text };
	struct python_function f = { 0 };
	struct python_line line;
	bool inside = false, first = false, decorator = false, is_async;
	int got;

	while ((got = python_line(&s, &line)) > 0) {
		if (inside && line.indent > 0) {
			if (first && strchr("\"'rRuU", text.p[line.code])) {
				struct python one = { .text = { text.p, line.to }, .at = line.code };
				struct python_token t;

				if (python_token(&one, &t) > 0 && t.kind == PYTHON_STRING) {
					f.doc_from = line.from;
					f.doc_to = line.to;
				}
			}
			first = false;
			f.to = line.to;
			continue;
		}
		if (inside && stop)
			break;
		inside = false;
		if (line.indent == 0 && opens(text, line.code, name, &is_async)) {
			f.count++;
			inside = true;
			first = true;
			f.from = line.from;
			f.head_to = f.to = line.to;
			f.doc_from = f.doc_to = 0;
			f.decorated = decorator;
			f.is_async = is_async;
		}
		decorator = line.indent == 0 && text.p[line.code] == '@';
	}
	if (got < 0 && !(stop && f.count && !inside)) {
		*why = s.why;
		return -1;
	}
	*out = f;
	return f.count > 0;
}
