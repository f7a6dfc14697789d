/*
 * URLs of endpoints: a scheme, a host, a port, a path, and nothing that could carry a secret or hide where it leads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>

struct err;

struct url {
	bool tls, loopback;    /* loopback: localhost, 127.*, ::1 */
	char host[256];        /* without brackets                */
	int port;
	char path[512];        /* "" or "/..."                    */
};

/* http and https only; a name and password in it, a query or a fragment are refused. ERR_USAGE. */
int url_parse(const char *text, struct url *out, struct err *e);
/* Scheme, host and port of a URL alone: what stands behind them may be long, and have a query; out->path is "". */
int url_parse_host(const char *text, struct url *out, struct err *e);

#endif
