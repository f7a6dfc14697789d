/* Unit tests of base/conf_edit: one value changes, every other byte stays. */
#include "../tap.h"
#include "base/conf_edit.h"
#include "base/err.h"

static struct arena a;

static void edit(const char *in, const char *key, const char *value, const char *want, const char *name)
{
	struct bytes out = { 0 };
	struct err e = { 0 };

	if (conf_edit(&a, bytes_of(in), key, value, &out, &e) < 0)
		printf("# %s\n", e.text);
	is_text(out.p, want, name);
}

static void refuse(const char *in, const char *key, const char *value, enum err_code code, const char *name)
{
	struct bytes out = { 0 };
	struct err e = { 0 };

	ok(conf_edit(&a, bytes_of(in), key, value, &out, &e) < 0 && e.code == code && !out.p, "%s: %s", name, e.text);
}

int main(void)
{
	edit("", "model", "local", "model: local\n", "a first value");
	edit("# mine\na: 1", "model", "local", "# mine\na: 1\nmodel: local\n", "a value behind a file without a last newline");
	edit("# mine\nmodel:   old  # why\nb: 2\n", "model", "new", "# mine\nmodel:   new  # why\nb: 2\n", "a value in its place, its comment kept");
	edit("model: 'old'\n", "model", "a: b", "model: \"a: b\"\n", "a value that needs quotes");
	edit("x: \"\xC3\xA4\xC3\xB6\"\nm: {a: \"\xC3\xA4\", b: c}\n", "m.b", "d", "x: \"\xC3\xA4\xC3\xB6\"\nm: {a: \"\xC3\xA4\", b: d}\n",
	     "columns are characters, not bytes");
	edit("model:\nb: 2\n", "model", "x", "model: x\nb: 2\n", "a value where none stood");
	edit("a: 1\nmodel: x # c\nb: 2\n", "model", NULL, "a: 1\nb: 2\n", "a value taken out");
	edit("tags:\n    one: first\nb: 2\n", "tags.two", "second", "tags:\n    two: second\n    one: first\nb: 2\n", "an entry beneath a map, as deep as the others");
	edit("b: 2\n", "tags.two", "second", "b: 2\ntags:\n  two: second\n", "an entry with its map");
	edit("tags:\nb: 2\n", "tags.two", "s", "tags:\n  two: s\nb: 2\n", "an entry into an empty map");
	edit("tags:\n  one: first\n  two: s\nb: 2\n", "tags.one", NULL, "tags:\n  two: s\nb: 2\n", "an entry taken out");
	edit("tags:\n  one: first\n  two: s\n# end\nb: 2\n", "tags", NULL, "# end\nb: 2\n", "a map taken out");
	refuse("a: 1\n", "b", NULL, ERR_NOT_FOUND, "what is not there can't be taken out");
	refuse("{a: 1, b: 2}\n", "c", "3", ERR_INPUT, "a map in braces is left to a person");
	refuse("{a: 1, b: 2}\n", "a", NULL, ERR_INPUT, "and so is taking out of one");
	refuse("a: [1\n", "b", "2", ERR_INPUT, "what is broken is not edited");
	refuse("a: 1\n...\n", "b", "2", ERR_INPUT, "a file that was ended is not continued");
	edit("a: 1\n", "b", "no", "a: 1\nb: no\n", "a text stays a text");
	edit("a: 1\n", "b", "", "a: 1\nb: \"\"\n", "an empty text");
	edit("a: 1\n", "b", "-x", "a: 1\nb: \"-x\"\n", "a text like a list's entry");
	edit("a: 1\n", "b", "https://h.example:8080/v1", "a: 1\nb: https://h.example:8080/v1\n", "a URL needs no quotes");
	arena_drop(&a);
	return done();
}
