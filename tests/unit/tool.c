/* Unit tests of tool/: what a model may ask for, and what a hostile one may not. */
#include "../tap.h"
#include "base/err.h"
#include "base/fs.h"
#include "tool/tool.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct arena a;
static const char *top;
static struct toolbox box;
static struct sandbox sandbox;
static struct tool_result r;
static const char *const protect[] = { "tests/test_stock.py", "spec/", NULL };

static const char *call(const char *name, const char *arguments)
{
	struct err e = { 0 };

	r = (struct tool_result){ 0 };
	if (tool_call(&box, &a, name, bytes_of(arguments), &r, &e) < 0)
		return arena_printf(&a, "error: %s", e.text);
	return r.text ? r.text : "(no text)";
}

static char *path(const char *name)
{
	return arena_printf(&a, "%s/tree/%s", top, name);
}

static void put(const char *name, const char *text)
{
	struct err e = { 0 };

	fs_make_dirs_beneath(box.dir, ".", &e);
	if (fs_write_atomic(path(name), bytes_of(text), 0644, &e) < 0)
		printf("# %s\n", e.text);
}

static const char *get(const char *name)
{
	auto_buf b = buf_max(1 << 20);

	return fs_read_file(path(name), &b, NULL) < 0 ? "(none)" : arena_memdup(&a, buf_str(&b), b.n);
}

#define has(name, args, part, what) do { \
	const char *got = call(name, args); \
	ok(got && strstr(got, part) != NULL, "%s", what); \
	if (got && !strstr(got, part)) \
		printf("#      got: %.300s\n#   wanted: %s\n", got, part); \
} while (0)
#define refused(name, args, part, what) do { has(name, args, part, what); ok(r.failed, "  as a failure"); } while (0)

static void arguments(void)
{
	put("a.txt", "one\ntwo\nthree\n");
	refused("reed", "{}", "no tool reed", "a tool that does not exist");
	refused("read", "{\"path\":", "not JSON", "arguments that are no JSON");
	ok(r.malformed, "  which is malformed");
	refused("read", "[1]", "must be a JSON object", "arguments that are no object");
	refused("read", "{}", "needs the argument path; it takes: path, offset, limit", "a missing argument");
	refused("read", "{\"path\":\"a.txt\",\"lines\":3}", "no argument lines", "a name that is not declared");
	refused("read", "{\"path\":7}", "path must be a string", "a wrong type");
	refused("read", "{\"path\":\"a.txt\",\"limit\":\"many\"}", "limit must be an integer", "a word for a number");
	has("read", "{\"path\":\"a.txt\",\"limit\":\"1\"}", "1\tone\n[lines 1 to 1 of 3", "a number as a string is taken");
	has("read", "{\"path\":\"a.txt\",\"offset\":null}", "3\tthree", "null is absence");
	refused("read", "{\"path\":\"a\\u0000b\"}", "No such file", "a NUL in a path is no end of it");
}

static void reading(void)
{
	put("crlf.txt", "a\r\nb\r\n");
	put("empty", "");
	refused("read", "{\"path\":\"none.txt\"}", "No such file", "a file that is not there");
	is_text(call("read", "{\"path\":\"crlf.txt\"}"), "1\ta\n2\tb\n", "CR is not shown");
	has("read", "{\"path\":\"a.txt\",\"offset\":2,\"limit\":1}", "2\ttwo\n[lines 2 to 2 of 3; go on with offset]", "a part of a file");
	refused("read", "{\"path\":\"a.txt\",\"offset\":9}", "has 3 lines", "an offset behind the end");
	is_text(call("read", "{\"path\":\"empty\"}"), "[empty file]", "an empty file");
	has("read", "{\"path\":\".\"}", "a.txt\n", "a folder is listed");
	has("read", "{\"path\":\"./tests//test_stock.py\"}", "1\tassert", "a sloppy path, and a protected file, can be read");
	has("read", arena_printf(&a, "{\"path\":\"%s/tree/a.txt\"}", top), "1\tone", "an absolute path within the tree is understood");
	{
		char *big = arena_alloc(&a, 60001);

		memset(big, 'x', 60000);
		put("long", big);
		ok(strlen(call("read", "{\"path\":\"long\"}")) < 1200 && strstr(r.text, "59000 bytes more on this line"), "a long line is cut");
		for (int i = 1; i < 60000; i += 2)
			big[i] = '\n';
		put("many", big);
		ok(strlen(call("read", "{\"path\":\"many\",\"limit\":30000}")) <= TOOL_RESULT_MAX && strstr(r.text, "go on with offset"),
		   "many lines are cut, and how to go on is told");
	}
	{
		int fd = open(path("bin"), O_WRONLY | O_CREAT, 0644);

		ok(write(fd, "a\0b", 3) == 3, "(a binary file)");
		close(fd);
	}
	refused("read", "{\"path\":\"bin\"}", "binary (3 bytes)", "a binary file");
	has("read", "{\"path\":\"crlf.txt\",\"offset\":2,\"limit\":9223372036854775807}", "lines 2 to 2 of 2", "a limit without end is one");
	ok(mkfifo(path("fifo"), 0644) == 0, "(a fifo)");
	refused("read", "{\"path\":\"fifo\"}", "neither a file nor a folder", "a fifo does not hold us");
	ok(truncate(path("sparse"), 0) < 0 && close(open(path("sparse"), O_CREAT | O_WRONLY, 0644)) == 0 &&
	   truncate(path("sparse"), (off_t)1 << 33) == 0, "(a file of 8 GiB)");
	refused("read", "{\"path\":\"sparse\"}", "8589934592 bytes", "a huge file");
	unlink(path("sparse"));
}

static void writing(void)
{
	has("write", "{\"path\":\"new/deep/x.sh\",\"content\":\"a\\nb\"}", "made new/deep/x.sh, 2 lines", "a file is made with its folders");
	is_text(get("new/deep/x.sh"), "a\nb", "  and holds the text");
	ok(r.changed && !strcmp(r.file, "new/deep/x.sh"), "  as a change");
	chmod(path("new/deep/x.sh"), 0755);
	has("write", "{\"path\":\"new/deep/x.sh\",\"content\":\"c\\n\"}", "replaced", "a file is replaced");
	{
		struct stat st;

		ok(stat(path("new/deep/x.sh"), &st) == 0 && (st.st_mode & 0777) == 0755, "  and keeps its mode");
	}
	has("edit", "{\"path\":\"new/deep/x.sh\",\"old\":\"c\",\"new\":\"d\"}", "replaced in new/deep/x.sh, line 1", "an edit");
	is_text(get("new/deep/x.sh"), "d\n", "  is in the file");
	refused("edit", "{\"path\":\"a.txt\",\"old\":\"four\",\"new\":\"4\"}", "Nothing was changed", "old that is not there");
	refused("edit", "{\"path\":\"a.txt\",\"old\":\"three \\nfour\",\"new\":\"4\"}", "most like it:\n2\ttwo\n3\tthree", "  the nearest lines are shown");
	put("twice", "x\ny\nx\n");
	refused("edit", "{\"path\":\"twice\",\"old\":\"x\",\"new\":\"z\"}", "2 places (exactly): lines 1, 3", "an ambiguous one");
	has("edit", "{\"path\":\"twice\",\"old\":\"x\",\"new\":\"z\",\"all\":\"true\"}", "replaced 2 places", "  all of them, when asked");
	refused("edit", "{\"path\":\"a.txt\",\"old\":\"one\",\"new\":\"one\"}", "the same", "nothing to change");
	refused("edit", "{\"path\":\"a.txt\",\"old\":\"\",\"new\":\"one\"}", "old is empty", "an empty old");
	refused("edit", "{\"path\":\"nofile\",\"old\":\"a\",\"new\":\"b\"}", "make it with write", "a file that is not there");
	refused("write", "{\"path\":\"new\",\"content\":\"\"}", "is a folder", "a folder is not overwritten");
	refused("write", "{\"path\":\"a.txt/x\",\"content\":\"\"}", "Not a directory", "a file is no folder");
	has("search", "{\"glob\":\".sealwright-*\"}", "nothing found", "no temporary file is left");
}

static void what_is_protected(void)
{
	static const char *const names[] = { ".git/config", ".git/hooks/pre-commit", "sub/.git/hooks/x", ".GIT/config", ".sealwright/plan.json",
					     "tests/test_stock.py", "./tests/../tests/test_stock.py", "spec/new.md", "tests//test_stock.py", ".git" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		call("write", arena_printf(&a, "{\"path\":\"%s\",\"content\":\"x\"}", names[i]));
		ok(r.failed, "%s cannot be written", names[i]);
	}
	is_text(get("tests/test_stock.py"), "assert 1\n", "the protected test is as it was");
	refused("edit", "{\"path\":\"tests/test_stock.py\",\"old\":\"1\",\"new\":\"0\"}", "protected", "nor edited");
	refused("read", "{\"path\":\".git/config\"}", "git's own", "nor is .git read");
	has("search", "{\"pattern\":\"SECRET\"}", "nothing found", "nor searched");
	ok(symlink(".git", path("innocent")) == 0 && symlink("tests", path("link")) == 0 && symlink("spec", path("s2")) == 0, "(links within the tree)");
	refused("write", "{\"path\":\"innocent/hooks/post-commit\",\"content\":\"x\"}", "protected", "not through a link to .git");
	refused("write", "{\"path\":\"innocent/new/x\",\"content\":\"x\"}", "", "nor by making folders there");
	ok(access(path(".git/new"), F_OK) < 0, "  none is made");
	refused("write", "{\"path\":\"link/test_stock.py\",\"content\":\"x\"}", "protected", "not a protected file through a linked folder");
	refused("write", "{\"path\":\"s2/x\",\"content\":\"x\"}", "protected", "nor into a protected folder");
	refused("read", "{\"path\":\"innocent/config\"}", "link into .git", "nor read through a link");
	is_text(get(".git/config"), "SECRET\n", ".git is as it was");
}

static void what_leads_out(void)
{
	put("../outside.txt", "SECRET\n");
	ok(symlink("../outside.txt", path("out")) == 0 && symlink("/etc/passwd", path("pw")) == 0 && symlink("..", path("up")) == 0 &&
	   symlink("/", path("root")) == 0 && symlink("loop", path("loop")) == 0 && symlink("dangling-target", path("dangling")) == 0, "(links that lead out)");
	static const char *const names[] = { "/etc/passwd", "../outside.txt", "a/../../outside.txt", "out", "pw", "up/outside.txt", "root/etc/passwd",
					     "loop", "/proc/self/environ", "root/proc/self/environ", "", "tree\\n", "up/tree/../outside.txt" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		call("read", arena_printf(&a, "{\"path\":\"%s\"}", names[i]));
		ok(r.failed && !strstr(r.text, "SECRET\n") && !strstr(r.text, "root:"), "%s cannot be read", *names[i] ? names[i] : "(nothing)");
		call("write", arena_printf(&a, "{\"path\":\"%s\",\"content\":\"x\"}", names[i]));
		ok(r.failed, "nor written");
		call("search", arena_printf(&a, "{\"path\":\"%s\",\"pattern\":\"SECRET|root\"}", *names[i] ? names[i] : "/etc"));
		ok(!strstr(r.text, "SECRET\n") && !strstr(r.text, "root:"), "nor searched");
	}
	call("write", "{\"path\":\"dangling\",\"content\":\"x\"}");
	ok(r.failed && access(path("dangling-target"), F_OK) < 0, "a dangling link makes no file elsewhere");
	{
		auto_buf b = buf_max(100);

		fs_read_file(arena_printf(&a, "%s/outside.txt", top), &b, NULL);
		is_text(buf_str(&b), "SECRET\n", "what stands outside is as it was");
	}
	ok(link(arena_printf(&a, "%s/outside.txt", top), path("hard")) == 0, "(a hard link to the outside)");
	call("write", "{\"path\":\"hard\",\"content\":\"x\"}");
	{
		auto_buf b = buf_max(100);

		fs_read_file(arena_printf(&a, "%s/outside.txt", top), &b, NULL);
		is_text(buf_str(&b), "SECRET\n", "a write parts a hard link rather than going through it");
	}
	call("read", arena_printf(&a, "{\"path\":\"%s/spill/../outside.txt\"}", top));
	ok(r.failed, "the spill folder is no way out");
}

static void large_arguments(void)
{
	size_t n = 10 << 20;
	char *args = arena_alloc(&a, n + 100), *p = args;

	p += sprintf(p, "{\"path\":\"big.txt\",\"content\":\"");
	memset(p, 'x', n);
	strcpy(p + n, "\"}");
	refused("write", args, "at most 4194304 are taken", "arguments of 10 MB");
	ok(access(path("big.txt"), F_OK) < 0, "  nothing is written");
	memset(args, '[', 100000);
	args[100000] = 0;
	refused("read", args, "nested deeper", "nesting of a hundred thousand");
}

static void searching(void)
{
	put("src.py", "def stock():\n    return 'm\xC3\xA4""ngel'\n\n# STOCK\n");
	put("x.log", "stock\n");
	put(".gitignore", "*.log\n");
	is_text(call("search", "{\"pattern\":\"^def \\\\w+\"}"), "src.py:1: def stock():\n", "contents by regular expression");
	is_text(call("search", "{\"pattern\":\"(?i)stock\\\\b\",\"glob\":\"*.py\",\"path\":\".\"}"),
		"src.py:1: def stock():\nsrc.py:4: # STOCK\n", "every line, in order; what git ignores is left out");
	has("search", "{\"pattern\":\"m\xC3\xA4n.el\"}", "src.py:2:", "beyond ASCII");
	has("search", "{\"glob\":\"*.sh\"}", "new/deep/x.sh\n", "names by glob");
	has("search", "{\"pattern\":\"^c|^d\",\"path\":\"new/deep\"}", "new/deep/x.sh:1: d", "in a folder");
	has("search", "{\"pattern\":\"two\",\"path\":\"a.txt\"}", "a.txt:2: two", "in one file");
	refused("search", "{\"pattern\":\"(\"}", "the pattern is wrong at its byte", "a pattern that is none");
	has("search", "{\"pattern\":\"zzz\"}", "nothing found", "nothing");
	{
		char *as = arena_alloc(&a, 40002);

		memset(as, 'a', 40000);
		strcpy(as + 40000, "!");
		put("redos.txt", as);
		has("search", "{\"pattern\":\"^(a+)+$\",\"glob\":\"redos.txt\"}", "costs too much", "a pattern that explodes is ended");
		unlink(path("redos.txt"));
		has("search", "{\"pattern\":\".\",\"glob\":\"many\"}", "more than is shown: ", "a flood of hits is bounded, and that is told");
	}
}

static void planning(void)
{
	is_text(call("plan", "{}"), "the plan is empty", "an empty plan");
	is_text(call("plan", "{\"steps\":[{\"step\":\"read\",\"state\":\"done\"},{\"step\":\"write\",\"state\":\"doing\"}]}"), "[x] read\n[>] write\n", "a plan is kept");
	ok(r.changed, "  as a change");
	is_text(call("plan", "{}"), "[x] read\n[>] write\n", "and shown");
	refused("plan", "{\"steps\":[{\"step\":\"a\\nb\",\"state\":\"done\"}]}", "step 1: each has", "a step of two lines");
	refused("plan", "{\"steps\":[{\"step\":\"a\",\"state\":\"passed\"}]}", "step 1", "a state that there is not");
	is_text(call("plan", "{}"), "[x] read\n[>] write\n", "  leaves the plan as it is");
	is_text(call("finish", "{\"summary\":\"all good\"}"), "all good", "finish");
	ok(r.finished, "  ends");
}

static void commands(void)
{
	const char *spilled;

	ok(strstr(call("shell", "{\"command\":\"echo hi; pwd\"}"), "hi\n") && strstr(r.text, "/tree\n[0, "), "a command runs in the tree");
	call("shell", "{\"command\":\"echo no >&2; exit 3\"}");
	ok(r.failed && r.status == 3 && !strncmp(r.text, "no\n[3, ", 7), "its status is told, stderr shown");
	call("shell", "{\"command\":\"read x; echo got=$x; printf '\\\\033[31mred\\\\033[0m 1%%\\\\r2%%\\\\n'; echo $PAGER\"}");
	ok(strstr(r.text, "got=\n2%\n"), "stdin is empty, colours and redraws are gone");
	call("shell", "{\"command\":\"echo before; sleep 30\",\"limit_s\":1}");
	ok(strstr(r.text, "before\n[ended at its time limit of 1 s") && r.failed, "the time limit, and what was printed so far");
	call("shell", "{\"command\":\"seq 1 20000; echo end\"}");
	ok(r.n < TOOL_RESULT_MAX && !strncmp(r.text, "1\n2\n", 4) && strstr(r.text, "20000\nend\n[0, "), "a long output keeps its ends");
	ok(r.spill && strstr(r.text, r.spill) && strstr(r.text, "bytes printed"), "  the rest is in a file that is named");
	spilled = r.spill;
	has("read", arena_printf(&a, "{\"path\":\"%s\",\"offset\":10000,\"limit\":2}", spilled), "10000\t10000\n10001\t10001", "  which can be read");
	has("search", arena_printf(&a, "{\"path\":\"%s\",\"pattern\":\"^1234.$\"}", spilled), "12340", "  and searched");
	call("write", arena_printf(&a, "{\"path\":\"%s\",\"content\":\"x\"}", spilled));
	ok(r.failed, "  and not written");
	call("shell", "{\"command\":\"kill -9 $$\"}");
	ok(strstr(r.text, "signal 9") != NULL, "a signal is told");
}

static void the_list_of_tools(void)
{
	static const char *const two[] = { "write", "read", NULL };
	auto_buf b = buf_max(64 << 10);
	auto_json *v = NULL;
	struct err e = { 0 };

	ok(tool_list_json(&b, NULL) == 0 && json_parse(buf_bytes(&b), &v, &e) == 0 && json_array_size(v) == 7, "the list is JSON %s", e.text);
	ok(b.n < 4000, "and short: %zu bytes", b.n);
	buf_clear(&b);
	json_decref(v);
	v = NULL;
	ok(tool_list_json(&b, two) == 0 && json_parse(buf_bytes(&b), &v, &e) == 0, "of named tools");
	is_text(json_text(json_array_get(v, 0), "name"), "read", "in the table's order");
}

static char refusal[200];

static void refused_is(void *arg, const struct sandbox_refusal *x)
{
	(void)arg;
	snprintf(refusal, sizeof(refusal), "%s %s", x->wall, x->what);
}

/* One warm sandbox for all calls. */
static void inside(void)
{
	box.on_refused = refused_is;
	call("shell", "{\"command\":\"echo kept >/tmp/kept; echo made >made.txt; ln -s /etc/passwd leads-out; umask 077; echo x >private.sh\"}");
	has("shell", "{\"command\":\"cat /tmp/kept\"}", "kept\n[0, ", "what a command leaves in /tmp, the next one finds");
	has("read", "{\"path\":\"made.txt\"}", "made", "a file tool reads what a command made");
	refused("read", "{\"path\":\"leads-out\"}", "leads out", "  and no link of its out of the tree");
	has("edit", "{\"path\":\"private.sh\",\"old\":\"x\",\"new\":\"y\"}", "replaced", "  and edits what is its alone");
	has("shell", "{\"command\":\"cat private.sh; echo more >>private.sh && stat -c %U private.sh\"}", "y\nagent\n[0, ", "which it owns as before");
	has("shell", "{\"command\":\"touch tests/test_stock.py spec/x; echo x >.git/config\"}", "Read-only", "what is protected is so for commands");
	is_text(refusal, "", "which is no harm worth telling");
	has("shell", "{\"command\":\"unshare -m true\"}", ", refused by the sandbox]", "what the sandbox refused, the model hears of");
	ok(!strstr(r.text, "seccomp"), "  without a word on the walls");
	ok(!strncmp(refusal, "seccomp ", 8), "  and a person hears by which: %s", refusal);
	has("shell", "{\"command\":\"true\"}", " ms]", "the next command has nothing of that");
	box.command_ms = 500;
	has("shell", "{\"command\":\"sleep 20\",\"limit_s\":10}", "time limit of 1 s", "a profile's time is the most that a command gets");
	box.command_ms = 0;
	toolbox_leave(&box);
	refused("shell", "{\"command\":\"cat /tmp/kept\"}", "No such file", "with the warm sandbox goes what it kept");
	has("read", "{\"path\":\"made.txt\"}", "made", "and not what is in the tree");
}

static void all_of(enum sandbox_backend backend)
{
	char at[] = "/tmp/tool.XXXXXX";
	struct err e = { 0 };

	top = mkdtemp(at);
	if (!ok(top != NULL, "(a folder)"))
		return;
	mkdir(arena_printf(&a, "%s/tree", top), 0755);
	ok(toolbox_open(&box, arena_printf(&a, "%s/tree", top), &sandbox, arena_printf(&a, "%s/spill", top), &e) == 0, "a toolbox opens %s", e.text);
	sandbox = (struct sandbox){ .backend = backend, .tree = box.tree };
	box.protect = protect;
	mkdir(path(".git"), 0755);
	mkdir(path(".git/hooks"), 0755);
	mkdir(path("tests"), 0755);
	mkdir(path("spec"), 0755);
	put(".git/config", "SECRET\n");
	put("tests/test_stock.py", "assert 1\n");
	arguments();
	reading();
	writing();
	what_is_protected();
	what_leads_out();
	large_arguments();
	searching();
	planning();
	commands();
	if (backend == SANDBOX_OWN)
		inside();
	toolbox_close(&box);
	fs_remove_tree(top, NULL);
}

int main(void)
{
	all_of(SANDBOX_OFF);
	if (sandbox_probe()->level >= 2) {
		printf("# in the sandbox\n");
		all_of(SANDBOX_OWN);
	} else {
		printf("ok %d - the tools in the sandbox # SKIP %s\n", ++tap_n, sandbox_probe()->why);
	}
	the_list_of_tools();
	arena_drop(&a);
	return done();
}
