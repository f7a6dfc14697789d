/*
 * The repository's .git/config as it is shown inside: without what is secret.
 *
 * A token often stands there: in a remote's URL, or as the extra header that CI services leave behind. git inside needs
 * none of it, since there is no network. Whole entries whose name or value smells of a secret or of a program to run are
 * left out, and what stands before the @ of a URL. Line by line, on purpose: a line that is cut costs git inside a
 * setting, a grammar that is misread would cost a secret.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "base/fs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

static bool has(const char *line, size_t n, const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i + len <= n; i++)
		if (!strncasecmp(line + i, word, len))
			return true;
	return false;
}

static bool is_secret(const char *line, size_t n)
{
	static const char *const words[] = { "extraheader", "authorization", "password", "passwd", "token", "secret", "credential",
					     "helper", "cookie", "askpass", "sshcommand", "proxy", "key", "pass", "oauth", NULL };

	for (int i = 0; words[i]; i++)
		if (has(line, n, words[i]))
			return true;
	return false;
}

/* A section's line stays, so that its entries do not fall to the one before; its URL loses its user like others. */
static bool is_section(const char *line, size_t n)
{
	while (n && isspace((unsigned char)*line))
		line++, n--;
	return n && *line == '[';
}

static void add_without_userinfo(struct buf *out, const char *line, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t end, at = 0;

		if (i + 3 > n || memcmp(line + i, "://", 3)) {
			buf_add_char(out, line[i++]);
			continue;
		}
		buf_add_str(out, "://");
		i += 3;
		for (end = i; end < n && line[end] != '/' && !isspace((unsigned char)line[end]) && line[end] != '"'; end++)
			if (line[end] == '@')
				at = end + 1;
		if (at)
			i = at;
	}
}

void gitconfig_scrub(struct bytes in, struct buf *out)
{
	bool dropping = false; /* an entry goes on behind a backslash at the end of its line */

	while (in.n) {
		const char *end = memchr(in.p, '\n', in.n);
		size_t n = end ? (size_t)(end - in.p) + 1 : in.n, text = n;
		bool goes_on;

		while (text && (in.p[text - 1] == '\n' || in.p[text - 1] == '\r'))
			text--;
		goes_on = text && in.p[text - 1] == '\\';
		dropping = dropping || (is_secret(in.p, text) && !is_section(in.p, text));
		if (!dropping)
			add_without_userinfo(out, in.p, n);
		else if (!goes_on)
			dropping = false;
		in.p += n;
		in.n -= n;
	}
}

/* ---- of submodules and worktrees ---- */

enum { CONFIG_MAX = 1 << 20, DEPTH_MAX = 12, NAMES_MAX = 4096 };

struct search {
	gitconfig_found_fn *found;
	void *arg;
	char path[4096];
	int names;
};

/* Without following a link; one that is too large is shown empty. */
static void look_at(struct search *s, int dir, const char *name)
{
	auto_buf text = buf_max(CONFIG_MAX), clean = buf_max(CONFIG_MAX);
	auto_fd fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (fs_read_all(fd, &text, NULL) == 0)
		gitconfig_scrub(buf_bytes(&text), &clean);
	if (clean.n != text.n || memcmp(buf_str(&clean), buf_str(&text), clean.n) != 0) {
		if (!clean.n)
			buf_add_char(&clean, '\n');
		s->found(s->arg, s->path, buf_bytes(&clean));
	}
}

/* Configurations, their copies (config.bak, config~), and what keeps URLs with their user or passwords. Not .git/config
 * itself. */
static bool may_hold_secrets(const char *name, int depth)
{
	static const char *const others[] = { "credentials", ".git-credentials", "FETCH_HEAD", NULL };

	for (int i = 0; others[i]; i++)
		if (!strcmp(name, others[i]))
			return true;
	return !strncmp(name, "config", 6) && (name[6] ? strchr(".~-_", name[6]) != NULL : depth > 0);
}

static bool search_in(struct search *s, int at, int depth)
{
	static const char *const never[] = { ".", "..", "objects", "hooks", "refs", "logs", "info", "lfs", NULL };
	int dir = fcntl(at, F_DUPFD_CLOEXEC, 3);
	DIR *d = dir < 0 ? NULL : fdopendir(dir);
	const size_t n = strlen(s->path);
	const struct dirent *f;
	bool whole = d && depth < DEPTH_MAX;

	while (whole && (f = readdir(d))) {
		const bool is_config = may_hold_secrets(f->d_name, depth);
		auto_fd sub = -1;
		int i = 0;

		while (never[i] && strcmp(f->d_name, never[i]) != 0)
			i++;
		if (never[i])
			continue;
		whole = ++s->names < NAMES_MAX && n + strlen(f->d_name) + 2 < sizeof(s->path);
		if (!whole)
			break;
		strcpy(stpcpy(s->path + n, n ? "/" : ""), f->d_name);
		if (is_config && f->d_type != DT_DIR)
			look_at(s, dir, f->d_name);
		/* A submodule may be named config, too. */
		if ((f->d_type == DT_DIR || f->d_type == DT_UNKNOWN) && (depth > 0 || !strcmp(f->d_name, "modules") || !strcmp(f->d_name, "worktrees")))
			sub = openat(dir, f->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		whole = sub < 0 || search_in(s, sub, depth + 1);
		s->path[n] = 0;
	}
	if (d)
		closedir(d);
	return whole;
}

bool gitconfig_find(int git, gitconfig_found_fn *found, void *arg)
{
	struct search s = { .found = found, .arg = arg };

	return search_in(&s, git, 0);
}
