/*
 * Links of index pages: made to lead to the gateway, and read back when a client follows them.
 *
 * A link holds the URL that the index gave, signed with a key of this process: so the gateway fetches what an index named and
 * nothing that code inside made up, and needs to remember nothing.
 *     http://127.0.0.1:PORT/-/f/<signature>/<sha256 or ->/<folder, base64>/<file>
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_LINK_H
#define EGRESS_LINK_H

#include "base/buf.h"

#include <stdbool.h>

struct err;

enum { LINK_URL_MAX = 4096, LINK_FILE_MAX = 256, LINK_INDEX_MAX = 64 << 20 };

struct link_maker {
	unsigned char key[32];
	int port;              /* of the registry, inside                  */
	int which;             /* of several registries of a kind          */
	const char *base;      /* the index page's own URL                 */
};

struct link {
	char url[LINK_URL_MAX];  /* to be fetched                                               */
	char sha256[65];         /* of what it must be; "" when the index does not say          */
	char file[LINK_FILE_MAX];
	int which;
	bool is_package;         /* else a package's metadata (PEP 658)                         */
};

/* False when nobody signed it. */
bool link_open(const struct link_maker *m, const char *path, struct link *out);
/* ref, as it stands on a page at base, made whole (RFC 3986, 5.2). http and https only. -1: it makes no sense. */
int link_join(const char *base, struct bytes ref, char out[LINK_URL_MAX]);

/* The index with its links made ours; what is no link to a file stays. */
int link_pypi_json(const struct link_maker *m, struct bytes in, struct buf *out, struct err *e);
int link_pypi_html(const struct link_maker *m, struct bytes in, struct buf *out, struct err *e);
/* Calls learn for each version's file: its URL, and its SHA-512 or NULL. With out, writes the index with links made ours. */
int link_npm(const struct link_maker *m, struct bytes in, void (*learn)(void *arg, const char *url, const unsigned char sha512[64]),
	     void *arg, struct buf *out, struct err *e);

#endif
