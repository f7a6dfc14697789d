/* Unit tests of cmd/settings: which place wins, what a policy locks, and that a key is never taken from a file. */
#include "../tap.h"
#include "base/err.h"
#include "cmd/settings.h"

static struct arena a;
static struct err e;
static struct settings s;
static const struct opt options[] = { SETTINGS_OPTIONS, SETTINGS_OPTION_YES, { 0 } };

static const char *env_cost(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "SEALWRIGHT_MAX_COST") ? "3" : !strcmp(name, "SEALWRIGHT_MODEL") ? "from-env" : NULL;
}

static const char *env_bad(void *arg, const char *name)
{
	(void)arg;
	return !strcmp(name, "SEALWRIGHT_TIME") ? "soon" : NULL;
}

static const struct conf *conf(const char *text)
{
	struct conf *c = NULL;
	struct err why = { 0 };

	if (text && conf_parse(&a, bytes_of(text), &c, &why) < 0)
		printf("# %s\n", why.text);
	return c;
}

static int resolve(const char *const *argv, const char *config, const char *policy, const char *(*env)(void *, const char *))
{
	struct settings_parts p = { .config = conf(config), .policy = conf(policy), .config_path = "C", .policy_path = "P",
				    .env = env };
	struct opts o = { 0 };

	memset(&e, 0, sizeof(e));
	memset(&s, 0, sizeof(s));
	if (argv && opts_parse(&a, options, false, argv, &o, &e) < 0)
		return -1;
	return settings_resolve(&a, argv ? &o : NULL, &p, &s, &e);
}
#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void refused(const char *config, const char *policy, const char *const *argv, enum err_code code, const char *why,
		    const char *name)
{
	int r = resolve(argv, config, policy, NULL);

	ok(r < 0 && e.code == code && strstr(e.text, why), "%s: %s", name, r < 0 ? e.text : "(was taken)");
}

static void the_nearest_place_wins(void)
{
	ok(resolve(NULL, NULL, NULL, NULL) == 0, "without anything there are defaults: %s", e.text);
	is_text(s.model, "local", "a local model");
	ok(s.sandbox == SANDBOX_OWN && !s.base_url && !s.test_command && s.patience_ms == 120000, "in our own sandbox");
	ok(s.tags && !s.tags[0].name, "and no tags");
	ok(resolve(NULL, "model: from-file\nmax_cost: 2\nmax_turns: 7\n", NULL, env_cost) == 0, "file and variables: %s", e.text);
	is_text(s.model, "from-env", "a variable wins over the file");
	ok(s.budget.cost > 2.9 && s.budget.turns == 7, "each value by itself");
	is_whole(settings_from(&s, "max_turns"), FROM_CONFIG, "the place is known");
	is_text(s.values[settings_find("max_turns") - settings_table()].where, "C:3", "with its line");
	ok(resolve(ARGS("--model", "m", "--time=90s", "--json", "-y"), "time: 2h\n", NULL, env_cost) == 0, "flags: %s", e.text);
	is_text(s.model, "m", "a flag wins over a variable");
	ok(s.budget.time_ms == 90000 && s.json && s.yes && !s.quiet, "and over the file");
	is_whole(settings_from(&s, "model"), FROM_FLAG, "and is known as one");
	ok(resolve(NULL, "tags:\n  internal: an internal tool\n  pci:\n", NULL, NULL) == 0, "tags: %s", e.text);
	is_text(s.tags[0].name, "internal", "are read");
	is_text(s.tags[0].means, "an internal tool", "with what they mean");
	ok(s.tags[1].name && !s.tags[1].means && !s.tags[2].name, "or without");
}

static void what_makes_no_sense_is_refused(void)
{
	refused("modle: x\n", NULL, NULL, ERR_USAGE, "C:1: no setting modle; did you mean model?", "a misspelt setting");
	refused("max-turns: 3\n", NULL, NULL, ERR_USAGE, "did you mean max_turns?", "an option's name");
	refused("sandbox: docker\n", NULL, NULL, ERR_USAGE, "C:1: sandbox: takes own|oci|off", "an unknown sandbox");
	refused("max_turns: many\n", NULL, NULL, ERR_USAGE, "C:1: max_turns: takes a whole number", "a number in words");
	refused("max_cost: -1\n", NULL, NULL, ERR_USAGE, "max_cost", "negative money");
	refused("base_url: ftp://x\n", NULL, NULL, ERR_USAGE, "takes a URL like", "another protocol");
	refused("base_url: https://me:pw@example.org/v1\n", NULL, NULL, ERR_USAGE, "SEALWRIGHT_API_KEY", "a URL with a password");
	refused("model: [a]\n", NULL, NULL, ERR_USAGE, "C:1: model takes NAME", "a list as a text");
	refused("tags: {secure: nothing}\n", NULL, NULL, ERR_USAGE, "@secure is built in", "another meaning for @secure");
	refused("tags: x\n", NULL, NULL, ERR_USAGE, "tags takes NAME: MEANING", "tags that are no map");
	refused(NULL, NULL, ARGS("--max-turns", "many"), ERR_USAGE, "--max-turns: takes", "a flag of the wrong type");
	refused(NULL, NULL, ARGS("--model", ""), ERR_USAGE, "--model: needs NAME", "an empty model");
	ok(resolve(NULL, NULL, NULL, env_bad) < 0 && strstr(e.text, "SEALWRIGHT_TIME: \"soon\" is no time"),
	   "a variable is named too: %s", e.text);
}

static void a_key_in_a_file_is_refused(void)
{
	static const char *const files[] = { "api_key: x\n", "openai_api_key: x\n", "token: x\n", "client_secret: x\n",
					     "Authorization: x\n", "model: sk-not-a-real-one\n", "test_command: Bearer x\n" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		refused(files[i], NULL, NULL, ERR_USAGE, "SEALWRIGHT_API_KEY", "a key in the file gets the cure");
		ok(!strstr(e.text, "sk-not-a-real-one"), "and its value is not repeated");
	}
	ok(resolve(NULL, "max_tokens: 5\n", NULL, NULL) == 0, "max_tokens is no token: %s", e.text);
}

static void a_policy_wins_over_flags(void)
{
	refused(NULL, "sandbox: own\n", ARGS("--sandbox", "off"), ERR_DENIED,
		"--sandbox asks for the sandbox off; P allows own", "--sandbox off under a lock");
	ok(resolve(NULL, NULL, NULL, NULL) == 0 && s.level_min == 2, "level 2 is the least unless somebody says otherwise");
	ok(resolve(NULL, "sandbox_level: 1\n", NULL, NULL) == 0 && s.level_min == 1, "a person may go on with level 1");
	ok(resolve(NULL, NULL, "sandbox_level: 3\n", NULL) == 0 && s.level_min == 3, "a policy raises the least level");
	ok(resolve(NULL, "sandbox_level: 3\n", "sandbox_level: 2\n", NULL) == 0 && s.level_min == 3, "and lowers none");
	refused("sandbox_level: 1\n", "sandbox_level: 2\n", NULL, ERR_DENIED, "C:1 asks for sandbox level 1; P wants at least level 2",
		"a lower level than allowed");
	refused("sandbox: off\n", "sandbox_level: 2\n", NULL, ERR_DENIED, "P wants at least level 2", "no sandbox below a level");
	refused(NULL, "max_cost: 5\n", ARGS("--max-cost", "50"), ERR_DENIED,
		"--max-cost asks for 50; P allows at most max_cost 5", "more money than allowed");
	refused(NULL, "max_cost: 5\n", ARGS("--max-cost", "0"), ERR_DENIED, "asks for no limit", "no limit by a flag");
	refused("time: 3h\n", "time: 2h\n", NULL, ERR_DENIED, "C:1 asks for 3h; P allows at most time 2h", "more time by the file");
	refused(NULL, "endpoints: [local]\n", ARGS("--base-url", "https://evil.example/v1"), ERR_DENIED,
		"is not allowed; P allows local", "an endpoint that is not listed");
	refused(NULL, "endpoints: [https://a.example/v1]\n", NULL, ERR_DENIED, "127.0.0.1 is not allowed", "a local model when only another is");
	refused(NULL, "endpoints: []\n", ARGS("--base-url", "https://a.example/v1"), ERR_DENIED, "P allows none", "any when none is");
	refused(NULL, "max_cots: 5\n", NULL, ERR_DENIED, "P:1: no lock max_cots", "a misspelt lock");
	refused(NULL, "max_turns: lots\n", NULL, ERR_DENIED, "P: line 1: max_turns", "a lock that can't be read");
	refused(NULL, "sandbox: [bubble]\n", NULL, ERR_DENIED, "P: sandbox: takes own", "a lock to nothing we have");
	ok(resolve(ARGS("--max-cost", "4"), NULL, "max_cost: 5\nmax_turns: 100\ntime: 2h\nsandbox: [oci]\n", NULL) == 0,
	   "less than the lock is taken: %s", e.text);
	ok(s.budget.cost > 3.9 && s.budget.cost < 4.1, "as asked for");
	ok(s.budget.turns == 100 && s.budget.time_ms == 7200000 && s.sandbox == SANDBOX_OCI, "what nobody asked for is the lock's");
	is_whole(settings_from(&s, "time"), FROM_POLICY, "and known as such");
	is_text(s.policy, "P", "by its file");
}

static void a_resumed_session_keeps_what_it_began_with(void)
{
	auto_json *about = NULL;
	struct settings_parts p = { .config = conf("model: from-file\nmax_turns: 3\n"), .config_path = "C", .env = env_cost };
	struct opts o = { 0 };

	ok(resolve(ARGS("--model", "m", "--max-cost", "4"), "time: 2h\n", NULL, NULL) == 0, "a session begins: %s", e.text);
	about = settings_about(&s);
	is_text(json_text(about, "time"), "2h", "what was set is kept");
	ok(!json_text(about, "sandbox"), "defaults are not: they may change");
	p.session = about;
	opts_parse(&a, options, false, ARGS("--time", "3h"), &o, &e);
	ok(settings_resolve(&a, &o, &p, &s, &e) == 0, "it is resumed: %s", e.text);
	is_text(s.model, "m", "with its model, whatever variable and file say");
	ok(s.budget.cost > 3.9 && s.budget.time_ms == 3 * 3600000, "and its money, while a flag wins");
	is_whole(s.budget.turns, 3, "what it did not say comes from the file");
	p.policy = conf("max_cost: 2\n");
	p.policy_path = "P";
	ok(settings_resolve(&a, &o, &p, &s, &e) < 0 && e.code == ERR_DENIED && strstr(e.text, "the session asks for 4; P allows"),
	   "a policy that came since holds: %s", e.text);
}

static void what_commands_may_reach_is_of_flag_and_session(void)
{
	auto_json *about = NULL;
	struct settings_parts p = { 0 };
	struct opts o = { 0 };

	ok(resolve(NULL, NULL, NULL, NULL) == 0 && !s.asked.profile && !s.asked.allow, "nothing unless asked: %s", e.text);
	ok(resolve(ARGS("--allow", "a.example", "--allow", "registries", "--profile", "deps"), NULL, NULL, NULL) == 0, "asked for: %s", e.text);
	about = settings_about(&s);
	p.session = about;
	ok(settings_resolve(&a, NULL, &p, &s, &e) == 0 && s.asked.allow && s.asked.allow[1] && !s.asked.allow[2], "a session keeps it");
	is_text(s.asked.allow[0], "a.example", "the host");
	is_text(s.asked.profile, "deps", "and the profile");
	opts_parse(&a, options, false, ARGS("--allow", "b.example:8443"), &o, &e);
	ok(settings_resolve(&a, &o, &p, &s, &e) == 0 && s.asked.allow && !s.asked.allow[1], "a flag takes the place of all hosts that were kept");
	is_text(s.asked.allow[0], "b.example:8443", "by its own");
	is_text(s.asked.profile, "deps", "and of nothing else");
	ok(resolve(ARGS("--allow", "exa mple"), NULL, NULL, NULL) < 0 && e.code == ERR_USAGE && strstr(e.text, "--allow"), "what is no host is refused: %s",
	   e.text);
}

static void endpoints_are_held_by_whole_names(void)
{
	static const char *const good[] = { "https://api.example.org/v1", "https://api.example.org", "HTTPS://API.example.org/v1/x",
					    "http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]:1/v1" };
	static const char *const bad[] = { "https://api.example.org.evil.net/v1", "https://api.example.org@evil.net/v1",
					   "http://api.example.org/v1", "https://api.example.orgs", "http://127.0.0.1:x@evil.net/",
					   "http://127.0.0.1.evil.net/v1", "http://localhost.evil.net", "https://127.0.0.1.nip.io" };

	resolve(NULL, NULL, "endpoints: [local, https://api.example.org/]\n", NULL);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ok(settings_allow_endpoint(&s, good[i], &e) == 0, "%s is allowed", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(settings_allow_endpoint(&s, bad[i], &e) < 0 && e.code == ERR_DENIED, "%s is not", bad[i]);
}

int main(void)
{
	the_nearest_place_wins();
	what_makes_no_sense_is_refused();
	a_key_in_a_file_is_refused();
	a_policy_wins_over_flags();
	a_resumed_session_keeps_what_it_began_with();
	what_commands_may_reach_is_of_flag_and_session();
	endpoints_are_held_by_whole_names();
	arena_drop(&a);
	return done();
}
