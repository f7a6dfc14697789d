/* Unit tests of base/conf: what is taken, what is refused, and that each refusal names its line. */
#include "../tap.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fs.h"

#include <stdlib.h>
#include <sys/stat.h>

static struct arena a;
static struct err e;

static const struct conf *parse(const char *text)
{
	struct conf *c = NULL;

	memset(&e, 0, sizeof(e));
	return conf_parse(&a, bytes_of(text), &c, &e) == 0 ? c : NULL;
}

static void refused(const char *text, const char *why, const char *name)
{
	const struct conf *c = parse(text);

	ok(!c && e.code == ERR_INPUT && strstr(e.text, why), "%s: %s", name, e.text);
}

static void what_people_write_is_read(void)
{
	const struct conf *c = parse("# top\nmodel: glm-5.1   # a comment\nmax_cost: 2.5\ntags:\n  internal: 'an internal tool'\n"
				     "list: [a, b]\nflag: no\ntime: 2h\nempty:\nquoted: \"a: b # c\"\n");
	const char *s = NULL;
	const char *const *list = NULL;
	double cost = 0;
	int64_t ms = 0;
	bool flag = true;

	if (!ok(c != NULL, "a plain file is read: %s", e.text))
		return;
	ok(conf_text(c, "model", &s, &e) == 0, "a text is had");
	is_text(s, "glm-5.1", "without its comment");
	ok(conf_text(c, "tags.internal", &s, &e) == 0 && !strcmp(s, "an internal tool"), "and one a level down");
	ok(conf_real(c, "max_cost", 0, 10, &cost, &e) == 0 && cost > 2.49 && cost < 2.51, "a number");
	ok(conf_time(c, "time", &ms, &e) == 0 && ms == 7200000, "a time");
	ok(conf_flag(c, "flag", &flag, &e) == 0 && !flag, "\"no\" is a flag where one is asked for");
	ok(conf_text(c, "flag", &s, &e) == 0 && !strcmp(s, "no"), "and the text \"no\" where a text is");
	ok(conf_texts(&a, c, "list", &list, &e) == 0 && !strcmp(list[1], "b") && !list[2], "a list");
	ok(conf_texts(&a, c, "model", &list, &e) == 0 && !strcmp(list[0], "glm-5.1") && !list[1], "one text is a list of one");
	ok(conf_text(c, "empty", &s, &e) == 0 && !*s, "nothing is an empty text");
	ok(conf_text(c, "quoted", &s, &e) == 0 && !strcmp(s, "a: b # c"), "quotes keep what they hold");
	s = "as it was";
	ok(conf_text(c, "absent", &s, &e) == 0 && !strcmp(s, "as it was"), "an absent key changes nothing");
	is_whole(conf_get(c, "tags")->key_line, 4, "a key knows its line");
	ok(conf_whole(c, "model", 0, 9, &ms, &e) < 0 && strstr(e.text, "line 2: model takes a whole number from 0 to 9, not \"glm"),
	   "a wrong type names line and key: %s", e.text);
	ok(conf_text(c, "tags", &s, &e) < 0 && strstr(e.text, "line 5"), "a map is no text: %s", e.text);
	ok(parse("") && parse("")->n == 0, "an empty file is an empty map");
	ok(parse("# nothing\n") != NULL, "and so is one of comments");
}

static void what_unfolds_or_hides_is_refused(void)
{
	auto_buf deep = buf_max(100000), wide = buf_max(400000);

	refused("a: &x [1]\n", "line 1: anchors", "an anchor");
	refused("\nb: *x\n", "line 2: aliases", "an alias");
	refused("a: 1\n<<: {b: 2}\n", "line 2: merge keys", "a merge key");
	refused("a: !!binary aGk=\n", "line 1: tags", "a tag");
	refused("a: 1\nb: 2\na: 3\n", "line 3: a stands here again; it was set in line 1", "a key given twice");
	refused("a: 1\n---\nb: 2\n", "line 2: a second document", "a second document");
	refused("[x]: 1\n", "can't be a key", "a list as key");
	refused("\"a b\": 1\n", "line 1: a key is one word", "a key of two words");
	refused("a: \"x\\0y\"\n", "control character", "a NUL in a text");
	refused("a: \"\\e[2J\"\n", "control character", "an escape sequence");
	refused("- a\n- b\n", "this is no map", "a list at the top");
	refused("just text\n", "this is no map", "a text at the top");
	refused("a: [1\nb: 2\n", "line ", "YAML that is broken");
	refused("a:\n\t- x\n", "line 2", "a tab as indentation");
	refused("a: \xff\n", "line 1", "what is not UTF-8");
	for (int i = 0; i < 5000; i++)
		buf_add_char(&deep, '[');
	refused(arena_printf(&a, "a: %s\n", buf_str(&deep)), "deeper than", "5,000 brackets");
	buf_add_str(&wide, "a: [");
	for (int i = 0; i < CONF_NODES_MAX; i++)
		buf_add_str(&wide, "1,");
	buf_add_str(&wide, "1]\n");
	refused(buf_str(&wide), "more than 10000 values", "a list without end");
	while (wide.n <= CONF_BYTES_MAX)
		buf_add_str(&wide, "# a comment\n");
	refused(buf_str(&wide), "larger than", "a file without end");
}

static void a_file_that_others_can_change_is_refused(void)
{
	char dir[] = "/tmp/conf.XXXXXX";
	struct conf *c = NULL;
	char *path;

	if (!mkdtemp(dir))
		return;
	path = arena_printf(&a, "%s/c.yml", dir);
	ok(conf_load(&a, path, &c, &e) < 0 && e.code == ERR_NOT_FOUND, "an absent file is said to be: %s", e.text);
	fs_write_atomic(path, bytes_of("a: 1\nb: [\n"), 0600, &e);
	ok(conf_load(&a, path, &c, &e) < 0 && strstr(e.text, "c.yml: line "), "a fault names file and line: %s", e.text);
	fs_write_atomic(path, bytes_of("a: 1\n"), 0600, &e);
	ok(conf_load(&a, path, &c, &e) == 0, "a file of our own is read: %s", e.text);
	chmod(path, 0666);
	c = NULL;
	ok(conf_load(&a, path, &c, &e) < 0 && e.code == ERR_DENIED && strstr(e.text, "chmod go-w"),
	   "one that others can write is denied, with the cure: %s", e.text);
	ok(c == NULL, "and nothing is handed out");
	ok(conf_load(&a, dir, &c, &e) < 0, "a folder is no file: %s", e.text);
	fs_remove_tree(dir, NULL);
}

int main(void)
{
	what_people_write_is_read();
	what_unfolds_or_hides_is_refused();
	a_file_that_others_can_change_is_refused();
	arena_drop(&a);
	return done();
}
