/*
 * An organisation's locks over profiles of the sandbox.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/locks.h"

#include "../tap.h"
#include "base/err.h"

static struct arena a;
static struct err e;
static struct profile p;

static int parse(const char *profile, const char *policy, struct settings *s)
{
	struct conf *c = NULL;

	memset(&e, 0, sizeof(e));
	if (conf_parse(&a, bytes_of(policy), &c, &e) < 0 ||
	    settings_resolve(&a, NULL, &(struct settings_parts){ .policy = c, .policy_path = "POLICY" }, s, &e) < 0 ||
	    profile_parse(&a, bytes_of(profile), "P", NULL, NULL, &p, &e) < 0)
		return -1;
	return locks_apply(s, &p, &e);
}

static void denied(const char *profile, const char *policy, const char *why)
{
	struct settings s;
	int r = parse(profile, policy, &s);

	ok(r < 0 && e.code == ERR_DENIED && strstr(e.text, why) && strstr(e.text, "POLICY"), "denied: %s", r < 0 ? e.text : "(taken)");
}

static void taken(const char *profile, const char *policy)
{
	struct settings s;
	int r = parse(profile, policy, &s);

	ok(r == 0, "allowed %s", r < 0 ? e.text : "");
}

static void numbers_and_words(void)
{
	struct settings s;

	denied("limits: {memory: 8G}\n", "sandbox_memory: 4G\n", "memory 8G; POLICY allows at most 4G");
	denied("limits: {memory: 1000001}\n", "sandbox_memory: 1000000\n", "memory 1000001");
	denied("limits: {time: 2h}\n", "sandbox_time: 10m\n", "time 7200 s; POLICY allows at most 600 s");
	denied("limits: {processes: 10}\n", "sandbox_processes: 9\n", "processes 10; POLICY allows at most 9");
	denied("limits: {disk: 2M}\n", "sandbox_disk: 1M\n", "disk 2M");
	denied("backend: oci\n", "sandbox: own\n", "sandbox oci");
	denied("", "sandbox_memory: much\n", "sandbox_memory takes a size");
	denied("", "sandbox_cpu: 3\n", "no lock sandbox_cpu");
	taken("limits: {memory: 4G, time: 10m}\nbackend: own\n", "sandbox: [own, oci]\nsandbox_memory: 4G\nsandbox_time: 10m\n");
	ok(parse("", "sandbox_memory: 1G\nsandbox_time: 5m\nsandbox_disk: 64G\nsandbox_level: 3\n", &s) == 0, "a profile that says nothing");
	is_whole(p.memory, 1 << 30, "takes the lock that is less than the standard");
	is_whole(p.disk, 0, "and not the one that is more");
	is_whole(p.time_ms, 300000, "or that there is no standard for");
	is_whole(p.level_min, 3, "and its level");
	ok(parse("", "sandbox_level: 1\n", &s) == 0 && p.level_min == 0, "one that is less than the standard asks for nothing");
	ok(parse("level_min: 1\n", "sandbox_level: 2\n", &s) == 0 && p.level_min == 2, "and one that is more is not gone below");
	parse("", "sandbox_memory: 1G\nsandbox_time: 5m\nsandbox_disk: 64G\n", &s);
	p = (struct profile){ .name = "test", .time_ms = 1800000, .memory = 0, .disk = INT64_C(1) << 20 };
	ok(locks_hold(&s, &p, &e) == 0 && p.time_ms == 300000 && p.memory == 1 << 30 && p.disk == 1 << 20,
	   "a profile that nobody asked for takes what is less");
	s = (struct settings){ 0 };
	p.memory = INT64_C(1) << 50;
	ok(locks_apply(&s, &p, &e) == 0, "without a policy nothing is locked");
}

static void hosts(void)
{
	static const struct {
		const char *rule, *lock;
		bool within;
	} rules[] = {
		{ "example.org", "example.org", true }, { "Example.ORG", "example.org", true },
		{ "example.org", "*.example.org", false }, { "www.example.org", "*.example.org", true },
		{ "a.b.example.org", "*.example.org", false }, { "a.b.example.org", "**.example.org", true },
		{ "*.example.org", "*.example.org", true }, { "**.example.org", "*.example.org", false },
		{ "*.example.org", "**.example.org", true }, { "*.b.example.org", "**.example.org", true },
		{ "evilexample.org", "**.example.org", false }, { "evilexample.org", "*.example.org", false },
		{ "example.org.evil.net", "example.org", false }, { ".example.org", "**.example.org", false },
		{ "example.org:443", "example.org", true }, { "example.org:22", "example.org", false },
		{ "example.org:*", "example.org", false }, { "example.org:22", "example.org:*", true },
		{ "example.org", "example.org:443", false }, { "example.org:443", "example.org:443", true },
		{ "10.0.0.0/8", "10.0.0.0/8", true }, { "10.0.0.0/7", "10.0.0.0/8", false },
		{ "[fd00::1]:80", "[fd00::1]", true }, { "[fd00::1]:81", "[fd00::1]", false },
		{ "[fd00::1]", "[fd00::1]:*", true }, { "[fd00::12]", "[fd00::1]", false },
		{ "registries", "registries", true }, { "registries", "**.org", false }, { "", "**.example.org", false },
		{ "*", "*.example.org", false }, { "*.org", "**.example.org", false },
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		ok(locks_host_within(rules[i].rule, rules[i].lock) == rules[i].within, "'%s' is %swithin '%s'", rules[i].rule,
		   rules[i].within ? "" : "not ", rules[i].lock);
	denied("network: [a.example, b.example:8443]\n", "hosts: [a.example, registries]\n", "reach b.example:8443; POLICY allows a.example");
	denied("network: registries\n", "hosts: [a.example]\n", "reach registries");
	denied("network: a.example\n", "hosts: []\n", "allows no host");
	taken("network: [a.example, registries]\n", "hosts: ['**.example', a.example, registries]\n");
	taken("network: a.example\n", "sandbox: own\n");
}

int main(void)
{
	numbers_and_words();
	hosts();
	arena_drop(&a);
	return done();
}
