/*
 * The key of an endpoint.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/key.h"

#include "base/arena.h"
#include "base/err.h"
#include "model/probe.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

enum { KEY_MAX = 8192, SYSTEM_USERS = 1000, HIDE_MIN = 4 };

static const char prefix[] = "Authorization: Bearer ";

struct key {
	char *header;       /* in memory that is locked, guarded and wiped */
	bool ours;          /* a local server's own: its listener was checked already */
};

int key_make(const char *text, struct key **out, struct err *e)
{
	size_t n = strlen(text);
	struct key *k;

	while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		n--;
	if (!n || n > KEY_MAX)
		return err_set(e, ERR_USAGE, "the key is %s", n ? "longer than 8,192 bytes" : "empty");
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] >= 127)
			return err_set(e, ERR_USAGE, "the key holds %s at place %zu; copy it again",
				       text[i] == '\n' || text[i] == '\r' ? "a line break" : text[i] == ' ' ? "a blank"
				       : "a character that no key has", i + 1);
	if (sodium_init() < 0)
		return err_set(e, ERR_SYS, "libsodium does not start");
	k = mem_alloc(sizeof(*k));
	*k = (struct key){ .header = sodium_malloc(sizeof(prefix) + n) };
	if (!k->header) {
		free(k);
		return err_set(e, ERR_SYS, "no locked memory for the key; see: ulimit -l");
	}
	memcpy(k->header, prefix, sizeof(prefix) - 1);
	memcpy(k->header + sizeof(prefix) - 1, text, n);
	k->header[sizeof(prefix) - 1 + n] = 0;
	k->ours = true;
	*out = k;
	return 0;
}

void key_drop(struct key **k)
{
	if (!*k)
		return;
	sodium_free((*k)->header);
	free(*k);
	*k = NULL;
}

static const char *variable(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

int key_find(const struct provider *p, const struct url *u, bool named, struct key **out, const char **why,
	     struct err *e)
{
	const char *name = "SEALWRIGHT_API_KEY", *text = variable(name);
	bool clear = !u->tls && !u->loopback && !p->key_in_clear;

	*out = NULL;
	*why = u->loopback ? "set SEALWRIGHT_API_KEY if the server wants one (no other variable goes to this machine)"
		: p->keys && p->keys[0] && named ? "set SEALWRIGHT_API_KEY"
		: "set SEALWRIGHT_API_KEY or OPENAI_API_KEY";
	for (int i = 0; !text && !u->loopback && p->keys && p->keys[i]; i++)
		text = variable(name = p->keys[i]);
	if (!text && named && !u->loopback)
		text = variable(name = "OPENAI_API_KEY");
	if (!text)
		return 0;
	if (clear) {
		*why = "the key is not sent over plain http; use https, or a tunnel to this machine";
		return 0;
	}
	if (key_make(text, out, e) < 0)
		return err_wrap(e, "%s", name);
	(*out)->ours = false;
	*why = "check the key in the variable it was taken from";
	return 0;
}

const char *key_header(const struct key *k, const struct url *u)
{
	int64_t owner;

	if (!k)
		return NULL;
	if (!u->loopback || k->ours)
		return k->header;
	owner = probe_owner(u->port); /* on a shared machine anybody may listen there */
	return owner == (int64_t)geteuid() || (owner >= 0 && owner < SYSTEM_USERS) ? k->header : NULL;
}

void key_hide(const struct key *k, char *text)
{
	const char *secret = k ? k->header + sizeof(prefix) - 1 : "";
	size_t n = strlen(secret);

	if (n < HIDE_MIN)
		return;
	for (char *p = text; (p = strstr(p, secret)); p += n)
		memset(p, '*', n);
}
