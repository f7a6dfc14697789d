/*
 * The same sandbox as an OCI runtime bundle (runtime-spec 1.0.2), for runc, crun and what builds on them.
 *
 * What is shown, protected, limited and filtered is laid out by the plan of our own sandbox. What a bundle cannot have: a
 * layer, egress, limits kept by a supervisor, the answers of a listener (a bundle's filter looks at no flags of open(2)).
 * Run by a plain user it has one user only, 0 inside, who is that user outside, without a capability; and memory and
 * processes are limited by a cgroup only where root runs it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SANDBOX_BUNDLE_H
#define SANDBOX_BUNDLE_H

#include "base/json.h"
#include "sandbox/sandbox.h"

struct err;

/* config.json for argv (NULL: a shell), started in dir (NULL: the tree). Paths of files that bundle_write makes are relative to
 * the bundle. A new reference. ERR_USAGE for a sandbox with a layer or session. */
int bundle_config(struct arena *a, const struct sandbox *s, const char *const *argv, const char *dir, bool terminal, json_t **out,
		  struct err *e);

/* A bundle in `folder`, which is made, or empty: config.json, rootfs and what is shown in place of the machine's own. */
int bundle_write(const struct sandbox *s, const char *const *argv, const char *dir, bool terminal, const char *folder, struct err *e);

#endif
