/*
 * The program that serves a model: llama.cpp's server, from the person's PATH or from a package.
 *
 * The package goes into a Python environment of our own in the cache folder, pinned by version and SHA-256
 * (share/models/engine.txt); it is made on first use and never shared with the person's other Python.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_ENGINE_H
#define MODEL_ENGINE_H

#include "base/arena.h"

struct err;

struct engine_ask {
	void (*told)(void *arg, const char *line); /* may be NULL */
	void *arg;
	const volatile int *stop;                  /* may be NULL */
};

/* The environment's python, with pip and nothing else needed of it yet. ERR_NOT_FOUND with the cure without python3. */
int engine_python(struct arena *a, const struct engine_ask *q, char **python, struct err *e);
/* As engine_python, with llama.cpp's server installed in it. */
int engine_server(struct arena *a, const struct engine_ask *q, char **python, struct err *e);

/* Tells one formatted line, if anybody listens. */
void engine_tell(const struct engine_ask *q, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
