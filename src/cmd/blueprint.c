/*
 * `sealwright blueprint list|show|plan|render`: what blueprints there are, which words they understand, and what would
 * come of an intent and a draft, without any model.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/blueprint.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct opt json_options[] = {
	{ "json", 0, NULL, "Print one JSON object", false },
	{ 0 },
};

static const struct opt draft_options[] = {
	{ "draft", 0, "FILE", "The draft specification, as a model would write it", false },
	{ "tag", 0, "NAME", "Plan with this tag, such as secure", true },
	{ "json", 0, NULL, "Print one JSON object", false },
	{ 0 },
};

static void print_json(const json_t *v)
{
	auto_buf text = buf_max(16 << 20);

	json_write_pretty(&text, v);
	fputs(buf_str(&text), stdout);
}

/* A name, or a folder that holds a blueprint.json. */
static int load(struct arena *a, const char *name, struct blueprint **b, struct err *e)
{
	if (strchr(name, '/') || !strcmp(name, "."))
		return blueprint_load_dir(a, name, b, e);
	return blueprint_load(a, name, b, e);
}

static int list_run(struct arena *a, const struct opts *o, struct err *e)
{
	auto_json *all = json_pack("{s:s, s:[]}", "type", "blueprints", "blueprints");
	const char **names;
	int n;

	if (o->rest_n)
		return err_set(e, ERR_USAGE, "no argument is taken, %s was given", o->rest[0]);
	if (blueprint_names(a, &names, &n, e) < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		struct blueprint *b;

		if (blueprint_load(a, names[i], &b, e) < 0)
			return -1;
		if (!opts_has(o, "json"))
			printf("%-20s %s\n", names[i], blueprint_title(b));
		json_array_append_new(json_object_get(all, "blueprints"),
				      json_pack("{s:s, s:s, s:s}", "name", names[i], "title", blueprint_title(b), "about",
						blueprint_about(b)));
	}
	if (opts_has(o, "json"))
		print_json(all);
	return 0;
}

static int show_run(struct arena *a, const struct opts *o, struct err *e)
{
	auto_json *all = NULL;
	struct blueprint_rule_kind *kinds;
	struct blueprint *b;
	int n;

	if (o->rest_n != 1)
		return err_set(e, ERR_USAGE, "name one blueprint; run: sealwright blueprint list");
	if (load(a, o->rest[0], &b, e) < 0)
		return -1;
	blueprint_rule_kinds(a, b, &kinds, &n);
	all = json_pack("{s:s, s:s, s:s, s:s, s:[]}", "type", "blueprint", "name", blueprint_name(b), "title",
			blueprint_title(b), "about", blueprint_about(b), "rules");
	if (!opts_has(o, "json"))
		printf("%s: %s\n%s%s\nRules that it understands, by examples of how they may be said:\n", blueprint_name(b),
		       blueprint_title(b), blueprint_about(b), *blueprint_about(b) ? "\n" : "");
	for (int i = 0; i < n; i++) {
		json_t *k = json_pack("{s:s, s:s, s:[]}", "kind", kinds[i].kind, "title", kinds[i].title, "phrases");

		if (!opts_has(o, "json"))
			printf("\n  %s\n", kinds[i].kind);
		for (const char **p = kinds[i].phrases; *p; p++) {
			if (!opts_has(o, "json"))
				printf("    \"%s\"\n", *p);
			json_array_append_new(json_object_get(k, "phrases"), json_string(*p));
		}
		json_array_append_new(json_object_get(all, "rules"), k);
	}
	if (opts_has(o, "json"))
		print_json(all);
	else
		printf("\nAny other rule: give it by examples, NAME(arguments) == value, and a model writes it under test.\n");
	return 0;
}

static int spec_make(struct arena *a, const struct opts *o, const struct blueprint *b, const char *words, json_t **spec,
		     struct err *e)
{
	auto_buf draft = buf_max(1 << 20);
	const char *file = opts_text(o, "draft");
	json_t *tags;

	if (!file)
		return err_set(e, ERR_USAGE, "--draft FILE is needed: the entities and fields, as a model would write them");
	if (fs_read_file(file, &draft, e) < 0 || blueprint_spec_cure(a, b, words, buf_bytes(&draft), spec, e) < 0)
		return -1;
	tags = json_array();
	for (int i = 0; i < opts_count(o, "tag"); i++)
		json_array_append_new(tags, json_string(opts_nth(o, "tag", i)));
	json_object_set_new(*spec, "tags", tags);
	return 0;
}

static void rules_print(const json_t *spec)
{
	const json_t *t, *r, *v;
	size_t i, k;

	json_array_foreach(json_list(spec, "entities"), i, t) {
		printf("%s\n", json_text_or(t, "title_plural", ""));
		json_array_foreach(json_list(t, "fields"), k, r)
			printf("  %-22s %-10s%s%s  (%s)\n", json_text_or(r, "name", ""), json_text_or(r, "type", ""),
			       json_flag(r, "required", false) ? " required" : "", json_flag(r, "unique", false) ? " unique" : "",
			       json_text_or(r, "from", ""));
		json_array_foreach(json_list(t, "rules"), k, r) {
			auto_buf params = buf_max(4096);

			json_write(&params, json_object_get(r, "params"));
			printf("  rule: %s\n    %s %s\n    from: %s\n", json_text_or(r, "title", ""),
			       json_text_or(r, "kind", ""), buf_str(&params), json_text_or(r, "words", ""));
		}
	}
	json_array_foreach(json_list(spec, "functions"), k, r)
		printf("function: %s  %s\n", json_text_or(r, "signature", ""), json_text_or(r, "what", ""));
	json_array_foreach(json_list(spec, "left_out"), i, v)
		printf("left out: %s\n", json_string_value(v));
	json_array_foreach(json_list(spec, "proposed"), i, v)
		printf("proposed by the model, not enforced: %s\n", json_string_value(v));
}

/* plan [NAME] "INTENT" */
static int plan_run(struct arena *a, const struct opts *o, struct err *e)
{
	const char *words = o->rest_n ? o->rest[o->rest_n - 1] : NULL;
	struct blueprint_task *tasks;
	struct blueprint *b = NULL;
	auto_json *spec = NULL;
	int n;

	if (!words || o->rest_n > 2)
		return err_set(e, ERR_USAGE, "give a blueprint (or none: it is chosen by the words) and an intent");
	if ((o->rest_n == 2 ? load(a, o->rest[0], &b, e) : blueprint_find(a, words, &b, e)) < 0)
		return -1;
	if (!b)
		return err_set(e, ERR_NOT_FOUND, "no blueprint fits these words; run: sealwright blueprint list");
	if (spec_make(a, o, b, words, &spec, e) < 0 || blueprint_plan(a, b, spec, &tasks, &n, e) < 0)
		return -1;
	if (opts_has(o, "json")) {
		print_json(spec);
		return 0;
	}
	rules_print(spec);
	printf("%d tasks\n", n);
	for (int i = 0; i < n; i++)
		printf("  %-40s %s%s\n", tasks[i].id, tasks[i].title, tasks[i].by_model ? "  (by the model)" : "");
	return 0;
}

static int files_write(int dir, const struct blueprint_file *files, int n, struct err *e)
{
	for (int i = 0; i < n; i++) {
		const char *slash = strrchr(files[i].path, '/');
		char folder[300] = "";
		auto_fd fd = -1;

		if (slash)
			snprintf(folder, sizeof(folder), "%.*s", (int)(slash - files[i].path), files[i].path);
		if (slash && fs_make_dirs_beneath(dir, folder, e) < 0)
			return -1;
		fd = fs_open_beneath(dir, files[i].path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, e);
		if (fd < 0 || fs_write_all(fd, files[i].text, e) < 0)
			return err_wrap(e, "%s", files[i].path);
		if (fchmod(fd, files[i].mode) < 0)
			return err_sys(e, "chmod %s", files[i].path);
	}
	return 0;
}

static int render_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct blueprint_task *tasks;
	struct blueprint_file *files;
	const char **active;
	struct blueprint *b;
	auto_json *spec = NULL;
	auto_fd dir = -1;
	int n, count, written = 0;

	if (o->rest_n != 3)
		return err_set(e, ERR_USAGE, "give a blueprint, an intent and a folder");
	if (load(a, o->rest[0], &b, e) < 0 || spec_make(a, o, b, o->rest[1], &spec, e) < 0 ||
	    blueprint_plan(a, b, spec, &tasks, &n, e) < 0 || fs_make_dirs(o->rest[2], 0755, e) < 0)
		return -1;
	dir = fs_open_dir(o->rest[2], e);
	if (dir < 0 || blueprint_tests(a, b, spec, &files, &count, e) < 0 || files_write(dir, files, count, e) < 0)
		return -1;
	written += count;
	active = arena_array(a, (size_t)n + 1, sizeof(*active));
	for (int i = 0; i < n; i++) {
		active[i] = tasks[i].id;
		if (blueprint_files(a, b, spec, tasks[i].id, active, &files, &count, e) < 0 ||
		    files_write(dir, files, count, e) < 0)
			return -1;
		written += count;
	}
	fprintf(stderr, "%d tasks, %d files in %s\n", n, written, o->rest[2]);
	return 0;
}

const struct command cmd_blueprint_list = {
	.name = "blueprint list", .group = "Build", .usage = "",
	.summary = "Show the blueprints: kinds of programs that small models can build",
	.about = "Blueprints stand in share/blueprints and in blueprints/ of the configuration folder, whose own win.\n",
	.examples = "sealwright blueprint list  # what there is\n",
	.options = json_options, .run = list_run,
};

const struct command cmd_blueprint_show = {
	.name = "blueprint show", .group = "Build", .usage = "NAME",
	.summary = "Show which rules a blueprint understands, with phrases that say them",
	.about = "Rules are found in the words of an intent, never by a model; what is not understood is said in the plan.\n",
	.examples = "sealwright blueprint show crud-service  # how to say a rule\n",
	.options = json_options, .run = show_run,
};

const struct command cmd_blueprint_plan = {
	.name = "blueprint plan", .group = "Build", .usage = "[NAME] \"INTENT\"",
	.summary = "Show what an intent and a draft become: fields, rules, tasks, what is left out",
	.about = "Nothing is written and no model is asked: the draft that a model would write is given as a file.\n",
	.examples = "sealwright blueprint plan --draft draft.json \"inventory; stock never goes below zero\"\n",
	.options = draft_options, .run = plan_run, .hidden = true,
};

const struct command cmd_blueprint_render = {
	.name = "blueprint render", .group = "Build", .usage = "NAME \"INTENT\" DIR",
	.summary = "Write everything that a blueprint makes of an intent and a draft, without a model",
	.about = "For those who write blueprints. Functions that a model would write are left as they stand in the blueprint.\n",
	.examples = "sealwright blueprint render crud-service --draft draft.json \"inventory\" /tmp/app\n",
	.options = draft_options, .run = render_run, .hidden = true,
};
