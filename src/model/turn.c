/*
 * One turn: a request, its reply, and as many repeats as patience allows.
 *
 * Nothing of a reply reaches the caller before all of it is there (what `seen` shows is for the eye), so a stream that
 * broke off is simply asked for again: no turn is lost, none counts twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "model/attempt.h"

#include <stdio.h>

enum { BYTES_A_TOKEN_MOST = 32, EMPTY_MOST = 2, PATIENCE_MS = 120000, UNREACHED_MS = 2000 };

static size_t text_ceiling(const struct model *m, const struct model_ask *q)
{
	int64_t tokens = q->max_tokens > 0 ? q->max_tokens : m->output;

	if (tokens <= 0 || tokens > REPLY_TEXT_MAX / BYTES_A_TOKEN_MOST)
		return REPLY_TEXT_MAX;
	return (size_t)tokens * BYTES_A_TOKEN_MOST + 65536;
}

/* What streams while an action is written by schema is a call, not words for people. */
static void shown(void *arg, const char *what, struct bytes piece)
{
	const struct attempt *t = arg;
	bool action = t->m->way == WAY_SCHEMA && tools_count(&t->m->tools) && !t->q->schema && !strcmp(what, "content");

	t->q->seen(t->q->arg, action ? "call" : what, piece);
}

static void say_again(const struct model *m, const struct err *e, int64_t wait, int tries)
{
	model_tell(m, "%s; trying again in %.*f s (try %d)", e->text, wait < 10000 ? 1 : 0, (double)wait / 1000,
		   tries + 1);
}

static int out_of_patience(struct retry *again, struct err *e)
{
	char text[800];

	snprintf(text, sizeof(text), "%.780s", e->text);
	if (again->tries == 1)
		return err_set(e, e->code, "%s; it wants us to wait %lld s, our patience is %lld s", text,
			       (long long)(again->wanted / 1000), (long long)(again->patience / 1000));
	return err_set(e, e->code, "%s; given up after %d tries", text, again->tries);
}

struct state {
	struct retry again;
	int attempts, empty;
	bool stream, asked_whole;
	uint64_t sent;
};

/* What the reply is worth: 0 done, 1 ask again. */
static int settled(struct model *m, struct arena *a, const struct model_ask *q, struct state *s, struct reply *r,
		   struct model_reply *out)
{
	int lost = calls_settle(m, a, q, r, out);

	if (lost < 0 && !s->asked_whole) {
		s->asked_whole = true;
		s->stream = false;
		model_tell(m, "%s lost a tool call in its stream; asking once without streaming", m->endpoint);
		return 1;
	}
	if (lost == 0 && !out->n_calls && !*out->content && !*out->reasoning && s->empty++ < EMPTY_MOST) {
		model_tell(m, "%s sent an empty reply; asking again", m->endpoint);
		return 1;
	}
	return 0;
}

static int once(struct model *m, struct arena *a, const struct model_ask *q, struct state *s, struct model_reply *out,
		struct err *e)
{
	auto_reply r = { 0 };
	auto_attempt t = attempt_make(m, q, s->stream, &r);
	struct model_reply done = { 0 };
	enum outcome what;
	int64_t wait;
	int result = -1;

	reply_make(&r, text_ceiling(m, q));
	r.seen = q->seen ? shown : NULL;
	r.arg = &t;
	s->attempts++;
	what = attempt_run(&t, a, &done, e);
	s->sent += done.sent;
	m->reached = m->reached || t.http.status;
	key_hide(m->key, e->text);
	if (q->seen && r.text && what != WHOLE)
		q->seen(q->arg, "again", (struct bytes){ "", 0 });
	switch (what) {
	case WHOLE:
		result = settled(m, a, q, s, &r, &done);
		if (result == 0) {
			*out = done;
			out->first_ms = t.first;
		} else if (q->seen && r.text) {
			q->seen(q->arg, "again", (struct bytes){ "", 0 });
		}
		break;
	case OTHER_WAY:
		model_tell(m, "%s takes no calls by %s (%.120s); trying by %s", m->endpoint, ways_name(m->way), r.error,
			   ways_name(ways_next(m)));
		m->way = ways_next(m);
		result = 1;
		break;
	case AGAIN:
		/* Where nobody has answered yet, a wrong address is likelier than a server that is about to start. */
		if (!m->reached && s->again.patience > UNREACHED_MS &&
		    (t.http.fault == HTTP_REFUSED || t.http.fault == HTTP_NAME))
			s->again.patience = UNREACHED_MS;
		wait = retry_wait(&s->again, t.after_ms);
		if (wait < 0) {
			out_of_patience(&s->again, e);
			break;
		}
		say_again(m, e, wait, s->again.tries);
		result = clock_sleep_ms(wait, m->stop) ? 1 : err_set(e, ERR_STOPPED, "stopped");
		break;
	case FAILED:
		break;
	}
	return result;
}

/* How far this turn's messages are those of the turn before; only what is new is copied. */
static void compare(struct model *m, struct bytes messages, struct model_reply *out)
{
	size_t n = m->last.n < messages.n ? m->last.n : messages.n, i = 0;

	if (n && memcmp(m->last.p, messages.p, n) == 0)
		i = n;
	while (i < n && m->last.p[i] == messages.p[i])
		i++;
	out->same = i;
	out->same_of = m->last.n;
	m->last.n = i;
	buf_add(&m->last, messages.p + i, messages.n - i);
}

int model_turn(struct model *m, struct arena *a, const struct model_ask *q, struct model_reply *out, struct err *e)
{
	struct state s = { .stream = true, .again.patience = m->patience_ms ? m->patience_ms : PATIENCE_MS };
	int64_t began = clock_mono_ms();
	struct model_reply done = { 0 };
	struct err why = { 0 };
	int r;

	if (m->replay)
		return replay_turn(m->replay, a, q, out, e);
	m->too_long = false;
	do {
		if (m->stop && *m->stop)
			return err_set(e, ERR_STOPPED, "stopped");
		r = once(m, a, q, &s, &done, &why);
	} while (r > 0);
	if (r < 0) {
		if (e)
			*e = why;
		return err_wrap(e, "model %s", m->name);
	}
	compare(m, q->messages, &done);
	done.request = request_digest(a, q);
	done.sent = s.sent;
	done.attempts = s.attempts;
	done.wall_ms = clock_mono_ms() - began;
	*out = done;
	return 0;
}
