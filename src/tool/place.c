/*
 * Paths of the model.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/place.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/rand.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 4000 };

static bool has_part(const char *name, const char *part)
{
	size_t n = strlen(part);

	for (const char *p = name; *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len == n && !strncasecmp(p, part, n)) /* a file system may fold case */
			return true;
		p += len;
	}
	return false;
}

bool place_is_protected(const struct toolbox *t, const char *name)
{
	if (has_part(name, ".git") || has_part(name, ".sealwright"))
		return true;
	for (int i = 0; t->protect && t->protect[i]; i++) {
		size_t n = strlen(t->protect[i]);

		while (n && t->protect[i][n - 1] == '/')
			n--;
		if (!strncmp(name, t->protect[i], n) && (!name[n] || name[n] == '/'))
			return true;
	}
	return false;
}

int place_name(struct arena *a, const struct toolbox *t, const char *path, char **out, struct err *e)
{
	size_t n = strlen(path), tree = strlen(t->tree);
	auto_buf name = buf_max(NAME_MAX_BYTES);

	if (!n)
		return err_set(e, ERR_INPUT, "the path is empty");
	if (n > NAME_MAX_BYTES)
		return err_set(e, ERR_INPUT, "the path is longer than %d bytes", NAME_MAX_BYTES);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f)
			return err_set(e, ERR_INPUT, "the path holds a control character");
	if (*path == '/') {
		if (strncmp(path, t->tree, tree) || (path[tree] && path[tree] != '/'))
			return err_set(e, ERR_DENIED, "%.200s is outside of the work tree %s; name files relative to it", path,
				       t->tree);
		path += tree;
	}
	for (const char *p = path + strspn(path, "/"); *p; p += strspn(p, "/")) {
		size_t len = strcspn(p, "/");

		if (len == 2 && p[0] == '.' && p[1] == '.')
			return err_set(e, ERR_DENIED, "%.200s holds \"..\"; name it from the top of the work tree", path);
		if (len != 1 || *p != '.') {
			if (name.n)
				buf_add_char(&name, '/');
			buf_add(&name, p, len);
		}
		p += len;
	}
	*out = arena_strdup(a, name.n ? buf_str(&name) : ".");
	return 0;
}

/* What the kernel made of a name: its place beneath the tree; -1 when it has none. */
static int resolved(struct arena *a, const struct toolbox *t, int fd, char **out, struct err *e)
{
	char link[40], real[4200];
	size_t n = strlen(t->real);
	ssize_t got;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	got = readlink(link, real, sizeof(real) - 1);
	if (got < 0)
		return err_sys(e, "read %s", link);
	real[got] = 0;
	if (strncmp(real, t->real, n) || (real[n] && real[n] != '/'))
		return err_set(e, ERR_DENIED, "it leads out of the work tree");
	*out = arena_strdup(a, real[n] ? real + n + 1 : ".");
	return 0;
}

static int open_spilled(const struct toolbox *t, const char *path, struct stat *st, struct err *e)
{
	const char *leaf = path + strlen(t->spill) + 1;
	auto_fd dir = -1, fd = -1;

	sandbox_act_end(); /* the spill folder is ours */
	dir = fs_open_dir(t->spill, e);
	if (dir < 0 || strchr(leaf, '/'))
		return dir < 0 ? -1 : err_set(e, ERR_DENIED, "%.200s is outside of the work tree", path);
	fd = fs_open_beneath(dir, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, e);
	if (fd < 0)
		return -1;
	if (fstat(fd, st) < 0)
		return err_sys(e, "stat %s", leaf);
	return take_fd(&fd);
}

int place_read(struct arena *a, const struct toolbox *t, const char *path, struct stat *st, struct err *e)
{
	auto_fd fd = -1;
	char *name, *real;

	if (t->spill && !strncmp(path, t->spill, strlen(t->spill)) && path[strlen(t->spill)] == '/')
		return open_spilled(t, path, st, e);
	if (place_name(a, t, path, &name, e) < 0)
		return -1;
	if (has_part(name, ".git"))
		return err_set(e, ERR_DENIED, "%.200s is git's own; ask git through the shell", name);
	fd = fs_open_beneath(t->dir, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, e); /* a fifo must not hold us */
	if (fd < 0)
		return -1;
	if (resolved(a, t, fd, &real, e) < 0)
		return err_wrap(e, "%s", name);
	if (has_part(real, ".git"))
		return err_set(e, ERR_DENIED, "%.200s is a link into .git", name);
	if (fstat(fd, st) < 0)
		return err_sys(e, "stat %s", name);
	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return err_set(e, ERR_INPUT, "%.200s is neither a file nor a folder (it is a %s)", name,
			       S_ISFIFO(st->st_mode) ? "fifo" : S_ISSOCK(st->st_mode) ? "socket" : "device");
	return take_fd(&fd);
}

void place_close(struct place *p)
{
	if (p->name)
		fs_close(&p->dir);
}

static int open_folder(struct arena *a, const struct toolbox *t, const char *name, const char *leaf, bool make,
		       struct err *e)
{
	struct err first = { 0 };
	auto_fd fd = fs_open_beneath(t->dir, name, O_RDONLY | O_DIRECTORY, &first);
	char *real;

	if (fd < 0 && first.code == ERR_NOT_FOUND && make) {
		if (fs_make_dirs_beneath(t->dir, name, e) < 0)
			return -1;
		fd = fs_open_beneath(t->dir, name, O_RDONLY | O_DIRECTORY, &first);
	}
	if (fd < 0)
		return err_set(e, first.code, "%s", first.text);
	if (resolved(a, t, fd, &real, e) < 0)
		return err_wrap(e, "%s", name);
	real = strcmp(real, ".") ? arena_printf(a, "%s/%s", real, leaf) : arena_strdup(a, leaf);
	if (place_is_protected(t, real)) /* asked of the place behind any links */
		return err_set(e, ERR_DENIED, "%.200s/%.200s leads to %.200s, which is protected: it can be read here, not changed",
			       name, leaf, real);
	return take_fd(&fd);
}

int place_for_writing(struct arena *a, const struct toolbox *t, const char *path, bool make, struct place *out,
		      struct err *e)
{
	char *name, *slash, *folder = NULL, link[400];
	auto_fd dir = -1;
	struct place p = { .dir = -1 };
	ssize_t n;

	if (place_name(a, t, path, &name, e) < 0)
		return -1;
	if (!strcmp(name, ".") || path[strlen(path) - 1] == '/')
		return err_set(e, ERR_INPUT, "%.200s is a folder; name a file", path);
	if (place_is_protected(t, name))
		return err_set(e, ERR_DENIED, "%.200s is protected: it can be read here, not changed", name);
	slash = strrchr(name, '/');
	if (slash)
		folder = arena_memdup(a, name, (size_t)(slash - name));
	p.leaf = slash ? slash + 1 : name;
	if (strlen(p.leaf) > 200)
		return err_set(e, ERR_INPUT, "the file's name is longer than 200 bytes");
	dir = open_folder(a, t, folder ? folder : ".", p.leaf, make, e);
	if (dir < 0)
		return -1;
	if (fstatat(dir, p.leaf, &p.st, AT_SYMLINK_NOFOLLOW) == 0) {
		p.exists = true;
		n = S_ISLNK(p.st.st_mode) ? readlinkat(dir, p.leaf, link, sizeof(link) - 1) : -1;
		if (n >= 0) {
			link[n] = 0;
			return err_set(e, ERR_DENIED, "%.200s is a link to %.200s; name the file itself", name, link);
		}
		if (S_ISDIR(p.st.st_mode))
			return err_set(e, ERR_INPUT, "%.200s is a folder; name a file", name);
		if (!S_ISREG(p.st.st_mode))
			return err_set(e, ERR_INPUT, "%.200s is not a regular file", name);
	} else if (errno != ENOENT) {
		return err_sys(e, "stat %s", name);
	}
	p.name = name;
	p.dir = take_fd(&dir);
	*out = p;
	return 0;
}

int place_write(const struct place *p, struct bytes text, struct err *e)
{
	char temp[48], id[13];
	auto_fd fd = -1;

	rand_id(id, 12);
	snprintf(temp, sizeof(temp), ".sealwright-%s.tmp", id);
	fd = openat(p->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "write %s", p->name);
	if (fs_write_all(fd, text, e) < 0) {
		unlinkat(p->dir, temp, 0);
		return err_wrap(e, "%s", p->name);
	}
	if (fchmod(fd, p->exists ? p->st.st_mode & 0777 : 0644) < 0 || fdatasync(fd) < 0 ||
	    renameat(p->dir, temp, p->dir, p->leaf) < 0 || fsync(p->dir) < 0) {
		err_sys(e, "write %s", p->name);
		unlinkat(p->dir, temp, 0);
		return -1;
	}
	return 0;
}

static int by_kind_and_name(const struct dirent **x, const struct dirent **y)
{
	int kx = (*x)->d_type == DT_DIR, ky = (*y)->d_type == DT_DIR;

	return kx != ky ? ky - kx : strcmp((*x)->d_name, (*y)->d_name);
}

static int worth_showing(const struct dirent *x)
{
	static const char *const dull[] = { "node_modules", "__pycache__", "venv", "target", "dist", "vendor" };

	if (x->d_name[0] == '.' && strcmp(x->d_name, ".github") && strcmp(x->d_name, ".gitignore"))
		return 0;
	for (size_t i = 0; i < sizeof(dull) / sizeof(*dull); i++)
		if (!strcmp(x->d_name, dull[i]))
			return 0;
	return 1;
}

/* A file's name may hold anything: a line break in it must not look like a line of ours. */
static void add_name(struct buf *out, const char *name)
{
	for (; *name; name++)
		buf_add_char(out, (unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name);
}

static void list_folder(int dir, const char *name, int depth, int level, int *left, struct buf *out)
{
	auto_fd fd = fs_open_beneath(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, NULL);
	struct dirent **all = NULL;
	char self[40];
	int n, fair = *left;

	if (fd < 0)
		return;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = scandir(self, &all, worth_showing, by_kind_and_name);
	for (int i = 0; i < n; i++) {
		bool folder = all[i]->d_type == DT_DIR;

		if (*left <= 0 || (level && i > fair / 2 + 2)) { /* no folder eats the whole listing */
			buf_printf(out, "%*s... %d more\n", level * 2, "", n - i);
			break;
		}
		buf_printf(out, "%*s", level * 2, "");
		add_name(out, all[i]->d_name);
		buf_add_str(out, folder ? "/\n" : "\n");
		--*left;
		if (folder && level + 1 < depth)
			list_folder(fd, all[i]->d_name, depth, level + 1, left, out);
	}
	for (int i = 0; i < n; i++)
		free(all[i]);
	free(all);
}

int place_list(int dir, int depth, int entries, struct buf *out)
{
	list_folder(dir, ".", depth, 0, &entries, out);
	return out->over ? -1 : 0;
}
