/*
 * What this machine's own package clients are configured to use.
 *
 * Only registries and their credentials are taken; a setting that is not understood leaves the public registry in its place,
 * which then cannot be reached where only the other one can: nothing leads somewhere that nobody configured.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "egress/registry.h"

#include <expat.h>
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

static const char *env_or(const char *name, const char *fallback)
{
	const char *v = getenv(name);

	return v && *v ? v : fallback;
}

static const char *home_path(const char *name, char out[512])
{
	snprintf(out, 512, "%s/%s", env_or("HOME", "/nonexistent"), name);
	return out;
}

static char *trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n && isspace((unsigned char)s[n - 1]))
		s[--n] = 0;
	return s;
}

/* Takes quotes off. */
static char *bare(char *s)
{
	size_t n = strlen(s);

	if (n > 1 && (*s == '"' || *s == '\'') && s[n - 1] == *s) {
		s[n - 1] = 0;
		s++;
	}
	return s;
}

/* Each line "KEY SEPARATOR VALUE" of a file, under its [section]. The text is wiped: tokens may stand in it. */
static void each_setting(const char *path, char separator,
			 void (*fn)(void *arg, const char *section, const char *key, char *value), void *arg)
{
	auto_buf text = buf_max(FILE_MAX);
	char section[200] = "";

	if (fs_read_file(path, &text, NULL) < 0 || !text.n)
		return;
	for (char *line = text.p, *next; line && *line; line = next) {
		char *at;

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		line = trim(line);
		at = strchr(line, separator);
		if (*line == '[') {
			snprintf(section, sizeof(section), "%.*s", (int)strcspn(line + 1, "]"), line + 1);
		} else if (*line && *line != '#' && *line != ';' && at) {
			*at = 0;
			fn(arg, section, trim(line), bare(trim(at + 1)));
		}
	}
	sodium_memzero(text.p, text.n);
}

static void add_each(enum registry_kind k, const char *urls, const char *between)
{
	while (*urls) {
		size_t n = strcspn(urls, between);
		char url[REGISTRY_URL_MAX];

		if (n && snprintf(url, sizeof(url), "%.*s", (int)n, urls) < (int)sizeof(url))
			registry_add(k, url, NULL);
		sodium_memzero(url, sizeof(url));
		urls += n;
		urls += strspn(urls, between);
	}
}

/* ---- pip: its files, then its variables, which win ---- */

struct pip {
	char index[REGISTRY_URL_MAX], extra[4096];
};

static void pip_setting(void *arg, const char *section, const char *key, char *value)
{
	struct pip *p = arg;

	if (strcmp(section, "global") && strcmp(section, "install"))
		return;
	if (!strcmp(key, "index-url") || !strcmp(key, "index_url"))
		snprintf(p->index, sizeof(p->index), "%s", value);
	else if (!strcmp(key, "extra-index-url") || !strcmp(key, "extra_index_url"))
		snprintf(p->extra, sizeof(p->extra), "%s", value);
}

static void discover_pip(void)
{
	struct pip p = { .index = "https://pypi.org/simple" };
	char path[512];

	each_setting("/etc/pip.conf", '=', pip_setting, &p);
	each_setting(home_path(".pip/pip.conf", path), '=', pip_setting, &p);
	each_setting(home_path(".config/pip/pip.conf", path), '=', pip_setting, &p);
	if (getenv("XDG_CONFIG_HOME")) {
		snprintf(path, sizeof(path), "%s/pip/pip.conf", getenv("XDG_CONFIG_HOME"));
		each_setting(path, '=', pip_setting, &p);
	}
	if (getenv("PIP_CONFIG_FILE"))
		each_setting(getenv("PIP_CONFIG_FILE"), '=', pip_setting, &p);
	if (!registry_add(REGISTRY_PYPI, env_or("PIP_INDEX_URL", p.index), NULL))
		registry_add(REGISTRY_PYPI, "https://pypi.org/simple", NULL);
	add_each(REGISTRY_PYPI, env_or("PIP_EXTRA_INDEX_URL", p.extra), " \t");
	sodium_memzero(&p, sizeof(p));
}

/* ---- npm: "registry=", "@scope:registry=", "//host/path/:_authToken=" ---- */

struct npm {
	char registry[REGISTRY_URL_MAX];
	int step; /* 0: registries, 1: credentials */
	char user[256]; /* the last :username, until its :_password */
};

/* ${VAR} */
static void expand(const char *in, char *out, size_t room)
{
	size_t n = 0;

	while (*in && n + 1 < room) {
		size_t len = !strncmp(in, "${", 2) ? strcspn(in + 2, "}") : 0;
		char name[128];

		if (!len || in[2 + len] != '}' || len >= sizeof(name)) {
			out[n++] = *in++;
			continue;
		}
		memcpy(name, in + 2, len);
		name[len] = 0;
		n += (size_t)snprintf(out + n, room - n, "%s", env_or(name, ""));
		n = n < room ? n : room - 1;
		in += len + 3;
	}
	out[n] = 0;
}

/* The registries whose URL begins with "//host/path/". */
static void npm_credential(struct npm *n, const char *where, const char *what, const char *value)
{
	size_t len = strlen(where);

	while (len > 2 && where[len - 1] == '/')
		len--;
	for (int i = 0; i < registry_count(REGISTRY_NPM); i++) {
		struct registry *r = registry_get(REGISTRY_NPM, i);
		const char *url = strstr(r->base, "//");
		char pair[1024];
		size_t got;

		if (strncmp(url, where, len) || (url[len] && url[len] != '/'))
			continue;
		if (!strcmp(what, "_authToken")) {
			registry_set_secret(r, "Bearer", value);
		} else if (!strcmp(what, "_auth")) {
			registry_set_secret(r, "Basic", value);
		} else if (!strcmp(what, "_password")) {
			int head = snprintf(pair, sizeof(pair), "%s:", n->user);

			if (sodium_base642bin((unsigned char *)pair + head, sizeof(pair) - (size_t)head - 1, value, strlen(value), NULL, &got,
					      NULL, sodium_base64_VARIANT_ORIGINAL) == 0) {
				pair[(size_t)head + got] = 0;
				registry_set_basic(r, pair);
			}
			sodium_memzero(pair, sizeof(pair));
		}
	}
}

static void npm_setting(void *arg, const char *section, const char *key, char *raw)
{
	struct npm *n = arg;
	const char *last = strrchr(key, ':');
	char value[REGISTRY_URL_MAX], scope[128];

	(void)section;
	expand(raw, value, sizeof(value));
	if (n->step == 0 && !strcmp(key, "registry")) {
		snprintf(n->registry, sizeof(n->registry), "%s", value);
	} else if (n->step == 1 && *key == '@' && last && !strcmp(last, ":registry")) {
		snprintf(scope, sizeof(scope), "%.*s", (int)(last - key), key);
		registry_add(REGISTRY_NPM, value, scope);
	} else if (n->step == 2 && !strncmp(key, "//", 2) && last) {
		char where[512];

		snprintf(where, sizeof(where), "%.*s", (int)(last - key), key);
		if (!strcmp(last, ":username"))
			snprintf(n->user, sizeof(n->user), "%.255s", value);
		npm_credential(n, where, last + 1, value);
	}
	sodium_memzero(value, sizeof(value));
}

static void discover_npm(void)
{
	struct npm n = { .registry = "https://registry.npmjs.org" };
	char path[512];
	const char *user = env_or("NPM_CONFIG_USERCONFIG", env_or("npm_config_userconfig", home_path(".npmrc", path)));

	for (n.step = 0; n.step < 3; n.step++) {
		each_setting("/etc/npmrc", '=', npm_setting, &n);
		each_setting("/usr/etc/npmrc", '=', npm_setting, &n);
		each_setting(user, '=', npm_setting, &n);
		if (n.step == 0 &&
		    !registry_add(REGISTRY_NPM, env_or("npm_config_registry", env_or("NPM_CONFIG_REGISTRY", n.registry)), NULL))
			registry_add(REGISTRY_NPM, "https://registry.npmjs.org", NULL);
	}
}

/* ---- cargo: [source.crates-io] replace-with, and that source's sparse index ---- */

struct cargo {
	char with[128], index[REGISTRY_URL_MAX], section[160];
	bool tokens;
};

static void cargo_setting(void *arg, const char *section, const char *key, char *value)
{
	struct cargo *c = arg;
	char source[160], registry[160];

	snprintf(source, sizeof(source), "source.%s", c->with);
	snprintf(registry, sizeof(registry), "registries.%s", c->with);
	value = bare(trim(value));
	if (c->tokens) {
		if (!strcmp(section, registry) && !strcmp(key, "token"))
			registry_set_secret(registry_get(REGISTRY_CARGO, 0), "", value);
		return;
	}
	if (!strcmp(section, "source.crates-io") && !strcmp(key, "replace-with"))
		snprintf(c->with, sizeof(c->with), "%s", value);
	else if (*c->with && ((!strcmp(section, source) && !strcmp(key, "registry")) ||
			      (!strcmp(section, registry) && !strcmp(key, "index"))) && !strncmp(value, "sparse+", 7))
		snprintf(c->index, sizeof(c->index), "%s", value + 7);
}

static void discover_cargo(void)
{
	static const char *const files[] = { "config", "config.toml", NULL };
	struct cargo c = { .index = "https://index.crates.io" };
	char home[512], path[640];

	snprintf(home, sizeof(home), "%.511s", env_or("CARGO_HOME", home_path(".cargo", path)));
	for (int round = 0; round < 2; round++) /* the replacement's name may stand behind the replacement */
		for (int i = 0; files[i]; i++) {
			snprintf(path, sizeof(path), "%s/%s", home, files[i]);
			each_setting(path, '=', cargo_setting, &c);
		}
	if (!registry_add(REGISTRY_CARGO, c.index, NULL))
		registry_add(REGISTRY_CARGO, "https://index.crates.io", NULL);
	c.tokens = *c.with;
	snprintf(path, sizeof(path), "%s/credentials.toml", home);
	if (c.tokens)
		each_setting(path, '=', cargo_setting, &c);
}

/* ---- Go: GOPROXY, by variable or by its own file ---- */

static void go_setting(void *arg, const char *section, const char *key, char *value)
{
	(void)section;
	if (!strcmp(key, "GOPROXY"))
		snprintf(arg, 4096, "%s", value);
}

static void discover_go(void)
{
	char list[4096] = "https://proxy.golang.org", path[512];

	each_setting(env_or("GOENV", home_path(".config/go/env", path)), '=', go_setting, list);
	add_each(REGISTRY_GO, env_or("GOPROXY", list), ",|"); /* "direct" and "off" are no URLs */
	if (!registry_count(REGISTRY_GO))
		registry_add(REGISTRY_GO, "https://proxy.golang.org", NULL);
	sodium_memzero(list, sizeof(list));
}

/* ---- Maven: the mirror of all or of central, and its server's password ---- */

struct maven {
	char path[256], text[1024]; /* of the element that is open: "settings/mirrors/mirror/url" */
	char id[128], of[256], url[REGISTRY_URL_MAX], user[256], password[512];
	char mirror[REGISTRY_URL_MAX], mirror_id[128];
	char found_user[256], found_password[512];
};

static void XMLCALL maven_begin(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct maven *m = arg;
	size_t n = strlen(m->path);

	(void)attributes;
	m->text[0] = 0;
	snprintf(m->path + n, sizeof(m->path) - n, "%s%s", n ? "/" : "", name);
	if (!strcmp(name, "mirror") || !strcmp(name, "server"))
		m->id[0] = m->of[0] = m->url[0] = m->user[0] = m->password[0] = 0;
}

static void XMLCALL maven_text(void *arg, const XML_Char *s, int n)
{
	struct maven *m = arg;
	size_t have = strlen(m->text);

	snprintf(m->text + have, sizeof(m->text) - have, "%.*s", n, s);
}

static void XMLCALL maven_end(void *arg, const XML_Char *name)
{
	struct maven *m = arg;
	const char *text = trim(m->text);
	char *up = strrchr(m->path, '/');

	if (!strcmp(name, "id"))
		snprintf(m->id, sizeof(m->id), "%s", text);
	else if (!strcmp(name, "mirrorOf"))
		snprintf(m->of, sizeof(m->of), "%s", text);
	else if (!strcmp(name, "url"))
		snprintf(m->url, sizeof(m->url), "%s", text);
	else if (!strcmp(name, "username"))
		snprintf(m->user, sizeof(m->user), "%s", text);
	else if (!strcmp(name, "password"))
		snprintf(m->password, sizeof(m->password), "%s", text);
	else if (!strcmp(m->path, "settings/mirrors/mirror") && !*m->mirror && (strchr(m->of, '*') || strstr(m->of, "central"))) {
		snprintf(m->mirror, sizeof(m->mirror), "%s", m->url);
		snprintf(m->mirror_id, sizeof(m->mirror_id), "%s", m->id);
	} else if (!strcmp(m->path, "settings/servers/server") && *m->mirror_id && !strcmp(m->id, m->mirror_id)) {
		snprintf(m->found_user, sizeof(m->found_user), "%s", m->user);
		snprintf(m->found_password, sizeof(m->found_password), "%s", m->password);
	}
	if (up)
		*up = 0;
	m->text[0] = 0;
}

/* Twice: a server may stand before its mirror. */
static void read_maven(struct maven *m, const struct buf *text)
{
	for (int i = 0; i < 2; i++) {
		XML_Parser x = XML_ParserCreate(NULL);

		if (!x)
			return;
		m->path[0] = 0;
		XML_SetUserData(x, m);
		XML_SetElementHandler(x, maven_begin, maven_end);
		XML_SetCharacterDataHandler(x, maven_text);
		XML_Parse(x, text->p, (int)text->n, 1);
		XML_ParserFree(x);
	}
}

static void discover_maven(void)
{
	struct maven m = { .mirror = "" };
	auto_buf text = buf_max(FILE_MAX);
	char path[512], pair[800];

	if (fs_read_file(home_path(".m2/settings.xml", path), &text, NULL) == 0 && text.n) {
		read_maven(&m, &text);
		sodium_memzero(text.p, text.n);
	}
	if (!*m.mirror || !registry_add(REGISTRY_MAVEN, m.mirror, NULL))
		registry_add(REGISTRY_MAVEN, "https://repo1.maven.org/maven2", NULL);
	else if (*m.found_user && snprintf(pair, sizeof(pair), "%s:%s", m.found_user, m.found_password) < (int)sizeof(pair))
		registry_set_basic(registry_get(REGISTRY_MAVEN, 0), pair);
	sodium_memzero(&m, sizeof(m));
	sodium_memzero(pair, sizeof(pair));
}

void registry_discover(void)
{
	discover_pip();
	discover_npm();
	discover_cargo();
	discover_go();
	discover_maven();
	registry_discover_apt();
}
