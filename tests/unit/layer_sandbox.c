/*
 * Layers with the sandbox itself: what real programs write, through a real overlay and through a copy, is what is listed and
 * kept; git works inside and leaves the repository alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../boxed.h"
#include "../layered.h"

#include <sys/mman.h>
#include <time.h>

static bool tried;

/* As tool/overlay.c does it for the program. */
static bool overlay_works(void *arg, const char *at, const char *layer)
{
	struct sandbox s = { .tree = at, .layer = layer };
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", "echo new >>file && rm -r folder && mkdir folder && mv file moved", NULL },
			  .limit_ms = 20000 };
	struct proc_result r = { 0 };

	(void)arg;
	tried = true;
	return sandbox_run(&a, &s, &p, &r, NULL) == 0 && r.status == 0;
}

static struct layer open_layer(const char *name)
{
	struct layer l = { 0 };
	struct err e = { 0 };

	if (layer_open(&a, arena_printf(&a, "%s/%s%d", base, name, rounds), tree,
		       &(struct layer_how){ .works = overlay_works, .copy = copied, .name = "A \"B\" \\C", .email = "a@b" }, &l, &e) < 0)
		printf("# %s\n", e.text);
	if (!copied && !l.layer)
		printf("# no overlay works here: this round is one more on a copy\n");
	return l;
}

static struct proc_result inside(const struct layer *l, const char *script)
{
	struct sandbox s = { .tree = tree, .layer = l->layer, .tree_source = l->source, .git_dir = l->git_dir, .git_objects = l->git_objects };
	struct proc_result r = boxed(&a, &s, script);

	if (r.status)
		printf("# status %d: %.1500s\n", r.status, r.output);
	return r;
}

static int outside(const char *script)
{
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", script, NULL }, .dir = tree, .limit_ms = 60000 };
	struct proc_result r = { .status = -1 };

	if (proc_run(&a, &p, &r, NULL) < 0 || r.status)
		printf("# %s: %s\n", script, r.output);
	return r.status;
}

static void what_programs_write_is_kept(void)
{
	struct layer l;
	struct layer_report r;
	struct stat st;

	tree_make();
	outside("echo old >file; mkdir -p folder/deep; echo deep >folder/deep/file; echo x >mode; echo x >gone; ln -s file link; "
		"mkdir moved-away; echo x >moved-away/x");
	l = open_layer("real");
	is_whole(inside(&l, "echo new >>file && rm -r folder && mkdir folder && echo n >folder/new && chmod 755 mode && rm gone && "
			    "ln -sf mode link && mkdir -p a/b && echo deep >a/b/c && mv moved-away here && ln a/b/c a/hard && "
			    "mkfifo fifo && ln -s /etc out && echo x >.envrc && mkdir sub && cd sub && git init -q && cd .. && "
			    "python3 -m venv --without-pip venv >/dev/null 2>&1 || true").status, 0, "programs work on it");
	r = keep_of(&l, NULL);
	is_whole(outside("test \"$(cat file)\" = \"old\nnew\" && test ! -e folder/deep && test -e folder/new && test ! -e gone && "
			 "test \"$(readlink link)\" = mode && test -e a/b/c && test -e a/hard && test -e here/x && test ! -e moved-away && "
			 "test ! -e fifo && test ! -L out && test ! -e .envrc && test ! -e sub/.git && test \"$(stat -c %h a/hard)\" = 1"),
		 0, "and all of it is in the tree, but for what is refused");
	ok(stat(IN_TREE("mode"), &st) == 0 && (st.st_mode & 0111) == 0111, "permissions as well");
	ok(change_in(&r.left, "fifo", -1) && change_in(&r.left, "out", -1) && change_in(&r.left, ".envrc", -1) && change_in(&r.left, "sub/.git", -1),
	   "what is not kept is named");
	is_whole(inside(&l, "test -e .envrc && test -e sub/.git && test -e folder/new && test ! -e folder/deep && rm .envrc fifo out && rm -r "
			    "sub/.git venv; echo more >>file").status, 0, "and still there inside, with all else");
	r = keep_of(&l, NULL);
	ok(r.left.n == 0, "once that is gone, all is kept");
	is_text(text_of(IN_TREE("file")), "old\nnew\nmore\n", "the later change, too");
	layer_close(&l);
}

/* The pack is made inside. */
static void take_drafts(struct layer *l)
{
	struct sandbox s = { .tree = tree, .layer = l->layer, .tree_source = l->source, .git_dir = l->git_dir, .git_objects = l->git_objects };
	const struct layer_draft_rules rules = { .branches = true };
	struct layer_draft_report out = { 0 };
	struct layer_draft *d = NULL;
	struct proc_result r = { 0 };
	struct err e = { 0 };
	size_t n = 0;
	auto_fd fd = memfd_create("pack", MFD_CLOEXEC);
	struct proc p = { .apart = true, .spill = fd, .limit_ms = 20000 };

	ok(layer_drafts(&a, l, &d, &n, &e) == 0 && n == 2, "two branches have drafts %s", e.text);
	p.argv = layer_drafts_argv(&a, l, d, n, &p.input);
	ok(sandbox_run(&a, &s, &p, &r, &e) == 0 && r.status == 0, "they are packed inside %s%s", e.text, r.errors);
	ok(layer_drafts_take(&a, l, d, n, fd, &rules, &out, &e) == 0 && out.refs == 2 && out.commits == 2, "and taken %s%s", e.text, out.why);
}

static void git_works_inside(const char *make, const char *what)
{
	struct layer l;
	const char *top;

	tree_make();
	top = tree;
	outside("git init -q -b main . && git config user.name x && git config user.email x@y && echo one >file && mkdir folder && "
		"echo two >folder/file && git add -A && git commit -qm first && git tag v1 && git branch other && git pack-refs --all");
	if (make)
		outside(make);
	if (make)
		tree = arena_printf(&a, "%s-work", tree);
	l = open_layer("git");
	printf("# %s: %s\n", what, l.git_why ? l.git_why : "its own git directory");
	ok(l.git_dir && !l.git_why, "%s has a git directory of its own", what);
	is_whole(inside(&l, "test -z \"$(git status --porcelain)\" && git log --format=%s | grep -qx first && git tag | grep -qx v1 && "
			    "git branch --list other | grep -q other").status, 0, "git sees the repository, and nothing changed");
	is_whole(inside(&l, "test -z \"$(git remote)\"").status, 0, "it has no remotes");
	is_whole(inside(&l, "echo three >>file && git commit -qam second && git checkout -q -b side && echo x >new && git add new && "
			    "git commit -qm third && git fsck 2>&1 && git stash list && test -z \"$(git status --porcelain)\" && "
			    "git log -1 --format=%an | grep -Fx 'A \"B\" \\C'").status, 0, "it commits, branches and checks");
	take_drafts(&l);
	tree = top;
	is_whole(outside("test \"$(git log --all --format=%s | sort | tr '\\n' ' ')\" = 'first second third ' && git branch --list side | grep -q side && "
			 "git fsck"), 0, "which the real repository has once they were taken");
	layer_close(&l);
}

static void what_git_cannot_be_is_said(void)
{
	struct layer l;

	tree_make();
	l = open_layer("none");
	ok(!l.git_dir && !l.git_why, "without a repository there is none, and nothing to say");
	layer_close(&l);
	tree_make();
	put(IN_TREE(".git"), "gitdir: /nonexistent\n");
	l = open_layer("none");
	ok(!l.git_dir && l.git_why, "a .git that leads nowhere: %s", l.git_why);
	layer_close(&l);
	tree_make();
	outside("git init -q ../other; echo \"gitdir: $PWD/../other/.git\" >.git");
	l = open_layer("none");
	ok(!l.git_dir && l.git_why, "one that leads to another's repository: %s", l.git_why);
	layer_close(&l);
	tree_make();
	outside("git init -q ../other; git init -q . && mv .git fake && echo 'gitdir: ./fake' >.git && echo \"$PWD/../other/.git\" >fake/commondir && "
		"echo \"$PWD/.git\" >fake/gitdir");
	l = open_layer("none");
	ok(!l.git_dir && l.git_why && strstr(l.git_why, "no worktree"), "a folder of the tree that shares another's repository: %s", l.git_why);
	layer_close(&l);
	tree_make();
	outside("git init -q ../other; git init -q . && echo \"$PWD/../other/.git\" >.git/commondir");
	l = open_layer("none");
	ok(!l.git_dir && l.git_why && strstr(l.git_why, "commondir"), "one that its own .git shares: %s", l.git_why);
	layer_close(&l);
	tree_make();
	outside("git init -q . && mkdir -p .git/worktrees/w && mv .git fake && echo 'gitdir: ./fake/worktrees/w' >.git && "
		"printf '../..\\n/../x\\n' >fake/worktrees/w/commondir && echo \"$PWD/.git\" >fake/worktrees/w/gitdir");
	l = open_layer("none");
	ok(!l.git_dir && l.git_why && strstr(l.git_why, "not one path"), "one in two lines, of which git makes one path: %s", l.git_why);
	layer_close(&l);
	tree_make();
	outside("git init -q . && echo /tmp >.git/objects/info/alternates");
	l = open_layer("none");
	ok(!l.git_dir && l.git_why && strstr(l.git_why, "repack"), "borrowed objects: %s", l.git_why);
	layer_close(&l);
	tree_make();
	outside("ln -s /tmp .git");
	l = open_layer("none");
	ok(!l.git_dir && l.git_why, "a link: %s", l.git_why);
	layer_close(&l);
}

static double ms_since(const struct timespec *t)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - t->tv_sec) * 1000 + (double)(now.tv_nsec - t->tv_nsec) / 1e6;
}

/* A figure for people; the bound is wide, since machines differ. */
static void opening_and_dropping_are_quick(void)
{
	const int files = copied ? 1000 : 10000;
	double opened = 1e9, dropped = 1e9;

	tree_make();
	for (int i = 0; i < files; i++)
		put(IN_TREE(arena_printf(&a, "d%d/f%d", i / 100, i % 100)), "x\n");
	for (int i = 0; i < (copied ? 1 : 5); i++) {
		struct timespec t;
		struct layer l;
		struct err e = { 0 };
		double took;

		clock_gettime(CLOCK_MONOTONIC, &t);
		l = open_layer("speed");
		took = ms_since(&t);
		opened = took < opened ? took : opened;
		inside(&l, "echo x >>d1/f1; rm d2/f2; rm -r d3; true; echo new >new");
		clock_gettime(CLOCK_MONOTONIC, &t);
		ok(layer_drop(&l, &e) == 0, "dropped %s", e.text);
		took = ms_since(&t);
		dropped = took < dropped ? took : dropped;
	}
	printf("# a layer of %d files: opened in %.1f ms, dropped in %.1f ms\n", files, opened, dropped);
	ok(opened < (copied ? 60000 : 1000) && dropped < (copied ? 60000 : 1000), "in time");
}

static void all_of_it(void)
{
	printf("# %s\n", copied ? "a copy" : "an overlay");
	what_programs_write_is_kept();
	git_works_inside(NULL, "a repository");
	git_works_inside("git worktree add -q ../$(basename $PWD)-work -b work", "a worktree");
	what_git_cannot_be_is_said();
	opening_and_dropping_are_quick();
}

int main(void)
{
	if (sandbox_probe()->level < 2) {
		printf("1..0 # SKIP %s\n", sandbox_probe()->why);
		return 0;
	}
	base_make("layer-sandbox");
	all_of_it();
	ok(tried, "the overlay was tried before it was used");
	copied = true;
	all_of_it();
	boxed_as_an_ordinary_user(&a);
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
