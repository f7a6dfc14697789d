/*
 * A specification while it is made: entities and fields as structs, rules and functions as JSON.
 *
 * The way: draft_parse (a model's draft, cured) -> said_add (what the words name and the draft forgot) -> bind_rules
 * -> examples_add -> spec_json. Bounded everywhere: a draft is from a model.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BLUEPRINT_SPEC_H
#define BLUEPRINT_SPEC_H

#include "base/arena.h"
#include "base/json.h"

struct err;
struct blueprint;

enum {
	ENTITIES_MAX = 6, ENTITIES_ALL = 8,   /* in a draft; with those of the words */
	FIELDS_MAX = 16, FIELDS_ALL = 24,     /* in a draft; with those of words and rules */
	CHOICES_MAX = 12, RULES_MAX = 40, LEFT_OUT_MAX = 60, SAID_SPANS = 40, DRAFT_BYTES_MAX = 64 << 10,
};

enum field_type {
	FIELD_TEXT, FIELD_LONG_TEXT, FIELD_WHOLE, FIELD_DECIMAL, FIELD_MONEY, FIELD_DATE, FIELD_TIME, FIELD_DATETIME,
	FIELD_YES_NO, FIELD_EMAIL, FIELD_PHONE, FIELD_URL, FIELD_CHOICE, FIELD_REF, FIELD_TYPES,
};

struct field {
	const char *name;
	enum field_type type;
	bool required, unique, unique_proposed;
	bool optional_said;  /* the words want it so: no cure may require it */
	const char *choices[CHOICES_MAX];
	int choices_n;
	const char *ref;   /* name of an entity */
	const char *from;  /* "words", "model", "rule" */
};

struct entity {
	const char *name, *plural, *about, *from;
	struct field fields[FIELDS_ALL];
	int n;
	bool listed;       /* the words list its fields */
};

struct said { size_t from, to; }; /* a stretch of the words that was understood */

struct spec {
	struct said said[SAID_SPANS];   /* lists of fields */
	int said_n;
	const char *asides[SAID_SPANS]; /* what stood in brackets, as sentences */
	int asides_n;
	struct arena *a;
	const struct blueprint *b;
	const char *title, *words; /* words: the intent's, valid UTF-8 */
	struct entity *entities;   /* ENTITIES_ALL of them */
	int n;
	json_t *rules, *functions, *left_out, *proposed, *settings; /* lists */
};

void spec_drop(struct spec *s);
#define auto_spec __attribute__((cleanup(spec_drop))) struct spec

const char *field_type_name(enum field_type t);
int field_type_find(const char *name);                 /* -1: none. "string", "int", ... are understood too */
bool field_is_text_like(enum field_type t);
bool field_is_number(enum field_type t);

struct entity *spec_entity(const struct spec *s, const char *name);
struct field *entity_field(struct entity *t, const char *name);
const char *entity_label(const struct entity *t);         /* the field that names a record to a person */
/* NULL when the entity is full or the name is taken. */
struct field *entity_add(struct entity *t, const char *name, enum field_type type, const char *from);
/* A name that a field of the entity `of` (NULL: an entity itself) may have: snake_case, not reserved; NULL when nothing
 * usable is left. "order" of a line becomes "line_order". */
char *field_name_cure(struct arena *a, const struct blueprint *b, struct bytes text, const char *of);
void spec_leave_out(struct spec *s, const char *words, const char *reason);

int draft_parse(struct spec *s, struct bytes draft, struct err *e);
void draft_settle(struct spec *s);   /* references and order, after every addition */
void said_add(struct spec *s);
int bind_rules(struct spec *s, struct err *e);
void examples_add(struct spec *s);
/* The words with every example call blanked out, so that rules are not looked for in them. */
char *examples_blank(struct arena *a, const char *words);
int spec_json(struct spec *s, json_t **out, struct err *e);

/* Sample values of every field, and records that meet the rules, put into the entities of a spec's JSON. */
void sample_fields(struct arena *a, json_t *entity);
void sample_records(struct arena *a, const struct blueprint *b, json_t *spec);

#endif
