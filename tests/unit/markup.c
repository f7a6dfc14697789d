/*
 * Tool calls that stand as text: each form, what must stay prose, and what hostile text costs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"
#include "base/err.h"
#include "model/markup.h"

#include <stdlib.h>
#include <time.h>

#define TOOLS                                                                                                                         \
	"[{\"name\":\"shell\",\"parameters\":{\"properties\":{\"command\":{\"type\":\"string\"},\"lines\":{\"type\":\"integer\"}}}}," \
	"{\"name\":\"edit\",\"parameters\":{\"properties\":{\"old\":{\"type\":\"string\"}}}},{\"name\":\"edit_all\"},{\"name\":\"finish\"}]"

static struct tools tools;
static struct arena a;

/* calls: "name arguments|name arguments" */
static void found(const char *text, const char *calls, const char *rest, const char *name)
{
	struct markup_call f[MARKUP_MAX];
	int n = markup_find(&a, &tools, bytes_of(text), f);
	auto_buf got = buf_max(1 << 16);

	for (int i = 0; i < n; i++)
		buf_printf(&got, "%s%s %s", i ? "|" : "", f[i].name, f[i].arguments);
	is_text(buf_str(&got), calls, name);
	if (rest)
		is_text(markup_rest(&a, bytes_of(text), f, n), rest, "  and what is left");
}

static void hostile(const char *piece, const char *name)
{
	static char text[2 << 20];
	struct markup_call f[MARKUP_MAX];
	size_t n = strlen(piece);
	clock_t t = clock(); /* of the processor: a busy machine is not a slow parser */

	for (size_t i = 0; i + n < sizeof(text); i += n)
		memcpy(text + i, piece, n);
	markup_find(&a, &tools, (struct bytes){ text, sizeof(text) }, f);
	markup_json((struct bytes){ text, sizeof(text) });
	t = (clock() - t) * 1000 / CLOCKS_PER_SEC;
	ok(t < 1000, "2 MB of %s take %lld ms", name, (long long)t);
}

int main(void)
{
	struct err e = { 0 };

	tools = tools_make();
	ok(tools_set(&tools, bytes_of(TOOLS), &e) == 0, "tools %s", e.text);
	found("Look:\n<tool_call>shell\n<arg_key>command</arg_key>\n<arg_value>ls -l</arg_value>\n<arg_key>lines</arg_key>\n<arg_value>5</arg_value>\n</tool_call>",
	      "shell {\"command\":\"ls -l\",\"lines\":5}", "Look:", "GLM's form, text as text and numbers as numbers");
	found("<tool_call>shell<arg_key>command</arg_key><arg_value>123</arg_value></tool_call>",
	      "shell {\"command\":\"123\"}", "", "what is declared as text stays text");
	found("<tool_call>finish</tool_call>", "finish {}", "", "a call without arguments");
	found("<tool_call>finish", "finish {}", "", "a call whose end was cut");
	found("<tool_call>edit<arg_key>old</arg_key><arg_value>x </arg_value> y</arg_value></tool_call>",
	      "edit {\"old\":\"x </arg_value> y\"}", "", "a value that holds an end tag");
	found("<tool_call>edit<arg_key>old</arg_key><arg_value>a</arg_value></tool_call>\n<tool_call>finish</tool_call>",
	      "edit {\"old\":\"a\"}|finish {}", "", "two calls");
	found("<tool_call>rm_rf<arg_key>a</arg_key><arg_value>b</arg_value></tool_call>", "", NULL,
	      "a tool that is not declared is prose");
	found("The tag <tool_call> begins a call to the shell.", "", NULL, "so is a tag in a sentence");
	found("<tool_call>shell<arg_key>command</arg_key><arg_value>never ends", "", NULL,
	      "and a call whose value was cut");
	found("<tool_call>{\"name\": \"shell\", \"arguments\": {\"command\": \"a\nb\"}}</tool_call> x",
	      "shell {\"command\":\"a\\nb\"}", "x", "Hermes' form");
	found("<tool_call>\n<function=shell>\n<parameter=command>\n a\n  b\n</parameter>\n<parameter=lines>\n3\n</parameter>\n</function>\n</tool_call>",
	      "shell {\"command\":\" a\\n  b\",\"lines\":3}", "", "Qwen coder's form keeps blanks");
	found("<function=finish></function>", "finish {}", "", "and needs no frame");
	found("ok\n```json\n{\"tool\": \"shell\", \"arguments\": {\"command\": \"ls\"}}\n```\n",
	      "shell {\"command\":\"ls\"}", "ok", "a fenced block");
	found("```\n{\"name\":\"shell\",\"parameters\":\"{\\\"command\\\":\\\"ls\\\"}\"}", "shell {\"command\":\"ls\"}",
	      "", "one without an end, JSON within JSON");
	found("{\"tool\":\"shell\",\"command\":\"ls\"}", "shell {\"command\":\"ls\"}", "", "bare and flat");
	found("[{\"name\":\"finish\",\"arguments\":{}},{\"name\":\"finish\",\"arguments\":{}}]", "finish {}|finish {}",
	      "", "an array");
	found("[{\"name\":\"finish\",\"arguments\":{}},{\"name\":\"nope\",\"arguments\":{}}]", "", NULL,
	      "all of it or none");
	found("{\"function\":{\"name\":\"finish\",\"arguments\":\"{}\"}}", "finish {}", "",
	      "OpenAI's own form as text");
	found("```json\n{\"name\": \"inventory\", \"version\": 1}\n```", "", NULL, "JSON that is no call");
	found("```python\nprint({\"tool\": \"shell\"})\n```", "", NULL, "code");
	is_text(tools_name(&tools, "edit"), "edit", "an exact name wins over a longer one");
	is_text(tools_name(&tools, "edit_"), "edit_all", "a longer beginning");
	is_text(tools_name(&tools, "edi"), NULL, "a cut name that could be two is none");
	is_text(tools_name(&tools, "edit_al"), "edit_all", "one that can only be one is that");
	is_text(tools_name(&tools, "she"), NULL, "three letters are too few");
	is_text(tools_name(&tools, "shel"), "shell", "four are enough");
	hostile("<tool_call>shell<arg_key>a</arg_key><arg_value>", "open calls");
	hostile("<tool_call>{\"a\":[", "open objects");
	hostile("<function=shell><parameter=x>", "open functions");
	hostile("\n```\n{\"tool\":", "open fences");
	hostile("{[", "brackets");
	hostile("{}", "empty objects");
	hostile("</arg_value> ", "end tags");
	tools_drop(&tools);
	arena_drop(&a);
	return done();
}
