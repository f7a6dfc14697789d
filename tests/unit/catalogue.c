/*
 * The catalogue of models: what is read from it, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"
#include "base/err.h"
#include "model/catalogue.h"

#include <stdlib.h>
#include <unistd.h>

#define SHA "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
#define HEAD "{\"version\":1,\"models\":["
#define MODEL(name, file, more) \
	"{\"name\":\"" name "\",\"file\":\"" file "\",\"bytes\":10,\"sha256\":\"" SHA "\"" more "}"

static void refused(const char *text, const char *says, const char *name)
{
	auto_arena a = { 0 };
	struct catalogue c = { 0 };
	struct err e = { 0 };

	ok(catalogue_parse(&a, bytes_of(text), &c, &e) < 0 && e.code == ERR_INPUT && c.n == 0, "%s is refused", name);
	ok(strstr(e.text, says) != NULL, "and the message says \"%s\"", says);
	if (!strstr(e.text, says))
		printf("#      got: %s\n", e.text);
}

static void the_shipped_catalogue_is_whole(void)
{
	auto_arena a = { 0 };
	struct catalogue c = { 0 };
	const struct catalogue_model *m = NULL;
	struct err e = { 0 };

	ok(catalogue_load(&a, &c, &e) == 0, "the shipped catalogue is read %s", e.text);
	ok(catalogue_find(&c, "local", &m, &e) == 0, "\"local\" is a model of it");
	is_text(m ? m->name : NULL, "qwen2.5-coder-1.5b", "namely the 1.5B one");
	is_whole(m ? m->bytes : 0, 1117320768, "with its size");
	ok(m && m->n_sources == 2 && m->sources[0].kind == SOURCE_PYPI && m->sources[0].parts == 22, "in 22 parts");
	ok(m && m->schema && !m->native_calls && m->small, "and what it can do");
	ok(catalogue_find(&c, "qwen2.5-coder-0.5b", &m, &e) == 0 && m->bytes == 491400064, "the 0.5B one is there too");
	ok(catalogue_find(&c, "gpt-17", &m, &e) < 0 && e.code == ERR_NOT_FOUND, "another name is not");
	ok(strstr(e.text, "qwen2.5-coder-0.5b") != NULL, "and the message lists those that are");
}

static void a_persons_own_models_stand_in_front(void)
{
	auto_arena a = { 0 };
	struct catalogue c = { 0 };
	const struct catalogue_model *m = NULL;
	struct err e = { 0 };
	char dir[] = "/tmp/catalogue-XXXXXX", path[128];
	FILE *f;
	int before;

	ok(catalogue_load(&a, &c, &e) == 0, "without own models");
	before = c.n;
	setenv("XDG_CONFIG_HOME", mkdtemp(dir), 1);
	snprintf(path, sizeof(path), "mkdir -p %s/sealwright", dir);
	ok(system(path) == 0, "a configuration folder");
	snprintf(path, sizeof(path), "%s/sealwright/models.json", dir);
	f = fopen(path, "w");
	fputs("{\"version\":1,\"default\":\"mine\",\"models\":[" MODEL("mine", "m.gguf", "") ","
	      MODEL("qwen2.5-coder-1.5b", "other.gguf", "") "]}", f);
	fclose(f);
	ok(catalogue_load(&a, &c, &e) == 0, "with own models %s", e.text);
	is_whole(c.n, before + 1, "one is added, one hides the shipped one");
	ok(catalogue_find(&c, "local", &m, &e) == 0, "\"local\"");
	is_text(m ? m->name : NULL, "mine", "is what the person says");
	ok(catalogue_find(&c, "qwen2.5-coder-1.5b", &m, &e) == 0, "the hidden one");
	is_text(m ? m->file : NULL, "other.gguf", "is the person's");
	unlink(path);
	snprintf(path, sizeof(path), "%s/sealwright", dir);
	rmdir(path);
	rmdir(dir);
	unsetenv("XDG_CONFIG_HOME");
}

int main(void)
{
	setenv("SEALWRIGHT_SHARE", "share", 1);
	setenv("XDG_CONFIG_HOME", "/nonexistent", 1);
	the_shipped_catalogue_is_whole();
	a_persons_own_models_stand_in_front();
	refused("{\"version\":2,\"models\":[]}", "version", "another version");
	refused("{\"version\":1}", "models", "a catalogue without models");
	refused(HEAD MODEL("a", "../x", "") "]}", "plain file name", "a file that leads elsewhere");
	refused(HEAD MODEL("a/b", "x", "") "]}", "no name", "a name with a slash");
	refused(HEAD MODEL("-a", "x", "") "]}", "no name", "a name that looks like an option");
	refused(HEAD MODEL("a", "x", "") "," MODEL("a", "y", "") "]}", "two models", "a name given twice");
	refused(HEAD MODEL("a", "x", ",\"context\":1") "]}", "context", "a context of one token");
	refused(HEAD "{\"name\":\"a\",\"file\":\"x\",\"bytes\":0,\"sha256\":\"" SHA "\"}]}", "bytes", "an empty model");
	refused(HEAD "{\"name\":\"a\",\"file\":\"x\",\"bytes\":5}]}", "sha256", "a model without a digest");
	refused(HEAD "{\"name\":\"a\",\"file\":\"x\",\"bytes\":5,\"sha256\":\"CC\"}]}", "sha256", "a short digest");
	refused(HEAD MODEL("a", "x", ",\"sources\":[{}]") "]}", "either", "a source that is nothing");
	refused(HEAD MODEL("a", "x", ",\"sources\":[{\"url\":\"ftp://h/x\"}]") "]}", "URL", "an ftp URL");
	refused(HEAD MODEL("a", "x", ",\"sources\":[{\"url\":\"https://h/x y\"}]") "]}", "URL", "a URL with a blank");
	refused(HEAD MODEL("a", "x", ",\"sources\":[{\"pypi\":\"--index-url=x{n}\",\"version\":\"1\",\"parts\":1,\"member\":\"*\"}]")
		"]}", "package name", "a package name that is an option");
	refused(HEAD MODEL("a", "x", ",\"sources\":[{\"pypi\":\"p{n}\",\"version\":\"1 --pre\",\"parts\":1,\"member\":\"*\"}]")
		"]}", "no version", "a version that is more than one");
	refused(HEAD MODEL("a", "x", ",\"sources\":[{\"pypi\":\"p{n}\",\"version\":\"1\",\"parts\":0,\"member\":\"*\"}]")
		"]}", "parts", "a source without parts");
	return done();
}
