/*
 * The flag that Ctrl-C, a closed terminal and `kill` set: commands hand it to whatever may take long.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_STOP_H
#define CMD_STOP_H

/* Catches SIGINT, SIGTERM and SIGHUP from now on; the flag holds the signal's number. A second one ends us at once. */
const volatile int *stop_flag(void);
/* Sets it as if the signal had come; the first one stays. */
void stop_ask(int sig);

#endif
