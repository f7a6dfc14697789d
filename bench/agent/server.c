/*
 * A scripted model that is never the bottleneck: for `make bench-agent`.
 *
 *     server TURNS PORT-FILE [COMMAND]
 *
 * Answers TURNS times with a call of the shell tool (COMMAND with the turn for %d; `echo hi %d`), then with words. Which turn it is, is read off the
 * request (its tool results), so that a repeated request gets the same answer. Streams when asked to. Behind each end it
 * prints one JSON line: connections, bytes of the first request's body, bytes added a turn, and how long the client took
 * from an answer's last byte to the next request's last byte.
 *
 * One connection at a time, as one agent has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TURNS_MAX = 20000, BODY_MAX = 64 << 20 };

static int turns, connections, requests;
static const char *command = "echo hi %d";
static size_t first_bytes, last_bytes;
static double gaps[TURNS_MAX];
static int n_gaps;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The turn is one behind the call whose result came last; a cut context still has that. */
static int turn_of(const char *body, size_t n)
{
	static const char id[] = "\"tool_call_id\":\"call_";
	const char *p = body, *end = body + n, *last = NULL;

	while ((p = memmem(p, (size_t)(end - p), id, sizeof(id) - 1)))
		last = p += sizeof(id) - 1;
	return last ? atoi(last) + 1 : 0;
}

static int answer(char *out, size_t room, int turn, int stream, size_t prompt)
{
	char body[4096], call[512], what[128];
	int n;

	snprintf(what, sizeof(what), command, turn);
	snprintf(call, sizeof(call), "[{\"index\":0,\"id\":\"call_%d\",\"type\":\"function\",\"function\":{\"name\":\"shell\",\"arguments\":"
		 "\"{\\\"command\\\":\\\"%s\\\"}\"}}]", turn, what);
	if (stream)
		n = snprintf(body, sizeof(body),
			     "data: {\"id\":\"r%d\",\"object\":\"chat.completion.chunk\",\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":"
			     "{\"role\":\"assistant\",%s%s},\"finish_reason\":null}]}\n\n"
			     "data: {\"id\":\"r%d\",\"object\":\"chat.completion.chunk\",\"model\":\"bench\",\"choices\":[{\"index\":0,\"delta\":{},"
			     "\"finish_reason\":\"%s\"}],\"usage\":{\"prompt_tokens\":%zu,\"completion_tokens\":20}}\n\ndata: [DONE]\n\n",
			     turn, turn < turns ? "\"tool_calls\":" : "\"content\":\"done\"", turn < turns ? call : "", turn,
			     turn < turns ? "tool_calls" : "stop", prompt);
	else
		n = snprintf(body, sizeof(body),
			     "{\"id\":\"r%d\",\"object\":\"chat.completion\",\"model\":\"bench\",\"choices\":[{\"index\":0,\"message\":"
			     "{\"role\":\"assistant\",\"content\":%s%s%s},\"finish_reason\":\"%s\"}],\"usage\":{\"prompt_tokens\":%zu,"
			     "\"completion_tokens\":20}}",
			     turn, turn < turns ? "\"\"" : "\"done\"", turn < turns ? ",\"tool_calls\":" : "", turn < turns ? call : "",
			     turn < turns ? "tool_calls" : "stop", prompt);
	return snprintf(out, room, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			stream ? "text/event-stream" : "application/json", n, body);
}

static int by_size(const void *x, const void *y)
{
	double d = *(const double *)x - *(const double *)y;

	return (d > 0) - (d < 0);
}

static void report(void)
{
	double sum = 0;

	qsort(gaps, (size_t)n_gaps, sizeof(*gaps), by_size);
	for (int i = 0; i < n_gaps; i++)
		sum += gaps[i];
	printf("{\"turns\":%d,\"connections\":%d,\"first\":%zu,\"per_turn\":%.1f,\"gap_median_us\":%.0f,\"gap_mean_us\":%.0f}\n", requests,
	       connections, first_bytes, requests > 1 ? (double)(last_bytes - first_bytes) / (requests - 1) : 0,
	       n_gaps ? gaps[n_gaps / 2] : 0, n_gaps ? sum / n_gaps : 0);
	fflush(stdout);
	connections = requests = n_gaps = 0;
}

/* One request; its body's size, or -1 at the end of the connection. */
static long read_request(int fd, char *buf, char **body)
{
	size_t n = 0;
	char *end = NULL, *length;

	while (!end) {
		ssize_t got = read(fd, buf + n, (size_t)BODY_MAX - n);

		if (got <= 0)
			return -1;
		n += (size_t)got;
		buf[n] = 0;
		end = strstr(buf, "\r\n\r\n");
	}
	length = strcasestr(buf, "content-length:");
	if (!length || length > end)
		return -1;
	*body = end + 4;
	for (size_t want = (size_t)(*body - buf) + strtoul(length + 15, NULL, 10); n < want;) {
		ssize_t got = read(fd, buf + n, want - n);

		if (got <= 0)
			return -1;
		n += (size_t)got;
	}
	return (long)(buf + n - *body);
}

static void serve(int fd, char *buf)
{
	char out[8192], *body = NULL;
	double sent = 0;
	long n;

	while ((n = read_request(fd, buf, &body)) >= 0) {
		double arrived = now_us();
		int turn = turn_of(body, (size_t)n), len;

		if (sent > 0 && n_gaps < TURNS_MAX)
			gaps[n_gaps++] = arrived - sent;
		if (!requests++)
			first_bytes = (size_t)n;
		last_bytes = (size_t)n;
		len = answer(out, sizeof(out), turn, memmem(body, (size_t)n, "\"stream\":true", 13) != NULL, (size_t)n / 4);
		if (write(fd, out, (size_t)len) != len)
			break;
		sent = now_us();
		if (turn >= turns)
			report();
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	int s = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	char *buf = malloc((size_t)BODY_MAX + 1);
	FILE *f;

	if (argc < 3 || !buf || bind(s, (struct sockaddr *)&at, size) < 0 || listen(s, 16) < 0 || getsockname(s, (struct sockaddr *)&at, &size) < 0) {
		fputs("server TURNS PORT-FILE [COMMAND]\n", stderr);
		return 2;
	}
	turns = atoi(argv[1]);
	if (argc > 3)
		command = argv[3];
	f = fopen(argv[2], "w");
	if (!f)
		return 2;
	fprintf(f, "%d\n", ntohs(at.sin_port));
	fclose(f);
	for (;;) {
		int fd = accept(s, NULL, NULL);

		if (fd < 0)
			continue;
		connections++;
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		serve(fd, buf);
		close(fd);
	}
}
