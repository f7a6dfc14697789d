/*
 * `sealwright models test`: is a model there, may we use it, and in which ways does it give its calls?
 *
 * One tiny request a way. A way that fails tells nothing of the others, so each is asked for itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/stop.h"
#include "model/model.h"

#include <stdio.h>
#include <string.h>

static const struct opt options[] = {
	{ "base-url", 0, "URL", "Ask this OpenAI-compatible endpoint", false },
	{ "json", 0, NULL, "Print one JSON object", false },
	{ "time", 0, "TIME", "Give up on a failing endpoint after TIME (default: 30s)", false },
	{ 0 },
};

enum { TOKENS = 400 };

static const struct { enum model_way way; const char *name; } ways[] = {
	{ WAY_NATIVE, "native" }, { WAY_SCHEMA, "schema" }, { WAY_TEXT, "text" },
};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

static const char tools[] =
	"[{\"name\":\"report\",\"description\":\"Report a number.\",\"parameters\":{\"type\":\"object\",\"properties\":"
	"{\"number\":{\"type\":\"integer\"}},\"required\":[\"number\"],\"additionalProperties\":false}}]";
static const char messages[] = "{\"role\":\"system\",\"content\":\"You use tools.\"},"
			       "{\"role\":\"user\",\"content\":\"Call the tool report with the number 7.\"}";

static void say(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

struct finding {
	bool answered, works;
	char why[300];
	double first_s, rate;    /* to the first token; tokens a second */
	const char *model;
};

/* Whether the reply is what was asked for. */
static bool is_right(const struct model_reply *r)
{
	auto_json *v = NULL;

	return r->n_calls == 1 && !r->calls[0].bad && json_parse(bytes_of(r->calls[0].arguments), &v, NULL) == 0 &&
	       json_whole(v, "number", 0) == 7;
}

static int ask(struct arena *a, const struct model_choice *c, struct finding *f, int64_t *context,
	       const char **endpoint, struct err *e)
{
	auto_model *m = NULL;
	struct model_ask q = { .messages = bytes_of(messages),
			       .tools = bytes_of(tools),
			       .temperature = 0,
			       .max_tokens = TOKENS,
			       .seed = 1 };
	struct model_reply r;

	if (model_open(c, &m, e) < 0)
		return -1;
	*context = model_context_tokens(m);
	*endpoint = arena_strdup(a, model_endpoint(m));
	if (model_turn(m, a, &q, &r, e) < 0)
		return -1;
	f->answered = true;
	f->works = is_right(&r) && r.way == c->way && (c->way != WAY_NATIVE || !r.lost);
	if (!f->works)
		snprintf(f->why, sizeof(f->why), "%.280s",
			 r.lost ? r.lost
				 : !r.n_calls	   ? "no call came"
				 : r.way != c->way ? "called in another way"
						   : "called with something else");
	f->first_s = (double)r.first_ms / 1000;
	if (r.wall_ms > r.first_ms && r.usage.completion > 0)
		f->rate = (double)r.usage.completion * 1000 / (double)(r.wall_ms - r.first_ms);
	f->model = r.model;
	return 0;
}

/* What ends the test rather than one way of it. */
static bool is_final(enum err_code code)
{
	return code != ERR_MODEL && code != ERR_INPUT && code != ERR_LIMIT;
}

static void print_way(const struct finding *f, int i)
{
	printf("%-8s %-8s", ways[i].name, f->works ? "works" : f->answered ? "no" : "refused");
	if (f->answered)
		printf(" first token after %.1f s, %.0f tokens/s", f->first_s, f->rate);
	printf("%s%s\n", *f->why ? "  " : "", f->why);
}

static void print_json(const struct finding f[WAYS], const char *name, const char *endpoint, int64_t context)
{
	auto_json *all = json_pack("{s:s, s:s, s:s, s:b, s:I, s:{}}", "type", "model_test", "model", name, "endpoint",
				   endpoint, "reachable", 1, "context", (json_int_t)context, "ways");
	auto_buf text = buf_max(1 << 16);

	for (int i = 0; i < WAYS; i++)
		json_object_set_new(json_map(all, "ways"), ways[i].name,
				    json_pack("{s:b, s:b, s:s, s:I, s:I}", "answered", f[i].answered, "works",
					      f[i].works, "why", f[i].why, "first_ms",
					      (json_int_t)(f[i].first_s * 1000), "tokens_a_second",
					      (json_int_t)(f[i].rate + 0.5)));
	json_write(&text, all);
	puts(buf_str(&text));
}

static int run(struct arena *a, const struct opts *o, struct err *e)
{
	struct model_choice c = { .name = o->rest_n ? o->rest[0] : "local",
				  .base_url = opts_text(o, "base-url"),
				  .patience_ms = 30000,
				  .told = say,
				  .stop = stop_flag() };
	struct finding f[WAYS] = { 0 };
	const char *endpoint = "", *served = NULL;
	bool json = opts_has(o, "json"), any = false;
	int64_t context = 0;

	if (o->rest_n > 1)
		return err_set(e, ERR_USAGE, "one model at a time");
	if (opts_time(o, "time", &c.patience_ms, e) < 0)
		return -1;
	for (int i = 0; i < WAYS; i++) {
		struct err why = { 0 };

		c.way = ways[i].way;
		if (ask(a, &c, &f[i], &context, &endpoint, &why) < 0) {
			if (is_final(why.code)) {
				*e = why;
				return -1;
			}
			snprintf(f[i].why, sizeof(f[i].why), "%.280s", why.text);
		}
		any = any || f[i].works;
		served = f[i].model ? f[i].model : served;
		if (!json && i == 0 && f[0].answered)
			printf("%s answers at %s; the key, if any, is accepted\n", served ? served : c.name, endpoint);
		if (!json)
			print_way(&f[i], i);
	}
	if (json)
		print_json(f, c.name, endpoint, context);
	else if (context)
		printf("context  %lld tokens\n", (long long)context);
	return any ? 0 : 1;
}

const struct command cmd_models_test = {
	.name = "models test",
	.group = "Models",
	.usage = "[NAME]",
	.summary = "Ask a model something small, in each way it may give its calls",
	.about =
		"Says whether the endpoint is reachable, whether it takes the key, in which of three ways the model calls a\n"
		"tool (the API's tool calls, one action held to a JSON schema, a block of JSON in the text), and how fast\n"
		"it is. Exit status 0 when at least one way works.\n",
	.examples = "sealwright models test  # the local model\n"
		    "sealwright models test glm-5.1  # with the key in SEALWRIGHT_API_KEY\n"
		    "sealwright models test my-model --base-url http://127.0.0.1:8000/v1  # any other\n",
	.options = options,
	.run = run,
};
