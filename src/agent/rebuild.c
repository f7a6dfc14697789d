/*
 * A loop from its log: the same bytes that were sent, the same counts, and how far the last reply's calls came.
 *
 * Each reply's event holds the chain of the context that it answered; a chain that differs is a broken prefix and is
 * reported with the event, before anything is sent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/loop_state.h"
#include "base/err.h"

#include <math.h>

struct rebuild {
	struct loop *l;
	bool inside, ended;
	bool told;          /* one of our messages since the last reply */
	bool owed;          /* the last reply's usage is not in the log */
	struct model_usage usage;
};

static int add_text(struct loop *l, enum item_kind kind, const char *role, const char *text, struct err *e)
{
	auto_buf m = buf_max(8 << 20);

	model_text_message(&m, role, bytes_of(text));
	if (buf_check(&m, "a message", e) < 0)
		return -1;
	return context_add(&l->c, kind, buf_bytes(&m), e);
}

static int chain_holds(struct rebuild *r, const struct session_event *ev, struct err *e)
{
	const char *want = json_text(ev->data, "chain");
	char have[65];

	if (!want || !strcmp(digest_hex(&r->l->c.chain, have), want))
		return 0;
	return err_set(e, ERR_DAMAGED, "event %llu was sent with another context than its log makes (%zu bytes now, %lld then): this "
		       "session was written by another version of sealwright", (unsigned long long)ev->seq, r->l->c.messages.n,
		       (long long)json_whole(ev->data, "context", 0));
}

static int begun(struct rebuild *r, const struct session_event *ev, struct err *e)
{
	struct loop *l = r->l;

	if (r->inside)
		return err_set(e, ERR_DAMAGED, "event %llu begins a conversation that had begun", (unsigned long long)ev->seq);
	r->inside = true;
	buf_clear(&l->tools);
	buf_add_str(&l->tools, json_text_or(ev->data, "tools", "[]"));
	if (add_text(l, ITEM_SYSTEM, "system", json_text_or(ev->data, "system", ""), e) < 0 ||
	    add_text(l, ITEM_PERSON, "user", json_text_or(ev->data, "user", ""), e) < 0)
		return -1;
	return chain_holds(r, ev, e);
}

static int replied(struct rebuild *r, const struct session_event *ev, struct err *e)
{
	struct loop *l = r->l;
	const json_t *u = json_map(json_map(ev->data, "reply"), "usage");
	const char *why;

	if (chain_holds(r, ev, e) < 0)
		return -1;
	if (l->turns)
		watch_turn(&l->watch, &why); /* what it had to say then is in the log */
	l->turns++;
	if (l->reply.n)
		l->lengths = 0;
	r->told = false;
	r->owed = true;
	r->usage = (struct model_usage){ json_whole(u, "prompt", 0), json_whole(u, "cached", 0), json_whole(u, "completion", 0),
					 json_real_or(u, "cost", NAN), json_flag(u, "counted", false) };
	l->summary = NULL;
	return loop_reply_add(l, ev->data, e);
}

static int told(struct rebuild *r, const struct session_event *ev, struct err *e)
{
	struct loop *l = r->l;
	const char *kind = json_text_or(ev->data, "kind", "");

	r->told = true;
	l->malformed += !strcmp(kind, "lost") || !strcmp(kind, "empty");
	l->lengths += !strcmp(kind, "length");
	l->refusals += !strcmp(kind, "refused");
	return add_text(l, ITEM_OURS, "user", json_text_or(ev->data, "text", ""), e);
}

static int resulted(struct rebuild *r, const struct session_event *ev, struct err *e)
{
	struct loop *l = r->l;
	struct pending *p = &l->reply;

	if (p->next >= p->n || strcmp(p->calls[p->next].id, json_text_or(ev->data, "id", "")))
		return err_set(e, ERR_DAMAGED, "event %llu is the result of no call", (unsigned long long)ev->seq);
	if (!strcmp(p->calls[p->next].name, "finish") && !json_flag(ev->data, "malformed", false))
		l->summary = arena_strdup(l->a, json_text_or(ev->data, "text", ""));
	p->started = false;
	return loop_result_add(l, &p->calls[p->next++], ev->data, e);
}

static int event(void *arg, const struct session_event *ev, struct err *e)
{
	struct rebuild *r = arg;
	struct loop *l = r->l;
	const char *task = json_text(ev->data, "task");

	if (l->o->task ? !task || strcmp(task, l->o->task) : task != NULL)
		return 0;
	if (!strcmp(ev->type, "context"))
		return begun(r, ev, e);
	if (!r->inside)
		return 0;
	if (!strcmp(ev->type, "reply"))
		return replied(r, ev, e);
	if (!strcmp(ev->type, "say"))
		return told(r, ev, e);
	if (!strcmp(ev->type, "usage"))
		r->owed = false;
	if (!strcmp(ev->type, "tool"))
		l->reply.started = true;
	if (!strcmp(ev->type, "tool.result"))
		return resulted(r, ev, e);
	if (!strcmp(ev->type, "context.cut"))
		return context_cut(&l->c, ev->data, e) < 0 ? err_wrap(e, "event %llu", (unsigned long long)ev->seq) : chain_holds(r, ev, e);
	if (!strcmp(ev->type, "loop.end")) {
		l->summary = arena_strdup(l->a, json_text_or(ev->data, "text", ""));
		r->ended = true;
	}
	return 0;
}

int loop_rebuild(struct loop *l, bool *found, bool *ended, struct err *e)
{
	struct rebuild r = { .l = l };

	if (session_each(l->o->session, event, &r, e) < 0)
		return -1;
	if (r.owed && loop_spend(l, &r.usage, e) < 0) /* killed between the two */
		return -1;
	*found = r.inside;
	*ended = r.ended;
	/* A reply whose calls all have results, or which was answered by us, is settled. A finish that was not judged is not. */
	if (l->has_reply && (r.told || (l->reply.n && l->reply.next == l->reply.n && !l->summary)))
		l->has_reply = false;
	if (!l->has_reply || r.told)
		l->summary = r.ended ? l->summary : NULL;
	return 0;
}
