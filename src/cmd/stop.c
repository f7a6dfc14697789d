/*
 * Being asked to stop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile int asked;

static void ask(int sig)
{
	asked = sig;
}

void stop_ask(int sig)
{
	if (!asked)
		asked = sig;
}

const volatile int *stop_flag(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction act = { .sa_handler = ask, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		struct sigaction old;

		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) /* nohup stays nohup */
			sigaction(signals[i], &act, NULL);
	}
	return &asked;
}
