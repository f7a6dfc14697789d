/*
 * The door: which endpoint a name means, and what is known of it.
 *
 * A name is looked for in this order: "replay:FILE"; any id at a base URL; "PROVIDER/MODEL" and the models of
 * providers.json; what local.h knows. An endpoint that a person names is taken at their word; one that is found by name
 * must be in the data.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "model/inside.h"
#include "model/probe.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LOCAL_FIRST_MS = 15 * 60 * 1000, MAX_ID = 200, LAST_MAX = 64 << 20, SMALL_BELOW = 15, PROBE_MS = 2000 };

static const struct provider generic = {
	.name = "generic", .title = "an OpenAI-compatible server", .body = "", .max_tokens = "max_tokens", .stop_words = 16,
};
static const struct provider on_this_machine = {
	.name = "llama.cpp", .title = "a server on this machine", .body = "", .max_tokens = "max_tokens", .stop_words = 16,
	.local = true,
};

void model_tell(const struct model *m, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	if (!m->told)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	key_hide(m->key, line);
	m->told(m->arg, line);
}

/* "http://host:8080/" and ".../chat/completions" are meant as ".../v1" and its parent. */
static int set_base_url(struct model *m, const char *text, struct err *e)
{
	static const char tail[] = "/chat/completions";
	char *base = arena_strdup(&m->a, text);
	size_t n = strlen(base);

	if (url_parse(text, &m->where, e) < 0)
		return err_wrap(e, "base URL");
	while (n && base[n - 1] == '/')
		base[--n] = 0;
	if (n > sizeof(tail) && !strcmp(base + n - sizeof(tail) + 1, tail))
		base[n - sizeof(tail) + 1] = 0;
	if (url_parse(base, &m->where, e) < 0)
		return err_wrap(e, "base URL");
	if (!*m->where.path) {
		base = arena_printf(&m->a, "%s/v1", base);
		strcpy(m->where.path, "/v1");
	}
	m->base_url = base;
	m->url = arena_printf(&m->a, "%s%s", base, tail);
	m->endpoint = strchr(m->where.host, ':') ? arena_printf(&m->a, "[%s]:%d", m->where.host, m->where.port)
		: arena_printf(&m->a, "%s:%d", m->where.host, m->where.port);
	return 0;
}

static int set_id(struct model *m, const char *id, struct err *e)
{
	if (!*id || strlen(id) > MAX_ID)
		return err_set(e, ERR_USAGE, "a model's name has 1 to %d bytes", MAX_ID);
	m->id = arena_strdup(&m->a, id);
	return 0;
}

/* "" or "local" at a base URL: what the server has, when it says so. */
static void first_model(struct model *m)
{
	auto_buf body = buf_max(PROBE_BODY_MAX);
	struct probe_models all;

	if (m->where.tls || !m->where.loopback || (*m->name && strcmp(m->name, "local") != 0) ||
	    probe_get(m->where.port, "/v1/models", NULL, PROBE_MS, &body, NULL) != 200 ||
	    probe_models_parse(&m->a, buf_bytes(&body), &all, NULL) < 0 || !all.n)
		return;
	m->name = arena_strdup(&m->a, all.models[0].id);
	m->local.context = all.models[0].context;
}

static int at_url(struct model *m, const char *base_url, struct err *e)
{
	if (set_base_url(m, base_url, e) < 0)
		return -1;
	first_model(m);
	if (set_id(m, m->name, e) < 0)
		return -1;
	m->provider = providers_at(&m->data, m->base_url);
	if (!m->provider)
		m->provider = m->where.loopback ? &on_this_machine : &generic;
	m->quirks = providers_model(&m->data, m->id);
	m->id = arena_strdup(&m->a, provider_model_id(m->quirks, m->provider->name, m->id));
	return key_find(m->provider, &m->where, true, &m->key, &m->why_no_key, e);
}

/* "glm-5.1", "openrouter/glm-5.1", "openrouter/any/id"; 1 when the name is none of these. */
static int by_data(struct model *m, struct err *e)
{
	const char *slash = strchr(m->name, '/'), *id = m->name;
	auto_buf vars = buf_max(200);

	if (slash &&
	    (m->provider = providers_named(&m->data, arena_memdup(&m->a, m->name, (size_t)(slash - m->name)))) &&
	    m->provider->base_url)
		id = slash + 1;
	else
		m->provider = NULL;
	m->quirks = providers_model(&m->data, id);
	if (!m->provider && m->quirks && m->quirks->provider && !strcasecmp(m->quirks->name, m->name)) {
		m->provider = providers_named(&m->data, m->quirks->provider);
		id = m->quirks->name;
	}
	if (!m->provider || !m->provider->base_url)
		return 1;
	if (set_base_url(m, m->provider->base_url, e) < 0 ||
	    set_id(m, provider_model_id(m->quirks, m->provider->name, id), e) < 0 ||
	    key_find(m->provider, &m->where, false, &m->key, &m->why_no_key, e) < 0)
		return -1;
	if (m->key || m->where.loopback || !m->provider->keys[0])
		return 0;
	for (int i = 0; m->provider->keys[i]; i++)
		buf_printf(&vars, " or %s", m->provider->keys[i]);
	return err_set(e, ERR_AUTH, "no key for %s (%s); set SEALWRIGHT_API_KEY%s", m->provider->title, m->where.host,
		       buf_str(&vars));
}

static void set_ways(struct model *m, const struct model_choice *c)
{
	enum model_way known;

	m->ways[0] = WAY_NATIVE;
	m->ways[1] = WAY_SCHEMA;
	m->ways[2] = WAY_TEXT;
	if (m->quirks)
		memcpy(m->ways, m->quirks->ways, sizeof(m->ways));
	else if (m->local.ours && !m->local.native_calls) {
		m->ways[0] = m->local.schema ? WAY_SCHEMA : WAY_TEXT;
		m->ways[1] = m->local.schema ? WAY_TEXT : WAY_UNKNOWN;
		m->ways[2] = WAY_UNKNOWN;
	}
	if (c->way != WAY_UNKNOWN) {
		m->ways[0] = c->way;
		m->ways[1] = m->ways[2] = WAY_UNKNOWN;
	}
	m->way = m->ways[0];
	m->way_sure = c->way != WAY_UNKNOWN; /* nothing is found out, or remembered */
	if (m->way_sure)
		return;
	known = ways_recall(m); /* not sure all the same: servers are updated */
	for (int i = 0; i < 3 && known != WAY_UNKNOWN; i++)
		if (m->ways[i] == known)
			m->way = known;
}

/* "qwen2.5-coder:32b", "Qwen3-480B-A35B": billions of parameters as the id tells them; 0 when it does not. */
static double billions(const char *id)
{
	for (const char *p = id; *p; p++) {
		char *end;
		double n;

		if (!isdigit((unsigned char)*p) || (p > id && (isalnum((unsigned char)p[-1]) || p[-1] == '.')))
			continue;
		n = strtod(p, &end);
		if ((*end == 'b' || *end == 'B') && !isalnum((unsigned char)end[1]) && n < 1e5)
			return n;
		p = end - 1;
	}
	return 0;
}

static bool guess_small(const struct model *m)
{
	double n = billions(m->id);

	if (m->local.ours)
		return m->local.small;
	if (n > 0)
		return n < SMALL_BELOW;
	return m->by_local && m->local.small;
}

static void set_numbers(struct model *m)
{
	const struct provider_model *q = m->quirks;
	bool slow = m->where.loopback || m->provider->local;

	m->schema = m->provider->schema;
	m->small = q ? q->small : guess_small(m);
	m->context = m->local.context ? m->local.context : q ? q->context : 0;
	m->output = q ? q->output : 0;
	if (m->local.ours && !m->output) /* a small model may never stop by itself */
		m->output = m->local.context / 4;
	m->token_bytes = q ? q->token_bytes : 3.6;
	if (!m->first_ms)
		m->first_ms = m->provider->first_ms ? m->provider->first_ms : slow ? LOCAL_FIRST_MS : 0;
	if (!m->stall_ms)
		m->stall_ms = m->provider->stall_ms ? m->provider->stall_ms : slow ? LOCAL_FIRST_MS : 0;
}

static int by_local(struct model *m, struct err *e)
{
	char base[256];

	if (local_ensure(m->name, m->told, m->arg, m->stop, base, &m->local, e) < 0)
		return -1;
	m->by_local = true;
	m->provider = &on_this_machine;
	m->quirks = providers_model(&m->data, m->local.model);
	if (set_base_url(m, base, e) < 0 || set_id(m, m->local.model, e) < 0)
		return -1;
	m->why_no_key = "the server on this machine wants one: set SEALWRIGHT_API_KEY";
	return *m->local.key ? key_make(m->local.key, &m->key, e)
			     : key_find(m->provider, &m->where, true, &m->key, &m->why_no_key, e);
}

static int unknown(struct model *m, struct err *e)
{
	auto_buf names = buf_max(400);

	for (int i = 0; i < m->data.n_models; i++)
		buf_printf(&names, "%s, ", m->data.models[i].name);
	return err_set(
		e, ERR_NOT_FOUND,
		"there is no model \"%.80s\"; known by name are %slocal and what `sealwright models list` shows; "
		"any other needs --base-url URL",
		m->name, buf_str(&names));
}

static int find(struct model *m, const struct model_choice *c, struct err *e)
{
	int r;

	if (!strncmp(m->name, "replay:", 7)) {
		m->provider = &on_this_machine;
		m->id = m->base_url = m->endpoint = m->name;
		m->where.loopback = true;
		return replay_open(m->name + 7, &m->replay, e);
	}
	if (providers_load(&m->a, &m->data, e) < 0)
		return -1;
	if (c->base_url)
		return at_url(m, c->base_url, e);
	r = by_data(m, e);
	if (r <= 0)
		return r;
	return local_is_name(m->name) ? by_local(m, e) : unknown(m, e);
}

int model_open(const struct model_choice *c, struct model **out, struct err *e)
{
	struct model *m = mem_alloc(sizeof(*m));

	*m = (struct model){ .patience_ms = c->patience_ms,
			     .first_ms = c->first_ms,
			     .stall_ms = c->stall_ms,
			     .stop = c->stop,
			     .told = c->told,
			     .arg = c->arg,
			     .local.lease = -1,
			     .tools = tools_make(),
			     .last = buf_max(LAST_MAX),
			     .why_no_key = "" };
	m->name = arena_strdup(&m->a, c->name ? c->name : "");
	if (find(m, c, e) < 0) {
		key_hide(m->key, e->text);
		model_close(&m);
		return -1;
	}
	set_numbers(m);
	if (!m->replay)
		set_ways(m, c);
	*out = m;
	return 0;
}

void model_close(struct model **m)
{
	struct model *x = *m;

	if (!x)
		return;
	http_close(&x->http);
	replay_close(&x->replay);
	local_release(&x->local);
	key_drop(&x->key);
	tools_drop(&x->tools);
	buf_drop(&x->last);
	arena_drop(&x->a);
	free(x);
	*m = NULL;
}

void model_text_message(struct buf *out, const char *role, struct bytes text)
{
	buf_printf(out, "{\"role\":\"%s\",\"content\":", role);
	json_write_string(out, text);
	buf_add_char(out, '}');
}

void model_result_message(const struct model *m, struct buf *out, const struct model_call *c, enum model_way way,
			  struct bytes text)
{
	(void)m;
	if (way == WAY_NATIVE || way == WAY_UNKNOWN) {
		buf_printf(out, "{\"role\":\"tool\",\"tool_call_id\":\"%s\",\"content\":", c->id);
		json_write_string(out, text);
		buf_add_char(out, '}');
		return;
	}
	buf_printf(out, "{\"role\":\"user\",\"content\":\"Result of %s:\\n", c->name);
	auto_buf quoted = buf_max(text.n * 6 + 16);

	json_write_string(&quoted, text);
	buf_add(out, quoted.p + 1, quoted.n - 1);
	buf_add_char(out, '}');
}

const char *model_name(const struct model *m)
{
	return m->id;
}

const char *model_endpoint(const struct model *m)
{
	return m->base_url;
}

bool model_is_small(const struct model *m)
{
	return m->small;
}

int64_t model_context_tokens(const struct model *m)
{
	return m->context;
}

bool model_was_too_long(const struct model *m)
{
	return m->too_long;
}

int64_t model_connections(const struct model *m)
{
	return http_connections(m->http);
}

int64_t model_count(const struct model *m, size_t n_bytes)
{
	return (int64_t)ceil((double)n_bytes / (m->token_bytes > 0 ? m->token_bytes : 3.6));
}
