/*
 * The four signals.
 *
 * Thresholds: people repeat a test run two or three times without being stuck; agents were seen to make one call 364
 * times. A change of the tree forgives repeated calls, since a test that fails again after an edit is news.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/watch.h"

#include <stdio.h>
#include <string.h>

void watch_open(struct watch *w)
{
	memset(w, 0, sizeof(*w));
}

static uint64_t mix(uint64_t h, struct bytes s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 1099511628211u;
	h ^= h >> 29;
	return h ? h : 1;
}

static uint64_t sum(struct bytes s)
{
	return mix(14695981039346656037u, s);
}

static void raise_signal(struct watch *w, int count, int nudge, int harder, int stop, const char *fmt, const char *what, int n)
{
	int strength = count >= stop ? 3 : count == harder ? 2 : count == nudge ? 1 : 0;

	if (strength <= w->strength)
		return;
	w->strength = strength;
	snprintf(w->why, sizeof(w->why), fmt, what, n);
}

void watch_text(struct watch *w, struct bytes content, struct bytes reasoning)
{
	uint64_t h = mix(sum(content), reasoning);
	int same = 1;

	if (content.n < 16 && reasoning.n < 64) /* "ok" may be said often */
		return;
	for (int i = 0; i < WATCH_TEXTS && i < w->n_texts; i++)
		same += w->texts[i] == h;
	w->texts[w->n_texts++ % WATCH_TEXTS] = h;
	raise_signal(w, same, 3, 4, 5, "%sthe same words were said %d times", "", same);
}

static bool is_new(struct watch *w, uint64_t h)
{
	uint64_t at = h % WATCH_SEEN;

	for (int i = 0; i < 4; i++) {
		uint64_t *slot = &w->seen[(at + (uint64_t)i) % WATCH_SEEN];

		if (*slot == h)
			return false;
		if (!*slot) {
			*slot = h;
			return true;
		}
	}
	w->seen[at] = h; /* full here: the old one is forgotten */
	return true;
}

static void watch_file(struct watch *w, const struct watch_call *c)
{
	uint64_t name = sum(bytes_of(c->file)), state = mix(name, (struct bytes){ (const char *)c->after.b, sizeof(c->after.b) });
	int i;
	bool back = false;

	for (i = 0; i < w->n_files && i < WATCH_FILES && w->files[i].name != name;)
		i++;
	if (i == w->n_files || i == WATCH_FILES) {
		i = w->n_files++ % WATCH_FILES;
		memset(&w->files[i], 0, sizeof(w->files[i]));
		w->files[i].name = name;
		snprintf(w->files[i].shown, sizeof(w->files[i].shown), "%s", c->file);
	}
	for (int k = 0; k < WATCH_STATES; k++)
		back = back || w->files[i].states[k] == state;
	w->files[i].states[w->files[i].n++ % WATCH_STATES] = state;
	w->files[i].back += back;
	w->files[i].row++;
	if (back)
		raise_signal(w, w->files[i].back, 2, 3, 5, "%s was changed back to an earlier content %d times", w->files[i].shown,
			     w->files[i].back);
	raise_signal(w, w->files[i].row, 12, 20, 30, "%s was edited %d times without running anything", w->files[i].shown,
		     w->files[i].row);
}

void watch_call(struct watch *w, const struct watch_call *c)
{
	uint64_t call = mix(sum(bytes_of(c->name)), bytes_of(c->arguments)), result = sum(c->result);
	int same = 1;

	for (int i = 0; i < WATCH_CALLS && i < w->n_calls; i++)
		same += w->calls[i].call == call && w->calls[i].result == result;
	w->calls[w->n_calls % WATCH_CALLS].call = call;
	w->calls[w->n_calls++ % WATCH_CALLS].result = result;
	if (is_new(w, mix(call, (struct bytes){ (const char *)&result, sizeof(result) })))
		w->news = true;
	if (c->ran)
		for (int i = 0; i < WATCH_FILES; i++)
			w->files[i].row = 0;
	if (c->changed) {
		w->change = true;
		memset(w->calls, 0, sizeof(w->calls));
		w->n_calls = 0;
	}
	if (c->file)
		watch_file(w, c);
	snprintf(w->last, sizeof(w->last), "%s %.100s", c->name, c->about ? c->about : "");
	if (!c->changed)
		raise_signal(w, same, 3, 5, 7, "`%s` was called %d times with the same result", w->last, same);
}

int watch_turn(struct watch *w, const char **why)
{
	int strength;

	w->idle = w->news || w->change ? 0 : w->idle + 1;
	w->unchanged = w->change ? 0 : w->unchanged + 1;
	raise_signal(w, w->idle, 6, 9, 12, "%sfor %d turns nothing was changed and nothing new was seen", "", w->idle);
	if (w->unchanged % 60 == 0 && w->unchanged)
		raise_signal(w, 1, 1, 2, 3, "%sfor %d turns no file, plan or test changed", "", w->unchanged);
	strength = w->strength;
	w->strength = 0;
	w->news = w->change = false;
	*why = w->why;
	return strength;
}

bool watch_is_stuck_text(struct bytes t)
{
	size_t n = t.n < 1200 ? t.n : 1200;
	const char *p = t.p + t.n - n;

	for (size_t period = 8; period <= n / 3 && period <= 400; period++)
		if (!memcmp(p + n - period, p + n - 2 * period, period) && !memcmp(p + n - period, p + n - 3 * period, period))
			return true;
	return false;
}
