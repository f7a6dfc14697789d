/*
 * YAML as we read it: a small, strict part of it, by libyaml's events.
 *
 * A document is maps, lists and texts; nothing is typed by its looks (`no` is a text until somebody asks for a flag).
 * Refused, each with its line: anchors, aliases (a few bytes of them unfold into gigabytes) and merge keys, tags, a second
 * document, a key given twice, keys that are no plain words, control characters, more than CONF_DEPTH_MAX levels or
 * CONF_BYTES_MAX bytes or CONF_NODES_MAX nodes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdint.h>

struct err;

enum { CONF_BYTES_MAX = 256 << 10, CONF_DEPTH_MAX = 8, CONF_NODES_MAX = 10000, CONF_KEY_MAX = 64 };

enum conf_kind { CONF_TEXT, CONF_LIST, CONF_MAP };

struct conf {
	enum conf_kind kind;
	const char *key;        /* in its map; NULL in a list and at the top                            */
	const char *text;       /* of a CONF_TEXT; "" when nothing stands there                         */
	int line, column;       /* of its value, from 1 and 0; columns in characters                    */
	int end_line, end_column;
	int key_line;           /* of its key                                                           */
	int n;                  /* children                                                             */
	struct conf *first, *next;
};

/* The top is a map; an empty document is an empty one. ERR_INPUT "line 3: ...". */
int conf_parse(struct arena *a, struct bytes in, struct conf **out, struct err *e);
/* As conf_parse, of a file that others cannot write; the message names it. ERR_NOT_FOUND when it is absent. */
int conf_load(struct arena *a, const char *path, struct conf **out, struct err *e);

/* A child by key, or NULL. "a.b" goes down. c may be NULL. */
const struct conf *conf_get(const struct conf *c, const char *key);

/* Typed getters: *out is untouched when the key is absent; ERR_INPUT "line 3: KEY ..." when it is something else. */
int conf_text(const struct conf *c, const char *key, const char **out, struct err *e);
int conf_whole(const struct conf *c, const char *key, int64_t min, int64_t max, int64_t *out, struct err *e);
int conf_real(const struct conf *c, const char *key, double min, double max, double *out, struct err *e);
int conf_time(const struct conf *c, const char *key, int64_t *ms, struct err *e);
int conf_size(const struct conf *c, const char *key, int64_t *bytes, struct err *e);
int conf_flag(const struct conf *c, const char *key, bool *out, struct err *e); /* true yes on / false no off */
/* Texts, NULL-ended; one text stands for a list of one. */
int conf_texts(struct arena *a, const struct conf *c, const char *key, const char *const **out, struct err *e);

#endif
