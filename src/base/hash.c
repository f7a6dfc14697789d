/*
 * SHA-256. EVP is used rather than SHA256(), which OpenSSL 3 calls deprecated.
 *
 * libcrypto is not linked but loaded when the first digest is asked for: its four megabytes and their relocations cost
 * every start 0.6 ms of processor, two fifths of what `--version` takes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/hash.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/fs.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
	__typeof__(EVP_MD_CTX_new) *new;
	__typeof__(EVP_MD_CTX_free) *free;
	__typeof__(EVP_sha256) *sha256;
	__typeof__(EVP_DigestInit_ex) *init;
	__typeof__(EVP_DigestUpdate) *update;
	__typeof__(EVP_DigestFinal_ex) *final;
} evp;

static void load(void)
{
	static const struct {
		const char *name;
		void *to;
	} names[] = {
		{ "EVP_MD_CTX_new", &evp.new }, { "EVP_MD_CTX_free", &evp.free }, { "EVP_sha256", &evp.sha256 },
		{ "EVP_DigestInit_ex", &evp.init }, { "EVP_DigestUpdate", &evp.update }, { "EVP_DigestFinal_ex", &evp.final },
	};
	void *so = dlopen("libcrypto.so.3", RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		void *f = so ? dlsym(so, names[i].name) : NULL;

		if (!f) { /* as when a linked library is missing: nothing of ours works without digests */
			fprintf(stderr, "sealwright: libcrypto.so.3: %s; run: apt-get install libssl3\n", dlerror());
			exit(1);
		}
		memcpy(names[i].to, &f, sizeof(f));
	}
}

static EVP_MD_CTX *begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	EVP_MD_CTX *c;

	pthread_once(&once, load);
	c = evp.new();
	if (!c || evp.init(c, evp.sha256(), NULL) != 1)
		abort(); /* no SHA-256: this libcrypto cannot carry us */
	return c;
}

static struct digest end(EVP_MD_CTX *c)
{
	struct digest d;

	evp.final(c, d.b, NULL);
	evp.free(c);
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
		evp.update(c, first.p, first.n);
	if (second.n)
		evp.update(c, second.p, second.n);
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
		evp.update(c, room, (size_t)n);
	}
	free(room);
	if (n < 0) {
		evp.free(c);
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
