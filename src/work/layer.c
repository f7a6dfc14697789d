/*
 * A layer's life: made or found again, listed, dropped.
 *
 * Making it is whole or not at all: `state` is written last, and a folder without it is made anew. A lock of its own says which
 * process has it open; the lock of the folder that the sandbox uses says whether something still runs on it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/layer.h"

#include "work/inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

enum { STATE_MAX = 64 << 10, VERSION = 1, FOREIGN_LOOKED_AT = 256 };

#define IN(name) arena_printf(a, "%s/" name, l->folder)

/* ---- its state ---- */

/* How far the clock of day is from the one that cannot be set; ms. */
static int64_t clock_offset(void)
{
	struct timespec day, boot;

	clock_gettime(CLOCK_REALTIME, &day);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	return (time_ns(&day) - time_ns(&boot)) / 1000000;
}

static const char *boot_id(struct arena *a)
{
	auto_buf text = buf_max(256);

	if (fs_read_file("/proc/sys/kernel/random/boot_id", &text, NULL) < 0)
		return "";
	return arena_memdup(a, buf_str(&text), strcspn(buf_str(&text), "\n"));
}

int layer_write_state(const struct layer *l, bool fresh, struct err *e)
{
	auto_arena a = { 0 };
	auto_buf text = buf_max(STATE_MAX);
	const struct layer_state *s = l->state;
	const char *path;
	auto_fd fd = -1;

	record_add(&text, &(struct record){ 'V', 2, { VERSION, s->copied }, "sealwright layer" });
	record_add(&text, &(struct record){ 'T', 2, { s->tree_dev, s->tree_ino }, l->tree });
	record_add(&text, &(struct record){ 'O', 3, { s->opened, s->opened_ms, clock_offset() }, boot_id(&a) });
	if (buf_check(&text, "state", e) < 0)
		return -1;
	path = arena_printf(&a, "%s/state", l->folder);
	if (!fresh)
		return fs_write_atomic(path, buf_bytes(&text), 0600, e);
	/* Nothing that could be lost stands in a new layer, and waiting for the disk would be most of its making. A state that a power
	 * failure left empty counts as none. */
	fd = openat(l->state->folder, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fs_write_all(fd, buf_bytes(&text), e) < 0 || renameat(l->state->folder, "state.new", l->state->folder, "state") < 0)
		return err_sys(e, "make %s", path);
	return 0;
}

/* 1, or 0 when there is none. */
static int read_state(struct arena *a, const char *folder, struct layer_state *s, const char **tree, struct err *e)
{
	const char *path = arena_printf(a, "%s/state", folder);
	auto_buf text = buf_max(STATE_MAX);
	struct bytes in;
	struct record r;
	int more, seen = 0;

	if (!fs_exists(path))
		return 0;
	if (fs_read_file(path, &text, e) < 0)
		return -1;
	if (!text.n)
		return 0;
	in = buf_bytes(&text);
	while ((more = record_next(&in, &r, e)) > 0) {
		if (r.kind == 'V' && r.count == 2 && r.n[0] == VERSION) {
			s->copied = r.n[1];
			seen |= 1;
		} else if (r.kind == 'T' && r.count == 2) {
			s->tree_dev = r.n[0];
			s->tree_ino = r.n[1];
			*tree = arena_strdup(a, r.text);
			seen |= 2;
		} else if (r.kind == 'O' && r.count == 3) {
			int64_t back = strcmp(r.text, boot_id(a)) ? 0 : r.n[2] - clock_offset();

			/* A clock that was set back gives later changes an earlier time. */
			s->opened = r.n[0] - (back > 1000 ? (back + 1000) * 1000000 : 0);
			s->opened_ms = r.n[1];
			seen |= 4;
		}
	}
	if (more < 0 || seen != 7)
		return err_set(e, ERR_DAMAGED, "%s is damaged, or of another version of sealwright; remove its folder to give up what is in it",
			       path);
	return 1;
}

/* ---- whether an overlay works ---- */

static bool is_unfit(const char *path, bool below)
{
	static const unsigned long unfit[] = { OVERLAYFS_SUPER_MAGIC, NFS_SUPER_MAGIC, 0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */,
					       0x65735546 /* FUSE */, V9FS_MAGIC, 0x00c36400 /* CEPH */, ECRYPTFS_SUPER_MAGIC,
					       MSDOS_SUPER_MAGIC, 0x2011bab0 /* EXFAT */ };
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return true;
	for (size_t i = below ? 1 : 0; i < sizeof(unfit) / sizeof(*unfit); i++)
		if ((unsigned long)fs.f_type == unfit[i])
			return true;
	return false;
}

/* Files of others cannot be changed through an overlay of ours (EOVERFLOW). Only the first few are looked at. */
static bool has_foreign(const char *tree)
{
	DIR *d = opendir(tree);
	const struct dirent *x;
	struct stat top, st;
	bool is = false;
	int n = 0;

	if (!d)
		return false;
	if (fstat(dirfd(d), &top) < 0)
		top = (struct stat){ 0 };
	if (geteuid() != 0) {
		is = top.st_uid != geteuid() || top.st_gid != getegid();
		top.st_uid = geteuid();
		top.st_gid = getegid();
	}
	while (!is && n++ < FOREIGN_LOOKED_AT && (x = readdir(d)))
		is = strcmp(x->d_name, "..") && fstatat(dirfd(d), x->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		     (st.st_uid != top.st_uid || st.st_gid != top.st_gid);
	closedir(d);
	return is;
}

static int write_text(struct arena *a, const char *path, const char *text, struct err *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	(void)a;
	if (fd < 0)
		return err_sys(e, "make %s", path);
	return fs_write_all(fd, bytes_of(text), e);
}

/* Tried on a small tree on the layer's own disk. A yes is remembered for this kernel, these disks and this user. */
static bool overlay_works(struct arena *a, const struct layer *l, const struct layer_how *how)
{
	const char *probe = IN("probe"), *tree = IN("probe/tree"), *layer = IN("probe/layer"), *cache, *note;
	struct stat st, t;
	struct utsname u;
	bool works;

	if (!how || !how->works)
		return true;
	if (stat(l->folder, &st) < 0 || stat(l->tree, &t) < 0 || uname(&u) < 0)
		return false;
	cache = fs_cache_dir(a, NULL, NULL);
	note = cache ? arena_printf(a, "%s/overlay-works-%s-%llx-%llx-%u", cache, u.release, (unsigned long long)st.st_dev,
				    (unsigned long long)t.st_dev, geteuid()) : NULL;
	if (note && fs_exists(note))
		return true;
	works = fs_remove_tree(probe, NULL) == 0 && fs_make_dirs(IN("probe/tree/folder"), 0755, NULL) == 0 &&
		fs_make_dirs(IN("probe/layer/upper"), 0755, NULL) == 0 && fs_make_dirs(IN("probe/layer/work"), 0755, NULL) == 0 &&
		write_text(a, IN("probe/tree/file"), "old\n", NULL) == 0 && write_text(a, IN("probe/tree/folder/file"), "old\n", NULL) == 0 &&
		how->works(how->arg, tree, layer);
	fs_remove_tree(probe, NULL);
	if (works && note)
		fs_write_atomic(note, bytes_of("yes\n"), 0600, NULL);
	return works;
}

static bool wants_copy(struct arena *a, const struct layer *l, const struct layer_how *how)
{
	return (how && how->copy) || is_unfit(l->folder, false) || is_unfit(l->tree, true) || has_foreign(l->tree) ||
	       !overlay_works(a, l, how);
}

/* ---- opening ---- */

static void state_drop(struct layer_state *s)
{
	if (!s)
		return;
	fs_close(&s->upper);
	fs_close(&s->tree);
	fs_close(&s->folder);
	fs_close(&s->lock); /* last: with it goes our claim */
	arena_drop(&s->a);
	free(s);
}

void layer_close(struct layer *l)
{
	state_drop(l->state);
	*l = (struct layer){ 0 };
}

static int lock(struct arena *a, struct layer *l, struct err *e)
{
	auto_fd fd = open(IN("lock"), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "open %s/lock", l->folder);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(e, ERR_BUSY, "the layer %s is open in another sealwright; let that end first", l->folder)
					    : err_sys(e, "lock %s/lock", l->folder);
	l->state->lock = take_fd(&fd);
	return 0;
}

static int remove_rest(const struct layer *l, struct err *e)
{
	static const char *const names[] = { "state", "state.new", "journal", "stage", "probe", "layer", "copy", "known", "git", "base", "git-why" };
	auto_arena a = { 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (fs_remove_tree(arena_printf(&a, "%s/%s", l->folder, names[i]), e) < 0)
			return -1;
	return 0;
}

static int open_tree_of(struct layer *l, struct err *e)
{
	struct layer_state *s = l->state;
	struct stat st;

	s->tree = open(l->tree, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->tree < 0 || fstat(s->tree, &st) < 0)
		return err_sys(e, "open folder %s", l->tree);
	if (s->tree_ino && (s->tree_dev != (int64_t)st.st_dev || s->tree_ino != (int64_t)st.st_ino)) {
		fs_close(&s->tree);
		return err_set(e, ERR_DAMAGED, "another folder stands at %s now than when its layer was opened; drop the layer %s", l->tree,
			       l->folder);
	}
	s->tree_dev = (int64_t)st.st_dev;
	s->tree_ino = (int64_t)st.st_ino;
	return 0;
}

/* Anew, in a folder where nothing that counts stands. */
static int make(struct arena *a, struct layer *l, const struct layer_how *how, struct err *e)
{
	struct layer_state *s = l->state;
	auto_fd copy = -1;
	struct stat st;

	if (remove_rest(l, e) < 0 || open_tree_of(l, e) < 0)
		return -1;
	s->copied = wants_copy(a, l, how);
	if (fstat(s->tree, &st) < 0)
		return err_sys(e, "stat %s", l->tree);
	if (gitdir_make(a, l, how, e) < 0)
		return -1;
	if (s->copied) {
		if (fs_make_dirs(IN("copy/.git"), 0755, e) < 0 || (copy = fs_open_dir(IN("copy"), e)) < 0 || copy_tree(s, copy, e) < 0)
			return -1;
		if (faccessat(s->tree, ".git", F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			unlinkat(copy, ".git", AT_REMOVEDIR);
		if (fchmod(copy, st.st_mode & 0777) < 0)
			return err_sys(e, "chmod %s", IN("copy"));
	} else {
		if (fs_make_dirs(IN("layer/upper"), 0700, e) < 0 || fs_make_dirs(IN("layer/work"), 0700, e) < 0)
			return -1;
		if (chmod(IN("layer/upper"), st.st_mode & 0777) < 0)
			return err_sys(e, "chmod %s", IN("layer/upper"));
	}
	s->opened = layer_tick();
	s->opened_ms = clock_now().ms;
	return layer_write_state(l, true, e);
}

static int find_parts(struct arena *a, struct layer *l, struct err *e)
{
	struct layer_state *s = l->state;

	if (s->copied)
		l->source = IN("copy");
	else
		l->layer = IN("layer");
	s->upper = fs_open_dir(s->copied ? l->source : IN("layer/upper"), e);
	gitdir_find(a, l);
	return s->upper < 0 || known_read(s, e) < 0 ? -1 : 0;
}

static struct layer_state *state_new(const char *folder)
{
	struct layer_state *s = mem_alloc(sizeof(*s));

	*s = (struct layer_state){ .folder = -1, .tree = -1, .upper = -1, .lock = -1 };
	s->path = arena_strdup(&s->a, folder);
	return s;
}

static int finish(struct arena *a, struct layer *l, struct err *e)
{
	struct layer_report *report = arena_alloc(a, sizeof(*report));
	int r = keep_finish(a, l, report, e);

	if (r > 0)
		l->finished = report;
	return r < 0 ? err_wrap(e, "end the keeping of %s that was cut off", l->folder) : 0;
}

static int open_in(struct arena *a, struct layer *l, const struct layer_how *how, struct err *e)
{
	const char *of = NULL;
	int had;

	if (mkdir(l->folder, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "make %s", l->folder);
	if (lock(a, l, e) < 0 || (l->state->folder = fs_open_dir(l->folder, e)) < 0 ||
	    (had = read_state(a, l->folder, l->state, &of, e)) < 0)
		return -1;
	if (!had)
		return make(a, l, how, e) < 0 || find_parts(a, l, e) < 0 ? -1 : 0;
	if (strcmp(of, l->tree))
		return err_set(e, ERR_DAMAGED, "%s is a layer of %s", l->folder, of);
	l->found = true;
	return open_tree_of(l, e) < 0 || find_parts(a, l, e) < 0 || finish(a, l, e) < 0 ? -1 : 0;
}

/* Without slashes at its end. NULL unless it is absolute. */
static const char *tidy(struct arena *a, const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return path[0] == '/' && n > 1 ? arena_memdup(a, path, n) : NULL;
}

int layer_open(struct arena *a, const char *folder, const char *tree, const struct layer_how *how, struct layer *l, struct err *e)
{
	struct layer x = { .folder = tidy(a, folder), .tree = tidy(a, tree) };

	if (!x.folder || !x.tree)
		return err_set(e, ERR_USAGE, "a layer's folder and tree are absolute, not %s and %s", folder, tree);
	if (path_starts(x.folder, x.tree) || path_starts(x.tree, x.folder))
		return err_set(e, ERR_USAGE, "the layer %s and the tree %s must not stand within one another", folder, tree);
	x.state = state_new(x.folder);
	if (open_in(a, &x, how, e) < 0) {
		state_drop(x.state);
		return err_wrap(e, "layer of %s", tree);
	}
	*l = x;
	return 0;
}

int layer_find(struct arena *a, const char *folder, struct layer *l, struct err *e)
{
	struct layer x = { .folder = tidy(a, folder), .found = true };
	struct err why = { 0 };
	int r;

	if (!x.folder || !fs_is_dir(x.folder))
		return err_set(e, ERR_NOT_FOUND, "no layer at %s", folder);
	x.state = state_new(x.folder);
	r = lock(a, &x, e);
	if (r == 0)
		r = read_state(a, x.folder, x.state, &x.tree, e);
	if (r == 0)
		r = err_set(e, ERR_NOT_FOUND, "no layer at %s", folder);
	/* One whose tree is gone can still be dropped. */
	if (r > 0 && ((x.state->folder = fs_open_dir(x.folder, e)) < 0 || find_parts(a, &x, e) < 0 ||
		      (open_tree_of(&x, &why) == 0 && finish(a, &x, e) < 0)))
		r = -1;
	if (r < 0)
		state_drop(x.state);
	else
		*l = x;
	return r < 0 ? -1 : 0;
}

int layer_still(const struct layer_state *s, struct err *e)
{
	auto_fd fd = openat(s->folder, s->copied ? "copy" : "layer", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (s->tree < 0)
		return err_set(e, ERR_DAMAGED, "its tree is gone, or another folder stands there; drop the layer %s", s->path);
	if (fd < 0)
		return err_sys(e, "open the layer %s", s->path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(e, ERR_BUSY, "a sandbox still runs on the layer %s", s->path)
					    : err_sys(e, "lock the layer %s", s->path);
	return take_fd(&fd);
}

/* ---- the end ---- */

int layer_drop(struct layer *l, struct err *e)
{
	auto_arena a = { 0 };
	const char *folder = arena_strdup(&a, l->folder);
	struct layer_state s = *l->state;
	int still = s.tree < 0 ? 0 : layer_still(&s, e), r;

	if (still < 0)
		return err_wrap(e, "drop");
	if (s.tree >= 0)
		close(still);
	r = remove_rest(l, e);
	if (r == 0) {
		fs_remove_tree(folder, NULL);
		layer_close(l);
	}
	return r;
}

static int newest_first(const void *x, const void *y)
{
	const struct layer_left *a = x, *b = y;

	return a->opened_ms < b->opened_ms ? 1 : a->opened_ms > b->opened_ms ? -1 : strcmp(a->name, b->name);
}

static bool is_locked(const char *path)
{
	auto_fd fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

int layer_list(struct arena *a, const char *parent, struct layer_left **out, size_t *n, struct err *e)
{
	DIR *d = opendir(parent);
	const struct dirent *x;
	size_t room = 0;

	*out = NULL;
	*n = 0;
	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "look into %s", parent);
	while ((x = readdir(d))) {
		struct layer_state s = { 0 };
		const char *tree, *folder = arena_printf(a, "%s/%s", parent, x->d_name);

		if (x->d_name[0] == '.' || read_state(a, folder, &s, &tree, NULL) != 1)
			continue;
		if (*n == room) {
			struct layer_left *more = arena_array(a, room * 2 + 16, sizeof(*more));

			if (*n)
				memcpy(more, *out, *n * sizeof(*more));
			*out = more;
			room = room * 2 + 16;
		}
		(*out)[(*n)++] = (struct layer_left){ arena_strdup(a, x->d_name), tree, s.opened_ms,
						      is_locked(arena_printf(a, "%s/lock", folder)) };
	}
	closedir(d);
	if (*n)
		qsort(*out, *n, sizeof(**out), newest_first);
	return 0;
}
