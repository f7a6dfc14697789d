/*
 * The table of commands, and finding one in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/cmd.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

/* One line a command, in the order in which help shows them. Each stands in cmd/NAME.c. */
#define COMMANDS(X) \
	/* X(cmd_run) */

#define DECLARE(c) extern const struct command c;
COMMANDS(DECLARE)

static const struct command *const table[] = {
#define ENTRY(c) &c,
	COMMANDS(ENTRY)
	NULL,
};

int cmd_main(int argc, const char *const *argv)
{
	(void)table;
	if (argc == 2 && !strcmp(argv[1], "--version")) {
		puts("sealwright " SEALWRIGHT_VERSION);
		return 0;
	}
	fprintf(stderr, "sealwright: no command\n");
	return 2;
}
