/* Unit tests of agent/watch: circles are seen, work is not mistaken for one. */
#include "../tap.h"
#include "agent/watch.h"

#include <stdio.h>

static struct watch w;
static const char *why;

static int call(const char *name, const char *args, const char *result, bool changed, const char *file, int state)
{
	struct watch_call c = { .name = name, .arguments = args, .about = args, .result = bytes_of(result), .changed = changed,
				.ran = !strcmp(name, "shell"), .file = file };

	c.after.b[0] = (uint8_t)state;
	watch_call(&w, &c);
	return watch_turn(&w, &why);
}

static void the_same_call(void)
{
	int got[8] = { 0 };

	watch_open(&w);
	for (int i = 1; i < 8; i++)
		got[i] = call("shell", "make", "error", false, NULL, 0);
	ok(!got[1] && !got[2] && got[3] == 1 && !got[4] && got[5] == 2 && got[7] == 3, "the same call and result: nudge, harder nudge, stop");
	ok(strstr(why, "`shell make` was called 7 times with the same result") != NULL, "with the facts: %s", why);
	watch_open(&w);
	for (int i = 0; i < 20; i++) {
		char args[20];

		snprintf(args, sizeof(args), "edit %d", i);
		ok(call("edit", args, "done", true, "a.c", i) != 3 && call("shell", "make", "error", false, NULL, 0) == 0,
		   "a test that fails again after a change is no circle");
	}
}

static void one_file(void)
{
	int worst = 0;

	watch_open(&w);
	for (int i = 0; i < 12; i++) {
		int s = call("edit", i % 2 ? "to b" : "to a", "done", true, "a.c", i % 2);

		worst = s > worst ? s : worst;
	}
	ok(worst == 3 && strstr(why, "a.c was changed back"), "a file that goes to and fro: %s", why);
	watch_open(&w);
	worst = 0;
	for (int i = 0; i < 13; i++) {
		int s = call("edit", "x", "done", true, "b.c", i);

		worst = s > worst ? s : worst;
	}
	ok(worst == 1 && strstr(why, "without running anything"), "many edits without a run: %s", why);
}

static void the_same_words(void)
{
	int got[6] = { 0 };

	watch_open(&w);
	for (int i = 1; i < 6; i++) {
		watch_text(&w, bytes_of("Let me look at the file again."), bytes_of(""));
		got[i] = watch_turn(&w, &why);
	}
	ok(!got[2] && got[3] == 1 && got[5] == 3, "the same words: nudge, then stop");
	watch_open(&w);
	for (int i = 0; i < 6; i++)
		watch_text(&w, bytes_of("ok"), bytes_of(""));
	ok(watch_turn(&w, &why) == 0, "a short word may be said often");
}

static void nothing_new(void)
{
	int worst = 0, first = 0;

	watch_open(&w);
	for (int i = 0; i < 40 && worst < 3; i++) { /* a circle of five calls is too wide for the first signal */
		char args[20];
		int s;

		snprintf(args, sizeof(args), "f%d", i % 5);
		s = call("read", args, "same", false, NULL, 0);
		worst = s > worst ? s : worst;
		first = s && !first ? i : first;
	}
	ok(worst == 3, "a wide circle ends: %s", why);
	ok(first >= 5, "after some turns");
	watch_open(&w);
	worst = 0;
	for (int i = 0; i < 59; i++) {
		char args[20];
		int s;

		snprintf(args, sizeof(args), "f%d", i);
		s = call("read", args, "text", false, NULL, 0);
		worst = s > worst ? s : worst;
	}
	is_whole(worst, 0, "reading new files is work");
	call("read", "more", "text", false, NULL, 0);
	ok(strstr(why, "for 60 turns no file"), "but after 60 turns without a change it is said: %s", why);
}

static void stuck_text(void)
{
	ok(watch_is_stuck_text(bytes_of("Fine. I will do it now. I will do it now. I will do it now. ")), "a text that repeats itself");
	ok(!watch_is_stuck_text(bytes_of("One. Two. Three. Four, five and six stand in the last line.")), "one that does not");
	ok(!watch_is_stuck_text(bytes_of("")), "an empty one");
}

int main(void)
{
	the_same_call();
	one_file();
	the_same_words();
	nothing_new();
	stuck_text();
	return done();
}
