/*
 * Help, printed from the table of commands; 80 columns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_HELP_H
#define CMD_HELP_H

#include <stddef.h>
#include <stdio.h>

struct command;

void help_overview(FILE *f);                          /* every command by group, one line each */
void help_command(FILE *f, const struct command *c);  /* usage, text, options, examples        */
void help_man_overview(FILE *f);                      /* the same two as manual pages (mdoc)   */
void help_man(FILE *f, const struct command *c);

#endif
