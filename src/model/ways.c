/*
 * Remembering in which way a model gives its calls, per endpoint and model, across sessions.
 *
 * A file in the cache folder: losing it costs one failed request. Two sessions that write at once lose one line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "model/inside.h"

enum { FILE_MAX = 1 << 20, ENTRIES_MAX = 500 };

static const char *const names[] = { [WAY_UNKNOWN] = "unknown", [WAY_NATIVE] = "native", [WAY_SCHEMA] = "schema",
				     [WAY_TEXT] = "text" };

const char *ways_name(enum model_way way)
{
	return names[way];
}

static char *file(struct arena *a)
{
	char *dir = fs_cache_dir(a, NULL, NULL);

	return dir ? arena_printf(a, "%s/ways.json", dir) : NULL;
}

static json_t *load(struct arena *a)
{
	auto_buf text = buf_max(FILE_MAX);
	char *path = file(a);
	json_t *v = NULL;

	if (!path || fs_read_file(path, &text, NULL) < 0 || json_parse(buf_bytes(&text), &v, NULL) < 0)
		return json_object();
	if (json_is_object(v) && json_object_size(v) <= ENTRIES_MAX)
		return v;
	json_decref(v);
	return json_object();
}

/* A server of ours has another port each time, and the catalogue knows its ways. */
static const char *key_of(struct arena *a, const struct model *m)
{
	return m->local.ours ? NULL : arena_printf(a, "%s %s", m->base_url, m->id);
}

enum model_way ways_recall(const struct model *m)
{
	auto_arena a = { 0 };
	const char *key = key_of(&a, m), *s;
	auto_json *all = key ? load(&a) : NULL;

	s = key ? json_text(json_map(all, key), "way") : NULL;
	for (int i = WAY_NATIVE; s && i <= WAY_TEXT; i++)
		if (!strcmp(names[i], s))
			return (enum model_way)i;
	return WAY_UNKNOWN;
}

void ways_keep(const struct model *m)
{
	auto_arena a = { 0 };
	const char *key = key_of(&a, m);
	char when[32], *path = key ? file(&a) : NULL;
	auto_buf text = buf_max(FILE_MAX);
	auto_json *all = NULL;

	if (!path || ways_recall(m) == m->way)
		return;
	all = load(&a);
	if (json_object_size(all) >= ENTRIES_MAX)
		json_object_clear(all);
	clock_text(clock_now(), when);
	if (json_object_set_new(all, key, json_pack("{s:s, s:s}", "way", names[m->way], "since", when)) < 0 ||
	    json_write_pretty(&text, all) < 0)
		return;
	fs_write_atomic(path, buf_bytes(&text), 0600, NULL);
}

enum model_way ways_next(const struct model *m)
{
	for (int i = 0; i < 2; i++)
		if (m->ways[i] == m->way)
			return m->ways[i + 1];
	return WAY_UNKNOWN;
}
