/*
 * The keep check, rule by rule: for each, names and things that it must catch, and neighbours that it must let through.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../layered.h"

#include <sys/socket.h>
#include <sys/un.h>

/* Written as files; a path with " -> " is a link, one that ends in a slash an empty folder. */
static const struct {
	const char *path, *rule; /* "": kept */
} cases[] = {
	{ "src/main.c", "" },
	{ "Makefile", "" },
	{ "a folder/with blanks", "" },
	{ ".gitignore", "" },
	{ "src/.gitkeep", "" },
	{ "github/workflows/x.yml", "" },
	{ "\xc3\xa4\xe2\x82\xac.txt", "" },
	{ "\xf0\x9f\x98\x80.txt", "" },
	{ "digit/.gitx", "" },
	{ "venv/lib/x.py -> y.py", "" },
	{ "venv/y.py", "" },
	/* git's own, as each file system would see it (git: verify_path, is_hfs_dotgit, is_ntfs_dotgit) */
	{ ".git/hooks/pre-commit", "git" },
	{ "sub/.git", "git" },
	{ "sub1/.git/config", "git" },
	{ "sub2/.GIT/config", "git" },
	{ "sub3/.GiT", "git" },
	{ "sub4/git~1/config", "git" },
	{ "sub5/GIT~12", "git" },
	{ "sub6/.git /x", "git" },
	{ "sub7/.git./x", "git" },
	{ "sub8/.git. . /x", "git" },
	{ "sub9/.git::$INDEX_ALLOCATION/config", "git" },
	{ "sub10/.git:x", "git" },
	{ "sub11/.g\xe2\x80\x8cit/config", "git" },
	{ "sub12/\xef\xbb\xbf.git", "git" },
	{ "sub13/.gi\xe2\x81\xaft", "git" },
	{ "sub14/x\\.git\\hooks\\y", "git" },
	{ "sub15/.git -> ../src", "git" },
	{ "sub16/.git/", "git" },
	{ "sub17/.gi\xc2\xadt", "git" },
	/* what git obeys without being its own */
	{ ".gitmodules", "git-modules" },
	{ "deep/.GITMODULES", "git-modules" },
	{ "gitmod~1", "git-modules" },
	{ ".gitconfig", "git-modules" },
	{ "bare/HEAD", "git-bare" },
	{ "bare/config", "git-bare" },
	{ "bare/objects/x", "git-bare" },
	{ "bare/refs/x", "git-bare" },
	{ "head/HEAD", "" },
	/* agents */
	{ "AGENTS.md", "agent" },
	{ "sub/agents.md", "agent" },
	{ "CLAUDE.md", "agent" },
	{ "CLAUDE.local.md", "agent" },
	{ ".claude/settings.json", "agent" },
	{ ".Claude/hooks/x.sh", "agent" },
	{ ".codex/config.toml", "agent" },
	{ ".cursor/rules/x.mdc", "agent" },
	{ ".mcp.json", "agent" },
	{ ".github/copilot-instructions.md", "agent" },
	{ ".aider.conf.yml", "agent" },
	{ "GEMINI.md", "agent" },
	/* editors */
	{ ".vscode/tasks.json", "editor" },
	{ "sub/.vscode/settings.json", "editor" },
	{ ".v\xc5\xbf" "code/tasks.json", "editor" },
	{ ".idea/workspace.xml", "editor" },
	{ "x.code-workspace", "editor" },
	{ ".devcontainer/devcontainer.json", "editor" },
	{ ".exrc", "editor" },
	{ ".dir-locals.el", "editor" },
	/* shells */
	{ ".envrc", "shell" },
	{ "sub/.bashrc", "shell" },
	{ ".zshenv", "shell" },
	{ "mise.toml", "shell" },
	{ "sitecustomize.py", "shell" },
	{ ".ssh/authorized_keys", "shell" },
	/* read from the folder that a program starts in */
	{ ".RData", "shell" },
	{ "lib/.ghci", "shell" },
	{ ".ocamlinit", "shell" },
	{ ".iex.exs", "shell" },
	{ ".erlang", "shell" },
	{ ".latexmkrc", "shell" },
	{ ".valgrindrc", "shell" },
	{ ".reviewboardrc", "shell" },
	{ ".rvmrc", "shell" },
	{ ".config/mise/config.toml", "shell" },
	{ "CMakeLists.txt.user", "editor" },
	{ ".ctags.d/x.ctags", "editor" },
	{ "rust-analyzer.toml", "editor" },
	{ "QWEN.md", "agent" },
	{ "tools/bazel", "package" },
	{ ".bazelversion", "package" },
	{ "lint-staged.config.mjs", "hook" },
	{ ".repo/manifest.xml", "vcs" },
	{ ".github/settings.yml", "ci" },
	{ ".git\xef\xac\x81lters", "" },
	{ ".pro\xef\xac\x81le", "shell" },
	{ "p/.ba\xc3\x9fhrc", "" },
	{ "CMakeLists.txt", "" },
	{ "tools/bazel.md", "" },
	/* packages */
	{ ".npmrc", "package" },
	{ "pip.conf", "package" },
	{ ".cargo/config.toml", "package" },
	{ ".yarn/releases/yarn.cjs", "package" },
	{ "gradle/wrapper/gradle-wrapper.properties", "package" },
	{ ".cargo/registry", "" },
	{ "rust-toolchain.toml", "package" },
	{ "gradlew", "package" },
	{ ".hg/hgrc", "vcs" },
	{ "sub20/.JJ/x", "vcs" },
	{ "profile_default/startup/x.py", "editor" },
	/* hooks */
	{ ".pre-commit-config.yaml", "hook" },
	{ ".husky/pre-commit", "hook" },
	{ "lefthook.yml", "hook" },
	/* CI */
	{ ".github/workflows/x.yml", "ci" },
	{ ".github/actions/x/action.yml", "ci" },
	{ ".gitlab-ci.yml", "ci" },
	{ ".circleci/config.yml", "ci" },
	{ "Jenkinsfile", "ci" },
	{ "azure-pipelines.yml", "ci" },
	{ ".github/ISSUE_TEMPLATE/x.md", "" },
	/* links */
	{ "l1 -> /etc/passwd", "link-outside" },
	{ "l2 -> ../x", "link-outside" },
	{ "src/l3 -> ../../x", "link-outside" },
	{ "src/l4 -> ../src/main.c", "" },
	{ "l5 -> src/../../x", "link-outside" },
	{ "l6 -> src/../Makefile", "link-outside" },
	{ "l7 -> nowhere", "" },
	{ "l8 -> out/x", "link-outside" },
	{ "l9 -> l1", "link-outside" },
	{ "l10 -> .", "" },
	{ "l11 -> l10/src", "" },
	{ "l12 -> l12", "link-outside" },
	{ "l13 -> .git/config", "git" },
	{ "l14 -> src/.GIT", "git" },
	{ "l15 -> C:/x", "link-outside" },
	{ "l16 -> \\\\host\\x", "link-outside" },
	{ "l17 -> dot/config", "link-outside" },
	{ "sub19/.vscode -> ../src", "editor" },
	{ "sub18/.github -> ../src", "agent" },
	{ "l18 -> in\nput", "name" },
	/* names */
	{ "line\nbreak", "name" },
	{ "escape\033[31m", "name" },
	{ "del\177", "name" },
	{ "c1\xc2\x9b", "name" },
	{ "bad\xff", "name" },
	{ "bad\xc0\xaf", "name" },
	{ "over\xed\xa0\x80", "name" },
	{ "was\xff", "" },
	{ "turned\xe2\x80\xae" "fdp.exe", "name-hidden" },
	{ "zero\xe2\x80\x8bwidth", "name-hidden" },
	{ ".sealwright-keep-1/x", "name" },
	/* protected by the caller */
	{ "tests/test_x.py", "protected" },
	{ "TESTS/y.py", "protected" },
	{ "testsuite/z", "" },
	{ "spec -> src", "protected" },
};
enum { CASES = sizeof(cases) / sizeof(*cases) };

static const char *path_of(int i)
{
	const char *arrow = strstr(cases[i].path, " -> ");
	size_t n = arrow ? (size_t)(arrow - cases[i].path) : strlen(cases[i].path);

	return arena_memdup(&a, cases[i].path, cases[i].path[n - 1] == '/' ? n - 1 : n);
}

static void write_case(struct layer *l, int i)
{
	const char *path = IN_LAYER(l, path_of(i)), *arrow = strstr(cases[i].path, " -> ");

	if (arrow) {
		fs_make_dirs(arena_memdup(&a, path, (size_t)(strrchr(path, '/') - path)), 0755, NULL);
		if (symlink(arrow + 4, path) < 0)
			ok(false, "link %s: %s", cases[i].path, strerror(errno));
	} else if (cases[i].path[strlen(cases[i].path) - 1] == '/') {
		fs_make_dirs(path, 0755, NULL);
	} else {
		put(path, "x\n");
	}
}

static const char *plain(const char *text)
{
	char *out = arena_strdup(&a, text);

	for (char *p = out; *p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~')
			*p = '?';
	return out;
}

/* The change at the path, or at the folder above it that stands for it. */
static const struct layer_change *change_over(const struct layer_changes *c, const char *path)
{
	char *at = arena_strdup(&a, path);
	const struct layer_change *x;

	while (!(x = change_in(c, at, LAYER_ADDED)) && !(x = change_in(c, at, -1)) && strrchr(at, '/'))
		*strrchr(at, '/') = 0;
	return x;
}

static void each_rule_catches_what_it_is_for(void)
{
	struct layer l;
	struct layer_rules r = { .protect = (const char *const[]){ "tests", "spec/in", NULL } };
	struct layer_changes c;
	struct layer_report report;

	tree_make();
	put(IN_TREE("was\xff"), "old\n");
	put(IN_TREE("spec/in"), "old\n");
	fs_make_dirs(IN_TREE("tests"), 0755, NULL);
	if (symlink("/etc", IN_TREE("out")) < 0 || symlink(".git", IN_TREE("dot")) < 0)
		ok(false, "links are made");
	l = layer_of("rules");
	fs_remove_tree(IN_LAYER(&l, "spec"), NULL);
	for (int i = 0; i < CASES; i++)
		write_case(&l, i);
	c = changes_of(&l, &r);
	for (int i = 0; i < CASES; i++) {
		const struct layer_change *x = change_over(&c, path_of(i));

		if (!ok(x && !strcmp(x->rule, cases[i].rule) && (x->verdict == LAYER_KEEPS) == !*cases[i].rule, "%s: %s", plain(cases[i].path),
			*cases[i].rule ? cases[i].rule : "kept"))
			printf("#   got %s (%s)\n", x ? x->rule : "nothing", x ? plain(x->why) : "");
	}
	report = keep_of(&l, &r);
	for (int i = 0; i < CASES; i++) {
		struct stat st;
		bool is = lstat(IN_TREE(path_of(i)), &st) == 0 && (!strcmp(path_of(i), "spec") ? S_ISLNK(st.st_mode) : 1);

		if (is != !*cases[i].rule)
			ok(false, "%s %s in the tree", plain(cases[i].path), is ? "is" : "is not");
	}
	ok(report.left.n == report.left.asks + report.left.refused, "what was kept and what was not is in the tree and is not");
	layer_close(&l);
}

static bool is_kept(struct layer *l, const char *path, const char *const *allow)
{
	struct layer_rules r = { .allow = allow, .protect = (const char *const[]){ "tests", NULL } };

	const struct layer_changes c = changes_of(l, &r);
	const struct layer_change *x = change_in(&c, path, -1);

	return x && x->verdict == LAYER_KEEPS;
}

#define YES(...) (const char *const[]){ __VA_ARGS__, NULL }

static void a_yes_is_for_one_rule(void)
{
	struct layer l;

	tree_make();
	l = layer_of("rules");
	put(IN_LAYER(&l, ".vscode/tasks.json"), "x\n");
	put(IN_LAYER(&l, ".vscode/x/y.json"), "x\n");
	put(IN_LAYER(&l, "tests/.vscode/tasks.json"), "x\n");
	put(IN_LAYER(&l, "sub/.git/config"), "x\n");
	if (symlink("/usr/bin/python3", IN_LAYER(&l, "python")) < 0)
		ok(false, "a link is made");
	ok(is_kept(&l, ".vscode/tasks.json", YES("editor")), "a rule");
	ok(is_kept(&l, ".vscode/tasks.json", YES("agent", "editor:.vscode/tasks.json")), "a rule and a path");
	ok(is_kept(&l, ".vscode/x/y.json", YES("editor:.vscode/")), "a rule and a folder");
	ok(!is_kept(&l, ".vscode/x/y.json", YES("editor:.vscode/tasks.json")), "not another path");
	ok(!is_kept(&l, ".vscode/x/y.json", YES("editor:.vscode")), "not a folder without its slash");
	ok(!is_kept(&l, ".vscode/tasks.json", YES("agent", "edit", "editors", "")), "not another rule");
	ok(!is_kept(&l, "tests/.vscode/tasks.json", YES("editor")), "what falls under two rules needs both");
	ok(is_kept(&l, "tests/.vscode/tasks.json", YES("editor", "protected")), "and is kept with both");
	ok(!is_kept(&l, "python", YES("link-outside")), "a link that leads out is said yes to by its path");
	ok(is_kept(&l, "python", YES("link-outside:python")), "and kept then");
	ok(!is_kept(&l, "sub/.git", YES("git", "git:sub/.git", "git:sub/", "git:sub/.git/config")), "git's own never");
	layer_close(&l);
}

static void attributes_are_looked_into(void)
{
	static const struct {
		const char *text;
		bool asks;
	} texts[] = {
		{ "* text=auto\n*.png -text -diff\n*.sh eol=lf\n", false }, { "*.x filter=evil\n", true }, { "*.x\tdiff=evil\n", true },
		{ "# filter=no\n*.x text\n", false }, { "*.x merge=evil", true }, { "[attr]x filter=y\n", true }, { "", false },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct layer l;

		tree_make();
		l = layer_of("rules");
		put(IN_LAYER(&l, "sub/.gitattributes"), texts[i].text);
		ok(is_kept(&l, "sub/.gitattributes", NULL) == !texts[i].asks, "attributes %zu %s", i, texts[i].asks ? "ask" : "are kept");
		layer_close(&l);
	}
}

static void things_that_are_no_files_are_refused(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct layer l;
	struct layer_changes c;
	const struct layer_change *x;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	tree_make();
	l = layer_of("rules");
	put(IN_LAYER(&l, "suid"), "x\n");
	chmod(IN_LAYER(&l, "suid"), 04755);
	put(IN_LAYER(&l, "sgid"), "x\n");
	chmod(IN_LAYER(&l, "sgid"), 02755);
	fs_make_dirs(IN_LAYER(&l, "sticky"), 0755, NULL);
	chmod(IN_LAYER(&l, "sticky"), 01777);
	put(IN_LAYER(&l, "dark"), "x\n");
	chmod(IN_LAYER(&l, "dark"), 0);
	fs_make_dirs(IN_LAYER(&l, "closed/in"), 0755, NULL);
	chmod(IN_LAYER(&l, "closed"), 0);
	mkfifo(IN_LAYER(&l, "fifo"), 0644);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", IN_LAYER(&l, "socket"));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		printf("# no socket: %s\n", strerror(errno));
	close(fd);
	c = changes_of(&l, NULL);
	static const struct {
		const char *path, *rule;
	} want[] = { { "suid", "special-mode" }, { "sgid", "special-mode" }, { "sticky", "special-mode" }, { "dark", "unreadable" },
		     { "closed", "unreadable" }, { "fifo", "special-file" }, { "socket", "special-file" } };
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		ok((x = change_in(&c, want[i].path, -1)) && x->verdict == LAYER_REFUSED && !strcmp(x->rule, want[i].rule), "%s is refused: %s",
		   want[i].path, want[i].rule);
	is_whole(keep_of(&l, NULL).kept, 0, "none is kept");
	layer_close(&l);
}

static void other_names_for_the_same_ask(void)
{
	struct layer l;
	struct layer_changes c;
	const struct layer_change *x;

	tree_make();
	put(IN_TREE("config/editor/old"), "x\n");
	put(IN_TREE("docs/agents"), "x\n");
	put(IN_TREE(".git/config"), "[core]\n\trepositoryformatversion = 0\n\thooksPath = scripts/hooks\n[filter \"x\"]\n\tclean = \"./tools/clean -x\"\n");
	put(IN_TREE(".git/HEAD"), "ref: refs/heads/main\n");
	fs_make_dirs(IN_TREE(".git/objects"), 0755, NULL);
	fs_make_dirs(IN_TREE(".git/refs"), 0755, NULL);
	put(IN_TREE("tools/clean"), "x\n");
	put(IN_TREE("linked/hook"), "x\n");
	fs_make_dirs(IN_TREE(".git/hooks"), 0755, NULL);
	if (symlink("../../linked/hook", IN_TREE(".git/hooks/pre-push")) < 0)
		ok(false, "a link is made");
	put(IN_TREE("tools/other"), "x\n");
	if (symlink("config/editor", IN_TREE(".vscode")) < 0 || symlink("docs/agents", IN_TREE("CLAUDE.md")) < 0)
		ok(false, "links are made");
	l = layer_of("rules");
	put(IN_LAYER(&l, "config/editor/tasks.json"), "x\n");
	put(IN_LAYER(&l, "config/other"), "x\n");
	put(IN_LAYER(&l, "docs/agents"), "y\n");
	put(IN_LAYER(&l, "scripts/hooks/pre-commit"), "x\n");
	put(IN_LAYER(&l, "scripts/other"), "x\n");
	put(IN_LAYER(&l, "tools/clean"), "y\n");
	put(IN_LAYER(&l, "tools/other"), "y\n");
	put(IN_LAYER(&l, "linked/hook"), "y\n");
	c = changes_of(&l, NULL);
	ok((x = change_in(&c, "config/editor/tasks.json", -1)) && !strcmp(x->rule, "editor"), "what a link named .vscode leads to");
	ok((x = change_in(&c, "docs/agents", -1)) && !strcmp(x->rule, "agent"), "what a link named CLAUDE.md leads to");
	ok((x = change_in(&c, "scripts/hooks/pre-commit", -1)) && !strcmp(x->rule, "hook"), "hooks in a folder that the configuration names");
	ok((x = change_in(&c, "tools/clean", -1)) && !strcmp(x->rule, "hook"), "a program that the configuration names");
	ok((x = change_in(&c, "linked/hook", -1)) && !strcmp(x->rule, "hook"), "what a link among the hooks leads to");
	if (!ok(c.keeps == 3 && c.asks == 5, "and nothing beside them"))
		changes_show(&c);
	layer_close(&l);
}

static void files_that_others_could_write_ask(void)
{
	struct layer l;
	struct layer_changes c;
	const struct layer_change *x;

	tree_make();
	put(IN_TREE("was"), "x\n");
	chmod(IN_TREE("was"), 0666);
	l = layer_of("rules");
	put(IN_LAYER(&l, "was"), "y\n");
	chmod(IN_LAYER(&l, "was"), 0666);
	put(IN_LAYER(&l, "file"), "x\n");
	chmod(IN_LAYER(&l, "file"), 0666);
	fs_make_dirs(IN_LAYER(&l, "folder"), 0755, NULL);
	chmod(IN_LAYER(&l, "folder"), 0777);
	c = changes_of(&l, NULL);
	ok((x = change_in(&c, "file", -1)) && !strcmp(x->rule, "open-mode"), "a file");
	ok((x = change_in(&c, "folder", -1)) && !strcmp(x->rule, "open-mode"), "a folder");
	ok((x = change_in(&c, "was", -1)) && x->verdict == LAYER_KEEPS, "not one that was so before");
	layer_close(&l);
}

/* A terabyte that takes no room must take none in the tree either. */
static void holes_stay_holes(void)
{
	struct layer l;
	struct stat st;
	int fd;

	tree_make();
	l = layer_of("rules");
	fd = open(IN_LAYER(&l, "large"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (ftruncate(fd, (off_t)1 << 40) < 0 || pwrite(fd, "x", 1, (off_t)1 << 39) != 1)
		printf("# no large file: %s\n", strerror(errno));
	fstat(fd, &st);
	close(fd);
	if (st.st_size == (off_t)1 << 40) {
		char piece[2] = "";

		is_whole(keep_of(&l, NULL).kept, 1, "a large file without content is kept");
		ok(stat(IN_TREE("large"), &st) == 0 && st.st_size == (off_t)1 << 40 && st.st_blocks < 10000, "and takes no room");
		fd = open(IN_TREE("large"), O_RDONLY | O_CLOEXEC);
		ok(pread(fd, piece, 1, (off_t)1 << 39) == 1 && *piece == 'x', "with its content");
		close(fd);
		unlink(IN_TREE("large"));
	}
	layer_close(&l);
}

static void removing_asks_as_well(void)
{
	struct layer l;
	struct layer_rules r = { .protect = (const char *const[]){ "tests/a.py", NULL } };
	struct layer_report report;

	tree_make();
	put(IN_TREE(".github/workflows/x.yml"), "x\n");
	put(IN_TREE("tests/a.py"), "x\n");
	put(IN_TREE("odd\nname"), "x\n");
	put(IN_TREE("sub/.git/config"), "x\n");
	l = layer_of("rules");
	gone(&l, ".github");
	gone(&l, "tests");
	gone(&l, "odd\nname");
	gone(&l, "sub");
	report = keep_of(&l, &r);
	ok(fs_exists(IN_TREE(".github/workflows/x.yml")) && fs_exists(IN_TREE("tests/a.py")), "a workflow and a protected test stay");
	ok(fs_exists(IN_TREE("sub/.git/config")), "and a repository within the tree");
	ok(!fs_exists(IN_TREE("odd\nname")), "an odd name can be removed");
	ok(change_in(&report.left, ".github/workflows/x.yml", -1) && change_in(&report.left, "tests/a.py", -1), "what stays is named");
	layer_close(&l);
}

static void all_of_it(void)
{
	printf("# %s\n", copied ? "a copy" : "an overlay");
	each_rule_catches_what_it_is_for();
	a_yes_is_for_one_rule();
	attributes_are_looked_into();
	things_that_are_no_files_are_refused();
	removing_asks_as_well();
	other_names_for_the_same_ask();
	files_that_others_could_write_ask();
	holes_stay_holes();
}

int main(void)
{
	return on_overlay_and_copy("layer-rules", all_of_it);
}
