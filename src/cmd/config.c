/*
 * `sealwright config list|get|set|unset|path`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/conf_edit.h"
#include "base/err.h"
#include "base/fs.h"
#include "cmd/cmd.h"
#include "cmd/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

static const struct opt json_option[] = {
	{ "json", 0, NULL, "Print one JSON object", false },
	{ 0 },
};

static const char *const from_names[] = {
	[FROM_DEFAULT] = "default", [FROM_CONFIG] = "config", [FROM_ENV] = "env",
	[FROM_SESSION] = "session", [FROM_FLAG] = "flag", [FROM_POLICY] = "policy",
};

static void print_json(json_t *v)
{
	auto_buf text = buf_max(1 << 20);

	json_write(&text, v);
	puts(buf_str(&text));
	json_decref(v);
}

static json_t *tags_json(const struct settings *s)
{
	json_t *tags = json_object();

	for (const struct tag *t = s->tags; t->name; t++)
		json_object_set_new(tags, t->name, json_string_any(bytes_of(t->means ? t->means : "")));
	return tags;
}

static json_t *setting_json(const struct settings *s, int i)
{
	const struct setting *t = &settings_table()[i];

	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:s}", "name", t->name, "value",
			 t->type == SETTING_MAP ? tags_json(s) : json_string_any(bytes_of(s->values[i].text)), "from",
			 from_names[s->values[i].from], "where", s->values[i].where, "takes", t->value, "help", t->help);
}

static json_t *texts_json(const char *const *list)
{
	json_t *v = list ? json_array() : json_null();

	for (; list && *list; list++)
		json_array_append_new(v, json_string_any(bytes_of(*list)));
	return v;
}

static void print_list(const struct settings *s)
{
	const struct setting *t = settings_table();

	printf("%-14s %-28s %s\n", "SETTING", "VALUE", "FROM");
	for (int i = 0; t[i].name; i++) {
		const struct settings_value *v = &s->values[i];
		bool no_limit = !strncmp(t[i].name, "max_", 4) && (!*v->text || !strcmp(v->text, "0"));

		if (t[i].type == SETTING_MAP)
			continue;
		printf("%-14s %-28s %s%s\n", t[i].name, no_limit ? "(no limit)" : *v->text ? v->text : "-", v->where,
		       v->from == FROM_POLICY ? " (locked)" : "");
	}
	for (const struct tag *g = s->tags; g->name; g++)
		printf("tags.%-9s %s\n", g->name, g->means ? g->means : "-");
	if (!s->policy)
		return;
	printf("\nLocked by %s:\n", s->policy);
	if (s->sandbox_level)
		printf("  sandbox level %d or more\n", s->sandbox_level);
	for (const char *const *x = s->endpoints; x && *x; x++)
		printf("  endpoint %s\n", *x);
	for (const char *const *x = s->hosts; x && *x; x++)
		printf("  host %s\n", *x);
}

static int list_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct settings s;
	char *path;

	if (o->rest_n)
		return err_set(e, ERR_USAGE, "no argument is taken, %s was given", o->rest[0]);
	if (settings_load(a, NULL, &s, e) < 0)
		return -1;
	if (!opts_has(o, "json")) {
		print_list(&s);
		return 0;
	}
	path = settings_config_path(a, NULL);
	json_t *all = json_pack("{s:s, s:s?, s:s?, s:[], s:{s:i, s:o, s:o}}", "type", "config", "config", path, "policy", s.policy,
				"settings", "locks", "sandbox_level", s.sandbox_level, "endpoints", texts_json(s.endpoints),
				"hosts", texts_json(s.hosts));

	for (int i = 0; settings_table()[i].name; i++)
		json_array_append_new(json_object_get(all, "settings"), setting_json(&s, i));
	print_json(all);
	return 0;
}

static const char *tag_name(const char *key)
{
	return !strncmp(key, "tags.", 5) && key[5] ? key + 5 : NULL;
}

static int get_run(struct arena *a, const struct opts *o, struct err *e)
{
	const struct setting *t;
	struct settings s;
	int i;

	if (o->rest_n != 1)
		return err_set(e, ERR_USAGE, "needs one KEY; run: sealwright config list");
	if (settings_load(a, NULL, &s, e) < 0)
		return -1;
	for (const struct tag *g = s.tags; tag_name(o->rest[0]) && g->name; g++) {
		if (strcmp(g->name, tag_name(o->rest[0])))
			continue;
		puts(g->means ? g->means : "");
		return 0;
	}
	if (tag_name(o->rest[0]))
		return err_set(e, ERR_NOT_FOUND, "no tag %.60s in the configuration", tag_name(o->rest[0]));
	t = settings_find(o->rest[0]);
	if (!t)
		return settings_unknown(o->rest[0], e);
	i = (int)(t - settings_table());
	if (opts_has(o, "json"))
		print_json(setting_json(&s, i));
	else if (t->type == SETTING_MAP)
		for (const struct tag *g = s.tags; g->name; g++)
			printf("%s: %s\n", g->name, g->means ? g->means : "");
	else
		puts(s.values[i].text);
	return 0;
}

/* Is it a setting, does it take the value, and is that no secret? */
static int change_check(struct arena *a, const char *key, const char *value, struct err *e)
{
	const struct setting *t = tag_name(key) ? settings_find("tags") : settings_find(key);
	char *text;
	struct conf *c = NULL;
	struct settings s;

	if (settings_no_secret(key, value, e) < 0)
		return err_wrap(e, "%s", key);
	if (!t)
		return settings_unknown(key, e);
	if (!value)
		return 0;
	if (!tag_name(key))
		return setting_check(t, value, e) < 0 ? err_wrap(e, "%s", key) : 0;
	/* A tag is checked as the file would be. */
	text = arena_printf(a, "tags:\n  %s: x\n", tag_name(key));
	if (strlen(value) > 1000 || strpbrk(value, "\n\t\r"))
		return err_set(e, ERR_USAGE, "%s: a meaning is one line of at most 1000 bytes", key);
	if (conf_parse(a, bytes_of(text), &c, e) < 0 ||
	    settings_resolve(a, NULL, &(struct settings_parts){ .config = c, .config_path = key }, &s, e) < 0)
		return -1;
	return 0;
}

/* A link stays a link: people keep their configuration elsewhere. */
static int change(struct arena *a, const char *key, const char *value, struct err *e)
{
	char *dir = fs_config_dir(a, e), *path = settings_config_path(a, e), *real;
	auto_buf text = buf_max(CONF_BYTES_MAX);
	struct bytes out = { 0 };
	auto_fd lock = dir && path ? fs_open_dir(dir, e) : -1;
	int r;

	if (lock < 0)
		return -1;
	if (flock(lock, LOCK_EX) < 0)
		return err_sys(e, "lock %s", dir);
	if (fs_exists(path) && fs_read_file(path, &text, e) < 0)
		return -1;
	if (conf_edit(a, buf_bytes(&text), key, value, &out, e) < 0)
		return err_wrap(e, "%s", path);
	real = realpath(path, NULL);
	r = fs_write_atomic(real ? real : path, out, 0600, e);
	free(real);
	return r;
}

static int set_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct settings s;
	struct err why = { 0 };

	if (o->rest_n != 2)
		return err_set(e, ERR_USAGE, "needs KEY and VALUE; several words are one VALUE in quotes");
	if (change_check(a, o->rest[0], o->rest[1], e) < 0) {
		e->code = ERR_USAGE;
		return -1;
	}
	if (change(a, o->rest[0], o->rest[1], e) < 0)
		return -1;
	if (settings_load(a, NULL, &s, &why) < 0) /* set, but it does not hold: say so now */
		fprintf(stderr, "sealwright: config set: saved, but: %s\n", why.text);
	else if (settings_find(o->rest[0]) && settings_from(&s, o->rest[0]) != FROM_CONFIG)
		fprintf(stderr, "sealwright: config set: saved, but %s wins here\n",
			s.values[settings_find(o->rest[0]) - settings_table()].where);
	return 0;
}

static int unset_run(struct arena *a, const struct opts *o, struct err *e)
{
	if (o->rest_n != 1)
		return err_set(e, ERR_USAGE, "needs one KEY");
	if (!tag_name(o->rest[0]) && !settings_find(o->rest[0])) { /* what the file should not hold may be taken out */
		struct err why = { 0 };

		if (change(a, o->rest[0], NULL, &why) == 0)
			return 0;
		return why.code == ERR_NOT_FOUND ? settings_unknown(o->rest[0], e) : (*e = why, -1);
	}
	return change(a, o->rest[0], NULL, e);
}

static int path_run(struct arena *a, const struct opts *o, struct err *e)
{
	char *path;

	if (o->rest_n)
		return err_set(e, ERR_USAGE, "no argument is taken, %s was given", o->rest[0]);
	path = settings_config_path(a, e);
	if (!path)
		return -1;
	puts(path);
	return 0;
}

#define ORDER \
	"A value is taken from the nearest place that has it: a flag, a variable SEALWRIGHT_NAME, config.yml, the\n" \
	"default. /etc/sealwright/policy.yml, an organisation's file, locks the sandbox, endpoints and budgets\n" \
	"against all of them. Keys of providers never stand in a file: set SEALWRIGHT_API_KEY.\n"

const struct command cmd_config_list = {
	.name = "config list", .group = "Set up", .usage = "",
	.summary = "Show every setting, its value and where that came from",
	.about = ORDER,
	.examples = "sealwright config list  # what is set, and where\n",
	.options = json_option, .run = list_run,
};

const struct command cmd_config_get = {
	.name = "config get", .group = "Set up", .usage = "KEY",
	.summary = "Print the value of one setting",
	.about = ORDER,
	.examples = "sealwright config get model  # the model that run and exec would use\n",
	.options = json_option, .run = get_run,
};

const struct command cmd_config_set = {
	.name = "config set", .group = "Set up", .usage = "KEY VALUE",
	.summary = "Set a value in config.yml",
	.about = "Changes that one value; comments and order of the file stay. It says so when another place wins.\n"
		 "A tag of your own is tags.NAME, its value says what it means to the model.\n",
	.examples = "sealwright config set model glm-5.1  # from now on\n"
		    "sealwright config set max_cost 2.50  # US dollars a session\n"
		    "sealwright config set tags.internal \"for our own staff, behind single sign-on\"  # @internal\n",
	.options = NULL, .run = set_run,
};

const struct command cmd_config_unset = {
	.name = "config unset", .group = "Set up", .usage = "KEY",
	.summary = "Take a value out of config.yml",
	.about = NULL,
	.examples = "sealwright config unset model  # back to the default\n",
	.options = NULL, .run = unset_run,
};

const struct command cmd_config_path = {
	.name = "config path", .group = "Set up", .usage = "",
	.summary = "Print where config.yml stands",
	.about = NULL,
	.examples = "\"$EDITOR\" \"$(sealwright config path)\"  # edit it by hand\n",
	.options = NULL, .run = path_run,
};
