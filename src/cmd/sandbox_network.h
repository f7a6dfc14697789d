/*
 * The network of `sealwright sandbox`: the egress process for what profile and --allow name, and its account.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_SANDBOX_NETWORK_H
#define CMD_SANDBOX_NETWORK_H

#include "cmd/sandbox_job.h"
#include "cmd/sandbox_log.h"

struct err;
struct sandbox_network;

/* *out is NULL when the job has no network. Else the job's box leads to it. */
int sandbox_network_open(struct sandbox_job *j, struct sandbox_network **out, struct err *e);
/* After the command: what was asked for, refused and fetched goes into the log. Sets NULL; NULL is fine. */
void sandbox_network_close(struct sandbox_network **n, struct sandbox_log *log);

#endif
