/*
 * `sealwright exec`, and going on with such a session.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_EXEC_H
#define CMD_EXEC_H

#include "agent/session.h"
#include "base/opt.h"

/* Goes on with an open session of kind "exec". What stands on the command line wins over what the session was begun with.
 * The exit status, or -1 with e set. */
int exec_resume(struct arena *a, struct session *s, const struct opts *o, struct err *e);

#endif
