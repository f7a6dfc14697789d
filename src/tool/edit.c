/*
 * edit: one piece of a file replaced.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "tool/match.h"
#include "tool/place.h"

#include <fcntl.h>

enum { FILE_MAX = 4 << 20, PIECE_MAX = 1 << 20, SHOWN = 1500 };

static struct bytes text_of(const json_t *args, const char *key)
{
	const json_t *v = json_object_get(args, key);

	return (struct bytes){ json_string_value(v), json_string_length(v) };
}

static int say_ambiguous(struct arena *a, const struct match *m, struct tool_result *out)
{
	auto_buf b = buf_max(200);

	for (int i = 0; i < m->count && i < 8; i++)
		buf_printf(&b, "%s%d", i ? ", " : "", m->lines[i]);
	return tool_refuses(a, out, "old stands in %d places (%s): lines %s%s. Nothing was changed. Copy more of the lines around it%s.",
			    m->count, match_rung_text(m->rung), buf_str(&b), m->count > 8 ? ", ..." : "",
			    m->rung == MATCH_EXACT ? ", or set all" : "");
}

static int say_missing(struct arena *a, struct bytes file, struct bytes old, const char *name, struct tool_result *out)
{
	char *near = match_nearest(a, file, old);

	if (!*near)
		return tool_refuses(a, out, "old does not stand in %s, nor anything like it. Nothing was changed. Read the file again.",
				    name);
	return tool_refuses(a, out, "old does not stand in %s. Nothing was changed. The lines most like it:\n%s", name, near);
}

static int say_done(struct arena *a, const struct place *p, const struct match *m, struct tool_result *out)
{
	size_t n = m->replaced.n < SHOWN ? m->replaced.n : SHOWN;

	if (m->rung == MATCH_EXACT)
		return m->count == 1 ? tool_says(a, out, "replaced in %s, line %d", p->name, m->lines[0])
				     : tool_says(a, out, "replaced %d places in %s", m->count, p->name);
	return tool_says(a, out, "replaced in %s, line %d; old matched %s. What stood there:\n%.*s%s", p->name, m->lines[0],
			 match_rung_text(m->rung), (int)n, m->replaced.p, n < m->replaced.n ? "\n..." : "");
}

int tool_edit(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	struct bytes old = text_of(args, "old"), new = text_of(args, "new");
	auto_buf file = buf_max(FILE_MAX);
	auto_place p = { .dir = -1 };
	auto_fd fd = -1;
	struct err why = { 0 };
	struct match m;

	if (place_for_writing(a, t, json_text_or(args, "path", ""), false, &p, &why) < 0)
		return tool_refuses(a, out, "%s", why.text);
	if (!p.exists)
		return tool_refuses(a, out, "there is no file %s; make it with write", p.name);
	if (!old.n || old.n > PIECE_MAX || new.n > PIECE_MAX)
		return tool_refuses(a, out, !old.n ? "old is empty; quote what shall be replaced, or use write"
						   : "old and new may have %d bytes at most; use write", (int)PIECE_MAX);
	if (bytes_equal(old, new))
		return tool_refuses(a, out, "old and new are the same; nothing to change");
	fd = fs_open_beneath(p.dir, p.leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, &why);
	if (fd < 0 || fs_read_all(fd, &file, &why) < 0)
		return tool_refuses(a, out, "%s: %s", p.name, why.text);
	if (memchr(buf_str(&file), 0, file.n < 8192 ? file.n : 8192))
		return tool_refuses(a, out, "%s is binary", p.name);
	match_replace(a, buf_bytes(&file), old, new, json_flag(args, "all", false), &m);
	if (!m.count)
		return say_missing(a, buf_bytes(&file), old, p.name, out);
	if (!m.result.p)
		return say_ambiguous(a, &m, out);
	if (bytes_equal(m.result, buf_bytes(&file)))
		return tool_refuses(a, out, "the file would stay as it is: new already stands there");
	if (place_write(&p, m.result, &why) < 0)
		return why.code == ERR_SPACE ? err_set(e, why.code, "%s", why.text) : tool_refuses(a, out, "%s", why.text);
	out->changed = true;
	out->file = p.name;
	out->after = hash_bytes(m.result);
	return say_done(a, &p, &m, out);
}
