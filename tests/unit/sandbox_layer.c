/*
 * A layer: what is written inside lands beside the tree, which stays as it was; git works on a directory of its own.
 *
 * As root, all of it runs once more as an ordinary user.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../boxed.h"
#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static char base[] = "/tmp/sandbox-layer.XXXXXX";
static const char *tree, *layer;
static struct arena a;

#define IN_TREE(name) arena_printf(&a, "%s/%s", tree, name)
#define IN_LAYER(name) arena_printf(&a, "%s/%s", layer, name)

static struct proc_result inside_of(const struct sandbox *s, const char *script)
{
	struct proc_result r = boxed(&a, s, script);

	if (r.status > 0)
		printf("# status %d: %.1500s\n", r.status, r.output);
	return r;
}

static struct sandbox layered(void)
{
	return (struct sandbox){ .tree = tree, .layer = layer };
}

static void outside(const char *script)
{
	char *text;
	struct err e = { 0 };

	if (proc_ask(&a, tree, (const char *const[]){ "sh", "-c", script, NULL }, &text, &e) < 0)
		printf("# %s: %s\n", script, e.text);
}

static const char *text_of(const char *path)
{
	auto_buf b = buf_max(4096);

	return fs_read_file(path, &b, NULL) < 0 ? "" : arena_printf(&a, "%s", buf_str(&b));
}

static void machine_make(void)
{
	tree = arena_printf(&a, "%s/tree", base);
	layer = arena_printf(&a, "%s/layer", base);
	fs_make_dirs(IN_TREE("folder/deep"), 0755, NULL);
	fs_make_dirs(IN_TREE("tests"), 0755, NULL);
	fs_make_dirs(IN_LAYER("upper"), 0755, NULL);
	fs_make_dirs(IN_LAYER("work"), 0755, NULL);
	chmod(layer, 0700);
	outside("echo old >file; echo deep >folder/deep/file; echo test >tests/test; git init -q; "
		"git config user.name x; git config user.email x@y; git add -A; git commit -qm first");
}

static void what_is_written_lands_in_the_layer(void)
{
	struct sandbox s = layered();
	struct stat made, of_layer;

	is_whole(inside_of(&s, "echo new >file && echo made >made && rm -r folder && mkdir folder && mv file moved").status, 0,
		 "files are changed, made, removed and moved");
	is_text(text_of(IN_TREE("file")), "old\n", "the tree's file is as it was");
	ok(fs_exists(IN_TREE("folder/deep/file")) && !fs_exists(IN_TREE("made")), "nothing was removed or made there");
	is_text(text_of(IN_LAYER("upper/moved")), "new\n", "the change stands in the layer");
	is_text(text_of(IN_LAYER("upper/made")), "made\n", "so does what was made");
	ok(stat(IN_LAYER("upper/made"), &made) == 0 && stat(layer, &of_layer) == 0 && made.st_uid == of_layer.st_uid,
	   "and belongs to the layer's owner");
	is_whole(inside_of(&s, "test \"$(cat moved)\" = new && test ! -e file && test ! -e folder/deep").status, 0,
		 "the next command sees it all");
	is_whole(inside_of(&(struct sandbox){ .tree = tree }, "test -e file && test ! -e made").status, 0,
		 "one without the layer sees the tree");
}

static void protected_names_hold(void)
{
	static const char *const protect[] = { "tests", NULL };
	struct sandbox s = layered();

	s.protect = protect;
	is_whole(inside_of(&s, "! echo x >tests/test && ! rm tests/test && ! mv tests x && ! echo x >.git/config && "
			   "! mkdir .git/hooks/x && ! mv .git x").status, 0, "protected names and .git are read-only");
	is_whole(inside_of(&s, "cat tests/test && git log --oneline >/dev/null").status, 0, "and readable");
	s.tree_readonly = true;
	is_whole(inside_of(&s, "test -e made && ! touch more").status, 0, "a layer can be looked at without being written");
}

static void the_home_folder_in_a_tree_stays_hidden(void)
{
	struct sandbox s = layered();

	fs_make_dirs(IN_TREE("state"), 0755, NULL);
	outside("echo secret >state/key");
	setenv("XDG_STATE_HOME", IN_TREE("state"), 1);
	is_whole(inside_of(&s, "test -d state && test ! -e state/key").status, 0, "our state within the tree is hidden below a layer too");
	unsetenv("XDG_STATE_HOME");
}

/* As work/layer.c makes one: bare but for what git needs. */
static const char *git_dir_make(const char *name, const char *objects)
{
	const char *dir = arena_printf(&a, "%s/%s", base, name);

	outside(arena_printf(&a, "git init -q --bare %s && git config --file %s/config core.bare false && "
			     "echo %s >%s/objects/info/alternates && git rev-parse HEAD >%s/refs/heads/work && "
			     "echo 'ref: refs/heads/work' >%s/HEAD && cp .git/index %s/index 2>/dev/null || cp "
			     "\"$(git rev-parse --git-dir)\"/index %s/index", dir, dir, objects, dir, dir, dir, dir, dir));
	return dir;
}

static void git_commits_are_drafts(void)
{
	struct sandbox s = layered();

	s.git_dir = git_dir_make("git", IN_TREE(".git/objects"));
	is_whole(inside_of(&s, "git log --format=%s | grep -qx first && echo again >again && git add again && "
			   "git -c user.name=a -c user.email=a@b commit -qm second && git gc -q && git fsck && git branch side && "
			   "git worktree add -q /tmp/side && test -e /tmp/side/again").status, 0,
		 "git log, add, commit, gc, fsck, branch and worktree work inside");
	is_whole(inside_of(&s, "git log --format=%s side | grep -qx second").status, 0, "a commit is there for the next command");
	outside("test \"$(git log --format=%s --all)\" = first || echo changed >../changed");
	ok(!fs_exists(arena_printf(&a, "%s/changed", base)), "and unknown to the real repository");
	ok(!fs_exists(IN_LAYER("upper/.git")), "nothing of .git is in the layer");
	is_whole(inside_of(&s, "! echo x >/var/git-objects/x && ! mv .git x && ! rm -rf .git 2>/dev/null; test -d .git").status, 0,
		 "the real objects are read-only, .git stays where it is");
}

static void git_works_in_a_worktree(void)
{
	struct sandbox s = layered();
	const char *before = tree, *objects = IN_TREE(".git/objects");

	tree = arena_printf(&a, "%s/side", base);
	proc_ask(&a, before, (const char *const[]){ "git", "worktree", "add", "-q", "-b", "session", tree, NULL }, NULL, NULL);
	s.tree = tree;
	s.git_dir = git_dir_make("git2", objects);
	s.git_objects = objects;
	fs_remove_tree(IN_LAYER("upper"), NULL);
	fs_make_dirs(IN_LAYER("upper"), 0755, NULL);
	is_whole(inside_of(&s, "echo again >again && git add again && git -c user.name=a -c user.email=a@b commit -qm third && "
			   "test \"$(git status --short)\" = ''").status, 0, "git works where .git is a file (a worktree)");
	is_whole(inside_of(&s, "! echo x >.git && ! rm -f .git && test -f .git").status, 0, "and that file is held");
	tree = before;
}

static void a_copy_can_stand_in_for_the_tree(void)
{
	const char *copy = arena_printf(&a, "%s/copy", base);
	struct sandbox s = { .tree = tree, .tree_source = copy };
	struct proc p = { .argv = (const char *const[]){ "true", NULL } };
	struct proc_result r;
	struct err e = { 0 };
	int fd;

	outside(arena_printf(&a, "mkdir -p %s/.git && cp file %s/file", copy, copy));
	s.git_dir = git_dir_make("git3", IN_TREE(".git/objects"));
	is_whole(inside_of(&s, arena_printf(&a, "test \"$PWD\" = %s && echo copied >file && git log --format=%%s | grep -qx first", tree))
		 .status, 0, "a copy is shown at the tree's path, with a git directory of its own");
	is_text(text_of(IN_TREE("file")), "old\n", "the tree stays as it was");
	is_text(text_of(arena_printf(&a, "%s/file", copy)), "copied\n", "the copy is written");
	fd = open(copy, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	flock(fd, LOCK_EX);
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_BUSY, "a copy serves one sandbox at a time: %s", e.text);
	close(fd);
	s.layer = layer;
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_USAGE, "a copy and a layer at once: %s", e.text);
	s = (struct sandbox){ .tree = tree, .tree_source = IN_TREE("folder") };
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_USAGE, "a copy within the tree: %s", e.text);
	s.tree_source = arena_printf(&a, "%s/none", base);
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_NOT_FOUND, "an absent copy: %s", e.text);
}

static void what_cannot_be_is_refused_with_the_cure(void)
{
	struct proc p = { .argv = (const char *const[]){ "true", NULL } };
	struct sandbox s = { .tree = tree, .layer = IN_TREE("folder") };
	struct proc_result r;
	struct err e = { 0 };
	int fd;

	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_USAGE, "a layer within the tree: %s", e.text);
	s.layer = base;
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0, "a tree within the layer: %s", e.text);
	s.layer = arena_printf(&a, "%s/none", base);
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_NOT_FOUND, "an absent layer: %s", e.text);
	s = (struct sandbox){ .tree = tree, .git_dir = base };
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_USAGE, "a git directory without a layer: %s", e.text);
	s = layered();
	fd = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	flock(fd, LOCK_EX);
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_BUSY, "a layer that is in use: %s", e.text);
	close(fd);
	ok(sandbox_run(&a, &s, &p, &r, &e) == 0 && r.status == 0, "and not when it no longer is");
	fs_remove_tree(IN_LAYER("work"), NULL);
	fs_make_dirs(arena_printf(&a, "%s/elsewhere", base), 0755, NULL);
	if (symlink("../elsewhere", IN_LAYER("work")) < 0)
		ok(false, "a link is made");
	ok(sandbox_run(&a, &s, &p, &r, &e) < 0 && e.code == ERR_DENIED, "what is no overlay's folder: %s", e.text);
}

static void whether_a_layer_works_is_tried(void)
{
	const char *top = arena_printf(&a, "%s/tried", base);

	fs_make_dirs(arena_printf(&a, "%s/tree/folder/deep", top), 0755, NULL);
	fs_make_dirs(arena_printf(&a, "%s/layer/upper", top), 0755, NULL);
	fs_make_dirs(arena_printf(&a, "%s/layer/work", top), 0755, NULL);
	fs_write_atomic(arena_printf(&a, "%s/tree/file", top), bytes_of("old\n"), 0644, NULL);
	ok(sandbox_layer_works(NULL, arena_printf(&a, "%s/tree", top), arena_printf(&a, "%s/layer", top)), "a layer is found to work on a disk");
	is_text(text_of(arena_printf(&a, "%s/tree/file", top)), "old\n", "and the tree is as it was");
	ok(!sandbox_layer_works(NULL, arena_printf(&a, "%s/tree", top), arena_printf(&a, "%s/none", top)), "one that is not there is not");
}

static void a_layer_stays_locked_while_a_child_runs(void)
{
	struct sandbox s = layered();
	const char *const argv[] = { "sleep", "60", NULL };
	struct proc_child c = { 0 };
	int fd = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	ok(sandbox_start(&s, argv, NULL, 0, -1, &c, NULL) == 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK,
	   "a layer is locked while a child runs on it");
	proc_end(&c, 0);
	ok(flock(fd, LOCK_EX | LOCK_NB) == 0, "and free once the child has ended");
	close(fd);
}

int main(void)
{
	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	if (!mkdtemp(base))
		return 1;
	machine_make();
	what_is_written_lands_in_the_layer();
	protected_names_hold();
	the_home_folder_in_a_tree_stays_hidden();
	git_commits_are_drafts();
	git_works_in_a_worktree();
	a_layer_stays_locked_while_a_child_runs();
	whether_a_layer_works_is_tried();
	a_copy_can_stand_in_for_the_tree();
	what_cannot_be_is_refused_with_the_cure();
	fs_remove_tree(base, NULL);
	boxed_as_an_ordinary_user(&a);
	arena_drop(&a);
	return done();
}
