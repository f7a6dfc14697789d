/*
 * The table of tools, and one call.
 *
 * Arguments are held against the tool's own schema before its function sees them, so that no tool checks types. Models
 * send numbers as strings and true as "true": both are taken. A name that the tool does not know is refused rather than
 * ignored: a misspelt "limit" would otherwise read the whole file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/tool.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEXT(name, what) "\"" name "\":{\"type\":\"string\",\"description\":\"" what "\"}"
#define WHOLE(name, what) "\"" name "\":{\"type\":\"integer\",\"description\":\"" what "\"}"
#define FLAG(name, what) "\"" name "\":{\"type\":\"boolean\",\"description\":\"" what "\"}"
#define OBJECT(properties, required) \
	"{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "],\"additionalProperties\":false}"

static const struct tool table[] = {
	{ "shell",
	  "Run a command with sh -c in the work tree: a fresh sandboxed process, no network, no stdin. The result ends with "
	  "[exit status, time]; long output is cut in the middle and kept whole in a file that is named.",
	  OBJECT(TEXT("command", "the command") "," WHOLE("limit_s", "seconds until it is ended; default 120, at most 1800"),
		 "\"command\""),
	  false, false, TOOL_COMMAND, tool_shell },
	{ "read", "Read a text file with line numbers, or list a folder.",
	  OBJECT(TEXT("path", "beneath the work tree") "," WHOLE("offset", "first line, from 1") ","
		 WHOLE("limit", "number of lines, default 400"), "\"path\""),
	  true, true, TOOL_FILES, tool_read },
	{ "edit",
	  "Replace one piece of a file. old is copied from the file, without line numbers, with enough lines around to be "
	  "there once.",
	  OBJECT(TEXT("path", "the file") "," TEXT("old", "what stands there now") "," TEXT("new", "what shall stand there")
		 "," FLAG("all", "replace every exact occurrence"), "\"path\",\"old\",\"new\""),
	  false, false, TOOL_FILES, tool_edit },
	{ "write", "Write a whole file; folders are made. For small changes use edit.",
	  OBJECT(TEXT("path", "the file") "," TEXT("content", "all of its text"), "\"path\",\"content\""), false, true, TOOL_FILES, tool_write },
	{ "search",
	  "Search file contents by a Perl-compatible regular expression, or, without pattern, list file names. What git ignores "
	  "is left out.",
	  OBJECT(TEXT("pattern", "regular expression; absent: list names") "," TEXT("path", "file or folder, default all") ","
		 TEXT("glob", "only names like *.py or src/**/*.c"), ""),
	  true, true, TOOL_FILES, tool_search },
	{ "plan",
	  "Your working plan: replaces the list of steps; without steps, shows it. Keep it current in longer work; it "
	  "outlives what is dropped from the conversation.",
	  OBJECT("\"steps\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{" TEXT("step", "one line") ","
		 "\"state\":{\"type\":\"string\",\"enum\":[\"open\",\"doing\",\"done\"]}},\"required\":[\"step\",\"state\"]}}", ""),
	  false, true, TOOL_APART, tool_plan },
	{ "test", "Run the project's tests and report each failure as name, file:line, message.",
	  OBJECT("\"only\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"description\":\"test files or test names; "
		 "absent: all\"}", ""),
	  false, true, TOOL_COMMAND, tool_test },
	{ "finish", "Say that the work is done. Checks run before it is accepted.",
	  OBJECT(TEXT("summary", "what was done, for the person who asked"), "\"summary\""), true, true, TOOL_APART, tool_finish },
	{ 0 },
};

const struct tool *tool_all(void)
{
	return table;
}

const struct tool *tool_find(const char *name)
{
	for (const struct tool *t = table; t->name; t++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}

static bool is_wanted(const struct tool *t, const char *const *names)
{
	if (!names)
		return strcmp(t->name, "finish") != 0;
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], t->name))
			return true;
	return false;
}

int tool_list_json(struct buf *out, const char *const *names)
{
	bool first = true;

	buf_add_char(out, '[');
	for (const struct tool *t = table; t->name; t++) {
		if (!is_wanted(t, names))
			continue;
		buf_printf(out, "%s{\"name\":\"%s\",\"description\":", first ? "" : ",", t->name);
		json_write_string(out, bytes_of(t->what));
		buf_printf(out, ",\"parameters\":%s}", t->parameters);
		first = false;
	}
	return buf_add_char(out, ']');
}

int toolbox_open(struct toolbox *t, const char *tree, const struct sandbox *sandbox, const char *spill, struct err *e)
{
	char *real = realpath(tree, NULL);
	struct toolbox made = { .sandbox = sandbox, .spill = spill };

	if (!real)
		return err_sys(e, "work tree %s", tree);
	made.dir = made.outer = fs_open_dir(real, e);
	if (made.dir < 0) {
		free(real);
		return -1;
	}
	made.tree = real;
	*t = made;
	return 0;
}

void toolbox_close(struct toolbox *t)
{
	if (!t->tree)
		return;
	toolbox_leave(t);
	fs_close(&t->outer);
	free((char *)(uintptr_t)t->tree);
	json_decref(t->steps);
	*t = (struct toolbox){ .dir = -1, .outer = -1 };
}

static int vsay(struct arena *a, struct tool_result *out, const char *fmt, va_list ap)
{
	out->text = arena_vprintf(a, fmt, ap);
	out->n = strlen(out->text);
	return 0;
}

int tool_says(struct arena *a, struct tool_result *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsay(a, out, fmt, ap);
	va_end(ap);
	return 0;
}

int tool_refuses(struct arena *a, struct tool_result *out, const char *fmt, ...)
{
	va_list ap;

	out->failed = true;
	va_start(ap, fmt);
	vsay(a, out, fmt, ap);
	va_end(ap);
	return 0;
}

int tool_spill_open(struct toolbox *t, struct arena *a, char **path, struct err *e)
{
	char *name;
	int fd;

	if (!t->spill)
		return err_set(e, ERR_NOT_FOUND, "there is no folder for long outputs");
	if (fs_make_dirs(t->spill, 0700, e) < 0)
		return -1;
	do { /* an earlier process of this session may have left some */
		name = arena_printf(a, "%s/%d.txt", t->spill, ++t->spilled);
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	} while (fd < 0 && errno == EEXIST && t->spilled < 1000000);
	if (fd < 0)
		return err_sys(e, "make %s", name);
	*path = name;
	return fd;
}

char *tool_spill(struct toolbox *t, struct arena *a, struct bytes text, struct err *e)
{
	char *path = NULL;
	auto_fd fd = tool_spill_open(t, a, &path, e);

	return fd < 0 || fs_write_all(fd, text, e) < 0 ? NULL : path;
}

/* One value in the type that its schema asks for; a new reference, or NULL with *want set. */
static json_t *value_fit(const json_t *schema, json_t *v, const char **want)
{
	const char *type = json_text_or(schema, "type", ""), *s = json_string_value(v);
	char *end;
	long long n;

	*want = type;
	if (!strcmp(type, "string"))
		return s && strlen(s) == json_string_length(v) ? json_incref(v) : NULL;
	if (!strcmp(type, "integer")) {
		if (json_is_integer(v))
			return json_incref(v);
		if (json_is_real(v) && json_real_value(v) > -1e9 && json_real_value(v) < 1e9)
			return json_integer((json_int_t)json_real_value(v));
		errno = 0;
		n = s ? strtoll(s, &end, 10) : 0;
		return s && *s && !*end && !errno ? json_integer(n) : NULL;
	}
	if (!strcmp(type, "boolean")) {
		if (json_is_boolean(v))
			return json_incref(v);
		if (s && (!strcmp(s, "true") || !strcmp(s, "false")))
			return json_boolean(!strcmp(s, "true"));
		return NULL;
	}
	if (!strcmp(type, "array"))
		return json_is_array(v) ? json_incref(v) : NULL;
	return json_incref(v);
}

static char *known_names(struct arena *a, const json_t *properties)
{
	auto_buf b = buf_max(1000);
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)(uintptr_t)properties, key, v)
		buf_printf(&b, "%s%s", b.n ? ", " : "", key);
	return arena_strdup(a, buf_str(&b));
}

/* given, held against the schema: a new object, or NULL with the complaint in out. */
static json_t *arguments_fit(struct arena *a, const struct tool *t, const json_t *given, struct tool_result *out)
{
	auto_json *schema = NULL, *fit = json_object();
	const json_t *properties, *need;
	const char *key, *want = "";
	json_t *v;
	size_t i;

	if (json_parse(bytes_of(t->parameters), &schema, NULL) < 0)
		return NULL;
	properties = json_map(schema, "properties");
	json_object_foreach((json_t *)(uintptr_t)given, key, v) {
		const json_t *p = json_object_get(properties, key);
		json_t *fitting;

		if (json_is_null(v)) /* absent, in the manner of some models */
			continue;
		fitting = p ? value_fit(p, v, &want) : NULL;
		if (!fitting) {
			if (p)
				tool_refuses(a, out, "%s: %.60s must be a%s %s", t->name, key, strchr("aeiou", *want) ? "n" : "", want);
			else
				tool_refuses(a, out, "%s has no argument %.60s; it takes: %s", t->name, key, known_names(a, properties));
			return NULL;
		}
		json_object_set_new_nocheck(fit, key, fitting);
	}
	json_array_foreach(json_list(schema, "required"), i, need)
		if (!json_object_get(fit, json_string_value(need))) {
			tool_refuses(a, out, "%s needs the argument %s; it takes: %s", t->name, json_string_value(need),
				     known_names(a, properties));
			return NULL;
		}
	return json_incref(fit);
}

size_t tool_result_max(const struct toolbox *t)
{
	return t->result_max && t->result_max < TOOL_RESULT_MAX ? t->result_max : TOOL_RESULT_MAX;
}

static void bound(struct tool_result *r, size_t max)
{
	static const char note[] = "\n[cut here]";

	if (r->n <= max)
		return;
	r->n = max - sizeof(note);
	while (r->n && ((unsigned char)r->text[r->n] & 0xC0) == 0x80) /* not inside a character */
		r->n--;
	memcpy(r->text + r->n, note, sizeof(note));
	r->n += sizeof(note) - 1;
}

static int run(const struct tool *tool, struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	int r;

	if (tool->needs != TOOL_APART && toolbox_enter(t, e) < 0)
		return -1;
	if (tool->needs == TOOL_FILES)
		sandbox_act(t->box.session);
	r = tool->run(t, a, args, out, e);
	if (tool->needs == TOOL_FILES)
		sandbox_act_end();
	return r;
}

int tool_call(struct toolbox *t, struct arena *a, const char *name, struct bytes arguments, struct tool_result *out,
	      struct err *e)
{
	const struct tool *tool = tool_find(name);
	struct tool_result r = { 0 };
	auto_json *given = NULL, *args = NULL;
	struct err why = { 0 };
	int64_t start = clock_mono_ms();

	if (!tool)
		tool_refuses(a, &r, "there is no tool %.60s", name);
	else if (arguments.n > TOOL_ARGUMENTS_MAX)
		tool_refuses(a, &r, "%s: arguments of %zu bytes; at most %d are taken, write in pieces", name, arguments.n,
			     (int)TOOL_ARGUMENTS_MAX);
	else if (json_parse_model(arguments.n ? arguments : bytes_of("{}"), &given, &why) < 0)
		tool_refuses(a, &r, "%s: the arguments are not JSON: %s", name, why.text);
	else if (!json_is_object(given))
		tool_refuses(a, &r, "%s: the arguments must be a JSON object", name);
	else
		args = arguments_fit(a, tool, given, &r);
	if (!args)
		r.malformed = true;
	else if (run(tool, t, a, args, &r, e) < 0)
		return err_wrap(e, "%s", name);
	if (!r.text)
		tool_says(a, &r, "done");
	bound(&r, tool_result_max(t));
	r.ms = clock_mono_ms() - start;
	*out = r;
	return 0;
}

int tool_finish(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	(void)t;
	(void)e;
	out->finished = true;
	return tool_says(a, out, "%s", json_text_or(args, "summary", ""));
}
