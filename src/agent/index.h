/*
 * The index of sessions: a cache over the logs, so that listing a thousand sessions does not read a thousand logs.
 *
 * $XDG_STATE_HOME/sealwright/index.db (SQLite). It remembers for each log how far it was read and what came out of that, so
 * a listing costs what is new. It is never the truth: absent, damaged, locked or of another version, it is made again or
 * done without, and no run ever waits for it or fails by it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_INDEX_H
#define AGENT_INDEX_H

#include "agent/session.h"

/* The session that `given` names: whole, a unique beginning, or NULL: the one changed last whose work tree is this folder,
 * stands beneath it or holds it. An entry as session_list's, a new reference. ERR_NOT_FOUND, ERR_USAGE. */
int session_find(const char *given, json_t **out, struct err *e);
/* Is this work tree here: the folder, one beneath it, or one that holds it? */
bool session_is_here(const char *dir, const char *here);

/* Every whole line of a session's log, without opening it for work: one that runs, or is damaged, can be looked at.
 * ERR_DAMAGED, after fn saw all that chains, names the first line that does not. */
int session_look(const char *id, session_reader *fn, void *arg, struct err *e);

/* Removes a session's folder. ERR_DENIED when it runs. */
int session_remove(const char *id, struct err *e);

#endif
