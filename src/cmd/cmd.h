/*
 * The commands of the program: one file each, one line each in cmd.c's table.
 *
 * Help, man page and completion are printed from these tables; a command that is not in the table does not exist.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "base/opt.h"

struct err;

struct command {
	const char *name;           /* "run", or "models pull" for a command beneath another          */
	const char *group;          /* heading in `sealwright help`: "Build", "Look", "Set up", ...   */
	const char *usage;          /* "INTENT [DIR]"; what stands behind the options                 */
	const char *summary;        /* one line, no full stop                                         */
	const char *about;          /* paragraphs for --help and the man page                         */
	const char *examples;       /* lines "command  # what it does"                                */
	const struct opt *options;
	bool stop_at_argument;      /* the first argument ends options: `sandbox -- CMD`              */
	bool hidden;                /* for our own processes; not in help                             */
	/* The exit status, or -1 with e set (its code then decides). */
	int (*run)(struct arena *a, const struct opts *o, struct err *e);
};

/* Finds the command named first in argv and runs it; prints what went wrong. Exit status. */
int cmd_main(int argc, const char *const *argv);

/* The table in the order of help: pointers, ended by NULL. For help, man page and completion. */
const struct command *const *cmd_all(void);

#define SEALWRIGHT_VERSION "0.1.0"

#endif
