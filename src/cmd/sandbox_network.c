/*
 * Starting egress for one command, and telling afterwards what it was asked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "cmd/sandbox_network.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/rand.h"
#include "egress/egress.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES_MAX = 5000, LINE_BYTES = 16384 };

struct sandbox_network {
	struct egress *g;
	int lines; /* its log, which has no name any more; -1: none */
	struct arena *a;
};

static void env_add(struct sandbox_job *j, const struct egress *g)
{
	const char *const *env = j->box.env, *const *mine = env;

	env = NULL;
	for (const char *const *v = egress_env(g); v && *v; v++)
		env = profile_list_add(j->a, env, *v);
	for (; mine && *mine; mine++) /* the person's word stays the last */
		env = profile_list_add(j->a, env, *mine);
	j->box.env = env;
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

static int start(struct sandbox_job *j, struct sandbox_network *n, struct err *e)
{
	struct egress_options o = { .allow = j->profile.network, .registries = j->profile.registries };
	char *dir = fs_state_dir(j->a, NULL, e), id[13], *path;

	if (!dir)
		return -1;
	rand_id(id, 12);
	o.log = path = arena_printf(j->a, "%s/egress-%s", dir, id);
	if (egress_start(&o, &n->g, e) < 0) {
		unlink(path);
		return -1;
	}
	n->lines = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	unlink(path);
	j->box.egress = egress_socket(n->g);
	j->box.egress_ports = egress_ports(n->g);
	j->box.files = files_of(j->a, n->g);
	env_add(j, n->g);
	return 0;
}

int sandbox_network_open(struct sandbox_job *j, struct sandbox_network **out, struct err *e)
{
	const struct profile *p = &j->profile;
	struct sandbox_network *n;

	*out = NULL;
	if (p->network_asked && !p->network[0])
		return err_set(e, ERR_USAGE, "the profile %s reaches what --allow names; name a host: --allow HOST[:PORT]", p->name);
	if (!p->registries && !p->network[0])
		return 0;
	if (j->box.backend == SANDBOX_OCI)
		return err_set(e, ERR_USAGE, "a container has no network here; use --backend own for --allow and registries");
	if (p->level_min == 1 && sandbox_probe()->level < 2)
		return err_set(e, ERR_DENIED, "level 1 has no network of its own, so nothing can be let through; it takes level 2: %s",
			       sandbox_probe()->why);
	n = mem_alloc(sizeof(*n));
	*n = (struct sandbox_network){ .lines = -1, .a = j->a };
	if (start(j, n, e) == 0) {
		*out = n;
		return 0;
	}
	free(n);
	return err_wrap(e, "the network");
}

/* ---- told ---- */

static void tell_refused(void *log, const struct egress_refusal *r)
{
	char what[400];

	if (r->port)
		snprintf(what, sizeof(what), "%.300s:%d (%s)", r->host, r->port, r->way);
	else
		snprintf(what, sizeof(what), "%.300s (%s)", r->host, r->way);
	sandbox_log_refused(log, &(struct sandbox_refusal){ "egress", what, r->why, "", 0, r->times });
}

static void tell_package(void *log, const struct egress_package *p)
{
	sandbox_log_add(log, "package",
			json_pack("{s:s, s:o, s:o, s:o, s:s, s:b, s:I}", "ecosystem", p->ecosystem, "name", json_string_any(bytes_of(p->name)),
				  "version", json_string_any(bytes_of(p->version)), "file", json_string_any(bytes_of(p->file)), "sha256",
				  p->sha256, "checked", p->is_checked, "times", (json_int_t)p->times));
}

static void tell_lines(struct sandbox_network *n, struct sandbox_log *log)
{
	FILE *f = n->lines < 0 ? NULL : fdopen(n->lines, "r");
	char *line = malloc(LINE_BYTES);

	for (int i = 0; f && line && i < LINES_MAX && fgets(line, LINE_BYTES, f); i++) {
		json_t *v = NULL;

		if (json_parse(bytes_of(line), &v, NULL) == 0 && !json_object_get(v, "package")) /* those have events of their own */
			sandbox_log_add(log, "network", v);
		else
			json_decref(v);
	}
	free(line);
	if (f)
		fclose(f);
	n->lines = -1;
}

void sandbox_network_close(struct sandbox_network **at, struct sandbox_log *log)
{
	struct sandbox_network *n = *at;
	struct err why = { 0 };

	if (!n)
		return;
	*at = NULL;
	if (log) {
		tell_lines(n, log);
		if (egress_refused(n->g, tell_refused, log, &why) < 0 || egress_packages(n->g, tell_package, log, &why) < 0)
			sandbox_log_add(log, "network", json_pack("{s:o}", "lost", json_string_any(bytes_of(why.text))));
	}
	egress_end(&n->g);
	fs_close(&n->lines);
	free(n);
}
