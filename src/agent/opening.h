/*
 * The opening of a conversation: the rules (system), and the first message with where the agent is and what the person
 * wants.
 *
 * The rules are the same bytes in every session, so that a server's prompt cache serves them across sessions; what is of
 * one session stands in the first message. The environment goes up front because agents otherwise spend their first
 * turns on asking for it. AGENTS.md is shown as material to judge: it comes with the repository, not from the person.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_OPENING_H
#define AGENT_OPENING_H

#include "base/arena.h"
#include "tool/tool.h"

enum { OPENING_AGENTS_MAX = 12 << 10 };

/* more: rules of the caller's, behind ours; may be NULL. */
char *opening_rules(struct arena *a, const char *more);

struct opening {
	const struct toolbox *box;
	const char *limits;     /* "50 turns, $1.00"; NULL: none */
	const char *words;      /* the person's, verbatim        */
};
char *opening_message(struct arena *a, const struct opening *o);

/* The nearest AGENTS.md from dir upward, within the repository; *path NULL when there is none. */
char *opening_agents(struct arena *a, const char *dir, char **path);

#endif
