/* Unit tests of tool/glob: names by pattern, and what git ignores. */
#include "../tap.h"
#include "tool/glob.h"

#include <stdlib.h>

static struct arena a;

static void patterns(void)
{
	static const struct {
		const char *pattern, *path;
		bool want;
	} t[] = {
		{ "*.py", "a.py", true }, { "*.py", "a.pyc", false }, { "*.py", "d/a.py", false }, { "**/*.py", "a.py", true },
		{ "**/*.py", "d/e/a.py", true }, { "src/**/*.c", "src/a.c", true }, { "src/**/*.c", "src/x/y/a.c", true },
		{ "src/**/*.c", "srcs/a.c", false }, { "src/**", "src/a/b", true }, { "a?c", "abc", true }, { "a?c", "a/c", false },
		{ "[a-c]x", "bx", true }, { "[!a-c]x", "bx", false }, { "[]x]y", "]y", true }, { "[", "[", true }, { "\\*", "*", true },
		{ "\\*", "a", false }, { "", "", true }, { "", "a", false }, { "*", "", true }, { "a*b*c", "aXbYbZc", true },
		{ "a*b*c", "aXbYbZ", false }, { "**/test/**/x", "p/test/q/r/x", true }, { "**/test/**/x", "test/x", true },
		{ "**/b*/c", "a/bb/x/b/c", true },
	};
	char star[201], as[2001];

	for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++)
		ok(glob_match(t[i].pattern, t[i].path) == t[i].want, "\"%s\" %s \"%s\"", t[i].pattern,
		   t[i].want ? "names" : "does not name", t[i].path);
	for (int i = 0; i < 200; i++)
		star[i] = i % 2 ? 'a' : '*';
	star[199] = 'b';
	star[200] = 0;
	memset(as, 'a', 2000);
	as[2000] = 0;
	ok(!glob_match(star, as), "a hundred stars cost no exponential time");
	ok(glob_match_name("*.c", "x/y.c") && !glob_match_name("/*.c", "x/y.c"), "a pattern without slash is for the last part");
}

static void ignoring(void)
{
	struct ignore top, sub;

	ignore_parse(&a, bytes_of("# comment\n*.log\n!keep.log\n/build\ntmp/\ndoc/*.txt\r\n\\#x\n\n"), "", NULL, &top);
	ignore_parse(&a, bytes_of("!a.log\nlocal\n"), "sub", &top, &sub);
	ok(ignore_holds(&top, "x.log", false) && ignore_holds(&top, "d/x.log", false), "a name is ignored at every depth");
	ok(!ignore_holds(&top, "keep.log", false), "a later rule brings one back");
	ok(ignore_holds(&top, "build", true) && !ignore_holds(&top, "d/build", true), "a leading slash means the top");
	ok(ignore_holds(&top, "tmp", true) && !ignore_holds(&top, "tmp", false), "a trailing slash means folders");
	ok(ignore_holds(&top, "doc/a.txt", false) && !ignore_holds(&top, "doc/x/a.txt", false), "a slash inside anchors");
	ok(ignore_holds(&top, "#x", false), "a backslash quotes");
	ok(!ignore_holds(&sub, "sub/a.log", false) && ignore_holds(&sub, "sub/b.log", false), "a folder's own rules come first");
	ok(ignore_holds(&sub, "sub/x/local", false) && !ignore_holds(&top, "local", false), "and count beneath it");
}

int main(void)
{
	patterns();
	ignoring();
	arena_drop(&a);
	return done();
}
