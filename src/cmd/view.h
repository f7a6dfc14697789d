/*
 * What a person sees of a session while it works: one calm line an event on stderr; or, with --json, one JSON object an
 * event on stdout (docs/formats/events.md). It listens to the session, so what is shown is what is logged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_VIEW_H
#define CMD_VIEW_H

#include "agent/session.h"

#include <stdbool.h>
#include <stdio.h>

struct view {
	bool json;
	bool colour;            /* stderr is a terminal and NO_COLOR is not set                */
	bool live;              /* a progress line is redrawn in place: a terminal             */
	bool quiet;             /* nothing but errors and the summary                          */
	int64_t started_ms;     /* monotonic                                                   */
	int64_t said_ms;        /* when the last line was printed: progress off a terminal     */
	bool progress;          /* a progress line stands unfinished                           */
	int64_t pieces;         /* of the answer that streams in                               */
	int tasks, task;        /* of the plan, for "3/7"                                      */
};

void view_open(struct view *v, bool json, bool quiet);
/* A session_listener; arg is the view. */
void view_event(void *arg, const struct session_event *ev);
/* Ends a progress line, so that something else can be printed. */
void view_close(struct view *v);

/* "1:02" or "1:02:03". Returns out. */
char *view_time(int64_t ms, char out[24]);

#endif
