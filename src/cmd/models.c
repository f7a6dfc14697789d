/*
 * `sealwright models list` and `sealwright models pull`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/json.h"
#include "cmd/cmd.h"
#include "cmd/stop.h"
#include "model/local.h"
#include "model/pull.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct opt list_options[] = {
	{ "json", 0, NULL, "Print one JSON object", false },
	{ 0 },
};

static const struct opt pull_options[] = {
	{ "json", 0, NULL, "Print the result as one JSON object", false },
	{ 0 },
};

static json_t *model_json(struct arena *a, const struct catalogue *c, const struct catalogue_model *m)
{
	char hex[65], *where = pull_where(a, m);

	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:I, s:b, s:{s:b, s:b, s:b}, s:b, s:s?}", "name", m->name,
			 "title", m->title, "upstream", m->upstream, "licence", m->licence, "bytes", (json_int_t)m->bytes,
			 "sha256", digest_hex(&m->sha256, hex), "context", (json_int_t)m->context, "small", m->small,
			 "abilities", "native_calls", m->native_calls, "schema", m->schema, "fim", m->fim, "default",
			 c->preferred && !strcmp(c->preferred, m->name), "path", where);
}

static json_t *server_json(const struct local_found *f)
{
	return json_pack("{s:s, s:s, s:s, s:b}", "engine", f->engine, "base_url", f->base_url, "model", f->model, "ours",
			 f->ours);
}

static void print_json(const json_t *v)
{
	auto_buf text = buf_max(4 << 20);

	json_write(&text, v);
	puts(buf_str(&text));
}

static void print_list(struct arena *a, const struct catalogue *c, const struct local_found *f, int n)
{
	printf("%-22s %9s %8s  %-12s %s\n", "NAME", "SIZE", "CONTEXT", "LICENCE", "STATE");
	for (int i = 0; i < c->n; i++) {
		const struct catalogue_model *m = &c->models[i];
		bool preferred = c->preferred && !strcmp(c->preferred, m->name);

		printf("%-22s %6lld MB %8lld  %-12s %s%s\n", m->name, (long long)(m->bytes / 1000000),
		       (long long)m->context, m->licence, pull_where(a, m) ? "here" : "to pull",
		       preferred ? ", default (\"local\")" : "");
	}
	if (n)
		printf("\nAnswering on this machine now:\n");
	for (int i = 0; i < n; i++)
		printf("%-22s %-28s %s%s\n", f[i].model, f[i].base_url, f[i].engine, f[i].ours ? " (sealwright's own)" : "");
}

static int list_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct catalogue c;
	struct local_found *found;
	int n;

	if (o->rest_n)
		return err_set(e, ERR_USAGE, "no argument is taken, %s was given", o->rest[0]);
	if (catalogue_load(a, &c, e) < 0)
		return -1;
	n = local_find(a, &found);
	if (opts_has(o, "json")) {
		auto_json *all = json_pack("{s:s, s:[], s:[]}", "type", "models", "models", "servers");

		for (int i = 0; i < c.n; i++)
			json_array_append_new(json_object_get(all, "models"), model_json(a, &c, &c.models[i]));
		for (int i = 0; i < n; i++)
			json_array_append_new(json_object_get(all, "servers"), server_json(&found[i]));
		print_json(all);
	} else {
		print_list(a, &c, found, n);
	}
	return 0;
}

static void say(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

/* One line, drawn over and over; only on a terminal. */
static void draw(void *arg, const struct pull_state *s)
{
	bool *drawn = arg;

	fprintf(stderr, "\r%s %lld of %lld MB", s->doing, (long long)(s->have / 1000000), (long long)(s->bytes / 1000000));
	if (s->left_ms >= 0)
		fprintf(stderr, ", %.1f MB/s, %lld s left", s->rate / 1e6, (long long)(s->left_ms / 1000));
	fprintf(stderr, "   \033[K\r"); /* the next line that is said stands over it */
	*drawn = true;
}

static int pull_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct catalogue c;
	struct pull p = { .ask = { .told = say, .stop = stop_flag() } };
	bool drawn = false;
	char *path = NULL, hex[65];

	if (o->rest_n > 1)
		return err_set(e, ERR_USAGE, "one model at a time");
	if (catalogue_load(a, &c, e) < 0 || catalogue_find(&c, o->rest_n ? o->rest[0] : "local", &p.model, e) < 0)
		return -1;
	if (isatty(2)) {
		p.progress = draw;
		p.progress_arg = &drawn;
	}
	if (pull_model(a, &p, &path, e) < 0)
		return -1;
	if (opts_has(o, "json")) {
		auto_json *v = json_pack("{s:s, s:s, s:s, s:I, s:s}", "type", "model", "name", p.model->name, "path", path,
					 "bytes", (json_int_t)p.model->bytes, "sha256", digest_hex(&p.model->sha256, hex));

		print_json(v);
	} else {
		printf("%s is here and checked: %s\n", p.model->name, path);
	}
	return 0;
}

const struct command cmd_models_list = {
	.name = "models list", .group = "Models", .usage = "",
	.summary = "Show the models that can be had, and the servers that answer here",
	.about = "Reads the catalogue (share/models/catalogue.json, and models.json in the configuration folder, whose\n"
		 "entries win) and asks the usual loopback ports of llama-server, Ollama, LM Studio, vLLM and SGLang\n"
		 "which models they serve.\n",
	.examples = "sealwright models list  # what there is\n",
	.options = list_options, .run = list_run,
};

const struct command cmd_models_pull = {
	.name = "models pull", .group = "Models", .usage = "[NAME]",
	.summary = "Fetch a model and check its SHA-256",
	.about = "Fetches the model NAME of the catalogue (default: the one that \"local\" means) into the cache folder.\n"
		 "A pull that was interrupted goes on where it stopped. A file whose SHA-256 is wrong is refused and\n"
		 "removed (exit 3). Nothing is fetched when the disk has no room for it.\n"
		 "\n"
		 "A folder of models that you have already: set SEALWRIGHT_MODELS_DIR to it; files there are checked and\n"
		 "used where they lie.\n",
	.examples = "sealwright models pull  # the default model\n"
		    "sealwright models pull qwen2.5-coder-0.5b  # a smaller one\n",
	.options = pull_options, .run = pull_run,
};
