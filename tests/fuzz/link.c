/*
 * Fuzzes egress/link: index pages with links (h: HTML, j: JSON, n: npm's), one link joined to a page (u), and one read back
 * (o). No link that nobody signed is read back; one that is made is.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "egress/link.h"

#include <stdint.h>
#include <stdlib.h>

static void learn(void *arg, const char *url, const unsigned char sha512[64])
{
	if (strlen(url) >= LINK_URL_MAX || (sha512 && sha512[0] == 1 && sha512[63] == 2))
		*(int *)arg += 1;
}

/* Each of our links on the page is read back. */
static void follow(const struct link_maker *m, const struct buf *page)
{
	const char *p = buf_str(page);

	while ((p = strstr(p, "http://127.0.0.1:3130/-/f/")) != NULL) {
		char path[LINK_URL_MAX * 2];
		struct link l;
		size_t n = strcspn(p + 21, "\"'#\\ <>&\n");

		if (n < sizeof(path) && strlen(p) > n + 21) {
			memcpy(path, p + 21, n);
			path[n] = 0;
			link_open(m, path, &l);
		}
		p += 21;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct link_maker m = { .port = 3130, .base = "https://r.test/simple/x/", .key = { 1, 2, 3 } };
	struct bytes in = { (const char *)p + 1, n ? n - 1 : 0 };
	auto_buf out = buf_max(8 << 20), text = buf_max(8 << 20);
	char url[LINK_URL_MAX];
	struct link l;
	int count = 0;

	switch (n ? p[0] : 0) {
	case 'h': link_pypi_html(&m, in, &out, NULL); break;
	case 'j': link_pypi_json(&m, in, &out, NULL); break;
	case 'n': link_npm(&m, in, learn, &count, &out, NULL); break;
	case 'u':
		if (link_join(m.base, in, url) == 0 && (strpbrk(url, " \r\n\\#") || (strncasecmp(url, "https://", 8) && strncasecmp(url, "http://", 7))))
			abort();
		break;
	default:
		buf_add(&text, in.p, in.n);
		if (link_open(&m, buf_str(&text), &l))
			abort(); /* nobody signed anything */
	}
	follow(&m, &out);
	return 0;
}
