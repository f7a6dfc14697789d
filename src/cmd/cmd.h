/*
 * The commands of the program: one file each, one line each in cmd.c's table.
 *
 * Help, man page and completion are printed from these tables; a command that is not in the table does not exist.
 * Every command takes --help, and one that has --json in its options says its errors as JSON too (cmd_main).
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
	const char *about;          /* paragraphs for --help and the man page; lines that start with
				     * two blanks are kept as they are                                */
	const char *examples;       /* lines "command  # what it does"                                */
	const struct opt *options;
	bool stop_at_argument;      /* the first argument ends options: `sandbox -- CMD`              */
	int fails;                  /* exit status of every failure of its own; 0: by the error's code        */
	bool hidden;                /* for our own processes; not in help                             */
	/* The exit status, or -1 with e set (its code then decides). */
	int (*run)(struct arena *a, const struct opts *o, struct err *e);
};

/*
 * Finds the command named first in argv and runs it; prints what went wrong. Exit status.
 *
 * An error is one line on stderr. When the command line holds --json, the same error stands as one more JSON line on
 * stdout, behind whatever the command printed: {"type":"error","code":"denied","exit":3,"message":"..."}.
 * An answer that could not be written (full disk) turns success into exit status 1; a reader that went away does not.
 */
int cmd_main(int argc, const char *const *argv);

/* Prints an error as cmd_main does, for a command that then ends with a status of its own. */
void cmd_complain(const char *name, const struct err *e, int status, bool as_json);

/* The table in the order of help: pointers, ended by NULL. For help, man page and completion. */
const struct command *const *cmd_all(void);

/* The command that argv names (its first two words, else its first), and how many words that took; NULL: none. */
const struct command *cmd_find(const char *const *argv, int *words);
/* ERR_USAGE: no such command, with the nearest that exists; or a command that needs one beneath it. */
int cmd_unknown(const char *word, struct err *e);
/* The options of a command and --help, in the arena. */
const struct opt *cmd_options(struct arena *a, const struct command *c);

#define SEALWRIGHT_VERSION "0.1.0"
#define SEALWRIGHT_DATE "November 24, 2026" /* of this version, for the manual */

#endif
