/*
 * Templates: a strict subset of Mustache (https://github.com/mustache/spec, v1.3) over JSON.
 *
 * Variables, sections, inverted sections, comments, dotted names, standalone lines. Partials, lambdas and changed
 * delimiters are refused. What is made is code, so nothing is escaped unless a suffix asks for it:
 *
 *     {{x}}  {{{x}}}  as text; a list or object as compact JSON      {{x.json}}  JSON literal
 *     {{x.py}}        Python literal, safe for any content           {{x.md}}  {{x.html}}  escaped text
 *
 * In a list, `first`, `last` and `index` (from 0) belong to the current element. A variable that does not exist is an
 * error, so that a misspelt name is found; a section of one is skipped. 0 counts as present.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_TEMPLATE_H
#define BLUEPRINT_TEMPLATE_H

#include "base/buf.h"
#include "base/json.h"

struct err;

enum { TEMPLATE_BYTES_MAX = 1 << 20, TEMPLATE_DEPTH_MAX = 24, TEMPLATE_STEPS_MAX = 4 << 20 };

struct template {
	const char *name;            /* for messages: "each/entity.py.mustache"           */
	struct bytes text;
	const json_t *const *frames; /* where names are looked up; the last one is first  */
	int frames_n;                /* at most 8                                         */
};

/* Appends to out, whose ceiling bounds what is made. ERR_INPUT names the template and the line. */
int template_render(const struct template *t, struct buf *out, struct err *e);
/* Whether it is well formed, without any names. */
int template_check(const char *name, struct bytes text, struct err *e);

/* A JSON value as a Python literal: None, True, 1, 0.5, "text", [..], {..}. */
int template_python(struct buf *out, const json_t *v);

#endif
