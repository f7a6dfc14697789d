/*
 * Search under test: several answers of a model at rising temperature, and the tests decide.
 *
 * For small models: measured, resampling the unchanged prompt finds a right function in 9 of 10 cases within 9 samples,
 * while showing the model its error or the test made it worse (docs/decisions/search-under-test.md). The first sample
 * is greedy, then four at 0.5, then four at 0.9. An answer that was tried before is not run again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FLOW_SAMPLE_H
#define FLOW_SAMPLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "model/model.h"

struct err;

enum { SAMPLE_MAX = 9 };

struct sample {
	struct bytes prompt;     /* messages for the model                                                      */
	int max_tokens;
	int max;                 /* samples at most, 1 .. SAMPLE_MAX; 0: SAMPLE_MAX                              */
	/* 1: the answer passes; 0: it does not (*why says so in a line); -1: it could not be judged, the search ends. */
	int (*judge)(void *arg, struct arena *a, struct bytes answer, const char **why, struct err *e);
	/* Told of each sample, before it is judged (why NULL) and after; may be NULL. 1 ends the search: budget; -1: it failed. */
	int (*told)(void *arg, int n, const struct model_reply *r, const char *why);
	void *arg;
	/* Answers that an earlier process was given for this same prompt, in order: judged first, and not asked for again. */
	const char *const *earlier;
	int earlier_n;
	/* As model_ask's `seen`; may be NULL. */
	void (*seen)(void *arg, const char *what, struct bytes piece);
	void *seen_arg;
};

struct sample_result {
	bool found;
	int tried;               /* answers asked for              */
	int same;                /* of them, word for word repeats */
	char *answer;            /* that passed, in the arena      */
	const char *why;         /* the last refusal               */
	struct model_usage spent;
};

int sample_search(struct model *m, struct arena *a, const struct sample *s, struct sample_result *out, struct err *e);

/* The temperature of the n-th sample, from 0. */
double sample_temperature(int n);

#endif
