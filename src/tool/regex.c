/*
 * PCRE2 by dlopen.
 *
 * No JIT: its stack is fixed and its limits are coarser. "(a+)+$" ends at MATCH_LIMIT steps with an error that the model
 * is told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool/regex.h"

#include "base/arena.h"
#include "base/err.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum { MATCH_LIMIT = 1000000, HEAP_KIB = 20000, PATTERN_MAX = 4000 };

struct regex {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
};

static struct {
	__typeof__(pcre2_compile) *compile;
	__typeof__(pcre2_code_free) *code_free;
	__typeof__(pcre2_match) *match;
	__typeof__(pcre2_match_data_create_from_pattern) *data_create;
	__typeof__(pcre2_match_data_free) *data_free;
	__typeof__(pcre2_get_ovector_pointer) *ovector;
	__typeof__(pcre2_match_context_create) *context_create;
	__typeof__(pcre2_match_context_free) *context_free;
	__typeof__(pcre2_set_match_limit) *set_match_limit;
	__typeof__(pcre2_set_heap_limit) *set_heap_limit;
	__typeof__(pcre2_get_error_message) *error_message;
} lib;
static bool loaded;

static void load(void)
{
	static const struct {
		const char *name;
		void *to;
	} names[] = {
		{ "pcre2_compile_8", &lib.compile }, { "pcre2_code_free_8", &lib.code_free }, { "pcre2_match_8", &lib.match },
		{ "pcre2_match_data_create_from_pattern_8", &lib.data_create }, { "pcre2_match_data_free_8", &lib.data_free },
		{ "pcre2_get_ovector_pointer_8", &lib.ovector }, { "pcre2_match_context_create_8", &lib.context_create },
		{ "pcre2_match_context_free_8", &lib.context_free }, { "pcre2_set_match_limit_8", &lib.set_match_limit },
		{ "pcre2_set_heap_limit_8", &lib.set_heap_limit }, { "pcre2_get_error_message_8", &lib.error_message },
	};
	void *so = dlopen("libpcre2-8.so.0", RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; so && i < sizeof(names) / sizeof(*names); i++) {
		void *f = dlsym(so, names[i].name);

		if (!f)
			return;
		memcpy(names[i].to, &f, sizeof(f));
	}
	loaded = so != NULL;
}

int regex_open(const char *pattern, struct regex **out, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	auto_regex *r = NULL;
	int code = 0;
	size_t at = 0;

	pthread_once(&once, load);
	if (!loaded)
		return err_set(e, ERR_NOT_FOUND, "libpcre2-8 is missing; run: apt-get install libpcre2-8-0");
	if (strlen(pattern) > PATTERN_MAX)
		return err_set(e, ERR_INPUT, "the pattern is longer than %d bytes", PATTERN_MAX);
	r = mem_alloc(sizeof(*r));
	*r = (struct regex){ 0 };
	r->code = lib.compile((PCRE2_SPTR)pattern, strlen(pattern), PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE |
			      PCRE2_NEVER_BACKSLASH_C, &code, &at, NULL);
	if (!r->code) {
		char why[256] = "";

		lib.error_message(code, (PCRE2_UCHAR *)why, sizeof(why));
		return err_set(e, ERR_INPUT, "the pattern is wrong at its byte %zu: %s", at, why);
	}
	r->data = lib.data_create(r->code, NULL);
	r->limits = lib.context_create(NULL);
	if (!r->data || !r->limits)
		return err_set(e, ERR_SYS, "out of memory");
	lib.set_match_limit(r->limits, MATCH_LIMIT);
	lib.set_heap_limit(r->limits, HEAP_KIB);
	*out = r;
	r = NULL;
	return 0;
}

void regex_close(struct regex **p)
{
	struct regex *r = *p;

	if (!r)
		return;
	if (r->code)
		lib.code_free(r->code);
	if (r->data)
		lib.data_free(r->data);
	if (r->limits)
		lib.context_free(r->limits);
	free(r);
	*p = NULL;
}

int regex_find(struct regex *r, struct bytes in, size_t from, size_t *at, size_t *end, struct err *e)
{
	int n = lib.match(r->code, (PCRE2_SPTR)in.p, in.n, from, 0, r->data, r->limits);
	const size_t *place;

	if (n == PCRE2_ERROR_NOMATCH)
		return 0;
	if (n < 0)
		return err_set(e, ERR_LIMIT, "the pattern costs too much; make it simpler");
	place = lib.ovector(r->data);
	*at = place[0];
	*end = place[1];
	return 1;
}
