/*
 * Lines of the session log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/log.h"

#include "base/err.h"
#include "base/fs.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int log_write(struct buf *out, struct log_chain *chain, struct when time, const char *type, const json_t *data,
	      struct err *e)
{
	size_t start = out->n;
	char when[32], hex[65];

	buf_printf(out, "{\"seq\":%llu,\"time\":\"%s\",\"type\":", (unsigned long long)chain->seq + 1, clock_text(time, when));
	json_write_string(out, bytes_of(type));
	buf_printf(out, ",\"prev\":\"%s\",\"data\":", digest_hex(&chain->last, hex));
	json_write(out, data);
	buf_add_char(out, '}');
	if (out->over)
		return buf_check(out, "event", e);
	chain->last = hash_bytes((struct bytes){ out->p + start, out->n - start });
	chain->seq++;
	chain->time = time;
	if (buf_add_char(out, '\n') < 0)
		return buf_check(out, "event", e);
	return 0;
}

/* "2026-11-24T05:00:00.123Z" to milliseconds; 0 when it is no such time. */
static struct when when_parse(const char *s)
{
	int y, mo, d, h, mi, sec, ms, end = 0;
	int64_t days;

	if (!s || sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ%n", &y, &mo, &d, &h, &mi, &sec, &ms, &end) != 7 || s[end] ||
	    mo < 1 || mo > 12)
		return (struct when){ 0 };
	y -= mo <= 2; /* days from civil, Hinnant */
	days = (int64_t)(y / 400) * 146097 + (y % 400) * 365 + (y % 400) / 4 - (y % 400) / 100 +
	       (153 * (mo + (mo > 2 ? -3 : 9)) + 2) / 5 + d - 1 - 719468;
	return (struct when){ ((days * 24 + h) * 60 + mi) * 60000 + (int64_t)sec * 1000 + ms };
}

static int line_read(struct bytes text, struct log_chain *chain, session_reader *fn, void *arg, struct err *e)
{
	auto_json *v = NULL;
	struct session_event ev;
	char hex[65];
	struct err why = { 0 };

	if (json_parse(text, &v, &why) < 0)
		return err_set(e, ERR_DAMAGED, "line %llu: %s", (unsigned long long)chain->seq + 1, why.text);
	if (json_whole(v, "seq", 0) != (int64_t)chain->seq + 1)
		return err_set(e, ERR_DAMAGED, "line %llu is numbered %lld", (unsigned long long)chain->seq + 1,
			       (long long)json_whole(v, "seq", 0));
	if (strcmp(json_text_or(v, "prev", ""), digest_hex(&chain->last, hex)))
		return err_set(e, ERR_DAMAGED, "line %llu does not chain to the one before it: a line was changed or removed",
			       (unsigned long long)chain->seq + 1);
	if (!json_text(v, "type") || !json_map(v, "data"))
		return err_set(e, ERR_DAMAGED, "line %llu has no type or data", (unsigned long long)chain->seq + 1);
	chain->seq++;
	chain->last = hash_bytes(text);
	chain->time = when_parse(json_text(v, "time"));
	ev = (struct session_event){ chain->seq, chain->time, json_text(v, "type"), json_map(v, "data") };
	return fn ? fn(arg, &ev, e) : 0;
}

int log_read(struct bytes in, session_reader *fn, void *arg, struct log_end *end, struct err *e)
{
	struct log_end at = { 0 };

	while (at.whole < in.n) {
		const char *p = in.p + at.whole, *newline = memchr(p, '\n', in.n - at.whole);

		if (!newline)
			break;
		if (line_read((struct bytes){ p, (size_t)(newline - p) }, &at.chain, fn, arg, e) < 0)
			return -1;
		at.whole += (size_t)(newline - p) + 1;
	}
	*end = at;
	return 0;
}

bool log_is_of_dir(const char *path, const char *dir)
{
	char first[65536];
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, first, sizeof(first));
	const char *newline = n > 0 ? memchr(first, '\n', (size_t)n) : NULL;
	auto_json *v = NULL;

	if (!newline || json_parse((struct bytes){ first, (size_t)(newline - first) }, &v, NULL) < 0)
		return false;
	return !strcmp(json_text_or(json_object_get(v, "data"), "dir", ""), dir);
}
