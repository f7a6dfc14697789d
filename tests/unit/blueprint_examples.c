/* Unit tests of functions by example: literals are read, nothing is evaluated, what does not agree is told. */
#include "../tap.h"
#include "base/err.h"
#include "blueprint/blueprint.h"

static struct arena a;
static struct blueprint *b;

static json_t *cured(const char *words)
{
	struct err e = { 0 };
	json_t *spec = NULL;

	if (blueprint_spec_cure(&a, b, words, bytes_of("{\"title\":\"T\",\"entities\":[{\"name\":\"item\",\"fields\":[\"name: text\",\"price: money\"]}]}"),
				&spec, &e) < 0)
		printf("# %s\n", e.text);
	return spec;
}

static const char *dumped(const json_t *v)
{
	auto_buf out = buf_max(8000);

	json_write(&out, v);
	return arena_strdup(&a, buf_str(&out));
}

/* The first function's part, as JSON. */
static const char *part(const char *words, const char *key)
{
	auto_json *s = cured(words);
	const json_t *f = json_array_get(json_list(s, "functions"), 0);

	return f ? dumped(json_object_get(f, key)) : dumped(json_object_get(s, "left_out"));
}

static void examples_are_read(void)
{
	static const char *const words = "an app for items. The late fee is 0.25 per day overdue, at most 10: late_fee(days=3) == 0.75 and late_fee(days=100) == 10.";

	is_text(part(words, "signature"), "\"def late_fee(days):\"", "a signature");
	is_text(part(words, "what"), "\"The late fee is 0.25 per day overdue, at most 10\"", "what stands before it is what it does");
	is_text(part(words, "params"), "[{\"name\":\"days\",\"type\":\"whole\"}]", "arguments have types");
	is_text(part(words, "examples"), "[{\"call\":\"late_fee(days=3)\",\"args\":{\"days\":3},\"values\":[3],\"want\":0.75},"
					 "{\"call\":\"late_fee(days=100)\",\"args\":{\"days\":100},\"values\":[100],\"want\":10}]",
		"all examples of one name are gathered");
	is_text(part(words, "id"), "\"function-late-fee\"", "an id");
	is_text(part(words, "entity"), "null", "it belongs to no entity");
}

static void every_literal_is_understood(void)
{
	is_text(part("mix(1, -2.5, 'a', \"2026-01-02\", True, None, [1, [2]], {\"k\": 1}) == [false]", "params"),
		"[{\"name\":\"a\",\"type\":\"whole\"},{\"name\":\"b\",\"type\":\"number\"},{\"name\":\"c\",\"type\":\"text\"},{\"name\":\"d\",\"type\":\"text\"},"
		"{\"name\":\"e\",\"type\":\"yes_no\"},{\"name\":\"f\",\"type\":\"text\"},{\"name\":\"g\",\"type\":\"list\"},{\"name\":\"h\",\"type\":\"record\"}]",
		"numbers, text, yes and no, none, lists, records");
	is_text(part("half(3) -> 1.5, half(4) = 2", "params"), "[{\"name\":\"value\",\"type\":\"whole\"}]", "other signs for \"equals\"");
	is_text(part("net(price, rate); net(10, 0.5) returns 5", "signature"), "\"def net(price, rate):\"", "a bare signature names the arguments");
	is_text(part("tax(10) == 1.9; tax(0.5) == 0.1", "params"), "[{\"name\":\"value\",\"type\":\"number\"}]", "types of several examples join");
}

static void what_does_not_agree_is_left_out(void)
{
	ok(strstr(part("f_one(1) == 2 and f_one(1) == 3", "id"), "contradict"), "a contradiction: %s", part("f_one(1) == 2 and f_one(1) == 3", "id"));
	ok(strstr(part("f_one(1) == 2 and f_one(1, 2) == 3", "id"), "same arguments"), "arguments that differ");
	ok(strstr(part("f_one(a=1) == 2 and f_one(b=2) == 3", "id"), "same arguments"), "names that differ");
	ok(strstr(part("f_one(os.getpid()) == 2", "id"), "more than numbers"), "a call is no literal: %s", part("f_one(os.getpid()) == 2", "id"));
	ok(strstr(part("f_one(x) == 2", "id"), "more than numbers"), "nor is a name");
	ok(strstr(part("f_one(1 == 2", "id"), "nothing in this blueprint"), "an open bracket is no call, and is told: %s", part("f_one(1 == 2", "id"));
	ok(strstr(part("eval(1) == 2", "id"), "Python has"), "a name of Python's own");
	ok(strstr(part("lambda(1) == 2", "id"), "Python has"), "a keyword");
	ok(strstr(part("LateFee(1) == 2", "id"), "small letters"), "a name in capitals: %s", part("LateFee(1) == 2", "id"));
	is_text(part("an app for item(s) with a price", "id"), "[]", "prose is no function");
}

static void the_catalogue_adds_its_own(void)
{
	auto_json *s = cured("an app for items");
	const json_t *f = json_array_get(json_list(json_array_get(json_list(s, "entities"), 0), "functions"), 0);

	is_text(json_text(f, "name"), "item_totals", "a function of the catalogue for an entity that has what it needs");
	ok(json_flag(f, "optional", false), "nobody asked for it: it is optional");
	is_text(json_text(f, "what"), "Sums of price over all items.", "its description names the fields");
}

static void rules_are_not_looked_for_in_examples(void)
{
	auto_json *s = cured("fees are at most 10 and never below 1: fee_of(days=3) == 0.75; price never goes below 2");

	is_whole(json_array_size(json_list(s, "left_out")), 0, "a description of a function is no clause that was left out");
	is_whole(json_array_size(json_list(json_array_get(json_list(s, "entities"), 0), "rules")), 1, "the rule beside it is bound");
}

int main(void)
{
	struct err e = { 0 };

	if (!ok(blueprint_load_dir(&a, "tests/blueprints/mini", &b, &e) == 0, "the small blueprint loads %s", e.text))
		return done();
	examples_are_read();
	every_literal_is_understood();
	what_does_not_agree_is_left_out();
	the_catalogue_adds_its_own();
	rules_are_not_looked_for_in_examples();
	arena_drop(&a);
	return done();
}
