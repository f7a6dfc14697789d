/*
 * Connections to the outside: a name is looked up once, each address is checked, and the checked address is dialled.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_DIAL_H
#define EGRESS_DIAL_H

#include "egress/allow.h"

/* A connected, non-blocking socket, or -1: ERR_DENIED when its addresses may not be dialled, ERR_NET, ERR_TIMEOUT.
 * `l` is asked about addresses alone: that the host is allowed was checked before. */
int dial(const struct allow_list *l, const struct host *h, int port, const volatile int *stop, struct err *e);

/* "NAME ADDRESS": what the resolver is not asked for; before there are threads. ERR_USAGE. */
int dial_know(const char *line, struct err *e);

/* Takes the machine's own proxy from https_proxy, HTTPS_PROXY, all_proxy or ALL_PROXY (http://[user:password@]host[:port]);
 * from then on names are dialled through it (CONNECT), and it alone sees their addresses. Names of no_proxy and literals are
 * dialled directly. Without one, does nothing. ERR_USAGE when it cannot be used. */
int dial_take_proxy(struct err *e);

/* Waits until fd is ready for what is asked (POLLIN, POLLOUT). False: time is up or *stop. */
bool dial_wait(int fd, short events, int64_t ms, const volatile int *stop);

#endif
