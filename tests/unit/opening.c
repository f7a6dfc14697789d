/*
 * What of a repository goes to the model unasked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../tap.h"

#include "agent/opening.h"
#include "base/err.h"
#include "base/fs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena a;
static char base[] = "/tmp/opening.XXXXXX";

static char *at(const char *name)
{
	return arena_printf(&a, "%s/%s", base, name);
}

static void put(const char *name, const char *text)
{
	struct err e = { 0 };

	if (fs_write_atomic(at(name), bytes_of(text), 0644, &e) < 0)
		printf("Bail out! %s\n", e.text), exit(1);
}

static void an_agents_file_is_found_up_to_the_repository(void)
{
	char *path;

	put("repo/AGENTS.md", "Use tabs.\n");
	is_text(opening_agents(&a, at("repo/src"), &path), "Use tabs.\n", "AGENTS.md of the repository is read from a folder beneath");
	is_text(path, at("repo/AGENTS.md"), "and named");
	is_text(opening_agents(&a, at("alone"), &path), NULL, "a folder without one has none");
}

static void an_agents_link_leads_nowhere(void)
{
	char *path;

	put("secret", "-----BEGIN PRIVATE KEY-----\n");
	ok(unlink(at("repo/AGENTS.md")) == 0 && symlink("../secret", at("repo/AGENTS.md")) == 0, "(a link out of the repository)");
	is_text(opening_agents(&a, at("repo"), &path), NULL, "is not followed");
	ok(unlink(at("repo/AGENTS.md")) == 0 && symlink(at("secret"), at("repo/AGENTS.md")) == 0, "(nor is an absolute one)");
	is_text(opening_agents(&a, at("repo"), &path), NULL, "is not followed");
	put("repo/CLAUDE.md", "Be brief.\n");
	ok(unlink(at("repo/AGENTS.md")) == 0 && symlink("CLAUDE.md", at("repo/AGENTS.md")) == 0, "(a link beside it)");
	is_text(opening_agents(&a, at("repo"), &path), "Be brief.\n", "is followed");
	ok(unlink(at("repo/AGENTS.md")) == 0 && mkfifo(at("repo/AGENTS.md"), 0644) == 0, "(a fifo)");
	is_text(opening_agents(&a, at("repo"), &path), NULL, "does not hold us");
}

int main(void)
{
	struct err e = { 0 };

	if (!mkdtemp(base) || fs_make_dirs(at("repo/.git"), 0755, &e) < 0 || fs_make_dirs(at("repo/src"), 0755, &e) < 0 ||
	    fs_make_dirs(at("alone"), 0755, &e) < 0)
		return 1;
	an_agents_file_is_found_up_to_the_repository();
	an_agents_link_leads_nowhere();
	fs_remove_tree(base, NULL);
	arena_drop(&a);
	return done();
}
