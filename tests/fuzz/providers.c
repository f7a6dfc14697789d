/*
 * Fuzzes model/provider, base URLs and Retry-After: what is accepted is safe to put into a request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "model/provider.h"
#include "net/http.h"
#include "net/url.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	auto_arena a = { 0 };
	struct bytes in = { (const char *)p, n };
	struct providers all = { 0 };
	struct url u;

	http_retry_after_parse(in, 0);
	if (url_parse(arena_memdup(&a, in.p, n), &u, NULL) == 0 && (u.port < 1 || u.port > 65535 || !*u.host || strpbrk(u.host, "@/ \r\n")))
		abort();
	if (providers_parse(&a, in, &all, NULL) < 0)
		return 0;
	for (int i = 0; i < all.n; i++) {
		if (all.all[i].base_url && url_parse(all.all[i].base_url, &u, NULL) < 0)
			abort();
		for (int j = 0; all.all[i].headers[j]; j++)
			if (strpbrk(all.all[i].headers[j], "\r\n"))
				abort();
	}
	for (int i = 0; i < all.n_models; i++)
		provider_model_body(&all.models[i], "zai", false);
	providers_model(&all, "glm-5.1");
	return 0;
}
