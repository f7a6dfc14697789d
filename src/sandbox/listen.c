/*
 * What leads out of a sandbox: listeners in its network namespace, handed to the egress process outside.
 *
 * So no program of ours stands inside, no virtual network device is made, and nothing needs a right on the machine: who
 * connects inside is accepted outside. The message is net/handover.h's. A pidfd of the sandbox's first process goes with it,
 * since a listener keeps the namespace alive: its holder learns by that when to let go.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sandbox/own.h"

#include "net/handover.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BACKLOG = 128, DESCRIPTORS = HANDOVER_MAX + 2 };

/* What a client names by 127.0.0.1; all others take whatever address they are reached by. */
static bool is_local(uint16_t port)
{
	return port == HANDOVER_PROXY || port == HANDOVER_DNS ||
	       (port >= HANDOVER_REGISTRY && port < HANDOVER_REGISTRY + HANDOVER_REGISTRIES);
}

static int open_port(uint16_t port, int type)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;

	at.sin_addr.s_addr = htonl(is_local(port) ? INADDR_LOOPBACK : INADDR_ANY);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || (type == SOCK_STREAM && listen(fd, BACKLOG) < 0))
		return -1;
	return fd;
}

static int send_all(int to, const struct handover *h, const int *fds, int n)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(DESCRIPTORS * sizeof(int))];
	} c = { .room = { 0 } };
	struct iovec v = { (void *)(uintptr_t)h, sizeof(*h) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = c.room,
			    .msg_controllen = CMSG_SPACE((size_t)n * sizeof(int)) };
	ssize_t sent;

	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
	for (int i = 0; i < n; i++)
		((int *)(void *)CMSG_DATA(&c.head))[i] = fds[i];
	while ((sent = sendmsg(to, &m, MSG_NOSIGNAL)) < 0 && errno == EINTR)
		;
	return sent == sizeof(*h) ? 0 : -1;
}

/* The C library leaves IPv4 out of what it looks up (AI_ADDRCONFIG) while 127.0.0.1 is the only address. A second one needs
 * no device. */
static int add_address(void)
{
	struct ifreq r = { .ifr_name = "lo:1" };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(HANDOVER_ADDRESS) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bad;

	if (fd < 0)
		return -1;
	memcpy(&r.ifr_addr, &at, sizeof(at));
	bad = ioctl(fd, SIOCSIFADDR, &r);
	close(fd);
	return bad;
}

int listen_hand_over(int to, const uint16_t *ports)
{
	struct handover h = { .magic = HANDOVER_MAGIC };
	int fds[DESCRIPTORS], n = 0, udp = -1, r;

	fds[n++] = (int)syscall(SYS_pidfd_open, getpid(), 0);
	if (fds[0] < 0 || add_address() < 0)
		return -1;
	for (; ports[h.n] && h.n < HANDOVER_MAX; h.n++) {
		h.port[h.n] = ports[h.n];
		fds[n] = open_port(ports[h.n], SOCK_STREAM);
		if (fds[n++] < 0)
			return -1;
		if (ports[h.n] == HANDOVER_DNS && (udp = open_port(HANDOVER_DNS, SOCK_DGRAM)) < 0)
			return -1;
	}
	if (udp >= 0)
		fds[n++] = udp;
	r = send_all(to, &h, fds, n);
	while (n)
		close(fds[--n]);
	return r;
}
