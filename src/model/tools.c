/*
 * The tools of a turn.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/tools.h"

#include "base/err.h"

#include <ctype.h>

enum { TEXT_MAX = 1 << 20, CUT_MIN = 4 };

struct tools tools_make(void)
{
	return (struct tools){ .given = buf_max(TEXT_MAX),
			       .wire = buf_max(2 * TEXT_MAX),
			       .schema = buf_max(2 * TEXT_MAX),
			       .told = { buf_max(4 * TEXT_MAX), buf_max(4 * TEXT_MAX) } };
}

void tools_drop(struct tools *t)
{
	buf_drop(&t->given);
	buf_drop(&t->wire);
	buf_drop(&t->schema);
	buf_drop(&t->told[0]);
	buf_drop(&t->told[1]);
	json_drop(&t->list);
}

static const char *nth(const struct tools *t, size_t i)
{
	return json_text(json_array_get(t->list, i), "name");
}

static bool has(const struct tools *t, const char *name)
{
	for (size_t i = 0; i < json_array_size(t->list); i++)
		if (!strcmp(nth(t, i), name))
			return true;
	return false;
}

static int check(const json_t *list, struct err *e)
{
	if (!json_is_array(list) || json_array_size(list) > TOOLS_MAX)
		return err_set(e, ERR_INPUT, "tools are an array of at most %d", TOOLS_MAX);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *name = json_text(o, "name");

		if (!name || !*name || strlen(name) > TOOL_NAME_MAX)
			return err_set(e, ERR_INPUT, "tool %zu has no name of 1 to %d bytes", i + 1, TOOL_NAME_MAX);
		for (const char *p = name; *p; p++)
			if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
				return err_set(e, ERR_INPUT, "tool %zu: a name is made of letters, digits, _ and -",
					       i + 1);
		if (json_object_get(o, "parameters") && !json_map(o, "parameters"))
			return err_set(e, ERR_INPUT, "tool %s: \"parameters\" is no object", name);
	}
	return 0;
}

/* One action: a tool by name and its arguments, or the answer that ends the turn. */
static void make_schema(struct tools *t)
{
	buf_add_str(&t->schema, "{\"anyOf\":[");
	for (size_t i = 0; i < json_array_size(t->list); i++) {
		const json_t *o = json_array_get(t->list, i), *p = json_map(o, "parameters");

		buf_printf(
			&t->schema,
			"{\"type\":\"object\",\"properties\":{\"tool\":{\"const\":\"%s\"},\"arguments\":", nth(t, i));
		if (p)
			json_write(&t->schema, p);
		else
			buf_add_str(&t->schema, "{\"type\":\"object\"}");
		buf_add_str(&t->schema, "},\"required\":[\"tool\",\"arguments\"],\"additionalProperties\":false},");
	}
	buf_add_str(
		&t->schema,
		"{\"type\":\"object\",\"properties\":{\"tool\":{\"const\":\"" TOOLS_ANSWER "\"},\"arguments\":"
		"{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}},\"required\":[\"text\"],"
		"\"additionalProperties\":false}},\"required\":[\"tool\",\"arguments\"],\"additionalProperties\":false}]}");
}

static void make_words(struct tools *t, enum model_way way, struct buf *out)
{
	auto_buf b = buf_max(out->max / 4);

	if (way == WAY_SCHEMA)
		buf_add_str(&b, "You act through tools. Each reply is one JSON object and nothing else: "
			    "{\"tool\": NAME, \"arguments\": {...}}\n");
	else
		buf_add_str(
			&b,
			"You act through tools. To use one, end your reply with one block like this:\n```json\n"
			"{\"tool\": \"NAME\", \"arguments\": {...}}\n```\nThen stop: its result comes as the next message. "
			"A reply without such a block ends your work.\n");
	buf_add_str(&b, "Tools:\n");
	for (size_t i = 0; i < json_array_size(t->list); i++) {
		const json_t *o = json_array_get(t->list, i);

		buf_printf(&b, "- %s: %s Arguments: ", nth(t, i), json_text_or(o, "description", ""));
		if (json_map(o, "parameters"))
			json_write(&b, json_map(o, "parameters"));
		else
			buf_add_str(&b, "{}");
		buf_add_char(&b, '\n');
	}
	if (way == WAY_SCHEMA)
		buf_add_str(&b,
			    "- " TOOLS_ANSWER
			    ": your last words when nothing is left to do. Arguments: {\"text\": ...}\n");
	json_write_string(out, buf_bytes(&b));
	if (out->n >= 2) { /* without its quotes */
		buf_eat(out, 1);
		out->p[--out->n] = 0;
	}
}

int tools_set(struct tools *t, struct bytes in, struct err *e)
{
	auto_json *list = NULL;

	if (bytes_equal(buf_bytes(&t->given), in))
		return 0;
	if (in.n && (json_parse(in, &list, e) < 0 || check(list, e) < 0))
		return err_wrap(e, "tools");
	json_drop(&t->list);
	buf_clear(&t->given);
	buf_clear(&t->wire);
	buf_clear(&t->schema);
	buf_clear(&t->told[0]);
	buf_clear(&t->told[1]);
	if (!in.n)
		return 0;
	buf_add(&t->given, in.p, in.n);
	if (buf_check(&t->given, "the list of tools", e) < 0)
		return -1;
	t->list = json_incref(list);
	buf_add_char(&t->wire, '[');
	for (size_t i = 0; i < json_array_size(list); i++) {
		buf_add_str(&t->wire,
			    i ? ",{\"type\":\"function\",\"function\":" : "{\"type\":\"function\",\"function\":");
		json_write(&t->wire, json_array_get(list, i));
		buf_add_char(&t->wire, '}');
	}
	buf_add_char(&t->wire, ']');
	make_schema(t);
	make_words(t, WAY_SCHEMA, &t->told[0]);
	make_words(t, WAY_TEXT, &t->told[1]);
	return buf_check(&t->wire, "the list of tools", e);
}

int tools_count(const struct tools *t)
{
	return (int)json_array_size(t->list);
}

const char *tools_name(const struct tools *t, const char *name)
{
	static const char *const before[] = {
		"functions.", "functions:", "function.", "tools.", "default_api.", "tool."
	};
	const char *found = NULL;
	size_t n;

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++)
		if (!strncmp(name, before[i], strlen(before[i])) && !has(t, name)) {
			name += strlen(before[i]);
			break;
		}
	n = strlen(name);
	for (size_t i = 0; i < json_array_size(t->list); i++)
		if (!strcmp(nth(t, i), name))
			return nth(t, i);
	if (n < CUT_MIN)
		return NULL;
	for (size_t i = 0; i < json_array_size(t->list); i++) {
		const char *full = nth(t, i);
		size_t m = strlen(full);

		if (m <= n || (strncmp(full, name, n) != 0 && strcmp(full + m - n, name) != 0))
			continue;
		if (found)
			return NULL; /* it could be either */
		found = full;
	}
	return found;
}

bool tools_wants_text(const struct tools *t, const char *tool, const char *argument)
{
	for (size_t i = 0; i < json_array_size(t->list); i++)
		if (!strcmp(nth(t, i), tool)) {
			const json_t *p = json_map(json_map(json_array_get(t->list, i), "parameters"), "properties");

			return !strcmp(json_text_or(json_map(p, argument), "type", ""), "string");
		}
	return false;
}

const char *tools_told(const struct tools *t, enum model_way way)
{
	return !t->list ? "" : way == WAY_SCHEMA ? buf_str(&t->told[0]) : way == WAY_TEXT ? buf_str(&t->told[1]) : "";
}
