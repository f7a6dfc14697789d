/*
 * Allowed names and the addresses that stand for them inside: 127.77.0.1 and on, one a name, for the life of the process.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_NAMES_H
#define EGRESS_NAMES_H

#include "egress/host.h"
#include "net/handover.h"

enum { NAMES_MAX = 60000 };
#define NAMES_NET HANDOVER_NET

/* The address in host order; 0 when there are too many names. */
uint32_t names_address(const struct host *h);
/* False when the address stands for nothing. */
bool names_host(uint32_t address, struct host *out);

#endif
