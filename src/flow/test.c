/*
 * Testing and committing, as every stage of a flow does it.
 *
 * The acceptance tests are read-only in the sandbox while anything runs, so that code under test cannot change its judge.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/walls.h"
#include "base/err.h"
#include "base/fs.h"
#include "blueprint/blueprint.h"
#include "flow/git.h"
#include "flow/state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEST_MAX = 16 << 20, RUN_MS = 10 * 60 * 1000 };

static const char *const pytest_plain[] = {
	"PYTEST_ADDOPTS=-o addopts= -o python_files='test_*.py *_test.py' -o python_classes=Test -o python_functions=test", NULL,
};

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

int flow_tests_take(struct flow *f, struct err *e)
{
	const char *const *list = flow_protected(f);
	int n = 0;

	if (f->held)
		return 0;
	while (list[n])
		n++;
	f->held = arena_array(f->a, (size_t)n + 1, sizeof(*f->held));
	for (int i = 0; i < n; i++) {
		auto_arena a = { 0 };
		struct bytes text = { 0 };
		int r = git_show(&a, f->dir, list[i], &text, e);

		if (r < 0)
			return -1;
		if (r) /* not there: left out with its task */
			f->held[f->held_n++] = (struct held){ list[i], hash_bytes(text) };
	}
	return 0;
}

void flow_tests_drop(struct flow *f, const char *path)
{
	for (int i = 0; i < f->held_n; i++)
		if (f->held[i].path && !strcmp(f->held[i].path, path))
			f->held[i].path = NULL;
}

int flow_tests_hold(struct flow *f, struct err *e)
{
	auto_fd dir = f->held_n ? fs_open_dir(f->dir, e) : -1;

	if (f->held_n && dir < 0)
		return -1;
	for (int i = 0; i < f->held_n; i++) {
		const char *path = f->held[i].path;
		auto_fd fd = path ? fs_open_beneath(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, NULL) : -1;
		auto_buf text = buf_max(TEST_MAX);
		struct digest now;
		struct stat st;

		if (!path)
			continue;
		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && fs_read_all(fd, &text, NULL) == 0) {
			now = hash_bytes(buf_bytes(&text));
			if (digest_equal(&now, &f->held[i].digest))
				continue;
		}
		return err_set(e, ERR_DENIED, "the acceptance test %s is not as it was agreed on; put it back (git checkout HEAD -- %s), "
			       "or commit the change if it is yours; then: sealwright resume %s", path, path, session_id(f->s));
	}
	return 0;
}

static void refused(void *arg, const struct sandbox_refusal *r)
{
	const struct flow *f = arg;
	json_t *d = walls_refusal(r);

	json_object_set_new(d, "task", json_string(f->testing));
	session_add(f->s, "refused", d, NULL);
}

int flow_test(struct flow *f, const char *task, const char *const *files, struct suite_report *r, struct err *e)
{
	char look[SANDBOX_LOOK];
	struct suite s;
	struct sandbox box = f->test_box;
	struct sandbox_session *under = NULL;
	struct layers trial = { 0 };
	struct arena *a = f->t ? f->t : f->a;
	const char *command = f->o->test_command ? f->o->test_command : f->plan.test;
	json_t *data;
	bool bad;

	box.protect = flow_protected(f);
	if (!f->blueprint) /* the model's pytest.ini may not choose which of the acceptance tests count */
		box.env = pytest_plain;
	box.on_refused = refused;
	box.refused_arg = f;
	f->testing = task;
	if (!f->layers.open && layers_open_trial(a, f->s, &box, &trial, e) < 0)
		return -1;
	bad = sandbox_open(&box, &under, e) < 0 ||
	      suite_find(a, f->dir, sandbox_beside(under, &box, look), command, &s, e) < 0 || flow_tests_hold(f, e) < 0;
	if (!bad && suite_run(a, &s, &box, files, f->walls.tests_ms && f->walls.tests_ms < RUN_MS ? f->walls.tests_ms : RUN_MS, f->o->stop, r, e) < 0)
		bad = err_wrap(e, "tests of %s", task) < 0;
	sandbox_close(&under);
	bad = layers_drop(&trial, &box, NULL, bad ? NULL : e) < 0 || bad;
	if (bad || flow_tests_hold(f, e) < 0)
		return -1;
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
	if (flow_tests_hold(f, e) < 0)
		return -1;
	if (git_commit(f->a, f->dir, subject, arena_printf(f->a, "Origin: %s\nSession: %s", origin, session_id(f->s)), taken_apart, f, id,
		       e) < 0)
		return -1;
	if (!*id)
		return 0;
	return flow_log(f, "commit", json_pack("{s:s, s:o, s:s}", "id", *id, "subject", json_string_any(bytes_of(subject)), "origin",
					       origin), e);
}
