/*
 * The keep check: what of a layer may enter the tree by itself, what a person must say yes to, and what never may.
 *
 * The danger is not the file but the program outside that acts on it: git runs what its metadata names, an editor its tasks, a
 * shell its start-up files, a CI service its workflows, an agent its configuration, and a program that writes through a link
 * writes where the link leads. The list is data; docs/formats/keep.md says it to people.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "work/inside.h"
#include "work/refs.h"

#include "base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ATTRIBUTES_MAX = 1 << 20, CONFIG_MAX = 1 << 20, ALIASES_LOOKED_AT = 10000 };

#define OF(...) (const char *const[]){ __VA_ARGS__, NULL }

/* Patterns: name_matches. In lower case. */
static const struct {
	const char *rule, *why;
	const char *const *patterns;
} asks[] = {
	{ "git-modules", "git runs and fetches what this file names", OF(".gitmodules", ".gitconfig", ".lfsconfig", "gitmod~*", "gi7eba~*") },
	{ "agent", "it steers coding agents that run outside the sandbox",
	  OF(".claude", ".codex", ".cursor", ".cursorrules", ".cursorignore", ".windsurf", ".windsurfrules", ".cline", ".clinerules",
	     ".roo", ".roomodes", ".roorules*", ".aider*", ".continue", ".continuerules", ".gemini", "gemini.md", "agents.md", "agent.md",
	     "agents.*.md", "claude.md", "claude.*.md", ".mcp.json", "mcp.json", ".github/copilot*", ".github/instructions",
	     ".github/prompts", ".github/chatmodes", ".github/agents", ".github/skills", ".amazonq", ".kiro", ".junie", ".opencode",
	     "opencode.json*", ".goosehints", ".agents", ".agent", ".augment*", ".trae", ".qwen", ".crush*", "crush.json", ".factory",
	     ".warp", "warp.md", ".kilocode*", ".amp", ".tabnine*", ".cody*", ".sourcegraph", ".replit", "replit.nix", ".claude-plugin",
	     ".openhands", ".devin", ".jules", ".github/hooks", ".sealwright", "sealwright.yml", "qwen.md", "crush.md", "codex.md", "opencode.md",
	     ".iflow", "iflow.md", ".aiassistant", ".copilot", ".rules", ".rovodev", ".zencoder", ".codebuddy", ".qoder", ".lingma",
	     ".firebender*", "firebender.json", ".pr_agent.toml", ".coderabbit.y*", ".mcp") },
	{ "editor", "an editor runs tasks or code that it names",
	  OF(".vscode", ".idea", ".fleet", ".vs", ".zed", ".nova", ".theia", ".helix", ".devcontainer", ".devcontainer.json",
	     ".gitpod.yml", "*.code-workspace", "*.sublime-project", "*.iml", "*.ipr", ".exrc", ".vimrc", ".nvimrc", ".nvim.lua",
	     ".lvimrc", ".local.vimrc", ".vim", ".nvim", ".dir-locals.el", ".dir-locals-2.el", ".projectile", ".settings", ".gdbinit*", ".lldbinit*", ".ipython", "ipython_config.py",
	     "profile_default", "jupyter_*", "_exrc", "_vimrc*", ".gvimrc", "_gvimrc", ".ycm_extra_conf.py", ".ctags", ".ctags.d", "*.suo",
	     "*.pro.user", "*.csproj.user", "*.vcxproj.user", "cmakelists.txt.user*", ".externaltoolbuilders", ".project", ".idx", ".gitpod*",
	     ".codesandbox", ".stackblitzrc", "devfile.y*", ".devfile.y*", "rust-analyzer.toml", ".rust-analyzer.toml", "rust-project.json",
	     ".yarn/sdks", ".kakrc*") },
	{ "shell", "a shell or interpreter runs it when it starts there",
	  OF(".envrc", ".direnv", ".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile", ".zshrc",
	     ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".kshrc", ".cshrc", ".tcshrc", ".inputrc", ".autoenv*", ".mise.toml",
	     "mise.toml", ".mise", ".mise.*.toml", "mise.*.toml", ".rtx.toml", ".tool-versions", ".pdbrc", ".pythonrc*", ".irbrc",
	     ".pryrc", ".rprofile", ".renviron", ".screenrc", ".tmux.conf", ".ssh", ".gnupg", ".netrc", ".sqliterc", ".psqlrc",
	     "sitecustomize.py", "usercustomize.py", "autorun.inf", "desktop.ini", "*.desktop", "*.lnk", "*.scf", "*.library-ms", ".xinitrc",
	     ".xprofile", ".prototools", ".asdfrc", ".tmuxinator*", ".tmuxp.*", "mise/config*.toml", ".config/mise", ".rvmrc", ".shadowenv.d",
	     ".env.zsh", ".pdbrc.py", ".rdata", ".ghci", ".ocamlinit", ".iex.exs", ".erlang", ".octaverc", ".psysh.php", ".rdbgrc*", ".byebugrc",
	     ".latexmkrc", "latexmkrc", ".valgrindrc", ".reviewboardrc", ".gnuplot", ".scilab", ".directory", "*.url",
	     "*.searchconnector-ms") },
	{ "package", "a package manager takes its server, token or start-up code from it",
	  OF(".npmrc", ".yarnrc", ".yarnrc.yml", ".yarn/releases", ".yarn/plugins", ".pnpmfile.cjs", ".pnpmfile.mjs", "pip.conf", "pip.ini",
	     ".pip", ".pypirc", ".cargo/config", ".cargo/config.toml", ".cargo/credentials*", ".bazelrc", ".bundle/config", ".gemrc",
	     ".mvn", "gradle-wrapper.*", ".condarc", "uv.toml", "nuget.config", ".curlrc", ".wgetrc", ".buckconfig", "bunfig.toml",
	     "rust-toolchain*", ".bazeliskrc", ".bazelversion", "tools/bazel", ".corepack.env", ".buckconfig.*", ".sbtopts",
	     ".jvmopts", "gradlew", "gradlew.bat", "mvnw", "mvnw.cmd") },
	{ "hook", "git or a hook manager runs what it names",
	  OF(".husky", ".githooks", ".git-hooks", ".pre-commit-config.y*", ".pre-commit-hooks.y*", "lefthook.*", ".lefthook*",
	     "lefthook-local.*", ".overcommit*", ".lintstagedrc*", ".huskyrc*", ".trunk", "lint-staged.config.*",
	     ".simple-git-hooks.*", "simple-git-hooks.*", ".commitlintrc*", "commitlint.config.*", "prek.toml", ".prek*", "hk.pkl",
	     "captainhook.json", "grumphp.y*", ".gitlint", ".cargo-husky") },
	{ "vcs", "another version control runs what its metadata names",
	  OF(".hg", ".hgsub", ".svn", ".bzr", ".jj", ".sl", "_darcs", ".pijul", ".fslckout", "_fossil_", "cvs/root", ".repo",
	     ".p4config", "p4config.txt", ".gclient*", ".west", ".arcconfig", ".gitreview") },
	{ "ci", "a CI service runs it with its own rights",
	  OF(".github/workflows", ".github/actions", ".github/dependabot.y*", ".github/codeowners", "codeowners", ".gitlab-ci.y*",
	     ".gitlab", ".gitlab-ci", ".circleci", ".travis.y*", "azure-pipelines*", ".azure-pipelines", ".azuredevops", "jenkinsfile*",
	     ".drone.*", ".woodpecker*", ".buildkite", "bitbucket-pipelines.y*", "appveyor.y*", ".appveyor*", ".cirrus.*", ".builds",
	     ".build.yml", ".teamcity", ".forgejo", ".gitea", ".semaphore", ".tekton", "renovate.json*", ".renovaterc*",
	     "cloudbuild.y*", "buildspec.y*", ".screwdriver*", ".ci", ".ebextensions", "netlify.toml", "vercel.json", ".readthedocs.y*", ".github/settings.y*", ".github/mergify.y*", ".mergify*",
	     ".kodiak.toml", "bors.toml", ".zuul*", "zuul.y*", "zuul.d", ".taskcluster.y*", ".packit.y*", ".copr", ".harness", ".vela.y*",
	     ".prow.y*", ".evergreen*", "bamboo-specs", "codefresh.y*", "wercker.y*", "*.gocd.y*", "render.y*", "railway.*", "amplify.y*",
	     "heroku.yml", ".platform*") },
};

static bool says(const char *entry, const char *rule, const char *path, bool whole_path)
{
	size_t n = strlen(rule);

	if (strncmp(entry, rule, n))
		return false;
	if (!entry[n])
		return !whole_path;
	if (entry[n] != ':')
		return false;
	entry += n + 1;
	n = strlen(entry);
	if (n && entry[n - 1] == '/')
		return !whole_path && !strncmp(path, entry, n);
	return !strcmp(path, entry);
}

static bool is_allowed(const struct layer_rules *r, const char *rule, const char *path, bool whole_path)
{
	for (int i = 0; r && r->allow && r->allow[i]; i++)
		if (says(r->allow[i], rule, path, whole_path))
			return true;
	return false;
}

static void refuse(struct layer_change *c, const char *rule, const char *why)
{
	c->verdict = LAYER_REFUSED;
	c->rule = rule;
	c->why = why;
}

/* The first that was not said yes to counts. True when one asks. */
static bool ask(struct layer_change *c, const struct layer_rules *r, const char *rule, const char *why, bool whole_path)
{
	if (is_allowed(r, rule, c->path, whole_path))
		return false;
	c->verdict = LAYER_ASKS;
	c->rule = rule;
	c->why = why;
	return true;
}

bool rules_skip(const struct layer_rules *r, const char *path)
{
	for (int i = 0; r && r->skip && r->skip[i]; i++)
		if (path_starts(path, r->skip[i]))
			return true;
	return false;
}

static bool has_git_part(const char *folded)
{
	char part[256];

	for (;;) {
		size_t n = strcspn(folded, "/");

		if (n < sizeof(part)) {
			memcpy(part, folded, n);
			part[n] = 0;
			if (name_is_git(part))
				return true;
		}
		if (!folded[n])
			return false;
		folded += n + 1;
	}
}

/* ---- links ---- */

/* Follows target from *at: NULL when it stays inside and clear of git's own, with *at where it leads; or why not. A target goes up
 * first and then only down, so that what stands in its way cannot turn it later; a link in its way is followed as it is now. */
static const char *link_leaves(struct arena *a, const struct layer_state *s, const char **at, const char *target, int hops)
{
	bool down = false;

	if (*target == '/' || *target == '\\' || (target[0] && target[1] == ':'))
		return "it leads out of the tree";
	while (*target) {
		size_t n = strcspn(target, "/");
		const char *part = arena_memdup(a, target, n), *next, *to;

		target += n + strspn(target + n, "/");
		if (!n || !strcmp(part, "."))
			continue;
		if (!strcmp(part, "..")) {
			if (down)
				return "it goes up behind a name, so that another link could turn it";
			if (!**at)
				return "it leads out of the tree";
			*at = arena_memdup(a, *at, strrchr(*at, '/') ? (size_t)(strrchr(*at, '/') - *at) : 0);
			continue;
		}
		down = true;
		next = path_join(a, *at, part);
		if (strlen(next) >= LAYER_PATH_MAX)
			return "its target is too long";
		if (has_git_part(path_fold(a, part)))
			return "it leads to git's own files";
		to = merged_link(a, s, next);
		if (to) {
			const char *why = hops ? link_leaves(a, s, at, to, hops - 1) : "there are too many links";

			if (why)
				return arena_printf(a, "by way of %s, %s", next, why);
		} else {
			*at = next;
		}
	}
	return NULL;
}

static bool judge_link(struct arena *a, const struct layer_state *s, const struct layer_rules *r, struct layer_change *c)
{
	const char *why, *slash = strrchr(c->path, '/'), *at = slash ? arena_memdup(a, c->path, (size_t)(slash - c->path)) : "";

	if (!c->target || !*c->target)
		return refuse(c, "link-outside", "the link's target cannot be read"), true;
	if (name_has_control(c->target))
		return refuse(c, "name", "the link's target holds control characters"), true;
	if (has_git_part(path_fold(a, c->target)))
		return refuse(c, "git", "the link leads to git's own files"), true;
	why = link_leaves(a, s, &at, c->target, 40);
	return why && ask(c, r, "link-outside", arena_printf(a, "a link to %s: %s", c->target, why), true);
}

/* ---- contents ---- */

/* Attributes that make git run a program when one of that name is configured. */
static bool attributes_run(struct bytes text)
{
	static const char *const words[] = { "filter", "diff", "merge", "[attr]" };

	while (text.n) {
		const char *end = memchr(text.p, '\n', text.n);
		size_t n = end ? (size_t)(end - text.p) + 1 : text.n;

		for (size_t i = 0; text.p[0] != '#' && i < n; i++)
			for (size_t k = 0; k < sizeof(words) / sizeof(*words); k++) {
				size_t w = strlen(words[k]);

				if (i + w > n || memcmp(text.p + i, words[k], w))
					continue;
				if (k == 3 || (i + w < n && text.p[i + w] == '='))
					return true;
			}
		text.p += n;
		text.n -= n;
	}
	return false;
}

static bool is_attributes(const char *folded)
{
	return name_matches(folded, ".gitattributes", false) || name_matches(folded, "gitatt~*", false) ||
	       name_matches(folded, "gi7d29~*", false);
}

bool rules_wants_text(struct arena *a, const char *path)
{
	return is_attributes(path_fold(a, path));
}

/* given: the content, or NULL to read it from the layer. */
static bool judge_attributes(const struct layer_state *s, const struct layer_rules *r, struct layer_change *c, const struct bytes *given)
{
	auto_buf text = buf_max(ATTRIBUTES_MAX);
	auto_fd fd = -1;

	if (c->kind == LAYER_REMOVED)
		return false;
	fd = c->type == LAYER_FILE && !given ? place_open(s->upper, c->path, O_RDONLY | O_NONBLOCK) : -1;
	if (given ? c->type == LAYER_FILE && given->p && !attributes_run(*given)
		  : fd >= 0 && fs_read_all(fd, &text, NULL) == 0 && !attributes_run(buf_bytes(&text)))
		return false;
	return ask(c, r, "git-attributes", "git runs filters and drivers that it names, where a person has configured them", false);
}

/* Whether the change is part of what git would take for a bare repository, whose configuration it obeys. */
static bool is_bare(struct arena *a, const struct layer_state *s, const char *path)
{
	static const char *const parts[] = { "head", "refs", "objects", "config", "hooks", "commondir", "info", "packed-refs" };
	struct stat st;

	for (const char *p = path; p; p = strchr(p, '/')) {
		const char *folder, *name;
		char folded[256];
		size_t n;

		p += *p == '/';
		n = strcspn(p, "/");
		if (n >= sizeof(folded))
			continue;
		name_fold(p, n, folded);
		name = NULL;
		for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
			if (!strcmp(folded, parts[i]))
				name = parts[i];
		if (!name)
			continue;
		folder = arena_memdup(a, path, p == path ? 0 : (size_t)(p - path) - 1);
		if (merged_stat(s, path_join(a, folder, "HEAD"), &st) == 0 &&
		    (merged_stat(s, path_join(a, folder, "commondir"), &st) == 0 ||
		     (merged_stat(s, path_join(a, folder, "refs"), &st) == 0 && merged_stat(s, path_join(a, folder, "objects"), &st) == 0)))
			return true;
	}
	return false;
}

static bool name_is_last(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return !strcmp(slash ? slash + 1 : path, name);
}

static bool judge_path(struct arena *a, const struct layer_state *s, const struct layer_rules *r, struct layer_change *c,
		       const char *folded, const struct bytes *given)
{
	/* A link, or a folder that is one no longer, can bring such a name about by what stands behind it. */
	bool is_link = c->type == LAYER_LINK;

	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
		for (int k = 0; asks[i].patterns[k]; k++)
			if (name_matches(folded, asks[i].patterns[k], is_link)) {
				if (ask(c, r, asks[i].rule, asks[i].why, false))
					return true;
				break;
			}
	for (const struct alias *x = s->aliases; x; x = x->next)
		if (path_starts(c->path, x->path) && ask(c, r, x->rule, x->why, false))
			return true;
	for (int i = 0; r && r->protect && r->protect[i]; i++) {
		bool on_the_way = c->type != LAYER_FOLDER && path_starts(r->protect[i], c->path);

		if ((path_starts(folded, path_fold(a, r->protect[i])) || on_the_way) &&
		    ask(c, r, "protected", "it is protected: a test or another file that work may not change", false))
			return true;
	}
	if (is_attributes(folded) && judge_attributes(s, r, c, given))
		return true;
	/* The other files of a commit need not be in the tree. */
	return (is_bare(a, s, c->path) || (given && (name_is_last(folded, "head") || name_is_last(folded, "commondir")))) &&
	       ask(c, r, "git-bare", "with its neighbours it is a bare git repository, whose configuration git runs", false);
}

static bool judge_name(const struct layer_state *s, const struct layer_rules *r, struct layer_change *c,
		       const char *folded)
{
	struct stat st;

	if (has_git_part(folded))
		return refuse(c, "git", "git's own files, or a name that another file system takes for them"), true;
	if (!strncmp(folded, ".sealwright-keep", 16))
		return refuse(c, "name", "the name is sealwright's own"), true;
	if (c->kind == LAYER_REMOVED || c->kind == LAYER_MODE)
		return false;
	if (name_has_control(c->path))
		return refuse(c, "name", "the name holds control characters"), true;
	if (!name_is_utf8(c->path) && place_stat(s->tree, c->path, &st) < 0)
		return refuse(c, "name", "the name is not UTF-8"), true;
	return name_has_hidden(c->path) && place_stat(s->tree, c->path, &st) < 0 &&
	       ask(c, r, "name-hidden", "the name holds characters that do not show", false);
}

/* Whether others may newly write it. */
static bool is_open_to_others(const struct layer_state *s, const struct layer_change *c)
{
	struct stat st;

	return c->kind != LAYER_REMOVED && c->type != LAYER_LINK && (c->mode & 0002) &&
	       !(place_stat(s->tree, c->path, &st) == 0 && (st.st_mode & 0002));
}

static void judge(struct arena *a, const struct layer_state *s, const struct layer_rules *r, struct layer_change *c,
		  const struct bytes *given)
{
	const char *folded = path_fold(a, c->path);
	mode_t need = c->type == LAYER_FOLDER ? 0500 : 0400;

	c->verdict = LAYER_KEEPS;
	c->rule = c->why = "";
	if (judge_name(s, r, c, folded))
		return;
	if (c->kind != LAYER_REMOVED && c->type == LAYER_OTHER) {
		refuse(c, "special-file", "devices, fifos and sockets are not kept");
		return;
	}
	if (c->kind != LAYER_REMOVED && c->type != LAYER_LINK && (c->mode & (c->type == LAYER_FOLDER ? 05000 : 07000))) {
		refuse(c, "special-mode", "set-user-id, set-group-id and sticky are not kept; chmod it without");
		return;
	}
	if (c->kind != LAYER_REMOVED && c->type != LAYER_LINK && (c->mode & need) != need) {
		refuse(c, "unreadable", "its owner may not read it; chmod u+r (a folder: u+rx)");
		return;
	}
	if (c->kind != LAYER_REMOVED && c->type == LAYER_LINK && judge_link(a, s, r, c))
		return;
	if (is_open_to_others(s, c) && ask(c, r, "open-mode", "every user of the machine could write it; chmod o-w", false))
		return;
	judge_path(a, s, r, c, folded, given);
}

/* ---- other names for the same ---- */

static void add_alias(struct layer_state *s, const char *path, const char *rule, const char *why)
{
	struct alias *x = arena_alloc(&s->a, sizeof(*x));

	*x = (struct alias){ arena_strdup(&s->a, path), rule, why, s->aliases };
	s->aliases = x;
}

/* A link of the tree by such a name makes what it leads to as good as the name. */
static void link_alias(struct layer_state *s, const char *path)
{
	auto_arena a = { 0 };
	const char *folded = path_fold(&a, path), *target = place_link(&a, s->tree, path), *slash = strrchr(path, '/');
	const char *at = slash ? arena_memdup(&a, path, (size_t)(slash - path)) : "";

	if (!target || link_leaves(&a, s, &at, target, 40) || !*at)
		return;
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++)
		for (int k = 0; asks[i].patterns[k]; k++)
			if (name_matches(folded, asks[i].patterns[k], true)) {
				add_alias(s, at, asks[i].rule, asks[i].why);
				return;
			}
}

static void links_of(struct layer_state *s, const char *folder)
{
	auto_arena a = { 0 };
	int fd = place_open(s->tree, folder, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *x;

	if (!d) {
		fs_close(&fd);
		return;
	}
	for (int n = 0; n < ALIASES_LOOKED_AT && (x = readdir(d)); n++)
		if (x->d_type == DT_LNK || x->d_type == DT_UNKNOWN)
			link_alias(s, path_join(&a, folder, x->d_name));
	closedir(d);
}

static const char hook_why[] = "git runs it: its configuration or a link among its hooks leads there";

/* An absolute path as one beneath the tree; NULL when it is not. */
static const char *in_tree(struct arena *a, const struct layer_state *s, const char *path)
{
	char top[LAYER_PATH_MAX];
	ssize_t n = readlink(arena_printf(a, "/proc/self/fd/%d", s->tree), top, sizeof(top) - 1);

	if (n <= 0)
		return NULL;
	top[n] = 0;
	return path_starts(path, top) && path[n] == '/' && path[n + 1] ? path + n + 1 : NULL;
}

/* Hooks are often links into the tree. */
static void hook_aliases(struct layer_state *s, const char *git)
{
	auto_arena a = { 0 };
	const char *folder = arena_printf(&a, "%s/hooks", git), *path;
	DIR *d = opendir(folder);
	const struct dirent *x;
	char real[PATH_MAX];

	if (!d)
		return;
	for (int n = 0; n < ALIASES_LOOKED_AT && (x = readdir(d)); n++) {
		bool whole = !strcmp(x->d_name, "."); /* the folder may be a link itself */

		if (!strcmp(x->d_name, "..") || !realpath(arena_printf(&a, "%s/%s", folder, x->d_name), real))
			continue;
		path = in_tree(&a, s, real);
		if (path && strncmp(path, ".git/", 5))
			add_alias(s, path, "hook", hook_why);
		if (whole && path && strncmp(path, ".git/", 5))
			break;
	}
	closedir(d);
}

/* What the configuration names within the tree: git runs it. */
static void config_aliases(struct layer_state *s, struct bytes config)
{
	auto_arena a = { 0 };
	const char *hooks = gitconfig_value(&a, config, "core", "hookspath");
	struct stat st;

	if (hooks && *hooks == '/')
		hooks = in_tree(&a, s, hooks);
	if (hooks && *hooks && *hooks != '~')
		add_alias(s, !strncmp(hooks, "./", 2) ? hooks + 2 : hooks, "hook", hook_why);
	while (config.n) {
		size_t n = 0;
		char word[256];

		while (n < config.n && !strchr(" \t\r\n\"'=;|&()<>", config.p[n]))
			n++;
		if (n > 2 && n < sizeof(word) && memchr(config.p, '/', n)) {
			const char *path = word;

			memcpy(word, config.p, n);
			word[n] = 0;
			path = *word == '/' ? in_tree(&a, s, word) : !strncmp(word, "./", 2) ? word + 2 : word;
			if (path && !strstr(path, "..") && place_stat(s->tree, path, &st) == 0 && S_ISREG(st.st_mode))
				add_alias(s, path, "hook", hook_why);
		}
		n += n < config.n;
		config.p += n;
		config.n -= n;
	}
}

static void config_read(struct layer_state *s, const char *path)
{
	auto_buf text = buf_max(CONFIG_MAX);

	if (fs_read_file(path, &text, NULL) == 0)
		config_aliases(s, buf_bytes(&text));
}

void rules_aliases(struct layer_state *s)
{
	auto_arena a = { 0 };
	auto_buf common = buf_max(LAYER_PATH_MAX);
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

	s->aliases = NULL;
	links_of(s, "");
	links_of(s, ".github");
	if (fs_read_file(arena_printf(&a, "%s/base/common", s->path), &common, NULL) == 0) {
		config_read(s, arena_printf(&a, "%s/config", buf_str(&common)));
		hook_aliases(s, buf_str(&common));
	}
	if (home && *home == '/')
		config_read(s, arena_printf(&a, "%s/.gitconfig", home));
	if ((xdg && *xdg == '/') || (home && *home == '/'))
		config_read(s, xdg && *xdg == '/' ? arena_printf(&a, "%s/git/config", xdg) : arena_printf(&a, "%s/.config/git/config", home));
}

void rules_judge(struct arena *a, const struct layer_state *s, const struct layer_rules *r, struct layer_change *c)
{
	auto_arena scratch = { 0 };

	judge(&scratch, s, r, c, NULL);
	if (*c->why)
		c->why = arena_strdup(a, c->why);
}

void rules_judge_commit(struct arena *a, const struct layer_state *s, const struct layer_rules *r, struct layer_change *c,
			struct bytes text)
{
	auto_arena scratch = { 0 };
	bool module = c->type == LAYER_OTHER && c->kind != LAYER_REMOVED;

	if (module) /* a commit holds files, links and submodules */
		c->type = LAYER_FOLDER, c->mode = 0755;
	judge(&scratch, s, r, c, &text);
	if (*c->why)
		c->why = arena_strdup(a, c->why);
	if (module && c->verdict == LAYER_KEEPS)
		ask(c, r, "git-modules", "a submodule: git takes another repository into it", false);
}
