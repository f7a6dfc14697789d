/*
 * Starting egress for a sandbox, and telling afterwards what it was asked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/network.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/rand.h"
#include "egress/allow.h"
#include "egress/egress.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_MAX = 5000, LINE_BYTES = 16384 };

struct network {
	struct egress *g;
	int lines; /* its log, which has no name any more; -1: none */
};

int network_rule_check(const char *rule, struct err *e)
{
	auto_arena a = { 0 };
	struct allow_rule parsed;

	return !strcmp(rule, "registries") ? 0 : allow_rule_parse(&a, bytes_of(rule), &parsed, e);
}

int network_allow(struct arena *a, struct profile *p, const char *rule, struct err *e)
{
	if (network_rule_check(rule, e) < 0)
		return -1;
	if (!strcmp(rule, "registries"))
		p->registries = true;
	else
		p->network = profile_list_add(a, p->network, rule);
	return 0;
}

/* ---- started ---- */

static void env_add(struct arena *a, struct sandbox *box, const struct egress *g)
{
	const char *const *env = NULL, *const *mine = box->env;

	for (const char *const *v = egress_env(g); v && *v; v++)
		env = profile_list_add(a, env, *v);
	for (; mine && *mine; mine++) /* the person's word stays the last */
		env = profile_list_add(a, env, *mine);
	box->env = env;
}

static const struct sandbox_file *files_of(struct arena *a, const struct egress *g)
{
	const struct egress_file *from = egress_files(g);
	struct sandbox_file *to;
	size_t n = 0;

	while (from && from[n].path)
		n++;
	to = arena_array(a, n + 1, sizeof(*to));
	for (size_t i = 0; i < n; i++)
		to[i] = (struct sandbox_file){ from[i].path, from[i].text };
	return to;
}

static int start(struct arena *a, const struct profile *p, struct sandbox *box, struct network *n, struct err *e)
{
	struct egress_options o = { .allow = p->network, .registries = p->registries };
	char *dir = fs_state_dir(a, NULL, e), id[13], *path;

	if (!dir)
		return -1;
	rand_id(id, 12);
	o.log = path = arena_printf(a, "%s/egress-%s", dir, id);
	if (egress_start(&o, &n->g, e) < 0) {
		unlink(path);
		return -1;
	}
	n->lines = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unlink(path);
	box->egress = egress_socket(n->g);
	box->egress_ports = egress_ports(n->g);
	box->files = files_of(a, n->g);
	env_add(a, box, n->g);
	return 0;
}

int network_open(struct arena *a, const struct profile *p, struct sandbox *box, struct network **out, struct err *e)
{
	struct network *n;

	*out = NULL;
	if (p->network_asked && !p->network[0])
		return err_set(e, ERR_USAGE, "the profile %s reaches what --allow names; name a host: --allow HOST[:PORT]", p->name);
	if (!p->registries && !p->network[0])
		return 0;
	if (box->backend == SANDBOX_OCI)
		return err_set(e, ERR_USAGE, "a container has no network here; use --backend own (of exec, run and resume: --sandbox own) "
			       "for --allow and registries");
	if (box->backend == SANDBOX_OFF)
		return err_set(e, ERR_USAGE, "without a sandbox nothing holds the network to a list; use --sandbox own for --allow and "
			       "registries");
	if (box->level_min == 1 && sandbox_probe()->level < 2)
		return err_set(e, ERR_DENIED, "level 1 has no network of its own, so nothing can be let through; it takes level 2: %s",
			       sandbox_probe()->why);
	n = mem_alloc(sizeof(*n));
	*n = (struct network){ .lines = -1 };
	if (start(a, p, box, n, e) == 0) {
		*out = n;
		return 0;
	}
	free(n);
	return err_wrap(e, "the network");
}

/* ---- told ---- */

static void tell_refused(void *arg, const struct egress_refusal *r)
{
	const struct network_told *to = arg;
	char what[400];

	if (r->port)
		snprintf(what, sizeof(what), "%.300s:%d (%s)", r->host, r->port, r->way);
	else
		snprintf(what, sizeof(what), "%.300s (%s)", r->host, r->way);
	to->refused(to->arg, &(struct sandbox_refusal){ "egress", what, r->why, "", 0, r->times });
}

static void tell_package(void *arg, const struct egress_package *p)
{
	const struct network_told *to = arg;

	to->add(to->arg, "package",
		json_pack("{s:s, s:o, s:o, s:o, s:s, s:b, s:I}", "ecosystem", p->ecosystem, "name", json_string_any(bytes_of(p->name)),
			  "version", json_string_any(bytes_of(p->version)), "file", json_string_any(bytes_of(p->file)), "sha256",
			  p->sha256, "checked", p->is_checked, "times", (json_int_t)p->times));
}

static void tell_lines(struct network *n, const struct network_told *to)
{
	FILE *f = n->lines < 0 ? NULL : fdopen(n->lines, "r");
	char *line = malloc(LINE_BYTES);

	for (int i = 0; f && line && i < LINES_MAX && fgets(line, LINE_BYTES, f); i++) {
		json_t *v = NULL;

		if (json_parse(bytes_of(line), &v, NULL) == 0 && !json_object_get(v, "package")) /* those have events of their own */
			to->add(to->arg, "network", v);
		else
			json_decref(v);
	}
	free(line);
	if (f) {
		fclose(f);
		n->lines = -1;
	}
}

void network_close(struct network **at, const struct network_told *told)
{
	struct network *n = *at;
	struct network_told to;
	struct err why = { 0 };

	if (!n)
		return;
	*at = NULL;
	if (told) {
		to = *told;
		tell_lines(n, &to);
		if (egress_refused(n->g, tell_refused, &to, &why) < 0 || egress_packages(n->g, tell_package, &to, &why) < 0)
			to.add(to.arg, "network", json_pack("{s:o}", "lost", json_string_any(bytes_of(why.text))));
	}
	egress_end(&n->g);
	fs_close(&n->lines);
	free(n);
}
