/*
 * read: a file with line numbers, or a folder's names.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "tool/place.h"

#include <unistd.h>

enum { FILE_MAX = 16 << 20, LINES_DEFAULT = 400, LINE_MAX_BYTES = 1000, SHOWN_MAX = 20 << 10, ENTRIES = 200,
       COUNT_MAX = 1 << 30 };

static bool is_binary(struct bytes t)
{
	return memchr(t.p, 0, t.n < 8192 ? t.n : 8192) != NULL;
}

static int64_t count_lines(struct bytes t)
{
	int64_t n = 0;

	for (const char *p = t.p, *end = t.p + t.n; p < end; n++) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		p = newline ? newline + 1 : end;
	}
	return n;
}

static void add_line(struct buf *b, int64_t n, const char *p, size_t len)
{
	size_t shown = len;

	if (len && p[len - 1] == '\r')
		shown = --len;
	if (len > LINE_MAX_BYTES)
		for (shown = LINE_MAX_BYTES; shown && ((unsigned char)p[shown] & 0xC0) == 0x80;)
			shown--;
	buf_printf(b, "%lld\t", (long long)n);
	buf_add(b, p, shown);
	if (shown < len)
		buf_printf(b, "[... %zu bytes more on this line]", len - shown);
	buf_add_char(b, '\n');
}

static int show_lines(struct arena *a, struct bytes t, int64_t from, int64_t count, size_t max, struct tool_result *out)
{
	auto_buf b = buf_max(SHOWN_MAX + 8 * LINE_MAX_BYTES);
	int64_t n = 0, lines = count_lines(t);
	const char *p = t.p, *end = t.p + t.n;

	if (!lines)
		return tool_says(a, out, "[empty file]");
	if (from > lines)
		return tool_refuses(a, out, "the file has %lld lines; offset %lld is behind its end", (long long)lines,
				    (long long)from);
	while (p < end && n < from - 1 + count && b.n < max) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t len = newline ? (size_t)(newline - p) : (size_t)(end - p);

		if (++n >= from)
			add_line(&b, n, p, len);
		p = newline ? newline + 1 : end;
	}
	if (from > 1 || n < lines)
		buf_printf(&b, "[lines %lld to %lld of %lld%s]", (long long)from, (long long)n, (long long)lines,
			   n < lines ? "; go on with offset" : "");
	out->text = arena_memdup(a, b.p, b.n);
	out->n = b.n;
	return 0;
}

static int show_folder(struct arena *a, int fd, const char *path, struct tool_result *out)
{
	auto_buf b = buf_max(SHOWN_MAX);

	place_list(fd, 1, ENTRIES, &b);
	if (!b.n)
		return tool_says(a, out, "[%.200s is an empty folder, or all in it is hidden]", path);
	return tool_says(a, out, "%s", buf_str(&b));
}

int tool_read(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	const char *path = json_text_or(args, "path", "");
	int64_t from = json_whole(args, "offset", 1), count = json_whole(args, "limit", LINES_DEFAULT);
	auto_buf text = buf_max(FILE_MAX);
	struct err why = { 0 };
	struct stat st;
	auto_fd fd = place_read(a, t, path, &st, &why);

	(void)e;
	if (fd < 0)
		return tool_refuses(a, out, "%s", why.text);
	if (S_ISDIR(st.st_mode))
		return show_folder(a, fd, path, out);
	if (st.st_size > FILE_MAX)
		return tool_refuses(a, out, "%.200s has %lld bytes, more than read shows; use search, or the shell's sed and head",
				    path, (long long)st.st_size);
	if (fs_read_all(fd, &text, &why) < 0)
		return tool_refuses(a, out, "%.200s: %s", path, why.text);
	if (is_binary(buf_bytes(&text)))
		return tool_refuses(a, out, "%.200s is binary (%zu bytes); read shows text alone", path, text.n);
	return show_lines(a, buf_bytes(&text), from < 1 ? 1 : from, count < 1 ? LINES_DEFAULT : count > COUNT_MAX ? COUNT_MAX : count,
			  tool_result_max(t) / 6 * 5 < SHOWN_MAX ? tool_result_max(t) / 6 * 5 - LINE_MAX_BYTES : SHOWN_MAX, out);
}
