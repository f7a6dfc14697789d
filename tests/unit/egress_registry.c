/*
 * The registry gateway: which paths it knows, the links that it makes, and a registry of ours behind it, with a password that
 * stays outside, a file that is not what its index says, and a redirect that leads into a private network.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "egress/egress.h"
#include "egress/link.h"
#include "egress/registry.h"
#include "egress/route.h"

#include "../boxed.h"
#include "../outside.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/hash.h"

#include <sodium.h>

static char base[] = "/tmp/egress-registry.XXXXXX";
static struct arena a;

/* ---- paths ---- */

static bool known(enum registry_kind k, const char *path, struct route *r)
{
	return route_parse(k, bytes_of(path), r);
}

static void paths_of_packages(void)
{
	static const struct {
		enum registry_kind k;
		const char *path, *name, *version, *file;
	} good[] = {
		{ REGISTRY_PYPI, "/simple/six/", "six", "", "" }, { REGISTRY_PYPI, "/six", "six", "", "" },
		{ REGISTRY_NPM, "/left-pad", "", "", "" }, { REGISTRY_NPM, "/@types%2fms", "", "", "" },
		{ REGISTRY_NPM, "/left-pad/-/left-pad-1.3.0.tgz", "left-pad", "1.3.0", "left-pad-1.3.0.tgz" },
		{ REGISTRY_NPM, "/@types/ms/-/ms-2.1.0.tgz", "@types/ms", "2.1.0", "ms-2.1.0.tgz" },
		{ REGISTRY_CARGO, "/config.json", "", "", "" }, { REGISTRY_CARGO, "/it/oa/itoa", "", "", "" }, { REGISTRY_CARGO, "/3/s/syn", "", "", "" },
		{ REGISTRY_CARGO, "/dl/itoa/1.0.0", "itoa", "1.0.0", "itoa-1.0.0.crate" },
		{ REGISTRY_GO, "/golang.org/x/text/@v/list", "", "", "" }, { REGISTRY_GO, "/golang.org/x/text/@latest", "", "", "" },
		{ REGISTRY_GO, "/github.com/!burnt!sushi/toml/@v/v1.0.0.zip", "github.com/BurntSushi/toml", "v1.0.0", "v1.0.0.zip" },
		{ REGISTRY_GO, "/sumdb/sum.golang.org/tile/8/0/x001/234", "", "", "" },
		{ REGISTRY_MAVEN, "/org/slf4j/slf4j-api/1.7.36/slf4j-api-1.7.36.jar", "org.slf4j:slf4j-api", "1.7.36", "slf4j-api-1.7.36.jar" },
		{ REGISTRY_MAVEN, "/junit/junit/maven-metadata.xml", "", "", "" },
		{ REGISTRY_APT, "/+0/dists/bookworm/InRelease", "", "", "" },
		{ REGISTRY_APT, "/+1/pool/main/h/hello/hello_2.10-3_amd64.deb", "hello", "2.10-3", "hello_2.10-3_amd64.deb" },
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct route r = { 0 };

		if (!ok(known(good[i].k, good[i].path, &r) && !strcmp(r.name, good[i].name) && !strcmp(r.version, good[i].version) &&
			!strcmp(r.file, good[i].file), "%s %s", registry_name(good[i].k), good[i].path))
			printf("# got %s %s %s\n", r.name, r.version, r.file);
	}
}

static void other_paths(void)
{
	static const struct {
		enum registry_kind k;
		const char *path;
	} bad[] = {
		{ REGISTRY_PYPI, "/" }, { REGISTRY_PYPI, "/simple/" }, { REGISTRY_PYPI, "/simple/a/b/" }, { REGISTRY_PYPI, "/simple/../x/" },
		{ REGISTRY_PYPI, "/legacy/upload" }, { REGISTRY_PYPI, "/simple/a?x=1" }, { REGISTRY_PYPI, "/simple/a%20b/" }, { REGISTRY_PYPI, "//evil.test/" },
		{ REGISTRY_PYPI, "/simple/@evil.test/" }, { REGISTRY_PYPI, "/+9/six/" }, { REGISTRY_PYPI, "/simple/%2e%2e/" },
		{ REGISTRY_NPM, "/-/npm/v1/security/audits" }, { REGISTRY_NPM, "/-/v1/search" }, { REGISTRY_NPM, "/-/user/org.couchdb.user:x" },
		{ REGISTRY_NPM, "/a/-/../../x.tgz" }, { REGISTRY_NPM, "/a/-/b/c.tgz" }, { REGISTRY_NPM, "/@a/b/c" }, { REGISTRY_NPM, "/a/b" },
		{ REGISTRY_NPM, "/-/package/a/dist-tags" }, { REGISTRY_NPM, "/-/whoami" },
		{ REGISTRY_CARGO, "/api/v1/crates/new" }, { REGISTRY_CARGO, "/me" }, { REGISTRY_CARGO, "/dl/a/../b" }, { REGISTRY_CARGO, "/itoa/oa/itoa" },
		{ REGISTRY_GO, "/sumdb/evil.test/latest" }, { REGISTRY_GO, "/golang.org/x/text/@v/../../x.zip" }, { REGISTRY_GO, "/x" },
		{ REGISTRY_GO, "/golang.org/x/text/@v/v1.exe" }, { REGISTRY_MAVEN, "/a/../b" }, { REGISTRY_MAVEN, "/a/" }, { REGISTRY_MAVEN, "/a\\b" },
		{ REGISTRY_APT, "/+0/dists/../../etc" }, { REGISTRY_APT, "/+0/a//b" }, { REGISTRY_APT, "/+0/" }, { REGISTRY_APT, "/+0" },
		{ REGISTRY_APT, "/+0/dists/..%2f..%2fapi/token" }, { REGISTRY_APT, "/+0/a%2F%2Fb" }, { REGISTRY_MAVEN, "/org/..%2F..%2Fapi/1/x.jar" },
		{ REGISTRY_MAVEN, "/org/a%2f..%2fb" }, { REGISTRY_MAVEN, "/%2fevil.test/x" }, { REGISTRY_NPM, "/..%2fx/-/x.tgz" },
		{ REGISTRY_GO, "/x%2f..%2fy/@v/list" },
	};
	struct route r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(!known(bad[i].k, bad[i].path, &r), "%s has no %s", registry_name(bad[i].k), bad[i].path);
	ok(!route_parse(REGISTRY_PYPI, (struct bytes){ "/simple/a\0b/", 12 }, &r), "nor a path with a NUL");
}

static void python_files(void)
{
	char name[ROUTE_WORD_MAX], version[ROUTE_WORD_MAX];

	route_python_file("six-1.16.0-py2.py3-none-any.whl", name, version);
	ok(!strcmp(name, "six") && !strcmp(version, "1.16.0"), "a wheel's name and version");
	route_python_file("zope.interface-5.0-beta.tar.gz", name, version);
	ok(!strcmp(name, "zope.interface-5.0") && !strcmp(version, "beta"), "an sdist's, as far as it tells");
	route_python_file("x", name, version);
	ok(!*name && !*version, "none");
}

/* ---- links ---- */

static void joined(const char *page, const char *ref, const char *want)
{
	char out[LINK_URL_MAX] = "";
	int r = link_join(page, bytes_of(ref), out);

	if (!ok(want ? r == 0 && !strcmp(out, want) : r < 0, "%s on %s leads %s", ref, page, want ? want : "nowhere"))
		printf("# got %s\n", out);
}

static void links_are_joined(void)
{
	const char *page = "https://r.test/a/simple/x/";

	joined(page, "https://f.test/x.whl#sha256=00", "https://f.test/x.whl");
	joined(page, "//f.test/x.whl", "https://f.test/x.whl");
	joined(page, "/x.whl", "https://r.test/x.whl");
	joined(page, "x.whl", "https://r.test/a/simple/x/x.whl");
	joined(page, "../../files/./x.whl", "https://r.test/a/files/x.whl");
	joined(page, "../../../../../x.whl", "https://r.test/x.whl");
	joined(page, "javascript:x", NULL);
	joined(page, "ftp://f.test/x", NULL);
	joined(page, "https://u:p@f.test/x", NULL);
	joined(page, "a b", NULL);
	joined(page, "", NULL);
}

static int learned;
static void learn(void *arg, const char *url, const unsigned char sha512[64])
{
	learned += !strcmp(url, arg) && sha512 && sha512[0] == 0;
}

static void links_are_ours(void)
{
	struct link_maker m = { .port = 3130, .base = "https://r.test/simple/x/", .which = 2, .key = { 7 } };
	auto_buf out = buf_max(1 << 20), npm = buf_max(1 << 20);
	char sha[65] = "", *at, path[LINK_URL_MAX];
	struct link l = { .url = "" };

	memset(sha, 'a', 64);
	ok(link_pypi_html(&m, bytes_of(arena_printf(&a, "<a data-core-metadata=\"true\" HREF='../../f/x-1.0.whl#sha256=%s'>x</a>", sha)), &out, NULL) == 0,
	   "a page is rewritten");
	at = strstr(buf_str(&out), "http://127.0.0.1:3130/-/f/");
	if (!ok(at && strstr(at, "#sha256=") && strstr(buf_str(&out), "core-metadata") && !strstr(buf_str(&out), "r.test"),
		"its link is ours, with its hash"))
		return;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(at + 21, "#"), at + 21);
	ok(link_open(&m, path, &l) && !strcmp(l.url, "https://r.test/f/x-1.0.whl") && !strcmp(l.sha256, sha) && l.which == 2 && l.is_package,
	   "it is read back");
	strcat(path, ".metadata");
	ok(link_open(&m, path, &l) && !l.is_package && !*l.sha256 && !strcmp(l.url, "https://r.test/f/x-1.0.whl.metadata"), "so is its metadata's");
	strcat(path, ".asc");
	ok(!link_open(&m, path, &l), "nothing else beside it");
	path[strlen(path) - 13] = 0;
	path[8] = path[8] == '0' ? '1' : '0';
	ok(!link_open(&m, path, &l), "nor with another signature");
	buf_clear(&out);
	ok(link_pypi_json(&m, bytes_of("{\"files\":[{\"url\":\"https://f.test/y-1.whl\",\"hashes\":{}},{\"url\":\"mailto:x\"}]}"), &out, NULL) == 0 &&
	   strstr(buf_str(&out), "127.0.0.1:3130/-/f/") && strstr(buf_str(&out), "mailto:x"), "JSON, too");
	memset(path, 0, 200);
	memset(path, 'A', 86);
	buf_clear(&out);
	ok(link_npm(&m, bytes_of(arena_printf(&a, "{\"dist\":{\"integrity\":\"sha512-%s==\",\"tarball\":\"https:\\/\\/r.test\\/a\\/-\\/a-1.tgz\"},"
					       "\"readme\":\"\\\"tarball\\\": \\\"x\\\"\"}", path)), learn,
		    (void *)(uintptr_t)"https://r.test/a/-/a-1.tgz", &npm, NULL) == 0 && learned == 1, "npm's index gives hashes");
	ok(strstr(buf_str(&npm), "\"tarball\":\"http://127.0.0.1:3130/-/f/") && strstr(buf_str(&npm), "readme"), "and links");
	ok(link_npm(&m, bytes_of("{\"a\":\"b"), NULL, NULL, &npm, NULL) < 0 && link_npm(&m, bytes_of("}"), NULL, NULL, &npm, NULL) < 0,
	   "a broken one is refused");
}

/* ---- what this machine's clients say ---- */

static void write_home(const char *name, const char *text)
{
	char *path = arena_printf(&a, "%s/clients/%s", base, name), *slash = strrchr(path, '/');

	*slash = 0;
	fs_make_dirs(path, 0755, NULL);
	*slash = '/';
	fs_write_atomic(path, bytes_of(text), 0600, NULL);
}

static void has(enum registry_kind k, int which, const char *url, const char *secret)
{
	const struct registry *r = registry_get(k, which);

	if (!ok(r && !strcmp(r->base, url) && (secret ? r->secret && !strcmp(r->secret, secret) : !r->secret), "%s %d is %s%s",
		registry_name(k), which, url, secret ? ", with its credential" : ""))
		printf("# got %s %s\n", r ? r->base : "none", r && r->secret ? "with one" : "without");
}

static bool tells(const json_t *list, const char *text)
{
	auto_buf b = buf_max(1 << 20);

	json_write(&b, list);
	return strstr(buf_str(&b), text) != NULL;
}

static void clients_are_asked(void)
{
	static const char *const unset[] = { "XDG_CONFIG_HOME", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CONFIG_FILE", "CARGO_HOME", "GOPROXY",
					     "GOENV", "NPM_CONFIG_REGISTRY", "npm_config_registry", "NPM_CONFIG_USERCONFIG", "npm_config_userconfig", NULL };
	json_t *env = json_array(), *files = json_array();

	for (int i = 0; unset[i]; i++)
		unsetenv(unset[i]);
	setenv("HOME", arena_printf(&a, "%s/clients", base), 1);
	setenv("NODE_AUTH_TOKEN", "from-env", 1);
	write_home(".config/pip/pip.conf", "# mine\n[global]\nindex-url = https://u%40x:p@py.test/simple/\n[install]\nextra-index-url=https://more.test/s "
		   "ftp://no.test\n[other]\nindex-url = https://wrong.test\n");
	write_home(".npmrc", "registry=https://npm.test/api/\n@own:registry = https://own.test\n//npm.test/api/:_authToken=${NODE_AUTH_TOKEN}\n"
		   "//own.test/:username=me\n//own.test/:_password=c2VjcmV0\n//other.test/:_authToken=no\n");
	write_home(".cargo/config.toml", "[source.crates-io]\nreplace-with = \"near\"\n[source.near]\nregistry = \"sparse+https://crates.test/i/\"\n");
	write_home(".cargo/credentials.toml", "[registries.far]\ntoken = \"no\"\n[registries.near]\ntoken = \"crate-token\"\n");
	write_home(".config/go/env", "GOFLAGS=-x\nGOPROXY=https://go.test/p,https://u:p@go2.test|direct\n");
	write_home(".m2/settings.xml", "<settings><servers><server><id>m</id><username>mu</username><password>mp</password></server></servers><mirrors>"
		   "<mirror><id>other</id><mirrorOf>jcenter</mirrorOf><url>https://no.test</url></mirror>"
		   "<mirror><id>m</id><mirrorOf> * </mirrorOf><url> https://maven.test/all/ </url></mirror></mirrors></settings>");
	registry_discover();
	has(REGISTRY_PYPI, 0, "https://py.test/simple", "Authorization: Basic dUB4OnA=");
	has(REGISTRY_PYPI, 1, "https://more.test/s", NULL);
	is_whole(registry_count(REGISTRY_PYPI), 2, "and no more");
	has(REGISTRY_NPM, 0, "https://npm.test/api", "Authorization: Bearer from-env");
	has(REGISTRY_NPM, 1, "https://own.test", "Authorization: Basic bWU6c2VjcmV0");
	has(REGISTRY_CARGO, 0, "https://crates.test/i", "Authorization: crate-token");
	has(REGISTRY_GO, 0, "https://go.test/p", NULL);
	has(REGISTRY_GO, 1, "https://go2.test", "Authorization: Basic dTpw");
	has(REGISTRY_MAVEN, 0, "https://maven.test/all", "Authorization: Basic bXU6bXA=");
	ok(registry_count(REGISTRY_APT) > 0, "apt has %d", registry_count(REGISTRY_APT));
	registry_tell(env, files);
	ok(tells(files, "extra-index-url = http://127.0.0.1:3130/+1/simple/") && tells(files, "@own:registry=http://127.0.0.1:3131/+1/") &&
	   tells(files, "sparse+http://127.0.0.1:3132/") && tells(env, "GOPROXY=http://127.0.0.1:3133") &&
	   tells(files, "http://127.0.0.1:3134") && tells(files, "deb ") && tells(files, "replace-registry-host=always"), "clients inside are told ours");
	ok(!tells(files, ".test") && !tells(env, ".test") && !tells(files, "c2VjcmV0") && !tells(files, "token"), "and nothing of theirs");
	ok(!registry_add(REGISTRY_GO, "file:///etc", NULL) && !registry_add(REGISTRY_GO, "https://", NULL), "what is no registry's URL is none");
	for (int i = 0; i < 20; i++)
		registry_add(REGISTRY_GO, arena_printf(&a, "https://g%d.test", i), NULL);
	is_whole(registry_count(REGISTRY_GO), REGISTRIES_MAX, "there is an end to them");
	unsetenv("NODE_AUTH_TOKEN");
	json_decref(env);
	json_decref(files);
}

/* ---- a registry ---- */

static struct outside registry, elsewhere;
static volatile int told_password, told_token, stolen;

static void say(int fd, const char *status, const char *more, const char *body)
{
	dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n%s", status, strlen(body), more, body);
}

static const char good_file[] = "a package", bad_file[] = "another package";

static void serve(int fd, const char *request)
{
	char hex[65];
	struct digest d = hash_bytes(bytes_of(good_file));

	digest_hex(&d, hex);
	if (strstr(request, "Authorization: Basic dXNlcjpwOndk")) /* user:p:wd */
		told_password++;
	if (strstr(request, "Authorization: Bearer tok-en"))
		told_token++;
	if (!strncmp(request, "GET /simple/good/ ", 18))
		say(fd, "200 OK", "Content-Type: text/html\r\n", arena_printf(&a, "<a href=\"../../files/good-1.0.tar.gz#sha256=%s\">g</a>\n"
		    "<a href=\"../../files/bad-1.0.tar.gz#sha256=%s\">b</a>\n"
		    "<a href=\"http://127.0.0.1:%d/steal-1.0.tar.gz#sha256=%s\">s</a>\n", hex, hex, elsewhere.port, hex));
	else if (!strncmp(request, "GET /files/good", 15))
		say(fd, "200 OK", "", good_file);
	else if (!strncmp(request, "GET /files/bad", 14))
		say(fd, "200 OK", "", bad_file);
	else if (!strncmp(request, "GET /simple/away/ ", 18))
		say(fd, "302 Found", arena_printf(&a, "Location: http://127.0.0.1:%d/secret\r\n", elsewhere.port), "");
	else if (!strncmp(request, "GET /simple/moved/ ", 19))
		say(fd, "301 Moved", "Location: /simple/good/\r\n", "");
	else if (!strncmp(request, "GET /npm/thing ", 15))
		say(fd, "200 OK", "Content-Type: application/json\r\n", "{\"name\":\"thing\"}");
	else
		say(fd, "404 Not Found", "", "none");
}

static void steal(int fd, const char *request)
{
	(void)request;
	stolen++;
	say(fd, "200 OK", "", "private");
}

static struct sandbox s;

static struct proc_result get(const char *path)
{
	return boxed(&a, &s, arena_printf(&a, "curl -sS -i -m 20 --noproxy '*' --path-as-is 'http://127.0.0.1:%s' 2>&1; echo \" exit $?\"", path));
}

static void says(const char *path, const char *want, const char *name)
{
	struct proc_result r = get(path);

	if (!ok(strstr(r.output, want) != NULL, "%s", name))
		printf("# wanted %s in:\n# %.1500s\n", want, r.output);
}

static char packages[4096], refusals[4096];

static void add_package(void *arg, const struct egress_package *p)
{
	size_t n = strlen(packages);

	(void)arg;
	snprintf(packages + n, sizeof(packages) - n, "%s %s %s %d;", p->ecosystem, p->name, p->version, p->is_checked);
}

static void add_refusal(void *arg, const struct egress_refusal *r)
{
	size_t n = strlen(refusals);

	(void)arg;
	snprintf(refusals + n, sizeof(refusals) - n, "%s %s %s;", r->way, r->host, r->why);
}

static void a_registry_behind_it(struct egress *g)
{
	const char *good = "sed -n 's/.*href=\"http:..127.0.0.1:\\([^#]*%s-1.0[^#]*\\)#.*/\\1/p'";
	struct proc_result r;

	says("3130/simple/good/", "http://127.0.0.1:3130/-/f/", "an index comes, with links that are ours");
	ok(told_password == 1, "the password in the registry's URL was told to the registry");
	says("3130/simple/moved/", "http://127.0.0.1:3130/-/f/", "a redirect within the registry is followed");
	r = boxed(&a, &s, arena_printf(&a, "curl -s http://127.0.0.1:3130/simple/good/ >i; curl -sS http://127.0.0.1:$(%s <i)",
				       arena_printf(&a, good, "good")));
	is_text(r.output, good_file, "a file comes");
	r = boxed(&a, &s, arena_printf(&a, "curl -sS http://127.0.0.1:$(%s <i) 2>&1; echo $?", arena_printf(&a, good, "bad")));
	ok(!strstr(r.output, bad_file) && !strstr(r.output, "\n0\n"), "one with another hash than its index says does not");
	r = boxed(&a, &s, arena_printf(&a, "curl -sS -i http://127.0.0.1:$(%s <i) 2>&1", arena_printf(&a, good, "steal")));
	ok(strstr(r.output, "502") != NULL, "a link of an index into a private network is not followed");
	says("3130/simple/away/", "502", "a redirect into a private network is not followed");
	is_whole(stolen, 0, "nobody was asked there");
	says("3130/simple/none/", "404", "what the registry does not have is not there");
	says("3131/thing", "\"name\":\"thing\"", "npm's index comes");
	ok(told_token == 1, "with the token of .npmrc");
	r = boxed(&a, &s, "env; cat ~/.npmrc ~/.config/pip/pip.conf; find / -xdev -type f -user agent -size -256k "
			       "-exec grep -lE 'p%3Awd|p:wd|tok-en' {} + 2>/dev/null | sed 's/^/held by /'");
	ok(!strstr(r.output, "p%3Awd") && !strstr(r.output, "p:wd") && !strstr(r.output, "tok-en") && !strstr(r.output, "held by") && strstr(r.output, "127.0.0.1:3131"),
	   "neither password nor token stands inside, but where ours is");
	says("3130/../../etc/passwd", "404", "a path that is no package's");
	r = boxed(&a, &s, "curl -sS -i -d x http://127.0.0.1:3131/-/npm/v1/security/audits/quick; curl -sS -X PUT -d x http://127.0.0.1:3131/thing");
	ok(strstr(r.output, "405") && !strstr(r.output, "200 OK"), "nothing can be sent");
	says("3130/simple/good/' -H 'Host: evil.test", "421", "another Host");
	r = boxed(&a, &s, "curl -sS -x http://127.0.0.1:3128 --noproxy '' http://127.0.0.1:3131/thing");
	ok(strstr(r.output, "thing") != NULL, "a client that takes the proxy for loopback, too, is served");
	ok(egress_packages(g, add_package, NULL, NULL) == 0 && egress_refused(g, add_refusal, NULL, NULL) == 0, "what came is told");
	if (!ok(strstr(packages, "pypi good 1.0 1;") && !strstr(packages, "bad"), "the package by name, version and that it was checked"))
		printf("# %s\n", packages);
	if (!ok(strstr(refusals, "hash is not the one") != NULL, "the wrong file as refused"))
		printf("# %s\n", refusals);
}

static void with_a_registry(void)
{
	struct egress *g = NULL;
	struct err e = { 0 };
	const char *home = arena_printf(&a, "%s/home", base);
	char *npmrc = arena_printf(&a, "registry=http://127.0.0.1:%d/npm/\n//127.0.0.1:%d/npm/:_authToken=tok-en\n", registry.port, registry.port);

	mkdir(home, 0755);
	setenv("HOME", home, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("PIP_EXTRA_INDEX_URL");
	setenv("PIP_INDEX_URL", arena_printf(&a, "http://user:p%%3Awd@127.0.0.1:%d/simple/", registry.port), 1);
	fs_write_atomic(arena_printf(&a, "%s/.npmrc", home), bytes_of(npmrc), 0644, NULL);
	if (!ok(egress_start(&(struct egress_options){ .registries = true }, &g, &e) == 0, "egress starts with registries: %s", e.text))
		return;
	s.egress = egress_socket(g);
	s.egress_ports = egress_ports(g);
	s.env = egress_env(g);
	s.files = (const struct sandbox_file *)(const void *)egress_files(g);
	a_registry_behind_it(g);
	egress_end(&g);
}

int main(void)
{
	if (sodium_init() < 0)
		return 1;
	paths_of_packages();
	other_paths();
	python_files();
	links_are_joined();
	links_are_ours();
	if (!mkdtemp(base) || !outside_begin(&registry, serve) || !outside_begin(&elsewhere, steal))
		return 1;
	chmod(base, 0755);
	clients_are_asked();
	s.tree = arena_printf(&a, "%s/tree", base);
	mkdir(s.tree, 0755);
	if (sandbox_probe()->level < 2)
		printf("# no namespaces here, so the gateway is not tried: %s\n", sandbox_probe()->why);
	else if (boxed(&a, &s, "curl --version >/dev/null").status != 0)
		printf("# curl is not installed, so the gateway is not tried\n");
	else
		with_a_registry();
	fs_remove_tree(base, NULL);
	boxed_as_an_ordinary_user(&a);
	return done();
}
