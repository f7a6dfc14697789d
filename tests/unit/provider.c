/*
 * providers.json: what is read from it, what is refused, and what a turn costs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"
#include "base/err.h"
#include "base/fs.h"
#include "model/provider.h"
#include "net/http.h"
#include "net/url.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define P(more) "{\"version\":1,\"providers\":[{\"name\":\"p\"" more "}]}"
#define M(more) "{\"version\":1,\"models\":[{\"name\":\"m\"" more "}]}"

static void refused(const char *text, const char *says, const char *name)
{
	auto_arena a = { 0 };
	struct providers p = { 0 };
	struct err e = { 0 };

	ok(providers_parse(&a, bytes_of(text), &p, &e) < 0 && e.code == ERR_INPUT && !p.n && !p.n_models,
	   "%s is refused", name);
	if (!ok(strstr(e.text, says) != NULL, "and the message says \"%s\"", says))
		printf("#      got: %s\n", e.text);
}

static void the_shipped_ones(void)
{
	auto_arena a = { 0 };
	struct model_usage u = { .prompt = 1000000, .cached = 500000, .completion = 100000 };
	const struct provider_model *m;
	struct providers p = { 0 };
	struct err e = { 0 };

	ok(providers_load(&a, &p, &e) == 0, "the shipped providers are read %s", e.text);
	m = providers_model(&p, "glm-5.1");
	ok(m && m->context == 200000 && m->ways[0] == WAY_NATIVE && m->ways[1] == WAY_TEXT && m->ways[2] == WAY_UNKNOWN,
	   "glm-5.1 is there");
	ok(m == providers_model(&p, "zai-org/GLM-5.1-FP8") && m == providers_model(&p, "z-ai/glm-5.1"),
	   "under its other names too");
	ok(!providers_model(&p, "glm-5.10") && !providers_model(&p, "glm"), "and under no more");
	ok(strstr(provider_model_body(m, "zai", false), "\"clear_thinking\":false") != NULL &&
		   strstr(provider_model_body(m, "zai", false), "\"tool_stream\":true"),
	   "it keeps its thinking and streams its calls");
	ok(strstr(provider_model_body(m, "zai", true), "\"disabled\"") != NULL, "unless it is asked not to think");
	ok(strstr(provider_model_body(providers_model(&p, "glm-5.3"), "zai", true), "\"enabled\"") != NULL,
	   "which glm-5.3 cannot");
	is_text(provider_model_id(m, "openrouter", "x"), "z-ai/glm-5.1", "elsewhere it has another id");
	ok(fabs(provider_cost(providers_named(&p, "zai"), m, &u) - (0.5 * 1.4 + 0.5 * 0.26 + 0.1 * 4.4)) < 1e-9,
	   "a turn costs what its tokens cost");
	ok(fabs(provider_cost(providers_named(&p, "zai-coding"), m, &u)) < 1e-9, "nothing more with a subscription");
	ok(isnan(provider_cost(providers_named(&p, "openrouter"), m, &u)), "elsewhere nobody knows");
	ok(providers_at(&p, "https://api.z.ai/api/coding/paas/v4") == providers_named(&p, "zai-coding"),
	   "the coding plan is told by its URL");
	ok(providers_at(&p, "https://API.z.ai/api/paas/v4/") == providers_named(&p, "zai"), "from the general one");
	ok(!providers_at(&p, "https://api.z.ai.example.org/api/paas/v4") &&
		   !providers_at(&p, "http://api.z.ai/api/paas/v4"),
	   "and a look-alike is neither");
}

static void a_persons_own(void)
{
	auto_arena a = { 0 };
	char dir[] = "/tmp/provider-XXXXXX", *path;
	const struct provider_model *m;
	struct providers p = { 0 };
	struct err e = { 0 };

	setenv("XDG_CONFIG_HOME", mkdtemp(dir), 1);
	path = arena_printf(&a, "%s/sealwright", dir);
	fs_make_dirs(path, 0700, &e);
	path = arena_printf(&a, "%s/providers.json", path);
	fs_write_atomic(
		path,
		bytes_of(
			"{\"version\":1,\"providers\":[{\"name\":\"zai\",\"base_url\":\"https://proxy.example/v1\"}],\"models\":["
			"{\"name\":\"glm-5.1\",\"provider\":\"zai\",\"context\":1000},{\"name\":\"ours\",\"match\":[\"ours*\"]}]}"),
		0600, &e);
	ok(providers_load(&a, &p, &e) == 0, "a person's own providers are read %s", e.text);
	is_text(providers_named(&p, "zai")->base_url, "https://proxy.example/v1", "and win by name");
	m = providers_model(&p, "glm-5.1");
	is_whole(m ? m->context : 0, 1000, "a model too");
	ok(providers_model(&p, "ours-2") && providers_model(&p, "glm-5.2"), "beside the shipped ones");
	fs_write_atomic(path, bytes_of("{\"version\":1,\"models\":[{\"name\":\"x\",\"contxt\":1}]}"), 0600, &e);
	ok(providers_load(&a, &p, &e) < 0 && strstr(e.text, path) && strstr(e.text, "contxt"),
	   "a slip is told with its file: %s", e.text);
	fs_remove_tree(dir, NULL);
	unsetenv("XDG_CONFIG_HOME");
}

static void urls(void)
{
	static const char *const bad[] = { "ftp://x/",
					   "http://",
					   "https://u:p@h/",
					   "http://h/?k=v",
					   "http://h/#f",
					   "http://h:0/",
					   "http://h:65536/",
					   "http://h:1x/",
					   "http://[::1",
					   "http://h /",
					   "http://h\n/",
					   "//h",
					   "" };
	struct url u;
	int wrong = 0;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		wrong += url_parse(bad[i], &u, NULL) == 0;
	is_whole(wrong, 0, "what is no base URL is refused");
	ok(url_parse("https://h.example/a/b", &u, NULL) == 0 && u.tls && u.port == 443 && !u.loopback &&
		   !strcmp(u.path, "/a/b"),
	   "a URL is taken apart");
	ok(url_parse("http://[::1]:8080", &u, NULL) == 0 && u.loopback && u.port == 8080 && !strcmp(u.host, "::1"),
	   "an IPv6 one too");
	ok(url_parse("http://127.1.2.3/", &u, NULL) == 0 && u.loopback, "all of 127 is this machine");
	ok(url_parse("http://127.0.0.1.example.org/", &u, NULL) == 0 && !u.loopback, "a name that begins so is not");
	is_whole(http_retry_after_parse(bytes_of("120"), 0), 120000, "Retry-After in seconds");
	is_whole(http_retry_after_parse(bytes_of(" 1.5 \r\n"), 0), 1500, "in parts of one");
	is_whole(http_retry_after_parse(bytes_of("Thu, 01 Jan 1970 00:01:00 GMT"), 10000), 50000, "as a date");
	is_whole(http_retry_after_parse(bytes_of("Thu, 01 Jan 1970 00:01:00 GMT"), 90000), 0, "as a date that is past");
	ok(http_retry_after_parse(bytes_of("soon"), 0) == -1 && http_retry_after_parse(bytes_of("-1"), 0) == -1 &&
		   http_retry_after_parse(bytes_of(""), 0) == -1,
	   "what is neither says nothing");
}

int main(void)
{
	setenv("SEALWRIGHT_SHARE", "share", 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	the_shipped_ones();
	a_persons_own();
	urls();
	refused("{\"version\":2}", "version", "another version");
	refused("[]", "version", "a list");
	refused("{\"version\":1,\"provider\":[]}", "\"provider\"", "a misspelt list");
	refused(P(",\"base_url\":\"ftp://x\""), "no http", "an ftp URL");
	refused(P(",\"base_url\":\"https://k:v@x\""), "name or password", "a password in a URL");
	refused(P(",\"headers\":{\"X\":\"a\\r\\nB: c\"}"), "one line", "a header that is two");
	refused(P(",\"headers\":{\"authorization\":\"Bearer x\"}"), "key does not stand", "a key in the file");
	refused(P(",\"keys\":[\"A B\"]"), "variable", "a variable that is none");
	refused(P(",\"body\":{\"messages\":[]}"), "messages", "a body that overrides ours");
	refused(P(",\"body\":1"), "object", "a body that is none");
	refused(P(",\"schema\":\"xml\""), "schema", "a schema kind that is none");
	refused(P(",\"stop_words\":-1"), "makes no sense", "a negative number");
	refused("{\"version\":1,\"providers\":[{\"name\":\"p\"},{\"name\":\"p\"}]}", "two providers",
		"a provider given twice");
	refused(M(",\"ways\":[\"telepathy\"]"), "ways", "a way that is none");
	refused(M(",\"price\":{\"prompt\":-1}"), "price", "a negative price");
	refused(M(",\"token_bytes\":0"), "token_bytes", "tokens without bytes");
	refused(M(",\"temperature\":9"), "temperature", "too hot");
	refused(M(",\"temperature\":1,\"temperature\":2"), "duplicate", "a key given twice");
	return done();
}
