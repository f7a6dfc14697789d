/*
 * Putting a model's function where it belongs: the whole function, found by its name, in place of the one in the file.
 *
 * Only that function enters the file, with the imports it needs, and those from the blueprint's list alone. Examples of
 * use, prints and other functions beside it are dropped, or the answer is refused when the function needs them. What is
 * refused here costs nothing; what passes here is judged by the tests, in the sandbox.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/blueprint.h"
#include "blueprint/context.h"
#include "blueprint/place.h"
#include "blueprint/python.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <string.h>

enum { ANSWER_BYTES_MAX = 256 << 10, FUNCTION_BYTES_MAX = 16 << 10, FILE_BYTES_MAX = 1 << 20, IMPORTS_MAX = 16, PARAMS_MAX = 12 };

struct imported { struct bytes line; const char *module; const char *names[8]; int n; bool star, odd; };

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Fences. */

static bool fence_at(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return end - p >= 3 && (!memcmp(p, "```", 3) || !memcmp(p, "~~~", 3));
}

/* The n-th fenced block (from 0); false when there is none. An open last fence goes to the end. */
static bool block_find(struct bytes t, int n, struct bytes *out)
{
	const char *p = t.p, *end = t.p + t.n, *from = NULL;
	int seen = 0;

	while (p < end) {
		const char *next = memchr(p, '\n', (size_t)(end - p));

		next = next ? next + 1 : end;
		if (fence_at(p, end)) {
			if (from && seen++ == n) {
				*out = (struct bytes){ from, (size_t)(p - from) };
				return true;
			}
			from = from ? NULL : next;
		}
		p = next;
	}
	if (from && seen == n) {
		*out = (struct bytes){ from, (size_t)(end - from) };
		return true;
	}
	return false;
}

/* A block that stands indented as a whole (in a list) is moved to the left. */
static struct bytes dedented(struct arena *a, struct bytes t)
{
	size_t first = 0, cut = 0, n = 0;
	char *out;

	while (first < t.n && isspace((unsigned char)t.p[first])) {
		if (t.p[first] == '\n')
			cut = first + 1;
		first++;
	}
	cut = first - cut;
	if (!cut)
		return t;
	out = arena_alloc(a, t.n + 1);
	for (size_t i = 0; i < t.n;) {
		size_t k = 0;

		while (k < cut && i < t.n && (t.p[i] == ' ' || t.p[i] == '\t')) {
			i++;
			k++;
		}
		while (i < t.n && t.p[i] != '\n')
			out[n++] = t.p[i++];
		if (i < t.n)
			out[n++] = t.p[i++];
	}
	return (struct bytes){ out, n };
}

/* Bytes that may stand in a source file; "\r\n" becomes "\n". */
static int text_clean(struct arena *a, struct bytes in, struct bytes *out, const char **why)
{
	char *t = arena_alloc(a, in.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		unsigned char c = (unsigned char)in.p[i];
		bool hides = c == 0xE2 && i + 2 < in.n && (unsigned char)in.p[i + 1] == 0x80 &&
			(((unsigned char)in.p[i + 2] >= 0xAA && (unsigned char)in.p[i + 2] <= 0xAE) || (unsigned char)in.p[i + 2] == 0x8B);

		if (c == '\r')
			continue;
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || hides) {
			*why = "the answer holds control characters";
			return 0;
		}
		t[n++] = (char)c;
	}
	*out = (struct bytes){ t, n };
	return 1;
}

static bool is_assignment(struct bytes t, size_t at)
{
	size_t from = at;

	while (at < t.n && is_name_char(t.p[at]))
		at++;
	if (at == from)
		return false;
	while (at < t.n && t.p[at] == ' ')
		at++;
	return at + 1 < t.n && t.p[at] == '=' && t.p[at + 1] != '=';
}

/* From bare text: where the code begins, at the first line that can be Python's top level. */
static struct bytes bare_code(struct bytes t)
{
	static const char *const starts[] = { "def", "async", "import", "from", NULL };
	size_t at = 0;

	while (at < t.n) {
		const char *next = memchr(t.p + at, '\n', t.n - at);

		for (const char *const *w = starts; *w; w++)
			if (python_starts(t, at, *w))
				return (struct bytes){ t.p + at, t.n - at };
		if (t.p[at] == '@' || is_assignment(t, at))
			return (struct bytes){ t.p + at, t.n - at };
		if (!next)
			break;
		at = (size_t)(next - t.p) + 1;
	}
	return t;
}

/* The code of an answer and the function in it. */
static int function_in_answer(struct arena *a, struct bytes answer, const char *name, struct bytes *code,
			      struct python_function *f, const char **why)
{
	struct bytes block, text;
	bool fenced = false;
	int got;

	*why = NULL;
	if (text_clean(a, answer, &text, why) <= 0)
		return 0;
	for (int i = 0; i < 16 && block_find(text, i, &block); i++) {
		fenced = true;
		*code = dedented(a, block);
		got = python_find(*code, name, false, f, why);
		if (got < 0) /* words behind the function inside the fence */
			got = python_find(*code, name, true, f, why);
		if (got > 0)
			return 1;
	}
	if (!fenced) {
		*code = bare_code(text);
		got = python_find(*code, name, true, f, why);
		if (got > 0)
			return 1;
	}
	if (!*why || !memmem(text.p, text.n, "def ", 4)) /* what a lexer says of prose helps nobody */
		*why = arena_printf(a, "the answer has no function %s at its top level", name);
	return 0;
}

/* Names used. */

static bool name_is_used(struct bytes code, const char *name)
{
	struct python s = { .text = code };
	struct python_token t;
	size_t n = strlen(name);

	while (python_token(&s, &t) > 0) {
		if (t.kind == PYTHON_NAME && t.to - t.from == n && !memcmp(code.p + t.from, name, n))
			return true;
		if (t.kind == PYTHON_STRING && t.formatted && memmem(code.p + t.from, t.to - t.from, name, n))
			return true;
	}
	return false;
}

/* What a pure function has no use for; the tests' sandbox holds it back too. */
static const char *forbidden_in(struct arena *a, struct bytes code)
{
	static const char *const names[] = {
		"eval", "exec", "open", "compile", "input", "print", "breakpoint", "globals", "locals", "vars", "setattr", "delattr",
		"global", "nonlocal", "exit", "quit", "memoryview", NULL,
	};
	struct python s = { .text = code };
	struct python_token t;
	size_t after = 0;

	while (python_token(&s, &t) > 0) {
		struct bytes word = { code.p + t.from, t.to - t.from };
		bool member = after && t.from == after;

		after = t.kind == PYTHON_OTHER && *word.p == '.' ? t.to : 0;
		if (t.kind == PYTHON_NAME && word.n > 4 && word.p[0] == '_' && word.p[1] == '_' && word.p[word.n - 1] == '_')
			return arena_memdup(a, word.p, word.n);
		for (const char *const *w = names; *w; w++) {
			if (t.kind == PYTHON_NAME && !member && word.n == strlen(*w) && !memcmp(word.p, *w, word.n))
				return *w;
			if (t.kind == PYTHON_STRING && t.formatted && memmem(word.p, word.n, *w, strlen(*w)) &&
			    memmem(word.p, word.n, "(", 1) && memmem(word.p, word.n, "{", 1))
				return *w;
		}
		if (t.kind == PYTHON_STRING && t.formatted && memmem(word.p, word.n, "__", 2))
			return "__ in a string with code";
	}
	return NULL;
}

/* Imports. */

static struct bytes word_at(struct bytes t, size_t *at)
{
	size_t from;

	while (*at < t.n && (t.p[*at] == ' ' || t.p[*at] == '\t' || t.p[*at] == '\n' || t.p[*at] == '(' || t.p[*at] == '\\'))
		++*at;
	from = *at;
	while (*at < t.n && (is_name_char(t.p[*at]) || t.p[*at] == '.'))
		++*at;
	return (struct bytes){ t.p + from, *at - from };
}

/* One import line; `odd` when it is none that is understood. */
static void import_parse(struct arena *a, struct bytes line, struct imported *out)
{
	size_t at = 0;
	struct bytes w = word_at(line, &at);
	bool from = bytes_equal(w, bytes_of("from"));

	*out = (struct imported){ .line = line };
	w = word_at(line, &at);
	out->module = arena_memdup(a, w.p, w.n);
	out->odd = !w.n || memchr(line.p, ';', line.n) || memchr(line.p, '#', line.n);
	if (from) {
		w = word_at(line, &at);
		out->odd = out->odd || !bytes_equal(w, bytes_of("import"));
		w = word_at(line, &at);
		if (!w.n && at < line.n && line.p[at] == '*')
			out->star = true;
	}
	for (;;) {
		struct bytes as;
		size_t next = at;

		if (!w.n || out->n == 8)
			break;
		as = word_at(line, &next);
		if (bytes_equal(as, bytes_of("as"))) {
			w = word_at(line, &next);
			at = next;
		} else if (!from && memchr(w.p, '.', w.n)) {
			w.n = (size_t)((const char *)memchr(w.p, '.', w.n) - w.p);
		}
		out->names[out->n++] = arena_memdup(a, w.p, w.n);
		while (at < line.n && (line.p[at] == ' ' || line.p[at] == '\t' || line.p[at] == '\n'))
			at++;
		if (at >= line.n || line.p[at] != ',')
			break;
		at++;
		if (!from) { /* import a, b: too rare to part */
			out->odd = true;
			break;
		}
		w = word_at(line, &at);
	}
	while (at < line.n && (line.p[at] == ')' || isspace((unsigned char)line.p[at])))
		at++;
	out->odd = out->odd || (at < line.n && !out->star) || (!out->n && !out->star);
}

static bool is_import(struct bytes t, size_t at)
{
	return python_starts(t, at, "import") || python_starts(t, at, "from");
}

static bool module_allowed(const char *module, const char *const *allowed)
{
	size_t n = strcspn(module, ".");

	for (; allowed && *allowed; allowed++)
		if (strlen(*allowed) == n && !strncmp(*allowed, module, n))
			return true;
	return false;
}

static struct bytes line_text(struct bytes t, const struct python_line *l)
{
	size_t to = l->to;

	while (to > l->code && isspace((unsigned char)t.p[to - 1]))
		to--;
	return (struct bytes){ t.p + l->code, to - l->code };
}

static int import_check(struct arena *a, const struct imported *i, const char *const *allowed, const char **why)
{
	if (i->odd || i->star) {
		*why = arena_printf(a, "\"%s\" is an import that is not taken over", line_fold(a, i->line, 80));
		return 0;
	}
	if (!module_allowed(i->module, allowed)) {
		*why = arena_printf(a, "it imports %.60s, which this blueprint does not allow", i->module);
		return 0;
	}
	return 1;
}

/* Imports inside the function are on a line of their own and allowed. */
static int inner_imports(struct arena *a, struct bytes code, const char *const *allowed, const char **why)
{
	struct python s = { .text = code };
	struct python_token t;
	struct python_line l;
	int lines = 0, tokens = 0;

	while (python_line(&s, &l) > 0) {
		struct imported i;

		if (!is_import(code, l.code))
			continue;
		lines++;
		import_parse(a, line_text(code, &l), &i);
		if (!import_check(a, &i, allowed, why))
			return 0;
	}
	s = (struct python){ .text = code };
	while (python_token(&s, &t) > 0)
		tokens += t.kind == PYTHON_NAME && python_starts(code, t.from, "import");
	if (tokens != lines) {
		*why = "an import does not stand on a line of its own";
		return 0;
	}
	return 1;
}

/* What else stands at the top of the answer: imports that are needed are kept, names that are needed are a refusal. */
static int outer_lines(struct arena *a, struct bytes code, const struct python_function *f, struct bytes body,
		       const char *const *allowed, struct bytes *keep, int *keep_n, const char **why)
{
	struct python s = { .text = code };
	struct python_line l;

	while (python_line(&s, &l) > 0) {
		struct bytes text = line_text(code, &l), w;
		size_t at = 0;
		struct imported i;
		bool needed = false;

		if (l.from >= f->from && l.from < f->to)
			continue;
		if (l.indent)
			continue;
		if (!is_import(code, l.code)) {
			const char *name;

			w = word_at(text, &at);
			if (bytes_equal(w, bytes_of("async")) || bytes_equal(w, bytes_of("def")) || bytes_equal(w, bytes_of("class")))
				w = word_at(text, &at);
			if (!w.n || memchr(w.p, '.', w.n))
				continue;
			name = arena_memdup(a, w.p, w.n);
			while (at < text.n && text.p[at] == ' ')
				at++;
			if (at < text.n && strchr("(=:", text.p[at]) && !word_in(name, (const char *const[]){ "print", "if", "assert", NULL }) &&
			    (text.p[at] != '(' || python_starts(text, 0, "def") || python_starts(text, 0, "class")) &&
			    name_is_used(body, name)) {
				*why = arena_printf(a, "it needs %.60s, which stands outside of it", name);
				return 0;
			}
			continue;
		}
		import_parse(a, text, &i);
		for (int k = 0; k < i.n; k++)
			needed = needed || name_is_used(body, i.names[k]);
		if (!needed && !i.star)
			continue;
		if (!import_check(a, &i, allowed, why))
			return 0;
		if (*keep_n < IMPORTS_MAX)
			keep[(*keep_n)++] = i.line;
	}
	return 1;
}

/* Whether the code binds the name itself: an argument, an assignment, a loop, an import. */
static bool name_is_bound(struct bytes code, const char *name)
{
	struct python s = { .text = code };
	struct python_token t, next;
	size_t n = strlen(name);
	bool binds = false; /* behind def's bracket, for, as, import */

	while (python_token(&s, &t) > 0) {
		bool same = t.kind == PYTHON_NAME && t.to - t.from == n && !memcmp(code.p + t.from, name, n);
		struct python ahead = s;

		if (same && binds)
			return true;
		if (same && python_token(&ahead, &next) > 0 && next.kind == PYTHON_OTHER && code.p[next.from] == '=' &&
		    next.to < code.n && code.p[next.to] != '=' && !s.depth)
			return true;
		if (t.kind == PYTHON_NAME)
			binds = python_starts(code, t.from, "for") || python_starts(code, t.from, "as") ||
				python_starts(code, t.from, "import") || python_starts(code, t.from, "lambda");
	}
	return false;
}

/* Whether the name is used as a whole name (not behind a dot) and followed by one of `marks`. */
static bool name_opens(struct bytes code, const char *name, const char *marks)
{
	struct python s = { .text = code };
	struct python_token t, next;
	size_t n = strlen(name), dot = 0;

	while (python_token(&s, &t) > 0) {
		struct python ahead = s;
		bool member = dot && t.from == dot;

		dot = t.kind == PYTHON_OTHER && code.p[t.from] == '.' ? t.to : 0;
		if (!member && t.kind == PYTHON_NAME && t.to - t.from == n && !memcmp(code.p + t.from, name, n) &&
		    python_token(&ahead, &next) > 0 && next.kind == PYTHON_OTHER && strchr(marks, code.p[next.from]))
			return true;
	}
	return false;
}

/* Small models use datetime or math and forget the import: the commonest mistake of all (bench/local). */
static void imports_cure(struct bytes body, const char *params, struct bytes file, const char *const *allowed, struct bytes *keep,
			 int *keep_n)
{
	static const struct { const char *name, *marks, *module, *line; } known[] = {
		{ "math", ".", "math", "import math" }, { "re", ".", "re", "import re" },
		{ "statistics", ".", "statistics", "import statistics" }, { "itertools", ".", "itertools", "import itertools" },
		{ "collections", ".", "collections", "import collections" }, { "decimal", ".", "decimal", "import decimal" },
		{ "Decimal", "(.", "decimal", "from decimal import Decimal" },
		{ "timedelta", "(.", "datetime", "from datetime import timedelta" },
		{ "date", "(.", "datetime", "from datetime import date" },
		{ "Counter", "(", "collections", "from collections import Counter" },
		{ "defaultdict", "(", "collections", "from collections import defaultdict" },
	};
	static const char *const members[] = { "datetime.datetime", "datetime.timedelta", "datetime.date", NULL };
	bool module = false;

	for (const char *const *m = members; *m; m++)
		module = module || memmem(body.p, body.n, *m, strlen(*m));
	if (name_opens(body, "datetime", ".(") && !name_is_bound(body, "datetime") && !strstr(params, "datetime") &&
	    module_allowed("datetime", allowed) && *keep_n < IMPORTS_MAX && !name_is_used(file, "datetime")) {
		bool have = false;

		for (int k = 0; k < *keep_n; k++)
			have = have || name_is_used(keep[k], "datetime");
		if (!have)
			keep[(*keep_n)++] = bytes_of(module ? "import datetime" : "from datetime import datetime");
	}
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		bool have = name_is_used(file, known[i].name);

		for (int k = 0; k < *keep_n; k++)
			have = have || (name_is_used(keep[k], known[i].name) && !bytes_equal(keep[k], bytes_of("import datetime")));
		if (have || *keep_n == IMPORTS_MAX || !name_opens(body, known[i].name, known[i].marks) ||
		    name_is_bound(body, known[i].name) || !module_allowed(known[i].module, allowed) || strstr(params, known[i].name))
			continue;
		keep[(*keep_n)++] = bytes_of(known[i].line);
	}
}

/* The names of the arguments in a "def" line, joined by ", ". */
static char *params_text(struct arena *a, struct bytes head)
{
	struct python s = { .text = head };
	struct python_token t;
	char *out = arena_strdup(a, "");
	bool wants = false;

	while (python_token(&s, &t) > 0 && !(wants && s.depth == 0)) {
		char c = head.p[t.from];

		if (s.depth == 1 && t.kind == PYTHON_OTHER && (c == '(' || c == ',')) {
			wants = true;
			continue;
		}
		if (s.depth == 1 && wants && t.kind == PYTHON_OTHER && (c == '*' || c == '/')) {
			out = arena_printf(a, "%s%s%c", out, *out && out[strlen(out) - 1] != '*' ? ", " : "", c);
			continue;
		}
		if (s.depth == 1 && wants && t.kind == PYTHON_NAME) {
			out = arena_printf(a, "%s%s%.*s", out, *out && out[strlen(out) - 1] != '*' ? ", " : "", (int)(t.to - t.from),
					   head.p + t.from);
			wants = false;
			while (python_token(&s, &t) > 0 && s.depth > 0 && !(s.depth == 1 && t.kind == PYTHON_OTHER && head.p[t.from] == ','))
				;
			wants = true;
			if (s.depth == 0)
				break;
		}
	}
	return out;
}

/* The function as it will stand: with the old docstring when it brings none. */
static void body_write(struct buf *out, struct bytes code, const struct python_function *f, struct bytes file,
		       const struct python_function *old)
{
	bool split = f->to > f->head_to && !f->doc_to && old->doc_to;
	struct python s = { .text = code, .at = f->head_to };
	struct python_line l;

	if (split && python_line(&s, &l) > 0) {
		size_t from = old->doc_from;

		while (from < old->doc_to && (file.p[from] == ' ' || file.p[from] == '\t'))
			from++;
		buf_add(out, code.p + f->from, f->head_to - f->from);
		buf_add(out, code.p + l.from, l.code - l.from);
		buf_add(out, file.p + from, old->doc_to - from);
		buf_add(out, code.p + f->head_to, f->to - f->head_to);
	} else {
		buf_add(out, code.p + f->from, f->to - f->from);
	}
	while (out->n && isspace((unsigned char)out->p[out->n - 1]))
		out->n--;
	buf_add_char(out, '\n');
}

/* Where imports go: behind the file's docstring and its imports. */
static size_t imports_place(struct bytes file, size_t before)
{
	struct python s = { .text = file };
	struct python_line l;
	size_t at = 0;
	bool first = true;

	while (python_line(&s, &l) > 0 && l.from < before && l.indent == 0) {
		bool doc = first && (file.p[l.code] == '"' || file.p[l.code] == '\'');

		if (!doc && !is_import(file, l.code))
			break;
		at = l.to;
		first = false;
	}
	return at;
}

static bool has_line(struct bytes file, struct bytes line)
{
	const char *p = file.p, *end = file.p + file.n;

	while (p < end) {
		const char *next = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((next ? next : end) - p);

		if (n == line.n && !memcmp(p, line.p, n))
			return true;
		p = next ? next + 1 : end;
	}
	return false;
}

static int place_write(struct arena *a, struct bytes file, const struct python_function *old, struct bytes code,
		       const struct python_function *f, const struct bytes *keep, int keep_n, struct bytes *out,
		       const char **why)
{
	auto_buf b = buf_max(FILE_BYTES_MAX);
	size_t at = imports_place(file, old->from);
	bool any = false;

	buf_add(&b, file.p, at);
	for (int i = 0; i < keep_n; i++) {
		if (has_line(file, keep[i]))
			continue;
		if (!any && at)
			buf_add_char(&b, '\n');
		buf_add(&b, keep[i].p, keep[i].n);
		buf_add_char(&b, '\n');
		any = true;
	}
	if (any && !at)
		buf_add_char(&b, '\n');
	buf_add(&b, file.p + at, old->from - at);
	body_write(&b, code, f, file, old);
	buf_add(&b, file.p + old->to, file.n - old->to);
	if (b.over) {
		*why = "the file would be too large";
		return 0;
	}
	*out = (struct bytes){ arena_memdup(a, buf_str(&b), b.n), b.n };
	return 1;
}

int place_function(struct arena *a, const char *name, const char *const *imports, struct bytes file, struct bytes answer,
		   struct bytes *out, const char **why, struct err *e)
{
	struct python_function old, f, again;
	struct bytes code, body, keep[IMPORTS_MAX];
	const char *bad = NULL, *was, *is;
	int keep_n = 0;

	if (python_find(file, name, false, &old, &bad) <= 0 || old.count != 1)
		return err_set(e, ERR_INPUT, "the file has no function %.60s to be replaced%s%s", name, bad ? ": " : "", bad ? bad : "");
	if (answer.n > ANSWER_BYTES_MAX) {
		*why = "the answer is too long";
		return 0;
	}
	if (!function_in_answer(a, answer, name, &code, &f, why))
		return 0;
	body = (struct bytes){ code.p + f.from, f.to - f.from };
	bad = forbidden_in(a, body);
	was = params_text(a, (struct bytes){ file.p + old.from, old.head_to - old.from });
	is = params_text(a, (struct bytes){ code.p + f.from, f.head_to - f.from });
	if (f.count > 1)
		*why = arena_printf(a, "%s stands there more than once", name);
	else if (f.decorated)
		*why = "it has a decorator";
	else if (f.is_async != old.is_async)
		*why = "async does not fit";
	else if (body.n > FUNCTION_BYTES_MAX)
		*why = "the function is too long";
	else if (strcmp(was, is))
		*why = arena_printf(a, "it takes (%.80s) where (%.80s) is wanted", is, was);
	else if (bad)
		*why = arena_printf(a, "it uses %.40s, which a function here may not", bad);
	else
		*why = NULL;
	if (*why || !inner_imports(a, body, imports, why) ||
	    !outer_lines(a, code, &f, body, imports, keep, &keep_n, why))
		return 0;
	imports_cure(body, is, (struct bytes){ file.p, old.from }, imports, keep, &keep_n);
	if (!place_write(a, file, &old, code, &f, keep, keep_n, out, why))
		return 0;
	if (python_find(*out, name, false, &again, why) <= 0 || again.count != 1) {
		*why = "what would come of it is no whole file";
		return 0;
	}
	return 1;
}

int blueprint_function_place(struct arena *a, const struct blueprint *b, const json_t *spec, const char *task_id,
			     struct bytes file_now, struct bytes answer, struct blueprint_file *out, const char **why,
			     struct err *e)
{
	auto_context c = { 0 };
	struct task_item *items, *item = NULL;
	struct blueprint_file file = { .mode = 0644, .own = true };
	char *path;
	int n, placed;

	*why = NULL;
	if (context_make(a, b, spec, NULL, NULL, &c, e) < 0 || context_items(&c, &items, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++)
		if (!strcmp(items[i].id, task_id))
			item = &items[i];
	if (!item || !item->kind->by_model || !item->of)
		return err_set(e, ERR_NOT_FOUND, "blueprint %s has no function task %.80s", b->name, task_id);
	if (context_line(&c, item, false, item->kind->place ? item->kind->place : item->kind->files_n ? item->kind->files[0].to : "",
			 &path, e) < 0)
		return -1;
	if (!path_is_plain(path))
		return err_set(e, ERR_INPUT, "blueprint %s: task %s has no \"place\"", b->name, task_id);
	placed = place_function(a, json_text_or(item->of, "name", ""), b->imports, file_now, answer, &file.text, why, e);
	if (placed < 0)
		return err_wrap(e, "%s", path);
	file.path = path;
	if (placed)
		*out = file;
	return placed;
}
