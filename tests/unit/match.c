/* Unit tests of tool/match: the ladder finds the one place that was meant, or says that there is none or more than one. */
#include "../tap.h"
#include "tool/match.h"

#include <stdlib.h>

static struct arena a;

static struct match m;

static const char *edit(const char *file, const char *old, const char *new)
{
	match_replace(&a, bytes_of(file), bytes_of(old), bytes_of(new), false, &m);
	return m.result.p;
}

#define edits(file, old, new, want, on, name) do { \
	is_text(edit(file, old, new), want, name); \
	ok(m.rung == (on), "  on the rung \"%s\", got \"%s\"", match_rung_text(on), match_rung_text(m.rung)); \
} while (0)

#define refuses(file, old, want, name) do { \
	edit(file, old, "NEW"); \
	ok(!m.result.p, "%s", name); \
	is_whole(m.count, want, "  with the number of places"); \
} while (0)

static void exact(void)
{
	edits("a\nb\nc\n", "b", "X", "a\nX\nc\n", MATCH_EXACT, "a piece is replaced where it stands");
	is_whole(m.lines[0], 2, "  its line is told");
	edits("a\nb\nc\n", "b\n", "", "a\nc\n", MATCH_EXACT, "an empty text removes it");
	edits("one two", "two", "three", "one three", MATCH_EXACT, "a last line without newline stays without");
	edits("x = 1;  \ny = 2;\n", "x = 1;  \ny", "z", "z = 2;\n", MATCH_EXACT, "exact comes before any looser rung");
	refuses("f(1)\ng\nf(1)\n", "f(1)", 2, "two exact places are refused");
	ok(m.lines[0] == 1 && m.lines[1] == 3, "  both lines are told");
	refuses("aaa", "aa", 2, "overlapping places are two places");
	match_replace(&a, bytes_of("f f\nf\n"), bytes_of("f"), bytes_of("ff"), true, &m);
	is_text(m.result.p, "ff ff\nff\n", "all replaces every exact place, and not what it wrote");
	is_whole(m.count, 3, "  and counts them");
	refuses("", "x", 0, "nothing stands in an empty file");
	refuses("abc\n", "", 0, "nothing quoted stands nowhere");
}

static void line_endings(void)
{
	edits("a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\nz\n", "x\r\ny\r\nz\r\nc\r\n", MATCH_EXACT, "CR LF is kept");
	edits("a\r\nb\nc\n", "b", "x\ny", "a\r\nx\ny\nc\n", MATCH_EXACT, "a mixed file keeps what stands at the place");
	edits("a\nb\n", "a\r\nb\r\n", "x\r\n", "x\n", MATCH_EXACT, "CR LF from a model does not enter an LF file");
	edits("a\r\nb  \r\nc\r\n", "a\nb\nc", "a\nX\nc", "a\r\nX\r\nc\r\n", MATCH_TRAILING, "also on a looser rung");
	edits("a\r\nlast", "last", "x\ny", "a\r\nx\r\ny", MATCH_EXACT, "the last line takes the ending of the one before");
	match_replace(&a, bytes_of("f\r\nf\r\n"), bytes_of("f\n"), bytes_of("g\nh\n"), true, &m);
	is_text(m.result.p, "g\r\nh\r\ng\r\nh\r\n", "all keeps CR LF");
}

static void trailing_blanks(void)
{
	edits("if x:  \n    y()\t\nz\n", "if x:\n    y()\n", "if x:\n    w()\n", "if x:  \n    w()\nz\n", MATCH_TRAILING,
	      "trailing blanks do not matter, and an unchanged line keeps its own");
	edits("a\nb", "a\nb\n", "a\nc\n", "a\nc", MATCH_TRAILING, "a newline that the file lacks at its end is not added");
	refuses("a \nx\na\t\n", "a\n", 2, "two places on a rung are refused");
	refuses("\n  \n\n", "\t\n", 0, "blank lines alone name no place");
	edits("a(1)  \n\n\nb\n", "a(1)\n\n\nb\n", "a(2)\nb\n", "a(2)\nb\n", MATCH_TRAILING, "blank lines inside are compared");
}

static void indentation(void)
{
	edits("class A:\n    def f(self):\n        return 1\n", "def f(self):\n    return 1\n", "def f(self):\n    x = 2\n    return x\n",
	      "class A:\n    def f(self):\n        x = 2\n        return x\n", MATCH_INDENT, "lines move to the file's depth");
	edits("\tif (x) {\n\t\ty();\n\t}\n", "if (x) {\n    y();\n}\n", "if (x) {\n    if (z) {\n        y();\n    }\n}\n",
	      "\tif (x) {\n\t\tif (z) {\n\t\t\ty();\n\t\t}\n\t}\n", MATCH_INDENT, "blanks become the file's tabs");
	edits("    a\n    b\n", "  a\n  b\n", "  a\n\n  c\n", "    a\n\n    c\n", MATCH_INDENT, "an empty line stays empty");
	refuses("  x()\n    x()\n", "x()\n\n", 0, "a piece with a blank line more is another");
	refuses("  }\n}\n    }\n", " }", 2, "a lone brace is ambiguous");
	edits("  a = 1\n", "a = 1\nb", "x", NULL, MATCH_NONE, "half a match is none");
}

static void typography(void)
{
	edits("say(\xE2\x80\x9Chi\xE2\x80\x9D)\nx\n", "say(\"hi\")\n", "say(\"ho\")\n", "say(\"ho\")\nx\n", MATCH_UNICODE, "curly quotes");
	edits("It\xE2\x80\x99s 1\xE2\x80\x93" "2 today\nx\n", "'s 1-2", "'s 3", "It's 3 today\nx\n", MATCH_UNICODE, "a piece of a line");
	edits("a\xC2\xA0= 1\n  b\n", "a = 1\nb\n", "a = 1\nc\n", "a\xC2\xA0= 1\n  c\n", MATCH_UNICODE,
	      "a no-break space; the unchanged line keeps it");
	edits("\xEF\xBB\xBFimport x\n", "import x\n", "import y\n", "\xEF\xBB\xBFimport y\n", MATCH_EXACT, "a byte order mark is kept");
	refuses("\xE2\x80\x99 a\n\xE2\x80\x98 a\n", "' a", 2, "two places are two here too");
}

static void line_numbers(void)
{
	edits("def f():\n    return 1\n", "1\tdef f():\n2\t    return 1\n", "1\tdef f():\n2\t    return 2\n", "def f():\n    return 2\n",
	      MATCH_NUMBERS, "line numbers copied along are taken off");
	edits("1\ta\n2\tb\n", "1\ta\n", "1\tz\n", "1\tz\n2\tb\n", MATCH_EXACT, "unless they are the file's");
}

static const char program[] =
	"def total(items):\n    # sum of all\n    s = 0\n    for i in items:\n        s += i.price\n    return s\n\n"
	"def mean(items):\n    return total(items) / len(items)\n";

static void nearly_a_block(void)
{
	edits(program, "def total(items):\n    s = 0\n    for i in items:\n        s += i.price\n    return s\n",
	      "def total(items):\n    return sum(i.price for i in items)\n",
	      "def total(items):\n    return sum(i.price for i in items)\n\ndef mean(items):\n    return total(items) / len(items)\n",
	      MATCH_BLOCK, "a forgotten comment is no obstacle");
	ok(m.replaced.n && memmem(m.replaced.p, m.replaced.n, "# sum of all", 12), "  and what stood there is told");
	edits(program, "def total(items):\n    # sum of all\n    s = 0\n    for item in items:\n        s += i.price\n    return s\n",
	      "pass\n", "pass\n\ndef mean(items):\n    return total(items) / len(items)\n", MATCH_BLOCK, "nor is a word misquoted");
	refuses(program, "def total(items):\n    raise NotImplementedError\n    # nothing like it here\n    print(items)\n    return s\n", 0,
		"a block that only begins and ends alike is another");
	refuses("open()\nwrite(first)\nflush\nclose()\n\nopen()\nwrite(fifth)\nflush\nclose()\n",
		"open()\nwrite(filth)\nflush\nclose()\n", 2, "two blocks that are nearly alike are refused");
	refuses("x\ny\n", "x\nz\n", 0, "two lines are too few for a guess");
}

static void a_failure_points(void)
{
	char *near = match_nearest(&a, bytes_of(program), bytes_of("    for item in item_list:\n        s = s + i.price\n"));

	ok(strstr(near, "4\t    for i in items:") != NULL, "the nearest lines are shown with numbers");
	is_text(match_nearest(&a, bytes_of("alpha\nbeta\n"), bytes_of("0123456789\n")), "", "nothing is shown when nothing is like it");
}

static void hostile_sizes(void)
{
	size_t n = 1 << 20;
	char *same = malloc(n + 1), *old = malloc(n / 4 + 1);

	for (size_t i = 0; i < n; i++)
		same[i] = i % 2 ? '\n' : 'x';
	memcpy(old, same, n / 4);
	old[n / 4 - 2] = 'y';
	same[n] = old[n / 4] = 0;
	edit(same, old, "z");
	is_whole(m.count, 0, "half a million equal lines are searched in time");
	match_nearest(&a, bytes_of(same), bytes_of(old));
	memset(same, '\n', n);
	edit(same, "\n\n\n \n", "z");
	is_whole(m.count, 0, "as are a million empty ones");
	memset(same, 'a', n);
	memset(old, 'a', n / 4);
	old[n / 4 - 1] = 'b';
	edit(same, old, "z");
	is_whole(m.count, 0, "and one line of a megabyte");
	free(same);
	free(old);
}

int main(void)
{
	exact();
	line_endings();
	trailing_blanks();
	indentation();
	typography();
	line_numbers();
	nearly_a_block();
	a_failure_points();
	hostile_sizes();
	arena_drop(&a);
	return done();
}
