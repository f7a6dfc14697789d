/*
 * Faults of endpoints: what is repeated, what is not, and what the message says. Then hundreds of them in one session,
 * in which no reply is lost and none counts twice.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../scripted.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

enum { RUNS = 600 };

/* A fault, then a good answer: the turn must come through it. */
static void survived(const char *answer, int attempts, const char *says, const char *name)
{
	struct model_ask q = plain();
	struct model_reply r;
	auto_buf text = buf_max(1 << 16);
	struct err e;

	buf_printf(&text, "[{\"answer\":%s,\"times\":%d},{\"answer\":{\"text\":\"good\"}}]", answer, attempts - 1);
	scenario(buf_str(&text));
	ok(turn("any", &q, &r, &e) == 0, "%s is survived %s", name, e.text);
	is_text(r.content, "good", "  the reply is the good one");
	is_text(buf_str(&shown), "good", "  and alone counts as seen");
	is_whole(r.attempts, attempts, "  after so many requests");
	if (says && !ok(strstr(buf_str(&said), says) != NULL, "  a line says \"%s\"", says))
		printf("#   said: %s\n", buf_str(&said));
	kept();
}

/* A fault that no repeating mends: one request, a clear message. */
static void refused(const char *answer, enum err_code code, const char *says, const char *name)
{
	struct model_ask q = plain();
	struct model_reply r;
	auto_buf text = buf_max(1 << 16);
	struct err e;

	q.max_tokens = 2000;
	buf_printf(&text, "{\"models\":[\"alpha\",\"beta\"],\"steps\":[{\"answer\":%s}]}", answer);
	scenario(buf_str(&text));
	ok(turn("any", &q, &r, &e) < 0 && e.code == code, "%s is refused", name);
	if (!ok(strstr(e.text, says) != NULL, "  with \"%s\": %s", says, e.text) || e.code != code)
		printf("#   code %s\n", err_code_name(e.code));
	ok(r.content == NULL, "  and nothing is handed out");
	kept();
}

static void what_is_repeated(void)
{
	int64_t before;

	survived("{\"status\":500}", 2, "answers 500", "a 500");
	survived("{\"status\":503,\"body\":\"<html>busy</html>\",\"type\":\"text/html\"}", 4, "try 4",
		 "three 503 in HTML");
	survived("{\"status\":408}", 2, "408", "a 408");
	survived("{\"status\":409}", 2, "409", "a 409");
	survived("{\"status\":425}", 2, "425", "a 425");
	before = clock_mono_ms();
	survived(
		"{\"status\":429,\"headers\":{\"Retry-After\":\"17\"},\"body\":{\"error\":{\"message\":\"slow down\"}}}",
		2, "slow down", "a 429");
	before = clock_mono_ms() - before;
	ok(before >= 17000 && before < 20000, "after what it asked for: %lld ms", (long long)before);
	before = clock_mono_ms();
	survived("{\"status\":429,\"headers\":{\"Retry-After\":\"Fri, 15 Jan 2027 08:01:00 GMT\"}}", 2, NULL,
		 "a 429 with a date");
	survived("{\"fault\":\"cut\",\"text\":\"half of this is lost, and then the rest of it too\"}", 3, "broke off",
		 "a stream cut twice");
	survived("{\"fault\":\"reset\"}", 2, "trying again", "a connection reset");
	survived("{\"fault\":\"stall\",\"text\":\"half of this\"}", 2, "stalled", "a stream that stalls");
	survived("{\"fault\":\"silent\"}", 2, "did not answer in time", "silence");
	survived("{\"text\":\"x\",\"finish\":\"\",\"done\":false}", 2, "in the middle", "a stream that just ends");
	survived(
		"{\"raw\":\"data: {\\\"choices\\\":[{\\\"delta\\\":{\\\"content\\\":\\\"a\\\"}}]}\\n\\ndata: {\\\"error\\\":{\\\"message\\\":\\\"overloaded\\\",\\\"code\\\":503}}\\n\\n\"}",
		2, "overloaded", "an error within a stream");
	survived("{\"finish\":\"network_error\",\"text\":\"par\"}", 2, "network_error", "a finish that is none");
	survived("{\"fault\":\"duplicate\"}", 2, "duplicate", "a chunk with a key twice");
	survived("{\"raw\":\"data: {nonsense\\n\\n\"}", 2, "chunk", "a chunk that is no JSON");
	survived("{\"text\":\"\"}", 2, "empty reply", "an empty reply");
}

static void what_is_not(void)
{
	refused("{\"status\":400,\"body\":{\"error\":{\"message\":\"messages: bad role\"}}}", ERR_MODEL, "bad role",
		"a 400");
	refused("{\"status\":401,\"body\":{\"error\":{\"message\":\"no\"}}}", ERR_AUTH, "set SEALWRIGHT_API_KEY",
		"a 401");
	refused("{\"status\":400,\"body\":{\"error\":{\"message\":\"the request exceeds the available context size\",\"type\":\"exceed_context_size_error\"}}}",
		ERR_LIMIT, "does not fit the context", "a transcript that is too long");
	refused("{\"status\":403}", ERR_DENIED, "forbids", "a 403");
	refused("{\"status\":404,\"body\":{\"error\":{\"message\":\"no such model\"}}}", ERR_NOT_FOUND,
		"it has: alpha, beta", "a 404");
	refused("{\"status\":402}", ERR_LIMIT, "no credit", "a 402");
	refused("{\"status\":429,\"body\":{\"error\":{\"message\":\"You exceeded your current quota\",\"code\":\"insufficient_quota\"}}}",
		ERR_LIMIT, "no credit", "a 429 that is about money");
	refused("{\"status\":302,\"headers\":{\"Location\":\"https://elsewhere.example/v1\"}}", ERR_USAGE,
		"https://elsewhere.example/v1", "a redirect");
	refused("{\"fault\":\"html\"}", ERR_MODEL, "web page", "HTML instead of JSON");
	refused("{\"fault\":\"html\",\"status\":404}", ERR_NOT_FOUND, "it has: alpha", "an HTML 404");
	refused("{\"fault\":\"gzip\"}", ERR_MODEL, "packed (gzip)", "a gzip bomb");
	refused("{\"fault\":\"endless\"}", ERR_LIMIT, "does not end", "an endless stream");
	refused("{\"fault\":\"long_line\"}", ERR_INPUT, "a line of the stream is larger than", "a line of 100 MB");
	refused("{\"fault\":\"head\"}", ERR_LIMIT, "more than 65536 bytes", "an endless head");
	refused("{\"raw\":\"hello\",\"type\":\"text/plain\"}", ERR_MODEL, "neither JSON nor a stream", "plain text");
	refused("{\"json\":[1,2]}", ERR_MODEL, "neither JSON nor", "JSON that is no reply");
	refused("{\"json\":{\"choices\":[]}}", ERR_INPUT, "no chat completion", "a reply without choices");
}

static void what_is_read_all_the_same(void)
{
	struct model_ask q = plain();
	struct model_reply r;
	struct err e;

	scenario("[{\"answer\":{\"fault\":\"utf8\"}}]");
	ok(turn("any", &q, &r, &e) == 0, "invalid UTF-8 is read %s", e.text);
	is_text(r.content, "a\xEF\xBF\xBD\xEF\xBF\xBD" "b", "with replacement characters");
	kept();
	scenario("[{\"answer\":{\"fault\":\"after_done\",\"text\":\"ok\"}}]");
	ok(turn("any", &q, &r, &e) == 0 && !strcmp(r.content, "ok"), "what comes behind the end is left %s", e.text);
	kept();
	scenario("[{\"answer\":{\"text\":\"ok\",\"usage\":null}}]");
	ok(turn("any", &q, &r, &e) == 0 && r.usage.counted && r.usage.prompt > 20 && r.usage.completion == 1,
	   "tokens are counted by us when nobody else does");
	kept();
	scenario("[{\"answer\":{\"text\":\"whole\",\"fault\":\"cut\",\"after\":100000}}]");
	ok(turn("any", &q, &r, &e) == 0 && !strcmp(r.content, "whole") && r.attempts == 1,
	   "a cut behind the last word costs nothing %s", e.text);
	kept();
}

static void patience_ends(void)
{
	struct model_choice c = { .name = "any", .base_url = base, .told = told, .patience_ms = 20000 };
	struct model_ask q = plain();
	struct model *m = NULL;
	struct model_reply r;
	struct err e = { 0 };
	int64_t before = clock_mono_ms();
	volatile int stop = 1;

	scenario("{\"loop\":true,\"steps\":[{\"answer\":{\"status\":503}}]}");
	model_open(&c, &m, &e);
	ok(model_turn(m, &a, &q, &r, &e) < 0 && e.code == ERR_BUSY && strstr(e.text, "given up after"),
	   "patience ends: %s", e.text);
	before = clock_mono_ms() - before;
	ok(before <= 20000 && before > 5000, "within what was given: %lld ms", (long long)before);
	model_close(&m);
	scenario("[{\"answer\":{\"status\":429,\"headers\":{\"Retry-After\":\"7200\"}}}]");
	model_open(&c, &m, &e);
	ok(model_turn(m, &a, &q, &r, &e) < 0 && e.code == ERR_BUSY, "a wait longer than patience is not begun: %s",
	   e.text);
	ok(strstr(e.text, "wait 7") != NULL, "and it says how long");
	model_close(&m);
	kept();
	c.base_url = "http://127.0.0.1:1/v1";
	c.patience_ms = 3600000;
	before = clock_mono_ms();
	model_open(&c, &m, &e);
	ok(model_turn(m, &a, &q, &r, &e) < 0 && e.code == ERR_NET &&
		   strstr(e.text, "127.0.0.1:1; is the server running?"),
	   "an endpoint that is down: %s", e.text);
	ok(clock_mono_ms() - before <= 2000, "is told at once, however long the patience, when it never answered");
	model_close(&m);
	c.base_url = base;
	c.stop = &stop;
	scenario("[{\"answer\":{\"fault\":\"silent\"},\"optional\":true}]");
	model_open(&c, &m, &e);
	ok(model_turn(m, &a, &q, &r, &e) < 0 && e.code == ERR_STOPPED, "a stop is a stop: %s", e.text);
	model_close(&m);
	kept();
}

static volatile int stopped;

static void stop_now(int sig)
{
	stopped = sig;
}

static void a_stop_is_seen_while_a_model_thinks(void)
{
	struct model_choice c = { .name = "any", .base_url = base, .told = told, .stop = &stopped };
	struct itimerval soon = { .it_value.tv_usec = 50000 };
	struct model_ask q = plain();
	auto_model *m = NULL;
	struct model_reply r;
	struct timespec t[2];
	struct err e = { 0 };

	scenario("[{\"answer\":{\"fault\":\"stall\",\"text\":\"half of this\"}}]");
	model_open(&c, &m, &e);
	signal(SIGALRM, stop_now);
	clock_gettime(CLOCK_MONOTONIC, &t[0]);
	setitimer(ITIMER_REAL, &soon, NULL);
	ok(model_turn(m, &a, &q, &r, &e) < 0 && e.code == ERR_STOPPED, "a stop is seen while a model thinks: %s",
	   e.text);
	clock_gettime(CLOCK_MONOTONIC, &t[1]);
	ok(t[1].tv_sec - t[0].tv_sec < 3, "at once");
	kept();
}

/* Each step faults at random before its good answer, whose number must come back once and in order. */
static void hundreds_of_faults(void)
{
	static const char *const faults[] = {
		"{\"status\":429,\"headers\":{\"Retry-After\":\"1\"}}",
		"{\"status\":500}",
		"{\"status\":503}",
		"{\"status\":529}",
		"{\"fault\":\"reset\"}",
		"{\"fault\":\"cut\",\"text\":\"a reply that will be cut in two\"}",
		"{\"fault\":\"cut\",\"after\":7}",
		"{\"fault\":\"cut\",\"after\":0}",
		"{\"raw\":\"data: {\\\"choices\\\":[\\n\\n\"}",
		"{\"text\":\"x\",\"finish\":\"\",\"done\":false}",
		"{\"fault\":\"duplicate\"}",
		"{\"status\":502,\"body\":\"<html>bad gateway</html>\",\"type\":\"text/html\"}",
		"{\"text\":\"half\",\"finish\":\"network_error\"}",
		"{\"text\":\"\"}",
		"{\"raw\":\"data: {\\\"error\\\":{\\\"message\\\":\\\"overloaded\\\"}}\\n\\n\"}",
	};
	enum { KINDS = sizeof(faults) / sizeof(*faults) };
	auto_buf steps = buf_max(1 << 20);
	struct model_ask q = with_tools();
	struct model_reply r;
	struct err e = { 0 };
	auto_model *m = NULL;
	int turns = 0, lost = 0, failed = 0;

	buf_add_char(&steps, '[');
	for (int i = 0; i < RUNS; turns++) {
		for (int n = (int)rand_below(4); n > 0 && i < RUNS; n--, i++)
			buf_printf(&steps, "{\"answer\":%s},", faults[rand_below(KINDS)]);
		if (rand_below(4) == 0 && i < RUNS) { /* a lost call, then the same whole */
			buf_printf(
				&steps,
				"{\"answer\":{\"calls\":[{\"name\":\"shell\",\"arguments\":{\"lines\":%d}}],\"lost\":true},\"times\":2},",
				turns);
			i++;
		} else {
			buf_printf(
				&steps,
				"{\"answer\":{\"calls\":[{\"name\":\"shell\",\"arguments\":{\"lines\":%d}}],\"chunk\":%d,\"split\":%d}},",
				turns, 1 + (int)rand_below(9), 1 + (int)rand_below(40));
		}
	}
	steps.p[steps.n - 1] = ']';
	ok(scenario(buf_str(&steps)), "a session of %d turns with %d faults", turns, RUNS);
	m = opened("any");
	for (int i = 0; i < turns; i++) {
		auto_arena mine = { 0 };
		char want[40];

		snprintf(want, sizeof(want), "{\"lines\":%d}", i);
		if (model_turn(m, &mine, &q, &r, &e) < 0) {
			printf("# turn %d: %s\n", i, e.text);
			failed++;
			break;
		}
		lost += r.n_calls != 1 || strcmp(r.calls[0].arguments, want) != 0;
	}
	is_whole(failed, 0, "no turn fails");
	is_whole(lost, 0, "no reply is lost or doubled");
	kept();
}

int main(void)
{
	if (!serve())
		return 1;
	what_is_repeated();
	what_is_not();
	what_is_read_all_the_same();
	patience_ends();
	a_stop_is_seen_while_a_model_thinks();
	hundreds_of_faults();
	return served();
}
