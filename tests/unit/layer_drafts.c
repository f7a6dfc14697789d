/*
 * Drafts: commits made inside become commits of the repository, and nothing else of what an opponent puts into a pack, a ref or a
 * tree. What git inside would do is done here by git on the private git directory, without a sandbox.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../layered.h"

#include <dirent.h>
#include <sys/mman.h>

static int shell(const char *dir, const char *script, char **text)
{
	struct proc p = { .argv = (const char *const[]){ "sh", "-c", script, NULL }, .dir = dir, .limit_ms = 60000 };
	struct proc_result r = { .status = -1, .output = "" };

	if (proc_run(&a, &p, &r, NULL) < 0 || (r.status && !text))
		printf("# %s: %s\n", script, r.output);
	if (text)
		*text = r.output;
	return r.status;
}

static int outside(const char *script)
{
	return shell(tree, script, NULL);
}

/* As git inside: the layer's git directory, and a work tree that is the merged one. */
static int inside(const struct layer *l, const char *script)
{
	const char *merged = arena_printf(&a, "%s/merged%d", base, rounds);

	fs_make_dirs(merged, 0755, NULL);
	return shell(merged, arena_printf(&a, "export GIT_DIR=%s GIT_WORK_TREE=. GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent; git checkout -q -f . "
					      "2>/dev/null; %s", l->git_dir, script), NULL);
}

static void repository_make(void)
{
	tree_make();
	outside("git init -q -b main . && git config user.name x && git config user.email x@y && echo one >file && mkdir folder && "
		"echo two >folder/file && git add -A && git commit -qm first && git branch other");
}

static const char *answer(const char *script)
{
	char *text = NULL;

	shell(tree, script, &text);
	text[strcspn(text, "\n")] = 0;
	return text;
}

/* The pack of the drafts, as the sandbox would hand it out. */
static int pack_of(const struct layer *l, const struct layer_draft *d, size_t n)
{
	struct bytes input;
	const char *const *argv = layer_drafts_argv(&a, l, d, n, &input);
	int fd = memfd_create("pack", MFD_CLOEXEC);
	struct proc p = { .argv = argv, .dir = tree, .input = input, .apart = true, .spill = fd, .limit_ms = 60000 };
	const char *const env[] = { arena_printf(&a, "GIT_DIR=%s", l->git_dir), "PATH=/usr/bin:/bin", "HOME=/nonexistent", NULL };
	struct proc_result r = { 0 };

	p.env = env;
	if (proc_run(&a, &p, &r, NULL) < 0 || r.status)
		printf("# pack-objects: %s\n", r.errors);
	return fd;
}

struct taken {
	size_t n;
	struct layer_draft *d;
	struct layer_draft_report r;
	struct err e;
	int bad;
};

static struct taken take_pack(struct layer *l, const struct layer_draft_rules *rules, int fd)
{
	struct taken t = { 0 };

	t.bad = layer_drafts(&a, l, &t.d, &t.n, &t.e);
	if (t.bad < 0)
		return t;
	if (fd < 0)
		fd = pack_of(l, t.d, t.n);
	t.bad = layer_drafts_take(&a, l, t.d, t.n, fd, rules, &t.r, &t.e);
	close(fd);
	return t;
}

static struct taken take(struct layer *l, const struct layer_draft_rules *rules)
{
	return take_pack(l, rules, -1);
}

static int objects_count(void)
{
	return atoi(answer("find .git/objects -type f | wc -l"));
}

static void a_draft_becomes_a_commit(void)
{
	struct layer l;
	struct layer_draft *d;
	size_t n;
	struct taken t;
	struct err e = { 0 };

	repository_make();
	/* Hooks, and a filter that a person has configured: neither runs. */
	outside("mkdir -p .git/hooks; for h in reference-transaction post-index-change post-checkout update; do printf '#!/bin/sh\\ntouch "
		"\"'$PWD'/../ran\"\\n' >.git/hooks/$h; chmod 755 .git/hooks/$h; done; git config filter.x.clean \"touch $PWD/../ran\"");
	unlink(arena_printf(&a, "%s/ran", base));
	l = layer_of("drafts");
	ok(layer_drafts(&a, &l, &d, &n, &e) == 0 && n == 0, "there are no drafts at first %s", e.text);
	inside(&l, "echo three >>file && mkdir new && echo x >new/x && git add -A && git commit -qm second && echo y >new/y && git add -A && "
		   "git commit -qm third");
	ok(layer_drafts(&a, &l, &d, &n, &e) == 0 && n == 1 && !strcmp(d[0].ref, "refs/heads/main") && d[0].is_head &&
	   !strcmp(d[0].old_id, answer("git rev-parse HEAD")), "then one branch has some");
	is_text(answer("git log -1 --format=%s"), "first", "the repository has none of it");
	put(IN_LAYER(&l, "file"), "one\nthree\n");
	put(IN_LAYER(&l, "new/x"), "x\n");
	put(IN_LAYER(&l, "new/y"), "y\n");
	is_whole(keep_of(&l, NULL).kept, 3, "the files are kept");
	t = take(&l, NULL);
	ok(t.bad == 0 && t.r.commits == 2 && t.r.refs == 1 && !*t.r.why && !*t.r.note && !t.r.left.n, "two commits are taken %s%s", t.e.text, t.r.why);
	ok(!fs_exists(arena_printf(&a, "%s/ran", base)), "no hook and no filter ran");
	is_text(answer("git log --format=%s | tr '\\n' ' '"), "third second first ", "they are in the repository");
	is_text(answer("git status --porcelain"), "", "the index and the tree agree with them");
	is_text(answer("git fsck 2>&1 | grep -v dangling"), "", "and all is whole");
	ok(layer_drafts(&a, &l, &d, &n, &e) == 0 && n == 0, "no draft is left");
	is_text(answer("ls -d .git/objects/tmp* 2>/dev/null"), "", "and nothing of the taking");
	inside(&l, "echo z >>new/y && git commit -qam fourth");
	t = take(&l, NULL);
	ok(t.bad == 0 && t.r.commits == 1, "a later one is taken as well %s%s", t.e.text, t.r.why);
	ok(strstr(t.r.note, "new/y") != NULL, "and that it holds what the tree does not is said: %s", t.r.note);
	layer_close(&l);
}

static void what_a_person_staged_stays(void)
{
	struct layer l;
	struct taken t;

	repository_make();
	outside("echo mine >mine && git add mine");
	l = layer_of("drafts");
	inside(&l, "git reset -q --hard && echo three >>file && git commit -qam second");
	put(IN_LAYER(&l, "file"), "one\nthree\n");
	keep_of(&l, NULL);
	t = take(&l, NULL);
	ok(t.bad == 0 && t.r.refs == 1, "the draft is taken %s%s", t.e.text, t.r.why);
	is_text(answer("git status --porcelain | tr '\\n' ';'"), "A  mine;", "what was staged still is");
	layer_close(&l);
	repository_make();
	l = layer_of("drafts");
	inside(&l, "echo three >>file && git commit -qam second");
	outside("echo staged >file && git add file");
	t = take(&l, NULL);
	ok(t.bad == 0 && t.r.refs == 1 && strstr(t.r.note, "index"), "where both changed a file, that is said: %s", t.r.note);
	is_text(answer("git diff --cached --name-only"), "file", "and the index is left alone");
	layer_close(&l);
}

static void a_branch_only_goes_forward(void)
{
	struct layer l;
	struct taken t;

	repository_make();
	l = layer_of("drafts");
	inside(&l, "git commit -q --amend -m rewritten");
	t = take(&l, NULL);
	ok(t.bad == 0 && !t.r.refs && strstr(t.r.why, "forward"), "a rewritten history is not taken: %s", t.r.why);
	is_text(answer("git log -1 --format=%s"), "first", "the branch stands");
	layer_close(&l);
	repository_make();
	l = layer_of("drafts");
	inside(&l, "echo x >>file && git commit -qam inside");
	outside("echo y >>file && git commit -qam outside");
	t = take(&l, NULL);
	ok(t.bad == 0 && !t.r.refs && strstr(t.r.why, "moved"), "nor one that a person has moved: %s", t.r.why);
	is_text(answer("git log -1 --format=%s"), "outside", "the person's commit stands");
	layer_close(&l);
	repository_make();
	l = layer_of("drafts");
	inside(&l, "git checkout -q -b fresh && echo x >>file && git commit -qam inside && git branch -f other fresh");
	t = take(&l, NULL);
	ok(t.bad == 0 && !t.r.refs && *t.r.why, "another branch is not taken unless asked for: %s", t.r.why);
	is_text(answer("git branch --format='%(refname:short)' | tr '\\n' ' '"), "main other ", "and not made");
	t = take(&l, &(struct layer_draft_rules){ .branches = true });
	ok(t.bad == 0 && t.r.refs == 1, "a new one is when asked for %s%s", t.e.text, t.r.why);
	is_text(answer("git log -1 --format=%s fresh"), "inside", "and made");
	is_text(answer("git log -1 --format=%s other"), "first", "one that was there and is not HEAD's never moves");
	is_text(answer("git status --porcelain"), "", "the index stays with HEAD");
	layer_close(&l);
}

static void commits_are_held_against_the_rules(void)
{
	static const struct {
		const char *script, *path, *rule;
	} cases[] = {
		{ "mkdir -p .github/workflows && echo x >.github/workflows/x.yml && git add -A && git commit -qm x", ".github/workflows/x.yml", "ci" },
		{ "echo x >.envrc && git add -A && git commit -qm x && git rm -q .envrc && git commit -qm y", ".envrc", "shell" },
		{ "ln -s /etc/passwd link && git add -A && git commit -qm x", "link", "link-outside" },
		{ "ln -s ../../x folder/link && git add -A && git commit -qm x", "folder/link", "link-outside" },
		{ "printf '* filter=x\\n' >.gitattributes && git add -A && git commit -qm x", ".gitattributes", "git-attributes" },
		{ "mkdir b && echo 'ref: refs/heads/x' >b/HEAD && git add -A && git commit -qm x", "b/HEAD", "git-bare" },
		{ "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub && git commit -qm x", "sub", "git-modules" },
		{ "mkdir tests && echo x >tests/a.py && git add -A && git commit -qm x", "tests/a.py", "protected" },
		{ "b=$(git hash-object -w file); git update-index --add --cacheinfo 100644,$b,'line\nbreak' && git commit -qm x", "line\nbreak", "name" },
		{ "echo x >x && git add x && git checkout -q -b side && echo x >.npmrc && git add .npmrc && git commit -qm side && git checkout -q main "
		  "&& echo y >y && git add y && git commit -qm main && git merge -q --no-edit side", ".npmrc", "package" },
	};
	const struct layer_rules rules = { .protect = (const char *const[]){ "tests", NULL } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *yes = strcmp(cases[i].rule, "link-outside") ? cases[i].rule : arena_printf(&a, "%s:%s", cases[i].rule, cases[i].path);
		struct layer_rules allowed = rules;
		struct layer l;
		struct taken t;
		int before;

		repository_make();
		before = objects_count();
		l = layer_of("drafts");
		inside(&l, cases[i].script);
		t = take(&l, &(struct layer_draft_rules){ .rules = &rules });
		ok(t.bad == 0 && t.r.refs == 0 && *t.r.why && change_in(&t.r.left, cases[i].path, -1) &&
		   !strcmp(change_in(&t.r.left, cases[i].path, -1)->rule, cases[i].rule), "a commit falls under %s", cases[i].rule);
		if (!change_in(&t.r.left, cases[i].path, -1)) {
			printf("# %s%s\n", t.e.text, t.r.why);
			changes_show(&t.r.left);
		}
		ok(objects_count() == before, "and none of its objects enter");
		allowed.allow = (const char *const[]){ yes, NULL };
		t = take(&l, &(struct layer_draft_rules){ .rules = &allowed });
		ok(t.r.refs == !!strcmp(cases[i].rule, "name"), "with a yes it is taken, if a yes can be said %s%s", t.e.text, t.r.why);
		layer_close(&l);
	}
}

static void messages_are_plain(void)
{
	static const char *const messages[] = { "\\033[2J", "\\302\\233x", "\\342\\200\\256txet", "a\\rb" };

	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++) {
		struct layer l;
		struct taken t;

		repository_make();
		l = layer_of("drafts");
		inside(&l, arena_printf(&a, "printf 'x %s\\n' | git commit -q --allow-empty --cleanup=verbatim -F -", messages[i]));
		t = take(&l, NULL);
		ok(t.bad == 0 && !t.r.refs && strstr(t.r.why, "control"), "a message with control characters is not taken: %s%s", t.r.why, t.e.text);
		layer_close(&l);
	}
	struct layer l;
	struct taken t;

	repository_make();
	l = layer_of("drafts");
	inside(&l, "printf 'Gr\\303\\274\\303\\237e\\n\\n\\tindented\\n' | git commit -q --allow-empty --cleanup=verbatim -F -");
	t = take(&l, NULL);
	ok(t.r.refs == 1, "other languages and tabs are fine %s%s", t.r.why, t.e.text);
	layer_close(&l);
}

/* Ten levels of ten folders that are all the same: small as objects, without end as files. */
static void a_tree_that_unfolds_without_end_is_refused(void)
{
	struct layer l;
	struct taken t;

	repository_make();
	l = layer_of("drafts");
	inside(&l, "t=$(git rev-parse HEAD^{tree}); for i in 1 2 3 4 5 6 7 8 9 10; do t=$(for f in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree "
		   "%s\\tf%s\\n' $t $f; done | git mktree); done; git update-ref refs/heads/main $(git commit-tree -m bomb -p HEAD $t)");
	t = take(&l, NULL);
	ok(t.bad < 0 && t.e.code == ERR_LIMIT && !t.r.refs, "it is refused: %s", t.e.text);
	layer_close(&l);
}

/* A tree that no git would write. */
static void hostile_trees_are_refused(void)
{
	static const char *const trees[] = { "40000 .git", "40000 .GIT", "40000 git~1", "40000 ..", "100644 a/b", "40000 .g\xe2\x80\x8cit", "40000 ." };

	for (size_t i = 0; i < sizeof(trees) / sizeof(*trees); i++) {
		struct layer l;
		struct taken t;
		int before;

		repository_make();
		before = objects_count();
		l = layer_of("drafts");
		inside(&l, arena_printf(&a, "i=$(git rev-parse HEAD%s); x=$(python3 -c 'import sys, os, binascii; sys.stdout.buffer.write("
					    "os.fsencode(sys.argv[1]) + bytes(1) + binascii.unhexlify(sys.argv[2]))' '%s' $i | "
					    "git hash-object --literally -t tree -w --stdin); "
					    "git update-ref refs/heads/main $(git commit-tree -m evil -p HEAD $x)",
					trees[i][0] == '4' ? "^{tree}" : ":file", trees[i]));
		t = take(&l, NULL);
		ok(t.bad < 0 || t.r.left.n, "a hostile tree (%s) is refused: %s", trees[i], t.e.text);
		ok(t.r.refs == 0 && objects_count() == before, "and nothing enters");
		layer_close(&l);
	}
}

static int bytes_fd(const char *p, size_t n)
{
	int fd = memfd_create("pack", MFD_CLOEXEC);

	if (write(fd, p, n) != (ssize_t)n)
		ok(false, "written");
	return fd;
}

static void bad_packs_are_refused(void)
{
	struct layer l;
	struct layer_draft *d;
	size_t n;
	struct taken t;
	auto_buf pack = buf_max(1 << 20);
	int before, fd;

	repository_make();
	before = objects_count();
	l = layer_of("drafts");
	inside(&l, "for i in 1 2 3 4 5; do echo $i >>file; git commit -qam $i; done");
	layer_drafts(&a, &l, &d, &n, NULL);
	fd = pack_of(&l, d, n);
	lseek(fd, 0, SEEK_SET);
	fs_read_all(fd, &pack, NULL);
	close(fd);
	ok(pack.n > 100, "a pack of %zu bytes", pack.n);
	t = take_pack(&l, NULL, bytes_fd("", 0));
	ok(t.bad < 0 && t.e.code == ERR_INPUT, "an empty one is refused: %s", t.e.text);
	t = take_pack(&l, NULL, bytes_fd("PACK rubbish", 12));
	ok(t.bad < 0 && t.e.code == ERR_INPUT, "rubbish is refused: %s", t.e.text);
	t = take_pack(&l, &(struct layer_draft_rules){ .pack_max = 100 }, bytes_fd(pack.p, pack.n));
	ok(t.bad < 0 && t.e.code == ERR_LIMIT, "one that is too large is refused: %s", t.e.text);
	for (size_t i = 1; i < 8; i++) {
		char *copy = arena_memdup(&a, pack.p, pack.n);

		copy[pack.n * i / 8] ^= 0x55;
		t = take_pack(&l, NULL, bytes_fd(copy, pack.n));
		ok(t.bad < 0 && !t.r.refs, "one with a changed byte is refused: %s", t.e.text);
		t = take_pack(&l, NULL, bytes_fd(pack.p, pack.n * i / 8));
		ok(t.bad < 0 && !t.r.refs, "one that is cut off is refused");
	}
	shell(base, arena_printf(&a, "GIT_DIR=%s git rev-parse main | GIT_DIR=%s git pack-objects -q --stdout >part", l.git_dir, l.git_dir), NULL);
	t = take_pack(&l, NULL, open(arena_printf(&a, "%s/part", base), O_RDONLY | O_CLOEXEC));
	ok(t.bad < 0 && !t.r.refs, "one that lacks objects is refused: %s", t.e.text);
	is_text(answer("git log -1 --format=%s"), "first", "the branch stands");
	ok(objects_count() == before, "no object entered");
	t = take_pack(&l, NULL, bytes_fd(pack.p, pack.n));
	ok(t.bad == 0 && t.r.commits == 5, "the whole one is taken %s%s", t.e.text, t.r.why);
	layer_close(&l);
}

static void hostile_refs_are_left_out(void)
{
	struct layer l;
	struct layer_draft *d = NULL;
	size_t n = 0;
	struct err e = { 0 };
	const char *id;

	repository_make();
	id = answer("git rev-parse HEAD");
	l = layer_of("drafts");
	put(arena_printf(&a, "%s/refs/heads/$(id)", l.git_dir), id);
	put(arena_printf(&a, "%s/refs/heads/-x", l.git_dir), id);
	put(arena_printf(&a, "%s/refs/heads/a b", l.git_dir), id);
	put(arena_printf(&a, "%s/refs/heads/line\nbreak", l.git_dir), id);
	put(arena_printf(&a, "%s/refs/heads/short", l.git_dir), "1234\n");
	put(arena_printf(&a, "%s/refs/heads/sym", l.git_dir), "ref: refs/heads/main\n");
	put(arena_printf(&a, "%s/refs/heads/good", l.git_dir), id);
	if (symlink("/etc/passwd", arena_printf(&a, "%s/refs/heads/link", l.git_dir)) < 0 ||
	    symlink("/etc", arena_printf(&a, "%s/refs/heads/out", l.git_dir)) < 0)
		ok(false, "links are made");
	mkfifo(arena_printf(&a, "%s/refs/heads/fifo", l.git_dir), 0644);
	ok(layer_drafts(&a, &l, &d, &n, &e) == 0 && n == 1 && !strcmp(d[0].ref, "refs/heads/good"), "only a good one counts %s", e.text);
	put(arena_printf(&a, "%s/packed-refs", l.git_dir), "rubbish\n");
	ok(layer_drafts(&a, &l, &d, &n, &e) < 0 && e.code == ERR_INPUT, "rubbish in packed-refs is refused: %s", e.text);
	unlink(arena_printf(&a, "%s/packed-refs", l.git_dir));
	mkfifo(arena_printf(&a, "%s/packed-refs", l.git_dir), 0644);
	ok(layer_drafts(&a, &l, &d, &n, &e) < 0, "a fifo there is refused, not waited for");
	layer_close(&l);
	tree_make();
	l = layer_of("drafts");
	ok(layer_drafts(&a, &l, &d, &n, &e) == 0 && n == 0, "without a repository there are none");
	ok(layer_drafts_take(&a, &l, d, n, 0, NULL, &(struct layer_draft_report){ 0 }, &e) < 0, "and none can be taken: %s", e.text);
	layer_close(&l);
}

/* Git outside would write where they lead. */
static void links_in_a_repository_are_not_written_through(void)
{
	static const char *const scripts[] = {
		"echo mine >../mine && ln -sf \"$PWD/../mine\" .git/logs/refs/heads/main",
		"echo mine >../mine && ln -sf \"$PWD/../mine\" .git/logs/HEAD",
		"mkdir -p ../packs && rmdir .git/objects/pack && ln -s \"$PWD/../packs\" .git/objects/pack",
		"mv .git/logs/refs ../logs && ln -s \"$PWD/../logs\" .git/logs/refs",
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		const char *id;
		struct layer l;
		struct taken t;

		repository_make();
		outside(scripts[i]);
		id = answer("git rev-parse HEAD");
		l = layer_of("drafts");
		inside(&l, "echo two >>file && git commit -qam second");
		t = take(&l, NULL);
		ok(t.bad == 0 && !t.r.refs && strstr(t.r.why, "symbolic link") && !strcmp(answer("git rev-parse HEAD"), id), "%s: %s %s",
		   scripts[i], t.r.why, t.e.text);
		ok(outside("test ! -e ../mine || test \"$(cat ../mine)\" = mine; r=$?; test -z \"$(ls ../packs 2>/dev/null)\" && exit $r") == 0,
		   "nothing was written there");
		layer_close(&l);
	}
}

int main(void)
{
	base_make("layer-drafts");
	setenv("HOME", base, 1); /* no configuration of whoever runs this */
	unsetenv("XDG_CONFIG_HOME");
	copied = !has_marks();
	a_draft_becomes_a_commit();
	what_a_person_staged_stays();
	a_branch_only_goes_forward();
	commits_are_held_against_the_rules();
	messages_are_plain();
	hostile_trees_are_refused();
	a_tree_that_unfolds_without_end_is_refused();
	bad_packs_are_refused();
	hostile_refs_are_left_out();
	links_in_a_repository_are_not_written_through();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
