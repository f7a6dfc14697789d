/*
 * Bytes from one socket to another and back, until both have ended.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_RELAY_H
#define EGRESS_RELAY_H

#include <stdint.h>

struct relay {
	int inner, outer;          /* both non-blocking                                               */
	int64_t up_left;           /* bytes of inner that may go out yet; -1: all                     */
	uint64_t max;              /* bytes in both directions together                               */
	int64_t idle_ms;           /* with nothing moved, it ends                                     */
	const volatile int *stop;  /* may be NULL                                                     */
	uint64_t up, down;         /* out: what was moved                                             */
};

/* NULL when both sides ended; else what ended it before: "idle", "too many bytes", "stopped", "broken". */
const char *relay_run(struct relay *r);
/* All of it; 0 or -1. Counted by the caller. */
int relay_send(int fd, const void *p, uint64_t n, const volatile int *stop);

#endif
