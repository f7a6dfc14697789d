/*
 * SHA-256 (FIPS 180-4) of exact bytes, by OpenSSL, which uses SHA-NI where the processor has it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/buf.h"

#include <stdint.h>

struct err;

struct digest { uint8_t b[32]; };

struct digest hash_bytes(struct bytes in);
/* Of two pieces, one behind the other, without joining them. */
struct digest hash_pair(struct bytes first, struct bytes second);
int hash_fd(int fd, struct digest *out, struct err *e); /* from the current offset to the end */
int hash_file(const char *path, struct digest *out, struct err *e);

bool digest_equal(const struct digest *a, const struct digest *b);
/* 64 lowercase hex digits and a NUL. Returns out. */
char *digest_hex(const struct digest *d, char out[65]);
/* 64 hex digits, exactly; ERR_INPUT otherwise. */
int digest_parse(struct bytes in, struct digest *out, struct err *e);

#endif
