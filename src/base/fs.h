/*
 * Files: opened beneath a directory handle, written whole or not at all.
 *
 * A path from outside goes through fs_open_beneath (openat2, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS); plain
 * paths are for names that a person gave on the command line or that we made ourselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/arena.h"
#include "base/buf.h"

#include <sys/types.h>

struct err;

void fs_close(int *fd); /* closes when >= 0 and leaves -1 */
#define auto_fd __attribute__((cleanup(fs_close))) int
static inline int take_fd(int *fd)
{
	int n = *fd;

	*fd = -1;
	return n;
}

/* A descriptor (close-on-exec) or -1. dir is a directory descriptor, never AT_FDCWD. Links that stay beneath are
 * followed; add O_NOFOLLOW against the last one. O_CREAT creates with mode 0644. */
int fs_open_beneath(int dir, const char *name, int flags, struct err *e);
/* A directory by path, for use as `dir` here. */
int fs_open_dir(const char *path, struct err *e);

int fs_read_all(int fd, struct buf *out, struct err *e);             /* to the end; ERR_INPUT over the ceiling */
int fs_read_file(const char *path, struct buf *out, struct err *e);  /* regular files only, never waits on a fifo */
int fs_write_all(int fd, struct bytes in, struct err *e);
/* Temp file beside it, fsync, rename, fsync of the folder: after a kill the old or the new content stands. */
int fs_write_atomic(const char *path, struct bytes in, mode_t mode, struct err *e);

int fs_make_dirs(const char *path, mode_t mode, struct err *e); /* as mkdir -p; mode for those it makes */
int fs_make_dirs_beneath(int dir, const char *name, struct err *e); /* every folder of name, itself included, 0755 */
int fs_remove_tree(const char *path, struct err *e); /* follows no link; absence is success */
bool fs_exists(const char *path);
bool fs_is_dir(const char *path);
bool fs_is_empty_dir(const char *path); /* or absent; one that cannot be read is not */
bool fs_is_runnable(const char *path); /* a regular file we may execute */
/* First hit in $PATH, in the arena, or NULL. */
char *fs_which(struct arena *a, const char *program);

/* Our folders, made when absent (0700): $XDG_STATE_HOME/sealwright, $XDG_CACHE_HOME/sealwright,
 * $XDG_CONFIG_HOME/sealwright with the usual fallbacks beneath $HOME. NULL with e set when there is no home. */
char *fs_state_dir(struct arena *a, const char *sub, struct err *e); /* sub may be NULL */
char *fs_cache_dir(struct arena *a, const char *sub, struct err *e);
char *fs_config_dir(struct arena *a, struct err *e);
/* share/NAME of the source tree or installation this binary belongs to; NULL with e set when absent. */
char *fs_share(struct arena *a, const char *name, struct err *e);

#endif
