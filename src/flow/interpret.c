/*
 * The prompt interpreter: an intent becomes a specification.
 *
 * A blueprint is chosen by the intent's words. A model drafts entities and fields within the blueprint's schema; code
 * cures the draft and binds the rules to what the person wrote (blueprint/), so that nothing a model merely proposes is
 * ever enforced. A draft that cannot be cured is asked for again, warmer each time, from the unchanged prompt.
 *
 * Without a fitting blueprint the work is free: a large model plans it itself (free.c), a small one is refused, since
 * it was measured to fail.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/err.h"
#include "blueprint/blueprint.h"
#include "flow/sample.h"
#include "flow/state.h"

#include <string.h>

enum { DRAFTS_MAX = 5 };

int flow_blueprint(struct flow *f, struct err *e)
{
	const char *name = f->spec ? json_text(f->spec, "blueprint") : f->plan.blueprint;

	if (f->blueprint || !name)
		return 0;
	return blueprint_load(f->a, name, &f->blueprint, e);
}

void flow_seen(void *arg, const char *what, struct bytes piece)
{
	struct flow *f = arg;

	auto_arena a = { 0 };

	f->heard = strcmp(what, "again") ? f->heard + (int64_t)piece.n : 0;
	if (clock_mono_ms() - f->told_ms < 250) /* a person reads no faster, and --json is not a stream of letters */
		return;
	f->told_ms = clock_mono_ms();
	session_say(f->s, "progress",
		    json_pack("{s:s, s:o}", "what", what, "text", json_string_any(bytes_of(arena_printf(
				    &a, "%s, %lld characters", f->doing ? f->doing : what, (long long)f->heard)))));
}

/* One draft. 1: cured into f->spec; 0: not usable, said in a note. */
static int draft(struct flow *f, struct bytes messages, const json_t *schema, int max_tokens, int n, struct err *e)
{
	auto_arena turn = { 0 };
	struct model_ask q = {
		.messages = messages, .schema = schema, .temperature = sample_temperature(n), .max_tokens = max_tokens,
		.seed = n + 1, .seen = flow_seen, .arg = f,
	};
	struct model_reply r;
	struct err why = { 0 };
	const char *text = n < f->earlier_n ? f->earlier[n] : NULL; /* an earlier process has it already */

	f->heard = 0;
	f->doing = "drafting the specification";
	if (!text) {
		if (model_turn(f->m, &turn, &q, &r, e) < 0)
			return err_wrap(e, "draft");
		flow_spend(f, &r.usage);
		if (flow_log(f, "turn", model_reply_json(&r), e) < 0)
			return -1;
		text = r.content;
	}
	if (blueprint_spec_cure(f->a, f->blueprint, f->intent.words, bytes_of(text), &f->spec, &why) == 0)
		return 1;
	if (why.code != ERR_INPUT && why.code != ERR_MODEL) {
		*e = why;
		return -1;
	}
	flow_note(f, "draft %d cannot be used: %s", n + 1, why.text);
	return 0;
}

static int specify(struct flow *f, struct err *e)
{
	auto_buf messages = buf_max(256 << 10);
	auto_json *schema = NULL;
	int max_tokens = 0, r = 0;

	if (blueprint_spec_ask(f->a, f->blueprint, f->intent.words, &messages, &schema, &max_tokens, e) < 0)
		return -1;
	for (int n = 0; n < DRAFTS_MAX && !r; n++) {
		const char *spent = flow_spent_budget(f);

		if (spent)
			return err_set(e, f->o->stop && *f->o->stop ? ERR_STOPPED : ERR_LIMIT, "%s", spent);
		r = draft(f, buf_bytes(&messages), schema, max_tokens, n, e);
	}
	if (r < 0)
		return -1;
	if (!r)
		return err_set(e, ERR_MODEL, "no usable specification in %d drafts by %s; say the things and their fields in "
			       "the intent (\"items with name, SKU and quantity\"), or take a larger model with --model",
			       DRAFTS_MAX, model_name(f->m));
	return 0;
}

/* The tags belong to the specification: a blueprint has tasks that only a tag brings. */
static void tag(struct flow *f)
{
	json_t *tags = json_array();

	for (int i = 0; i < f->intent.tags_n; i++)
		json_array_append_new(tags, json_string(f->intent.tags[i]));
	json_object_set_new(f->spec, "tags", tags);
}

int flow_interpret(struct flow *f, enum stage *next, struct err *e)
{
	(void)next;
	if (blueprint_find(f->a, f->intent.words, &f->blueprint, e) < 0 || flow_model(f, e) < 0)
		return -1;
	if (!f->blueprint && model_is_small(f->m))
		return err_set(e, ERR_USAGE, "no blueprint fits this intent, and %s is too small to work without one; "
			       "`sealwright blueprint list` shows what there is; for all else: --model glm-5.1, or another "
			       "large model with --model and --base-url", model_name(f->m));
	if (!f->blueprint) {
		flow_note(f, "no blueprint fits this intent: the model plans the work itself");
		return 0;
	}
	if (specify(f, e) < 0)
		return -1;
	f->earlier_n = 0;
	tag(f);
	return flow_log(f, "spec", json_pack("{s:s, s:O}", "blueprint", blueprint_name(f->blueprint), "spec", f->spec), e);
}
