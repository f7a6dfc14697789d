/*
 * Reading an intent.
 *
 * An @ inside a word (an e-mail address) or behind a quote is no tag. An unknown tag is refused rather than ignored:
 * "@secrue" must not quietly mean nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "flow/intent.h"

#include "base/err.h"

#include <ctype.h>
#include <string.h>

static const struct tag built_in[] = {
	{ "secure", "security first: safe libraries, every input checked, tests of abuse, the higher bar" },
	{ "low-risk", "asks for the low-risk policy, where policy grants it" },
	{ "high-risk", "people decide: nothing is released without approval" },
	{ "private", "nothing but the model's endpoint sees this work" },
	{ NULL, NULL },
};

const char *intent_tag_means(const char *name)
{
	for (const struct tag *t = built_in; t->name; t++)
		if (!strcmp(t->name, name))
			return t->means;
	return NULL;
}

static bool tag_is_known(const char *name, const struct tag *known)
{
	if (intent_tag_means(name))
		return true;
	for (; known && known->name; known++)
		if (!strcmp(known->name, name))
			return true;
	return false;
}

static int unknown_tag(struct arena *a, const char *name, const struct tag *known, struct err *e)
{
	char *list = arena_strdup(a, "");

	for (const struct tag *t = built_in; t->name; t++)
		list = arena_printf(a, "%s%s@%s", list, *list ? ", " : "", t->name);
	for (; known && known->name; known++)
		list = arena_printf(a, "%s, @%s", list, known->name);
	return err_set(e, ERR_USAGE, "no tag @%.60s; there are %.600s (more by `tags:` in the configuration)", name,
		       list);
}

static bool is_tag_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_';
}

static int tag_add(struct arena *a, struct intent *t, const char *name, const struct tag *known, struct err *e)
{
	if (!tag_is_known(name, known))
		return unknown_tag(a, name, known, e);
	if (intent_has_tag(t, name))
		return 0;
	if (t->tags_n == INTENT_TAGS_MAX)
		return err_set(e, ERR_USAGE, "an intent has at most %d tags", INTENT_TAGS_MAX);
	t->tags[t->tags_n++] = name;
	return 0;
}

int intent_parse(struct arena *a, struct bytes in, const struct tag *known, struct intent *out, struct err *e)
{
	struct intent t = { 0 };
	char *words;
	size_t n = 0;

	if (in.n > INTENT_BYTES_MAX)
		return err_set(e, ERR_USAGE, "the intent is %zu bytes long; at most %d", in.n, INTENT_BYTES_MAX);
	if (memchr(in.p, 0, in.n))
		return err_set(e, ERR_USAGE, "the intent has a NUL byte in it");
	t.text = arena_memdup(a, in.p, in.n);
	words = arena_alloc(a, in.n + 1);
	for (const char *p = t.text; *p;) {
		bool starts = p == t.text || isspace((unsigned char)p[-1]) || strchr("(,;", p[-1]);

		if (*p == '@' && starts && isalpha((unsigned char)p[1])) {
			const char *end = p + 1;

			while (is_tag_char(*end))
				end++;
			if (tag_add(a, &t, arena_memdup(a, p + 1, (size_t)(end - p - 1)), known, e) < 0)
				return -1;
			p = end;
		} else if (isspace((unsigned char)*p)) {
			if (n && words[n - 1] != ' ')
				words[n++] = ' ';
			p++;
		} else {
			words[n++] = *p++;
		}
	}
	while (n && words[n - 1] == ' ')
		n--;
	words[n] = 0;
	if (!n)
		return err_set(e, ERR_USAGE, "the intent has no words; say what is to be built");
	t.words = words;
	*out = t;
	return 0;
}

bool intent_has_tag(const struct intent *t, const char *name)
{
	for (int i = 0; i < t->tags_n; i++)
		if (!strcmp(t->tags[i], name))
			return true;
	return false;
}

static bool is_filler(const char *w)
{
	static const char *const filler[] = {
		"a", "an", "the", "build", "make", "create", "write", "me", "us", "please", "i", "want", "need", "we",
		"crud", "app", "application", "web", "service", "simple", "small", "for", "of", "to", "that", "with",
		"and", "in", "on", "my", "our", "system", "rest", "api", "program", "tool", "which", "where", "manage",
		"managing", "tracking", "track", NULL,
	};

	for (const char *const *f = filler; *f; f++)
		if (!strcmp(*f, w))
			return true;
	return false;
}

char *intent_folder(struct arena *a, const struct intent *t)
{
	char out[48] = "", word[24];
	size_t n = 0, words = 0;

	for (const char *p = t->words;; p++) {
		if (isalnum((unsigned char)*p) && n < sizeof(word) - 1) {
			word[n++] = (char)tolower((unsigned char)*p);
			continue;
		}
		word[n] = 0;
		if (n > 1 && !is_filler(word) && strlen(out) + n + 2 < sizeof(out)) {
			if (words)
				strcat(out, "-");
			strcat(out, word);
			words++;
		}
		n = 0;
		if (!*p || words == 2 || (words && strchr(".,;:(", *p)))
			break;
	}
	return arena_strdup(a, *out ? out : "app");
}
