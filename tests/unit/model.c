/*
 * Turns: what is asked, what comes back, in which way, and where a key goes. Faults are in faults.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../scripted.h"

static void a_plain_turn(void)
{
	struct model_ask q = plain();
	struct model_reply r;
	struct err e;

	scenario(
		"[{\"expect\":{\"path\":\"/v1/chat/completions\",\"model\":\"any\",\"stream\":true,\"tools\":null,\"auth\":null,"
		"\"roles\":[\"system\",\"user\"],\"body\":{\"stream_options\":{\"include_usage\":true}},\"has_not\":[\"temperature\"]},"
		"\"answer\":{\"text\":\"Hello, wörld! \\ud83d\\ude00\",\"reasoning\":\"hm\\n <b>\",\"split\":3,\"eol\":\"\\r\\n\",\"comments\":true,"
		"\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":7,\"prompt_tokens_details\":{\"cached_tokens\":60}}}}]");
	ok(turn("any", &q, &r, &e) == 0, "a turn works %s", e.text);
	is_text(r.content, "Hello, wörld! \xF0\x9F\x98\x80", "its text is whole though every character was split");
	is_text(r.reasoning, "hm\n <b>", "so is the reasoning");
	is_text(r.message,
		"{\"role\":\"assistant\",\"content\":\"Hello, wörld! \xF0\x9F\x98\x80\",\"reasoning_content\":\"hm\\n <b>\"}",
		"the message for the transcript has both");
	is_text(buf_str(&shown), r.content, "and it was seen as it came");
	ok(r.finish == FINISH_STOP && r.attempts == 1 && !r.lost, "it ended by itself");
	ok(r.usage.prompt == 100 && r.usage.cached == 60 && r.usage.completion == 7 && !r.usage.counted,
	   "usage is the server's");
	ok(r.usage.cost <= 0, "a server on this machine costs nothing");
	kept();
}

static void calls_are_put_together(void)
{
	struct model_ask q = with_tools();
	struct model_reply r;
	struct err e;

	scenario(
		"[{\"expect\":{\"tools\":[\"shell\",\"finish\"]},\"answer\":{\"text\":\"ok\",\"chunk\":3,\"calls\":["
		"{\"name\":\"shell\",\"arguments\":{\"command\":\"echo \\\"ä\\\"\"},\"id\":\"c1\"},{\"name\":\"finish\",\"arguments\":\"\",\"id\":\"c2\"}]}}]");
	ok(turn("any", &q, &r, &e) == 0, "a turn with calls works %s", e.text);
	is_whole(r.n_calls, 2, "both calls are there");
	if (r.n_calls == 2) {
		is_text(r.calls[0].name, "shell", "the first by name");
		is_text(r.calls[0].arguments, "{\"command\":\"echo \\\"ä\\\"\"}", "with its arguments");
		is_text(r.calls[1].arguments, "{}", "no arguments are an empty object");
		ok(!r.calls[0].bad && !r.calls[1].bad, "and both can be run");
	}
	ok(r.finish == FINISH_CALLS && r.way == WAY_NATIVE && !r.lost, "natively");
	ok(strstr(r.message,
		  "\"tool_calls\":[{\"id\":\"c1\",\"type\":\"function\",\"function\":{\"name\":\"shell\",\"arguments\":\"{\\\"command\\\"") !=
		   NULL,
	   "the message holds them");
	kept();
}

/* One answer of a server, one call expected of it: shell {"command":"ls"}. */
static void one_call(const char *answer, const char *name, const char *lost)
{
	struct model_ask q = with_tools();
	struct model_reply r;
	struct err e;
	auto_buf text = buf_max(1 << 16);

	buf_printf(&text, "[{\"answer\":%s}]", answer);
	scenario(buf_str(&text));
	ok(turn("any", &q, &r, &e) == 0, "%s %s", name, e.text);
	is_whole(r.n_calls, 1, "  is one call");
	if (r.n_calls == 1) {
		is_text(r.calls[0].name, "shell", "  of the shell");
		is_text(r.calls[0].arguments, "{\"command\":\"ls\"}", "  with its arguments");
		is_text(r.calls[0].bad, NULL, "  that can be run");
	}
	ok(r.finish == FINISH_CALLS, "  and the turn goes on");
	if (lost)
		ok(r.lost && strstr(r.lost, lost), "  it is told: %s", r.lost ? r.lost : "(nothing)");
	else
		is_text(r.lost, NULL, "  nothing is lost");
	kept();
}

#define LS "\"calls\":[{\"name\":\"shell\",\"arguments\":{\"command\":\"ls\"}}]"

static void careless_servers(void)
{
	one_call("{" LS ",\"index\":\"none\"}", "a call without an index", NULL);
	one_call("{" LS ",\"chunk\":1,\"split\":1}", "a call letter by letter, byte by byte", NULL);
	one_call("{" LS ",\"finish\":\"stop\"}", "a call that ends with \"stop\"", NULL);
	one_call("{" LS ",\"done\":false}", "a stream without [DONE]", NULL);
	one_call("{" LS ",\"whole\":true}", "JSON instead of a stream", NULL);
	one_call("{" LS ",\"type\":\"text/plain\"}", "a stream that calls itself text", NULL);
	one_call("{" LS ",\"eol\":\"\\r\",\"comments\":true}", "lines that end in CR alone", NULL);
	one_call("{\"calls\":[{\"name\":\"functions.shell\",\"arguments\":{\"command\":\"ls\"}}]}",
		 "a name with a prefix", "was read as shell");
	one_call("{\"calls\":[{\"name\":\"hell\",\"arguments\":{\"command\":\"ls\"}}]}", "a name that was cut",
		 "was read as shell");
	one_call(
		"{\"calls\":[{\"name\":\"shell\",\"arguments\":\"\\\"{\\\\\\\"command\\\\\\\":\\\\\\\"ls\\\\\\\"}\\\"\"}]}",
		"JSON within JSON", NULL);
	one_call("{" LS ",\"lost\":\"content\",\"reasoning\":\"so\"}", "GLM's markup in the content",
		 "recovered from the text");
	one_call("{" LS ",\"lost\":\"reasoning\",\"reasoning\":\"I think <tool_call>shell is it. \"}",
		 "GLM's markup at the end of thinking", "recovered from the reasoning");
	one_call(
		"{\"text\":\"<tool_call>\\n{\\\"name\\\": \\\"shell\\\", \\\"arguments\\\": {\\\"command\\\": \\\"ls\\\"}}\\n</tool_call>\"}",
		"Hermes' markup", "recovered");
	one_call(
		"{\"text\":\"<tool_call>\\n<function=shell>\\n<parameter=command>\\nls\\n</parameter>\\n</function>\\n</tool_call>\"}",
		"Qwen coder's markup", "recovered");
	one_call(
		"{\"raw\":\"data: {\\\"choices\\\":[{\\\"delta\\\":{\\\"tool_calls\\\":[{\\\"index\\\":0,\\\"function\\\":{\\\"name\\\":\\\"shell\\\","
		"\\\"arguments\\\":{\\\"command\\\":\\\"ls\\\"}}}]},\\\"finish_reason\\\":\\\"tool_calls\\\"}]}\\n\\n\"}",
		"arguments that are an object, no id, no usage", NULL);
	scenario("[]");
}

static void a_lost_call_is_asked_for_whole(void)
{
	struct model_ask q = with_tools();
	struct model_reply r;
	struct err e;

	scenario("[{\"expect\":{\"stream\":true},\"answer\":{" LS ",\"lost\":true}},"
		 "{\"expect\":{\"stream\":null,\"has_not\":[\"stream_options\"]},\"answer\":{" LS ",\"lost\":true}}]");
	ok(turn("any", &q, &r, &e) == 0 && r.n_calls == 1, "a call lost in the stream is had without streaming %s",
	   e.text);
	is_whole(r.attempts, 2, "by a second request");
	ok(strstr(buf_str(&said), "lost a tool call") != NULL, "of which a line tells");
	kept();
	scenario("[{\"answer\":{\"text\":\"hm\",\"finish\":\"tool_calls\"},\"times\":2}]");
	ok(turn("any", &q, &r, &e) == 0 && r.n_calls == 0 && r.finish == FINISH_CALLS && r.lost,
	   "a call that never comes is told: %s", r.lost ? r.lost : "");
	kept();
}

static void calls_that_cannot_be_run(void)
{
	struct model_ask q = with_tools();
	struct model_reply r;
	struct err e;
	auto_json *v = NULL, *arguments = NULL;

	scenario(
		"[{\"answer\":{\"calls\":[{\"name\":\"shell\",\"arguments\":\"{\\\"command\\\": ls}\",\"id\":\"x\"},{\"name\":\"sql \\\"drop\",\"arguments\":{}},"
		"{\"name\":\"shell\",\"arguments\":\"[1]\",\"id\":\"x\"},{\"name\":\"shell\",\"arguments\":\"{\\\"command\\\":\\\"a\\nb\\\"}\"},"
		"{\"name\":\"shell\",\"arguments\":\"{\\\"command\\\":1,\\\"command\\\":2}\"}]}}]");
	ok(turn("any", &q, &r, &e) == 0 && r.n_calls == 5, "calls that cannot be run are there too %s", e.text);
	if (r.n_calls == 5) {
		ok(r.calls[0].bad && strstr(r.calls[0].bad, "not valid JSON"), "one is told not to be JSON: %s",
		   r.calls[0].bad);
		is_text(r.calls[0].arguments, "{}", "its arguments are empty");
		ok(r.calls[1].bad && strstr(r.calls[1].bad, "shell, finish"), "one that no tool is by that name: %s",
		   r.calls[1].bad);
		ok(r.calls[2].bad && strstr(r.calls[2].bad, "not a JSON object"), "one that it is no object");
		ok(strcmp(r.calls[2].id, r.calls[0].id) != 0, "a doubled id is replaced");
		is_text(r.calls[3].arguments, "{\"command\":\"a\\nb\"}", "a line break within a string is mended");
		ok(r.calls[4].bad != NULL, "a key given twice is refused: %s", r.calls[4].bad);
	}
	ok(r.lost != NULL, "and it is told: %s", r.lost);
	ok(json_parse(bytes_of(r.message), &v, &e) == 0, "the message is JSON all the same %s", e.text);
	ok(json_parse(bytes_of(json_text(json_map(json_array_get(json_list(v, "tool_calls"), 0), "function"),
					 "arguments")),
		      &arguments, &e) == 0,
	   "and so are the arguments in it");
	kept();
	scenario(
		"[{\"answer\":{\"calls\":[{\"name\":\"shell\",\"arguments\":\"{\\\"command\\\":\\\"cat > x <<\"}],\"finish\":\"length\"}}]");
	ok(turn("any", &q, &r, &e) == 0 && r.finish == FINISH_LENGTH && r.n_calls == 1,
	   "an answer that was cut by length is its own case");
	ok(r.n_calls == 1 && r.calls[0].bad && strstr(r.calls[0].bad, "cut off"), "and its call says so");
	kept();
	scenario(
		"[{\"answer\":{\"text\":\"<tool_call>shell<arg_key>command</arg_key><arg_value>rm -r build</arg_value>\",\"finish\":\"length\"}}]");
	ok(turn("any", &q, &r, &e) == 0 && r.n_calls == 0 && r.lost && strstr(r.lost, "cut off"),
	   "markup that was cut by length is no call");
	kept();
}

static void by_schema(void)
{
	struct model_ask q = with_tools();
	struct model_reply r, again;
	struct err e = { 0 };
	auto_buf text = buf_max(4000);
	auto_model *m = NULL;

	scenario(
		"[{\"expect\":{\"tools\":[\"shell\",\"finish\"]},\"answer\":{\"status\":400,\"body\":{\"error\":{\"message\":\"tools are not supported\"}}}},"
		"{\"expect\":{\"tools\":null,\"has\":[\"\\\"response_format\\\":{\\\"type\\\":\\\"json_schema\\\"\",\"You act through tools\",\"You are a test.\"],"
		"\"roles\":[\"system\",\"user\"]},\"answer\":{\"text\":\"{\\\"tool\\\":\\\"shell\\\",\\\"arguments\\\":{\\\"command\\\":\\\"ls\\\"}}\"}},"
		"{\"expect\":{\"tools\":null},\"answer\":{\"text\":\"{\\\"tool\\\":\\\"answer\\\",\\\"arguments\\\":{\\\"text\\\":\\\"done\\\"}}\"}}]");
	m = opened("schema-model");
	ok(model_turn(m, &a, &q, &r, &e) == 0 && r.n_calls == 1, "a server without tools is asked by schema %s",
	   e.text);
	ok(r.way == WAY_SCHEMA && r.n_calls == 1 && !strcmp(r.calls[0].arguments, "{\"command\":\"ls\"}"),
	   "and the action is a call");
	ok(strstr(r.message, "tool_calls") == NULL, "that stands in the transcript as it was written: %s", r.message);
	ok(strstr(buf_str(&said), "takes no calls by native") != NULL, "a line tells of it");
	model_result_message(m, &text, &r.calls[0], r.way, bytes_of("a \"b\"\n"));
	is_text(buf_str(&text), "{\"role\":\"user\",\"content\":\"Result of shell:\\na \\\"b\\\"\\n\"}",
		"its result is a user's message");
	ok(model_turn(m, &a, &q, &again, &e) == 0 && again.n_calls == 0 && again.finish == FINISH_STOP,
	   "the answer ends the turn");
	is_text(again.content, "done", "with its text");
	kept();
	scenario(
		"[{\"expect\":{\"tools\":null},\"answer\":{\"text\":\"{\\\"tool\\\":\\\"shell\\\",\\\"arguments\\\":{\\\"command\\\":\\\"ls\\\"}}\"}}]");
	ok(turn("schema-model", &q, &r, &e) == 0 && r.n_calls == 1, "another session remembers the way %s", e.text);
	kept();
}

static void by_text(void)
{
	struct model_ask q = with_tools();
	struct model_reply r;
	struct err e;

	scenario(
		"[{\"expect\":{\"tools\":[\"shell\",\"finish\"]},\"answer\":{\"status\":400,\"body\":{\"error\":\"this model does not support tools\"}}},"
		"{\"expect\":{\"has\":[\"response_format\"]},\"answer\":{\"status\":400,\"body\":{\"detail\":\"response_format is unknown\"}}},"
		"{\"expect\":{\"has_not\":[\"response_format\"],\"has\":[\"end your reply with one block\"]},\"answer\":{\"text\":"
		"\"First I look.\\n```json\\n{\\\"tool\\\": \\\"shell\\\", \\\"arguments\\\": {\\\"command\\\": \\\"ls\\\"}}\\n```\\nResult of shell: made up\"}}]");
	ok(turn("text-model", &q, &r, &e) == 0 && r.n_calls == 1, "a server that knows nothing is asked in words %s",
	   e.text);
	ok(r.way == WAY_TEXT, "in the way of text");
	is_text(r.content, "First I look.", "the words before the block are content");
	ok(strstr(r.message, "made up") == NULL && strstr(r.message, "```json") != NULL,
	   "what was made up behind the block is not kept");
	kept();
	q.messages = bytes_of("{\"role\":\"user\",\"content\":\"x\"}");
	scenario("[{\"expect\":{\"roles\":[\"system\",\"user\"]},\"answer\":{\"text\":\"All is done.\"}}]");
	ok(turn("text-model", &q, &r, &e) == 0 && r.n_calls == 0 && r.finish == FINISH_STOP,
	   "a reply without a block ends the turn");
	kept();
}

static void answers_by_schema(void)
{
	auto_json *schema = json_pack("{s:s, s:{s:{s:s}}}", "type", "object", "properties", "n", "type", "integer");
	const char *const stop[] = { "END", NULL };
	struct model_ask q = plain();
	struct model_reply r;
	struct err e;

	q.schema = schema;
	q.temperature = 0.5;
	q.max_tokens = 100;
	q.seed = 7;
	q.stop_words = stop;
	scenario(
		"[{\"expect\":{\"body\":{\"temperature\":0.5,\"max_tokens\":100,\"seed\":7,\"stop\":[\"END\"],\"response_format\":"
		"{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"answer\",\"schema\":{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}}}}}}},"
		"\"answer\":{\"text\":\"Sure:\\n```json\\n{\\\"n\\\": 3}\\n```\"}}]");
	ok(turn("any", &q, &r, &e) == 0, "an answer by schema %s", e.text);
	is_text(r.content, "{\"n\": 3}", "is JSON alone");
	ok(!r.lost, "and nothing is lost");
	kept();
	scenario("[{\"answer\":{\"text\":\"I cannot.\"}}]");
	ok(turn("any", &q, &r, &e) == 0 && r.lost, "an answer that is no JSON is told: %s", r.lost ? r.lost : "");
	kept();
}

static void glm_at_another_server(void)
{
	struct model_ask q = with_tools();
	struct model_reply r;
	struct err e;

	scenario(
		"[{\"expect\":{\"body\":{\"temperature\":0.7,\"top_p\":1,\"chat_template_kwargs\":{\"enable_thinking\":true,\"clear_thinking\":false}},"
		"\"has_not\":[\"tool_stream\"]},\"answer\":{\"reasoning\":\"  two\\n\\nblanks \\t\\u0001 é \",\"calls\":[{\"name\":\"finish\",\"id\":\"f\"}]}}]");
	ok(turn("zai-org/GLM-5.1-FP8", &q, &r, &e) == 0, "GLM on one's own server has its quirks %s", e.text);
	is_text(r.message,
		"{\"role\":\"assistant\",\"content\":\"\",\"reasoning_content\":\"  two\\n\\nblanks \\t\\u0001 é \",\"tool_calls\":"
		"[{\"id\":\"f\",\"type\":\"function\",\"function\":{\"name\":\"finish\",\"arguments\":\"{}\"}}]}",
		"and its reasoning goes back byte for byte");
	kept();
}

static void one_connection_and_the_same_bytes(void)
{
	auto_buf messages = buf_max(1 << 20);
	struct model_ask q = with_tools();
	auto_model *m = NULL;
	struct model_reply r;
	struct err e = { 0 };
	uint64_t before = 0;
	int bad = 0;

	buf_add_str(&messages, HELLO);
	scenario(
		"[{\"expect\":{\"prefix\":true,\"same_connection\":true},\"times\":30,\"answer\":{\"calls\":[{\"name\":\"shell\",\"arguments\":{\"command\":\"echo hi\"},"
		"\"id\":\"call_12345678\"}]}}]");
	m = opened("any");
	for (int i = 0; i < 30; i++) {
		q.messages = buf_bytes(&messages);
		bad += model_turn(m, &a, &q, &r, &e) < 0 || r.n_calls != 1 || r.same != r.same_of ||
			r.same < (i ? strlen(HELLO) : 0);
		if (bad)
			break;
		if (i == 20)
			before = r.sent;
		if (i == 21)
			printf("# a trivial turn adds %llu bytes upstream\n", (unsigned long long)(r.sent - before));
		if (i == 21)
			ok(r.sent - before <= 230, "a trivial turn adds at most 230 bytes");
		buf_printf(&messages, ",%s,", r.message);
		model_result_message(m, &messages, &r.calls[0], r.way, bytes_of("hi\n"));
	}
	is_whole(bad, 0, "30 turns");
	is_whole(model_connections(m), 1, "go over one connection");
	kept();
	scenario("[{}]");
	q.messages = bytes_of(SYSTEM ",{\"role\":\"user\",\"content\":\"hullo\"}");
	ok(model_turn(m, &a, &q, &r, &e) == 0 && r.same == strlen(SYSTEM ",{\"role\":\"user\",\"content\":\"h") &&
		   r.same_of > r.same,
	   "where the transcript was changed is told to the byte: %llu", (unsigned long long)r.same);
	kept();
	/* More than fits one write: read from where it lies. */
	for (int i = 0; i < 3000; i++) {
		buf_add_char(&messages, ',');
		model_text_message(
			&messages, "user",
			bytes_of("a long transcript, a long transcript, a long transcript, a long transcript"));
	}
	q.messages = buf_bytes(&messages);
	scenario(
		"[{\"expect\":{\"same_connection\":true},\"answer\":{\"text\":\"a\",\"close\":true}},{\"expect\":{\"prefix\":true}}]");
	ok(model_turn(m, &a, &q, &r, &e) == 0, "a transcript of %zu bytes is sent %s", messages.n, e.text);
	ok(model_turn(m, &a, &q, &r, &e) == 0, "and again when the server has closed the connection %s", e.text);
	kept();
}

static void base_urls(void)
{
	static const char *const forms[][2] = {
		{ "http://127.0.0.1:9", "http://127.0.0.1:9/v1" },
		{ "http://127.0.0.1:9/", "http://127.0.0.1:9/v1" },
		{ "http://127.0.0.1:9/v1/", "http://127.0.0.1:9/v1" },
		{ "http://127.0.0.1:9/v1/chat/completions", "http://127.0.0.1:9/v1" },
		{ "https://host.example/api/paas/v4", "https://host.example/api/paas/v4" },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct model_choice c = { .name = "x", .base_url = forms[i][0] };
		auto_model *m = NULL;
		struct err e = { 0 };

		ok(model_open(&c, &m, &e) == 0, "%s opens %s", c.base_url, e.text);
		is_text(m ? model_endpoint(m) : NULL, forms[i][1], "  as what was meant");
	}
}

static void small_or_not(void)
{
	static const struct { const char *id; bool small;
	} ids[] = {
		{ "qwen2.5-coder-1.5b", true },
		{ "qwen2.5-coder:7b-instruct-q4", true },
		{ "Qwen/Qwen3-Coder-480B-A35B-Instruct", false },
		{ "devstral:24b", false },
		{ "gpt-5", false },
		{ "glm-5.1", false },
		{ "scripted", false },
	};
	int wrong = 0;

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++) {
		struct model_choice c = { .name = ids[i].id, .base_url = "http://127.0.0.1:9" };
		auto_model *m = NULL;

		if (model_open(&c, &m, NULL) < 0 || model_is_small(m) != ids[i].small) {
			printf("# %s\n", ids[i].id);
			wrong++;
		}
	}
	is_whole(wrong, 0, "an id tells whether a model is small");
}

static void the_first_model_of_a_server(void)
{
	struct model_ask q = plain();
	struct model_reply r;
	struct err e;

	scenario("{\"models\":[\"alpha\",\"beta\"],\"steps\":[{\"expect\":{\"model\":\"alpha\"}}]}");
	ok(turn("local", &q, &r, &e) == 0, "a server on this machine is asked what it has %s", e.text);
	kept();
}

static void where_a_key_goes(void)
{
	struct model_choice c = { .name = "glm-5.1", .told = told };
	struct model_ask q = plain();
	struct model *m = NULL;
	struct model_reply r;
	struct err e = { 0 };

	ok(model_open(&c, &m, &e) < 0 && e.code == ERR_AUTH && strstr(e.text, "set SEALWRIGHT_API_KEY or ZAI_API_KEY"),
	   "a missing key: %s", e.text);
	setenv("OPENAI_API_KEY", KEY, 1);
	ok(model_open(&c, &m, &e) < 0 && e.code == ERR_AUTH, "another service's key is not taken for it");
	scenario("[{\"expect\":{\"auth\":null}}]");
	ok(turn("any", &q, &r, &e) == 0, "nor sent to a server on this machine %s", e.text);
	kept();
	setenv("SEALWRIGHT_API_KEY", KEY, 1);
	scenario("[{\"expect\":{\"auth\":\"Bearer " KEY
		 "\"}},{\"answer\":{\"status\":401,\"body\":{\"error\":{\"message\":\"Incorrect API key provided: " KEY
		 "\"}}}}]");
	ok(turn("any", &q, &r, &e) == 0, "our own is, when this person runs the server %s", e.text);
	ok(turn("any", &q, &r, &e) < 0 && e.code == ERR_AUTH, "a key that is refused: %s", e.text);
	ok(!strstr(e.text, KEY) && !strstr(buf_str(&said), KEY),
	   "is not repeated in the message, though the server did");
	kept();
	ok(model_open(&c, &m, &e) == 0, "with it glm-5.1 opens %s", e.text);
	is_text(m ? model_endpoint(m) : NULL, "https://api.z.ai/api/paas/v4", "at its endpoint");
	ok(m && model_context_tokens(m) == 200000 && !model_is_small(m), "with what is known of it");
	model_close(&m);
	c.name = "zai-coding/glm-5.1";
	ok(model_open(&c, &m, &e) == 0 && !strcmp(model_endpoint(m), "https://api.z.ai/api/coding/paas/v4"),
	   "the coding plan is another endpoint");
	model_close(&m);
	c.name = "openrouter/glm-5.1";
	ok(model_open(&c, &m, &e) == 0 && !strcmp(model_name(m), "z-ai/glm-5.1"), "elsewhere it has another id");
	model_close(&m);
	setenv("SEALWRIGHT_API_KEY", "two\nlines", 1);
	ok(model_open(&c, &m, &e) < 0 && e.code == ERR_USAGE && strstr(e.text, "line break"),
	   "a key with a line break is refused: %s", e.text);
	ok(!strstr(e.text, "two"), "and not shown");
	c = (struct model_choice){ .name = "x", .base_url = "https://me:pw@example.org/v1" };
	ok(model_open(&c, &m, &e) < 0 && !strstr(e.text, "pw"), "a password in a URL is refused: %s", e.text);
	unsetenv("SEALWRIGHT_API_KEY");
	unsetenv("OPENAI_API_KEY");
	c = (struct model_choice){ .name = "gpt-17" };
	ok(model_open(&c, &m, &e) < 0 && e.code == ERR_NOT_FOUND && strstr(e.text, "glm-5.1"), "an unknown name: %s",
	   e.text);
}

static void a_replay_answers_only_what_was_asked(void)
{
	char *path = arena_printf(&a, "%s/r.jsonl", home), *name = arena_printf(&a, "replay:%s", path);
	struct model_choice c = { .name = name };
	struct model_ask q = with_tools();
	auto_buf text = buf_max(1 << 20);
	struct model_reply r, again;
	auto_json *turns = NULL;
	struct model *m = NULL;
	struct err e;

	scenario("[{\"answer\":{" LS ",\"reasoning\":\"why\"}}]");
	ok(turn("any", &q, &r, &e) == 0, "a turn is recorded %s", e.text);
	turns = model_reply_json(&r);
	buf_add_str(&text, "{\"seq\":1,\"type\":\"turn\",\"data\":");
	json_write(&text, turns);
	buf_add_str(&text, "}\n{\"seq\":2,\"type\":\"tick\",\"data\":{}}\n");
	json_write(&text, turns);
	buf_add_char(&text, '\n');
	fs_write_atomic(path, buf_bytes(&text), 0600, &e);
	ok(model_open(&c, &m, &e) == 0, "and opened as a model %s", e.text);
	ok(m && model_turn(m, &a, &q, &again, &e) == 0, "it answers the same question %s", e.text);
	is_text(again.message, r.message, "with the same message");
	ok(again.n_calls == 1 && !strcmp(again.calls[0].arguments, r.calls[0].arguments), "and the same call");
	q.messages = bytes_of(HELLO HELLO);
	ok(m && model_turn(m, &a, &q, &again, &e) < 0 && e.code == ERR_VERIFY && strstr(e.text, "turn 2"),
	   "another question is refused: %s", e.text);
	ok(m && model_turn(m, &a, &q, &again, &e) < 0 && strstr(e.text, "never recorded"), "and so is one too many: %s",
	   e.text);
	model_close(&m);
	kept();
}

int main(void)
{
	if (!serve())
		return 1;
	a_plain_turn();
	calls_are_put_together();
	careless_servers();
	a_lost_call_is_asked_for_whole();
	calls_that_cannot_be_run();
	by_schema();
	by_text();
	answers_by_schema();
	glm_at_another_server();
	one_connection_and_the_same_bytes();
	base_urls();
	small_or_not();
	the_first_model_of_a_server();
	where_a_key_goes();
	a_replay_answers_only_what_was_asked();
	return served();
}
