/*
 * git's raw differences. git writes them, but of trees that an opponent made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/rawdiff.h"

#include "base/err.h"

#include <string.h>

static const char *mode(const char *p, const char *end, mode_t *out)
{
	*out = 0;
	for (int i = 0; i < 6; i++, p++) {
		if (p >= end || *p < '0' || *p > '7')
			return NULL;
		*out = *out * 8 + (mode_t)(*p - '0');
	}
	return p < end && *p == ' ' ? p + 1 : NULL;
}

static const char *id(const char *p, const char *end, char out[65])
{
	size_t n = 0;

	while (p < end && ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'f'))) {
		if (n == 64)
			return NULL;
		out[n++] = *p++;
	}
	out[n] = 0;
	return (n == 40 || n == 64) && p < end && *p == ' ' ? p + 1 : NULL;
}

int rawdiff_parse(struct arena *a, struct bytes in, size_t max, struct rawdiff **out, size_t *n, struct err *e)
{
	struct rawdiff *list = NULL;
	size_t room = 0, count = 0;

	while (in.n) {
		const char *end = memchr(in.p, 0, in.n), *p = in.p + 1, *path, *stop;
		struct rawdiff d;
		char old[65];

		if (!end || *in.p != ':' || !(p = mode(p, end, &d.old_mode)) || !(p = mode(p, end, &d.new_mode)) || !(p = id(p, end, old)) ||
		    !(p = id(p, end, d.id)) || end - p != 1 || !strchr("AMDT", *p))
			return err_set(e, ERR_INPUT, "git's list of changed files cannot be read");
		path = end + 1;
		stop = memchr(path, 0, in.n - (size_t)(path - in.p));
		if (!stop || stop == path)
			return err_set(e, ERR_INPUT, "git's list of changed files breaks off");
		if (count == max)
			return err_set(e, ERR_LIMIT, "more than %zu files were changed in commits", max);
		d.path = arena_memdup(a, path, (size_t)(stop - path));
		if (count == room) {
			struct rawdiff *more = arena_array(a, room * 2 + 64, sizeof(*more));

			if (count)
				memcpy(more, list, count * sizeof(*more));
			list = more;
			room = room * 2 + 64;
		}
		list[count++] = d;
		in.n -= (size_t)(stop + 1 - in.p);
		in.p = stop + 1;
	}
	*out = list;
	*n = count;
	return 0;
}
