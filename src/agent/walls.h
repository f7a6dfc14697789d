/*
 * The sandbox of a session's work, and what the log says of it: which one it was, and what it refused (docs/formats/events.md).
 *
 * Commands of an agent get the profile "none" unless a person asked for another, test runs the profile "test"
 * (docs/formats/profile.md). What a person allows of the network is the commands' alone: test runs never have any.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_WALLS_H
#define AGENT_WALLS_H

#include "agent/session.h"
#include "base/hash.h"
#include "sandbox/sandbox.h"

struct err;
struct network;
struct profile;

typedef int walls_hold_fn(void *arg, struct profile *p, struct err *e);

/* What a person asked for, for commands. */
struct walls_asked {
	const char *profile;      /* NULL: "none"                                                                        */
	const char *const *allow; /* --allow: HOST[:PORT] and "registries"; NULL-ended; may be NULL                       */
};

struct walls {
	struct sandbox work, tests;
	const char *work_profile, *tests_profile;
	struct digest work_rules, tests_rules; /* profile_digest's */
	int64_t work_ms, tests_ms;             /* the most that one command, one test run may take; 0: no limit */
	const char *const *reach;              /* what commands may reach: rules, and "registries"; NULL-ended   */
	const char *reach_words;               /* the same for the model; NULL: no network                       */
	struct network *network;               /* NULL: none                                                     */
};

/* base: tree, backend and image as a person chose them, over which the profiles go. ERR_DENIED when this machine's sandbox is of a
 * lower level than a profile asks for. Texts live in a. asked may be NULL; network_open says what may be refused of it. hold: an
 * organisation's locks over each profile; may be NULL. */
int walls_open(struct arena *a, const struct sandbox *base, const struct walls_asked *asked, walls_hold_fn *hold, void *arg,
	       struct walls *out, struct err *e);
/* Ends the network, and logs what was asked of it: "network", "refused", "package". Commands reach nothing afterwards; copies of work
 * must not be run any more. No harm twice. */
void walls_close(struct walls *w, struct session *s);

/* The data of a "sandbox" event: the backend, the level that this machine gives and what is missing for the next, the profiles. */
json_t *walls_sandbox(const struct walls *w);
/* 0 for a backend other than our own. */
int walls_level(const struct sandbox *s);

/* The data of a "refused" event, for people; the model is told no more than that something was refused. */
json_t *walls_refusal(const struct sandbox_refusal *r);

#endif
