/*
 * What a registry's client may ask for: paths that lead to packages, and nothing else of a registry's service.
 *
 * So the gateway is no way to send something out, but for the names that are asked for: those are short, and only the
 * registry sees them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_ROUTE_H
#define EGRESS_ROUTE_H

#include "base/buf.h"

#include <stdbool.h>

enum registry_kind { REGISTRY_PYPI, REGISTRY_NPM, REGISTRY_CARGO, REGISTRY_GO, REGISTRY_MAVEN, REGISTRY_APT, REGISTRY_KINDS };

const char *registry_name(enum registry_kind k); /* "pypi", ... */

enum route_kind {
	ROUTE_PASS,         /* the same path of the registry                 */
	ROUTE_PYPI_INDEX,   /* links in it are made to lead to us            */
	ROUTE_NPM_INDEX,
	ROUTE_SIGNED,       /* such a link: link.h                           */
	ROUTE_CARGO_CONFIG, /* ours                                          */
	ROUTE_CARGO_INDEX,
	ROUTE_CARGO_FILE,   /* where the registry's own config.json says     */
	ROUTE_SUMS,         /* Go's checksum database                        */
};

enum { ROUTE_PATH_MAX = 1024, ROUTE_WORD_MAX = 256 };

struct route {
	enum route_kind kind;
	int which;                    /* of several registries of a kind: "/+1/..." is the second */
	char path[ROUTE_PATH_MAX];    /* behind the registry's base, with its slash             */
	char name[ROUTE_WORD_MAX], version[ROUTE_WORD_MAX], file[ROUTE_WORD_MAX]; /* of a package's file; file "": none */
};

/* path: of a request, from its slash on. False: no path of a registry. */
bool route_parse(enum registry_kind k, struct bytes path, struct route *out);
/* Name and version out of a wheel's or an sdist's file name; "" where they cannot be told. */
void route_python_file(const char *file, char name[ROUTE_WORD_MAX], char version[ROUTE_WORD_MAX]);

#endif
