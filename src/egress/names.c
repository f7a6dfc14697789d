/*
 * Names and addresses; see names.h. A wildcard lets code inside ask for any number of names: the table has an end, and no
 * address is ever given to a second name, since one that was looked up earlier may still be in use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/names.h"

#include "base/arena.h"
#include "base/rand.h"

#include <pthread.h>
#include <string.h>

enum { SLOTS = 1 << 17 };

static struct {
	pthread_mutex_t lock;
	char *name[NAMES_MAX]; /* kept for ever */
	uint32_t slot[SLOTS];  /* index + 1     */
	uint32_t n, seed;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u ^ table.seed; /* FNV-1a, seeded: nobody inside can choose names that collide */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

uint32_t names_address(const struct host *h)
{
	uint32_t at, found;

	pthread_mutex_lock(&table.lock);
	while (!table.seed)
		rand_bytes(&table.seed, sizeof(table.seed));
	at = hash(h->text) % SLOTS;
	while (table.slot[at] && strcmp(table.name[table.slot[at] - 1], h->text))
		at = (at + 1) % SLOTS;
	if (!table.slot[at] && table.n < NAMES_MAX) {
		size_t n = strlen(h->text) + 1;

		table.name[table.n] = memcpy(mem_alloc(n), h->text, n);
		table.slot[at] = ++table.n;
	}
	found = table.slot[at];
	pthread_mutex_unlock(&table.lock);
	return found ? NAMES_NET + found : 0;
}

bool names_host(uint32_t address, struct host *out)
{
	uint32_t i = address - NAMES_NET;
	bool found;

	pthread_mutex_lock(&table.lock);
	found = address > NAMES_NET && i <= table.n;
	if (found) {
		*out = (struct host){ .kind = HOST_NAME };
		strcpy(out->text, table.name[i - 1]);
	}
	pthread_mutex_unlock(&table.lock);
	return found;
}
