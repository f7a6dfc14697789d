/*
 * The tools that a turn declares, in the three shapes in which a model is told of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_TOOLS_H
#define MODEL_TOOLS_H

#include "base/json.h"
#include "model/model.h"

struct err;

enum { TOOLS_MAX = 128, TOOL_NAME_MAX = 64 };

/* Kept from turn to turn: the same bytes are read once. */
struct tools {
	struct buf given;    /* the bytes they were read from                                      */
	json_t *list;        /* NULL: none                                                         */
	struct buf wire;     /* [{"type":"function","function":{...}},...] for WAY_NATIVE          */
	struct buf schema;   /* of one action, for WAY_SCHEMA                                      */
	struct buf told[2];  /* words about them as a JSON string without its quotes: SCHEMA, TEXT */
};

/* The name under which an action of WAY_SCHEMA is no call but the end of the turn. */
#define TOOLS_ANSWER "answer"

struct tools tools_make(void);
/* ERR_INPUT when `in` is no array of {"name","description","parameters"}: a fault of ours. n == 0: none. */
int tools_set(struct tools *t, struct bytes in, struct err *e);
void tools_drop(struct tools *t);

int tools_count(const struct tools *t);
/* The declared name that is meant, or NULL: exact; without a prefix such as "functions."; the one that a cut name
 * can only be. */
const char *tools_name(const struct tools *t, const char *name);
/* Whether that argument is declared as text. */
bool tools_wants_text(const struct tools *t, const char *tool, const char *argument);
/* Members of the request's suffix for this way; what is told in words stands in front of the system's message. */
const char *tools_told(const struct tools *t, enum model_way way);

#endif
