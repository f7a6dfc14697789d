/*
 * Testing and committing, as every stage of a flow does it.
 *
 * The acceptance tests are read-only in the sandbox while anything runs, so that code under test cannot change its judge.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/blueprint.h"
#include "flow/git.h"
#include "flow/state.h"

#include <stdio.h>
#include <string.h>

/* The test files of a blueprint with their helpers, or those that the plan names. */
const char *const *flow_protected(struct flow *f)
{
	struct blueprint_file *files = NULL;
	const char **list;
	int n = 0, all = 0;

	if (f->protect)
		return f->protect;
	if (f->blueprint && blueprint_tests(f->a, f->blueprint, f->spec, &files, &all, NULL) < 0)
		all = 0;
	for (int i = 0; i < f->plan.n; i++)
		n += f->plan.tasks[i].tests_n;
	list = arena_array(f->a, (size_t)(n + all) + 1, sizeof(*list));
	n = 0;
	for (int i = 0; i < all; i++)
		list[n++] = files[i].path;
	for (int i = 0; i < f->plan.n && !all; i++)
		for (int k = 0; k < f->plan.tasks[i].tests_n; k++)
			list[n++] = f->plan.tasks[i].tests[k];
	f->protect = list;
	return list;
}

int flow_test(struct flow *f, const char *task, const char *const *files, struct suite_report *r, struct err *e)
{
	struct suite s;
	struct sandbox box = f->box;
	const char *command = f->o->test_command ? f->o->test_command : f->plan.test;
	json_t *data;

	box.protect = flow_protected(f);
	if (suite_find(f->a, f->dir, command, &s, e) < 0)
		return -1;
	if (suite_run(f->a, &s, &box, files, 10 * 60 * 1000, f->o->stop, r, e) < 0)
		return err_wrap(e, "tests of %s", task);
	data = suite_report_json(r, 20);
	json_object_set_new(data, "task", json_string(task));
	return session_add(f->s, "tests", data, e);
}

static void taken_apart(void *arg, const char *line)
{
	flow_note(arg, "%s", line);
}

int flow_commit(struct flow *f, const char *subject, const char *origin, const char **id, struct err *e)
{
	if (git_commit(f->a, f->dir, subject, arena_printf(f->a, "Origin: %s\nSession: %s", origin, session_id(f->s)), taken_apart, f, id,
		       e) < 0)
		return -1;
	if (!*id)
		return 0;
	return flow_log(f, "commit", json_pack("{s:s, s:o, s:s}", "id", *id, "subject", json_string_any(bytes_of(subject)), "origin",
					       origin), e);
}
