/*
 * Reading providers.json.
 *
 * What becomes part of a URL, a header or the name of a variable is held to its letters here, once. A key that nobody
 * reads is refused rather than passed over: in a file that people write, it is a slip.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/provider.h"

#include "base/err.h"
#include "base/fs.h"
#include "net/url.h"

#include <ctype.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>

enum { ENTRIES_MAX = 1000, LIST_MAX = 64, TEXT_MAX = 500, FILE_MAX = 4 << 20 };

static int keys_check(const json_t *o, const char *const *known, struct err *e)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)o, key, v) {
		int i = 0;

		while (known[i] && strcmp(known[i], key) != 0)
			i++;
		if (!known[i])
			return err_set(e, ERR_INPUT, "\"%.60s\" is no key of this", key);
	}
	return 0;
}

static bool is_plain(const char *s, const char *more, size_t max)
{
	if (!*s || strlen(s) > max)
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(more, *s))
			return false;
	return true;
}

static bool is_header_safe(const char *s)
{
	for (; *s; s++)
		if (*s < ' ' || *s >= 127)
			return false;
	return true;
}

/* An array of texts, NULL-ended; empty when absent. */
static int texts(struct arena *a, const json_t *o, const char *key, const char *const **out, struct err *e)
{
	const json_t *list = json_object_get(o, key);
	size_t n = json_array_size(list);
	const char **all = arena_array(a, n + 1, sizeof(*all));

	if ((list && !json_is_array(list)) || n > LIST_MAX)
		return err_set(e, ERR_INPUT, "\"%s\" is a list of at most %d texts", key, LIST_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (!s || !*s || strlen(s) > TEXT_MAX || !is_header_safe(s))
			return err_set(e, ERR_INPUT, "\"%s\" holds what is no text of one line", key);
		all[i] = arena_strdup(a, s);
	}
	*out = all;
	return 0;
}

/* An object as members that can stand in another: without its braces. */
static int members(struct arena *a, const json_t *o, const char **out, struct err *e)
{
	static const char *const ours[] = { "model", "messages", "tools", "stream", "response_format" };
	auto_buf b = buf_max(16 << 10);

	if (!json_is_object(o))
		return err_set(e, ERR_INPUT, "a body is an object");
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		if (json_object_get(o, ours[i]))
			return err_set(e, ERR_INPUT, "a body may not hold \"%s\"", ours[i]);
	if (json_write(&b, o) < 0)
		return err_set(e, ERR_INPUT, "a body is longer than %zu bytes", b.max);
	*out = arena_memdup(a, b.p + 1, b.n - 2);
	return 0;
}

static int parse_headers(struct arena *a, const json_t *o, const char *const **out, struct err *e)
{
	const json_t *map = json_object_get(o, "headers");
	const char **all = arena_array(a, json_object_size(map) + 1, sizeof(*all)), *key;
	json_t *v;
	int n = 0;

	if (map && (!json_is_object(map) || json_object_size(map) > 8))
		return err_set(e, ERR_INPUT, "\"headers\" is an object of at most 8 texts");
	json_object_foreach((json_t *)(uintptr_t)map, key, v) {
		const char *s = json_string_value(v);

		if (!is_plain(key, "-_", 60) || !s || !is_header_safe(s) || strlen(s) > TEXT_MAX)
			return err_set(e, ERR_INPUT, "header \"%.60s\" is no text of one line", key);
		if (!strcasecmp(key, "authorization"))
			return err_set(e, ERR_INPUT, "a key does not stand in this file; set SEALWRIGHT_API_KEY");
		all[n++] = arena_printf(a, "%s: %s", key, s);
	}
	*out = all;
	return 0;
}

static int parse_provider(struct arena *a, const json_t *o, struct provider *p, struct err *e)
{
	static const char *const known[] = {
		"name", "title", "base_url", "keys", "headers", "body", "max_tokens", "schema", "stop_words", "local",
		"key_in_clear", "flat", "errors", "first_s", "stall_s", NULL,
	};
	const char *name, *base = json_text(o, "base_url"), *schema = json_text_or(o, "schema", "json_schema");
	const char *max = json_text_or(o, "max_tokens", "max_tokens");
	struct url u;

	if (json_want_text(o, "name", "provider", &name, e) < 0)
		return -1;
	if (!is_plain(name, "._-", 60))
		return err_set(e, ERR_INPUT, "\"%.60s\" is no name: letters, digits, . _ -", name);
	if (keys_check(o, known, e) < 0)
		return err_wrap(e, "%s", name);
	*p = (struct provider){
		.name = arena_strdup(a, name),
		.title = arena_strdup(a, json_text_or(o, "title", name)),
		.body = "",
		.base_url = base ? arena_strdup(a, base) : NULL,
		.max_tokens = arena_strdup(a, max),
		.stop_words = (int)json_whole(o, "stop_words", 16),
		.local = json_flag(o, "local", false),
		.key_in_clear = json_flag(o, "key_in_clear", false),
		.flat = json_flag(o, "flat", false),
		.schema = !strcmp(schema, "json_object") ? SCHEMA_OBJECT
			: !strcmp(schema, "none")	 ? SCHEMA_NONE
							 : SCHEMA_ENFORCED,
		.first_ms = json_whole(o, "first_s", 0) * 1000,
		.stall_ms = json_whole(o, "stall_s", 0) * 1000,
	};
	if (p->schema == SCHEMA_ENFORCED && strcmp(schema, "json_schema") != 0)
		return err_set(e, ERR_INPUT, "%s: \"schema\" is json_schema, json_object or none", name);
	if (!is_plain(max, "_", 40) || p->stop_words < 0 || p->stop_words > 64 || p->first_ms < 0 || p->stall_ms < 0 ||
	    p->first_ms > 86400000 || p->stall_ms > 86400000)
		return err_set(e, ERR_INPUT, "%s: max_tokens, stop_words, first_s or stall_s makes no sense", name);
	if (base && url_parse(base, &u, e) < 0) {
		if (e)
			e->code = ERR_INPUT; /* of a file, not of the command line */
		return err_wrap(e, "%s", name);
	}
	if (json_object_get(o, "body") && members(a, json_object_get(o, "body"), &p->body, e) < 0)
		return err_wrap(e, "%s", name);
	if (texts(a, o, "keys", &p->keys, e) < 0 || parse_headers(a, o, &p->headers, e) < 0 ||
	    texts(a, json_map(o, "errors"), "quota", &p->quota, e) < 0 ||
	    texts(a, json_map(o, "errors"), "busy", &p->busy, e) < 0)
		return err_wrap(e, "%s", name);
	for (int i = 0; p->keys[i]; i++)
		if (!is_plain(p->keys[i], "_", 80))
			return err_set(e, ERR_INPUT, "%s: \"%.60s\" is no name of a variable", name, p->keys[i]);
	return 0;
}

static int parse_ways(const json_t *o, enum model_way out[3], struct err *e)
{
	const json_t *list = json_object_get(o, "ways");

	out[0] = WAY_NATIVE;
	out[1] = WAY_SCHEMA;
	out[2] = WAY_TEXT;
	if (!list)
		return 0;
	if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > 3)
		return err_set(e, ERR_INPUT, "\"ways\" is a list of native, schema, text");
	for (size_t i = 0; i < 3; i++) {
		const char *s = json_string_value(json_array_get(list, i));

		out[i] = !s ? WAY_UNKNOWN : !strcmp(s, "native") ? WAY_NATIVE : !strcmp(s, "schema") ? WAY_SCHEMA
			: !strcmp(s, "text") ? WAY_TEXT : WAY_UNKNOWN;
		if (i < json_array_size(list) && out[i] == WAY_UNKNOWN)
			return err_set(e, ERR_INPUT, "\"ways\" is a list of native, schema, text");
	}
	return 0;
}

static int parse_pairs(struct arena *a, const json_t *o, bool bodies, struct provider_pair **out, int *n, struct err *e)
{
	const char *key;
	json_t *v;

	if (o && (!json_is_object(o) || json_object_size(o) > LIST_MAX))
		return err_set(e, ERR_INPUT, "\"ids\" and \"body\" are objects by provider");
	*out = arena_array(a, json_object_size(o), sizeof(**out));
	*n = 0;
	json_object_foreach((json_t *)(uintptr_t)o, key, v) {
		struct provider_pair *p = &(*out)[(*n)++];

		p->key = arena_strdup(a, key);
		if (bodies && members(a, v, &p->value, e) < 0)
			return -1;
		if (!bodies && !(json_is_string(v) && json_string_length(v) && json_string_length(v) < 128))
			return err_set(e, ERR_INPUT, "\"ids\" holds what is no id");
		if (!bodies)
			p->value = arena_strdup(a, json_string_value(v));
	}
	return 0;
}

static int parse_numbers(struct arena *a, const json_t *o, struct provider_model *m, struct err *e)
{
	static const char *const parts[] = { "prompt", "cached", "completion" };
	const json_t *price = json_map(o, "price");
	const char *whose = json_text(price, "provider");

	m->context = json_whole(o, "context", 0);
	m->output = json_whole(o, "output", 0);
	m->token_bytes = json_real_or(o, "token_bytes", 3.6);
	m->temperature = json_real_or(o, "temperature", -1);
	m->top_p = json_real_or(o, "top_p", -1);
	m->price_provider = arena_strdup(a, whose ? whose : m->provider ? m->provider : "");
	for (int i = 0; i < 3; i++) {
		m->price[i] = json_real_or(price, parts[i], NAN);
		if (m->price[i] < 0 || m->price[i] > 1e6)
			return err_set(e, ERR_INPUT, "\"price\" is US dollars a million tokens");
	}
	if (m->context < 0 || m->context > 1 << 30 || m->output < 0 || m->output > 1 << 30)
		return err_set(e, ERR_INPUT, "\"context\" and \"output\" are tokens");
	if (!(m->token_bytes >= 0.5 && m->token_bytes <= 20))
		return err_set(e, ERR_INPUT, "\"token_bytes\" is a number from 0.5 to 20");
	if (!(m->temperature <= 5) || !(m->top_p <= 1))
		return err_set(e, ERR_INPUT, "\"temperature\" goes to 5 and \"top_p\" to 1");
	return 0;
}

static int parse_model(struct arena *a, const json_t *o, struct provider_model *m, struct err *e)
{
	static const char *const known[] = {
		"name", "match", "title", "provider", "ids", "context", "output", "small", "token_bytes", "temperature",
		"top_p", "ways", "price", "body", "without_thinking", "drop_reasoning", NULL,
	};
	const char *name, *provider = json_text(o, "provider");

	if (json_want_text(o, "name", "model", &name, e) < 0)
		return -1;
	if (!is_plain(name, "._-/:", 120))
		return err_set(e, ERR_INPUT, "\"%.60s\" is no name: letters, digits, . _ - / :", name);
	*m = (struct provider_model){
		.name = arena_strdup(a, name), .title = arena_strdup(a, json_text_or(o, "title", name)),
		.provider = provider ? arena_strdup(a, provider) : NULL, .small = json_flag(o, "small", false),
		.drop_reasoning = json_flag(o, "drop_reasoning", false),
	};
	if (keys_check(o, known, e) < 0 || texts(a, o, "match", &m->match, e) < 0 || parse_ways(o, m->ways, e) < 0 ||
	    parse_pairs(a, json_object_get(o, "ids"), false, &m->ids, &m->n_ids, e) < 0 ||
	    parse_pairs(a, json_object_get(o, "body"), true, &m->bodies, &m->n_bodies, e) < 0 ||
	    parse_pairs(a, json_object_get(o, "without_thinking"), true, &m->plain, &m->n_plain, e) < 0 ||
	    parse_numbers(a, o, m, e) < 0)
		return err_wrap(e, "%s", name);
	return 0;
}

int providers_parse(struct arena *a, struct bytes in, struct providers *out, struct err *e)
{
	static const char *const known[] = { "version", "providers", "models", NULL };
	auto_json *root = NULL;
	struct providers p = { 0 };
	json_t *all, *models;

	if (json_parse(in, &root, e) < 0)
		return -1;
	if (!json_is_object(root) || json_whole(root, "version", -1) != 1)
		return err_set(e, ERR_INPUT, "\"version\" is not 1");
	if (keys_check(root, known, e) < 0)
		return -1;
	all = json_list(root, "providers");
	models = json_list(root, "models");
	if (json_array_size(all) > ENTRIES_MAX || json_array_size(models) > ENTRIES_MAX)
		return err_set(e, ERR_INPUT, "more than %d entries", ENTRIES_MAX);
	p.all = arena_array(a, json_array_size(all), sizeof(*p.all));
	p.models = arena_array(a, json_array_size(models), sizeof(*p.models));
	for (size_t i = 0; i < json_array_size(all); i++) {
		if (parse_provider(a, json_array_get(all, i), &p.all[p.n], e) < 0)
			return err_wrap(e, "provider %zu", i + 1);
		if (providers_named(&p, p.all[p.n].name))
			return err_set(e, ERR_INPUT, "two providers are named %s", p.all[p.n].name);
		p.n++;
	}
	for (size_t i = 0; i < json_array_size(models); i++) {
		if (parse_model(a, json_array_get(models, i), &p.models[p.n_models], e) < 0)
			return err_wrap(e, "model %zu", i + 1);
		for (int j = 0; j < p.n_models; j++)
			if (!strcmp(p.models[j].name, p.models[p.n_models].name))
				return err_set(e, ERR_INPUT, "two models are named %s", p.models[j].name);
		p.n_models++;
	}
	*out = p;
	return 0;
}

static int load_file(struct arena *a, const char *path, struct providers *out, struct err *e)
{
	auto_buf text = buf_max(FILE_MAX);

	if (fs_read_file(path, &text, e) < 0)
		return -1;
	return providers_parse(a, buf_bytes(&text), out, e) < 0 ? err_wrap(e, "%s", path) : 0;
}

/* Entries of `own` stand first and hide those of the same name. */
static void join(struct arena *a, const struct providers *own, struct providers *p)
{
	struct provider *all = arena_array(a, (size_t)(own->n + p->n), sizeof(*all));
	struct provider_model *models = arena_array(a, (size_t)(own->n_models + p->n_models), sizeof(*models));
	int n = 0, m = 0;

	for (int i = 0; i < own->n; i++)
		all[n++] = own->all[i];
	for (int i = 0; i < p->n; i++)
		if (!providers_named(own, p->all[i].name))
			all[n++] = p->all[i];
	for (int i = 0; i < own->n_models; i++)
		models[m++] = own->models[i];
	for (int i = 0; i < p->n_models; i++) {
		int j = 0;

		while (j < own->n_models && strcmp(own->models[j].name, p->models[i].name) != 0)
			j++;
		if (j == own->n_models)
			models[m++] = p->models[i];
	}
	*p = (struct providers){ all, n, models, m };
}

int providers_load(struct arena *a, struct providers *out, struct err *e)
{
	struct providers p, own = { 0 };
	char *path = fs_share(a, "models/providers.json", e), *dir;

	if (!path || load_file(a, path, &p, e) < 0)
		return err_wrap(e, "providers");
	dir = fs_config_dir(a, NULL);
	path = dir ? arena_printf(a, "%s/providers.json", dir) : NULL;
	if (path && fs_exists(path)) {
		if (load_file(a, path, &own, e) < 0)
			return err_wrap(e, "providers");
		join(a, &own, &p);
	}
	*out = p;
	return 0;
}

const struct provider *providers_named(const struct providers *p, const char *name)
{
	for (int i = 0; i < p->n; i++)
		if (!strcmp(p->all[i].name, name))
			return &p->all[i];
	return NULL;
}

/* The longest base URL that the given one begins with, so that a coding plan beneath the same host is its own. */
const struct provider *providers_at(const struct providers *p, const char *base_url)
{
	const struct provider *best = NULL;
	struct url want, have;

	if (url_parse(base_url, &want, NULL) < 0)
		return NULL;
	for (int i = 0; i < p->n; i++) {
		if (!p->all[i].base_url || url_parse(p->all[i].base_url, &have, NULL) < 0 ||
		    strcasecmp(want.host, have.host) != 0 || want.port != have.port || want.tls != have.tls)
			continue;
		if (!strncmp(want.path, have.path, strlen(have.path)) &&
		    (!best || strlen(p->all[i].base_url) > strlen(best->base_url)))
			best = &p->all[i];
	}
	return best;
}

const struct provider_model *providers_model(const struct providers *p, const char *id)
{
	for (int i = 0; i < p->n_models; i++)
		if (!strcasecmp(p->models[i].name, id))
			return &p->models[i];
	for (int i = 0; i < p->n_models; i++)
		for (int j = 0; p->models[i].match[j]; j++)
			if (fnmatch(p->models[i].match[j], id, FNM_CASEFOLD) == 0)
				return &p->models[i];
	return NULL;
}

const char *provider_model_id(const struct provider_model *m, const char *provider, const char *fallback)
{
	for (int i = 0; m && i < m->n_ids; i++)
		if (!strcmp(m->ids[i].key, provider))
			return m->ids[i].value;
	return fallback;
}

static const char *body_at(const struct provider_pair *bodies, int n, const char *provider)
{
	const char *any = NULL;

	for (int i = 0; i < n; i++) {
		if (!strcmp(bodies[i].key, provider))
			return bodies[i].value;
		if (!strcmp(bodies[i].key, "*"))
			any = bodies[i].value;
	}
	return any;
}

const char *provider_model_body(const struct provider_model *m, const char *provider, bool no_thinking)
{
	const char *body = m && no_thinking ? body_at(m->plain, m->n_plain, provider) : NULL;

	if (!body && m)
		body = body_at(m->bodies, m->n_bodies, provider);
	return body ? body : "";
}

double provider_cost(const struct provider *p, const struct provider_model *m, const struct model_usage *u)
{
	double cached;

	if (p->local || p->flat)
		return 0;
	if (!m || strcmp(m->price_provider, p->name) != 0)
		return NAN;
	cached = isnan(m->price[1]) ? m->price[0] : m->price[1];
	return ((double)(u->prompt - u->cached) * m->price[0] + (double)u->cached * cached +
		(double)u->completion * m->price[2]) / 1e6;
}
