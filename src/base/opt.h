/*
 * Command-line options, described once: parsing, --help, man page and completion come from the same table.
 *
 * Long options take "--name value" or "--name=value", letters may stand together ("-vq"); "--" ends options.
 * Options and arguments may be mixed, unless the caller says that the first argument ends them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BASE_OPT_H
#define BASE_OPT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct err;

struct opt {
	const char *name;     /* long name; NULL ends the table                                    */
	char letter;          /* or 0                                                              */
	const char *value;    /* what it takes, for help: "NAME", "URL", "N"; NULL: a switch       */
	const char *help;     /* one line, no full stop                                            */
	bool many;            /* may be given more than once                                       */
};

struct opt_value {
	const struct opt *opt;
	const char *value;    /* "" for a switch */
};

struct opts {
	const struct opt *table;
	struct opt_value *given;
	int n;
	const char **rest;    /* arguments that are no options, NULL-ended */
	int rest_n;
	bool ended;           /* a "--" was seen: rest[after ...] stood behind it */
	int after;
};

/* ERR_USAGE names the option and the nearest that exists. stop_at_argument: the first argument ends options. */
int opts_parse(struct arena *a, const struct opt *table, bool stop_at_argument, const char *const *argv,
	       struct opts *out, struct err *e);
bool opts_has(const struct opts *o, const char *name);
const char *opts_text(const struct opts *o, const char *name); /* last given, or NULL */
const char *opts_text_or(const struct opts *o, const char *name, const char *fallback);
int opts_count(const struct opts *o, const char *name);
const char *opts_nth(const struct opts *o, const char *name, int n);
/* A whole number in min..max; *out is untouched when the option is absent. */
int opts_whole(const struct opts *o, const char *name, int64_t min, int64_t max, int64_t *out, struct err *e);
/* "90", "90s", "10m", "2h", "1d" into milliseconds. */
int opts_time(const struct opts *o, const char *name, int64_t *ms, struct err *e);
/* "512M", "4G", "64k", "1T" (powers of 1024), or bytes without a letter. */
int opts_size(const struct opts *o, const char *name, int64_t *bytes, struct err *e);
int opts_real(const struct opts *o, const char *name, double min, double max, double *out, struct err *e);
/* The same parsers for configuration values. */
int opt_time_parse(const char *text, int64_t *ms, struct err *e);
int opt_size_parse(const char *text, int64_t *bytes, struct err *e);
int opt_whole_parse(const char *text, int64_t *out);  /* -1 when it is no whole number */
int opt_real_parse(const char *text, double *out);    /* -1 when it is no decimal number */

/* For "did you mean": the edit distance of two names, and the least distance at which they have nothing in common. */
size_t opt_distance(const char *a, const char *b);
size_t opt_far(const char *word);

#endif
