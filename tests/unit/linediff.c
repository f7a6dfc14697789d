/*
 * The difference that a person reads: as diff -u would print it, bounded for texts that are made to be slow, and for a whole
 * layer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../layered.h"

#include "base/clock.h"
#include "work/linediff.h"

static const char *diff_of(const char *old, const char *fresh)
{
	auto_buf out = buf_max(1 << 20);
	size_t removed, added;

	linediff(bytes_of(old), bytes_of(fresh), &out, &removed, &added);
	return arena_printf(&a, "%s(%zu %zu)", buf_str(&out), removed, added);
}

static void it_is_what_diff_prints(void)
{
	is_text(diff_of("a\nb\nc\n", "a\nb\nc\n"), "(0 0)", "equal texts have none");
	is_text(diff_of("a\nb\nc\n", "a\nx\nc\n"), "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n(1 1)", "a changed line");
	is_text(diff_of("", "a\n"), "@@ -0,0 +1 @@\n+a\n(0 1)", "a new text");
	is_text(diff_of("a\nb\n", ""), "@@ -1,2 +0,0 @@\n-a\n-b\n(2 0)", "a removed text");
	is_text(diff_of("a", "a\n"), "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n(1 1)", "a missing end");
	is_text(diff_of("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n"),
		"@@ -1,3 +1,4 @@\n+0\n 1\n 2\n 3\n@@ -6,4 +7,3 @@\n 6\n 7\n 8\n-9\n(1 1)", "two places, apart");
	is_text(diff_of("1\n2\n3\n4\n5\n6\n7\n", "0\n1\n2\n3\n4\n5\n6\n"), "@@ -1,7 +1,7 @@\n+0\n 1\n 2\n 3\n 4\n 5\n 6\n-7\n(1 1)",
		"two places, near");
}

static void slow_texts_are_not(void)
{
	auto_buf x = buf_max(4 << 20), y = buf_max(4 << 20), out = buf_max(8 << 20);
	size_t removed, added;
	int64_t start = clock_mono_ms();

	for (long i = 0; i < 100000; i++) {
		buf_printf(&x, "%ld\n", i * 7919 % 100003);
		buf_printf(&y, "%ld\n", i * 104729 % 100003);
	}
	linediff(buf_bytes(&x), buf_bytes(&y), &out, &removed, &added);
	ok(removed > 90000 && added > 90000, "100,000 lines in another order count as changed");
	ok(clock_mono_ms() - start < 20000, "after %lld ms", (long long)(clock_mono_ms() - start));
}

static void a_layers_difference_is_shown(void)
{
	auto_buf out = buf_max(1 << 16), small = buf_max(400);
	struct layer l;
	struct err e = { 0 };
	int fd;

	tree_make();
	put(IN_TREE("a"), "1\n2\n");
	put(IN_TREE("gone"), "x\n");
	put(IN_TREE("mode"), "x\n");
	l = layer_of("diff");
	put(IN_LAYER(&l, "a"), "1\n3\n");
	put(IN_LAYER(&l, "new\nline"), "n\n");
	put(IN_LAYER(&l, "mode"), "x\n");
	chmod(IN_LAYER(&l, "mode"), 0755);
	gone(&l, "gone");
	fs_make_dirs(IN_LAYER(&l, "empty"), 0755, NULL);
	put(IN_LAYER(&l, ".envrc"), "run\n");
	if (symlink("a\nb", IN_LAYER(&l, "link")) < 0)
		ok(false, "a link is made");
	fd = open(IN_LAYER(&l, "binary"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (write(fd, "\0\1", 2) != 2)
		ok(false, "written");
	close(fd);
	ok(layer_diff(&a, &l, NULL, &out, &e) == 0, "it is made %s", e.text);
	is_text(buf_str(&out),
		"# shell: a shell or interpreter runs it when it starts there\n--- /dev/null\n+++ b/.envrc\n@@ -0,0 +1 @@\n+run\n"
		"--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n"
		"new file that is no text, or too large to show: binary (2 bytes)\n"
		"new folder: empty\n"
		"--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
		"# name: the link's target holds control characters\nnew link: link -> a\\nb\n"
		"other permissions of file: mode (755)\n"
		"# name: the name holds control characters\n--- /dev/null\n+++ b/new\\nline\n@@ -0,0 +1 @@\n+n\n", "each change in its way");
	ok(layer_diff(&a, &l, NULL, &small, &e) == 0 && strstr(buf_str(&small), "changes more are not shown]"), "one that is too long says so");
	layer_close(&l);
}

int main(void)
{
	base_make("linediff");
	it_is_what_diff_prints();
	slow_texts_are_not();
	copied = true;
	a_layers_difference_is_shown();
	copied = !has_marks();
	a_layers_difference_is_shown();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
