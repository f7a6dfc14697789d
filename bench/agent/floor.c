/*
 * The floor: the least that an agent can be. libcurl and posix_spawn, no log, no checks, no sandbox, no parser worth the
 * name. What sealwright costs is told as a ratio to this, in the same run.
 *
 *     floor URL
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <curl/curl.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static const char tools[] = "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"shell\",\"description\":\"Run a command\",\"parameters\":"
			    "{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\"}},\"required\":[\"command\"]}}}]";

struct text {
	char *p;
	size_t n, room;
};

static void add(struct text *t, const char *p, size_t n)
{
	if (t->n + n + 1 > t->room) {
		t->room = (t->n + n + 1) * 2;
		t->p = realloc(t->p, t->room);
	}
	memcpy(t->p + t->n, p, n);
	t->n += n;
	t->p[t->n] = 0;
}

#define ADD(t, literal) add(t, literal, sizeof(literal) - 1)

static size_t arrived(char *p, size_t size, size_t n, void *to)
{
	add(to, p, size * n);
	return size * n;
}

/* The text of a JSON string that begins behind `key`, still escaped. */
static size_t field(const char *in, const char *key, const char **out)
{
	const char *p = strstr(in, key), *q;

	if (!p)
		return 0;
	p += strlen(key);
	for (q = p; *q && *q != '"'; q++)
		q += *q == '\\';
	*out = p;
	return (size_t)(q - p);
}

static void run(const char *command, struct text *out)
{
	posix_spawn_file_actions_t acts;
	char *argv[] = { "sh", "-c", (char *)(size_t)command, NULL }, piece[65536];
	int fd[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(fd, O_CLOEXEC) < 0)
		exit(1);
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&acts, fd[1], 1);
	posix_spawn_file_actions_adddup2(&acts, fd[1], 2);
	if (posix_spawn(&pid, "/bin/sh", &acts, NULL, argv, environ) != 0)
		exit(1);
	posix_spawn_file_actions_destroy(&acts);
	close(fd[1]);
	while ((n = read(fd[0], piece, sizeof(piece))) > 0)
		add(out, piece, (size_t)n);
	close(fd[0]);
	waitpid(pid, &status, 0);
}

/* \" and \\ and \n, both ways: enough for `echo`. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++)
		*to++ = *s == '\\' && s[1] ? *++s == 'n' ? '\n' : *s : *s;
	*to = 0;
}

static void add_escaped(struct text *t, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n')
			ADD(t, "\\n");
		else {
			if (p[i] == '"' || p[i] == '\\')
				ADD(t, "\\");
			add(t, p + i, 1);
		}
}

int main(int argc, char **argv)
{
	struct text messages = { 0 }, body = { 0 }, reply = { 0 }, output = { 0 };
	static const char first[] = "{\"role\":\"user\",\"content\":\"work\"}";
	struct curl_slist *head = curl_slist_append(NULL, "Content-Type: application/json");
	CURL *c;

	if (argc != 2)
		return 2;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	c = curl_easy_init();
	add(&messages, first, sizeof(first) - 1);
	head = curl_slist_append(head, "Expect:");
	curl_easy_setopt(c, CURLOPT_URL, argv[1]);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, head);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, arrived);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &reply);
	for (;;) {
		const char *id, *arguments;
		size_t id_n, n;
		char *args, *command, *end;

		body.n = reply.n = output.n = 0;
		ADD(&body, "{\"model\":\"bench\",\"messages\":[");
		add(&body, messages.p, messages.n);
		ADD(&body, "],");
		add(&body, tools, sizeof(tools) - 1);
		ADD(&body, "}");
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)body.n);
		if (curl_easy_perform(c) != CURLE_OK)
			return 1;
		n = field(reply.p, "\"arguments\":\"", &arguments);
		if (!n)
			break;
		id_n = field(reply.p, "\"id\":\"call", &id);
		args = strndup(arguments, n);
		unescape(args);
		command = strstr(args, "\"command\":\"") + 11;
		end = strrchr(command, '"');
		*end = 0;
		unescape(command);
		run(command, &output);
		ADD(&messages, ",{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{\"id\":\"call");
		add(&messages, id, id_n);
		ADD(&messages, "\",\"type\":\"function\",\"function\":{\"name\":\"shell\",\"arguments\":\"");
		add(&messages, arguments, n);
		ADD(&messages, "\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"call");
		add(&messages, id, id_n);
		ADD(&messages, "\",\"content\":\"");
		add_escaped(&messages, output.p, output.n);
		ADD(&messages, "\"}");
		free(args);
	}
	puts("done");
	return 0;
}
