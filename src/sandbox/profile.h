/*
 * A profile: what a sandboxed command may read, write, reach and spend. A YAML file (docs/formats/profile.md).
 *
 * A profile decides what code of a stranger may do, so it never comes from that stranger: names are looked up among the
 * built-in ones (share/profiles) and the person's own (~/.config/sealwright/profiles); a path must lie outside the tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANDBOX_PROFILE_H
#define SANDBOX_PROFILE_H

#include "base/buf.h"
#include "base/hash.h"
#include "sandbox/sandbox.h"

struct err;

enum profile_keep { PROFILE_UNSAID, PROFILE_ASK, PROFILE_KEEP, PROFILE_DROP };

enum { PROFILE_LIST_MAX = 200, PROFILE_DEPTH_MAX = 8 };

struct profile {
	const char *name;               /* as it was asked for                                              */
	const char *about;              /* "" when it says nothing                                          */
	const char *const *network;     /* HOST[:PORT] rules; NULL-ended; never NULL                        */
	bool registries;                /* package registries, through the gateway                          */
	bool network_asked;             /* hosts must be named on the command line                          */
	bool tree_readonly;
	const char *const *read;        /* absolute folders; these lists are NULL-ended and never NULL      */
	const char *const *write;
	const char *const *env;         /* "NAME=value"                                                     */
	const char *const *pass;        /* names of variables whose values are taken from outside           */
	const char *const *protect;     /* names beneath the tree                                           */
	const char *const *allow_change; /* RULE:PATH of the keep check                                     */
	int64_t time_ms, memory, disk, output; /* 0: not said                                               */
	int64_t processes;
	int level_min;                  /* 0: not said                                                      */
	bool has_backend;
	enum sandbox_backend backend;
	const char *image;              /* NULL: not said                                                   */
	enum profile_keep keep;
};

/* Finds what `extends` names: the file's bytes, and a name for messages. */
typedef int profile_find_fn(void *arg, struct arena *a, const char *name, struct bytes *text, const char **path, struct err *e);

/* text, which stands in `path` (for messages), over what it extends. ERR_USAGE names file and line. */
int profile_parse(struct arena *a, struct bytes text, const char *path, profile_find_fn *find, void *arg, struct profile *out,
		  struct err *e);

/* By name, or by a path (with a slash, or ending in .yml) outside `tree`. ERR_NOT_FOUND lists the names that there are,
 * ERR_DENIED for one within the tree or that others can write. */
int profile_load(struct arena *a, const char *name, const char *tree, struct profile *out, struct err *e);

/* The names of the built-in profiles and of the person's own, NULL-ended. */
const char *const *profile_names(struct arena *a);

/* The whole of it as JSON, keys in one order; and the digest of those bytes, which names the rules that were in force. */
int profile_write(const struct profile *p, struct buf *out);
struct digest profile_digest(const struct profile *p);

/* Into a sandbox for that tree: `pass` is resolved. What the profile does not say stays as it is in *s. */
void profile_apply(struct arena *a, const struct profile *p, struct sandbox *s);

/* A list with one more: the lists of a profile are grown by flags. */
const char *const *profile_list_add(struct arena *a, const char *const *list, const char *more);

#endif
