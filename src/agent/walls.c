/*
 * The sandbox of a session's work.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/walls.h"

#include "agent/network.h"
#include "base/err.h"
#include "base/fs.h"
#include "sandbox/profile.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

int walls_level(const struct sandbox *s)
{
	return s->backend == SANDBOX_OWN ? sandbox_probe()->level : 0;
}

/* When sealwright itself is the tree, its share folder could have been written by code inside. */
static bool share_is_in(struct arena *a, const char *tree)
{
	const char *share = fs_share(a, "profiles", NULL);
	char real[PATH_MAX];

	return share && realpath(share, real) && !strncmp(real, tree, strlen(tree)) && real[strlen(tree)] == '/';
}

static int load(struct arena *a, const char *name, const char *tree, bool is_asked, struct profile *p, struct err *e)
{
	struct err why = { 0 };

	if (profile_load(a, name, tree, p, &why) == 0)
		return 0;
	if (is_asked || why.code != ERR_DENIED || !share_is_in(a, tree))
		return err_set(e, why.code, "%s", why.text);
	/* As strict as any: nothing is read, written or reached beside the tree. */
	return profile_parse(a, bytes_of("about: sealwright's own, since its share folder lies in the tree\n"), "built in", NULL, NULL, p, e);
}

static int put_up(struct arena *a, const char *name, const struct sandbox *base, const struct walls_asked *asked, walls_hold_fn *hold,
		  void *arg, struct sandbox *out, struct profile *of, int64_t *most_ms, struct err *e)
{
	struct profile p;

	if (load(a, name, base->tree, asked && asked->profile, &p, e) < 0)
		return -1;
	if (asked && asked->profile && p.tree_readonly)
		return err_set(e, ERR_USAGE, "the profile %s lets nothing be written into the tree, so no work could be done; take another", name);
	for (int i = 0; asked && asked->allow && asked->allow[i]; i++)
		if (network_allow(a, &p, asked->allow[i], e) < 0)
			return err_wrap(e, "--allow");
	if (hold && hold(arg, &p, e) < 0)
		return -1;
	if (base->backend == SANDBOX_OWN && p.level_min > sandbox_probe()->level)
		return err_set(e, ERR_DENIED, "the profile %s asks for sandbox level %d, this machine's is of level %d: %s", name, p.level_min,
			       sandbox_probe()->level, sandbox_probe()->why);
	*out = *base;
	profile_apply(a, &p, out);
	*most_ms = p.time_ms;
	out->backend = base->backend; /* the person's word */
	*of = p;
	return 0;
}

static void reach(struct arena *a, const struct profile *p, struct walls *w)
{
	auto_buf b = buf_max(64 << 10);

	w->reach = profile_list_add(a, NULL, NULL);
	for (const char *const *rule = p->network; *rule; rule++)
		w->reach = profile_list_add(a, w->reach, *rule);
	if (p->registries)
		w->reach = profile_list_add(a, w->reach, "registries");
	for (const char *const *rule = w->reach; *rule; rule++)
		buf_printf(&b, "%s%s", rule == w->reach ? "" : ", ", *rule);
	if (b.n)
		w->reach_words = arena_printf(a, "- The person allows commands this much network, and no more: %s. Package managers are set up "
					      "for what is named registries. Tests run without network.\n", buf_str(&b));
}

int walls_open(struct arena *a, const struct sandbox *base, const struct walls_asked *asked, walls_hold_fn *hold, void *arg,
	       struct walls *out, struct err *e)
{
	struct walls w = { .work_profile = asked && asked->profile ? asked->profile : "none", .tests_profile = "test" };
	struct profile work, tests;

	if (put_up(a, w.work_profile, base, asked, hold, arg, &w.work, &work, &w.work_ms, e) < 0 ||
	    put_up(a, w.tests_profile, base, NULL, hold, arg, &w.tests, &tests, &w.tests_ms, e) < 0)
		return err_wrap(e, "sandbox");
	w.work_rules = profile_digest(&work);
	w.tests_rules = profile_digest(&tests);
	reach(a, &work, &w);
	if (network_open(a, &work, &w.work, &w.network, e) < 0)
		return -1;
	*out = w;
	return 0;
}

static void log_refused(void *s, const struct sandbox_refusal *r)
{
	session_add(s, "refused", walls_refusal(r), NULL);
}

static void log_add(void *s, const char *type, json_t *data)
{
	session_add(s, type, data, NULL);
}

void walls_close(struct walls *w, struct session *s)
{
	const struct network_told told = { log_refused, log_add, s };

	if (w->network)
		w->work.egress = 0;
	network_close(&w->network, &told);
}

static json_t *profile_json(const char *name, const struct digest *rules)
{
	char hex[65];

	return json_pack("{s:s, s:s}", "profile", name, "rules", digest_hex(rules, hex));
}

json_t *walls_sandbox(const struct walls *w)
{
	static const char *const names[] = { [SANDBOX_OWN] = "own", [SANDBOX_OCI] = "oci", [SANDBOX_OFF] = "off" };
	json_t *d = json_pack("{s:s, s:i, s:o, s:o}", "backend", names[w->work.backend], "level", walls_level(&w->work), "commands",
			      profile_json(w->work_profile, &w->work_rules), "tests", profile_json(w->tests_profile, &w->tests_rules));

	auto_buf text = buf_max(8 << 10);
	const char *lacks[8];
	int n = sandbox_level_lacks(walls_level(&w->work), lacks, 8);

	json_t *reach = json_array();

	for (const char *const *rule = w->reach; rule && *rule; rule++)
		json_array_append_new(reach, json_string_any(bytes_of(*rule)));
	json_object_set_new(d, "network", reach);
	if (w->work.backend == SANDBOX_OCI) /* the engine's walls are not ours to judge */
		return d;
	for (int i = 0; i < n && i < 8; i++)
		buf_printf(&text, "%s%s", i ? "; " : "", lacks[i]);
	if (n)
		json_object_set_new(d, "lacks", json_string_any(buf_bytes(&text)));
	return d;
}

json_t *walls_refusal(const struct sandbox_refusal *r)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:i, s:I}", "wall", r->wall, "what", json_string_any(bytes_of(r->what)), "rule",
			 json_string_any(bytes_of(r->rule)), "program", json_string_any(bytes_of(r->program)), "pid", r->pid, "times",
			 (json_int_t)r->times);
}
