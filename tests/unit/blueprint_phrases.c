/* Every phrase of a blueprint's phrases.json binds the rule that it says, or none of that kind: the catalogue's patterns under test. */
#include "../tap.h"
#include "base/err.h"
#include "base/fs.h"
#include "blueprint/blueprint.h"

#include <stdlib.h>

static const char *dumped(struct arena *a, const json_t *v)
{
	auto_buf out = buf_max(8000);

	json_write(&out, v);
	return arena_strdup(a, buf_str(&out));
}

static bool params_hold(const json_t *got, const json_t *want)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)want, key, v) {
		const json_t *is = json_object_get(got, key);

		if (json_is_number(v) && json_is_number(is) ? json_number_value(v) != json_number_value(is) :
		    !json_equal(v, is) && !(json_is_null(v) && !is))
			return false;
	}
	return true;
}

static void phrase_try(const struct blueprint *b, const json_t *specs, const json_t *p)
{
	const char *kind = json_text_or(p, "kind", ""), *clause = json_text_or(p, "clause", "");
	auto_json *draft = json_pack("{s:s, s:O?}", "title", "T", "entities", json_object_get(specs, json_text_or(p, "spec", "")));
	auto_json *spec = NULL;
	auto_arena a = { 0 };
	auto_buf text = buf_max(64 << 10), got = buf_max(16 << 10);
	const json_t *t, *r;
	struct err e = { 0 };
	bool hit = false, any = false;
	size_t i, k;

	json_write(&text, draft);
	if (blueprint_spec_cure(&a, b, clause, buf_bytes(&text), &spec, &e) < 0)
		buf_printf(&got, "%s", e.text);
	json_array_foreach(json_list(spec, "entities"), i, t) {
		json_array_foreach(json_list(t, "rules"), k, r) {
			bool same = !strcmp(json_text_or(r, "kind", ""), kind) && params_hold(json_map(r, "params"), json_map(p, "params")) &&
				(!json_text(p, "entity") || !strcmp(json_text(p, "entity"), json_text_or(t, "name", "")));

			hit = hit || same;
			any = any || !strcmp(json_text_or(r, "kind", ""), kind);
			buf_printf(&got, "%s.%s %s; ", json_text_or(t, "name", ""), json_text_or(r, "kind", ""), dumped(&a, json_object_get(r, "params")));
		}
	}
	json_array_foreach(json_list(spec, "settings"), i, r) { /* a kind that sets a field makes no rule */
		bool same = !strcmp(json_text_or(r, "kind", ""), kind);

		any = any || same;
		hit = hit || (same && !strcmp(json_text_or(r, "field", ""), json_text_or(json_map(p, "params"), "field", "")) &&
			      (!json_text(p, "entity") || !strcmp(json_text(p, "entity"), json_text_or(r, "entity", ""))));
		buf_printf(&got, "%s.%s %s; ", json_text_or(r, "entity", ""), json_text_or(r, "field", ""), json_text_or(r, "kind", ""));
	}
	if (json_array_size(json_list(spec, "left_out")))
		buf_printf(&got, "left out %s", dumped(&a, json_list(spec, "left_out")));
	if (json_flag(p, "binds", false)) {
		if (!ok(hit, "%s: %s", kind, clause))
			printf("#   wanted: %s %s\n#      got: %s\n", kind, dumped(&a, json_map(p, "params")), buf_str(&got));
	} else if (!ok(!any, "no %s: %s", kind, clause)) {
		printf("#      got: %s\n", buf_str(&got));
	}
}

int main(void)
{
	auto_arena a = { 0 };
	const char *dir = getenv("BLUEPRINT") ? getenv("BLUEPRINT") : "share/blueprints/crud-service";
	char *path = arena_printf(&a, "%s/phrases.json", dir);
	auto_buf text = buf_max(1 << 20);
	auto_json *v = NULL;
	struct blueprint *b;
	const json_t *p;
	struct err e = { 0 };
	size_t i;

	if (!fs_exists(path)) {
		printf("1..0 # SKIP %s is not there\n", path);
		return 0;
	}
	if (!ok(blueprint_load_dir(&a, dir, &b, &e) == 0 && fs_read_file(path, &text, &e) == 0 &&
		json_parse(buf_bytes(&text), &v, &e) == 0, "%s loads %s", dir, e.text))
		return done();
	json_array_foreach(json_list(v, "phrases"), i, p)
		phrase_try(b, json_map(v, "specs"), p);
	ok(i > 0, "there are phrases");
	return done();
}
