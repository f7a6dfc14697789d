/*
 * The ladder of matches.
 *
 * Lines are compared by a 64-bit hash of what counts on a rung, and the sequence of hashes is found by Knuth, Morris and
 * Pratt: a hostile file of a million equal lines costs no more than any other. A hit is then held against the bytes.
 * The last rung is dear and bounded by WORK_MAX.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/match.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_LINES_MIN = 3, BLOCK_LINES_MAX = 200, WORK_MAX = 20000000, NEAREST_LINES = 12,
       LADDER_LINES_MAX = 200000 };

struct line {
	const char *p;
	size_t n;        /* without its ending                */
	size_t end;      /* offset in the file behind the ending */
	bool cr;         /* it ended in CR LF                 */
};

struct text {
	struct bytes all;
	struct line *l;
	size_t n;
	bool open;       /* the last line has no newline      */
};

static void text_split(struct arena *a, struct bytes in, struct text *out)
{
	size_t n = 0;
	const char *p, *end = in.p + in.n;

	for (p = in.p; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	*out = (struct text){ .all = in, .open = in.n && in.p[in.n - 1] != '\n' };
	out->l = arena_array(a, n + 1, sizeof(*out->l));
	for (p = in.p; p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		struct line *l = &out->l[out->n++];

		l->p = p;
		l->n = newline ? (size_t)(newline - p) : (size_t)(end - p);
		l->cr = newline && l->n && p[l->n - 1] == '\r';
		l->n -= l->cr;
		p = newline ? newline + 1 : end;
		l->end = (size_t)(p - in.p);
	}
}

static size_t line_start(const struct text *t, size_t i)
{
	return i ? t->l[i - 1].end : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static struct bytes rtrim(struct bytes s)
{
	while (s.n && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

static size_t indent_of(const struct line *l)
{
	size_t n = 0;

	while (n < l->n && is_blank(l->p[n]))
		n++;
	return n;
}

static struct bytes trim(struct bytes s)
{
	s = rtrim(s);
	while (s.n && is_blank(*s.p)) {
		s.p++;
		s.n--;
	}
	return s;
}

/* One typographic character at p as plain ASCII: its length, 0 when it is none. "" as text: it is left out. */
static size_t fold_one(const unsigned char *p, size_t n, const char **plain)
{
	static const struct {
		const char *bytes, *plain;
	} table[] = {
		{ "\xE2\x80\x98", "'" }, { "\xE2\x80\x99", "'" }, { "\xE2\x80\x9A", "'" }, { "\xE2\x80\x9B", "'" },
		{ "\xE2\x80\xB2", "'" }, { "\xE2\x80\x9C", "\"" }, { "\xE2\x80\x9D", "\"" }, { "\xE2\x80\x9E", "\"" },
		{ "\xE2\x80\x9F", "\"" }, { "\xE2\x80\xB3", "\"" }, { "\xC2\xAB", "\"" }, { "\xC2\xBB", "\"" },
		{ "\xE2\x80\x90", "-" }, { "\xE2\x80\x91", "-" }, { "\xE2\x80\x92", "-" }, { "\xE2\x80\x93", "-" },
		{ "\xE2\x80\x94", "-" }, { "\xE2\x80\x95", "-" }, { "\xE2\x88\x92", "-" }, { "\xC2\xA0", " " },
		{ "\xE2\x80\xAF", " " }, { "\xE2\x80\x89", " " }, { "\xE2\x80\x83", " " }, { "\xE2\x80\x82", " " },
		{ "\xE2\x80\xA6", "..." }, { "\xE2\x80\x8B", "" }, { "\xEF\xBB\xBF", "" },
	};

	if (*p != 0xE2 && *p != 0xC2 && *p != 0xEF)
		return 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		size_t len = strlen(table[i].bytes);

		if (len <= n && !memcmp(p, table[i].bytes, len)) {
			*plain = table[i].plain;
			return len;
		}
	}
	return 0;
}

static struct bytes fold(struct arena *a, struct bytes s)
{
	char *out = NULL;
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		const char *plain;
		size_t len = fold_one((const unsigned char *)s.p + i, s.n - i, &plain);

		if (len && !out) { /* the first one: most lines have none */
			out = arena_alloc(a, s.n + 1);
			memcpy(out, s.p, n = i);
		}
		if (!len) {
			if (out)
				out[n++] = s.p[i];
			i++;
			continue;
		}
		memcpy(out + n, plain, strlen(plain));
		n += strlen(plain);
		i += len;
	}
	return out ? (struct bytes){ out, n } : s;
}

/* What of a line counts on a rung. */
static struct bytes essence(struct arena *a, const struct line *l, enum match_rung rung)
{
	struct bytes s = { l->p, l->n };

	if (rung >= MATCH_UNICODE)
		return trim(fold(a, s));
	return rung >= MATCH_INDENT ? trim(s) : rung >= MATCH_TRAILING ? rtrim(s) : s;
}

static uint64_t hash_of(struct bytes s)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	return h;
}

static uint64_t *hashes(struct arena *a, const struct text *t, enum match_rung rung)
{
	uint64_t *h = arena_array(a, t->n + 1, sizeof(*h));

	for (size_t i = 0; i < t->n; i++)
		h[i] = hash_of(essence(a, &t->l[i], rung));
	return h;
}

static bool lines_hold(struct arena *a, const struct text *f, size_t at, const struct text *old, enum match_rung rung)
{
	for (size_t i = 0; i < old->n; i++)
		if (!bytes_equal(essence(a, &f->l[at + i], rung), essence(a, &old->l[i], rung)))
			return false;
	return true;
}

/* Every place of the sequence of old's lines; fills out. */
static void find_lines(struct arena *a, const struct text *f, const struct text *old, enum match_rung rung, size_t *at,
		       struct match *out)
{
	uint64_t *hf = hashes(a, f, rung), *ho = hashes(a, old, rung);
	size_t *back = arena_array(a, old->n + 1, sizeof(*back)), k = 0;
	bool words = false;

	out->count = 0;
	for (size_t i = 0; i < old->n; i++)
		words = words || essence(a, &old->l[i], MATCH_INDENT).n;
	if (!words || old->n > f->n) /* blank lines alone name no place */
		return;
	for (size_t i = 1; i < old->n; i++) {
		while (k && ho[i] != ho[k])
			k = back[k - 1];
		k += ho[i] == ho[k];
		back[i] = k;
	}
	k = 0;
	for (size_t i = 0; i < f->n; i++) {
		while (k && hf[i] != ho[k])
			k = back[k - 1];
		k += hf[i] == ho[k];
		if (k < old->n)
			continue;
		k = back[k - 1];
		if (out->count < 2 && !lines_hold(a, f, i + 1 - old->n, old, rung))
			continue;
		if (!out->count)
			*at = i + 1 - old->n;
		if (out->count < 8)
			out->lines[out->count] = (int)(i + 2 - old->n);
		out->count++;
	}
}

/* How alike two lines are, 0 to 100: equal pairs of letters (Dice). */
static int alike(struct bytes x, struct bytes y)
{
	uint8_t seen[256] = { 0 };
	size_t same = 0;

	if (bytes_equal(x, y))
		return 100;
	if (x.n < 4 || y.n < 4 || x.n > 400 || y.n > 400 || x.n > 3 * y.n || y.n > 3 * x.n)
		return 0;
	for (size_t i = 0; i + 1 < x.n; i++) {
		uint8_t *s = &seen[(uint8_t)(x.p[i] * 31 + x.p[i + 1])];

		*s = (uint8_t)(*s + (*s < 255));
	}
	for (size_t i = 0; i + 1 < y.n; i++) {
		uint8_t *s = &seen[(uint8_t)(y.p[i] * 31 + y.p[i + 1])];

		same += *s > 0;
		*s = (uint8_t)(*s - (*s > 0));
	}
	return (int)(200 * same / (x.n + y.n - 2));
}

struct folded {
	struct bytes *s;
	size_t n;
	size_t words;  /* lines that are not blank */
};

static struct folded fold_lines(struct arena *a, const struct text *t)
{
	struct folded f = { arena_array(a, t->n + 1, sizeof(struct bytes)), t->n, 0 };

	for (size_t i = 0; i < t->n; i++) {
		f.s[i] = essence(a, &t->l[i], MATCH_UNICODE);
		f.words += f.s[i].n > 0;
	}
	return f;
}

/* The best alignment of old's lines with f[at .. at + w), 0 to 100 of the longer one. */
static int block_score(const struct folded *f, size_t at, size_t w, const struct folded *old, int *row, long *work)
{
	size_t words = 0;

	memset(row, 0, (w + 1) * sizeof(*row));
	for (size_t i = 0; i < old->n; i++) {
		int diagonal = 0;

		if (!old->s[i].n)
			continue;
		for (size_t k = 0; k < w; k++) {
			int up = row[k + 1], best = up > row[k] ? up : row[k], s;

			s = f->s[at + k].n ? alike(f->s[at + k], old->s[i]) : 0;
			*work -= 4 + (long)f->s[at + k].n / 8;
			if (s >= 60 && diagonal + s > best)
				best = diagonal + s;
			diagonal = up;
			row[k + 1] = best;
		}
	}
	for (size_t k = 0; k < w; k++)
		words += f->s[at + k].n > 0;
	if (words < old->words)
		words = old->words;
	return words ? row[w] / (int)words : 0;
}

/* The one block whose first and last lines are old's and whose inside is nearly so. */
static void find_block(struct arena *a, const struct text *ft, const struct text *ot, size_t *at, size_t *lines,
		       struct match *out)
{
	struct folded f = fold_lines(a, ft), old = fold_lines(a, ot);
	size_t first = 0, last = old.n, room, best_at = 0, best_w = 0;
	int best = 0, *row;
	long work = WORK_MAX;

	out->count = 0;
	while (first < old.n && !old.s[first].n)
		first++;
	while (last > first && !old.s[last - 1].n)
		last--;
	if (old.words < BLOCK_LINES_MIN || last - first > BLOCK_LINES_MAX)
		return;
	old.s += first;
	old.n = last - first;
	room = old.n + old.n / 4 + 2;
	row = arena_array(a, room + 1, sizeof(*row));
	for (size_t i = 0; i < f.n && work > 0; i++) {
		if (!bytes_equal(f.s[i], old.s[0]))
			continue;
		for (size_t w = old.n - old.n / 4; w <= room && i + w <= f.n && work > 0; w++) {
			int score;

			if (w < 2 || !bytes_equal(f.s[i + w - 1], old.s[old.n - 1]))
				continue;
			score = block_score(&f, i, w, &old, row, &work);
			if (score < 80)
				continue;
			if (best && (i >= best_at + best_w || i + w <= best_at)) { /* another place */
				if (out->count < 8)
					out->lines[out->count] = (int)i + 1;
				out->count++;
			} else if (!best) {
				out->lines[0] = (int)i + 1;
				out->count = 1;
			}
			if (score > best && out->count <= 1) {
				best = score;
				best_at = i;
				best_w = w;
				out->lines[0] = (int)i + 1;
			}
		}
	}
	if (work <= 0)
		out->count = 0; /* not sure that it is the only one */
	*at = best_at;
	*lines = best_w;
}

/* The line of old, nearest to its i-th, that is indented as l is; `less`: that l is deeper than. */
static size_t line_like(const struct text *old, size_t lines, size_t i, const struct line *l, bool less)
{
	size_t n = indent_of(l), all = old->n < lines ? old->n : lines;

	for (size_t d = 0; d < all + i; d++)
		for (int side = 0; side < 2; side++) {
			size_t at = side ? i - d : i + d, k;

			if (at >= all || (side && d > i))
				continue;
			k = indent_of(&old->l[at]);
			if (k < old->l[at].n && (less ? k < n : k == n) && !memcmp(old->l[at].p, l->p, k))
				return at;
		}
	return (size_t)-1;
}

/* Indentation of the i-th new line: what the file has where old has this line's. */
static void add_indent(struct buf *b, const struct text *f, size_t at, size_t lines, const struct text *old, size_t i,
		       const struct line *l)
{
	size_t n = indent_of(l), like = line_like(old, lines, i, l, false), k;
	const struct line *own;

	if (like != (size_t)-1) {
		buf_add(b, f->l[at + like].p, indent_of(&f->l[at + like]));
		return;
	}
	like = line_like(old, lines, i, l, true);
	if (like == (size_t)-1) {
		buf_add(b, l->p, n);
		return;
	}
	k = indent_of(&old->l[like]); /* deeper than a line of old: that much deeper here */
	own = &f->l[at + like];
	buf_add(b, own->p, indent_of(own));
	if (indent_of(own) && own->p[0] == '\t' && l->p[k] == ' ')
		for (size_t more = 0; more < (n - k + 3) / 4; more++)
			buf_add_char(b, '\t');
	else
		buf_add(b, l->p + k, n - k);
}

static bool same_line(const struct line *x, const struct line *y)
{
	return bytes_equal((struct bytes){ x->p, x->n }, (struct bytes){ y->p, y->n });
}

static void add_ending(struct buf *b, bool cr)
{
	buf_add_str(b, cr ? "\r\n" : "\n");
}

/* new in place of `lines` lines of f from `at` on. */
static void put_lines(struct arena *a, const struct text *f, size_t at, size_t lines, const struct text *old,
		      const struct text *new, enum match_rung rung, struct match *out)
{
	struct buf b = buf_max(f->all.n + 8 * new->all.n + 4096 + 1000 * (new->n + 1));
	size_t from = line_start(f, at), to = f->l[at + lines - 1].end, head = 0, tail = 0;
	bool cr = f->l[at].cr, open = f->open && at + lines == f->n;
	bool paired = lines == old->n;

	/* Lines at both ends that the model did not change keep the file's bytes. */
	while (paired && head < old->n && head < new->n && same_line(&old->l[head], &new->l[head]))
		head++;
	while (paired && tail + head < old->n && tail + head < new->n &&
	       same_line(&old->l[old->n - 1 - tail], &new->l[new->n - 1 - tail]))
		tail++;
	buf_add(&b, f->all.p, from);
	for (size_t i = 0; i < new->n; i++) {
		const struct line *l = &new->l[i];
		size_t own = i < head ? at + i : at + lines - (new->n - i);
		bool last = i + 1 == new->n;

		if (i < head || i >= new->n - tail) {
			buf_add(&b, f->l[own].p, f->l[own].n);
			if (!(last && open))
				add_ending(&b, f->l[own].end > (size_t)(f->l[own].p - f->all.p) + f->l[own].n ? f->l[own].cr : cr);
			continue;
		}
		if (rung >= MATCH_INDENT && indent_of(l) < l->n) {
			add_indent(&b, f, at, lines, old, i, l);
			buf_add(&b, l->p + indent_of(l), l->n - indent_of(l));
		} else {
			buf_add(&b, l->p, l->n);
		}
		if (!(last && open))
			add_ending(&b, cr);
	}
	buf_add(&b, f->all.p + to, f->all.n - to);
	out->n_lines = (int)lines;
	out->replaced = (struct bytes){ f->all.p + from, to - from };
	out->result = (struct bytes){ arena_memdup(a, buf_str(&b), b.n), b.n };
	if (b.over)
		out->count = 0;
	buf_drop(&b);
}

/* The first rung, on text whose CR LF were made LF, so that a model need not know of them. */
struct plain {
	struct bytes t;
	bool any_cr;
};

static struct plain plain_of(struct arena *a, struct bytes in)
{
	char *out;
	size_t n = 0;

	if (!in.n || !memmem(in.p, in.n, "\r\n", 2))
		return (struct plain){ in, false };
	out = arena_alloc(a, in.n + 1);
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] != '\r' || i + 1 == in.n || in.p[i + 1] != '\n')
			out[n++] = in.p[i];
	return (struct plain){ { out, n }, true };
}

/* Copies file up to the place that is `until` bytes into its plain form; returns the offset in the file. */
static size_t copy_plain(struct buf *b, struct bytes file, size_t from, size_t plain_n)
{
	size_t i = from;

	while (plain_n) {
		bool cr = file.p[i] == '\r' && i + 1 < file.n && file.p[i + 1] == '\n';

		if (b)
			buf_add(b, file.p + i, cr ? 2 : 1);
		i += cr ? 2 : 1;
		plain_n--;
	}
	return i;
}

static void add_new(struct buf *b, struct bytes new, bool cr)
{
	for (size_t i = 0; i < new.n; i++) {
		if (new.p[i] == '\n' && cr)
			buf_add_char(b, '\r');
		buf_add_char(b, new.p[i]);
	}
}

static int line_at(struct bytes t, size_t at)
{
	int n = 1;

	for (size_t i = 0; i < at; i++)
		n += t.p[i] == '\n';
	return n;
}

/* Does the file use CR LF where the piece stands: on its first line's end, else on the line before. */
static bool uses_cr(struct bytes file, size_t at)
{
	const char *newline = memchr(file.p + at, '\n', file.n - at);

	if (!newline)
		newline = memrchr(file.p, '\n', at);
	return newline && newline > file.p && newline[-1] == '\r';
}

static void replace_exact(struct arena *a, struct bytes file, struct bytes old, struct bytes new, bool all,
			  struct match *out)
{
	struct plain p = plain_of(a, file);
	struct buf b = buf_max(file.n + (new.n + 1) * 2 * (all ? 1 + file.n / old.n : 1) + 16);
	size_t at = 0, in_file = 0, done = 0;
	const char *hit;

	out->rung = MATCH_EXACT;
	while (at <= p.t.n && (hit = memmem(p.t.p + at, p.t.n - at, old.p, old.n))) {
		if (out->count < 8)
			out->lines[out->count] = line_at(p.t, (size_t)(hit - p.t.p));
		out->count++;
		at = (size_t)(hit - p.t.p) + (all ? old.n : 1);
	}
	if (!out->count || (out->count > 1 && !all))
		return;
	at = 0;
	while (at <= p.t.n && (hit = memmem(p.t.p + at, p.t.n - at, old.p, old.n))) {
		size_t start;

		at = (size_t)(hit - p.t.p);
		if (p.any_cr) {
			start = in_file = copy_plain(&b, file, in_file, at - done);
			in_file = copy_plain(NULL, file, in_file, old.n);
		} else {
			start = at;
			buf_add(&b, file.p + in_file, at - in_file);
			in_file = at + old.n;
		}
		add_new(&b, new, p.any_cr && uses_cr(file, start));
		out->replaced = (struct bytes){ file.p + start, in_file - start };
		done = at += old.n;
	}
	buf_add(&b, file.p + in_file, file.n - in_file);
	for (size_t i = 0; i < old.n; i++)
		out->n_lines += old.p[i] == '\n';
	out->n_lines += old.p[old.n - 1] != '\n';
	out->result = (struct bytes){ arena_memdup(a, buf_str(&b), b.n), b.n };
	buf_drop(&b);
}

/* "12\tcode" on every line, as `read` shows it: without the numbers; s itself when that is not so. */
static struct bytes without_numbers(struct arena *a, struct bytes s)
{
	struct text t;
	struct buf b = buf_max(s.n + 1);
	struct bytes out = s;
	size_t i;

	text_split(a, s, &t);
	for (i = 0; i < t.n; i++) {
		size_t n = 0;

		while (n < t.l[i].n && (t.l[i].p[n] == ' ' || (t.l[i].p[n] >= '0' && t.l[i].p[n] <= '9')))
			n++;
		if (!n || n >= t.l[i].n || t.l[i].p[n] != '\t')
			break;
		buf_add(&b, t.l[i].p + n + 1, t.l[i].n - n - 1);
		if (i + 1 < t.n || !t.open)
			buf_add_char(&b, '\n');
	}
	if (t.n && i == t.n)
		out = (struct bytes){ arena_memdup(a, buf_str(&b), b.n), b.n };
	buf_drop(&b);
	return out;
}

/* A piece of a line, or of several, that differs by typographic characters alone. */
static void find_folded(struct arena *a, struct bytes file, struct bytes old, struct bytes new, struct match *out)
{
	struct bytes want = fold(a, old);
	char *flat = arena_alloc(a, file.n + 1);
	uint32_t *from = arena_array(a, file.n + 2, sizeof(*from)); /* where each byte of flat comes from */
	struct buf b = buf_max(file.n + new.n * 2 + 16);
	size_t n = 0, at = 0, start = 0, end = 0;
	const char *hit;

	for (size_t i = 0; i < file.n;) {
		const char *plain;
		size_t len = fold_one((const unsigned char *)file.p + i, file.n - i, &plain);

		if (len > 1 || (len && !*plain)) { /* no plain text is longer than its character */
			for (const char *p = plain; *p; p++) {
				from[n] = (uint32_t)i;
				flat[n++] = *p;
			}
			i += len;
		} else {
			from[n] = (uint32_t)i;
			flat[n++] = file.p[i++];
		}
	}
	from[n] = (uint32_t)file.n;
	while (want.n && at <= n && (hit = memmem(flat + at, n - at, want.p, want.n))) {
		if (out->count < 8)
			out->lines[out->count] = line_at(file, from[hit - flat]);
		if (!out->count++) {
			start = from[hit - flat];
			end = from[(size_t)(hit - flat) + want.n];
		}
		at = (size_t)(hit - flat) + 1;
	}
	if (out->count != 1)
		return;
	buf_add(&b, file.p, start);
	add_new(&b, new, uses_cr(file, start));
	buf_add(&b, file.p + end, file.n - end);
	out->n_lines = line_at((struct bytes){ file.p + start, end - start }, end - start);
	out->replaced = (struct bytes){ file.p + start, end - start };
	out->result = (struct bytes){ arena_memdup(a, buf_str(&b), b.n), b.n };
	buf_drop(&b);
}

/* A file of four million empty lines is searched exactly, and not line by line: each costs 60 bytes here. */
static bool is_too_long(struct bytes file)
{
	size_t n = 0;

	for (const char *p = file.p, *end = p + file.n; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
		n++;
	return n > LADDER_LINES_MAX;
}

static bool ladder(struct arena *a, struct bytes file, struct bytes old, struct bytes new, struct match *out)
{
	struct text f, o, n;
	size_t at = 0, lines;

	if (is_too_long(file))
		return false;
	text_split(a, file, &f);
	text_split(a, old, &o);
	text_split(a, new, &n);
	if (!f.n)
		return false;
	lines = o.n;
	for (enum match_rung r = MATCH_TRAILING; r <= MATCH_BLOCK; r++) {
		if (r < MATCH_BLOCK)
			find_lines(a, &f, &o, r, &at, out);
		else
			find_block(a, &f, &o, &at, &lines, out);
		out->rung = r;
		if (r == MATCH_UNICODE && !out->count) {
			find_folded(a, file, old, new, out);
			if (out->count)
				return true;
		}
		if (out->count == 1)
			put_lines(a, &f, at, lines, &o, &n, r, out);
		if (out->count)
			return true;
	}
	return false;
}

void match_replace(struct arena *a, struct bytes file, struct bytes old, struct bytes new, bool all, struct match *out)
{
	struct bytes bare, bare_new;

	*out = (struct match){ .rung = MATCH_NONE };
	old = plain_of(a, old).t;
	new = plain_of(a, new).t;
	if (!old.n || !file.n)
		return;
	replace_exact(a, file, old, new, all, out);
	if (out->count)
		return;
	bare = without_numbers(a, old);
	if (bare.p != old.p && bare.n) {
		bare_new = without_numbers(a, new);
		replace_exact(a, file, bare, bare_new, all, out);
		out->rung = MATCH_NUMBERS;
		if (out->count || ladder(a, file, bare, bare_new, out))
			return;
	}
	if (!ladder(a, file, old, new, out))
		*out = (struct match){ .rung = MATCH_NONE };
}

const char *match_rung_text(enum match_rung r)
{
	static const char *const text[] = {
		[MATCH_EXACT] = "exactly", [MATCH_NUMBERS] = "without the line numbers",
		[MATCH_TRAILING] = "but for trailing blanks", [MATCH_INDENT] = "but for indentation",
		[MATCH_UNICODE] = "but for typographic quotes or dashes", [MATCH_BLOCK] = "nearly, as the one block like it",
		[MATCH_NONE] = "nowhere",
	};

	return text[r];
}

char *match_nearest(struct arena *a, struct bytes file, struct bytes old)
{
	struct text ft, ot;
	struct folded f, o;
	size_t best_at = 0, w;
	long work = WORK_MAX;
	int best = 0;
	struct buf b = buf_max(16 << 10);
	char *text;

	if (is_too_long(file))
		return arena_strdup(a, "");
	text_split(a, file, &ft);
	text_split(a, plain_of(a, old).t, &ot);
	f = fold_lines(a, &ft);
	o = fold_lines(a, &ot);
	w = o.n < NEAREST_LINES ? o.n : NEAREST_LINES;
	for (size_t i = 0; w && i < f.n && work > 0; i++) { /* line against line: cheap, and enough to point */
		int score = 0;

		for (size_t k = 0; k < w && i + k < f.n; k++) {
			score += o.s[k].n ? alike(f.s[i + k], o.s[k]) : 0;
			work -= 4 + (long)o.s[k].n / 8;
		}
		if (score > best) {
			best = score;
			best_at = i;
		}
	}
	if (best >= 50)
		for (size_t i = best_at > 0 ? best_at - 1 : 0; i < best_at + w + 1 && i < ft.n; i++)
			buf_printf(&b, "%zu\t%.*s\n", i + 1, (int)(ft.l[i].n < 400 ? ft.l[i].n : 400), ft.l[i].p);
	text = arena_strdup(a, buf_str(&b));
	buf_drop(&b);
	return text;
}
