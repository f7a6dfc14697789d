/*
 * Tool calls that stand as text in what a model wrote.
 *
 * Servers lose calls: a parser that is off or older than the model leaves the markup in the content, or in the reasoning
 * when the call came before the end of thinking. Small models write JSON instead. Read are
 *
 *   GLM                <tool_call>NAME <arg_key>K</arg_key> <arg_value>V</arg_value> ... </tool_call>
 *   Hermes, Qwen       <tool_call>{"name": NAME, "arguments": {...}}</tool_call>
 *   Qwen coder         <function=NAME> <parameter=K> V </parameter> ... </function>
 *   anybody            a fenced block, or the whole text, that is {"tool"|"name"|"function": NAME, "arguments": {...}}
 *
 * Only names of declared tools make a call: prose about markup stays prose.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_MARKUP_H
#define MODEL_MARKUP_H

#include "base/arena.h"
#include "model/tools.h"

enum { MARKUP_MAX = 64 };

enum markup_form { MARKUP_TAGS, MARKUP_JSON };

struct markup_call {
	const char *name, *arguments;  /* declared; a JSON object */
	size_t at, end;                /* of its bytes in the text */
	enum markup_form form;
};

/* How many were found, in order. */
int markup_find(struct arena *a, const struct tools *t, struct bytes text, struct markup_call out[MARKUP_MAX]);
/* The text without them, trimmed of the blanks around. */
char *markup_rest(struct arena *a, struct bytes text, const struct markup_call *calls, int n);

/* The first JSON value that text holds: bare, or in a fenced block; n == 0: none. For answers that must be JSON. */
struct bytes markup_json(struct bytes text);
/* JSON as models write it: line breaks within strings are mended. */
int markup_json_parse(struct bytes in, json_t **out, struct err *e);

#endif
