/*
 * The line view.
 *
 * One table says how each type of event is told; a type that is not in it is shown in --json alone. Text that came from a
 * model or a repository is printed without control characters: an escape sequence in a test's name must not repaint the
 * terminal it is read on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/view.h"

#include "base/clock.h"
#include "cmd/plain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

char *view_time(int64_t ms, char out[24])
{
	int64_t s = ms / 1000;

	if (s >= 3600)
		snprintf(out, 24, "%d:%02d:%02d", (int)(s / 3600 % 100000), (int)(s / 60 % 60), (int)(s % 60));
	else
		snprintf(out, 24, "%d:%02d", (int)(s / 60), (int)(s % 60));
	return out;
}

void view_open(struct view *v, bool json, bool quiet)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM");
	bool terminal = isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;

	*v = (struct view){ .json = json, .quiet = quiet, .live = terminal && !json,
			    .colour = terminal && !(none && *none), .started_ms = clock_mono_ms() };
}

void view_close(struct view *v)
{
	if (v->progress)
		fputs("\r\033[K", stderr);
	v->progress = false;
}

enum mood { PLAIN, GOOD, BAD, DIM };

static void line_begin(struct view *v, enum mood mood, const char *what)
{
	static const char *const paint[] = { "", "\033[32m", "\033[31m", "\033[2m" };
	char t[24];

	view_close(v);
	v->said_ms = clock_mono_ms();
	fprintf(stderr, "%7s  %s%-10s%s ", view_time(v->said_ms - v->started_ms, t), v->colour ? paint[mood] : "", what,
		v->colour && mood ? "\033[0m" : "");
}

static void say(struct view *v, enum mood mood, const char *what, const char *text)
{
	line_begin(v, mood, what);
	plain_print(stderr, text, 400);
	fputc('\n', stderr);
}

static void tell_text(struct view *v, const char *what, const json_t *d)
{
	say(v, PLAIN, what, json_text_or(d, "text", ""));
}

static void tell_note(struct view *v, const char *what, const json_t *d)
{
	say(v, DIM, what, json_text_or(d, "text", ""));
}

/* From a registry, into the sandbox. */
static void tell_package(struct view *v, const char *what, const json_t *d)
{
	line_begin(v, DIM, what);
	plain_print(stderr, json_text_or(d, "ecosystem", "?"), 20);
	putc(' ', stderr);
	plain_print(stderr, json_text_or(d, "name", "?"), 100);
	putc(' ', stderr);
	plain_print(stderr, json_text_or(d, "version", ""), 40);
	fputc('\n', stderr);
}

static void tell_model(struct view *v, const char *what, const json_t *d)
{
	line_begin(v, PLAIN, what);
	plain_print(stderr, json_text_or(d, "name", "?"), 100);
	fputs(" at ", stderr);
	plain_print(stderr, json_text_or(d, "endpoint", "?"), 200);
	fputc('\n', stderr);
}

static void tell_spec(struct view *v, const char *what, const json_t *d)
{
	const json_t *entity, *field;
	size_t i, k;

	json_array_foreach(json_list(json_object_get(d, "spec"), "entities"), i, entity) {
		line_begin(v, PLAIN, i ? "" : what);
		plain_print(stderr, json_text_or(entity, "name", "?"), 60);
		fputs(": ", stderr);
		json_array_foreach(json_list(entity, "fields"), k, field) {
			if (k)
				fputs(", ", stderr);
			plain_print(stderr, json_text_or(field, "name", "?"), 60);
		}
		fputc('\n', stderr);
	}
}

static void tell_plan(struct view *v, const char *what, const json_t *d)
{
	v->tasks = (int)json_array_size(json_list(d, "tasks"));
	v->task = 0;
	line_begin(v, PLAIN, what);
	fprintf(stderr, "%d task%s", v->tasks, v->tasks == 1 ? "" : "s");
	if (json_text(d, "blueprint"))
		fprintf(stderr, " on the blueprint %s", json_text(d, "blueprint"));
	fputc('\n', stderr);
}

static void tell_task_start(struct view *v, const char *what, const json_t *d)
{
	(void)what;
	v->task = (int)json_whole(d, "n", 0);
}

static void tell_task(struct view *v, const char *what, const json_t *d)
{
	const char *state = json_text_or(d, "state", ""), *why = json_text(d, "why");
	bool good = !strcmp(state, "passed");
	char place[32];

	snprintf(place, sizeof(place), "%d/%d", v->task % 1000, v->tasks % 1000);
	line_begin(v, good ? GOOD : BAD, v->tasks ? place : what);
	plain_print(stderr, json_text_or(d, "title", json_text_or(d, "id", "?")), 120);
	fprintf(stderr, ": %s", good ? "passed" : !strcmp(state, "left_out") ? "left out" : state);
	if (good && json_whole(d, "tests", 0))
		fprintf(stderr, ", %d tests", (int)json_whole(d, "tests", 0));
	if (why && *why) {
		fputs(", ", stderr);
		plain_print(stderr, why, 200);
	}
	fputc('\n', stderr);
}

static void tell_sample(struct view *v, const char *what, const json_t *d)
{
	line_begin(v, DIM, what);
	fprintf(stderr, "%d at temperature %.1f, %d tokens: ", (int)json_whole(d, "n", 0),
		json_real_or(d, "temperature", 0), (int)json_whole(d, "tokens", 0));
	plain_print(stderr, json_text_or(d, "why", ""), 160);
	fputc('\n', stderr);
}

static void tell_commit(struct view *v, const char *what, const json_t *d)
{
	line_begin(v, DIM, what);
	fprintf(stderr, "%.10s ", json_text_or(d, "id", ""));
	plain_print(stderr, json_text_or(d, "subject", ""), 120);
	fputc('\n', stderr);
}

static void tell_tests(struct view *v, const char *what, const json_t *d)
{
	const json_t *failure;
	size_t i;
	bool green = json_flag(d, "green", false);

	if (green && v->tasks && strcmp(json_text_or(d, "task", ""), "all"))
		return; /* the task's own line says it */
	line_begin(v, green ? GOOD : BAD, what);
	fprintf(stderr, "%d passed, %d failed", (int)json_whole(d, "passed", 0),
		(int)(json_whole(d, "failed", 0) + json_whole(d, "errors", 0)));
	if (json_whole(d, "skipped", 0))
		fprintf(stderr, ", %d skipped", (int)json_whole(d, "skipped", 0));
	if (!green && json_text(d, "why")) {
		fputs(": ", stderr);
		plain_print(stderr, json_text(d, "why"), 200);
	}
	fputc('\n', stderr);
	json_array_foreach(json_list(d, "failures"), i, failure) {
		if (i == 3)
			break;
		line_begin(v, DIM, "");
		plain_print(stderr, json_text_or(failure, "name", "?"), 120);
		fputs(": ", stderr);
		plain_print(stderr, json_text_or(failure, "message", ""), 160);
		fputc('\n', stderr);
	}
}

static void tell_list(struct view *v, const char *head, const json_t *list)
{
	const json_t *x;
	size_t i;

	json_array_foreach(list, i, x)
		say(v, BAD, i ? "" : head, json_string_value(x));
}

static void tell_summary(struct view *v, const char *what, const json_t *d)
{
	const json_t *lines = json_object_get(d, "lines"), *tests = json_object_get(d, "tests"),
		     *tokens = json_object_get(d, "tokens"), *count, *line;
	const char *file;
	bool good = json_flag(d, "finished", false);
	size_t i;
	char t[24], cost[24];

	(void)what;
	view_close(v);
	fprintf(stderr, "\n%s%s%s in %s, %s\n", v->colour ? good ? "\033[1;32m" : "\033[1;31m" : "", good ? "Finished" : "Unfinished",
		v->colour ? "\033[0m" : "", view_time(json_whole(d, "elapsed_ms", 0), t), json_text_or(d, "dir", "?"));
	fprintf(stderr, "  tests    %d passed, %d failed, %d skipped\n", (int)json_whole(tests, "passed", 0),
		(int)json_whole(tests, "failed", 0), (int)json_whole(tests, "skipped", 0));
	fprintf(stderr, "  lines    %lld from the blueprint, %lld written by the model, in %lld files\n",
		(long long)json_whole(lines, "blueprint", 0), (long long)json_whole(lines, "model", 0),
		(long long)json_whole(d, "files", 0));
	json_object_foreach((json_t *)(uintptr_t)json_object_get(d, "model_files"), file, count) {
		fputs("             model: ", stderr);
		plain_print(stderr, file, 120);
		fprintf(stderr, ", %lld lines\n", (long long)json_integer_value(count));
	}
	fprintf(stderr, "  cost     %lld turns, %lld tokens in (%lld cached), %lld out, %s\n", (long long)json_whole(d, "turns", 0),
		(long long)json_whole(tokens, "prompt", 0), (long long)json_whole(tokens, "cached", 0),
		(long long)json_whole(tokens, "completion", 0), plain_cost(json_real_or(d, "cost", NAN), cost));
	fprintf(stderr, "  sandbox  level %lld\n", (long long)json_whole(d, "sandbox_level", 0));
	tell_list(v, "missing", json_object_get(d, "missing"));
	tell_list(v, "left out", json_object_get(d, "given_up"));
	tell_list(v, "left out", json_object_get(d, "left_out"));
	tell_list(v, "not asked", json_object_get(d, "proposed")); /* proposed by the model alone: not enforced */
	json_array_foreach(json_object_get(d, "next"), i, line) {
		if (!i)
			fprintf(stderr, "\n  next     cd %s\n", json_text_or(d, "dir", "."));
		fprintf(stderr, "           ");
		plain_print(stderr, json_string_value(line), 200);
		fputc('\n', stderr);
	}
}

/* What was tried, by whom, which wall held, and how a person allows it. */
static void tell_refused(struct view *v, const char *what, const json_t *d)
{
	const char *program = json_text_or(d, "program", "");

	line_begin(v, BAD, what);
	plain_print(stderr, json_text_or(d, "what", "?"), 80);
	if (*program) {
		fputs(" by ", stderr);
		plain_print(stderr, program, 60);
	}
	if (json_whole(d, "times", 1) > 1)
		fprintf(stderr, ", %lld times", (long long)json_whole(d, "times", 1));
	fputs(" (", stderr);
	plain_print(stderr, json_text_or(d, "wall", "?"), 20);
	fputs("): ", stderr);
	plain_print(stderr, json_text_or(d, "rule", ""), 300);
	fputc('\n', stderr);
}

/* What came into the tree needs no line; what did not is named with its rule. */
static void tell_kept(struct view *v, const char *what, const json_t *d)
{
	const json_t *c;
	size_t i;

	json_array_foreach(json_list(d, "left"), i, c) {
		line_begin(v, BAD, i ? "" : what);
		if (i == 10) {
			fprintf(stderr, "and %lld more\n", (long long)json_whole(d, "left_n", 0) - 10);
			break;
		}
		plain_print(stderr, json_text_or(c, "path", "?"), 200);
		fprintf(stderr, " (%s): ", json_text_or(c, "rule", ""));
		plain_print(stderr, json_text_or(c, "why", ""), 200);
		fputc('\n', stderr);
	}
}

static void tell_kept_all(struct view *v, const char *what, const json_t *d)
{
	tell_kept(v, what, d);
	if (json_text(d, "commits_left"))
		say(v, BAD, "commits", json_text(d, "commits_left"));
}

static void tell_layer(struct view *v, const char *what, const json_t *d)
{
	if (!strcmp(json_text_or(d, "by", ""), "copy") && !json_flag(d, "found", false))
		say(v, DIM, what, "the tree was copied, since an overlay does not work here; what is written waits in the copy");
	if (json_text(d, "git"))
		say(v, DIM, what, json_text(d, "git"));
}

static void tell_dropped(struct view *v, const char *what, const json_t *d)
{
	line_begin(v, DIM, what);
	fputs("what was changed for it, since ", stderr);
	plain_print(stderr, json_text_or(d, "why", "?"), 200);
	fputc('\n', stderr);
}

static void tell_stopped(struct view *v, const char *what, const json_t *d)
{
	say(v, BAD, what, json_text_or(d, "why", ""));
}

/* A tool call once it is over: what it was about, and what went wrong. */
static void tell_result(struct view *v, const char *what, const json_t *d)
{
	bool failed = json_flag(d, "failed", false);
	const char *text = json_text_or(d, "text", ""), *about = json_text_or(d, "about", "");
	char line[240];

	(void)what;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
	line_begin(v, failed ? BAD : DIM, json_text_or(d, "name", "?"));
	plain_print(stderr, about, 100);
	if (json_object_get(d, "status")) {
		if (failed)
			fprintf(stderr, " [%lld]", (long long)json_whole(d, "status", 0));
	} else if (failed || !*about) { /* the first line says it */
		if (*about)
			fputs(": ", stderr);
		plain_print(stderr, line, 200);
	}
	if (json_whole(d, "ms", 0) >= 1000)
		fprintf(stderr, " %.1f s", (double)json_whole(d, "ms", 0) / 1000);
	fputc('\n', stderr);
}

/* What the model says beside its calls; its last words are the answer, which the command prints. */
static void tell_reply(struct view *v, const char *what, const json_t *d)
{
	const json_t *r = json_map(d, "reply");
	const char *text = json_text_or(r, "content", ""), *lost = json_text_or(r, "lost", "");

	if (*lost)
		say(v, DIM, "mended", lost);
	if (*text && json_array_size(json_list(r, "calls")))
		say(v, PLAIN, what, text);
}

static void tell_said(struct view *v, const char *what, const json_t *d)
{
	say(v, DIM, what, json_text_or(d, "text", ""));
}

static void tell_cut(struct view *v, const char *what, const json_t *d)
{
	line_begin(v, DIM, what);
	fprintf(stderr, "cut from %lld to %lld KB to fit the model's window\n", (long long)json_whole(d, "before", 0) / 1000,
		(long long)json_whole(d, "after", 0) / 1000);
}

static void tell_end(struct view *v, const char *what, const json_t *d)
{
	const json_t *tokens = json_object_get(d, "tokens");
	char t[24], cost[24];

	if (!tokens) { /* of a run, whose summary has said the rest */
		if (!strcmp(json_text_or(d, "state", ""), "declined"))
			say(v, PLAIN, "declined", "nothing was written; to be asked again: sealwright resume");
		return;
	}
	line_begin(v, GOOD, what);
	fprintf(stderr, "%lld turns, %lld tokens in (%lld cached), %lld out", (long long)json_whole(d, "turns", 0),
		(long long)json_whole(tokens, "prompt", 0), (long long)json_whole(tokens, "cached", 0),
		(long long)json_whole(tokens, "completion", 0));
	fprintf(stderr, ", %s, %s\n", plain_cost(json_real_or(d, "cost", NAN), cost), view_time(json_whole(d, "elapsed_ms", 0), t));
}

/* A line that wraps could not be drawn again: what stays of it behind `used` columns, at most 60. */
static size_t room_left(int used)
{
	struct winsize w = { 0 };
	int left = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) < 0 || !w.ws_col ? 60 : w.ws_col - used - 4;

	return left > 60 ? 60 : left < 0 ? 0 : (size_t)left;
}

/* Progress: redrawn on a terminal, at most a line in ten seconds elsewhere. */
static void tell_progress(struct view *v, const char *what, const json_t *d)
{
	static const char spin[] = "|/-\\";
	int64_t now = clock_mono_ms();
	char t[24];

	v->pieces++;
	if (v->live) {
		fprintf(stderr, "\r%7s  %c %-8s ", view_time(now - v->started_ms, t), spin[v->pieces / 4 % 4], what);
		plain_print(stderr, json_text_or(d, "text", ""), room_left(22));
		fputs("\033[K", stderr);
		v->progress = true;
	} else if (now - v->said_ms >= 10000) {
		say(v, DIM, what, json_text_or(d, "text", ""));
	}
}

static const struct {
	const char *type, *what;
	void (*tell)(struct view *v, const char *what, const json_t *d);
} told[] = {
	{ "intent", "intent", tell_text },      { "model", "model", tell_model },
	{ "model.note", "model", tell_note },   { "note", "note", tell_note },
	{ "spec", "spec", tell_spec },          { "plan", "plan", tell_plan },
	{ "task.start", "", tell_task_start },  { "task", "task", tell_task },
	{ "sample", "sample", tell_sample },    { "tests", "tests", tell_tests },
	{ "commit", "commit", tell_commit },    { "summary", "summary", tell_summary },
	{ "stopped", "stopped", tell_stopped }, { "progress", "working", tell_progress },
	{ "tool.result", "", tell_result },     { "reply", "says", tell_reply },
	{ "say", "told", tell_said },           { "context.cut", "context", tell_cut },
	{ "end", "done", tell_end },           { "refused", "refused", tell_refused },
	{ "kept", "not kept", tell_kept_all },     { "dropped", "dropped", tell_dropped },
	{ "layer", "layer", tell_layer },          { "package", "package", tell_package },
};

static void print_json(const struct session_event *ev)
{
	auto_buf b = buf_max(8 << 20);
	char t[32];

	buf_printf(&b, "{\"v\":1,\"seq\":%llu,\"time\":\"%s\",\"type\":", (unsigned long long)ev->seq, clock_text(ev->time, t));
	json_write_string(&b, bytes_of(ev->type));
	buf_add_str(&b, ",\"data\":");
	json_write(&b, ev->data);
	buf_add_str(&b, "}\n");
	if (b.over)
		return;
	fwrite(b.p, 1, b.n, stdout);
	fflush(stdout);
}

void view_event(void *arg, const struct session_event *ev)
{
	struct view *v = arg;

	if (v->json) {
		print_json(ev);
		return;
	}
	for (size_t i = 0; i < sizeof(told) / sizeof(*told); i++) {
		if (strcmp(told[i].type, ev->type))
			continue;
		if (!v->quiet || !strcmp(ev->type, "summary"))
			told[i].tell(v, told[i].what, ev->data);
		return;
	}
}
