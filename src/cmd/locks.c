/*
 * Holding a profile against /etc/sealwright/policy.yml.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/locks.h"

#include "base/err.h"

#include <string.h>

/* ---- hosts ---- */

struct host_rule {
	const char *what, *port; /* port: "" when none is named */
	size_t what_n;
};

static struct host_rule rule_split(const char *rule)
{
	const char *end = rule[0] == '[' ? strchr(rule, ']') : NULL;
	const char *colon = strchr(end ? end : rule, ':');

	return (struct host_rule){ rule, colon ? colon + 1 : "", colon ? (size_t)(colon - rule) : strlen(rule) };
}

static bool port_within(const char *port, const char *lock)
{
	if (!strcmp(lock, "*") || !strcmp(lock, port))
		return true;
	return !*lock && (!strcmp(port, "443") || !strcmp(port, "80"));
}

/* ".example.org" ends it, with something before. */
static bool ends(const struct host_rule *r, const char *tail, size_t n)
{
	return r->what_n > n && !strncasecmp(r->what + r->what_n - n, tail, n);
}

bool locks_host_within(const char *rule, const char *lock)
{
	const struct host_rule r = rule_split(rule), l = rule_split(lock);

	if (!port_within(r.port, l.port))
		return false;
	if (r.what_n == l.what_n && !strncasecmp(r.what, l.what, r.what_n))
		return true;
	if (l.what_n > 3 && !strncmp(l.what, "**.", 3))
		return ends(&r, l.what + 2, l.what_n - 2);
	if (l.what_n > 2 && !strncmp(l.what, "*.", 2))
		return ends(&r, l.what + 1, l.what_n - 1) && !memchr(r.what, '.', r.what_n - (l.what_n - 1)) && r.what[0] != '*';
	return false;
}

static int host_lock(const struct settings *s, const char *rule, struct err *e)
{
	char list[400] = "";
	size_t n = 0;

	for (const char *const *h = s->hosts; *h; h++) {
		if (locks_host_within(rule, *h))
			return 0;
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%.80s", n ? ", " : "", *h);
		if (n >= sizeof(list))
			n = sizeof(list) - 1;
	}
	return err_set(e, ERR_DENIED, "the sandbox shall reach %.200s; %s allows %s", rule, s->policy, *list ? list : "no host");
}

/* ---- numbers ---- */

enum unit { SIZE, TIME, NUMBER };

static const char *number_text(int64_t n, enum unit unit, char out[32])
{
	static const char letters[] = "BkMGT";
	int i = 0;

	if (unit == TIME) {
		snprintf(out, 32, "%lld s", (long long)(n / 1000));
		return out;
	}
	for (; unit == SIZE && i < 4 && n % 1024 == 0; i++)
		n /= 1024;
	snprintf(out, 32, i ? "%lld%c" : "%lld", (long long)n, letters[i]);
	return out;
}

/* *asked: 0 takes the lock when that is less than what would stand else (standard; 0: no end). */
static int most(const struct settings *s, const char *name, int64_t *asked, int64_t lock, int64_t standard, enum unit unit, struct err *e)
{
	char one[32], two[32];

	if (lock && *asked > lock)
		return err_set(e, ERR_DENIED, "the profile or a flag asks for %s %s; %s allows at most %s", name,
			       number_text(*asked, unit, one), s->policy, number_text(lock, unit, two));
	if (lock && !*asked && (!standard || lock < standard))
		*asked = lock;
	return 0;
}

static int backend_lock(const struct settings *s, const struct profile *p, struct err *e)
{
	const char *asked = p->backend == SANDBOX_OCI ? "oci" : "own";

	for (const char *const *x = p->has_backend ? s->sandboxes : NULL; x; x++) {
		if (!*x)
			return err_set(e, ERR_DENIED, "the profile or a flag asks for the sandbox %s, which %s does not allow", asked, s->policy);
		if (!strcmp(*x, asked))
			return 0;
	}
	return 0;
}

int locks_apply(const struct settings *s, struct profile *p, struct err *e)
{
	const struct sandbox standard = { 0 };

	if (!s->policy)
		return 0;
	if (backend_lock(s, p, e) < 0 || most(s, "time", &p->time_ms, s->sandbox_most.time_ms, 0, TIME, e) < 0 ||
	    most(s, "memory", &p->memory, s->sandbox_most.memory, sandbox_memory(&standard), SIZE, e) < 0 ||
	    most(s, "disk", &p->disk, s->sandbox_most.disk, sandbox_disk(&standard), SIZE, e) < 0 ||
	    most(s, "processes", &p->processes, s->sandbox_most.processes, sandbox_processes(&standard), NUMBER, e) < 0)
		return -1;
	for (const char *const *rule = s->hosts ? p->network : NULL; rule && *rule; rule++)
		if (host_lock(s, *rule, e) < 0)
			return -1;
	if (s->hosts && p->registries && host_lock(s, "registries", e) < 0)
		return -1;
	if ((p->level_min ? p->level_min : 2) < s->sandbox_level || (p->level_min && p->level_min < s->sandbox_level))
		p->level_min = s->sandbox_level;
	return 0;
}

static void at_most(int64_t *value, int64_t lock)
{
	if (lock && *value > lock) /* what was not said is locks_apply's */
		*value = lock;
}

int locks_hold(void *arg, struct profile *p, struct err *e)
{
	const struct settings *s = arg;

	if (s->asked.profile && !strcmp(s->asked.profile, p->name))
		return locks_apply(s, p, e);
	at_most(&p->time_ms, s->sandbox_most.time_ms);
	at_most(&p->memory, s->sandbox_most.memory);
	at_most(&p->disk, s->sandbox_most.disk);
	at_most(&p->processes, s->sandbox_most.processes);
	return locks_apply(s, p, e);
}
