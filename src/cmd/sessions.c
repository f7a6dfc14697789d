/*
 * `sealwright sessions` and `sealwright sessions rm`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/index.h"
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/plain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct opt list_options[] = {
	{ "all", 'a', NULL, "Sessions of every folder, not of this one alone", false },
	{ "json", 0, NULL, "Print one JSON object", false },
	{ 0 },
};

static const struct opt rm_options[] = {
	{ "json", 0, NULL, "Print the result as one JSON object", false },
	{ 0 },
};

static void print_json(const json_t *v)
{
	auto_buf text = buf_max(64 << 20);

	json_write(&text, v);
	puts(buf_str(&text));
}

static void print_one(const json_t *x, bool dir)
{
	double cost = json_real_or(x, "cost", NAN);
	char started[20], money[24];

	snprintf(started, sizeof(started), "%.16s", json_text_or(x, "changed", ""));
	if (strlen(started) == 16)
		started[10] = ' ';
	printf("%-12s  %s  %-11s %-5s %5lld  %-9s ", json_text_or(x, "id", ""), started, json_text_or(x, "state", ""),
	       json_text_or(x, "kind", ""), (long long)json_whole(x, "turns", 0), !isfinite(cost) ? "?" : plain_cost(cost, money));
	plain_print(stdout, json_text_or(x, "intent", ""), 60);
	putchar('\n');
	if (dir) {
		printf("%14s", "");
		plain_print(stdout, json_text_or(x, "dir", ""), 400);
		putchar('\n');
	}
}

static int list_run(struct arena *a, const struct opts *o, struct err *e)
{
	bool all = opts_has(o, "all");
	auto_json *list = NULL, *shown = json_array();
	char here[4096] = "";
	json_t *x;
	size_t i;

	(void)a;
	if (o->rest_n)
		return err_set(e, ERR_USAGE, "no argument is taken, %.60s was given; `sealwright show ID` shows one", o->rest[0]);
	if (session_list(&list, e) < 0)
		return -1;
	if (!getcwd(here, sizeof(here)))
		here[0] = 0;
	json_array_foreach(list, i, x)
		if (all || session_is_here(json_text_or(x, "dir", ""), here))
			json_array_append(shown, x);
	if (opts_has(o, "json")) {
		auto_json *v = json_pack("{s:s, s:O}", "type", "sessions", "sessions", shown);

		print_json(v);
		return 0;
	}
	if (!json_array_size(shown)) {
		fprintf(stderr, "no session %s\n", all || !json_array_size(list) ? "yet" : "here; --all lists those of other folders");
		return 0;
	}
	printf("%-12s  %-16s  %-11s %-5s %5s  %-9s %s\n", "ID", "CHANGED (UTC)", "STATE", "KIND", "TURNS", "COST", "INTENT");
	json_array_foreach(shown, i, x)
		print_one(x, all);
	return 0;
}

static int rm_run(struct arena *a, const struct opts *o, struct err *e)
{
	auto_json *removed = json_array();

	(void)a;
	if (!o->rest_n)
		return err_set(e, ERR_USAGE, "needs an ID; run: sealwright sessions");
	for (int i = 0; i < o->rest_n; i++) {
		auto_json *x = NULL;

		if (session_find(o->rest[i], &x, e) < 0 || session_remove(json_text_or(x, "id", ""), e) < 0)
			return -1;
		json_array_append(removed, json_object_get(x, "id"));
	}
	if (opts_has(o, "json")) {
		auto_json *v = json_pack("{s:s, s:O}", "type", "removed", "ids", removed);

		print_json(v);
	}
	return 0;
}

const struct command cmd_sessions = {
	.name = "sessions", .group = "Look", .usage = "",
	.summary = "List the sessions of this folder",
	.about = "Newest first: when each last changed, how it stands, its turns and cost, and the intent. \"interrupted\" is\n"
		 "one that neither ended nor runs, \"stopped\" one that a budget or a person ended: `sealwright resume ID`\n"
		 "goes on with both. A session belongs to its work tree; a folder shows those of its own, of folders beneath\n"
		 "it and of the tree that it is part of.\n",
	.examples = "sealwright sessions  # here\n"
		    "sealwright sessions --all --json  # all, for a program\n",
	.options = list_options, .run = list_run,
};

const struct command cmd_sessions_rm = {
	.name = "sessions rm", .group = "Look", .usage = "ID...",
	.summary = "Remove sessions: their logs and what was spilled",
	.about = "Removes the log and all that stands beside it; the work tree is not touched. One that runs is refused.\n",
	.examples = "sealwright sessions rm abcd  # a unique beginning of an ID is enough\n",
	.options = rm_options, .run = rm_run,
};
