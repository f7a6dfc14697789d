/*
 * A keeping that is cut off at each of its steps by SIGKILL, and one into which a person's edit falls at each moment: nothing
 * is lost, nothing is half done once the layer was opened again, and what a person wrote is never replaced.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../layered.h"

#include "work/inside.h"

#include <signal.h>
#include <sys/wait.h>

static int countdown;

static void die_here(const char *step, const char *path)
{
	(void)step;
	(void)path;
	if (countdown-- == 0)
		raise(SIGKILL);
}

static void changes_make(struct layer *l)
{
	put(IN_TREE("changed"), "old\n");
	put(IN_TREE("removed"), "old\n");
	put(IN_TREE("mode"), "old\n");
	put(IN_TREE("folder/in"), "old\n");
	put(IN_TREE("turned/one"), "1\n");
	put(IN_TREE("anew/old"), "old\n");
	if (symlink("changed", IN_TREE("link")) < 0)
		ok(false, "a link is made");
	*l = layer_of("kill");
	put(IN_LAYER(l, "changed"), "new\n");
	put(IN_LAYER(l, "mode"), "old\n");
	chmod(IN_LAYER(l, "mode"), 0755);
	put(IN_LAYER(l, "new/deep/file"), "new\n");
	gone(l, "removed");
	gone(l, "folder");
	fs_remove_tree(IN_LAYER(l, "turned"), NULL);
	put(IN_LAYER(l, "turned"), "new\n");
	made_anew(l, "anew");
	put(IN_LAYER(l, "anew/new"), "new\n");
	put(IN_LAYER(l, ".envrc"), "new\n");
	fs_remove_tree(IN_LAYER(l, "link"), NULL);
	if (symlink("mode", IN_LAYER(l, "link")) < 0)
		ok(false, "a link is made");
}

/* What stands in the tree, as one text: 'o' old, 'n' new, '-' none, for each. */
static const char *state_of(void)
{
	static const char *const names[] = { "changed", "removed", "folder/in", "turned/one", "turned", "new/deep/file", "anew/old", "anew/new",
					     ".envrc" };
	auto_buf b = buf_max(256);
	char to[16] = "";
	struct stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *text = text_of(IN_TREE(names[i]));

		buf_add_char(&b, !strcmp(text, "new\n") ? 'n' : !strcmp(text, "(none)") ? '-' : 'o');
	}
	buf_add_char(&b, readlink(IN_TREE("link"), to, sizeof(to) - 1) < 0 ? '-' : *to == 'm' ? 'n' : 'o');
	buf_add_char(&b, stat(IN_TREE("mode"), &st) == 0 && (st.st_mode & 0777) == 0755 ? 'n' : 'o');
	return arena_printf(&a, "%s", buf_str(&b));
}

static const char before[] = "oooo--o--oo", after[] = "n---nn-n-nn";

static const char *leftovers(void)
{
	char *text = NULL;

	proc_ask(&a, tree, (const char *const[]){ "find", ".", "-name", ".sealwright*", NULL }, &text, NULL);
	return text ? text : "";
}

/* True when the keeping came to its end before it could be killed. */
static bool killed_at(int step, const struct layer_rules *rules, const char *want)
{
	struct layer l;
	const char *folder;
	pid_t pid;
	int status = 0;
	bool whole, journal;
	struct err e = { 0 };
	struct layer_report r = { 0 };

	tree_make();
	changes_make(&l);
	folder = l.folder;
	layer_close(&l);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		countdown = step;
		layer_fault = die_here;
		_exit(layer_open(&a, folder, tree, NULL, &l, &e) < 0 || layer_keep(&a, &l, rules, &r, &e) < 0);
	}
	waitpid(pid, &status, 0);
	whole = WIFEXITED(status);
	journal = fs_exists(arena_printf(&a, "%s/journal", folder));
	ok(whole ? WEXITSTATUS(status) == 0 : WTERMSIG(status) == SIGKILL, "killed at step %d", step);
	if (layer_open(&a, folder, tree, NULL, &l, &e) < 0) {
		ok(false, "the layer is found again: %s", e.text);
		return whole;
	}
	ok((l.finished != NULL) == journal, "what was begun is ended and told, what was not is not");
	is_text(state_of(), l.finished || (whole && !journal) || !strcmp(state_of(), want) ? want : before, "the tree is whole");
	if (layer_keep(&a, &l, rules, &r, &e) < 0)
		ok(false, "it is kept again: %s", e.text);
	is_text(state_of(), want, "keeping again brings all that is kept");
	ok(r.left.n == (want == after ? 1 : r.left.n) && *leftovers() == 0 && !fs_exists(arena_printf(&a, "%s/stage", folder)),
	   "what asks is left, and no trace in the tree");
	layer_close(&l);
	return whole;
}

static void a_kill_at_any_step_loses_nothing(void)
{
	int step = 0;

	while (step < 100 && !killed_at(step, NULL, after))
		step++;
	ok(step > 15, "there are steps: %d", step);
}

/* ---- a person's edit in the very moment ---- */

static const char *edit_at, *edit_name;

static void edit_here(const char *step, const char *path)
{
	if (strcmp(step, edit_at) || (*path && strcmp(path, edit_name)))
		return;
	if (strcmp(edit_name, "new/deep/file") && !strcmp(step, "looked")) {
		const char *beside = IN_TREE("person");

		put(beside, "by a person\n"); /* as an editor saves */
		rename(beside, IN_TREE(edit_name));
	} else {
		put(IN_TREE(edit_name), "by a person\n");
	}
	edit_at = "";
}

static void an_edit_in_the_midst(const char *step, const char *name, bool all)
{
	struct layer l;
	struct layer_report r;

	tree_make();
	put(IN_TREE(name[0] == 'n' ? "x" : name), "old\n");
	put(IN_TREE("another"), "old\n");
	l = layer_of("edit");
	if (name[0] == 'r')
		gone(&l, name);
	else
		put(IN_LAYER(&l, name), "new\n");
	put(IN_LAYER(&l, "another"), "new\n");
	put(IN_LAYER(&l, "b/c/d"), "new\n");
	edit_at = step;
	edit_name = name;
	layer_fault = edit_here;
	r = keep_of(&l, &(struct layer_rules){ .all_or_nothing = all });
	layer_fault = NULL;
	is_text(text_of(IN_TREE(name)), "by a person\n", arena_printf(&a, "what a person wrote to %s when \"%s\" stays", name, step));
	ok(change_in(&r.left, name, -1) && change_in(&r.left, name, -1)->verdict == LAYER_CONFLICT, "and is a conflict");
	is_text(text_of(IN_TREE("another")), all ? "old\n" : "new\n", all ? "nothing is kept" : "the rest is kept");
	ok(fs_exists(IN_TREE("b")) == !all, "folders as well");
	ok(r.kept == (all ? 0 : 2), "the report says so");
	ok(*leftovers() == 0, "no trace is left in the tree");
	ok(change_in(&(struct layer_changes){ changes_of(&l, NULL).item, changes_of(&l, NULL).n, 0, 0, 0, 0 }, name, -1) != NULL,
	   "the layer still has it");
	layer_close(&l);
}

static void a_persons_edit_always_stays(void)
{
	static const char *const steps[] = { "begun", "staged", "journal", "looked" };

	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		for (int all = 0; all < 2; all++) {
			an_edit_in_the_midst(steps[i], "changed", all);
			an_edit_in_the_midst(steps[i], "removed", all);
			if (i < 3)
				an_edit_in_the_midst(steps[i], "new/deep/file", all);
		}
}

/* Edited just before it was exchanged or taken, and killed before that could be seen. */
static void edit_and_die(const char *step, const char *path)
{
	edit_here(step, path);
	if ((!strcmp(step, "exchanged") || !strcmp(step, "taken")) && !strcmp(path, edit_name))
		raise(SIGKILL);
}

static void an_edit_stays_after_a_kill(const char *name)
{
	struct layer l;
	const char *folder;
	pid_t pid;
	int status = 0;
	struct err e = { 0 };

	tree_make();
	put(IN_TREE(name), "old\n");
	put(IN_TREE("another"), "old\n");
	l = layer_of("edit");
	folder = l.folder;
	if (name[0] == 'r')
		gone(&l, name);
	else
		put(IN_LAYER(&l, name), "new\n");
	put(IN_LAYER(&l, "another"), "new\n");
	layer_close(&l);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		edit_at = "looked";
		edit_name = name;
		layer_fault = edit_and_die;
		layer_open(&a, folder, tree, NULL, &l, &e);
		layer_keep(&a, &l, NULL, &(struct layer_report){ 0 }, &e);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status), "killed while a person's file of %s is out of its place", name);
	ok(layer_open(&a, folder, tree, NULL, &l, &e) == 0 && l.finished, "the layer is found again %s", e.text);
	is_text(text_of(IN_TREE(name)), "by a person\n", "with the person's file in its place");
	is_text(text_of(IN_TREE("another")), "new\n", "and the rest kept");
	ok(l.finished && change_in(&l.finished->left, name, -1), "it is named");
	layer_close(&l);
}

/* As before, and then the folder is taken away from under it. */
static void edit_and_remove(const char *step, const char *path)
{
	edit_here(step, path);
	if ((!strcmp(step, "exchanged") || !strcmp(step, "taken")) && !strcmp(path, edit_name))
		fs_remove_tree(IN_TREE("folder"), NULL);
}

static void an_edit_stays_though_its_folder_goes(bool removed)
{
	struct layer l;
	struct layer_report r;

	tree_make();
	put(IN_TREE("folder/deep/file"), "old\n");
	l = layer_of("edit");
	if (removed)
		gone(&l, "folder/deep/file");
	else
		put(IN_LAYER(&l, "folder/deep/file"), "new\n");
	edit_at = "looked";
	edit_name = "folder/deep/file";
	layer_fault = edit_and_remove;
	r = keep_of(&l, NULL);
	layer_fault = NULL;
	is_text(text_of(IN_TREE("folder/deep/file")), "by a person\n", "a person's file comes back with its folder");
	ok(r.kept == 0 && r.left.conflicts == 1, "and is a conflict");
	layer_close(&l);
}

/* ---- hostile changes of the layer while it is kept ---- */

static void swap_here(const char *step, const char *path)
{
	(void)path;
	if (strcmp(step, "begun"))
		return;
	unlink(edit_name);
	if (symlink("/etc/passwd", edit_name) < 0)
		ok(false, "a link is made");
}

static void a_link_that_takes_a_files_place_is_not_followed(void)
{
	struct layer l;
	struct layer_report r;

	tree_make();
	l = layer_of("swap");
	put(IN_LAYER(&l, "file"), "new\n");
	edit_name = IN_LAYER(&l, "file");
	layer_fault = swap_here;
	r = keep_of(&l, NULL);
	layer_fault = NULL;
	ok(!fs_exists(IN_TREE("file")) && r.kept == 0 && r.left.n == 1, "it is not kept");
	layer_close(&l);
}

/* A folder of the tree that is a link leads nowhere. */
static void links_of_the_tree_are_not_followed(void)
{
	struct layer l;
	struct layer_report r;
	const char *outside = arena_printf(&a, "%s/outside%d", base, rounds + 1);

	tree_make();
	fs_make_dirs(outside, 0755, NULL);
	fs_make_dirs(IN_TREE("folder"), 0755, NULL);
	l = layer_of("links");
	put(IN_LAYER(&l, "folder/file"), "new\n");
	put(IN_LAYER(&l, "fine"), "new\n");
	rmdir(IN_TREE("folder"));
	if (symlink(outside, IN_TREE("folder")) < 0)
		ok(false, "a link is made");
	r = keep_of(&l, NULL);
	ok(!fs_exists(arena_printf(&a, "%s/file", outside)), "nothing is written through a link");
	ok(r.left.n >= 1 && fs_exists(IN_TREE("fine")), "it is named, and the rest kept");
	layer_close(&l);
}

/* Files are staged in the tree then. */
static void from_another_disk(void)
{
	char home[64];
	struct stat here, there;

	snprintf(home, sizeof(home), "%s", base);
	snprintf(base, sizeof(base), "/dev/shm/layer-kill.XXXXXX");
	if (stat(home, &here) < 0 || stat("/dev/shm", &there) < 0 || here.st_dev == there.st_dev || !mkdtemp(base)) {
		printf("# no other disk at /dev/shm: not tried\n");
		snprintf(base, sizeof(base), "%s", home);
		return;
	}
	printf("# a layer on another disk\n");
	elsewhere = home;
	a_kill_at_any_step_loses_nothing();
	an_edit_stays_after_a_kill("changed");
	elsewhere = NULL;
	fs_remove_tree(base, NULL);
	snprintf(base, sizeof(base), "%s", home);
}

static void what_cannot_be_copied_is_read(void)
{
	auto_fd from = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
	const char *path = arena_printf(&a, "%s/read", base);
	auto_fd to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ok(copy_bytes(from, to) == 0 && strstr(text_of(path), "layer_kill"), "a file that has no size is copied by reading");
}

static void all_of_it(void)
{
	printf("# %s%s\n", copied ? "a copy" : "an overlay", place_without_flags ? ", on a disk whose renames have no flags" : "");
	a_kill_at_any_step_loses_nothing();
	a_persons_edit_always_stays();
	an_edit_stays_after_a_kill("changed");
	an_edit_stays_after_a_kill("removed");
	an_edit_stays_though_its_folder_goes(false);
	an_edit_stays_though_its_folder_goes(true);
	a_link_that_takes_a_files_place_is_not_followed();
	links_of_the_tree_are_not_followed();
}

int main(void)
{
	base_make("layer-kill");
	if (has_marks())
		all_of_it();
	else
		printf("# no overlay: /tmp takes no attributes of users\n");
	copied = true;
	all_of_it();
	copied = !has_marks();
	place_without_flags = true;
	all_of_it();
	copied = true;
	place_without_flags = false;
	from_another_disk();
	what_cannot_be_copied_is_read();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
