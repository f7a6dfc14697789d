/*
 * Time comes in through here alone, so that a test can set it and none sleeps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct when { int64_t ms; }; /* since 1970-01-01T00:00:00Z */

struct when clock_now(void);
int64_t clock_mono_ms(void); /* monotonic; only differences mean something */
int64_t clock_mono_us(void);
/* Sleeps; returns early with false when *stop becomes true (stop may be NULL). A set clock advances instead. */
int clock_sleep_ms(int64_t ms, const volatile int *stop);

/* "2026-11-24T05:00:00.123Z" (RFC 3339); out has room for 32 bytes. Returns out. */
char *clock_text(struct when t, char out[32]);

/* Tests: from now on time stands at t and moves only by clock_sleep_ms and clock_advance. */
void clock_set(struct when t);
void clock_advance(int64_t ms);

#endif
