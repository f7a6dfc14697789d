/*
 * What the tests of layers share: a tree, a layer of it, and changes written into it as an overlay or a copy would hold them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_LAYERED_H
#define TESTS_LAYERED_H

#include "tap.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "work/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

static char base[64];
static const char *tree;
static struct arena a;
static bool copied; /* layers are copies in this round */
static int rounds;
static const char *elsewhere __attribute__((unused)); /* trees stand here; NULL: in base */

#define IN_TREE(name) arena_printf(&a, "%s/%s", tree, name)
/* Where the sandbox's write would land. */
#define IN_LAYER(l, name) arena_printf(&a, "%s/%s", (l)->source ? (l)->source : arena_printf(&a, "%s/upper", (l)->layer), name)

__attribute__((unused))
static inline void base_make(const char *name)
{
	snprintf(base, sizeof(base), "/tmp/%s.XXXXXX", name);
	if (!mkdtemp(base))
		exit(1);
	setenv("XDG_CACHE_HOME", arena_printf(&a, "%s/cache", base), 1);
}

/* Anew for each test. */
__attribute__((unused))
static inline void tree_make(void)
{
	tree = arena_printf(&a, "%s/tree%d", elsewhere ? elsewhere : base, rounds++);
	fs_make_dirs(tree, 0755, NULL);
}

__attribute__((unused))
static inline void put(const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	int fd;

	fs_make_dirs(arena_memdup(&a, path, (size_t)(slash - path)), 0755, NULL);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("# %s: %s\n", path, strerror(errno));
	close(fd);
}

__attribute__((unused))
static inline const char *text_of(const char *path)
{
	auto_buf b = buf_max(1 << 20);

	return fs_read_file(path, &b, NULL) < 0 ? "(none)" : arena_printf(&a, "%s", buf_str(&b));
}

/* The layer of the tree, in a folder of its own. */
__attribute__((unused))
static inline struct layer layer_of(const char *name)
{
	struct layer l = { 0 };
	struct err e = { 0 };

	if (layer_open(&a, arena_printf(&a, "%s/%s%d", base, name, rounds), tree, &(struct layer_how){ .copy = copied }, &l, &e) < 0)
		printf("# %s\n", e.text);
	return l;
}

/* In the layer the file is gone. */
__attribute__((unused))
static inline void gone(const struct layer *l, const char *name)
{
	const char *path = IN_LAYER(l, name), *slash = strrchr(path, '/');

	fs_remove_tree(path, NULL);
	if (l->source)
		return;
	fs_make_dirs(arena_memdup(&a, path, (size_t)(slash - path)), 0755, NULL);
	if (mknod(path, S_IFCHR, makedev(0, 0)) < 0)
		printf("# %s: %s\n", path, strerror(errno));
}

/* In the layer the folder was removed and made again. */
__attribute__((unused))
static inline void made_anew(const struct layer *l, const char *name)
{
	const char *path = IN_LAYER(l, name);

	fs_remove_tree(path, NULL);
	fs_make_dirs(path, 0755, NULL);
	if (!l->source && setxattr(path, "user.overlay.opaque", "y", 1, 0) < 0)
		printf("# %s: %s\n", path, strerror(errno));
}

__attribute__((unused))
static inline const struct layer_change *change_in(const struct layer_changes *c, const char *path, int kind)
{
	for (size_t i = 0; i < c->n; i++)
		if (!strcmp(c->item[i].path, path) && (kind < 0 || (int)c->item[i].kind == kind))
			return &c->item[i];
	return NULL;
}

__attribute__((unused))
static inline void changes_show(const struct layer_changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		printf("#   kind %d type %d verdict %d %s: %s (%s)\n", c->item[i].kind, c->item[i].type, c->item[i].verdict, c->item[i].path,
		       c->item[i].rule, c->item[i].why);
}

__attribute__((unused))
static inline struct layer_changes changes_of(struct layer *l, const struct layer_rules *r)
{
	struct layer_changes c = { 0 };
	struct err e = { 0 };

	if (layer_changes(&a, l, r, &c, &e) < 0)
		printf("# %s\n", e.text);
	return c;
}

__attribute__((unused))
static inline struct layer_report keep_of(struct layer *l, const struct layer_rules *r)
{
	struct layer_report out = { 0 };
	struct err e = { 0 };

	if (!ok(layer_keep(&a, l, r, &out, &e) == 0, "it is kept %s", e.text))
		return out;
	return out;
}

/* Whether overlays' marks can be set on this disk. */
__attribute__((unused))
static inline bool has_marks(void)
{
	const char *path = arena_printf(&a, "%s/marked", base);

	fs_make_dirs(path, 0755, NULL);
	return setxattr(path, "user.overlay.opaque", "y", 1, 0) == 0;
}

/* When we are root: this program once more as an ordinary user, its lines as a subtest. */
__attribute__((unused))
static inline void again_as_an_ordinary_user(void)
{
	char self[4096];
	const char *argv[] = { "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/nonexistent", self, NULL };
	struct proc p = { .argv = argv, .limit_ms = 120000 };
	struct proc_result r = { .status = -1, .output = "" };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (geteuid() != 0 || n < 0)
		return;
	self[n] = 0;
	if (proc_run(&a, &p, &r, NULL) < 0 || r.status == 126 || r.status == 127) {
		printf("# %s cannot be run as an ordinary user here\n", self);
		return;
	}
	for (char *line = strtok(r.output, "\n"); line; line = strtok(NULL, "\n"))
		printf("    %s\n", line);
	ok(r.status == 0, "all of it holds for an ordinary user");
}

/* A whole test: all() on an overlay, where there can be one, and on a copy; as root, then as an ordinary user. */
__attribute__((unused))
static inline int on_overlay_and_copy(const char *name, void (*all)(void))
{
	base_make(name);
	if (has_marks())
		all();
	else
		printf("# no overlay: /tmp takes no attributes of users\n");
	copied = true;
	all();
	again_as_an_ordinary_user();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}

#endif
