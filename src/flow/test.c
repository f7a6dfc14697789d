/*
 * Testing and committing, as every stage of a flow does it.
 *
 * The acceptance tests are read-only in the sandbox while anything runs, so that code under test cannot change its judge.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "blueprint/blueprint.h"
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

int flow_commit(struct flow *f, const char *subject, const char *origin, const char **id, struct err *e)
{
	auto_arena a = { 0 };
	const char *base[] = { "git", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "commit.gpgsign=false",
			       "-c", "user.name=sealwright", "-c", "user.email=agent@sealwright.invalid" };
	const char *argv[24];
	char *status, *head;
	size_t n = sizeof(base) / sizeof(*base);

	*id = NULL;
	memcpy(argv, base, sizeof(base));
	memcpy(argv + n, (const char *[]){ "add", "-A", "--", ".", NULL }, 5 * sizeof(*argv));
	if (proc_ask(&a, f->dir, argv, NULL, e) < 0)
		return err_wrap(e, "commit");
	memcpy(argv + n, (const char *[]){ "status", "--porcelain", NULL }, 3 * sizeof(*argv));
	if (proc_ask(&a, f->dir, argv, &status, e) < 0)
		return err_wrap(e, "commit");
	if (!*status)
		return 0;
	memcpy(argv + n, (const char *[]){ "commit", "-q", "--no-verify", "-m", subject, "-m",
		       arena_printf(&a, "Origin: %s\nSession: %s", origin, session_id(f->s)), NULL },
	       8 * sizeof(*argv));
	if (proc_ask(&a, f->dir, argv, NULL, e) < 0)
		return err_wrap(e, "commit");
	memcpy(argv + n, (const char *[]){ "rev-parse", "HEAD", NULL }, 3 * sizeof(*argv));
	if (proc_ask(&a, f->dir, argv, &head, e) < 0)
		return err_wrap(e, "commit");
	head[strcspn(head, "\n")] = 0;
	*id = arena_strdup(f->a, head);
	return flow_log(f, "commit", json_pack("{s:s, s:s, s:s}", "id", head, "subject", subject, "origin", origin), e);
}
