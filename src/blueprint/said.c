/*
 * Fields that the words name and the draft forgot: "items with name, SKU, quantity and price".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/data.h"
#include "blueprint/resolve.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <string.h>

void said_add(struct spec *s)
{
	(void)s;
}
