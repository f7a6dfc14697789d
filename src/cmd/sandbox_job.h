/*
 * A command for the sandbox, as flags, profile and policy have it: shared by the commands beneath `sandbox`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CMD_SANDBOX_JOB_H
#define CMD_SANDBOX_JOB_H

#include "base/opt.h"
#include "cmd/settings.h"
#include "sandbox/profile.h"

struct err;

struct sandbox_job {
	struct arena *a;
	const struct opts *o;
	const char *profile_name; /* NULL: of --profile, else none */
	struct settings set;
	struct profile profile;   /* with the flags and locks in it */
	struct sandbox box;       /* tree, and all of the profile that is no network */
	const char *dir;          /* where the command starts */
	const char *const *argv;
	struct sandbox_log *log;
	int level;                /* out: that it ran at; 0: not yet, or a container's */
};

/* Fills all behind a, o and argv. Options that o's table lacks count as not given. */
int sandbox_job_prepare(struct sandbox_job *j, struct err *e);

/* The options that it reads. */
#define SANDBOX_JOB_OPTIONS                                                                                        \
	{ "profile", 'p', "PROFILE", "What may be read, written, reached and spent; none by default", false },     \
	{ "allow", 0, "HOST[:PORT]", "Let it reach this host, or registries; *.HOST for one label before it", true },\
	{ "ro", 0, "DIR", "Show this folder too, for reading", true },                                             \
	{ "rw", 0, "DIR", "Show this folder too, for writing", true },                                             \
	{ "env", 0, "NAME[=VALUE]", "Set a variable inside, or pass ours on", true },                              \
	{ "time", 0, "TIME", "End it after this time: 90s, 10m, 2h", false },                                      \
	{ "memory", 0, "SIZE", "All its processes together: 512M, 4G", false },                                    \
	{ "processes", 0, "N", "Processes and threads", false },                                                   \
	{ "disk", 0, "SIZE", "Of /tmp, /dev/shm and its home folder together", false },                            \
	{ "output", 0, "SIZE", "End it when it prints more than this", false },                                    \
	{ "level", 0, "N", "Refuse to run below this level of isolation", false },                                 \
	{ "backend", 0, "own|oci", "Our own sandbox, or a container of podman or docker", false },                 \
	{ "image", 0, "IMAGE", "Use this container image with --backend oci", false }

#endif
