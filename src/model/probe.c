/*
 * Asking a port of this machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/probe.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MODELS_MAX = 1000, ID_MAX = 127 };

/* Waits until fd is ready or the time is up. */
static int wait_for(int fd, short events, int64_t until, struct err *e)
{
	int64_t left = until - clock_mono_ms();
	struct pollfd p = { fd, events, 0 };

	if (left <= 0 || poll(&p, 1, (int)left) <= 0)
		return err_set(e, ERR_TIMEOUT, "no answer in time");
	return 0;
}

static int connect_to(int port, int64_t until, struct err *e)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int bad = 0;
	socklen_t n = sizeof(bad);

	if (fd < 0)
		return err_sys(e, "socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		if (errno != EINPROGRESS)
			return err_set(e, ERR_NET, "nobody listens on port %d", port);
		if (wait_for(fd, POLLOUT, until, e) < 0)
			return -1;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &bad, &n) < 0 || bad)
			return err_set(e, ERR_NET, "nobody listens on port %d", port);
	}
	return take_fd(&fd);
}

int probe_response_parse(struct bytes in, struct bytes *body, struct err *e)
{
	const char *end = in.n ? memmem(in.p, in.n, "\r\n\r\n", 4) : NULL;

	if (in.n < 13 || memcmp(in.p, "HTTP/1.", 7) != 0 || !end || !isdigit((unsigned char)in.p[9]) ||
	    !isdigit((unsigned char)in.p[10]) || !isdigit((unsigned char)in.p[11]))
		return err_set(e, ERR_NET, "the answer is no HTTP");
	*body = (struct bytes){ end + 4, (size_t)(in.p + in.n - end - 4) };
	return (in.p[9] - '0') * 100 + (in.p[10] - '0') * 10 + (in.p[11] - '0');
}

int probe_get(int port, const char *path, const char *key, int64_t limit_ms, struct buf *body, struct err *e)
{
	int64_t until = clock_mono_ms() + limit_ms;
	auto_fd fd = connect_to(port, until, e);
	auto_buf all = buf_max(PROBE_BODY_MAX);
	char ask[512];
	struct bytes found;
	int n, status;

	if (fd < 0)
		return -1;
	n = snprintf(ask, sizeof(ask), "GET %s HTTP/1.0\r\nHost: 127.0.0.1:%d\r\nAccept: application/json\r\n"
		     "Connection: close\r\n%s%s%s\r\n", path, port, key && *key ? "Authorization: Bearer " : "",
		     key && *key ? key : "", key && *key ? "\r\n" : "");
	if (wait_for(fd, POLLOUT, until, e) < 0)
		return -1;
	if (send(fd, ask, (size_t)n, MSG_NOSIGNAL) != n)
		return err_set(e, ERR_NET, "port %d broke off", port);
	for (;;) {
		char *room = buf_room(&all, 16384);
		ssize_t r;

		if (!room)
			return err_set(e, ERR_NET, "port %d answers without end", port);
		if (wait_for(fd, POLLIN, until, e) < 0)
			return -1;
		r = recv(fd, room, 16384, 0);
		if (r < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (r <= 0)
			break;
		all.n += (size_t)r;
	}
	status = probe_response_parse(buf_bytes(&all), &found, e);
	if (status >= 0 && body)
		buf_add(body, found.p, found.n);
	return status;
}

int probe_models_parse(struct arena *a, struct bytes in, struct probe_models *out, struct err *e)
{
	auto_json *root = NULL;
	struct probe_models all = { 0 };
	json_t *list;

	if (json_parse(in, &root, e) < 0)
		return -1;
	list = json_list(root, "data");
	if (!list)
		return err_set(e, ERR_INPUT, "no list \"data\"");
	all.models = arena_array(a, json_array_size(list), sizeof(*all.models));
	for (size_t i = 0; i < json_array_size(list) && all.n < MODELS_MAX; i++) {
		const json_t *o = json_array_get(list, i);
		const char *id = json_text(o, "id");
		int64_t context = json_whole(o, "max_model_len", json_whole(json_map(o, "meta"), "n_ctx", 0));

		if (!id || !*id || strlen(id) > ID_MAX)
			continue;
		all.models[all.n++] = (struct probe_model){ arena_strdup(a, id), context > 0 ? context : 0 };
	}
	*out = all;
	return 0;
}

/* One table of the kernel; lines "sl local_address rem_address st ... uid ..." in hex. */
static int64_t owner_in(const char *table, int port)
{
	FILE *f = fopen(table, "re");
	char line[512], address[64];
	unsigned int at, state, uid;
	int64_t found = -1;

	while (f && found < 0 && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*d: %63[0-9A-F]:%x %*s %x %*s %*s %*s %u", address, &at, &state, &uid) != 4)
			continue;
		if (state == 0x0A && at == (unsigned int)port)
			found = uid;
	}
	if (f)
		fclose(f);
	return found;
}

int64_t probe_owner(int port)
{
	int64_t uid = owner_in("/proc/net/tcp", port);

	return uid >= 0 ? uid : owner_in("/proc/net/tcp6", port);
}
