/*
 * The private git directory: what git inside a sandbox commits to, made from the tree's repository without running git.
 *
 * Files are copied as bytes, and nothing is taken over that names a program: no hooks, no filters, no remotes, no
 * credentials. The objects are borrowed read-only. So whatever is done to it inside, the real repository stays as it is, and
 * nothing outside ever runs git in here (drafts.c).
 * A .git that is a file (worktree, submodule) is believed only where the folder that it names leads back to the tree. A
 * worktree's must lie in the repository that it shares, too: anyone can make a folder that names a repository of others.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"
#include "work/refs.h"

#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SMALL_MAX = 64 << 10, INFO_MAX = 1 << 20, CONFIG_MAX = 1 << 20 };

static int write_file(struct arena *a, const char *dir, const char *name, struct bytes text, struct err *e)
{
	const char *path = arena_printf(a, "%s/%s", dir, name);
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "make %s", path);
	return fs_write_all(fd, text, e) < 0 ? err_wrap(e, "%s", path) : 0;
}

/* A regular file's bytes; absent: 0 with *was false. */
static int copy_file(struct arena *a, const char *from, const char *name, const char *to, bool *was, struct err *e)
{
	auto_fd in = open(arena_printf(a, "%s/%s", from, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), out = -1;
	struct stat st;

	if (was)
		*was = in >= 0;
	if (in < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(e, "open %s/%s", from, name);
	if (fstat(in, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "%s/%s is no regular file", from, name);
	out = open(arena_printf(a, "%s/%s", to, name), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (out < 0 || copy_bytes(in, out) < 0)
		return err_sys(e, "copy %s/%s", from, name);
	return 0;
}

static int copy_index(struct arena *a, const char *git, const char *to, struct err *e)
{
	DIR *d = opendir(git);
	const struct dirent *x;
	int r = copy_file(a, git, "index", to, NULL, e);

	if (!d)
		return r;
	while (r == 0 && (x = readdir(d)))
		if (!strncmp(x->d_name, "sharedindex.", 12)) /* of a split index */
			r = copy_file(a, git, x->d_name, to, NULL, e);
	closedir(d);
	return r;
}

/* refs/ and packed-refs; what a worktree has of its own there is left out. */
int refs_copy(struct arena *a, const char *common, const char *to, struct err *e)
{
	const char *refs = arena_printf(a, "%s/refs", to);
	struct refs list = { 0 };

	if (fs_make_dirs(arena_printf(a, "%s/heads", refs), 0755, e) < 0 || fs_make_dirs(arena_printf(a, "%s/tags", refs), 0755, e) < 0 ||
	    copy_file(a, common, "packed-refs", to, NULL, e) < 0 || refs_loose(a, common, &list, e) < 0)
		return -1;
	for (size_t i = 0; i < list.n; i++) {
		const char *path = arena_printf(a, "%s/%s", to, list.ref[i].name);
		const char *folder = arena_memdup(a, path, (size_t)(strrchr(path, '/') - path));

		if (fs_make_dirs(folder, 0755, e) < 0 ||
		    write_file(a, to, list.ref[i].name, bytes_of(arena_printf(a, "%s\n", list.ref[i].id)), e) < 0)
			return -1;
	}
	return 0;
}

/* ---- finding it ---- */

struct repository {
	const char *git, *common; /* of a worktree, its own and the shared one */
	struct bytes config;
};

static const char *first_line(struct arena *a, const char *path)
{
	auto_buf text = buf_max(LAYER_PATH_MAX);

	if (fs_read_file(path, &text, NULL) < 0)
		return NULL;
	return arena_memdup(a, buf_str(&text), strcspn(buf_str(&text), "\r\n"));
}

/* "" when there is none; NULL when git would read it otherwise than we: it takes all of the file for one path. */
static const char *commondir(struct arena *a, const char *git)
{
	const char *path = arena_printf(a, "%s/commondir", git);
	auto_buf text = buf_max(LAYER_PATH_MAX);
	struct stat st;
	size_t n;

	if (lstat(path, &st) < 0)
		return "";
	if (!S_ISREG(st.st_mode) || fs_read_file(path, &text, NULL) < 0)
		return NULL;
	n = strcspn(buf_str(&text), "\r\n");
	return n && n + strspn(buf_str(&text) + n, "\r\n") == text.n ? arena_memdup(a, buf_str(&text), n) : NULL;
}

static const char *real_path(struct arena *a, const char *folder, const char *path)
{
	char real[PATH_MAX];

	return realpath(*path == '/' ? path : arena_printf(a, "%s/%s", folder, path), real) ? arena_strdup(a, real) : NULL;
}

static bool is_same_file(const char *x, const char *y)
{
	struct stat s, t;

	return x && y && lstat(x, &s) == 0 && lstat(y, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

/* Why not, or NULL with *out filled. */
static const char *find_through_file(struct arena *a, const char *tree, const char *dot, struct repository *out)
{
	const char *line = first_line(a, dot), *back, *common;
	struct stat st, t;

	if (!line || strncmp(line, "gitdir: ", 8) || !(out->git = real_path(a, tree, line + 8)))
		return "its .git is a file that names no folder; run: git worktree repair";
	if (stat(out->git, &st) < 0 || stat(tree, &t) < 0 || st.st_uid != t.st_uid)
		return "its .git is a file that names a folder of somebody else";
	common = commondir(a, out->git);
	if (!common)
		return "its .git is a file that names a folder whose commondir is not one path";
	if (*common) { /* a worktree */
		back = first_line(a, arena_printf(a, "%s/gitdir", out->git));
		if (!back || !is_same_file(real_path(a, out->git, back), dot))
			return "its .git is a file, and the worktree that it names does not lead back; run: git worktree repair";
		out->common = real_path(a, out->git, common);
		if (!out->common)
			return "its repository is gone";
		return is_same_file(real_path(a, out->git, ".."), arena_printf(a, "%s/worktrees", out->common)) ? NULL :
		       "its .git is a file that names a folder which is no worktree of the repository that it borrows from";
	}
	out->common = out->git;
	return NULL;
}

static const char *find(struct arena *a, const char *tree, struct repository *out)
{
	const char *dot = arena_printf(a, "%s/.git", tree), *why = NULL, *value;
	auto_buf config = buf_max(CONFIG_MAX);
	struct stat st;

	if (lstat(dot, &st) < 0)
		return "";
	out->git = out->common = dot;
	if (S_ISDIR(st.st_mode)) {
		value = commondir(a, dot);
		why = value && !*value ? NULL : "its .git is a folder that shares another repository (commondir), which no git makes";
	} else {
		why = S_ISREG(st.st_mode) ? find_through_file(a, tree, dot, out) : "its .git is neither a folder nor a file";
	}
	if (why)
		return why;
	if (fs_read_file(arena_printf(a, "%s/config", out->common), &config, NULL) < 0)
		return "its repository has no configuration that can be read";
	out->config = (struct bytes){ arena_memdup(a, buf_str(&config), config.n), config.n };
	value = gitconfig_value(a, out->config, "core", "worktree");
	if (S_ISREG(st.st_mode) && out->git == out->common && (!value || !is_same_file(real_path(a, out->git, value), tree)))
		return "its .git is a file, and the submodule that it names does not lead back; run: git submodule update --init";
	if (!fs_is_dir(arena_printf(a, "%s/objects", out->common)))
		return "its repository has no objects";
	if (fs_exists(arena_printf(a, "%s/objects/info/alternates", out->common)))
		return "its repository borrows objects of another; run: git repack -a -d && rm .git/objects/info/alternates";
	value = gitconfig_value(a, out->config, "extensions", "refstorage");
	if (value && strcmp(value, "files"))
		return "its refs are stored in another way than in files; run: git refs migrate --ref-format=files";
	return NULL;
}

/* ---- making it ---- */

static bool is_plain(const char *value)
{
	return *value && strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(value);
}

static void add_quoted(struct buf *b, const char *text)
{
	buf_add_char(b, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(b, '\\');
		buf_add_char(b, (unsigned char)*text < ' ' ? ' ' : *text);
	}
	buf_add_str(b, "\"\n");
}

/* What decides how files look to git; all else is ours. */
static int write_config(struct arena *a, const struct repository *r, const struct layer_how *how, const char *to, struct err *e)
{
	static const char *const keys[] = { "filemode", "ignorecase", "autocrlf", "eol", "safecrlf", "symlinks", "precomposeunicode",
					    "sparsecheckout", "sparsecheckoutcone", NULL };
	const char *format = gitconfig_value(a, r->config, "extensions", "objectformat"), *value;
	auto_buf text = buf_max(SMALL_MAX);

	buf_printf(&text, "[core]\n\trepositoryformatversion = %d\n\tbare = false\n\tlogallrefupdates = true\n", format ? 1 : 0);
	/* Seen through an overlay and other user numbers, no file's inode, owner or ctime is what the index says. */
	buf_add_str(&text, "\tcheckStat = minimal\n\ttrustctime = false\n");
	for (int i = 0; keys[i]; i++) {
		value = gitconfig_value(a, r->config, "core", keys[i]);
		if (value && is_plain(value))
			buf_printf(&text, "\t%s = %s\n", keys[i], value);
	}
	if (format && is_plain(format))
		buf_printf(&text, "[extensions]\n\tobjectformat = %s\n", format);
	buf_add_str(&text, "[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[commit]\n\tgpgsign = false\n[user]\n\tname = ");
	add_quoted(&text, how && how->name ? how->name : "sealwright");
	buf_add_str(&text, "\temail = ");
	add_quoted(&text, how && how->email ? how->email : "agent@sealwright.invalid");
	return buf_check(&text, "git configuration", e) < 0 ? -1 : write_file(a, to, "config", buf_bytes(&text), e);
}

static int make(struct arena *a, const struct repository *r, const struct layer_how *how, const char *to, const char *base,
		struct err *e)
{
	static const char *const info[] = { "exclude", "attributes", "sparse-checkout", NULL };
	bool head;

	if (fs_make_dirs(arena_printf(a, "%s/objects/info", to), 0755, e) < 0 ||
	    fs_make_dirs(arena_printf(a, "%s/objects/pack", to), 0755, e) < 0 || fs_make_dirs(arena_printf(a, "%s/info", to), 0755, e) < 0 ||
	    fs_make_dirs(base, 0700, e) < 0 || copy_file(a, r->git, "HEAD", to, &head, e) < 0 ||
	    copy_file(a, r->git, "HEAD", base, NULL, e) < 0)
		return -1;
	if (!head)
		return err_set(e, ERR_INPUT, "its repository has no HEAD");
	for (int i = 0; info[i]; i++)
		if (copy_file(a, arena_printf(a, "%s/info", i == 2 ? r->git : r->common), info[i], arena_printf(a, "%s/info", to), NULL, e) < 0)
			return -1;
	if (copy_index(a, r->git, to, e) < 0 || copy_file(a, r->common, "shallow", to, NULL, e) < 0 || refs_copy(a, r->common, to, e) < 0 ||
	    refs_copy(a, r->common, base, e) < 0)
		return -1;
	if (write_file(a, to, "objects/info/alternates", bytes_of(arena_printf(a, "%s/objects\n", r->common)), e) < 0 ||
	    write_file(a, base, "git", bytes_of(r->git), e) < 0 || write_file(a, base, "common", bytes_of(r->common), e) < 0)
		return -1;
	return write_config(a, r, how, to, e);
}

int gitdir_make(struct arena *a, struct layer *l, const struct layer_how *how, struct err *e)
{
	struct repository r = { 0 };
	const char *why = find(a, l->tree, &r), *to = arena_printf(a, "%s/git", l->folder), *base = arena_printf(a, "%s/base", l->folder);
	struct err bad = { 0 };

	if (!why && make(a, &r, how, to, base, &bad) < 0) {
		if (bad.code == ERR_SPACE)
			return err_set(e, bad.code, "%s", bad.text);
		why = arena_strdup(a, bad.text);
	}
	if (why) {
		if (fs_remove_tree(to, e) < 0 || fs_remove_tree(base, e) < 0)
			return -1;
		return *why ? write_file(a, l->folder, "git-why", bytes_of(why), e) : 0;
	}
	return 0;
}

void gitdir_find(struct arena *a, struct layer *l)
{
	const char *common = first_line(a, arena_printf(a, "%s/base/common", l->folder));

	l->git_why = first_line(a, arena_printf(a, "%s/git-why", l->folder));
	if (!common)
		return;
	l->git_dir = arena_printf(a, "%s/git", l->folder);
	l->git_objects = arena_printf(a, "%s/objects", common);
}
