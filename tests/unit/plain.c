/* Unit tests of cmd/plain and of which sessions are "here". */
#include "../tap.h"
#include "agent/index.h"
#include "cmd/plain.h"

#include <stdlib.h>

static void prints(const char *text, size_t max, const char *want, const char *name)
{
	char *got = NULL;
	size_t n = 0;
	FILE *f = open_memstream(&got, &n);

	if (!f)
		return;
	plain_print(f, text, max);
	fclose(f);
	is_text(got, want, name);
	free(got);
}

int main(void)
{
	prints("plain", 100, "plain", "plain text is itself");
	prints("a\nb\tc", 100, "a b c", "a line's end and a tab are blanks");
	prints("a\033[31mb\a\177", 100, "a[31mb", "an escape sequence loses what makes it one");
	prints("a\xC2\x9B" "31m", 100, "a31m", "and so does one of the C1 controls");
	prints("a\x9B" "31m\xFF\xC2", 100, "a?31m??", "a byte that is no character could be one, too");
	prints("\x9B" "1", 100, "?1", "at the beginning as well");
	prints("a\xE2\x80\xAE" "b\xE2\x81\xA6" "c", 100, "abc", "marks that turn the direction of text are left out");
	prints("\xC3\xA4\xC3\xB6\xC3\xBC", 2, "\xC3\xA4...", "a text is cut at a character's border");
	prints("abc", 3, "abc", "one that just fits is whole");
	prints(NULL, 10, "", "no text is no text");

	ok(session_is_here("/a/b", "/a/b"), "a session of this folder is here");
	ok(session_is_here("/a/b/c", "/a/b"), "one beneath it too");
	ok(session_is_here("/a", "/a/b/c"), "and one whose tree holds it");
	ok(!session_is_here("/a/bc", "/a/b"), "a neighbour that begins alike is not");
	ok(!session_is_here("/x", "/a/b"), "nor another");
	ok(session_is_here("/x", "/"), "at the top all are");
	return done();
}
