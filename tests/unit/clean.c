/* Unit tests of tool/clean: what a terminal would show in the end, no more. */
#include "../tap.h"
#include "tool/clean.h"

static struct arena a;

static const char *clean(const char *raw)
{
	return clean_text(&a, bytes_of(raw)).p;
}

int main(void)
{
	size_t left;
	struct bytes cut;
	char *many = arena_alloc(&a, 300001), *numbered = arena_alloc(&a, 100000), *p = numbered;

	is_text(clean("plain\ntext\n"), "plain\ntext\n", "plain text stays as it is");
	is_text(clean(""), "", "nothing stays nothing");
	is_text(clean("\033[31mred\033[0m \033[1;32mgreen\033[m\n"), "red green\n", "colours are taken out");
	is_text(clean("\033]0;title\007a\033]8;;http://x\033\\b\033(Bc\033=d\033[?25le"), "abcde", "and titles, links, character sets, modes");
	is_text(clean("a\033"), "a", "an escape at the end");
	is_text(clean("a\033[12"), "a", "one that is cut off");
	is_text(clean("a\033]never ends"), "a", "a string that is cut off");
	is_text(clean("10%\r 50%\r100%\ndone\n"), "100%\ndone\n", "only the last of a progress bar's redraws is left");
	is_text(clean("a\r\nb\r\r\n"), "a\nb\n", "CR LF is a line end, no redraw");
	is_text(clean("50%\r"), "50%", "a carriage return at the very end overwrites nothing yet");
	is_text(clean("ab\b\bxy\b\b\b\b"), "", "backspaces take letters back, not beyond the line");
	is_text(clean("\xC3\xA4\xC3\xB6\b!"), "\xC3\xA4!", "a whole letter each");
	is_text(clean("bell\a nul\x01\x7F tab\t.\n"), "bell nul tab\t.\n", "other controls are taken out");
	is_text(clean("x\nx\nx\n"), "x\nx\nx\n", "three equal lines are no flood");
	is_text(clean("x\nx\nx\nx\nx\ny\n"), "x\n[the line above 4 more times]\ny\n", "five are counted");
	is_text(clean("x\nx\nx\nx\nx\nx"), "x\n[the line above 4 more times]\nx", "a last line without newline is another");
	is_text(clean("\n\n\n\n\n\n"), "\n[the line above 5 more times]\n", "empty lines too");
	is_text(clean("x\nx\ny\ny\n"), "x\nx\ny\ny\n", "pairs stay");
	memset(many, '\n', 300000);
	ok(clean_text(&a, (struct bytes){ many, 300000 }).n < 100, "a flood of empty lines is one");
	for (int i = 0; i < 2000; i++)
		p += sprintf(p, "line %d\n", i);
	cut = clean_cut(&a, bytes_of(numbered), 1000, 2000, "/spill/1.txt", &left);
	ok(left > 0 && cut.n < 3200 && !strncmp(cut.p, "line 0\n", 7) && strstr(cut.p, "\nline 1999\n"), "the middle is cut, both ends stay");
	ok(strstr(cut.p, "all of it: /spill/1.txt") && strstr(cut.p, "\n[... ") && strstr(cut.p, " ...]\nline "), "at line ends, and the file is named");
	cut = clean_cut(&a, bytes_of("short"), 1000, 2000, NULL, &left);
	ok(left == 0 && cut.n == 5, "what fits is not cut");
	memset(many, 0xA4, 300000);
	cut = clean_cut(&a, (struct bytes){ many, 300000 }, 1000, 1000, NULL, &left);
	ok(left > 0, "bytes that begin no character end somewhere");
	arena_drop(&a);
	return done();
}
