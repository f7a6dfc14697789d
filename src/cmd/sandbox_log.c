/*
 * Events of the sandbox and the account made of them.
 *
 * Names of programs are chosen by whoever is refused: they are JSON strings in events and plain text in the account, and
 * both are bounded however often something was tried.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/sandbox_log.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "cmd/plain.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { TOLD_MAX = 12, LINE_MAX_BYTES = 1 << 20 };

struct told { /* for the account */
	char wall[16], what[200], rule[400], program[40];
	int pid;
	long times;
};

struct sandbox_log {
	FILE *file;
	const char *path;
	bool is_json;
	uint64_t seq;
	pthread_mutex_t lock;
	struct told told[TOLD_MAX];
	int n;
	long more;
	int failed; /* errno of a line that could not be written */
};

int sandbox_log_open(const char *path, bool is_json, struct sandbox_log **out, struct err *e)
{
	struct sandbox_log *l = mem_alloc(sizeof(*l));

	*l = (struct sandbox_log){ .path = path, .is_json = is_json };
	pthread_mutex_init(&l->lock, NULL);
	if (path) {
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);

		l->file = fd < 0 ? NULL : fdopen(fd, "w");
		if (!l->file) {
			err_sys(e, "--events: open %s", path);
			fs_close(&fd);
			pthread_mutex_destroy(&l->lock);
			free(l);
			return -1;
		}
	}
	*out = l;
	return 0;
}

int sandbox_log_close(struct sandbox_log **at, struct err *e)
{
	struct sandbox_log *l = *at;
	int number;

	if (!l)
		return 0;
	*at = NULL;
	number = l->failed;
	if (l->file && fclose(l->file) != 0 && !number)
		number = errno ? errno : EIO;
	errno = number;
	if (number)
		err_sys(e, "--events: write %s", l->path);
	pthread_mutex_destroy(&l->lock);
	free(l);
	return number ? -1 : 0;
}

static void put(struct sandbox_log *l, FILE *f, const char *line)
{
	errno = 0;
	if ((fputs(line, f) < 0 || fflush(f) != 0) && f == l->file && !l->failed)
		l->failed = errno ? errno : EIO;
}

void sandbox_log_add(struct sandbox_log *l, const char *type, json_t *data)
{
	auto_buf b = buf_max(LINE_MAX_BYTES);
	const bool is_output = !strcmp(type, "output");
	char t[32];

	pthread_mutex_lock(&l->lock);
	if (l->is_json || (l->file && !is_output)) {
		buf_printf(&b, "{\"v\":1,\"seq\":%llu,\"time\":\"%s\",\"type\":\"%s\",\"data\":", (unsigned long long)++l->seq,
			   clock_text(clock_now(), t), type);
		json_write(&b, data);
		buf_printf(&b, "}\n");
		if (b.over) { /* cannot be by what we write; a line that is cut would be no JSON */
			buf_clear(&b);
			b.over = false;
			buf_printf(&b, "{\"v\":1,\"seq\":%llu,\"time\":\"%s\",\"type\":\"%s\",\"data\":{\"left_out\":true}}\n",
				   (unsigned long long)l->seq, t, type);
		}
		if (l->is_json)
			put(l, stdout, buf_str(&b));
		if (l->file && !is_output)
			put(l, l->file, buf_str(&b));
	}
	pthread_mutex_unlock(&l->lock);
	json_decref(data);
}

void sandbox_log_refused(void *arg, const struct sandbox_refusal *r)
{
	struct sandbox_log *l = arg;
	const bool is_limit = !strcmp(r->wall, "limit");
	struct told *t;

	sandbox_log_add(l, is_limit ? "limit" : "refused",
			json_pack("{s:s, s:o, s:o, s:o, s:i, s:I}", "wall", r->wall, "what", json_string_any(bytes_of(r->what)), "rule",
				  json_string_any(bytes_of(r->rule)), "program", json_string_any(bytes_of(r->program)), "pid", r->pid,
				  "times", (json_int_t)r->times));
	pthread_mutex_lock(&l->lock);
	if (l->n < TOLD_MAX) {
		t = &l->told[l->n++];
		*t = (struct told){ .pid = r->pid, .times = r->times };
		snprintf(t->wall, sizeof(t->wall), "%s", r->wall);
		snprintf(t->what, sizeof(t->what), "%s", r->what);
		snprintf(t->rule, sizeof(t->rule), "%s", r->rule);
		snprintf(t->program, sizeof(t->program), "%s", r->program);
	} else {
		l->more++;
	}
	pthread_mutex_unlock(&l->lock);
}

void sandbox_log_output(void *arg, struct bytes piece, bool is_stderr)
{
	sandbox_log_add(arg, "output", json_pack("{s:s, s:o}", "stream", is_stderr ? "stderr" : "stdout", "text", json_string_any(piece)));
}

static void account_of(FILE *f, const struct told *t)
{
	fprintf(f, "  %s", strcmp(t->wall, "limit") ? "refused: " : "limit:   ");
	plain_print(f, t->what, sizeof(t->what));
	if (*t->program) {
		fputs(", by ", f);
		plain_print(f, t->program, sizeof(t->program));
		if (t->pid)
			fprintf(f, " (process %d)", t->pid);
	}
	if (t->times > 1)
		fprintf(f, ", %ld times", t->times);
	fprintf(f, "\n           ");
	plain_print(f, t->rule, sizeof(t->rule));
	putc('\n', f);
}

void sandbox_log_account(const struct sandbox_log *l, FILE *f)
{
	if (!l->n)
		return;
	fprintf(f, "sealwright: what the sandbox did not allow:\n");
	for (int i = 0; i < l->n; i++)
		account_of(f, &l->told[i]);
	if (l->more)
		fprintf(f, "  and %ld more; --events FILE lists all\n", l->more);
}
