/* Unit tests of the cure: whatever a model drafts, what comes out has sound names, types, references and an order. */
#include "../tap.h"
#include "base/err.h"
#include "blueprint/blueprint.h"

static struct arena a;
static struct blueprint *b;

static json_t *cured(const char *words, const char *draft)
{
	struct err e = { 0 };
	json_t *spec = NULL;

	if (blueprint_spec_cure(&a, b, words, bytes_of(draft), &spec, &e) < 0) {
		printf("# %s\n", e.text);
		return NULL;
	}
	return spec;
}

static const json_t *entity(const json_t *spec, const char *name)
{
	const json_t *t;
	size_t i;

	json_array_foreach(json_list(spec, "entities"), i, t)
		if (!strcmp(json_text_or(t, "name", ""), name))
			return t;
	return NULL;
}

/* "name: text required" of a field as it came out, or "" */
static const char *field(const json_t *spec, const char *of, const char *name)
{
	const json_t *f;
	size_t i;

	json_array_foreach(json_list(entity(spec, of), "fields"), i, f)
		if (!strcmp(json_text_or(f, "name", ""), name))
			return arena_printf(&a, "%s%s%s%s%s%s", json_text_or(f, "type", ""), json_text(f, "ref") ? " " : "",
					    json_text_or(f, "ref", ""), json_flag(f, "required", false) ? " required" : "",
					    json_flag(f, "unique", false) ? " unique" : "",
					    strcmp(json_text_or(f, "from", ""), "model") ? arena_printf(&a, " (%s)", json_text(f, "from")) : "");
	return "";
}

static void a_plain_draft_comes_through(void)
{
	auto_json *s = cured("build a crud app for inventory",
			     "{\"title\":\"Inventory\",\"entities\":[{\"name\":\"item\",\"plural\":\"items\",\"about\":\"a thing\",\"fields\":["
			     "\"name: text required\",\"sku: text required unique\",\"quantity: whole required\",\"price: money\","
			     "\"supplier: ref supplier\",\"status: choice(active|retired)\"]},"
			     "{\"name\":\"supplier\",\"plural\":\"suppliers\",\"about\":\"\",\"fields\":[\"name: text required\"]}]}");

	is_text(json_text(s, "title"), "Inventory", "with its title");
	is_text(json_text(s, "name"), "inventory", "and a name");
	is_text(json_text(json_array_get(json_list(s, "entities"), 0), "name"), "supplier", "what is referred to comes first");
	is_text(field(s, "item", "quantity"), "whole required", "a field");
	is_text(field(s, "item", "supplier"), "ref supplier", "a reference");
	is_text(field(s, "item", "sku"), "text required", "unique is a rule: a model may not make it");
	is_text(json_string_value(json_array_get(json_list(s, "proposed"), 0)), "item.sku unique", "but it is told");
	is_text(json_text(entity(s, "item"), "label_field"), "name", "a record is named by its name");
}

static void what_is_mechanically_wrong_is_mended(void)
{
	auto_json *s = cured("crud app",
			     "Sure! ```json\n{\"entities\":[{\"name\":\"Order Items\",\"fields\":[\"id: whole\",\"order: ref orders required\","
			     "\"class: string\",\"Unit Price: currency (required)\",\"unit_price: text\",\"note\",\"kind: choice(a|a|b)\","
			     "\"only: choice(one)\",\"done: choice(yes|no)\",\"lost: ref nowhere\",\"parent_id: integer\",\"created_at: datetime\"]},"
			     "{\"name\":\"orders\",\"plural\":\"orders\",\"fields\":[]},{\"name\":\"order\",\"fields\":[\"x: text\"]}]}\n``` done");

	is_whole(json_array_size(json_list(s, "entities")), 2, "\"orders\" and \"order\" are one");
	ok(entity(s, "order_item") != NULL, "names become singular snake_case");
	is_text(json_text(entity(s, "order_item"), "plural"), "order_items", "with a plural");
	is_text(field(s, "order_item", "id"), "", "id is dropped, every record has one");
	is_text(field(s, "order_item", "created_at"), "", "created_at, too");
	is_text(field(s, "order_item", "order_item_order"), "ref order required", "a column that SQL reserves is renamed");
	is_text(field(s, "order_item", "order_item_class"), "text", "a keyword of Python is renamed, and needs no value beside a required order");
	is_text(field(s, "order_item", "unit_price"), "money required", "types in other words are understood, doubles dropped");
	is_text(field(s, "order_item", "note"), "text", "a field without a type is text");
	is_text(field(s, "order_item", "kind"), "choice", "choices are told once");
	is_text(field(s, "order_item", "only"), "text", "one choice is none");
	is_text(field(s, "order_item", "done"), "yes_no", "yes or no is yes_no");
	is_text(field(s, "order_item", "lost"), "text", "a reference to nothing is text");
	is_text(field(s, "order", "name"), "text required", "an entity without fields has a name");
}

static void circles_are_cut(void)
{
	auto_json *s = cured("crud app", "{\"title\":\"T\",\"entities\":[{\"name\":\"a1\",\"fields\":[\"n: text\",\"b1: ref b1 required\"]},"
					 "{\"name\":\"b1\",\"fields\":[\"n: text\",\"c1: ref c1 required\"]},"
					 "{\"name\":\"c1\",\"fields\":[\"n: text\",\"a1: ref a1 required\",\"self_one: ref c1 required\"]}]}");
	int required = 0;

	required += strstr(field(s, "a1", "b1"), "required") != NULL;
	required += strstr(field(s, "b1", "c1"), "required") != NULL;
	required += strstr(field(s, "c1", "a1"), "required") != NULL;
	is_whole(required, 2, "one of three required references in a circle is made optional");
	is_text(field(s, "c1", "self_one"), "ref c1", "a record need not refer to itself");
	is_text(field(s, "a1", "n"), "text required", "a text names each record");
}

static void relations_that_were_meant_are_made(void)
{
	auto_json *s = cured("web service for orders with line items, customers and categories",
			     "{\"title\":\"Shop\",\"names\":[\"order\",\"customer\",\"ghost\"],\"entities\":[{\"name\":\"order\",\"fields\":["
			     "\"lines: ref line_item\",\"category: choice(food|rent)\",\"total: money\",\"buyer: ref customer required\"]}]}");

	is_text(field(s, "line_item", "line_item_order"), "ref order required", "a reference in the plural means the other way round");
	is_text(field(s, "order", "lines"), "", "and is dropped here");
	is_text(field(s, "order", "category"), "ref category", "what the words speak of in the plural is an entity");
	is_text(field(s, "order", "buyer"), "ref customer required", "an entity that is only referred to is made when the words name it");
	ok(!entity(s, "ghost"), "one that they do not name is not");
}

static void fields_of_the_words_are_added(void)
{
	static const char *const draft = "{\"title\":\"Inventory\",\"entities\":[{\"name\":\"item\",\"fields\":[\"name: text required\","
					 "\"sku: text\",\"quantity: whole\",\"price: money\"]},{\"name\":\"supplier\",\"fields\":[\"name: text\"]}]}";
	auto_json *s = cured("inventory with name, SKU, unit cost, a color (red, green or blue) and an optional due date", draft);
	auto_json *t = cured("Items have a name, barcode, supplier and contact email; a web service with nice pages, and search", draft);

	is_text(field(s, "item", "sku"), "text (words)", "a field that both name is the words'");
	is_text(field(s, "item", "unit_cost"), "money (words)", "one that the draft forgot is added with a type by its name");
	is_text(field(s, "item", "color"), "choice (words)", "brackets hold choices");
	is_text(field(s, "item", "due_date"), "date (words)", "articles and \"optional\" are no part of a name");
	is_text(field(t, "item", "barcode"), "text (words)", "\"items have\" names fields of an item");
	is_text(field(t, "item", "supplier"), "ref supplier (words)", "another entity becomes a reference");
	is_text(field(t, "item", "contact_email"), "email (words)", "the last word tells the type");
	is_text(field(t, "item", "nice_pages"), "", "prose is no field");
}

static void only_what_is_a_thing_becomes_one(void)
{
	const char *ticket = "{\"entities\":[{\"name\":\"ticket\",\"fields\":[\"title: text required\",\"agent: text\",\"topic: text\"]}]}";
	auto_json *s = cured("crud app for tickets; titles and topics must be unique per agent", ticket);
	auto_json *t = cured("crud app for tickets with topics", ticket);
	auto_json *u = cured("crud app: visits", "{\"entities\":[{\"name\":\"doctor\",\"fields\":[\"name: text required\"]},{\"name\":\"visit\",\"fields\":"
			     "[\"doctor: ref doctor required\",\"starts_at: datetime required\",\"reason: text\"]}]}");
	auto_json *w = cured("crud app", "{\"entities\":[{\"name\":\"book\",\"fields\":[\"title: text required\",\"page: url\"]},{\"name\":\"loan\",\"fields\":"
			     "[\"book: ref book required\",\"page: url\"]}]}");
	auto_json *v = cured("school: students (name, email), courses (title) and enrolments", "{\"entities\":[{\"name\":\"student\",\"fields\":[\"name: text required\"]},"
			     "{\"name\":\"course\",\"fields\":[\"title: text required\"]},{\"name\":\"enrolment\",\"fields\":"
			     "[\"student: ref student required\",\"course: ref course required\"]}]}");

	is_text(field(s, "ticket", "title"), "text required", "a plural inside a demand is no record");
	is_text(field(s, "ticket", "topic"), "text", "whatever it is called");
	is_text(field(t, "ticket", "topic"), "ref topic", "one that the words speak of freely is");
	is_text(field(u, "visit", "reason"), "text", "a record with a required reference needs no text that nobody asked for");
	is_text(json_text(entity(u, "visit"), "label_field"), "doctor", "what is required names it");
	is_text(json_text(json_array_get(json_list(entity(w, "book"), "functions"), 0), "name"), "book_label", "a text can be its line");
	is_whole(json_array_size(json_list(entity(w, "loan"), "functions")), 0, "a number of a book is none");
	is_text(field(v, "enrolment", "student"), "ref student required", "the fields of a student are no choices of an enrolment");
}

static void lists_are_read_as_people_write_them(void)
{
	auto_json *s = cured("crud app: items with duration in minutes, check-in date, number of large boxes, size & color as well as price from 1 to 5 and weight (optional)",
			     "{\"entities\":[{\"name\":\"item\",\"fields\":[\"name: text required\"]}]}");

	is_text(field(s, "item", "duration"), "text (words)", "a unit is no part of a name");
	is_text(field(s, "item", "check_in_date"), "date (words)", "a hyphen joins");
	is_text(field(s, "item", "number_of_large_boxes"), "whole (words)", "a number of things is one");
	is_text(field(s, "item", "size"), "text (words)", "\"&\" parts");
	is_text(field(s, "item", "color"), "text (words)", "and \"as well as\"");
	is_text(field(s, "item", "price"), "money (words)", "what is said of it is no part of its name");
	is_text(field(s, "item", "weight"), "text (words)", "nor what stands in brackets");
}

static void nonsense_is_refused(void)
{
	static const char *const bad[] = { "", "I don't know", "{", "[]", "{}", "{\"entities\":[]}", "{\"entities\":[{\"name\":\"\"}]}",
					   "{\"entities\":[{\"name\":7,\"fields\":[\"x: text\"]}]}", "{\"entities\":\"item\"}", NULL };
	auto_buf big = buf_max(1 << 20);
	struct err e = { 0 };
	json_t *spec = NULL;

	for (int i = 0; bad[i]; i++)
		ok(blueprint_spec_cure(&a, b, "crud app", bytes_of(bad[i]), &spec, &e) < 0 && e.code == ERR_MODEL, "\"%s\": %s", bad[i], e.text);
	for (int i = 0; i < 70000; i++)
		buf_add_char(&big, '{');
	ok(blueprint_spec_cure(&a, b, "crud app", buf_bytes(&big), &spec, &e) < 0, "too long an answer: %s", e.text);
}

static void hostile_text_stays_text(void)
{
	auto_json *s = cured("crud app", "{\"title\":\"A\\\"\\n''' + evil() #<script>\",\"entities\":[{\"name\":\"item'; drop table\",\"about\":\"\\u202e{{x}}`rm`\","
					 "\"fields\":[\"n'ame\\\"; x: text required\"]}]}");

	is_text(json_text(s, "title"), "A evil() script", "a title keeps letters alone");
	ok(entity(s, "item_drop_table") != NULL, "a name keeps letters alone");
	is_text(field(s, "item_drop_table", "n_ame_x"), "text required", "a field's, too");
	ok(!strpbrk(json_text_or(entity(s, "item_drop_table"), "about", ""), "{}`\""), "nothing of a template is left");
}

int main(void)
{
	struct err e = { 0 };

	if (!ok(blueprint_load_dir(&a, "tests/blueprints/mini", &b, &e) == 0, "the small blueprint loads %s", e.text))
		return done();
	a_plain_draft_comes_through();
	what_is_mechanically_wrong_is_mended();
	circles_are_cut();
	relations_that_were_meant_are_made();
	fields_of_the_words_are_added();
	only_what_is_a_thing_becomes_one();
	lists_are_read_as_people_write_them();
	nonsense_is_refused();
	hostile_text_stays_text();
	arena_drop(&a);
	return done();
}
