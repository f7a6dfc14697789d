/*
 * Profiles: what one says, what it says over another, and what is refused, by file and line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/profile.h"

#include "../tap.h"
#include "base/err.h"
#include "base/fs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena a;
static struct err e;
static struct profile p;
static char base[] = "/tmp/profile.XXXXXX";

static int find(void *arg, struct arena *to, const char *name, struct bytes *text, const char **path, struct err *why)
{
	(void)arg;
	(void)to;
	*path = name;
	if (!strcmp(name, "parent"))
		*text = bytes_of("network: [registries, a.example:8443]\nread: [/opt/x]\nlimits: {time: 1m, memory: 1G}\nkeep: drop\n"
				 "tree: read\nenv: {A: one}\n");
	else if (!strcmp(name, "self"))
		*text = bytes_of("extends: self\n");
	else
		return err_set(why, ERR_NOT_FOUND, "no profile %s", name);
	return 0;
}

static int parse(const char *text)
{
	memset(&e, 0, sizeof(e));
	memset(&p, 0, sizeof(p));
	return profile_parse(&a, bytes_of(text), "P", find, NULL, &p, &e);
}

static void refused(const char *text, const char *why)
{
	int r = parse(text);

	ok(r < 0 && strstr(e.text, why), "%.*s is refused: %s", (int)strcspn(text, "\n"), text, r < 0 ? e.text : "(was taken)");
}

static void a_profile_says_what_may_be_done(void)
{
	setenv("HOME", "/home/somebody", 1);
	ok(parse("") == 0 && !p.network[0] && !p.registries && !p.read[0] && p.keep == PROFILE_UNSAID, "an empty one is a strict one");
	ok(parse("about: x\nnetwork: [registries, '*.example.org:8443']\nread: [~/.rustup, /opt/a]\nwrite: /srv/cache\n"
		 "env: {A: '1'}\npass: [LANG]\nprotect: [tests/accept]\nlevel_min: 2\nbackend: oci\nimage: i\nkeep: ask\n"
		 "allow_change: ['ci:.github/workflows/x.yml']\n"
		 "limits: {time: 90s, memory: 512M, processes: 7, disk: 64k, output: 1T}\ntree: read\n") == 0, "all keys are taken %s", e.text);
	is_text(p.network[0], "*.example.org:8443", "a host");
	ok(p.registries && !p.network[1], "the gateway apart from hosts");
	is_text(p.read[0], "/home/somebody/.rustup", "a folder of the home");
	is_text(p.read[1], "/opt/a", "a list");
	is_text(p.write[0], "/srv/cache", "a text for a list of one");
	is_text(p.env[0], "A=1", "a variable");
	is_whole(p.memory, 512 << 20, "sizes");
	is_whole(p.disk, 64 << 10, "in k");
	is_whole(p.output, INT64_C(1) << 40, "to T");
	ok(p.time_ms == 90000 && p.processes == 7 && p.level_min == 2 && p.tree_readonly && p.keep == PROFILE_ASK, "numbers and words");
	ok(p.has_backend && p.backend == SANDBOX_OCI && !strcmp(p.image, "i"), "the backend");
}

static void one_over_another_says_only_what_differs(void)
{
	ok(parse("extends: parent\nread: /opt/y\nlimits: {memory: 2G}\nenv: {A: two}\n") == 0, "extends %s", e.text);
	ok(!strcmp(p.read[0], "/opt/x") && !strcmp(p.read[1], "/opt/y"), "a list adds");
	ok(p.memory == INT64_C(2) << 30 && p.time_ms == 60000, "a number replaces its own kind");
	ok(p.tree_readonly && p.keep == PROFILE_DROP && p.registries, "the rest stays");
	ok(!strcmp(p.env[0], "A=one") && !strcmp(p.env[1], "A=two"), "of variables, the later wins in the sandbox");
	ok(parse("extends: parent\nnetwork: none\ntree: write\n") == 0 && !p.network[0] && !p.registries && !p.tree_readonly,
	   "network: none takes away");
	refused("extends: self\n", "in a circle");
	refused("extends: nobody\n", "no profile nobody");
}

static void what_makes_no_sense_is_refused(void)
{
	refused("netwrok: none\n", "P:1: a profile has no key netwrok");
	refused("limits: {cpu: 3}\n", "P:1: limits has no key cpu");
	refused("limits: 3\n", "P:1: limits takes");
	refused("limits: {memory: lots}\n", "memory takes a size");
	refused("limits: {memory: 0}\n", "memory takes a size");
	refused("limits: {memory: 9999999T}\n", "memory takes a size");
	refused("limits: {memory: 5X}\n", "memory takes a size");
	refused("limits: {processes: 0}\n", "processes takes");
	refused("read: relative\n", "P:1: read takes folders");
	refused("read: /a/../etc\n", "P:1: read takes folders");
	refused("write: /a/.\n", "P:1: write takes folders");
	refused("protect: /etc\n", "P:1: protect takes");
	refused("protect: ../x\n", "P:1: protect takes");
	refused("pass: 'A=B'\n", "P:1: pass takes");
	refused("env: {9A: x}\n", "P:1: env takes");
	refused("env: [A]\n", "P:1: env takes");
	refused("network: [none, a.example]\n", "none stands alone");
	refused("network: 'a b'\n", "P:1: network takes");
	refused("network: \"a.example\\0.evil\"\n", "control character");
	refused("tree: both\n", "tree takes one of write, read");
	refused("backend: off\n", "backend takes one of own, oci");
	refused("level_min: 5\n", "level_min takes");
	refused("allow_change: 'x'\n", "allow_change takes RULE:PATH");
	refused("a: &x 1\n", "anchors");
	ok(e.code == ERR_USAGE, "as a usage error");
}

static void put(const char *path, const char *text, mode_t mode)
{
	auto_arena t = { 0 };
	char *full = arena_printf(&t, "%s/%s", base, path);

	ok(fs_write_atomic(full, bytes_of(text), mode, &e) == 0, "%s is written", path);
	chmod(full, mode);
}

static int load(const char *name, const char *tree)
{
	memset(&e, 0, sizeof(e));
	return profile_load(&a, name, tree, &p, &e);
}

/* As a clone made with umask 002 has it. */
static void loose_built_in_is_taken(const char *tree)
{
	const char *before = getenv("SEALWRIGHT_SHARE");

	fs_make_dirs(arena_printf(&a, "%s/share/profiles", base), 0755, NULL);
	put("share/profiles/none.yml", "about: mine\n", 0664);
	setenv("SEALWRIGHT_SHARE", arena_printf(&a, "%s/share", base), 1);
	ok(load("none", tree) == 0 && !strcmp(p.about, "mine"), "a built-in one that its group can write is taken %s", e.text);
	if (before)
		setenv("SEALWRIGHT_SHARE", before, 1);
	else
		unsetenv("SEALWRIGHT_SHARE");
}

static void it_never_comes_from_the_tree(void)
{
	char *tree = arena_printf(&a, "%s/tree", base), *own = arena_printf(&a, "%s/config/sealwright/profiles", base);
	static const char *const built_in[] = { "none", "deps", "allow", "test", "scan", NULL };
	const char *const *names;
	bool all = true;

	mkdir(tree, 0755);
	setenv("XDG_CONFIG_HOME", arena_printf(&a, "%s/config", base), 1);
	fs_make_dirs(own, 0700, NULL);
	for (int i = 0; built_in[i]; i++)
		ok(load(built_in[i], tree) == 0, "%s is built in %s", built_in[i], e.text);
	ok(load("none", fs_share(&a, "profiles", NULL)) < 0 && e.code == ERR_DENIED && strstr(e.text, "within the tree"),
	   "one that lies within the tree is denied, built in or not: %s", e.text);
	loose_built_in_is_taken(tree);
	ok(load("none", tree) == 0 && !p.network[0] && !p.registries && !strcmp(p.name, "none"), "none has no network");
	ok(load("deps", tree) == 0 && p.registries, "deps has the registries");
	put("tree/mine.yml", "tree: read\n", 0644);
	put("out.yml", "extends: test\n", 0644);
	put("loose.yml", "tree: read\n", 0666);
	put("in.yml", arena_printf(&a, "extends: %s/mine.yml\n", tree), 0644);
	ok(load(arena_printf(&a, "%s/out.yml", base), tree) == 0 && p.keep == PROFILE_DROP, "a file is named by its path %s", e.text);
	ok(load(arena_printf(&a, "%s/mine.yml", tree), tree) < 0 && e.code == ERR_DENIED && strstr(e.text, "within the tree"),
	   "one within the tree is denied: %s", e.text);
	ok(load(arena_printf(&a, "%s/in.yml", base), tree) < 0 && e.code == ERR_DENIED, "also behind extends");
	ok(symlink(arena_printf(&a, "%s/mine.yml", tree), arena_printf(&a, "%s/link.yml", base)) == 0 &&
	   load(arena_printf(&a, "%s/link.yml", base), tree) < 0 && e.code == ERR_DENIED, "and behind a link");
	ok(load(arena_printf(&a, "%s/loose.yml", base), tree) < 0 && strstr(e.text, "chmod go-w"), "one that others can write is denied");
	put("config/sealwright/profiles/rust.yml", "read: /opt\n", 0644);
	put("config/sealwright/profiles/none.yml", "network: registries\n", 0644);
	ok(load("rust", tree) == 0 && !strcmp(p.read[0], "/opt"), "the person's own have names, too %s", e.text);
	ok(load("none", tree) == 0 && !p.registries, "but a built-in name means the built-in one");
	ok(load("rusty", tree) < 0 && e.code == ERR_NOT_FOUND && strstr(e.text, "there are allow, deps, none, scan, test, rust;"),
	   "an unknown name lists those that there are: %s", e.text);
	ok(load("../config", tree) < 0 && load(".", tree) < 0 && load("", tree) < 0, "nothing else is a name");
	names = profile_names(&a);
	for (int i = 0; built_in[i]; i++) {
		bool found = false;

		for (int k = 0; names[k]; k++)
			found = found || !strcmp(names[k], built_in[i]);
		all = all && found;
	}
	ok(all, "the names are known");
}

static void a_profile_becomes_a_sandbox(void)
{
	struct sandbox s = { .tree = "/x", .memory_max = 5 };
	struct digest one, two;
	auto_buf text = buf_max(1 << 16);

	setenv("PASSED", "on", 1);
	unsetenv("ABSENT");
	parse("tree: read\nread: /opt/a\nwrite: /opt/b\npass: [PASSED, ABSENT]\nenv: {A: '1'}\nprotect: t\n"
	      "limits: {processes: 9, disk: 1M, memory: 2M}\nbackend: oci\nimage: i\n");
	profile_apply(&a, &p, &s);
	ok(s.tree_readonly && !strcmp(s.read[0], "/opt/a") && !strcmp(s.write[0], "/opt/b") && !strcmp(s.protect[0], "t"), "folders");
	ok(!strcmp(s.env[0], "A=1") && !strcmp(s.env[1], "PASSED=on") && !s.env[2], "variables, passed on where they are set");
	ok(s.processes_max == 9 && s.disk_max == 1 << 20 && s.memory_max == 2 << 20, "limits");
	ok(s.backend == SANDBOX_OCI && !strcmp(s.image, "i"), "the backend");
	one = profile_digest(&p);
	parse("");
	two = profile_digest(&p);
	ok(!digest_equal(&one, &two), "other rules have another digest");
	s = (struct sandbox){ .memory_max = 5 };
	profile_apply(&a, &p, &s);
	ok(s.memory_max == 5 && !s.read && !s.env, "what is not said stays");
	ok(profile_write(&p, &text) == 0 && strstr(buf_str(&text), "\"tree\":\"write\""), "and can be printed");
}

int main(void)
{
	if (!mkdtemp(base))
		return 1;
	a_profile_says_what_may_be_done();
	one_over_another_says_only_what_differs();
	what_makes_no_sense_is_refused();
	it_never_comes_from_the_tree();
	a_profile_becomes_a_sandbox();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
