/* Unit tests of blueprint/place and blueprint/python: only the function that was asked for enters a file. */
#include "../tap.h"
#include "base/err.h"
#include "blueprint/place.h"

static struct arena a;
static const char *const imports[] = { "math", "datetime", NULL };
static const char *const FILE_NOW =
	"\"\"\"A file that speaks of def late_fee(days): in its docstring.\"\"\"\n"
	"from app import core\n\n"
	"KIND = \"free\"\n\n\n"
	"def other():\n    return '''\ndef late_fee(days):\n    pass\n'''\n\n\n"
	"def late_fee(days):\n    \"\"\"What it does.\"\"\"\n    raise NotImplementedError\n\n\n"
	"AFTER = 1\n";

static const char *why;

static const char *placed(const char *answer)
{
	struct bytes out = { 0 };
	struct err e = { 0 };
	int rc;

	why = NULL;
	rc = place_function(&a, "late_fee", imports, bytes_of(FILE_NOW), bytes_of(answer), &out, &why, &e);
	if (rc < 0)
		why = arena_strdup(&a, e.text);
	return rc > 0 ? arena_memdup(&a, out.p, out.n) : NULL;
}

static void refused(const char *answer, const char *reason, const char *name)
{
	const char *got = placed(answer);

	ok(!got && why && strstr(why, reason), "%s: %s", name, why ? why : got ? got : "(no reason)");
}

static void a_function_is_placed(void)
{
	const char *got = placed("Here's the function:\n\n```python\ndef late_fee(days):\n    return min(days * 0.25, 10)\n```\nIt's simple.");

	ok(got != NULL, "from a fenced block: %s", why ? why : "");
	ok(got && strstr(got, "def late_fee(days):\n    \"\"\"What it does.\"\"\"\n    return min(days * 0.25, 10)\n\n\nAFTER = 1\n"),
	   "it stands where the old one stood, with the old docstring");
	ok(got && strstr(got, "def late_fee(days):\n    pass\n'''") && !strstr(got, "NotImplementedError"),
	   "what looks like it inside a string is left alone");
	got = placed("def late_fee(days):\n    \"\"\"Mine.\"\"\"\n    if days > 3:\n\n        # a remark\n        return 1\n    return 0\n\nThat's it: it isn't Python.");
	ok(got && strstr(got, "    return 0\n\n\nAFTER"), "bare code ends where the function ends: %s", why ? why : "");
	ok(got && !strstr(got, "What it does."), "a docstring of its own stays");
	got = placed("1. Do this:\n\n   ```python\n   def late_fee(days: int) -> float:\n       return days\n   ```\n");
	ok(got && strstr(got, "def late_fee(days: int) -> float:\n    \"\"\"What") , "an indented block is moved to the left: %s", why ? why : "");
	got = placed("```\nprint('no')\n```\n~~~python\r\ndef late_fee(days):\r\n    return 2\r\n~~~");
	ok(got && strstr(got, "return 2\n"), "from the block that has it, whatever its fence: %s", why ? why : "");
}

static void needed_imports_come_along(void)
{
	const char *got = placed("```python\nimport math\nimport os\nfrom datetime import (\n    date,\n    timedelta as td,\n)\n\n"
				 "def late_fee(days):\n    return math.ceil(days) + td(1).days\n\n# Example\nprint(late_fee(3))\n```");

	ok(got && strstr(got, "from app import core\n\nimport math\nfrom datetime import (\n    date,\n    timedelta as td,\n)\n"),
	   "the needed ones, behind those of the file: %s", why ? why : "");
	ok(got && !strstr(got, "import os") && !strstr(got, "print"), "the others and the example of use do not");
	got = placed("def late_fee(days):\n    from datetime import date\n    return date(2024, 1, days)\n");
	ok(got != NULL, "an allowed import inside is fine: %s", why ? why : "");
}

static void a_forgotten_import_is_added(void)
{
	const char *got = placed("def late_fee(days):\n    return math.ceil(days) + (datetime.date(2024, 1, 1) + datetime.timedelta(days=days)).day\n");

	ok(got && strstr(got, "import datetime\nimport math\n") && !strstr(got, "from datetime"), "of modules: %s", why ? why : "");
	got = placed("def late_fee(days):\n    d = date(2024, 1, days)\n    return (d - timedelta(days=1)).day\n");
	ok(got && strstr(got, "from datetime import timedelta\nfrom datetime import date\n"), "of names: %s", why ? why : "");
	got = placed("def late_fee(days):\n    date = days\n    re = '.'.join([])\n    return date.real\n");
	ok(got && !strstr(got, "import date") && !strstr(got, "import re\n"), "not where the function binds the name itself: %s", why ? why : "");
	got = placed("from datetime import datetime\ndef late_fee(days):\n    return datetime(2024, 1, days).day\n");
	ok(got && strstr(got, "from datetime import datetime\n") && !strstr(got, "\nimport datetime"), "nor twice: %s", why ? why : "");
	got = placed("def late_fee(days):\n    return Decimal(days)\n");
	ok(got && !strstr(got, "decimal"), "nor what the blueprint does not allow: %s", why ? why : "");
}

static void the_rest_is_refused(void)
{
	refused("I can't do that.", "no function late_fee", "no function");
	refused("```python\ndef fee(days):\n    return 1\n```", "no function late_fee", "another name");
	refused("class A:\n    def late_fee(self):\n        pass\n", "no function", "a method");
	refused("import os\ndef late_fee(days):\n    return os.getpid()\n", "imports os", "a module that is not allowed");
	refused("def late_fee(days):\n    import subprocess\n    return 1\n", "imports subprocess", "nor inside");
	refused("def late_fee(days):\n    x = 1; import os\n    return 1\n", "line of its own", "nor hidden behind a semicolon");
	refused("from math import *\ndef late_fee(days):\n    return floor(days)\n", "not taken over", "a star");
	refused("RATE = 0.25\ndef late_fee(days):\n    return RATE * days\n", "needs RATE", "a constant outside");
	refused("def helper(d):\n    return d\n\ndef late_fee(days):\n    return helper(days)\n", "needs helper", "a helper outside");
	refused("def late_fee(days):\n    return eval('days')\n", "uses eval", "eval");
	refused("def late_fee(days):\n    return f\"{eval('1')}\"\n", "uses eval", "even inside a string with code");
	refused("def late_fee(days):\n    return ().__class__.__bases__\n", "__class__", "a way around");
	refused("@cache\ndef late_fee(days):\n    return 1\n", "decorator", "a decorator");
	refused("async def late_fee(days):\n    return 1\n", "async", "async");
	refused("def late_fee(amount, days):\n    return 1\n", "(amount, days) where (days)", "other arguments");
	refused("def late_fee(days, *rest):\n    return 1\n", "(days, *rest)", "more arguments");
	refused("```python\ndef late_fee(days):\n    return (1 +\n", "breaks off", "an answer that breaks off");
	refused("```python\ndef late_fee(days):\n    return 'a\n```", "not closed", "an open string");
	refused("def late_fee(days):\n    return 1)\n", "bracket", "a bracket too many");
	refused("def late_fee(days):\n    return 1\n\ndef late_fee(days):\n    return 2\n", "", "twice");
	refused("def late_fee(days):\n    return '\xE2\x80\xAE'\n", "control", "text that turns around");
	ok(placed("def late_fee(days):\n    opened = {'open': 1}\n    return opened['open'] + 'input eval'.count('e')\n") != NULL,
	   "words in strings are no use of them: %s", why ? why : "");
}

static void a_file_without_it_is_an_error(void)
{
	struct bytes out;
	struct err e = { 0 };

	ok(place_function(&a, "gone", imports, bytes_of(FILE_NOW), bytes_of("def gone():\n    pass\n"), &out, &why, &e) < 0,
	   "and no answer's fault: %s", e.text);
}

int main(void)
{
	a_function_is_placed();
	needed_imports_come_along();
	a_forgotten_import_is_added();
	the_rest_is_refused();
	a_file_without_it_is_an_error();
	arena_drop(&a);
	return done();
}
