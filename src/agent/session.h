/*
 * A session: one agent's run as an append-only list of events, resumable after a kill at any instant.
 *
 * $XDG_STATE_HOME/sealwright/sessions/ID/log.jsonl: one JSON object a line,
 *   {"seq":N,"time":"RFC 3339","type":"...","prev":"sha256 of the line before, without its newline","data":{...}}
 * (docs/formats/session.md). fsync at session_sync, which ends every turn before its result is acted on. A torn last
 * line is moved to log.torn, never dropped. index.db beside the sessions is a cache that can be rebuilt.
 *
 * What is shown to people is what is logged: the line view and --json listen here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_SESSION_H
#define AGENT_SESSION_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

struct err;
struct session;

struct session_event {
	uint64_t seq;          /* from 1; 0 for what is only said */
	struct when time;
	const char *type;
	const json_t *data;    /* an object                       */
};
typedef void session_listener(void *arg, const struct session_event *ev);
typedef int session_reader(void *arg, const struct session_event *ev, struct err *e); /* -1 ends the reading */

/* kind: "run" or "exec". about: model, base URL, intent, options: all that a resume needs (stolen). */
int session_create(const char *kind, const char *dir, json_t *about, struct session **out, struct err *e);
/* id: whole, a unique beginning, or NULL for the newest in this folder. Checks the chain; ERR_DAMAGED names the line.
 * ERR_DENIED when another process holds it. */
int session_open(const char *id, struct session **out, struct err *e);
void session_close(struct session **s);
#define auto_session __attribute__((cleanup(session_close))) struct session

const char *session_id(const struct session *s);
const char *session_kind(const struct session *s);
const char *session_dir(const struct session *s);      /* the work tree                              */
const char *session_folder(const struct session *s);   /* where its log and spilled outputs stand    */
const json_t *session_about(const struct session *s);

void session_listen(struct session *s, session_listener *fn, void *arg); /* up to 4 listeners        */

/* Appends and tells listeners. data is stolen, NULL is {}. Durable after session_sync. */
int session_add(struct session *s, const char *type, json_t *data, struct err *e);
int session_sync(struct session *s, struct err *e);
/* Tells listeners only: progress that is not worth keeping. */
void session_say(struct session *s, const char *type, json_t *data);

/* Every event from the start, in order. */
int session_each(struct session *s, session_reader *fn, void *arg, struct err *e);

/* For `sealwright sessions`: newest first, from the index, which is brought up to date first (agent/index.h has more).
 * {"id","kind","dir","intent","model","started","changed","state","turns","prompt","completion","cost"}; cost: dollars,
 * null when not known; state: running, interrupted (neither ended nor alive), stopped, finished, unfinished, declined, done,
 * damaged. */
int session_list(json_t **out, struct err *e);

#endif
