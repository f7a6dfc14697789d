/*
 * Search under test.
 *
 * Seeds are fixed by the sample's number, so that the same model, prompt and server give the same search again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "flow/sample.h"

#include "base/err.h"
#include "base/hash.h"

#include <math.h>

double sample_temperature(int n)
{
	return n == 0 ? 0.0 : n <= 4 ? 0.5 : 0.9;
}

static bool was_seen(const struct digest *seen, int n, const struct digest *d)
{
	for (int i = 0; i < n; i++)
		if (digest_equal(&seen[i], d))
			return true;
	return false;
}

static void spend(struct model_usage *to, const struct model_usage *u)
{
	to->prompt += u->prompt;
	to->cached += u->cached;
	to->completion += u->completion;
	to->cost += isnan(u->cost) ? 0 : u->cost;
	to->counted = to->counted || u->counted;
}

/* The n-th answer: an earlier process's, or the model's. 1: the search ends (budget). */
static int answer_get(struct model *m, struct arena *a, const struct sample *s, int n, struct model_reply *r,
		      struct model_usage *spent, struct err *e)
{
	struct model_ask q = {
		.messages = s->prompt, .temperature = sample_temperature(n), .max_tokens = s->max_tokens, .seed = n + 1,
		.seen = s->seen, .arg = s->seen_arg,
	};

	if (n < s->earlier_n) {
		*r = (struct model_reply){ .content = s->earlier[n] };
		return 0;
	}
	if (model_turn(m, a, &q, r, e) < 0)
		return err_wrap(e, "sample %d", n + 1);
	spend(spent, &r->usage);
	return s->told ? s->told(s->arg, n, r, NULL) : 0;
}

int sample_search(struct model *m, struct arena *a, const struct sample *s, struct sample_result *out, struct err *e)
{
	int max = s->max > 0 && s->max < SAMPLE_MAX ? s->max : SAMPLE_MAX, unique = 0;
	struct sample_result res = { .why = "no answer" };
	struct digest seen[SAMPLE_MAX];

	for (int n = 0; n < max && !res.found; n++) {
		struct model_reply r;
		struct digest d;
		const char *why = NULL;
		int good = answer_get(m, a, s, n, &r, &res.spent, e);

		if (good < 0)
			return -1;
		res.tried++;
		if (good)
			break;
		d = hash_bytes(bytes_of(r.content));
		if (was_seen(seen, unique, &d)) {
			res.same++;
			continue;
		}
		seen[unique++] = d;
		good = s->judge(s->arg, a, bytes_of(r.content), &why, e);
		if (good < 0)
			return -1;
		res.found = good;
		if (good)
			res.answer = arena_strdup(a, r.content);
		else
			res.why = why ? why : "refused";
		if (s->told && s->told(s->arg, n, &r, good ? "passes" : res.why))
			break;
	}
	*out = res;
	return 0;
}
