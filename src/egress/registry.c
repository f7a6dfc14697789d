/*
 * Registries; see registry.h.
 *
 * Each kind has a port of its own inside, so that a path there is the path at the registry: npm puts only host and port of a
 * registry in the place of another's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/registry.h"

#include "egress/login.h"
#include "net/handover.h"
#include "net/url.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct registry all[REGISTRY_KINDS][REGISTRIES_MAX];
static int n_all[REGISTRY_KINDS];

struct registry *registry_get(enum registry_kind k, int which)
{
	return which >= 0 && which < n_all[k] ? &all[k][which] : NULL;
}

int registry_count(enum registry_kind k)
{
	return n_all[k];
}

void registry_set_secret(struct registry *r, const char *scheme, const char *value)
{
	size_t n = strlen(scheme) + strlen(value) + 32;

	sodium_free(r->secret);
	r->secret = strpbrk(value, "\r\n") ? NULL : sodium_malloc(n);
	if (r->secret)
		snprintf(r->secret, n, "Authorization: %s%s%s", scheme, *scheme ? " " : "", value);
}

void registry_set_basic(struct registry *r, const char *user_and_password)
{
	sodium_free(r->secret);
	r->secret = login_basic("Authorization", bytes_of(user_and_password));
}

bool registry_add(enum registry_kind k, const char *url, const char *scope)
{
	const char *host = strstr(url, "://"), *at;
	struct registry r = { .secret = NULL };
	struct url parsed;
	size_t n;

	if (!host || n_all[k] == REGISTRIES_MAX)
		return false;
	host += 3;
	n = strcspn(host, "/");
	at = memrchr(host, '@', n);
	if (snprintf(r.base, sizeof(r.base), "%.*s%s", (int)(host - url), url, at ? at + 1 : host) >= (int)sizeof(r.base))
		return false;
	n = strlen(r.base);
	while (n && r.base[n - 1] == '/')
		r.base[--n] = 0;
	if (url_parse(r.base, &parsed, NULL) < 0)
		return false;
	for (int i = 0; i < n_all[k]; i++)
		if (!strcmp(all[k][i].base, r.base) && !strcmp(all[k][i].scope, scope ? scope : ""))
			return true;
	if (at)
		r.secret = login_of_url("Authorization", (struct bytes){ host, (size_t)(at - host) });
	snprintf(r.scope, sizeof(r.scope), "%s", scope ? scope : "");
	all[k][n_all[k]++] = r;
	return true;
}

/* ---- what clients inside are told ---- */

static void tell_env(json_t *env, const char *text)
{
	json_array_append_new(env, json_string(text));
}

static void tell_file(json_t *files, const char *path, const struct buf *text)
{
	json_array_append_new(files, json_pack("{s:s, s:o}", "path", path, "text", json_string_any(buf_bytes(text))));
}

static void tell_pip(json_t *env, json_t *files)
{
	auto_buf conf = buf_max(16 << 10), extra = buf_max(1 << 10);
	const int port = HANDOVER_REGISTRY + REGISTRY_PYPI;

	buf_printf(&conf, "[global]\nindex-url = http://127.0.0.1:%d/simple/\ntrusted-host = 127.0.0.1\n"
		   "disable-pip-version-check = true\n", port);
	for (int i = 1; i < n_all[REGISTRY_PYPI]; i++)
		buf_printf(&extra, "%shttp://127.0.0.1:%d/+%d/simple/", i > 1 ? " " : "", port, i);
	if (extra.n)
		buf_printf(&conf, "extra-index-url = %s\n", buf_str(&extra));
	tell_file(files, ".config/pip/pip.conf", &conf);
	buf_clear(&conf);
	buf_printf(&conf, "UV_DEFAULT_INDEX=http://127.0.0.1:%d/simple/", port);
	tell_env(env, buf_str(&conf));
}

/* Audits and notices would be refused; without a proxy, since loopback needs none and npm has its own idea of no_proxy. */
static void tell_npm(json_t *files)
{
	auto_buf conf = buf_max(16 << 10);
	const int port = HANDOVER_REGISTRY + REGISTRY_NPM;

	buf_printf(&conf, "registry=http://127.0.0.1:%d/\naudit=false\nfund=false\nupdate-notifier=false\nnoproxy=127.0.0.1,localhost\n",
		   port);
	for (int i = 0; i < n_all[REGISTRY_NPM]; i++)
		if (i)
			buf_printf(&conf, "%s:registry=http://127.0.0.1:%d/+%d/\n", all[REGISTRY_NPM][i].scope, port, i);
		else if (strcmp(all[REGISTRY_NPM][i].base, "https://registry.npmjs.org"))
			buf_add_str(&conf, "replace-registry-host=always\n");
	tell_file(files, ".npmrc", &conf);
}

static void tell_cargo(json_t *files)
{
	auto_buf conf = buf_max(4 << 10);

	buf_printf(&conf, "[source.crates-io]\nreplace-with = \"gateway\"\n\n[source.gateway]\nregistry = \"sparse+http://127.0.0.1:%d/\"\n",
		   HANDOVER_REGISTRY + REGISTRY_CARGO);
	tell_file(files, ".cargo/config.toml", &conf);
}

static void tell_go(json_t *env)
{
	static const char *const plain[] = { "GONOSUMDB", "GONOSUMCHECK", "GOSUMDB", "GOPRIVATE", NULL };
	auto_buf text = buf_max(4 << 10);

	buf_printf(&text, "GOPROXY=http://127.0.0.1:%d", HANDOVER_REGISTRY + REGISTRY_GO);
	tell_env(env, buf_str(&text));
	tell_env(env, "GOTOOLCHAIN=local"); /* else a go.mod that wants a newer one makes go fetch and run it */
	for (int i = 0; plain[i]; i++) {
		const char *v = getenv(plain[i]);

		buf_clear(&text);
		if (v && *v && strlen(v) < 1000 && buf_printf(&text, "%s=%s", plain[i], v) == 0)
			tell_env(env, buf_str(&text));
	}
}

static void tell_maven(json_t *files)
{
	auto_buf conf = buf_max(4 << 10);

	buf_printf(&conf, "<settings>\n  <mirrors>\n    <mirror>\n      <id>gateway</id>\n      <mirrorOf>*</mirrorOf>\n"
		   "      <url>http://127.0.0.1:%d</url>\n    </mirror>\n  </mirrors>\n</settings>\n", HANDOVER_REGISTRY + REGISTRY_MAVEN);
	tell_file(files, ".m2/settings.xml", &conf);
}

void registry_tell(json_t *env, json_t *files)
{
	tell_pip(env, files);
	tell_npm(files);
	tell_cargo(files);
	tell_go(env);
	tell_maven(files);
	registry_tell_apt(env, files);
}
