/*
 * What the egress process reads from a stranger: hosts, rules, DNS, HTTP heads, TLS greetings. Each thing that is refused
 * stands beside one that is taken.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/allow.h"
#include "egress/dns.h"
#include "egress/head.h"
#include "egress/hello.h"
#include "egress/names.h"

#include "../tap.h"
#include "base/err.h"

static struct arena a;

/* ---- hosts ---- */

static void hosts_are_taken(void)
{
	static const struct {
		const char *in, *text;
		enum host_kind kind;
	} good[] = {
		{ "example.org", "example.org", HOST_NAME }, { "EXAMPLE.org", "example.org", HOST_NAME },
		{ "a-b.example", "a-b.example", HOST_NAME }, { "localhost", "localhost", HOST_NAME },
		{ "xn--bcher-kva.example", "xn--bcher-kva.example", HOST_NAME }, { "1password.com", "1password.com", HOST_NAME },
		{ "192.0.2.7", "192.0.2.7", HOST_V4 }, { "[2001:DB8:0:0::1]", "2001:db8::1", HOST_V6 },
		{ "[::ffff:10.0.0.1]", "::ffff:10.0.0.1", HOST_V6 }, { "1.2.3.4.example", "1.2.3.4.example", HOST_NAME },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct host h = { 0 };

		ok(host_parse(bytes_of(good[i].in), &h, NULL) == 0 && !strcmp(h.text, good[i].text) && h.kind == good[i].kind,
		   "%s is a host", good[i].in);
	}
}

static void hosts_are_refused(void)
{
	static const char *const bad[] = {
		"", ".", "example.org.", ".example.org", "a..b", "-a.org", "a-.org", "exa mple.org", "example.org\r\n", "a_b.org",
		"example.org%00", "example%2eorg", "b\xc3\xbc" "cher.example", "ex\xe3\x80\x82org", "ab--c.org", "127.1", "0x7f.1", "0x7f000001",
		"2130706433", "017700000001", "0177.0.0.1", "127.0.0.01", "127.0.0.256", "127.0.0.1.", "1.2.3", "1.2.3.4.5", "example.1",
		"example.0x1", "a.0x", "256.256.256.256", "::1", "[::1", "[::1]x", "[fe80::1%eth0]", "[fe80::1%25eth0]", "[127.0.0.1]", "[::g]",
		"[]", "user@example.org", "example.org/", "example.org#x", "example.org\\evil", "*.example.org", "example.org:443", "\t",
	};
	char label[80], name[300];
	struct host h;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = { 0 };

		ok(host_parse(bytes_of(bad[i]), &h, &e) < 0 && e.code == ERR_INPUT, "no host: \"%.*s\": %s",
		   (int)strcspn(bad[i], "\r\n\t"), bad[i], e.text);
	}
	ok(host_parse((struct bytes){ "a.org\0.evil", 11 }, &h, NULL) < 0, "no host: a NUL within");
	memset(label, 'a', 64);
	label[64] = 0;
	ok(host_parse(bytes_of(label), &h, NULL) < 0 && host_parse((struct bytes){ label, 63 }, &h, NULL) == 0, "a label has 63 characters");
	for (int i = 0; i < 254; i++)
		name[i] = i % 2 ? '.' : 'a';
	name[253] = 'a'; /* "a.a. ... .aa" */
	ok(host_parse((struct bytes){ name, 254 }, &h, NULL) < 0 && host_parse((struct bytes){ name, 253 }, &h, NULL) == 0,
	   "a name has 253");
}

static void ports(void)
{
	static const char *const bad[] = { "a.org:", "a.org:0", "a.org:65536", "a.org:080", "a.org:+80", "a.org:8o", "a.org:80:80",
					   "a.org: 80", "[::1]443", "a.org:0x50", "a.org:99999999999" };
	struct host h;
	int port = 0;
	char text[272];

	ok(host_port_parse(bytes_of("a.org:8443"), 0, &h, &port, NULL) == 0 && port == 8443, "a port");
	ok(host_port_parse(bytes_of("[2001:db8::1]:22"), 0, &h, &port, NULL) == 0 && port == 22, "a port behind brackets");
	is_text(host_port_text(&h, port, text), "[2001:db8::1]:22", "and back");
	ok(host_port_parse(bytes_of("a.org"), 443, &h, &port, NULL) == 0 && port == 443, "none: the usual one");
	ok(host_port_parse(bytes_of("a.org"), 0, &h, &port, NULL) < 0, "none where it must stand");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(host_port_parse(bytes_of(bad[i]), 443, &h, &port, NULL) < 0, "no port: %s", bad[i]);
}

static void addresses(void)
{
	static const struct {
		const char *text;
		enum address_class is;
	} all[] = {
		{ "8.8.8.8", ADDRESS_PUBLIC }, { "[2606:4700::1]", ADDRESS_PUBLIC }, { "172.32.0.1", ADDRESS_PUBLIC }, { "100.128.0.1", ADDRESS_PUBLIC },
		{ "10.0.0.1", ADDRESS_PRIVATE }, { "172.16.0.1", ADDRESS_PRIVATE }, { "172.31.255.255", ADDRESS_PRIVATE },
		{ "192.168.1.1", ADDRESS_PRIVATE }, { "127.0.0.1", ADDRESS_PRIVATE }, { "127.255.0.1", ADDRESS_PRIVATE },
		{ "169.254.1.1", ADDRESS_PRIVATE }, { "100.64.0.1", ADDRESS_PRIVATE }, { "198.18.0.1", ADDRESS_PRIVATE }, { "192.0.0.1", ADDRESS_PRIVATE },
		{ "0.0.0.0", ADDRESS_NEVER }, { "0.1.2.3", ADDRESS_NEVER }, { "224.0.0.1", ADDRESS_NEVER }, { "240.0.0.1", ADDRESS_NEVER },
		{ "255.255.255.255", ADDRESS_NEVER }, { "169.254.169.254", ADDRESS_METADATA }, { "168.63.129.16", ADDRESS_METADATA },
		{ "100.100.100.200", ADDRESS_METADATA }, { "[fd00:ec2::254]", ADDRESS_METADATA }, { "[fd20:ce::254]", ADDRESS_METADATA },
		{ "[::]", ADDRESS_NEVER }, { "[::1]", ADDRESS_PRIVATE }, { "[fe80::1]", ADDRESS_PRIVATE }, { "[fc00::1]", ADDRESS_PRIVATE },
		{ "[fec0::1]", ADDRESS_PRIVATE }, { "[ff02::1]", ADDRESS_NEVER }, { "[::ffff:127.0.0.1]", ADDRESS_PRIVATE },
		{ "[::ffff:169.254.169.254]", ADDRESS_METADATA }, { "[::ffff:8.8.8.8]", ADDRESS_PUBLIC }, { "[::127.0.0.1]", ADDRESS_PRIVATE },
		{ "[::8.8.8.8]", ADDRESS_PRIVATE }, { "[64:ff9b::10.0.0.1]", ADDRESS_PRIVATE }, { "[64:ff9b::169.254.169.254]", ADDRESS_METADATA },
		{ "[64:ff9b::8.8.8.8]", ADDRESS_PUBLIC }, { "[64:ff9b:1::1]", ADDRESS_PRIVATE }, { "[2002:7f00:1::]", ADDRESS_PRIVATE },
		{ "[2002:a9fe:a9fe::1]", ADDRESS_METADATA }, { "[2001:0:7f00:1::f7f7:f7f7]", ADDRESS_PRIVATE },
		{ "[2001:0:808:808::5601:5601]", ADDRESS_METADATA }, { "[2001:db8::1]", ADDRESS_PRIVATE },
		{ "[2a00::5efe:10.0.0.1]", ADDRESS_PRIVATE }, { "[100::1]", ADDRESS_PRIVATE }, { "[5f00::1]", ADDRESS_PRIVATE },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct sockaddr_storage s;
		struct address back;
		struct host h = { 0 };
		int port = 0;

		ok(host_parse(bytes_of(all[i].text), &h, NULL) == 0 && address_classify(&h.address) == all[i].is, "%s is %s", all[i].text,
		   address_class_name(all[i].is));
		address_to(&h.address, 443, &s);
		if (!address_of((struct sockaddr *)&s, &back, &port) || port != 443 || !address_equal(&back, &h.address))
			ok(false, "%s is the same as a socket's address", all[i].text);
	}
}

/* ---- rules ---- */

static bool lets(const char *rule, const char *host, int port)
{
	struct allow_list l = { 0 };
	struct host h;

	if (allow_list_parse(&a, (const char *const[]){ rule, NULL }, &l, NULL) < 0 || host_parse(bytes_of(host), &h, NULL) < 0)
		return false;
	return allow_host(&l, &h, port) != NULL;
}

static bool dials(const char *rule, const char *address, int port)
{
	struct allow_list l = { 0 };
	struct host h;

	if (allow_list_parse(&a, (const char *const[]){ rule, NULL }, &l, NULL) < 0 || host_parse(bytes_of(address), &h, NULL) < 0)
		return false;
	return !allow_address(&l, &h.address, port);
}

static void rules(void)
{
	ok(lets("example.org", "example.org", 443) && lets("example.org", "example.org", 80), "a name: 443 and 80");
	ok(!lets("example.org", "example.org", 8080) && lets("example.org:8080", "example.org", 8080), "another port where it is named");
	ok(!lets("example.org:8080", "example.org", 443) && lets("example.org:*", "example.org", 5432), "alone; * is every port");
	ok(!lets("example.org", "www.example.org", 443) && !lets("example.org", "badexample.org", 443), "no other name");
	ok(lets("*.example.org", "www.example.org", 443), "* is one label");
	ok(!lets("*.example.org", "example.org", 443) && !lets("*.example.org", "a.b.example.org", 443) &&
	   !lets("*.example.org", "wwwexample.org", 443), "not none, not two, not a part of one");
	ok(lets("**.example.org", "a.b.example.org", 443) && lets("**.example.org", "a.example.org", 443) &&
	   !lets("**.example.org", "example.org", 443), "** is one or more");
	ok(lets("192.0.2.7", "192.0.2.7", 443) && !lets("192.0.2.7", "192.0.2.8", 443), "an address");
	ok(lets("10.1.0.0/16:5432", "10.1.2.3", 5432) && !lets("10.1.0.0/16:5432", "10.2.2.3", 5432), "a range");
	ok(lets("[fd00:1::]/32", "[fd00:1::7]", 443) && !lets("[fd00:1::]/32", "[fd00:2::7]", 443), "a range of IPv6");
	ok(!lets("10.1.0.0/16", "[::ffff:10.1.2.3]", 443), "not the same address in other clothes");
	ok(dials("example.org", "8.8.8.8", 443) && !dials("example.org", "10.0.0.1", 443), "a name does not lead to a private address");
	ok(dials("10.0.0.0/8", "10.0.0.1", 443) && !dials("10.0.0.0/8", "10.0.0.1", 22), "unless that is named, with its port");
	ok(!dials("169.254.0.0/16", "169.254.169.254", 80) && dials("169.254.169.254", "169.254.169.254", 80),
	   "a metadata service by its exact address alone");
	ok(!dials("224.0.0.0/8:*", "224.0.0.1", 80), "never to what is no destination");
}

static void rules_that_make_no_sense(void)
{
	static const char *const bad[] = { "", "*", "**", "*.org", "**.com", "*.*.org", "a.*.org", "*example.org", "https://example.org",
					   "example.org/path", "example.org:http", "example.org:0", "example.org:70000", "10.0.0.0/33", "10.0.0.0/4",
					   "10.0.0.1/8", "10.0.0.0/", "*.10.0.0.1", "fd00::1", "example.org/8", "0.0.0.0/0", "[::]/0", "exa mple.org" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct allow_rule r;
		struct err e = { 0 };

		ok(allow_rule_parse(&a, bytes_of(bad[i]), &r, &e) < 0 && e.code == ERR_USAGE, "%s", e.text);
	}
}

/* ---- DNS ---- */

static struct bytes question(const char *labels, size_t n, int type)
{
	static char m[600];

	memcpy(m, "\x12\x34\1\0\0\1\0\0\0\0\0\0", 12);
	memcpy(m + 12, labels, n);
	memcpy(m + 12 + n, "\0\0\1\0\1", 5);
	m[12 + n + 2] = (char)type;
	return (struct bytes){ m, 12 + n + 5 };
}

static void dns(void)
{
	struct bytes in = question("\7Example\3org", 12, 1);
	struct dns_question q = { 0 };
	unsigned char out[DNS_MAX];
	size_t n;

	ok(dns_parse(in, &q, NULL) == 0 && q.has_host && !strcmp(q.host.text, "example.org") && q.type == 1, "a question");
	n = dns_reply(in, &q, DNS_ADDRESS, 0x7f4d0102, out);
	ok(n == in.n + 16 && out[0] == 0x12 && out[1] == 0x34 && (out[2] & 0x80) && !memcmp(out + n - 4, "\x7f\x4d\1\2", 4),
	   "its answer has the number, the question and the address");
	ok(!memcmp(out + 12, in.p + 12, in.n - 12), "with the letters as they came");
	n = dns_reply(in, &q, DNS_NO_NAME, 0, out);
	ok(n == in.n && (out[3] & 15) == 3 && out[7] == 0, "a name that does not exist");
	in = question("\13example.org", 12, 1);
	ok(dns_parse(in, &q, NULL) == 0 && !q.has_host, "a dot within a label makes no host");
	in = question("\13exam\0le\3org", 12, 1);
	ok(dns_parse(in, &q, NULL) == 0 && !q.has_host, "nor does a NUL");
	in = question("\1a\300\14", 4, 1);
	ok(dns_parse(in, &q, NULL) < 0, "a pointer in a question is refused");
	in = question("\77", 1, 1);
	ok(dns_parse(in, &q, NULL) < 0, "a label that goes on behind the end");
	in = question("\7example\3org", 12, 1);
	in.n -= 3;
	ok(dns_parse(in, &q, NULL) < 0, "half a question");
	in = question("\7example\3org", 12, 1);
	((char *)(uintptr_t)in.p)[2] = (char)0x81;
	ok(dns_parse(in, &q, NULL) < 0, "an answer is no question");
	((char *)(uintptr_t)in.p)[2] = 1;
	((char *)(uintptr_t)in.p)[5] = 2;
	ok(dns_parse(in, &q, NULL) < 0, "two questions");
}

static void names(void)
{
	struct host h = { .text = "one.example" }, other = { .text = "two.example" }, back = { 0 };
	uint32_t one = names_address(&h), two = names_address(&other);

	ok(one > NAMES_NET && two > NAMES_NET && one != two, "each name has an address of its own");
	is_whole(names_address(&h), one, "which stays");
	ok(names_host(two, &back) && !strcmp(back.text, "two.example"), "and leads back to it");
	ok(!names_host(NAMES_NET, &back) && !names_host(two + 1, &back) && !names_host(0x7f000001, &back), "others lead nowhere");
	for (int i = 0; i < NAMES_MAX + 10; i++) {
		snprintf(h.text, sizeof(h.text), "n%d.example", i);
		one = names_address(&h);
	}
	is_whole(one, 0, "there is an end to them");
	is_whole(names_address(&other), two, "and those that were there stay");
}

/* ---- HTTP ---- */

static int head(const char *text, struct head *h, int *status)
{
	return head_parse(bytes_of(text), h, status, NULL);
}

static void heads_are_taken(void)
{
	auto_buf out = buf_max(10000);
	struct head h;
	int status;

	ok(head("GET http://example.org:8080/a?b HTTP/1.1\r\nHost: example.org:8080\r\nProxy-Authorization: Basic x\r\nTE: trailers\r\n"
		"Connection: keep-alive, X\r\nAccept: */*\r\n\r\nbehind", &h, &status) == 1 && h.form == HEAD_ABSOLUTE && h.port == 8080, "a whole target");
	ok(head_write(&h, &out, NULL) == 0, "is written");
	is_text(buf_str(&out), "GET /a?b HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\nConnection: close\r\n\r\n",
		"for the server alone, without what was for the proxy");
	ok(head("CONNECT example.org:443 HTTP/1.1\r\n\r\n", &h, &status) == 1 && h.form == HEAD_CONNECT && h.port == 443, "CONNECT");
	ok(head("GET / HTTP/1.0\r\n\r\n", &h, &status) == 1 && !h.has_host, "HTTP/1.0 without a Host");
	ok(head("POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 12\r\n\r\n", &h, &status) == 1 && h.length == 12, "a length");
	ok(head("GET / HTTP/1.1\r\nHost: [2001:db8::1]:81\r\n\r\n", &h, &status) == 1 && h.port == 81, "a literal");
	ok(head("GET / HTTP/1.1\r\nHost: a.org\r\n", &h, &status) == 0, "half a head waits for more");
}

static void heads_are_refused(void)
{
	static const struct {
		const char *text;
		int status;
	} bad[] = {
		{ "GET / HTTP/1.1\nHost: a.org\n\n", 400 }, { "GET / HTTP/1.1\r\nHost: a.org\r\n b.org\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a.org\r\nHost: b.org\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost : a.org\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n\r\n", 400 }, { "GET http://a.org/ HTTP/1.1\r\nHost: b.org\r\n\r\n", 400 },
		{ "GET http://a.org/ HTTP/1.1\r\nHost: a.org:81\r\n\r\n", 400 }, { "GET http://a.org@b.org/ HTTP/1.1\r\nHost: b.org\r\n\r\n", 400 },
		{ "GET http://a.org\\@b.org/ HTTP/1.1\r\nHost: b.org\r\n\r\n", 400 }, { "GET http://a.org#@b.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 },
		{ "GET http://a.org?@b.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 }, { "GET https://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 },
		{ "GET ftp://a.org/ HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 }, { "GET //a.org HTTP/2.0\r\nHost: a.org\r\n\r\n", 505 },
		{ "GET / HTTP/1.1\r\nHost: a.org\r\nTransfer-Encoding: chunked\r\n\r\n", 411 },
		{ "GET / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a.org\r\nContent-Length: +1\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 0x1\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a.org\r\nX: a\rb\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost: a.org\r\nX\x01: a\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: a.org\r\n: a\r\n\r\n", 400 }, { "GET  / HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 },
		{ "GET /\tx HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 }, { "get / HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 },
		{ "GET / HTTP/1.1 x\r\nHost: a.org\r\n\r\n", 505 }, { "CONNECT a.org HTTP/1.1\r\n\r\n", 400 },
		{ "CONNECT a.org:443 HTTP/1.1\r\nHost: b.org:443\r\n\r\n", 400 }, { "CONNECT http://a.org:443 HTTP/1.1\r\n\r\n", 400 },
		{ "GET * HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost: a.org.\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost: 127.1\r\n\r\n", 400 }, { "GET / HTTP/1.1\r\nHost: a.org, b.org\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400 }, { "\r\nGET / HTTP/1.1\r\nHost: a.org\r\n\r\n", 400 }, { "GET /\r\n\r\n", 400 },
	};
	struct head h;
	int status;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct err e = { 0 };
		int r = head_parse(bytes_of(bad[i].text), &h, &status, &e);

		ok(r < 0 && status == bad[i].status, "%d: %s", bad[i].status, e.text);
	}
	ok(head_parse((struct bytes){ "GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29 }, &h, &status, NULL) < 0, "a NUL in a head");
}

static void heads_have_ceilings(void)
{
	auto_buf b = buf_max(1 << 20);
	struct head h;
	int status;

	buf_add_str(&b, "GET / HTTP/1.1\r\nHost: a.org\r\n");
	for (int i = 0; i < 200; i++)
		buf_printf(&b, "X%d: y\r\n", i);
	buf_add_str(&b, "\r\n");
	ok(head_parse(buf_bytes(&b), &h, &status, NULL) < 0 && status == 431, "too many fields");
	buf_clear(&b);
	buf_add_str(&b, "GET /");
	for (int i = 0; i <= HEAD_MAX; i++)
		buf_add_char(&b, 'a');
	ok(head_parse(buf_bytes(&b), &h, &status, NULL) < 0 && status == 431, "too long a head, even unfinished");
}

/* ---- TLS ---- */

/* A greeting with these extensions. */
static struct bytes greeting(const char *extensions, size_t n)
{
	static char m[600];
	size_t body = 2 + 32 + 1 + 2 + 2 + 2 + 2 + n;
	char *p = m;

	memcpy(p, "\x16\3\1", 3);
	p[3] = (char)((body + 4) >> 8);
	p[4] = (char)(body + 4);
	memcpy(p + 5, "\1\0", 2);
	p[7] = (char)(body >> 8);
	p[8] = (char)body;
	p += 9;
	memset(p, 0, body);
	p[0] = p[1] = 3;
	p += 2 + 32 + 1;
	p[1] = 2;
	p += 4;
	p[0] = 1;
	p += 2;
	p[0] = (char)(n >> 8);
	p[1] = (char)n;
	memcpy(p + 2, extensions, n);
	return (struct bytes){ m, 9 + body };
}

#define SNI "\0\0\0\x10\0\x0e\0\0\x0b" "example.org"

static void hellos(void)
{
	struct bytes in = greeting(SNI, sizeof(SNI) - 1);
	struct hello h = { 0 };
	struct err e = { 0 };
	char two[700];

	ok(hello_is_tls(in) && hello_parse(in, &h, NULL) == 1 && h.has_name && !strcmp(h.name.text, "example.org"), "the name that TLS asks for");
	in.n--;
	ok(hello_parse(in, &h, NULL) == 0, "a byte less waits for it");
	in.n++;
	memcpy(two, in.p, 3);
	memcpy(two + 3, "\0\5", 2);
	memcpy(two + 5, in.p + 5, 5);
	memcpy(two + 10, in.p, 3);
	two[13] = 0;
	two[14] = (char)(in.n - 10);
	memcpy(two + 15, in.p + 10, in.n - 10);
	ok(hello_parse((struct bytes){ two, in.n + 5 }, &h, NULL) == 1 && !strcmp(h.name.text, "example.org"), "in two records");
	in = greeting("", 0);
	ok(hello_parse(in, &h, NULL) == 1 && !h.has_name, "no name");
	in = greeting(SNI SNI, 2 * (sizeof(SNI) - 1));
	ok(hello_parse(in, &h, &e) < 0, "two names: %s", e.text);
	in = greeting("\xfe\x0d\0\1x", 5);
	ok(hello_parse(in, &h, &e) < 0, "an encrypted one: %s", e.text);
	in = greeting("\0\0\0\x10\0\x0e\0\0\x0b" "example\0org", 20);
	ok(hello_parse(in, &h, &e) < 0, "a NUL in it: %s", e.text);
	in = greeting("\0\0\0\x10\0\x0e\0\0\x0f" "example.org", 20);
	ok(hello_parse(in, &h, NULL) < 0, "a name longer than its list");
	ok(!hello_is_tls(bytes_of("GET /")) && hello_parse(bytes_of("GET / HTTP/1.1\r\n"), &h, NULL) < 0, "HTTP is no greeting");
	ok(hello_parse(bytes_of("SSH-2.0-x\r\n"), &h, NULL) < 0, "nor is SSH");
}

int main(void)
{
	hosts_are_taken();
	hosts_are_refused();
	ports();
	addresses();
	rules();
	rules_that_make_no_sense();
	dns();
	names();
	heads_are_taken();
	heads_are_refused();
	heads_have_ceilings();
	hellos();
	arena_drop(&a);
	return done();
}
