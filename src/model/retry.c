/*
 * When a failed request is worth repeating, and when.
 *
 * Exponential with jitter, so that many clients of one overloaded server do not come back together; what the server
 * asks for by Retry-After is a lower bound. Nothing of a turn has been acted on before it is whole, so repeating it is
 * always safe.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/rand.h"
#include "model/inside.h"

enum { FIRST_MS = 500, MOST_MS = 60000, AFTER_MOST_MS = 15 * 60 * 1000 };

bool retry_is_worth(int status)
{
	return status == 408 || status == 409 || status == 425 || status == 429 ||
		(status >= 500 && status != 501 && status != 505);
}

int64_t retry_wait(struct retry *r, int64_t after_ms)
{
	int64_t now = clock_mono_ms(), full = FIRST_MS, wait;

	if (r->tries++ == 0)
		r->began = now;
	for (int i = 1; i < r->tries && full < MOST_MS; i++)
		full *= 2;
	if (full > MOST_MS)
		full = MOST_MS;
	wait = full / 2 + (int64_t)rand_below((uint64_t)full / 2 + 1);
	r->wanted = after_ms;
	if (after_ms > AFTER_MOST_MS)
		after_ms = AFTER_MOST_MS;
	if (after_ms > wait) /* a little later than asked, and not all at once */
		wait = after_ms + (int64_t)rand_below((uint64_t)after_ms / 10 + 100);
	if (r->wanted < wait)
		r->wanted = wait;
	return now + wait - r->began > r->patience ? -1 : wait;
}
