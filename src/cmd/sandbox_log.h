/*
 * What happened in a sandbox, told twice: as JSON lines for a program (docs/formats/sandbox-events.md), and as an account
 * for a person once the command has ended: what was refused, by which rule, and how to allow it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_SANDBOX_LOG_H
#define CMD_SANDBOX_LOG_H

#include "base/json.h"
#include "sandbox/sandbox.h"

struct err;
struct sandbox_log;

/* file: path of --events, written anew and for its owner alone; NULL: none. is_json: the same lines on stdout. */
int sandbox_log_open(const char *file, bool is_json, struct sandbox_log **out, struct err *e);
/* Fails when a line could not be written; sets NULL. */
int sandbox_log_close(struct sandbox_log **l, struct err *e);

/* Takes the reference of data. From any thread. */
void sandbox_log_add(struct sandbox_log *l, const char *type, json_t *data);

/* For sandbox.on_refused, and the output of streams; arg: the log. */
void sandbox_log_refused(void *arg, const struct sandbox_refusal *r);
void sandbox_log_output(void *arg, struct bytes piece, bool is_stderr);

/* The account, on f; nothing when nothing was refused. At most a screenful: the rest is counted. */
void sandbox_log_account(const struct sandbox_log *l, FILE *f);

#endif
