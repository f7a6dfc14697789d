/* Unit tests of agent/context: bytes only grow; a cut keeps the person's words and never parts a call from its result. */
#include "../tap.h"
#include "agent/context.h"
#include "base/err.h"

#include <stdlib.h>

static struct arena a;
static int kept;

static char *keep(void *arg, struct arena *at, struct bytes text)
{
	(void)arg;
	(void)text;
	kept++;
	return arena_printf(at, "/spill/%d.txt", kept);
}

static void add(struct context *c, enum item_kind kind, const char *role, const char *text, size_t more)
{
	auto_buf b = buf_max(1 << 20), t = buf_max(1 << 20);

	buf_add_str(&t, text);
	for (size_t i = 0; i < more; i++)
		buf_add_char(&t, 'x');
	buf_printf(&b, "{\"role\":\"%s\",\"content\":\"%s\"}", role, buf_str(&t));
	context_add(c, kind, buf_bytes(&b), NULL);
}

static void fill(struct context *c, int turns, size_t output)
{
	context_open(c);
	add(c, ITEM_SYSTEM, "system", "rules", 0);
	add(c, ITEM_PERSON, "user", "the person's words", 0);
	for (int i = 0; i < turns; i++) {
		add(c, ITEM_REPLY, "assistant", arena_printf(&a, "reply %d", i), 0);
		add(c, ITEM_RESULT, "tool", arena_printf(&a, "result %d ", i), output);
	}
}

static bool whole(const struct context *c)
{
	auto_buf b = buf_max(1 << 24);
	auto_json *v = NULL;
	const json_t *m;
	size_t i;
	bool after_reply = false;

	buf_printf(&b, "[%s]", buf_str(&c->messages));
	if (json_parse(buf_bytes(&b), &v, NULL) < 0 || json_array_size(v) != (size_t)c->n)
		return false;
	json_array_foreach(v, i, m) { /* every result stands behind a reply */
		const char *role = json_text_or(m, "role", "");

		if (!strcmp(role, "tool") && !after_reply)
			return false;
		after_reply = !strcmp(role, "assistant") || (after_reply && !strcmp(role, "tool"));
	}
	return true;
}

static void bytes_only_grow(void)
{
	auto_context c = { 0 };
	char *before;
	size_t n;
	struct digest chain;

	fill(&c, 3, 10);
	n = c.messages.n;
	before = arena_memdup(&a, c.messages.p, n);
	chain = c.chain;
	add(&c, ITEM_REPLY, "assistant", "more", 0);
	ok(!memcmp(before, c.messages.p, n) && c.messages.p[n] == ',', "a message is added behind the others");
	ok(!digest_equal(&chain, &c.chain), "and moves the chain");
	ok(whole(&c), "the messages are JSON objects joined by commas");
}

static void old_outputs_go_first(void)
{
	auto_context c = { 0 }, again = { 0 };
	auto_json *cut = NULL;
	struct err e = { 0 };

	fill(&c, 10, 2000);
	fill(&again, 10, 2000);
	cut = context_plan_cut(&a, &c, 12000, "note", keep, NULL);
	ok(cut && !json_object_get(cut, "from"), "dropping outputs is enough");
	ok(context_cut(&c, cut, &e) == 0 && c.messages.n <= 12000, "the cut is as deep as asked %s", e.text);
	ok(strstr(c.messages.p, "it stands in /spill/1.txt") != NULL, "it is told where an output stands");
	ok(strstr(c.messages.p, "reply 0") && strstr(c.messages.p, "reply 9"), "every reply is still there");
	ok(strstr(c.messages.p, "result 9 xxx") != NULL, "as is the newest output");
	ok(whole(&c), "and all of it is JSON");
	ok(context_cut(&again, cut, &e) == 0 && digest_equal(&c.chain, &again.chain), "the same cut gives the same bytes");
}

static void then_the_oldest_turns(void)
{
	auto_context c = { 0 };
	auto_json *cut = NULL;
	struct err e = { 0 };

	fill(&c, 200, 20);
	add(&c, ITEM_PERSON, "user", "more of the person's words", 0);
	add(&c, ITEM_REPLY, "assistant", "the last reply", 0);
	add(&c, ITEM_RESULT, "tool", "the last result", 0);
	cut = context_plan_cut(&a, &c, 4000, "N turns were left out", keep, NULL);
	ok(cut && context_cut(&c, cut, &e) == 0, "turns are cut %s", e.text);
	ok(c.messages.n <= 4000, "as deep as asked: %zu bytes", c.messages.n);
	ok(strstr(c.messages.p, "the person's words") && strstr(c.messages.p, "more of the person"), "the person's words stay");
	ok(!strstr(c.messages.p, "reply 0") && strstr(c.messages.p, "the last reply"), "the oldest go, the newest stay");
	ok(strstr(c.messages.p, "N turns were left out") != NULL, "a note stands for them");
	ok(whole(&c), "no result stands without its call");
	json_decref(cut);
	cut = context_plan_cut(&a, &c, 10, "again", keep, NULL);
	ok(cut && context_cut(&c, cut, &e) == 0 && whole(&c) && strstr(c.messages.p, "the last result"),
	   "however deep it must go, the last turn stays");
	json_decref(cut);
	cut = context_plan_cut(&a, &c, 10, "again", keep, NULL);
	ok(!cut || context_cut(&c, cut, &e) == 0, "and cutting ends");
	ok(!strstr(c.messages.p, "N turns were left out"), "one note stands for all cuts, the newest");
}

static void a_strange_cut_is_refused(void)
{
	auto_context c = { 0 };
	auto_json *cut = json_pack("{s:[{s:i, s:s}]}", "outputs", "item", 1, "message", "{}");
	struct err e = { 0 };

	fill(&c, 2, 10);
	ok(context_cut(&c, cut, &e) < 0 && e.code == ERR_INPUT, "the person's words cannot be cut as an output");
	json_decref(cut);
	cut = json_pack("{s:i, s:i, s:s}", "from", 2, "to", 99, "note", "{}");
	ok(context_cut(&c, cut, &e) < 0, "nor what is not there");
	ok(whole(&c) && c.n == 6, "and the context is as it was");
}

int main(void)
{
	bytes_only_grow();
	old_outputs_go_first();
	then_the_oldest_turns();
	a_strange_cut_is_refused();
	arena_drop(&a);
	return done();
}
