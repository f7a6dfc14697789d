/*
 * What is left of the words: everything asked for that nothing was made of is told, better once too often.
 *
 * A stretch needs no telling when it is the opening ("build an app for X"), part of a list of fields, the description of
 * an example, or made only of names of the specification and of words that ask for nothing. A stretch that sounds like
 * a demand is told even then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/bind.h"
#include "blueprint/data.h"
#include "blueprint/words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What sounds like a demand. */
static const char *const cues[] = {
	"must", "never", "cannot", "can't", "can not", "may not", "mustn't", "should", "shouldn't", "only", "at most", "at least",
	"no two", "no more than", "not more than", "no less than", "unique", "always", "not allowed", "forbidden", "has to", "have to",
	"exactly", "maximum", "minimum", "limited to", "limit of", "unless", "exceed", "overlap", "more than one", "required when",
	"required if", "not be", "no double", "not go", "not have", "up to", "needs approval", "need approval", "approval", "nothing",
	"nobody", "no one", "none", "may ever", "allowed", "refuse", "reject", "prevent", "avoid", "disallow", "forbid", "without",
	"don't", "doesn't", "do not", "does not", "before", "after", "when", "if", "once", "until", "per", "automatically", "except",
	"no", "not", "isn't", "aren't", "won't", "every time", "whenever", "twice", "required", "mandatory", "optional", "default", "defaults", "defaulted", "empty", "blank", "multiple of", "between", NULL,
};

/* Words that ask for nothing beyond records that can be made, read, changed, found and deleted. */
static const char *const filler[] = {
	"a", "an", "the", "and", "or", "of", "for", "to", "with", "in", "on", "at", "by", "from", "its", "their", "our", "each", "every",
	"any", "all", "some", "one", "is", "are", "has", "have", "having", "be", "that", "which", "where", "who", "whose", "it", "they",
	"this", "these", "those", "there", "as", "also", "so", "please", "then", "plus", "build", "make", "create", "write", "develop",
	"generate", "need", "want", "i", "we", "me", "us", "my", "you", "can", "could", "would", "will", "app", "application", "web",
	"service", "system", "crud", "rest", "json", "api", "program", "tool", "simple", "small", "basic", "manage", "manages",
	"managing", "track", "tracks", "tracking", "keep", "keeps", "store", "stores", "storing", "record", "records", "list", "lists",
	"show", "shows", "view", "edit", "add", "adding", "delete", "update", "search", "save", "field", "fields", "entity", "entities",
	"table", "tables", "belongs", "belong", "contains", "contain", "includes", "include", "including", "following", "like", "such",
	"new", "information", "info", "data", "details", "using", "use", "both", "various", "different", "own", "give", "given", "over",
	"about", "between", "s", "come", "comes", "consist", "consists", "do", "does", "them", "up", NULL,
};

static const char *const connectors[] = { "with", "where", "that", "which", "whose", "having", "and", "when", "if", NULL };

bool text_has(const char *text, const char *const *words)
{
	for (const char *at = text; *at; at++) {
		if (at > text && (isalnum((unsigned char)at[-1]) || at[-1] == '\''))
			continue;
		for (const char *const *w = words; *w; w++) {
			size_t n = strlen(*w);

			if (!strncasecmp(at, *w, n) && !isalnum((unsigned char)at[n]) && at[n] != '\'')
				return true;
		}
	}
	return false;
}

static bool words_have(struct arena *a, const char *name, const char *w)
{
	struct phrase p;

	phrase_parse(a, bytes_of(name), &p);
	for (int i = 0; i < p.n; i++)
		if (word_equal(p.w[i], w))
			return true;
	return false;
}

/* A word of a name of the specification, of its title, or of what means the same as a field. */
static bool is_known(struct spec *s, const char *w)
{
	if (word_in(w, filler) || words_have(s->a, s->title, w))
		return true;
	for (int i = 0; i < s->n; i++) {
		const struct entity *t = &s->entities[i];

		if (words_have(s->a, t->name, w) || words_have(s->a, t->plural, w))
			return true;
		for (int k = 0; k < t->n; k++) {
			if (words_have(s->a, t->fields[k].name, w))
				return true;
			for (int c = 0; c < t->fields[k].choices_n; c++)
				if (words_have(s->a, t->fields[k].choices[c], w))
					return true;
		}
	}
	return false;
}

/* A feature that the blueprint says it does not have, unless the specification has something of that name. NULL: none. */
static const char *lacking(struct spec *s, const char *text)
{
	for (const char **p = s->b->lacks; *p; p++) {
		bool named = false;

		if (!phrase_occurs(s->a, *p, text))
			continue;
		for (int i = 0; i < s->n && !named; i++) {
			named = phrase_occurs(s->a, *p, name_title(s->a, s->entities[i].name));
			for (int k = 0; k < s->entities[i].n && !named; k++) {
				named = phrase_occurs(s->a, *p, name_title(s->a, s->entities[i].fields[k].name));
				for (int c = 0; c < s->entities[i].fields[k].choices_n && !named; c++)
					named = phrase_occurs(s->a, *p, name_title(s->a, s->entities[i].fields[k].choices[c]));
			}
		}
		if (!named)
			return *p;
	}
	return NULL;
}

/* Whether a word at `at` of the sentence stands in a list of fields. */
static bool is_said(const struct spec *s, const struct sentence *n, size_t at)
{
	for (int i = 0; i < s->said_n; i++)
		if (s->said[i].from <= n->at + at && n->at + at < s->said[i].to)
			return true;
	return false;
}

/* Where a feature that the blueprint has ends, when its words begin at `at`; 0: none does. */
static size_t provided_until(struct spec *s, const struct sentence *n, size_t at, size_t to)
{
	size_t most = 0;

	for (const char **p = s->b->provides; *p; p++) {
		size_t len = strlen(*p);

		if (at + len > to || strncasecmp(n->text + at, *p, len))
			continue;
		if (at + len < to && n->text[at + len] == 's' && (*p)[len - 1] != 's')
			len++;
		if ((at + len == to || !isalnum((unsigned char)n->text[at + len])) && at + len > most)
			most = at + len;
	}
	return most;
}

/* Whether every word of the stretch is known. The opening of the words may hold any noun: "for a bike shop". */
static bool is_plain(struct spec *s, const struct sentence *n, struct span at, bool opening)
{
	bool first = n->at == 0;
	int purpose = 0; /* words behind "for" in the first sentence: what the app is for */

	for (size_t i = at.from; i < at.to;) {
		size_t from = i;
		char *w;

		while (i < at.to && (isalnum((unsigned char)n->text[i]) || (unsigned char)n->text[i] >= 0x80))
			i++;
		if (i == from) {
			i++;
			continue;
		}
		w = arena_memdup(s->a, n->text + from, i - from);
		for (char *p = w; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		if (word_in(w, connectors)) {
			opening = false;
			purpose = 0;
		}
		if (first && !strcmp(w, "for"))
			purpose = 6;
		if (provided_until(s, n, from, at.to) > i)
			i = provided_until(s, n, from, at.to);
		else if (!opening && purpose-- <= 0 && !is_said(s, n, from) && provided_until(s, n, from, at.to) < i && !is_known(s, w))
			return false;
		if (i + 1 < at.to && n->text[i] == '\'' && n->text[i + 1] == 's')
			i += 2;
	}
	return true;
}

/* The reason of the kind that came nearest to binding; of equal ones the last, since kinds stand from special to general. */
static const char *failed_why(const struct sentence *n, struct span at)
{
	const char *why = NULL;
	int weight = 0;

	for (int i = 0; i < n->failed_n; i++) {
		if (n->failed[i].at.from >= at.to || at.from >= n->failed[i].at.to || n->failed[i].weight < weight)
			continue;
		why = n->failed[i].why;
		weight = n->failed[i].weight;
	}
	return why;
}

static bool before_example(const struct sentence *n, size_t at)
{
	return at < n->n && memchr(n->text + at, 1, n->n - at) != NULL;
}

/* The stretch without what lists of fields account for: "email (required)" there is no demand that nobody heard. */
static const char *unsaid_text(struct spec *s, const struct sentence *n, struct span at)
{
	char *text = arena_memdup(s->a, n->text + at.from, at.to - at.from);

	for (size_t i = at.from; i < at.to; i++)
		if (is_said(s, n, i))
			text[i - at.from] = ' ';
	return text;
}

/* "a loan tracker for a small library", "gym classes": what the app is called. "archive items older than 2 years" is not. */
static bool is_opening(const char *text)
{
	static const char *const makers[] = { "build", "make", "create", "write", "develop", "generate", "design", "app", "application",
					      "system", "tracker", "tool", "software", "service", "program", "database", "site", "website",
					      "manager", "management", "register", "registry", "catalogue", "catalog", "list", "need", "want", "manage",
					      "track", "tracking", "queue", "crud", "api", "collection", NULL };
	int words = 0;

	if (text_has(text, makers))
		return true;
	for (const char *p = text; *p && words <= 5;) {
		char w[32];
		size_t n = strcspn(p, " :,");

		snprintf(w, sizeof(w), "%.*s", (int)(n < 31 ? n : 31), p);
		for (char *c = w; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		if (word_in(w, connectors) || (words && p[-1] == ':'))
			break;
		if (isdigit((unsigned char)*w) || word_in(w, (const char *const[]){ "is", "are", "includes", "include", NULL }))
			return false;
		words += n && !word_in(w, filler);
		p += n + (p[n] != 0);
	}
	return words <= 5;
}

static void stretch_tell(struct spec *s, const struct sentence *n, struct span at)
{
	const char *text, *why = failed_why(n, at), *missing;
	bool demand;

	if (at.to <= at.from || before_example(n, at.from))
		return; /* a description in front of an example: the function says it */
	text = sentence_text(s->a, n, at);
	while (*text && (isspace((unsigned char)*text) || strchr(",:.()\x01", *text)))
		text++;
	if (!strncasecmp(text, "and ", 4))
		text += 4;
	if (!strncasecmp(text, "no need ", 8))
		return;
	demand = text_has(unsaid_text(s, n, at), cues);
	if (demand)
		spec_leave_out(s, text, why ? why : "no kind of rule of this blueprint says this; give it by examples, name(...) == value");
	else if ((missing = lacking(s, text)))
		spec_leave_out(s, text, arena_printf(s->a, "this blueprint has no %s", missing));
	else if (!is_plain(s, n, at, n->at + at.from == 0 && is_opening(text)))
		spec_leave_out(s, text, "nothing in this blueprint does this");
}

void rest_tell(struct spec *s, const struct sentence *n)
{
	size_t at = 0;

	while (at < n->n) {
		struct span part = sentence_part(n, at), rest = part;

		if (!sentence_is_bound(n, part)) { /* a match that failed may reach over commas: it is told as one */
			for (int i = 0; i < n->failed_n; i++)
				if (n->failed[i].at.from < part.to && n->failed[i].at.to > rest.to && n->failed[i].weight > 0)
					rest.to = sentence_part(n, n->failed[i].at.to - 1).to;
			stretch_tell(s, n, rest);
		} else {
			for (size_t i = part.from; i < part.to;) {
				rest.from = i;
				while (i < part.to && !sentence_is_bound(n, (struct span){ i, i + 1 }))
					i++;
				stretch_tell(s, n, (struct span){ rest.from, i });
				while (i < part.to && sentence_is_bound(n, (struct span){ i, i + 1 }))
					i++;
			}
		}
		at = rest.to + 1;
	}
}
