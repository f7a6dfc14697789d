/*
 * The sandbox of a session's work, and what the log says of it: which one it was, and what it refused (docs/formats/events.md).
 *
 * Commands of an agent get the profile "none", test runs the profile "test" (docs/formats/profile.md).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_WALLS_H
#define AGENT_WALLS_H

#include "agent/session.h"
#include "base/hash.h"
#include "sandbox/sandbox.h"

struct err;
struct profile;

typedef int walls_hold_fn(void *arg, struct profile *p, struct err *e);

struct walls {
	struct sandbox work, tests;
	const char *work_profile, *tests_profile;
	struct digest work_rules, tests_rules; /* profile_digest's */
	int64_t work_ms, tests_ms;             /* the most that one command, one test run may take; 0: no limit */
};

/* base: tree, backend and image as a person chose them, over which the profiles go. ERR_DENIED when this machine's sandbox is of a
 * lower level than a profile asks for. Texts live in a. hold: an organisation's locks over each profile; may be NULL. */
int walls_open(struct arena *a, const struct sandbox *base, walls_hold_fn *hold, void *arg, struct walls *out, struct err *e);

/* The data of a "sandbox" event: the backend, the level that this machine gives and what is missing for the next, the profiles. */
json_t *walls_sandbox(const struct walls *w);
/* 0 for a backend other than our own. */
int walls_level(const struct sandbox *s);

/* The data of a "refused" event, for people; the model is told no more than that something was refused. */
json_t *walls_refusal(const struct sandbox_refusal *r);

#endif
