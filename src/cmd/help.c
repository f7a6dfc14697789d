/*
 * `sealwright help`: the table of commands as text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/help.h"

#include "base/err.h"
#include "base/json.h"
#include "cmd/cmd.h"

#include <string.h>

enum { WIDTH = 80, LABEL = 26 };

/* Columns of UTF-8 text, wide characters aside. */
static int columns(const char *s, size_t n)
{
	int w = 0;

	for (size_t i = 0; i < n; i++)
		w += ((unsigned char)s[i] & 0xC0) != 0x80;
	return w;
}

/* Words of s in lines from column `at` (already reached) on, further lines indented by `indent`. Ends the line. */
static void wrap(FILE *f, const char *s, size_t n, int indent, int at)
{
	const char *end = s + n;
	bool first = true;

	while (s < end) {
		size_t len = strcspn(s, " \n");

		if (len > (size_t)(end - s))
			len = (size_t)(end - s);
		if (!len) {
			s++;
			continue;
		}
		if (!first && at + 1 + columns(s, len) > WIDTH) {
			fprintf(f, "\n%*s", indent, "");
			at = indent;
			first = true;
		}
		if (!first)
			putc(' ', f);
		fwrite(s, 1, len, f);
		at += columns(s, len) + !first;
		first = false;
		s += len;
	}
	putc('\n', f);
}

/* Paragraphs apart by empty lines; a line that starts with two blanks is kept as it is. */
static void paragraphs(FILE *f, const char *s)
{
	while (*s) {
		const char *p = s;

		if (*s == '\n') {
			putc('\n', f);
			s++;
			continue;
		}
		if (!strncmp(s, "  ", 2)) {
			size_t n = strcspn(s, "\n");

			fprintf(f, "%.*s\n", (int)n, s);
			s += n + (s[n] == '\n');
			continue;
		}
		while (*p && !(p[0] == '\n' && (p[1] == '\n' || !p[1] || !strncmp(p + 1, "  ", 2))))
			p++;
		wrap(f, s, (size_t)(p - s), 0, 0);
		s = p + (*p == '\n');
	}
}

static void label(FILE *f, const char *name, const char *what)
{
	int n = fprintf(f, "  %s", name);

	if (n >= LABEL)
		fprintf(f, "\n%*s", LABEL, "");
	else
		fprintf(f, "%*s", LABEL - n, "");
	wrap(f, what, strlen(what), LABEL, LABEL);
}

static void options(FILE *f, struct arena *a, const struct opt *t)
{
	for (; t->name; t++) {
		char letter[] = "    ";

		if (t->letter)
			memcpy(letter, (char[]){ '-', t->letter, ',', ' ' }, 4);
		label(f, arena_printf(a, "%s--%s%s%s%s", letter, t->name, t->value ? " " : "", t->value ? t->value : "",
				      t->many ? " ..." : ""),
		      t->help);
	}
}

/* "command  # what it does", a line each: the comment stands above its command when both do not fit. */
static void examples(FILE *f, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "\n");
		const char *hash = memmem(s, n, "  # ", 4);

		if (hash && n + 2 > WIDTH) {
			fprintf(f, "  # ");
			wrap(f, hash + 4, n - (size_t)(hash + 4 - s), 4, 4);
			n = (size_t)(hash - s);
			fprintf(f, "  %.*s\n", (int)n, s);
			s += strcspn(s, "\n");
		} else {
			fprintf(f, "  %.*s\n", (int)n, s);
			s += n;
		}
		s += *s == '\n';
	}
}

void help_command(FILE *f, const struct command *c)
{
	auto_arena a = {0};
	char *usage = arena_printf(&a, "Usage: sealwright %s [OPTION...]%s%s", c->name, c->usage && *c->usage ? " " : "",
				   c->usage ? c->usage : "");

	wrap(f, usage, strlen(usage), 7, 0);
	putc('\n', f);
	wrap(f, arena_printf(&a, "%s.", c->summary), strlen(c->summary) + 1, 0, 0);
	if (c->about) {
		putc('\n', f);
		paragraphs(f, c->about);
	}
	fprintf(f, "\nOptions:\n");
	options(f, &a, cmd_options(&a, c));
	if (c->examples) {
		fprintf(f, "\nExamples:\n");
		examples(f, c->examples);
	}
}

static void group(FILE *f, const char *name)
{
	fprintf(f, "\n%s:\n", name);
	for (const struct command *const *c = cmd_all(); *c; c++)
		if (!(*c)->hidden && !strcmp((*c)->group, name))
			label(f, (*c)->name, (*c)->summary);
}

void help_overview(FILE *f)
{
	const struct command *const *all = cmd_all();

	fprintf(f, "Usage: sealwright COMMAND [OPTION...] [ARGUMENT...]\n\n"
		   "Makes software from an intent, tests it, and proves what was made by whom.\n");
	for (int i = 0; all[i]; i++) {
		bool seen = all[i]->hidden;

		for (int j = 0; j < i && !seen; j++)
			seen = !all[j]->hidden && !strcmp(all[j]->group, all[i]->group);
		if (!seen)
			group(f, all[i]->group);
	}
	fprintf(f, "\nsealwright help COMMAND tells more; sealwright --version tells the version.\n"
		   "Exit status: 0 yes, 1 failed or unfinished, 2 bad command line, 3 denied.\n");
}

static json_t *option_json(const struct opt *t)
{
	json_t *v = json_object();

	json_object_set_new(v, "name", json_string(t->name));
	if (t->letter)
		json_object_set_new(v, "letter", json_stringn(&t->letter, 1));
	if (t->value)
		json_object_set_new(v, "value", json_string(t->value));
	json_object_set_new(v, "help", json_string(t->help));
	json_object_set_new(v, "many", json_boolean(t->many));
	return v;
}

static json_t *command_json(struct arena *a, const struct command *c)
{
	json_t *v = json_object(), *list = json_array();

	json_object_set_new(v, "name", json_string(c->name));
	json_object_set_new(v, "group", json_string(c->group));
	json_object_set_new(v, "usage", json_string(c->usage ? c->usage : ""));
	json_object_set_new(v, "summary", json_string(c->summary));
	json_object_set_new(v, "about", json_string(c->about ? c->about : ""));
	json_object_set_new(v, "examples", json_string(c->examples ? c->examples : ""));
	for (const struct opt *t = cmd_options(a, c); t->name; t++)
		json_array_append_new(list, option_json(t));
	json_object_set_new(v, "options", list);
	return v;
}

static int print_json(struct arena *a, const struct command *only, struct err *e)
{
	auto_json *all = json_array();
	auto_buf b = buf_max(4 << 20);

	for (const struct command *const *c = cmd_all(); *c; c++)
		if (only ? *c == only : !(*c)->hidden)
			json_array_append_new(all, command_json(a, *c));
	json_write_pretty(&b, all);
	if (buf_check(&b, "help", e) < 0)
		return -1;
	fputs(buf_str(&b), stdout);
	return 0;
}

/* `help models`: the commands beneath a word that is none itself. */
static bool beneath(FILE *f, const char *word)
{
	size_t n = strlen(word);
	bool any = false;

	for (const struct command *const *c = cmd_all(); *c; c++) {
		if ((*c)->hidden || strncmp((*c)->name, word, n) || (*c)->name[n] != ' ')
			continue;
		if (!any)
			fprintf(f, "Usage: sealwright %s COMMAND [OPTION...] [ARGUMENT...]\n\n", word);
		any = true;
		label(f, (*c)->name, (*c)->summary);
	}
	return any;
}

static int help_run(struct arena *a, const struct opts *o, struct err *e)
{
	const struct command *c = NULL;
	int words = 0;

	if (o->rest_n) {
		c = cmd_find(o->rest, &words);
		if (!c && !o->n && o->rest_n == 1 && beneath(stdout, o->rest[0]))
			return 0;
		if (!c)
			return cmd_unknown(o->rest[0], e);
		if (words < o->rest_n)
			return err_set(e, ERR_USAGE, "no command %s %s", o->rest[0], o->rest[1]);
	}
	if (opts_has(o, "json"))
		return print_json(a, c, e);
	if (opts_has(o, "man"))
		c ? help_man(stdout, c) : help_man_overview(stdout);
	else
		c ? help_command(stdout, c) : help_overview(stdout);
	return 0;
}

static const struct opt help_options[] = {
	{ "json", 0, NULL, "Print the table of commands as JSON", false },
	{ "man", 0, NULL, "Print the manual page (mdoc)", false },
	{ 0 },
};

const struct command cmd_help = {
	.name = "help",
	.group = "Set up",
	.usage = "[COMMAND]",
	.summary = "List the commands, or explain one",
	.about = "Without COMMAND it lists every command, by group. The same text stands behind --help of each command "
		 "and in the manual pages.",
	.examples = "sealwright help run  # how to turn an intent into software\n"
		    "sealwright help --json  # every command and option, for a program\n",
	.options = help_options,
	.run = help_run,
};
