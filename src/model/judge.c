/*
 * What an answer means: the reply is there, ask again, ask in another way, or no use.
 *
 * Asked again is what time can mend. What it cannot (a wrong key, no credit, no such model, a web page, a reply without
 * end) is told at once, with its cure, and costs one request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/attempt.h"

#include "model/probe.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

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
	static const char *const words[] = {
		"insufficient_quota", "insufficient balance", "insufficient credit", "exceeded your current quota",
		"billing", "payment required", NULL,
	};
	const struct reply *r = t->reply;

	return t->http.status == 402 || is_listed(t->m->provider->quota, r->error_code) ||
	       (!is_listed(t->m->provider->busy, r->error_code) &&
		(mentions(r->error, words) || mentions(r->error_type, words) || mentions(r->error_code, words)));
}

static bool is_too_long(const struct attempt *t)
{
	static const char *const words[] = {
		"context length", "context_length", "maximum context", "context size", "exceed_context",
		"context window", "prompt is too long", "exceeds max length", "too many tokens", NULL,
	};
	const struct reply *r = t->reply;

	return (t->http.status == 400 || t->http.status == 413 || t->http.status == 422 || t->http.status == 500) &&
	       (mentions(r->error, words) || mentions(r->error_type, words) || mentions(r->error_code, words));
}

/* Does this refusal mean "not in this way"? */
static bool is_about_way(const struct attempt *t)
{
	static const char *const tools[] = { "tool", "function call", "jinja", "chat template", NULL };
	static const char *const schema[] = { "response_format", "schema", "grammar", "json", NULL };
	const struct model *m = t->m;
	int s = t->http.status;

	if (m->way_sure || !tools_count(&m->tools) ||
	    !(s == 400 || s == 404 || s == 405 || s == 422 || s == 500 || s == 501))
		return false;
	return m->way == WAY_NATIVE ? mentions(t->reply->error, tools)
				    : m->way == WAY_SCHEMA && mentions(t->reply->error, schema);
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
	return !strcmp(t->http.type, "text/html") || !strncasecmp(text, "<!doctype", 9) ||
		!strncasecmp(text, "<html", 5);
}

/* What the endpoint serves, for people who misspelled a name; "" when it does not say. */
static char *models_there(struct model *m, struct arena *a)
{
	auto_attempt t = attempt_make(m, NULL, false, NULL);
	auto_buf text = buf_max(400);
	struct probe_models all = { 0 };
	struct http_ask q = { .url = arena_printf(a, "%s/models", m->base_url),
			      .secret_header = key_header(m->key, &m->where),
			      .headers = m->provider->headers,
			      .first_ms = 10000,
			      .stall_ms = 5000,
			      .stop = m->stop,
			      .seen = attempt_seen,
			      .arg = &t };

	if (http_send(m->http, &q, &t.http, NULL) == 0 && t.http.status == 200)
		probe_models_parse(a, buf_bytes(&t.plain), &all, NULL);
	for (int i = 0; i < all.n && i < 8; i++)
		buf_printf(&text, "%s%.60s", i ? ", " : "", all.models[i].id);
	if (all.n > 8)
		buf_printf(&text, " and %d more", all.n - 8);
	return arena_memdup(a, buf_str(&text), text.n);
}

static int explain_status(struct attempt *t, struct arena *a, struct err *e)
{
	struct model *m = t->m;
	const char *who = m->endpoint, *said = *t->reply->error ? t->reply->error : NULL, *colon = said ? ": " : "",
		   *there;
	int s = t->http.status;

	said = said ? said : "";
	if (is_quota(t))
		return err_set(e, ERR_LIMIT,
			       "%s refuses (%d)%s%s; its account has no credit left: add some, or choose another model",
			       who, s, colon, said);
	if (s == 401)
		return err_set(e, ERR_AUTH, "%s refuses the key (401)%s%s; %s", who, colon, said,
			       !m->key ? m->why_no_key
				       : key_header(m->key, &m->where)
				       ? "check SEALWRIGHT_API_KEY (or the variable the key stands in)"
				       : "it was not sent, since that server belongs to another user");
	if (s == 403)
		return err_set(e, ERR_DENIED, "%s forbids it (403)%s%s; does the key's account have access to %s?", who,
			       colon, said, m->id);
	if (s == 404 ||
	    (s == 400 && strcasestr(said, "model") &&
	     (strcasestr(said, "not exist") || strcasestr(said, "not found") || strcasestr(said, "unknown model")))) {
		there = models_there(m, a);
		if (*there)
			return err_set(e, ERR_NOT_FOUND, "%s has no model %s%s%s; it has: %s", who, m->id, colon, said,
				       there);
		return err_set(
			e, ERR_NOT_FOUND,
			"%s has no model %s, or no service beneath %s%s%s; does the base URL end as it should (/v1)?",
			who, m->id, *m->where.path ? m->where.path : "/", colon, said);
	}
	if (s >= 300 && s < 400)
		return err_set(e, ERR_USAGE,
			       "%s sends us on to %.200s (%d), which is not followed; give that as the base URL", who,
			       *t->http.location ? t->http.location : "another address", s);
	if (is_html(t))
		return err_set(e, ERR_MODEL,
			       "%s answers with a web page (%d), not as a model server; check the base URL %s", who, s,
			       m->base_url);
	if (is_too_long(t)) {
		m->too_long = true;
		return err_set(e, ERR_LIMIT, "the transcript does not fit the context of %s (%d)%s%s", m->id, s, colon,
			       said);
	}
	if (s == 413)
		return err_set(e, ERR_LIMIT, "%s finds the request too large (413)%s%s", who, colon, said);
	return err_set(e, ERR_MODEL, "%s refuses the request (%d)%s%s", who, s, colon, said);
}

/* An answer that is not 200, or an error told in a stream. */
enum outcome judge_status(struct attempt *t, struct arena *a, struct err *e)
{
	const struct model *m = t->m;
	struct reply *r = t->reply;
	int s = t->http.status;
	char text[240];

	if (!*r->error && t->plain.n && !is_html(t))
		reply_parse(r, buf_bytes(&t->plain), NULL);
	if (!*r->error && !is_html(t)) {
		snippet(t, text);
		snprintf(r->error, sizeof(r->error), "%s", text);
	}
	if (!is_too_long(t) && is_about_way(t) && ways_next(m) != WAY_UNKNOWN)
		return OTHER_WAY;
	if (s == 200) { /* within a stream that had begun */
		int code = atoi(r->error_code);

		if (!is_quota(t) &&
		    (code < 400 || code > 599 || retry_is_worth(code) || is_listed(m->provider->busy, r->error_code))) {
			err_set(e, ERR_BUSY, "%s broke off with: %s", m->endpoint, r->error);
			return AGAIN;
		}
		t->http.status = code >= 400 && code <= 599 ? code : 500;
	} else if ((retry_is_worth(s) || is_listed(m->provider->busy, r->error_code)) && !is_quota(t) &&
		   !is_too_long(t)) {
		err_set(e, ERR_BUSY, "%s answers %d%s%.200s", m->endpoint, s, *r->error ? ": " : "", r->error);
		t->after_ms = t->http.retry_after_ms;
		return AGAIN;
	}
	explain_status(t, a, e);
	return FAILED;
}

enum outcome judge_fault(const struct attempt *t, const struct err *why, struct err *e)
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

enum outcome judge_body(struct attempt *t, struct arena *a, struct err *e)
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
			err_set(e, ERR_MODEL, "%s sends its answer packed (%s), which was not asked for", m->endpoint,
				t->http.encoding);
			return FAILED;
		}
		if (is_html(t)) {
			explain_status(t, a, e);
			return FAILED;
		}
		if (reply_parse(r, buf_bytes(&t->plain), e) < 0) {
			snippet(t, text);
			if (*text == '{')
				return err_wrap(e, "%s", m->endpoint),
				       strstr(e->text, "no chat completion") ? FAILED : AGAIN;
			err_set(e, ERR_MODEL,
				"%s: the answer is neither JSON nor a stream: \"%.100s\"; check the base URL",
				m->endpoint, text);
			return t->http.body ? FAILED : AGAIN;
		}
	}
	if (*r->error)
		return judge_status(t, a, e);
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
