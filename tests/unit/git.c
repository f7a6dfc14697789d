/*
 * The host's git on a tree that a hostile program wrote to: nothing of that program, of the person's configuration or of
 * the environment decides what runs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/proc.h"
#include "flow/git.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena a;
static char base[] = "/tmp/git.XXXXXX";

static char *at(const char *name)
{
	return arena_printf(&a, "%s/%s", base, name);
}

static void sh(const char *script)
{
	struct err e = { 0 };

	if (proc_ask(&a, base, (const char *const[]){ "sh", "-ec", script, NULL }, NULL, &e) < 0)
		printf("Bail out! %s: %s\n", script, e.text), exit(1);
}

static char *out(const char *dir, const char *script)
{
	char *text = arena_strdup(&a, "");

	proc_ask(&a, dir, (const char *const[]){ "sh", "-c", script, NULL }, &text, NULL);
	text[strcspn(text, "\n")] = 0;
	return text;
}

static char *fresh(const char *name)
{
	char *tree = at(name);
	struct err e = { 0 };

	ok(fs_make_dirs(tree, 0755, &e) == 0 && git_make(tree, &e) == 0, "a repository is made %s", e.text);
	return tree;
}

static const char *commit(const char *tree, struct err *e)
{
	const char *id = NULL;

	*e = (struct err){ 0 };
	return git_commit(&a, tree, "subject", "Origin: model x\nSession: abc", NULL, NULL, &id, e) < 0 ? "failed" : id;
}

static void a_commit_holds_everything_and_names_its_session(void)
{
	char *tree = fresh("plain");
	struct bytes text = { 0 };
	struct err e;
	const char *id;

	ok(git_session(&a, tree) == NULL, "a repository without commits is of no session");
	sh("echo one >plain/file");
	id = commit(tree, &e);
	ok(id && strlen(id) == 40, "there is a commit %s", e.text);
	ok(commit(tree, &e) == NULL && !e.code, "and none when nothing changed");
	is_text(git_session(&a, tree), "abc", "it names its session");
	ok(git_show(&a, tree, "file", &text, &e) == 1 && bytes_equal(text, bytes_of("one\n")), "its bytes can be had");
	ok(git_show(&a, tree, "none", &text, &e) == 0, "and those of no file can't");
}

static void a_repository_in_the_tree_runs_nothing_outside(void)
{
	char *tree = fresh("nested");
	struct err e;

	sh("cd nested; mkdir sub; cd sub; git init -q .; echo a >a; git add a; git -c user.name=x -c user.email=y commit -qm x");
	commit(tree, &e);
	sh("cd nested; mkdir -p sub/.git; cd sub; git init -q .; git add a; git -c user.name=x -c user.email=y commit -qm x || true\n"
	   "git config filter.x.clean 'touch ../../pwned; cat'; git config core.fsmonitor 'touch ../../pwned; false'\n"
	   "mkdir -p .git/info; echo '* filter=x' >.git/info/attributes; echo b >a; touch -d '1 hour ago' a");
	ok(commit(tree, &e) != NULL && !e.code, "the tree is committed %s", e.text);
	ok(!fs_exists(at("pwned")), "without running the filter of the repository within");
	ok(!fs_exists(at("nested/sub/.git")), "which was taken apart");
	is_text(out(tree, "git show HEAD:sub/a"), "b", "and its files are part of the commit");
}

static void a_link_to_a_repository_is_not_followed(void)
{
	char *tree = fresh("links");
	struct err e;

	sh("mkdir -p elsewhere/.git; echo keep >elsewhere/.git/keep; ln -s ../elsewhere links/out; mkdir links/in; "
	   "ln -s ../../elsewhere/.git links/in/.git");
	commit(tree, &e);
	ok(fs_exists(at("elsewhere/.git/keep")), "what a link points to stays");
	ok(!fs_exists(at("links/in/.git")), "the link goes");
}

static void the_persons_configuration_does_not_run_for_the_model(void)
{
	char *tree = fresh("global");
	struct err e;

	sh("mkdir home; HOME=$PWD/home git config --global filter.lfs.clean 'touch ../pwned2; cat'\n"
	   "HOME=$PWD/home git config --global core.hooksPath $PWD/hooks\n"
	   "echo '* filter=lfs' >global/.gitattributes; echo x >global/x");
	setenv("HOME", at("home"), 1);
	ok(commit(tree, &e) != NULL && !e.code, "a tree whose attributes name the person's filter is committed %s", e.text);
	ok(!fs_exists(at("pwned2")), "and the filter is not run");
}

static void the_environment_leads_nowhere_else(void)
{
	char *tree = fresh("env"), *other = fresh("other");
	struct err e;

	sh("echo x >env/x");
	setenv("GIT_DIR", arena_printf(&a, "%s/.git", other), 1);
	setenv("GIT_WORK_TREE", other, 1);
	setenv("GIT_INDEX_FILE", at("index"), 1);
	ok(commit(tree, &e) != NULL && !e.code, "a commit is made under a hook's environment %s", e.text);
	unsetenv("GIT_DIR");
	unsetenv("GIT_WORK_TREE");
	unsetenv("GIT_INDEX_FILE");
	is_text(git_session(&a, tree), "abc", "in the tree's own repository");
	ok(git_session(&a, other) == NULL, "and not in the hook's");
}

static void git_does_not_get_the_key(void)
{
	char *tree = fresh("key"), *path = arena_strdup(&a, getenv("PATH"));
	struct err e;

	sh("mkdir bin; printf '#!/bin/sh\\nenv >>%s/seen\\nPATH=%s exec git \"$@\"\\n' \"$PWD\" \"$PATH\" >bin/git; chmod +x bin/git; echo x >key/x");
	setenv("PATH", arena_printf(&a, "%s:%s", at("bin"), path), 1);
	setenv("SEALWRIGHT_API_KEY", "sk-of-a-person", 1);
	setenv("OPENAI_API_KEY", "sk-of-a-person", 1);
	ok(commit(tree, &e) != NULL && !e.code, "a commit is made %s", e.text);
	setenv("PATH", path, 1);
	is_text(out(base, "grep -c HOME seen | grep -qv '^0' && echo looked"), "looked", "git's environment was looked at");
	is_text(out(base, "grep -c sk-of-a-person seen || true"), "0", "and holds no key");
}

static void a_half_made_repository_never_means_the_one_above(void)
{
	struct err e = { 0 };
	char *tree = at("above/app");

	fresh("above");
	sh("cd above; echo mine >mine; git add mine; git -c user.name=me -c user.email=me@x commit -qm mine; mkdir -p app/.git; echo x >app/x");
	commit(tree, &e);
	is_text(out(at("above"), "git log -1 --format=%s"), "mine", "a person's repository above gets no commit of ours");
	ok(e.code != ERR_NONE, "but an error");
	ok(git_make(tree, &e) == 0, "making it again ends what was half done");
	ok(commit(tree, &e) != NULL && !e.code, "and then it takes the commit %s", e.text);
}

static void a_git_file_is_refused(void)
{
	struct err e = { 0 };

	sh("mkdir file; echo \"gitdir: $PWD/other/.git\" >file/.git");
	ok(git_make(at("file"), &e) < 0, "a .git that leads elsewhere is refused");
	ok(strstr(e.text, "another folder") != NULL, "with the cure");
	commit(at("file"), &e);
	ok(e.code != ERR_NONE, "and nothing is committed through it");
}

int main(void)
{
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	if (!mkdtemp(base))
		return 1;
	a_commit_holds_everything_and_names_its_session();
	a_repository_in_the_tree_runs_nothing_outside();
	a_link_to_a_repository_is_not_followed();
	the_persons_configuration_does_not_run_for_the_model();
	the_environment_leads_nowhere_else();
	git_does_not_get_the_key();
	a_half_made_repository_never_means_the_one_above();
	a_git_file_is_refused();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
