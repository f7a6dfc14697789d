/*
 * What a session's log says of its sandbox: which one it was, and what it refused (docs/formats/events.md).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_WALLS_H
#define AGENT_WALLS_H

#include "agent/session.h"
#include "sandbox/sandbox.h"

/* The data of a "sandbox" event: the backend, the level that this machine gives and what is missing for the next. */
json_t *walls_sandbox(const struct sandbox *s);
/* 0 for a backend other than our own. */
int walls_level(const struct sandbox *s);

/* The data of a "refused" event, for people; the model is told no more than that something was refused. */
json_t *walls_refusal(const struct sandbox_refusal *r);

#endif
