/*
 * shell: a command in the sandbox.
 *
 * A fresh process each time, stdin /dev/null, pagers off; the whole tree of processes ends with it or with its time. What
 * was refused is told to a person (on_refused); the model hears that something was, and nothing about the walls. The
 * raw output goes to a file once it is longer than what is shown; that file is closed at SPILL_MAX, since a command that
 * prints for ever must not fill the disk.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "tool/clean.h"
#include "tool/tool.h"

#include <stdio.h>

enum {
	SHOWN = 14 << 10,                    /* of an output; 5/14 of it are its head */
	RAW = 256 << 10,                     /* kept of each end of it  */
	SPILL_MAX = 64 << 20,
	LIMIT_DEFAULT_S = 120, LIMIT_MAX_S = 1800,
};

struct spilling {
	struct toolbox *t;
	struct arena *a;
	struct buf first;    /* until it is long enough for a file */
	int fd;
	char *path;
	uint64_t written;
	bool tried, short_of;
};

static void spill_piece(struct spilling *s, struct bytes piece)
{
	if (s->fd < 0)
		return;
	if (s->written + piece.n > SPILL_MAX) {
		piece.n = (size_t)(SPILL_MAX - s->written);
		s->short_of = true;
	}
	if (fs_write_all(s->fd, piece, NULL) < 0) /* a full disk: the result says what is missing */
		s->short_of = true;
	s->written += piece.n;
	if (s->short_of)
		fs_close(&s->fd);
}

static void seen(void *arg, struct bytes piece, bool is_stderr)
{
	struct spilling *s = arg;

	(void)is_stderr;
	if (!s->tried && buf_add(&s->first, piece.p, piece.n) == 0)
		return;
	if (!s->tried) {
		s->tried = true;
		s->fd = tool_spill_open(s->t, s->a, &s->path, NULL);
		spill_piece(s, buf_bytes(&s->first));
		buf_drop(&s->first);
	}
	spill_piece(s, piece);
}

static int64_t limit_of(const struct toolbox *t, const json_t *args)
{
	int64_t s = json_whole(args, "limit_s", 0), ms = t->limit_ms ? t->limit_ms : LIMIT_DEFAULT_S * 1000, left;

	if (s > 0)
		ms = (s > LIMIT_MAX_S ? LIMIT_MAX_S : s) * 1000;
	if (t->command_ms && ms > t->command_ms)
		ms = t->command_ms;
	if (t->until_ms) {
		left = t->until_ms - clock_mono_ms();
		if (ms > left)
			ms = left > 1 ? left : 1;
	}
	return ms;
}

static void add_time(struct buf *b, int64_t ms)
{
	if (ms < 1000)
		buf_printf(b, "%lld ms", (long long)ms);
	else
		buf_printf(b, "%.1f s", (double)ms / 1000);
}

/* "[0, 3 ms]" in the common case: a turn carries it for ever. */
static void add_facts(struct buf *b, const struct proc_result *r, const struct spilling *s, int64_t limit, bool cut)
{
	buf_add_str(b, "[");
	if (r->timed_out)
		buf_printf(b, "ended at its time limit of %lld s, ", (long long)((limit + 999) / 1000));
	else if (r->stopped)
		buf_add_str(b, "stopped, ");
	else if (r->signal)
		buf_printf(b, "ended by signal %d, ", r->signal);
	else
		buf_printf(b, "%d, ", r->status);
	add_time(b, r->wall_ms);
	if (cut || r->cut)
		buf_printf(b, ", %llu bytes printed", (unsigned long long)r->printed);
	if (s->path && s->short_of)
		buf_printf(b, ", the file has the first %llu", (unsigned long long)s->written);
	if (s->t->refusals)
		buf_add_str(b, ", refused by the sandbox");
	buf_add_str(b, "]");
}

int tool_shell(struct toolbox *t, struct arena *a, const json_t *args, struct tool_result *out, struct err *e)
{
	const char *command = json_text_or(args, "command", "");
	const char *argv[] = { "/bin/sh", "-c", command, NULL };
	size_t left_out, shown_max = tool_result_max(t) / 12 * 7 < SHOWN ? tool_result_max(t) / 12 * 7 : SHOWN;
	struct spilling s = { .t = t, .a = a, .first = buf_max(shown_max), .fd = -1 };
	struct proc p = { .argv = argv, .dir = t->tree, .limit_ms = limit_of(t, args), .head = RAW, .tail = RAW,
			  .stop = t->stop, .seen = seen, .arg = &s };
	struct proc_result r;
	auto_buf text = buf_max(TOOL_RESULT_MAX * 2);
	struct bytes shown;
	int bad;

	if (strlen(command) > 100000) /* MAX_ARG_STRLEN is 128 KiB */
		return tool_refuses(a, out, "the command is longer than 100,000 bytes; write a script and run that");
	t->refusals = 0;
	bad = sandbox_run(a, &t->box, &p, &r, e);
	fs_close(&s.fd);
	buf_drop(&s.first);
	if (bad < 0) {
		toolbox_leave(t); /* what is wrong with it must not outlive the call */
		return -1;
	}
	shown = clean_cut(a, clean_text(a, (struct bytes){ r.output, r.output_n }), shown_max / 14 * 5, shown_max / 14 * 9,
			  s.path, &left_out);
	buf_add(&text, shown.p, shown.n);
	if (shown.n && shown.p[shown.n - 1] != '\n')
		buf_add_char(&text, '\n');
	add_facts(&text, &r, &s, p.limit_ms, left_out > 0);
	out->text = arena_memdup(a, text.p, text.n);
	out->n = text.n;
	out->status = r.status;
	out->failed = r.status != 0;
	out->spill = s.path;
	return 0;
}
