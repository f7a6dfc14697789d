/*
 * The three streams of a command in the sandbox: what it prints is seen at once, and it reads what the person types.
 *
 * It never gets a terminal, file, folder or socket of the person's: a terminal could be typed into or reset, a folder
 * walked up from, a file opened again for writing, a socket connected elsewhere. Only an anonymous pipe passes as it is;
 * for all else a thread copies to and from a pipe, or a pseudo-terminal when both ends are terminals.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_STREAMS_H
#define CMD_STREAMS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdint.h>

struct err;
struct streams;

struct streams_options {
	bool no_pty;       /* a terminal gets pipes, too */
	int64_t output_max; /* bytes of both outputs together; 0: no end. Beyond it nothing is printed, and stop_ask(SIGXFSZ) called */
	/* Takes the output instead of our own 1 and 2, from a thread of its own; may be NULL. Pieces end where characters do. */
	void (*seen)(void *arg, struct bytes piece, bool is_stderr);
	void *arg;
};

/* Puts a terminal into raw mode when it makes a pseudo-terminal of it; stop_ask(SIGHUP) is called when it goes away. */
int streams_open(const struct streams_options *o, struct streams **out, struct err *e);
/* What becomes the command's 0, 1 and 2: for proc.given. */
const int *streams_inside(const struct streams *s);
/* After the command: waits until all that was printed is written, restores the terminal, and frees. NULL is fine. */
void streams_close(struct streams **s);
/* Bytes that passed through us. */
uint64_t streams_printed(const struct streams *s);

#endif
