/*
 * Keeping: what passed the keep check enters the tree, and nothing a person did there is lost.
 *
 * Three steps: every new file is staged (stage.c); the journal is written; then each file is put in its place by one rename. An
 * old file is exchanged for the new one and looked at afterwards: when it is not the one that was to be replaced, somebody
 * changed it in that very moment, and it goes back. Old files wait in the stage until all is done.
 * A kill before the journal leaves the tree as it was; one after it is made good at the next layer_open, which does each step
 * again, for each can be told to be done or not. The layer is emptied last, and only of what the tree now has as well.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/journal.h"
#include "work/stage.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SYNC_EACH = 16 };

void (*layer_fault)(const char *step, const char *path);

static void fault(const char *step, const char *path)
{
	if (layer_fault)
		layer_fault(step, path);
}

struct keeping {
	struct arena *a;
	struct layer_state *s;
	struct ops ops;
	int stage;
};

/* Undone, or not to be done. */
static int leave(struct op *o, const char *why)
{
	o->state = OP_LEFT;
	o->why = why;
	return 0;
}

/* What the system says about one file is about that file, unless no other could be kept either. */
static int trouble(struct keeping *k, struct op *o, struct err *e)
{
	if (errno == ENOSPC || errno == EDQUOT || errno == EIO || errno == EROFS || errno == ENOMEM || errno == EMFILE)
		return err_sys(e, "keep %s", o->path);
	return leave(o, errno == EXDEV ? "another disk is mounted there"
				       : arena_printf(k->a, "it cannot be put there: %s", strerror(errno)));
}

static bool is_base(const struct op *o, const struct stat *st)
{
	return (st->st_mode & S_IFMT) == (o->base_mode & S_IFMT) && (int64_t)st->st_ino == o->ino && st->st_size == o->size &&
	       time_ns(&st->st_mtim) == o->mtime;
}

static const char changed[] = "the tree's own was changed since the layer was opened";

/* ---- one step each ---- */

static int folder_mode(struct keeping *k, const char *path)
{
	struct stat st;

	return place_stat(k->s->upper, path, &st) == 0 && S_ISDIR(st.st_mode) ? (int)(st.st_mode & 0777) | 0700 : 0755;
}

/* Makes one folder with the mode that it has in the layer and its parent's owner. */
static int make_folder(struct keeping *k, const char *path, mode_t mode)
{
	const char *name;
	auto_fd at = place_parent(k->s->tree, path, &name), fd = -1;
	struct stat st;

	if (at < 0 || fstat(at, &st) < 0 || mkdirat(at, name, 0700) < 0)
		return -1;
	fd = place_open(at, name, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0))
		return -1;
	return fchmod(fd, (mode & 0777) | (st.st_mode & 02000));
}

/* Those above path, so far as they are absent. */
static int make_way(struct keeping *k, struct op *o)
{
	char *path = arena_strdup(k->a, o->path);
	struct stat st;

	for (char *p = path; (p = strchr(p, '/')); *p++ = '/') {
		*p = 0;
		if (place_stat(k->s->tree, path, &st) == 0)
			continue;
		if (make_folder(k, path, (mode_t)folder_mode(k, path)) < 0)
			return -1;
		o->made++;
	}
	return 0;
}

static int put_new(struct keeping *k, struct op *o, const char *staged)
{
	const char *name;
	auto_fd at = -1;

	if (make_way(k, o) < 0 || (at = place_parent(k->s->tree, o->path, &name)) < 0)
		return -1;
	return place_move(k->stage, staged, at, name);
}

static int do_add(struct keeping *k, struct op *o, const char *staged, struct err *e)
{
	struct stat st;

	if (o->type == LAYER_FOLDER) {
		if (place_stat(k->s->tree, o->path, &st) == 0 && S_ISDIR(st.st_mode)) {
			o->state = OP_DONE;
			return 0;
		}
		if (make_way(k, o) < 0 || make_folder(k, o->path, o->mode) < 0)
			return errno == EEXIST ? leave(o, changed) : trouble(k, o, e);
	} else if (put_new(k, o, staged) < 0) {
		return errno == EEXIST ? leave(o, "the tree has something else of that name now") : trouble(k, o, e);
	}
	o->state = OP_DONE;
	return 0;
}

static int cannot_return(struct keeping *k, const struct op *o, const char *staged, struct err *e)
{
	return err_sys(e, "%s was changed while it was replaced, and the changed file cannot be put back; it is %s/stage/%s%s", o->path,
		       k->s->path, staged, k->ops.in_tree ? " (in the tree's .sealwright-keep folder)" : "");
}

/* A person's file, found in the stage, to where it was; where nothing stands there any more, its folder is made again. */
static int put_back(struct keeping *k, struct op *o, const char *staged, int at, const char *name, struct err *e)
{
	auto_fd again = -1;
	int made = o->made;

	if (at >= 0 && o->kind != LAYER_REMOVED && place_swap(k->stage, staged, at, name) == 0)
		return leave(o, changed);
	if (at >= 0 && place_move(k->stage, staged, at, name) == 0)
		return leave(o, changed);
	if (make_way(k, o) == 0 && (again = place_parent(k->s->tree, o->path, &name)) >= 0 && place_move(k->stage, staged, again, name) == 0) {
		o->made = made;
		return leave(o, changed);
	}
	return cannot_return(k, o, staged, e);
}

static int do_change(struct keeping *k, struct op *o, const char *staged, struct err *e)
{
	const char *name;
	auto_fd at = place_parent(k->s->tree, o->path, &name);
	struct stat st;

	if (at < 0)
		return trouble(k, o, e);
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !is_base(o, &st))
		return leave(o, changed);
	fault("looked", o->path);
	if (place_swap(k->stage, staged, at, name) < 0)
		return errno == ENOENT ? leave(o, changed) : trouble(k, o, e);
	fault("exchanged", o->path);
	if (fstatat(k->stage, staged, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_base(o, &st)) {
		o->state = OP_DONE;
		return 0;
	}
	return put_back(k, o, staged, at, name, e);
}

static int do_remove(struct keeping *k, struct op *o, const char *staged, struct err *e)
{
	const char *name;
	auto_fd at = place_parent(k->s->tree, o->path, &name);
	struct stat st;

	o->state = OP_DONE;
	if (at < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : trouble(k, o, e);
	if (o->type == LAYER_FOLDER) {
		if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT || errno == ENOTDIR)
			return 0;
		return errno == ENOTEMPTY || errno == EEXIST ? leave(o, "it is not empty: it holds what is not kept, or what was made since")
							     : trouble(k, o, e);
	}
	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!is_base(o, &st))
		return leave(o, changed);
	fault("looked", o->path);
	if (place_move(at, name, k->stage, staged) < 0)
		return errno == ENOENT ? 0 : trouble(k, o, e);
	fault("taken", o->path);
	if (fstatat(k->stage, staged, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_base(o, &st))
		return 0;
	return put_back(k, o, staged, at, name, e);
}

/* Through /proc, since a file that its owner cannot read can only be opened by O_PATH. */
static int set_mode(int fd, mode_t mode)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return chmod(path, mode);
}

static int do_mode(struct keeping *k, struct op *o, struct err *e)
{
	auto_fd fd = place_open(k->s->tree, o->path, O_PATH);
	mode_t want = o->mode & 0777;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? leave(o, changed) : trouble(k, o, e);
	if ((st.st_mode & 0777) == want && (st.st_mode & S_IFMT) == (o->base_mode & S_IFMT)) {
		o->state = OP_DONE;
		return 0;
	}
	if (o->type == LAYER_FOLDER ? st.st_mode != o->base_mode : !is_base(o, &st) || st.st_mode != o->base_mode)
		return leave(o, changed);
	if (set_mode(fd, want | (S_ISDIR(st.st_mode) ? st.st_mode & 02000 : 0)) < 0)
		return trouble(k, o, e);
	o->state = OP_DONE;
	return 0;
}

static int step_do(struct keeping *k, size_t i, struct err *e)
{
	struct op *o = &k->ops.op[i];
	char staged[24];

	stage_name(staged, i);
	if (o->kind == LAYER_MODE)
		return do_mode(k, o, e);
	if (o->kind == LAYER_REMOVED)
		return do_remove(k, o, staged, e);
	return o->base_mode ? do_change(k, o, staged, e) : do_add(k, o, staged, e);
}

static int step_undo(struct keeping *k, size_t i, struct err *e)
{
	struct op *o = &k->ops.op[i];
	const char *name;
	auto_fd at = -1;
	char staged[24];

	stage_name(staged, i);
	if (o->kind == LAYER_REMOVED && o->type == LAYER_FOLDER)
		return make_folder(k, o->path, o->base_mode) < 0 && errno != EEXIST ? err_sys(e, "put back %s", o->path) : 0;
	at = place_parent(k->s->tree, o->path, &name);
	if (at < 0)
		return err_sys(e, "put back %s", o->path);
	if (o->kind == LAYER_MODE) {
		auto_fd fd = place_open(k->s->tree, o->path, O_PATH);

		return fd < 0 || set_mode(fd, o->base_mode & 07777) < 0 ? err_sys(e, "put back the permissions of %s", o->path) : 0;
	}
	if (o->kind == LAYER_REMOVED && faccessat(k->stage, staged, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* it was gone before */
	if (o->kind == LAYER_REMOVED)
		return place_move(k->stage, staged, at, name) < 0 ? err_sys(e, "put back %s", o->path) : 0;
	if (o->base_mode)
		return place_swap(k->stage, staged, at, name) < 0 ? err_sys(e, "put back %s", o->path) : 0;
	if (o->type == LAYER_FOLDER)
		unlinkat(at, name, AT_REMOVEDIR);
	else if (place_move(at, name, k->stage, staged) < 0)
		return err_sys(e, "put back %s", o->path);
	for (char *path = arena_strdup(k->a, o->path), *slash; o->made && (slash = strrchr(path, '/')); o->made--) {
		const char *folder;
		auto_fd in = -1;

		*slash = 0;
		in = place_parent(k->s->tree, path, &folder);
		if (in >= 0)
			unlinkat(in, folder, AT_REMOVEDIR);
	}
	return 0;
}

/* ---- all steps ---- */

static int apply(struct keeping *k, struct err *e)
{
	bool left = false;

	for (size_t i = 0; i < k->ops.n; i++) {
		if (k->ops.op[i].state == OP_PENDING && step_do(k, i, e) < 0)
			return -1;
		left = left || k->ops.op[i].state == OP_LEFT;
		if (left && k->ops.all_or_nothing)
			break;
		fault("applied", "");
	}
	if (!left || !k->ops.all_or_nothing)
		return 0;
	for (size_t i = k->ops.n; i-- > 0;) {
		struct op *o = &k->ops.op[i];

		if (o->state == OP_DONE && step_undo(k, i, e) < 0)
			return -1;
		if (o->state != OP_LEFT)
			leave(o, "not all could be kept");
		fault("undone", "");
	}
	return 0;
}

static int sync_all(const struct keeping *k, struct err *e)
{
	auto_fd fd = place_open(k->s->tree, "", O_RDONLY | O_DIRECTORY);

	if (k->ops.n > SYNC_EACH)
		return fd < 0 || syncfs(fd) < 0 ? err_sys(e, "sync the tree") : 0;
	for (size_t i = 0; i < k->ops.n; i++) {
		const char *slash = strrchr(k->ops.op[i].path, '/');
		const char *folder = slash ? arena_memdup(k->a, k->ops.op[i].path, (size_t)(slash - k->ops.op[i].path)) : "";
		auto_fd at = place_open(k->s->tree, folder, O_RDONLY | O_DIRECTORY);

		if (at >= 0 && fsync(at) < 0)
			return err_sys(e, "sync %s", folder);
	}
	return 0;
}

/* ---- what is known afterwards ---- */

static void forget(struct layer_state *s, const char *path)
{
	struct known *k = known_find(s, path);

	if (k) {
		memmove(k, k + 1, (size_t)(s->known + s->n_known - k - 1) * sizeof(*k));
		s->n_known--;
	}
}

static void note(struct layer_state *s, struct known *fresh, size_t *n, const struct op *o)
{
	struct stat st, copy = { 0 };

	if (o->state != OP_DONE || place_stat(s->tree, o->path, &st) < 0 || (S_ISDIR(st.st_mode) && !s->copied))
		return;
	if (s->copied && place_stat(s->upper, o->path, &copy) < 0)
		return;
	fresh[(*n)++] = (struct known){ .path = arena_strdup(&s->a, o->path), .mode = st.st_mode,
					.copy_ino = s->copied ? (int64_t)copy.st_ino : 0,
					.copy_ctime = s->copied ? time_ns(&copy.st_ctim) : 0, .ino = (int64_t)st.st_ino, .size = st.st_size,
					.mtime = time_ns(&st.st_mtim), .ctime = time_ns(&st.st_ctim) };
}

static int learn(struct keeping *k, struct err *e)
{
	struct layer_state *s = k->s;
	struct known *all = arena_array(&s->a, s->n_known + k->ops.n, sizeof(*all));
	size_t n = 0;

	for (size_t i = 0; i < k->ops.n; i++)
		if (k->ops.op[i].state == OP_DONE)
			forget(s, k->ops.op[i].path);
	for (size_t i = 0; i < k->ops.n; i++)
		if (k->ops.op[i].kind != LAYER_REMOVED)
			note(s, all, &n, &k->ops.op[i]);
	if (s->n_known)
		memcpy(all + n, s->known, s->n_known * sizeof(*all));
	s->known = all;
	s->n_known += n;
	known_sort(s);
	if (s->copied)
		layer_tick();
	return known_write(s, e);
}

/* An overlay with nothing left in it begins anew. */
static int settle(struct keeping *k, const struct layer *l, struct err *e)
{
	struct layer_state *s = k->s;

	if (s->copied || !upper_settle(s))
		return 0;
	s->opened = layer_tick();
	if (layer_write_state(l, false, e) < 0)
		return -1;
	s->n_known = 0;
	return known_write(s, e);
}

/* From the journal on. */
static int carry_out(struct keeping *k, const struct layer *l, struct err *e)
{
	if (apply(k, e) < 0 || sync_all(k, e) < 0)
		return -1;
	fault("synced", "");
	if (learn(k, e) < 0)
		return -1;
	fault("learned", "");
	if (settle(k, l, e) < 0)
		return -1;
	fault("settled", "");
	if (journal_end(k->s, e) < 0)
		return -1;
	fault("ended", "");
	stage_remove(k->s, k->ops.in_tree);
	return 0;
}

/* ---- the order ---- */

static const struct layer_change *find_from(const struct layer_changes *c, const char *path)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (strcmp(c->item[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < c->n ? &c->item[low] : NULL;
}

/* Whether its place is wanted by something new: at its path, beneath it, or at a folder above it. */
static bool stands_in_the_way(struct arena *a, const struct layer_changes *c, const char *path)
{
	const struct layer_change *x = find_from(c, path), *end = c->item + c->n;
	char *up = arena_strdup(a, path), *slash;

	for (; x && x < end && !strcmp(x->path, path); x++)
		if (x->kind == LAYER_ADDED)
			return true;
	x = find_from(c, arena_printf(a, "%s/", path));
	if (x && path_starts(x->path, path) && x->kind == LAYER_ADDED)
		return true;
	while ((slash = strrchr(up, '/'))) {
		*slash = 0;
		for (x = find_from(c, up); x && x < end && !strcmp(x->path, up); x++)
			if (x->kind == LAYER_ADDED && x->type != LAYER_FOLDER)
				return true;
	}
	return false;
}

static int rank(const struct op *o, bool early)
{
	if (o->kind == LAYER_REMOVED)
		return (early ? 0 : 6) + (o->type == LAYER_FOLDER);
	if (o->kind == LAYER_MODE)
		return 5;
	return o->type == LAYER_FOLDER ? 2 : o->type == LAYER_FILE ? 3 : 4;
}

/* Removed folders from the deepest up, all else as listed. */
static int by_order(const void *x, const void *y)
{
	const struct op *a = x, *b = y;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	return a->kind == LAYER_REMOVED ? strcmp(b->path, a->path) : strcmp(a->path, b->path);
}

static void plan(struct keeping *k, const struct layer_changes *c)
{
	auto_arena scratch = { 0 };

	k->ops.op = arena_array(k->a, c->keeps, sizeof(*k->ops.op));
	for (size_t i = 0; i < c->n; i++) {
		struct layer_change *x = &c->item[i];
		struct op *o = &k->ops.op[k->ops.n];
		struct stat st;

		if (x->verdict != LAYER_KEEPS)
			continue;
		*o = (struct op){ .path = x->path, .kind = x->kind, .type = x->type, .mode = x->mode & (x->type == LAYER_FOLDER ? 05777 : 0777),
				  .change = x };
		/* A path that is listed twice has lost its old file by the time the new one comes. */
		if (x->kind != LAYER_ADDED && place_stat(k->s->tree, x->path, &st) == 0) {
			o->base_mode = st.st_mode;
			o->ino = (int64_t)st.st_ino;
			o->size = st.st_size;
			o->mtime = time_ns(&st.st_mtim);
		}
		o->order = (size_t)rank(o, x->kind == LAYER_REMOVED && stands_in_the_way(&scratch, c, x->path));
		k->ops.n++;
	}
	if (k->ops.n)
		qsort(k->ops.op, k->ops.n, sizeof(*k->ops.op), by_order);
}

static int stage_all(struct keeping *k, struct err *e)
{
	for (size_t i = 0; i < k->ops.n; i++) {
		struct op *o = &k->ops.op[i];
		char name[24];
		int r;

		if (o->kind == LAYER_REMOVED || o->kind == LAYER_MODE || o->type == LAYER_FOLDER)
			continue;
		r = stage_put(k->s, k->stage, i, o, e);
		if (r < 0)
			return -1;
		if (r > 0) {
			o->state = OP_LEFT;
			if (k->ops.all_or_nothing)
				return 0;
		}
		if (k->ops.n <= SYNC_EACH && o->type == LAYER_FILE) {
			auto_fd fd = place_open(k->stage, stage_name(name, i), O_RDONLY);

			if (fd >= 0 && fsync(fd) < 0)
				return err_sys(e, "sync %s", o->path);
		}
	}
	return (k->ops.n > SYNC_EACH ? syncfs(k->stage) : fsync(k->stage)) < 0 ? err_sys(e, "sync what is staged") : 0;
}

/* ---- the report ---- */

static void report_left(struct arena *a, const struct ops *ops, const struct layer_changes *c, struct layer_report *out)
{
	struct layer_changes left = { .item = arena_array(a, c->n, sizeof(*left.item)) };

	for (size_t i = 0; i < ops->n; i++) {
		struct layer_change *x = ops->op[i].change;

		out->kept += ops->op[i].state == OP_DONE;
		if (ops->op[i].state != OP_LEFT)
			continue;
		x->verdict = LAYER_CONFLICT;
		x->rule = "conflict";
		x->why = ops->op[i].why;
	}
	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].verdict != LAYER_KEEPS)
			left.item[left.n++] = c->item[i];
	changes_count(&left);
	out->left = left;
}

static void leave_all(struct layer_changes *c, const char *why)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->item[i].verdict != LAYER_KEEPS)
			continue;
		c->item[i].verdict = LAYER_CONFLICT;
		c->item[i].rule = "all-or-nothing";
		c->item[i].why = why;
	}
}

static int keep(struct arena *a, struct layer *l, const struct layer_rules *rules, struct layer_report *out, struct err *e)
{
	struct keeping k = { .a = a, .s = l->state, .stage = -1 };
	struct layer_changes c = { 0 };
	struct layer_report cut_off;
	int r;

	*out = (struct layer_report){ 0 };
	k.ops.all_or_nothing = rules && rules->all_or_nothing;
	if (keep_finish(a, l, &cut_off, e) < 0 || changes_list(a, l->state, rules, &c, e) < 0)
		return -1;
	if (k.ops.all_or_nothing && c.keeps < c.n) {
		leave_all(&c, "not all can be kept");
		report_left(a, &k.ops, &c, out);
		return 0;
	}
	plan(&k, &c);
	if (!k.ops.n) {
		report_left(a, &k.ops, &c, out);
		return settle(&k, l, e);
	}
	k.stage = stage_open(k.s, &k.ops, true, e);
	if (k.stage < 0)
		return -1;
	fault("begun", "");
	r = stage_all(&k, e);
	fault("staged", "");
	if (r == 0)
		r = journal_write(k.s, &k.ops, e);
	if (r < 0)
		stage_remove(k.s, k.ops.in_tree);
	fault("journal", "");
	if (r == 0)
		r = carry_out(&k, l, e);
	fs_close(&k.stage);
	if (r == 0)
		report_left(a, &k.ops, &c, out);
	return r;
}

int layer_keep(struct arena *a, struct layer *l, const struct layer_rules *rules, struct layer_report *out, struct err *e)
{
	auto_fd still = layer_still(l->state, e);

	return still < 0 || keep(a, l, rules, out, e) < 0 ? err_wrap(e, "keep") : 0;
}

/* ---- after a kill ---- */

/* What the stage says about a step: an old file there was taken out of the tree, a new one has not entered it. */
static int find_out(struct keeping *k, size_t i, struct err *e)
{
	struct op *o = &k->ops.op[i];
	const char *name, *x, *y;
	char staged[24];
	struct stat st;
	auto_fd at = -1;

	if (o->state == OP_LEFT || o->kind == LAYER_MODE || o->type == LAYER_FOLDER)
		return 0; /* the last two can be done twice */
	if (fstatat(k->stage, stage_name(staged, i), &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (o->kind != LAYER_REMOVED)
			o->state = OP_DONE;
		return 0;
	}
	if (o->kind != LAYER_REMOVED && !o->base_mode)
		return 0;
	if (o->kind != LAYER_REMOVED) {
		x = S_ISLNK(st.st_mode) ? place_link(k->a, k->stage, staged) : NULL;
		y = x ? place_link(k->a, k->s->upper, o->path) : NULL;
		if (x ? y && !strcmp(x, y) : same_bytes(k->stage, staged, k->s->upper, o->path))
			return 0;
	}
	o->state = OP_DONE;
	if (is_base(o, &st))
		return 0;
	at = place_parent(k->s->tree, o->path, &name);
	return put_back(k, o, staged, at, name, e);
}

int keep_finish(struct arena *a, struct layer *l, struct layer_report *out, struct err *e)
{
	struct keeping k = { .a = a, .s = l->state, .stage = -1 };
	int r = journal_read(a, l->state, &k.ops, e);

	*out = (struct layer_report){ 0 };
	if (r <= 0) {
		stage_remove(l->state, false);
		stage_remove(l->state, true);
		return r;
	}
	k.stage = stage_open(k.s, &k.ops, false, e);
	if (k.stage < 0)
		return -1;
	for (size_t i = 0; i < k.ops.n && r > 0; i++)
		if (find_out(&k, i, e) < 0)
			r = -1;
	if (r > 0 && carry_out(&k, l, e) < 0)
		r = -1;
	fs_close(&k.stage);
	if (r < 0)
		return -1;
	for (size_t i = 0; i < k.ops.n; i++)
		out->kept += k.ops.op[i].state == OP_DONE;
	return changes_list(a, l->state, NULL, &out->left, e) < 0 ? -1 : 1;
}
