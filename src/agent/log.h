/*
 * The session log's lines: writing one, reading all, checking that they chain.
 *
 *   {"seq":N,"time":"...","type":"...","prev":"sha256 of the line before","data":{...}}\n
 *
 * prev of the first line is 64 zeros; it covers the line's bytes without its newline. docs/formats/session.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include "agent/session.h"
#include "base/hash.h"

enum { LOG_LINE_MAX = 64 << 20 };

struct log_chain {
	uint64_t seq;          /* of the last line, 0: none */
	struct digest last;    /* of the last line          */
	struct when time;      /* of the last line          */
};

struct log_end {
	struct log_chain chain;
	size_t whole;          /* bytes up to the end of the last whole line; what stands behind is torn */
};

/* Appends one line to out and moves the chain on. */
int log_write(struct buf *out, struct log_chain *chain, struct when time, const char *type, const json_t *data,
	      struct err *e);

/* Every whole line, in order. ERR_DAMAGED names the line that does not chain; fn's -1 ends the reading. */
int log_read(struct bytes in, session_reader *fn, void *arg, struct log_end *end, struct err *e);

/* Does the log at this path say in its first line that its work tree is dir? For finding; does not check the chain. */
bool log_is_of_dir(const char *path, const char *dir);

#endif
