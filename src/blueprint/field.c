/*
 * Types of fields, and the fields of an entity while a specification is made.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "blueprint/data.h"
#include "blueprint/words.h"

#include <string.h>

static const char *const type_names[FIELD_TYPES] = {
	[FIELD_TEXT] = "text", [FIELD_LONG_TEXT] = "long_text", [FIELD_WHOLE] = "whole", [FIELD_DECIMAL] = "decimal",
	[FIELD_MONEY] = "money", [FIELD_DATE] = "date", [FIELD_TIME] = "time", [FIELD_DATETIME] = "datetime",
	[FIELD_YES_NO] = "yes_no", [FIELD_EMAIL] = "email", [FIELD_PHONE] = "phone", [FIELD_URL] = "url",
	[FIELD_CHOICE] = "choice", [FIELD_REF] = "ref",
};

/* What models write although the schema says otherwise. */
static const struct { const char *name; enum field_type type; } aliases[] = {
	{ "string", FIELD_TEXT }, { "str", FIELD_TEXT }, { "varchar", FIELD_TEXT }, { "textarea", FIELD_LONG_TEXT },
	{ "longtext", FIELD_LONG_TEXT }, { "int", FIELD_WHOLE }, { "integer", FIELD_WHOLE }, { "number", FIELD_DECIMAL },
	{ "float", FIELD_DECIMAL }, { "real", FIELD_DECIMAL }, { "currency", FIELD_MONEY }, { "bool", FIELD_YES_NO },
	{ "boolean", FIELD_YES_NO }, { "yesno", FIELD_YES_NO }, { "timestamp", FIELD_DATETIME },
	{ "date_time", FIELD_DATETIME }, { "enum", FIELD_CHOICE }, { "reference", FIELD_REF },
	{ "foreign_key", FIELD_REF }, { "tel", FIELD_PHONE }, { "telephone", FIELD_PHONE }, { "uri", FIELD_URL },
	{ "link", FIELD_URL },
};

const char *field_type_name(enum field_type t)
{
	return type_names[t];
}

int field_type_find(const char *name)
{
	for (int i = 0; i < FIELD_TYPES; i++)
		if (!strcmp(type_names[i], name))
			return i;
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
		if (!strcmp(aliases[i].name, name))
			return (int)aliases[i].type;
	return -1;
}

bool field_is_text_like(enum field_type t)
{
	return t == FIELD_TEXT || t == FIELD_LONG_TEXT || t == FIELD_EMAIL || t == FIELD_PHONE || t == FIELD_URL;
}

bool field_is_number(enum field_type t)
{
	return t == FIELD_WHOLE || t == FIELD_DECIMAL || t == FIELD_MONEY;
}

struct entity *spec_entity(const struct spec *s, const char *name)
{
	for (int i = 0; name && i < s->n; i++)
		if (!strcmp(s->entities[i].name, name))
			return &s->entities[i];
	return NULL;
}

struct field *entity_field(struct entity *t, const char *name)
{
	for (int i = 0; name && i < t->n; i++)
		if (!strcmp(t->fields[i].name, name))
			return &t->fields[i];
	return NULL;
}

struct field *entity_add(struct entity *t, const char *name, enum field_type type, const char *from)
{
	if (t->n == FIELDS_ALL || entity_field(t, name))
		return NULL;
	t->fields[t->n] = (struct field){ .name = name, .type = type, .from = from };
	return &t->fields[t->n++];
}

char *field_name_cure(struct arena *a, const struct blueprint *b, struct bytes text, const char *of)
{
	char *name = name_snake(a, text);

	if (!*name)
		return NULL;
	if (!of) {
		name = name_singular(a, name);
		if (name_is_taken(name, false) || word_in(name, b->reserved))
			name = name_snake(a, bytes_of(arena_printf(a, "%s_record", name)));
		return name;
	}
	if (word_in(name, (const char *const[]){ "id", "created_at", "updated_at", "version", NULL }))
		return NULL; /* every record has them */
	if (name_is_taken(name, true) || word_in(name, b->reserved))
		name = name_snake(a, bytes_of(arena_printf(a, "%.15s_%s", of, name)));
	return name_is_taken(name, true) || word_in(name, b->reserved) ? NULL : name;
}

static void json_free(json_t **v)
{
	json_decref(*v);
	*v = NULL;
}

void spec_drop(struct spec *s)
{
	json_free(&s->rules);
	json_free(&s->functions);
	json_free(&s->left_out);
	json_free(&s->proposed);
	json_free(&s->settings);
}

void spec_leave_out(struct spec *s, const char *words, const char *reason)
{
	char *line = arena_printf(s->a, "%s: %s", line_fold(s->a, bytes_of(words), 300), reason);
	const json_t *v;
	size_t i;

	if (json_array_size(s->left_out) > LEFT_OUT_MAX)
		return;
	if (json_array_size(s->left_out) == LEFT_OUT_MAX)
		line = arena_strdup(s->a, "and more: the words ask for too much at once; build it step by step");
	json_array_foreach(s->left_out, i, v)
		if (!strcmp(json_string_value(v), line))
			return;
	json_array_append_new(s->left_out, json_string_any(bytes_of(line)));
}
