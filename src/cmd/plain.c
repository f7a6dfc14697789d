/*
 * Printing harmlessly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/plain.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* C0 controls, DEL, C1 controls in UTF-8, and the marks that turn the direction of what follows (U+202A-E, U+2066-9). */
static size_t harmful(const unsigned char *s)
{
	if (s[0] < 0x20 || s[0] == 0x7f)
		return 1;
	if (s[0] == 0xC2 && s[1] >= 0x80 && s[1] < 0xA0)
		return 2;
	if (s[0] == 0xE2 && ((s[1] == 0x80 && s[2] >= 0xAA && s[2] <= 0xAE) || (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9)))
		return 3;
	return 0;
}

/* Bytes of the character of UTF-8 at s; 0: it is none, and a terminal may take a byte for a C1 control. */
static size_t size_of(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xC2 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF5 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

void plain_print(FILE *f, const char *s, size_t max)
{
	size_t n = 0;

	if (!s)
		return;
	while (*s && n < max) {
		size_t bad = harmful((const unsigned char *)s), size = size_of((const unsigned char *)s);

		if (bad || !size) {
			if (*s == '\n' || *s == '\t')
				putc(' ', f);
			else if (!bad)
				putc('?', f);
			s += bad ? bad : 1;
			n++;
			continue;
		}
		fwrite(s, 1, size, f);
		s += size;
		n += size;
	}
	if (*s)
		fputs("...", f);
}

void plain_lines(FILE *f, const char *s, size_t n)
{
	const char *end = s + n;

	while (s < end) {
		size_t len = 0;
		char *part;

		while (s + len < end && s[len] != '\n' && s[len] != '\t')
			len++;
		part = strndup(s, len);
		if (part)
			plain_print(f, part, len + 1);
		free(part);
		s += len;
		putc(s < end ? *s : '\n', f);
		s++;
	}
}

const char *plain_cost(double dollars, char out[24])
{
	if (!isfinite(dollars))
		return strcpy(out, "cost not known");
	snprintf(out, 24, "$%.4f", dollars);
	return out;
}
