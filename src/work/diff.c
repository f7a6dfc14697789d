/*
 * What a person reads before they keep: each change with its difference, by our own code. The host's git would obey attributes and
 * configuration of the tree, and take hostile names for options or paths.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"
#include "work/linediff.h"

#include "base/err.h"
#include "base/fs.h"

#include <fcntl.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20, LOOKED_AT = 8000, ROOM_FOR_END = 64 };

/* In one line, as C writes it. */
static void add_name(struct buf *out, const char *name)
{
	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c == '\n')
			buf_add_str(out, "\\n");
		else if (c < ' ' || c == 127)
			buf_printf(out, "\\%03o", c);
		else
			buf_add_char(out, (char)c);
	}
}

/* False when it is no text that can be shown. */
static bool read_text(int dir, const char *path, struct buf *out)
{
	auto_fd fd = place_open(dir, path, O_RDONLY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > TEXT_MAX || fs_read_all(fd, out, NULL) < 0)
		return false;
	return !out->n || !memchr(out->p, 0, out->n < LOOKED_AT ? out->n : LOOKED_AT);
}

static bool is_file(int dir, const char *path)
{
	struct stat st;

	return place_stat(dir, path, &st) == 0 && S_ISREG(st.st_mode);
}

static void add_file(const struct layer_state *s, const struct layer_change *c, struct buf *out)
{
	auto_buf old = buf_max(TEXT_MAX), fresh = buf_max(TEXT_MAX);
	bool had = c->kind != LAYER_ADDED && is_file(s->tree, c->path), has = c->kind != LAYER_REMOVED;
	size_t removed, added;

	if ((had && !read_text(s->tree, c->path, &old)) || (has && !read_text(s->upper, c->path, &fresh))) {
		buf_printf(out, "%s file that is no text, or too large to show: ", had ? has ? "changed" : "removed" : "new");
		add_name(out, c->path);
		if (has)
			buf_printf(out, " (%lld bytes)", (long long)c->size);
		buf_add_char(out, '\n');
		return;
	}
	buf_add_str(out, had ? "--- a/" : "--- /dev/null");
	add_name(out, had ? c->path : "");
	buf_add_str(out, has ? "\n+++ b/" : "\n+++ /dev/null");
	add_name(out, has ? c->path : "");
	buf_add_char(out, '\n');
	linediff(buf_bytes(&old), buf_bytes(&fresh), out, &removed, &added);
}

static void add_change(const struct layer_state *s, const struct layer_change *c, struct buf *out)
{
	static const char *const verbs[] = { "new", "changed", "removed", "other permissions of" };
	static const char *const nouns[] = { "file", "folder", "link", "device, fifo or socket" };

	if (c->verdict != LAYER_KEEPS)
		buf_printf(out, "# %s: %s\n", c->rule, c->why);
	if (c->type == LAYER_FILE && c->kind != LAYER_MODE) {
		add_file(s, c, out);
		return;
	}
	buf_printf(out, "%s %s: ", verbs[c->kind], nouns[c->type]);
	add_name(out, c->path);
	if (c->type == LAYER_LINK && c->kind != LAYER_REMOVED && c->target) {
		buf_add_str(out, " -> ");
		add_name(out, c->target);
	}
	if (c->kind == LAYER_MODE)
		buf_printf(out, " (%03o)", (unsigned)c->mode & 0777);
	buf_add_char(out, '\n');
}

int layer_diff(struct arena *a, struct layer *l, const struct layer_rules *rules, struct buf *out, struct err *e)
{
	auto_fd still = layer_still(l->state, e);
	struct layer_changes c = { 0 };

	if (still < 0 || changes_list(a, l->state, rules, &c, e) < 0)
		return err_wrap(e, "diff of %s", l->tree);
	for (size_t i = 0; i < c.n; i++) {
		auto_buf one = buf_max(4 * TEXT_MAX);

		add_change(l->state, &c.item[i], &one);
		if (one.over || out->n + one.n + ROOM_FOR_END > out->max) {
			buf_printf(out, "[%zu changes more are not shown]\n", c.n - i);
			return 0;
		}
		buf_add(out, one.p, one.n);
	}
	return 0;
}
