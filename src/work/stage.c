/*
 * Staging: every new file is written whole, with its permissions, before the first file of the tree is touched, so that a full
 * disk or a kill leaves the tree as it was.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/stage.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { ATTRIBUTE_MAX = 64 << 10 };

const char *stage_name(char out[24], size_t index)
{
	snprintf(out, 24, "%zu", index);
	return out;
}

/* Where it is: a folder's descriptor and a name. */
static int place(const struct layer_state *s, bool in_tree, char name[64])
{
	struct stat st = { 0 };

	if (!in_tree) {
		strcpy(name, "stage");
		return s->folder;
	}
	fstat(s->folder, &st);
	snprintf(name, 64, ".sealwright-keep-%llx", (unsigned long long)st.st_ino);
	return s->tree;
}

/* Whether a file can be renamed from the layer's folder into the tree: one file system, one mount. */
static bool is_one(const struct layer_state *s)
{
	struct statx f, t;

	return statx(s->folder, "", AT_EMPTY_PATH, STATX_BASIC_STATS | 0x1000 /* STATX_MNT_ID */, &f) == 0 &&
	       statx(s->tree, "", AT_EMPTY_PATH, STATX_BASIC_STATS | 0x1000, &t) == 0 && f.stx_dev_major == t.stx_dev_major &&
	       f.stx_dev_minor == t.stx_dev_minor && (f.stx_mask & t.stx_mask & 0x1000) && f.stx_mnt_id == t.stx_mnt_id;
}

void stage_remove(const struct layer_state *s, bool in_tree)
{
	auto_arena a = { 0 };
	char name[64];
	int dir = place(s, in_tree, name);

	fs_remove_tree(arena_printf(&a, "/proc/self/fd/%d/%s", dir, name), NULL);
}

int stage_open(const struct layer_state *s, struct ops *ops, bool fresh, struct err *e)
{
	char name[64];
	int dir, fd;

	if (fresh) {
		ops->in_tree = !is_one(s);
		stage_remove(s, ops->in_tree);
	}
	dir = place(s, ops->in_tree, name);
	if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make the folder %s", name);
	fd = place_open(dir, name, O_RDONLY | O_DIRECTORY);
	return fd < 0 ? err_sys(e, "open the folder %s", name) : fd;
}

/* What a person gave the old file beside its content, so far as that can be had. Not capabilities. */
static void take_attributes(int from, int to)
{
	char *names = malloc(ATTRIBUTE_MAX), *value = malloc(ATTRIBUTE_MAX);
	ssize_t n = names && value ? flistxattr(from, names, ATTRIBUTE_MAX) : -1;

	for (ssize_t i = 0; i < n; i += (ssize_t)strlen(names + i) + 1) {
		const char *x = names + i;
		ssize_t k;

		if ((strncmp(x, "user.", 5) || !strncmp(x, "user.overlay.", 13)) && strcmp(x, "system.posix_acl_access"))
			continue;
		k = fgetxattr(from, x, value, ATTRIBUTE_MAX);
		if (k >= 0 && fsetxattr(to, x, value, (size_t)k, 0) < 0)
			continue;
	}
	free(names);
	free(value);
}

/* The owner of what it replaces, or of the folder that it comes into. */
static void owner_of(const struct layer_state *s, const char *path, struct stat *st)
{
	auto_arena a = { 0 };
	char *at = arena_strdup(&a, path);

	while (place_stat(s->tree, at, st) < 0) {
		char *slash = strrchr(at, '/');

		if (!slash) {
			fstat(s->tree, st);
			return;
		}
		*slash = 0;
	}
}

static int put_file(const struct layer_state *s, int stage, const char *name, struct op *o, struct err *e)
{
	auto_fd from = place_open(s->upper, o->path, O_RDONLY | O_NONBLOCK), to = -1, old = -1;
	struct stat st, own;

	if (from < 0 || fstat(from, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_mode & 07777) != o->mode) {
		o->why = "it was changed in the layer while it was looked at";
		return 1;
	}
	to = openat(stage, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0 || copy_bytes(from, to) < 0)
		return err_sys(e, "keep %s", o->path);
	owner_of(s, o->path, &own);
	if (geteuid() == 0 && fchown(to, own.st_uid, own.st_gid) < 0)
		return err_sys(e, "keep %s: give it to its owner", o->path);
	if (geteuid() != 0 && S_ISREG(o->base_mode) && own.st_gid != getegid() && fchown(to, (uid_t)-1, own.st_gid) < 0)
		errno = 0; /* as an editor would leave it */
	if (S_ISREG(o->base_mode) && (old = place_open(s->tree, o->path, O_RDONLY | O_NONBLOCK)) >= 0)
		take_attributes(old, to);
	return fchmod(to, o->mode & 0777) < 0 ? err_sys(e, "keep %s", o->path) : 0;
}

int stage_put(const struct layer_state *s, int stage, size_t index, struct op *o, struct err *e)
{
	auto_arena a = { 0 };
	const char *target;
	char name[24];

	stage_name(name, index);
	if (o->type == LAYER_FILE)
		return put_file(s, stage, name, o, e);
	target = place_link(&a, s->upper, o->path);
	if (!target || strcmp(target, o->change->target)) {
		o->why = "it was changed in the layer while it was looked at";
		return 1;
	}
	if (symlinkat(target, stage, name) < 0)
		return err_sys(e, "keep %s", o->path);
	if (geteuid() == 0) {
		struct stat own;

		owner_of(s, o->path, &own);
		if (fchownat(stage, name, own.st_uid, own.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
			return err_sys(e, "keep %s: give it to its owner", o->path);
	}
	return 0;
}
