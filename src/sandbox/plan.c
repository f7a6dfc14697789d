/*
 * What a sandbox shall show, laid out by the supervisor before anything is cloned: which folders, which names are held, and
 * what is refused.
 *
 * The child that builds the view (view.c) makes system calls only, so every allocation and every decision is here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/err.h"
#include "base/fs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GIT_CONFIG_MAX = 1 << 20 };

/* Of the machine, read-only; absent ones are left out. Links (a merged /usr) are made again as links. */
static const char *const system_shown[] = {
	"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32",
	"etc/alternatives", "etc/ld.so.cache", "etc/ssl/certs", "etc/localtime", "etc/os-release", "etc/java-11-openjdk",
	"etc/java-17-openjdk", "etc/java-21-openjdk", "etc/maven/m2.conf", "etc/maven/logging", /* not its settings.xml */ NULL,
};

static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty", NULL };

bool path_is_beneath(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	while (n > 1 && folder[n - 1] == '/')
		n--;
	if (n == 1 && folder[0] == '/')
		return true;
	return !strncmp(path, folder, n) && (path[n] == '/' || !path[n]);
}

/* Without ".", ".." and doubled slashes; NULL when it has those dots or is not absolute. */
static char *path_tidy(struct arena *a, const char *path)
{
	char *out, *to;

	if (!path || path[0] != '/')
		return NULL;
	out = to = arena_alloc(a, strlen(path) + 2);
	for (const char *p = path; *p;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (!n)
			break;
		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return NULL;
		*to++ = '/';
		memcpy(to, p, n);
		to += n;
		p += n;
	}
	if (to == out)
		*to++ = '/';
	*to = 0;
	return out;
}

/* Folders that hold more than any command needs. */
static int too_wide(const char *path, struct err *e)
{
	static const char *const wide[] = { "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/proc", "/root",
					    "/run", "/sbin", "/sys", "/tmp", "/usr", "/var", NULL };
	const char *home = getenv("HOME");

	for (int i = 0; wide[i]; i++)
		if (!strcmp(path, wide[i]))
			return err_set(e, ERR_DENIED, "%s is too wide to be shown in the sandbox; use a folder beneath it",
				       path);
	if (path_is_beneath(path, "/proc") || path_is_beneath(path, "/sys") || path_is_beneath(path, "/dev"))
		return err_set(e, ERR_DENIED, "%s cannot be shown in the sandbox", path);
	if (home && home[0] == '/' && strlen(home) > 1 && path_is_beneath(home, path) && path_is_beneath(path, home))
		return err_set(e, ERR_DENIED, "%s is the home folder, with its keys and history; use a folder beneath it", path);
	return 0;
}

static void show(struct view *v, const char *src, const char *at, int flags)
{
	v->shows[v->n_shows++] = (struct view_show){ src, at, flags, -1 };
}

static void pin(struct arena *a, struct view *v, const char *at, enum pin_kind kind)
{
	struct view_pin *grown;

	for (int i = 0; i < v->n_pins; i++)
		if (!strcmp(v->pins[i].at, at)) {
			if (kind != PIN_HOLD)
				v->pins[i].kind = kind;
			return;
		}
	if (v->n_pins % 16 == 0) {
		grown = arena_array(a, (size_t)v->n_pins + 16, sizeof(*grown));
		if (v->n_pins)
			memcpy(grown, v->pins, (size_t)v->n_pins * sizeof(*grown));
		v->pins = grown;
	}
	v->pins[v->n_pins++] = (struct view_pin){ .at = at, .kind = kind };
}

/* name beneath folder: every folder on the way is held, the last is of the kind. */
static void pin_path(struct arena *a, struct view *v, const char *folder, const char *name, enum pin_kind kind)
{
	for (const char *p = name; (p = strchr(p, '/')); p++)
		pin(a, v, arena_printf(a, "%s/%.*s", folder + 1, (int)(p - name), name), PIN_HOLD);
	pin(a, v, arena_printf(a, "%s/%s", folder + 1, name), kind);
}

/* Shallow ones first, so that a mount never covers one that was made before it. */
static int by_depth(const void *x, const void *y)
{
	size_t a = strlen(((const struct view_pin *)x)->at), b = strlen(((const struct view_pin *)y)->at);

	return a < b ? -1 : a > b;
}

static int show_by_depth(const void *x, const void *y)
{
	size_t a = strlen(((const struct view_show *)x)->at), b = strlen(((const struct view_show *)y)->at);

	return a < b ? -1 : a > b;
}

static int plan_folder(struct arena *a, struct view *v, const char *tree, const char *path, int flags, struct err *e)
{
	char *tidy = path_tidy(a, path);

	if (!tidy)
		return err_set(e, ERR_USAGE, "sandbox: %s must be an absolute path without . and ..", path);
	if (too_wide(tidy, e) < 0)
		return -1;
	if (tree && strcmp(tree, tidy) && path_is_beneath(tidy, tree)) {
		pin_path(a, v, tree, tidy + strlen(tree) + 1, flags & SHOW_WRITE ? PIN_HOLD : PIN_READ);
		return 0;
	}
	if (access(tidy, F_OK) < 0)
		return err_sys(e, "sandbox: show %s", tidy);
	show(v, tidy, tidy + 1, flags);
	return 0;
}

/* The home folder, and our own state, when they stand within the tree: nothing of them shows. */
static void plan_hidden(struct arena *a, struct view *v, const char *tree)
{
	static const char *const names[] = { "HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME",
					     "XDG_RUNTIME_DIR", NULL };

	for (int i = 0; names[i]; i++) {
		char *path = path_tidy(a, getenv(names[i]));

		if (path && strcmp(path, tree) && path_is_beneath(path, tree) &&
		    (i == 0 || !getenv("HOME") || !path_is_beneath(path, getenv("HOME"))))
			pin_path(a, v, tree, path + strlen(tree) + 1, PIN_HIDE);
	}
}

static int plan_protected(struct arena *a, struct view *v, const char *tree, const char *const *names, struct err *e)
{
	for (int i = 0; names && names[i]; i++) {
		char *tidy = names[i][0] && names[i][0] != '/' ? path_tidy(a, arena_printf(a, "/%s", names[i])) : NULL;

		if (!tidy || !tidy[1])
			return err_set(e, ERR_USAGE, "sandbox: protected name %s must stand beneath the work tree", names[i]);
		pin_path(a, v, tree, tidy + 1, PIN_READ);
	}
	return 0;
}

struct configs {
	struct arena *a;
	struct view *v;
	const char *tree;
};

static void plan_clean_config(void *arg, const char *name, struct bytes clean)
{
	struct configs *c = arg;
	const char *at = arena_printf(c->a, "%s/.git/%s", c->tree + 1, name);

	pin(c->a, c->v, at, PIN_TEXT);
	for (int i = 0; i < c->v->n_pins; i++)
		if (!strcmp(c->v->pins[i].at, at))
			c->v->pins[i].text = (struct bytes){ arena_memdup(c->a, clean.p, clean.n), clean.n };
}

/* Of submodules and worktrees. Where there are too many to look through, none is shown. */
static void plan_further_configs(struct arena *a, struct view *v, const char *tree, int git)
{
	auto_fd dir = openat(git, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0 && !gitconfig_find(dir, plan_clean_config, &(struct configs){ a, v, tree })) {
		pin(a, v, arena_printf(a, "%s/.git/modules", tree + 1), PIN_HIDE);
		pin(a, v, arena_printf(a, "%s/.git/worktrees", tree + 1), PIN_HIDE);
	}
}

/* Read from outside without following a link; absent, or no regular file: nothing stands in. */
static void plan_git_config(struct arena *a, struct view *v, const char *tree)
{
	auto_buf text = buf_max(GIT_CONFIG_MAX), clean = buf_max(GIT_CONFIG_MAX);
	auto_fd dir = fs_open_dir(tree, NULL);
	auto_fd git = dir < 0 ? -1 : openat(dir, ".git", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	auto_fd fd = git < 0 ? -1 : openat(git, "config", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (git >= 0)
		plan_further_configs(a, v, tree, git);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (fs_read_all(fd, &text, NULL) == 0) /* one that is too large is shown empty */
		gitconfig_scrub(buf_bytes(&text), &clean);
	buf_add_char(&clean, '\n');
	v->git_config = (struct bytes){ arena_memdup(a, buf_str(&clean), clean.n), clean.n };
	pin(a, v, arena_printf(a, "%s/.git/config", tree + 1), PIN_CONFIG);
}

/* The private git directory and what it borrows. The objects are not looked for through a .git that is a file: code inside
 * may have written it in a sandbox without a layer. */
static int plan_git(struct arena *a, struct view *v, const struct sandbox *s, const char *tree, struct err *e)
{
	const char *objects = s->git_objects ? s->git_objects : arena_printf(a, "%s/.git/objects", tree);
	struct stat st;
	bool is_file;

	if (!s->layer && !s->tree_source && !s->tree_of)
		return err_set(e, ERR_USAGE, "sandbox: a git directory of its own goes with a layer only");
	if (lstat(arena_printf(a, "%s/.git", s->tree_source ? s->tree_source : tree), &st) < 0)
		return err_sys(e, "sandbox: %s/.git, for which %s is to stand in", tree, s->git_dir);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return err_set(e, ERR_DENIED, "sandbox: %s/.git is neither a folder nor a file", tree);
	if (s->git_dir[0] != '/' || !path_tidy(a, s->git_dir) || !path_tidy(a, objects))
		return err_set(e, ERR_USAGE, "sandbox: %s must be an absolute path without . and ..", s->git_dir);
	show(v, path_tidy(a, s->git_dir), VIEW_GIT, SHOW_WRITE);
	is_file = S_ISREG(st.st_mode);
	pin(a, v, arena_printf(a, "%s/.git", tree + 1), is_file ? PIN_GIT_FILE : PIN_GIT);
	if (lstat(objects, &st) < 0 || !S_ISDIR(st.st_mode))
		return s->git_objects ? err_set(e, ERR_NOT_FOUND, "sandbox: no folder of objects at %s", objects) : 0;
	show(v, path_tidy(a, objects), VIEW_GIT_OBJECTS, 0);
	pin(a, v, is_file ? VIEW_GIT "/objects/info/alternates" : arena_printf(a, "%s/.git/objects/info/alternates", tree + 1),
	    PIN_BORROWED);
	return 0;
}

static int plan_layer(struct arena *a, struct view *v, const struct sandbox *s, const char *tree, struct err *e)
{
	char *layer = s->layer ? path_tidy(a, s->layer) : NULL;

	v->layer_fd = v->layer_lock = -1;
	if (s->tree_of && (s->layer || s->tree_source))
		return err_set(e, ERR_USAGE, "sandbox: another sandbox's tree has its layer already");
	if (!s->layer)
		return 0;
	if (!layer)
		return err_set(e, ERR_USAGE, "sandbox: the layer must be an absolute path without . and .., not %s", s->layer);
	if (path_is_beneath(layer, tree) || path_is_beneath(tree, layer))
		return err_set(e, ERR_USAGE, "sandbox: the layer %s and the tree %s must not stand within one another", layer, tree);
	if (!fs_is_dir(arena_printf(a, "%s/upper", layer)) || !fs_is_dir(arena_printf(a, "%s/work", layer)))
		return err_set(e, ERR_NOT_FOUND, "sandbox: no layer at %s: it has no folders upper and work", layer);
	v->layer = v->locked = layer;
	return 0;
}

/* The tree's own path was judged already: what is shown there is a copy. */
static int plan_source(struct arena *a, struct view *v, const struct sandbox *s, const char *tree, struct err *e)
{
	char *source = path_tidy(a, s->tree_source);

	if (!source || s->layer)
		return err_set(e, ERR_USAGE, "sandbox: the copy of the tree must be an absolute path without . and .., and goes without a "
			       "layer, not %s", s->tree_source);
	if (path_is_beneath(source, tree) || path_is_beneath(tree, source))
		return err_set(e, ERR_USAGE, "sandbox: the copy %s and the tree %s must not stand within one another", source, tree);
	if (!fs_is_dir(source))
		return err_set(e, ERR_NOT_FOUND, "sandbox: no copy of the tree at %s", source);
	for (int i = 0; i < v->n_shows; i++)
		if (!strcmp(v->shows[i].at, tree + 1))
			v->shows[i].src = source;
	v->locked = source;
	return 0;
}

int view_plan(struct arena *a, const struct sandbox *s, struct view *out, struct err *e)
{
	static const char *const git[] = { ".git", NULL };
	struct view v = { .scratch_max = sandbox_disk(s) };
	const char **writable;
	size_t n = 1, base, n_write = 0;
	char *tree;

	view_read_copies();
	for (size_t i = 0; s->read && s->read[i]; i++)
		n++;
	for (; s->write && s->write[n_write]; n_write++)
		n++;
	v.shows = arena_array(a, n + 64, sizeof(*v.shows));
	for (int i = 0; system_shown[i]; i++)
		show(&v, arena_printf(a, "/%s", system_shown[i]), system_shown[i], SHOW_MAY_LACK);
	for (int i = 0; devices[i]; i++)
		show(&v, arena_printf(a, "/dev/%s", devices[i]), arena_printf(a, "dev/%s", devices[i]),
		     SHOW_DEVICE | SHOW_MAY_LACK);
	base = (size_t)v.n_shows;
	if (!s->tree || !(tree = path_tidy(a, s->tree)))
		return err_set(e, ERR_USAGE, "sandbox: the work tree must be an absolute path without . and .., not %s",
			       s->tree ? s->tree : "none");
	if (plan_layer(a, &v, s, tree, e) < 0 ||
	    plan_folder(a, &v, NULL, tree, (s->tree_readonly ? 0 : SHOW_WRITE) | (s->layer ? SHOW_LAYERED : 0) |
						   (s->tree_of ? SHOW_LENT : 0), e) < 0 ||
	    (s->tree_source && plan_source(a, &v, s, tree, e) < 0))
		return -1;
	for (size_t i = 0; s->read && s->read[i]; i++)
		if (plan_folder(a, &v, tree, s->read[i], 0, e) < 0)
			return -1;
	writable = arena_array(a, n_write + 3, sizeof(*writable));
	for (size_t i = 0; i < n_write; i++) {
		if (plan_folder(a, &v, tree, s->write[i], SHOW_WRITE, e) < 0)
			return -1;
		writable[i] = s->write[i];
	}
	if (!s->tree_readonly)
		writable[n_write++] = tree;
	if (s->git_dir)
		writable[n_write++] = "/" VIEW_GIT;
	v.writable = writable;
	plan_hidden(a, &v, tree);
	if (!s->tree_readonly && (plan_protected(a, &v, tree, s->protect, e) < 0 ||
				  (!s->git_dir && plan_protected(a, &v, tree, git, e) < 0)))
		return -1;
	if (s->git_dir && plan_git(a, &v, s, tree, e) < 0)
		return -1;
	if (!s->git_dir)
		plan_git_config(a, &v, tree);
	qsort(v.shows + base, (size_t)v.n_shows - base, sizeof(*v.shows), show_by_depth);
	if (v.n_pins)
		qsort(v.pins, (size_t)v.n_pins, sizeof(*v.pins), by_depth);
	*out = v;
	return 0;
}
