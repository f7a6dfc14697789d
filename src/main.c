/*
 * sealwright: finds the command named first and runs it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/cmd.h"

int main(int argc, char **argv)
{
	return cmd_main(argc, (const char *const *)argv);
}
