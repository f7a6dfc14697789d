/*
 * The table of settings, and resolving them.
 *
 * A value is checked by its setting's type wherever it came from, and the message names that place. What a policy locks
 * is refused rather than bent: a person who asked for 50 dollars must not find out at 5 that the file said so. A value
 * that nobody asked for (a default of "no limit") takes the policy's ceiling quietly, and `sealwright config` says so.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/settings.h"

#include "agent/network.h"
#include "base/err.h"
#include "base/fs.h"
#include "model/local.h"
#include "sandbox/profile.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MODEL, BASE_URL, SANDBOX, SANDBOX_LEVEL, IMAGE, TEST_COMMAND, MAX_TURNS, MAX_TOKENS, MAX_COST, TIME, PATIENCE, COLOUR, TAGS };

static const struct setting table[] = {
	[MODEL] = { "model", "model", SETTING_TEXT, "NAME", "local", "The model: local, glm-5.1, or any id with base_url", "", 0 },
	[BASE_URL] = { "base_url", "base-url", SETTING_URL, "URL", "", "The OpenAI-compatible endpoint", "the provider's", 0 },
	[SANDBOX] = { "sandbox", "sandbox", SETTING_CHOICE, "own|oci|off", "own",
		      "The sandbox in which code of models and repositories runs", "", 0 },
	[SANDBOX_LEVEL] = { "sandbox_level", "sandbox-level", SETTING_CHOICE, "1|2|3", "2",
			    "The least level of the sandbox; 1 goes on where namespaces are refused", "", 0 },
	[IMAGE] = { "image", "image", SETTING_TEXT, "IMAGE", "", "The container image of the oci sandbox", "the sandbox's own", 0 },
	[TEST_COMMAND] = { "test_command", "test", SETTING_TEXT, "COMMAND", "", "The command that tests a project",
			   "found by the test engine", 0 },
	[MAX_TURNS] = { "max_turns", "max-turns", SETTING_WHOLE, "N", "0", "End after this many turns of the model", "", 1e9 },
	[MAX_TOKENS] = { "max_tokens", "max-tokens", SETTING_WHOLE, "N", "0", "End after this many tokens, in and out", "", 1e15 },
	[MAX_COST] = { "max_cost", "max-cost", SETTING_REAL, "USD", "0", "End when this much money is spent", "", 1e9 },
	[TIME] = { "time", "time", SETTING_TIME, "TIME", "", "End after this time", "no limit", 0 },
	[PATIENCE] = { "patience", "patience", SETTING_TIME, "TIME", "2m", "Retry a failing endpoint for this long", "", 0 },
	[COLOUR] = { "colour", NULL, SETTING_CHOICE, "auto|always|never", "auto", "Colour on a terminal", "", 0 },
	[TAGS] = { "tags", NULL, SETTING_MAP, "NAME: MEANING", "", "Tags beside @secure, @low-risk, @high-risk and @private",
		   "none", 0 },
	{ 0 },
};
_Static_assert(sizeof(table) / sizeof(*table) <= SETTINGS_MAX, "struct settings has room for every setting");

const struct setting *settings_table(void)
{
	return table;
}

const struct setting *settings_find(const char *name)
{
	for (const struct setting *t = table; t->name; t++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

int settings_unknown(const char *name, struct err *e)
{
	const char *best = NULL;
	size_t least = opt_far(name);

	for (const struct setting *t = table; t->name; t++) {
		size_t d = opt_distance(name, t->name);

		if (t->option && opt_distance(name, t->option) < d) /* max-turns for max_turns */
			d = opt_distance(name, t->option);
		if (d < least) {
			least = d;
			best = t->name;
		}
	}
	if (best)
		return err_set(e, ERR_USAGE, "no setting %.60s; did you mean %s?", name, best);
	return err_set(e, ERR_USAGE, "no setting %.60s; run: sealwright config list", name);
}

/* Endings of names that hold a secret wherever people write them. */
int settings_no_secret(const char *name, const char *value, struct err *e)
{
	static const char *const names[] = { "key", "secret", "token", "password", "passwd", "credential", "credentials",
					     "authorization", "bearer", NULL };
	static const char *const values[] = { "sk-", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "AKIA", "Bearer ",
					      "-----BEGIN", NULL };
	size_t n = strlen(name);

	for (const char *const *s = names; *s && !settings_find(name); s++)
		if (n >= strlen(*s) && !strcasecmp(name + n - strlen(*s), *s))
			return err_set(e, ERR_USAGE, "a key does not belong in a configuration file; remove it there, and set "
				       "SEALWRIGHT_API_KEY in the environment");
	for (const char *const *s = values; value && *s; s++)
		if (!strncmp(value, *s, strlen(*s)))
			return err_set(e, ERR_USAGE, "this looks like a key, which does not belong in a configuration file; "
				       "remove it there, and set SEALWRIGHT_API_KEY in the environment");
	return 0;
}

static int url_check(const char *value, struct err *e)
{
	const char *host = !strncmp(value, "https://", 8) ? value + 8 : !strncmp(value, "http://", 7) ? value + 7 : NULL;

	if (!host || !*host || *host == '/')
		return err_set(e, ERR_USAGE, "takes a URL like https://HOST/v1, not \"%.100s\"", value);
	for (const char *p = value; *p; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f || strchr("\"<>\\^`{|}#", *p))
			return err_set(e, ERR_USAGE, "takes a URL without blanks, quotes and #");
	if (memchr(host, '@', strcspn(host, "/?")))
		return err_set(e, ERR_USAGE, "takes a URL without a user or key in it; set SEALWRIGHT_API_KEY");
	return 0;
}

static bool choice_has(const char *words, const char *value)
{
	size_t n = strlen(value);

	for (const char *p = words; n; p = strchr(p, '|') + 1) {
		if (!strncmp(p, value, n) && (!p[n] || p[n] == '|'))
			return true;
		if (!strchr(p, '|'))
			break;
	}
	return false;
}

int setting_check(const struct setting *t, const char *value, struct err *e)
{
	int64_t whole = 0;
	double real = 0;

	for (const char *p = value; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return err_set(e, ERR_USAGE, "takes one line without control characters");
	if (strlen(value) > 4000)
		return err_set(e, ERR_USAGE, "takes at most 4000 bytes");
	if (!*value) /* unset, where that means something */
		return *t->fallback || t->type == SETTING_MAP ? err_set(e, ERR_USAGE, "needs %s", t->value) : 0;
	switch (t->type) {
	case SETTING_TEXT:
		return 0;
	case SETTING_URL:
		return url_check(value, e);
	case SETTING_CHOICE:
		return choice_has(t->value, value) ? 0 : err_set(e, ERR_USAGE, "takes %s, not \"%.60s\"", t->value, value);
	case SETTING_WHOLE:
		if (opt_whole_parse(value, &whole) < 0 || whole < 0 || (double)whole > t->max)
			return err_set(e, ERR_USAGE, "takes a whole number from 0 (no limit) to %.0f, not \"%.60s\"", t->max, value);
		return 0;
	case SETTING_REAL:
		if (opt_real_parse(value, &real) < 0 || real < 0 || real > t->max)
			return err_set(e, ERR_USAGE, "takes a number from 0 (no limit) to %.0f, not \"%.60s\"", t->max, value);
		return 0;
	case SETTING_TIME:
		return opt_time_parse(value, &whole, e);
	case SETTING_MAP:
		break;
	}
	return err_set(e, ERR_USAGE, "takes entries, one by one: %s.NAME", t->name);
}

/* ---- where values come from ---- */

static char *env_name(struct arena *a, const struct setting *t)
{
	char *s = arena_printf(a, "SEALWRIGHT_%s", t->name);

	for (char *p = s; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return s;
}

static int value_find(struct arena *a, const struct setting *t, const struct opts *o, const struct settings_parts *p,
		      struct settings_value *v, struct err *e)
{
	char *env = env_name(a, t);
	const char *s = NULL;

	*v = (struct settings_value){ t->fallback, FROM_DEFAULT, "default" };
	if (t->type == SETTING_MAP)
		return 0;
	if (t->option && o && (s = opts_text(o, t->option)))
		*v = (struct settings_value){ s, FROM_FLAG, arena_printf(a, "--%s", t->option) };
	else if ((s = json_text(p->session, t->name)))
		*v = (struct settings_value){ arena_strdup(a, s), FROM_SESSION, "the session" };
	else if (p->env && (s = p->env(p->arg, env)) && *s)
		*v = (struct settings_value){ arena_strdup(a, s), FROM_ENV, env };
	else if (conf_get(p->config, t->name)) {
		const struct conf *c = conf_get(p->config, t->name);

		*v = (struct settings_value){ c->text, FROM_CONFIG,
					      arena_printf(a, "%s:%d", p->config_path ? p->config_path : "config.yml", c->line) };
		if (c->kind != CONF_TEXT)
			return err_set(e, ERR_USAGE, "%s: %s takes %s", v->where, t->name, t->value);
	}
	if (v->from != FROM_DEFAULT && setting_check(t, v->text, e) < 0) {
		e->code = ERR_USAGE;
		return err_wrap(e, v->from == FROM_CONFIG ? "%s: %s" : "%s", v->where, t->name);
	}
	return 0;
}

/* Every key of the file must be in the table: a setting that is misspelt must not quietly mean nothing. */
static int config_check(struct arena *a, const struct settings_parts *p, struct err *e)
{
	for (const struct conf *c = p->config ? p->config->first : NULL; c; c = c->next) {
		char *where = arena_printf(a, "%s:%d", p->config_path ? p->config_path : "config.yml", c->key_line);

		if (settings_no_secret(c->key, c->text, e) < 0)
			return err_wrap(e, "%s: %s", where, c->key);
		if (!settings_find(c->key))
			return settings_unknown(c->key, e), err_wrap(e, "%s", where);
	}
	return 0;
}

static int tags_read(struct arena *a, const struct settings_parts *p, struct settings *s, struct err *e)
{
	const struct conf *c = conf_get(p->config, "tags");
	struct tag *tags = arena_array(a, (size_t)(c ? c->n : 0) + 1, sizeof(*tags));
	int n = 0;

	s->tags = tags;
	if (!c || (c->kind == CONF_TEXT && !*c->text))
		return 0;
	s->values[TAGS] = (struct settings_value){ "", FROM_CONFIG, p->config_path ? p->config_path : "config.yml" };
	if (c->kind != CONF_MAP)
		return err_set(e, ERR_USAGE, "%s:%d: tags takes NAME: MEANING, a line each", s->values[TAGS].where, c->line);
	for (const struct conf *x = c->first; x; x = x->next) {
		if (x->kind != CONF_TEXT || strlen(x->text) > 1000 || strchr(x->key, '.') || !isalpha((unsigned char)x->key[0]))
			return err_set(e, ERR_USAGE, "%s:%d: a tag is NAME: MEANING, a word (letters, digits, - _) and one text",
				       s->values[TAGS].where, x->key_line);
		if (intent_tag_means(x->key)) /* @secure must mean to all what it means to us */
			return err_set(e, ERR_USAGE, "%s:%d: @%s is built in and can't be given another meaning",
				       s->values[TAGS].where, x->key_line, x->key);
		tags[n++] = (struct tag){ x->key, *x->text ? x->text : NULL };
	}
	return 0;
}

/* ---- the organisation's locks ---- */

static int policy_known(const struct settings_parts *p, struct err *e)
{
	static const char *const keys[] = { "sandbox", "sandbox_level", "endpoints", "hosts", "max_turns", "max_tokens",
					    "max_cost", "time", "sandbox_time", "sandbox_memory", "sandbox_disk",
					    "sandbox_processes", NULL };

	for (const struct conf *c = p->policy ? p->policy->first : NULL; c; c = c->next) {
		bool known = false;

		for (const char *const *k = keys; *k; k++)
			known = known || !strcmp(*k, c->key);
		if (!known)
			return err_set(e, ERR_DENIED, "%s:%d: no lock %s; there are sandbox, sandbox_level, sandbox_time, "
				       "sandbox_memory, sandbox_disk, sandbox_processes, endpoints, hosts, max_turns, max_tokens, max_cost "
				       "and time", p->policy_path, c->key_line, c->key);
	}
	return 0;
}

/* A number of the policy is the most that may be asked for; 0 asks for no limit. */
static int ceiling(struct arena *a, struct settings *s, int i, double asked, double most, const char *text,
		   const struct settings_parts *p, struct err *e)
{
	struct settings_value *v = &s->values[i];

	if (most <= 0 || (asked > 0 && asked <= most))
		return 0;
	if (v->from != FROM_DEFAULT)
		return err_set(e, ERR_DENIED, "%s asks for %s; %s allows at most %s %s", v->where, asked > 0 ? v->text : "no limit",
			       p->policy_path, table[i].name, text);
	*v = (struct settings_value){ text, FROM_POLICY, arena_strdup(a, p->policy_path) };
	return 1;
}

static int budget_lock(struct arena *a, struct settings *s, const struct settings_parts *p, struct err *e)
{
	int64_t turns = 0, tokens = 0, time_ms = 0;
	double cost = 0;
	const char *text[TAGS + 1] = { NULL };
	int r;

	if (conf_whole(p->policy, "max_turns", 1, 1000000000, &turns, e) < 0 ||
	    conf_whole(p->policy, "max_tokens", 1, 1000000000000000, &tokens, e) < 0 ||
	    conf_real(p->policy, "max_cost", 0.0001, 1e9, &cost, e) < 0 || conf_time(p->policy, "time", &time_ms, e) < 0)
		return err_wrap(e, "%s", p->policy_path);
	for (int i = MAX_TURNS; i <= TIME; i++)
		conf_text(p->policy, table[i].name, &text[i], NULL);
	if ((r = ceiling(a, s, MAX_TURNS, (double)s->budget.turns, (double)turns, text[MAX_TURNS], p, e)) < 0)
		return -1;
	s->budget.turns = r ? turns : s->budget.turns;
	if ((r = ceiling(a, s, MAX_TOKENS, (double)s->budget.tokens, (double)tokens, text[MAX_TOKENS], p, e)) < 0)
		return -1;
	s->budget.tokens = r ? tokens : s->budget.tokens;
	if ((r = ceiling(a, s, MAX_COST, s->budget.cost, cost, text[MAX_COST], p, e)) < 0)
		return -1;
	s->budget.cost = r ? cost : s->budget.cost;
	if ((r = ceiling(a, s, TIME, (double)s->budget.time_ms, (double)time_ms, text[TIME], p, e)) < 0)
		return -1;
	s->budget.time_ms = r ? time_ms : s->budget.time_ms;
	return 0;
}

static enum sandbox_backend backend_of(const char *checked)
{
	return !strcmp(checked, "off") ? SANDBOX_OFF : !strcmp(checked, "oci") ? SANDBOX_OCI : SANDBOX_OWN;
}

static int sandbox_lock(struct arena *a, struct settings *s, const struct settings_parts *p, struct err *e)
{
	const char *const *allowed = NULL;
	struct settings_value *v = &s->values[SANDBOX];
	char *list = arena_strdup(a, "");
	int64_t level = 0;

	if (conf_texts(a, p->policy, "sandbox", &allowed, e) < 0 ||
	    conf_whole(p->policy, "sandbox_level", 1, 4, &level, e) < 0)
		return err_wrap(e, "%s", p->policy_path);
	s->sandbox_level = (int)level;
	if (level && s->level_min < (int)level && s->values[SANDBOX_LEVEL].from != FROM_DEFAULT)
		return err_set(e, ERR_DENIED, "%s asks for sandbox level %s; %s wants at least level %d", s->values[SANDBOX_LEVEL].where,
			       s->values[SANDBOX_LEVEL].text, p->policy_path, (int)level);
	s->level_min = s->level_min > (int)level ? s->level_min : (int)level;
	s->sandboxes = allowed;
	if (conf_time(p->policy, "sandbox_time", &s->sandbox_most.time_ms, e) < 0 ||
	    conf_size(p->policy, "sandbox_memory", &s->sandbox_most.memory, e) < 0 ||
	    conf_size(p->policy, "sandbox_disk", &s->sandbox_most.disk, e) < 0 ||
	    conf_whole(p->policy, "sandbox_processes", 1, 1000000, &s->sandbox_most.processes, e) < 0)
		return err_wrap(e, "%s", p->policy_path);
	if (level && s->sandbox == SANDBOX_OFF)
		return err_set(e, ERR_DENIED, "%s asks for no sandbox; %s wants at least level %d", v->where, p->policy_path,
			       (int)level);
	if (!allowed)
		return 0;
	for (const char *const *x = allowed; *x; x++) {
		if (setting_check(&table[SANDBOX], *x, e) < 0)
			return err_wrap(e, "%s: sandbox", p->policy_path);
		if (!strcmp(*x, v->text))
			return 0;
		list = arena_printf(a, "%s%s%s", list, *list ? ", " : "", *x);
	}
	if (v->from != FROM_DEFAULT || !allowed[0])
		return err_set(e, ERR_DENIED, "%s asks for the sandbox %s; %s allows %s", v->where, v->text, p->policy_path,
			       *list ? list : "none");
	*v = (struct settings_value){ allowed[0], FROM_POLICY, p->policy_path };
	s->sandbox = backend_of(v->text);
	return 0;
}

/* https://api.example.org/v1 lets through that URL and what stands beneath it, never api.example.org.evil.net. */
static bool url_begins(const char *url, const char *with)
{
	size_t n = strlen(with);

	while (n && with[n - 1] == '/')
		n--;
	return !strncasecmp(url, with, n) && (!url[n] || url[n] == '/' || url[n] == '?') && !strstr(url, "/../");
}

static bool url_is_loopback(const char *url)
{
	static const char *const hosts[] = { "http://127.0.0.1", "http://localhost", "http://[::1]", NULL };

	for (const char *const *h = hosts; *h; h++)
		if (!strncmp(url, *h, strlen(*h)) && (!url[strlen(*h)] || strchr(":/", url[strlen(*h)])) &&
		    !memchr(url + 7, '@', strcspn(url + 7, "/?")))
			return true;
	return false;
}

int settings_allow_endpoint(const struct settings *s, const char *endpoint, struct err *e)
{
	char list[512] = "";
	size_t n = 0;

	if (!s->endpoints)
		return 0;
	for (const char *const *x = s->endpoints; *x; x++) {
		if (!strcmp(*x, "local") ? url_is_loopback(endpoint) : url_begins(endpoint, *x))
			return 0;
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%.100s", n ? ", " : "", *x);
		if (n >= sizeof(list))
			n = sizeof(list) - 1;
	}
	return err_set(e, ERR_DENIED, "the endpoint %.200s is not allowed; %s allows %s", endpoint, s->policy,
		       *list ? list : "none");
}

static int endpoints_lock(struct arena *a, struct settings *s, const struct settings_parts *p, struct err *e)
{
	if (conf_texts(a, p->policy, "endpoints", &s->endpoints, e) < 0 || conf_texts(a, p->policy, "hosts", &s->hosts, e) < 0)
		return err_wrap(e, "%s", p->policy_path);
	for (const char *const *x = s->endpoints; x && *x; x++)
		if (strcmp(*x, "local") && url_check(*x, e) < 0)
			return err_wrap(e, "%s: endpoints", p->policy_path);
	if (s->base_url)
		return settings_allow_endpoint(s, s->base_url, e);
	return local_is_name(s->model) ? settings_allow_endpoint(s, "http://127.0.0.1", e) : 0;
}

static int policy_apply(struct arena *a, struct settings *s, const struct settings_parts *p, struct err *e)
{
	if (!p->policy)
		return 0;
	s->policy = p->policy_path;
	if (policy_known(p, e) < 0 || sandbox_lock(a, s, p, e) < 0 || budget_lock(a, s, p, e) < 0 ||
	    endpoints_lock(a, s, p, e) < 0) {
		e->code = ERR_DENIED; /* a policy that can't be read denies */
		return -1;
	}
	return 0;
}

/* ---- all together ---- */

static const char *or_null(const char *s)
{
	return *s ? s : NULL;
}

static int values_take(struct settings *s, struct err *e)
{
	const struct settings_value *v = s->values;

	s->model = v[MODEL].text;
	s->base_url = or_null(v[BASE_URL].text);
	s->image = or_null(v[IMAGE].text);
	s->test_command = or_null(v[TEST_COMMAND].text);
	s->colour = !strcmp(v[COLOUR].text, "always") ? COLOUR_ALWAYS : !strcmp(v[COLOUR].text, "never") ? COLOUR_NEVER : COLOUR_AUTO;
	opt_whole_parse(v[MAX_TURNS].text, &s->budget.turns);   /* each was checked by its type */
	opt_whole_parse(v[MAX_TOKENS].text, &s->budget.tokens);
	opt_real_parse(v[MAX_COST].text, &s->budget.cost);
	if ((*v[TIME].text && opt_time_parse(v[TIME].text, &s->budget.time_ms, e) < 0) ||
	    opt_time_parse(v[PATIENCE].text, &s->patience_ms, e) < 0)
		return -1;
	s->sandbox = backend_of(v[SANDBOX].text);
	s->level_min = v[SANDBOX_LEVEL].text[0] - '0'; /* checked: one of three digits */
	return 0;
}

/* ---- what commands may reach: asked for by a flag, kept by the session, in no file ---- */

static int asked_find(struct arena *a, const struct opts *o, const json_t *session, struct walls_asked *out, struct err *e)
{
	const json_t *kept = json_list(session, "allow");
	const char *rule, *profile = o ? opts_text(o, "profile") : NULL;
	const char *const *list = NULL;

	if (!profile && json_text(session, "profile"))
		profile = arena_strdup(a, json_text(session, "profile"));
	for (int i = 0; o && (rule = opts_nth(o, "allow", i)); i++)
		list = profile_list_add(a, list, rule);
	for (size_t i = 0; !list && i < json_array_size(kept); i++)
		if ((rule = json_string_value(json_array_get(kept, i))))
			out->allow = profile_list_add(a, out->allow, arena_strdup(a, rule));
	out->allow = list ? list : out->allow;
	out->profile = profile;
	for (const char *const *x = out->allow; x && *x; x++)
		if (network_rule_check(*x, e) < 0)
			return err_wrap(e, "--allow");
	return 0;
}

int settings_resolve(struct arena *a, const struct opts *o, const struct settings_parts *p, struct settings *out,
		     struct err *e)
{
	struct settings s = { 0 };

	if (config_check(a, p, e) < 0)
		return -1;
	for (int i = 0; table[i].name; i++)
		if (value_find(a, &table[i], o, p, &s.values[i], e) < 0)
			return -1;
	if (tags_read(a, p, &s, e) < 0 || values_take(&s, e) < 0 || policy_apply(a, &s, p, e) < 0)
		return -1;
	if (asked_find(a, o, p->session, &s.asked, e) < 0)
		return -1;
	s.json = o && opts_has(o, "json");
	s.quiet = o && opts_has(o, "quiet");
	s.yes = o && opts_has(o, "yes");
	*out = s;
	return 0;
}

char *settings_config_path(struct arena *a, struct err *e)
{
	char *dir = fs_config_dir(a, e);

	return dir ? arena_printf(a, "%s/config.yml", dir) : NULL;
}

static const char *from_env(void *arg, const char *name)
{
	(void)arg;
	return getenv(name);
}

/* An absent file is no file; every other fault is one. */
static int file_read(struct arena *a, const char *path, const struct conf **out, struct err *e)
{
	struct conf *c = NULL;
	struct err why = { 0 };

	if (conf_load(a, path, &c, &why) < 0 && why.code != ERR_NOT_FOUND) {
		if (e)
			*e = why;
		return -1;
	}
	*out = c;
	return 0;
}

json_t *settings_about(const struct settings *s)
{
	json_t *v = json_object(), *allow = s->asked.allow ? json_array() : NULL;

	for (int i = 0; table[i].name; i++)
		if (table[i].type != SETTING_MAP && s->values[i].from != FROM_DEFAULT)
			json_object_set_new(v, table[i].name, json_string_any(bytes_of(s->values[i].text)));
	if (s->asked.profile)
		json_object_set_new(v, "profile", json_string_any(bytes_of(s->asked.profile)));
	if (s->asked.allow)
		json_object_set_new(v, "allow", allow);
	for (const char *const *x = s->asked.allow; x && *x; x++)
		json_array_append_new(allow, json_string_any(bytes_of(*x)));
	return v;
}

int settings_load(struct arena *a, const struct opts *o, struct settings *out, struct err *e)
{
	return settings_load_session(a, o, NULL, out, e);
}

int settings_load_session(struct arena *a, const struct opts *o, const json_t *about, struct settings *out, struct err *e)
{
	auto_json *kept = json_copy(json_map(about, "settings"));
	struct settings_parts p = { .env = from_env, .policy_path = SETTINGS_POLICY, .session = kept };

	if (o && opts_has(o, "model")) /* another model does not answer at the endpoint of the one before */
		json_object_del(kept, "base_url");
	if (file_read(a, SETTINGS_POLICY, &p.policy, e) < 0) {
		if (e)
			e->code = ERR_DENIED;
		return -1;
	}
	p.config_path = settings_config_path(a, NULL); /* NULL: no home, or one that can't be written: no file of ours there */
	if (p.config_path && file_read(a, p.config_path, &p.config, e) < 0) {
		if (e && e->code == ERR_INPUT)
			e->code = ERR_USAGE;
		return -1;
	}
	return settings_resolve(a, o, &p, out, e);
}

enum setting_from settings_from(const struct settings *s, const char *name)
{
	const struct setting *t = settings_find(name);

	return t ? s->values[t - table].from : FROM_DEFAULT;
}
