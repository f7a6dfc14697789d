/*
 * The registry gateway.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/inside.h"

void gateway_serve(struct conn *c, int kind)
{
	(void)kind;
	answer_status(c, 404, "no registry stands here");
}
