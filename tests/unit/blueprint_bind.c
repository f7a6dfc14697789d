/* Unit tests of binding: a rule is enforced when the words say it, all of it; else it is left out and the reason is told. */
#include "../tap.h"
#include "base/err.h"
#include "blueprint/blueprint.h"

static struct arena a;
static struct blueprint *b;

static const char *const DRAFT =
	"{\"title\":\"Everything\",\"entities\":["
	"{\"name\":\"item\",\"fields\":[\"name: text required\",\"sku: text\",\"quantity: whole\",\"price: money\",\"status: choice(active|retired)\"]},"
	"{\"name\":\"book\",\"fields\":[\"title: text required\",\"copies: whole\"]},"
	"{\"name\":\"member\",\"fields\":[\"name: text required\",\"level: choice(active|suspended)\"]},"
	"{\"name\":\"loan\",\"fields\":[\"book: ref book required\",\"member: ref member required\",\"loaned_on: date required\",\"due_on: date\"]},"
	"{\"name\":\"doctor\",\"fields\":[\"name: text required\"]},"
	"{\"name\":\"appointment\",\"fields\":[\"doctor: ref doctor required\",\"room: text\"]}]}";

static json_t *cured(const char *words)
{
	struct err e = { 0 };
	json_t *spec = NULL;

	if (blueprint_spec_cure(&a, b, words, bytes_of(DRAFT), &spec, &e) < 0)
		printf("# %s\n", e.text);
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

/* All rules and what is left out, as one line: "item never_below {...}; left: words: reason" */
static const char *said(const char *words)
{
	auto_json *spec = cured(words);
	auto_buf out = buf_max(16000);
	const json_t *t, *r;
	size_t i, k;

	json_array_foreach(json_list(spec, "entities"), i, t) {
		json_array_foreach(json_list(t, "rules"), k, r) {
			buf_printf(&out, "%s%s %s ", out.n ? "; " : "", json_text_or(t, "name", ""), json_text_or(r, "kind", ""));
			json_write(&out, json_object_get(r, "params"));
		}
	}
	json_array_foreach(json_list(spec, "left_out"), i, r)
		buf_printf(&out, "%sleft: %s", out.n ? "; " : "", json_string_value(r));
	return arena_strdup(&a, buf_str(&out));
}

static void left(const char *words, const char *reason)
{
	const char *got = said(words);

	ok(!strncmp(got, "left: ", 6) && strstr(got, reason), "left out: %s", got);
}

static void rules_bind_to_what_is_named(void)
{
	is_text(said("build an inventory app where stock never goes below zero"), "item never_below {\"field\":\"quantity\",\"min\":0}",
		"by a synonym, in a sentence");
	is_text(said("The stock of an item must never drop below 5."), "item never_below {\"field\":\"quantity\",\"min\":5}", "of an entity");
	is_text(said("item's price is at least 0.50"), "item never_below {\"field\":\"price\",\"min\":0.5}", "an entity's");
	is_text(said("each copies must be at least a dozen"), "book never_below {\"field\":\"copies\",\"min\":12}", "numbers in words");
	is_text(said("price never exceeds 1,000.50"), "item never_above {\"field\":\"price\",\"max\":1000.5}", "numbers with separators");
	is_text(said("SKU must be unique"), "item unique {\"fields\":[\"sku\"]}", "one field");
	is_text(said("sku and price must be unique"), "item unique {\"fields\":[\"sku\",\"price\"]}", "several fields");
	is_text(said("a book cannot be lent twice"), "loan no_double {\"ref\":\"book\",\"open\":\"returned_on\"}", "by what is referred to; a field is added");
	is_text(said("at most three open loans per member"), "loan capacity {\"ref\":\"member\",\"max\":3}", "a number and two entities");
	is_text(said("Appointments of one doctor never overlap"),
		"appointment no_overlap {\"ref\":\"doctor\",\"start\":\"starts_at\",\"end\":\"ends_at\"}", "with two fields that are added");
	is_text(said("suspended members cannot be deleted"), "member no_delete_when {\"field\":\"level\",\"value\":\"suspended\"}",
		"a value finds its field");
	is_text(said("the loan date is before the due date"), "loan order {\"first\":\"loaned_on\",\"second\":\"due_on\"}",
		"\"loan date\" is loaned_on");
}

static void states_become_choices(void)
{
	auto_json *s = cured("status: active -> on hold -> retired");
	const json_t *f, *choices = NULL;
	size_t i;

	is_text(said("status: active -> on hold -> retired"),
		"item transitions {\"field\":\"status\",\"states\":{\"active\":[\"on_hold\"],\"on_hold\":[\"retired\"],\"retired\":[]}}", "by arrows");
	is_text(said("status goes from active to on hold, then retired"),
		"item transitions {\"field\":\"status\",\"states\":{\"active\":[\"on_hold\"],\"on_hold\":[\"retired\"],\"retired\":[]}}", "in words");
	is_text(said("status: draft -> sent; status: sent -> draft"),
		"item transitions {\"field\":\"status\",\"states\":{\"draft\":[\"sent\"],\"sent\":[\"draft\"]}}",
		"two clauses are one rule");
	json_array_foreach(json_list(entity(s, "item"), "fields"), i, f)
		if (!strcmp(json_text_or(f, "name", ""), "status"))
			choices = json_list(f, "choices");
	is_whole(json_array_size(choices), 3, "the field has the states as choices");
}

static void several_rules_in_one_sentence(void)
{
	is_text(said("build an app where stock never goes below zero, SKU must be unique, and price never exceeds 10"),
		"item never_below {\"field\":\"quantity\",\"min\":0}; item never_above {\"field\":\"price\",\"max\":10}; "
		"item unique {\"fields\":[\"sku\"]}", "at commas");
	is_text(said("price is at least 1 and stock never goes below zero"),
		"item never_below {\"field\":\"quantity\",\"min\":0}; item never_below {\"field\":\"price\",\"min\":1}", "at \"and\"");
	is_text(said("stock never goes below zero. Stock never goes below zero!"), "item never_below {\"field\":\"quantity\",\"min\":0}",
		"said twice is once");
}

static void what_is_half_understood_is_left_out(void)
{
	left("reserved stock never goes below 3", "no field is called \"reserved stock\"");
	left("price never goes below 1 unless it is gold", "\"unless it is gold\" behind it");
	left("stock never goes below zero, except for samples", "except for samples");
	left("when an item is retired, stock never goes below zero", "in front of it");
	left("twice the stock never goes below 5", "no field");
	left("the sum of the prices never exceeds 100", "no field");
	left("if it is active, the price never goes below 2", "in front of it");
	left("stock never goes below zero in summer", "\"in summer\" behind it");
	left("price never exceeds 20%", "behind it");
	left("SKU must be unique per warehouse", "per warehouse");
	left("name must be unique", "may be said of");
	left("copies never go below 1.5", "whole number");
	left("title never goes below 3", "not of a type");
	left("the color must be red", "no kind of rule");
	left("no more than 5 tickets may be open", "no kind of rule");
	left("only managers can approve an order", "no kind of rule");
	left("at most 3 loans per shelf", "no reference to \"shelf\"");
	left("a shelf cannot be lent twice", "no reference to \"a shelf\"");
}

static void what_contradicts_is_left_out(void)
{
	const char *got = said("stock never goes below 5; stock never goes below zero");

	ok(!strncmp(got, "item never_below {\"field\":\"quantity\",\"min\":5}; left: ", 53) && strstr(got, "contradicts"), "two bounds: %s", got);
	got = said("price never goes below 10; price never goes above 5");
	ok(strstr(got, "contradicts") != NULL, "nothing lies between: %s", got);
}

static void what_nothing_was_made_of_is_told(void)
{
	is_text(said("build a CRUD app for inventory with a page for each item and a search over books"), "", "an opening and names ask for nothing more");
	is_text(said("Manage books, members and loans for a small town library."), "", "nor does naming what there is");
	is_text(said("Items have a name, SKU and price; each loan belongs to a member"), "", "nor a list of fields");
	left("Nothing may ever be sold on Sundays.", "no kind of rule");
	left("build an inventory app. Send a mail each morning.", "Send a mail each morning: nothing in this blueprint does this");
	left("an app for loans with an admin login and email notifications", "admin login and email notifications");
	left("we have stock and below the shop there is zero room", "nothing in this blueprint does this");
	left("an app; prices are rounded to 5 cents", "prices are rounded to 5 cents");
	left("an app for items with a unique barcode", "unique barcode");
}

static void joined_fields_are_bound_together(void)
{
	is_text(said("quantity and price never go below zero"),
		"item never_below {\"field\":\"quantity\",\"min\":0}; item never_below {\"field\":\"price\",\"min\":0}", "both of two");
	left("quantity or price never goes below zero", "one field or of another");
	is_text(said("an app for items with a price and stock never goes below zero"), "item never_below {\"field\":\"quantity\",\"min\":0}",
		"a list of fields in front is none of them");
}

static void an_exception_takes_a_rule_back(void)
{
	left("stock never goes below zero, samples don't", "is an exception");
	is_text(said("stock never goes below zero, sku must be unique"),
		"item never_below {\"field\":\"quantity\",\"min\":0}; item unique {\"fields\":[\"sku\"]}", "another rule is none");
}

static const json_t *field(const json_t *spec, const char *of, const char *name)
{
	const json_t *f;
	size_t i;

	json_array_foreach(json_list(entity(spec, of), "fields"), i, f)
		if (!strcmp(json_text_or(f, "name", ""), name))
			return f;
	return NULL;
}

static void what_a_rule_did_goes_with_it(void)
{
	auto_json *s = cured("a book cannot be lent twice");

	ok(field(s, "loan", "returned_on") != NULL, "a rule adds the field that it needs");
	json_decref(s);
	s = cured("a book cannot be lent twice, magazines don't count");
	ok(entity(s, "loan") && !field(s, "loan", "returned_on"), "taken back, it takes the field back");
	json_decref(s);
	s = cured("SKU is unique, spare parts don't need one");
	ok(!json_flag(field(s, "item", "sku"), "unique", true), "and a field is not unique any more");
	left("quantity and price never go below zero, samples don't", "is an exception");
}

static void a_field_is_unique_by_a_rule_about_it_alone(void)
{
	auto_json *s = cured("SKU must be unique");

	ok(json_flag(field(s, "item", "sku"), "unique", false), "one field");
	json_decref(s);
	s = cured("title is unique per copies");
	ok(!json_flag(field(s, "book", "title"), "unique", true), "not one within another: %s", said("title is unique per copies"));
	json_decref(s);
	s = cured("sku and price are unique");
	ok(!json_flag(field(s, "item", "sku"), "unique", true), "nor two together");
}

static void words_set_a_field(void)
{
	auto_json *s = cured("sku and price are required. quantity never goes below zero.");
	auto_json *t = cured("the sku of the item is optional");

	ok(json_flag(field(s, "item", "sku"), "required", false) && json_flag(field(s, "item", "price"), "required", false), "required, both");
	is_whole(json_array_size(json_list(s, "settings")), 2, "and told as settings, not as rules");
	is_whole(json_array_size(json_list(entity(s, "item"), "rules")), 1, "beside the rule");
	ok(!json_flag(field(t, "item", "sku"), "required", true), "optional");
	left("sku or price is required", "one field or of another");
	left("sku or the price must be unique", "one field or of another");
	left("sku is required when it is gold", "\"when it is gold\" behind it");
	ok(strstr(said("sku is required. sku is optional."), "contradicts") != NULL, "two that contradict: %s", said("sku is required. sku is optional."));
}

static void two_bounds_are_two_rules(void)
{
	is_text(said("price is between 1 and 5"), "item never_below {\"field\":\"price\",\"min\":1}; item never_above {\"field\":\"price\",\"max\":5}", "both");
	left("price is between 5 and 1", "contradicts");
	left("price is between 1 and 5 on Sundays", "\"on Sundays\" behind it");
	is_text(said("Items have a name and a price (1-5)."),
		"item never_below {\"field\":\"price\",\"min\":1}; item never_above {\"field\":\"price\",\"max\":5}", "in brackets of a list");
}

static void what_people_write_around_a_rule_is_read(void)
{
	static const char *const rule = "item never_below {\"field\":\"quantity\",\"min\":5}";

	is_text(said("stock never goes below 5 units"), rule, "a unit behind the number");
	is_text(said("stock never goes below 5 at any time"), rule, "words that change nothing");
	left("stock never goes below 5 at all in summer", "behind it");
	left("stock never goes below 5 units per shelf", "behind it");
	is_text(said("Rules:\n- stock never goes\n  below 5\n"), rule, "a bullet over two lines");
	is_text(said("Rules:\n1. stock never goes below 5\n2. items\n"), rule, "a numbered line");
	is_text(said("items: \"stock never goes below 5\""), rule, "in quotes");
	is_text(said("items: \xE2\x80\x9Cstock never goes below 5\xE2\x80\x9D"), rule, "in typographic ones");
	is_text(said("stock  never goes   below 5"), rule, "blanks");
}

static void features_are_told_by_name(void)
{
	is_text(said("build an app for items with a page, in alphabetical order"), "", "what the blueprint has is not told");
	left("build an app for items with CSV export", "has no csv export");
	left("build an app for items with name and charts", "has no charts");
	left("items are shown in order", "nothing in this blueprint");
	left("archive items older than 2 years", "nothing in this blueprint");
	left("round prices to 5 cents", "nothing in this blueprint");
	left("quantity is 10 by default", "no kind of rule");
}

static void what_a_person_names_wins_over_what_a_model_brought(void)
{
	const char *draft = "{\"entities\":[{\"name\":\"item\",\"fields\":[\"name: text required\",\"quantity: whole\"]},"
			    "{\"name\":\"order\",\"fields\":[\"item: ref item required\",\"stock: whole\"]}]}";
	struct err e = { 0 };
	auto_json *s = NULL, *t = NULL;

	blueprint_spec_cure(&a, b, "orders. Items with name and quantity. Stock never goes below zero.", bytes_of(draft), &s, &e);
	is_whole(json_array_size(json_list(entity(s, "item"), "rules")), 1, "the field of the words, though another is called so");
	blueprint_spec_cure(&a, b, "items with name and quantity; the order quantity fills up", bytes_of(draft), &t, &e);
	ok(!entity(t, "order") && json_array_size(json_list(t, "proposed")) > 0, "a record that the words do not speak of is proposed");
	ok(entity(s, "order") != NULL, "one that they speak of stays");
}

static void a_rule_says_where_it_is_from(void)
{
	auto_json *s = cured("build an inventory app where stock never goes below zero, please");
	const json_t *r = json_array_get(json_list(entity(s, "item"), "rules"), 0);

	is_text(json_text(r, "words"), "stock never goes below zero", "the words that say it, without those around");
	is_text(json_text(r, "id"), "item-quantity-never-below", "an id");
	is_text(json_text(r, "title"), "Quantity of item never goes below 0", "a title");
	is_text(json_text(r, "class"), "NeverBelow", "and its class");
	is_text(json_text(json_array_get(json_list(r, "args"), 1), "name"), "min", "and its arguments in order");
}

static void long_words_end_in_time(void)
{
	auto_buf words = buf_max(40000);

	for (int i = 0; i < 3000; i++)
		buf_add_str(&words, i % 7 ? "stock, and " : "goes never ");
	ok(said(buf_str(&words)) != NULL, "30,000 letters without a full stop");
}

int main(void)
{
	struct err e = { 0 };

	if (!ok(blueprint_load_dir(&a, "tests/blueprints/mini", &b, &e) == 0, "the small blueprint loads %s", e.text))
		return done();
	rules_bind_to_what_is_named();
	states_become_choices();
	several_rules_in_one_sentence();
	what_is_half_understood_is_left_out();
	what_contradicts_is_left_out();
	what_nothing_was_made_of_is_told();
	joined_fields_are_bound_together();
	an_exception_takes_a_rule_back();
	what_a_rule_did_goes_with_it();
	a_field_is_unique_by_a_rule_about_it_alone();
	words_set_a_field();
	two_bounds_are_two_rules();
	what_people_write_around_a_rule_is_read();
	features_are_told_by_name();
	what_a_person_names_wins_over_what_a_model_brought();
	a_rule_says_where_it_is_from();
	long_words_end_in_time();
	arena_drop(&a);
	return done();
}
