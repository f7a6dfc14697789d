/*
 * Fuzzes model/replay: whatever a recording holds, a turn that is answered can go into a transcript.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "model/inside.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct replay *r = replay_make((struct bytes){ (const char *)p, n });
	struct model_ask q = { .temperature = -1, .seed = -1 };
	struct model_reply out;
	auto_arena a = { 0 };

	for (int i = 0; i < 4; i++) {
		auto_json *v = NULL, *again = NULL;

		if (replay_turn(r, &a, &q, &out, NULL) < 0)
			continue;
		if (json_parse(bytes_of(out.message), &v, NULL) < 0 || !json_is_object(v))
			abort();
		for (int j = 0; j < out.n_calls; j++) {
			auto_json *args = NULL;

			if (json_parse(bytes_of(out.calls[j].arguments), &args, NULL) < 0 || !json_is_object(args))
				abort();
		}
		again = model_reply_json(&out);
		if (!again)
			abort();
	}
	replay_close(&r);
	return 0;
}
