/* Unit tests of base/buf and base/json. */
#include "../tap.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

static void a_buffer_stops_at_its_ceiling(void)
{
	auto_buf b = buf_max(4);
	struct err e = {0};

	ok(buf_add_str(&b, "abcd") == 0, "four bytes fit under a ceiling of four");
	ok(buf_add_str(&b, "e") < 0, "the fifth is refused");
	is_text(buf_str(&b), "abcd", "and what stood there still stands");
	ok(buf_check(&b, "note", &e) < 0 && e.code == ERR_INPUT, "the check says so");
}

static void an_empty_file_is_an_empty_text(void)
{
	for (int i = 0; i < 2; i++) { /* the first round leaves its words in the heap for the second */
		auto_buf b = buf_max(1000);
		char *room = buf_room(&b, 500);

		ok(*room == 0 && !*buf_str(&b), "room that nothing was read into is an empty text");
		memset(room, 'x', 500);
	}
}

static void json_is_read_strictly(void)
{
	static const char *const bad[] = { "{\"a\":1,\"a\":2}", "{} x", "[1,]", "\"\xff\"", "", "99999999999999999999" };
	json_t *v = NULL;
	struct err e = {0};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(json_parse(bytes_of(bad[i]), &v, &e) < 0, "refused: %s", i == 3 ? "bytes that are not UTF-8" : bad[i]);
	ok(json_parse_model(bytes_of("{\"a\":\"\\ud83d \\u0000 \xff\"}"), &v, &e) == 0,
	   "a model's lone surrogate, NUL and broken byte are cured: %s", e.text);
	json_drop(&v);
}

static void a_json_string_holds_any_bytes(void)
{
	auto_buf b = buf_max(100);

	json_write_string(&b, (struct bytes){ "a\"\\\n\x01\xff\0z", 8 });
	is_text(buf_str(&b), "\"a\\\"\\\\\\n\\u0001\xEF\xBF\xBD\xEF\xBF\xBDz\"", "quotes, controls, NUL and bad UTF-8 are written safely");
}

int main(void)
{
	a_buffer_stops_at_its_ceiling();
	an_empty_file_is_an_empty_text();
	json_is_read_strictly();
	a_json_string_holds_any_bytes();
	return done();
}
