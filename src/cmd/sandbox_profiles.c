/*
 * `sealwright sandbox profiles`: which profiles there are, and what one comes to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "cmd/cmd.h"
#include "cmd/plain.h"
#include "cmd/sandbox_job.h"
#include "sandbox/bundle.h"

#include <string.h>

static int print_json(const json_t *v, struct err *e)
{
	auto_buf b = buf_max(4 << 20);

	json_write_pretty(&b, v);
	if (buf_check(&b, "the profile", e) < 0)
		return -1;
	fputs(buf_str(&b), stdout);
	return 0;
}

/* One that cannot be read is listed with the reason. */
static int list(struct arena *a, bool as_json, struct err *e)
{
	auto_json *all = json_array();

	for (const char *const *n = profile_names(a); *n; n++) {
		struct profile p = { .about = "" };
		struct err why = { 0 };
		bool good = profile_load(a, *n, NULL, &p, &why) == 0;

		if (as_json) {
			json_array_append_new(all, json_pack("{s:o, s:o, s:b}", "name", json_string_any(bytes_of(*n)), "about",
							     json_string_any(bytes_of(good ? p.about : why.text)), "good", good));
			continue;
		}
		plain_print(stdout, *n, 40);
		printf("%*s", strlen(*n) < 10 ? 10 - (int)strlen(*n) : 1, "");
		plain_print(stdout, good ? p.about : why.text, 200);
		putchar('\n');
	}
	return as_json ? print_json(all, e) : 0;
}

/* In this folder, with the organisation's locks. */
static int show(struct arena *a, const struct opts *o, const char *name, struct err *e)
{
	struct sandbox_job j = { .a = a, .o = o, .profile_name = name };
	auto_buf text = buf_max(4 << 20);
	auto_json *v = NULL;
	struct digest d;
	char hex[65];

	if (sandbox_job_prepare(&j, e) < 0)
		return -1;
	if (opts_has(o, "oci"))
		return bundle_config(a, &j.box, NULL, j.dir, false, &v, e) < 0 ? -1 : print_json(v, e);
	d = profile_digest(&j.profile);
	if (profile_write(&j.profile, &text) < 0 || json_parse(buf_bytes(&text), &v, e) < 0)
		return err_wrap(e, "the profile");
	json_object_set_new(v, "rules", json_string(arena_printf(a, "sha256:%s", digest_hex(&d, hex))));
	return print_json(v, e);
}

static int run(struct arena *a, const struct opts *o, struct err *e)
{
	if (!o->rest_n && !opts_has(o, "oci"))
		return list(a, opts_has(o, "json"), e);
	if (o->rest_n == 2 && !strcmp(o->rest[0], "show"))
		return show(a, o, o->rest[1], e);
	return err_set(e, ERR_USAGE, "takes nothing, or: show PROFILE");
}

static const struct opt options[] = {
	{ "oci", 0, NULL, "Show it as an OCI runtime configuration (config.json) for this folder", false },
	{ "json", 0, NULL, "List them as JSON", false },
	{ 0 },
};

const struct command cmd_sandbox_profiles = {
	.name = "sandbox profiles", .group = "Sandbox", .usage = "[show PROFILE]",
	.summary = "List the profiles of the sandbox, or show one",
	.about = "A profile is a YAML file: what a command may read, write, reach and spend. Five are built in; your own stand in\n"
		 "~/.config/sealwright/profiles. `show` prints what one comes to in this folder, with all that it extends and the\n"
		 "organisation's locks, and the digest by which events name it.\n",
	.examples = "sealwright sandbox profiles show deps  # what it allows\n"
		    "sealwright sandbox profiles show none --oci  # for runc or crun\n",
	.options = options, .run = run,
};
