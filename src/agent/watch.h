/*
 * Watching for a model that turns in circles, by four signals: the same call with the same result; one file edited over
 * and over; the same words; turns in which nothing changed and nothing new was seen. First a nudge with the facts, then
 * another one that asks for another way, then a stop with the reason. A run that loops spends money while nobody looks.
 *
 * Memory is fixed, whatever the length of a session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_WATCH_H
#define AGENT_WATCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"

#include <stdint.h>

enum { WATCH_CALLS = 24, WATCH_TEXTS = 8, WATCH_FILES = 16, WATCH_STATES = 8, WATCH_SEEN = 4096 };

struct watch {
	struct { uint64_t call, result; } calls[WATCH_CALLS];
	uint64_t texts[WATCH_TEXTS];
	struct {
		uint64_t name, states[WATCH_STATES]; /* digests of its contents */
		int n, back, row;                    /* edits; returns to an earlier content; edits in a row */
		char shown[80];
	} files[WATCH_FILES];
	uint64_t seen[WATCH_SEEN];
	int n_calls, n_texts, n_files;
	int idle, unchanged;                         /* turns: nothing new; no change    */
	bool news, change;                           /* in the turn at hand              */
	char last[120];                              /* the call, for people             */
	int signal, strength;                        /* of the turn at hand: 1 nudge, 2 stronger, 3 stop */
	char why[400];
};

void watch_open(struct watch *w);
/* The model's words in a turn. */
void watch_text(struct watch *w, struct bytes content, struct bytes reasoning);
struct watch_call {
	const char *name, *arguments, *about; /* about: for people */
	struct bytes result;
	bool changed;                         /* the tree, the plan or the outcome of the tests */
	bool ran;                             /* a command or the tests: files may be edited again */
	const char *file;                     /* written; NULL: none */
	struct digest after;
};
void watch_call(struct watch *w, const struct watch_call *c);
/* Ends the turn. 0 all is well; 1, 2 tell the model *why; 3 stop. */
int watch_turn(struct watch *w, const char **why);

/* Does a text end in one piece said over and over (three times or more)? */
bool watch_is_stuck_text(struct bytes t);

#endif
