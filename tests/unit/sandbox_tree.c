/*
 * The tree as a warm sandbox's commands see it, from outside: what is written there is what they see, with their rights.
 *
 * As root, all of it runs once more as an ordinary user.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/sandbox.h"

#include "../boxed.h"
#include "base/fs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/fsuid.h>

static char base[] = "/tmp/sandbox-tree.XXXXXX";
static const char *tree, *layer;
static struct arena a;

#define AT(folder, name) arena_printf(&a, "%s/%s", folder, name)

static void put(const char *path, const char *text)
{
	struct err e = { 0 };

	if (fs_write_atomic(path, bytes_of(text), 0644, &e) < 0)
		printf("# %s\n", e.text);
}

static const char *text_of(const char *path)
{
	auto_buf b = buf_max(4096);

	return fs_read_file(path, &b, NULL) < 0 ? "absent" : arena_printf(&a, "%s", buf_str(&b));
}

static void machine_make(void)
{
	tree = AT(base, "tree");
	layer = AT(base, "layer");
	fs_make_dirs(AT(tree, "folder/deep"), 0755, NULL);
	fs_make_dirs(AT(tree, "tests"), 0755, NULL);
	fs_make_dirs(AT(tree, ".git/hooks"), 0755, NULL);
	fs_make_dirs(AT(layer, "upper"), 0755, NULL);
	fs_make_dirs(AT(layer, "work"), 0755, NULL);
	put(AT(base, "outside"), "outside\n");
	put(AT(tree, "file"), "old\n");
	put(AT(tree, "tests/test"), "test\n");
	put(AT(tree, "folder/deep/file"), "deep\n");
	put(AT(tree, ".git/HEAD"), "ref: refs/heads/main\n");
}

/* As a file tool writes: beside it, then renamed. */
static bool writes(int dir, const char *folder, const char *name, const char *text)
{
	struct err e = { 0 };
	auto_fd at = fs_open_beneath(dir, folder, O_RDONLY | O_DIRECTORY, &e);
	auto_fd fd = at < 0 ? -1 : openat(at, ".part", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (at < 0) {
		printf("# %s\n", e.text);
		return false;
	}
	return fd >= 0 && fs_write_all(fd, bytes_of(text), NULL) == 0 && fchmod(fd, 0644) == 0 && fdatasync(fd) == 0 &&
	       renameat(at, ".part", at, name) == 0 && fsync(at) == 0;
}

static bool reads(int dir, const char *name, const char *wanted)
{
	struct err e = { 0 };
	auto_fd fd = fs_open_beneath(dir, name, O_RDONLY, &e);
	auto_buf b = buf_max(4096);

	return fd >= 0 && fs_read_all(fd, &b, NULL) == 0 && !strcmp(buf_str(&b), wanted);
}

static void files_are_reached_as_inside(struct sandbox *s)
{
	int dir = sandbox_tree(s->session);

	is_whole(boxed(&a, s, "echo inside >made && ln -s /etc/hostname out && ln -s ../../outside up && mkfifo fifo").status, 0,
		 "a command writes");
	sandbox_act(s->session);
	ok(reads(dir, "made", "inside\n"), "what it wrote is read from outside");
	ok(writes(dir, ".", "file", "new\n"), "a file of the tree is replaced from outside");
	ok(writes(dir, "folder/deep", "file", "new deep\n"), "one in a folder too");
	ok(fs_make_dirs_beneath(dir, "a/b", NULL) == 0 && writes(dir, "a/b", "c", "c\n"), "folders are made");
	ok(fs_open_beneath(dir, "out", O_RDONLY, NULL) < 0 && fs_open_beneath(dir, "up", O_RDONLY, NULL) < 0,
	   "a link that leads out is not followed");
	ok(!writes(dir, "tests", "test", "x\n") && reads(dir, "tests/test", "test\n"), "what is protected can only be read");
	ok(unlinkat(dir, "tests/test", 0) < 0, "and not be removed");
	ok(!writes(dir, ".git/hooks", "x", "x\n") && !writes(dir, ".git", "config", "x\n"), "so is .git");
	sandbox_act_end();
	ok(setfsuid((uid_t)-1) == (int)geteuid(), "the thread is itself again");
	is_whole(boxed(&a, s, "test \"$(cat file)$(cat folder/deep/file)$(cat a/b/c)\" = 'newnew deepc' && echo 2 >>a/b/c && rm -r folder && "
		       "mkdir folder && rm file").status, 0, "a command sees all of that, owns it and goes on");
	sandbox_act(s->session);
	ok(fs_open_beneath(dir, "folder/deep", O_RDONLY, NULL) < 0 && fs_open_beneath(dir, "file", O_RDONLY, NULL) < 0 &&
	   reads(dir, "a/b/c", "c\n2\n"), "and is followed in turn");
	sandbox_act_end();
}

/* A test run sees what the agent's commands made in the tree, and nothing else of theirs. */
static void another_sandbox_shows_the_same_tree(const struct sandbox *s)
{
	static const char *const more[] = { "a", NULL };
	struct sandbox other = { .tree = tree, .tree_of = s->session, .protect = more };
	struct err e = { 0 };

	is_whole(boxed(&a, s, "echo x >/tmp/left && echo y >left && (sleep 60 </dev/null >/dev/null 2>&1 &)").status, 0, "a command leaves something");
	is_whole(boxed(&a, &other, "test -e left && test ! -e /tmp/left && test \"$(cat a/b/c | tail -n1)\" = 2").status, 0,
		 "another sandbox shows its tree and not its /tmp");
	is_whole(boxed(&a, &other, "! echo x >tests/test && ! echo x >.git/config && ! echo x >a/b/c && echo z >left").status, 0,
		 "with all that was held, and more");
	is_whole(boxed(&a, s, "test \"$(cat left)\" = z && echo w >>a/b/c && sed -i '$d' a/b/c").status, 0, "the first one sees what it writes");
	ok(sandbox_open(&other, &other.session, &e) == 0, "it can be warm as well: %s", e.text);
	is_whole(boxed(&a, &other, "test -e left && rm left").status, 0, "and shows the same");
	sandbox_close(&other.session);
	other.layer = layer;
	ok(sandbox_open(&other, &other.session, &e) < 0 && e.code == ERR_USAGE, "a layer of its own it cannot have: %s", e.text);
	other.layer = NULL;
	is_whole(boxed(&a, &other, "test ! -e left").status, 0, "it can be had as often as is wanted");
}

static void a_plain_tree(void)
{
	static const char *const protect[] = { "tests", NULL };
	struct sandbox s = { .tree = tree, .protect = protect };
	struct err e = { 0 };
	struct stat of_tree, made;

	if (!ok(sandbox_open(&s, &s.session, &e) == 0 && sandbox_tree(s.session) >= 0, "a warm sandbox hands out its tree: %s", e.text))
		return;
	files_are_reached_as_inside(&s);
	another_sandbox_shows_the_same_tree(&s);
	sandbox_close(&s.session);
	is_text(text_of(AT(tree, "a/b/c")), "c\n2\n", "without a layer it all is in the tree");
	ok(stat(tree, &of_tree) == 0 && stat(AT(tree, "a/b"), &made) == 0 && made.st_uid == of_tree.st_uid, "and belongs to its owner");
}

static void a_layer(void)
{
	static const char *const protect[] = { "tests", NULL };
	struct sandbox s = { .tree = tree, .protect = protect, .layer = layer };
	struct stat of_layer, made;
	struct err e = { 0 };

	if (sandbox_open(&s, &s.session, &e) < 0) {
		printf("ok %d - a layer's tree is handed out # SKIP %s\n", ++tap_n, e.text);
		return;
	}
	files_are_reached_as_inside(&s);
	another_sandbox_shows_the_same_tree(&s);
	sandbox_close(&s.session);
	is_text(text_of(AT(tree, "file")), "old\n", "the tree below a layer is as it was");
	is_text(text_of(AT(layer, "upper/a/b/c")), "c\n2\n", "what was written is in the layer");
	ok(stat(layer, &of_layer) == 0 && stat(AT(layer, "upper/a/b/c"), &made) == 0 && made.st_uid == of_layer.st_uid,
	   "and belongs to its owner");
}

static void other_backends_have_no_inside(void)
{
	struct sandbox s = { .tree = tree, .backend = SANDBOX_OFF };
	struct proc_result r;
	struct err e = { 0 };

	ok(sandbox_open(&s, &s.session, NULL) == 0 && sandbox_tree(s.session) < 0, "without a sandbox there is no tree inside");
	sandbox_act(s.session);
	ok(setfsuid((uid_t)-1) == (int)geteuid(), "and nobody else to be");
	sandbox_act_end();
	ok(sandbox_run(&a, &(struct sandbox){ .tree = tree, .tree_of = s.session }, &(struct proc){ .argv = (const char *const[]){ "true", NULL } },
		       &r, &e) < 0 && e.code == ERR_USAGE, "nor a tree to show: %s", e.text);
	sandbox_close(&s.session);
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
	a_layer();
	a_plain_tree();
	other_backends_have_no_inside();
	fs_remove_tree(base, NULL);
	boxed_as_an_ordinary_user(&a);
	arena_drop(&a);
	return done();
}
