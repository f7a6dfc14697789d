/*
 * Fuzzes suite/lines (our own reports): reading ends, and what was read is clean, bounded and named once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	return report_holds(lines_parse, p, n);
}
