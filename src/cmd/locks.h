/*
 * The organisation's locks over a profile of the sandbox: what a profile or a flag asks beyond them is refused by name;
 * what nobody said takes the lock's value quietly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_LOCKS_H
#define CMD_LOCKS_H

#include "cmd/settings.h"
#include "sandbox/profile.h"

struct err;

/* p: of a profile and the flags over it. ERR_DENIED names what was asked, the lock and its file. */
int locks_apply(const struct settings *s, struct profile *p, struct err *e);

/* For the profiles of an agent's work: what goes beyond a lock takes its value quietly, unless a person asked for that profile. arg: the settings;
 * as walls_open takes it. */
int locks_hold(void *arg, struct profile *p, struct err *e);

/* Whether a rule of the egress allow-list (HOST[:PORT], egress/allow.h) allows nothing that `lock`, one of those too, does not. */
bool locks_host_within(const char *rule, const char *lock);

#endif
