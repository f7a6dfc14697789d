/*
 * Whether a copy-on-write layer works on a pair of disks, found out by using one.
 *
 * What a kernel gives to a rootless overlay differs by version and file system: Debian 12's 6.1 answers EIO when a folder of
 * the tree is removed and the layer is on a tmpfs; a foreign owner gives EOVERFLOW at the first write. So it is tried.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/arena.h"
#include "sandbox/sandbox.h"

bool sandbox_layer_works(void *arg, const char *tree, const char *layer)
{
	static const char script[] = "echo new >file && test \"$(cat file)\" = new && rm -r folder && mkdir folder && test -w folder && "
				     "test \"$(ls -A folder | wc -l)\" = 0 && echo more >folder/file && mv folder/file moved && ln moved linked";
	struct sandbox s = { .backend = SANDBOX_OWN, .tree = tree, .layer = layer };
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", script, NULL }, .limit_ms = 20000 };
	struct proc_result r;
	auto_arena a = { 0 };

	(void)arg;
	return sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.status == 0;
}
