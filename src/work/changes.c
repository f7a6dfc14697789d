/*
 * What differs between a layer and its tree.
 *
 * An overlay's upper holds little but the changes, so the walk goes over it alone; a copied tree is held against what was noted
 * when it was copied, never against the tree as it is now, since a person's own edit there would look like a change here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"

#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct walk {
	struct arena *a;
	struct layer_state *s;
	const struct layer_rules *r;
	struct layer_changes *out;
	size_t room, max;
	bool git_is_placed; /* a copy holds a folder upon which the private git directory was shown */
	struct err *e;
	size_t bytes; /* of paths */
};

static enum layer_type type_of(mode_t m)
{
	return S_ISREG(m) ? LAYER_FILE : S_ISDIR(m) ? LAYER_FOLDER : S_ISLNK(m) ? LAYER_LINK : LAYER_OTHER;
}

static mode_t bits(mode_t m)
{
	return m & (S_ISDIR(m) ? 05777 : 07777);
}

static struct layer_change *add(struct walk *w, const char *path, enum layer_kind kind, const struct stat *st)
{
	struct layer_changes *o = w->out;
	struct layer_change *c;

	w->bytes += strlen(path);
	if (w->bytes > LAYER_PATHS_MAX) {
		err_set(w->e, ERR_LIMIT, "the paths of changed files are longer than %d MiB; drop the layer", LAYER_PATHS_MAX >> 20);
		return NULL;
	}
	if (o->n == w->max) {
		err_set(w->e, ERR_LIMIT, "more than %zu files were changed; drop the layer, or raise the limit", w->max);
		return NULL;
	}
	if (o->n == w->room) {
		struct layer_change *more = arena_array(w->a, w->room * 2 + 64, sizeof(*more));

		if (o->n)
			memcpy(more, o->item, o->n * sizeof(*more));
		o->item = more;
		w->room = w->room * 2 + 64;
	}
	c = &o->item[o->n++];
	*c = (struct layer_change){ .path = path, .kind = kind, .type = type_of(st->st_mode), .mode = bits(st->st_mode),
				    .size = S_ISREG(st->st_mode) ? st->st_size : 0, .rule = "", .why = "" };
	if (c->type == LAYER_LINK && kind != LAYER_REMOVED)
		c->target = place_link(w->a, w->s->upper, path);
	rules_judge(w->a, w->s, w->r, c);
	return c;
}

static void conflict(struct layer_change *c, const char *why)
{
	if (c->verdict == LAYER_REFUSED)
		return;
	c->verdict = LAYER_CONFLICT;
	c->rule = "conflict";
	c->why = why;
}

/* One that replaces, changes or removes what the tree has (now; NULL: nothing there). */
static int add_over(struct walk *w, const char *path, enum layer_kind kind, const struct stat *st, const struct stat *now)
{
	struct layer_change *c = add(w, path, kind, st);

	if (!c)
		return -1;
	if (now ? !layer_base_holds(w->s, path, now) : kind != LAYER_ADDED)
		conflict(c, now ? "the tree's own was changed or made since the layer was opened" : "it was removed from the tree since the "
			 "layer was opened");
	return 0;
}

static DIR *folder_open(int dir)
{
	int copy = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d)
		fs_close(&copy);
	return d;
}

static const struct dirent *next_entry(DIR *d)
{
	const struct dirent *x;

	do
		x = readdir(d);
	while (x && (!strcmp(x->d_name, ".") || !strcmp(x->d_name, "..")));
	return x;
}

/* All that the tree has at path is gone in the layer. */
static int add_removed(struct walk *w, int low, const char *name, const char *path, int depth)
{
	struct stat st;
	struct known *k = known_find(w->s, path);
	auto_fd sub = -1;
	DIR *d;
	const struct dirent *x;
	int r = 0;

	if (k)
		k->seen = true;
	if (rules_skip(w->r, path) || fstatat(low, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	if (!S_ISDIR(st.st_mode))
		return add_over(w, path, LAYER_REMOVED, &st, &st);
	if (depth > LAYER_DEPTH_MAX)
		return err_set(w->e, ERR_LIMIT, "%.200s...: folders stand in one another more than %d deep", path, LAYER_DEPTH_MAX);
	sub = place_open(low, name, O_RDONLY | O_DIRECTORY);
	d = folder_open(sub);
	while (d && r == 0 && (x = next_entry(d)))
		r = add_removed(w, sub, x->d_name, path_join(w->a, path, x->d_name), depth + 1);
	if (d)
		closedir(d);
	return r < 0 || !add(w, path, LAYER_REMOVED, &st) ? -1 : 0;
}

/* Those of the tree's entries that the layer's folder, which hides them, does not have. */
static int add_hidden(struct walk *w, int up, int low, const char *path, int depth)
{
	DIR *d = folder_open(low);
	const struct dirent *x;
	struct stat st;
	int r = 0;

	while (d && r == 0 && (x = next_entry(d)))
		if (fstatat(up, x->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = add_removed(w, low, x->d_name, path_join(w->a, path, x->d_name), depth + 1);
	if (d)
		closedir(d);
	return r;
}

/* ---- files and links ---- */

static bool is_same(struct walk *w, int up, int low, const char *name, const struct stat *s, const struct stat *t)
{
	const char *x, *y;

	if ((s->st_mode & S_IFMT) != (t->st_mode & S_IFMT))
		return false;
	if (S_ISREG(s->st_mode))
		return s->st_size == t->st_size && same_bytes(up, name, low, name);
	if (!S_ISLNK(s->st_mode))
		return false;
	x = place_link(w->a, up, name);
	y = place_link(w->a, low, name);
	return x && y && !strcmp(x, y);
}

static int walk_file(struct walk *w, int up, int low, const char *name, const char *path, const struct stat *s)
{
	struct stat t;
	bool is = low >= 0 && fstatat(low, name, &t, AT_SYMLINK_NOFOLLOW) == 0;
	struct known *k = w->s->copied ? known_find(w->s, path) : NULL;

	if (k)
		k->seen = true;
	if (k && k->copy_ino == (int64_t)s->st_ino && k->copy_ctime == time_ns(&s->st_ctim))
		return 0;
	if (!is && !w->s->copied && S_ISREG(s->st_mode) && upper_has_mark(up, name, "origin"))
		return add_over(w, path, LAYER_CHANGED, s, NULL);
	if (!is)
		return add_over(w, path, k ? LAYER_CHANGED : LAYER_ADDED, s, NULL);
	if (S_ISDIR(t.st_mode))
		return add_removed(w, low, name, path, 0) < 0 || !add(w, path, LAYER_ADDED, s) ? -1 : 0;
	if (!is_same(w, up, low, name, s, &t))
		return add_over(w, path, LAYER_CHANGED, s, &t);
	return S_ISLNK(s->st_mode) || bits(s->st_mode) == bits(t.st_mode) ? 0 : add_over(w, path, LAYER_MODE, s, &t);
}

/* ---- folders ---- */

static int walk_folder(struct walk *w, int up, int low, const char *path, bool hides, int depth);

/* A folder of the layer, with what the tree has there (t, or NULL). */
static int walk_sub(struct walk *w, int up, int low, const char *name, const char *path, const struct stat *s, bool hides, int depth)
{
	struct known *k = w->s->copied ? known_find(w->s, path) : NULL;
	auto_fd in_up = -1, in_low = -1;
	struct layer_change *c;
	struct stat t;
	bool is = low >= 0 && fstatat(low, name, &t, AT_SYMLINK_NOFOLLOW) == 0;
	size_t before = w->out->n;

	if (k)
		k->seen = true;
	if (is && !S_ISDIR(t.st_mode) && add_over(w, path, LAYER_REMOVED, &t, &t) < 0)
		return -1;
	c = add(w, path, is && S_ISDIR(t.st_mode) ? LAYER_MODE : LAYER_ADDED, s);
	if (!c || c->verdict == LAYER_REFUSED) /* what is in it would be refused, too, or cannot be read */
		return c ? 0 : -1;
	if (is && S_ISDIR(t.st_mode) && bits(k ? k->mode : t.st_mode) == bits(s->st_mode))
		w->out->n = before;
	else if (is && S_ISDIR(t.st_mode) && k && bits(k->mode) != bits(t.st_mode))
		conflict(c, "the tree's own was changed since the layer was opened");
	in_up = place_open(up, name, O_RDONLY | O_DIRECTORY);
	if (in_up < 0 && (errno == EMFILE || errno == ENFILE))
		return err_sys(w->e, "look into %.200s in the layer", path);
	if (is && S_ISDIR(t.st_mode))
		in_low = place_open(low, name, O_RDONLY | O_DIRECTORY);
	if (in_up < 0 || depth >= LAYER_DEPTH_MAX) {
		c = w->out->n > before ? c : add(w, path, LAYER_ADDED, s);
		if (c) {
			c->verdict = LAYER_REFUSED;
			c->rule = in_up < 0 ? "unreadable" : "depth";
			c->why = in_up < 0 ? "the folder cannot be read" : "folders stand in one another too deep";
		}
		return c ? 0 : -1;
	}
	before = w->out->n;
	if (walk_folder(w, in_up, in_low, path, hides, depth + 1) < 0)
		return -1;
	/* A new folder shows by what is in it; it is listed only when it is empty. */
	if (!is && w->out->n > before) {
		memmove(&w->out->item[before - 1], &w->out->item[before], (w->out->n - before) * sizeof(*w->out->item));
		w->out->n--;
	}
	return 0;
}

static int walk_entry(struct walk *w, int up, int low, const char *name, const char *path, bool hides, int depth)
{
	struct stat s;

	if (fstatat(up, name, &s, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(w->e, "look at %s in the layer", path);
	if (!w->s->copied && upper_is_whiteout(up, name, &s))
		return low < 0 ? 0 : add_removed(w, low, name, path, depth);
	if (!w->s->copied && (upper_has_mark(up, name, "redirect") || upper_has_mark(up, name, "metacopy")))
		return err_set(w->e, ERR_DAMAGED, "%s in the layer is marked in a way that sealwright's overlays never are", path);
	if (S_ISDIR(s.st_mode))
		return walk_sub(w, up, low, name, path, &s, hides, depth);
	return walk_file(w, up, low, name, path, &s);
}

static int walk_folder(struct walk *w, int up, int low, const char *path, bool hides, int depth)
{
	DIR *d = folder_open(up);
	const struct dirent *x;
	int r = 0;

	if (!d)
		return err_sys(w->e, "look into %s in the layer", *path ? path : "the top");
	hides = hides || (!w->s->copied && upper_is_opaque(up));
	while (r == 0 && (x = next_entry(d))) {
		const char *sub = path_join(w->a, path, x->d_name);

		if (strlen(sub) >= LAYER_PATH_MAX)
			r = err_set(w->e, ERR_LIMIT, "%.200s...: the path is too long", sub);
		else if (!rules_skip(w->r, sub) && !(w->git_is_placed && !strcmp(sub, ".git")))
			r = walk_entry(w, up, low, x->d_name, sub, hides, depth);
	}
	closedir(d);
	return r < 0 || !hides ? r : add_hidden(w, up, low, path, depth);
}

/* Of a copy: what was in it and is there no longer. */
static int walk_missing(struct walk *w)
{
	for (size_t i = w->s->n_known; i-- > 0;) {
		struct known *k = &w->s->known[i];
		struct stat st;

		if (k->seen || rules_skip(w->r, k->path) || place_stat(w->s->upper, k->path, &st) == 0)
			continue;
		if (place_stat(w->s->tree, k->path, &st) < 0 || (S_ISDIR(k->mode) && !S_ISDIR(st.st_mode)))
			continue;
		if (S_ISDIR(k->mode) ? !add(w, k->path, LAYER_REMOVED, &st) : add_over(w, k->path, LAYER_REMOVED, &st, &st) < 0)
			return -1;
	}
	return 0;
}

/* Of two at one path, what removes stands first. */
static int by_path(const void *x, const void *y)
{
	const struct layer_change *a = x, *b = y;
	int r = strcmp(a->path, b->path);

	return r ? r : (b->kind == LAYER_REMOVED) - (a->kind == LAYER_REMOVED);
}

void changes_count(struct layer_changes *c)
{
	c->keeps = c->asks = c->refused = c->conflicts = 0;
	for (size_t i = 0; i < c->n; i++) {
		c->keeps += c->item[i].verdict == LAYER_KEEPS;
		c->asks += c->item[i].verdict == LAYER_ASKS;
		c->refused += c->item[i].verdict == LAYER_REFUSED;
		c->conflicts += c->item[i].verdict == LAYER_CONFLICT;
	}
}

/* A folder cannot go while something in it stays. */
static void hold_folders(struct arena *a, struct layer_changes *c)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct layer_change *x = &c->item[i];
		char *up = arena_strdup(a, x->path), *slash;

		if (x->kind != LAYER_REMOVED || x->verdict == LAYER_KEEPS)
			continue;
		while ((slash = strrchr(up, '/'))) {
			const struct layer_change key = { .path = up, .kind = LAYER_REMOVED };
			struct layer_change *folder;

			*slash = 0;
			folder = bsearch(&key, c->item, c->n, sizeof(key), by_path);
			if (!folder || folder->verdict != LAYER_KEEPS)
				continue;
			folder->verdict = x->verdict;
			folder->rule = x->rule;
			folder->why = "it is not empty as long as what is in it stays";
		}
	}
}

int changes_list(struct arena *a, struct layer_state *s, const struct layer_rules *rules, struct layer_changes *out, struct err *e)
{
	struct layer_changes list = { 0 };
	struct walk w = { a, s, rules, &list, 0, rules && rules->max_changes ? rules->max_changes : LAYER_CHANGES,
			  s->copied && faccessat(s->tree, ".git", F_OK, AT_SYMLINK_NOFOLLOW) == 0, e, 0 };
	auto_fd low = place_open(s->tree, "", O_RDONLY | O_DIRECTORY);

	if (low < 0)
		return err_sys(e, "open the tree");
	rules_aliases(s);
	for (size_t i = 0; i < s->n_known; i++)
		s->known[i].seen = false;
	if (walk_folder(&w, s->upper, low, "", false, 0) < 0 || (s->copied && walk_missing(&w) < 0))
		return -1;
	if (list.n)
		qsort(list.item, list.n, sizeof(*list.item), by_path);
	hold_folders(a, &list);
	changes_count(&list);
	*out = list;
	return 0;
}

int layer_changes(struct arena *a, struct layer *l, const struct layer_rules *rules, struct layer_changes *out, struct err *e)
{
	auto_fd still = layer_still(l->state, e);

	if (still < 0 || changes_list(a, l->state, rules, out, e) < 0)
		return err_wrap(e, "layer of %s", l->tree);
	return 0;
}
