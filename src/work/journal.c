/*
 * The journal of a keeping: written whole before the first file of the tree is touched, removed when the last is in place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/journal.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { JOURNAL_MAX = 1 << 30, VERSION = 1, OPS_MAX = 10000000 };

int journal_write(const struct layer_state *s, const struct ops *ops, struct err *e)
{
	auto_arena a = { 0 };
	auto_buf text = buf_max(JOURNAL_MAX);

	record_add(&text, &(struct record){ 'J', 4, { VERSION, ops->all_or_nothing, ops->in_tree, (int64_t)ops->n }, "sealwright keep" });
	for (size_t i = 0; i < ops->n; i++) {
		const struct op *o = &ops->op[i];

		record_add(&text, &(struct record){ 'F', 8, { o->kind, o->type, o->mode, o->base_mode, o->ino, o->size, o->mtime,
							    o->state == OP_LEFT }, o->path });
	}
	if (buf_check(&text, "journal", e) < 0)
		return -1;
	return fs_write_atomic(arena_printf(&a, "%s/journal", s->path), buf_bytes(&text), 0600, e);
}

/* A path as only a walk could have made it. */
static bool is_path(const char *p)
{
	for (;;) {
		size_t n = strcspn(p, "/");

		if (!n || n > 255 || (p[0] == '.' && (n == 1 || (n == 2 && p[1] == '.'))))
			return false;
		if (!p[n])
			return true;
		p += n + 1;
	}
}

int journal_parse(struct arena *a, struct bytes in, struct ops *out, struct err *e)
{
	struct ops ops = { 0 };
	struct record r;
	size_t want;
	int more = record_next(&in, &r, e);

	if (more <= 0 || r.kind != 'J' || r.count != 4 || r.n[0] != VERSION || r.n[3] < 0 || r.n[3] > OPS_MAX ||
	    (size_t)r.n[3] > in.n / 4)
		return err_set(e, ERR_DAMAGED, "the journal does not begin as one");
	ops.all_or_nothing = r.n[1];
	ops.in_tree = r.n[2];
	want = (size_t)r.n[3];
	ops.op = arena_array(a, want, sizeof(*ops.op));
	while ((more = record_next(&in, &r, e)) > 0) {
		if (r.kind != 'F' || r.count != 8 || ops.n == want || r.n[0] < LAYER_ADDED || r.n[0] > LAYER_MODE || r.n[1] < LAYER_FILE ||
		    r.n[1] > LAYER_LINK || (r.n[2] & ~05777) || !is_path(r.text))
			return err_set(e, ERR_DAMAGED, "the journal holds what is no step");
		ops.op[ops.n++] = (struct op){ .path = arena_strdup(a, r.text), .kind = (enum layer_kind)r.n[0], .type = (enum layer_type)r.n[1],
					       .mode = (mode_t)r.n[2], .base_mode = (mode_t)r.n[3], .ino = r.n[4], .size = r.n[5],
					       .mtime = r.n[6], .state = r.n[7] ? OP_LEFT : OP_PENDING };
	}
	if (more < 0 || ops.n != want)
		return err_set(e, ERR_DAMAGED, "the journal is cut off");
	*out = ops;
	return 0;
}

int journal_read(struct arena *a, const struct layer_state *s, struct ops *out, struct err *e)
{
	const char *path = arena_printf(a, "%s/journal", s->path);
	auto_buf text = buf_max(JOURNAL_MAX);

	if (!fs_exists(path))
		return 0;
	if (fs_read_file(path, &text, e) < 0)
		return -1;
	return journal_parse(a, buf_bytes(&text), out, e) < 0 ? err_wrap(e, "%s", path) : 1;
}

int journal_end(const struct layer_state *s, struct err *e)
{
	if (unlinkat(s->folder, "journal", 0) < 0 && errno != ENOENT)
		return err_sys(e, "remove %s/journal", s->path);
	return fsync(s->folder) < 0 ? err_sys(e, "sync %s", s->path) : 0;
}
