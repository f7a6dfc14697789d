/*
 * JSON as we read and write it: jansson with one strict door.
 *
 * RFC 8259: strict UTF-8, a duplicate key is refused, nothing may stand behind the end, whole numbers stay
 * exact (64 bits; larger ones are refused), depth <= 128. What a model sends may hold lone surrogates and
 * \u0000, which jansson refuses: json_parse_model replaces both by U+FFFD first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/buf.h"

#include <jansson.h>
#include <stdint.h>

struct err;

/* A new reference in *out; ERR_INPUT "line 3 column 7: ..." when the bytes are not one JSON value. */
int json_parse(struct bytes in, json_t **out, struct err *e);
int json_parse_model(struct bytes in, json_t **out, struct err *e);

/* Borrowed; NULL, or the fallback, when o is no object, the key is absent or the type is another. */
const char *json_text(const json_t *o, const char *key);
const char *json_text_or(const json_t *o, const char *key, const char *fallback);
int64_t json_whole(const json_t *o, const char *key, int64_t fallback);
double json_real_or(const json_t *o, const char *key, double fallback); /* whole numbers too */
bool json_flag(const json_t *o, const char *key, bool fallback);
json_t *json_list(const json_t *o, const char *key); /* an array  or NULL */
json_t *json_map(const json_t *o, const char *key);  /* an object or NULL */

/* As json_text, but absence is ERR_INPUT "<what>: no text \"key\"". */
int json_want_text(const json_t *o, const char *key, const char *what, const char **out, struct err *e);

/* Whether the text stands anywhere in a value, as a text of its own: "sku" in {"fields":["sku","name"]}. Keys do not count. */
bool json_holds_text(const json_t *v, const char *text);

/* Appends compact JSON, keys in order of insertion. -1 over the ceiling. */
int json_write(struct buf *b, const json_t *v);
int json_write_pretty(struct buf *b, const json_t *v); /* two blanks, for files people read */
/* Appends a JSON string literal of any bytes; what is not UTF-8, and NUL, becomes U+FFFD. */
int json_write_string(struct buf *b, struct bytes s);
/* A json string of any bytes under the same replacement. New reference. */
json_t *json_string_any(struct bytes s);

void json_drop(json_t **v);
#define auto_json __attribute__((cleanup(json_drop))) json_t

#endif
