/*
 * Server-sent events (WHATWG HTML, 9.2.6), read as they come.
 *
 * Bytes may be split anywhere, also within a character or a CRLF. One line and one event have ceilings, so that a peer
 * that never ends a line costs no more than that. `id` and `retry` are read over: nothing here reconnects. An event
 * that the end of the stream cuts off is dropped, as the standard says.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NET_SSE_H
#define NET_SSE_H

#include "base/buf.h"

struct err;

enum { SSE_LINE_MAX = 4 << 20, SSE_EVENT_MAX = 8 << 20, SSE_TYPE_MAX = 63 };

struct sse {
	/* Called for every event; -1 (with e set) ends the reading. type is "message" unless the event says otherwise. */
	int (*event)(void *arg, const char *type, struct bytes data, struct err *e);
	void *arg;
	struct buf line, data;        /* of the line and the event that are not whole yet */
	char type[SSE_TYPE_MAX + 1];
	bool has_data, after_cr, begun;
};

struct sse sse_make(int (*event)(void *arg, const char *type, struct bytes data, struct err *e), void *arg);
/* ERR_INPUT over a ceiling; else -1 only when `event` said so. */
int sse_add(struct sse *s, struct bytes piece, struct err *e);
/* True when an event was begun and is not whole. */
bool sse_is_amid(const struct sse *s);
void sse_drop(struct sse *s);
#define auto_sse __attribute__((cleanup(sse_drop))) struct sse

#endif
