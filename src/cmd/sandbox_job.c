/*
 * What `sealwright sandbox` may do: profile, then flags, then the organisation's locks over both.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/sandbox_job.h"

#include "agent/network.h"
#include "base/err.h"
#include "cmd/locks.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- where ---- */

/* A .git that another user put there must not make the tree wider. */
static bool is_own_git(struct arena *a, const char *folder)
{
	struct stat st;

	return lstat(arena_printf(a, "%s/.git", folder), &st) == 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)) &&
	       (st.st_uid == geteuid() || st.st_uid == 0);
}

static bool is_home(const char *folder)
{
	const char *home = getenv("HOME");
	char *real = home && home[0] == '/' ? realpath(home, NULL) : NULL;
	bool same = real && !strcmp(real, folder);

	free(real);
	return same;
}

/* The repository's top folder when this folder stands in one, else this folder. */
static int tree_of(struct sandbox_job *j, struct err *e)
{
	char *here = realpath(".", NULL), *at;

	if (!here)
		return err_sys(e, "this folder");
	j->dir = arena_strdup(j->a, here);
	free(here);
	j->box.tree = j->dir;
	for (at = arena_strdup(j->a, j->dir); strrchr(at, '/') != at && !is_home(at); *strrchr(at, '/') = 0)
		if (is_own_git(j->a, at)) {
			j->box.tree = arena_strdup(j->a, at);
			break;
		}
	if (is_home(j->box.tree))
		return err_set(e, ERR_DENIED, "%s is the home folder, with its keys and history; use a folder beneath it", j->box.tree);
	return 0;
}

/* ---- what may be done ---- */

static int add_folders(struct sandbox_job *j, const char *option, const char *const **list, struct err *e)
{
	const char *given;

	for (int i = 0; (given = opts_nth(j->o, option, i)); i++) {
		char *real = realpath(given, NULL);

		if (!real)
			return err_sys(e, "--%s %s", option, given);
		*list = profile_list_add(j->a, *list, arena_strdup(j->a, real));
		free(real);
	}
	return 0;
}

static int add_env(struct sandbox_job *j, struct err *e)
{
	const char *given;

	for (int i = 0; (given = opts_nth(j->o, "env", i)); i++) {
		if (!*given || *given == '=')
			return err_set(e, ERR_USAGE, "--env takes NAME or NAME=VALUE, not \"%.60s\"", given);
		if (strchr(given, '='))
			j->profile.env = profile_list_add(j->a, j->profile.env, given);
		else
			j->profile.pass = profile_list_add(j->a, j->profile.pass, given);
	}
	return 0;
}

static int add_allow(struct sandbox_job *j, struct err *e)
{
	const char *given;

	for (int i = 0; (given = opts_nth(j->o, "allow", i)); i++)
		if (network_allow(j->a, &j->profile, given, e) < 0)
			return err_wrap(e, "--allow");
	return 0;
}

static int flags_over(struct sandbox_job *j, struct err *e)
{
	struct profile *p = &j->profile;
	int64_t level = p->level_min;

	if (opts_text(j->o, "backend") && sandbox_backend_parse(opts_text(j->o, "backend"), &p->backend, e) < 0)
		return err_wrap(e, "--backend");
	p->has_backend = p->has_backend || opts_has(j->o, "backend");
	if (p->has_backend && p->backend == SANDBOX_OFF)
		return err_set(e, ERR_USAGE, "--backend takes own or oci; without a sandbox, run the command itself");
	if (opts_text(j->o, "image"))
		p->image = opts_text(j->o, "image");
	if (add_folders(j, "ro", &p->read, e) < 0 || add_folders(j, "rw", &p->write, e) < 0 || add_env(j, e) < 0 ||
	    opts_time(j->o, "time", &p->time_ms, e) < 0 || opts_size(j->o, "memory", &p->memory, e) < 0 ||
	    opts_whole(j->o, "processes", 1, 1000000, &p->processes, e) < 0 || opts_size(j->o, "disk", &p->disk, e) < 0 ||
	    opts_size(j->o, "output", &p->output, e) < 0 || opts_whole(j->o, "level", 1, 4, &level, e) < 0)
		return -1;
	p->level_min = (int)level;
	return add_allow(j, e);
}

int sandbox_job_prepare(struct sandbox_job *j, struct err *e)
{
	struct profile *p = &j->profile;

	if (settings_load(j->a, NULL, &j->set, e) < 0 || tree_of(j, e) < 0 ||
	    profile_load(j->a, j->profile_name ? j->profile_name : opts_text_or(j->o, "profile", "none"), j->box.tree, p, e) < 0 || flags_over(j, e) < 0 || locks_apply(&j->set, p, e) < 0)
		return -1;
	j->box.backend = j->set.sandbox == SANDBOX_OCI ? SANDBOX_OCI : SANDBOX_OWN;
	j->box.image = j->set.image;
	if (!p->level_min)
		p->level_min = j->set.level_min;
	profile_apply(j->a, p, &j->box);
	j->box.level_min = p->level_min;
	j->box.level = &j->level;
	return 0;
}
