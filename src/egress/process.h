/*
 * What the egress process and its owner know of each other: its name, its descriptors, and texts (JSON) with their length in
 * four bytes before them. The owner sends the configuration, and gets the ports or an error; then one byte asks for a report.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef EGRESS_PROCESS_H
#define EGRESS_PROCESS_H

#include <stdbool.h>

#define EGRESS_NAME "sealwright-egress"

enum { EGRESS_AT_CONTROL = 3, EGRESS_AT_LISTENERS, EGRESS_AT_LOG, EGRESS_AT_END, EGRESS_TEXT_MAX = 64 << 20 };

/* Whether we were started to be it. */
bool process_is_named(int argc, char *const *argv);
_Noreturn void process_run(void);

#endif
