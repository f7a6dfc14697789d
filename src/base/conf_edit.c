/*
 * Editing configuration in place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/conf_edit.h"

#include "base/conf.h"
#include "base/err.h"
#include "base/json.h"

#include <ctype.h>

/* The bytes of the file in which an edit happens. */
struct place {
	size_t from, to;
};

static size_t line_start(struct bytes in, int line)
{
	size_t at = 0;

	for (int n = 1; n < line && at < in.n; n++) {
		const char *nl = memchr(in.p + at, '\n', in.n - at);

		at = nl ? (size_t)(nl - in.p) + 1 : in.n;
	}
	return at;
}

/* Columns are characters. */
static size_t offset_of(struct bytes in, int line, int column)
{
	size_t at = line_start(in, line);

	for (; column > 0 && at < in.n && in.p[at] != '\n'; column--) {
		at++;
		while (at < in.n && ((unsigned char)in.p[at] & 0xC0) == 0x80)
			at++;
	}
	return at;
}

/* A word that YAML reads as itself stands plain; all else is quoted, in JSON's way, which is YAML's too. */
static void value_write(struct buf *b, const char *value)
{
	bool plain = isalnum((unsigned char)*value) || *value == '/';

	for (const char *p = value; *p && plain; p++)
		plain = isalnum((unsigned char)*p) || strchr("/._-", *p) || (*p == ':' && p[1] && p[1] != ' ');
	if (plain)
		buf_add_str(b, value);
	else
		json_write_string(b, bytes_of(value));
}

static bool same(const struct conf *x, const struct conf *y)
{
	const struct conf *p = x->first, *q = y->first;

	if (x->kind != y->kind || x->n != y->n || (x->key && strcmp(x->key, y->key)) || (x->text && strcmp(x->text, y->text)))
		return false;
	for (; p; p = p->next, q = q->next)
		if (!same(p, q))
			return false;
	return true;
}

/* Do x and y hold the same, `key` of theirs aside? */
static bool same_but(const struct conf *x, const struct conf *y, const char *key, size_t n)
{
	const struct conf *p = x->first, *q = y->first;

	for (;;) {
		while (p && !strncmp(p->key, key, n) && !p->key[n])
			p = p->next;
		while (q && !strncmp(q->key, key, n) && !q->key[n])
			q = q->next;
		if (!p || !q)
			return !p && !q;
		if (!same(p, q))
			return false;
		p = p->next;
		q = q->next;
	}
}

static int verify(struct arena *a, const struct conf *before, struct bytes text, const char *key, const char *value,
		  struct err *e)
{
	static const struct conf nothing = { .kind = CONF_MAP };
	const char *dot = strchr(key, '.');
	size_t n = dot ? (size_t)(dot - key) : strlen(key);
	const struct conf *was, *is;
	struct conf *after = NULL;
	bool good = conf_parse(a, text, &after, NULL) == 0 && same_but(before, after, key, n);

	is = conf_get(after, key);
	good = good && (value ? is && is->kind == CONF_TEXT && !strcmp(is->text, value) : !is);
	if (good && dot) {
		char *head = arena_memdup(a, key, n);

		was = conf_get(before, head);
		is = conf_get(after, head);
		good = same_but(was && was->kind == CONF_MAP ? was : &nothing, is && is->kind == CONF_MAP ? is : &nothing, dot + 1,
				strlen(dot + 1));
	}
	if (!good)
		return err_set(e, ERR_INPUT, "%s can't be changed here without touching more; edit the file by hand", key);
	return 0;
}

/* Whole lines of a key and its value. */
static struct place lines_of(struct bytes in, const struct conf *c)
{
	/* A map or list in block style ends where the next thing starts; its last child knows better. */
	const struct conf *last = c;

	while (last->first)
		for (last = last->first; last->next;)
			last = last->next;
	return (struct place){ line_start(in, c->key_line), line_start(in, last->end_line + 1) };
}

/* A line with the key behind the lines that are there, or beneath the map that holds it. */
static struct place place_new(struct bytes in, const struct conf *top, const char *key, struct buf *text, const char *value)
{
	const char *dot = strchr(key, '.');
	struct place at = { in.n, in.n };
	char head[CONF_KEY_MAX + 1] = "";
	const struct conf *map;

	if (dot && (size_t)(dot - key) < sizeof(head))
		memcpy(head, key, (size_t)(dot - key));
	map = dot ? conf_get(top, head) : NULL;
	if (map && map->first) { /* above its first line, as deep as that stands */
		size_t start = line_start(in, map->first->key_line);

		at.from = at.to = start;
		while (start < in.n && in.p[start] == ' ') {
			buf_add_char(text, ' ');
			start++;
		}
	} else {
		if (map) /* "tags:" with nothing beneath */
			at = lines_of(in, map);
		if (in.n && at.from == in.n && in.p[in.n - 1] != '\n')
			buf_add_char(text, '\n');
		if (dot)
			buf_printf(text, "%s:\n  ", head);
	}
	buf_printf(text, "%s: ", dot ? dot + 1 : key);
	value_write(text, value);
	buf_add_char(text, '\n');
	return at;
}

int conf_edit(struct arena *a, struct bytes in, const char *key, const char *value, struct bytes *out, struct err *e)
{
	auto_buf text = buf_max(CONF_BYTES_MAX), all = buf_max(CONF_BYTES_MAX);
	const struct conf *c;
	struct conf *top = NULL;
	struct place at;

	if (conf_parse(a, in, &top, e) < 0)
		return -1;
	c = conf_get(top, key);
	if (!c && !value)
		return err_set(e, ERR_NOT_FOUND, "%s is not set", key);
	if (!c) {
		at = place_new(in, top, key, &text, value);
	} else if (!value) {
		at = lines_of(in, c);
	} else {
		at.from = offset_of(in, c->line, c->column);
		at.to = offset_of(in, c->end_line, c->end_column);
		if (at.from == at.to) /* "key:" with nothing behind */
			buf_add_char(&text, ' ');
		value_write(&text, value);
	}
	buf_add(&all, in.p, at.from);
	buf_add(&all, text.p, text.n);
	buf_add(&all, in.p + at.to, in.n - at.to);
	if (buf_check(&all, "the file", e) < 0 || verify(a, top, buf_bytes(&all), key, value, e) < 0)
		return -1;
	*out = (struct bytes){ arena_memdup(a, buf_str(&all), all.n), all.n };
	return 0;
}
