/*
 * The strict door to JSON.
 *
 * Why the depth is counted by us: jansson's own limit is 2048 levels of C recursion, more than a thread's small
 * stack may hold. Why a NUL is refused by us: jansson 2.14 swallows one behind a number ("[1\0,2]"). Why surrogates
 * are replaced: models cut an emoji in half at a token border, and one such character must not cost a whole turn.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/json.h"

#include "base/err.h"

#include <stdlib.h>

enum { DEPTH_MAX = 128 };

static int depth_check(struct bytes in, struct err *e)
{
	int depth = 0;
	bool quoted = false;

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
			if (++depth > DEPTH_MAX)
				return err_set(e, ERR_INPUT, "JSON is nested deeper than %d", DEPTH_MAX);
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return 0;
}

int json_parse(struct bytes in, json_t **out, struct err *e)
{
	json_error_t why;
	json_t *v;

	if (depth_check(in, e) < 0)
		return -1;
	if (in.n && memchr(in.p, 0, in.n))
		return err_set(e, ERR_INPUT, "JSON holds a NUL byte");
	v = json_loadb(in.p ? in.p : "", in.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!v)
		return err_set(e, ERR_INPUT, "line %d column %d: %s", why.line, why.column, why.text);
	*out = v;
	return 0;
}

static int hex4(const char *p, const char *end)
{
	int v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int d = c >= '0' && c <= '9' ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* One backslash escape at p; appends it, cured, and says how long it was. */
static size_t escape_cure(struct buf *b, const char *p, const char *end)
{
	int u, low;

	if (end - p < 2) {
		buf_add(b, p, (size_t)(end - p));
		return (size_t)(end - p);
	}
	if (p[1] != 'u' || (u = hex4(p + 2, end)) < 0) {
		buf_add(b, p, 2);
		return 2;
	}
	if (u >= 0xD800 && u <= 0xDBFF && end - p >= 12 && p[6] == '\\' && p[7] == 'u' &&
	    (low = hex4(p + 8, end)) >= 0xDC00 && low <= 0xDFFF) {
		buf_add(b, p, 12);
		return 12;
	}
	if (u == 0 || (u >= 0xD800 && u <= 0xDFFF))
		buf_add_str(b, "\\uFFFD");
	else
		buf_add(b, p, 6);
	return 6;
}

/* Length of the UTF-8 sequence at p, 0 when it is none (RFC 3629). */
static size_t utf8_len(const unsigned char *p, const unsigned char *end)
{
	size_t n = p[0] < 0x80 ? 1 : p[0] >= 0xC2 && p[0] <= 0xDF ? 2
		: (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;

	if (!n || (size_t)(end - p) < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return 0;
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
	    (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return n;
}

int json_parse_model(struct bytes in, json_t **out, struct err *e)
{
	auto_buf b = buf_max(in.n * 3 + 16);
	const char *p = in.p, *end = in.p + in.n;

	while (p < end) {
		size_t n = utf8_len((const unsigned char *)p, (const unsigned char *)end);

		if (*p == '\\') {
			p += escape_cure(&b, p, end);
		} else if (n == 0 || *p == 0) {
			buf_add_str(&b, "\xEF\xBF\xBD");
			p++;
		} else {
			buf_add(&b, p, n);
			p += n;
		}
	}
	return json_parse(buf_bytes(&b), out, e);
}

const char *json_text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

const char *json_text_or(const json_t *o, const char *key, const char *fallback)
{
	const char *s = json_text(o, key);

	return s ? s : fallback;
}

int64_t json_whole(const json_t *o, const char *key, int64_t fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

double json_real_or(const json_t *o, const char *key, double fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_number(v) ? json_number_value(v) : fallback;
}

bool json_flag(const json_t *o, const char *key, bool fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_boolean(v) ? json_is_true(v) : fallback;
}

json_t *json_list(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_array(v) ? v : NULL;
}

json_t *json_map(const json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	return json_is_object(v) ? v : NULL;
}

int json_want_text(const json_t *o, const char *key, const char *what, const char **out, struct err *e)
{
	const char *s = json_text(o, key);

	if (!s)
		return err_set(e, ERR_INPUT, "%s: no text \"%s\"", what, key);
	*out = s;
	return 0;
}

static int add_to_buf(const char *p, size_t n, void *b)
{
	return buf_add(b, p, n);
}

bool json_holds_text(const json_t *v, const char *text)
{
	const char *key;
	json_t *x;
	size_t i;

	if (json_is_string(v))
		return !strcmp(json_string_value(v), text);
	json_array_foreach(v, i, x)
		if (json_holds_text(x, text))
			return true;
	json_object_foreach((json_t *)(uintptr_t)v, key, x)
		if (json_holds_text(x, text))
			return true;
	return false;
}

int json_write(struct buf *b, const json_t *v)
{
	return json_dump_callback(v, add_to_buf, b, JSON_COMPACT | JSON_ENCODE_ANY);
}

int json_write_pretty(struct buf *b, const json_t *v)
{
	if (json_dump_callback(v, add_to_buf, b, JSON_INDENT(2) | JSON_ENCODE_ANY) < 0)
		return -1;
	return buf_add_char(b, '\n');
}

int json_write_string(struct buf *b, struct bytes s)
{
	const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n, *plain = p;
	static const char hex[] = "0123456789abcdef";

	buf_add_char(b, '"');
	while (p < end) {
		unsigned char c = *p;
		size_t n = c >= 0x80 ? utf8_len(p, end) : 1;

		if (n > 1 || (n == 1 && c >= 0x20 && c != '"' && c != '\\')) {
			p += n;
			continue;
		}
		buf_add(b, plain, (size_t)(p - plain));
		if (n == 0 || c == 0)
			buf_add_str(b, "\xEF\xBF\xBD");
		else if (c == '"' || c == '\\')
			buf_add(b, (char[]){ '\\', (char)c }, 2);
		else if (c == '\n')
			buf_add_str(b, "\\n");
		else if (c == '\t')
			buf_add_str(b, "\\t");
		else if (c == '\r')
			buf_add_str(b, "\\r");
		else
			buf_add(b, (char[]){ '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] }, 6);
		plain = ++p;
	}
	buf_add(b, plain, (size_t)(p - plain));
	buf_add_char(b, '"');
	return b->over ? -1 : 0;
}

json_t *json_string_any(struct bytes s)
{
	auto_buf b = buf_max(s.n * 3 + 1);
	const unsigned char *p = (const unsigned char *)s.p, *end = p + s.n;

	while (p < end) {
		size_t n = utf8_len(p, end);

		if (n == 0 || *p == 0) {
			buf_add_str(&b, "\xEF\xBF\xBD");
			p++;
		} else {
			buf_add(&b, p, n);
			p += n;
		}
	}
	return json_stringn_nocheck(buf_str(&b), b.n);
}

void json_drop(json_t **v)
{
	json_decref(*v);
	*v = NULL;
}
