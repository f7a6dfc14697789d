/*
 * `sealwright doctor`: what this machine has of what sealwright needs, and how to get the rest.
 *
 * Each check asks the thing itself (the sandbox is started, a file is written), since a version number says little about
 * whether it works. Keys are named, never printed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "cmd/cmd.h"
#include "cmd/settings.h"
#include "model/local.h"
#include "model/provider.h"
#include "model/pull.h"
#include "sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

enum state { GOOD, LESS, BAD }; /* fine; work goes on with less; something that is needed is missing */

struct check {
	enum state state;
	const char *text; /* what is */
	const char *cure; /* "" when there is nothing to do */
};

struct doctor {
	struct arena *a;
	struct settings set;
	bool has_settings;
	const char *lacks[8]; /* classes of harm that the sandbox's level cannot hold */
};

static struct check say(enum state state, const char *text, const char *cure)
{
	return (struct check){ state, text, cure };
}

static struct check check_sandbox(struct doctor *d)
{
	const struct sandbox_level *l = sandbox_probe();
	int need = d->has_settings ? d->set.level_min : 2;
	const char *lacks[8];
	struct utsname u = { 0 };

	uname(&u);
	for (int i = 0; i < sandbox_level_lacks(l->level, lacks, 8); i++)
		d->lacks[i] = lacks[i];
	if (l->level >= need)
		return say(GOOD, arena_printf(d->a, "level %d of 3 on Linux %s (%s)", l->level, u.release, l->why), "");
	if (l->level >= 2)
		return say(BAD, arena_printf(d->a, "level %d of 3, where %s wants %d: %s", l->level, d->set.policy ? d->set.policy :
					     "sandbox_level", need, l->why), "run on a machine that holds it, or have that changed");
	return say(BAD, arena_printf(d->a, "level %d of 3: %s", l->level, l->why),
		   l->level == 1 ? "mend that, or use --sandbox oci; or go on with less: --sandbox-level 1 (what that cannot hold stands "
		   "below)" : "mend that, or use --sandbox oci; without either, commands are refused unless --sandbox off is given");
}

/* The first line that "PROGRAM --version" prints; NULL when it is not there. */
static const char *version(struct arena *a, const char *program)
{
	char *text = NULL;

	if (!fs_which(a, program) ||
	    proc_ask(a, NULL, (const char *const[]){ program, "--version", NULL }, &text, NULL) < 0 || !text)
		return NULL;
	text[strcspn(text, "\n")] = 0;
	return text;
}

static struct check check_containers(struct doctor *d)
{
	const char *podman = version(d->a, "podman"), *docker = podman ? NULL : version(d->a, "docker");
	const char *image = d->has_settings && d->set.image ? d->set.image : SANDBOX_IMAGE;
	const char *name = podman ? "podman" : "docker";

	if (!podman && !docker)
		return say(LESS, "neither podman nor docker: --sandbox oci cannot be used", "apt-get install podman");
	if (proc_ask(d->a, NULL, (const char *const[]){ name, "image", "inspect", image, NULL }, NULL, NULL) < 0)
		return say(LESS, arena_printf(d->a, "%s, without the image %s for --sandbox oci", podman ? podman : docker, image),
			   arena_printf(d->a, "%s pull %s", name, image));
	return say(GOOD, arena_printf(d->a, "%s, with the image %s", podman ? podman : docker, image), "");
}

static struct check check_git(struct doctor *d)
{
	const char *v = version(d->a, "git");

	return v ? say(GOOD, v, "") : say(BAD, "git is not there: work cannot be committed", "apt-get install git");
}

/* The one of the system: a Python that stands in a home folder is not seen in the sandbox. */
static struct check check_python(struct doctor *d)
{
	const char *v = version(d->a, "/usr/bin/python3");

	if (!v && (v = version(d->a, "python3")))
		return say(LESS, arena_printf(d->a, "%s, outside /usr: it is not seen in the sandbox", v),
			   "apt-get install python3 python3-venv");
	return v ? say(GOOD, v, "") : say(LESS, "python3 is not there: no Python project can be tested, no local model served",
					  "apt-get install python3 python3-venv");
}

static struct check check_folders(struct doctor *d)
{
	struct err e = { 0 };
	const char *dirs[3] = { fs_state_dir(d->a, NULL, &e), fs_cache_dir(d->a, NULL, &e), fs_config_dir(d->a, &e) };
	static const char *const names[] = { "state", "cache", "configuration" };

	for (int i = 0; i < 3; i++) {
		char *probe;

		if (!dirs[i])
			return say(BAD, arena_printf(d->a, "the %s folder: %s", names[i], e.text),
				   "make it writable, or point XDG_STATE_HOME, XDG_CACHE_HOME and XDG_CONFIG_HOME elsewhere");
		probe = arena_printf(d->a, "%s/.doctor-%d", dirs[i], (int)getpid());
		if (fs_write_atomic(probe, bytes_of("x"), 0600, &e) < 0)
			return say(BAD, arena_printf(d->a, "the %s folder cannot be written: %s", names[i], e.text),
				   "make it writable, or free some space");
		unlink(probe);
	}
	return say(GOOD, arena_printf(d->a, "%s, %s and %s can be written", dirs[0], dirs[1], dirs[2]), "");
}

static struct check check_disk(struct doctor *d)
{
	struct err e = { 0 };
	char *dir = fs_cache_dir(d->a, NULL, &e);
	struct statvfs f;
	double gb;

	if (!dir || statvfs(dir, &f) < 0)
		return say(BAD, "the cache folder's disk cannot be asked", "see the folders above");
	gb = (double)f.f_bavail * (double)f.f_frsize / 1e9;
	if (gb < 2)
		return say(gb < 0.2 ? BAD : LESS, arena_printf(d->a, "%.1f GB free under %s", gb, dir),
			   "free some space: a local model takes 1 to 2 GB, a session a few MB");
	return say(GOOD, arena_printf(d->a, "%.0f GB free under %s", gb, dir), "");
}

static struct check check_model(struct doctor *d)
{
	const struct catalogue_model *m = NULL;
	struct local_found *found;
	struct catalogue c;
	struct err e = { 0 };
	char *where;

	if (local_find(d->a, &found) > 0)
		return say(GOOD, arena_printf(d->a, "%s answers at %s (%s)", found[0].model, found[0].base_url, found[0].engine), "");
	if (catalogue_load(d->a, &c, &e) < 0 || catalogue_find(&c, "local", &m, &e) < 0)
		return say(LESS, arena_strdup(d->a, e.text), "install sealwright's share folder, or set SEALWRIGHT_SHARE");
	where = pull_where(d->a, m);
	if (where)
		return say(GOOD, arena_printf(d->a, "%s is here: %s", m->title, where), "");
	return say(LESS, arena_printf(d->a, "no local model is here; %s (%lld MB) is pulled on first use", m->title,
				      (long long)(m->bytes / 1000000)), "sealwright models pull");
}

static void add_when_set(struct buf *b, const char *name)
{
	const char *value = getenv(name);

	if (value && *value && !strstr(buf_str(b), name))
		buf_printf(b, "%s%s", b->n ? ", " : "", name);
}

static struct check check_keys(struct doctor *d)
{
	auto_buf set = buf_max(4096);
	struct providers p = { 0 };

	add_when_set(&set, "SEALWRIGHT_API_KEY");
	add_when_set(&set, "OPENAI_API_KEY");
	if (providers_load(d->a, &p, NULL) == 0)
		for (int i = 0; i < p.n; i++)
			for (const char *const *k = p.all[i].keys; k && *k; k++)
				add_when_set(&set, *k);
	if (set.n)
		return say(GOOD, arena_printf(d->a, "set: %s", buf_str(&set)), "");
	return say(GOOD, "none is set: local models only, or endpoints that want none",
		   "export SEALWRIGHT_API_KEY=... for --model NAME or --base-url URL");
}

static struct check check_settings(struct doctor *d)
{
	struct err e = { 0 };

	d->has_settings = settings_load(d->a, NULL, &d->set, &e) == 0;
	if (!d->has_settings)
		return say(BAD, arena_strdup(d->a, e.text), "correct it; sealwright config list shows what there is");
	return say(GOOD, arena_printf(d->a, "model %s%s%s", d->set.model, d->set.policy ? ", held by " : "",
				      d->set.policy ? d->set.policy : ""), "");
}

static const struct {
	const char *name;
	struct check (*run)(struct doctor *d);
} table[] = {
	{ "settings", check_settings }, /* first: others ask it */
	{ "sandbox", check_sandbox },
	{ "containers", check_containers },
	{ "git", check_git },
	{ "python3", check_python },
	{ "folders", check_folders },
	{ "disk", check_disk },
	{ "model", check_model },
	{ "keys", check_keys },
};

static const char *const words[] = { [GOOD] = "ok", [LESS] = "less", [BAD] = "missing" };

static void print_check(const char *name, const struct check *c)
{
	printf("%-8s %-11s %s\n", words[c->state], name, c->text);
	if (*c->cure)
		printf("%-8s %-11s -> %s\n", "", "", c->cure);
}

static void json_check(json_t *all, const char *name, const struct check *c)
{
	json_array_append_new(json_object_get(all, "checks"),
			      json_pack("{s:s, s:s, s:o, s:o}", "name", name, "state", words[c->state], "text",
					json_string_any(bytes_of(c->text)), "cure", json_string_any(bytes_of(c->cure))));
}

/* The sandbox's parts, and what its level cannot hold. */
static void parts(struct doctor *d, json_t *all)
{
	static const enum state states[] = { [WALL_GOOD] = GOOD, [WALL_LESS] = LESS, [WALL_MISSING] = BAD };
	struct sandbox_wall walls[SANDBOX_WALLS];
	int n = sandbox_walls(walls);

	for (int i = 0; i < n; i++) {
		struct check c = say(states[walls[i].state], walls[i].text, walls[i].cure);

		if (all)
			json_check(all, arena_printf(d->a, "sandbox %s", walls[i].name), &c);
		else
			print_check(arena_printf(d->a, " %s", walls[i].name), &c);
	}
	for (int i = 0; i < 8 && d->lacks[i]; i++) {
		struct check c = say(LESS, arena_printf(d->a, "not held at this level: %s", d->lacks[i]), "");

		if (all)
			json_check(all, "sandbox lacks", &c);
		else
			print_check(" lacks", &c);
	}
}

static int doctor_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct doctor d = { .a = a };
	bool as_json = opts_has(o, "json");
	auto_json *all = json_pack("{s:s, s:b, s:i, s:[]}", "type", "doctor", "ok", 1, "sandbox_level", 0, "checks");
	int bad = 0;

	if (o->rest_n)
		return err_set(e, ERR_USAGE, "no argument is taken, %s was given", o->rest[0]);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct check c = table[i].run(&d);

		bad += c.state == BAD;
		if (as_json)
			json_check(all, table[i].name, &c);
		else
			print_check(table[i].name, &c);
		if (table[i].run == check_sandbox)
			parts(&d, as_json ? all : NULL);
	}
	if (as_json) {
		auto_buf text = buf_max(1 << 20);

		json_object_set_new(all, "ok", json_boolean(!bad));
		json_object_set_new(all, "sandbox_level", json_integer(sandbox_probe()->level));
		json_write(&text, all);
		puts(buf_str(&text));
	} else {
		puts(bad ? "\nSomething that is needed is missing." : "\nReady.");
	}
	return bad ? 1 : 0;
}

static const struct opt options[] = {
	{ "json", 0, NULL, "Print one JSON object", false },
	{ 0 },
};

const struct command cmd_doctor = {
	.name = "doctor", .group = "Set up", .usage = "",
	.summary = "Say what this machine has of what sealwright needs, and how to get the rest",
	.about = "Starts a sandbox, asks git, python3 and a container engine for their versions, writes to the folders\n"
		 "that hold state, and looks for a model. \"less\" means that work goes on without it, \"missing\" that it\n"
		 "does not; then the exit status is 1. Keys are named, never printed.\n\n"
		 "Levels of the sandbox: 3 namespaces, Landlock, system calls filtered and a cgroup; 2 without the cgroup;\n"
		 "1 Landlock and system calls only, where namespaces are refused: used when sandbox_level is 1, else a\n"
		 "container engine may do; 0 nothing. Under the sandbox stand its parts, and the harm that the level cannot hold.\n",
	.examples = "sealwright doctor  # before the first run\n"
		    "sealwright doctor --json  # the same for a program\n",
	.options = options, .run = doctor_run,
};
