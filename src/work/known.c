/*
 * What is known of the tree's files as they were when the layer was opened.
 *
 * An overlay is opened in no time, so nothing is noted then but the time: a file whose ctime is older has not been touched
 * since, for no program can set a ctime. What a keep itself wrote is noted. Of a copied tree every file is noted, since it is
 * read anyway, and since disks that cannot take an overlay may have clocks of their own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"

#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { KNOWN_MAX = 1 << 30 };

static int by_path(const void *x, const void *y)
{
	return strcmp(((const struct known *)x)->path, ((const struct known *)y)->path);
}

struct known *known_find(const struct layer_state *s, const char *path)
{
	const struct known key = { .path = path };

	return s->n_known ? bsearch(&key, s->known, s->n_known, sizeof(key), by_path) : NULL;
}

void known_sort(struct layer_state *s)
{
	if (s->n_known)
		qsort(s->known, s->n_known, sizeof(*s->known), by_path);
}

int known_write(const struct layer_state *s, struct err *e)
{
	auto_arena a = { 0 };
	auto_buf text = buf_max(KNOWN_MAX);

	for (size_t i = 0; i < s->n_known; i++) {
		const struct known *k = &s->known[i];

		if (k->path)
			record_add(&text, &(struct record){ 'N', 7, { k->mode, k->copy_ino, k->copy_ctime, k->ino, k->size, k->mtime, k->ctime },
							    k->path });
	}
	if (buf_check(&text, "list of files", e) < 0)
		return -1;
	return fs_write_atomic(arena_printf(&a, "%s/known", s->path), buf_bytes(&text), 0600, e);
}

int known_read(struct layer_state *s, struct err *e)
{
	auto_buf text = buf_max(KNOWN_MAX);
	const char *path = arena_printf(&s->a, "%s/known", s->path);
	struct bytes in;
	struct record r;
	size_t n = 0;
	int more;

	s->known = NULL;
	s->n_known = 0;
	if (!fs_exists(path))
		return 0;
	if (fs_read_file(path, &text, e) < 0)
		return -1;
	for (size_t i = 0; i < text.n; i++)
		n += !text.p[i];
	s->known = arena_array(&s->a, n, sizeof(*s->known));
	in = (struct bytes){ arena_memdup(&s->a, buf_str(&text), text.n), text.n };
	while ((more = record_next(&in, &r, e)) > 0) {
		if (r.kind != 'N' || r.count != 7)
			return err_set(e, ERR_DAMAGED, "%s is damaged", path);
		s->known[s->n_known++] = (struct known){ .path = r.text, .mode = (mode_t)r.n[0], .copy_ino = r.n[1], .copy_ctime = r.n[2],
							 .ino = r.n[3], .size = r.n[4], .mtime = r.n[5], .ctime = r.n[6] };
	}
	known_sort(s);
	return more < 0 ? err_wrap(e, "%s", path) : 0;
}

bool layer_base_holds(const struct layer_state *s, const char *path, const struct stat *st)
{
	const struct known *k = known_find(s, path);

	if (k && k->ino == (int64_t)st->st_ino && k->size == st->st_size && k->mtime == time_ns(&st->st_mtim) &&
	    k->ctime == time_ns(&st->st_ctim))
		return true;
	return !s->copied && time_ns(&st->st_ctim) < s->opened;
}

/* Files get their times from a coarse clock, which moves a few hundred times a second, or (6.13) from the fine one. So wait until
 * the coarse one is past the fine one of now: what was written before is older than that, what comes is not. */
int64_t layer_tick(void)
{
	const struct timespec nap = { 0, 200000 };
	struct timespec start, now;

	clock_gettime(CLOCK_REALTIME, &start);
	do {
		nanosleep(&nap, NULL);
		clock_gettime(CLOCK_REALTIME_COARSE, &now);
	} while (time_ns(&now) <= time_ns(&start));
	return time_ns(&now);
}
