/*
 * search: contents by regular expression, or names by glob.
 *
 * Bounded in every direction: files looked at, bytes of a file, matches, bytes shown, time. What was left out is said,
 * since "nothing found" must mean that there is nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "tool/glob.h"
#include "tool/place.h"
#include "tool/regex.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum {
	FILE_MAX = 4 << 20, FILES_MAX = 100000, DEPTH_MAX = 40, MATCHES_MAX = 200, LINE_SHOWN = 240,
	TIME_MAX_MS = 10000,
};

struct search {
	struct toolbox *t;
	struct arena *a;
	struct regex *pattern;  /* NULL: names */
	const char *glob;
	struct buf out;
	size_t shown_max;
	int matches, files, large;
	int64_t until;
	const char *ended;      /* why it did not go on; NULL: it went through */
};

static bool goes_on(struct search *s)
{
	if (!s->ended && s->t->stop && *s->t->stop)
		s->ended = "stopped";
	if (!s->ended && clock_mono_ms() > s->until)
		s->ended = "the time for a search is up";
	if (!s->ended && (s->matches >= MATCHES_MAX || s->out.n >= s->shown_max))
		s->ended = "more than is shown";
	return !s->ended;
}

static void add_harmless(struct buf *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_add_char(b, (unsigned char)p[i] < 0x20 && p[i] != '\t' ? '?' : p[i]);
}

static void show_line(struct search *s, const char *path, struct bytes text, size_t at, long line)
{
	const char *start = at ? memrchr(text.p, '\n', at) : NULL, *end = memchr(text.p + at, '\n', text.n - at);
	size_t from = start ? (size_t)(start - text.p) + 1 : 0, to = end ? (size_t)(end - text.p) : text.n;

	if (to > from && text.p[to - 1] == '\r')
		to--;
	add_harmless(&s->out, path, strlen(path));
	buf_printf(&s->out, ":%ld: ", line);
	if (at - from > LINE_SHOWN / 2) { /* a long line: what is around the match */
		for (from = at - LINE_SHOWN / 2; ((unsigned char)text.p[from] & 0xC0) == 0x80;)
			from++;
		buf_add_str(&s->out, "...");
	}
	if (to - from > LINE_SHOWN) {
		for (to = from + LINE_SHOWN; to > from && ((unsigned char)text.p[to] & 0xC0) == 0x80;)
			to--;
		add_harmless(&s->out, text.p + from, to - from);
		buf_add_str(&s->out, "...\n");
	} else {
		add_harmless(&s->out, text.p + from, to - from);
		buf_add_char(&s->out, '\n');
	}
	s->matches++;
}

static void search_text(struct search *s, const char *path, struct bytes text)
{
	size_t from = 0, counted = 0, at, end;
	long line = 1;
	struct err e = { 0 };

	while (from <= text.n && goes_on(s)) {
		int r = regex_find(s->pattern, text, from, &at, &end, &e);
		const char *newline;

		if (r < 0)
			s->ended = arena_strdup(s->a, e.text);
		if (r <= 0 || (at == text.n && at && text.p[at - 1] == '\n')) /* behind the last newline is no line */
			return;
		for (; counted < at; counted++)
			line += text.p[counted] == '\n';
		show_line(s, path, text, at, line);
		newline = memchr(text.p + at, '\n', text.n - at);
		if (!newline)
			return;
		from = (size_t)(newline - text.p) + 1;
	}
}

static void search_file(struct search *s, int dir, const char *leaf, const char *path)
{
	auto_fd fd = fs_open_beneath(dir, leaf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, NULL);
	auto_buf text = buf_max(FILE_MAX);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (st.st_size > FILE_MAX) {
		s->large++;
		return;
	}
	if (fs_read_all(fd, &text, NULL) < 0 || !text.n || memchr(text.p, 0, text.n < 8192 ? text.n : 8192))
		return;
	search_text(s, path, buf_bytes(&text));
}

static void load_ignore(struct search *s, int dir, const char *folder, const struct ignore *up, struct ignore *out)
{
	auto_fd fd = fs_open_beneath(dir, ".gitignore", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, NULL);
	auto_buf text = buf_max(256 << 10);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fs_read_all(fd, &text, NULL) < 0) {
		*out = (struct ignore){ .up = up };
		return;
	}
	ignore_parse(s->a, buf_bytes(&text), folder, up, out);
}

static int not_dots(const struct dirent *x)
{
	return strcmp(x->d_name, ".") && strcmp(x->d_name, "..") && strcasecmp(x->d_name, ".git");
}

static void walk(struct search *s, int dir, const char *folder, const struct ignore *up, int depth)
{
	struct ignore ig;
	struct dirent **all = NULL;
	char self[40];
	int n;

	load_ignore(s, dir, folder, up, &ig);
	snprintf(self, sizeof(self), "/proc/self/fd/%d", dir);
	n = scandir(self, &all, not_dots, alphasort);
	for (int i = 0; i < n && goes_on(s); i++) {
		const char *leaf = all[i]->d_name;
		char *path = *folder ? arena_printf(s->a, "%s/%s", folder, leaf) : arena_strdup(s->a, leaf);
		auto_fd sub = -1;
		bool is_folder = all[i]->d_type == DT_DIR;

		if (all[i]->d_type == DT_UNKNOWN || is_folder)
			sub = fs_open_beneath(dir, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, NULL);
		is_folder = sub >= 0;
		if (ignore_holds(&ig, path, is_folder))
			continue;
		if (is_folder) {
			if (depth < DEPTH_MAX)
				walk(s, sub, path, &ig, depth + 1);
			continue;
		}
		if (++s->files > FILES_MAX)
			s->ended = "too many files";
		if (all[i]->d_type == DT_LNK || (s->glob && !glob_match_name(s->glob, path)))
			continue;
		if (s->pattern) {
			search_file(s, dir, leaf, path);
		} else {
			add_harmless(&s->out, path, strlen(path));
			buf_add_char(&s->out, '\n');
			s->matches++;
		}
	}
	for (int i = 0; i < n; i++)
		free(all[i]);
	free(all);
}

/* From the top of the tree down to the folder that was named: its rules come from all of them. */
static void walk_from(struct search *s, int fd, const char *name)
{
	struct ignore *rules = NULL;
	size_t n = strcmp(name, ".") ? strlen(name) : 0;

	for (size_t i = 0; i < n; i++) { /* each folder above it */
		char *folder;
		auto_fd dir = -1;
		struct ignore *one;

		if (i && name[i] != '/')
			continue;
		folder = arena_memdup(s->a, name, i);
		dir = fs_open_beneath(s->t->dir, i ? folder : ".", O_RDONLY | O_DIRECTORY, NULL);
		if (dir < 0)
			continue;
		one = arena_alloc(s->a, sizeof(*one));
		load_ignore(s, dir, folder, rules, one);
		rules = one;
	}
	walk(s, fd, n ? name : "", rules, 0);
}

static int result(struct search *s, struct tool_result *out)
{
	if (!s->matches && !s->ended)
		buf_add_str(&s->out, "nothing found");
	else if (s->ended)
		buf_printf(&s->out, "[%s: %d shown; narrow it by path, glob or pattern]", s->ended, s->matches);
	if (s->large)
		buf_printf(&s->out, "%s[%d files larger than %d MB were not searched]", s->out.n ? "\n" : "", s->large, FILE_MAX >> 20);
	out->text = arena_memdup(s->a, buf_str(&s->out), s->out.n);
	out->n = s->out.n;
	buf_drop(&s->out);
	return 0;
}

int tool_search(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	const char *path = json_text_or(args, "path", "."), *pattern = json_text(args, "pattern");
	struct search s = { .t = t, .a = a, .glob = json_text(args, "glob"), .out = buf_max(TOOL_RESULT_MAX + 20000),
			    .until = clock_mono_ms() + TIME_MAX_MS, .shown_max = tool_result_max(t) / 3 * 2 };
	auto_regex *re = NULL;
	auto_buf text = buf_max(FILE_MAX);
	struct err why = { 0 };
	struct stat st;
	auto_fd fd = place_read(a, t, *path ? path : ".", &st, &why);
	char *name = arena_strdup(a, path);

	(void)e;
	if (fd < 0)
		return tool_refuses(a, out, "%s", why.text);
	if (pattern && *pattern && regex_open(pattern, &re, &why) < 0)
		return tool_refuses(a, out, "%s", why.text);
	s.pattern = re;
	if (s.glob && (!*s.glob || strlen(s.glob) > 1000))
		s.glob = NULL;
	if (S_ISDIR(st.st_mode)) {
		if (*path && place_name(a, t, path, &name, &why) < 0)
			return tool_refuses(a, out, "%s", why.text);
		walk_from(&s, fd, *name ? name : ".");
	} else if (!re) {
		return tool_refuses(a, out, "%.200s is a file; give a pattern to search it", path);
	} else if (fs_read_all(fd, &text, &why) < 0) {
		return tool_refuses(a, out, "%.200s: %s", path, why.text);
	} else if (text.n) {
		search_text(&s, path, buf_bytes(&text));
	}
	return result(&s, out);
}
