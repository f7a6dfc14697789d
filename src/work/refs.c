/*
 * Refs and configuration read as bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/refs.h"

#include "work/inside.h"

#include "base/err.h"
#include "base/fs.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { PACKED_MAX = 64 << 20, REF_MAX = 4096, REF_DEPTH = 32, VALUE_MAX = 4096 };

bool ref_name_is_good(const char *name)
{
	size_t n = strlen(name);

	if (strncmp(name, "refs/", 5) || n > 1000 || name[n - 1] == '/' || name[n - 1] == '.' || strpbrk(name, " ~^:?*[\\\"'<>|$`;&()!") ||
	    strstr(name, "..") || strstr(name, "@{") || strstr(name, "//") || strstr(name, "/.") || strstr(name, ".lock/") ||
	    (n > 5 && !strcmp(name + n - 5, ".lock")) || strstr(name, "/-") || !name_is_utf8(name) || name_has_control(name) ||
	    name_has_hidden(name))
		return false;
	return strchr(name + 5, '/') != NULL;
}

/* 40 or 64 lowercase hex digits up to end; 0 or their number. */
static size_t id_length(const char *p, size_t n)
{
	size_t k = 0;

	while (k < n && ((p[k] >= '0' && p[k] <= '9') || (p[k] >= 'a' && p[k] <= 'f')))
		k++;
	return k == 40 || k == 64 ? k : 0;
}

static int add(struct arena *a, struct refs *r, const char *name, const char *id, size_t n, bool loose, struct err *e)
{
	if (r->n == REFS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d refs", REFS_MAX);
	if (r->n == r->room) {
		struct ref *more = arena_array(a, r->room * 2 + 64, sizeof(*more));

		if (r->n)
			memcpy(more, r->ref, r->n * sizeof(*more));
		r->ref = more;
		r->room = r->room * 2 + 64;
	}
	r->ref[r->n] = (struct ref){ .name = name, .loose = loose };
	memcpy(r->ref[r->n++].id, id, n);
	return 0;
}

static int by_name(const void *x, const void *y)
{
	const struct ref *a = x, *b = y;
	int r = strcmp(a->name, b->name);

	return r ? r : b->loose - a->loose;
}

static void sort(struct refs *r)
{
	if (r->n)
		qsort(r->ref, r->n, sizeof(*r->ref), by_name);
}

const struct ref *refs_find(const struct refs *r, const char *name)
{
	size_t low = 0, high = r->n;

	while (low < high) { /* the first of that name: the loose one */
		size_t mid = (low + high) / 2;

		if (strcmp(r->ref[mid].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < r->n && !strcmp(r->ref[low].name, name) ? &r->ref[low] : NULL;
}

int refs_parse(struct arena *a, struct bytes in, struct refs *out, struct err *e)
{
	for (int line = 1; in.n; line++) {
		const char *end = memchr(in.p, '\n', in.n);
		size_t n = end ? (size_t)(end - in.p) : in.n, id = id_length(in.p, n);
		const char *name;

		if (!end)
			return err_set(e, ERR_INPUT, "packed-refs: line %d has no end", line);
		if (id && n > id + 1 && in.p[id] == ' ') {
			name = arena_memdup(a, in.p + id + 1, n - id - 1);
			if (strlen(name) != n - id - 1 || strncmp(name, "refs/", 5))
				return err_set(e, ERR_INPUT, "packed-refs: line %d is no ref", line);
			if (ref_name_is_good(name) && add(a, out, name, in.p, id, false, e) < 0)
				return -1;
		} else if (!(n && in.p[0] == '#') && !(n && in.p[0] == '^' && id_length(in.p + 1, n - 1) == n - 1)) {
			return err_set(e, ERR_INPUT, "packed-refs: line %d is no ref", line);
		}
		in.p += n + 1;
		in.n -= n + 1;
	}
	sort(out);
	return 0;
}

static int read_folder(struct arena *a, int dir, const char *path, int depth, struct refs *out, struct err *e)
{
	int copy = dir < 0 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *x;

	if (!d) {
		fs_close(&copy);
		return 0;
	}
	while (r == 0 && (x = readdir(d))) {
		const char *sub = arena_printf(a, "%s/%s", path, x->d_name);
		auto_buf text = buf_max(REF_MAX);
		auto_fd fd = -1;
		struct stat st;
		size_t id;

		if (x->d_name[0] == '.')
			continue;
		fd = place_open(dir, x->d_name, O_RDONLY | O_NONBLOCK);
		if (fd < 0 || fstat(fd, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode) && depth < REF_DEPTH)
			r = read_folder(a, fd, sub, depth + 1, out, e);
		if (!S_ISREG(st.st_mode) || !ref_name_is_good(sub) || fs_read_all(fd, &text, NULL) < 0)
			continue;
		id = id_length(buf_str(&text), strcspn(buf_str(&text), " \t\r\n"));
		if (id)
			r = add(a, out, sub, buf_str(&text), id, true, e);
	}
	closedir(d);
	return r;
}

int refs_loose(struct arena *a, const char *git_dir, struct refs *out, struct err *e)
{
	static const char *const folders[] = { "refs/heads", "refs/tags", "refs/remotes", NULL };
	auto_fd dir = fs_open_dir(git_dir, e);

	if (dir < 0)
		return -1;
	for (int i = 0; folders[i]; i++) {
		auto_fd sub = place_open(dir, folders[i], O_RDONLY | O_DIRECTORY);

		if (read_folder(a, sub, folders[i], 0, out, e) < 0)
			return -1;
	}
	sort(out);
	return 0;
}

int refs_read(struct arena *a, const char *git_dir, struct refs *out, struct err *e)
{
	auto_fd dir = fs_open_dir(git_dir, e);
	auto_fd fd = dir < 0 ? -1 : place_open(dir, "packed-refs", O_RDONLY | O_NONBLOCK);
	auto_buf text = buf_max(PACKED_MAX);
	struct stat st;

	if (dir < 0 || refs_loose(a, git_dir, out, e) < 0)
		return -1;
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_INPUT, "packed-refs is no regular file");
	return fs_read_all(fd, &text, e) < 0 ? -1 : refs_parse(a, buf_bytes(&text), out, e);
}

const char *refs_head(struct arena *a, const char *git_dir)
{
	auto_fd dir = fs_open_dir(git_dir, NULL);
	auto_fd fd = dir < 0 ? -1 : place_open(dir, "HEAD", O_RDONLY | O_NONBLOCK);
	auto_buf text = buf_max(REF_MAX);
	const char *name;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || fs_read_all(fd, &text, NULL) < 0 ||
	    strncmp(buf_str(&text), "ref:", 4))
		return NULL;
	name = buf_str(&text) + 4;
	name += strspn(name, " \t");
	name = arena_memdup(a, name, strcspn(name, " \t\r\n"));
	return !strncmp(name, "refs/heads/", 11) && ref_name_is_good(name) ? name : NULL;
}

/* ---- configuration ---- */

/* A value up to its line's end: quotes, backslashes, comments. Moves *in behind it. What does not fit is cut. */
static void value_read(struct bytes *in, char out[VALUE_MAX])
{
	size_t n = 0, kept = 0;
	bool quoted = false;

	while (in->n && (*in->p == ' ' || *in->p == '\t'))
		in->p++, in->n--;
	while (in->n && *in->p != '\n') {
		char c = *in->p;

		in->p++, in->n--;
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (c == '#' || c == ';')) {
			while (in->n && *in->p != '\n')
				in->p++, in->n--;
			break;
		}
		if (c == '\\' && in->n) {
			c = *in->p == 'n' ? '\n' : *in->p == 't' ? '\t' : *in->p;
			in->p++, in->n--;
			if (in->p[-1] == '\n')
				continue;
		}
		if (n + 1 < VALUE_MAX)
			out[n++] = c;
		if (quoted || !isspace((unsigned char)c))
			kept = n;
	}
	out[kept] = 0;
}

static size_t word_length(struct bytes in)
{
	size_t n = 0;

	while (n < in.n && (isalnum((unsigned char)in.p[n]) || in.p[n] == '-' || in.p[n] == '.'))
		n++;
	return n;
}

const char *gitconfig_value(struct arena *a, struct bytes in, const char *section, const char *key)
{
	const char *found = NULL;
	char value[VALUE_MAX];
	bool here = false;

	while (in.n) {
		size_t n;

		if (isspace((unsigned char)*in.p)) {
			in.p++, in.n--;
			continue;
		}
		if (*in.p == '[') {
			in.p++, in.n--;
			n = word_length(in);
			here = n == strlen(section) && !strncasecmp(in.p, section, n) && n < in.n && in.p[n] == ']';
			while (in.n && *in.p != '\n' && *in.p != ']')
				in.p++, in.n--;
			if (in.n && *in.p == ']')
				in.p++, in.n--;
			continue;
		}
		n = word_length(in);
		if (n && here && n == strlen(key) && !strncasecmp(in.p, key, n)) {
			in.p += n, in.n -= n;
			while (in.n && (*in.p == ' ' || *in.p == '\t'))
				in.p++, in.n--;
			found = "true";
			if (in.n && *in.p == '=') {
				in.p++, in.n--;
				value_read(&in, value);
				found = arena_strdup(a, value);
			}
			continue;
		}
		if (n || *in.p == '#' || *in.p == ';' || *in.p == '=') {
			in.p += n, in.n -= n;
			if (in.n && *in.p != '\n')
				value_read(&in, value);
			continue;
		}
		in.p++, in.n--;
	}
	return found;
}
