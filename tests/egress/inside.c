/*
 * A command in a sandbox with egress, for the scripts beside: what it was refused and what the gateway gave come behind it.
 *
 * Usage: inside TREE LOG [--registries] [--allow RULE | --host "NAME ADDRESS" | --read DIR | --env NAME=VALUE]... -- COMMAND...
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "egress/egress.h"
#include "sandbox/sandbox.h"

#include <stdio.h>
#include <string.h>

enum { MANY = 200 };

static void print_refusal(void *arg, const struct egress_refusal *r)
{
	(void)arg;
	fprintf(stderr, "refused: %s %s:%d %s (%ld)\n", r->way, r->host, r->port, r->why, r->times);
}

static void print_package(void *arg, const struct egress_package *p)
{
	(void)arg;
	printf("package: %s %s %s %s %s%s\n", p->ecosystem, p->name, p->version, p->file, p->sha256, p->is_checked ? " checked" : "");
}

static void print_piece(void *arg, struct bytes piece, bool is_stderr)
{
	(void)arg;
	fwrite(piece.p, 1, piece.n, is_stderr ? stderr : stdout);
}

int main(int argc, char **argv)
{
	auto_arena a = { 0 };
	const char *allow[MANY] = { NULL }, *hosts[MANY] = { NULL }, *read[MANY] = { NULL }, *env[MANY] = { NULL };
	int n_allow = 0, n_hosts = 0, n_read = 0, n_env = 0, at = 3;
	struct egress_options o = { .allow = allow, .hosts = hosts, .log = argc > 2 ? argv[2] : NULL };
	struct sandbox s = { .tree = argc > 2 ? argv[1] : NULL, .read = read, .env = env };
	struct proc p = { .limit_ms = 600000, .seen = print_piece };
	struct proc_result r = { 0 };
	struct egress *g = NULL;
	struct err e = { 0 };

	for (; at < argc - 1 && strcmp(argv[at], "--") && n_env < 100; at++)
		if (!strcmp(argv[at], "--registries"))
			o.registries = true;
		else if (!strcmp(argv[at], "--allow"))
			allow[n_allow++] = argv[++at];
		else if (!strcmp(argv[at], "--host"))
			hosts[n_hosts++] = argv[++at];
		else if (!strcmp(argv[at], "--read"))
			read[n_read++] = argv[++at];
		else if (!strcmp(argv[at], "--env"))
			env[n_env++] = argv[++at];
	if (at >= argc - 1 || egress_start(&o, &g, &e) < 0) {
		fprintf(stderr, "inside: %s\n", *e.text ? e.text : "no command");
		return 125;
	}
	for (int i = 0; egress_env(g)[i] && n_env < MANY - 1; i++)
		env[n_env++] = egress_env(g)[i];
	s.egress = egress_socket(g);
	s.egress_ports = egress_ports(g);
	s.files = (const struct sandbox_file *)(const void *)egress_files(g);
	p.argv = (const char *const *)argv + at + 1;
	if (sandbox_run(&a, &s, &p, &r, &e) < 0) {
		fprintf(stderr, "inside: %s\n", e.text);
		r.status = 125;
	}
	fflush(stdout);
	egress_refused(g, print_refusal, NULL, NULL);
	egress_packages(g, print_package, NULL, NULL);
	egress_end(&g);
	return r.status;
}
