/*
 * SHA-256. EVP is used rather than SHA256(), which OpenSSL 3 calls deprecated.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/hash.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

static EVP_MD_CTX *begin(void)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	if (!c || EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1)
		abort(); /* no SHA-256: this libcrypto cannot carry us */
	return c;
}

static struct digest end(EVP_MD_CTX *c)
{
	struct digest d;

	EVP_DigestFinal_ex(c, d.b, NULL);
	EVP_MD_CTX_free(c);
	return d;
}

struct digest hash_bytes(struct bytes in)
{
	return hash_pair(in, (struct bytes){ 0 });
}

struct digest hash_pair(struct bytes first, struct bytes second)
{
	EVP_MD_CTX *c = begin();

	if (first.n)
		EVP_DigestUpdate(c, first.p, first.n);
	if (second.n)
		EVP_DigestUpdate(c, second.p, second.n);
	return end(c);
}

int hash_fd(int fd, struct digest *out, struct err *e)
{
	size_t size = 256 << 10;
	char *room = mem_alloc(size);
	EVP_MD_CTX *c = begin();
	ssize_t n;

	while ((n = read(fd, room, size)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		EVP_DigestUpdate(c, room, (size_t)n);
	}
	free(room);
	if (n < 0) {
		EVP_MD_CTX_free(c);
		return err_sys(e, "read");
	}
	*out = end(c);
	return 0;
}

int hash_file(const char *path, struct digest *out, struct err *e)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (hash_fd(fd, out, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return !memcmp(a->b, b->b, sizeof(a->b));
}

char *digest_hex(const struct digest *d, char out[65])
{
	static const char hex[] = "0123456789abcdef";

	for (int i = 0; i < 32; i++) {
		out[2 * i] = hex[d->b[i] >> 4];
		out[2 * i + 1] = hex[d->b[i] & 15];
	}
	out[64] = 0;
	return out;
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int digest_parse(struct bytes in, struct digest *out, struct err *e)
{
	struct digest d;

	if (in.n != 64)
		return err_set(e, ERR_INPUT, "a digest has 64 hex digits, not %zu", in.n);
	for (int i = 0; i < 32; i++) {
		int high = nibble(in.p[2 * i]), low = nibble(in.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(e, ERR_INPUT, "a digest is lowercase hex");
		d.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = d;
	return 0;
}
