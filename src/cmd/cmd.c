/*
 * The table of commands, and finding one in it.
 *
 * What every command shares stands here once: standard streams that are open, a broken pipe that kills nobody, errors
 * in one shape, and an answer that was really written. --version comes first, since it is what scripts ask most and
 * what `bench` measures.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/cmd.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "cmd/help.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One line a command, in the order in which help shows them. Each stands in cmd/NAME.c. */
#define COMMANDS(X) \
	X(cmd_run) \
	X(cmd_exec) \
	X(cmd_resume) \
	X(cmd_sandbox) \
	X(cmd_sandbox_list) \
	X(cmd_sandbox_diff) \
	X(cmd_sandbox_keep) \
	X(cmd_sandbox_drop) \
	X(cmd_sandbox_profiles) \
	X(cmd_models_list) \
	X(cmd_models_pull) \
	X(cmd_models_test) \
	X(cmd_models_serve) \
	X(cmd_models_keep) \
	X(cmd_sessions) \
	X(cmd_sessions_rm) \
	X(cmd_show) \
	X(cmd_config_list) \
	X(cmd_config_get) \
	X(cmd_config_set) \
	X(cmd_config_unset) \
	X(cmd_config_path) \
	X(cmd_doctor) \
	X(cmd_completion) \
	X(cmd_blueprint_list) \
	X(cmd_blueprint_show) \
	X(cmd_blueprint_plan) \
	X(cmd_blueprint_render) \
	X(cmd_help)

#define DECLARE(c) extern const struct command c;
COMMANDS(DECLARE)

static const struct command *const table[] = {
#define ENTRY(c) &c,
	COMMANDS(ENTRY)
	NULL,
};

const struct command *const *cmd_all(void)
{
	return table;
}

const struct command *cmd_find(const char *const *argv, int *words)
{
	const struct command *one = NULL;

	for (int i = 0; argv[0] && table[i]; i++) {
		size_t n = strlen(argv[0]);

		if (strncmp(table[i]->name, argv[0], n))
			continue;
		if (!table[i]->name[n])
			one = table[i];
		if (table[i]->name[n] == ' ' && argv[1] && !strcmp(table[i]->name + n + 1, argv[1])) {
			*words = 2;
			return table[i];
		}
	}
	*words = one ? 1 : 0;
	return one;
}

int cmd_unknown(const char *word, struct err *e)
{
	auto_buf below = buf_max(1000);
	const char *nearest = NULL;
	size_t least = opt_far(word), n = strlen(word);

	for (int i = 0; table[i]; i++) {
		const char *name = table[i]->name;
		size_t d = opt_distance(word, name);

		if (table[i]->hidden)
			continue;
		if (!strncmp(name, word, n) && name[n] == ' ')
			buf_printf(&below, "%s%s", below.n ? ", " : "", name + n + 1);
		if (d < least) {
			least = d;
			nearest = name;
		}
	}
	if (below.n)
		return err_set(e, ERR_USAGE, "%s needs one of: %s", word, buf_str(&below));
	if (nearest)
		return err_set(e, ERR_USAGE, "no command %s; did you mean %s?", word, nearest);
	return err_set(e, ERR_USAGE, "no command %s; run: sealwright help", word);
}

const struct opt *cmd_options(struct arena *a, const struct command *c)
{
	static const struct opt help = { "help", 'h', NULL, "Show this help", false };
	size_t n = 0;
	struct opt *all;

	while (c->options && c->options[n].name)
		n++;
	all = arena_array(a, n + 2, sizeof(*all));
	if (n)
		memcpy(all, c->options, n * sizeof(*all));
	all[n] = help;
	return all;
}

/* A daemon manager, or a careless script, may start us with streams closed; a file of ours would then become one. */
static void streams_open(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY); /* writing to it then fails, as it should */
}

/* Prints text from anywhere: what would move a terminal's cursor or change its title is shown as '?'. */
static void print_harmless(FILE *f, const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; *p; p++) {
		if (p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0) /* C1 controls in UTF-8 */
			p++, putc('?', f);
		else
			putc((*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7F ? '?' : *p, f);
	}
}

void cmd_complain(const char *name, const struct err *e, int status, bool as_json)
{
	auto_buf line = buf_max(16 << 10);

	fflush(stdout); /* so that the error stands behind what was printed */
	fprintf(stderr, "sealwright: %s%s", name ? name : "", name ? ": " : "");
	print_harmless(stderr, e->text);
	putc('\n', stderr);
	if (!as_json)
		return;
	buf_printf(&line, "{\"type\":\"error\",\"code\":\"%s\",\"exit\":%d,\"message\":", err_code_name(e->code), status);
	json_write_string(&line, bytes_of(e->text));
	printf("%s}\n", buf_str(&line));
}

/* Asked of the words themselves, since the options may be what is wrong. */
static bool wants_json(const char *const *argv)
{
	for (; *argv && strcmp(*argv, "--"); argv++)
		if (!strcmp(*argv, "--json"))
			return true;
	return false;
}

static int command_run(const struct command *c, const char *const *argv, struct err *e)
{
	auto_arena a = {0};
	struct opts o = {0};
	int status;

	if (opts_parse(&a, cmd_options(&a, c), c->stop_at_argument, argv, &o, e) < 0) {
		char why[sizeof(e->text)];

		memcpy(why, e->text, sizeof(why));
		return err_set(e, ERR_USAGE, "%.900s%s run: sealwright help %s", why,
			       why[strlen(why) - 1] == '?' ? "" : ";", c->name);
	}
	if (opts_has(&o, "help")) {
		help_command(stdout, c);
		return 0;
	}
	status = c->run(&a, &o, e);
	if (status < 0 && e->code == ERR_NONE)
		err_set(e, ERR_SYS, "failed without a reason");
	return status;
}

/* An answer cut short by a full disk is no answer; one whose reader went away was not wanted to the end. */
static int stdout_close(int status)
{
	struct pollfd reader = { STDOUT_FILENO, 0, 0 };
	bool bad = ferror(stdout) != 0, gone = poll(&reader, 1, 0) > 0 && (reader.revents & POLLERR);

	errno = 0;
	if (fflush(stdout) < 0 || close(STDOUT_FILENO) < 0)
		bad = true;
	if (!bad || gone || errno == EPIPE)
		return status;
	fprintf(stderr, "sealwright: write to stdout: %s\n", errno ? strerror(errno) : "an earlier write failed");
	return status ? status : 1;
}

static int named(const char *const *argv)
{
	struct err e = {0};
	const struct command *c;
	int words = 0, status;

	c = cmd_find(argv, &words);
	status = c ? command_run(c, argv + words, &e) : cmd_unknown(argv[0], &e);
	if (status >= 0)
		return status;
	status = c && c->fails ? c->fails : err_exit_status(e.code);
	cmd_complain(c ? c->name : NULL, &e, status, wants_json(argv));
	return status;
}

int cmd_main(int argc, const char *const *argv)
{
	static const char *const help[] = { "help", NULL };

	streams_open();
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		help_overview(stderr);
		return 2;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V"))
		puts("sealwright " SEALWRIGHT_VERSION);
	else if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return stdout_close(named(help));
	else
		return stdout_close(named(argv + 1));
	return stdout_close(0);
}
