/*
 * `sealwright completion bash|zsh|fish`: completion scripts, printed from the table of commands.
 *
 * What a word may be is read off the table: an option's value of "a|b" is a choice, FILE and DIR are names of files; an
 * argument called ID is a session, KEY a setting, COMMAND a command. Only sessions are asked for while completing; all
 * else is known when the script is printed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/settings.h"
#include "model/catalogue.h"
#include "sandbox/profile.h"

#include <stdio.h>
#include <string.h>

/* Prints ids only: the first column of rows whose first word is as long as an id. */
#define ASK_IDS "sealwright sessions --all 2>/dev/null | awk 'length($1) == 12 { print $1 }'"

#define ASK_LAYERS "sealwright sandbox list 2>/dev/null | awk 'length($1) == 12 { print $1 }'"

/* ---- what the table says ---- */

static bool first_of_its_word(const struct command *const *at)
{
	size_t n = strcspn((*at)->name, " ");

	for (const struct command *const *c = cmd_all(); c < at; c++)
		if (!(*c)->hidden && strcspn((*c)->name, " ") == n && !strncmp((*c)->name, (*at)->name, n))
			return false;
	return !(*at)->hidden;
}

/* The words that stand first. */
static char *first_words(struct arena *a)
{
	char *s = arena_strdup(a, "");

	for (const struct command *const *c = cmd_all(); *c; c++)
		if (first_of_its_word(c))
			s = arena_printf(a, "%s%s%.*s", s, *s ? " " : "", (int)strcspn((*c)->name, " "), (*c)->name);
	return s;
}

/* The words that stand behind `word` (n bytes), or "". */
static char *words_behind(struct arena *a, const char *word, size_t n)
{
	char *s = arena_strdup(a, "");

	for (const struct command *const *c = cmd_all(); *c; c++)
		if (!(*c)->hidden && !strncmp((*c)->name, word, n) && (*c)->name[n] == ' ')
			s = arena_printf(a, "%s%s%s", s, *s ? " " : "", (*c)->name + n + 1);
	return s;
}

/* "a|b|c" -> "a b c"; NULL when it is no choice. */
static char *choices(struct arena *a, const char *value)
{
	char *s = value && strchr(value, '|') ? arena_strdup(a, value) : NULL;

	for (char *p = s; p && *p; p++)
		if (*p == '|')
			*p = ' ';
	return s;
}

static char *model_names(struct arena *a)
{
	struct catalogue c;
	char *s = arena_strdup(a, "local");

	if (catalogue_load(a, &c, NULL) == 0)
		for (int i = 0; i < c.n; i++)
			s = arena_printf(a, "%s %s", s, c.models[i].name);
	return s;
}

static char *profile_words(struct arena *a)
{
	char *s = arena_strdup(a, "");

	for (const char *const *n = profile_names(a); *n; n++)
		s = arena_printf(a, "%s%s%s", s, *s ? " " : "", *n);
	return s;
}

/* What a value may be: words, or one of the kinds below. */
static const char FILES[] = "files", DIRS[] = "dirs", IDS[] = "ids", LAYERS[] = "layers";

static const char *option_value(struct arena *a, const struct opt *t)
{
	if (!t->value)
		return NULL;
	if (choices(a, t->value))
		return choices(a, t->value);
	if (!strcmp(t->name, "model"))
		return model_names(a);
	if (!strcmp(t->value, "PROFILE"))
		return profile_words(a);
	return !strcmp(t->value, "FILE") ? FILES : !strcmp(t->value, "DIR") ? DIRS : "";
}

static const char *argument_value(struct arena *a, const struct command *c)
{
	const char *u = c->usage ? c->usage : "";
	char *s = arena_strdup(a, "");

	if (!strncmp(u + (*u == '['), "ID", 2) || !strncmp(u + (*u == '['), "SESSION", 7))
		return IDS;
	if (!strcmp(u, "[LAYER]"))
		return LAYERS;
	if (!strncmp(u, "[COMMAND]", 9))
		return first_words(a);
	if (!strncmp(c->name, "models", 6) && strstr(u, "NAME"))
		return model_names(a);
	if (!strncmp(u, "KEY", 3)) {
		for (const struct setting *t = settings_table(); t->name; t++)
			s = arena_printf(a, "%s%s%s", s, *s ? " " : "", t->name);
		return s;
	}
	if (choices(a, u))
		return choices(a, u);
	return strstr(u, "DIR") ? DIRS : strstr(u, "FILE") ? FILES : s;
}

static char *options_of(struct arena *a, const struct command *c)
{
	char *s = arena_strdup(a, "");

	for (const struct opt *t = cmd_options(a, c); t->name; t++)
		s = arena_printf(a, "%s%s--%s", s, *s ? " " : "", t->name);
	return s;
}

/* In single quotes, as bash and zsh read them; fish knows \' inside quotes instead. */
static char *quoted(struct arena *a, const char *s, bool fish)
{
	char *q = arena_strdup(a, "'");

	for (; *s; s++)
		q = *s == '\'' ? arena_printf(a, "%s%s", q, fish ? "\\'" : "'\\''")
		    : *s == '\\' && fish ? arena_printf(a, "%s\\\\", q) : arena_printf(a, "%s%c", q, *s);
	return arena_printf(a, "%s'", q);
}

/* ---- bash and zsh: the same three tables as functions, and a few lines that use them ---- */

static void case_line(struct arena *a, const char *key, const char *words)
{
	if (words && *words)
		printf("\t%s) printf '%%s\\n' %s ;;\n", quoted(a, key, false), words == FILES || words == DIRS || words == IDS || words == LAYERS
			? arena_printf(a, ":%s", words) : quoted(a, words, false));
}

static void tables(struct arena *a)
{
	printf("_sealwright_beneath() {\n\tcase $1 in\n\t'') printf '%%s\\n' %s ;;\n", quoted(a, first_words(a), false));
	for (const struct command *const *c = cmd_all(); *c; c++) {
		size_t n = strcspn((*c)->name, " ");

		if (first_of_its_word(c))
			case_line(a, arena_memdup(a, (*c)->name, n), words_behind(a, (*c)->name, n));
	}
	printf("\tesac\n}\n\n_sealwright_options() {\n\tcase $1 in\n\t'') printf '%%s\\n' '--help --version' ;;\n");
	for (const struct command *const *c = cmd_all(); *c; c++)
		if (!(*c)->hidden)
			case_line(a, (*c)->name, options_of(a, *c));
	printf("\tesac\n}\n\n# What stands behind an option, or (option '') as an argument: words, or :files, :dirs, :ids, :layers.\n"
	       "_sealwright_values() {\n\tcase \"$1 $2\" in\n");
	for (const struct command *const *c = cmd_all(); *c; c++) {
		if ((*c)->hidden)
			continue;
		for (const struct opt *t = cmd_options(a, *c); t->name; t++) {
			const char *v = option_value(a, t);

			if (v && *v)
				case_line(a, arena_printf(a, "%s --%s", (*c)->name, t->name), v);
			else if (v)
				printf("\t%s) printf ':none\\n' ;;\n", quoted(a, arena_printf(a, "%s --%s", (*c)->name, t->name), false));
			if (v && t->letter)
				printf("\t%s) _sealwright_values %s --%s ;;\n",
				       quoted(a, arena_printf(a, "%s -%c", (*c)->name, t->letter), false), quoted(a, (*c)->name, false),
				       t->name);
		}
		case_line(a, arena_printf(a, "%s ", (*c)->name), argument_value(a, *c));
	}
	printf("\tesac\n}\n\n");
}

static void print_bash(struct arena *a)
{
	printf("# Completion of sealwright for bash; made by: sealwright completion bash\n\n");
	tables(a);
	fputs("_sealwright() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd='' values=''\n"
	      "\tif [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
	      "\tif ((COMP_CWORD > 1)); then cmd=${COMP_WORDS[1]}; fi\n"
	      "\tif ((COMP_CWORD > 2)) && [[ \" $(_sealwright_beneath \"$cmd\") \" == *\" ${COMP_WORDS[2]} \"* ]]; then\n"
	      "\t\tcmd=\"$cmd ${COMP_WORDS[2]}\"\n"
	      "\tfi\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [[ $prev == -* ]]; then values=$(_sealwright_values \"$cmd\" \"$prev\"); fi\n"
	      "\tif [[ -z $values && $cur == -* ]]; then values=$(_sealwright_options \"$cmd\"); fi\n"
	      "\tif [[ -z $values ]]; then\n"
	      "\t\tvalues=$(_sealwright_values \"$cmd\" '')\n"
	      "\t\tif [[ $cmd != *' '* ]] && ((COMP_CWORD <= 2)); then\n"
	      "\t\t\tCOMPREPLY+=($(compgen -W \"$(_sealwright_beneath \"$cmd\")\" -- \"$cur\"))\n"
	      "\t\tfi\n"
	      "\tfi\n"
	      "\tcase $values in\n"
	      "\t:none) ;;\n"
	      "\t:files) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- \"$cur\")) ;;\n"
	      "\t:dirs) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- \"$cur\")) ;;\n"
	      "\t:layers) COMPREPLY+=($(compgen -W \"$(" ASK_LAYERS ")\" -- \"$cur\")) ;;\n"
	      "\t:ids) COMPREPLY+=($(compgen -W \"$(" ASK_IDS ")\" -- \"$cur\")) ;;\n"
	      "\t*) COMPREPLY+=($(compgen -W \"$values\" -- \"$cur\")) ;;\n"
	      "\tesac\n"
	      "}\n"
	      "complete -F _sealwright sealwright\n", stdout);
}

static void print_zsh(struct arena *a)
{
	printf("#compdef sealwright\n# Completion of sealwright for zsh; made by: sealwright completion zsh\n\n");
	tables(a);
	fputs("_sealwright() {\n"
	      "\tlocal cur=${words[CURRENT]} prev=${words[CURRENT-1]} cmd='' values='' below=''\n"
	      "\t(( CURRENT > 2 )) && cmd=${words[2]}\n"
	      "\tif (( CURRENT > 3 )) && [[ \" $(_sealwright_beneath \"$cmd\") \" == *\" ${words[3]} \"* ]]; then\n"
	      "\t\tcmd=\"$cmd ${words[3]}\"\n"
	      "\tfi\n"
	      "\t[[ $prev == -* ]] && values=$(_sealwright_values \"$cmd\" \"$prev\")\n"
	      "\t[[ -z $values && $cur == -* ]] && values=$(_sealwright_options \"$cmd\")\n"
	      "\tif [[ -z $values ]]; then\n"
	      "\t\tvalues=$(_sealwright_values \"$cmd\" '')\n"
	      "\t\t[[ $cmd != *' '* ]] && (( CURRENT <= 3 )) && below=$(_sealwright_beneath \"$cmd\")\n"
	      "\tfi\n"
	      "\t[[ -n $below ]] && compadd -- ${=below}\n"
	      "\tcase $values in\n"
	      "\t(''|:none) ;;\n"
	      "\t(:files) _files ;;\n"
	      "\t(:dirs) _files -/ ;;\n"
	      "\t(:layers) compadd -- $(" ASK_LAYERS ") ;;\n"
	      "\t(:ids) compadd -- $(" ASK_IDS ") ;;\n"
	      "\t(*) compadd -- ${=values} ;;\n"
	      "\tesac\n"
	      "}\n\n"
	      "if [[ ${funcstack[1]} == _sealwright ]]; then _sealwright \"$@\"; else compdef _sealwright sealwright; fi\n", stdout);
}

/* ---- fish: a line an option, with its help ---- */

static void fish_values(struct arena *a, const char *v)
{
	if (v == FILES)
		printf(" -r -F");
	else if (v == DIRS)
		printf(" -r -f -a '(__fish_complete_directories)'");
	else if (v == IDS)
		printf(" -f -a %s", quoted(a, "(" ASK_IDS ")", true));
	else if (v == LAYERS)
		printf(" -f -a %s", quoted(a, "(" ASK_LAYERS ")", true));
	else if (v && *v)
		printf(" -x -a %s", quoted(a, v, true));
	else if (v)
		printf(" -x");
}

static void fish_command(struct arena *a, const struct command *c)
{
	size_t n = strcspn(c->name, " ");
	char *word = arena_memdup(a, c->name, n);
	const char *v = argument_value(a, c);
	char *when = quoted(a, arena_printf(a, "__sealwright_is %s", c->name), true);

	if (c->name[n])
		printf("complete -c sealwright -f -n %s -a %s -d %s\n",
		       quoted(a, arena_printf(a, "__sealwright_at %s", word), true), c->name + n + 1, quoted(a, c->summary, true));
	else
		printf("complete -c sealwright -f -n __sealwright_at -a %s -d %s\n", word, quoted(a, c->summary, true));
	if (v && *v) {
		printf("complete -c sealwright -n %s", when);
		fish_values(a, v);
		putchar('\n');
	}
	for (const struct opt *t = cmd_options(a, c); t->name; t++) {
		printf("complete -c sealwright -n %s -l %s", when, t->name);
		if (t->letter)
			printf(" -s %c", t->letter);
		fish_values(a, option_value(a, t));
		printf(" -d %s\n", quoted(a, t->help, true));
	}
}

static void print_fish(struct arena *a)
{
	fputs("# Completion of sealwright for fish; made by: sealwright completion fish\n\n"
	      "function __sealwright_words # the words before the cursor that are no options\n"
	      "\tset -l all (commandline -opc)\n"
	      "\tstring match -v -- '-*' $all[2..-1]\n"
	      "end\n"
	      "function __sealwright_at # true when exactly these words stand there\n"
	      "\ttest \"$(__sealwright_words)\" = \"$argv\"\n"
	      "end\n"
	      "function __sealwright_is # true when the line begins with these words\n"
	      "\tset -l words (__sealwright_words)\n"
	      "\ttest \"$words[1..$(count $argv)]\" = \"$argv\"\n"
	      "end\n\n"
	      "complete -c sealwright -f\n"
	      "complete -c sealwright -n __sealwright_at -l version -d 'Print name and version'\n", stdout);
	for (const struct command *const *c = cmd_all(); *c; c++)
		if (!(*c)->hidden)
			fish_command(a, *c);
	for (const struct command *const *c = cmd_all(); *c; c++) /* words like "models" that are no command themselves */
		if (first_of_its_word(c) && (*c)->name[strcspn((*c)->name, " ")])
			printf("complete -c sealwright -f -n __sealwright_at -a %.*s\n", (int)strcspn((*c)->name, " "), (*c)->name);
}

static int run(struct arena *a, const struct opts *o, struct err *e)
{
	static const struct {
		const char *shell;
		void (*print)(struct arena *a);
	} shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

	if (o->rest_n != 1)
		return err_set(e, ERR_USAGE, "needs one of: bash, zsh, fish");
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++) {
		if (strcmp(shells[i].shell, o->rest[0]))
			continue;
		shells[i].print(a);
		return 0;
	}
	return err_set(e, ERR_USAGE, "no completion for %.40s; there are bash, zsh and fish", o->rest[0]);
}

const struct command cmd_completion = {
	.name = "completion", .group = "Set up", .usage = "bash|zsh|fish",
	.summary = "Print a completion script for a shell",
	.about = "The script is printed from the same table as this help. `make install` puts it where shells look for it.\n",
	.examples = "eval \"$(sealwright completion bash)\"  # for this shell\n"
		    "sealwright completion zsh >~/.zfunc/_sealwright  # a folder of your fpath\n"
		    "sealwright completion fish >~/.config/fish/completions/sealwright.fish  # for fish\n",
	.run = run,
};
