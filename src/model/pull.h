/*
 * Bringing a model of the catalogue onto this machine, whole and checked, or not at all.
 *
 * Looked for in order: SEALWRIGHT_MODELS_DIR and the cache folder (used where they lie, after their SHA-256 was
 * checked), then the catalogue's sources. What has come is kept in FILE.part until it is whole, so that a kill or a
 * lost connection costs little; only bytes with the right SHA-256 ever get the name FILE.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_PULL_H
#define MODEL_PULL_H

#include "model/catalogue.h"
#include "model/engine.h"

struct pull_state {
	const char *doing;        /* "downloading", "checking"    */
	int64_t have, bytes;      /* of the model                 */
	double rate;              /* bytes a second, 0: unknown   */
	int64_t left_ms;          /* -1: unknown                  */
};

struct pull {
	const struct catalogue_model *model;
	struct engine_ask ask;    /* who is told, who may stop it */
	/* Called a few times a second; may be NULL: then `ask.told` gets a line every five seconds. */
	void (*progress)(void *arg, const struct pull_state *s);
	void *progress_arg;
};

/* The path of the checked file. ERR_VERIFY when what came is not the model (it is removed), ERR_SPACE before anything
 * is fetched when it would not fit, ERR_NET when no source could give it. */
int pull_model(struct arena *a, const struct pull *p, char **path, struct err *e);

/* Where the model lies already, by name and size alone (not checked); NULL when nowhere. */
char *pull_where(struct arena *a, const struct catalogue_model *m);

#endif
