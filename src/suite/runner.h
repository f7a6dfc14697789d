/*
 * The runners that we know: how each is called, told which tests to run, and read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SUITE_RUNNER_H
#define SUITE_RUNNER_H

#include "suite/report.h"

struct err;

/* One run: what suite_run hands around. */
struct runner_call {
	struct arena *a;
	const struct suite *s;
	const char *const *only;   /* NULL: all */
	const char **argv;         /* as it will be run                             */
	const char **read, **write, **env; /* added to the sandbox's; NULL-ended    */
	bool apart;                /* stdout is the report, stderr what is for people */
};

/* args: of the person's own call, NULL-ended. ERR_USAGE for an unknown name. */
int runner_make(struct arena *a, const char *runner, const char *tree, const char *const *args, struct suite *out,
		struct err *e);
/* c->a, s, only are given; fills the rest. box tells whether programs of this machine are seen. */
int runner_call(struct runner_call *c, const struct sandbox *box, struct err *e);
/* The bytes of its report into r. */
int runner_read(const struct suite *s, struct report *r, struct bytes in, struct err *e);

/* go: which packages and tests these files and ids are; NULL-ended words for go test. */
const char **go_arguments(struct arena *a, const char *tree, const char *const *only, struct err *e);
/* go: the test file that each test stands in, since go does not say. */
void go_places(struct arena *a, const char *tree, struct report *r);

#endif
