/*
 * Turns against a scripted server over real HTTP (tests/flow/server.py), for unit tests: one server serves a whole file.
 * The clock is held, so that no retry really waits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TESTS_SCRIPTED_H
#define TESTS_SCRIPTED_H

#include "tap.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/proc.h"
#include "base/rand.h"
#include "model/model.h"
#include "net/http.h"

#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#define KEY "sk-very-secret-0123456789"
#define TOOLS                                                                                                          \
	"[{\"name\":\"shell\",\"description\":\"Run a command.\",\"parameters\":{\"type\":\"object\",\"properties\":"  \
	"{\"command\":{\"type\":\"string\"},\"lines\":{\"type\":\"integer\"}},\"required\":[\"command\"]}},"           \
	"{\"name\":\"finish\",\"description\":\"End.\",\"parameters\":{\"type\":\"object\",\"properties\":{}}}]"
#define SYSTEM "{\"role\":\"system\",\"content\":\"You are a test.\"}"
#define HELLO SYSTEM ",{\"role\":\"user\",\"content\":\"hello\"}"

static struct proc_child server;
static char base[64], home[] = "/tmp/model.XXXXXX";
static struct http *control;
static struct buf said = { .max = 1 << 20 };    /* all told lines since the last scenario */
static struct buf shown = { .max = 1 << 20 };   /* content as it streamed                  */
static struct buf answer_body = { .max = 1 << 20 };
static struct arena a;                          /* of the whole file                       */

__attribute__((unused))
static void told(void *arg, const char *line)
{
	(void)arg;
	buf_printf(&said, "%s\n", line);
}

__attribute__((unused))
static void seen(void *arg, const char *what, struct bytes piece)
{
	(void)arg;
	if (!strcmp(what, "again"))
		buf_clear(&shown);
	if (!strcmp(what, "content"))
		buf_add(&shown, piece.p, piece.n);
}

__attribute__((unused))
static int body(void *arg, const struct http_reply *h, struct bytes piece)
{
	(void)arg;
	(void)h;
	return buf_add(&answer_body, piece.p, piece.n);
}

/* Sets the next scenario ("steps" alone, or the whole object); true when the one before was kept to. */
__attribute__((unused))
static bool scenario(const char *text)
{
	auto_buf whole = buf_max(1 << 20);
	auto_json *v = NULL;
	struct http_reply r;
	struct err e = { 0 };
	char url[100];
	struct http_ask q = { .url = url, .post = true, .n_pieces = 1, .seen = body };

	if (*text == '[')
		buf_printf(&whole, "{\"steps\":%s}", text);
	else
		buf_add_str(&whole, text);
	snprintf(url, sizeof(url), "%.*s/-/scenario", (int)(strlen(base) - 3), base);
	q.piece[0] = buf_bytes(&whole);
	buf_clear(&answer_body);
	buf_clear(&said);
	buf_clear(&shown);
	if (http_send(control, &q, &r, &e) < 0 || r.status != 200 || json_parse(buf_bytes(&answer_body), &v, &e) < 0) {
		printf("# scenario: %d %s\n", r.status, e.text);
		return false;
	}
	for (size_t i = 0; i < json_array_size(json_list(v, "failures")); i++)
		printf("#   %s\n", json_string_value(json_array_get(json_list(v, "failures"), i)));
	return json_array_size(json_list(v, "failures")) == 0;
}

#define kept() ok(scenario("[]"), "  and the server got what it wanted")

__attribute__((unused))
static struct model *opened(const char *name)
{
	struct model_choice c = { .name = name, .base_url = base, .told = told, .first_ms = 300, .stall_ms = 200 };
	struct model *m = NULL;
	struct err e = { 0 };

	if (model_open(&c, &m, &e) < 0)
		printf("# open: %s\n", e.text);
	return m;
}

__attribute__((unused))
static struct model_ask plain(void)
{
	return (struct model_ask){ .messages = bytes_of(HELLO), .temperature = -1, .seed = -1, .seen = seen };
}

__attribute__((unused))
static struct model_ask with_tools(void)
{
	struct model_ask q = plain();

	q.tools = bytes_of(TOOLS);
	return q;
}

/* One turn of a model opened for it alone. */
__attribute__((unused))
static int turn(const char *name, const struct model_ask *q, struct model_reply *r, struct err *e)
{
	auto_model *m = opened(name);

	*r = (struct model_reply){ 0 };
	*e = (struct err){ 0 };
	return m ? model_turn(m, &a, q, r, e) : -1;
}

/* Starts the server; our folders are a temporary one. */
__attribute__((unused))
static bool serve(void)
{
	const char *argv[] = { "python3", "tests/flow/server.py", NULL, "--seconds", "120", NULL };
	char port[16] = "", path[100];
	struct err e = { 0 };

	if (!mkdtemp(home))
		return false;
	setenv("XDG_CACHE_HOME", home, 1);
	setenv("XDG_CONFIG_HOME", home, 1);
	setenv("XDG_STATE_HOME", home, 1);
	setenv("SEALWRIGHT_SHARE", "share", 1);
	unsetenv("SEALWRIGHT_API_KEY");
	unsetenv("OPENAI_API_KEY");
	clock_set((struct when){ 1800000000000 });
	rand_set(1);
	snprintf(path, sizeof(path), "%s/first.json", home);
	argv[2] = path;
	if (fs_write_atomic(path, bytes_of("{\"steps\":[]}"), 0600, &e) < 0 ||
	    proc_start(argv, NULL, NULL, PROC_PIPE_IN | PROC_PIPE_OUT, -1, &server, &e) < 0 ||
	    http_open(&control, &e) < 0) {
		printf("Bail out! %s\n", e.text);
		return false;
	}
	if (read(server.out, port, sizeof(port) - 1) <= 0) {
		printf("Bail out! the server did not start\n");
		return false;
	}
	snprintf(base, sizeof(base), "http://127.0.0.1:%d/v1", atoi(port));
	return true;
}

__attribute__((unused))
static int served(void)
{
	http_close(&control);
	proc_end(&server, 2000);
	fs_remove_tree(home, NULL);
	arena_drop(&a);
	buf_drop(&said);
	buf_drop(&shown);
	buf_drop(&answer_body);
	return done();
}

#endif
