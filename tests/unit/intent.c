/* Unit tests of flow/intent: words and tags. */
#include "../tap.h"
#include "base/err.h"
#include "flow/intent.h"

static struct arena a;

static int parse(const char *text, struct intent *t, struct err *e)
{
	static const struct tag known[] = { { "internal", "an internal tool" }, { 0 } };

	memset(t, 0, sizeof(*t));
	memset(e, 0, sizeof(*e));
	return intent_parse(&a, bytes_of(text), known, t, e);
}

int main(void)
{
	struct intent t;
	struct err e;
	auto_buf big = buf_max(1 << 20);

	ok(parse("build a CRUD app  for inventory\n@secure @secure @internal", &t, &e) == 0, "an intent with tags is read: %s", e.text);
	is_text(t.words, "build a CRUD app for inventory", "its words stand without tags, blanks folded");
	is_whole(t.tags_n, 2, "a tag given twice counts once");
	ok(intent_has_tag(&t, "secure") && intent_has_tag(&t, "internal"), "a tag of the configuration is known");
	is_text(intent_folder(&a, &t), "inventory", "its folder is named by what is built");

	ok(parse("mail bob@example.org when stock is low", &t, &e) == 0 && t.tags_n == 0, "an e-mail address holds no tag");
	ok(strstr(t.words, "bob@example.org") != NULL, "and stays in the words");
	ok(parse("notes @secrue", &t, &e) < 0 && e.code == ERR_USAGE, "an unknown tag is refused");
	ok(strstr(e.text, "@secrue") && strstr(e.text, "@secure"), "naming it and the known ones: %s", e.text);
	ok(parse("  @secure  ", &t, &e) < 0, "an intent without words is refused: %s", e.text);
	ok(intent_parse(&a, (struct bytes){ "a\0b", 3 }, NULL, &t, &e) < 0, "a NUL byte is refused");
	for (int i = 0; i < INTENT_BYTES_MAX + 1; i++)
		buf_add_char(&big, 'x');
	ok(intent_parse(&a, buf_bytes(&big), NULL, &t, &e) < 0, "an endless intent is refused: %s", e.text);

	ok(parse("Build me a simple web app for Library Loans, no double loan", &t, &e) == 0, "another intent");
	is_text(intent_folder(&a, &t), "library-loans", "at most two words before the first clause name the folder");
	ok(parse("../../etc", &t, &e) == 0, "a hostile intent");
	is_text(intent_folder(&a, &t), "etc", "names no way out of here");
	ok(parse("\xE5\xBA\x93\xE5\xAD\x98", &t, &e) == 0, "an intent in another script");
	is_text(intent_folder(&a, &t), "app", "has a plain folder");
	arena_drop(&a);
	return done();
}
