/*
 * Basic credentials; see login.h. On its way each copy stands in guarded memory and is wiped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/login.h"

#include <sodium.h>
#include <stdio.h>

#define BASE64 sodium_base64_VARIANT_ORIGINAL

char *login_basic(const char *header, struct bytes login)
{
	size_t head = strlen(header) + strlen(": Basic "), room = head + sodium_base64_ENCODED_LEN(login.n, BASE64);
	char *text = sodium_malloc(room);

	if (!text)
		return NULL;
	snprintf(text, room, "%s: Basic ", header);
	sodium_bin2base64(text + head, room - head, (const unsigned char *)login.p, login.n, BASE64);
	return text;
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

char *login_of_url(const char *header, struct bytes in)
{
	char *plain = sodium_malloc(in.n + 1), *text;
	size_t n = 0;

	if (!plain)
		return NULL;
	for (size_t i = 0; i < in.n; i++)
		if (in.p[i] == '%' && i + 2 < in.n && hex(in.p[i + 1]) >= 0 && hex(in.p[i + 2]) >= 0) {
			plain[n++] = (char)(hex(in.p[i + 1]) << 4 | hex(in.p[i + 2]));
			i += 2;
		} else {
			plain[n++] = in.p[i];
		}
	text = login_basic(header, (struct bytes){ plain, n });
	sodium_free(plain);
	return text;
}
