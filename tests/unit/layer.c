/*
 * A layer: found again, its changes listed, kept into the tree item by item, or dropped. Each test runs on a layer of an overlay
 * and on one that is a copy; no sandbox is needed, the changes are written as it would write them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../layered.h"

#include <pthread.h>
#include <sys/file.h>
#include <time.h>

static void the_changes_are_listed(void)
{
	struct layer l;
	struct layer_changes c;
	const struct layer_change *x;

	tree_make();
	put(IN_TREE("same"), "same\n");
	put(IN_TREE("changed"), "old\n");
	put(IN_TREE("removed"), "old\n");
	put(IN_TREE("mode"), "old\n");
	put(IN_TREE("folder/one"), "1\n");
	put(IN_TREE("folder/deep/two"), "2\n");
	put(IN_TREE("anew/old"), "1\n");
	put(IN_TREE("anew/kept"), "1\n");
	l = layer_of("layer");
	ok(l.state && !l.found && !l.finished && (copied ? l.source && !l.layer : l.layer && !l.source), "a layer is made");
	is_whole(changes_of(&l, NULL).n, 0, "it has no changes");
	put(IN_LAYER(&l, "same"), "same\n");
	put(IN_LAYER(&l, "changed"), "new\n");
	put(IN_LAYER(&l, "mode"), "old\n");
	chmod(IN_LAYER(&l, "mode"), 0755);
	put(IN_LAYER(&l, "new/deep/file"), "new\n");
	fs_make_dirs(IN_LAYER(&l, "new/empty"), 0755, NULL);
	if (symlink("changed", IN_LAYER(&l, "link")) < 0)
		ok(false, "a link is made");
	gone(&l, "removed");
	gone(&l, "folder");
	made_anew(&l, "anew");
	put(IN_LAYER(&l, "anew/kept"), "2\n");
	c = changes_of(&l, NULL);
	if (!ok(c.n == 12 && c.keeps == 12, "twelve changes, all kept"))
		changes_show(&c);
	ok((x = change_in(&c, "changed", LAYER_CHANGED)) && x->size == 4 && x->type == LAYER_FILE, "a file was changed");
	ok((x = change_in(&c, "mode", LAYER_MODE)) && x->mode == 0755, "one has other permissions");
	ok(change_in(&c, "new/deep/file", LAYER_ADDED) && !change_in(&c, "new", -1), "a file in a new folder, which shows by it");
	ok((x = change_in(&c, "new/empty", LAYER_ADDED)) && x->type == LAYER_FOLDER, "an empty folder");
	ok((x = change_in(&c, "link", LAYER_ADDED)) && x->type == LAYER_LINK && !strcmp(x->target, "changed"), "a link");
	ok(change_in(&c, "removed", LAYER_REMOVED) && change_in(&c, "folder/one", LAYER_REMOVED) && change_in(&c, "folder", LAYER_REMOVED) &&
	   change_in(&c, "folder/deep/two", LAYER_REMOVED) && change_in(&c, "folder/deep", LAYER_REMOVED), "what is gone, file by file");
	ok(change_in(&c, "anew/old", LAYER_REMOVED) && change_in(&c, "anew/kept", LAYER_CHANGED), "a folder that was made anew");
	layer_close(&l);
}

static void what_is_kept_is_in_the_tree(void)
{
	struct layer l;
	struct layer_report r;
	struct stat st;

	tree_make();
	put(IN_TREE("changed"), "old\n");
	put(IN_TREE("removed"), "old\n");
	put(IN_TREE("mode"), "old\n");
	put(IN_TREE("folder/deep/two"), "2\n");
	put(IN_TREE("turned/one"), "1\n");
	put(IN_TREE("file-to-folder"), "1\n");
	l = layer_of("layer");
	put(IN_LAYER(&l, "changed"), "new\n");
	put(IN_LAYER(&l, "mode"), "old\n");
	chmod(IN_LAYER(&l, "mode"), 0755);
	put(IN_LAYER(&l, "new/deep/file"), "new\n");
	chmod(IN_LAYER(&l, "new/deep"), 0750);
	fs_make_dirs(IN_LAYER(&l, "new/empty"), 0711, NULL);
	if (symlink("../changed", IN_LAYER(&l, "new/link")) < 0)
		ok(false, "a link is made");
	gone(&l, "removed");
	gone(&l, "folder");
	fs_remove_tree(IN_LAYER(&l, "turned"), NULL);
	put(IN_LAYER(&l, "turned"), "a file now\n");
	fs_remove_tree(IN_LAYER(&l, "file-to-folder"), NULL);
	put(IN_LAYER(&l, "file-to-folder/in"), "in\n");
	r = keep_of(&l, NULL);
	if (!ok(r.left.n == 0 && r.kept == 15, "all of it, %zu changes", r.kept))
		changes_show(&r.left);
	is_text(text_of(IN_TREE("changed")), "new\n", "the changed file");
	is_text(text_of(IN_TREE("new/deep/file")), "new\n", "the new file");
	ok(stat(IN_TREE("mode"), &st) == 0 && (st.st_mode & 07777) == 0755, "the permissions");
	ok(stat(IN_TREE("new/deep"), &st) == 0 && (st.st_mode & 07777) == 0750, "those of a folder");
	ok(stat(IN_TREE("new/empty"), &st) == 0 && (st.st_mode & 07777) == 0711, "the empty folder");
	is_text(text_of(IN_TREE("new/link")), "new\n", "the link");
	ok(!fs_exists(IN_TREE("removed")) && !fs_exists(IN_TREE("folder")), "what was removed is gone");
	is_text(text_of(IN_TREE("turned")), "a file now\n", "a folder became a file");
	is_text(text_of(IN_TREE("file-to-folder/in")), "in\n", "a file became a folder");
	is_whole(changes_of(&l, NULL).n, 0, "the layer has no changes left");
	ok(copied || fs_is_empty_dir(IN_LAYER(&l, ".")), "and is empty");
	put(IN_LAYER(&l, "changed"), "newer\n");
	is_whole(keep_of(&l, NULL).kept, 1, "a kept file can be changed and kept again");
	is_text(text_of(IN_TREE("changed")), "newer\n", "as it is now");
	layer_close(&l);
	ok(!fs_exists(arena_printf(&a, "%s/layer%d/stage", base, rounds)) && !fs_exists(arena_printf(&a, "%s/layer%d/journal", base, rounds)),
	   "no trace of the keeping is left");
}

static void what_a_person_changed_is_never_overwritten(void)
{
	struct layer l;
	struct layer_report r;

	tree_make();
	put(IN_TREE("edited"), "old\n");
	put(IN_TREE("deleted"), "old\n");
	put(IN_TREE("cut"), "old\n");
	put(IN_TREE("folder/one"), "old\n");
	put(IN_TREE("fine"), "old\n");
	l = layer_of("layer");
	put(IN_LAYER(&l, "edited"), "by the layer\n");
	gone(&l, "deleted");
	gone(&l, "folder");
	put(IN_LAYER(&l, "made"), "by the layer\n");
	put(IN_LAYER(&l, "fine"), "by the layer\n");
	put(IN_LAYER(&l, "cut"), "by the layer\n");
	if (!copied)
		setxattr(IN_LAYER(&l, "cut"), "user.overlay.origin", "", 0, 0);
	put(IN_TREE("edited"), "by a person\n");
	put(IN_TREE("deleted"), "by a person\n");
	put(IN_TREE("made"), "by a person\n");
	put(IN_TREE("folder/more"), "by a person\n");
	unlink(IN_TREE("cut"));
	r = keep_of(&l, NULL);
	ok(r.left.conflicts == r.left.n, "all that is left are conflicts");
	is_text(text_of(IN_TREE("edited")), "by a person\n", "a changed file stays");
	is_text(text_of(IN_TREE("deleted")), "by a person\n", "one that the layer removed stays");
	is_text(text_of(IN_TREE("made")), "by a person\n", "one that both made stays");
	is_text(text_of(IN_TREE("folder/more")), "by a person\n", "one in a folder that the layer removed stays");
	ok(!fs_exists(IN_TREE("cut")), "one that was removed stays removed");
	is_text(text_of(IN_TREE("fine")), "by the layer\n", "all else is kept");
	ok(change_in(&r.left, "edited", -1) && change_in(&r.left, "deleted", -1) && change_in(&r.left, "made", -1) &&
	   change_in(&r.left, "cut", -1), "each is named");
	r = keep_of(&l, NULL);
	ok(change_in(&r.left, "edited", -1) != NULL, "keeping again makes no difference");
	is_text(text_of(IN_TREE("edited")), "by a person\n", "the file stays as it is");
	layer_close(&l);
}

static void one_conflict_holds_all(void)
{
	struct layer l;
	struct layer_rules all = { .all_or_nothing = true };
	struct layer_report r;

	tree_make();
	put(IN_TREE("one"), "old\n");
	put(IN_TREE("two"), "old\n");
	l = layer_of("layer");
	put(IN_LAYER(&l, "one"), "new\n");
	put(IN_LAYER(&l, "two"), "new\n");
	put(IN_LAYER(&l, ".vscode/tasks.json"), "{}\n");
	r = keep_of(&l, &all);
	ok(r.kept == 0 && r.left.n == 3, "nothing is kept, all is named");
	is_text(text_of(IN_TREE("one")), "old\n", "the tree is as it was");
	all.allow = (const char *const[]){ "editor", NULL };
	r = keep_of(&l, &all);
	ok(r.kept == 3 && r.left.n == 0, "with a yes all is kept");
	layer_close(&l);
}

static void a_layer_is_found_again(void)
{
	struct layer l, second = { 0 };
	const char *folder;
	struct err e = { 0 };
	struct layer_left *left;
	size_t n;

	tree_make();
	put(IN_TREE("file"), "old\n");
	folder = arena_printf(&a, "%s/found/one", base);
	fs_make_dirs(arena_printf(&a, "%s/found", base), 0755, NULL);
	ok(layer_open(&a, folder, tree, &(struct layer_how){ .copy = copied }, &l, &e) == 0, "a layer is made %s", e.text);
	put(IN_LAYER(&l, "file"), "new\n");
	ok(layer_open(&a, folder, tree, NULL, &second, &e) < 0 && e.code == ERR_BUSY && !second.state, "it is open once: %s", e.text);
	ok(layer_list(&a, arena_printf(&a, "%s/found", base), &left, &n, &e) == 0 && n == 1 && left[0].in_use && !strcmp(left[0].name, "one"),
	   "the list says so");
	layer_close(&l);
	ok(layer_open(&a, folder, tree, NULL, &l, &e) == 0 && l.found, "it is found again");
	ok(changes_of(&l, NULL).n == 1, "with its change");
	layer_close(&l);
	ok(layer_open(&a, arena_printf(&a, "%s/found/two", base), tree, NULL, &l, &e) == 0, "a second one is made %s", e.text);
	ok(layer_list(&a, arena_printf(&a, "%s/found", base), &left, &n, &e) == 0 && n == 2 && !strcmp(left[0].name, "two"),
	   "the newest stands first in the list");
	ok(layer_drop(&l, &e) == 0, "it is dropped");
	ok(layer_find(&a, folder, &l, &e) == 0 && !strcmp(l.tree, tree), "by its folder alone, too");
	layer_close(&l);
	ok(layer_list(&a, arena_printf(&a, "%s/found", base), &left, &n, &e) == 0 && n == 1 && !left[0].in_use && !strcmp(left[0].tree, tree) &&
	   left[0].opened_ms > 0, "the list has it");
	ok(layer_open(&a, folder, base, NULL, &second, &e) < 0, "not for another tree: %s", e.text);
	ok(layer_open(&a, IN_TREE("in"), tree, NULL, &second, &e) < 0 && e.code == ERR_USAGE, "not within the tree: %s", e.text);
	ok(layer_open(&a, "in", tree, NULL, &second, &e) < 0 && e.code == ERR_USAGE, "not by a relative path: %s", e.text);
	ok(layer_find(&a, arena_printf(&a, "%s/none", base), &second, &e) < 0 && e.code == ERR_NOT_FOUND, "not where there is none: %s", e.text);
	ok(layer_list(&a, arena_printf(&a, "%s/none", base), &left, &n, &e) == 0 && n == 0, "an absent folder has no layers");
	rename(tree, arena_printf(&a, "%s/moved%d", base, rounds));
	fs_make_dirs(tree, 0755, NULL);
	ok(layer_open(&a, folder, tree, NULL, &second, &e) < 0 && e.code == ERR_DAMAGED, "not when another folder stands there: %s", e.text);
	ok(layer_find(&a, folder, &l, &e) == 0 && layer_keep(&a, &l, NULL, &(struct layer_report){ 0 }, &e) < 0, "such a layer keeps nothing: %s",
	   e.text);
	ok(layer_drop(&l, &e) == 0 && !fs_exists(folder) && !l.state, "but can be dropped");
	ok(layer_open(&a, folder, tree, NULL, &l, &e) == 0 && !l.found, "another one can be made there");
	layer_close(&l);
	put(arena_printf(&a, "%s/state", folder), "");
	ok(layer_open(&a, folder, tree, NULL, &l, &e) == 0 && !l.found, "one whose state a power failure left empty is made anew");
	ok(layer_drop(&l, &e) == 0, "and dropped");
	put(arena_printf(&a, "%s/found/bad/state", base), "rubbish");
	ok(layer_find(&a, arena_printf(&a, "%s/found/bad", base), &l, &e) < 0 && e.code == ERR_DAMAGED, "a damaged state is refused: %s", e.text);
}

static void dropping_is_rollback(void)
{
	struct layer l;
	struct err e = { 0 };
	const char *folder;
	int fd;

	tree_make();
	put(IN_TREE("file"), "old\n");
	l = layer_of("layer");
	folder = l.folder;
	put(IN_LAYER(&l, "file"), "new\n");
	put(IN_LAYER(&l, "locked/file"), "new\n");
	chmod(IN_LAYER(&l, "locked"), 0);
	fd = open(copied ? l.source : l.layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	flock(fd, LOCK_EX);
	ok(layer_drop(&l, &e) < 0 && e.code == ERR_BUSY && l.state, "not while a sandbox runs on it: %s", e.text);
	ok(layer_changes(&a, &l, NULL, &(struct layer_changes){ 0 }, &e) < 0 && e.code == ERR_BUSY, "nor is it looked at then: %s", e.text);
	ok(layer_keep(&a, &l, NULL, &(struct layer_report){ 0 }, &e) < 0 && e.code == ERR_BUSY, "nor kept");
	close(fd);
	ok(layer_drop(&l, &e) == 0 && !fs_exists(folder), "it is gone");
	is_text(text_of(IN_TREE("file")), "old\n", "the tree is as it was");
}

static void names_can_be_left_out_and_numbers_bounded(void)
{
	struct layer l;
	struct layer_rules r = { .skip = (const char *const[]){ "out", NULL } };
	struct layer_changes c = { 0 };
	struct err e = { 0 };

	tree_make();
	put(IN_TREE("out/old"), "old\n");
	l = layer_of("layer");
	put(IN_LAYER(&l, "out/new"), "new\n");
	gone(&l, "out/old");
	put(IN_LAYER(&l, "outer"), "new\n");
	c = changes_of(&l, &r);
	ok(c.n == 1 && !strcmp(c.item[0].path, "outer"), "what is left out is not listed");
	keep_of(&l, &r);
	ok(fs_exists(IN_TREE("out/old")) && !fs_exists(IN_TREE("out/new")) && fs_exists(IN_TREE("outer")), "nor kept");
	r = (struct layer_rules){ .max_changes = 1 };
	ok(layer_changes(&a, &l, &r, &c, &e) < 0 && e.code == ERR_LIMIT, "more changes than allowed are an error: %s", e.text);
	layer_close(&l);
}

static void hard_links_are_broken(void)
{
	struct layer l;
	struct layer_report r;
	struct stat st;

	tree_make();
	put(IN_TREE("one"), "old\n");
	if (link(IN_TREE("one"), arena_printf(&a, "%s/outside%d", base, rounds)) < 0)
		ok(false, "a link is made");
	l = layer_of("layer");
	put(IN_LAYER(&l, "one"), "new\n");
	if (link(IN_LAYER(&l, "one"), IN_LAYER(&l, "two")) < 0)
		ok(false, "a link is made");
	r = keep_of(&l, NULL);
	if (!ok(r.kept == 2, "both names are kept"))
		changes_show(&r.left);
	ok(stat(IN_TREE("two"), &st) == 0 && st.st_nlink == 1, "as files of their own");
	is_text(text_of(arena_printf(&a, "%s/outside%d", base, rounds)), "old\n", "and a name outside the tree is not written through");
	layer_close(&l);
}

/* Files that untrusted code made so that they are hard to remove. */
static void a_deep_layer_can_be_dropped(void)
{
	struct layer l;
	struct err e = { 0 };
	struct layer_changes c = { 0 };
	int at;

	tree_make();
	l = layer_of("layer");
	at = open(IN_LAYER(&l, "."), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 3000; i++) {
		int next;

		mkdirat(at, "d", 0755);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	c = changes_of(&l, NULL);
	if (!ok(c.n == 1 && c.item[0].verdict == LAYER_REFUSED && !strcmp(c.item[0].rule, "depth"), "a folder that is too deep is refused"))
		changes_show(&c);
	ok(layer_drop(&l, &e) == 0, "and dropped %s", e.text);
}

static void all_of_it(void)
{
	printf("# %s\n", copied ? "a copy" : "an overlay");
	the_changes_are_listed();
	what_is_kept_is_in_the_tree();
	what_a_person_changed_is_never_overwritten();
	one_conflict_holds_all();
	a_layer_is_found_again();
	dropping_is_rollback();
	names_can_be_left_out_and_numbers_bounded();
	hard_links_are_broken();
	a_deep_layer_can_be_dropped();
}

int main(void)
{
	return on_overlay_and_copy("layer", all_of_it);
}
