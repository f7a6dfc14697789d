/*
 * Randomness comes in through here alone; a test sets a seed and gets the same run again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_bytes(void *out, size_t n);      /* getrandom(2): fit for keys, unless a test has set a seed */
uint64_t rand_below(uint64_t n);           /* 0 .. n-1 without bias; n > 0 */
void rand_id(char *out, size_t letters);   /* letters of a-z2-7 and a NUL: 5 bits each */
void rand_set(uint64_t seed);              /* tests only */

#endif
