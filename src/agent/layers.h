/*
 * A session's layer: an agent's commands and file tools write there, and what passes the keep check comes into the tree.
 *
 * One at a time, $XDG_STATE_HOME/sealwright/layers/SESSION, so that a kill leaves it where a resume finds it, and a person
 * can look at it (`sealwright sandbox diff SESSION`). A task's layer is kept when the
 * task is green and dropped when it is given up: that is the rollback. Events: "layer", "kept", "dropped" (docs/formats/events.md).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef AGENT_LAYERS_H
#define AGENT_LAYERS_H

#include "agent/session.h"
#include "sandbox/sandbox.h"
#include "work/layer.h"

struct err;

struct layers {
	struct session *session;
	const char *task;        /* for events; NULL: the session is one task                          */
	struct layer l;
	bool open;               /* false: the sandbox is of a kind that shows the tree itself        */
};

/* Makes the session's layer over box's tree, or finds it again, and puts it into box. fresh: one that is found is another
 * task's and is dropped first. git: commits inside are drafts; without it .git is read-only. A tree that the sandbox would
 * refuse is refused before anything is made. a must outlive *out and box. */
int layers_open(struct arena *a, struct session *s, const char *task, bool fresh, bool git, struct sandbox *box,
		struct layers *out, struct err *e);
/* The layer of one sandbox for another on the same tree. */
void layers_share(const struct sandbox *from, struct sandbox *to);
/* A layer for one test run, of which nothing is kept and nothing logged: for a tree that we alone write. */
int layers_open_trial(struct arena *a, struct session *s, struct sandbox *box, struct layers *out, struct err *e);
/* Takes it out of box; it stays on the disk. */
void layers_close(struct layers *y, struct sandbox *box);

/* As layers_close; one in which nothing was written goes. */
void layers_leave(struct layers *y, struct sandbox *box);

/* What of the layer would not be kept, one line each for the model: no more than that it is refused. NULL when all would be, but for
 * what no commit holds anyway: a repository's .git within the tree, fifos, sockets, devices. No sandbox may be open on it. */
int layers_judge(struct arena *a, struct layers *y, const struct layer_rules *rules, const char **refused, struct err *e);
/* Keeps what may be kept, and what was committed inside; what is left stays in the layer, and *left says how much that is, without
 * what no commit holds. box: as layers_open filled it, with no session open. Logged. */
int layers_keep(struct layers *y, const struct sandbox *box, const struct layer_rules *rules, size_t *left, struct err *e);
/* Forgets it, and closes. Logged. */
int layers_drop(struct layers *y, struct sandbox *box, const char *why, struct err *e);

#endif
