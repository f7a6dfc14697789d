/*
 * Attempts to reach anything but the sandbox's own loopback: sockets of the machine, other hosts, the kernel's networks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lab.h"

#include <arpa/inet.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Hears the secret from who answers. */
static bool told(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };

	return poll(&p, 1, 300) == 1 && fd_holds_secret(fd);
}

static bool reach(int family, int protocol, const void *address, socklen_t n)
{
	int fd = socket(family, SOCK_STREAM, protocol);

	return fd >= 0 && connect(fd, address, n) == 0 && told(fd);
}
static bool reach4(const char *address, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	inet_pton(AF_INET, address, &in.sin_addr);
	return reach(AF_INET, 0, &in, sizeof(in));
}
static bool reach6(const char *address, int port)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

	inet_pton(AF_INET6, address, &in.sin6_addr);
	return reach(AF_INET6, 0, &in, sizeof(in));
}
static bool reach_loopback(void) { return reach4("127.0.0.1", lab.port); }
static bool reach_loopback6(void) { return reach6("::1", lab.port6); }
static bool reach_mapped_loopback(void) { return reach6("::ffff:127.0.0.1", lab.port); }
static bool reach_any_address(void) { return reach4("0.0.0.0", lab.port); }
static bool reach_by_name(void)
{
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM, .ai_family = AF_INET }, *a;
	char port[8];

	snprintf(port, sizeof(port), "%d", lab.port);
	return getaddrinfo("localhost", port, &hint, &a) == 0 && reach(a->ai_family, 0, a->ai_addr, a->ai_addrlen);
}
static bool reach_by_multipath(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)lab.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return reach(AF_INET, 262 /* IPPROTO_MPTCP */, &in, sizeof(in));
}
static bool reach_by_fast_open(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)lab.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&in, sizeof(in)) >= 0 && told(fd);
}
static bool reach_by_datagram(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)lab.udp), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return sendto(fd, "x", 1, 0, (struct sockaddr *)&in, sizeof(in)) == 1 && told(fd);
}
static bool reach_by_many_datagrams(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)lab.udp), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct iovec v = { (void *)(uintptr_t)"x", 1 };
	struct mmsghdr m = { .msg_hdr = { &in, sizeof(in), &v, 1, NULL, 0, 0 } };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	return sendmmsg(fd, &m, 1, 0) == 1 && told(fd);
}

static bool reach_unix(int type, const char *name, bool abstract)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX }, any = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + abstract + strlen(name));

	if (strlen(name) + 2 > sizeof(un.sun_path))
		return false;
	memcpy(un.sun_path + abstract, name, strlen(name) + 1);
	if (type == SOCK_DGRAM && (bind(fd, (struct sockaddr *)&any, sizeof(sa_family_t)) < 0 ||
				   sendto(fd, "x", 1, 0, (struct sockaddr *)&un, n) != 1))
		return false;
	return type == SOCK_DGRAM ? told(fd) : connect(fd, (struct sockaddr *)&un, n) == 0 && told(fd);
}
static bool reach_abstract_socket(void) { return reach_unix(SOCK_STREAM, lab.abstract, true); }
static bool reach_abstract_datagram(void) { return reach_unix(SOCK_DGRAM, lab.abstract_datagram, true); }
static bool reach_socket_outside(void) { return reach_unix(SOCK_STREAM, lab.stream, false); }
static bool reach_datagram_outside(void) { return reach_unix(SOCK_DGRAM, lab.datagram, false); }
static bool reach_socket_through_link(void) { return reach_unix(SOCK_STREAM, "link-to-base/stream", false); }
static bool reach_socket_through_dots(void) { return reach_unix(SOCK_STREAM, "../stream", false); }
static bool reach_socket_through_parents_root(void)
{
	char path[200];

	snprintf(path, sizeof(path), "/proc/%d/root%s", getppid(), lab.stream);
	return reach_unix(SOCK_STREAM, path, false);
}
static bool reach_socket_through_leaked_folder(void)
{
	return reach_unix(SOCK_STREAM, "/proc/self/fd/78/../stream", false);
}
static bool reach_socket_by_link_made_inside(void)
{
	unlink("s");
	return symlink(lab.stream, "s") == 0 && reach_unix(SOCK_STREAM, "s", false);
}

/* Services that listen on most machines. */
static bool reach_any_service(void)
{
	static const char *const names[] = { "/run/dbus/system_bus_socket", "/run/docker.sock", "/run/systemd/private", "/run/systemd/notify",
					     "/run/udev/control", "/run/nscd/socket", "/dev/log", "/run/containerd/containerd.sock",
					     "/run/podman/podman.sock", "/tmp/.X11-unix/X0", NULL };

	for (int i = 0; names[i]; i++) {
		struct sockaddr_un un = { .sun_family = AF_UNIX };

		strcpy(un.sun_path, names[i]);
		for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++)
			if (connect(socket(AF_UNIX, type, 0), (struct sockaddr *)&un, sizeof(un)) == 0)
				return true;
	}
	return false;
}

/* ---- other hosts: a route is enough, no packet is sent ---- */

static bool route_to(const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(53) };

	inet_pton(AF_INET, address, &in.sin_addr);
	return connect(socket(AF_INET, SOCK_DGRAM, 0), (struct sockaddr *)&in, sizeof(in)) == 0;
}
static bool route_out(void) { return route_to("192.0.2.1"); }
static bool route_to_metadata(void) { return route_to("169.254.169.254"); }
static bool route_to_neighbours(void) { return route_to("10.0.0.1") || route_to("172.17.0.1") || route_to("192.168.1.1"); }
static bool route_to_multicast(void) { return route_to("224.0.0.251"); }
static bool route_out6(void)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(53) };

	inet_pton(AF_INET6, "2001:db8::1", &in.sin6_addr);
	return connect(socket(AF_INET6, SOCK_DGRAM, 0), (struct sockaddr *)&in, sizeof(in)) == 0;
}
static bool bind_to_interface(void)
{
	struct if_nameindex *all = if_nameindex();

	for (; all && all->if_index; all++)
		if (strcmp(all->if_name, "lo") != 0 &&
		    setsockopt(socket(AF_INET, SOCK_DGRAM, 0), SOL_SOCKET, SO_BINDTODEVICE, all->if_name, (socklen_t)strlen(all->if_name)) == 0)
			return true;
	return false;
}
static bool see_interfaces(void)
{
	struct if_nameindex *all = if_nameindex();
	bool more = false;

	for (; all && all->if_index; all++)
		more = more || strcmp(all->if_name, "lo");
	return more;
}
static bool file_names(const char *path, const char *what)
{
	static char text[8 << 20];
	int fd = open(path, O_RDONLY);
	ssize_t n, all = 0;

	while (fd >= 0 && (n = read(fd, text + all, sizeof(text) - (size_t)all)) > 0)
		all += n;
	return memmem(text, (size_t)all, what, strlen(what)) != NULL;
}
static bool see_connections(void)
{
	char port[16];

	snprintf(port, sizeof(port), "0100007F:%04X", (unsigned)lab.port);
	return file_names("/proc/net/tcp", port);
}
static bool see_parents_connections(void)
{
	char port[16];

	snprintf(port, sizeof(port), "0100007F:%04X", (unsigned)lab.port);
	return file_names(parent("net/tcp"), port);
}
static bool see_unix_sockets(void) { return file_names("/proc/net/unix", lab.abstract); }
static bool see_routes(void) { return file_names("/proc/net/route", "eth") || file_names("/proc/net/route", "en"); }
static bool see_connections_by_netlink(void)
{
	struct {
		struct nlmsghdr h;
		unsigned char family, protocol, extended, pad;
		unsigned states, id[12];
	} ask = { { sizeof(ask), 20 /* SOCK_DIAG_BY_FAMILY */, NLM_F_REQUEST | NLM_F_DUMP, 0, 0 }, AF_INET, 6, 0, 0, ~0u, { 0 } };
	char text[65536], port[2] = { (char)(lab.port >> 8), (char)lab.port };
	int fd = socket(AF_NETLINK, SOCK_RAW, 4);
	ssize_t n = fd < 0 || send(fd, &ask, sizeof(ask), 0) < 0 ? -1 : recv(fd, text, sizeof(text), 0);

	return n > 0 && memmem(text, (size_t)n, port, 2);
}

/* ---- families and protocols of the kernel that no test of a program needs ---- */

static bool open_packet_socket(void) { return socket(AF_PACKET, SOCK_RAW, 0) >= 0; }
static bool open_packet_datagram(void) { return socket(AF_PACKET, SOCK_DGRAM, htons(3)) >= 0; }
static bool open_raw_socket(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_TCP) >= 0; }
static bool open_raw_icmp(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0; }
static bool open_raw6_socket(void) { return socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6) >= 0; }
static bool open_raw_ip(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_RAW) >= 0; }
static bool open_ping_socket(void) { return socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) >= 0; }
static bool open_vsock(void) { return socket(AF_VSOCK, SOCK_STREAM, 0) >= 0; }
static bool open_crypto_socket(void) { return socket(AF_ALG, SOCK_SEQPACKET, 0) >= 0; }
static bool open_sctp(void) { return socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP) >= 0; }
static bool open_udplite(void) { return socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE) >= 0; }
static bool open_tunnel_socket(void) { return socket(AF_INET, SOCK_DGRAM, 115) >= 0; }
static bool open_key_socket(void) { return socket(AF_KEY, SOCK_RAW, 2) >= 0; }
static bool open_any_other_family(void)
{
	for (int f = 3; f < 64; f++)
		if (f != AF_INET6 && f != AF_NETLINK && (socket(f, SOCK_DGRAM, 0) >= 0 || socket(f, SOCK_SEQPACKET, 0) >= 0 || socket(f, SOCK_STREAM, 0) >= 0 ||
							  socket(f, SOCK_RAW, 0) >= 0))
			return true;
	return false;
}
static bool netlink(int protocol) { return socket(AF_NETLINK, SOCK_RAW, protocol) >= 0; }
static bool open_netfilter(void) { return netlink(12); }
static bool open_ipsec(void) { return netlink(6); }
static bool open_audit(void) { return netlink(9); }
static bool open_events(void) { return netlink(15); }
static bool open_generic_netlink(void) { return netlink(16); }
static bool open_connector(void) { return netlink(11); }
static bool open_socket_pair_of_another_family(void)
{
	int two[2];

	for (int f = 2; f < 64; f++)
		if (socketpair(f, SOCK_STREAM, 0, two) == 0 || socketpair(f, SOCK_SEQPACKET, 0, two) == 0)
			return true;
	return false;
}
static bool open_with_high_bits(void)
{
	return syscall(SYS_socket, 0x100000000ul | AF_PACKET, SOCK_RAW, 0) >= 0 || syscall(SYS_socket, 0x100000000ul | AF_NETLINK, SOCK_RAW, 12) >= 0;
}
static bool open_tunnel_device(void) { return opens("/dev/net/tun", O_RDWR); }
static bool open_ppp(void) { return opens("/dev/ppp", O_RDWR); }
static bool add_address(void)
{
	struct ifreq r = { .ifr_name = "lo:1" };
	struct sockaddr_in *in = (struct sockaddr_in *)(void *)&r.ifr_addr;

	in->sin_family = AF_INET;
	inet_pton(AF_INET, "10.9.8.7", &in->sin_addr);
	return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFADDR, &r) == 0;
}
static bool take_loopback_down(void)
{
	struct ifreq r = { .ifr_name = "lo" };

	return ioctl(socket(AF_INET, SOCK_DGRAM, 0), SIOCSIFFLAGS, &r) == 0;
}
static bool add_link(void) /* a dummy interface, by rtnetlink */
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
		struct rtattr info, kind;
		char name[8];
	} ask = { { sizeof(ask), RTM_NEWLINK, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, 1, 0 }, { 0 }, { 16, IFLA_LINKINFO }, { 10, IFLA_INFO_KIND }, "dummy" };
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char room[256];
	} answer = { 0 };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	return send(fd, &ask, sizeof(ask), 0) > 0 && recv(fd, &answer, sizeof(answer), 0) > 0 && (answer.e.error == 0 || answer.e.error == -95);
}
static bool set_packet_filter(void) { int v = 0; return works(setsockopt(socket(AF_INET, SOCK_DGRAM, 0), 0, 64 /* IPT_SO_SET_REPLACE */, &v, 4)); }
static bool load_kernel_tls(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(in);
	int server = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);

	bind(server, (struct sockaddr *)&in, n);
	listen(server, 1);
	getsockname(server, (struct sockaddr *)&in, &n);
	connect(fd, (struct sockaddr *)&in, n);
	return setsockopt(fd, 6, 31 /* TCP_ULP */, "tls", 4) == 0;
}
static bool enter_hosts_network(void)
{
	int fd = open(parent("ns/net"), O_RDONLY);

	return fd >= 0 && works(setns(fd, CLONE_NEWNET));
}

static const struct attempt list[] = {
	T(reach_loopback, SHOWN) T(reach_loopback6, IF_CAN) T(reach_mapped_loopback, IF_CAN) T(reach_any_address, SHOWN)
	T(reach_by_name, IF_CAN) T(reach_by_multipath, IF_CAN) T(reach_by_fast_open, IF_CAN) T(reach_by_datagram, SHOWN)
	T(reach_by_many_datagrams, SHOWN) T(reach_abstract_socket, SHOWN) T(reach_abstract_datagram, SHOWN)
	T(reach_socket_outside, SHOWN) T(reach_datagram_outside, SHOWN) T(reach_socket_through_link, SHOWN)
	T(reach_socket_through_dots, SHOWN) T(reach_socket_through_parents_root, SHOWN) T(reach_socket_through_leaked_folder, SHOWN)
	T(reach_socket_by_link_made_inside, SHOWN) T(reach_any_service, IF_CAN) T(route_out, IF_CAN) T(route_to_metadata, IF_CAN)
	T(route_to_neighbours, IF_CAN) T(route_to_multicast, IF_CAN) T(route_out6, IF_CAN) T(bind_to_interface, IF_CAN)
	T(see_interfaces, IF_CAN) T(see_connections, SHOWN) T(see_parents_connections, SHOWN) T(see_unix_sockets, SHOWN)
	T(see_routes, IF_CAN) T(see_connections_by_netlink, IF_CAN) T(open_packet_socket, IN_SPACE_IF_CAN)
	T(open_packet_datagram, IN_SPACE_IF_CAN) T(open_raw_socket, IN_SPACE) T(open_raw_icmp, IN_SPACE)
	T(open_raw6_socket, IN_SPACE_IF_CAN) T(open_raw_ip, IN_SPACE) T(open_ping_socket, IF_CAN) T(open_vsock, IF_CAN)
	T(open_crypto_socket, IF_CAN) T(open_sctp, IF_CAN) T(open_udplite, IF_CAN) T(open_tunnel_socket, IF_CAN)
	T(open_key_socket, IN_SPACE_IF_CAN) T(open_any_other_family, IF_CAN) T(open_netfilter, IF_CAN) T(open_ipsec, IF_CAN)
	T(open_audit, IF_CAN) T(open_events, SHOWN) T(open_generic_netlink, SHOWN) T(open_connector, IF_CAN)
	T(open_socket_pair_of_another_family, IF_CAN) T(open_with_high_bits, IN_SPACE_IF_CAN) T(open_tunnel_device, IF_CAN)
	T(open_ppp, IF_CAN) T(add_address, IN_SPACE) T(take_loopback_down, IN_SPACE) T(add_link, IN_SPACE_IF_CAN)
	T(set_packet_filter, IN_SPACE_IF_CAN) T(load_kernel_tls, IF_CAN) T(enter_hosts_network, IF_CAN)
};

const struct attempts network = { "network", list, sizeof(list) / sizeof(*list) };
