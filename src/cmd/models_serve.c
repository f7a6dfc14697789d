/*
 * `sealwright models serve`, and `models keep`, by which local_ensure starts a server that outlives its first user.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/stop.h"
#include "model/local.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct opt serve_options[] = {
	{ "port", 0, "N", "Listen on this port of 127.0.0.1 (default: any free one)", false },
	{ "context", 0, "TOKENS", "Serve with this many tokens of context", false },
	{ "idle", 0, "TIME", "End after TIME without a user (default: never)", false },
	{ 0 },
};

static void say(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

static void say_ready(void *arg, int port, const char *key_file)
{
	(void)arg;
	printf("http://127.0.0.1:%d/v1\n", port);
	fflush(stdout);
	fprintf(stderr, "answers now; its key stands in %s; Ctrl-C ends it\n", key_file);
}

static int serve_run(struct arena *a, const struct opts *o, struct err *e)
{
	struct local_serve s = { .name = o->rest_n ? o->rest[0] : "local", .told = say, .ready = say_ready,
				 .stop = stop_flag() };
	int64_t port = 0;

	if (o->rest_n > 1)
		return err_set(e, ERR_USAGE, "one model at a time");
	if (opts_whole(o, "port", 1, 65535, &port, e) < 0 || opts_whole(o, "context", 512, 1 << 24, &s.context, e) < 0 ||
	    opts_time(o, "idle", &s.idle_ms, e) < 0)
		return -1;
	s.port = (int)port;
	return local_serve(a, &s, e);
}

/* The starter waits for this line and then closes its end. */
static void keep_ready(void *arg, int port, const char *key_file)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	(void)arg;
	(void)port;
	(void)key_file;
	fputs("ready\n", stdout);
	fflush(stdout);
	if (null >= 0)
		dup2(null, 1);
}

static int keep_run(struct arena *a, const struct opts *o, struct err *e)
{
	const char *idle = getenv("SEALWRIGHT_LOCAL_IDLE");
	struct local_serve s = { .name = o->rest_n ? o->rest[0] : "local", .ready = keep_ready, .stop = stop_flag(),
				 .idle_ms = LOCAL_IDLE_MS };

	if (idle && *idle && opt_time_parse(idle, &s.idle_ms, e) < 0)
		return err_wrap(e, "SEALWRIGHT_LOCAL_IDLE");
	if (local_serve(a, &s, e) < 0) {
		printf("%s\n", e->text);
		return -1;
	}
	return 0;
}

const struct command cmd_models_serve = {
	.name = "models serve", .group = "Models", .usage = "[NAME]",
	.summary = "Serve a local model in the foreground",
	.about = "Serves NAME, a model of the catalogue or the path of a .gguf file, by llama.cpp's server: llama-server\n"
		 "from the PATH, else a package installed into the cache folder on first use. It listens on 127.0.0.1\n"
		 "alone and wants a key, which is new at each start. Its base URL is printed when it answers.\n"
		 "\n"
		 "This is not needed for `--model local`: that starts a server by itself, which all sealwright processes\n"
		 "of one person share and which ends ten minutes after its last user (SEALWRIGHT_LOCAL_IDLE says\n"
		 "otherwise: 30s, 2h).\n",
	.examples = "sealwright models serve  # the default model on a free port\n"
		    "sealwright models serve ./my-model.gguf --port 8081  # a file of your own\n",
	.options = serve_options, .run = serve_run,
};

const struct command cmd_models_keep = {
	.name = "models keep", .group = "Models", .usage = "NAME", .summary = "Keep a shared model server",
	.about = "", .examples = "", .hidden = true, .run = keep_run,
};
