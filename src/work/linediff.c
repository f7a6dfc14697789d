/*
 * The difference of two texts by Myers' greedy algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986), bounded: past
 * EDITS_MAX edits all that lies between is one change, so that no pair of hostile texts costs more than a moment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/linediff.h"

#include "base/arena.h"

#include <stdint.h>
#include <string.h>

enum { EDITS_MAX = 2000, CONTEXT = 3 };

struct text {
	struct bytes *line; /* each with its newline, when it has one */
	uint32_t *id;       /* equal lines of both texts have equal ones */
	bool *differs;
	size_t n;
};

static size_t count_lines(struct bytes b)
{
	size_t n = b.n && b.p[b.n - 1] != '\n';

	for (size_t i = 0; i < b.n; i++)
		n += b.p[i] == '\n';
	return n;
}

static struct text split(struct arena *a, struct bytes b)
{
	size_t n = count_lines(b);
	struct text t = { arena_array(a, n, sizeof(struct bytes)), arena_array(a, n, sizeof(uint32_t)), arena_array(a, n, sizeof(bool)), n };

	for (size_t i = 0; i < n; i++) {
		const char *end = memchr(b.p, '\n', b.n);

		t.line[i] = (struct bytes){ b.p, end ? (size_t)(end - b.p) + 1 : b.n };
		b.p += t.line[i].n;
		b.n -= t.line[i].n;
	}
	return t;
}

/* ---- numbers for lines ---- */

struct table {
	struct bytes *line;
	uint32_t *id; /* 0: free */
	size_t mask;
	uint32_t next;
};

static uint64_t hash_of(struct bytes b)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (size_t i = 0; i < b.n; i++)
		h = (h ^ (unsigned char)b.p[i]) * 1099511628211u;
	return h ^ h >> 29;
}

/* Looks at no more than a few places, so that lines made to meet in one place cost little: they then count as different. */
static uint32_t number(struct table *t, struct bytes line)
{
	size_t at = hash_of(line) & t->mask;

	for (int tries = 0; tries < 64; tries++, at = (at + 1) & t->mask) {
		if (!t->id[at]) {
			t->line[at] = line;
			return t->id[at] = ++t->next;
		}
		if (bytes_equal(t->line[at], line))
			return t->id[at];
	}
	return ++t->next;
}

static void number_all(struct arena *a, struct text *x, struct text *y)
{
	struct table t = { .mask = 1 };

	while (t.mask < (x->n + y->n) * 2)
		t.mask = t.mask * 2 + 1;
	t.line = arena_array(a, t.mask + 1, sizeof(*t.line));
	t.id = arena_array(a, t.mask + 1, sizeof(*t.id));
	for (size_t i = 0; i < x->n; i++)
		x->id[i] = number(&t, x->line[i]);
	for (size_t i = 0; i < y->n; i++)
		y->id[i] = number(&t, y->line[i]);
}

/* ---- the edits ---- */

/* v[k + d] of step d is how far down the old text the furthest path on diagonal k comes. Marks what differs in x from `from` for n
 * lines and in y for m. */
static bool mark_shortest(struct arena *a, struct text *x, struct text *y, size_t from, long n, long m)
{
	long **trace = arena_array(a, EDITS_MAX + 1, sizeof(*trace)), d, k, i = 0, j;
	const uint32_t *p = x->id + from, *q = y->id + from;

	for (d = 0; d <= EDITS_MAX; d++) {
		long *v = trace[d] = arena_array(a, (size_t)(2 * d + 3), sizeof(*v)), *w = d ? trace[d - 1] : NULL;

		for (k = -d; k <= d; k += 2) {
			if (!d)
				i = 0;
			else if (k == -d || (k != d && w[k - 1 + d - 1] < w[k + 1 + d - 1]))
				i = w[k + 1 + d - 1];
			else
				i = w[k - 1 + d - 1] + 1;
			for (j = i - k; i < n && j < m && i >= 0 && j >= 0 && p[i] == q[j]; i++, j++)
				;
			v[k + d] = i;
			if (i >= n && j >= m)
				break;
		}
		if (k <= d)
			break;
	}
	if (d > EDITS_MAX)
		return false;
	for (; d > 0; d--) {
		long *w = trace[d - 1];
		bool down = k == -d || (k != d && w[k - 1 + d - 1] < w[k + 1 + d - 1]);

		k += down ? 1 : -1;
		i = w[k + d - 1];
		if (down && i - k < m && i - k >= 0)
			y->differs[from + (size_t)(i - k)] = true;
		else if (!down && i < n && i >= 0)
			x->differs[from + (size_t)i] = true;
	}
	return true;
}

static void mark(struct arena *a, struct text *x, struct text *y)
{
	size_t from = 0, n = x->n, m = y->n;

	while (from < n && from < m && x->id[from] == y->id[from])
		from++;
	while (n > from && m > from && x->id[n - 1] == y->id[m - 1])
		n--, m--;
	if (mark_shortest(a, x, y, from, (long)(n - from), (long)(m - from)))
		return;
	memset(x->differs + from, true, n - from);
	memset(y->differs + from, true, m - from);
}

/* ---- printing ---- */

static void print_line(struct buf *out, char sign, struct bytes line)
{
	buf_add_char(out, sign);
	buf_add(out, line.p, line.n);
	if (!line.n || line.p[line.n - 1] != '\n')
		buf_add_str(out, "\n\\ No newline at end of file\n");
}

static void print_range(struct buf *out, char sign, size_t first, size_t n)
{
	buf_printf(out, "%c%zu", sign, n ? first + 1 : first);
	if (n != 1)
		buf_printf(out, ",%zu", n);
}

/* From line i of x and j of y, lines that are equal, to the hunk's end. */
static void print_hunk(struct buf *out, const struct text *x, const struct text *y, size_t *i, size_t *j)
{
	size_t n = *i, m = *j, same = 0;

	while ((n < x->n || m < y->n) && same <= 2 * CONTEXT) {
		if (n < x->n && x->differs[n])
			n++, same = 0;
		else if (m < y->n && y->differs[m])
			m++, same = 0;
		else
			n++, m++, same++;
	}
	if (same > CONTEXT)
		n -= same - CONTEXT, m -= same - CONTEXT;
	buf_add_str(out, "@@ ");
	print_range(out, '-', *i, n - *i);
	buf_add_char(out, ' ');
	print_range(out, '+', *j, m - *j);
	buf_add_str(out, " @@\n");
	while (*i < n || *j < m) {
		if (*i < n && x->differs[*i])
			print_line(out, '-', x->line[(*i)++]);
		else if (*j < m && y->differs[*j])
			print_line(out, '+', y->line[(*j)++]);
		else
			print_line(out, ' ', x->line[(*i)++]), (*j)++;
	}
}

void linediff(struct bytes old, struct bytes fresh, struct buf *out, size_t *removed, size_t *added)
{
	auto_arena a = { 0 };
	struct text x = split(&a, old), y = split(&a, fresh);
	size_t i = 0, j = 0;

	*removed = *added = 0;
	number_all(&a, &x, &y);
	mark(&a, &x, &y);
	for (size_t k = 0; k < x.n; k++)
		*removed += x.differs[k];
	for (size_t k = 0; k < y.n; k++)
		*added += y.differs[k];
	while (i < x.n || j < y.n) {
		if ((i < x.n && x.differs[i]) || (j < y.n && y.differs[j])) {
			size_t back = i < CONTEXT ? i : CONTEXT;

			for (size_t k = 1; k <= back; k++) /* not into the hunk before */
				if (x.differs[i - k])
					back = k - 1;
			back = back < j ? back : j;
			i -= back;
			j -= back;
			print_hunk(out, &x, &y, &i, &j);
		} else {
			i++;
			j++;
		}
	}
}
