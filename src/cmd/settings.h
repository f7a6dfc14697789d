/*
 * Settings: what a person chose, resolved once, with where each value came from.
 *
 *     flag  >  the session that is resumed  >  SEALWRIGHT_* variable  >  ~/.config/sealwright/config.yml  >  default
 *
 * and /etc/sealwright/policy.yml over all of them: an organisation's limits are never loosened by a flag. One table
 * (settings.c) describes every setting; `sealwright config`, the manual and docs/formats/config.md come from it.
 * A key never stands in a configuration file: it comes from SEALWRIGHT_API_KEY or OPENAI_API_KEY.
 *
 * Locks of endpoints: settings_load holds --base-url and local models against them. The endpoint of a provider by name is
 * known when its model is open, so whoever opens one calls settings_allow_endpoint before anything is sent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_SETTINGS_H
#define CMD_SETTINGS_H

#include "base/conf.h"
#include "base/json.h"
#include "base/opt.h"
#include "flow/flow.h"

enum setting_from { FROM_DEFAULT, FROM_CONFIG, FROM_ENV, FROM_SESSION, FROM_FLAG, FROM_POLICY };

enum setting_type { SETTING_TEXT, SETTING_URL, SETTING_CHOICE, SETTING_WHOLE, SETTING_REAL, SETTING_TIME, SETTING_MAP };

struct setting {
	const char *name;       /* in config.yml; its variable is SEALWRIGHT_ and the name in capitals        */
	const char *option;     /* on the command line, without --; NULL: none                                */
	enum setting_type type;
	const char *value;      /* for help: "NAME"; for a choice its words: "own|oci|off"                     */
	const char *fallback;   /* default; "" : unset, which `means` explains                                */
	const char *help;       /* one line, no full stop                                                     */
	const char *unset;      /* what an unset one means                                                    */
	double max;             /* of numbers                                                                 */
};

/* The table, ended by a NULL name. */
const struct setting *settings_table(void);
const struct setting *settings_find(const char *name); /* NULL: none */

enum { SETTINGS_MAX = 24 };

struct settings_value {
	const char *text;            /* "" : unset                                        */
	enum setting_from from;
	const char *where;           /* "--model", "SEALWRIGHT_MODEL", a file, "default"  */
};

enum settings_colour { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

struct settings {
	const char *model;                /* never NULL                                                */
	const char *base_url;             /* NULL: the provider's                                      */
	enum sandbox_backend sandbox;
	int level_min;                    /* the least level that our own sandbox may run at, policy and all  */
	const char *image;                /* for the oci backend; NULL: its own                        */
	const char *test_command;         /* NULL: found by the test engine                            */
	struct flow_budget budget;        /* 0: no limit                                               */
	int64_t patience_ms;              /* how long a failing endpoint is retried                    */
	const struct tag *tags;           /* of the configuration, ended by a NULL name; never NULL    */
	enum settings_colour colour;
	bool json, quiet, yes;            /* switches of this command line                             */
	struct walls_asked asked;         /* --profile and --allow, of this command line or the session */

	/* The organisation's locks; NULL and 0 where there are none. */
	const char *policy;               /* its file                                                  */
	const char *const *endpoints;     /* "local" and URL beginnings                                */
	const char *const *hosts;         /* that the sandbox may ever be given                        */
	const char *const *sandboxes;     /* "own", "oci", "off": no other                             */
	struct {
		int64_t time_ms, memory, disk, processes; /* the most that a sandbox may spend; 0: no lock     */
	} sandbox_most;
	int sandbox_level;                /* the least that sandbox_probe must say                     */

	struct settings_value values[SETTINGS_MAX]; /* in the order of the table */
};

/* o may be NULL. ERR_USAGE for what makes no sense (naming option, variable or file and line), ERR_DENIED for what the
 * policy locks, naming its file. */
int settings_load(struct arena *a, const struct opts *o, struct settings *out, struct err *e);

/* What a session's `about` keeps of them under "settings", so that a resume goes on with the same: a new reference. */
json_t *settings_about(const struct settings *s);
/* As settings_load, for a session that is resumed: what it began with wins over variables and files, and is held against
 * the policy as it is now. */
int settings_load_session(struct arena *a, const struct opts *o, const json_t *about, struct settings *out, struct err *e);

/* The same from parts, for tests: any may be NULL. */
struct settings_parts {
	const struct conf *config, *policy;
	const json_t *session;       /* "settings" of its about */
	const char *config_path, *policy_path;
	const char *(*env)(void *arg, const char *name);
	void *arg;
};
int settings_resolve(struct arena *a, const struct opts *o, const struct settings_parts *p, struct settings *out,
		     struct err *e);

/* Where a value came from. */
enum setting_from settings_from(const struct settings *s, const char *name);

/* ERR_DENIED, naming the policy's file, when the policy has endpoints and this is none of them. */
int settings_allow_endpoint(const struct settings *s, const char *endpoint, struct err *e);

/* A value by itself: ERR_USAGE says what the setting takes. */
int setting_check(const struct setting *t, const char *value, struct err *e);
/* A name of a key, or a value that looks like one: ERR_USAGE with the cure. */
int settings_no_secret(const char *name, const char *value, struct err *e);
/* No such setting: ERR_USAGE with the nearest. */
int settings_unknown(const char *name, struct err *e);

/* Paths of the two files, in the arena. */
char *settings_config_path(struct arena *a, struct err *e);
#define SETTINGS_POLICY "/etc/sealwright/policy.yml"

/* The options that run, exec and resume share, for their tables: { ... own, SETTINGS_OPTIONS, { 0 } }. */
#define SETTINGS_OPTIONS                                                                                           \
	{ "model", 'm', "NAME", "Use this model: local, glm-5.1, or any id with --base-url", false },              \
	{ "base-url", 0, "URL", "Use this OpenAI-compatible endpoint", false },                                    \
	{ "sandbox", 0, "own|oci|off", "Run the code of models and repositories in this sandbox", false },         \
	{ "sandbox-level", 0, "1|2|3", "Run at no lower level of our own sandbox; 2 unless said", false },         \
	{ "image", 0, "IMAGE", "Use this container image with --sandbox oci", false },                             \
	{ "profile", 'p', "PROFILE", "What commands may read, write, reach and spend; none by default", false },    \
	{ "allow", 0, "HOST[:PORT]", "Let commands reach this host, or registries; not test runs", true },          \
	{ "test", 0, "COMMAND", "Test the project by this command", false },                                       \
	{ "max-turns", 0, "N", "End after N turns of the model", false },                                          \
	{ "max-tokens", 0, "N", "End after N tokens, in and out", false },                                         \
	{ "max-cost", 0, "USD", "End when this much money is spent", false },                                      \
	{ "time", 0, "TIME", "End after this time: 90s, 10m, 2h", false },                                         \
	{ "patience", 0, "TIME", "Retry a failing endpoint for this long", false },                                \
	{ "json", 0, NULL, "Print every event as a JSON line on stdout", false },                                  \
	{ "quiet", 'q', NULL, "Show errors and the summary alone", false }
#define SETTINGS_OPTION_YES { "yes", 'y', NULL, "Do not ask before work starts", false }

#endif
