/*
 * One request: sent, and its answer read as it comes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/attempt.h"

#include "base/clock.h"

#include <ctype.h>

enum { BODY_MAX = 64 << 20, AFTER_DONE_MAX = 64 << 10, FIRST_MS = 300000, WHOLE_TIMES = 3 };

static int sse_event(void *arg, const char *type, struct bytes data, struct err *e)
{
	struct attempt *t = arg;

	(void)type; /* some servers name events "error"; their data says so too */
	if (reply_add(t->reply, data, e) < 0)
		return -1;
	t->done = t->reply->done;
	return 0;
}

/* By its type; where that says nothing useful, by how it begins. */
static bool looks_like_sse(const struct http_reply *h, struct bytes piece)
{
	if (!strcmp(h->type, "text/event-stream"))
		return true;
	if (!strcmp(h->type, "application/json") || h->status != 200)
		return false;
	while (piece.n && isspace((unsigned char)*piece.p)) {
		piece.p++;
		piece.n--;
	}
	return (piece.n >= 5 && !memcmp(piece.p, "data:", 5)) || (piece.n >= 6 && !memcmp(piece.p, "event:", 6));
}

int attempt_seen(void *arg, const struct http_reply *h, struct bytes piece)
{
	struct attempt *t = arg;

	if (!t->known) {
		t->known = true;
		t->first = clock_mono_ms() - t->began;
		t->is_sse = t->stream && h->status == 200 && looks_like_sse(h, piece);
		t->plain.max = h->status == 200 ? ATTEMPT_PLAIN_MAX : ATTEMPT_ERROR_MAX;
	}
	if (t->done) {
		t->behind += piece.n;
		return t->behind > AFTER_DONE_MAX ? -1 : 0;
	}
	if (t->is_sse)
		return sse_add(&t->sse, piece, &t->why);
	if (h->status != 200) { /* an error's page: its beginning is enough */
		size_t room = t->plain.max - t->plain.n;

		buf_add(&t->plain, piece.p, piece.n < room ? piece.n : room);
		return t->plain.n == t->plain.max ? -1 : 0;
	}
	buf_add(&t->plain, piece.p, piece.n);
	return buf_check(&t->plain, "the reply", &t->why);
}

struct attempt attempt_make(struct model *m, const struct model_ask *q, bool stream, struct reply *r)
{
	return (struct attempt){ .m = m,
				 .q = q,
				 .stream = stream,
				 .reply = r,
				 .plain = buf_max(ATTEMPT_PLAIN_MAX),
				 .after_ms = -1,
				 .sse = sse_make(sse_event, NULL) };
}

void attempt_drop(struct attempt *t)
{
	sse_drop(&t->sse);
	buf_drop(&t->plain);
}

enum outcome attempt_run(struct attempt *t, struct arena *a, struct model_reply *out, struct err *e)
{
	struct model *m = t->m;
	auto_request body = { 0 };
	struct http_ask ask = {
		.url = m->url,
		.secret_header = key_header(m->key, &m->where),
		.post = true,
		.n_pieces = 3,
		.body_max = BODY_MAX,
		.first_ms = t->stream ? m->first_ms : (m->first_ms ? m->first_ms : FIRST_MS) * WHOLE_TIMES,
		.stall_ms = m->stall_ms,
		.stop = m->stop,
		.enough = &t->done,
		.seen = attempt_seen,
		.arg = t,
	};
	static const char json[] = "Content-Type: application/json";
	const char *headers[12] = { json };
	struct err why = { 0 };

	if (m->key && !ask.secret_header && !m->told_of_key) {
		m->told_of_key = true;
		model_tell(m, "the key is not sent to %s: that server belongs to another user, or to nobody we can see",
			   m->endpoint);
	}
	for (int i = 0; m->provider->headers && m->provider->headers[i] && i < 10; i++)
		headers[i + 1] = m->provider->headers[i];
	ask.headers = headers;
	if (request_make(m, t->q, t->stream, &body, e) < 0 || (!m->http && http_open(&m->http, e) < 0))
		return FAILED;
	memcpy(ask.piece, body.piece, sizeof(body.piece));
	t->sse.arg = t;
	t->began = clock_mono_ms();
	if (http_send(m->http, &ask, &t->http, &why) < 0) {
		out->sent += t->http.sent;
		if (t->http.status && t->http.status != 200)
			return judge_status(t, a, e);
		return judge_fault(t, &why, e);
	}
	out->sent += t->http.sent;
	return t->http.status != 200 ? judge_status(t, a, e) : judge_body(t, a, e);
}
