/*
 * One turn: a request, its reply, and as many repeats as patience allows.
 *
 * Nothing of a reply reaches the caller before all of it is there (what `seen` shows is for the eye), so a stream that
 * broke off is simply asked for again: no turn is lost, none counts twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/err.h"
#include "model/inside.h"
#include "model/probe.h"
#include "model/reply.h"
#include "net/sse.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	BODY_MAX = 64 << 20, PLAIN_MAX = 24 << 20, ERROR_MAX = 64 << 10, AFTER_DONE_MAX = 64 << 10,
	BYTES_A_TOKEN_MOST = 32, EMPTY_MOST = 2, PATIENCE_MS = 120000, UNREACHED_MS = 4000,
};

enum outcome {
	WHOLE,       /* the reply is there                                       */
	AGAIN,       /* ask again after a while                                  */
	OTHER_WAY,   /* the endpoint does not take this way of asking            */
	FAILED,      /* no use: e says why                                       */
};

struct attempt {
	struct model *m;
	const struct model_ask *q;
	bool stream;              /* asked for a stream                          */
	struct reply *reply;
	struct sse sse;
	struct buf plain;         /* a body that is no stream                    */
	bool is_sse, known;       /* what it is, once the first bytes came       */
	bool done;                /* the reply is whole: the rest is not waited for */
	size_t behind;            /* bytes behind its end                        */
	int64_t began, first;
	struct http_reply http;
	struct err why;           /* why reading was ended by us                 */
	int64_t after_ms;         /* what the server asked for                   */
};

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

/* What streams while an action is written by schema is a call, not words for people. */
static void shown(void *arg, const char *what, struct bytes piece)
{
	const struct attempt *t = arg;
	bool action = t->m->way == WAY_SCHEMA && tools_count(&t->m->tools) && !t->q->schema && !strcmp(what, "content");

	t->q->seen(t->q->arg, action ? "call" : what, piece);
}

static int body_seen(void *arg, const struct http_reply *h, struct bytes piece)
{
	struct attempt *t = arg;

	if (!t->known) {
		t->known = true;
		t->first = clock_mono_ms() - t->began;
		t->is_sse = t->stream && h->status == 200 && looks_like_sse(h, piece);
		t->plain.max = h->status == 200 ? PLAIN_MAX : ERROR_MAX;
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

/* --- what an answer means --- */

static bool mentions(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcasestr(text, *words))
			return true;
	return false;
}

static bool is_listed(const char *const *list, const char *code)
{
	for (; list && *list && *code; list++)
		if (!strcmp(*list, code))
			return true;
	return false;
}

static bool is_quota(const struct attempt *t)
{
	static const char *const words[] = { "insufficient_quota", "insufficient balance", "insufficient credit", "exceeded your current quota",
					     "billing", "payment required", NULL };
	const struct reply *r = t->reply;

	return t->http.status == 402 || is_listed(t->m->provider->quota, r->error_code) ||
	       (!is_listed(t->m->provider->busy, r->error_code) &&
		(mentions(r->error, words) || mentions(r->error_type, words) || mentions(r->error_code, words)));
}

/* Does this refusal mean "not in this way"? */
static bool is_about_way(const struct attempt *t)
{
	static const char *const tools[] = { "tool", "function call", "jinja", "chat template", NULL };
	static const char *const schema[] = { "response_format", "schema", "grammar", "json", NULL };
	const struct model *m = t->m;
	int s = t->http.status;

	if (m->way_sure || !tools_count(&m->tools) || !(s == 400 || s == 404 || s == 405 || s == 422 || s == 500 || s == 501))
		return false;
	return m->way == WAY_NATIVE ? mentions(t->reply->error, tools) : m->way == WAY_SCHEMA && mentions(t->reply->error, schema);
}

static void snippet(const struct attempt *t, char out[240])
{
	size_t n = 0;

	for (size_t i = 0; i < t->plain.n && n < 200; i++) {
		unsigned char c = (unsigned char)t->plain.p[i];

		if (isspace(c) && n && out[n - 1] == ' ')
			continue;
		out[n++] = c < 0x20 ? ' ' : c < 0x7f ? (char)c : '?';
	}
	out[n] = 0;
}

static bool is_html(const struct attempt *t)
{
	char text[240];

	snippet(t, text);
	return !strcmp(t->http.type, "text/html") || !strncasecmp(text, "<!doctype", 9) || !strncasecmp(text, "<html", 5);
}

/* What the endpoint serves, for people who misspelled a name; "" when it does not say. */
static char *models_there(struct model *m, struct arena *a)
{
	struct attempt t = { .m = m, .plain = buf_max(ERROR_MAX) };
	auto_buf text = buf_max(400);
	struct probe_models all = { 0 };
	struct http_ask q = { .url = arena_printf(a, "%s/models", m->base_url), .secret_header = key_header(m->key, &m->where),
			      .headers = m->provider->headers, .first_ms = 10000, .stall_ms = 5000, .stop = m->stop,
			      .seen = body_seen, .arg = &t };

	if (http_send(m->http, &q, &t.http, NULL) == 0 && t.http.status == 200)
		probe_models_parse(a, buf_bytes(&t.plain), &all, NULL);
	for (int i = 0; i < all.n && i < 8; i++)
		buf_printf(&text, "%s%.60s", i ? ", " : "", all.models[i].id);
	if (all.n > 8)
		buf_printf(&text, " and %d more", all.n - 8);
	buf_drop(&t.plain);
	return arena_memdup(a, buf_str(&text), text.n);
}

static int explain_status(struct attempt *t, struct arena *a, struct err *e)
{
	struct model *m = t->m;
	const char *who = m->endpoint, *said = *t->reply->error ? t->reply->error : NULL, *colon = said ? ": " : "", *there;
	int s = t->http.status;

	said = said ? said : "";
	if (is_quota(t))
		return err_set(e, ERR_LIMIT, "%s refuses (%d)%s%s; its account has no credit left: add some, or choose another model",
			       who, s, colon, said);
	if (s == 401)
		return err_set(e, ERR_AUTH, "%s refuses the key (401)%s%s; %s", who, colon, said,
			       key_header(m->key, &m->where) ? "check SEALWRIGHT_API_KEY (or the variable the key stands in)" : m->why_no_key);
	if (s == 403)
		return err_set(e, ERR_DENIED, "%s forbids it (403)%s%s; does the key's account have access to %s?", who, colon, said, m->id);
	if (s == 404 || (s == 400 && strcasestr(said, "model") && (strcasestr(said, "not exist") || strcasestr(said, "not found") ||
								  strcasestr(said, "unknown model")))) {
		there = models_there(m, a);
		if (*there)
			return err_set(e, ERR_NOT_FOUND, "%s has no model %s%s%s; it has: %s", who, m->id, colon, said, there);
		return err_set(e, ERR_NOT_FOUND, "%s has no model %s, or no service beneath %s%s%s; does the base URL end as it should (/v1)?",
			       who, m->id, *m->where.path ? m->where.path : "/", colon, said);
	}
	if (s >= 300 && s < 400)
		return err_set(e, ERR_USAGE, "%s sends us on to %.200s (%d), which is not followed; give that as the base URL", who,
			       *t->http.location ? t->http.location : "another address", s);
	if (is_html(t))
		return err_set(e, ERR_MODEL, "%s answers with a web page (%d), not as a model server; check the base URL %s", who, s, m->base_url);
	if (s == 413)
		return err_set(e, ERR_LIMIT, "%s finds the request too large (413)%s%s", who, colon, said);
	return err_set(e, ERR_MODEL, "%s refuses the request (%d)%s%s", who, s, colon, said);
}

/* An answer that is not 200, or an error told in a stream. */
static enum outcome judge_error(struct attempt *t, struct arena *a, struct err *e)
{
	const struct model *m = t->m;
	struct reply *r = t->reply;
	int s = t->http.status;
	char text[240];

	if (!*r->error && !is_html(t)) {
		snippet(t, text);
		snprintf(r->error, sizeof(r->error), "%s", text);
	}
	if (is_about_way(t) && ways_next(m) != WAY_UNKNOWN)
		return OTHER_WAY;
	if (s == 200) { /* within a stream that had begun */
		int code = atoi(r->error_code);

		if (!is_quota(t) && (code < 400 || code > 599 || retry_is_worth(code) || is_listed(m->provider->busy, r->error_code))) {
			err_set(e, ERR_BUSY, "%s broke off with: %s", m->endpoint, r->error);
			return AGAIN;
		}
		t->http.status = code >= 400 && code <= 599 ? code : 500;
	} else if (retry_is_worth(s) && !is_quota(t)) {
		err_set(e, ERR_BUSY, "%s answers %d%s%.200s", m->endpoint, s, *r->error ? ": " : "", r->error);
		t->after_ms = t->http.retry_after_ms;
		return AGAIN;
	}
	explain_status(t, a, e);
	return FAILED;
}

static enum outcome judge_fault(const struct attempt *t, const struct err *why, struct err *e)
{
	if (t->reply->finish[0] && (t->http.fault == HTTP_CUT || t->http.fault == HTTP_SLOW))
		return WHOLE; /* all of it had come */
	*e = *why;
	switch (t->http.fault) {
	case HTTP_REFUSED:
	case HTTP_CUT:
	case HTTP_SLOW:
	case HTTP_NAME:
		return AGAIN;
	default:
		return FAILED;
	}
}

static enum outcome judge_body(struct attempt *t, struct arena *a, struct err *e)
{
	struct model *m = t->m;
	struct reply *r = t->reply;
	char text[240];

	if (t->http.fault == HTTP_ENDED && !t->done) {
		*e = t->why;
		err_wrap(e, "%s", m->endpoint);
		/* A chunk that is no JSON may be the line's fault, a reply without end is the model's. */
		return e->code == ERR_INPUT && t->is_sse && !strstr(e->text, "larger than") ? AGAIN : FAILED;
	}
	if (!t->is_sse) {
		if (*t->http.encoding && strcmp(t->http.encoding, "identity") != 0) {
			err_set(e, ERR_MODEL, "%s sends its answer packed (%s), which was not asked for", m->endpoint, t->http.encoding);
			return FAILED;
		}
		if (is_html(t)) {
			explain_status(t, a, e);
			return FAILED;
		}
		if (reply_parse(r, buf_bytes(&t->plain), e) < 0) {
			snippet(t, text);
			if (*text == '{')
				return err_wrap(e, "%s", m->endpoint), strstr(e->text, "no chat completion") ? FAILED : AGAIN;
			err_set(e, ERR_MODEL, "%s: the answer is neither JSON nor a stream: \"%.100s\"; check the base URL", m->endpoint, text);
			return t->http.body ? FAILED : AGAIN;
		}
	}
	if (*r->error)
		return judge_error(t, a, e);
	if (!r->done && !*r->finish) {
		err_set(e, ERR_NET, "%s: the stream ended in the middle of the reply", m->endpoint);
		return AGAIN;
	}
	if (!strcmp(r->finish, "network_error") || !strcmp(r->finish, "error")) {
		err_set(e, ERR_NET, "%s: the server broke the reply off (%s)", m->endpoint, r->finish);
		return AGAIN;
	}
	return WHOLE;
}

static size_t text_ceiling(const struct model *m, const struct model_ask *q)
{
	int64_t tokens = q->max_tokens > 0 ? q->max_tokens : m->output;

	if (tokens <= 0 || tokens > REPLY_TEXT_MAX / BYTES_A_TOKEN_MOST)
		return REPLY_TEXT_MAX;
	return (size_t)tokens * BYTES_A_TOKEN_MOST + 65536;
}

static enum outcome attempt(struct attempt *t, struct arena *a, struct model_reply *out, struct err *e)
{
	struct model *m = t->m;
	auto_request body = { 0 };
	struct http_ask ask = {
		.url = m->url, .secret_header = key_header(m->key, &m->where), .post = true, .n_pieces = 3, .body_max = BODY_MAX,
		.first_ms = m->first_ms, .stall_ms = m->stall_ms, .stop = m->stop, .enough = &t->done, .seen = body_seen, .arg = t,
	};
	static const char json[] = "Content-Type: application/json";
	const char *headers[12] = { json };
	struct err why = { 0 };

	for (int i = 0; m->provider->headers && m->provider->headers[i] && i < 10; i++)
		headers[i + 1] = m->provider->headers[i];
	ask.headers = headers;
	if (request_make(m, t->q, t->stream, &body, e) < 0 || (!m->http && http_open(&m->http, e) < 0))
		return FAILED;
	memcpy(ask.piece, body.piece, sizeof(body.piece));
	t->began = clock_mono_ms();
	if (http_send(m->http, &ask, &t->http, &why) < 0) {
		out->sent += t->http.sent;
		if (t->http.status && t->http.status != 200)
			return judge_error(t, a, e);
		return judge_fault(t, &why, e);
	}
	out->sent += t->http.sent;
	if (t->http.status != 200) {
		if (t->plain.n && !is_html(t))
			reply_parse(t->reply, buf_bytes(&t->plain), NULL);
		return judge_error(t, a, e);
	}
	return judge_body(t, a, e);
}

/* --- the turn --- */

static void say_again(const struct model *m, const struct err *e, int64_t wait, int tries)
{
	model_tell(m, "%s; trying again in %.*f s (try %d)", e->text, wait < 10000 ? 1 : 0, (double)wait / 1000, tries + 1);
}

static int out_of_patience(struct retry *again, struct err *e)
{
	char text[800];

	snprintf(text, sizeof(text), "%.780s", e->text);
	if (again->tries == 1)
		return err_set(e, e->code, "%s; it wants us to wait %lld s, our patience is %lld s", text, (long long)(again->wanted / 1000),
			       (long long)(again->patience / 1000));
	return err_set(e, e->code, "%s; given up after %d tries", text, again->tries);
}

struct state {
	struct retry again;
	int attempts, empty;
	bool stream, asked_whole;
	uint64_t sent;
};

/* What the reply is worth: 0 done, 1 ask again. */
static int settled(struct model *m, struct arena *a, const struct model_ask *q, struct state *s, struct reply *r, struct model_reply *out)
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

static int once(struct model *m, struct arena *a, const struct model_ask *q, struct state *s, struct model_reply *out, struct err *e)
{
	auto_reply r = { 0 };
	struct attempt t = { .m = m, .q = q, .stream = s->stream, .reply = &r, .plain = buf_max(PLAIN_MAX), .after_ms = -1 };
	struct model_reply done = { 0 };
	enum outcome what;
	int64_t wait;
	int result = -1;

	reply_make(&r, text_ceiling(m, q));
	r.seen = q->seen ? shown : NULL;
	r.arg = &t;
	t.sse = sse_make(sse_event, &t);
	s->attempts++;
	what = attempt(&t, a, &done, e);
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
		model_tell(m, "%s takes no calls by %s (%.120s); trying by %s", m->endpoint, ways_name(m->way), r.error, ways_name(ways_next(m)));
		m->way = ways_next(m);
		result = 1;
		break;
	case AGAIN:
		/* Where nobody has answered yet, a wrong address is likelier than a server that is about to start. */
		if (!m->reached && s->again.patience > UNREACHED_MS && (t.http.fault == HTTP_REFUSED || t.http.fault == HTTP_NAME))
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
	sse_drop(&t.sse);
	buf_drop(&t.plain);
	return result;
}

int model_turn(struct model *m, struct arena *a, const struct model_ask *q, struct model_reply *out, struct err *e)
{
	struct state s = { .stream = true, .again.patience = m->patience_ms ? m->patience_ms : PATIENCE_MS };
	int64_t began = clock_mono_ms();
	struct model_reply done = { 0 };
	int r;

	if (m->replay)
		return replay_turn(m->replay, a, q, out, e);
	do {
		if (m->stop && *m->stop)
			return err_set(e, ERR_STOPPED, "stopped");
		r = once(m, a, q, &s, &done, e);
	} while (r > 0);
	if (r < 0)
		return err_wrap(e, "model %s", m->name);
	done.request = request_digest(a, q);
	done.sent = s.sent;
	done.attempts = s.attempts;
	done.wall_ms = clock_mono_ms() - began;
	*out = done;
	return 0;
}
