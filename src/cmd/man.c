/*
 * Manual pages in mdoc, printed from the table of commands.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/settings.h"

#include <ctype.h>
#include <string.h>

enum { LINE = 76 };

/* A byte of text as roff wants it. */
static int put(FILE *f, char c, bool starts)
{
	if (starts && (c == '.' || c == '\''))
		fputs("\\&", f);
	if (c == '\\')
		return fputs("\\e", f), 2;
	if (c == '-')
		return fputs("\\-", f), 2;
	if (c == '`')
		return fputs("\\(ga", f), 4;
	if (c == '~')
		return fputs("\\(ti", f), 4;
	if (c == '^')
		return fputs("\\(ha", f), 4;
	putc(c, f);
	return 1;
}

/* Words of s in lines; each ends its line, so that no source line is long. A sentence's end ends a line, as roff likes. */
static void text(FILE *f, const char *s, size_t n)
{
	const char *end = s + n;
	int at = 0;

	while (s < end) {
		size_t len = strcspn(s, " \n");

		if (len > (size_t)(end - s))
			len = (size_t)(end - s);
		if (len) {
			if (at && at + 1 + (int)len > LINE) {
				putc('\n', f);
				at = 0;
			}
			if (at)
				at += fprintf(f, " ");
			for (size_t i = 0; i < len; i++)
				at += put(f, s[i], at == 0);
			if (strchr(".?!", s[len - 1]) && s + len < end) {
				putc('\n', f);
				at = 0;
			}
		}
		s += len ? len : 1;
	}
	if (at)
		putc('\n', f);
}

static void literal_begin(FILE *f)
{
	fputs(".Bd -literal -offset indent\n", f);
}

static void literal(FILE *f, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(f, s[i], i == 0);
	putc('\n', f);
}

static void paragraphs(FILE *f, const char *s)
{
	bool kept = false;

	while (*s) {
		const char *p = s;

		if (!strncmp(s, "  ", 2)) {
			size_t n = strcspn(s, "\n");

			if (!kept)
				literal_begin(f);
			kept = true;
			literal(f, s + 2, n - 2);
			s += n + (s[n] == '\n');
			continue;
		}
		if (kept)
			fputs(".Ed\n", f);
		if (*s == '\n') {
			s += strspn(s, "\n");
			if (*s && strncmp(s, "  ", 2))
				fputs(".Pp\n", f);
			kept = false;
			continue;
		}
		if (kept)
			fputs(".Pp\n", f);
		kept = false;
		while (*p && !(p[0] == '\n' && (p[1] == '\n' || !p[1] || !strncmp(p + 1, "  ", 2))))
			p++;
		text(f, s, (size_t)(p - s));
		s = p + (*p == '\n');
	}
	if (kept)
		fputs(".Ed\n", f);
}

static void examples(FILE *f, const char *s)
{
	for (bool first = true; *s; first = false) {
		size_t n = strcspn(s, "\n");
		const char *hash = memmem(s, n, "  # ", 4);
		size_t command = hash ? (size_t)(hash - s) : n;

		if (!first)
			fputs(".Pp\n", f);
		if (hash) {
			char what[300];
			int w = snprintf(what, sizeof(what), "%.*s:", (int)(n - command - 4), hash + 4);

			what[0] = (char)toupper((unsigned char)what[0]);
			text(f, what, w < (int)sizeof(what) ? (size_t)w : sizeof(what) - 1);
		}
		literal_begin(f);
		literal(f, s, command);
		fputs(".Ed\n", f);
		s += n + (s[n] == '\n');
	}
}

static void options(FILE *f, const struct opt *t)
{
	fputs(".Bl -tag -width Ds\n", f);
	for (; t->name; t++) {
		fputs(".It ", f);
		if (t->letter)
			fprintf(f, "Fl %c , ", t->letter);
		fprintf(f, "Fl \\-%s", t->name);
		if (t->value)
			fprintf(f, " Ar %s", t->value);
		putc('\n', f);
		text(f, t->help, strlen(t->help));
	}
	fputs(".El\n", f);
}

/* sealwright-models-list */
static void page_name(FILE *f, const char *command, bool capitals)
{
	for (const char *p = command; *p; p++)
		putc(*p == ' ' ? '-' : capitals ? toupper((unsigned char)*p) : *p, f);
}

static void begin(FILE *f, const char *command, const char *summary)
{
	fputs(".\\\" Printed by sealwright help \\-\\-man from its table of commands.\n.Dd " SEALWRIGHT_DATE "\n.Dt SEALWRIGHT", f);
	if (command) {
		putc('-', f);
		page_name(f, command, true);
	}
	fputs(" 1\n.Os\n.Sh NAME\n.Nm sealwright", f);
	if (command) {
		putc('-', f);
		page_name(f, command, false);
	}
	fprintf(f, "\n.Nd %c%s\n", tolower((unsigned char)*summary), summary + 1);
}

static void exit_status(FILE *f, const struct command *c)
{
	fputs(".Sh EXIT STATUS\n", f);
	if (c && c->fails) { /* of one that runs another program */
		fprintf(f, "The command's own, or\n.Bl -tag -width Ds\n.It 124\nIts time was up.\n.It %d\nWe failed, or refused.\n.It 126\n"
			"It can not be run.\n.It 127\nIt is not there.\n.El\n", c->fails);
		return;
	}
	fputs(".Bl -tag -width Ds\n.It 0\nYes, or done.\n.It 1\nSomething failed or is unfinished.\n.It 2\n"
	      "The command line or configuration makes no sense.\n.It 3\nNo: denied, not verified, or blocked by policy.\n.El\n", f);
}

void help_man(FILE *f, const struct command *c)
{
	auto_arena a = { 0 };

	begin(f, c->name, c->summary);
	fprintf(f, ".Sh SYNOPSIS\n.Nm sealwright %s\n.Op Ar OPTION ...\n", c->name);
	if (c->usage && *c->usage) {
		fputs(".Ar ", f);
		for (const char *p = c->usage; *p; p++)
			put(f, *p, false);
		fputs(strpbrk(c->usage, " ") ? "\\&\n" : "\n", f); /* else a bracket at the end is taken for punctuation */
	}
	fputs(".Sh DESCRIPTION\n", f);
	text(f, arena_printf(&a, "%s.", c->summary), strlen(c->summary) + 1);
	if (c->about && *c->about) {
		fputs(".Pp\n", f);
		paragraphs(f, c->about);
	}
	fputs(".Sh OPTIONS\n", f);
	options(f, cmd_options(&a, c));
	exit_status(f, c);
	if (c->examples && *c->examples) {
		fputs(".Sh EXAMPLES\n", f);
		examples(f, c->examples);
	}
	fputs(".Sh SEE ALSO\n.Xr sealwright 1\n", f);
}

static void group(FILE *f, const char *name)
{
	fprintf(f, ".Ss %s\n.Bl -tag -width Ds\n", name);
	for (const struct command *const *c = cmd_all(); *c; c++) {
		if ((*c)->hidden || strcmp((*c)->group, name))
			continue;
		fputs(".It Xr sealwright-", f);
		page_name(f, (*c)->name, false);
		fputs(" 1\n", f);
		text(f, (*c)->summary, strlen((*c)->summary));
	}
	fputs(".El\n", f);
}

static void environment(FILE *f)
{
	static const char *const more[][2] = {
		{ "SEALWRIGHT_API_KEY", "The provider's key; else OPENAI_API_KEY. It is never read from a file." },
		{ "SEALWRIGHT_MODELS_DIR", "A folder of models that are there already." },
		{ "SEALWRIGHT_LOCAL_IDLE", "How long a shared local model server waits without a user: 30s, 2h." },
		{ "SEALWRIGHT_SHARE", "The folder of data (blueprints, the catalogue of models) to use instead of the installed one." },
		{ "XDG_CONFIG_HOME , XDG_STATE_HOME , XDG_CACHE_HOME", "Where configuration, sessions and models stand." },
	};

	fputs(".Sh ENVIRONMENT\n.Bl -tag -width Ds\n", f);
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++) {
		fprintf(f, ".It Ev %s\n", more[i][0]);
		text(f, more[i][1], strlen(more[i][1]));
	}
	for (const struct setting *t = settings_table(); t->name; t++) {
		if (t->type == SETTING_MAP)
			continue;
		fputs(".It Ev SEALWRIGHT_", f);
		for (const char *p = t->name; *p; p++)
			putc(toupper((unsigned char)*p), f);
		fprintf(f, "\nThe setting\n.Cm %s :\n", t->name);
		text(f, t->help, strlen(t->help));
	}
	fputs(".El\n", f);
}

void help_man_overview(FILE *f)
{
	const struct command *const *all = cmd_all();

	begin(f, NULL, "make software from an intent, test it, and prove what was made by whom");
	fputs(".Sh SYNOPSIS\n.Nm\n.Ar COMMAND\n.Op Ar OPTION ...\n.Op Ar ARGUMENT ...\n.Sh DESCRIPTION\n.Nm\n"
	      "turns an intent into software that is tested before it is called done.\n"
	      "Code of a model or of a repository runs in its sandbox alone.\n"
	      "Every command has a page of its own and explains itself with\n.Fl \\-help .\n", f);
	for (const struct command *const *c = all; *c; c++) {
		bool first = !(*c)->hidden;

		for (const struct command *const *d = all; d < c; d++)
			first = first && ((*d)->hidden || strcmp((*d)->group, (*c)->group));
		if (first)
			group(f, (*c)->group);
	}
	environment(f);
	fputs(".Sh FILES\n.Bl -tag -width Ds\n"
	      ".It Pa \\(ti/.config/sealwright/config.yml\nA person's settings; see\n.Xr sealwright-config-list 1 .\n"
	      ".It Pa /etc/sealwright/policy.yml\nAn organisation's locks, which win over every flag.\n"
	      ".It Pa \\(ti/.local/state/sealwright/sessions\nThe logs of sessions.\n"
	      ".It Pa \\(ti/.cache/sealwright\nLocal models and their server.\n.El\n", f);
	exit_status(f, NULL);
}
