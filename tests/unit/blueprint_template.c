/* Unit tests of blueprint/template: the subset of Mustache, and that a mistake in a template is found with its line. */
#include "../tap.h"
#include "base/arena.h"
#include "base/err.h"
#include "blueprint/template.h"

static const char *const DATA =
	"{\"name\":\"item\",\"none\":null,\"zero\":0,\"no\":false,\"empty\":\"\",\"nothing\":[],\"half\":0.5,\"price\":19.99,"
	"\"list\":[\"a\",\"b\"],\"things\":[{\"name\":\"x\",\"n\":1},{\"name\":\"y\",\"n\":2}],\"deep\":{\"er\":{\"still\":\"here\"}},"
	"\"text\":\"say \\\"hi\\\"\\n\\\\ <b> *it* \\u202e\",\"map\":{\"k\":[true,null,1.0]},\"outer\":[{\"inner\":[1,2]},{\"inner\":[3]}]}";

static char out[4096], why[1024];

static const char *made(const char *text)
{
	auto_json *v = NULL;
	auto_buf b = buf_max(4000);
	struct err e = { 0 };
	const json_t *frames[1];
	struct template t = { .name = "t", .text = bytes_of(text), .frames = frames, .frames_n = 1 };

	if (json_parse(bytes_of(DATA), &v, &e) < 0)
		return "the data is no JSON";
	frames[0] = v;
	if (template_render(&t, &b, &e) < 0) {
		snprintf(why, sizeof(why), "%s", e.text);
		return NULL;
	}
	snprintf(out, sizeof(out), "%s", buf_str(&b));
	return out;
}

static void variables_are_printed(void)
{
	is_text(made("a {{name}} {{{ name }}} {{& name}}."), "a item item item.", "in all three forms, unescaped");
	is_text(made("{{deep.er.still}}"), "here", "dotted names go down");
	is_text(made("[{{none}}{{empty}}] {{zero}} {{half}} {{price}}"), "[] 0 0.5 19.99", "null is empty, numbers are short");
	is_text(made("{{list}} {{map}}"), "[\"a\",\"b\"] {\"k\":[true,null,1.0]}", "lists and objects are compact JSON");
	is_text(made("{\"x\":{{zero}}}"), "{\"x\":0}", "a brace behind a tag is text");
}

static void literals_are_safe(void)
{
	is_text(made("{{text.py}}"), "\"say \\\"hi\\\"\\n\\\\ <b> *it* \\u202e\"", "Python text is quoted, hidden characters are escaped");
	is_text(made("{{map.py}} {{none.py}} {{no.py}} {{half.py}}"), "{\"k\": [True, None, 1.0]} None False 0.5", "and so is the rest");
	is_text(made("{{text.html}}"), "say &quot;hi&quot;\n\\ &lt;b&gt; *it* \xE2\x80\xAE", "HTML is escaped");
	is_text(made("{{text.md}}"), "say \"hi\" \\\\ &lt;b&gt; \\*it\\* \xE2\x80\xAE", "Markdown is escaped on one line");
	is_text(made("{{#list}}{{.py}}{{/list}} {{name.json}}"), "\"a\"\"b\" \"item\"", "the current element, too");
}

static void sections_follow_what_is_there(void)
{
	is_text(made("{{#no}}x{{/no}}{{#none}}x{{/none}}{{#empty}}x{{/empty}}{{#nothing}}x{{/nothing}}{{#absent}}x{{/absent}}|"), "|",
		"absent, null, false, empty text and list are skipped");
	is_text(made("{{^no}}1{{/no}}{{^none}}2{{/none}}{{^absent.deep}}3{{/absent.deep}}{{^name}}4{{/name}}"), "123",
		"an inverted section is the other way round");
	is_text(made("{{#zero}}0 counts{{/zero}}"), "0 counts", "0 counts as present");
	is_text(made("{{#things}}{{index}}{{name}}{{n}}{{^last}}, {{/last}}{{/things}}"), "0x1, 1y2", "a list is walked, index and last known");
	is_text(made("{{#things}}{{#first}}<{{/first}}{{name}}{{/things}}"), "<xy", "first is known");
	is_text(made("{{#deep}}{{#er}}{{still}}{{name}}{{/er}}{{/deep}}"), "hereitem", "an object is a context; names outside are seen");
	is_text(made("{{#outer}}{{#inner}}{{.}}{{/inner}};{{/outer}}"), "12;3;", "lists in lists");
	is_text(made("{{#deep.er}}{{still}}{{/deep.er}}"), "here", "a dotted section");
}

static void lines_of_tags_alone_vanish(void)
{
	is_text(made("a\n{{#name}}\nb\n{{/name}}\nc\n"), "a\nb\nc\n", "standalone tags leave no line");
	is_text(made("a\n  {{#name}}  \nb\n\t{{/name}}\t\nc"), "a\nb\nc", "blanks around them go, too");
	is_text(made("a\r\n{{#name}}\r\nb\r\n{{/name}}\r\n"), "a\r\nb\r\n", "with either line end");
	is_text(made("x {{#name}}\ny{{/name}}\n"), "x \ny\n", "a tag that shares its line stays where it is");
	is_text(made("a\n{{! a remark\n over two lines }}\nb"), "a\nb", "a comment is a line of its own");
	is_text(made("{{#name}}\n{{/name}}"), "", "even at the very end");
	is_text(made("{{#things}}\n- {{name}}\n{{/things}}\n"), "- x\n- y\n", "a list of lines");
	is_text(made(" {{name}}\n"), " item\n", "a variable is never standalone");
}

static void mistakes_are_found(void)
{
	ok(!made("a\nb {{nmae}}"), "an unknown name is an error: %s", why);
	is_text(why, "t:2: no such name: {{nmae}}", "which says where");
	ok(!made("{{#name}}\n\n"), "a section that is not closed: %s", why);
	ok(strstr(why, "t:1:") != NULL, "is found where it opens");
	ok(!made("{{#name}}{{/list}}") && strstr(why, "{{/list}}") == NULL, "crossed sections: %s", why);
	ok(!made("x{{/name}}"), "a close without open: %s", why);
	ok(!made("{{> part}}") && !made("{{=<% %>=}}"), "partials and delimiters: %s", why);
	ok(!made("{{name"), "an open tag: %s", why);
	ok(!made("{{}}") && !made("{{a b}}"), "no name: %s", why);
	ok(!made("{{deep.nothing}}"), "a step that leads nowhere: %s", why);
}

static void what_is_made_is_bounded(void)
{
	auto_json *v = NULL;
	auto_buf b = buf_max(1000), text = buf_max(1 << 20);
	struct err e = { 0 };
	const json_t *frames[1];
	struct template t = { .name = "t", .frames = frames, .frames_n = 1 };

	json_parse(bytes_of("{\"l\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]}"), &v, &e);
	frames[0] = v;
	for (int i = 0; i < 6; i++)
		buf_add_str(&text, "{{#l}}");
	for (int i = 0; i < 6; i++)
		buf_add_str(&text, "{{/l}}");
	t.text = buf_bytes(&text);
	ok(template_render(&t, &b, &e) < 0, "a loop of 64 million turns ends: %s", e.text);
	t.text = bytes_of("{{#l}}{{#l}}{{#l}}many{{/l}}{{/l}}{{/l}}");
	ok(template_render(&t, &b, &e) < 0 && strstr(e.text, "too large"), "and so does too large an output: %s", e.text);
	buf_clear(&text);
	for (int i = 0; i < 30; i++)
		buf_add_str(&text, "{{#l}}");
	t.text = buf_bytes(&text);
	ok(template_render(&t, &b, &e) < 0 && strstr(e.text, "too deep"), "and too deep a nest: %s", e.text);
}

int main(void)
{
	variables_are_printed();
	literals_are_safe();
	sections_follow_what_is_there();
	lines_of_tags_alone_vanish();
	mistakes_are_found();
	what_is_made_is_bounded();
	return done();
}
