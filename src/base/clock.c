/*
 * The clock, real or set by a test.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>

static bool is_set;
static int64_t set_ms;

static int64_t real_us(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct when clock_now(void)
{
	return (struct when){ is_set ? set_ms : real_us(CLOCK_REALTIME) / 1000 };
}

int64_t clock_mono_us(void)
{
	return is_set ? set_ms * 1000 : real_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int clock_sleep_ms(int64_t ms, const volatile int *stop)
{
	if (is_set) {
		set_ms += ms;
		return !(stop && *stop);
	}
	for (int64_t end = clock_mono_ms() + ms, left; (left = end - clock_mono_ms()) > 0;) {
		int64_t step = stop && left > 100 ? 100 : left;
		struct timespec t = { step / 1000, (step % 1000) * 1000000 };

		if (stop && *stop)
			return 0;
		nanosleep(&t, NULL);
	}
	return !(stop && *stop);
}

char *clock_text(struct when t, char out[32])
{
	time_t s = (time_t)(t.ms / 1000);
	struct tm tm;

	gmtime_r(&s, &tm);
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ", (unsigned int)(tm.tm_year + 1900) % 10000,
		 (unsigned int)(tm.tm_mon + 1) % 100, (unsigned int)tm.tm_mday % 100,
		 (unsigned int)tm.tm_hour % 100, (unsigned int)tm.tm_min % 100, (unsigned int)tm.tm_sec % 100,
		 (unsigned int)(t.ms % 1000));
	return out;
}

void clock_set(struct when t)
{
	is_set = true;
	set_ms = t.ms;
}

void clock_advance(int64_t ms)
{
	set_ms += ms;
}
