/*
 * The body of a request.
 *
 * The transcript's bytes are neither read nor copied here: the request is a short head, those bytes, and a short tail.
 * What a way tells in words goes into the system's message, by its opening quote, since many chat templates know only
 * one such message and only at the front.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/hash.h"
#include "model/inside.h"

static const char system_opens[] = "{\"role\":\"system\",\"content\":\"";

static bool wants_words(const struct model *m, const struct model_ask *q)
{
	return q->schema && m->schema != SCHEMA_ENFORCED;
}

/* "..." for the front of the system's message, escaped for JSON. */
static void add_words(const struct model *m, const struct model_ask *q, struct buf *b)
{
	auto_buf text = buf_max(1 << 20), quoted = buf_max(8 << 20);

	buf_add_str(b, tools_told(&m->tools, m->way));
	if (!wants_words(m, q))
		return;
	buf_add_str(&text, "Answer with one JSON value and nothing else. It has this schema: ");
	json_write(&text, q->schema);
	json_write_string(&quoted, buf_bytes(&text));
	buf_add(b, quoted.p + 1, quoted.n - 2);
}

static void add_head(const struct model *m, const struct model_ask *q, struct request *r)
{
	size_t n = sizeof(system_opens) - 1;

	r->piece[1] = q->messages;
	buf_add_str(&r->head, "{\"model\":");
	json_write_string(&r->head, bytes_of(m->id));
	buf_add_str(&r->head, ",\"messages\":[");
	if (!*tools_told(&m->tools, m->way) && !wants_words(m, q))
		return;
	buf_add_str(&r->head, system_opens);
	add_words(m, q, &r->head);
	if (q->messages.n > n && !memcmp(q->messages.p, system_opens, n)) {
		r->piece[1].p += n;
		r->piece[1].n -= n;
		buf_add_str(&r->head, "\\n\\n");
	} else {
		buf_add_str(&r->head, q->messages.n ? "\"}," : "\"}");
	}
}

static void add_format(const struct model *m, const struct model_ask *q, struct buf *b)
{
	bool action = m->way == WAY_SCHEMA && tools_count(&m->tools);

	if (!q->schema && !action)
		return;
	if (m->schema == SCHEMA_NONE)
		return;
	if (m->schema == SCHEMA_OBJECT) {
		buf_add_str(b, ",\"response_format\":{\"type\":\"json_object\"}");
		return;
	}
	buf_printf(b, ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"%s\",\"schema\":",
		   q->schema ? "answer" : "action");
	if (q->schema)
		json_write(b, q->schema);
	else
		buf_add(b, m->tools.schema.p, m->tools.schema.n);
	buf_add_str(b, "}}");
}

static void add_options(const struct model *m, const struct model_ask *q, struct buf *b)
{
	double t = q->temperature >= 0 ? q->temperature : m->quirks ? m->quirks->temperature : -1;

	if (t >= 0)
		buf_printf(b, ",\"temperature\":%.3g", t);
	if (q->temperature < 0 && m->quirks && m->quirks->top_p >= 0)
		buf_printf(b, ",\"top_p\":%.3g", m->quirks->top_p);
	if (q->max_tokens > 0 || (m->local.ours && m->output > 0))
		buf_printf(b, ",\"%s\":%lld", m->provider->max_tokens,
			   (long long)(q->max_tokens > 0 ? q->max_tokens : m->output));
	if (q->seed >= 0)
		buf_printf(b, ",\"seed\":%lld", (long long)q->seed);
	for (int i = 0; q->stop_words && q->stop_words[i] && i < m->provider->stop_words; i++) {
		buf_add_str(b, i ? "," : ",\"stop\":[");
		json_write_string(b, bytes_of(q->stop_words[i]));
		if (!q->stop_words[i + 1] || i + 1 == m->provider->stop_words)
			buf_add_char(b, ']');
	}
}

static void add_members(struct buf *b, const char *members)
{
	if (*members)
		buf_printf(b, ",%s", members);
}

int request_make(struct model *m, const struct model_ask *q, bool stream, struct request *out, struct err *e)
{
	*out = (struct request){ .head = buf_max(8 << 20), .tail = buf_max(8 << 20) };
	if (tools_set(&m->tools, q->tools, e) < 0)
		return -1;
	add_head(m, q, out);
	buf_add_char(&out->tail, ']');
	if (m->way == WAY_NATIVE && tools_count(&m->tools)) {
		buf_add_str(&out->tail, ",\"tools\":");
		buf_add(&out->tail, m->tools.wire.p, m->tools.wire.n);
	}
	if (stream)
		buf_add_str(&out->tail, ",\"stream\":true,\"stream_options\":{\"include_usage\":true}");
	add_format(m, q, &out->tail);
	add_options(m, q, &out->tail);
	add_members(&out->tail, m->provider->body);
	add_members(&out->tail, provider_model_body(m->quirks, m->provider->name, q->no_thinking));
	buf_add_char(&out->tail, '}');
	if (buf_check(&out->head, "the request", e) < 0 || buf_check(&out->tail, "the request", e) < 0)
		return -1;
	out->piece[0] = buf_bytes(&out->head);
	out->piece[2] = buf_bytes(&out->tail);
	return 0;
}

void request_drop(struct request *r)
{
	buf_drop(&r->head);
	buf_drop(&r->tail);
}

const char *request_digest(struct arena *a, const struct model_ask *q)
{
	auto_buf schema = buf_max(1 << 20), options = buf_max(1 << 16);
	struct digest d[4], whole;
	char hex[65];

	if (q->schema)
		json_write(&schema, q->schema);
	buf_printf(&options, "temperature %.3g, max_tokens %d, seed %lld", q->temperature < 0 ? -1 : q->temperature,
		   q->max_tokens, (long long)(q->seed < 0 ? -1 : q->seed));
	for (int i = 0; q->stop_words && q->stop_words[i]; i++) {
		buf_add_str(&options, ", stop ");
		json_write_string(&options, bytes_of(q->stop_words[i]));
	}
	if (q->no_thinking)
		buf_add_str(&options, ", no thinking");
	d[0] = hash_bytes(q->messages);
	d[1] = hash_bytes(q->tools);
	d[2] = hash_bytes(buf_bytes(&schema));
	d[3] = hash_bytes(buf_bytes(&options));
	whole = hash_bytes((struct bytes){ (const char *)d, sizeof(d) });
	return arena_printf(a, "sha256:%s", digest_hex(&whole, hex));
}
