/*
 * Asking a port of this machine what it is: a GET on 127.0.0.1 with a short limit, and the answers of /v1/models.
 *
 * HTTP/1.0 over a plain socket, since it is asked at every start and loading libcurl's thirty libraries for it would
 * cost more than the question. Never used for anything but loopback.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_PROBE_H
#define MODEL_PROBE_H

#include "base/arena.h"
#include "base/buf.h"

#include <stdint.h>

struct err;

enum { PROBE_BODY_MAX = 4 << 20 };

/* The status (200, 401, ...) with the body in `body`, or -1: nobody there, no HTTP, too slow, too long. key may be NULL. */
int probe_get(int port, const char *path, const char *key, int64_t limit_ms, struct buf *body, struct err *e);
/* Status and body out of a whole HTTP/1.x response; -1 when it is none. */
int probe_response_parse(struct bytes in, struct bytes *body, struct err *e);

struct probe_model {
	const char *id;
	int64_t context;      /* tokens; 0: not said */
};
struct probe_models {
	struct probe_model *models;
	int n;
};
/* GET /v1/models as OpenAI, llama.cpp ("meta"), vLLM ("max_model_len") and the others answer it. */
int probe_models_parse(struct arena *a, struct bytes in, struct probe_models *out, struct err *e);

/* The user whose process listens on 127.0.0.1:port (or on all addresses), from /proc/net/tcp; -1: nobody. */
int64_t probe_owner(int port);

#endif
