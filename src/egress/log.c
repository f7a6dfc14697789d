/*
 * The log: one line of JSON for each attempt, and one when its connection ends.
 *
 * No secret stands in it: no path, no query, no field of a request. Code inside decides how much is asked for, so what is
 * kept is bounded: so many lines, so many different refusals, so many packages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/inside.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"

#include <pthread.h>
#include <stdlib.h>

enum { REFUSED_MAX = 256, PACKAGES_MAX = 20000, LINES_MAX = 200000 };

struct refused {
	char *way, *host, *why;
	int port;
	long times;
};

struct package {
	char *ecosystem, *name, *version, *file, *sha256;
	bool is_checked;
	long times;
};

static struct {
	pthread_mutex_t lock;
	int64_t next_id;
	long lines;
	struct refused refused[REFUSED_MAX];
	int n_refused;
	struct package package[PACKAGES_MAX];
	int n_packages;
} all; /* all zero, an open lock too: so that its megabyte is not in the program's file */
static int to = -1;

void log_open(int fd)
{
	to = fd;
}

int64_t log_next_id(void)
{
	int64_t id;

	pthread_mutex_lock(&all.lock);
	id = ++all.next_id;
	pthread_mutex_unlock(&all.lock);
	return id;
}

static char *copy(const char *s)
{
	size_t n = strlen(s ? s : "") + 1;

	return memcpy(mem_alloc(n), s ? s : "", n);
}

static void put_text(struct buf *b, const char *key, const char *text)
{
	if (!text)
		return;
	buf_printf(b, ",\"%s\":", key);
	json_write_string(b, bytes_of(text));
}

static void begin(struct buf *b, const struct conn *c, pid_t pid)
{
	char now[32];

	buf_printf(b, "{\"time\":\"%s\"", clock_text(clock_now(), now));
	if (c)
		buf_printf(b, ",\"id\":%lld", (long long)c->id);
	if (c || pid)
		buf_printf(b, ",\"sandbox\":%d", (int)(c ? c->pid : pid));
}

/* One write a line, so that lines of several threads do not mix. */
static void write_line(struct buf *b)
{
	buf_add_str(b, "}\n");
	pthread_mutex_lock(&all.lock);
	if (to >= 0 && all.lines <= LINES_MAX) {
		if (all.lines++ == LINES_MAX)
			fs_write_all(to, bytes_of("{\"full\":true}\n"), NULL);
		else if (buf_check(b, "a line", NULL) == 0)
			fs_write_all(to, buf_bytes(b), NULL);
	}
	pthread_mutex_unlock(&all.lock);
}

static void keep_refused(const struct note *n)
{
	const char *host = n->host ? n->host : "", *why = n->why ? n->why : "";
	int i = 0;

	pthread_mutex_lock(&all.lock);
	while (i < all.n_refused && (strcmp(all.refused[i].way, n->way) || strcmp(all.refused[i].host, host) ||
				     strcmp(all.refused[i].why, why) || all.refused[i].port != n->port))
		i++;
	if (i == all.n_refused && i < REFUSED_MAX)
		all.refused[all.n_refused++] = (struct refused){ copy(n->way), copy(host), copy(why), n->port, 0 };
	if (i < all.n_refused)
		all.refused[i].times++;
	pthread_mutex_unlock(&all.lock);
}

void log_note(const struct note *n)
{
	auto_buf b = buf_max(8192);

	begin(&b, n->conn, n->pid);
	buf_printf(&b, ",\"way\":\"%s\"", n->way);
	put_text(&b, "host", n->host);
	if (n->port)
		buf_printf(&b, ",\"port\":%d", n->port);
	put_text(&b, "method", n->method);
	buf_printf(&b, ",\"allowed\":%s", n->allowed ? "true" : "false");
	put_text(&b, "rule", n->rule);
	put_text(&b, "why", n->why);
	write_line(&b);
	if (!n->allowed)
		keep_refused(n);
}

void log_end(const struct conn *c, const char *why)
{
	auto_buf b = buf_max(1024);

	begin(&b, c, 0);
	buf_printf(&b, ",\"ended\":true,\"sent\":%llu,\"received\":%llu", (unsigned long long)c->up, (unsigned long long)c->down);
	put_text(&b, "why", why);
	write_line(&b);
}

void log_package(const struct egress_package *p)
{
	auto_buf b = buf_max(8192);
	int i = 0;

	begin(&b, NULL, 0);
	put_text(&b, "ecosystem", p->ecosystem);
	put_text(&b, "package", p->name);
	put_text(&b, "version", p->version);
	put_text(&b, "file", p->file);
	put_text(&b, "sha256", p->sha256);
	buf_printf(&b, ",\"checked\":%s", p->is_checked ? "true" : "false");
	write_line(&b);
	pthread_mutex_lock(&all.lock);
	while (i < all.n_packages && (strcmp(all.package[i].sha256, p->sha256) || strcmp(all.package[i].file, p->file) ||
				      strcmp(all.package[i].ecosystem, p->ecosystem)))
		i++;
	if (i == all.n_packages && i < PACKAGES_MAX)
		all.package[all.n_packages++] = (struct package){ copy(p->ecosystem), copy(p->name), copy(p->version),
								  copy(p->file), copy(p->sha256), false, 0 };
	if (i < all.n_packages) {
		all.package[i].times++;
		all.package[i].is_checked |= p->is_checked;
	}
	pthread_mutex_unlock(&all.lock);
}

json_t *log_report(void)
{
	json_t *o = json_object(), *refused = json_array(), *packages = json_array();

	pthread_mutex_lock(&all.lock);
	for (int i = 0; i < all.n_refused; i++) {
		const struct refused *r = &all.refused[i];

		json_array_append_new(refused, json_pack("{s:s, s:o, s:o, s:i, s:I}", "way", r->way, "host",
							 json_string_any(bytes_of(r->host)), "why", json_string_any(bytes_of(r->why)),
							 "port", r->port, "times", (json_int_t)r->times));
	}
	for (int i = 0; i < all.n_packages; i++) {
		const struct package *p = &all.package[i];

		json_array_append_new(packages, json_pack("{s:s, s:o, s:o, s:o, s:s, s:b, s:I}", "ecosystem", p->ecosystem, "name",
							  json_string_any(bytes_of(p->name)), "version",
							  json_string_any(bytes_of(p->version)), "file",
							  json_string_any(bytes_of(p->file)), "sha256", p->sha256, "checked",
							  p->is_checked, "times", (json_int_t)p->times));
	}
	pthread_mutex_unlock(&all.lock);
	json_object_set_new(o, "refused", refused);
	json_object_set_new(o, "packages", packages);
	return o;
}
