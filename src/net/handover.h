/*
 * How a sandbox hands its listeners to the egress process: the ports, and the one message that carries the descriptors.
 *
 * The sandbox opens them in its own network namespace and passes them out, so that nothing of ours stands inside. This page
 * is all that the two sides know of each other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NET_HANDOVER_H
#define NET_HANDOVER_H

#include <stdint.h>

#define HANDOVER_NET 0x7f4d0000u     /* 127.77.0.0/16: addresses that stand for names inside */
#define HANDOVER_ADDRESS 0x7f4dfffeu /* the sandbox's own in it                              */

enum {
	HANDOVER_PROXY = 3128,     /* 127.0.0.1: an HTTP proxy                                                  */
	HANDOVER_DNS = 53,         /* 127.0.0.1, UDP and TCP                                                    */
	HANDOVER_REGISTRY = 3130,  /* 127.0.0.1: the first registry's port, the others behind it                */
	HANDOVER_REGISTRIES = 6,
	HANDOVER_MAX = 64,         /* ports                                                                     */
	HANDOVER_MAGIC = 0x53574548,
};

/* One SOCK_SEQPACKET message. With it travel, as SCM_RIGHTS: a pidfd of the sandbox's first process, which is readable when
 * the sandbox has ended; then for each port a listening TCP socket; last, when HANDOVER_DNS is among the ports, the UDP socket.
 * All other ports than those above are open on every address of the sandbox: what arrives there is told apart by the
 * address that it was sent to. */
struct handover {
	uint32_t magic, n;
	uint16_t port[HANDOVER_MAX];
};

#endif
