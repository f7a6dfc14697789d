/*
 * The test engine: finds a project's tests, runs them in the sandbox, reads what they report.
 *
 * A verdict comes from tests that were seen to run by name, never from an exit status alone: a runner that ended
 * with 0 and reported no test is not green. What this can and cannot hold against code that wants to be green:
 * docs/decisions/suite-trust.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SUITE_SUITE_H
#define SUITE_SUITE_H

#include "base/arena.h"
#include "base/json.h"
#include "sandbox/sandbox.h"

enum test_state { TEST_PASSED, TEST_FAILED, TEST_ERROR, TEST_SKIPPED };

struct suite_test {
	const char *name;      /* as the runner names it: "tests/test_item.py::ItemTest::test_create" */
	const char *file;      /* beneath the tree, or NULL                                           */
	int line;              /* of the failure, or 0                                                */
	const char *message;   /* of a failure or the reason of a skip; bounded; NULL when passed     */
	enum test_state state;
	int64_t ms;
};

struct suite_report {
	struct suite_test *tests;
	int n, passed, failed, errors, skipped;
	const char *runner;    /* "pytest", "unittest", "node", "go", "command"                       */
	const char *command;   /* as run, for people                                                  */
	bool green;            /* at least one test passed, none failed, the runner ended well        */
	bool crashed;          /* the runner gave no usable report                                    */
	bool timed_out;
	const char *why;       /* when not green: one line                                            */
	const char *output;    /* of the runner, bounded                                              */
	int64_t wall_ms;
};

/* How a project's tests are run. */
struct suite {
	const char *runner;       /* "pytest" (or unittest, where pytest is missing), "unittest", "node", "go", "command" */
	const char *const *argv;  /* NULL-ended; argv[0] is a name, looked up in the sandbox                              */
	int fixed;                /* of its words, those that stay when only some tests are run                           */
	const char *tree;         /* its path inside: the tree's own, but for a copy that is worked on where it lies       */
	const char *look;         /* where we look at its files: tree, or another path to what a sandbox shows there     */
	const char *report;       /* for "command": path beneath the tree that it writes its report to, or NULL           */
	const char *command;      /* for people                                                                           */
};

/* command: from the configuration, wins over what is found; NULL: find. ERR_NOT_FOUND says what was looked for. A
 * command that is a plain call of a known runner ("python3 -m pytest -q tests") is run through our reporter of it.
 * look: as sandbox_beside gives it, and as long as the run lasts; NULL: the tree itself. */
int suite_find(struct arena *a, const char *tree, const char *look, const char *command, struct suite *out, struct err *e);

/* only: names of test files or test ids to run, NULL-ended; NULL: all. Each must be seen to run, or the report is not
 * green. node runs the whole file of an id; a command always runs all. limit_ms 0: 10 minutes. */
int suite_run(struct arena *a, const struct suite *s, const struct sandbox *box, const char *const *only,
	      int64_t limit_ms, const volatile int *stop, struct suite_report *out, struct err *e);

/* The report as the model and --json see it: {"green":..,"passed":..,"failures":[{name,file,line,message}]}. */
json_t *suite_report_json(const struct suite_report *r, int failures_max);
/* For a person or a model, bounded: "3 passed, 1 failed" and each failure as name, file:line, message. */
char *suite_report_text(struct arena *a, const struct suite_report *r, int failures_max);

#endif
