/*
 * JUnit XML, as pytest, Maven, Gradle, jest-junit, gotestsum and most others write it.
 *
 * Read by expat with what makes XML dangerous refused: a DOCTYPE (and with it entities and external files) ends the
 * reading, as does nesting beyond REPORT_DEPTH_MAX. A document that is cut off is an error. Failures that a testsuite
 * announces in its attributes and no testcase shows are a fault.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/err.h"
#include "suite/report.h"

#include <expat.h>
#include <math.h>
#include <stdlib.h>

struct junit {
	XML_Parser parser;
	struct report *r;
	struct err *e;
	bool bad;              /* e is set                                         */
	int depth;
	int case_depth, part_depth; /* where a testcase, a failure in it stands; 0 */
	int64_t announced, bad_tests;
	struct report_entry x;
	struct buf name, file, message;
};

static void stop(struct junit *j, enum err_code code, const char *why)
{
	if (!j->bad)
		err_set(j->e, code, "%s", why);
	j->bad = true;
	XML_StopParser(j->parser, XML_FALSE);
}

static const char *attribute(const char **attrs, const char *name)
{
	for (; *attrs; attrs += 2)
		if (!strcmp(attrs[0], name))
			return attrs[1];
	return NULL;
}

static int64_t whole_attribute(const char **attrs, const char *name)
{
	const char *s = attribute(attrs, name);
	long long n = s ? strtoll(s, NULL, 10) : 0;

	return n > 0 && n < 1000000000 ? n : 0;
}

static void case_start(struct junit *j, const char **attrs)
{
	const char *class = attribute(attrs, "classname"), *name = attribute(attrs, "name"), *file = attribute(attrs, "file"),
		   *time = attribute(attrs, "time");
	double seconds = time ? strtod(time, NULL) : 0;

	buf_clear(&j->name);
	buf_clear(&j->file);
	buf_clear(&j->message);
	if (class && *class)
		buf_printf(&j->name, "%.400s.", class);
	buf_printf(&j->name, "%.400s", name ? name : "");
	if (file)
		buf_printf(&j->file, "%.499s", file);
	j->case_depth = j->depth;
	j->x = (struct report_entry){
		.state = TEST_PASSED, .line = (int)whole_attribute(attrs, "line"),
		.ms = isfinite(seconds) && seconds > 0 && seconds < 1e9 ? (int64_t)(seconds * 1000) : 0,
	};
}

static void part_start(struct junit *j, const char *element, const char **attrs)
{
	enum test_state s = !strcmp(element, "failure") ? TEST_FAILED : !strcmp(element, "error") ? TEST_ERROR : TEST_SKIPPED;
	const char *message = attribute(attrs, "message"), *type = attribute(attrs, "type");

	j->part_depth = j->depth;
	if (s != TEST_SKIPPED || j->x.state == TEST_PASSED)
		j->x.state = s;
	if (message && *message)
		buf_printf(&j->message, "%.4000s\n", message);
	else if (type && *type)
		buf_printf(&j->message, "%.400s\n", type);
}

static void XMLCALL on_start(void *arg, const char *element, const char **attrs)
{
	struct junit *j = arg;

	if (++j->depth > REPORT_DEPTH_MAX) {
		stop(j, ERR_INPUT, "elements are nested too deep");
		return;
	}
	if (j->depth == 1 && strcmp(element, "testsuites") && strcmp(element, "testsuite"))
		stop(j, ERR_INPUT, "the root element is neither testsuites nor testsuite");
	else if (!strcmp(element, "testsuite") || !strcmp(element, "testsuites"))
		j->announced += whole_attribute(attrs, "failures") + whole_attribute(attrs, "errors");
	else if (!strcmp(element, "testcase") && !j->case_depth)
		case_start(j, attrs);
	else if (j->case_depth && !j->part_depth &&
		 (!strcmp(element, "failure") || !strcmp(element, "error") || !strcmp(element, "skipped")))
		part_start(j, element, attrs);
}

static void XMLCALL on_text(void *arg, const char *s, int n)
{
	struct junit *j = arg;
	size_t room = j->message.max - j->message.n;

	if (j->part_depth)
		buf_add(&j->message, s, (size_t)n < room ? (size_t)n : room);
}

static void XMLCALL on_end(void *arg, const char *element)
{
	struct junit *j = arg;

	(void)element;
	if (j->part_depth == j->depth) {
		j->part_depth = 0;
	} else if (j->case_depth == j->depth) {
		j->case_depth = 0;
		j->x.name = buf_bytes(&j->name);
		j->x.file = buf_bytes(&j->file);
		j->x.message = bytes_trim(buf_bytes(&j->message));
		if (j->x.state == TEST_FAILED || j->x.state == TEST_ERROR) {
			struct bytes file = { 0 };
			int line = text_place(j->x.message, j->x.file, &file);

			j->bad_tests++;
			if (line)
				j->x.line = line;
			if (line && !j->x.file.n)
				j->x.file = file;
		}
		if (report_add(j->r, &j->x, NULL, j->e) < 0) {
			j->bad = true;
			XML_StopParser(j->parser, XML_FALSE);
		}
	}
	j->depth--;
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *system, const char *public, int internal)
{
	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	stop(arg, ERR_INPUT, "a test report with a DOCTYPE is refused");
}

/* In one piece: expat looks at an unfinished token again with each piece, which costs the square of its length. */
static int run(struct junit *j, struct bytes in)
{
	if (XML_Parse(j->parser, in.p, (int)in.n, XML_TRUE) == XML_STATUS_OK)
		return 0;
	if (!j->bad)
		err_set(j->e, ERR_INPUT, "line %lu: %s", XML_GetCurrentLineNumber(j->parser),
			XML_ErrorString(XML_GetErrorCode(j->parser)));
	return -1;
}

int junit_parse(struct report *r, struct bytes in, struct err *e)
{
	struct junit j = {
		.parser = XML_ParserCreate(NULL), .r = r, .e = e,
		.name = buf_max(1024), .file = buf_max(1024), .message = buf_max(16 << 10),
	};
	int result;

	if (!j.parser || !in.n || in.n > REPORT_BYTES_MAX) {
		XML_ParserFree(j.parser);
		return err_set(e, ERR_INPUT, "JUnit report: it %s", in.n ? "is too large" : "is empty");
	}
	XML_SetUserData(j.parser, &j);
	XML_SetElementHandler(j.parser, on_start, on_end);
	XML_SetCharacterDataHandler(j.parser, on_text);
	XML_SetStartDoctypeDeclHandler(j.parser, on_doctype);
	result = run(&j, in);
	XML_ParserFree(j.parser);
	buf_drop(&j.name);
	buf_drop(&j.file);
	buf_drop(&j.message);
	if (result < 0)
		return err_wrap(e, "JUnit report");
	r->ended = true;
	if (j.announced && !j.bad_tests)
		report_fault(r, "the JUnit report announces %lld failures and shows none", (long long)j.announced);
	return 0;
}
