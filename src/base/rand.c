/*
 * Randomness, real or seeded by a test (splitmix64, Steele et al. 2014).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/rand.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/random.h>

static bool is_set;
static uint64_t state;

static uint64_t next_seeded(void)
{
	uint64_t z = (state += 0x9E3779B97F4A7C15u);

	z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
	z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
	return z ^ (z >> 31);
}

void rand_bytes(void *out, size_t n)
{
	unsigned char *p = out;

	while (n) {
		ssize_t got;

		if (is_set) {
			*p = (unsigned char)next_seeded();
			got = 1;
		} else {
			got = getrandom(p, n, 0);
			if (got < 0 && errno != EINTR)
				abort(); /* a kernel without getrandom cannot carry keys */
			if (got < 0)
				continue;
		}
		p += got;
		n -= (size_t)got;
	}
}

uint64_t rand_below(uint64_t n)
{
	uint64_t v, limit = UINT64_MAX - UINT64_MAX % n;

	do
		rand_bytes(&v, sizeof(v));
	while (v >= limit);
	return v % n;
}

void rand_id(char *out, size_t letters)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

	for (size_t i = 0; i < letters; i++)
		out[i] = alphabet[rand_below(32)];
	out[letters] = 0;
}

void rand_set(uint64_t seed)
{
	is_set = true;
	state = seed;
}
