/*
 * The sandbox in a session's log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/walls.h"

int walls_level(const struct sandbox *s)
{
	return s->backend == SANDBOX_OWN ? sandbox_probe()->level : 0;
}

json_t *walls_sandbox(const struct sandbox *s)
{
	static const char *const names[] = { [SANDBOX_OWN] = "own", [SANDBOX_OCI] = "oci", [SANDBOX_OFF] = "off" };
	json_t *d = json_pack("{s:s, s:i}", "backend", names[s->backend], "level", walls_level(s));

	auto_buf text = buf_max(8 << 10);
	const char *lacks[8];
	int n = sandbox_level_lacks(walls_level(s), lacks, 8);

	if (s->backend == SANDBOX_OCI) /* the engine's walls are not ours to judge */
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
